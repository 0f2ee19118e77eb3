"""Digital zoom: which part of a picture is shown, how wheel, keys and drags change it, and the small inset that says where it is.

A view is a rectangle in 0…1 of the picture with equal sides: `QRectF(0, 0, 1, 1)` is the whole picture. Pure but for the inset.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from console.ui import theme
from console.ui.walltile import WHOLE

MOST = 16.0
"""Largest magnification: a 1080p picture shows 120×68 pixels then."""
STEP = 1.25
_INSET_SHARE = 0.22
_INSET_FROM_PX = 200
"""Tiles narrower than this have no room for an inset; their frame alone says that they are zoomed."""


def _placed(left: float, top: float, side: float) -> QRectF:
    return QRectF(min(max(0.0, left), 1.0 - side), min(max(0.0, top), 1.0 - side), side, side)


def zoomed(view: QRectF, factor: float, at: QPointF) -> QRectF:
    """`view` magnified by `factor` so that the picture's point `at` (0…1) stays where it is on the tile."""
    side = min(1.0, max(1.0 / MOST, view.width() / factor))
    if side > 0.999:
        return QRectF(WHOLE)
    keep = side / view.width()
    return _placed(at.x() - (at.x() - view.left()) * keep, at.y() - (at.y() - view.top()) * keep, side)


def panned(view: QRectF, right: float, down: float) -> QRectF:
    """`view` moved over the picture by parts of itself: 0.25 is a quarter of what is shown. It stays on the picture."""
    return _placed(view.left() + right * view.width(), view.top() + down * view.height(), view.width())


def sharpness(view: QRectF) -> float:
    """How many times larger than its tile the picture should be asked for, in steps, so that turning the wheel does not make
    the decoder begin anew each time."""
    needed = 1.0 / view.width()
    return next((step for step in (1.0, 2.0, 4.0) if needed <= step * 1.01), 4.0)


def inset_box(place: QRect, width_px: int, height_px: int) -> QRect:
    """Where the inset of a picture of this shape stands in `place`; empty where there is no room for one."""
    if place.width() < _INSET_FROM_PX:
        return QRect()
    width = round(place.width() * _INSET_SHARE)
    height = round(width * height_px / max(1, width_px))
    return QRect(place.right() - width - 6, place.bottom() - height - 6, width, height)


def paint_inset(painter: QPainter, place: QRect, view: QRectF, image: QImage) -> None:
    """The whole picture, small, in the corner of `place`, with a frame round the part that is shown."""
    box = inset_box(place, image.width(), image.height())
    if not box.isEmpty():
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.drawImage(box, image)
        paint_inset_frame(painter, box, view)


def paint_inset_frame(painter: QPainter, box: QRect, view: QRectF) -> None:
    """What lies over the inset's picture: a veil, its edge, and the frame round the part that is shown."""
    width, height = box.width(), box.height()
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.fillRect(box, QColor(0, 0, 0, 70))
    painter.setPen(QPen(theme.tile_color("text"), 1))
    painter.drawRect(box)
    inside = QRectF(
        box.left() + view.left() * width, box.top() + view.top() * height, view.width() * width, view.height() * height
    )
    painter.setPen(QPen(theme.tile_color("accent"), 2))
    painter.drawRect(inside)
