"""SQLite as our files use it: how it is opened, and its errors in plain words that say whose fault it is.

In: a path. Out: a connection in autocommit mode, or BadInput / Unavailable. Any thread; a connection belongs to one at a time.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from console.errors import BadInput, LiandongError, Unavailable

BUSY_MS = 1000
"""How long a statement waits for another program's lock before it gives up."""


def open_writer(path: Path) -> sqlite3.Connection:
    """Open (or make, 0600) a database that survives power cuts: WAL, every commit fsynced.

    Raises sqlite3.Error, Unavailable, BadInput for a file that is no database (SQLite would overwrite a very short one).
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as cause:
        raise Unavailable(f"cannot open {path} for writing: {cause.strerror}") from cause
    _refuse_other_files(path)
    connection = sqlite3.connect(path, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False)
    try:
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise Unavailable(f"{path}: this disk cannot keep a write-ahead log (network share?); choose a local folder")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA journal_size_limit = 16777216")
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """Open beside a running writer, never writing an entry. Raises BadInput when there is no file, sqlite3.Error.

    A reader shares a small index file with the writer. Where that cannot be made (read-only folder, full disk) and no log
    waits to be read, nobody is writing and the file is read as it lies.
    """
    if not path.is_file():
        raise BadInput(f"no {path.name} here", str(path.parent), "name the data folder with --data")
    _refuse_other_files(path)
    try:
        return _reader(path, "mode=ro")
    except sqlite3.OperationalError:
        log = path.with_name(path.name + "-wal")
        if log.exists() and log.stat().st_size:
            raise
        return _reader(path, "mode=ro&immutable=1")


def _reader(path: Path, options: str) -> sqlite3.Connection:
    url = f"{path.resolve().as_uri()}?{options}"
    connection = sqlite3.connect(url, uri=True, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _refuse_other_files(path: Path) -> None:
    """Source: https://www.sqlite.org/fileformat2.html, "Magic Header String"; an empty file is a database without tables."""
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as cause:
        raise Unavailable(f"cannot read {path}: {cause.strerror}") from cause
    if start not in (b"", b"SQLite format 3\0"):
        raise BadInput(f"{path.name} is not a database", str(path.parent), "restore a copy, or choose another data folder")


def explain(cause: Exception, path: Path, tried: str) -> LiandongError:
    """The foreseen failure behind a database error: a damaged file is BadInput, a disk that will not serve Unavailable."""
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        what = "is not a database" if code == sqlite3.SQLITE_NOTADB else "is damaged"
        return BadInput(f"{path.name} {what} ({tried})", str(path.parent), "run `liandong check`, restore a copy")
    words = {
        sqlite3.SQLITE_FULL: "the disk is full; nothing was written, free some space",
        sqlite3.SQLITE_READONLY: "the file or its folder is read-only",
        sqlite3.SQLITE_BUSY: "another program holds it locked",
        sqlite3.SQLITE_LOCKED: "another program holds it locked",
        sqlite3.SQLITE_PERM: "permission denied",
        sqlite3.SQLITE_CANTOPEN: "it cannot be opened (does the folder exist, and is it ours?)",
        sqlite3.SQLITE_IOERR: "the disk failed (full, over a quota or broken); nothing was written",
    }
    return Unavailable(f"cannot {tried} {path}: {words.get(code, str(cause))}")
