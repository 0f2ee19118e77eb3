"""One strip per order: from durable save to done, what the machine has said and what the person has said apart.

Pure rows from the fold, a delegate that paints them. GUI thread only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QStyle

from console.model.order import STRIP, Order
from console.model.unit import Unit
from console.ui import marks, spoken, theme
from console.ui.rows import ROW, RowDelegate
from console.words import tr

MACHINE = ("issued", "at_broker", "on_terminal", "shown")
"""Steps a machine reports; the rest are a person's word."""
UNANSWERED = ("issued", "at_broker", "path_failed", "on_terminal", "shown")
_TONES = {
    "wilco": "green", "en_route": "green", "on_scene": "green", "done": "green", "signed_on_behalf": "green",
    "cantco": "red", "path_failed": "red", "expired_unseen": "red", "recalled": "muted", "superseded": "muted",
}  # fmt: skip
_REACHES = {
    "issued": 1, "at_broker": 1, "path_failed": 1, "expired_unseen": 1, "on_terminal": 2, "shown": 3, "wilco": 4, "cantco": 4,
    "signed_on_behalf": 4, "en_route": 5, "on_scene": 6, "done": 7,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order just now. `steps` of `STRIP` are behind it; `tone` colours them and the state's name."""

    key: str
    unit: str
    unit_id: str
    kind: str
    state: str
    state_text: str
    story: str
    steps: int
    tone: str
    late: bool
    is_open: bool
    tip: str

    @property
    def spoken(self) -> str:
        late = tr("queue.overdue") if self.late else ""
        return " · ".join(part for part in (self.unit, tr(f"unit_kind.{self.kind}"), self.state_text, self.story, late) if part)


def _since(order: Order, state: str, now_ns: int) -> str:
    return spoken.duration((now_ns - order.at[state]) / 1e9)


def _took(order: Order, state: str) -> str:
    return spoken.duration((order.at[state] - order.at["issued"]) / 1e9)


def _machine(order: Order) -> str:
    """What the machines have said so far."""
    seen = [state for state in ("at_broker", "on_terminal", "shown") if state in order.at]
    return (
        tr("orders.machine", state=tr(f"order_state.{seen[-1]}"), took=_took(order, seen[-1]))
        if seen
        else tr("orders.no_machine")
    )


def story(order: Order, now_ns: int) -> str:
    """The second line of a strip: machine, then person, then what runs now."""
    state = order.state
    if state == "cantco":
        return tr("orders.refused", reason=order.reason or tr("orders.no_reason"), took=_took(order, "cantco"))
    if state == "recalled":
        return tr(
            "orders.recalled",
            reason=tr(f"recall.{order.recall_reason}")
            if order.recall_reason in ("incident_closed",)
            else order.recall_reason or "",
        )
    if state == "superseded":
        return tr("orders.superseded")
    if state == "path_failed":
        return tr("orders.path_failed", since=_since(order, "issued", now_ns))
    if state == "expired_unseen":
        return tr("orders.expired")
    if state in UNANSWERED:
        return tr("orders.unsigned", machine=_machine(order), since=_since(order, "issued", now_ns))
    signed = next((name for name in ("wilco", "signed_on_behalf", "en_route", "on_scene", "done") if name in order.at), state)
    said = tr("orders.signed", took=_took(order, signed))
    if state in ("wilco", "signed_on_behalf"):
        return tr("orders.not_departed", said=said, since=_since(order, state, now_ns))
    if state == "done":
        return tr("orders.done", said=said, took=_took(order, "done"))
    return tr("orders.running", said=said, state=tr(f"order_state.{state}"), since=_since(order, state, now_ns))


def tone_of(order: Order, late: bool) -> str:
    """Red only for what needs an act now, amber for unsigned, green for answered."""
    if order.state in UNANSWERED and order.state != "path_failed":
        return "red" if late else "late"
    return "red" if late and order.is_open else _TONES.get(order.state, "muted")


def times(order: Order) -> str:
    """Every step with its exact time, for the tooltip."""
    lines = [f"{order.id} v{order.version} · {order.text}"]
    for state, at_ns in sorted(order.at.items(), key=lambda pair: pair[1]):
        who = tr("orders.by_machine") if state in MACHINE else tr("orders.by_person")
        lines.append(f"{spoken.date_and_time(at_ns)}  {tr(f'order_state.{state}')}  ({who})")
    lines.append(tr("orders.sent", count=order.sent, path=order.path or "–"))
    return "\n".join(lines)


def row_of(order: Order, unit: Unit | None, now_ns: int, late: bool) -> OrderRow:
    """The strip of one order."""
    steps = max((_REACHES.get(state, 0) for state in order.at), default=1)
    unsigned = order.state in UNANSWERED and order.state not in ("path_failed",)
    return OrderRow(
        key=order.id,
        unit=spoken.named(unit) if unit else order.unit,
        unit_id=order.unit,
        kind=unit.kind if unit else "other",
        state=order.state,
        state_text=tr("orders.unsigned_short") if unsigned and "on_terminal" in order.at else tr(f"order_state.{order.state}"),
        story=story(order, now_ns),
        steps=steps,
        tone=tone_of(order, late),
        late=late,
        is_open=order.is_open,
        tip=times(order),
    )


def sentence(orders: Sequence[Order], now_ns: int) -> str:
    """ "指令 4 · 3 已回 · 1 未签收 24 秒": how many, how many answered, the worst of the rest."""
    live = [order for order in orders if order.state not in ("recalled", "superseded")]
    if not live:
        return tr("orders.none")
    waiting = [order for order in live if order.state in UNANSWERED]
    refused = sum(1 for order in live if order.state == "cantco")
    parts = [tr("orders.count", count=len(live)), tr("orders.answered", count=len(live) - len(waiting))]
    if refused:
        parts.append(tr("orders.refusing", count=refused))
    if waiting:
        oldest_ns = min(order.at["issued"] for order in waiting)
        parts.append(tr("orders.waiting", count=len(waiting), since=spoken.duration((now_ns - oldest_ns) / 1e9)))
    return tr("incident.comma").join(parts)


class OrderDelegate(RowDelegate):
    """Unit, kind and state; the story; seven steps in two groups, the machine's and the person's."""

    def height(self, row: Any) -> int:
        return int((theme.px("body") + theme.px("text")) * 1.35) + theme.px("space_3") + 12

    def paint(self, painter: QPainter, option: Any, index: Any) -> None:
        row: OrderRow = index.data(ROW)
        rect: QRect = option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & (QStyle.StateFlag.State_MouseOver | QStyle.StateFlag.State_Selected):
            painter.fillRect(rect, theme.color("raised"))
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(theme.color("accent"), 1))
            painter.drawRect(QRectF(rect).adjusted(0.5, 0.5, -1.5, -1.5))
        box = rect.adjusted(theme.px("space_1"), 4, -theme.px("space_1"), -6)
        tone = theme.color(row.tone)
        painter.setFont(theme.font("text", bold=True))
        metrics = painter.fontMetrics()
        painter.setPen(tone)
        painter.drawText(box, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop), row.state_text)
        room = box.width() - metrics.horizontalAdvance(row.state_text) - theme.px("space_2")
        self._who(painter, row, QRect(box.left(), box.top(), room, metrics.height()))
        painter.setFont(theme.font("text", tabular=True))
        metrics = painter.fontMetrics()
        painter.setPen(theme.color("red" if row.late else "muted"))
        lower = QRect(box.left(), box.top() + metrics.height() + 2, box.width(), metrics.height())
        painter.drawText(
            lower, int(Qt.AlignmentFlag.AlignLeft), metrics.elidedText(row.story, Qt.TextElideMode.ElideRight, lower.width())
        )
        self._steps(painter, row, QRectF(box.left(), rect.bottom() - 7, box.width(), 4))
        painter.restore()

    def _who(self, painter: QPainter, row: OrderRow, box: QRect) -> None:
        size = 18
        painter.drawPixmap(box.left(), box.top() + 1, marks.pixmap("unit", size, painter.device().devicePixelRatioF(), row.kind))
        left = box.left() + size + theme.px("space_1")
        painter.setFont(theme.font("body", bold=True))
        painter.setPen(theme.color("text"))
        metrics = painter.fontMetrics()
        name = metrics.elidedText(row.unit, Qt.TextElideMode.ElideRight, box.right() - left)
        painter.drawText(QRect(left, box.top(), box.right() - left, box.height() + 2), int(Qt.AlignmentFlag.AlignLeft), name)
        after = left + metrics.horizontalAdvance(name) + theme.px("space_2")
        painter.setFont(theme.font("text"))
        painter.setPen(theme.color("muted"))
        kind = tr(f"unit_kind.{row.kind}")
        if painter.fontMetrics().horizontalAdvance(kind) <= box.right() - after:
            painter.drawText(
                QRect(after, box.top(), box.right() - after, box.height() + 2), int(Qt.AlignmentFlag.AlignLeft), kind
            )

    def _steps(self, painter: QPainter, row: OrderRow, box: QRectF) -> None:
        """Three machine steps, a wider gap, four of the person."""
        gap, group = 2.0, 8.0
        wide = (box.width() - gap * (len(STRIP) - 2) - group) / len(STRIP)
        left = box.left()
        painter.setPen(Qt.PenStyle.NoPen)
        for number in range(len(STRIP)):
            done = number < row.steps
            painter.setBrush(theme.color(row.tone if row.tone != "muted" else "faint") if done else theme.color("line"))
            painter.drawRoundedRect(QRectF(left, box.top(), wide, box.height()), 2, 2)
            left += wide + (group if number == 2 else gap)
