"""A reader whose native code never returns is given up, counted and replaced (faults.md V53); retries are spread (V51)."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Iterator

import pytest

from console.media import relay
from console.media.backoff import Backoff
from console.media.child import ChildOptions, Job, Report
from console.media.gate import Gate
from console.media.reader import Reader
from console.model.wall import back_off_s
from tests.fakes import FakeClock
from tests.media.test_decoding import wait_until


class Camera:
    """A port that takes connections and never answers; `close` lets go of all of them."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=8)
        self._listener.settimeout(30)
        self.held: list[socket.socket] = []
        self.url = f"rtsp://127.0.0.1:{self._listener.getsockname()[1]}/a"

    def take(self) -> None:
        """Wait for the next connection."""
        self.held.append(self._listener.accept()[0])

    def close(self) -> None:
        self._listener.close()
        for one in self.held:
            one.close()


@pytest.fixture
def camera() -> Iterator[Camera]:
    made = Camera()
    yield made
    made.close()
    relay.end_shared()


def test_a_try_that_never_returns_is_given_up_and_another_begins(camera: Camera) -> None:
    """faults.md V53: by the clock it hangs for a minute; the thread that comes back late finds another number and goes away"""
    clock, reports = FakeClock(), list[Report]()
    reader = Reader(
        Job("a", camera.url), ChildOptions(open_timeout_s=2.0), clock, Gate(), reports.append, lambda _: None, lambda _: None
    )
    reader.start()
    camera.take()
    assert not reader.replace_if_stuck(clock.mono_ns())

    clock.advance(60)
    given_up = reader.replace_if_stuck(clock.mono_ns())

    assert given_up
    assert [(report.word, report.failures) for report in reports] == [("timeout", 1)]
    clock.advance(60)
    reader.retry()
    camera.take()
    reader.close()
    camera.close()
    wait_until(lambda: not any(thread.name == "feed a" for thread in threading.enumerate()))
    assert [report.failures for report in reports] == [1], "the late thread and the closed one report nothing"


def test_a_reboot_loop_waits_longer_each_time_and_only_health_makes_it_short_again() -> None:
    """faults.md V50: a camera that reboots every twenty seconds for an hour"""
    clock = FakeClock()
    backoff, waits = Backoff(clock, lambda: 1.0), []
    for _ in range(180):
        backoff.opened()
        clock.advance(20)
        backoff.failed("unreachable")
        waits.append(backoff.wait_s())
        clock.advance(max(waits[-1], 0))

    backoff.opened()
    clock.advance(31)
    backoff.failed("unreachable")

    assert waits[:4] == sorted(waits[:4])
    assert waits[0] < waits[-1] <= 2.5
    assert backoff.failures == 1
    assert backoff.wait_s() == pytest.approx(waits[0])


def test_forty_cameras_that_fail_together_do_not_come_back_together() -> None:
    """faults.md V51"""
    dice = random.Random(3)

    for failures in (1, 2, 4):
        waits = sorted(back_off_s("unreachable", failures, dice.random()) for _ in range(40))
        assert waits[-1] - waits[0] > 0.15 * waits[-1]
        tenth = (waits[-1] - waits[0]) / 10
        assert max(sum(at <= other < at + tenth for other in waits) for at in waits) <= 12
