"""Cameras on the map: badges by network, counts where they would overlap, linked ones with number and field of view.

Positions are held as arrays; what one zoom shows is planned once per zoom (28,000 cameras: 5 ms) and drawn in one call.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen

from console import words
from console.model.geo import Array
from console.ui import marks, theme
from console.ui.map_frame import Plane, View
from console.ui.map_paint import Atlas, Room, pushed_off

BADGE_PX, LINKED_PX, NUMBER_PX = 20, 26, 18
KEEP_OFF_PX = 62.0  # a linked badge is drawn no nearer to an incident's mark; a line leads to where it stands
FAR_CELL_PX, CELL_PX, NEAR_CELL_PX = 56.0, 40.0, 26.0  # below 0.25 px per metre, up to 1, above
TICKS_FROM = 0.35  # px per metre: from here on a badge shows where its camera looks
WIDTH_UNKNOWN_DEG = 4.0  # a heading without a known field of view is a line, not a guess


class CameraMark(NamedTuple):
    """A camera for the map; a plain tuple in this order will do. Positions WGS-84, None = not known (not drawn)."""

    id: str
    name: str
    network: str
    lon: float | None
    lat: float | None
    heading_deg: float | tuple[float, ...] | None = None
    fov_deg: float | None = None
    range_m: float | None = None
    alive: bool | None = None


@dataclass(frozen=True, slots=True)
class _Plan:
    """What one zoom shows: spots (x, y on the plane, picture number), which cameras each holds, and how many."""

    x: Array
    y: Array
    slot: NDArray[np.int64]
    count: NDArray[np.int64]
    first: NDArray[np.int64]
    member: NDArray[np.int64]


def _paint_badge(painter: QPainter, rect: QRectF, what: str, value: object) -> None:
    if what == "count":
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(theme.color("camera"))
        painter.setPen(QPen(theme.color("faint"), 1.0))
        box = rect.adjusted(0.8, 2.2, -0.8, -2.2)
        painter.drawRoundedRect(box, 4, 4)
        text = str(value) if isinstance(value, int) and value < 1000 else "1k+"
        marks.draw_character(painter, box.adjusted(2.5, 3, -2.5, -3), text, theme.color("muted"))
    else:
        marks.draw_network(painter, rect, what, False, value if isinstance(value, bool) else None)


class CameraLayer:
    """All cameras and the linked ones among them."""

    def __init__(self) -> None:
        self.cameras: list[CameraMark] = []
        self._number_of: dict[str, int] = {}
        self._lon = self._lat = self._x = self._y = np.zeros(0)
        self.linked: list[tuple[int, int, str]] = []
        self._plans: dict[float, _Plan] = {}
        self._atlas: Atlas | None = None
        self._atlas_look: object = None

    def set_cameras(self, rows: Iterable[CameraMark | Sequence[object]], plane: Plane) -> None:
        """Show these cameras instead of the former ones."""
        kept_links = [(self.cameras[number].id, shown, verdict) for number, shown, verdict in self.linked]
        self.cameras = [row if isinstance(row, CameraMark) else CameraMark(*row) for row in rows]  # type: ignore[arg-type]
        self._number_of = {camera.id: number for number, camera in enumerate(self.cameras)}
        self._lon = np.array([math.nan if camera.lon is None else camera.lon for camera in self.cameras])
        self._lat = np.array([math.nan if camera.lat is None else camera.lat for camera in self.cameras])
        self.set_plane(plane)
        self.set_linked(kept_links)

    def set_plane(self, plane: Plane) -> None:
        """Project anew (another base map)."""
        self._x, self._y = plane.xy(self._lon, self._lat)
        self._plans.clear()

    def set_alive(self, camera_id: str, alive: bool | None) -> bool:
        """Note whether a camera gives a picture; says whether that is news."""
        number = self._number_of.get(camera_id)
        if number is None or self.cameras[number].alive is alive:
            return False
        self.cameras[number] = self.cameras[number]._replace(alive=alive)
        self._plans.clear()
        return True

    def set_linked(self, linked: Iterable[tuple[str, int, str]]) -> None:
        """Mark cameras (id, number, verdict) as linked to the selected incident."""
        self.linked = [(self._number_of[name], shown, verdict) for name, shown, verdict in linked if name in self._number_of]
        self._plans.clear()

    def position(self, camera_id: str) -> tuple[float, float] | None:
        """Plane position of a camera, None where unknown."""
        number = self._number_of.get(camera_id)
        if number is None or math.isnan(self._x[number]):
            return None
        return float(self._x[number]), float(self._y[number])

    def _plan(self, scale: float, atlas: Atlas) -> _Plan:
        found = self._plans.get(scale)
        if found is not None:
            return found
        free = ~np.isnan(self._x)
        free[[number for number, _, _ in self.linked]] = False
        member = np.flatnonzero(free)
        # Cells are fixed to the ground, so that panning regroups nothing.
        cell = (FAR_CELL_PX if scale < 0.25 else CELL_PX if scale < 1 else NEAR_CELL_PX) / scale
        cells = np.floor(self._x[member] / cell).astype(np.int64) * 4_000_003 + np.floor(self._y[member] / cell).astype(np.int64)
        order = np.argsort(cells, kind="stable")
        member = member[order]
        first = np.flatnonzero(np.diff(cells[order], prepend=-(2**62))) if len(member) else np.zeros(0, np.int64)
        count = np.diff(np.append(first, len(member)))
        if len(first):
            x, y = np.add.reduceat(self._x[member], first) / count, np.add.reduceat(self._y[member], first) / count
        else:
            x = y = np.zeros(0)
        slot = np.zeros(len(first), np.int64)
        for spot, (many, head) in enumerate(zip(count.tolist(), member[first].tolist() if len(first) else [], strict=True)):
            camera = self.cameras[head]
            slot[spot] = atlas.slot("count", many) if many > 1 else atlas.slot(camera.network, camera.alive)
        if len(self._plans) > 8:
            self._plans.clear()
        found = self._plans[scale] = _Plan(x, y, slot, count, first, member)
        return found

    def obstacles(self, view: View) -> tuple[Array, Array] | None:
        """Where badges stand in a view (plane); None where there are so many that no name could be placed."""
        if self._atlas is None:
            return None
        plan = self._plan(view.scale, self._atlas)
        seen = view.seen(plan.x, plan.y)
        return (plan.x[seen], plan.y[seen]) if np.count_nonzero(seen) <= 250 else None

    def _sheet(self, ratio: float) -> Atlas:
        look = (theme.generation(), words.chosen(), ratio)
        if self._atlas is None or self._atlas_look != look:
            self._atlas, self._atlas_look = Atlas(BADGE_PX, ratio, _paint_badge), look
            self._plans.clear()
        return self._atlas

    def paint(self, painter: QPainter, view: View, ratio: float, room: Room) -> None:
        """Paint all cameras that are not linked; where they are few, names keep off them."""
        atlas = self._sheet(ratio)
        plan = self._plan(view.scale, atlas)
        seen = view.seen(plan.x, plan.y)
        xs, ys = view.px(plan.x[seen], plan.y[seen])
        if view.scale >= TICKS_FROM:
            single = np.flatnonzero(seen & (plan.count == 1))
            for spot in single[:400]:
                self._tick(painter, view, self.cameras[plan.member[plan.first[spot]]], view.point(plan.x[spot], plan.y[spot]))
        atlas.draw(painter, xs, ys, plan.slot[seen])
        if len(xs) <= 150:
            half = BADGE_PX / 2
            for x, y in zip(xs.tolist(), ys.tolist(), strict=True):
                room.take(x - half, y - half, x + half, y + half)

    def _tick(self, painter: QPainter, view: View, camera: CameraMark, at: QPointF) -> None:
        painter.setPen(QPen(theme.color("faint"), 2.0))
        for heading in headings(camera):
            half = min(camera.fov_deg or WIDTH_UNKNOWN_DEG, 300.0) / 2
            reach = BADGE_PX * 0.72
            painter.drawArc(QRectF(at.x() - reach, at.y() - reach, 2 * reach, 2 * reach), *_span(heading, max(half, 6)))

    def spots(self, view: View, keep_off: list[QPointF]) -> list[tuple[int, int, str, QPointF, QPointF]]:
        """Linked cameras as (index, number, verdict, where it stands, where its badge is).

        Badges keep off the incidents' marks and each other (cameras on one pole are spread out).
        """
        placed: list[tuple[int, int, str, QPointF, QPointF]] = []
        known = [link for link in self.linked if not math.isnan(self._x[link[0]])]
        numbers = [link[0] for link in known]
        xs, ys = view.px(self._x[numbers], self._y[numbers])
        xs, ys = pushed_off(xs, ys, keep_off, KEEP_OFF_PX, LINKED_PX + 8)
        for (number, shown, verdict), x, y in zip(known, xs.tolist(), ys.tolist(), strict=True):
            true, spot = view.point(self._x[number], self._y[number]), QPointF(x, y)
            for _ in range(12):
                if all((other[4] - spot).manhattanLength() > LINKED_PX for other in placed):
                    break
                spot = spot + QPointF(LINKED_PX + 4, 0)
            placed.append((number, shown, verdict, true, spot))
        return placed

    def paint_fields(self, painter: QPainter, view: View) -> None:
        """Paint the fields of view of the linked cameras: filled where it sees, dashed where it could by turning."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for number, _shown, verdict in self.linked:
            camera = self.cameras[number]
            if math.isnan(self._x[number]):
                continue
            at = view.point(self._x[number], self._y[number])
            reach = max((camera.range_m or 60.0) * view.scale, LINKED_PX)
            strong = verdict == "sees"
            pen = QPen(theme.color("accent" if verdict in ("sees", "ptz_can_turn") else "faint", 0.75), 1.2)
            if not strong:
                pen.setDashPattern([4, 3])
            if camera.range_m is None:
                pen.setDashPattern([1.5, 3])
            painter.setPen(pen)
            painter.setBrush(theme.color("accent", 0.17) if strong else Qt.BrushStyle.NoBrush)
            for heading in headings(camera):
                painter.drawPath(_wedge(at, reach, heading, camera.fov_deg))

    def paint_linked(self, painter: QPainter, view: View, ratio: float, keep_off: list[QPointF]) -> None:
        """Paint the linked cameras with their numbers."""
        for number, shown, _verdict, true, spot in self.spots(view, keep_off):
            camera = self.cameras[number]
            if (spot - true).manhattanLength() > 2:
                painter.setPen(QPen(theme.color("accent", 0.8), 1.2))
                painter.drawLine(true, spot)
                painter.setBrush(theme.color("accent"))
                painter.drawEllipse(true, 2.2, 2.2)
            half = LINKED_PX / 2
            painter.drawPixmap(
                QPointF(spot.x() - half, spot.y() - half),
                marks.pixmap("network", LINKED_PX, ratio, camera.network, True, camera.alive),
            )
            painter.drawPixmap(
                QPointF(spot.x() + half - 10, spot.y() - half - 9), marks.pixmap("number", NUMBER_PX, ratio, shown)
            )

    def hit(self, view: View, at: QPointF, ratio: float, keep_off: list[QPointF]) -> list[CameraMark]:
        """The cameras under a point: one, or all of a count; nearest first."""
        for number, _shown, _verdict, _true, spot in reversed(self.spots(view, keep_off)):
            if abs(spot.x() - at.x()) <= LINKED_PX * 0.6 and abs(spot.y() - at.y()) <= LINKED_PX * 0.6:
                return [self.cameras[number]]
        plan = self._plan(view.scale, self._sheet(ratio))
        if not len(plan.x):
            return []
        xs, ys = view.px(plan.x, plan.y)
        away = np.maximum(np.abs(xs - at.x()), np.abs(ys - at.y()))
        nearest = int(np.argmin(away))
        if away[nearest] > BADGE_PX * 0.65:
            return []
        begin = plan.first[nearest]
        return [self.cameras[index] for index in plan.member[begin : begin + plan.count[nearest]]]


def headings(camera: CameraMark) -> tuple[float, ...]:
    """Every direction a camera looks in; empty when unknown."""
    if camera.heading_deg is None:
        return ()
    return camera.heading_deg if isinstance(camera.heading_deg, tuple) else (camera.heading_deg,)


def _span(heading_deg: float, half_deg: float) -> tuple[int, int]:
    """Start and span of an arc in Qt's sixteenths of a degree (counter-clockwise from the right)."""
    return round((90 - heading_deg - half_deg) * 16), round(2 * half_deg * 16)


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
