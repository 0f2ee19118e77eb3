"""Old files are brought up to date in numbered steps; a killed or failed step leaves the last whole schema."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from console.errors import BadInput, Unavailable
from console.model.events import IncidentNoted
from console.store.check import check
from console.store.journal import Journal
from console.store.upgrade import JOURNAL, Schema, upgrade
from tests.fakes import FakeClock

_OLD = Path(__file__).parent.parent / "data" / "journal_schema_1.sql"


@pytest.fixture(autouse=True)
def _own_keys(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANDONG_KEYS", str(tmp_path_factory.mktemp("keys")))


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A data folder with a journal of schema 1."""
    database = sqlite3.connect(tmp_path / "journal.db")
    database.executescript(_OLD.read_text(encoding="utf-8"))
    database.close()
    return tmp_path


def _schema(folder: Path) -> int:
    database = sqlite3.connect(folder / "journal.db")
    (number,) = database.execute("PRAGMA user_version").fetchone()
    database.close()
    return int(number)


def test_an_old_journal_can_be_read_and_proved_without_being_changed(old: Path) -> None:
    reader = Journal.open(old / "journal.db", FakeClock(), read_only=True)
    entries = reader.read()
    assert len(list(reader.links(1, len(entries)))) == len(entries)
    with pytest.raises(Unavailable, match="old schema"):
        reader.read_incident("I000001")
    reader.close()

    assert check(old)["ok"]
    assert _schema(old) == 1


def test_opening_an_old_journal_to_write_upgrades_it_and_changes_no_fact(old: Path) -> None:
    reader = Journal.open(old / "journal.db", FakeClock(), read_only=True)
    before = reader.read()
    reader.close()

    journal = Journal.open(old / "journal.db", FakeClock())
    assert journal.read() == before
    of_first = journal.read_incident("I000001")
    journal.append([("wang@seat1", IncidentNoted("I000001", "after the upgrade"))])
    assert len(journal.read_incident("I000001")) == len(of_first) + 1
    journal.close()

    assert _schema(old) == JOURNAL.newest
    assert {"IncidentReported", "OrderIssued", "ReceiptRecorded"} <= {entry.kind for entry in of_first}
    assert check(old)["ok"]


def test_a_step_that_fails_leaves_the_schema_before_it() -> None:
    broken = Schema(JOURNAL.noun, JOURNAL.application_id, (*JOURNAL.steps, ("CREATE TABLE extra (a)", "NOT SQL")))
    database = sqlite3.connect(":memory:", isolation_level=None)

    with pytest.raises(sqlite3.OperationalError):
        upgrade(database, broken, "here")

    assert database.execute("PRAGMA user_version").fetchone() == (JOURNAL.newest,)
    assert database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'extra'").fetchone() == (0,)
    assert upgrade(database, JOURNAL, "here") == JOURNAL.newest
    database.close()


def test_a_database_of_another_program_is_refused() -> None:
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.execute("CREATE TABLE photos (a)")
    with pytest.raises(BadInput, match="not a journal"):
        upgrade(database, JOURNAL, "here")
    database.close()
