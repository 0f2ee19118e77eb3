"""Sixteen street cameras on one wall, beside bare decoding and beside other programs on the same streams in the same run.

Run: `python -m tests.bench.wall_bench [--seconds 8] [--rounds 2] [NAME …]`; names: ours, bare, gstreamer_sinks,
gstreamer_compositor, mpv, qmediaplayer. Prints one JSON document: cores of each whole process tree (medians over the rounds,
taken in turns), and ours over each. `bare` is `ffmpeg -threads 1 -f null` on each stream; `bare_file_cores` decodes the same
clips from disk as fast as it can, counted for 16 x 25 pictures.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench import peers
from tests.bench.streams import FPS, HEIGHT, WIDTH, street_clips

TILES = 16
_SETTLE_S = 5.0
NAMES = ("ours", "bare", "gstreamer_sinks", "gstreamer_compositor", "mpv", "qmediaplayer")
TARGETS = {
    "ours_over_bare": 1.6,
    "ours_over_gstreamer_sinks": 1.0,
    "ours_over_gstreamer_compositor": 1.0,
    "ours_over_mpv": 1.0,
    "ours_over_qmediaplayer": 1.0,
    "gui_stall_p99_ms": 40,
    "gui_stall_max_ms": 100,
    "lowered_tiles": 0,
}
AT_LEAST = {"shown_fps_mean": 23.75}


def bare_file_cores() -> float:
    """Cores that bare single-threaded decoding of the streams takes at their own rate."""
    cpu_s = pictures = 0.0
    for clip in street_clips(4):
        command = ["ffmpeg", "-v", "error", "-nostdin", "-threads", "1", "-i", str(clip), "-f", "null", "-"]
        before = os.times()
        subprocess.run(command, check=True)
        after = os.times()
        cpu_s += after.children_user + after.children_system - before.children_user - before.children_system
        pictures += 8 * FPS
    return cpu_s / pictures * FPS * TILES


def measure(
    name: str, urls: list[str], seconds: float, environment: dict[str, str], folder: Path
) -> tuple[float, dict[str, Any]]:
    """Cores of one program on these streams; for ours also its own report."""
    if name != "ours":
        with peers.running(getattr(peers, name)(urls), environment) as processes:
            time.sleep(_SETTLE_S)
            return peers.cores(processes, seconds), {}
    with peers.running(peers.ours(urls, folder, seconds + _SETTLE_S + 1), environment) as processes:
        time.sleep(_SETTLE_S)
        used = peers.cores(processes, seconds)
        output, _ = processes[0].communicate(timeout=30)
        return used, json.loads(output)


def run(seconds: float, rounds: int, names: list[str]) -> dict[str, Any]:
    """Every program in turns, `rounds` times."""
    used: dict[str, list[float]] = {name: [] for name in names}
    missing = {name: peers.missing(name) for name in names if name != "ours"}
    files, walls = [], []
    with tempfile.TemporaryDirectory() as folder, peers.screen() as environment, peers.street(TILES) as server:
        urls = [server.url(n) for n in range(TILES)]
        for _ in range(rounds):
            files.append(bare_file_cores())
            for name in names:
                if missing.get(name):
                    continue
                try:
                    cores, report = measure(name, urls, seconds, environment, Path(folder))
                except RuntimeError as failed:
                    missing[name] = str(failed)
                    continue
                used[name].append(cores)
                walls += [report] if report else []
                time.sleep(1.0)
    figures: dict[str, Any] = {"tiles": TILES, "stream": f"{WIDTH}x{HEIGHT}@{FPS} H.264 1 Mbit/s over RTSP"}
    for name in names:
        found = used[name]
        figures[f"{name}_cores"] = round(statistics.median(found), 3) if found else f"not measured: {missing.get(name)}"
    figures["bare_file_cores"] = round(statistics.median(files), 3)
    for name in [name for name in names if name != "ours" and used[name] and used["ours"]]:
        ratio = statistics.median(mine / theirs for mine, theirs in zip(used["ours"], used[name], strict=False))
        figures[f"ours_over_{name}"] = round(ratio, 3)
    if walls:
        tiles = [tile for wall in walls for tile in wall["tiles"]]
        figures["ours_over_bare_file"] = round(figures["ours_cores"] / figures["bare_file_cores"], 3)
        figures["shown_fps_mean"] = round(statistics.mean(tile["shown_fps"] for tile in tiles), 2)
        figures["lowered_tiles"] = sum(tile["lowered"] in ("cpu", "network") for tile in tiles)
        figures["age_p95_ms"] = max(tile["age_p95_ms"] or 0.0 for tile in tiles)
        for name in ("gui_stall_p99_ms", "gui_stall_max_ms", "rss_mb"):
            figures[name] = max(wall[name] for wall in walls)
    return figures


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=(*NAMES, []))
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--rounds", type=int, default=2)
    asked = parser.parse_args(arguments)
    figures = run(asked.seconds, asked.rounds, list(asked.names or NAMES))
    figures["targets"] = {name: limit for name, limit in TARGETS.items() if name in figures}
    figures["at_least"] = {name: limit for name, limit in AT_LEAST.items() if name in figures}
    print(json.dumps(figures))
    return figures


if __name__ == "__main__":
    main()
