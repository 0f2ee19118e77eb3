"""Positions on disk: every accepted fix, kept for some days, last ones given back with their true age."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from console.model.unit import Fix


class Tracks:
    """The positions database of a data folder. One owner (the desk's tracks thread); `close()` when done."""

    def __init__(self, folder: Path) -> None:
        raise NotImplementedError

    def append(self, fixes: Iterable[Fix]) -> int:
        """Keep a batch in one transaction; a fix already kept (unit, time) is skipped. Returns how many were new."""
        raise NotImplementedError

    def last_fixes(self) -> dict[str, Fix]:
        """The newest fix of every unit, with the times it really has."""
        raise NotImplementedError

    def between(self, unit: str, from_ns: int, to_ns: int) -> list[Fix]:
        """A unit's fixes with from_ns <= at_ns <= to_ns, oldest first."""
        raise NotImplementedError

    def purge(self, before_ns: int) -> int:
        """Drop fixes older than `before_ns`, but keep each unit's last one. Returns how many went."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the database."""
        raise NotImplementedError
