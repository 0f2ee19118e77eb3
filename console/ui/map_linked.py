"""The cameras of the selected incident: number, accent and field of view; badges keep off the mark and off each other.

From near a linked camera is a badge with its number, from afar the number alone. A line leads from a badge that had to move to
where its camera stands.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen

from console.ui import marks, theme
from console.ui.map_cameras import WIDTH_UNKNOWN_DEG, CameraLayer, CameraMark, headings
from console.ui.map_frame import View
from console.ui.map_paint import pushed_off

BADGE_PX, NUMBER_PX, ALONE_PX = 26, 18, 22
BADGES_FROM = 0.75  # px per metre
KEEP_OFF_PX = 60.0  # from the middle of an incident's mark
RANGE_UNKNOWN_M = 60.0


@dataclass(frozen=True, slots=True)
class LinkedSpot:
    """A linked camera in the picture: where it stands and where its badge is."""

    camera: CameraMark
    number: int
    verdict: str
    stands: QPointF
    badge: QPointF


class LinkedLayer:
    """The linked cameras, by id."""

    def __init__(self, cameras: CameraLayer) -> None:
        self._cameras = cameras
        self.linked: list[tuple[str, int, str]] = []

    def set(self, linked: Iterable[tuple[str, int, str]]) -> None:
        """Link these cameras: (id, number, verdict) each; unknown ids wait for a roster that has them."""
        self.linked = list(linked)
        self._cameras.leave_out(name for name, _number, _verdict in self.linked)

    def _placed(self, view: View) -> list[tuple[CameraMark, int, str, QPointF]]:
        found = []
        for name, number, verdict in self.linked:
            camera, place = self._cameras.camera(name), self._cameras.position(name)
            if camera is not None and place is not None:
                found.append((camera, number, verdict, view.point(*place)))
        return found

    def spots(self, view: View, keep_off: list[QPointF]) -> list[LinkedSpot]:
        """Where the badges are; `keep_off`: the incidents' marks."""
        placed = self._placed(view)
        size = BADGE_PX if view.scale >= BADGES_FROM else ALONE_PX
        xs, ys = np.array([spot[3].x() for spot in placed]), np.array([spot[3].y() for spot in placed])
        xs, ys = pushed_off(xs, ys, keep_off, KEEP_OFF_PX, size + 6)
        found: list[LinkedSpot] = []
        for (camera, number, verdict, stands), x, y in zip(placed, xs.tolist(), ys.tolist(), strict=True):
            badge = _free_spot(QPointF(x, y), [spot.badge for spot in found], keep_off, size)
            found.append(LinkedSpot(camera, number, verdict, stands, badge))
        return found

    def paint_fields(self, painter: QPainter, view: View) -> None:
        """Paint the fields of view: filled where it sees, dashed where it could by turning, dotted where its range is unknown."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for camera, _number, verdict, at in self._placed(view):
            reach = max((camera.range_m or RANGE_UNKNOWN_M) * view.scale, BADGE_PX)
            sees = verdict == "sees"
            pen = QPen(theme.color("accent" if verdict in ("sees", "ptz_can_turn") else "faint", 0.7), 1.2)
            if not sees:
                pen.setDashPattern([4, 3])
            if camera.range_m is None:
                pen.setDashPattern([1.5, 3])
            painter.setPen(pen)
            painter.setBrush(theme.color("accent", 0.15) if sees else Qt.BrushStyle.NoBrush)
            for heading in headings(camera):
                painter.drawPath(_wedge(at, reach, heading, camera.fov_deg))

    def paint(self, painter: QPainter, view: View, ratio: float, spots: list[LinkedSpot]) -> None:
        """Paint the badges at `spots`."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for spot in spots:
            if (spot.badge - spot.stands).manhattanLength() > 2:
                painter.setPen(QPen(theme.color("accent", 0.7), 1.2))
                painter.drawLine(spot.stands, spot.badge)
                painter.setBrush(theme.color("accent"))
                painter.drawEllipse(spot.stands, 2.4, 2.4)
        for spot in spots:
            x, y = spot.badge.x(), spot.badge.y()
            if view.scale < BADGES_FROM:
                number = marks.pixmap("number", ALONE_PX, ratio, spot.number)
                painter.drawPixmap(QPointF(x - ALONE_PX / 2, y - ALONE_PX / 2), number)
                continue
            half = BADGE_PX / 2
            badge = marks.pixmap("network", BADGE_PX, ratio, spot.camera.network, True, spot.camera.alive)
            painter.drawPixmap(QPointF(x - half, y - half), badge)
            if spot.camera.condition:
                marks.draw_doubt(painter, QRectF(x - half, y - half, BADGE_PX, BADGE_PX))
            painter.drawPixmap(QPointF(x + half - 10, y - half - 9), marks.pixmap("number", NUMBER_PX, ratio, spot.number))


def hit(spots: list[LinkedSpot], at: QPointF) -> CameraMark | None:
    """The linked camera whose badge is under a point."""
    for spot in reversed(spots):
        if max(abs(spot.badge.x() - at.x()), abs(spot.badge.y() - at.y())) <= BADGE_PX * 0.6:
            return spot.camera
    return None


def _free_spot(wanted: QPointF, taken: list[QPointF], keep_off: list[QPointF], size: float) -> QPointF:
    """The place nearest to `wanted` that is off the marks and off the badges placed before."""
    for reach, turns in ((0.0, 1), (size + 2, 8), (1.9 * size, 12), (2.8 * size, 16)):
        for turn in range(turns):
            angle = math.tau * turn / turns
            spot = wanted + QPointF(reach * math.cos(angle), reach * math.sin(angle))
            if all(_apart(spot, other) > size for other in taken) and all(
                _apart(spot, mark) > 0.6 * KEEP_OFF_PX for mark in keep_off
            ):
                return spot
    return wanted


def _apart(one: QPointF, other: QPointF) -> float:
    return math.hypot(one.x() - other.x(), one.y() - other.y())


def _wedge(at: QPointF, reach: float, heading_deg: float, fov_deg: float | None) -> QPainterPath:
    path = QPainterPath()
    box = QRectF(at.x() - reach, at.y() - reach, 2 * reach, 2 * reach)
    if fov_deg is not None and fov_deg >= 359:
        path.addEllipse(box)
        return path
    fov = fov_deg or WIDTH_UNKNOWN_DEG
    path.moveTo(at)
    path.arcTo(box, 90 - heading_deg - fov / 2, fov)
    path.closeSubpath()
    return path
