"""What a tile says: the truth in plain words, shorter on small tiles, never without the state, complete in both languages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from console import words
from console.model.login import FAULT_DETAILS, UNVERIFIED
from console.model.wall import FEED_ERRORS, FeedHealth
from console.ui.tile import TileContent
from console.ui.truth import Truth, age_words, clock_words, truth

NOW_NS = 1_790_000_000_000_000_000
CONTENT = TileContent("01/1", "cam", "Gate", "tianwang", url="rtsp://host/a")


def health(state: str, ago_s: float = 0, **more: object) -> FeedHealth:
    return FeedHealth("01/1", "cam", state, NOW_NS - int(ago_s * 1e9), **more)  # type: ignore[arg-type]


def said(known: FeedHealth | None, age_ms: float | None = None, width_px: int = 480, **more: object) -> Truth:
    return truth(CONTENT, known, age_ms, NOW_NS, width_px, **more)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    before = words.chosen()
    words.choose("en")
    yield
    words.choose(before)


@pytest.mark.parametrize(
    ("known", "age_ms", "text"),
    [
        (None, None, "connecting"),
        (health("connecting"), None, "connecting"),
        (health("connecting", 4), None, "connecting 4 s"),
        (health("live"), 240.0, "live 0.2 s"),
        (health("late"), 3100.0, "late 3.1 s"),
        (health("none", error="auth"), None, "no picture"),
        (health("replay", picture_at_ns=NOW_NS), None, f"replay {clock_words(NOW_NS)}"),
    ],
)
def test_the_badge_says_the_truth(known: FeedHealth | None, age_ms: float | None, text: str) -> None:
    assert said(known, age_ms).badge == text


def test_a_small_tile_keeps_the_age() -> None:
    assert said(health("late"), 3100.0, 200).badge == "3.1 s"


@pytest.mark.parametrize(
    ("detail", "words_"), [("key_frame", "awaiting key frame 3 s"), ("opening", "opening 3 s"), ("", "opening 3 s")]
)
def test_a_connecting_tile_says_what_it_waits_for(detail: str, words_: str) -> None:
    assert said(health("connecting", 3.2, detail=detail)).headline == words_


def test_a_tile_that_opens_at_once_flashes_no_words() -> None:
    assert said(health("connecting", 0.4)).headline == ""


def test_a_held_tile_says_since_when_why_and_when_it_is_tried_again() -> None:
    known = health("held", picture_at_ns=NOW_NS - 90_000_000_000, error="unreachable", next_try_s=1.4)

    found = said(known, 9000.0, has_picture=True)

    assert found.headline == f"held {clock_words(NOW_NS - 90_000_000_000)}"
    assert found.lines == ("held for 1 min · unreachable", "next try in 2 s")
    assert (found.retry, found.is_foot) == ("Retry now (Enter)", True)


def test_a_small_held_tile_has_its_time_in_the_badge_and_the_reason_large() -> None:
    known = health("held", picture_at_ns=NOW_NS, error="unreachable", next_try_s=1.4)

    found = said(known, 9000.0, 200, has_picture=True)

    assert (found.badge, found.headline, found.lines) == (clock_words(NOW_NS), "unreachable", ("next try in 2 s",))


def test_a_frozen_camera_is_held_without_a_button() -> None:
    found = said(health("held", picture_at_ns=NOW_NS), has_picture=True)

    assert found.lines == ("held for 0.0 s · no new picture",)
    assert found.retry == ""


def test_a_tile_without_a_picture_says_why_what_to_do_and_when_it_is_tried_again() -> None:
    found = said(health("none", error="auth", next_try_s=57.2), still_at_ns=NOW_NS - 180_000_000_000)

    assert (found.sign, found.headline, found.retry) == ("auth", "wrong password", "Retry now (Enter)")
    assert found.lines == ("next try in 58 s", "check user and password", "Last seen 3 min ago")


def test_while_it_is_tried_there_is_no_button() -> None:
    found = said(health("none", error="timeout", next_try_s=0.0))

    assert (found.retry, found.lines[0]) == ("", "trying again")


@pytest.mark.parametrize(("mode", "profile", "lowered", "text"), [
    ("key", "main", "cpu", "key frames · processor busy"),
    ("nonref", "main", "network", "lower rate · slow network"),
    ("all", "sub", "cpu", "sub stream · processor busy"),
    ("all", "sub", "size", None),
    ("all", "main", "", None),
])  # fmt: skip
def test_a_lowered_tile_says_how_and_why(mode: str, profile: str, lowered: str, text: str | None) -> None:
    found = said(health("live", mode=mode, profile=profile, lowered=lowered), 40.0).marks

    assert [mark.text for mark in found] == ([text] if text else [])


def test_an_unchecked_certificate_stays_marked_while_the_picture_is_live() -> None:
    """faults.md V22"""
    assert [mark.sign for mark in said(health("live", detail=UNVERIFIED), 40.0).marks] == ["unverified"]


@pytest.mark.parametrize("detail", ["slow", "hardware_failed"])
def test_a_decoder_in_trouble_is_marked_while_the_picture_is_live(detail: str) -> None:
    assert [mark.sign for mark in said(health("live", detail=detail), 40.0).marks] == ["lowered"]


def test_masks_and_recording_are_marked() -> None:
    content = TileContent("1", "cam", url="u", masks=(((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)),), is_recorded=True)

    found = truth(content, health("live"), 40.0, NOW_NS, 480)

    assert [mark.sign for mark in found.marks] == ["masked", "recorded"]


def test_a_household_tile_without_a_stream_says_why() -> None:
    content = TileContent("1", "cam", "Shop", "huiyan", reason="awaiting consent")

    found = truth(content, None, None, NOW_NS, 480)

    assert (found.sign, found.headline, found.state) == ("consent", "awaiting consent", "unknown")


def test_an_empty_place_says_nothing() -> None:
    assert truth(TileContent("1"), None, None, NOW_NS, 480) == Truth()


@pytest.mark.parametrize("language", words.LANGUAGES)
@pytest.mark.parametrize("error", FEED_ERRORS)
def test_every_error_has_its_words(error: str, language: str) -> None:
    words.choose(language)

    found = said(health("none", error=error, next_try_s=3.0))

    assert not any("wall." in text for text in (found.badge, found.headline, *found.lines))


@pytest.mark.parametrize("language", words.LANGUAGES)
@pytest.mark.parametrize("detail", FAULT_DETAILS)
def test_every_finer_reason_has_its_words(detail: str, language: str) -> None:
    words.choose(language)

    found = said(health("none", error=FAULT_DETAILS[detail], detail=detail, next_try_s=3.0))

    assert not any("wall." in text for text in (found.badge, found.headline, *found.lines))


@pytest.mark.parametrize(
    ("age_ms", "text"),
    [(-5, "0.0 s"), (0, "0.0 s"), (9_900, "9.9 s"), (9_960, "9 s"), (61_000, "1 min"), (3_700_000, "1 h"), (90_000_000, "1 d")],
)
def test_ages_are_said_as_people_say_them(age_ms: float, text: str) -> None:
    assert age_words(age_ms) == text


def test_a_clock_set_meanwhile_shows_no_nonsense() -> None:
    """faults.md D16"""
    early = FeedHealth("1", "cam", "connecting", 1_000_000_000)

    assert said(early).badge == "connecting"
    assert truth(CONTENT, health("connecting", -30), None, NOW_NS, 480).badge == "connecting"
