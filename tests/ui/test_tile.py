"""A tile's words and signs: the truth in plain words, shorter on small tiles, never without the state."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from console import words
from console.model.wall import FeedHealth
from console.ui import tile
from console.ui.tile import TileContent

CONTENT = TileContent("01/1", "cam", "Gate", "tianwang", url="rtsp://host/a")


def health(state: str, **more: object) -> FeedHealth:
    return FeedHealth("01/1", "cam", state, 0, **more)  # type: ignore[arg-type]


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
        (health("live"), 240.0, "live 0.2 s"),
        (health("late"), 3100.0, "late 3.1 s"),
        (health("none", error="auth"), None, "no picture"),
    ],
)
def test_the_badge_says_the_truth(known: FeedHealth | None, age_ms: float | None, text: str) -> None:
    assert tile.badge_words(CONTENT, known, age_ms, is_short=False) == text


def test_a_held_tile_says_since_when_and_why() -> None:
    known = health("held", picture_at_ns=1_790_000_000_000_000_000, error="unreachable")

    text = tile.badge_words(CONTENT, known, 9000.0, is_short=False)

    assert text == f"held {tile.clock_words(1_790_000_000_000_000_000)} · unreachable"


def test_a_small_tile_keeps_the_age() -> None:
    assert tile.badge_words(CONTENT, health("late"), 3100.0, is_short=True) == "3.1 s"


@pytest.mark.parametrize(
    ("age_ms", "text"),
    [(0, "0.0 s"), (9_900, "9.9 s"), (9_960, "9 s"), (61_000, "1 min"), (3_700_000, "1 h"), (90_000_000, "1 d")],
)
def test_ages_are_said_as_people_say_them(age_ms: float, text: str) -> None:
    assert tile.age_words(age_ms) == text


def test_a_tile_without_a_picture_says_why_and_when_it_is_tried_again() -> None:
    known = health("none", error="auth", next_try_s=57.2)

    assert tile.message_words(CONTENT, known) == "wrong password · next try in 58 s · Enter tries now"


def test_no_label_is_smaller_than_readable() -> None:
    assert [tile.label_px(height) for height in (40, 270, 1080)] == [14, 15, 21]
