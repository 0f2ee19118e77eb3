"""view: what counts as a mask, what uncovers, how a picture's points turn, and how far a fisheye's view goes."""

from __future__ import annotations

import pytest

from console.errors import BadInput
from console.model.view import (
    Dewarp,
    Masks,
    checked_masks,
    dewarp_of,
    is_inside,
    masks_as_lists,
    shown_point,
    source_point,
    uncovered,
)

SQUARE = ((0.1, 0.1), (0.5, 0.1), (0.5, 0.5), (0.1, 0.5))
SMALLER = ((0.1, 0.1), (0.3, 0.1), (0.3, 0.5), (0.1, 0.5))


def test_masks_go_through_json_and_back() -> None:
    masks: Masks = (SQUARE, SMALLER)
    assert checked_masks(masks_as_lists(masks)) == masks


@pytest.mark.parametrize("value", [
    None, "x", {}, [[[0, 0], [1, 1]]], [[[0, 0], [1, 0], [1.01, 1]]], [[[0, 0], [1, 0], [float("nan"), 1]]], [[1, 2, 3]],
    [[[0, 0], [1, 0], [True, 1]]], [[[0, 0], [1, 0], ["1", 1]]], [[[0.5, 0.5], [0.5, 0.5], [0.5, 0.5]]],
    [[[0, 0], [1, 0], [1, 1, 1]]], [[[0, 0]] * 65], [SQUARE] * 33, [[[0, 0], [1, 0], [float("inf"), 1]]],
])  # fmt: skip
def test_what_is_no_mask_is_refused_with_a_word(value: object) -> None:
    with pytest.raises(BadInput):
        checked_masks(value)


@pytest.mark.parametrize(("before", "after", "part"), [
    ((), (SQUARE,), 0.0), ((SQUARE,), (SQUARE,), 0.0), ((SMALLER,), (SQUARE,), 0.0), ((SQUARE,), (SMALLER,), 0.5),
    ((SQUARE,), (), 1.0), ((SQUARE, SMALLER), (SQUARE,), 0.0), ((), (), 0.0),
    ((((0.001, 0.001), (0.009, 0.001), (0.009, 0.009)),), (), 1.0),
])  # fmt: skip
def test_uncovered_says_how_much_of_what_was_hidden_would_be_seen(before: Masks, after: Masks, part: float) -> None:
    assert uncovered(before, after) == pytest.approx(part, abs=0.03)


@pytest.mark.parametrize("rotation_deg", [0, 90, 180, 270])
def test_a_point_turned_there_and_back_is_the_same(rotation_deg: int) -> None:
    assert source_point(*shown_point(0.2, 0.7, rotation_deg), rotation_deg) == pytest.approx((0.2, 0.7))


def test_a_quarter_turn_counter_clockwise_brings_the_top_right_corner_to_the_top_left() -> None:
    assert shown_point(1.0, 0.0, 90) == (0.0, 0.0)


def test_inside_is_by_the_even_odd_rule() -> None:
    assert is_inside(SQUARE, 0.3, 0.3)
    assert not is_inside(SQUARE, 0.6, 0.3)


def test_notes_tell_a_fisheye() -> None:
    assert dewarp_of({}) is None
    assert dewarp_of({"fisheye": " "}) is None
    assert dewarp_of({"fisheye": "wall"}) == Dewarp(mount="wall", pitch_deg=0.0)
    found = dewarp_of({"fisheye": "ceiling, 0.5,0.48,0.28,185"})
    assert found == Dewarp(0.5, 0.48, 0.28, "ceiling", 0.0, -45.0, lens_deg=185.0)


@pytest.mark.parametrize("text", [
    "floor", "ceiling,1", "wall,0.5,0.5", "wall,a,b,c", "wall,0.5,0.5,nan", "wall,0.5,0.5,0", "wall,2,0.5,0.5", ",,,",
    "wall,0.5,0.5,0.5,400", "wall,0.5,0.5,0.5,180,1",
])  # fmt: skip
def test_notes_that_cannot_be_read_are_bad_input(text: str) -> None:
    with pytest.raises(BadInput):
        dewarp_of({"fisheye": text})


def test_a_view_turns_round_a_ceiling_camera_and_stops_at_a_wall_camera_s_side() -> None:
    assert Dewarp(yaw_deg=170).turned(20, 0).yaw_deg == -170
    assert Dewarp(mount="wall", pitch_deg=0, yaw_deg=80).turned(40, 0).yaw_deg == 90
    assert Dewarp(pitch_deg=-80).turned(0, -40).pitch_deg == -90
    assert Dewarp(pitch_deg=-10).turned(0, 40).pitch_deg == 0


def test_zoom_ends_at_both_ends() -> None:
    assert Dewarp(fov_deg=80).zoomed(2).fov_deg == 40
    assert Dewarp(fov_deg=80).zoomed(100).fov_deg == 15
    assert Dewarp(fov_deg=80).zoomed(0.01).fov_deg == 120
