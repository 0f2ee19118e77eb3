"""Units on the map: round badges by kind and duty, trail and age of fix, names that keep out of each other's way.

An old fix is a hollow dashed ring with its age in words; a unit without any position is not drawn (lists name it).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPen

from console import words
from console.model.geo import Array
from console.ui import marks, spoken, theme
from console.ui.map_frame import Plane, View
from console.ui.map_paint import Atlas, Room, TextPictures, pushed_off
from console.words import tr

BADGE_PX, SMALL_PX = 26, 16
STALE_S = 60.0  # an older fix is drawn as a ring
CROWD = 300  # more units than this in view: small badges, names only of the busy ones
LABELS = 140
TRAIL_FIXES, TRAIL_STEP_M = 8, 4.0
KEEP_OFF_PX = 34.0
BUSY = ("on_scene", "en_route", "assigned")


@dataclass(frozen=True, slots=True)
class UnitMark:
    """A unit for the map. `fix_at_ns`: the fix's own time, None = a fixed post; `state`: words instead of the duty's; WGS-84."""

    id: str
    name: str
    kind: str
    lon: float | None
    lat: float | None
    duty: str = "on_duty"
    fix_at_ns: int | None = None
    accuracy_m: float | None = None
    state: str = ""
    chosen: bool = False
    trail: tuple[tuple[float, float], ...] = ()


class UnitLayer:
    """All units with the last few positions of each."""

    def __init__(self) -> None:
        self.units: list[UnitMark] = []
        self.now_ns = 0
        self._plane = Plane(0, 0)
        self._number_of: dict[str, int] = {}
        self._x = self._y = np.zeros(0)
        self._fix_ns = np.zeros(0, np.int64)
        self._slots = np.zeros((2, 0), np.int64)
        self._slots_fresh = False
        self._was_stale = np.zeros(0, bool)
        self._trails: dict[str, list[tuple[float, float]]] = {}
        self._sides: dict[str, int] = {}
        self._sheets: tuple[Atlas, Atlas] | None = None
        self._texts: TextPictures | None = None
        self._look: object = None
        self._painted: tuple[View, NDArray[np.int64], Array, Array] = (
            View(0, 0, 0, 0, 0),
            np.zeros(0, np.int64),
            self._x,
            self._y,
        )

    def set_units(self, units: Iterable[UnitMark], plane: Plane) -> None:
        """Show these units instead of the former ones; the trails of those that stay go on."""
        self._plane = plane
        old = dict(self._number_of)
        former, former_ns = (self._x, self._y), self._fix_ns
        self.units = list(units)
        self._number_of = {unit.id: number for number, unit in enumerate(self.units)}
        lons = np.array([math.nan if unit.lon is None else unit.lon for unit in self.units])
        lats = np.array([math.nan if unit.lat is None else unit.lat for unit in self.units])
        self._x, self._y = plane.xy(lons, lats)
        self._fix_ns = np.array([unit.fix_at_ns or 0 for unit in self.units], np.int64)
        for name in [name for name in self._trails if name not in self._number_of]:
            del self._trails[name]
        for unit in self.units:
            if unit.trail:
                self._trails[unit.id] = [plane.point(*position) for position in unit.trail[-TRAIL_FIXES:]]
            elif unit.id in old:
                number, before = self._number_of[unit.id], old[unit.id]
                self._step(unit.id, number, float(former[0][before]), float(former[1][before]), int(former_ns[before]))
        self._slots_fresh = False

    def set_plane(self, plane: Plane) -> None:
        """Project anew (another base map)."""
        lons = np.array([math.nan if unit.lon is None else unit.lon for unit in self.units])
        lats = np.array([math.nan if unit.lat is None else unit.lat for unit in self.units])
        self._plane, self._trails = plane, {}
        self._x, self._y = plane.xy(lons, lats)

    def move(self, fixes: Iterable[tuple[str, float, float, int]]) -> None:
        """Newest positions of known units: (id, lon, lat, the fix's own time in ns)."""
        known = [(self._number_of[name], lon, lat, at_ns) for name, lon, lat, at_ns in fixes if name in self._number_of]
        if not known:
            return
        numbers, lons, lats, times = (np.array(column) for column in zip(*known, strict=True))
        xs, ys = self._plane.xy(lons, lats)
        far = ~(np.hypot(xs - self._x[numbers], ys - self._y[numbers]) < TRAIL_STEP_M)
        before = self._x.copy(), self._y.copy(), self._fix_ns.copy()
        self._x[numbers], self._y[numbers], self._fix_ns[numbers] = xs, ys, times
        for number in numbers[far].tolist():
            name = self.units[number].id
            self._step(name, number, float(before[0][number]), float(before[1][number]), int(before[2][number]))

    def _step(self, name: str, number: int, x: float, y: float, at_ns: int) -> None:
        """Lengthen a trail by the former position x, y; a fix from before (a replay set back) starts it anew."""
        if math.isnan(x) or self._fix_ns[number] < at_ns:
            self._trails.pop(name, None)
            return
        if not math.hypot(x - self._x[number], y - self._y[number]) >= TRAIL_STEP_M:
            return
        trail = self._trails.setdefault(name, [])
        trail.append((x, y))
        del trail[:-TRAIL_FIXES]

    def age_s(self, number: int) -> float | None:
        """Age of a unit's fix; None for a fixed post."""
        return None if not self._fix_ns[number] else max(0.0, (self.now_ns - int(self._fix_ns[number])) / 1e9)

    def position(self, unit_id: str) -> tuple[float, float] | None:
        """Plane position of a unit, None where unknown."""
        number = self._number_of.get(unit_id)
        if number is None or math.isnan(self._x[number]):
            return None
        return float(self._x[number]), float(self._y[number])

    def _prepare(self, ratio: float) -> None:
        look = (theme.generation(), words.chosen(), ratio)
        if self._look != look:
            self._look = look
            self._sheets = (Atlas(BADGE_PX, ratio, marks.draw_unit), Atlas(SMALL_PX, ratio, marks.draw_unit))
            self._texts = TextPictures(theme.font("text"), ratio, theme.color("text"), theme.color("map_halo", 0.72))
            self._slots_fresh = False
        stale = (self._fix_ns > 0) & (self.now_ns - self._fix_ns > int(STALE_S * 1e9))
        if not self._slots_fresh or not np.array_equal(stale, self._was_stale):
            assert self._sheets is not None
            keys = [(unit.kind, unit.duty, old) for unit, old in zip(self.units, stale.tolist(), strict=True)]
            self._slots = np.array([[sheet.slot(*key) for key in keys] for sheet in self._sheets], np.int64).reshape(2, -1)
            self._was_stale, self._slots_fresh = stale, True

    def paint(self, painter: QPainter, view: View, ratio: float, room: Room, keep_off: list[QPointF]) -> None:
        """Paint trails, badges and names; `room` holds what must stay free and takes the names.

        Badges near a point of `keep_off` (an incident's mark) stand around it, so that units on scene stay readable.
        """
        self._prepare(ratio)
        assert self._sheets is not None
        seen = np.flatnonzero(view.seen(self._x, self._y))
        xs, ys = view.px(self._x[seen], self._y[seen])
        xs, ys = pushed_off(xs, ys, keep_off, KEEP_OFF_PX, BADGE_PX + 3)
        self._painted = (view, seen, xs, ys)
        crowded = len(seen) > CROWD
        self._paint_trails(painter, view, seen, crowded)
        self._sheets[crowded].draw(painter, xs, ys, self._slots[int(crowded)][seen])
        named = seen.tolist() if not crowded else [n for n in seen.tolist() if self.units[n].duty in BUSY or self.units[n].chosen]
        half = (SMALL_PX if crowded else BADGE_PX) / 2
        wanted = set(named[: 4 * LABELS])
        spots = {n: QPointF(x, y) for n, x, y in zip(seen.tolist(), xs.tolist(), ys.tolist(), strict=True) if n in wanted}
        for spot in spots.values():
            room.take(spot.x() - half, spot.y() - half, spot.x() + half, spot.y() + half)
        first = sorted(spots, key=lambda number: (not self.units[number].chosen, self.units[number].duty not in BUSY, number))
        for number in first[:LABELS]:
            self._name(painter, number, spots[number], half, room)

    def _paint_trails(self, painter: QPainter, view: View, seen: NDArray[np.int64], crowded: bool) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink = theme.color("unit")
        for number in seen.tolist():
            unit = self.units[number]
            trail = self._trails.get(unit.id)
            if not trail or (crowded and unit.duty not in BUSY and not unit.chosen):
                continue
            points = [view.point(x, y) for x, y in trail] + [view.point(self._x[number], self._y[number])]
            for step in range(len(points) - 1):
                ink.setAlphaF(0.12 + 0.5 * (step + 1) / len(points))
                painter.setPen(QPen(ink, 2.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
                painter.drawLine(points[step], points[step + 1])

    def label(self, number: int) -> str:
        """A unit's words on the map: name, state, and the age of an old fix."""
        unit = self.units[number]
        text = f"{unit.name} {unit.state or tr('duty.' + unit.duty)}"
        if self._was_stale[number]:
            text = f"{text} · {spoken.ago(self.age_s(number))}"
        return text

    def _name(self, painter: QPainter, number: int, spot: QPointF, half: float, room: Room) -> None:
        assert self._texts is not None
        picture = self._texts.picture(self.label(number))
        size = picture.deviceIndependentSize()
        width, height = size.width(), size.height()
        places = [
            (spot.x() + half, spot.y() - height / 2), (spot.x() - half - width, spot.y() - height / 2),
            (spot.x() - width / 2, spot.y() + half - 1), (spot.x() - width / 2, spot.y() - half - height + 1),
        ]  # fmt: skip
        # The side it had comes first, so that names do not hop while units move.
        kept = self._sides.get(self.units[number].id, 0)
        for side in sorted(range(4), key=lambda side: (side != kept, side)):
            left, top = places[side]
            if room.is_free(left + 3, top + 4, left + width - 3, top + height - 4):
                room.take(left, top + 3, left + width, top + height - 3)
                self._sides[self.units[number].id] = side
                painter.drawPixmap(QPointF(round(left), round(top)), picture)
                return

    def hit(self, view: View, at: QPointF) -> UnitMark | None:
        """The unit under a point of the picture as last painted."""
        painted, numbers, xs, ys = self._painted
        if painted != view or not len(numbers):
            return None
        away = np.hypot(xs - at.x(), ys - at.y())
        nearest = int(np.argmin(away))
        if away[nearest] > BADGE_PX * 0.55 or numbers[nearest] >= len(self.units):
            return None
        found: UnitMark = self.units[numbers[nearest]]
        return found

    def number(self, unit_id: str) -> int | None:
        """Where a unit stands in `units`."""
        return self._number_of.get(unit_id)
