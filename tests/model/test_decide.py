"""Our rules, one by one: what a command leads to and what is refused."""

from __future__ import annotations

import pytest

from console.errors import Refused
from console.model import commands as cmd
from console.model import decide as rules
from console.model.commands import COMMANDS
from tests.folding import START_NS, Folding


@pytest.fixture
def desk() -> Folding:
    return Folding()


def kinds(events: list[object]) -> list[str]:
    return [type(event).__name__ for event in events]


def test_every_command_has_a_rule() -> None:
    assert set(rules._RULES) == set(COMMANDS)


def test_the_same_source_and_number_is_one_incident(desk: Folding) -> None:
    first = desk.report("A1")

    assert desk.report("A1") == first
    assert len(desk.state.incidents) == 1


def test_a_changed_repeat_is_kept_once_and_the_first_words_stay(desk: Folding) -> None:
    first = desk.report("A1", title="fight")
    desk.report("A1", title="fight, now with knives")
    desk.report("A1", title="fight, now with knives")

    incident = desk.state.incidents[first]
    assert (incident.title, incident.again, len(incident.notes)) == ("fight", 1, 1)


@pytest.mark.parametrize("roles", [(), ("auditor",), ("nobody",), ("watcher",)])
def test_who_has_no_right_is_refused(desk: Folding, roles: tuple[str, ...]) -> None:
    incident = desk.report()

    with pytest.raises(Refused) as refused:
        desk.do(cmd.CloseIncident(incident), roles=roles)

    assert refused.value.code == "no_right"


def test_a_closed_incident_takes_no_order(desk: Folding) -> None:
    incident = desk.report()
    desk.do(cmd.CloseIncident(incident))

    with pytest.raises(Refused, match="incident_closed"):
        desk.order(incident)


def test_a_pressed_key_twice_makes_one_order(desk: Folding) -> None:
    """faults.md D20: double click, key repeat."""
    incident = desk.report()
    first = desk.order(incident, request="R1")

    assert desk.order(incident, request="R1") == first
    assert len(desk.state.orders) == 1


def test_a_request_id_of_another_incident_is_refused(desk: Folding) -> None:
    desk.order(desk.report("A1"), request="R1")

    with pytest.raises(Refused, match="request_used"):
        desk.order(desk.report("A2"), request="R1")


def test_a_receipt_twice_is_one_fact(desk: Folding) -> None:
    """faults.md D4, D5."""
    order = desk.order(desk.report())

    assert kinds(desk.receipt(order, "on_terminal")) == ["ReceiptRecorded"]
    assert desk.receipt(order, "on_terminal") == []


@pytest.mark.parametrize(("unit", "version", "code"), [("P2", 1, "receipt_for_unknown_order"), ("P1", 2, "receipt_unfit")])
def test_a_receipt_that_does_not_fit_is_refused(desk: Folding, unit: str, version: int, code: str) -> None:
    """faults.md D7, D78: another unit's order, a version that was never sent."""
    order = desk.order(desk.report())

    with pytest.raises(Refused, match=code):
        desk.receipt(order, "wilco", unit=unit, version=version)


def test_a_recall_is_a_new_version_and_ends_the_order(desk: Folding) -> None:
    order = desk.order(desk.report())
    desk.do(cmd.RecallOrder(order, "wrong place"))
    desk.receipt(order, "wilco")

    recalled = desk.state.orders[order]
    assert (recalled.state, recalled.version, recalled.body()["state"]) == ("recalled", 2, "recalled")


def test_an_unseen_order_expires_and_a_seen_one_does_not(desk: Folding) -> None:
    """faults.md D3."""
    incident = desk.report()
    unseen, seen = desk.order(incident, "P1", "R1"), desk.order(incident, "P2", "R2")
    desk.receipt(seen, "shown", unit="P2")
    desk.now_ns += int(601e9)

    desk.do(cmd.ExpireOrder(unseen))
    desk.do(cmd.ExpireOrder(seen))

    assert (desk.state.orders[unseen].state, desk.state.orders[seen].state) == ("expired_unseen", "shown")


