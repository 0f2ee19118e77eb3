"""The clocks of the grades: told once, at the limit, on steady time."""

from __future__ import annotations

from console.model import commands as cmd
from console.services import overdue
from console.services.dispatch import load_playbooks
from tests.folding import Folding

S = 1_000_000_000
BOOKS = load_playbooks()


def told(desk: Folding) -> list[tuple[str, str]]:
    for command in overdue.due(desk.state, BOOKS, desk.now_ns):
        desk.do(command)
    return [(one["clock"], one["order"]) for one in desk.state.incidents["I000001"].passed]


def test_an_unsigned_order_is_overdue_after_its_limit_and_told_once() -> None:
    desk = Folding()
    order = desk.order(desk.report())
    desk.now_ns += 29 * S
    before = told(desk)

    desk.now_ns += 2 * S

    assert before == []
    assert told(desk) == [("sign", order)]
    assert told(desk) == [("sign", order)]


def test_a_signed_order_can_still_be_late_to_depart() -> None:
    desk = Folding()
    order = desk.order(desk.report())
    desk.receipt(order, "wilco")
    desk.now_ns += 121 * S

    assert told(desk) == [("depart", order)]


def test_an_order_nobody_saw_expires_instead_of_being_late_for_ever() -> None:
    desk = Folding()
    order = desk.order(desk.report())
    desk.now_ns += 601 * S

    told(desk)

    assert desk.state.orders[order].state == "expired_unseen"


def test_a_closed_incident_has_no_clocks() -> None:
    desk = Folding()
    desk.order(desk.report())
    desk.do(cmd.CloseIncident("I000001"))
    desk.now_ns += 9999 * S

    assert told(desk) == []


def test_a_step_of_the_systems_clock_moves_no_deadline() -> None:
    """faults.md D16: one hour forward, one back."""
    steady = overdue.SteadyTime(now_ns=1_000 * S, mono_ns=5 * S)

    assert steady.at(mono_ns=15 * S) == 1_010 * S
