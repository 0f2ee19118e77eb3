"""History: what stood before each act, so that it can be undone and done again. Pure but for its own two stacks."""

from __future__ import annotations

from typing import Final, Generic, TypeVar

T = TypeVar("T")
KEPT: Final = 200


class History(Generic[T]):
    """Keeps former values, newest last; `T` is immutable and compared by `==`."""

    def __init__(self, most: int = KEPT) -> None:
        self._most = most
        self._before: list[T] = []
        self._after: list[T] = []

    def note(self, before: T) -> None:
        """An act is about to change `before`. What was undone can no longer be done again."""
        self._after.clear()
        if not self._before or self._before[-1] != before:
            self._before.append(before)
            del self._before[: -self._most]

    def clear(self) -> None:
        """Forget every step: another operator sits here."""
        self._before.clear()
        self._after.clear()

    def undo(self, now: T) -> T | None:
        """What stood before the last act that changed anything; None: there is nothing to undo."""
        return self._step(self._before, self._after, now)

    def redo(self, now: T) -> T | None:
        """What stood before the last undo."""
        return self._step(self._after, self._before, now)

    @staticmethod
    def _step(source: list[T], target: list[T], now: T) -> T | None:
        while source:
            found = source.pop()
            if found != now:
                target.append(now)
                return found
        return None

    def __len__(self) -> int:
        return len(self._before)
