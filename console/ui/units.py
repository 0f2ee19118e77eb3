"""Units: those round an incident by ring, and all of them by state, each with the age of its fix. Rows, delegate, dock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QRect, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QLabel, QLineEdit, QStyle, QVBoxLayout, QWidget

from console.model.incident import Incident
from console.model.playbook import Candidate
from console.model.state import State
from console.model.unit import DUTIES, Fix, Unit
from console.ui import marks, spoken, theme
from console.ui.rows import ROW, RowDelegate, RowList, RowModel
from console.words import tr

STALE_S = 120.0
"""A fix older than this is shown hollow: where the unit was, not where it is."""
RINGS_M = (100, 300, 500)


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One unit, or a heading (`kind` empty)."""

    key: str
    name: str
    kind: str
    duty: str
    reach: str
    age: str
    stale: bool
    note: str = ""

    @property
    def spoken(self) -> str:
        if not self.kind:
            return self.name
        parts = (self.name, tr(f"unit_kind.{self.kind}"), tr(f"duty.{self.duty}"), self.reach, self.age, self.note)
        return " · ".join(part for part in parts if part)


def duty_of(unit: Unit, state: State) -> str:
    """What the unit is doing: its open order's progress, else its duty."""
    best = ""
    for order in state.open_orders(unit.id):
        if order.state in ("en_route", "on_scene"):
            return order.state
        if order.is_signed:
            best = "assigned"
    return best or state.duties.get(unit.id, unit.duty or "on_duty")


def _age(fix: Fix | None, now_ns: int) -> tuple[str, bool]:
    if fix is None:
        return tr("units.no_fix"), True
    age_s = fix.age_s(now_ns)
    return tr("units.fix_age", ago=spoken.ago(age_s)), age_s > STALE_S


def ring_rows(
    incident: Incident,
    found: list[Candidate],
    state: State,
    roster_units: Mapping[str, Unit],
    fixes: Mapping[str, Fix],
    now_ns: int,
) -> list[UnitRow]:
    """Units by ring 100/300/500 m, then farther, then those nobody can place; the nearest first."""
    rows: list[UnitRow] = []
    placed = sorted((one for one in found if one.distance_m is not None), key=lambda one: one.distance_m or 0.0)
    ring: str | None = None
    for one in placed:
        distance_m = one.distance_m or 0.0
        here = next((str(limit) for limit in RINGS_M if distance_m <= limit), "beyond")
        if here != ring:
            ring = here
            count = sum(
                1 for other in placed if next((str(r) for r in RINGS_M if (other.distance_m or 0) <= r), "beyond") == ring
            )
            title = tr("units.beyond", count=count) if ring == "beyond" else tr("units.ring", metres=ring, count=count)
            rows.append(UnitRow(f"ring-{ring}", title, "", "", "", "", False))
        unit = roster_units.get(one.unit)
        if unit is None:
            continue
        age, stale = _age(fixes.get(one.unit), now_ns)
        reach = spoken.distance(distance_m) + (" · " + spoken.duration(one.eta_s) if one.eta_s is not None else "")
        rows.append(UnitRow(one.unit, spoken.named(unit), unit.kind, duty_of(unit, state), reach, age, stale, _note(one)))
    lost = [one for one in found if one.distance_m is None and one.duty != "off"]
    if lost:
        rows.append(UnitRow("ring-lost", tr("units.lost", count=len(lost)), "", "", "", "", False))
        for one in lost:
            unit = roster_units.get(one.unit)
            if unit is not None:
                rows.append(
                    UnitRow(
                        one.unit, spoken.named(unit), unit.kind, duty_of(unit, state), "", tr("units.no_fix"), True, _note(one)
                    )
                )
    return rows


def _note(one: Candidate) -> str:
    if one.refused:
        return tr("units.refused")
    if one.here:
        return tr("units.here")
    return tr("units.busy") if one.busy else ""


