"""The journal keeps what it has acknowledged, refuses in plain words, and stays usable (faults.md D60, D66)."""

from __future__ import annotations

import hashlib
import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from console.errors import BadInput, Unavailable
from console.model.events import FolderStarted, IncidentNoted, IncidentReported
from console.store.check import check
from console.store.heads import read_heads
from console.store.journal import GENESIS, HEAD_EVERY, Journal, body_digest, chain_hash
from tests.fakes import FakeClock
from tests.story import Story


@pytest.fixture(autouse=True)
def _own_keys(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANDONG_KEYS", str(tmp_path_factory.mktemp("keys")))


def _open(folder: Path, **options: bool) -> Journal:
    return Journal.open(folder / "journal.db", FakeClock(), **options)


def _note(text: str = "好", incident: str = "I000001") -> tuple[str, IncidentNoted]:
    return ("wang@seat1", IncidentNoted(incident, text))


def test_entries_come_back_as_they_were_appended(tmp_path: Path) -> None:
    journal = _open(tmp_path)

    written = journal.append([("desk@a", FolderStarted(False, "x")), _note("东街口 \x00 'quote'")])

    assert [entry.seq for entry in written] == [1, 2]
    assert journal.read() == written
    assert journal.read(since=1) == written[1:]
    assert journal.read_incident("I000001") == written[1:]
    assert journal.head() == (2, written[1].hash)
    journal.close()


def test_the_hash_is_the_documented_one(tmp_path: Path) -> None:
    journal = _open(tmp_path)
    (entry,) = journal.append([_note()])
    journal.close()

    def lp(part: bytes) -> bytes:
        return len(part).to_bytes(4, "big") + part

    digest = hashlib.sha256(entry.salt + entry.body.encode()).digest()
    fields = (bytes(32), b"1", b"1790000000000000000", b"testboot", b"1000000000", b"wang@seat1", b"IncidentNoted", digest)
    assert entry.hash == hashlib.sha256(b"".join(lp(field) for field in fields)).digest()
    assert digest == body_digest(entry.salt, entry.body.encode())
    link = (1, entry.at_ns, entry.boot, entry.mono_ns, entry.by, entry.kind, digest)
    assert chain_hash(GENESIS, *link) == entry.hash


def test_same_bodies_get_different_salts_and_digests(tmp_path: Path) -> None:
    journal = _open(tmp_path)
    journal.append([_note(), _note()])

    first, second = journal.links(1, 2)
    journal.close()

    assert first.digest != second.digest


def test_a_reader_sees_what_a_running_writer_has_committed_and_cannot_write(tmp_path: Path) -> None:
    writer = _open(tmp_path)
    reader = _open(tmp_path, read_only=True)
    writer.append([_note("1")])

    assert len(reader.read()) == 1
    writer.append([_note("2")])
    assert len(reader.read()) == 2
    assert reader.head() == writer.head()
    with pytest.raises(Unavailable, match="read-only"):
        reader.append([_note("3")])
    reader.close()
    writer.close()


def test_a_reader_beside_an_empty_file_waits_for_the_first_entry(tmp_path: Path) -> None:
    (tmp_path / "journal.db").touch()
    reader = _open(tmp_path, read_only=True)
    assert reader.read() == ()
    assert reader.head() == (0, GENESIS)

    writer = _open(tmp_path)
    writer.append([_note()])

    assert len(reader.read()) == 1
    reader.close()
    writer.close()


def test_a_purged_body_is_gone_from_the_disk_and_the_chain_still_proves(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.begin()
    incident = story.report(1)
    story.journal.append([_note("secret-of-a-citizen", incident)])
    seq = story.journal.head()[0]
    story.journal.append([_note("other", incident)])

    assert story.journal.purge(seq)
    assert not story.journal.purge(seq)
    (entry,) = story.journal.read(seq - 1, 1)
    story.close()

    assert (entry.body, entry.salt) == (None, None)
    assert check(tmp_path)["ok"]
    assert check(tmp_path)["notes"] == ["1 bodies are purged; the chain proves without them"]
    for file in tmp_path.iterdir():
        assert b"secret-of-a-citizen" not in file.read_bytes()


def test_heads_are_signed_at_the_first_entry_every_hundred_and_at_close(tmp_path: Path) -> None:
    journal = _open(tmp_path)
    for _ in range(HEAD_EVERY + 50):
        journal.append([_note()])
    journal.close()

    found, damaged = read_heads(tmp_path / "journal.head")

    assert [head.seq for head in found] == [1, 1 + HEAD_EVERY, HEAD_EVERY + 50]
    assert damaged == []


def test_sign_head_says_whether_there_was_anything_new(tmp_path: Path) -> None:
    journal = _open(tmp_path)
    journal.append([_note()])
    assert not journal.sign_head()
    journal.append([_note()])
    assert journal.sign_head()
    assert not journal.sign_head()
    journal.close()


def test_facts_are_kept_also_when_the_head_cannot_be_signed(tmp_path: Path, monkeypatch, expect_log) -> None:
    expect_log("heads are not signed")
    (tmp_path / "blocked").write_text("a file where the keys folder should be")
    monkeypatch.setenv("LIANDONG_KEYS", str(tmp_path / "blocked" / "keys"))
    journal = _open(tmp_path)

    journal.append([_note()])

    assert journal.head()[0] == 1
    journal.close()


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"PK\x03\x04 certainly a zip file, not a database" * 40, "not a database"), (b"x", "not a database")],
)
def test_a_file_that_is_no_database_is_refused_in_plain_words(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "journal.db").write_bytes(content)
    with pytest.raises(BadInput, match=words):
        _open(tmp_path)
    with pytest.raises(BadInput, match=words):
        _open(tmp_path, read_only=True)
    assert (tmp_path / "journal.db").read_bytes() == content


