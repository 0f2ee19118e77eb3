"""Laws of the fold: the same entries give the same State, in pieces or at once, in desk, console and replay."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from console.errors import Refused
from console.model import commands as cmd
from console.model import events as ev
from console.model.order import RECEIPT_STATES
from console.model.state import State, apply, incident_hash, state_hash
from tests.folding import Folding

ACTS = st.lists(
    st.tuples(
        st.sampled_from(["report", "order", "receipt", "recall", "close", "tile", "expire", "grade"]),
        st.integers(0, 3),
        st.sampled_from(RECEIPT_STATES),
    ),
    max_size=40,
)


def play(acts: list[tuple[str, int, str]]) -> Folding:
    desk = Folding()
    for number, (act, which, state) in enumerate(acts):
        desk.now_ns += 1_000_000_000
        incident, orders = f"I{which + 1:06d}", sorted(desk.state.orders)
        order = orders[which % len(orders)] if orders else "none"
        try:
            match act:
                case "report":
                    desk.report(f"A{which}", title=f"words {number % 3}")
                case "order":
                    desk.order(incident, f"P{which}", f"R{number}")
                case "receipt":
                    desk.receipt(order, state, unit=desk.state.orders[order].unit if orders else "P")
                case "recall":
                    desk.do(cmd.RecallOrder(order))
                case "close":
                    desk.do(cmd.CloseIncident(incident))
                case "tile":
                    desk.do(cmd.OpenTile(f"01/{which}", f"T-{number}", "01", incident))
                case "expire":
                    desk.now_ns += int(700e9)
                    desk.do(cmd.ExpireOrder(order))
                case "grade":
                    desk.do(cmd.GradeIncident(incident, "blue"))
        except Refused:
            pass
    return desk


def fold(entries: list[ev.Entry]) -> State:
    state = State()
    for entry in entries:
        apply(state, entry)
    return state


@settings(max_examples=60, deadline=None)
@given(ACTS, st.integers(0, 60))
def test_folding_in_two_pieces_is_folding_at_once(acts: list[tuple[str, int, str]], cut: int) -> None:
    desk = play(acts)
    state = fold(desk.entries[:cut])
    for entry in desk.entries[cut:]:
        apply(state, entry)

    assert state_hash(state) == state_hash(desk.state)


@settings(max_examples=40, deadline=None)
@given(ACTS)
def test_an_incidents_own_entries_are_enough_for_its_hash(acts: list[tuple[str, int, str]]) -> None:
    """What export and replay rest on."""
    desk = play(acts)
    for incident in desk.state.incidents:
        own = [entry for entry in desk.entries if ev.incident_of(ev.from_body(entry.kind, entry.body)) == incident]
        assert incident_hash(fold(own), incident) == incident_hash(desk.state, incident)


@settings(max_examples=40, deadline=None)
@given(ACTS)
def test_every_body_comes_back_from_json_as_it_was(acts: list[tuple[str, int, str]]) -> None:
    for entry in play(acts).entries:
        event = ev.from_body(entry.kind, entry.body)
        assert ev.to_body(event) == entry.body


def test_an_entry_of_a_newer_program_is_passed_over() -> None:
    state = State()
    apply(state, ev.Entry(1, 0, "b", 0, "x", "FromTheFuture", '{"a":1}', b"", b""))
    apply(state, ev.Entry(2, 0, "b", 0, "x", "IncidentClosed", '{"incident":"I1","result":"done","new_field":7}', b"", b""))

    assert (state.last_seq, state.unreadable) == (2, 0)


def test_an_unreadable_body_is_counted_and_the_fold_goes_on() -> None:
    state = State()
    apply(state, ev.Entry(1, 0, "b", 0, "x", "IncidentClosed", '{"incident":', b"", b""))
    apply(state, ev.Entry(2, 0, "b", 0, "x", "UnitDutySet", '{"unit":"P1","duty":"off"}', b"", b""))

    assert (state.unreadable, state.duties) == (1, {"P1": "off"})
