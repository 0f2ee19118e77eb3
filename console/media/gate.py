"""Gate: how many streams of a child open at once, the most important first (faults.md V9).

Each reader's thread enters before it opens and leaves with its first picture. A camera that does not answer holds its place only
for a moment: the next ones need not wait out its time-out.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable

AT_ONCE = 6
"""Opening is half waiting for the camera: six at once keep a core busy and leave the first of them undisturbed."""
_PATIENCE_S = 0.4


class Turn:
    """One reader's place inside the gate."""

    def __init__(self, gate: Gate, until_s: float) -> None:
        self._gate, self.until_s = gate, until_s

    @property
    def is_inside(self) -> bool:
        """False once left."""
        return self._gate.holds(self)

    def leave(self) -> None:
        """Let the next one in; harmless when already left."""
        self._gate.leave(self)


class Gate:
    """Shared by the readers of one child."""

    def __init__(self, at_once: int = AT_ONCE, patience_s: float = _PATIENCE_S) -> None:
        self._at_once, self._patience_s = at_once, patience_s
        self._changed = threading.Condition()  # guards _inside and _waiting
        self._inside: set[Turn] = set()
        self._waiting: dict[int, Callable[[], int]] = {}
        self._numbers = itertools.count()

    def enter(self, priority: Callable[[], int], is_wanted: Callable[[], bool]) -> Turn:
        """Wait for a place; the lowest priority number goes first, then the one that came first. Returns early when no longer
        wanted (the turn is then of no use, and harmless to leave)."""
        number = next(self._numbers)
        with self._changed:
            self._waiting[number] = priority
            try:
                while is_wanted() and not self._may_enter(number):
                    self._changed.wait(0.1)
            finally:
                del self._waiting[number]
            turn = Turn(self, time.monotonic() + self._patience_s)
            if is_wanted():
                self._inside.add(turn)
            self._changed.notify_all()
            return turn

    def leave(self, turn: Turn) -> None:
        with self._changed:
            if turn in self._inside:
                self._inside.remove(turn)
                self._changed.notify_all()

    @property
    def waiting(self) -> int:
        """How many wait to come in."""
        return len(self._waiting)

    def holds(self, turn: Turn) -> bool:
        return turn in self._inside

    def stand_back(self, limit_s: float) -> None:
        """Wait while others open, at most `limit_s`: who has a picture leaves the processor to those without."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting and not self._busy(), limit_s)

    def _busy(self) -> int:
        now_s = time.monotonic()
        return sum(turn.until_s > now_s for turn in self._inside)

    def _may_enter(self, number: int) -> bool:
        inside = self._busy()
        first = min(self._waiting, key=lambda one: (self._waiting[one](), one))
        return inside < self._at_once and first == number
