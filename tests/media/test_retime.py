"""Times on one clock that only goes forward, whatever a camera's stamps do."""

from __future__ import annotations

import itertools

import pytest

from console.media import retime
from console.media.ring import Break, Coding, Group, Kept

MS = 1_000_000
BASE = 1_000_000 * MS
_CODING = Coding("h264", 320, 240, b"sets")


def _group(
    serial: int, stamps_ms: list[int | None], arrivals_ms: list[int], cause: Break = "", coding: Coding = _CODING
) -> Group:
    packets = [
        Kept(b"x", None if stamp is None else stamp * MS, None if stamp is None else stamp * MS, n == 0, False, BASE + at * MS)
        for n, (stamp, at) in enumerate(zip(stamps_ms, arrivals_ms, strict=True))
    ]
    return Group(serial, coding, cause, packets)


def _times_ms(*groups: Group) -> list[int]:
    return [(one.time_ns - BASE) // MS for one in retime.lay_out(groups)]


def test_jitter_of_the_network_is_no_jitter_of_the_pictures() -> None:
    assert _times_ms(_group(1, [0, 40, 80, 120], [0, 70, 81, 190])) == [0, 40, 80, 120]


@pytest.mark.parametrize(
    "stamps",
    [
        [0, 40, 80, 3_600_000, 3_600_040, 3_600_080],  # jumps an hour ahead
        [900_000, 900_040, 900_080, 0, 40, 80],  # falls back to zero, as a file that loops or a camera that restarts
        [None, None, None, None, None, None],  # has none at all
        [0, 0, 0, 40, 40, 80],  # the same again and again (V48)
    ],
)
def test_times_go_forward_and_stay_near_the_arrivals(stamps: list[int | None]) -> None:
    """faults.md V42, V48: stamps that jump, fall back, stand or are missing."""
    arrivals = [0, 40, 80, 120, 160, 200]
    times = _times_ms(_group(1, stamps[:3], arrivals[:3], "start"), _group(2, stamps[3:], arrivals[3:]))

    assert all(after >= before for before, after in itertools.pairwise(times))
    assert all(abs(time - at) <= 130 for time, at in zip(times, arrivals, strict=True))


def test_a_gap_says_from_when_to_when_and_why() -> None:
    before = _group(1, [0, 40, 80], [0, 40, 80], "start")
    after = _group(2, [0, 40, 80], [5_080, 5_120, 5_160], "reconnect")

    (gap,) = retime.gaps([before, after])
    assert (gap.from_ns - BASE, gap.to_ns - BASE, gap.cause) == (80 * MS, 5_080 * MS, "reconnect")


def test_a_silent_camera_is_a_gap_of_its_own() -> None:
    (gap,) = retime.gaps([_group(1, [0, 40, 80, 3_080, 3_120], [0, 40, 80, 3_080, 3_120], "start")])
    assert (gap.cause, gap.to_ns - gap.from_ns) == ("silence", 3_000 * MS)


def test_other_codec_parameters_begin_another_stretch() -> None:
    other = Coding("h264", 160, 120, b"other")
    groups = [_group(1, [0], [0], "start"), _group(2, [40], [40]), _group(3, [80], [80], "codec", other)]
    assert [[group.serial for group in stretch] for stretch in retime.codings(groups)] == [[1, 2], [3]]
