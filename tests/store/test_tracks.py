"""Positions on disk: kept once, in order whatever the order of arrival, back with their age."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.errors import Unavailable
from console.model.unit import Fix
from console.store.tracks import Tracks

SECOND = 1_000_000_000


def fix(unit: str, seconds: int, lon: float = 104.0) -> Fix:
    return Fix(unit, lon, 30.0, seconds * SECOND, (seconds + 1) * SECOND, 5.0, None, 90.0, "terminal")


@pytest.fixture
def tracks(tmp_path: Path) -> Iterator[Tracks]:
    made = Tracks(tmp_path)
    yield made
    made.close()


def test_the_last_fix_of_each_unit_comes_back_whole_after_a_restart(tmp_path: Path, tracks: Tracks) -> None:
    assert tracks.append([fix("A", 10), fix("B", 5), fix("A", 12)]) == 3
    tracks.close()
    again = Tracks(tmp_path)
    assert again.last_fixes() == {"A": fix("A", 12), "B": fix("B", 5)}
    assert again.last_fixes()["A"].age_s(20 * SECOND) == 8
    again.close()


def test_duplicates_count_once_and_late_ones_find_their_place(tracks: Tracks) -> None:
    tracks.append([fix("A", 10), fix("A", 12)])
    assert tracks.append([fix("A", 12), fix("A", 11), fix("A", 11)]) == 1
    assert [one.at_ns // SECOND for one in tracks.between("A", 0, 100 * SECOND)] == [10, 11, 12]
    assert tracks.last_fixes()["A"].at_ns == 12 * SECOND


def test_between_holds_both_ends(tracks: Tracks) -> None:
    tracks.append([fix("A", at) for at in range(5)] + [fix("B", 2)])
    assert [one.at_ns // SECOND for one in tracks.between("A", SECOND, 3 * SECOND)] == [1, 2, 3]
    assert tracks.between("NOBODY", 0, SECOND) == []


def test_nonsense_is_dropped_and_the_rest_of_the_batch_kept(tracks: Tracks) -> None:
    broken = dataclasses.replace(fix("A", 1), lon=math.nan)
    late = dataclasses.replace(fix("A", 1), at_ns=2**63)
    assert tracks.append([broken, late, fix("B", 1)]) == 1
    assert set(tracks.last_fixes()) == {"B"}


def test_a_purge_keeps_each_units_last_fix(tracks: Tracks) -> None:
    tracks.append([fix("A", 1), fix("A", 2), fix("B", 50)])
    assert tracks.purge(40 * SECOND) == 1
    assert tracks.last_fixes() == {"A": fix("A", 2), "B": fix("B", 50)}


def test_a_reader_beside_the_writer_sees_and_writes_nothing(tmp_path: Path, tracks: Tracks) -> None:
    tracks.append([fix("A", 1)])
    reader = Tracks(tmp_path, read_only=True)
    assert reader.last_fixes() == {"A": fix("A", 1)}
    with pytest.raises(Unavailable):
        reader.append([fix("A", 2)])
    reader.close()


def test_read_only_without_a_file_has_no_fixes_and_makes_none(tmp_path: Path) -> None:
    reader = Tracks(tmp_path, read_only=True)
    assert (reader.last_fixes(), reader.between("A", 0, 1), reader.purge(1)) == ({}, [], 0)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "tracks.db").write_bytes(b"SQLite format 3\x00" + os.urandom(8192))
    with pytest.raises(Unavailable, match=r"tracks\.db"):
        Tracks(tmp_path)
