"""What the operator's watermark costs: sixteen tiles at 25 pictures a second, the same wall with and without it, in turns.

Run: `python -m tests.bench.watermark_bench [--seconds 4] [--rounds 6]`. Prints one JSON document: cores of the whole process tree
with and without (medians over the rounds), and, as that difference lies within the noise of a busy machine, the processor time
spent in painting the mark itself as a share of the tree's.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from typing import Any

TARGETS = {"watermark_share_percent": 2.0}


def tree_cpu_s() -> float:
    """Processor seconds of this process and its children."""
    import psutil

    own = psutil.Process(os.getpid())
    total = 0.0
    for process in (own, *own.children(recursive=True)):
        times = process.cpu_times()
        total += times.user + times.system
    return total


def measure(seconds: float, rounds: int) -> dict[str, Any]:
    """Run the wall in this process; needs a screen (or Qt's offscreen platform)."""
    from PySide6.QtWidgets import QApplication

    from console.paths import resources
    from console.services.feeds import Feeds
    from console.ui import theme
    from console.ui.tile import TileContent
    from console.ui.wall import WallSurface
    from console.ui.watermark import Watermark

    class Timed(Watermark):
        spent_s = 0.0
        painted = 0

        def paint(self, painter: Any, rect: Any) -> None:
            before_s = time.thread_time()
            super().paint(painter, rect)
            self.spent_s += time.thread_time() - before_s
            self.painted += 1

    clips = sorted(resources("demo", "clips").glob("*.mp4"))[:16]
    feeds = Feeds()
    application = QApplication(sys.argv[:1])
    theme.apply(application)
    surface = WallSurface(feeds)
    surface.resize(1920, 1080)
    surface.set_layout(16)
    surface.set_tiles([TileContent(str(n), f"cam{n}", f"Camera {n}", "tianwang", url=str(clip)) for n, clip in enumerate(clips)])
    surface.show()
    mark = Timed("Operator", "01")

    def run(until_s: float) -> None:
        while (left_s := until_s - time.monotonic()) > 0:
            application.processEvents()
            time.sleep(min(0.002, max(0.0, left_s)))

    run(time.monotonic() + 5)
    cores: dict[bool, list[float]] = {True: [], False: []}
    pictures = 0
    for turn in range(rounds * 2):
        has_mark = turn % 2 == 1
        surface.set_watermark(mark if has_mark else None)
        run(time.monotonic() + 0.3)
        cpu_s, began_s = tree_cpu_s(), time.monotonic()
        before, spent_s, painted = sum(one.painted for one in surface.figures()), mark.spent_s, mark.painted
        run(began_s + seconds)
        passed_s = time.monotonic() - began_s
        cores[has_mark].append((tree_cpu_s() - cpu_s) / passed_s)
        if has_mark:
            pictures += sum(one.painted for one in surface.figures()) - before
        else:
            assert (mark.spent_s, mark.painted) == (spent_s, painted)
    surface.close_feeds()
    surface.close()
    feeds.close()
    plain, marked = statistics.median(cores[False]), statistics.median(cores[True])
    marked_s = sum(core * seconds for core in cores[True])
    return {
        "tiles": 16,
        "shown_fps_mean": round(pictures / 16 / rounds / seconds, 2),
        "cores_without": round(plain, 3),
        "cores_with": round(marked, 3),
        "with_over_without": round(marked / plain, 3),
        "mark_us": round(mark.spent_s * 1e6 / max(1, mark.painted), 1),
        "watermark_share_percent": round(100 * mark.spent_s / marked_s, 2),
        "targets": TARGETS,
    }


def main() -> int:
    reader = argparse.ArgumentParser()
    reader.add_argument("--seconds", type=float, default=4.0)
    reader.add_argument("--rounds", type=int, default=6)
    reader.add_argument("--here", action="store_true", help="in this process (used by the other form)")
    args = reader.parse_args()
    if args.here:
        print(json.dumps(measure(args.seconds, args.rounds)))
        return 0
    command = [
        sys.executable,
        "-m",
        "tests.bench.watermark_bench",
        "--here",
        f"--seconds={args.seconds}",
        f"--rounds={args.rounds}",
    ]
    server = subprocess.Popen(["Xvfb", "-displayfd", "1", "-screen", "0", "1920x1080x24", "-nolisten", "tcp"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)  # fmt: skip
    try:
        assert server.stdout is not None
        number = server.stdout.readline().strip()
        environment = {**os.environ, "DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb"}
        return subprocess.run(command, env=environment, check=False).returncode
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    sys.exit(main())
