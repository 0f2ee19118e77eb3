"""picture_rules: hiding is easy, showing again is a right of its own, and a condition is a fact only when it changes."""

from __future__ import annotations

import time

import pytest

from console.errors import Refused
from console.model import commands as cmd
from console.model import events as ev
from console.model.commands import Ask
from console.model.decide import decide
from console.model.picture_rules import masks_of
from console.model.state import State, state_hash
from tests.folding import Folding

SQUARE = [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5], [0.1, 0.5]]
LARGER = [[0.1, 0.1], [0.6, 0.1], [0.6, 0.6], [0.1, 0.6]]
SMALLER = [[0.1, 0.1], [0.3, 0.1], [0.3, 0.5], [0.1, 0.5]]
COMMANDER = Ask("li@01", ("commander",), 1)
ADMINISTRATOR = Ask("wang@01", ("administrator",), 1)
DESK = Ask("desk", ("desk",), 1)


def fold(events: list[object]) -> State:
    folding = Folding()
    for event in events:
        folding.add(event)
    return folding.state


def _masked(*polygons: list[list[float]]) -> State:
    return fold([ev.PrivacyMasksSet("C-1", list(polygons), "yard")])


def test_a_commander_hides_a_part_and_it_is_on_record_who_and_why() -> None:
    (event,) = decide(State(), cmd.SetPrivacyMasks("C-1", [SQUARE], " yard "), COMMANDER)

    assert event == ev.PrivacyMasksSet("C-1", [SQUARE], "yard")
    assert masks_of(fold([event]), "C-1") == (tuple(map(tuple, SQUARE)),)


def test_the_same_masks_again_are_nothing_new() -> None:
    assert decide(_masked(SQUARE), cmd.SetPrivacyMasks("C-1", [SQUARE]), COMMANDER) == ()


def test_masks_may_grow_and_be_redrawn() -> None:
    assert decide(_masked(SQUARE), cmd.SetPrivacyMasks("C-1", [LARGER]), COMMANDER)
    assert decide(_masked(SMALLER, SQUARE), cmd.SetPrivacyMasks("C-1", [SQUARE]), COMMANDER)


@pytest.mark.parametrize("polygons", [[], [SMALLER]])
def test_a_commander_cannot_show_again_what_was_hidden(polygons: list[list[list[float]]]) -> None:
    with pytest.raises(Refused, match="masks_uncover"):
        decide(_masked(SQUARE), cmd.SetPrivacyMasks("C-1", polygons), COMMANDER)
    with pytest.raises(Refused, match="no_right"):
        decide(_masked(SQUARE), cmd.LiftPrivacyMasks("C-1", polygons, "asked"), COMMANDER)


def test_lifting_needs_the_right_and_a_reason_and_is_a_fact() -> None:
    state = _masked(SQUARE)
    with pytest.raises(Refused, match="masks_need_reason"):
        decide(state, cmd.LiftPrivacyMasks("C-1", [], "  "), ADMINISTRATOR)

    (event,) = decide(state, cmd.LiftPrivacyMasks("C-1", [], "court order 12"), ADMINISTRATOR)

    assert event == ev.PrivacyMasksLifted("C-1", [], "court order 12")
    assert masks_of(fold([ev.PrivacyMasksSet("C-1", [SQUARE]), event]), "C-1") == ()


@pytest.mark.parametrize("roles", [("watcher",), ("auditor",), ("source",), ("terminal",), ()])
def test_nobody_else_may_touch_masks(roles: tuple[str, ...]) -> None:
    for command in (cmd.SetPrivacyMasks("C-1", [SQUARE]), cmd.LiftPrivacyMasks("C-1", [], "x")):
        with pytest.raises(Refused, match="no_right"):
            decide(State(), command, Ask("x@1", roles, 1))


@pytest.mark.parametrize("polygons", [[[[0, 0], [1, 0]]], [[[0, 0], [2, 0], [1, 1]]], [[[0, 0, 0], [1, 0], [1, 1]]]])
def test_masks_that_are_none_are_refused(polygons: list[list[list[float]]]) -> None:
    with pytest.raises(Refused, match="bad_masks"):
        decide(State(), cmd.SetPrivacyMasks("C-1", polygons), COMMANDER)


def test_masks_of_all_presets_hide_together() -> None:
    state = fold([ev.PrivacyMasksSet("C-1", [SQUARE]), ev.PrivacyMasksSet("C-1", [SMALLER], preset="2")])
    assert len(masks_of(state, "C-1")) == 2
    assert masks_of(state, "C-2") == ()


def test_the_largest_masks_are_judged_within_a_moment() -> None:
    """The desk's thread decides for everybody: 32 polygons of 64 points must not hold it."""
    star = [[0.5 + (0.49 if n % 2 else 0.2) * x, 0.5 + (0.49 if n % 2 else 0.2) * y] for n, (x, y) in enumerate(_round(64))]
    began_s = time.process_time()
    decide(_masked(*[star] * 32), cmd.SetPrivacyMasks("C-1", [LARGER, *[star] * 31]), COMMANDER)
    control_s = time.process_time()
    sum(n * n for n in range(3_000_000))  # about 0.2 s: a control in the same run
    assert control_s - began_s < 3 * (time.process_time() - control_s)


def _round(count: int) -> list[tuple[float, float]]:
    import math

    return [(math.cos(2 * math.pi * n / count), math.sin(2 * math.pi * n / count)) for n in range(count)]


def test_a_condition_is_a_fact_only_when_it_changes() -> None:
    note = cmd.NoteCameraCondition("C-1", "covered", 5)
    (event,) = decide(State(), note, DESK)
    state = fold([event])

    assert state.conditions == {"C-1": {"condition": "covered", "since_ns": 5}}
    assert decide(state, note, DESK) == ()
    (well,) = decide(state, cmd.NoteCameraCondition("C-1", "", 9), DESK)
    assert fold([event, well]).conditions == {}
    assert decide(State(), cmd.NoteCameraCondition("C-1", "", 9), DESK) == ()


def test_a_condition_nobody_knows_is_refused_and_no_person_may_note_one() -> None:
    with pytest.raises(Refused, match="unknown_condition"):
        decide(State(), cmd.NoteCameraCondition("C-1", "haunted", 5), DESK)
    with pytest.raises(Refused, match="no_right"):
        decide(State(), cmd.NoteCameraCondition("C-1", "covered", 5), COMMANDER)


def test_the_state_with_masks_and_conditions_has_a_hash() -> None:
    state = fold([ev.PrivacyMasksSet("C-1", [SQUARE]), ev.CameraConditionNoted("C-1", "moved", 3)])
    assert state_hash(state) != state_hash(State())
