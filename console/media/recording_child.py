"""The entry of the recorder child and what passes over its pipe: light to import, so that the desk never loads a codec."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from multiprocessing.connection import Connection

from console.media.child import watch_parent


@dataclass(frozen=True, slots=True)
class RecordJob:
    """One camera to record into `folder`, in files of about `segment_s`. A household camera is never recorded."""

    camera: str
    url: str
    folder: str
    segment_s: float = 300.0
    is_household: bool = False
    open_options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Segment:
    """A file that was finished. Times are UTC ns; `cause` says why it began: start, reconnect, codec, jump, rotate."""

    camera: str
    path: str
    begin_ns: int
    end_ns: int
    size_bytes: int
    sha256: str
    pictures: int
    codec: str
    cause: str


@dataclass(frozen=True, slots=True)
class RecordNews:
    """What became of a camera: `word` "" while packets come, a feed's error word, or disk_full, disk, codec, household."""

    camera: str
    word: str
    detail: str = ""


def run_recorder(pipe: Connection, open_timeout_s: float, read_timeout_s: float, transport: str) -> None:
    """Serve `pipe` until it closes: the body of the recorder child. Commands: ("jobs", tuple of RecordJob), ("stop",)."""
    watch_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from console.media.recorder import Recorder

    Recorder(pipe, open_timeout_s, read_timeout_s, transport).serve()
