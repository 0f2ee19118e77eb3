"""What each camera can see of the place: the sentence, then one row per camera with its number and its verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QStyle

from console.model.camera import Camera
from console.ui import marks, spoken, theme
from console.ui.rows import ROW, RowDelegate
from console.words import tr

TONES = {"sees": "green", "ptz_can_turn": "late"}


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """One camera. `note` says what became of opening it (household consent, refused)."""

    key: str
    number: int
    name: str
    network: str
    distance: str
    verdict: str
    why: str
    note: str
    on_wall: bool
    short: bool = False

    @property
    def verdict_text(self) -> str:
        return tr(f"near.verdict.{self.verdict}")

    @property
    def spoken(self) -> str:
        parts = (spoken.circled(self.number), self.name, self.verdict_text, self.distance, self.why, self.note)
        return " · ".join(part for part in parts if part)


def reason_text(reason: Mapping[str, Any]) -> str:
    """The linkage's reason in the chosen language."""
    fields = {key: value for key, value in reason.items() if key not in ("code", "condition")}
    text = tr(f"near.reason.{reason.get('code', '')}", **fields)
    return f"{text} · {tr('condition.' + str(reason['condition']))}" if reason.get("condition") else text


def row_of(linked: Mapping[str, Any], camera: Camera | None, note: str, on_wall: bool, short: bool = False) -> VerdictRow:
    """The row of one camera of `CamerasLinked`. `short`: one line, the reason only in the tooltip."""
    return VerdictRow(
        key=str(linked["camera"]),
        number=int(linked["number"]),
        name=spoken.named(camera) if camera else str(linked["camera"]),
        network=camera.network if camera else "other",
        distance=spoken.distance(linked.get("distance_m")),
        verdict=str(linked["verdict"]),
        why=reason_text(linked.get("reason") or {}),
        note=note,
        on_wall=on_wall,
        short=short,
    )


def sentence(linked: Sequence[Mapping[str, Any]]) -> str:
    """ "3 路看得见,1 路可转向,2 路被遮挡": counts by verdict, best first; says so when nothing sees the place."""
    if not linked:
        return tr("incident.no_cameras")
    counts = Counter(str(one["verdict"]) for one in linked)
    parts = [] if counts.get("sees") else [tr("incident.none_sees")]
    for verdict in ("sees", "ptz_can_turn", "needs_consent", "unknown_heading"):
        if counts.get(verdict):
            parts.append(tr(f"incident.count.{verdict}", count=counts[verdict]))
    rest = sum(counts.get(verdict, 0) for verdict in ("out_of_range", "facing_away", "blocked"))
    if rest:
        parts.append(tr("incident.count.cannot", count=rest))
    if counts.get("not_alive"):
        parts.append(tr("incident.count.not_alive", count=counts["not_alive"]))
    return tr("incident.comma").join(parts)


class VerdictDelegate(RowDelegate):
    """Number, name and verdict on one line; distance, reason and consent under it."""

    def height(self, row: Any) -> int:
        return theme.px("row") if row.short else int((theme.px("body") + theme.px("text")) * 1.35) + theme.px("space_2")

    def paint(self, painter: QPainter, option: Any, index: Any) -> None:
        row: VerdictRow = index.data(ROW)
        rect: QRect = option.rect
        painter.save()
        if option.state & (QStyle.StateFlag.State_MouseOver | QStyle.StateFlag.State_Selected):
            painter.fillRect(rect, theme.color("raised"))
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(theme.color("accent"), 1))
            painter.drawRect(QRectF(rect).adjusted(0.5, 0.5, -1.5, -1.5))
        size = 20
        left = rect.left() + theme.px("space_1")
        shade = theme.color("accent" if row.on_wall else "muted")
        marks.draw_number(painter, QRectF(left, rect.top() + 4, size, size), row.number, shade)
        box = QRect(
            left + size + theme.px("space_2"), rect.top() + 3, rect.right() - left - size - theme.px("space_3"), rect.height() - 6
        )
        painter.setFont(theme.font("text"))
        text = painter.fontMetrics()
        verdict = f"{row.distance} · {row.verdict_text}" if row.short else row.verdict_text
        painter.setPen(theme.color(TONES.get(row.verdict, "muted")))
        painter.drawText(box, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop), verdict)
        room = box.width() - text.horizontalAdvance(verdict) - theme.px("space_2")
        network = tr(f"mark.network.{row.network}")
        second = " · ".join(part for part in (row.distance, row.why, row.note) if part)
        if not row.short:
            painter.setPen(theme.color("muted"))
            lower = QRect(box.left(), box.bottom() - text.height() + 1, box.width(), text.height())
            painter.drawText(
                lower, int(Qt.AlignmentFlag.AlignLeft), text.elidedText(second, Qt.TextElideMode.ElideRight, lower.width())
            )
        painter.setFont(theme.font("body"))
        painter.setPen(theme.color("text"))
        name = painter.fontMetrics().elidedText(f"{network} {row.name}", Qt.TextElideMode.ElideRight, room)
        painter.drawText(box, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop), name)
        painter.restore()