def test_closing_recalls_unsigned_orders_and_closes_household_tiles(desk: Folding) -> None:
    incident = desk.report()
    signed, unsigned = desk.order(incident, "P1", "R1"), desk.order(incident, "P2", "R2")
    desk.receipt(signed, "wilco")
    desk.do(cmd.OpenTile("01/1", "H-1", "01", incident, None, True, "incident", 50.0))
    desk.do(cmd.OpenTile("01/2", "T-1", "01", incident))

    desk.do(cmd.CloseIncident(incident))

    assert (desk.state.orders[signed].state, desk.state.orders[unsigned].state) == ("wilco", "recalled")
    assert set(desk.state.tiles) == {"01/2"}


@pytest.mark.parametrize(
    ("consent", "distance_m", "with_incident", "reason", "opens"),
    [
        ("", 10.0, True, "look", False),
        ("incident", 299.0, True, None, True),
        ("incident", 301.0, True, "look", False),
        ("incident", None, True, "look", False),
        ("incident", 10.0, False, "look", False),
        ("2099-01-01", None, False, "owner asked", True),
        ("2099-01-01", None, False, "  ", False),
        ("2001-01-01", 10.0, True, "look", False),
        ("soon", 10.0, True, "look", False),
    ],
)
def test_a_household_camera_opens_only_within_its_consent(
    desk: Folding, consent: str, distance_m: float | None, with_incident: bool, reason: str | None, opens: bool
) -> None:
    """law.md article 33; issue 2 point 5."""
    incident = desk.report() if with_incident else None
    look = cmd.OpenTile("01/1", "H-1", "01", incident, reason, True, consent, distance_m)

    if opens:
        assert kinds(desk.do(look)) == ["TileOpened"]
    else:
        with pytest.raises(Refused, match="household_needs_consent"):
            desk.do(look)


def test_a_tile_that_changes_its_camera_closes_the_old_look(desk: Folding) -> None:
    desk.do(cmd.OpenTile("01/1", "T-1", "01"))

    assert kinds(desk.do(cmd.OpenTile("01/1", "T-2", "01"))) == ["TileClosed", "TileOpened"]


def test_a_deadline_is_told_once(desk: Folding) -> None:
    incident = desk.report()
    late = cmd.PassDeadline(incident, "close", 1800.0)

    assert kinds(desk.do(late)) == ["DeadlinePassed"]
    assert desk.do(late) == []


def test_a_wrong_password_is_on_record_and_opens_nothing(desk: Folding) -> None:
    desk.do(cmd.AddOperator("wang", "Wang", ["commander"]))

    assert kinds(desk.do(cmd.LogIn("wang", "01", ok=False))) == ["LogInRefused"]
    assert desk.state.seats == {}


def test_the_next_operator_relieves_the_one_at_the_seat(desk: Folding) -> None:
    """faults.md D47."""
    desk.do(cmd.AddOperator("wang", "Wang", ["commander"]))
    desk.do(cmd.AddOperator("zhao", "Zhao", ["watcher"]))
    desk.do(cmd.LogIn("wang", "01", ok=True))

    assert kinds(desk.do(cmd.LogIn("zhao", "01", ok=True))) == ["OperatorLoggedOut", "OperatorLoggedIn"]
    assert desk.state.seats == {"01": "zhao"}


def test_an_enrolment_ends_after_ten_minutes(desk: Folding) -> None:
    desk.do(cmd.OpenEnrolment())

    assert desk.state.enrolment_until_ns == START_NS + 600_000_000_000


def test_a_named_order_supersedes_the_one_it_replaces(desk: Folding) -> None:
    incident = desk.report()
    old = desk.order(incident)
    desk.receipt(old, "on_terminal")

    events = desk.do(cmd.IssueOrder(incident, "P9", "R9", text="go instead", replaces=old))

    assert kinds(events) == ["OrderIssued", "OrderSuperseded", "PlanIssued"]
    assert desk.state.orders[old].state == "superseded"
