"""Recordings: the index, what a kill left, and the law of keeping on the day before, the day and the day after."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.store import recordings
from console.store.recordings import Hold, Recorded

DAY = 86_400_000_000_000
NOW = 1_790_000_000_000_000_000


def _one(age_days: float, camera: str = "C-1", size: int = 1000) -> Recorded:
    end_ns = NOW - int(age_days * DAY)
    return Recorded(camera, f"{end_ns}.mkv", end_ns - 300_000_000_000, end_ns, size, "ab")


def _judge(recorded: list[Recorded], holds: tuple[Hold, ...] = (), most: int = 0, free: int = 1 << 40) -> recordings.Verdict:
    return recordings.judge(recorded, holds, NOW, 30, most, free, 1 << 30)


@pytest.mark.parametrize(("age_days", "goes"), [(29, False), (29.99, False), (30.01, True), (31, True)])
def test_thirty_days_are_kept_and_what_has_served_goes(age_days: float, goes: bool) -> None:
    """law.md, article 17: 29, 30 and 31 days."""
    assert bool(_judge([_one(age_days)]).delete) == goes


def test_what_is_held_for_an_incident_stays_beyond_its_time() -> None:
    old, other = _one(60), _one(60, "C-2")
    held = Hold(frozenset({"C-1"}), old.begin_ns, old.end_ns)

    assert _judge([old, other], (held,)).delete == (other,)
    assert _judge([old], (Hold(frozenset({"C-1"}), old.end_ns + 1),)).delete == (old,)


def test_a_full_disk_stops_recording_and_deletes_nothing_young() -> None:
    """faults.md V63: rather a red light than a gap in what the law asks for."""
    young = [_one(age) for age in (1, 10, 29)]

    assert _judge(young, free=1000) == recordings.Verdict((), may_record=False)
    assert _judge(young, most=2500) == recordings.Verdict((), may_record=False)
    assert _judge([*young, _one(40)], most=3500).may_record


def test_the_index_survives_a_torn_line_and_names_what_is_missing(tmp_path: Path) -> None:
    folder = recordings.folder_of(tmp_path, "C-1")
    folder.mkdir(parents=True)
    kept, gone = _one(1), _one(2)
    for one in (gone, kept):
        (folder / one.file).write_bytes(b"x")
        recordings.append(tmp_path, one)
    with (folder / recordings.INDEX).open("a") as index:
        index.write('{"camera": "C-1", "fi')
    (folder / "20260921T130640.123Z.mkv").write_bytes(b"x")

    assert recordings.read(tmp_path) == [gone, kept]
    assert [file.name for file in recordings.strays(tmp_path)] == ["20260921T130640.123Z.mkv"]
    assert recordings.begin_of(recordings.strays(tmp_path)[0]) % 1_000_000_000 == 123_000_000

    assert recordings.delete(tmp_path, [gone]) == 1
    assert recordings.read(tmp_path) == [kept] and not (folder / gone.file).exists()


def test_two_cameras_whose_safe_names_are_equal_have_two_folders(tmp_path: Path) -> None:
    assert recordings.folder_of(tmp_path, "a:b") != recordings.folder_of(tmp_path, "a_b")
    assert recordings.folder_of(tmp_path, "../x").parent == tmp_path / "recordings"
