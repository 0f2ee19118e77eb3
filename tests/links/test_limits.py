"""Token buckets and the quarantine that counts floods."""

from __future__ import annotations

from console.links.limits import Quarantine, RateLimit
from tests.fakes import FakeClock
from tests.links.fake_desk import FakeDesk


def test_a_burst_passes_and_then_the_pace_holds() -> None:
    clock = FakeClock()
    limit = RateLimit(clock, per_s=2, burst=3)
    assert [limit.wait_s("a") for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    clock.advance(0.5)
    assert limit.wait_s("a") == 0.0
    assert limit.wait_s("a") > 0


def test_one_keys_flood_does_not_slow_another() -> None:
    limit = RateLimit(FakeClock(), per_s=1, burst=1)
    limit.wait_s("a")
    assert limit.wait_s("a") > 0
    assert limit.wait_s("b") == 0.0


def test_a_wall_clock_step_changes_nothing() -> None:
    """faults.md D16."""
    clock = FakeClock()
    limit = RateLimit(clock, per_s=1, burst=1)
    limit.wait_s("a")
    clock.step_wall_clock(3600)
    assert limit.wait_s("a") > 0


def test_strangers_do_not_fill_the_memory() -> None:
    limit = RateLimit(FakeClock(), per_s=1, burst=1)
    for number in range(RateLimit.KEYS + 500):
        limit.wait_s(str(number))
    assert len(limit._left) == RateLimit.KEYS


def test_a_flood_becomes_twenty_entries_and_a_count() -> None:
    clock, desk = FakeClock(), FakeDesk()
    quarantine = Quarantine(desk, clock)
    for _ in range(1000):
        quarantine.put("door", "not JSON", b"\xffmqtt://a:secret@h")
    quarantine.flush()
    assert len(desk.quarantined) == 20
    clock.advance(61)
    quarantine.flush()
    assert len(desk.quarantined) == 21
    assert desk.counted == 1000
    assert not any("secret" in sample for _, _, sample in desk.quarantined)
