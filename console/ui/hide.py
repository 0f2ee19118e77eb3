"""Hide: masks painted over a picture that the window itself has read, as `media/masks` burns them into streams."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPolygonF

from console.model.view import Masks

GREY, LIGHT = QColor(112, 112, 112), QColor(136, 136, 136)


def hide(picture: QImage, masks: Masks) -> None:
    """Paint `masks` (0…1 of the picture, unturned) over `picture`, in place."""
    if not masks or picture.isNull():
        return
    painter = QPainter(picture)
    painter.setPen(Qt.PenStyle.NoPen)
    for polygon in masks:
        area = QPolygonF([QPointF(x * picture.width(), y * picture.height()) for x, y in polygon])
        for brush in (QBrush(GREY), QBrush(LIGHT, Qt.BrushStyle.DiagCrossPattern)):
            painter.setBrush(brush)
            painter.drawPolygon(area)
    painter.end()
