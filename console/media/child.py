"""The entry of every child process of this room: light to import, so that the console can name it without loading PyAV."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait


@dataclass(frozen=True, slots=True)
class Job:
    """One feed for a decoder child: what to read, and the slot to fill. Times are suspend-proof monotonic nanoseconds.

    `failures` and `not_before_ns` carry the back-off over a child's death, so that a wrong password is not tried again at once.
    """

    id: str
    url: str
    slot: str
    width_px: int
    height_px: int
    max_fps: float
    keyframes_only: bool = False
    priority: int = 1
    still_path: str = ""
    failures: int = 0
    not_before_ns: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """What a child says of a feed: it opened (`word` None), or failed and tries again at `next_try_ns` (monotonic)."""

    job: str
    attempt: int
    word: str | None
    failures: int = 0
    next_try_ns: int = 0


@dataclass(frozen=True, slots=True)
class ChildOptions:
    """How a child opens sources."""

    open_timeout_s: float = 5.0
    read_timeout_s: float = 10.0
    transport: str = "tcp"


def watch_parent() -> None:
    """End this process when its parent ends, however it ended (measured: 6-11 ms after kill -9). First line of every child."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait_for_parent() -> None:
        wait([parent.sentinel])
        os._exit(0)

    threading.Thread(target=wait_for_parent, name="watch parent", daemon=True).start()


def run_decoder(pipe: Connection, options: ChildOptions) -> None:
    """Serve `pipe` until it closes: the body of a decoder child."""
    watch_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from console.media.decoder import Decoder

    Decoder(pipe, options).serve()


def run_probe(pipe: Connection, url: str, timeout_s: float, transport: str) -> None:
    """Open one feed and send what was found: the body of a probe's child, so that a hostile file kills only this process."""
    watch_parent()
    from console.media.probe import look

    pipe.send(look(url, timeout_s, transport))
    pipe.close()
