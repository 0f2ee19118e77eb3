"""Positions in the desk: a newest-wins table that nobody waits for, and the thread that keeps every fix on disk."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from console.clock import Clock
from console.errors import LiandongError
from console.model.unit import Fix, accept_fix
from console.store.tracks import Tracks

log = logging.getLogger(__name__)
KEPT_OUT_OF_ORDER = ("out_of_order", "old")
"""A late fix still belongs in the track, only not on the map."""


@dataclass(slots=True)
class Counts:
    """What became of fixes: `taken`, and dropped ones by reason."""

    taken: int = 0
    dropped: dict[str, int] = field(default_factory=dict)


class Positions:
    """`offer` from any thread. `lock` guards `_newest`, `_fresh`, `_batch` and `counts`.

    `on_fresh(fixes)` is called by this thread at most ten times a second.
    """

    def __init__(self, tracks: Tracks, clock: Clock, on_fresh: Callable[[list[Fix]], None], keep_days: int = 30) -> None:
        self._tracks, self._clock, self._on_fresh, self._keep_days = tracks, clock, on_fresh, keep_days
        self._lock = threading.Lock()
        self._newest: dict[str, Fix] = tracks.last_fixes()
        self._fresh: dict[str, Fix] = {}
        self._batch: list[Fix] = []
        self.counts = Counts()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tracks")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Write what is left and end the thread; closes the tracks."""
        self._stop.set()
        self._thread.join()
        self._tracks.close()

    def offer(self, fix: Fix) -> str | None:
        """Take a fix; the reason code when it is not the unit's new position."""
        with self._lock:
            verdict = accept_fix(self._newest.get(fix.unit), fix, self._clock.now_ns())
            if isinstance(verdict, Fix):
                self._newest[fix.unit] = self._fresh[fix.unit] = verdict
                self._batch.append(verdict)
                self.counts.taken += 1
                return None
            self.counts.dropped[verdict] = self.counts.dropped.get(verdict, 0) + 1
            if verdict in KEPT_OUT_OF_ORDER:
                self._batch.append(fix)
            del self._batch[:-100_000]
            return verdict

    def newest(self) -> dict[str, Fix]:
        """A copy of every unit's newest fix. Any thread."""
        with self._lock:
            return dict(self._newest)

    def _run(self) -> None:
        ticks = 0
        while not self._stop.wait(0.1):
            ticks += 1
            with self._lock:
                fresh, self._fresh = list(self._fresh.values()), {}
            if fresh:
                self._on_fresh(fresh)
            if ticks % 10 == 0:
                self._write()
            if ticks % 36_000 == 1:
                self._tracks.purge(self._clock.now_ns() - self._keep_days * 86_400_000_000_000)
        self._write()

    def _write(self) -> None:
        with self._lock:
            batch, self._batch = self._batch, []
        if not batch:
            return
        try:
            self._tracks.append(batch)
        except LiandongError as trouble:
            log.warning("tracks: %d fixes not yet kept: %s", len(batch), trouble)
            with self._lock:
                self._batch = batch + self._batch
