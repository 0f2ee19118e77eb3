"""The journal: every fact, in order, on disk before anybody sees it; one writer, any number of readers.

In: events with who did them. Out: entries, fsynced, gap-free, each chained to the one before. Owned by the desk thread (one
thread at a time); readers in other processes open it read-only beside the running writer.

The chain. Source: shared design, section 1; the byte form is ours. With `lp(x)` = length of x as 4 bytes big-endian, then x:

    digest = SHA-256(salt ‖ body)                 salt: 16 random bytes; body: its UTF-8 bytes
    hash   = SHA-256(lp(previous hash) ‖ lp(seq) ‖ lp(at_ns) ‖ lp(boot) ‖ lp(mono_ns) ‖ lp(by) ‖ lp(kind) ‖ lp(digest))

Numbers are decimal ASCII, texts UTF-8, hashes 32 raw bytes; the hash before the first entry is 32 zero bytes. A purged entry
keeps its digest, so the chain still proves without body and salt.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from console import paths
from console.clock import Clock
from console.errors import BadInput, LiandongError, Unavailable
from console.model.events import Entry, incident_of, kind_of, to_body
from console.store import heads, sqlite
from console.store.seal import Seal
from console.store.upgrade import JOURNAL, schema_of, upgrade

log = logging.getLogger(__name__)

GENESIS = bytes(32)
HEAD_EVERY = 100
"""Entries between two signed heads: a re-built chain is located to within these. Signing costs 0.05 ms."""
_COLUMNS = 'seq, at_ns, boot, mono_ns, "by", kind, body, salt, hash'


class Link(NamedTuple):
    """What the chain needs of an entry: everything but the body."""

    seq: int
    at_ns: int
    boot: str
    mono_ns: int
    by: str
    kind: str
    digest: bytes
    hash: bytes


def body_digest(salt: bytes, body: bytes) -> bytes:
    """SHA-256 over salt and body: all of a body that the chain knows."""
    return hashlib.sha256(salt + body).digest()


def chain_hash(previous: bytes, seq: int, at_ns: int, boot: str, mono_ns: int, by: str, kind: str, digest: bytes) -> bytes:
    """The hash of an entry, as the module's first lines define it."""
    whole = hashlib.sha256()
    for part in (previous, b"%d" % seq, b"%d" % at_ns, boot.encode(), b"%d" % mono_ns, by.encode(), kind.encode(), digest):
        whole.update(len(part).to_bytes(4, "big") + part)
    return whole.digest()


