"""Cameras on the map: badges by network, gathered into counts where they would overlap. Linked ones: `map_linked`.

Positions are held as arrays; what one zoom shows is planned once per zoom (28,000 cameras: 5 ms) and drawn in one call.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter, QPen

from console import words
from console.model.geo import Array
from console.ui import marks, theme
from console.ui.map_frame import Plane, View
from console.ui.map_paint import Atlas, Room

BADGE_PX = 20
CLEAR_PX = 19.0  # no badge nearer than this to an incident's mark or a linked camera
STEPPED_BACK = 0.62  # opacity of the others while an incident has its cameras
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
    condition: str = ""


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
        if value == "doubt":
            marks.draw_doubt(painter, rect)


class CameraLayer:
    """All cameras but the linked ones."""

    def __init__(self) -> None:
        self.cameras: list[CameraMark] = []
        self._number_of: dict[str, int] = {}
        self._lon = self._lat = self._x = self._y = np.zeros(0)
        self._left_out: list[str] = []
        self._plans: dict[float, _Plan] = {}
        self._atlas: Atlas | None = None
        self._atlas_look: object = None

    def set_cameras(self, rows: Iterable[CameraMark | Sequence[object]], plane: Plane) -> None:
        """Show these cameras instead of the former ones."""
        self.cameras = [row if isinstance(row, CameraMark) else CameraMark(*row) for row in rows]  # type: ignore[arg-type]
        self._number_of = {camera.id: number for number, camera in enumerate(self.cameras)}
        self._lon = np.array([math.nan if camera.lon is None else camera.lon for camera in self.cameras])
        self._lat = np.array([math.nan if camera.lat is None else camera.lat for camera in self.cameras])
        self.set_plane(plane)

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

    def set_condition(self, camera_id: str, condition: str) -> bool:
        """Note what looks wrong with a camera's picture ("": nothing); says whether that is news."""
        number = self._number_of.get(camera_id)
        if number is None or self.cameras[number].condition == condition:
            return False
        self.cameras[number] = self.cameras[number]._replace(condition=condition)
        self._plans.clear()
        return True

    def leave_out(self, camera_ids: Iterable[str]) -> None:
        """Do not draw these (they are drawn as linked ones)."""
        self._left_out = [name for name in camera_ids if name in self._number_of]
        self._plans.clear()

    def camera(self, camera_id: str) -> CameraMark | None:
        """One camera, None where it is not known."""
        number = self._number_of.get(camera_id)
        return None if number is None else self.cameras[number]

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
        free[[self._number_of[name] for name in self._left_out if name in self._number_of]] = False
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
            alone = "doubt" if camera.condition else camera.alive
            slot[spot] = atlas.slot("count", many) if many > 1 else atlas.slot(camera.network, alone)
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

    def paint(self, painter: QPainter, view: View, ratio: float, room: Room, keep_off: list[QPointF]) -> None:
        """Paint all cameras that are not linked; where they are few, names keep off them.

        `keep_off`: marks and linked badges. Where there are any the others step back: fainter, and none beneath a mark.
        """
        atlas = self._sheet(ratio)
        plan = self._plan(view.scale, atlas)
        seen = np.flatnonzero(view.seen(plan.x, plan.y))
        xs, ys = view.px(plan.x[seen], plan.y[seen])
        for mark in keep_off[:60]:
            free = np.maximum(np.abs(xs - mark.x()), np.abs(ys - mark.y())) > CLEAR_PX
            seen, xs, ys = seen[free], xs[free], ys[free]
        painter.setOpacity(STEPPED_BACK if self._left_out else 1.0)
        if view.scale >= TICKS_FROM:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for spot in seen[plan.count[seen] == 1][:400].tolist():
                self._tick(painter, self.cameras[plan.member[plan.first[spot]]], view.point(plan.x[spot], plan.y[spot]))
        atlas.draw(painter, xs, ys, plan.slot[seen])
        painter.setOpacity(1.0)
        if len(xs) <= 150:
            half = BADGE_PX / 2
            for x, y in zip(xs.tolist(), ys.tolist(), strict=True):
                room.take(x - half, y - half, x + half, y + half)

    def _tick(self, painter: QPainter, camera: CameraMark, at: QPointF) -> None:
        painter.setPen(QPen(theme.color("faint"), 2.0))
        for heading in headings(camera):
            half = min(camera.fov_deg or WIDTH_UNKNOWN_DEG, 300.0) / 2
            reach = BADGE_PX * 0.72
            painter.drawArc(QRectF(at.x() - reach, at.y() - reach, 2 * reach, 2 * reach), *_span(heading, max(half, 6)))

    def hit(self, view: View, at: QPointF, ratio: float) -> list[CameraMark]:
        """The cameras under a point that are not linked: one, or all of a count."""
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
