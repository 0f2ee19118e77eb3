"""Pictograms of why a tile has no picture, and of the small marks under its badge: each another shape, told apart from afar.

A wrong password is a key, an unreachable camera a pulled plug, one that does not answer an hourglass, a wrong address an empty
frame, and so on. They are white: colour belongs to grades and lateness. The states' own pictograms stand in `pictograms`.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPolygonF

from console.ui.pictograms import draw_character, draw_tile_state, pen, tile_state_color

FAULTS = ("auth", "unreachable", "timeout", "codec", "not_found", "bad_stream", "camera_full", "certificate", "login_unknown")
MARKS = ("lowered", "unverified", "condition", "masked", "recorded")
SIGNS = (*FAULTS, *MARKS, "consent", "waiting")


def draw_sign(painter: QPainter, rect: QRectF, sign: str, color: QColor | None = None) -> None:
    """Paint a fault, a mark or (any other word) a tile state's pictogram, fitted and centred in `rect`, for a dark tile.

    `color` instead of its own, for a filled plate.
    """
    found = _SIGNS.get(sign)
    if found is None:
        draw_tile_state(painter, rect, sign, color=color)
        return
    size, shade = min(rect.width(), rect.height()), color or tile_state_color("none")
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(rect.center())
    painter.scale(size / 16, size / 16)
    painter.setPen(pen(shade, 1.6))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    found(painter, shade)
    painter.restore()


def _points(*pairs: tuple[float, float]) -> QPolygonF:
    return QPolygonF([QPointF(x, y) for x, y in pairs])


def _auth(painter: QPainter, shade: QColor) -> None:
    painter.drawEllipse(QPointF(-3.6, -1.2), 3.2, 3.2)
    painter.drawPolyline(_points((-1.2, 1.2), (4.6, 7.0)))
    painter.drawLine(QPointF(2.4, 4.8), QPointF(4.4, 2.8))
    painter.drawLine(QPointF(4.4, 6.8), QPointF(6.4, 4.8))


def _unreachable(painter: QPainter, shade: QColor) -> None:
    painter.setBrush(shade)
    painter.drawRect(QRectF(-5.4, -3.0, 4.0, 6.0))
    painter.drawLine(QPointF(-7.4, 0), QPointF(-5.4, 0))
    for y in (-1.6, 1.6):
        painter.drawLine(QPointF(-1.4, y), QPointF(0.6, y))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolyline(_points((4.6, -3.4), (2.8, -3.4), (2.8, 3.4), (4.6, 3.4)))
    painter.drawLine(QPointF(4.8, 0), QPointF(7.4, 0))


def _timeout(painter: QPainter, shade: QColor) -> None:
    painter.drawLine(QPointF(-4.6, -6.6), QPointF(4.6, -6.6))
    painter.drawLine(QPointF(-4.6, 6.6), QPointF(4.6, 6.6))
    painter.drawPolygon(_points((-3.6, -6.4), (3.6, -6.4), (0.0, 0.0)))
    painter.setBrush(shade)
    painter.drawPolygon(_points((-3.6, 6.4), (3.6, 6.4), (0.0, 0.0)))


def _codec(painter: QPainter, shade: QColor) -> None:
    painter.drawRect(QRectF(-6.6, -5.4, 13.2, 10.8))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(shade)
    for y in (-4.0, 2.6):
        for x in (-5.2, -0.9, 3.4):
            painter.drawRect(QRectF(x, y, 1.8, 1.5))
    draw_character(painter, QRectF(-3.0, -2.4, 6.0, 4.8), "?", shade)


def _not_found(painter: QPainter, shade: QColor) -> None:
    painter.drawEllipse(QPointF(-1.6, -1.6), 4.9, 4.9)
    painter.setPen(pen(shade, 2.2))
    painter.drawLine(QPointF(2.3, 2.3), QPointF(6.4, 6.4))
    draw_character(painter, QRectF(-4.4, -4.6, 5.6, 6.0), "?", shade)


def _bad_stream(painter: QPainter, shade: QColor) -> None:
    painter.drawPolyline(_points((-0.8, -5.4), (-6.6, -5.4), (-6.6, 5.4), (-2.2, 5.4)))
    painter.drawPolyline(_points((2.2, -5.4), (6.6, -5.4), (6.6, 5.4), (0.8, 5.4)))
    painter.setPen(pen(shade, 1.3))
    painter.drawPolyline(_points((0.7, -5.4), (-1.6, -1.6), (1.6, 1.0), (-0.7, 5.4)))


def _camera_full(painter: QPainter, shade: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(shade)
    for x, y, size in ((-4.7, -1.6, 1.7), (4.7, -1.6, 1.7), (0.0, -3.4, 2.2)):
        painter.drawEllipse(QPointF(x, y), size, size)
        painter.drawChord(QRectF(x - size * 1.5, y + size * 1.2, size * 3.0, size * 4.2), 0, 180 * 16)


def _certificate(painter: QPainter, shade: QColor) -> None:
    _padlock(painter, shade, is_open=False)
    painter.setPen(pen(QColor(18, 22, 27), 1.5))
    painter.drawLine(QPointF(-1.7, 1.3), QPointF(1.7, 4.7))
    painter.drawLine(QPointF(-1.7, 4.7), QPointF(1.7, 1.3))


def _unverified(painter: QPainter, shade: QColor) -> None:
    _padlock(painter, shade, is_open=True)


def _padlock(painter: QPainter, shade: QColor, is_open: bool) -> None:
    arc = QRectF(-3.2 + (4.4 if is_open else 0.0), -6.8, 6.4, 7.2)
    painter.drawArc(arc, 0, 180 * 16)
    for x in (arc.left(), arc.right()):
        if not (is_open and x == arc.right()):
            painter.drawLine(QPointF(x, -3.2), QPointF(x, -0.6))
    painter.setBrush(shade)
    painter.drawRect(QRectF(-4.8, -0.6, 9.6, 7.2))


def _login_unknown(painter: QPainter, shade: QColor) -> None:
    _auth(painter, shade)
    painter.setPen(pen(shade, 1.8))
    painter.drawLine(QPointF(1.6, -6.6), QPointF(6.6, -1.6))
    painter.drawLine(QPointF(1.6, -1.6), QPointF(6.6, -6.6))


def _lowered(painter: QPainter, shade: QColor) -> None:
    painter.setPen(pen(shade, 2.0))
    for y in (-4.8, 0.8):
        painter.drawPolyline(_points((-5.0, y), (0.0, y + 4.6), (5.0, y)))


def _condition(painter: QPainter, shade: QColor) -> None:
    painter.drawPolygon(_points((0.0, -6.4), (7.0, 6.0), (-7.0, 6.0)))
    painter.setPen(pen(shade, 2.0))
    painter.drawLine(QPointF(0.0, -2.0), QPointF(0.0, 1.6))
    painter.drawPoint(QPointF(0.0, 4.0))


def _masked(painter: QPainter, shade: QColor) -> None:
    painter.drawRect(QRectF(-6.2, -5.2, 12.4, 10.4))
    painter.setBrush(shade)
    painter.drawRect(QRectF(-3.6, -2.6, 7.2, 5.2))


def _recorded(painter: QPainter, shade: QColor) -> None:
    for x in (-3.8, 3.8):
        painter.drawEllipse(QPointF(x, -0.6), 2.9, 2.9)
    painter.drawLine(QPointF(-3.8, 2.3), QPointF(3.8, 2.3))


def _consent(painter: QPainter, shade: QColor) -> None:
    painter.drawPolyline(_points((-7.0, -0.4), (0.0, -6.8), (7.0, -0.4)))
    painter.drawPolyline(_points((-5.2, 0.4), (-5.2, 6.6), (5.2, 6.6), (5.2, 0.4)))
    painter.setBrush(shade)
    painter.drawRect(QRectF(-1.5, 1.8, 3.0, 4.8))


def _waiting(painter: QPainter, shade: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(shade)
    for x in (-5.0, 0.0, 5.0):
        painter.drawEllipse(QPointF(x, 0.0), 1.5, 1.5)


_SIGNS: dict[str, Callable[[QPainter, QColor], None]] = {
    "auth": _auth, "unreachable": _unreachable, "timeout": _timeout, "codec": _codec, "not_found": _not_found,
    "bad_stream": _bad_stream, "camera_full": _camera_full, "certificate": _certificate, "login_unknown": _login_unknown,
    "lowered": _lowered, "unverified": _unverified, "condition": _condition, "masked": _masked, "recorded": _recorded,
    "consent": _consent, "waiting": _waiting,
}  # fmt: skip
