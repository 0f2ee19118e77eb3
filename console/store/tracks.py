"""Positions on disk: every fix, kept for some days; last ones given back with their true age after a restart.

`DIR/tracks.db`, SQLite in WAL with `synchronous=NORMAL`: positions are not facts, a power cut may cost the last second. One
writer, the desk's tracks thread (design.md §5); others open it `read_only`.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from console.errors import Unavailable
from console.model.unit import Fix
from console.paths import DataFolder
from console.store.sqlite import open_reader

_COLUMNS = "unit, lon, lat, at_ns, received_ns, accuracy_m, speed_mps, heading_deg, source"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS fixes (unit TEXT NOT NULL, at_ns INTEGER NOT NULL, lon REAL NOT NULL, lat REAL NOT NULL,
  received_ns INTEGER NOT NULL, accuracy_m REAL, speed_mps REAL, heading_deg REAL, source TEXT NOT NULL,
  PRIMARY KEY (unit, at_ns)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS fixes_at ON fixes (at_ns);
CREATE TABLE IF NOT EXISTS last (unit TEXT PRIMARY KEY, at_ns INTEGER NOT NULL) WITHOUT ROWID;
PRAGMA user_version = 1;
"""
_INSERT = f"INSERT OR IGNORE INTO fixes ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_LAST = "INSERT INTO last VALUES (?, ?) ON CONFLICT (unit) DO UPDATE SET at_ns = excluded.at_ns WHERE excluded.at_ns > last.at_ns"


class Tracks:
    """The positions database of a data folder. One owner thread; `close()` when done.

    `read_only` opens it beside a running desk without writing anything; no file then means no fixes. Raises Unavailable
    where the database cannot be opened, read or written.
    """

    def __init__(self, folder: Path, read_only: bool = False) -> None:
        path = DataFolder(folder).tracks
        self._database: sqlite3.Connection | None = None
        if read_only and not path.exists():
            return
        try:
            if read_only:
                self._database = open_reader(path)
            else:
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                path.touch(mode=0o600)
                self._database = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
                self._database.execute("PRAGMA journal_mode=WAL")
                self._database.execute("PRAGMA synchronous=NORMAL")
                self._database.executescript(_SCHEMA)
        except sqlite3.DatabaseError as cause:
            self.close()
            raise Unavailable(f"tracks {path} cannot be opened: {cause}") from cause

    def append(self, fixes: Iterable[Fix]) -> int:
        """Keep a batch in one transaction; a fix already kept (unit, time) is skipped. Returns how many were new.

        Out-of-order fixes belong in the track too. What is no finite position is dropped: it would poison every reader.
        """
        batch = [
            (f.unit, f.lon, f.lat, f.at_ns, f.received_ns, f.accuracy_m, f.speed_mps, f.heading_deg, f.source)
            for f in fixes
            if math.isfinite(f.lon) and math.isfinite(f.lat) and -(2**63) <= f.at_ns < 2**63
        ]
        if not batch or self._database is None:
            return 0
        try:
            before = self._database.total_changes
            self._database.execute("BEGIN IMMEDIATE")
            self._database.executemany(_INSERT, batch)
            new = self._database.total_changes - before
            self._database.executemany(_LAST, [(row[0], row[3]) for row in batch])
            self._database.execute("COMMIT")
        except sqlite3.DatabaseError as cause:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise Unavailable(f"positions were not kept: {cause}") from cause
        return new

    def _read(self, query: str, values: tuple[object, ...] = ()) -> list[Fix]:
        if self._database is None:
            return []
        try:
            return [Fix(*row) for row in self._database.execute(query, values)]
        except sqlite3.DatabaseError as cause:
            raise Unavailable(f"positions cannot be read: {cause}") from cause

    def last_fixes(self) -> dict[str, Fix]:
        """The newest fix of every unit, with the times it really has."""
        found = self._read(f"SELECT {_COLUMNS} FROM last JOIN fixes USING (unit, at_ns)")
        return {fix.unit: fix for fix in found}

    def between(self, unit: str, from_ns: int, to_ns: int) -> list[Fix]:
        """A unit's fixes with from_ns <= at_ns <= to_ns, oldest first."""
        query = f"SELECT {_COLUMNS} FROM fixes WHERE unit = ? AND at_ns BETWEEN ? AND ? ORDER BY at_ns"
        return self._read(query, (unit, from_ns, to_ns))

    def purge(self, before_ns: int) -> int:
        """Drop fixes older than `before_ns`, but keep each unit's last one. Returns how many went."""
        if self._database is None:
            return 0
        doomed = "DELETE FROM fixes WHERE at_ns < ? AND (unit, at_ns) NOT IN (SELECT unit, at_ns FROM last)"
        try:
            return self._database.execute(doomed, (before_ns,)).rowcount
        except sqlite3.DatabaseError as cause:
            raise Unavailable(f"old positions were not purged: {cause}") from cause

    def close(self) -> None:
        """Close the database; further reads give nothing."""
        if self._database is not None:
            self._database.close()
            self._database = None
