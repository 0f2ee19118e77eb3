"""Picture check: looks at each shown camera's picture once a minute and says what looks wrong, since when.

Owns one thread and one low-priority child (`media/picture_child`), started with the first camera to look at. In: what the feeds
show. Out: `conditions()`, newest wins; `on_change(camera, held)` from the thread. A picture is called bad, or well again, after
two looks that agree; the second comes sooner. A child that dies or hangs is replaced after a minute; no check says nothing.
"""

from __future__ import annotations

import hashlib
import logging
import multiprocessing
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Protocol

from console.clock import Clock
from console.media.picture_child import GLANCES_AFTER_S, Look, LookedAt, run_picture_check
from console.media.slots import Slot
from console.model.picture_condition import Held, after_look
from console.model.wall import FeedHealth, WantedFeed

log = logging.getLogger(__name__)

_BATCH = 12
_POLL_S, _PATIENCE_POLLS = 0.2, 150  # half a minute for a batch that takes two seconds
_NEW_CHILD_AFTER_NS = 60_000_000_000


class Shown(Protocol):
    """What the check asks of `Feeds`."""

    def wanted_feeds(self) -> Mapping[str, WantedFeed]: ...
    def health(self) -> Mapping[str, FeedHealth]: ...
    def slot(self, tile: str) -> Slot | None: ...


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often each camera is looked at, and how soon a doubt is looked into. Odd seconds: loops of files have round ones."""

    every_s: float = 61.0
    again_s: float = 17.0
    turn_s: float = 1.0
    glances_after_s: tuple[float, ...] = GLANCES_AFTER_S
    settled_s: float = 4.0  # a stream just opened may still be a key frame's first coarse pictures


class PictureHealth:
    """Start it with `start`, end it with `close`, before the feeds. `past_file` None: nothing is kept. `turns_by_itself` and
    `known` (what the journal says already) are asked from the thread; a camera that turns is looked at without a past."""

    def __init__(
        self, feeds: Shown, past_file: Path | None, clock: Clock, *, rhythm: Rhythm | None = None,
        turns_by_itself: Callable[[str], bool] = lambda camera: False,
        known: Callable[[str], Held] = lambda camera: Held(),
        on_change: Callable[[str, Held], None] = lambda camera, held: None,
    ) -> None:  # fmt: skip
        self._feeds, self._past_file, self._clock = feeds, past_file, clock
        self._rhythm = rhythm or Rhythm()
        self._turns_by_itself, self._known, self._on_change = turns_by_itself, known, on_change
        self._held: dict[str, Held] = {}
        self._looked_ns: dict[str, int] = {}
        self._live_ns: dict[str, int] = {}
        self._conditions: Mapping[str, Held] = {}
        self._forgotten: list[str] = []
        self._lock = threading.Lock()  # guards _forgotten
        self._child: tuple[BaseProcess, Connection] | None = None
        self._no_child_before_ns = 0
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="picture check")

    # ---- any thread -------------------------------------------------------------------------------------------------
    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def conditions(self) -> Mapping[str, Held]:
        """Every camera looked at by this console and what is said of it; the mapping is never changed afterwards."""
        return self._conditions

    def accept(self, camera: str) -> None:
        """The operator says that the camera stands as it should: what it shows now is usual from here on."""
        with self._lock:
            self._forgotten.append(camera)

    def child_pid(self) -> int | None:
        """The child's process id, None while there is none."""
        child = self._child
        return child[0].pid if child is not None else None

    def close(self) -> None:
        """End the thread and its child; waits at most about a second."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()

    # ---- the thread -------------------------------------------------------------------------------------------------
    def _run(self) -> None:
        while not self._ending.wait(self._rhythm.turn_s):
            self._forget_accepted()
            looks = self._due()
            if looks:
                self._look(looks)
        self._end_child(is_orderly=True)

    def _forget_accepted(self) -> None:
        with self._lock:
            forgotten, self._forgotten = self._forgotten, []
        for camera in forgotten:
            if self._child is not None:
                self._send("forget", camera)
            self._looked_ns.pop(camera, None)
            self._take(LookedAt(camera, "", {}), is_final=True)

    def _due(self) -> list[Look]:
        """The cameras whose time has come, those never looked at first; of several tiles of one the largest."""
        now_ns, health = self._clock.mono_ns(), self._feeds.health()
        best: dict[str, tuple[int, str, WantedFeed]] = {}
        live: dict[str, int] = {}
        for tile, wanted in self._feeds.wanted_feeds().items():
            known = health.get(tile)
            if not wanted.camera or known is None or known.state not in ("live", "late"):
                continue
            live[tile] = self._live_ns.get(tile, now_ns)
            if now_ns - live[tile] < self._rhythm.settled_s * 1e9:
                continue
            size = 0 if wanted.dewarp is not None else wanted.width_px * wanted.height_px
            if wanted.camera not in best or size > best[wanted.camera][0]:
                best[wanted.camera] = (size, tile, wanted)
        self._live_ns = live
        due = sorted((self._looked_ns.get(camera, 0), camera) for camera in best if self._is_due(camera, now_ns))
        return [look for _, camera in due[:_BATCH] if (look := self._look_at(*best[camera][1:])) is not None]

    def _is_due(self, camera: str, now_ns: int) -> bool:
        held, looked_ns = self._held.get(camera), self._looked_ns.get(camera)
        wait_s = self._rhythm.again_s if held is not None and held.is_in_doubt else self._rhythm.every_s
        return looked_ns is None or now_ns - looked_ns >= wait_s * 1e9

    def _look_at(self, tile: str, wanted: WantedFeed) -> Look | None:
        slot = self._feeds.slot(tile)
        if slot is None:
            return None
        held = self._said_of(wanted.camera)
        return Look(
            wanted.camera, slot.name, wanted.masks,
            may_keep=wanted.keep_stills and wanted.dewarp is None and not self._turns_by_itself(wanted.camera),
            may_learn=not held.condition and not held.is_in_doubt,
            fingerprint=hashlib.sha256(repr(wanted.masks).encode()).hexdigest()[:16] if wanted.masks else "",
        )  # fmt: skip

    def _said_of(self, camera: str) -> Held:
        if camera not in self._held:
            self._held[camera] = self._known(camera)
        return self._held[camera]

    def _look(self, looks: list[Look]) -> None:
        now_ns = self._clock.mono_ns()
        for look in looks:
            self._looked_ns[look.camera] = now_ns
        if self._child is None and now_ns >= self._no_child_before_ns:
            self._start_child()
        if self._child is None or not self._send("look", looks):
            return
        _, pipe = self._child
        try:
            for _ in range(_PATIENCE_POLLS):
                if pipe.poll(_POLL_S) or self._ending.is_set():
                    break
            else:
                raise TimeoutError("no answer")
            for seen in pipe.recv() if not self._ending.is_set() else ():
                self._take(seen)
        except (EOFError, OSError) as cause:
            self._lost(cause)

    def _take(self, seen: LookedAt, is_final: bool = False) -> None:
        if seen.condition is None:
            return
        before = self._said_of(seen.camera)
        now_ns = self._clock.now_ns()
        held = Held("", now_ns) if is_final else after_look(before, seen.condition, now_ns)
        self._held[seen.camera] = held
        self._conditions = {**self._conditions, seen.camera: held}
        if held.condition != before.condition:
            log.info("picture of %s: %s %s", seen.camera, held.condition or "well", seen.figures)
            self._on_change(seen.camera, held)

    # ---- the child --------------------------------------------------------------------------------------------------
    def _start_child(self) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        past_file = str(self._past_file) if self._past_file is not None else ""
        process = context.Process(
            target=run_picture_check,
            args=(theirs, past_file, self._rhythm.glances_after_s),
            name="liandong picture check",
            daemon=True,
        )
        process.start()
        theirs.close()
        self._child = (process, ours)

    def _send(self, command: str, argument: object) -> bool:
        if self._child is None:
            return False
        try:
            self._child[1].send((command, argument))
        except OSError as cause:
            self._lost(cause)
            return False
        return True

    def _lost(self, cause: Exception) -> None:
        if not self._ending.is_set():
            log.warning("picture check: its process gave no answer (%r); a new one in a minute", cause)
        self._no_child_before_ns = self._clock.mono_ns() + _NEW_CHILD_AFTER_NS
        self._end_child(is_orderly=False)

    def _end_child(self, is_orderly: bool) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        process, pipe = child
        pipe.close()  # the end of its pipe ends it
        process.join(0.7 if is_orderly else 0.0)
        if process.is_alive():
            process.kill()
            process.join()
        process.close()