class Journal:
    """An open journal. Make it with `Journal.open`; `close()` when done."""

    def __init__(self, connection: sqlite3.Connection, path: Path, clock: Clock, schema: int, seal: Seal | None) -> None:
        self._connection, self._path, self._clock, self._schema, self._seal = connection, path, clock, schema, seal
        self._signed_seq = 0

    @classmethod
    def open(cls, path: Path, clock: Clock, *, read_only: bool = False) -> Journal:
        """Open the journal at `path`, make it or bring its schema up to date when it is to be written.

        Raises BadInput (no journal to read, not a journal, damaged, of a newer program) and Unavailable (disk, lock, rights).
        """
        connection = None
        try:
            connection = sqlite.open_reader(path) if read_only else sqlite.open_writer(path)
            if read_only:
                return cls(connection, path, clock, schema_of(connection, JOURNAL, str(path)), None)
            upgrade(connection, JOURNAL, str(path))
            journal = cls(connection, path, clock, JOURNAL.newest, _seal())
            journal._remember_signed()
            return journal
        except sqlite3.Error as cause:
            if connection is not None:
                connection.close()
            raise sqlite.explain(cause, path, "open") from cause
        except LiandongError:
            if connection is not None:
                connection.close()
            raise

    def append(self, items: Sequence[tuple[str, object]]) -> tuple[Entry, ...]:
        """Write (by, event) pairs as one fsynced transaction: all are there when this returns, or none.

        Raises BadInput (text that is no Unicode, damaged file) and Unavailable (disk full, read-only, locked): nothing is
        written then and the journal stays usable.
        """
        if not items:
            return ()
        bare = [(_text(by), kind_of(event), _text(to_body(event)), incident_of(event)) for by, event in items]
        at_ns, mono_ns, boot = self._clock.now_ns(), self._clock.mono_ns(), self._clock.boot
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            seq, previous = self._newest()
            rows, entries = [], []
            for by, kind, body, incident in bare:
                seq, salt = seq + 1, os.urandom(16)
                previous = chain_hash(previous, seq, at_ns, boot, mono_ns, by, kind, body_digest(salt, body.encode()))
                entries.append(Entry(seq, at_ns, boot, mono_ns, by, kind, body, salt, previous))
                rows.append((seq, at_ns, boot, mono_ns, by, kind, body, salt, previous, incident))
            self._connection.executemany(f"INSERT INTO entries ({_COLUMNS}, incident) VALUES (?,?,?,?,?,?,?,?,?,?)", rows)
            self._connection.execute("COMMIT")
        except sqlite3.Error as cause:
            self._roll_back()
            raise sqlite.explain(cause, self._path, "write") from cause
        except BaseException:
            self._roll_back()
            raise
        if self._signed_seq == 0 or seq - self._signed_seq >= HEAD_EVERY:
            self._sign(seq, previous, durable=False)
        return tuple(entries)

    def read(self, since: int = 0, limit: int = 500) -> tuple[Entry, ...]:
        """At most `limit` entries with seq > `since`, in order."""
        return self._entries("WHERE seq > ? ORDER BY seq LIMIT ?", since, limit)

    def read_incident(self, incident: str) -> tuple[Entry, ...]:
        """All entries of one incident, those of its orders, receipts and tiles included, in order."""
        if self._schema == 1:
            raise Unavailable(f"{self._path} has an old schema: start the desk once, it brings it up to date")
        return self._entries("WHERE incident = ? ORDER BY seq", incident)

    def links(self, first: int, last: int) -> Iterator[Link]:
        """The chain from `first` to `last`, both included, without bodies. Raises BadInput when a body is gone and unproved."""
        while first <= last:
            digest = "digest" if self._schema > 1 else "NULL"
            where = "WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT 5000"
            rows = self._rows(f"SELECT {_COLUMNS}, {digest} FROM entries {where}", first, last)
            for seq, at_ns, boot, mono_ns, by, kind, body, salt, whole, kept in rows:
                found = kept if body is None else body_digest(salt, body.encode())
                if not isinstance(found, bytes):
                    raise BadInput(f"entry {seq} has neither body nor digest", str(self._path), "run `liandong check`")
                yield Link(seq, at_ns, boot, mono_ns, by, kind, found, whole)
            if not rows:
                return
            first = rows[-1][0] + 1

    def head(self) -> tuple[int, bytes]:
        """(seq, hash) of the newest entry; (0, 32 zero bytes) of an empty journal."""
        try:
            return self._newest()
        except sqlite3.Error as cause:
            raise sqlite.explain(cause, self._path, "read") from cause

    def purge(self, seq: int) -> bool:
        """Remove an entry's body and salt for good, as the law may ask; its digest stays, so the chain still proves.

        Returns whether there was a body to remove. The caller has checked the right to do so and put it on record first.
        """
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            row = self._connection.execute("SELECT body, salt FROM entries WHERE seq = ?", (seq,)).fetchone()
            if row is None or row[0] is None:
                self._connection.execute("ROLLBACK")
                return False
            digest = body_digest(row[1], row[0].encode())
            self._connection.execute("UPDATE entries SET body = NULL, salt = NULL, digest = ? WHERE seq = ?", (digest, seq))
            self._connection.execute("COMMIT")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()  # the old body also stands in the log
        except sqlite3.Error as cause:
            self._roll_back()
            raise sqlite.explain(cause, self._path, "purge an entry of") from cause
        return True

    def sign_head(self) -> bool:
        """Sign the newest entry durably and fold the log into the file; the desk calls it every half minute.

        Returns False when there was nothing new or no key to sign with (logged). Never raises for the key's sake.
        """
        seq, digest = self.head()
        done = seq > self._signed_seq and self._sign(seq, digest, durable=True)
        try:
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error as cause:
            log.warning("%s", sqlite.explain(cause, self._path, "tidy"))
        return done

    def close(self) -> None:
        """Sign the head (a writer) and close. Safe to call twice."""
        if self._seal is not None:
            try:
                self.sign_head()
            except (LiandongError, sqlite3.ProgrammingError) as cause:
                log.warning("the journal's last head is not signed: %s", cause)
            self._seal = None
        self._connection.close()

    def _sign(self, seq: int, digest: bytes, *, durable: bool) -> bool:
        if self._seal is None:
            return False
        try:
            heads.append_head(self._head_path, heads.signed(seq, digest, self._clock.now_ns(), self._seal), durable=durable)
        except Unavailable as cause:
            log.warning("the journal's head is not signed: %s", cause)
            return False
        self._signed_seq = seq
        return True

    @property
    def _head_path(self) -> Path:
        return self._path.with_name("journal.head")

    def _remember_signed(self) -> None:
        seq, _ = self._newest()
        known, damaged = heads.read_heads(self._head_path)
        newest = max((head.seq for head in known), default=0)
        if newest > seq:
            text = f"the journal ends at entry {seq}, its signed head names entry {newest}: its tail is gone"
            if seq == 0:
                raise BadInput(text, str(self._path), "restore a copy, or choose another data folder")
            log.error("%s; run `liandong check`", text)
        if damaged:
            log.error("%s: damaged lines %s; run `liandong check`", self._head_path, damaged[:5])
        self._signed_seq = min(newest, seq)

    def _newest(self) -> tuple[int, bytes]:
        if self._schema == 0:
            return 0, GENESIS
        row = self._connection.execute("SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
        return (0, GENESIS) if row is None else (row[0], row[1])

    def _entries(self, where: str, *values: object) -> tuple[Entry, ...]:
        return tuple(Entry(*row) for row in self._rows(f"SELECT {_COLUMNS} FROM entries {where}", *values))

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            if self._schema == 0:  # a reader that came before the writer's first step
                self._schema = schema_of(self._connection, JOURNAL, str(self._path))
            return self._connection.execute(statement, values).fetchall() if self._schema else []
        except sqlite3.Error as cause:
            raise sqlite.explain(cause, self._path, "read") from cause

    def _roll_back(self) -> None:
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error as cause:
            log.error("%s", sqlite.explain(cause, self._path, "roll back"))


def _seal() -> Seal | None:
    try:
        return Seal(paths.keys_folder())
    except (Unavailable, BadInput) as cause:  # facts matter more than their seal: go on, `check` says what is unsigned
        log.error("the journal's heads are not signed: %s", cause)
        return None


def _text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as cause:
        raise BadInput("text that is not valid Unicode (a lone surrogate)", "journal", "send UTF-8") from cause
    return text
