"""Lag is measured against the stream's own clock; clocks that jump or drift are no lag (faults.md V43 V44 V47)."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from console.media.lag import LagMeter

_STEP_NS = 40_000_000
_SECOND_NS = 1_000_000_000


def fed(stamps_and_arrivals: Iterable[tuple[int, int]]) -> LagMeter:
    meter = LagMeter()
    for stamp_ns, arrival_ns in stamps_and_arrivals:
        meter.note(stamp_ns, arrival_ns)
    return meter


def test_a_steady_stream_has_no_lag() -> None:
    assert fed((n * _STEP_NS, 7 * _SECOND_NS + n * _STEP_NS) for n in range(100)).lag_ns == 0


def test_packets_that_come_late_are_late_by_so_much() -> None:
    """faults.md V47: the lag told is the lag there is"""
    steady = [(n * _STEP_NS, n * _STEP_NS) for n in range(50)]
    stalled = [(n * _STEP_NS, n * _STEP_NS + 3 * _SECOND_NS) for n in range(50, 80)]

    assert fed(steady + stalled).lag_ns == pytest.approx(3 * _SECOND_NS, abs=1_000_000)


def test_a_stall_that_is_caught_up_leaves_no_lag() -> None:
    steady = [(n * _STEP_NS, n * _STEP_NS) for n in range(50)]
    hurried = [(n * _STEP_NS, 5 * _SECOND_NS + (n - 50) * 1_000_000) for n in range(50, 180)]

    assert fed(steady + hurried).lag_ns == 0


@pytest.mark.parametrize("jump_s", [7200, -7200, -1.9, 95_443.7])
def test_a_jump_of_the_cameras_clock_is_no_lag(jump_s: float) -> None:
    """faults.md V43: for one picture, for good, back to 0, past 32 bits of 90 kHz"""
    before = [(2 * _SECOND_NS + n * _STEP_NS, n * _STEP_NS) for n in range(50)]
    after = [(stamp + round(jump_s * _SECOND_NS), at) for stamp, at in ((2 * _SECOND_NS + n * _STEP_NS, n * _STEP_NS)
             for n in range(50, 90))]  # fmt: skip

    assert fed(before + after).lag_ns == 0
    assert fed([*before, after[0], *((stamp - round(jump_s * _SECOND_NS), at) for stamp, at in after[1:])]).lag_ns == 0


def test_what_was_behind_before_a_jump_is_behind_after_it() -> None:
    steady = [(n * _STEP_NS, n * _STEP_NS) for n in range(50)]
    late = [(n * _STEP_NS, n * _STEP_NS + 2 * _SECOND_NS) for n in range(50, 60)]
    jumped = [(n * _STEP_NS + 9000 * _SECOND_NS, n * _STEP_NS + 2 * _SECOND_NS) for n in range(60, 70)]

    assert fed(steady + late + jumped).lag_ns == pytest.approx(2 * _SECOND_NS, abs=1_000_000)


@pytest.mark.parametrize("ppm", [50, -50])
def test_a_clock_that_runs_wrong_for_twelve_hours_is_no_lag(ppm: int) -> None:
    """faults.md V44"""
    seconds = range(0, 12 * 3600)

    meter = fed((second * _SECOND_NS, second * (_SECOND_NS + ppm * 1000)) for second in seconds)

    assert meter.lag_ns < 1_000_000
