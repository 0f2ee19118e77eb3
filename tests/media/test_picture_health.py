"""picture_health: what is done to a scene is named, and what happens to every scene by day and night is not.

Scenes are drawn, so that they are the same everywhere; rates on real video stand in tests/bench/RESULTS.md.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from console.media.picture_health import Glance, glance, judge
from console.media.picture_past import KNOWN_AFTER, Past

Picture = np.ndarray


def scene(seed: int = 3, right: int = 0) -> Picture:
    """A street of boxes, lines and texture, 1280×720 BGR, seen through a window of 900×506 that can be moved to the right."""
    dice = np.random.default_rng(seed)
    made = np.full((720, 1400, 3), (120, 130, 125), np.uint8)
    for _ in range(90):
        x, y, w, h = dice.integers(0, 1350), dice.integers(0, 680), dice.integers(20, 200), dice.integers(20, 140)
        cv2.rectangle(made, (int(x), int(y)), (int(x + w), int(y + h)), dice.integers(20, 235, 3).tolist(), -1)
    for _ in range(160):
        a, b = dice.integers(0, 1400, 2), dice.integers(0, 720, 2)
        cv2.line(made, (int(a[0]), int(b[0])), (int(a[1]), int(b[1])), dice.integers(0, 255, 3).tolist(), 2)
    return made[100:606, 100 + right : 1000 + right]


def seen(picture: Picture, seed: int = 0, noise: float = 2.0) -> Glance:
    """What a tile of 480×270 with that picture and a sensor's noise gives."""
    small = cv2.resize(picture, (480, 270), interpolation=cv2.INTER_AREA).astype(float)
    small += np.random.default_rng(seed).normal(0, noise, small.shape)
    return glance(np.dstack((np.clip(small, 0, 255).astype(np.uint8), np.full((270, 480), 255, np.uint8))))


@pytest.fixture(scope="module")
def past() -> Past:
    known = Past()
    for number in range(12):
        known.learn(seen(scene(), number))
    return known


def _night(picture: Picture) -> Picture:
    return cv2.cvtColor((cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) * 0.6).astype(np.uint8), cv2.COLOR_GRAY2BGR)


@pytest.mark.parametrize("change", [
    lambda p: p, lambda p: (p * 0.5).astype(np.uint8), lambda p: np.clip(p * 1.3, 0, 255).astype(np.uint8), _night,
    lambda p: (p * 0.6 + 70).astype(np.uint8),
])  # fmt: skip
def test_light_and_weather_are_no_fault(past: Past, change: Callable[[Picture], Picture]) -> None:
    assert judge((seen(change(scene()), 99),), past).conditions == ()


@pytest.mark.parametrize(("word", "change"), [
    ("black", lambda p: (p * 0.03).astype(np.uint8)),
    ("overexposed", lambda p: np.clip(p.astype(float) * 5 + 60, 0, 255).astype(np.uint8)),
    ("covered", lambda p: np.full_like(p, (60, 70, 110))),
    ("covered", lambda p: (cv2.GaussianBlur(p, (0, 0), 200) * 0.3 + 40).astype(np.uint8)),
    ("blurred", lambda p: cv2.GaussianBlur(p, (0, 0), 7)),
    ("colour_cast", lambda p: np.clip(p * (0.5, 0.7, 1.7), 0, 255).astype(np.uint8)),
])  # fmt: skip
def test_what_is_wrong_is_named(past: Past, word: str, change: Callable[[Picture], Picture]) -> None:
    assert word in judge((seen(change(scene()), 99),), past).conditions


def test_a_picture_three_quarters_hidden_looks_covered(past: Past) -> None:
    picture = scene().copy()
    picture[:, :720] = (50, 60, 90)
    assert judge((seen(picture, 99),), past).conditions == ("covered",)


@pytest.mark.parametrize("right", [60, 150])
def test_a_camera_that_was_turned_looks_turned_away(past: Past, right: int) -> None:
    assert judge((seen(scene(right=right), 99),), past).conditions == ("moved",)


def test_another_view_altogether_looks_turned_away(past: Past) -> None:
    assert judge((seen(scene(seed=8), 99),), past).conditions == ("moved",)


def test_a_camera_that_turns_by_itself_is_never_turned_away(past: Past) -> None:
    assert judge((seen(scene(right=150), 99),), past, may_move=True).conditions == ()


def test_without_a_past_only_what_is_certain_is_said() -> None:
    assert judge((seen(scene(right=150), 99),), Past()).conditions == ()
    assert judge((seen(cv2.GaussianBlur(scene(), (0, 0), 7)),), None).conditions == ()
    assert judge((seen((scene() * 0.02).astype(np.uint8)),), None).conditions == ("black",)


def test_the_same_picture_again_and_again_is_frozen_and_a_clock_that_goes_on_is_not() -> None:
    """faults.md V49: packets come, the picture stands."""
    before = seen(scene(), 1)
    assert judge((before, before, before), None, before.grey).conditions == ("frozen",)
    ticking = scene().copy()
    cv2.putText(ticking, "12:00:01", (20, 60), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (255, 255, 255), 4)
    assert judge((before, seen(ticking, 1)), None, before.grey).conditions == ()
    assert judge((before, seen(scene(), 2)), None, before.grey).conditions == ()  # noise alone is life
    assert judge((before,), None, before.grey).conditions == ()  # one picture says nothing


def test_masks_count_for_nothing() -> None:
    half = (((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)),)
    picture = scene().copy()
    picture[:, :440] = 112
    rows = np.dstack((cv2.resize(picture, (480, 270)), np.full((270, 480), 255, np.uint8)))
    looked = glance(rows, half)
    assert looked.edges[:, :44].max() == 0
    assert looked.edges[:, 60:].max() > 0


def test_a_small_tile_is_not_judged_for_sharpness() -> None:
    assert glance(np.zeros((90, 160, 4), np.uint8)).sharpness is None


@pytest.mark.parametrize("size", [(2, 2), (1, 400), (720, 1280)])
def test_a_picture_of_any_size_is_looked_at(size: tuple[int, int]) -> None:
    assert judge((glance(np.zeros((*size, 4), np.uint8)),), None).conditions == ("black",)


def test_a_past_goes_to_bytes_and_back(past: Past) -> None:
    again = Past.from_bytes(past.to_bytes())
    assert again.looks("day") == 12
    assert again.usual("sharpness", "day") == pytest.approx(past.usual("sharpness", "day"), rel=1e-3)
    assert judge((seen(scene(right=150), 99),), again).conditions == ("moved",)
    assert len(past.to_bytes()) < 20_000


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"x" * 100])
def test_bytes_that_are_no_past_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        Past.from_bytes(data)


def test_a_past_cut_short_is_refused(past: Past) -> None:
    data = past.to_bytes()
    for length in (10, len(data) // 2, len(data) - 3):
        with pytest.raises(ValueError):
            Past.from_bytes(data[:length])


def test_little_seen_is_not_known() -> None:
    past = Past()
    for number in range(KNOWN_AFTER - 1):
        past.learn(seen(scene(), number))
    assert list(past.edges()) == []
    assert past.usual("sharpness", "day") is None
