"""The queue of incidents: gravest first, newest first within a grade, and nothing moves under the pointer.

In: the bridge's State. Out: `opened(incident id)`. GUI thread only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QElapsedTimer, QEvent, QRect, QRectF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QIcon, QPainter, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QStyle, QVBoxLayout, QWidget

from console.model.incident import Incident, gravity
from console.model.order import Order
from console.model.state import State
from console.ui import marks, spoken, theme
from console.ui.clocks import is_overdue
from console.ui.rows import ROW, RowDelegate, RowList, RowModel
from console.words import tr

STILL_S = 30.0
"""A pointer that has not moved for so long aims at nothing: the order is put right under it."""


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One incident as the queue shows it."""

    key: str
    grade: str | None
    title: str
    at: str
    source: str
    elapsed: str
    summary: str
    overdue: bool
    unseen: bool
    lit: bool
    closed: bool
    compact: bool

    @property
    def spoken(self) -> str:
        parts = [
            tr(f"grade.{self.grade}") if self.grade else tr("queue.ungraded"),
            self.title,
            self.source,
            self.elapsed,
            self.summary,
        ]
        return " · ".join(
            [*parts, *([tr("queue.overdue")] if self.overdue else []), *([tr("queue.unseen")] if self.unseen else [])]
        )

    @property
    def tip(self) -> str:
        return f"{self.key}\n{self.spoken}"


def in_order(incidents: Iterable[Incident]) -> list[Incident]:
    """Gravest first, newest first; closed ones last."""
    return sorted(incidents, key=lambda i: (not i.is_open, gravity(i.grade), -i.entered_ns))


def summary(incident: Incident, orders: list[Order]) -> str:
    """ "现场 1 / 派 4", or what stands instead of orders."""
    if not incident.is_open:
        return tr("queue.closed", result=tr(f"result.{incident.result}"))
    live = [order for order in orders if order.state not in ("recalled", "superseded")]
    if live:
        there = sum(1 for order in live if order.state in ("on_scene", "done"))
        refused = sum(1 for order in live if order.state == "cantco")
        text = tr("queue.on_scene", there=there, sent=len(live))
        return text + (" · " + tr("queue.cantco", count=refused) if refused else "")
    if not incident.has_position:
        return tr("queue.no_position")
    return tr("queue.no_orders")


def row_of(incident: Incident, state: State, now_ns: int, lit: bool, compact: bool) -> QueueRow:
    """The row of one incident just now."""
    orders = [state.orders[key] for key in incident.orders if key in state.orders]
    end_ns = incident.closed_ns or now_ns
    unseen = incident.is_open and incident.acknowledged_ns is None
    return QueueRow(
        key=incident.id,
        grade=incident.grade,
        title=incident.title,
        at=spoken.time_of_day(incident.entered_ns),
        source=tr(f"source.{incident.source}"),
        elapsed=(spoken.count if compact else spoken.duration)((end_ns - incident.entered_ns) / 1e9),
        summary=summary(incident, orders),
        overdue=is_overdue(incident, orders),
        unseen=unseen,
        lit=unseen and incident.grade == "red" and lit,
        closed=not incident.is_open,
        compact=compact,
    )


