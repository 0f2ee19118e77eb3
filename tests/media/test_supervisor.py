"""Supervisor: what it remembers of a feed whose decoder died."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import psutil

from console.media.child import Job, Target
from console.media.slots import Slot
from console.media.supervisor import JobNews, Supervisor, crashes_with_this
from tests.media.clips import make_clip
from tests.media.test_decoding import wait_until

MINUTE_NS = 60_000_000_000


def test_deaths_close_together_add_up_and_ten_good_minutes_forgive_them() -> None:
    """faults.md V54: a feed that kills its decoder stands alone; one that was killed twice in a shift does not"""
    now_ns = 100 * MINUTE_NS
    once = replace(JobNews(), crashes=crashes_with_this(JobNews(), now_ns), crashed_ns=now_ns)

    assert once.crashes == 1
    assert crashes_with_this(once, now_ns + MINUTE_NS) == 2
    assert crashes_with_this(once, now_ns + 11 * MINUTE_NS) == 1


def test_a_red_incidents_streams_have_a_child_of_their_own(tmp_path: Path) -> None:
    """A red incident's picture never waits for the interpreter's lock of a thread that stands back."""
    clip = make_clip(tmp_path / "bar.mp4")
    shown = {name: Slot.create(160, 90) for name in ("red", "other", "more")}
    jobs = {name: Job(name, str(clip), (Target(slot.name, 160, 90),), is_first=name == "red") for name, slot in shown.items()}
    supervisor = Supervisor(workers=2)
    supervisor.start()
    try:
        supervisor.want(jobs)
        wait_until(lambda: all(slot.generation for slot in shown.values()))
        pids = supervisor.child_pids()
        assert len(pids) == 3

        for pid in pids[:2]:
            psutil.Process(pid).kill()
        before = shown["red"].generation
        wait_until(lambda: shown["red"].generation > before + 10)
        assert supervisor.news("red").opened == 1, "the others' children died, not its own"
        wait_until(lambda: all(supervisor.news(name).opened == 2 for name in ("other", "more")))
    finally:
        supervisor.close()
        for slot in shown.values():
            slot.close()
