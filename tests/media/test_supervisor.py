"""Supervisor: what it remembers of a feed whose decoder died."""

from __future__ import annotations

from dataclasses import replace

from console.media.supervisor import JobNews, crashes_with_this

MINUTE_NS = 60_000_000_000


def test_deaths_close_together_add_up_and_ten_good_minutes_forgive_them() -> None:
    """faults.md V54: a feed that kills its decoder stands alone; one that was killed twice in a shift does not"""
    now_ns = 100 * MINUTE_NS
    once = replace(JobNews(), crashes=crashes_with_this(JobNews(), now_ns), crashed_ns=now_ns)

    assert once.crashes == 1
    assert crashes_with_this(once, now_ns + MINUTE_NS) == 2
    assert crashes_with_this(once, now_ns + 11 * MINUTE_NS) == 1
