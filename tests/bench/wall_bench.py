"""Measure the wall against other programs on the same clips in the same run. Prints one JSON document.

Run: `python -m tests.bench.wall_bench [--seconds 10] [--rounds 3] [--tiles 16] [--clips FOLDER] [load] [click]`.
Needs Xvfb, gst-launch-1.0 with ximagesink and avdec_h264, and the system python's RTSP server. `load`: CPU of the whole
process tree showing clips of 704x576 at 25 fps, in turns with GStreamer's one sink per tile. `click`: from the click to
nine placeholders and to nine live pictures over RTSP, in turns with bare PyAV opening the same nine at once.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from tests.end2end.cameras import RtspServer
from tests.media.clips import make_clip

WIDTH, HEIGHT = 704, 576
TILE = (480, 270)
SCREEN = (1920, 1080)


@contextlib.contextmanager
def screen() -> Iterator[dict[str, str]]:
    """A display of our own, and the environment for programs on it."""
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{SCREEN[0]}x{SCREEN[1]}x24", "-nolisten", "tcp"],
        pass_fds=(write,), stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(write)
    with os.fdopen(read) as pipe:
        number = pipe.readline().strip()
    try:
        yield {**os.environ, "DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb"}
    finally:
        server.terminate()
        server.wait()


def clips_in(folder: Path, count: int, suffix: str, seconds: float) -> list[Path]:
    """`count` different clips of 704x576 at 25 fps, 1.5 Mbit/s."""
    return [
        make_clip(folder / f"clip{n:02d}{suffix}", seconds, WIDTH, HEIGHT, seed=n + 1, bitrate=1_500_000) for n in range(count)
    ]


def tree_cpu_s(pid: int) -> float:
    """User and system seconds of a process and its children."""
    total = 0.0
    with contextlib.suppress(psutil.Error):
        own = psutil.Process(pid)
        for process in (own, *own.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                total += times.user + times.system
    return total


def wall_once(clips: list[Path], seconds: float, environment: dict[str, str], folder: Path) -> dict[str, Any]:
    """`liandong wall` on the clips: its own report."""
    feeds = folder / "feeds.txt"
    feeds.write_text("\n".join(map(str, clips)) + "\n")
    side = math.isqrt(len(clips))
    command = [sys.executable, "-m", "console", "wall", "--feeds", str(feeds), "--layout", str(len(clips)), "--json",
               "--size", f"{TILE[0] * side}x{TILE[1] * side}", "--seconds", str(seconds)]  # fmt: skip
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=seconds + 60, check=True)
    return dict(json.loads(done.stdout))


def gstreamer_once(clips: list[Path], seconds: float, environment: dict[str, str]) -> float:
    """Cores GStreamer uses, one sink per tile, fitted to the tile like ours: decode in one thread, scale, convert, XShm."""
    width = round(WIDTH * TILE[1] / HEIGHT) // 2 * 2
    branch = (
        "filesrc location={} ! qtdemux ! h264parse ! avdec_h264 max-threads=1 ! videoconvertscale "
        f"! video/x-raw,format=BGRx,width={width},height={TILE[1]} ! queue max-size-buffers=2 ! ximagesink"
    )
    pipeline = " ".join(branch.format(clip) for clip in clips).split()
    process = subprocess.Popen(
        ["gst-launch-1.0", "-q", *pipeline], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        time.sleep(2.0)
        before_s, began_s = tree_cpu_s(process.pid), time.monotonic()
        time.sleep(seconds)
        if process.poll() is not None:
            raise SystemExit("gst-launch-1.0 ended early: is ximagesink (gstreamer1.0-x) there?")
        return (tree_cpu_s(process.pid) - before_s) / (time.monotonic() - began_s)
    finally:
        process.kill()
        process.wait()


def load(seconds: float, rounds: int, tiles: int, given: Path | None) -> dict[str, Any]:
    """The CPU comparison; figures in cores, medians over the rounds."""
    ours, theirs, walls = [], [], []
    with tempfile.TemporaryDirectory() as folder, screen() as environment:
        clips = sorted(given.glob("*.mp4"))[:tiles] if given else clips_in(Path(folder), tiles, ".mp4", seconds + 6)
        for _ in range(rounds):
            walls.append(wall_once(clips, seconds, environment, Path(folder)))
            ours.append(float(walls[-1]["cpu_cores"]))
            theirs.append(gstreamer_once(clips, seconds, environment))
    shown = [tile["shown_fps"] for wall in walls for tile in wall["tiles"]]
    return {
        "wall_cpu_cores": round(statistics.median(ours), 3),
        "gstreamer_cpu_cores": round(statistics.median(theirs), 3),
        "wall_over_gstreamer": round(statistics.median(o / t for o, t in zip(ours, theirs, strict=True)), 3),
        "shown_fps_mean": round(statistics.mean(shown), 2),
        "gui_stall_p99_ms": max(wall["gui_stall_p99_ms"] for wall in walls),
        "gui_stall_max_ms": max(wall["gui_stall_max_ms"] for wall in walls),
        "rss_mb": max(wall["rss_mb"] for wall in walls),
    }


def bare_once(urls: list[str]) -> float:
    """Milliseconds bare PyAV needs to open all URLs at once and decode the first picture of each."""
    import av

    options = {"analyzeduration": "0", "probesize": "32", "fpsprobesize": "0", "rtsp_transport": "tcp"}
    began_s = time.monotonic()

    def look(url: str) -> None:
        with av.open(url, options=options, timeout=10) as container:
            next(container.decode(video=0))

    threads = [threading.Thread(target=look, args=(url,)) for url in urls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return (time.monotonic() - began_s) * 1000


def click(rounds: int) -> dict[str, Any]:
    """The click comparison; milliseconds, medians over the rounds."""
    with tempfile.TemporaryDirectory() as folder, screen() as environment:
        os.environ.update(environment)
        from PySide6.QtWidgets import QApplication

        from console.services.feeds import Feeds
        from console.ui import theme
        from console.ui.tile import TileContent
        from console.ui.wall import WallSurface

        server = RtspServer(clips_in(Path(folder), 9, ".264", 8), "--mounts", "9")
        application = QApplication.instance() or QApplication([])
        theme.apply(application)  # type: ignore[arg-type]
        feeds = Feeds()
        wall = WallSurface(feeds)
        wall.resize(*SCREEN)
        wall.set_layout(9)
        wall.show()
        urls = [server.url(n) for n in range(9)]
        first, live, bare = [], [], []
        for number in range(rounds):
            run_for(application, 2.0)
            began_ns = feeds.mono_ns()
            wall.set_tiles(
                [TileContent(f"{number}/{n}", f"c{n}", f"Camera {n}", "tianwang", n + 1, url=url) for n, url in enumerate(urls)]
            )
            wall.repaint()
            first.append((feeds.mono_ns() - began_ns) / 1e6)
            run_for(application, 15.0, lambda: all(figures.first_ns for figures in wall.figures()))
            live.append((max(figures.first_ns for figures in wall.figures()) - began_ns) / 1e6)
            wall.set_tiles([])
            run_for(application, 2.0)
            bare.append(bare_once(urls))
        wall.close_feeds()
        wall.close()
        feeds.close()
        server.close()
    return {
        "placeholders_ms": round(statistics.median(first), 1),
        "nine_live_ms": round(statistics.median(live), 1),
        "bare_pyav_nine_ms": round(statistics.median(bare), 1),
        "live_over_bare": round(statistics.median(live) / statistics.median(bare), 3),
    }


def run_for(application: Any, seconds: float, is_done: Any = lambda: False) -> None:
    """Let the window live until `is_done()` or for `seconds`."""
    deadline_s = time.monotonic() + seconds
    while time.monotonic() < deadline_s and not is_done():
        application.processEvents()
        time.sleep(0.002)


TARGETS = {
    "wall_over_gstreamer": 1.0,
    "gui_stall_p99_ms": 40,
    "gui_stall_max_ms": 100,
    "placeholders_ms": 100,
    "live_over_bare": 1.2,
}
"""What the figures must not exceed; `tests/bench/run.py` says beside each figure whether it is met."""


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Measure what is asked for (both, when nothing is named) and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", choices=("load", "click", []))
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tiles", type=int, choices=(1, 4, 9, 16, 25), default=16)
    parser.add_argument("--clips", type=Path)
    asked = parser.parse_args(arguments)
    figures: dict[str, Any] = {"cores": os.cpu_count(), "tiles": asked.tiles, "clip": f"{WIDTH}x{HEIGHT}@25"}
    if not asked.what or "load" in asked.what:
        figures |= load(asked.seconds, asked.rounds, asked.tiles, asked.clips)
    if not asked.what or "click" in asked.what:
        figures |= click(asked.rounds)
    figures["targets"] = {name: limit for name, limit in TARGETS.items() if name in figures}
    print(json.dumps(figures))
    return figures


if __name__ == "__main__":
    main()
