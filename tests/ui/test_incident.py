"""The panel: the one key takes a second and asks once, refusals are results, clocks and sentences say what is."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt

from console import words
from console.ui.hold import HOLD_MS
from console.ui.incident import IncidentPanel
from tests.ui import story


@pytest.fixture
def panel(seat: Any, qtbot: Any) -> IncidentPanel:
    made = IncidentPanel(seat.bridge, seat.around)
    qtbot.addWidget(made)
    made.resize(420, 900)
    made.show()
    made.open("I000002")
    return made


def hold(panel: IncidentPanel, qtbot: Any, for_ms: int) -> None:
    panel.one_key.hold()
    qtbot.wait(for_ms)
    panel.one_key.let_go()


def test_the_one_key_does_nothing_before_its_second_is_full(panel: IncidentPanel, seat: Any, qtbot: Any) -> None:
    hold(panel, qtbot, HOLD_MS // 2)
    qtbot.wait(100)

    assert seat.link.of("Dispatch") == []


def test_the_one_key_held_for_a_second_dispatches_once(panel: IncidentPanel, seat: Any, qtbot: Any) -> None:
    hold(panel, qtbot, HOLD_MS + 400)

    assert [(body["incident"], body["playbook"]) for body in seat.link.of("Dispatch")] == [("I000002", "red")]


def test_pressing_again_before_the_answer_asks_for_the_same_thing(panel: IncidentPanel, seat: Any) -> None:
    panel.one_key.held.emit()
    panel.one_key.held.emit()

    requests = {body["request"] for body in seat.link.of("Dispatch")}
    assert len(seat.link.of("Dispatch")) == 2
    assert len(requests) == 1


def test_after_an_answer_the_next_press_is_a_new_wish(panel: IncidentPanel, seat: Any, qtbot: Any) -> None:
    panel.one_key.held.emit()
    seat.link.answer("Dispatch")
    qtbot.wait(20)
    panel.one_key.held.emit()

    assert len({body["request"] for body in seat.link.of("Dispatch")}) == 2


def test_a_press_nobody_answered_keeps_its_request_and_says_so(panel: IncidentPanel, seat: Any, qtbot: Any) -> None:
    panel.one_key.held.emit()
    seat.link.answer("Dispatch", ok=False, code="unavailable", what="Dispatch")
    qtbot.waitUntil(lambda: panel._notice.isVisible())
    panel.one_key.held.emit()

    assert len({body["request"] for body in seat.link.of("Dispatch")}) == 1


def test_the_key_says_whom_it_reaches_before_it_is_pressed(panel: IncidentPanel) -> None:
    assert "巡-01" in panel.one_key.accessibleName()
    assert "F9" in panel.one_key.accessibleName()


def test_shortfalls_stand_there_as_a_result(panel: IncidentPanel, seat: Any) -> None:
    seat.tell(*story.plan())
    panel.refresh()

    assert panel._short_words.isVisible()
    assert "卡点封控" in panel._short_words.text()
    assert "巡-06" in panel._short_words.text()


def test_a_refusal_appears_in_the_panel_in_plain_words(panel: IncidentPanel, seat: Any, qtbot: Any) -> None:
    panel.acts.grade("green")
    seat.link.answer("GradeIncident", ok=False, code="incident_closed", incident="I000002")
    qtbot.waitUntil(lambda: panel._notice.isVisible())

    assert panel._notice.text() == words.tr("refused.incident_closed", incident="I000002")


def test_the_sentence_stands_before_the_table(panel: IncidentPanel, seat: Any) -> None:
    seat.tell(*story.plan())
    panel.refresh()

    assert panel._camera_words.text() == "8 路看得见,1 路可转向"
    assert panel._order_words.text() == "指令 4,2 已回,1 不能执行,2 未签收 1 分"


def test_clocks_show_the_worst_recipient_and_its_lateness(panel: IncidentPanel, seat: Any) -> None:
    seat.tell(*story.plan())
    panel.refresh()

    assert panel.clocks.words()[0] == "签收 1:00 / 0:30 巡-02 超时"


def test_strips_keep_the_machine_and_the_person_apart(panel: IncidentPanel, seat: Any) -> None:
    seat.tell(*story.plan())
    panel.refresh()

    rows = {row.unit_id: row for row in panel.order_model.rows()}
    assert rows["U-01"].story == "8 秒签收 · 途中 40 秒"
    assert rows["U-02"].story == "终端已收 1 秒 · 未签收 1 分"
    assert rows["U-02"].late
    assert (rows["U-03"].story, rows["U-03"].tone) == ("6 秒答复:在处另一警情", "red")
    assert rows["U-04"].story == "终端未收到 · 未签收 1 分"


def test_the_next_best_act_replaces_the_order_in_trouble(panel: IncidentPanel, seat: Any) -> None:
    seat.tell(*story.plan())
    panel.refresh()

    panel.acts.send_next()

    assert seat.link.of("IssueOrder")[0]["replaces"] == "I000002-O02"
    assert seat.link.of("IssueOrder")[0]["unit"] == "U-05"


def test_an_incident_nobody_can_place_says_which_rule_fails(panel: IncidentPanel, seat: Any) -> None:
    seat.tell((story.NOW_NS, story.reported("I000003", "说不清在哪", "red", story.NOW_NS, lon=None)))
    panel.open("I000003")

    assert words.tr("shortfall.incident_position_unknown") in panel.one_key.accessibleName()
    assert panel._camera_words.text() == words.tr("incident.no_cameras_no_position")


def test_a_note_is_asked_in_place_and_sent_by_enter(panel: IncidentPanel, seat: Any, qtbot: Any) -> None:
    panel.acts.ask_note()
    panel.ask._line.setText("两人受伤")  # QtTest types Latin letters only
    qtbot.keyClick(panel.ask._line, Qt.Key.Key_Return)

    assert seat.link.of("NoteIncident") == [{"incident": "I000002", "text": "两人受伤"}]
    assert not panel.ask.is_asking


def test_every_row_of_the_time_line_is_words(panel: IncidentPanel, seat: Any) -> None:
    seat.tell(*story.plan())
    panel.tabs.setCurrentWidget(panel.times)
    panel.refresh()

    texts = [row.text for row in panel.time_model.rows()]
    assert "巡-03:不能执行 · 在处另一警情" in texts
    assert not [text for text in texts if "{" in text or text.startswith("event.")]


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_no_text_of_the_panel_is_a_bare_key(panel: IncidentPanel, seat: Any, language: str) -> None:
    words.choose(language)
    seat.tell(*story.plan())
    panel.retranslate()

    shown = [label.text() for label in panel.findChildren(type(panel.head.title))] + [
        row.spoken for row in panel.order_model.rows()
    ]
    shown += [row.spoken for row in panel.camera_model.rows()]
    assert not [text for text in shown if "incident." in text or "orders." in text or "near." in text or "{" in text]
