"""Load: from what the tiles and decoders report to grants, by values only; then once through real decoders."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from console.clock import SystemClock
from console.model.grant import Grant, Load
from console.model.wall import FeedHealth, WantedFeed
from console.services.feeds import Feeds
from console.services.load import Planner
from tests.fakes import FakeClock
from tests.media.clips import make_clip

SHORT = Load(busy=(0.9, 0.9), late=300, backlog=60)


def wanted(tile: str, **more: object) -> WantedFeed:
    return replace(WantedFeed(tile, f"c{tile}", f"rtsp://127.0.0.1/{tile}", width_px=480, height_px=400), **more)  # type: ignore[arg-type]


def live(tile: str, since_ns: int, decoded_fps: float = 25.0, shown_fps: float = 25.0, **more: object) -> FeedHealth:
    known = FeedHealth(
        tile, f"c{tile}", "live", since_ns, 20.0, decoded_fps=decoded_fps, shown_fps=shown_fps, interval_ms=40.0, width_px=704,
        height_px=576,
    )  # fmt: skip
    return replace(known, **more)  # type: ignore[arg-type]


class Desk:
    """A planner on a machine of eight cores with a clock of its own."""

    def __init__(self, *feeds: WantedFeed) -> None:
        self.clock, self.feeds = FakeClock(), feeds
        self.planner = Planner(self.clock, cores=8, idle_s=lambda: self.clock.mono_ns() * 7.5 / 1e9)
        self.began_ns = self.clock.now_ns()

    def pass_s(self, seconds: float, health: Sequence[FeedHealth], load: Load) -> Mapping[str, Grant]:
        grants: Mapping[str, Grant] = {}
        for _ in range(round(seconds * 2)):
            self.clock.advance(0.5)
            grants = self.planner.plan(self.feeds, {one.tile: one for one in health}, load)
        return grants


def test_what_the_decoders_report_lowers_all_but_the_red_incidents_tile() -> None:
    """faults.md V61"""
    desk = Desk(wanted("red", grade="red"), wanted("plain"), wanted("tour", is_tour=True))
    health = [live(name, desk.began_ns) for name in ("red", "plain", "tour")]

    grants = desk.pass_s(12, health, SHORT)

    assert grants["red"] == Grant("main", "all", 25.0, "")
    assert grants["tour"].mode == "key"
    assert grants["plain"].reason == "cpu"


def test_a_tile_whose_pictures_do_not_come_takes_the_sub_stream_for_the_networks_sake() -> None:
    desk = Desk(wanted("slow", url_sub="rtsp://127.0.0.1/sub"), wanted("fine", url_sub="rtsp://127.0.0.1/sub"))
    health = [live("slow", desk.began_ns, decoded_fps=9.0, shown_fps=9.0), live("fine", desk.began_ns)]

    grants = desk.pass_s(6, health, Load(busy=(0.1,), lost=5))

    assert (grants["slow"].profile, grants["slow"].reason) == ("sub", "network")
    assert grants["fine"].reason == ""


def test_a_frozen_camera_is_not_taken_for_a_slow_one() -> None:
    desk = Desk(wanted("frozen", url_sub="rtsp://127.0.0.1/sub"))
    health = [live("frozen", desk.began_ns, decoded_fps=0.0, shown_fps=0.0, state="held")]

    assert desk.pass_s(10, health, Load())["frozen"].reason == ""


class Hurried:
    """The system's clock, ten times as fast: a plan that waits seconds waits tenths."""

    boot = "hurried"

    def __init__(self) -> None:
        self._clock = SystemClock()

    def now_ns(self) -> int:
        return self._clock.now_ns() * 10

    def mono_ns(self) -> int:
        return self._clock.mono_ns() * 10


class Starved:
    """A planner that is told the processor is short while `is_short`, and that there is room otherwise."""

    def __init__(self) -> None:
        clock = Hurried()
        self._planner = Planner(clock, cores=64, idle_s=lambda: clock.mono_ns() * 60 / 1e9)
        self.is_short = False

    def plan(self, wishes: Sequence[WantedFeed], health: Mapping[str, FeedHealth], load: Load) -> Mapping[str, Grant]:
        return self._planner.plan(wishes, {}, SHORT if self.is_short else Load(busy=(0.1,)))


def wait_until(is_so: Callable[[], object], limit_s: float = 30.0) -> None:
    deadline = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


@pytest.fixture
def starved() -> Starved:
    return Starved()


@pytest.fixture
def feeds(starved: Starved) -> Iterator[Feeds]:
    made = Feeds(workers=1, plan=starved.plan)
    yield made
    made.close()


def test_short_of_processor_real_decoders_go_to_key_frames_say_so_and_come_back(
    feeds: Feeds, starved: Starved, tmp_path: Path
) -> None:
    """faults.md V61: the red incident's tile goes on, the others say what they lost, and get it back"""
    clips = [str(make_clip(tmp_path / f"{n}.mp4", 2.0, seed=n + 1)) for n in range(3)]
    feeds.want(
        [
            WantedFeed(
                name, name, clip, width_px=160, height_px=400, grade="red" if name == "red" else "", is_tour=name == "tour"
            )
            for name, clip in zip(("red", "plain", "tour"), clips, strict=True)
        ]
    )
    wait_until(lambda: len(feeds.health()) == 3 and all(one.state == "live" for one in feeds.health().values()))

    starved.is_short = True
    wait_until(lambda: feeds.health()["tour"].mode == "key" and feeds.health()["plain"].mode == "key")
    low = feeds.health()
    starved.is_short = False
    wait_until(lambda: all(one.mode == "all" and not one.lowered for one in feeds.health().values()))

    assert (low["red"].mode, low["red"].lowered) == ("all", "")
    assert low["plain"].lowered == low["tour"].lowered == "cpu"


def test_a_window_busy_for_two_seconds_shows_the_newest_picture_afterwards_not_a_backlog(feeds: Feeds, tmp_path: Path) -> None:
    """faults.md V47 V60: nobody looked, so nothing waited; the next look has the newest picture, and the ones between are gone"""
    feeds.want([WantedFeed("t", "c", str(make_clip(tmp_path / "a.mp4", 2.0)), width_px=160, height_px=400)])
    wait_until(lambda: feeds.frame("t") is not None)
    before = feeds.frame("t")
    assert before is not None
    decoded = feeds.decoded("t")
    busy_s = 2.0

    time.sleep(busy_s)  # the window's thread does something else, for as long as it takes two dozen pictures to be made
    wait_until(lambda: feeds.decoded("t") >= decoded + 12)
    after = feeds.frame("t")

    assert after is not None
    assert after[0].generation > before[0].generation + 1
    assert after[0].arrival_ns - before[0].arrival_ns > busy_s * 1e9 / 2
