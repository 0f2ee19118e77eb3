"""A tile's health from its slot and its job's news: it rests on the monotonic clock alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from console.media import slots
from console.media.supervisor import JobNews
from console.model.wall import WantedFeed
from console.services.feedhealth import health_of
from console.services.streams import Streams, Tile
from tests.fakes import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def tile(clock: FakeClock) -> Iterator[Tile]:
    streams = Streams(has_stills=False)
    streams.arrange({"a": WantedFeed("a", "cam", "rtsp://10.0.0.1/a", width_px=64, height_px=48)}, {}, 0, clock.mono_ns())
    made = streams.tiles["a"]
    assert made.shown is not None
    slot = made.shown.outlet.slot
    index, _ = slot.begin(64, 48)
    slot.publish(index, 0, clock.mono_ns())
    slot.header[slots.LAST_PACKET_NS], slot.header[slots.INTERVAL_NS] = clock.mono_ns(), 40_000_000
    yield made
    streams.arrange({}, {}, 0, clock.mono_ns())
    for retired in streams.retired:
        retired.close()


@pytest.mark.parametrize(("after_s", "state"), [(0.5, "live"), (1.1, "late"), (2.6, "held")])
@pytest.mark.parametrize("step_s", [0, 3600, -3600])
def test_a_step_of_the_consoles_clock_changes_no_state_and_no_age(
    tile: Tile, clock: FakeClock, after_s: float, state: str, step_s: float
) -> None:
    """faults.md V46"""
    clock.advance(after_s)
    clock.step_wall_clock(step_s)

    found = health_of(tile, JobNews(), None, clock.now_ns(), clock.mono_ns(), None)

    assert found.state == state
    assert found.age_ms == pytest.approx(after_s * 1000)


def test_a_picture_a_second_is_not_late(tile: Tile, clock: FakeClock) -> None:
    """faults.md V42"""
    assert tile.shown is not None
    tile.shown.outlet.slot.header[slots.INTERVAL_NS] = 1_000_000_000
    clock.advance(2.4)

    assert health_of(tile, JobNews(), None, clock.now_ns(), clock.mono_ns(), None).state == "live"
