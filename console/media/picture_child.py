"""Picture child: one low-priority process that looks at cameras' pictures, so that OpenCV is in neither window nor decoders.

In, by a pipe: batches of looks, each naming a slot whose newest pictures are read a few times within two seconds. Out: what was
seen. What a camera usually looks like is kept in one small file with a version; a file that cannot be read begins anew.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console.media.child import watch_parent
from console.model.picture_condition import Condition, gravest
from console.model.view import Masks

if TYPE_CHECKING:
    from console.media.picture_health import Glance
    from console.media.picture_past import Past

GLANCES_AFTER_S = (0.0, 0.7, 1.9)
"""When the pictures of one look are taken: no loop of a file and no group of pictures has this rhythm."""
_NICE = 15
_FORGET_AFTER_S = 90 * 86400.0
_KEPT_IN_MEMORY = 256


@dataclass(frozen=True, slots=True)
class Look:
    """One camera to look at. `may_keep`: its past may be kept (no household camera, none that turns by itself); `may_learn`: it
    is believed to be well; `fingerprint` names what else shapes the picture."""

    camera: str
    slot: str
    masks: Masks = ()
    may_keep: bool = True
    may_learn: bool = True
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class LookedAt:
    """What a look saw; `condition` None where there was no picture to look at."""

    camera: str
    condition: Condition | None
    figures: dict[str, float]


def run_picture_check(pipe: Connection, past_file: str, glances_after_s: tuple[float, ...]) -> None:
    """Serve `pipe` until it closes: the body of the child. `past_file` "" keeps nothing."""
    watch_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(_NICE)
    checker = Checker(Path(past_file) if past_file else None, glances_after_s)
    with contextlib.suppress(EOFError, OSError):
        while True:
            command, argument = pipe.recv()
            if command == "look":
                pipe.send(checker.look(argument))
            elif command == "forget":
                checker.forget(argument)
            else:
                break
    checker.close()


class Checker:
    """Looks, remembers what cameras usually look like, and what it saw last. Not for household cameras' pasts."""

    def __init__(self, past_file: Path | None, glances_after_s: tuple[float, ...] = GLANCES_AFTER_S) -> None:
        self._glances_after_s = glances_after_s
        self._file = _PastFile(past_file) if past_file is not None else None
        self._pasts: dict[str, Past] = {}
        self._former: dict[str, Any] = {}

    def look(self, looks: Sequence[Look]) -> list[LookedAt]:
        """Look at all of a batch at once: two seconds, however many."""
        from console.media.picture_health import glance

        glances: dict[str, list[Glance]] = {look.camera: [] for look in looks}
        begun_s = time.monotonic()
        seen: dict[str, int] = {}
        for after_s in self._glances_after_s:
            time.sleep(max(0.0, begun_s + after_s - time.monotonic()))
            for look in looks:
                found = _newest(look.slot)
                if found is not None and found[1] != seen.get(look.camera):  # no new picture is not a frozen one
                    seen[look.camera] = found[1]
                    glances[look.camera].append(glance(found[0], look.masks))
        return [self._judged(look, glances[look.camera]) for look in looks]

    def _judged(self, look: Look, glances: list[Glance]) -> LookedAt:
        from console.media.picture_health import judge

        if not glances:
            return LookedAt(look.camera, None, {})
        past = self._past(look) if look.may_keep else None
        found = judge(glances, past, self._former.get(look.camera), may_move=not look.may_keep)
        self._former[look.camera] = glances[-1].grey
        while len(self._former) > _KEPT_IN_MEMORY:
            del self._former[next(iter(self._former))]
        if past is not None and look.may_learn and not found.conditions:
            past.learn(glances[-1])
            if self._file is not None:
                self._file.write(look.camera, past)
        return LookedAt(look.camera, gravest(found.conditions), dict(found.figures))

    def _past(self, look: Look) -> Past:
        from console.media.picture_past import Past

        past = self._pasts.pop(look.camera, None)
        if past is None and self._file is not None:
            past = self._file.read(look.camera)
        if past is None or past.fingerprint != look.fingerprint:
            past = Past(look.fingerprint)
        self._pasts[look.camera] = past
        while len(self._pasts) > _KEPT_IN_MEMORY:
            del self._pasts[next(iter(self._pasts))]
        return past

    def forget(self, camera: str) -> None:
        """An operator says that the camera stands as it should: begin anew with what it shows."""
        self._pasts.pop(camera, None)
        self._former.pop(camera, None)
        if self._file is not None:
            self._file.remove(camera)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


def _newest(slot_name: str) -> tuple[Any, int] | None:
    """A copy of the slot's newest picture, (h, w, 4) uint8 BGRA, and its generation; None where there is none."""
    import numpy as np

    from console.media.slots import Slot

    try:
        slot = Slot.attach(slot_name)
    except FileNotFoundError:
        return None  # the tile was closed meanwhile
    try:
        for _ in range(3):
            found = slot.newest()
            if found is None:
                continue
            rows = np.frombuffer(found.pixels, np.uint8).reshape(found.height_px, found.stride_bytes)
            picture = rows[:, : found.width_px * 4].reshape(found.height_px, found.width_px, 4).copy()
            is_whole, generation = slot.is_whole(found), found.generation
            del rows
            found.pixels.release()
            if is_whole:
                return picture, generation
        return None
    finally:
        slot.close()


class _PastFile:
    """One SQLite file of pasts. Losing it costs a few looks, so it never waits for the disk and never stops a look."""

    def __init__(self, file: Path) -> None:
        try:
            self._base = self._open(file)
        except sqlite3.DatabaseError:
            file.unlink(missing_ok=True)
            self._base = self._open(file)

    @staticmethod
    def _open(file: Path) -> sqlite3.Connection:
        file.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
        file.chmod(0o600)
        base = sqlite3.connect(file, timeout=0.5, isolation_level=None)
        base.execute("PRAGMA synchronous = OFF")
        base.execute("CREATE TABLE IF NOT EXISTS pasts (camera TEXT PRIMARY KEY, written_s REAL, past BLOB) WITHOUT ROWID")
        base.execute("DELETE FROM pasts WHERE written_s < ?", (time.time() - _FORGET_AFTER_S,))
        return base

    def read(self, camera: str) -> Past | None:
        from console.media.picture_past import Past

        with contextlib.suppress(sqlite3.Error, ValueError):
            row = self._base.execute("SELECT past FROM pasts WHERE camera = ?", (camera,)).fetchone()
            return Past.from_bytes(row[0]) if row is not None else None
        return None

    def write(self, camera: str, past: Past) -> None:
        with contextlib.suppress(sqlite3.Error):
            self._base.execute("INSERT OR REPLACE INTO pasts VALUES (?, ?, ?)", (camera, time.time(), past.to_bytes()))

    def remove(self, camera: str) -> None:
        with contextlib.suppress(sqlite3.Error):
            self._base.execute("DELETE FROM pasts WHERE camera = ?", (camera,))

    def close(self) -> None:
        self._base.close()
