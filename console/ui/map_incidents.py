"""Incidents on the map: grade marks, halo of lateness, rings of the selected one, arrows to those out of the picture."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen, QPolygonF

from console.ui import marks, theme
from console.ui.map_frame import Plane, View
from console.ui.map_paint import Room, dashed_circle, draw_text

MARK_PX, SELECTED_PX, EDGE_PX = 26, 36, 22
RINGS_M = (100, 300, 500)
EDGE_LIMIT = 8


@dataclass(frozen=True, slots=True)
class IncidentMark:
    """An incident for the map. `lateness`: "" | "late" (about to be) | "overdue"; grade None = not graded yet; WGS-84."""

    id: str
    grade: str | None
    lon: float | None
    lat: float | None
    title: str = ""
    lateness: str = ""
    exercise: bool = False
    acknowledged: bool = True


class IncidentLayer:
    """All incidents and the selected one."""

    def __init__(self) -> None:
        self.incidents: list[IncidentMark] = []
        self.selected: str | None = None
        self._at: dict[str, tuple[float, float]] = {}

    def set_incidents(self, incidents: Iterable[IncidentMark], plane: Plane) -> None:
        """Show these incidents instead of the former ones, gravest on top."""
        order = {"red": 0, "orange": 1, None: 2, "blue": 3, "green": 4}
        self.incidents = sorted(incidents, key=lambda incident: -order.get(incident.grade, 2))
        self.set_plane(plane)

    def set_plane(self, plane: Plane) -> None:
        """Project anew (another base map)."""
        self._at = {
            incident.id: plane.point(incident.lon, incident.lat)
            for incident in self.incidents
            if incident.lon is not None and incident.lat is not None
        }

    def position(self, incident_id: str | None) -> tuple[float, float] | None:
        """Plane position of an incident, None where it has none."""
        return self._at.get(incident_id or "")

    def _drawn(self) -> list[IncidentMark]:
        """Those with a position, the selected one last (on top)."""
        placed = [incident for incident in self.incidents if incident.id in self._at]
        return sorted(placed, key=lambda incident: incident.id == self.selected)

    def paint_rings(self, painter: QPainter, view: View, room: Room) -> None:
        """Paint the rings of 100, 300 and 500 m around the selected incident, each with its distance."""
        at = self.position(self.selected)
        if at is None or 500 * view.scale < 24:
            return
        middle = view.point(*at)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = theme.font("text", tabular=True)
        metrics = QFontMetricsF(font)
        for metres in RINGS_M:
            reach = metres * view.scale
            if reach < 22 or reach > 6 * max(view.width, view.height):
                continue
            ring = dashed_circle(middle, reach, view.width, view.height)
            painter.strokePath(ring, QPen(theme.color("muted", 0.75), 1.2))
            text = f"{metres} m"
            width = metrics.horizontalAdvance(text)
            for turn in (0, 180, 90, 270, 45, 135):
                x = middle.x() + reach * math.cos(math.radians(turn)) + (4 if turn != 180 else -width - 4)
                y = middle.y() + reach * math.sin(math.radians(turn))
                if 0 < x < view.width - width and 16 < y < view.height - 16 and room.is_free(x, y - 9, x + width, y + 9):
                    painter.setPen(Qt.PenStyle.NoPen)
                    painter.setBrush(theme.color("map_halo", 0.8))
                    painter.drawRoundedRect(QRectF(x - 3, y - 9, width + 6, 18), 4, 4)
                    draw_text(painter, x, y + 5, text, font, theme.color("muted"), None)
                    room.take(x, y - 9, x + width, y + 9)
                    break

    def spots(self, view: View) -> list[QPointF]:
        """Where marks stand in the picture."""
        box = QRectF(-40, -40, view.width + 80, view.height + 80)
        return [spot for spot in (view.point(*at) for at in self._at.values()) if box.contains(spot)]

    def take_room(self, view: View, room: Room) -> None:
        """Keep names off the marks."""
        for incident in self._drawn():
            spot, half = view.point(*self._at[incident.id]), (SELECTED_PX if incident.id == self.selected else MARK_PX) / 2
            room.take(spot.x() - half, spot.y() - half, spot.x() + half, spot.y() + half)

    def paint(self, painter: QPainter, view: View, ratio: float) -> None:
        """Paint the marks and the halos."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for incident in self._drawn():
            spot = view.point(*self._at[incident.id])
            if not QRectF(-40, -40, view.width + 80, view.height + 80).contains(spot):
                continue
            size = SELECTED_PX if incident.id == self.selected else MARK_PX
            if incident.lateness or incident.id == self.selected:
                around = round(size * 3.2)
                halo = marks.pixmap("halo", around, ratio, incident.lateness, incident.id == self.selected)
                painter.drawPixmap(QPointF(spot.x() - around / 2, spot.y() - around / 2), halo)
            grade = marks.pixmap("grade", size, ratio, incident.grade)
            painter.drawPixmap(QPointF(spot.x() - size / 2, spot.y() - size / 2), grade)

    def edges(self, view: View) -> list[tuple[IncidentMark, QPointF, float]]:
        """Red, late and selected incidents out of the picture: where at its edge the arrow stands, its direction (radians)."""
        found = []
        for incident in reversed(self._drawn()):
            if incident.id != self.selected and incident.grade != "red" and not incident.lateness:
                continue
            spot = view.point(*self._at[incident.id])
            if QRectF(0, 0, view.width, view.height).contains(spot):
                continue
            right, down = spot.x() - view.width / 2, spot.y() - view.height / 2
            inset = EDGE_PX
            reach = min((view.width / 2 - inset) / max(abs(right), 1e-9), (view.height / 2 - inset) / max(abs(down), 1e-9))
            edge = QPointF(view.width / 2 + right * reach, view.height / 2 + down * reach)
            found.append((incident, edge, math.atan2(down, right)))
        return found[:EDGE_LIMIT]

    def paint_edges(self, painter: QPainter, view: View, ratio: float) -> None:
        """Paint the arrows to grave incidents out of the picture."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for incident, spot, turn in self.edges(view):
            painter.setPen(QPen(theme.color("line"), 1.0))
            painter.setBrush(theme.color("panel"))
            painter.drawEllipse(spot, EDGE_PX * 0.72, EDGE_PX * 0.72)
            tip = spot + QPointF(math.cos(turn), math.sin(turn)) * (EDGE_PX * 0.98)
            side = QPointF(-math.sin(turn), math.cos(turn)) * 5
            base = spot + QPointF(math.cos(turn), math.sin(turn)) * (EDGE_PX * 0.74)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(marks.grade_color(incident.grade))
            painter.drawPolygon(QPolygonF([tip, base + side, base - side]))
            half = EDGE_PX * 0.41
            painter.drawPixmap(spot - QPointF(half, half), marks.pixmap("grade", round(half * 2), ratio, incident.grade))

    def hit(self, view: View, at: QPointF) -> IncidentMark | None:
        """The incident (or the arrow to one) under a point."""
        for incident in reversed(self._drawn()):
            away = view.point(*self._at[incident.id]) - at
            if math.hypot(away.x(), away.y()) <= (SELECTED_PX if incident.id == self.selected else MARK_PX) * 0.6:
                return incident
        for incident, spot, _turn in self.edges(view):
            away = spot - at
            if math.hypot(away.x(), away.y()) <= EDGE_PX * 0.75:
                return incident
        return None
