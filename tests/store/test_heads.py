"""The head file only ever holds whole lines, whatever tore it."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.errors import Unavailable
from console.store.heads import Head, append_head, read_head, read_heads, signed
from console.store.seal import Seal


@pytest.fixture
def seal(tmp_path: Path) -> Seal:
    return Seal(tmp_path / "keys")


def test_heads_come_back_as_they_were_written(tmp_path: Path, seal: Seal) -> None:
    path, written = tmp_path / "journal.head", [signed(seq, bytes([seq]) * 32, 7, seal) for seq in (1, 2)]
    for head in written:
        append_head(path, head, durable=True)
    assert read_heads(path) == (written, [])
    assert read_heads(tmp_path / "none") == ([], [])


@pytest.mark.parametrize("torn", [b"{", b'{"seq": 2, "ha', b"\0" * 100])
def test_a_torn_last_line_is_nothing_and_is_cut_off_at_the_next(tmp_path: Path, seal: Seal, torn: bytes) -> None:
    path, first, second = tmp_path / "journal.head", signed(1, bytes(32), 7, seal), signed(2, bytes(32), 8, seal)
    append_head(path, first, durable=False)
    with path.open("ab") as file:
        file.write(torn)
    assert read_heads(path) == ([first], [])
    append_head(path, second, durable=False)
    assert read_heads(path) == ([first, second], [])


@pytest.mark.parametrize("line", [b"", b"[]", b"{}", b"\xff", b"null", b'{"seq": "1"}'])
def test_what_is_no_head_is_none(line: bytes) -> None:
    assert read_head(line) is None


def test_only_the_written_form_is_a_head(seal: Seal) -> None:
    line = signed(1, bytes(32), 7, seal).line().rstrip(b"\n")
    assert isinstance(read_head(line), Head)
    assert read_head(line.replace(b", ", b",")) is None
    assert read_head(line.replace(b'"seq": 1', b'"seq": true')) is None


def test_a_place_that_cannot_be_written_is_unavailable(tmp_path: Path, seal: Seal) -> None:
    with pytest.raises(Unavailable, match="cannot write"):
        append_head(tmp_path / "nowhere" / "journal.head", signed(1, bytes(32), 7, seal), durable=True)
