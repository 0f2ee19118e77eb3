"""The demo as its operator meets it: start to usable window, and how long the GUI thread ever kept him waiting.

A demo of thirty seconds under Xvfb at 1920×1080 on a data folder that has been started before: the newest red incident is opened,
its nine cameras shown, its orders sent. Prints one JSON document; needs Xvfb, or a screen named by DISPLAY.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SECONDS = 30
TARGETS = {"usable_s": 3.0, "stall_p99_ms": 40.0, "stall_worst_ms": 100.0}
_SAID = re.compile(r"usable after ([\d.]+) s, stall p99 (\d+) ms, worst stall (\d+) ms")


@contextmanager
def screen() -> Iterator[dict[str, str]]:
    """The environment of a console with a screen of 1920×1080: an own Xvfb where there is one."""
    if shutil.which("Xvfb") is None:
        yield dict(os.environ)
        return
    read, write = os.pipe()
    line = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1920x1080x24", "-nolisten", "tcp", "-noreset"]
    server = subprocess.Popen(line, pass_fds=(write,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(write)
    try:
        with os.fdopen(read) as pipe:
            number = pipe.readline().strip()
        yield {**os.environ, "DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb"}
    finally:
        server.terminate()
        server.wait(10)


def demo(scratch: Path, environment: dict[str, str], seconds: float) -> dict[str, float]:
    """Run the demo once; what it says of itself. Raises RuntimeError where it says nothing."""
    line = [sys.executable, "-m", "console", "run", "--demo", "--data", str(scratch / "data"), "--size", "1920x1080"]
    line += ["--shot", str(scratch / "shot.png"), "--after", str(seconds)]
    done = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=seconds + 90, check=False)
    said = _SAID.search(done.stdout)
    if said is None:
        raise RuntimeError(f"the demo ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    return {"usable_s": float(said[1]), "stall_p99_ms": float(said[2]), "stall_worst_ms": float(said[3])}


def measure(seconds: float = SECONDS) -> dict[str, Any]:
    """The figures of a second start; `load_before` tells whether the machine had other work."""
    with tempfile.TemporaryDirectory() as scratch, screen() as environment:
        demo(Path(scratch), environment, 1.0)  # the very first start fills the folder
        load = os.getloadavg()[0]
        return {**demo(Path(scratch), environment, seconds), "load_before": round(load, 2), "targets": TARGETS}


if __name__ == "__main__":
    print(json.dumps(measure(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS)))
