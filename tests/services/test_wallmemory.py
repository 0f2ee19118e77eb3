"""What a seat keeps of its walls: written whole, the newest wins, and what cannot be read costs nothing but itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from console.model.layout import plain
from console.services.wallmemory import WallMemory


def test_the_newest_of_many_writings_stays(tmp_path: Path) -> None:
    memory = WallMemory(tmp_path, "01")
    for number in range(200):
        memory.keep_windows({"windows": [number]})
    memory.keep_layouts([plain("a", 2, 2)])
    memory.close()

    assert memory.windows() == WallMemory(tmp_path, "01").windows() == {"windows": [199]}
    assert memory.layouts() == (plain("a", 2, 2),)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["layouts-01.toml", "walls-01.json"]


def test_seats_have_files_of_their_own_whatever_they_are_called(tmp_path: Path) -> None:
    names = {WallMemory(tmp_path, seat).windows_file for seat in ("01", "../01", "东 1", "", ".", "a/b")}

    assert len(names) == 6
    assert {file.parent for file in names} == {tmp_path}


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '"x"', "\x00"])
def test_a_file_that_is_none_is_as_if_it_were_not_there(tmp_path: Path, text: str, expect_log: Callable[[str], None]) -> None:
    memory = WallMemory(tmp_path, "01")
    memory.windows_file.write_text(text, encoding="utf-8")
    if text in ("", "{", "\x00"):
        expect_log("not brought back")

    assert memory.windows() == {}


def test_a_folder_that_cannot_be_written_is_said_and_the_wall_goes_on(tmp_path: Path, expect_log: Callable[[str], None]) -> None:
    expect_log("not kept")
    memory = WallMemory(tmp_path / "gone", "01")

    memory.keep_windows({})
    memory.close()
