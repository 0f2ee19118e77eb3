"""What lies over the map's picture: scale bar, source of the map, search hits, the keyboard's mark, and the words of tooltips."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen, QPolygonF

from console.model.geo import bearing_deg, distance_m
from console.ui import spoken, theme
from console.ui.map_cameras import CameraMark, headings
from console.ui.map_frame import Plane, View
from console.ui.map_incidents import IncidentMark
from console.ui.map_paint import Room, draw_text
from console.ui.map_units import UnitMark
from console.words import tr


@dataclass(frozen=True, slots=True)
class SearchHit:
    """Something found, shown as a pin. `kind` and `id` say what it is; they come back with the click."""

    kind: str
    id: str
    text: str
    lon: float
    lat: float


def scale_length(scale: float, longest_px: float = 120.0) -> int:
    """The round length in metres (1, 2 or 5 times a power of ten) of a scale bar no longer than `longest_px`."""
    metres = longest_px / scale
    power = 10 ** math.floor(math.log10(metres))
    return int(max(step * power for step in (1, 2, 5) if step * power <= metres)) or 1


def paint_scale(painter: QPainter, view: View) -> None:
    """Paint the scale bar at the lower left."""
    metres = scale_length(view.scale)
    width = metres * view.scale
    text = f"{metres} m" if metres < 1000 else f"{metres // 1000} km"
    left, base = 14.0, view.height - 14.0
    for color, pen_width in ((theme.color("map_halo"), 4.5), (theme.color("muted"), 1.6)):
        painter.setPen(QPen(color, pen_width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
        points = [QPointF(left, base - 6), QPointF(left, base), QPointF(left + width, base), QPointF(left + width, base - 6)]
        painter.drawPolyline(QPolygonF(points))
    draw_text(painter, left + 6, base - 8, text, theme.font("text", tabular=True), theme.color("muted"), theme.color("map_halo"))


def paint_source(painter: QPainter, view: View, text: str, room: Room) -> None:
    """Paint where the map comes from at the lower right (ODbL asks for it)."""
    font = theme.font("text")
    width = QFontMetricsF(font).horizontalAdvance(text)
    box = QRectF(view.width - width - 16, view.height - 25, width + 16, 25)
    painter.fillRect(box, theme.color("background", 0.72))
    draw_text(painter, box.left() + 8, box.bottom() - 7, text, font, theme.color("muted"), None)
    room.take(box.left(), box.top(), box.right(), box.bottom())


def paint_hit(painter: QPainter, spot: QPointF, hit: SearchHit, room: Room) -> None:
    """Paint a search hit: a pin with its words."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.color("accent"), 2.0))
    painter.setBrush(theme.color("panel"))
    painter.drawLine(spot, spot - QPointF(0, 12))
    painter.drawEllipse(spot - QPointF(0, 17), 5.5, 5.5)
    font = theme.font("text")
    width = QFontMetricsF(font).horizontalAdvance(hit.text)
    left, middle = spot.x() + 9, spot.y() - 17
    if room.is_free(left, middle - 8, left + width, middle + 8):
        room.take(left, middle - 8, left + width, middle + 8)
        draw_text(painter, left, middle + 5, hit.text, font, theme.color("text"), theme.color("map_halo"))


def paint_keyboard_mark(painter: QPainter, spot: QPointF) -> None:
    """Paint the brackets around the mark that the keyboard is on."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    reach, arm = 24.0, 9.0
    for color, width in ((theme.color("map_halo"), 5.0), (theme.color("accent"), 2.4)):
        painter.setPen(QPen(color, width))
        for right, down in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
            corner = spot + QPointF(right * reach, down * reach)
            ends = [corner - QPointF(right * arm, 0), corner, corner - QPointF(0, down * arm)]
            painter.drawPolyline(QPolygonF(ends))


def _away(lon: float | None, lat: float | None, target: IncidentMark | None) -> str:
    if target is None or target.lon is None or target.lat is None or lon is None or lat is None:
        return ""
    metres = distance_m(target.lon, target.lat, lon, lat)
    turn = bearing_deg(target.lon, target.lat, lon, lat)
    return tr("map.tip.away", metres=f"{metres:.0f}", degrees=f"{turn:.0f}")


def incident_tip(incident: IncidentMark) -> str:
    """A tooltip's words for an incident."""
    lines = [f"{tr('grade.' + (incident.grade or 'unknown'))} · {incident.title or incident.id}"]
    if incident.lateness:
        lines.append(tr(f"map.tip.{incident.lateness}"))
    return "\n".join(lines)


def camera_tip(camera: CameraMark, target: IncidentMark | None) -> str:
    """A tooltip's words for a camera, in real units; what is unknown is said to be unknown."""
    lines = [f"{camera.name or camera.id} · {tr('map.network.' + camera.network)}"]
    looks = headings(camera)
    unknown = tr("map.tip.unknown")
    lines.append(
        tr(
            "map.tip.camera",
            heading="/".join(f"{turn:.0f}°" for turn in looks) if looks else unknown,
            fov=unknown if camera.fov_deg is None else f"{camera.fov_deg:.0f}°",
            range=unknown if camera.range_m is None else f"{camera.range_m:.0f} m",
        )
    )
    lines.append(tr({True: "map.tip.alive", False: "map.tip.dead", None: "map.tip.alive_unknown"}[camera.alive]))
    lines.append(tr("condition." + camera.condition) if camera.condition else "")
    lines.append(_away(camera.lon, camera.lat, target))
    return "\n".join(line for line in lines if line)


def unit_tip(unit: UnitMark, age_s: float | None, at: tuple[float, float], target: IncidentMark | None) -> str:
    """A tooltip's words for a unit: duty, age and accuracy of its fix, distance. `at`: its lon, lat now."""
    lines = [f"{unit.name} · {tr('unit_kind.' + unit.kind)} · {unit.state or tr('duty.' + unit.duty)}"]
    if age_s is None:
        lines.append(tr("map.tip.fixed_post"))
    else:
        accuracy = tr("map.tip.unknown") if unit.accuracy_m is None else f"±{unit.accuracy_m:.0f} m"
        lines.append(tr("map.tip.fix", ago=spoken.ago(age_s), accuracy=accuracy))
    lines.append(_away(*at, target))
    return "\n".join(line for line in lines if line)


def lonlat_words(plane: Plane, x: float, y: float) -> str:
    """A position as people copy it: lon, lat with six digits (WGS-84)."""
    lon, lat = plane.lonlat(x, y)
    return f"{lon:.6f}, {lat:.6f}"
