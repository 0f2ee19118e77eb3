"""Bodies for trial children in tests: light to import, each goes wrong in its own way, or right."""

from __future__ import annotations

import os
import time
from multiprocessing.connection import Connection

from console.media.hardware import Verdict


def works(pipe: Connection, name: str) -> None:
    for codec in ("h264", "hevc"):
        pipe.send(Verdict(name, codec, True, 900_000, (1.0, 5.0), (0.9, 1.2)))
    pipe.close()


def crashes_after_one(pipe: Connection, name: str) -> None:
    pipe.send(Verdict(name, "h264", True, 900_000, (1.0, 5.0), (0.9, 1.2)))
    os.abort()


def hangs(pipe: Connection, name: str) -> None:
    time.sleep(3600)


def talks_nonsense(pipe: Connection, name: str) -> None:
    pipe.send({"name": name})
    pipe.send(None)
    pipe.close()
