"""Painted signs of grades, units, networks and tile states: vector shapes, sharp at any size, never told apart by colour alone.

Each sign has a `draw_…(painter, rect, …)` that paints it into a square of device-independent pixels, and `pixmap(sign, size,
ratio, …)` gives the same cached for a screen's pixel ratio. Colours come from `theme`; the painter's state is left as found.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap, QPolygonF, QRadialGradient

from console import words
from console.ui import theme
from console.ui.pictograms import TILE_STATES, draw_character, draw_tile_state, pen, tile_state_color
from console.words import tr

__all__ = [
    "TILE_STATES", "draw_character", "draw_grade", "draw_halo", "draw_hold",
    "draw_network", "draw_number", "draw_tile_state", "draw_unit",
    "grade_color", "icon", "pixmap", "tile_state_color",
]  # fmt: skip

GRADE_SHAPES = {"red": "triangle", "orange": "diamond", "blue": "square", "green": "disc"}
# Fill and character colour of a unit's badge by duty; all but an old fix are filled.
_DUTY_COLORS = {"off": ("line", "text"), "reserve": ("muted", "unit_text")}


def grade_color(grade: str | None) -> QColor:
    """The colour of a grade; an ungraded incident is grey, never green."""
    return theme.color(grade if grade in GRADE_SHAPES else "muted")


def _shape(kind: str, rect: QRectF) -> QPainterPath:
    """The outline of a grade's shape inside `rect`."""
    path = QPainterPath()
    left, top, right, bottom = rect.left(), rect.top(), rect.right(), rect.bottom()
    if kind == "triangle":
        path.addPolygon(QPolygonF([QPointF(rect.center().x(), top), QPointF(right, bottom), QPointF(left, bottom)]))
        path.closeSubpath()
    elif kind == "diamond":
        middle = rect.center()
        points = [QPointF(middle.x(), top), QPointF(right, middle.y()), QPointF(middle.x(), bottom), QPointF(left, middle.y())]
        path.addPolygon(QPolygonF(points))
        path.closeSubpath()
    elif kind == "square":
        path.addRoundedRect(rect, rect.width() * 0.08, rect.width() * 0.08)
    else:
        path.addEllipse(rect)
    return path


def draw_grade(painter: QPainter, rect: QRectF, grade: str | None, with_character: bool = True) -> None:
    """Paint a grade: red triangle, orange diamond, blue square, green disc, each with its character; unknown: grey "?"."""
    size = min(rect.width(), rect.height())
    box = QRectF(rect.center().x() - size / 2, rect.center().y() - size / 2, size, size)
    inset = {"triangle": 0.02, "diamond": 0.0, "square": 0.11, "disc": 0.06}.get(
        GRADE_SHAPES.get(grade or "", "disc"), 0.06
    ) * size
    box = box.adjusted(inset, inset, -inset, -inset)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if grade not in GRADE_SHAPES:
        painter.setBrush(theme.color("panel"))
        painter.setPen(QPen(theme.color("muted"), max(1.2, size * 0.07)))
        painter.drawEllipse(box.adjusted(1, 1, -1, -1))
        painter.restore()
        draw_character(painter, _middle(box, 0.6), "?", theme.color("muted"))
        return
    color = grade_color(grade)
    painter.setBrush(color)
    painter.setPen(pen(color, size * 0.08))
    edge = size * 0.04
    painter.drawPath(_shape(GRADE_SHAPES[grade], box.adjusted(edge, edge, -edge, -edge)))
    painter.restore()
    if with_character and size >= 15:
        place = _middle(box, 0.6)
        if grade == "red":
            place = QRectF(box.center().x() - size * 0.24, box.top() + size * 0.42, size * 0.48, size * 0.48)
        elif grade == "orange":
            place = _middle(box, 0.54)
        draw_character(painter, place, tr(f"mark.grade.{grade}"), theme.color("on_grade"))


def _middle(rect: QRectF, part: float) -> QRectF:
    size = QSizeF(rect.width() * part, rect.height() * part)
    return QRectF(rect.center() - QPointF(size.width() / 2, size.height() / 2), size)