class QueueDelegate(RowDelegate):
    """Paints a row: grade shape, title, clock, source, what was sent; a halo when something is overdue."""

    def height(self, row: Any) -> int:
        text, body = theme.px("text"), theme.px("body")
        return (
            int(body * 1.35 + theme.px("space_3")) + 6
            if row.compact
            else int(body * 1.35 + 2 * text * 1.35) + theme.px("space_3") + 6
        )

    def paint(self, painter: QPainter, option: Any, index: Any) -> None:
        row: QueueRow = index.data(ROW)
        rect: QRect = option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        grade = marks.grade_color(row.grade)
        if chosen or option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, theme.color("raised"))
        if row.lit:
            glow = theme.color("red", 0.22)
            painter.fillRect(rect, glow)
        if chosen:
            painter.fillRect(QRect(rect.left(), rect.top(), 3, rect.height()), grade)
        if row.overdue:
            painter.setPen(QPen(theme.color("red"), 2))
            painter.drawRoundedRect(QRectF(rect).adjusted(2, 2, -2, -3), 5, 5)
        if chosen and option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(theme.color("accent"), 1))
            painter.drawRect(QRectF(rect).adjusted(4, 1.5, -1.5, -1.5))
        painter.setPen(QPen(theme.color("line"), 1))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        size = 20 if row.compact else theme.px("mark")
        left, top = (
            rect.left() + theme.px("space_3"),
            rect.top() + (rect.height() - size) // 2 if row.compact else rect.top() + 10,
        )
        painter.drawPixmap(left, top, marks.pixmap("grade", size, painter.device().devicePixelRatioF(), row.grade))
        self._words(
            painter,
            row,
            QRect(left + size + theme.px("space_3"), rect.top() + 5, rect.right() - left - size - 22, rect.height() - 10),
        )
        painter.restore()

    def _words(self, painter: QPainter, row: QueueRow, box: QRect) -> None:
        painter.setFont(theme.font("body", bold=row.unseen))
        body = painter.fontMetrics()
        painter.setPen(theme.color("muted" if row.closed else "text"))
        right = 0
        if row.compact:
            painter.setFont(theme.font("text", tabular=True))
            right = painter.fontMetrics().horizontalAdvance(row.elapsed) + theme.px("space_2")
            painter.setPen(theme.color("red" if row.overdue else "muted"))
            painter.drawText(box, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), row.elapsed)
            painter.setFont(theme.font("body", bold=row.unseen))
            painter.setPen(theme.color("muted" if row.closed else "text"))
            line = box
        else:
            line = QRect(box.left(), box.top(), box.width(), int(body.height()))
        title = body.elidedText(row.title, Qt.TextElideMode.ElideRight, line.width() - right)
        painter.drawText(line, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), title)
        if row.compact:
            return
        painter.setFont(theme.font("text", tabular=True))
        metrics = painter.fontMetrics()
        second = QRect(box.left(), line.bottom() + 2, box.width(), metrics.height())
        painter.setPen(theme.color("muted"))
        parts = " · ".join((row.at, row.source, row.elapsed))
        if row.overdue:
            late = tr("queue.overdue")
            painter.setPen(theme.color("red"))
            painter.drawText(second, int(Qt.AlignmentFlag.AlignRight), late)
            second.setRight(second.right() - metrics.horizontalAdvance(late) - 8)
            painter.setPen(theme.color("muted"))
        painter.drawText(
            second, int(Qt.AlignmentFlag.AlignLeft), metrics.elidedText(parts, Qt.TextElideMode.ElideRight, second.width())
        )
        third = QRect(box.left(), second.bottom() + 2, box.width(), metrics.height())
        painter.setPen(theme.color("muted" if row.closed else "text"))
        painter.drawText(
            third, int(Qt.AlignmentFlag.AlignLeft), metrics.elidedText(row.summary, Qt.TextElideMode.ElideRight, box.width())
        )


