"""Secrets of a data folder, as hashes only: operators' passwords, terminals' keys, partners' tokens (`accounts.db`, 0600).

In: a secret to keep or to check. Out: yes or no, or a new random secret that is told once. Any thread.
Passwords: Argon2id (RFC 9106) through argon2-cffi with its defaults. Keys and tokens are 32 random bytes, which nobody can
guess from a plain SHA-256, so they need no slow hash.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import secrets
import sqlite3
import threading
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from console.errors import BadInput, LiandongError, Unavailable
from console.store import sqlite
from console.store.upgrade import ACCOUNTS, upgrade

LONGEST_PASSWORD = 1024
"""Characters; a longer one is wrong unseen, so nobody keeps the desk busy hashing megabytes."""


class AccountsDb:
    """The open accounts file. Make it with `AccountsDb.open`; `close()` when done. `_lock` guards `_connection`."""

    def __init__(self, connection: sqlite3.Connection, path: Path, hasher: PasswordHasher) -> None:
        self._connection, self._path, self._hasher = connection, path, hasher
        self._lock = threading.Lock()
        self._nobody = hasher.hash(secrets.token_hex(16))  # what an unknown operator's password is compared with

    @classmethod
    def open(cls, path: Path, hasher: PasswordHasher | None = None) -> AccountsDb:
        """Open or make the file. Raises BadInput (not ours, damaged) and Unavailable (disk, lock, rights)."""
        connection = None
        try:
            connection = sqlite.open_writer(path)
            upgrade(connection, ACCOUNTS, str(path))
        except (sqlite3.Error, LiandongError) as cause:
            if connection is not None:
                connection.close()
            raise (sqlite.explain(cause, path, "open") if isinstance(cause, sqlite3.Error) else cause) from cause
        return cls(connection, path, hasher or PasswordHasher())

    def set_password(self, operator: str, password: str) -> None:
        """Keep the hash of an operator's password in place of any older one. Raises BadInput for one that is too long."""
        if len(password) > LONGEST_PASSWORD:
            raise BadInput(f"a password has at most {LONGEST_PASSWORD} characters", "password", "choose a shorter one")
        self._run("INSERT OR REPLACE INTO operators VALUES (?, ?)", operator, self._hasher.hash(_bytes(password)))

    def check_password(self, operator: str, password: str) -> bool:
        """Whether this is the operator's password; as slow for an unknown operator as for a known one."""
        row = self._one("SELECT hash FROM operators WHERE operator = ?", operator)
        kept = row[0] if row else self._nobody
        try:
            right = self._hasher.verify(kept, _bytes(password[:LONGEST_PASSWORD]))
        except (VerificationError, InvalidHashError):
            return False
        if row is None or len(password) > LONGEST_PASSWORD:
            return False
        if self._hasher.check_needs_rehash(kept):  # kept by an older program with weaker parameters
            with contextlib.suppress(Unavailable):  # a full disk keeps nobody out
                self.set_password(operator, password)
        return right

    def has_password(self, operator: str) -> bool:
        """Whether a password was ever set."""
        return self._one("SELECT 1 FROM operators WHERE operator = ?", operator) is not None

    def new_terminal_key(self, unit: str) -> str:
        """Make a unit's device key, in place of any older one, and tell it this once."""
        key = secrets.token_urlsafe(32)
        self._run("INSERT OR REPLACE INTO terminals VALUES (?, ?)", unit, _digest(key))
        return key

    def terminal_unit(self, key: str) -> str | None:
        """The one unit a device key belongs to, or None."""
        row = self._one("SELECT unit FROM terminals WHERE hash = ?", _digest(key))
        return row[0] if row else None

    def check_terminal(self, unit: str, key: str) -> bool:
        """Whether this is the device key of this very unit."""
        row = self._one("SELECT hash FROM terminals WHERE unit = ?", unit)
        return row is not None and hmac.compare_digest(row[0], _digest(key))

    def revoke(self, unit: str) -> bool:
        """Forget a unit's device key; returns whether it had one."""
        return self._run("DELETE FROM terminals WHERE unit = ?", unit) > 0

    def terminals(self) -> frozenset[str]:
        """The units that have a device key."""
        return frozenset(unit for (unit,) in self._rows("SELECT unit FROM terminals"))

    def new_source_token(self, source: str) -> str:
        """Make a partner's token, in place of any older one, and tell it this once."""
        token = secrets.token_urlsafe(32)
        self._run("INSERT OR REPLACE INTO sources VALUES (?, ?)", source, _digest(token))
        return token

    def source_of(self, token: str) -> str | None:
        """The partner a token belongs to, or None."""
        row = self._one("SELECT source FROM sources WHERE hash = ?", _digest(token))
        return row[0] if row else None

    def revoke_source(self, source: str) -> bool:
        """Forget a partner's token; returns whether it had one."""
        return self._run("DELETE FROM sources WHERE source = ?", source) > 0

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        with self._lock:
            self._connection.close()

    def _run(self, statement: str, *values: object) -> int:
        with self._lock:
            try:
                return self._connection.execute(statement, values).rowcount
            except sqlite3.Error as cause:
                raise sqlite.explain(cause, self._path, "write") from cause

    def _one(self, statement: str, *values: object) -> tuple[Any, ...] | None:
        found = self._rows(statement, *values)
        return found[0] if found else None

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            try:
                return self._connection.execute(statement, values).fetchall()
            except sqlite3.Error as cause:
                raise sqlite.explain(cause, self._path, "read") from cause


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _digest(secret: str) -> bytes:
    return hashlib.sha256(_bytes(secret)).digest()
