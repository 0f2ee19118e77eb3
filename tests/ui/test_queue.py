"""The queue: gravest first, and nothing moves under the pointer."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from console.ui.queue import Queue
from tests.ui import story


@pytest.fixture
def queue(seat: Any, qtbot: Any) -> Queue:
    made = Queue()
    qtbot.addWidget(made)
    made.resize(320, 600)
    made.show()
    made.show_state(seat.bridge.state, seat.clock.now_ns())
    return made


def keys(queue: Queue) -> list[str]:
    return [row.key for row in queue.model.rows()]


def point_at(queue: Queue, on: bool) -> None:
    at = QPointF(40, 20)
    event = QEnterEvent(at, at, at) if on else QEvent(QEvent.Type.Leave)
    QApplication.sendEvent(queue.list.viewport(), event)


def test_the_gravest_stands_first_and_the_newest_first_within_a_grade(queue: Queue, seat: Any) -> None:
    seat.tell(
        (story.NOW_NS, story.reported("I000003", "第二起", "red", story.NOW_NS)),
        (story.NOW_NS, story.reported("I000004", "?", None, story.NOW_NS)),
    )

    queue.show_state(seat.bridge.state, seat.clock.now_ns())

    assert keys(queue) == ["I000003", "I000002", "I000001", "I000004"]


def test_a_new_incident_does_not_move_what_is_under_the_pointer(queue: Queue, seat: Any) -> None:
    point_at(queue, True)
    before = queue.list.visualRect(queue.model.index(0))
    seat.tell((story.NOW_NS, story.reported("I000003", "第二起", "red", story.NOW_NS)))

    queue.show_state(seat.bridge.state, seat.clock.now_ns())

    assert keys(queue) == ["I000002", "I000001"]
    assert queue.list.visualRect(queue.model.index(0)) == before
    assert queue.waiting == ["I000003"]


def test_the_order_is_put_right_when_the_pointer_leaves(queue: Queue, seat: Any) -> None:
    point_at(queue, True)
    seat.tell((story.NOW_NS, story.reported("I000003", "第二起", "red", story.NOW_NS)))
    queue.show_state(seat.bridge.state, seat.clock.now_ns())

    point_at(queue, False)

    assert keys(queue) == ["I000003", "I000002", "I000001"]
    assert queue.waiting == []


def test_the_strip_opens_what_waited(queue: Queue, seat: Any, qtbot: Any) -> None:
    point_at(queue, True)
    seat.tell((story.NOW_NS, story.reported("I000003", "第二起", "red", story.NOW_NS)))
    queue.show_state(seat.bridge.state, seat.clock.now_ns())

    with qtbot.waitSignal(queue.opened) as opened:
        queue.open_waiting()

    assert opened.args == ["I000003"]


def test_the_chosen_row_stays_chosen_when_the_order_changes(queue: Queue, seat: Any) -> None:
    queue.select("I000001")
    seat.tell((story.NOW_NS, story.reported("I000003", "第二起", "red", story.NOW_NS)))

    queue.show_state(seat.bridge.state, seat.clock.now_ns())

    assert queue.list.current().key == "I000001"


def test_an_overdue_incident_says_so(queue: Queue, seat: Any) -> None:
    seat.tell(*story.plan())

    queue.show_state(seat.bridge.state, seat.clock.now_ns())

    red = queue.model.rows()[0]
    assert red.overdue
    assert red.summary == "现场 0 / 派 4 · 1 不能执行"


def test_the_model_keeps_the_rules_of_models(queue: Queue, seat: Any) -> None:
    QAbstractItemModelTester(queue.model, QAbstractItemModelTester.FailureReportingMode.Warning, queue)
    seat.tell((story.NOW_NS, story.reported("I000003", "第二起", "red", story.NOW_NS)))
    queue.show_state(seat.bridge.state, seat.clock.now_ns())
    point_at(queue, True)
    point_at(queue, False)

    assert queue.model.rowCount() == 3


def test_space_marks_the_row_as_seen_and_enter_opens_it(queue: Queue, qtbot: Any) -> None:
    queue.select("I000002")
    queue.list.setFocus()

    with qtbot.waitSignal(queue.acknowledged) as seen:
        qtbot.keyClick(queue.list, Qt.Key.Key_Space)
    with qtbot.waitSignal(queue.opened) as opened:
        qtbot.keyClick(queue.list, Qt.Key.Key_Return)

    assert (seen.args, opened.args) == (["I000002"], ["I000002"])


def test_a_click_opens_the_incident(queue: Queue, qtbot: Any) -> None:
    spot = queue.list.visualRect(queue.model.index(1)).center()

    with qtbot.waitSignal(queue.opened) as opened:
        qtbot.mouseClick(queue.list.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(spot))

    assert opened.args == ["I000001"]