class UnitDelegate(RowDelegate):
    """Badge, name and distance · time; duty and age of fix under them."""

    def height(self, row: Any) -> int:
        return theme.px("row") if not row.kind else int((theme.px("body") + theme.px("text")) * 1.35) + theme.px("space_2") + 2

    def paint(self, painter: QPainter, option: Any, index: Any) -> None:
        row: UnitRow = index.data(ROW)
        rect: QRect = option.rect
        painter.save()
        if not row.kind:
            painter.setPen(theme.color("muted"))
            painter.setFont(theme.font("text"))
            painter.drawText(
                rect.adjusted(4, 4, -4, 0), int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), row.name
            )
            painter.restore()
            return
        if option.state & (QStyle.StateFlag.State_MouseOver | QStyle.StateFlag.State_Selected):
            painter.fillRect(rect, theme.color("raised"))
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(theme.color("accent"), 1))
            painter.drawRect(QRectF(rect).adjusted(0.5, 0.5, -1.5, -1.5))
        size = 24
        painter.drawPixmap(
            rect.left() + 4,
            rect.top() + 8,
            marks.pixmap("unit", size, painter.device().devicePixelRatioF(), row.kind, row.duty, row.stale),
        )
        box = QRect(rect.left() + size + 12, rect.top() + 4, rect.width() - size - 18, rect.height() - 8)
        painter.setFont(theme.font("text", tabular=True))
        text = painter.fontMetrics()
        painter.setPen(theme.color("text"))
        painter.drawText(box, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop), row.reach)
        painter.setPen(theme.color("muted"))
        lower = QRect(box.left(), box.bottom() - text.height() + 1, box.width(), text.height())
        second = " · ".join(part for part in (tr(f"unit_kind.{row.kind}"), tr(f"duty.{row.duty}"), row.age, row.note) if part)
        painter.drawText(
            lower, int(Qt.AlignmentFlag.AlignLeft), text.elidedText(second, Qt.TextElideMode.ElideRight, lower.width())
        )
        painter.setFont(theme.font("body"))
        painter.setPen(theme.color("text"))
        room = box.width() - text.horizontalAdvance(row.reach) - 8
        painter.drawText(
            box,
            int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop),
            painter.fontMetrics().elidedText(row.name, Qt.TextElideMode.ElideRight, room),
        )
        painter.restore()


class Units(QWidget):
    """The dock with every unit of the roster, by state.

    Signals: `pointed(str)` a unit to show on the map.
    """

    pointed = Signal(object)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._shown: tuple[Any, ...] = ()
        self.model = RowModel(self)
        self.list = RowList(self.model, UnitDelegate(), parent=self)
        self.list.chosen.connect(self._chosen)
        self._filter = QLineEdit(self)
        self._filter.setClearButtonEnabled(True)
        self._filter.textChanged.connect(self._again)
        self._count = QLabel(self)
        self._count.setProperty("role", "muted")
        page = QVBoxLayout(self)
        page.addWidget(self._filter)
        page.addWidget(self._count)
        page.addWidget(self.list, 1)
        self.retranslate()

    def retranslate(self) -> None:
        self._filter.setPlaceholderText(tr("units.filter"))
        self._again()

    def show_units(self, units: Mapping[str, Unit], state: State, fixes: Mapping[str, Fix], now_ns: int) -> None:
        """Show the roster as it is now."""
        self._shown = (units, state, fixes, now_ns)
        wanted = self._filter.text().strip().lower()
        by_duty: dict[str, list[UnitRow]] = {}
        for unit in units.values():
            if wanted and wanted not in f"{unit.id} {unit.name} {tr(f'unit_kind.{unit.kind}')}".lower():
                continue
            age, stale = _age(fixes.get(unit.id), now_ns)
            duty = duty_of(unit, state)
            by_duty.setdefault(duty, []).append(UnitRow(unit.id, spoken.named(unit), unit.kind, duty, unit.phone, age, stale))
        rows: list[UnitRow] = []
        for duty in ("on_scene", "en_route", "assigned", *(d for d in DUTIES if d not in ("on_scene", "en_route", "assigned"))):
            if found := by_duty.get(duty):
                rows.append(
                    UnitRow(f"duty-{duty}", tr("units.of_duty", duty=tr(f"duty.{duty}"), count=len(found)), "", "", "", "", False)
                )
                rows += sorted(found, key=lambda row: row.name)
        self.model.put(rows)
        self._count.setText(tr("units.count", count=sum(len(found) for found in by_duty.values())))

    @Slot()
    def _again(self) -> None:
        if self._shown:
            self.show_units(*self._shown)

    @Slot(object)
    def _chosen(self, row: UnitRow) -> None:
        if row.kind:
            self.pointed.emit(row.key)
