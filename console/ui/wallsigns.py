"""Signs of the operator's hands on a tile: the pin, the place a drag would drop on. Painted after all others. GUI thread only."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from console.ui import theme

_PLATE = QColor(18, 22, 27, 215)


def draw_pin(painter: QPainter, rect: QRectF) -> None:
    """A drawing-pin on a dark disc: this tile stays, whatever comes."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_PLATE)
    painter.drawRoundedRect(rect, 4, 4)
    side, left, top = rect.width(), rect.left(), rect.top()
    painter.setBrush(theme.tile_color("text"))
    head = ((0.34, 0.14), (0.66, 0.14), (0.61, 0.42), (0.76, 0.56), (0.24, 0.56), (0.39, 0.42))
    painter.drawPolygon(QPolygonF([QPointF(left + x * side, top + y * side) for x, y in head]))
    painter.setPen(QPen(theme.tile_color("text"), max(1.2, side * 0.08)))
    painter.drawLine(QPointF(left + side * 0.5, top + side * 0.56), QPointF(left + side * 0.5, top + side * 0.87))
    painter.restore()


def paint_target(painter: QPainter, rect: QRect, words: str, is_low: bool) -> None:
    """The place under a drag: a dashed frame and what a drop would do here, away from the pointer (`is_low`: it is low)."""
    painter.fillRect(rect, theme.color("accent", 0.22))
    painter.setPen(QPen(theme.color("accent"), 3, Qt.PenStyle.DashLine))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(rect.adjusted(2, 2, -2, -2))
    if not words:
        return
    size_px = max(theme.px("text"), min(theme.px("title"), round(rect.height() * 0.06)))
    painter.setFont(theme.font(size_px))
    metrics = painter.fontMetrics()
    text = metrics.elidedText(words, Qt.TextElideMode.ElideRight, rect.width() - 16)
    plate = QRect(0, 0, metrics.horizontalAdvance(text) + size_px, round(size_px * 1.8))
    plate.moveCenter(rect.center())
    if is_low:
        plate.moveTop(rect.top() + 6)
    else:
        plate.moveBottom(rect.bottom() - 6)
    painter.fillRect(plate, _PLATE)
    painter.setPen(theme.tile_color("text"))
    painter.drawText(plate, int(Qt.AlignmentFlag.AlignCenter), text)
