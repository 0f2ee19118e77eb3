"""Characters and pictograms as vector shapes: the letter of a badge, and what a tile's state looks like. See `marks`."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPen, QPolygonF

from console.ui import theme

TILE_STATES = ("live", "late", "held", "none", "unknown", "turning", "replay", "connecting")


def pen(color: QColor, width: float) -> QPen:
    """A pen with round ends and corners."""
    return QPen(color, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)


def draw_character(painter: QPainter, rect: QRectF, text: str, color: QColor, bold: bool = True) -> None:
    """Paint `text` as an outline, centred by its ink and no larger than `rect` (a badge's character)."""
    path = QPainterPath()
    path.addText(0, 0, theme.font(100, bold), text)
    ink = path.boundingRect()
    if ink.isEmpty():
        return
    scale = min(rect.height() / 95.0, rect.width() / max(ink.width(), 1.0))
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(rect.center())
    painter.scale(scale, scale)
    painter.translate(-ink.center())
    painter.fillPath(path, color)
    painter.restore()


def tile_state_color(state: str, on_tile: bool = True) -> QColor:
    """The colour of a tile state's pictogram over a tile (always dark) or on a panel: only lateness, turning and replay
    are coloured."""
    token = {"late": "late", "turning": "late", "live": "text", "none": "text", "held": "text", "replay": "replay"}.get(
        state, "muted"
    )
    return theme.tile_color(token) if on_tile else theme.color(token)


def draw_tile_state(painter: QPainter, rect: QRectF, state: str, on_tile: bool = True, color: QColor | None = None) -> None:
    """Paint the pictogram of a tile state: live a ring with a dot, late a clock, held two bars, none a cross, unknown "?" …"""
    size = min(rect.width(), rect.height())
    shade = color or tile_state_color(state, on_tile)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(rect.center())
    painter.scale(size / 16, size / 16)
    painter.setPen(pen(shade, 1.6))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    _PICTOGRAMS.get(state, _unknown)(painter, shade)
    painter.restore()


def _live(painter: QPainter, shade: QColor) -> None:
    painter.drawEllipse(QPointF(0, 0), 5.6, 5.6)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(shade)
    painter.drawEllipse(QPointF(0, 0), 3.1, 3.1)


def _late(painter: QPainter, shade: QColor) -> None:
    painter.drawEllipse(QPointF(0, 0), 5.9, 5.9)
    painter.drawPolyline(QPolygonF([QPointF(0, -3.4), QPointF(0, 0), QPointF(2.6, 1.5)]))


def _held(painter: QPainter, shade: QColor) -> None:
    for x in (-4.0, 1.2):
        painter.fillRect(QRectF(x, -5.2, 2.8, 10.4), shade)


def _none(painter: QPainter, shade: QColor) -> None:
    painter.setPen(pen(shade, 2.0))
    painter.drawLine(QPointF(-4.6, -4.6), QPointF(4.6, 4.6))
    painter.drawLine(QPointF(-4.6, 4.6), QPointF(4.6, -4.6))


def _unknown(painter: QPainter, shade: QColor) -> None:
    draw_character(painter, QRectF(-6.5, -6.5, 13, 13), "?", shade)


def _turning(painter: QPainter, shade: QColor) -> None:
    painter.drawArc(QRectF(-5.4, -5.4, 10.8, 10.8), 60 * 16, 290 * 16)
    tip = QPointF(5.4 * math.cos(math.radians(60)), -5.4 * math.sin(math.radians(60)))
    painter.setBrush(shade)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.drawPolygon(QPolygonF([tip + QPointF(2.4, 2.0), tip + QPointF(-2.6, 2.3), tip + QPointF(1.2, -3.0)]))


def _replay(painter: QPainter, shade: QColor) -> None:
    painter.setBrush(shade)
    painter.setPen(pen(shade, 1.4))
    painter.drawPolygon(QPolygonF([QPointF(-3.6, -5.0), QPointF(5.2, 0), QPointF(-3.6, 5.0)]))


def _connecting(painter: QPainter, shade: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(shade))
    for step in range(8):
        turn = math.radians(step * 45)
        painter.drawEllipse(QPointF(5.6 * math.cos(turn), 5.6 * math.sin(turn)), 1.05, 1.05)


_PICTOGRAMS: dict[str, Callable[[QPainter, QColor], None]] = {
    "live": _live, "late": _late, "held": _held, "none": _none, "unknown": _unknown,
    "turning": _turning, "replay": _replay, "connecting": _connecting,
}  # fmt: skip
