"""Age of the picture on the glass: a clock drawn into every frame, the X screen read back; ours beside GStreamer and mpv.

Run: `python -m tests.bench.glass_bench [--seconds 8]`. Needs the measuring tool `tools/glass.py` of the shared folder (env
LIANDONG_SHARED, or `shared` beside the checkout) and a Python with numpy and mss (env LIANDONG_GLASS_PYTHON); where one is
missing the document says so and nothing else. One stream, nine streams, after the window's process stood still for ten seconds,
and from a peer's process start to its first picture. Prints one JSON document.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.bench import peers

TARGETS = {
    "one.ours.age_p95_ms": 100, "nine.ours.age_p95_ms": 200, "nine.ours.freeze_ms": 250, "after_block.age_p95_ms": 500,
}  # fmt: skip
AT_LEAST = {"nine.ours.shown": 9}
_KEPT = ("shown", "age_p50_ms", "age_p95_ms", "transit_p50_ms", "fps_min", "freeze_ms", "unread", "cpu_percent", "ended")


def tool() -> Path | None:
    """The measuring tool, if it is there."""
    folder = Path(os.environ.get("LIANDONG_SHARED") or Path(__file__).parents[3] / "shared")
    found = folder / "tools" / "glass.py"
    return found if found.is_file() else None


def reader_python() -> str | None:
    """A Python that can read the screen."""
    for python in (os.environ.get("LIANDONG_GLASS_PYTHON"), sys.executable):
        if python and not subprocess.run([python, "-c", "import numpy, mss"], capture_output=True, check=False).returncode:
            return python
    return None


@contextlib.contextmanager
def clocks(glass: Path, count: int) -> Iterator[list[str]]:
    """`count` live cameras that show the time."""
    port = 18554
    process = subprocess.Popen(
        ["/usr/bin/python3", str(glass), "serve", "--port", str(port), "--n", str(count)], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None and process.stdin is not None
    try:
        if process.stdout.readline().strip() != "ready":
            raise RuntimeError("the clocks did not start")
        yield [f"rtsp://127.0.0.1:{port}/cam{n:03d}" for n in range(count)]
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def gstreamer(urls: Sequence[str]) -> list[str]:
    """GStreamer without any delay of its own, its windows put side by side by the compositor where there are several."""
    if len(urls) > 1:
        return peers.gstreamer_compositor(urls)[0]
    line = (
        "rtspsrc location={} latency=0 protocols=tcp ! rtph264depay ! h264parse ! avdec_h264 max-threads=1 ! videoconvertscale "
        "! video/x-raw,format=BGRx,width=1320,height=1080 ! ximagesink sync=false"
    )
    return ["gst-launch-1.0", "-q", *line.format(urls[0]).split()]


def mpv(urls: Sequence[str]) -> list[str]:
    return peers.mpv(urls)[0]


class Bench:
    """The tool, the Python that runs it and the screen."""

    def __init__(self, glass: Path, python: str, display: str, environment: dict[str, str], seconds: float) -> None:
        self._glass, self._python, self._display, self._environment = glass, python, display, environment
        self._seconds = seconds

    def _tool(self, *words: str, command: Sequence[str]) -> dict[str, Any]:
        done = subprocess.run(
            [self._python, str(self._glass), *words, "--display", self._display, "--json", "--", *command],
            env=self._environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        try:
            return dict(json.loads(done.stdout.strip().splitlines()[-1]))
        except (ValueError, IndexError):
            return {"error": done.stderr.strip()[-200:] or f"exit {done.returncode}"}

    def watch(self, command: Sequence[str], side: int, settle: float = 4.0, seconds: float = 0.0) -> dict[str, Any]:
        found = self._tool(
            "watch", "--grid", f"{side}x{side}", "--settle", str(settle), "--seconds", str(seconds or self._seconds),
            command=command,
        )  # fmt: skip
        return found if "error" in found else {name: found[name] for name in _KEPT if name in found}

    def first(self, command: Sequence[str]) -> Any:
        found = self._tool("first", "--reps", "5", command=command)
        return found.get("median_ms", found.get("error", "never"))


def run(glass: Path, python: str, seconds: float) -> dict[str, Any]:
    """All measurements."""
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as scratch, peers.screen() as environment:
        folder = Path(scratch)
        bench = Bench(glass, python, environment["DISPLAY"], environment, seconds)
        with clocks(glass, 1) as urls:
            ours = peers.ours(urls, folder, 600)[0]
            figures["one"] = {"ours": bench.watch(ours, 1), "gstreamer": bench.watch(gstreamer(urls), 1)}
            if not peers.missing("mpv"):
                figures["one"]["mpv"] = bench.watch(mpv(urls), 1)
            held = folder / "held.sh"
            held.write_text(f"{' '.join(ours)} >/dev/null &\nsleep 6; kill -STOP $!; sleep 10; kill -CONT $!; wait\n")
            # Read from half a second after the window's process goes on again.
            figures["after_block"] = bench.watch(["bash", str(held)], 1, settle=15.8, seconds=4.0)
            figures["first_from_process_start_ms"] = {"gstreamer": bench.first(gstreamer(urls))}
            if not peers.missing("mpv"):
                figures["first_from_process_start_ms"]["mpv"] = bench.first(mpv(urls))
        with clocks(glass, 9) as urls:
            figures["nine"] = {
                "ours": bench.watch(peers.ours(urls, folder, 600)[0], 3),
                "gstreamer": bench.watch(gstreamer(urls), 3),
            }
    return figures


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0)
    asked = parser.parse_args(arguments)
    glass, python = tool(), reader_python()
    if glass is None or python is None:
        why = "no tools/glass.py (LIANDONG_SHARED)" if glass is None else "no Python with numpy and mss (LIANDONG_GLASS_PYTHON)"
        figures: dict[str, Any] = {"error": f"not measured: {why}"}
        print(json.dumps(figures))
        return figures
    figures = run(glass, python, asked.seconds)
    print(json.dumps({**figures, "targets": TARGETS, "at_least": AT_LEAST}))
    return figures


if __name__ == "__main__":
    sys.exit(1 if "error" in main() else 0)
