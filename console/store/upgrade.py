"""Numbered schema upgrades: a new file and an old one walk the same steps, each in one transaction.

In: an open SQLite connection and the steps of one kind of file. Out: the file at the newest schema, `user_version` telling
which. Runs where the file's owner opens it (journal: desk thread). Old schemas stay in tests/data for ever.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from console.errors import BadInput

Step = str | Callable[[sqlite3.Connection], None]
"""SQL statements separated by `;`, or a function that runs inside the step's transaction."""


@dataclass(frozen=True, slots=True)
class Schema:
    """One kind of file. `application_id` marks the file (bytes 68-71 of its header), `steps[n - 1]` leads to schema n.

    Source: https://www.sqlite.org/fileformat2.html, "Application ID", "User version number".
    """

    noun: str
    application_id: int
    steps: tuple[Sequence[Step], ...]

    @property
    def newest(self) -> int:
        return len(self.steps)


def schema_of(connection: sqlite3.Connection, schema: Schema, where: str) -> int:
    """The schema number of an open file, 0 for an empty one. Raises BadInput when it is another program's or a newer one's."""
    (number,) = connection.execute("PRAGMA user_version").fetchone()
    (mark,) = connection.execute("PRAGMA application_id").fetchone()
    if mark == schema.application_id and 0 < number <= schema.newest:
        return int(number)
    if mark == schema.application_id:
        raise BadInput(
            f"schema {number} was written by a newer program, this one knows up to {schema.newest}",
            where,
            "install the newer program",
        )
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables or mark or number:
        raise BadInput(f"a database, but not a {schema.noun} of liandong", where, "choose another data folder")
    return 0


def upgrade(connection: sqlite3.Connection, schema: Schema, where: str) -> int:
    """Bring the file to the newest schema and return the number it had. A killed upgrade leaves the last whole step.

    `connection` is in autocommit mode (isolation_level None). Raises BadInput (not ours), sqlite3.Error (disk).
    """
    found = schema_of(connection, schema, where)
    for number in range(found + 1, schema.newest + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for step in schema.steps[number - 1]:
                if callable(step):
                    step(connection)
                else:
                    connection.execute(step)
            connection.execute(f"PRAGMA application_id = {schema.application_id}")
            connection.execute(f"PRAGMA user_version = {number}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    return found


def _fill_incident(connection: sqlite3.Connection) -> None:
    """Derive the incident column of a schema 1 journal from its bodies."""
    for seq, body in connection.execute("SELECT seq, body FROM entries WHERE body LIKE '%\"incident\"%'").fetchall():
        incident = incident_in(body)
        if incident is not None:
            connection.execute("UPDATE entries SET incident = ? WHERE seq = ?", (incident, seq))


def incident_in(body: str) -> str | None:
    """The incident a body names, or None. A body that is no JSON object names none: `check` is who complains."""
    try:
        incident = json.loads(body).get("incident")
    except (ValueError, AttributeError):
        return None
    return incident if isinstance(incident, str) else None


JOURNAL = Schema(
    "journal",
    0x4C444A4E,  # "LDJN"
    (
        (
            "CREATE TABLE entries (seq INTEGER PRIMARY KEY, at_ns INTEGER NOT NULL, boot TEXT NOT NULL, mono_ns INTEGER NOT NULL,"
            ' "by" TEXT NOT NULL, kind TEXT NOT NULL, body TEXT, salt BLOB, hash BLOB NOT NULL)',
        ),
        (
            "ALTER TABLE entries ADD COLUMN incident TEXT",
            "ALTER TABLE entries ADD COLUMN digest BLOB",  # of a purged body: SHA-256(salt + body), so the chain still proves
            _fill_incident,
            "CREATE INDEX entries_of_incident ON entries (incident) WHERE incident IS NOT NULL",
        ),
    ),
)

ACCOUNTS = Schema(
    "accounts file",
    0x4C444143,  # "LDAC"
    (
        (
            "CREATE TABLE operators (operator TEXT PRIMARY KEY, hash TEXT NOT NULL)",
            "CREATE TABLE terminals (unit TEXT PRIMARY KEY, hash BLOB NOT NULL UNIQUE)",
            "CREATE TABLE sources (source TEXT PRIMARY KEY, hash BLOB NOT NULL UNIQUE)",
        ),
    ),
)