class Queue(QWidget):
    """The list with its counts and the strip that tells of what waits while the pointer is at work.

    Signals: `opened(str)` an incident was chosen; `acknowledged(str)` it was marked as seen without opening it.
    """

    opened = Signal(object)
    acknowledged = Signal(object)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._state, self._now_ns, self._compact, self._with_closed = State(), 0, False, False
        self._lit, self._opened = False, ""
        self._held = False
        self._moved = QElapsedTimer()
        self._waiting: list[str] = []
        self.model = RowModel(self)
        self.list = RowList(self.model, QueueDelegate(), parent=self)
        self.list.setAccessibleName("queue")
        self.list.chosen.connect(self._chosen)
        self.list.marked.connect(self._marked)
        self.list.viewport().installEventFilter(self)
        self._counts = QLabel(self)
        self._closed = QPushButton(self)
        self._closed.setCheckable(True)
        self._closed.setProperty("role", "flat")
        self._closed.toggled.connect(self._show_closed)
        self._strip = QPushButton(self)
        self._strip.setProperty("role", "flat")
        self._strip.setStyleSheet("text-align: left;")
        self._strip.clicked.connect(self.open_waiting)
        self._empty = QLabel(self.list)
        self._empty.setProperty("role", "muted")
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        head = QHBoxLayout()
        head.setContentsMargins(theme.px("space_3"), theme.px("space_1"), theme.px("space_1"), 0)
        head.addWidget(self._counts, 1)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(0)
        below = QHBoxLayout()
        below.setContentsMargins(theme.px("space_1"), 0, theme.px("space_1"), 0)
        below.addWidget(self._strip, 1)
        below.addWidget(self._closed)
        page.addLayout(head)
        page.addLayout(below)
        page.addWidget(self.list, 1)
        self._beat = QTimer(self)
        self._beat.setInterval(1000)
        self._beat.timeout.connect(self._check_still)
        self._beat.start()
        self.retranslate()

    def retranslate(self) -> None:
        """Say everything again in the chosen language."""
        self._closed.setText(tr("queue.with_closed"))
        self._closed.setToolTip(tr("queue.with_closed_tip"))
        self._empty.setText(tr("queue.empty"))
        self.show_state(self._state, self._now_ns)

    def show_replay(self) -> None:
        """Nobody marks anything as seen here."""
        self._strip.hide()

    def set_compact(self, compact: bool) -> None:
        """One line an incident, for small screens."""
        if compact != self._compact:
            self._compact = compact
            self.list.scheduleDelayedItemsLayout()
            self.show_state(self._state, self._now_ns)

    def show_state(self, state: State, now_ns: int) -> None:
        """Show the incidents as they are now. While the pointer works in the list only texts change, no row moves."""
        self._state, self._now_ns = state, now_ns
        wanted = in_order(i for i in state.incidents.values() if i.is_open or self._with_closed)
        if self._held:
            shown = {row.key for row in self.model.rows()}
            self._waiting = [incident.id for incident in wanted if incident.id not in shown]
            wanted = [state.incidents[row.key] for row in self.model.rows() if row.key in state.incidents]
        else:
            self._waiting = []
        self.model.put([row_of(incident, state, now_ns, self._lit, self._compact) for incident in wanted])
        self._say_counts()
        self._say_waiting()
        self._empty.setVisible(not wanted)
        self._empty.setGeometry(self.list.viewport().rect().adjusted(16, 16, -16, -16))

    def blink(self, lit: bool) -> None:
        """The calm flash of unacknowledged red, once a second."""
        self._lit = lit

    def select(self, incident: str) -> None:
        """Mark an incident as the one that is open, without opening it again."""
        self._opened = incident
        number = self.model.row_of(incident)
        if number < 0 and incident in self._state.incidents:
            self._release()
            number = self.model.row_of(incident)
        if number >= 0:
            self.list.setCurrentIndex(self.model.index(number))
        else:
            self.list.clearSelection()

    def step(self, by: int) -> None:
        """Open the next (1) or former (-1) incident."""
        self._release()
        rows = self.model.rows()
        if rows:
            here = self.model.row_of(self._opened)
            number = min(max(here + by, 0), len(rows) - 1) if here >= 0 else 0
            self.list.setCurrentIndex(self.model.index(number))
            self.opened.emit(rows[number].key)

    @Slot()
    def open_waiting(self) -> None:
        """Put the order right and open the gravest incident that waited, or the gravest unseen one."""
        waiting = list(self._waiting)
        self._release()
        unseen = [row.key for row in self.model.rows() if row.unseen]
        for key in (*waiting, *unseen):
            self.opened.emit(key)
            return

    @property
    def waiting(self) -> list[str]:
        """Incidents that are not in the list yet because the pointer is at work in it."""
        return list(self._waiting)

    def _release(self) -> None:
        if self._held:
            self._held = False
            self.show_state(self._state, self._now_ns)

    def eventFilter(self, watched: Any, event: Any) -> bool:
        if watched is self.list.viewport():
            if event.type() in (QEvent.Type.Enter, QEvent.Type.MouseMove, QEvent.Type.MouseButtonPress):
                self._held = True
                self._moved.start()
            elif event.type() == QEvent.Type.Leave:
                self._release()
        return super().eventFilter(watched, event)

    @Slot()
    def _check_still(self) -> None:
        if self._held and self._moved.isValid() and self._moved.elapsed() > STILL_S * 1000:
            self._release()

    @Slot(object)
    def _chosen(self, row: QueueRow) -> None:
        self.opened.emit(row.key)

    @Slot(object)
    def _marked(self, row: QueueRow) -> None:
        self.acknowledged.emit(row.key)

    @Slot(bool)
    def _show_closed(self, on: bool) -> None:
        self._with_closed = on
        self._held = False
        self.show_state(self._state, self._now_ns)

    def _say_counts(self) -> None:
        opened = self._state.open_incidents()
        unseen = sum(1 for incident in opened if incident.acknowledged_ns is None)
        late = sum(
            1
            for incident in opened
            if incident.passed and is_overdue(incident, [self._state.orders[key] for key in incident.orders])
        )
        self._counts.setText(tr("queue.counts", incidents=len(opened), unseen=unseen, late=late))

    def _say_waiting(self) -> None:
        """The strip has its own fixed place, so that its coming moves nothing."""
        if self._waiting:
            first = self._state.incidents[self._waiting[0]]
            self._strip.setIcon(marks.icon("grade", first.grade))
            self._strip.setText(tr("queue.waiting", count=len(self._waiting)))
            self._strip.setEnabled(True)
        else:
            self._strip.setIcon(QIcon())
            self._strip.setText(tr("queue.hint"))
            self._strip.setEnabled(False)