def test_another_programs_database_is_not_touched(tmp_path: Path) -> None:
    foreign = sqlite3.connect(tmp_path / "journal.db")
    foreign.execute("CREATE TABLE entries (a)")
    foreign.close()
    with pytest.raises(BadInput, match="not a journal of liandong"):
        _open(tmp_path)


def test_a_newer_programs_journal_is_not_touched(tmp_path: Path) -> None:
    _open(tmp_path).close()
    with sqlite3.connect(tmp_path / "journal.db") as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(BadInput, match="newer program"):
        _open(tmp_path)


def test_no_journal_to_read_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no journal\.db here"):
        _open(tmp_path, read_only=True)


def test_a_missing_folder_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot open"):
        _open(tmp_path / "nowhere")


def test_a_lost_journal_beside_its_signed_heads_is_not_begun_anew(tmp_path: Path) -> None:
    journal = _open(tmp_path)
    journal.append([_note()])
    journal.close()
    (tmp_path / "journal.db").unlink()
    with pytest.raises(BadInput, match="tail is gone"):
        _open(tmp_path)


def test_a_locked_journal_is_unavailable_and_usable_afterwards(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("console.store.sqlite.BUSY_MS", 50)
    journal = _open(tmp_path)
    journal.append([_note()])
    other = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(Unavailable, match="another program"):
        journal.append([_note()])
    other.execute("ROLLBACK")
    other.close()

    (entry,) = journal.append([_note()])
    assert entry.seq == 2
    journal.close()
    assert [problem for problem in check(tmp_path)["problems"] if "unknown incident" not in problem] == []


def test_a_lone_surrogate_is_bad_input_and_nothing_is_written(tmp_path: Path) -> None:
    journal = _open(tmp_path)
    with pytest.raises(BadInput, match="Unicode"):
        journal.append([_note("good"), _note("\ud800")])
    report = IncidentReported("I1", "110", "1", 1, "t", "k", None, float("nan"), 1.0, "given")
    with pytest.raises(ValueError, match="Out of range float"):
        journal.append([_note("good"), ("a@b", report)])
    assert journal.head() == (0, GENESIS)
    journal.close()


def test_appending_nothing_writes_nothing(tmp_path: Path) -> None:
    journal = _open(tmp_path)
    assert journal.append([]) == ()
    assert journal.head() == (0, GENESIS)
    journal.close()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX file size limit")
def test_a_full_disk_is_unavailable_nothing_half_written_and_usable_afterwards(tmp_path: Path) -> None:
    """faults.md D60: the file size limit stands for the full disk."""
    story = Story(tmp_path)
    story.begin()
    incident = story.report(1)
    before = story.journal.head()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((tmp_path / "journal.db-wal").stat().st_size + 4096, hard))
    try:
        with pytest.raises(Unavailable, match="full"):
            story.journal.append([_note("x" * 200_000, incident), _note("y", incident)])
        assert story.journal.head() == before
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    (entry,) = story.journal.append([_note("after", incident)])

    assert entry.seq == before[0] + 1
    story.close()
    assert check(tmp_path)["ok"]


_WRITER = """
import sys
from pathlib import Path
from console.clock import SystemClock
from console.model.events import IncidentNoted
from console.store.journal import Journal
journal = Journal.open(Path(sys.argv[1]) / "journal.db", SystemClock())
number = 0
while True:
    entries = journal.append([("a@b", IncidentNoted("I000001", "x" * 3000))] * (1 + number % 3))
    number += 1
    sys.stdout.write(f"{entries[-1].seq}\\n")
    sys.stdout.flush()
"""


@pytest.mark.slow
def test_what_a_killed_writer_acknowledged_is_there_and_check_accuses_nobody(tmp_path: Path) -> None:
    """faults.md D60: kill -9 at twelve random moments of one journal's life."""
    story = Story(tmp_path)
    story.begin()
    story.report(1)
    story.close()
    chance = random.Random(7)
    for _ in range(12):
        writer = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": os.getcwd()}
        )
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(chance.random() * 0.12)
        writer.kill()
        acknowledged = max((int(line) for line in writer.stdout.read().split(b"\n")[:-1]), default=0)
        writer.wait()
        writer.stdout.close()

        proof = check(tmp_path)

        assert proof["ok"], proof
        assert proof["entries"] >= acknowledged


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX file size limit")
def test_a_journal_at_rest_can_be_read_where_nothing_can_be_written(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.begin()
    story.close()
    for left in ("journal.db-shm", "journal.db-wal"):
        (tmp_path / left).unlink(missing_ok=True)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        reader = _open(tmp_path, read_only=True)
        assert len(reader.read()) == 3
        reader.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
