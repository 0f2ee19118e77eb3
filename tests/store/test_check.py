"""`check` names the entry of every kind of damage and accuses no honest journal (faults.md D59, D64)."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from console.errors import BadInput
from console.model.events import (
    FolderStarted,
    IncidentClosed,
    IncidentGraded,
    IncidentNoted,
    IncidentReported,
    OrderIssued,
    ReceiptRecorded,
    StillSaved,
)
from console.store import clips
from console.store.check import check
from console.store.heads import signed
from console.store.journal import HEAD_EVERY, Journal, body_digest, chain_hash
from console.store.seal import PRIVATE, Seal
from tests.fakes import FakeClock
from tests.story import Story


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`data`: a muddled day of some hundreds of entries, closed in good order; `keys`: what its heads were signed with."""
    folder = tmp_path_factory.mktemp("day")
    (folder / "data").mkdir()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LIANDONG_KEYS", str(folder / "keys"))
        story = Story(folder / "data")
        story.begin()
        list(story.muddle(seed=3, steps=400))
        story.close()
    assert story.state.last_seq > 3 * HEAD_EVERY
    return folder


@pytest.fixture(autouse=True)
def keys(tmp_path: Path, day: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(day / "keys", tmp_path / "keys")
    monkeypatch.setenv("LIANDONG_KEYS", str(tmp_path / "keys"))
    return tmp_path / "keys"


@pytest.fixture
def folder(tmp_path: Path, day: Path) -> Path:
    """A copy of that day's data folder."""
    shutil.copytree(day / "data", tmp_path / "data")
    return tmp_path / "data"


def _edit(folder: Path, *statements: str) -> None:
    edited = sqlite3.connect(folder / "journal.db")
    for statement in statements:
        edited.execute(statement)
    edited.commit()
    edited.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    edited.close()


def _rebuild(folder: Path, first: int, body: Callable[[str], str]) -> None:
    """Change the body of entry `first` and compute every hash from there on anew, as one who knows the format could."""
    edited = sqlite3.connect(folder / "journal.db")
    columns = 'seq, at_ns, boot, mono_ns, "by", kind, body, salt, hash'
    rows = edited.execute(f"SELECT {columns} FROM entries WHERE seq >= ? ORDER BY seq", (first - 1,)).fetchall()
    previous = rows[0][8]
    for seq, at_ns, boot, mono_ns, by, kind, old, salt, _ in rows[1:]:
        new = body(old) if seq == first else old
        previous = chain_hash(previous, seq, at_ns, boot, mono_ns, by, kind, body_digest(salt, new.encode()))
        edited.execute("UPDATE entries SET body = ?, hash = ? WHERE seq = ?", (new, previous, seq))
    edited.commit()
    edited.close()


def test_an_honest_journal_is_proved(folder: Path) -> None:
    proof = check(folder)
    assert proof == {"ok": True, "entries": proof["entries"], "first_bad_seq": None, "problems": [], "notes": []}


@pytest.mark.parametrize("seed", range(6))
def test_no_honest_story_is_accused(tmp_path: Path, seed: int) -> None:
    story = Story(tmp_path)
    story.begin(exercise=True)
    list(story.muddle(seed, steps=150))
    assert check(tmp_path)["ok"]  # beside the running writer
    story.close()


_CHANGES = {
    "body": "UPDATE entries SET body = replace(body, '1', '2') WHERE seq = 150",
    "one byte of a body": "UPDATE entries SET body = substr(body, 1, 5) || 'X' || substr(body, 7) WHERE seq = 150",
    "by": "UPDATE entries SET \"by\" = 'li@seat1' WHERE seq = 150",
    "kind": "UPDATE entries SET kind = 'OrderSent' WHERE seq = 150",
    "time": "UPDATE entries SET at_ns = at_ns + 1 WHERE seq = 150",
    "time as a broken number": "UPDATE entries SET at_ns = 'noon' WHERE seq = 150",
    "clock": "UPDATE entries SET mono_ns = mono_ns - 1 WHERE seq = 150",
    "boot": "UPDATE entries SET boot = 'other' WHERE seq = 150",
    "salt": "UPDATE entries SET salt = x'00' WHERE seq = 150",
    "hash": "UPDATE entries SET hash = zeroblob(32) WHERE seq = 150",
    "body taken out without proof": "UPDATE entries SET body = NULL, salt = NULL WHERE seq = 150",
    "row removed": "DELETE FROM entries WHERE seq = 150",
    "row put in place of another": "UPDATE entries SET body = (SELECT body FROM entries WHERE seq = 9) WHERE seq = 150",
    "body no text": "UPDATE entries SET body = CAST(body AS BLOB) WHERE seq = 150",
    "body no unicode": "UPDATE entries SET body = CAST(x'ff7b7d' AS TEXT) WHERE seq = 150",
    "filed elsewhere": "UPDATE entries SET incident = 'I999999' WHERE seq = 150",
    "hidden from its incident": "UPDATE entries SET incident = NULL WHERE seq = 150",
}


@pytest.mark.parametrize("change", _CHANGES.values(), ids=_CHANGES.keys())
def test_each_change_is_located(folder: Path, change: str) -> None:
    assert sqlite3.connect(folder / "journal.db").execute("SELECT incident FROM entries WHERE seq = 150").fetchone()[0]
    _edit(folder, change)
    proof = check(folder)
    assert not proof["ok"]
    assert proof["first_bad_seq"] == 150, proof


def test_two_swapped_rows_are_located(folder: Path) -> None:
    _edit(
        folder,
        "UPDATE entries SET seq = -1 WHERE seq = 150",
        "UPDATE entries SET seq = 150 WHERE seq = 160",
        "UPDATE entries SET seq = 160 WHERE seq = -1",
    )
    assert check(folder)["first_bad_seq"] == 150


def test_a_first_row_removed_is_located(folder: Path) -> None:
    _edit(folder, "DELETE FROM entries WHERE seq = 1")
    assert check(folder)["first_bad_seq"] == 1


def test_a_cut_tail_is_located(folder: Path) -> None:
    entries = check(folder)["entries"]
    _edit(folder, f"DELETE FROM entries WHERE seq > {entries - 7}")

    proof = check(folder)

    assert proof["first_bad_seq"] == entries - 6
    assert any("tail is cut" in problem for problem in proof["problems"])


def test_all_rows_deleted_is_a_cut_tail(folder: Path) -> None:
    _edit(folder, "DELETE FROM entries")
    assert check(folder)["first_bad_seq"] == 1


def test_a_rebuilt_chain_is_located_to_within_two_heads(folder: Path) -> None:
    _rebuild(folder, 150, lambda body: "{ " + body[1:])

    proof = check(folder)

    assert not proof["ok"]
    assert 150 - HEAD_EVERY <= proof["first_bad_seq"] <= 150
    assert "built anew" in proof["problems"][0]


def test_a_chain_rebuilt_and_signed_with_another_key_is_located(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    _rebuild(folder, 150, lambda body: "{ " + body[1:])
    other = Seal(tmp_path_factory.mktemp("other"))
    lines = (folder / "journal.head").read_bytes().splitlines(keepends=True)
    rows = dict(sqlite3.connect(folder / "journal.db").execute("SELECT seq, hash FROM entries"))
    anew = [signed(seq, rows[seq], 5, other).line() for seq in (201, 301, max(rows))]
    (folder / "journal.head").write_bytes(b"".join(lines[:2] + anew))

    proof = check(folder)

    assert not proof["ok"]
    assert 102 <= proof["first_bad_seq"] <= 150
    assert f"key {other.key} not here" in proof["problems"][0]


def test_on_a_machine_without_keys_signatures_are_said_to_be_unproved_not_bad(folder: Path, tmp_path: Path) -> None:
    proof = check(folder, keys=tmp_path / "no-keys")
    assert proof["ok"]
    assert proof["notes"][0].startswith("cannot verify signature: key ")
    assert proof["notes"][0].endswith(" not here")


def test_heads_signed_before_a_change_of_keys_still_prove(folder: Path, keys: Path) -> None:
    """faults.md D64."""
    (keys / PRIVATE).unlink()
    journal = Journal.open(folder / "journal.db", FakeClock())
    journal.append([("wang@seat1", IncidentNoted("I000001", "with the new key"))])
    journal.close()

    assert len(list(keys.glob("*.pub.pem"))) == 2
    assert check(folder)["ok"]


@pytest.mark.parametrize("flipped", [2, 40, -3])
def test_a_changed_head_file_is_found(folder: Path, flipped: int) -> None:
    content = bytearray((folder / "journal.head").read_bytes())
    content[flipped] ^= 1
    (folder / "journal.head").write_bytes(content)
    proof = check(folder)
    assert not proof["ok"]
    assert "journal.head" in proof["problems"][0]


def test_a_missing_head_file_is_found(folder: Path) -> None:
    (folder / "journal.head").unlink()
    assert "nothing proves" in check(folder)["problems"][0]


def test_a_lagging_head_a_torn_line_and_an_unfolded_log_are_marks_of_a_kill_only(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    story = Story(tmp_path / "a")
    story.begin()
    list(story.muddle(seed=1, steps=60))
    shutil.copytree(tmp_path / "a", tmp_path / "b")  # what a kill leaves: the log beside the file, no last head
    with (tmp_path / "b" / "journal.head").open("ab") as file:
        file.write(b'{"seq": 61, "ha')
    story.close()

    assert (tmp_path / "b" / "journal.db-wal").stat().st_size
    assert check(tmp_path / "b")["ok"]
    revived = Story(tmp_path / "b")
    revived.report(999)
    revived.close()
    assert check(tmp_path / "b")["ok"]


def _written(folder: Path, *events: object) -> dict[str, object]:
    journal = Journal.open(folder / "journal.db", FakeClock())
    journal.append([("desk@a", event) for event in events])
    journal.close()
    return check(folder)


_START = (FolderStarted(False, "x"), IncidentReported("I000001", "110", "1", 1, "t", "k", None, None, None, "unknown"))
_ORDER = OrderIssued("I000001-O01", 1, "I000001", "U-1", None, "order", "go", None, None, 1, 2)


def _receipt(**changes: object) -> ReceiptRecorded:
    fields = {"order": "I000001-O01", "version": 1, "incident": "I000001", "unit": "U-1", "state": "shown", "reason": None}
    return ReceiptRecorded(**{**fields, "receipt": "q1", "terminal_at_ms": 1, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ((_receipt(),), "unknown order I000001-O01"),
        ((_ORDER, _receipt(unit="U-2")), "another incident or unit"),
        ((_ORDER, _receipt(version=2)), "version 2"),
        ((_ORDER, _receipt(state="flown")), "no state of an order"),
        ((_ORDER, _receipt(), _receipt()), "second time"),
        ((_ORDER, _ORDER), "issued a second time"),
        ((IncidentGraded("I000009", "red"),), "unknown incident I000009"),
        ((IncidentClosed("I000001", "done"), IncidentGraded("I000001", "red")), "closed incident"),
        ((_START[1],), "reported a second time"),
        ((_START[0],), "started a second time"),
    ],
)
def test_an_impossible_life_cycle_is_located(tmp_path: Path, events: tuple[object, ...], words: str) -> None:
    proof = _written(tmp_path, *_START, *events)
    assert proof["first_bad_seq"] == 2 + len(events)
    assert words in proof["problems"][0]


@pytest.mark.parametrize("harm", ["missing", "changed", "outside"])
def test_a_still_that_is_not_what_was_saved_is_located(tmp_path: Path, harm: str) -> None:
    story = Story(tmp_path)
    story.begin()
    saved = clips.save(tmp_path, "stills", "a.jpg", b"picture")
    file = "../secret" if harm == "outside" else saved.file
    story.journal.append([("wang@seat1", StillSaved("C-1", file, saved.sha256))])
    story.close()
    assert check(tmp_path)["ok"] == (harm != "outside")
    if harm == "missing":
        (tmp_path / saved.file).unlink()
    elif harm == "changed":
        (tmp_path / saved.file).write_bytes(b"pictura")

    assert check(tmp_path)["first_bad_seq"] == 4


def test_no_journal_is_bad_input_and_an_empty_one_is_proved(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no journal\.db here"):
        check(tmp_path)
    (tmp_path / "journal.db").touch()
    assert check(tmp_path) == {"ok": True, "entries": 0, "first_bad_seq": None, "problems": [], "notes": []}


@pytest.mark.parametrize("left", [0, 1, 700, 5000, 20480])
def test_a_truncated_database_is_not_ok(folder: Path, left: int) -> None:
    path = folder / "journal.db"
    path.write_bytes(path.read_bytes()[:left])
    proof = check(folder)
    assert not proof["ok"]
    assert proof["first_bad_seq"] is not None or "not a database" in proof["problems"][0]


def test_a_file_that_is_no_database_is_not_ok(folder: Path) -> None:
    (folder / "journal.db").write_bytes(b"\x89PNG certainly not a database" * 500)
    proof = check(folder)
    assert not proof["ok"]
    assert "not a database" in proof["problems"][0]


def test_pages_overwritten_inside_the_database_are_not_ok(folder: Path) -> None:
    path = folder / "journal.db"
    content = bytearray(path.read_bytes())
    content[8192 : 8192 + 3000] = b"\xa5" * 3000
    path.write_bytes(content)
    assert not check(folder)["ok"]


def test_a_second_process_finds_the_same(folder: Path) -> None:
    alone = check(folder)
    assert check(folder, second_process_from=1) == alone
    _edit(folder, "UPDATE entries SET incident = 'I999999' WHERE seq = 150", "UPDATE entries SET boot = 'x' WHERE seq = 200")
    assert check(folder, second_process_from=1) == check(folder)
    assert check(folder)["first_bad_seq"] == 150


def test_a_truncated_database_is_not_ok_in_a_second_process_either(folder: Path) -> None:
    path = folder / "journal.db"
    path.write_bytes(path.read_bytes()[:20480])
    assert not check(folder, second_process_from=1)["ok"]
