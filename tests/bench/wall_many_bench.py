"""36 and 64 street cameras on one wall of a two-core machine: what every tile still shows, and whether the window stays awake.

Run: `python -m tests.bench.wall_many_bench [--seconds 25]`. The first four feeds are a red incident's, as an operator has them;
the cameras have no sub stream, which is the hardest case. Prints one JSON document. The RTSP server runs on the same cores: what
it takes is named, for a real wall has its cameras elsewhere.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from tests.bench import peers

INCIDENT = 4
TARGETS = {"36.gui_stall_p99_ms": 40, "64.gui_stall_p99_ms": 50, "64.without_picture": 0, "64.unlabelled": 0}
AT_LEAST = {"36.least_shown_fps": 12, "36.incident_shown_fps": 23.75}


def wall(tiles: int, seconds: float, environment: dict[str, str], folder: Path) -> dict[str, Any]:
    """One wall of `tiles` tiles; its figures."""
    with peers.street(tiles) as server:
        urls = [server.url(n) for n in range(tiles)]
        command = peers.ours(urls, folder, seconds, "--incident", str(INCIDENT))[0]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        used: list[float] = []

        def watch_server() -> None:
            before_s, began_s = peers.tree_cpu_s([server.pid]), time.monotonic()
            time.sleep(seconds)
            used.append((peers.tree_cpu_s([server.pid]) - before_s) / (time.monotonic() - began_s))

        watcher = threading.Thread(target=watch_server)
        watcher.start()
        output, _ = process.communicate(timeout=seconds + 120)
        watcher.join()
    report = json.loads(output)
    ours = report["tiles"]
    lowered = [tile["mode"] if tile["mode"] != "all" else "rate" for tile in ours if tile["lowered"] in ("cpu", "network")]
    return {
        "wall_cores": report["cpu_cores"], "server_cores": round(used[0], 3),
        "least_shown_fps": min(tile["shown_fps"] for tile in ours),
        "shown_fps_mean": round(sum(tile["shown_fps"] for tile in ours) / tiles, 2),
        "incident_shown_fps": min(tile["shown_fps"] for tile in ours[:INCIDENT]),
        "lowered_rate": lowered.count("rate"), "lowered_nonref": lowered.count("nonref"), "lowered_key": lowered.count("key"),
        "without_picture": sum(tile["first_picture_ms"] is None for tile in ours),
        "unlabelled": sum(tile["state"] not in ("live", "late", "held") for tile in ours),
        "last_first_picture_ms": max((tile["first_picture_ms"] or 0) for tile in ours),
        **{name: report[name] for name in ("gui_stall_p99_ms", "gui_stall_max_ms", "rss_mb")},
    }  # fmt: skip


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Measure both walls and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=25.0)
    parser.add_argument("--tiles", type=int, nargs="*", default=[36, 64])
    asked = parser.parse_args(arguments)
    figures: dict[str, Any] = {"incident_tiles": INCIDENT}
    with tempfile.TemporaryDirectory() as folder, peers.screen() as environment:
        for tiles in asked.tiles:
            figures[str(tiles)] = wall(tiles, asked.seconds, environment, Path(folder))
    figures |= {"targets": TARGETS, "at_least": AT_LEAST}
    print(json.dumps(figures))
    return figures


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
