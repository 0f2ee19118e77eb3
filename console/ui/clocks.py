"""The clocks of an incident: elapsed against target, the worst recipient's, and the strip of four that shows them.

`readings` is pure; the widget paints what it returns. Order clocks count from each order's issue, close from the entry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from console.model.incident import Incident
from console.model.order import Order
from console.ui import spoken, theme
from console.words import tr

REACHED: dict[str, tuple[str, ...]] = {
    "sign": ("wilco", "cantco", "signed_on_behalf", "en_route", "on_scene", "done"),
    "depart": ("en_route", "on_scene", "done", "cantco"),
    "arrive": ("on_scene", "done", "cantco"),
    "feedback": ("done", "cantco"),
}
"""Clock → order states that stop it; the same table as services/overdue judges by."""
SHOWN = ("sign", "depart", "arrive", "close")
NEAR = 0.75
"""Part of the limit from which a clock is shown as about to be late."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One clock. `state`: idle (nothing to count yet), running, near, over, met (stopped in time) or late (stopped too late)."""

    clock: str
    elapsed_s: float | None
    limit_s: float
    order: str
    state: str


def _state(elapsed_s: float, limit_s: float, stopped: bool) -> str:
    if stopped:
        return "late" if elapsed_s > limit_s else "met"
    if elapsed_s > limit_s:
        return "over"
    return "near" if elapsed_s > limit_s * NEAR else "running"


def _reached_ns(order: Order, clock: str) -> int | None:
    times = [order.at[state] for state in REACHED[clock] if state in order.at]
    return min(times) if times else None


def _of_orders(clock: str, limit_s: float, orders: Sequence[Order], now_ns: int) -> Reading:
    live = [order for order in orders if order.state not in ("recalled", "superseded")]
    if not live:
        return Reading(clock, None, limit_s, "", "idle")
    waiting = [order for order in live if _reached_ns(order, clock) is None]
    if waiting:
        worst = min(waiting, key=lambda order: order.at["issued"])
        elapsed_s = (now_ns - worst.at["issued"]) / 1e9
        return Reading(clock, elapsed_s, limit_s, worst.id, _state(elapsed_s, limit_s, stopped=False))
    took = [((_reached_ns(order, clock) or now_ns) - order.at["issued"], order.id) for order in live]
    longest_ns, worst_id = max(took)
    return Reading(clock, longest_ns / 1e9, limit_s, worst_id, _state(longest_ns / 1e9, limit_s, stopped=True))


def readings(incident: Incident, orders: Iterable[Order], limits: Mapping[str, float], now_ns: int) -> list[Reading]:
    """The clocks of `limits` (seconds by name) that the panel shows, in the order of `SHOWN`."""
    mine = [order for order in orders if order.incident == incident.id]
    found: list[Reading] = []
    for clock in SHOWN:
        limit_s = limits.get(clock)
        if limit_s is None:
            continue
        if clock == "close":
            elapsed_s = ((incident.closed_ns or now_ns) - incident.entered_ns) / 1e9
            found.append(Reading(clock, elapsed_s, limit_s, "", _state(elapsed_s, limit_s, not incident.is_open)))
        else:
            found.append(_of_orders(clock, limit_s, mine, now_ns))
    return found


def late_orders(incident: Incident, orders: Iterable[Order]) -> frozenset[str]:
    """Orders of an open incident whose passed deadline is still unmet."""
    if not incident.is_open:
        return frozenset()
    live = {order.id: order for order in orders if order.is_open or order.state == "expired_unseen"}
    return frozenset(
        str(passed["order"])
        for passed in incident.passed
        if passed["order"] in live and _reached_ns(live[str(passed["order"])], str(passed["clock"])) is None
    )


def is_overdue(incident: Incident, orders: Iterable[Order]) -> bool:
    """Whether something of an open incident is late while it still can be mended."""
    if not incident.is_open or not incident.passed:
        return False
    return any(passed["clock"] == "close" for passed in incident.passed) or bool(late_orders(incident, orders))


_TONES = {"idle": "muted", "running": "text", "near": "late", "over": "red", "met": "muted", "late": "red"}


class ClockStrip(QWidget):
    """Four cells: the elapsed time large, under it name / target, under that whose it is. Digits of one width."""

    def __init__(self, name_of: Callable[[str], str], parent: Any = None) -> None:
        super().__init__(parent)
        self._name_of = name_of
        self._readings: list[Reading] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_readings(self, found: list[Reading]) -> None:
        """Paint `found`; the accessible text says the same in words."""
        if found != self._readings:
            self._readings = found
            self.setAccessibleName(" · ".join(self.words()))
            self.setToolTip("\n".join(self.words()))
            self.update()

    def words(self) -> list[str]:
        """Each clock as a sentence."""
        said = []
        for reading in self._readings:
            late = {"over": tr("incident.clock_over"), "late": tr("incident.clock_late"), "met": tr("incident.clock_met")}
            note = late.get(reading.state, "")
            who = self._name_of(reading.order) if reading.order and reading.state in ("near", "over") else ""
            text = f"{tr(f'clock.{reading.clock}')} {spoken.count(reading.elapsed_s)} / {spoken.count(reading.limit_s)}"
            said.append(" ".join(part for part in (text, who, note) if part))
        return said

    def sizeHint(self) -> QSize:
        return QSize(320, int(theme.px("heading") * 1.35 + theme.px("text") * 2.7) + theme.px("space_2") * 2)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: Any) -> None:
        painter = QPainter(self)
        painter.setPen(QPen(theme.color("line"), 1))
        painter.drawLine(0, 0, self.width(), 0)
        painter.drawLine(0, self.height() - 1, self.width(), self.height() - 1)
        if not self._readings:
            painter.end()
            return
        cell = self.width() / len(self._readings)
        for number, reading in enumerate(self._readings):
            left = int(number * cell)
            if number:
                painter.setPen(QPen(theme.color("line"), 1))
                painter.drawLine(left, 8, left, self.height() - 8)
            self._cell(
                painter,
                reading,
                QRect(left + theme.px("space_2"), theme.px("space_2"), int(cell) - theme.px("space_2") - 2, self.height()),
            )
        painter.end()

    def _cell(self, painter: QPainter, reading: Reading, box: QRect) -> None:
        painter.setFont(theme.font("heading", bold=True, tabular=True))
        painter.setPen(theme.color(_TONES[reading.state]))
        high = painter.fontMetrics().height()
        painter.drawText(
            QRect(box.left(), box.top(), box.width(), high), Qt.AlignmentFlag.AlignLeft, spoken.count(reading.elapsed_s)
        )
        painter.setFont(theme.font("text", tabular=True))
        metrics = painter.fontMetrics()
        painter.setPen(theme.color("muted"))
        target = f"{tr(f'clock.{reading.clock}')}/{spoken.count(reading.limit_s)}"
        painter.drawText(QRect(box.left(), box.top() + high, box.width(), metrics.height()), Qt.AlignmentFlag.AlignLeft, target)
        words = {"over": "incident.clock_over", "late": "incident.clock_late", "met": "incident.clock_met"}
        who = self._name_of(reading.order) if reading.order and reading.state in ("running", "near", "over") else ""
        text = who or (tr(words[reading.state]) if reading.state in words else "")
        if reading.state in ("near", "over"):
            painter.setPen(theme.color(_TONES[reading.state]))
        third = QRect(box.left(), box.top() + high + metrics.height(), box.width(), metrics.height())
        painter.drawText(third, Qt.AlignmentFlag.AlignLeft, metrics.elidedText(text, Qt.TextElideMode.ElideRight, box.width()))
