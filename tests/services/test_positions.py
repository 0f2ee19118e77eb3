"""Positions in the desk: newest wins, late ones are kept but not shown, and they come back with their true age."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from console.model.unit import Fix
from console.services.positions import Positions
from console.store.tracks import Tracks
from tests.fakes import FakeClock

S = 1_000_000_000


def fix(clock: FakeClock, age_s: float = 0.0, lon: float = 104.8) -> Fix:
    return Fix("P1", lon, 30.4, clock.now_ns() - int(age_s * S), clock.now_ns())


@pytest.fixture
def folder(data_folder: Path) -> Path:
    data_folder.mkdir(exist_ok=True)
    return data_folder


def test_the_newest_fix_wins_and_a_late_one_is_only_kept(folder: Path) -> None:
    """faults.md D21, D28."""
    clock = FakeClock()
    positions = Positions(Tracks(folder), clock, lambda fixes: None)
    positions.start()

    taken = positions.offer(fix(clock, 1.0))
    late = positions.offer(fix(clock, 5.0))
    newest = positions.newest()["P1"]
    positions.stop()
    tracks = Tracks(folder)
    kept = tracks.between("P1", 0, clock.now_ns())
    tracks.close()

    assert (taken, late) == (None, "out_of_order")
    assert newest.age_s(clock.now_ns()) == pytest.approx(1.0)
    assert len(kept) == 2


@pytest.mark.parametrize(
    ("age_s", "lon", "why"), [(-3600.0, 104.8, "future"), (0.0, float("nan"), "position"), (0.0, 999.0, "position")]
)
def test_a_fix_nobody_can_believe_is_counted(folder: Path, age_s: float, lon: float, why: str) -> None:
    """faults.md D22, D23."""
    clock = FakeClock()
    positions = Positions(Tracks(folder), clock, lambda fixes: None)
    positions.start()

    said = positions.offer(fix(clock, age_s, lon))
    positions.stop()

    assert (said, positions.counts.dropped, positions.newest()) == (why, {why: 1}, {})


def test_listeners_hear_only_what_is_fresh_and_a_restart_remembers(folder: Path) -> None:
    clock, heard, come = FakeClock(), [], threading.Event()

    def listen(fixes: list[Fix]) -> None:
        heard.extend(fixes)
        come.set()

    positions = Positions(Tracks(folder), clock, listen)
    positions.start()
    positions.offer(fix(clock))
    assert come.wait(5)
    positions.stop()

    clock.advance(60)
    again = Positions(Tracks(folder), clock, listen)
    age_s = again.newest()["P1"].age_s(clock.now_ns())
    again.start()
    again.stop()

    assert [one.unit for one in heard] == ["P1"]
    assert age_s == pytest.approx(60.0)
