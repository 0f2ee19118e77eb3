"""Feeds: one decode for tiles that show the same, no black on a change of size, stills only where they may be kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from console.model.grant import Grant, Load
from console.model.wall import FeedHealth, WantedFeed
from console.services.feeds import Feeds
from tests.media.clips import make_clip


def wait_until(is_so: Callable[[], object], limit_s: float = 30.0) -> None:
    deadline = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


@pytest.fixture
def heard() -> list[FeedHealth]:
    return []


@pytest.fixture
def feeds(tmp_path: Path, heard: list[FeedHealth]) -> Iterator[Feeds]:
    (tmp_path / "stills").mkdir()
    made = Feeds(tmp_path / "stills", workers=1, on_health=heard.append)
    yield made
    made.close()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_clip(tmp_path_factory.mktemp("clips") / "bar.mp4"))


def test_a_wanted_tile_becomes_live_and_says_so(feeds: Feeds, clip: str, heard: list[FeedHealth]) -> None:
    feeds.want([WantedFeed("01/1", "cam", clip, width_px=160, height_px=90)])

    wait_until(lambda: feeds.health().get("01/1") and feeds.health()["01/1"].state == "live")

    found = feeds.frame("01/1")
    assert found is not None
    assert found[1] < 2000
    assert [health.state for health in heard] == ["connecting", "live"]


def test_the_same_stream_at_the_same_size_is_decoded_once(feeds: Feeds, clip: str) -> None:
    """faults.md V57"""
    feeds.want([WantedFeed(str(n), "cam", clip, width_px=160, height_px=90) for n in range(3)])

    assert feeds.slot("0") is feeds.slot("1") is feeds.slot("2")
    assert feeds.streams() == 1
    wait_until(lambda: feeds.frame("2") is not None)


def test_a_change_of_size_never_shows_black(feeds: Feeds, clip: str) -> None:
    """faults.md V58: make before break"""
    feeds.want([WantedFeed("1", "cam", clip, width_px=160, height_px=90)])
    wait_until(lambda: feeds.frame("1") is not None)

    feeds.want([WantedFeed("1", "cam", clip, width_px=320, height_px=180)])

    sizes = set()

    def is_larger() -> bool:
        found = feeds.frame("1")
        assert found is not None, "a picture is there at every moment"
        sizes.add(found[0].height_px)
        return found[0].height_px == 180

    wait_until(is_larger)
    assert sizes <= {90, 180}
    assert feeds.health()["1"].state == "live"


def test_a_tile_no_longer_wanted_is_forgotten(feeds: Feeds, clip: str) -> None:
    """faults.md V56: hidden tiles stop decoding"""
    feeds.want([WantedFeed("1", "cam", clip, width_px=160, height_px=90)])
    wait_until(lambda: feeds.frame("1") is not None)

    feeds.want([])

    assert feeds.slot("1") is None
    wait_until(lambda: not feeds.health())


def test_two_windows_want_apart(feeds: Feeds, clip: str) -> None:
    feeds.want([WantedFeed("a", "cam", clip, width_px=160, height_px=90)], owner="one")
    feeds.want([WantedFeed("b", "cam", clip, width_px=160, height_px=90)], owner="two")

    feeds.want([], owner="one")

    assert feeds.slot("a") is None
    assert feeds.slot("b") is not None


def test_what_is_no_address_makes_its_own_tile_none(feeds: Feeds, clip: str) -> None:
    feeds.want([WantedFeed("bad", "x", "foo://x"), WantedFeed("good", "cam", clip, width_px=160, height_px=90)])

    wait_until(lambda: "good" in feeds.health() and feeds.health()["good"].state == "live")

    assert (feeds.health()["bad"].state, feeds.health()["bad"].error) == ("none", "bad_stream")


def test_a_failed_feed_counts_down_to_its_next_try(feeds: Feeds, tmp_path: Path) -> None:
    feeds.want([WantedFeed("1", "cam", str(tmp_path / "gone.mp4"))])
    wait_until(lambda: "1" in feeds.health() and feeds.health()["1"].state == "none")

    health = feeds.health()["1"]

    assert health.error == "not_found"
    assert health.next_try_s is not None
    assert 0 < health.next_try_s <= 2


def test_a_retry_is_made_at_once(feeds: Feeds, clip: str, tmp_path: Path) -> None:
    late = tmp_path / "late.mp4"
    feeds.want([WantedFeed("1", "cam", str(late), width_px=160, height_px=90)])
    wait_until(lambda: "1" in feeds.health() and feeds.health()["1"].error == "not_found")
    late.write_bytes(Path(clip).read_bytes())

    feeds.retry("1")

    wait_until(lambda: feeds.frame("1") is not None)


def test_a_closed_tiles_last_picture_is_kept_with_its_time(feeds: Feeds, clip: str, tmp_path: Path) -> None:
    feeds.want([WantedFeed("1", "cam", clip, width_px=160, height_px=90)])
    wait_until(lambda: feeds.frame("1") is not None)
    feeds.want([])
    wait_until(lambda: list((tmp_path / "stills").glob("*.jpg")))

    feeds.want([WantedFeed("1", "cam", clip, width_px=160, height_px=90)])

    wait_until(lambda: feeds.knows_still("cam"))
    still = feeds.still("cam")
    assert still is not None
    assert still.jpeg[:2] == b"\xff\xd8"
    assert 0 <= time.time_ns() - still.at_ns < 5_000_000_000


def test_no_still_of_a_household_camera_is_ever_written(feeds: Feeds, clip: str, tmp_path: Path) -> None:
    """The other camera of the same child is the control: its still is written after this one's would have been."""
    other = Path(clip).with_name("other.mp4")
    other.write_bytes(Path(clip).read_bytes())
    control = WantedFeed("2", "control", str(other), width_px=160, height_px=90)
    feeds.want([WantedFeed("1", "cam", clip, width_px=160, height_px=90, keep_stills=False), control])
    wait_until(lambda: feeds.frame("1") is not None and feeds.frame("2") is not None)

    feeds.want([control])
    feeds.want([])
    wait_until(lambda: list((tmp_path / "stills").glob("*.jpg")))

    assert len(list((tmp_path / "stills").iterdir())) == 1
    assert feeds.still("cam") is None


def test_every_tile_is_granted_what_the_plan_says(tmp_path: Path, clip: str) -> None:
    """The plan is asked before the streams are chosen, and again while they run."""
    asked: list[int] = []

    def plan(wanted: Sequence[WantedFeed], health: Mapping[str, FeedHealth], load: Load) -> Mapping[str, Grant]:
        asked.append(len(wanted))
        return {one.tile: Grant("sub", "all", 10.0, "cpu") for one in wanted}

    sub_stream = tmp_path / "sub.mp4"
    sub_stream.write_bytes(Path(clip).read_bytes())
    feeds = Feeds(workers=1, plan=plan)
    try:
        feeds.want([WantedFeed("1", "cam", clip, str(sub_stream), 1920, 1080)])
        assert asked == [1]
        wait_until(lambda: feeds.frame("1") is not None and feeds.health()["1"].state == "live" and len(asked) > 2)
        health = feeds.health()["1"]
        assert (health.profile, health.lowered, feeds.streams()) == ("sub", "cpu", 1)
    finally:
        feeds.close()


def test_an_errand_for_a_tile_that_shows_nothing_is_answered(feeds: Feeds, clip: str) -> None:
    answers: list[tuple[bool, object]] = []

    feeds.errand("nobody", "snapshot", on_answer=lambda ok, fields: answers.append((ok, fields["word"])))

    assert answers == [(False, "gone")]