def draw_unit(painter: QPainter, rect: QRectF, kind: str, duty: str = "on_duty", stale: bool = False) -> None:
    """Paint a unit's round badge with the character of its kind. `stale` (an old fix) is a hollow dashed ring, never a disc.

    Duty shows in the shape: `en_route` has an arrow tip, `on_scene` a second ring, `assigned` a corner dot, `off` a stroke.
    """
    size = min(rect.width(), rect.height())
    disc = QRectF(rect.center().x() - size / 2, rect.center().y() - size / 2, size, size)
    disc = disc.adjusted(size * 0.09, size * 0.09, -size * 0.09, -size * 0.09)
    fill, ink = (theme.color(token) for token in _DUTY_COLORS.get(duty, ("unit", "unit_text")))
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if duty == "en_route" and not stale:
        disc.translate(-size * 0.06, 0)
        tip, middle, half = rect.center().x() + size / 2, disc.center().y(), size * 0.3
        painter.setBrush(fill)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawPolygon(
            QPolygonF([QPointF(tip - half, middle - half), QPointF(tip, middle), QPointF(tip - half, middle + half)])
        )
    if stale:
        fill, ink = theme.color("panel"), theme.color("muted")
        pen = QPen(ink, max(1.3, size * 0.06))
        pen.setDashPattern([2.2, 1.6])
        painter.setPen(pen)
    else:
        painter.setPen(QPen(theme.color("map_halo"), max(1.0, size * 0.04)))
    painter.setBrush(fill)
    if duty == "on_scene" and not stale:
        painter.setPen(QPen(fill, max(1.2, size * 0.06)))
        painter.setBrush(theme.color("panel"))
        painter.drawEllipse(disc)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        disc = disc.adjusted(size * 0.08, size * 0.08, -size * 0.08, -size * 0.08)
    painter.drawEllipse(disc)
    painter.restore()
    draw_character(painter, _middle(disc, 0.66), tr(f"mark.unit.{kind}"), ink)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if duty == "off":
        painter.setPen(QPen(theme.color("muted"), max(1.3, size * 0.07)))
        reach = disc.width() * 0.35
        painter.drawLine(disc.center() + QPointF(-reach, reach), disc.center() + QPointF(reach, -reach))
    elif duty == "assigned" and not stale:
        painter.setPen(QPen(theme.color("map_halo"), max(1.0, size * 0.05)))
        painter.setBrush(fill)
        painter.drawEllipse(QPointF(disc.right() - size * 0.08, disc.top() + size * 0.1), size * 0.13, size * 0.13)
    painter.restore()


def draw_network(painter: QPainter, rect: QRectF, network: str, linked: bool = False, alive: bool | None = None) -> None:
    """Paint a camera's badge: rounded square with its network's character. Linked = accent; `alive` False = struck through."""
    size = min(rect.width(), rect.height())
    box = _middle(QRectF(rect.center().x() - size / 2, rect.center().y() - size / 2, size, size), 0.86)
    ink = theme.color("accent" if linked else "faint" if alive is False else "muted")
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(theme.color("camera"))
    painter.setPen(QPen(ink, max(1.0, size * (0.075 if linked else 0.05))))
    painter.drawRoundedRect(box, size * 0.16, size * 0.16)
    if alive is False:
        painter.drawLine(box.topRight() + QPointF(-size * 0.1, size * 0.1), box.bottomLeft() + QPointF(size * 0.1, -size * 0.1))
    painter.restore()
    draw_character(
        painter,
        _middle(box, 0.74),
        tr(f"mark.network.{network}"),
        ink if linked else theme.color("text" if alive is not False else "muted"),
    )


def draw_doubt(painter: QPainter, rect: QRectF) -> None:
    """Paint "the picture looks wrong" over a camera's badge: an amber triangle with a mark in its lower right corner."""
    size = min(rect.width(), rect.height()) * 0.56
    box = QRectF(rect.right() - size + 1, rect.bottom() - size + 1, size, size)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(20, 20, 20), 1.0))
    painter.setBrush(theme.tile_color("late"))
    painter.drawPolygon(QPolygonF([QPointF(box.center().x(), box.top()), box.bottomRight(), box.bottomLeft()]))
    draw_character(painter, box.adjusted(size * 0.3, size * 0.32, -size * 0.3, -size * 0.06), "!", QColor(20, 20, 20))
    painter.restore()


