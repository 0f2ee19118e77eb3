"""The entry of every child process of this room: light to import, so that the console can name it without loading PyAV."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait

from console.model.view import Dewarp, Masks
from console.model.wall import Mode


@dataclass(frozen=True, slots=True)
class Target:
    """One size of one stream in one slot. `masks` are burnt in, `dewarp` cuts a straight view out of a fisheye's picture.

    `max_fps` bounds how often the stream is scaled into this slot.
    """

    slot: str
    width_px: int
    height_px: int
    max_fps: float = 25.0
    masks: Masks = ()
    dewarp: Dewarp | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One stream for a decoder child: what to read, and the slots to fill: one connection, one decode, several targets.

    `mode` and all that stands after `url` may change while it runs (`aim`). `ring_s` seconds of packets are kept, 0 none.
    `open_options` are the camera's own (name, value) pairs, checked by `source.checked_options`. `failures` and
    `not_before_ns` (suspend-proof monotonic) carry the back-off over a child's death, so that a wrong password is not tried
    again at once. `is_first`: a tile of a red incident shows it, no other picture goes before.
    """

    id: str
    url: str
    targets: tuple[Target, ...] = ()
    mode: Mode = "all"
    priority: int = 1
    ring_s: float = 0.0
    open_options: tuple[tuple[str, str], ...] = ()
    failures: int = 0
    not_before_ns: int = 0
    camera: str = ""
    is_first: bool = False

    @property
    def masks(self) -> Masks:
        """Every mask of any target: what must not be seen in a still or a clip."""
        return tuple(dict.fromkeys(polygon for target in self.targets for polygon in target.masks))


@dataclass(frozen=True, slots=True)
class Report:
    """What a child says of a feed: it opened (`word` None), or failed and tries again at `next_try_ns` (monotonic).

    `detail` is a word of `wall.detail.*` that says more ("" none).
    """

    job: str
    attempt: int
    word: str | None
    failures: int = 0
    next_try_ns: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a child knows of a stream; sent when it changes. `detail`: a word of `wall.detail.*`; `gop_s` 0 until measured."""

    job: str
    codec: str = ""
    hardware: str = ""
    width_px: int = 0
    height_px: int = 0
    gop_s: float = 0.0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ChildLoad:
    """What one child had to do since its last beat (about a second).

    `busy`: its processor time over the wall's (1.0 is one core); `late`: pictures left out because they came too late;
    `backlog`: most packets that stood waiting in any of its feeds; `lost`: packets that were damaged or missing;
    `abandoned`: tries given up because native code did not return, since the child began (faults.md V53).
    """

    busy: float = 0.0
    late: int = 0
    backlog: int = 0
    lost: int = 0
    abandoned: int = 0


@dataclass(frozen=True, slots=True)
class ChildOptions:
    """How a child opens sources, and its share of what all children may keep."""

    open_timeout_s: float = 5.0
    read_timeout_s: float = 10.0
    transport: str = "tcp"
    hardware: str = "off"
    ring_cap_bytes: int = 256 << 20


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
