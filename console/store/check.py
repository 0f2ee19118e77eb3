"""Prove a data folder: sequence gap-free, hash chain whole, signed heads true, life cycles legal, stills on disk.

In: the data folder, read-only, also beside a running desk. Out: what is wrong and from which entry on. Any process; nothing
is written. Only what an honest desk can never leave behind is called a problem: a log that was not folded in, a head that
lags and a torn last line of the head file are the marks of a kill, not of a hand.
"""

from __future__ import annotations

import multiprocessing
import sqlite3
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from hashlib import sha256
from pathlib import Path
from typing import Any

from console import paths
from console.errors import BadInput, LiandongError
from console.store import clips, heads, sqlite
from console.store.journal import GENESIS, HEAD_EVERY
from console.store.lifecycle import MOST, Judgement, judge
from console.store.seal import is_signed, known_keys
from console.store.upgrade import JOURNAL, schema_of

WORTH_A_PROCESS = 100_000
"""Entries from which on starting a second process (0.2 s) pays."""
SIGNATURES = 1000
"""Newest heads whose signature is verified (0.1 ms each); an older head is covered by every newer one."""
_LENGTH = [number.to_bytes(4, "big") for number in range(64)]


class _Findings:
    """Problems in the order found, and the lowest entry that any of them is about."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.notes: list[str] = []
        self.first_bad_seq: int | None = None
        self._more = 0

    def problem(self, text: str, seq: int | None) -> None:
        if seq is not None and (self.first_bad_seq is None or seq < self.first_bad_seq):
            self.first_bad_seq = seq
        if len(self.problems) < MOST:
            self.problems.append(text if seq is None else f"entry {seq}: {text}")
        else:
            self._more += 1

    def result(self, entries: int) -> dict[str, Any]:
        more = [f"and {self._more} more"] if self._more else []
        return {
            "ok": not self.problems, "entries": entries, "first_bad_seq": self.first_bad_seq,
            "problems": self.problems + more, "notes": self.notes,
        }  # fmt: skip


def check(folder: Path, *, keys: Path | None = None, second_process_from: int = WORTH_A_PROCESS) -> dict[str, Any]:
    """Prove the journal of `folder`: `ok`, `entries`, `first_bad_seq` (None or the entry), `problems`, `notes`.

    `keys`: folder of the public keys to verify with, by default this machine's. `notes` say what could not be proved here and
    accuse nobody. Raises BadInput when there is no journal here, Unavailable when the disk will not serve.
    """
    data = paths.DataFolder(folder)
    findings = _Findings()
    signed, damaged = heads.read_heads(data.head)  # before the journal: a running desk only ever adds to it
    chain = _Chain(findings, {head.seq for head in signed})
    try:
        judgement = _read(data.journal, chain, second_process_from)
    except sqlite3.Error as cause:
        told = sqlite.explain(cause, data.journal, "read")
        if not isinstance(told, BadInput):
            raise told from cause
        findings.problem(f"{told.what} from here on", chain.last_seq + 1)
        return findings.result(chain.entries)
    except BadInput as cause:
        if not data.journal.exists():
            raise
        findings.problem(str(cause), None)
        return findings.result(0)
    broken = findings.first_bad_seq
    for seq, text in judgement.problems:
        if broken is None or seq < broken:  # behind a broken link the life cycles are no longer evidence
            findings.problem(text, seq)
    for text in judgement.damage:
        findings.problem(f"the database is damaged: {text}", None)
    for number in damaged:
        findings.problem(f"line {number} of {data.head.name} is damaged", None)
    _check_heads(findings, signed, chain, known_keys(keys or paths.keys_folder()), data.head.name)
    _check_files(findings, judgement, folder)
    if judgement.purged:
        findings.notes.append(f"{judgement.purged} bodies are purged; the chain proves without them")
    if judgement.unknown_kinds:
        findings.notes.append(f"kinds of a newer program, not judged: {', '.join(sorted(judgement.unknown_kinds))}")
    return findings.result(chain.entries)


def _read(path: Path, chain: _Chain, second_process_from: int) -> Judgement:
    """Walk the chain here and, for a large journal, judge its bodies in a second process meanwhile (two cores: 1.8 x faster)."""
    connection = _open(path)
    try:
        connection.execute("BEGIN")
        schema = schema_of(connection, JOURNAL, str(path))
        if not schema:
            return Judgement()
        (last,) = connection.execute("SELECT coalesce(max(seq), 0) FROM entries").fetchone()
        if last < second_process_from:
            chain.walk(connection, schema)
            return _judge(path, last, schema)
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as other:
            asked = other.submit(_judge, path, last, schema)
            chain.walk(connection, schema)
            try:
                return asked.result()
            except BrokenProcessPool:  # killed, or none may be started here
                return _judge(path, last, schema)
    finally:
        connection.close()


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite.open_reader(path)
    connection.text_factory = bytes
    return connection


def _judge(path: Path, last: int, schema: int) -> Judgement:
    connection = _open(path)
    try:
        column = "incident" if schema > 1 else "NULL"
        rows = connection.execute(f"SELECT seq, kind, body, {column} FROM entries WHERE seq <= ? ORDER BY seq", (last,))
        judgement = judge(rows, filed=schema > 1)
        (odd,) = connection.execute(_WRONG_TYPES).fetchone()
        if odd is not None:
            judgement.problems.append((odd, "a column holds another type than was written"))
        lines = [text.decode(errors="replace") for (text,) in connection.execute("PRAGMA integrity_check(3)")]
        judgement.damage = [] if lines == ["ok"] else lines
        return judgement
    finally:
        connection.close()


_WRONG_TYPES = (
    "SELECT min(seq) FROM entries WHERE typeof(at_ns) <> 'integer' OR typeof(mono_ns) <> 'integer' OR typeof(boot) <> 'text'"
    " OR typeof(\"by\") <> 'text' OR typeof(kind) <> 'text' OR typeof(hash) <> 'blob' OR typeof(body) = 'blob'"
    " OR typeof(salt) = 'text'"
)


class _Framed(dict[bytes, bytes]):
    """Texts with their length before them, made once: boot, by and kind have few different values."""

    def __missing__(self, text: bytes) -> bytes:
        self[text] = framed = len(text).to_bytes(4, "big") + text
        return framed


class _Chain:
    """One walk over the entries: recomputes every hash and keeps those that heads name."""

    def __init__(self, findings: _Findings, wanted: set[int]) -> None:
        self._findings, self._wanted = findings, wanted
        self.entries, self.last_seq = 0, 0
        self.hashes: dict[int, bytes] = {}

    def walk(self, connection: sqlite3.Connection, schema: int) -> None:
        """Read every entry once. Raises sqlite3.Error where the file is damaged."""
        cursor = connection.execute(
            'SELECT seq, at_ns, boot, mono_ns, "by", kind, body, salt, hash,'
            f" {'digest' if schema > 1 else 'NULL'} FROM entries ORDER BY seq"
        )
        previous = GENESIS
        framed = _Framed()
        while rows := cursor.fetchmany(1000):
            previous = self._links(rows, previous, framed)

    def _links(self, rows: list[tuple[Any, ...]], previous: bytes, framed: _Framed) -> bytes:
        length, thirty_two, expected = _LENGTH, _LENGTH[32], self.last_seq + 1
        for seq, at_ns, boot, mono_ns, by, kind, body, salt, stored, digest in rows:
            if seq != expected:
                gap = "is missing" if seq == expected + 1 else f"and all up to {seq - 1} are missing"
                self._findings.problem(gap, min(expected, seq))
            expected = seq + 1
            try:
                if body is not None:
                    digest = sha256(salt + body).digest()
                a, b, c = b"%d" % seq, b"%d" % at_ns, b"%d" % mono_ns
                parts = (
                    thirty_two, previous, length[len(a)], a, length[len(b)], b, framed[boot],
                    length[len(c)], c, framed[by], framed[kind], thirty_two, digest,
                )  # fmt: skip
                whole = sha256(b"".join(parts)).digest()
            except TypeError:
                whole = b""
            if whole != stored:
                self._findings.problem("does not fit the chain: it was changed, swapped or put in", seq)
            if seq in self._wanted:
                self.hashes[seq] = stored
            previous = stored if isinstance(stored, bytes) else GENESIS
        self.entries += len(rows)
        self.last_seq = expected - 1
        return previous


def _check_heads(findings: _Findings, signed: list[heads.Head], chain: _Chain, keys: dict[str, Any], name: str) -> None:
    proved = 0  # the newest entry that a true head covers
    foreign: dict[str, int] = {}
    for number, head in enumerate(signed):
        public = keys.get(head.key)
        newest = number >= len(signed) - SIGNATURES
        if public is not None and newest and not is_signed(public, head.message(), head.signature):
            findings.problem(f"the head at entry {head.seq} in {name} was changed: its signature is wrong", None)
            continue
        if head.seq > chain.last_seq:
            text = f"the tail is cut: a signed head names entry {head.seq}, the journal ends at {chain.last_seq}"
            findings.problem(text, chain.last_seq + 1)
            break
        if findings.first_bad_seq is not None and findings.first_bad_seq <= head.seq:
            break  # the chain itself has told where it broke
        if chain.hashes.get(head.seq) != head.hash:
            text = f"the chain was built anew: between here and entry {head.seq} it differs from the signed head"
            findings.problem(text, proved + 1)
            break
        if public is None:
            foreign.setdefault(head.key, proved + 1)
        else:
            proved = head.seq
    for key, seq in foreign.items():
        text = f"cannot verify signature: key {key} not here"
        if keys:
            findings.problem(f"{text} (this machine has {', '.join(keys)}); from here on nothing is proved", seq)
        else:
            findings.notes.append(text)
    if not signed and chain.entries > HEAD_EVERY:
        findings.problem(f"{name} is missing or empty: nothing proves that the tail is whole", None)


def _check_files(findings: _Findings, judgement: Judgement, folder: Path) -> None:
    for seq, file, digest in judgement.files:
        try:
            path = clips.locate(folder, file)
            if not path.is_file():
                findings.problem(f"{file} is missing on disk", seq)
            elif clips.sha256_of(path) != digest:
                findings.problem(f"{file} on disk is not the file that was saved", seq)
        except LiandongError as cause:
            findings.problem(f"names no file of this folder: {cause}", seq)
        except OSError as cause:
            findings.problem(f"{file} cannot be read: {cause.strerror}", seq)
