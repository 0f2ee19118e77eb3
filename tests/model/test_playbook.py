"""The planner: who is chosen, and what is said when nobody is."""

from __future__ import annotations

from typing import Any

import pytest

from console.errors import BadInput
from console.model.playbook import Candidate, Playbook, Role, plan, read
from console.services.dispatch import load_playbooks

CAR = Role("first", {"en": "First"}, ("patrol_car",), 2, 3000.0, 180.0)


def playbook(*roles: Role) -> Playbook:
    return Playbook("red", "red", {}, {}, 600.0, {}, roles)


def car(unit: str, distance_m: float | None = 100.0, **fields: Any) -> Candidate:
    given: dict[str, Any] = {
        "kind": "patrol_car", "duty": "on_duty", "eta_s": None, "fix_age_s": 5.0, "here": False, "busy": False, "refused": False,
        **fields,
    }  # fmt: skip
    return Candidate(unit=unit, name=unit, distance_m=distance_m, **given)


def chosen(book: Playbook, *units: Candidate) -> list[str]:
    return [candidate.unit for _, candidate in plan(book, units, True).orders]


def test_the_nearest_are_chosen_and_no_more_than_asked() -> None:
    assert chosen(playbook(CAR), car("C", 900), car("A", 100), car("B", 500)) == ["A", "B"]


def test_road_time_beats_air_distance() -> None:
    """faults.md D32: across the river is near and far."""
    assert chosen(playbook(CAR), car("river", 100, eta_s=400.0), car("B", 500, eta_s=60.0), car("C", 700, eta_s=90.0)) == [
        "B",
        "C",
    ]


@pytest.mark.parametrize("fields", [{"duty": "off"}, {"busy": True}, {"refused": True}, {"kind": "fire"}])
def test_who_cannot_go_is_not_chosen(fields: dict[str, Any]) -> None:
    assert chosen(playbook(CAR), car("A", **fields)) == []


def test_a_unit_of_old_or_unknown_position_comes_after_those_we_know() -> None:
    """faults.md D27."""
    assert chosen(playbook(CAR), car("lost", None, fix_age_s=None), car("old", 10, fix_age_s=999.0), car("far", 2900)) == [
        "far",
        "lost",
    ]


def test_a_second_press_tops_up_what_is_missing() -> None:
    assert chosen(playbook(CAR), car("A", here=True), car("B", refused=True), car("C")) == ["C"]


def test_one_unit_serves_one_role() -> None:
    both = Role("second", {}, ("patrol_car",), 1, 3000.0, 180.0)

    assert chosen(playbook(CAR, both), car("A"), car("B"), car("C")) == ["A", "B", "C"]


@pytest.mark.parametrize(
    ("units", "rule", "relaxed"),
    [
        ([], "no_unit_of_kind", ""),
        ([car("A", duty="off")], "none_on_duty", "A"),
        ([car("A", refused=True)], "none_willing", "A"),
        ([car("A", busy=True)], "none_free", "A"),
        ([car("A", 9000)], "too_far", "A"),
    ],
)
def test_a_place_left_empty_names_the_rule_and_what_relaxing_gives(units: list[Candidate], rule: str, relaxed: str) -> None:
    shortfalls = plan(playbook(CAR), units, True).shortfalls

    assert shortfalls[0] == {"role": "first", "rule": rule, "relaxed": relaxed}
    assert len(shortfalls) == 2


def test_without_a_position_every_role_says_so() -> None:
    """faults.md D36."""
    result = plan(playbook(CAR), [car("A")], False)

    assert result.orders == ()
    assert [one["rule"] for one in result.shortfalls] == ["incident_position_unknown"]


def test_our_own_playbooks_are_whole() -> None:
    books = load_playbooks()

    assert {"red", "orange", "blue", "green"} <= set(books)
    for book in books.values():
        assert {"zh_CN", "en"} <= set(book.title) & set(book.text)
        assert set(book.clocks) == {"sign", "depart", "arrive", "feedback", "close"}
        assert all({"zh_CN", "en"} <= set(role.title) for role in book.roles)


@pytest.mark.parametrize(
    "table", [{}, {"grade": "red", "title": {}, "text": {}, "clocks": {}, "roles": [{"name": "x"}]}, {"roles": 3}]
)
def test_a_broken_playbook_is_named(table: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="playbook mine"):
        read("mine", table)