def draw_number(painter: QPainter, rect: QRectF, number: int, color: QColor | None = None) -> None:
    """Paint a camera's number as a filled disc: the same on the verdict list, the map and the tile."""
    size = min(rect.width(), rect.height())
    disc = _middle(QRectF(rect.center().x() - size / 2, rect.center().y() - size / 2, size, size), 0.94)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color or theme.color("accent"))
    painter.drawEllipse(disc)
    painter.restore()
    draw_character(painter, _middle(disc, 0.62), str(number), theme.color("on_grade"))


def draw_halo(painter: QPainter, rect: QRectF, lateness: str, selected: bool = False) -> None:
    """Paint what surrounds a mark a third of `rect`: one ring when about to be "late", two and a glow when "overdue".

    `selected` adds the ring of the selection. The same halo is on map, queue and tile.
    """
    middle, size = rect.center(), min(rect.width(), rect.height()) / 3.2
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    if lateness == "overdue":
        glow = QRadialGradient(middle, size * 1.6)
        glow.setColorAt(0.3, theme.color("red", 0.45))
        glow.setColorAt(1.0, theme.color("red", 0.0))
        painter.setBrush(glow)
        painter.drawEllipse(middle, size * 1.6, size * 1.6)
    if selected:
        painter.setPen(pen(theme.color("accent"), 2.0))
        painter.setBrush(theme.color("map_halo", 0.55))
        painter.drawEllipse(middle, size * 0.72, size * 0.72)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if lateness:
        painter.setPen(pen(theme.color("red" if lateness == "overdue" else "late"), 2.4))
        painter.drawEllipse(middle, size * 0.92, size * 0.92)
    if lateness == "overdue":
        painter.setPen(pen(theme.color("red"), 1.6))
        painter.drawEllipse(middle, size * 1.16, size * 1.16)
    painter.restore()


def draw_hold(painter: QPainter, rect: QRectF, progress: float) -> None:
    """Paint the progress (0 to 1) of a press-and-hold over its button: a lighter band growing from the left, and a line below."""
    part = QRectF(rect.left(), rect.top(), rect.width() * min(max(progress, 0.0), 1.0), rect.height())
    clip = QPainterPath()
    clip.addRoundedRect(rect, theme.px("radius"), theme.px("radius"))
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setClipPath(clip)
    painter.fillRect(part, QColor(255, 255, 255, 46))
    painter.fillRect(QRectF(part.left(), rect.bottom() - 4, part.width(), 4), QColor(255, 255, 255))
    painter.restore()


_SIGNS: dict[str, Callable[..., None]] = {
    "grade": draw_grade, "unit": draw_unit, "network": draw_network, "halo": draw_halo,
    "number": draw_number, "tile_state": draw_tile_state,
}  # fmt: skip


@lru_cache(maxsize=2048)
def _painted(sign: str, size: int, ratio: float, arguments: tuple, _look: tuple) -> QPixmap:
    made = QPixmap(math.ceil(size * ratio), math.ceil(size * ratio))
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    try:
        _SIGNS[sign](painter, QRectF(0, 0, size, size), *arguments)
    finally:
        painter.end()
    return made


def pixmap(sign: str, size: int, ratio: float, *arguments: object) -> QPixmap:
    """A cached picture of `sign` ("grade", "unit", "network", "number", "tile_state") as its `draw_…` paints it with `arguments`.

    `size` in device-independent pixels, `ratio` of the screen (`widget.devicePixelRatioF()`). Shared: do not paint on it.
    """
    return _painted(sign, size, ratio, arguments, (theme.generation(), words.chosen()))


def icon(sign: str, *arguments: object) -> QIcon:
    """The sign as an icon for item views and buttons, in the usual sizes at ratios 1 and 2."""
    made = QIcon()
    for size in (16, 24, 32):
        for ratio in (1.0, 2.0):
            made.addPixmap(pixmap(sign, size, ratio, *arguments))
    return made
