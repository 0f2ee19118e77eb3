"""picture_condition: two looks are needed to say that a picture looks bad, and two to say that it is well again."""

from __future__ import annotations

from console.model.picture_condition import CONDITIONS, Held, after_look, gravest


def _looked(*seen: str) -> Held:
    held = Held()
    for at_ns, one in enumerate(seen, 1):
        held = after_look(held, one, at_ns)  # type: ignore[arg-type]
    return held


def test_one_bad_look_is_only_a_doubt() -> None:
    held = _looked("", "covered")
    assert (held.condition, held.is_in_doubt) == ("", True)


def test_two_bad_looks_are_believed_and_count_from_the_first() -> None:
    assert _looked("", "covered", "covered") == Held("covered", 2)


def test_looks_that_disagree_say_nothing() -> None:
    assert _looked("covered", "blurred", "covered", "", "blurred").condition == ""


def test_a_camera_is_well_again_after_two_good_looks() -> None:
    held = _looked("black", "black", "")
    assert (held.condition, held.is_in_doubt) == ("black", True)
    assert _looked("black", "black", "", "") == Held("", 3)


def test_one_bad_condition_gives_way_to_another() -> None:
    assert _looked("black", "black", "covered", "covered") == Held("covered", 3)


def test_the_gravest_is_said() -> None:
    assert gravest(("moved", "covered")) == "covered"
    assert gravest(()) == ""
    assert len(set(CONDITIONS)) == len(CONDITIONS)
