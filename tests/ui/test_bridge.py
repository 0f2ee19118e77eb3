"""The bridge: folds in order, tells merged, newest positions win, answers find who asked."""

from __future__ import annotations

from typing import Any

from console.model.state import State, apply, state_hash
from console.model.unit import Fix
from tests.ui import story


def test_the_console_folds_the_same_state_as_the_desk(seat: Any) -> None:
    journal, desk = story.Journal(), State()
    for entry in journal.entries(*story.beginning(), *story.plan()):
        apply(desk, entry)

    seat.tell(*story.plan())

    assert state_hash(seat.bridge.state) == state_hash(desk)


def test_a_new_incident_is_told_at_once(seat: Any, qtbot: Any) -> None:
    made = seat.journal.entries((story.NOW_NS, story.reported("I000003", "第二起", "red", story.NOW_NS)))

    with qtbot.waitSignal(seat.bridge.arrived) as arrived:
        seat.bridge.entries(made)

    assert arrived.args == [("I000003",)]


def test_what_was_there_before_rings_no_bell(qtbot: Any, seat: Any) -> None:
    from console.ui.bridge import Bridge

    bridge, heard = Bridge(seat.clock), []
    bridge.arrived.connect(heard.append)
    bridge.hear_attached({"seq": 6})
    with qtbot.waitSignal(bridge.caught_up):
        bridge.entries(story.Journal().entries(*story.beginning()))

    assert heard == []
    bridge.deleteLater()


def test_ten_thousand_entries_are_folded_in_slices(seat: Any, qtbot: Any) -> None:
    from console.model import events as ev

    heard: list[Any] = []
    seat.bridge.changed.connect(heard.append)

    seat.tell(*((story.NOW_NS, ev.IncidentNoted("I000001", str(n))) for n in range(10_000)))

    assert len(seat.bridge.state.incidents["I000001"].notes) == 10_000
    assert len(heard) < 100


def test_of_several_positions_the_newest_is_told(seat: Any, qtbot: Any) -> None:
    with qtbot.waitSignal(seat.bridge.positions) as moved:
        seat.bridge.hear_positions([Fix("U-01", 104.0, 30.0, story.NOW_NS, story.NOW_NS)])
        seat.bridge.hear_positions([Fix("U-01", 105.0, 30.0, story.NOW_NS + 1, story.NOW_NS)])

    assert moved.args[0]["U-01"].lon == 105.0


def test_an_answer_finds_who_asked(seat: Any, qtbot: Any) -> None:
    answers: list[Any] = []
    seat.bridge.send("NoteIncident", {"incident": "I000001", "text": "x"}, answers.append)

    seat.link.answer("NoteIncident", ok=False, code="bad_note", length=0)
    qtbot.waitUntil(lambda: bool(answers))

    assert (answers[0].ok, answers[0].kind, answers[0].refused["code"]) == (False, "NoteIncident", "bad_note")
