"""The other programs the wall is measured against, each on the same RTSP streams, and how their processor time is counted.

A program that is not installed is named, never installed here. `LIANDONG_ADDONS_PYTHON` names a Python with PySide6-Addons for
QMediaPlayer (we ship Essentials only).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from tests.bench.streams import street_clips
from tests.end2end.cameras import RtspServer

SCREEN = (1920, 1080)


@contextlib.contextmanager
def screen(size: tuple[int, int] = SCREEN) -> Iterator[dict[str, str]]:
    """A display of our own, and the environment for programs on it."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{size[0]}x{size[1]}x24", "-nolisten", "tcp", "-noreset"]
    server = subprocess.Popen(command, pass_fds=(write,), stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as pipe:
        number = pipe.readline().strip()
    try:
        yield {**os.environ, "DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb"}
    finally:
        server.terminate()
        server.wait()


@contextlib.contextmanager
def street(mounts: int, clips: int = 16, *options: str) -> Iterator[RtspServer]:
    """Our RTSP server with `mounts` street cameras that are not in step with one another."""
    server = RtspServer(street_clips(min(mounts, clips)), "--mounts", str(mounts), "--phases", "8", *options)
    try:
        yield server
    finally:
        server.close()


def grid(tiles: int) -> list[tuple[int, int, int, int]]:
    """Left, top, width, height of each tile of a square grid on the screen."""
    side = round(tiles**0.5)
    width, height = SCREEN[0] // side, SCREEN[1] // side
    return [(n % side * width, n // side * height, width, height) for n in range(tiles)]


def _fitted(width: int, height: int) -> tuple[int, int]:
    """A picture of 704x576 in a tile, as ours is shown."""
    return round(704 * min(width / 704, height / 576) / 2) * 2, round(576 * min(width / 704, height / 576) / 2) * 2


def bare(urls: Sequence[str]) -> list[list[str]]:
    """Decoding and nothing else, one program a stream."""
    words = "ffmpeg -v error -nostdin -rtsp_transport tcp -threads 1 -i {} -an -f null -"
    return [words.format(url).split() for url in urls]


def gstreamer_sinks(urls: Sequence[str]) -> list[list[str]]:
    """One GStreamer program, one window per tile: decode in one thread, scale, convert, XShm."""
    width, height = _fitted(*grid(len(urls))[0][2:])
    branch = (
        "rtspsrc location={} latency=0 protocols=tcp ! rtph264depay ! h264parse ! avdec_h264 max-threads=1 ! videoconvertscale "
        f"! video/x-raw,format=BGRx,width={width},height={height} ! queue max-size-buffers=2 leaky=downstream "
        "! ximagesink sync=false"
    )
    return [["gst-launch-1.0", "-q", *" ".join(branch.format(url) for url in urls).split()]]


def gstreamer_compositor(urls: Sequence[str]) -> list[list[str]]:
    """One GStreamer program, one window: the compositor puts the tiles together 25 times a second."""
    places = grid(len(urls))
    width, height = _fitted(*places[0][2:])
    pads = " ".join(f"sink_{n}::xpos={left} sink_{n}::ypos={top}" for n, (left, top, _, _) in enumerate(places))
    whole = (
        f"compositor name=wall background=black {pads} ! video/x-raw,width={SCREEN[0]},height={SCREEN[1]},framerate=25/1 "
        "! videoconvert ! ximagesink sync=false"
    )
    branch = (
        "rtspsrc location={} latency=0 protocols=tcp ! rtph264depay ! h264parse ! avdec_h264 max-threads=1 ! videoscale "
        f"! video/x-raw,width={width},height={height} ! queue max-size-buffers=2 leaky=downstream ! wall."
    )
    return [["gst-launch-1.0", "-q", *(whole + " " + " ".join(branch.format(url) for url in urls)).split()]]


def mpv(urls: Sequence[str]) -> list[list[str]]:
    """One mpv a tile, with its low-latency profile and one decoder thread."""
    words = (
        "mpv --no-config --really-quiet --no-audio --no-border --vo=x11 --hwdec=no --vd-lavc-threads=1 --profile=low-latency "
        "--rtsp-transport=tcp --untimed --autofit={}x{} --geometry=+{}+{} {}"
    )
    places = grid(len(urls))
    return [words.format(w, h, left, top, url).split() for (left, top, w, h), url in zip(places, urls, strict=True)]


def qmediaplayer(urls: Sequence[str]) -> list[list[str]]:
    """One Qt program with a QMediaPlayer and a QVideoWidget per tile."""
    return [[addons_python() or sys.executable, str(Path(__file__).with_name("qmediaplayer_wall.py")), *urls]]


def ours(urls: Sequence[str], folder: Path, seconds: float, *options: str) -> list[list[str]]:
    """`liandong wall` on these streams."""
    feeds = folder / "feeds.txt"
    feeds.write_text("\n".join(urls) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "console", "wall", "--feeds", str(feeds), "--layout", str(len(urls)), "--json",
               "--size", f"{SCREEN[0]}x{SCREEN[1]}", "--seconds", str(seconds), *options]  # fmt: skip
    return [command]


def addons_python() -> str | None:
    """A Python that can import QtMultimedia, or None."""
    for python in (os.environ.get("LIANDONG_ADDONS_PYTHON"), sys.executable):
        if python and shutil.which(python):
            looked = subprocess.run([python, "-c", "import PySide6.QtMultimediaWidgets"], capture_output=True, check=False)
            if looked.returncode == 0:
                return python
    return None


def missing(program: str) -> str:
    """Why this peer cannot be measured here ("" when it can)."""
    if program == "qmediaplayer":
        return "" if addons_python() else "no Python with PySide6-Addons (LIANDONG_ADDONS_PYTHON)"
    command = {"bare": "ffmpeg", "mpv": "mpv"}.get(program, "gst-launch-1.0")
    return "" if shutil.which(command) else f"{command} is not installed"


def tree_cpu_s(pids: Sequence[int]) -> float:
    """User and system seconds of processes and all their children that run now."""
    total = 0.0
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            own = psutil.Process(pid)
            for process in (own, *own.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    times = process.cpu_times()
                    total += times.user + times.system
    return total


@contextlib.contextmanager
def running(commands: Sequence[Sequence[str]], environment: dict[str, str]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Programs in sessions of their own, ended with everything in them."""
    processes = [
        subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE if "--json" in command else
                         subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        for command in commands
    ]  # fmt: skip
    try:
        yield processes
    finally:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        for process in processes:
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            if process.stdout is not None:
                process.stdout.close()


def cores(processes: Sequence[subprocess.Popen[bytes]], seconds: float) -> float:
    """Cores the programs use, counted over `seconds`. Raises RuntimeError when one of them has ended."""
    pids = [process.pid for process in processes]
    before_s, began_s = tree_cpu_s(pids), time.monotonic()
    time.sleep(seconds)
    dead = [process.args for process in processes if process.poll() is not None]
    if dead:
        raise RuntimeError(f"{len(dead)} of {len(processes)} ended early: {str(dead[0])[:80]}")
    return (tree_cpu_s(pids) - before_s) / (time.monotonic() - began_s)
