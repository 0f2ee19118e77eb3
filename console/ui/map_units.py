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
from console.ui.map_trails import Trails
from console.words import tr

BADGE_PX, SMALL_PX = 26, 16
STALE_S = 60.0  # an older fix is drawn as a ring
CROWD = 300  # more units than this in view: small badges, names only of the busy ones
LABELS, LABELS_IN_CROWD = 100, 40
TRAIL_STEP_M = 4.0
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
        self._busy = np.zeros(0, bool)
        self._trails = Trails()
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
        former_of, xs, ys, times_ns = self._number_of, self._x, self._y, self._fix_ns
        self.units = list(units)
        self._number_of = {unit.id: number for number, unit in enumerate(self.units)}
        self._fix_ns = np.array([unit.fix_at_ns or 0 for unit in self.units], np.int64)
        self._busy = np.array([unit.chosen or unit.duty in BUSY for unit in self.units], bool)
        self._project(plane)
        order = np.array([former_of.get(unit.id, -1) for unit in self.units], np.int64)
        self._trails.reorder(order)
        stayed = np.flatnonzero(order >= 0)
        before = order[stayed]
        self._follow(stayed, xs[before], ys[before], times_ns[before])
        for number, unit in enumerate(self.units):
            if unit.trail:
                self._trails.put(number, [plane.point(*position) for position in unit.trail])
        self._slots_fresh = False

    def _project(self, plane: Plane) -> None:
        lons = np.array([math.nan if unit.lon is None else unit.lon for unit in self.units])
        lats = np.array([math.nan if unit.lat is None else unit.lat for unit in self.units])
        self._plane = plane
        self._x, self._y = plane.xy(lons, lats)

    def set_plane(self, plane: Plane) -> None:
        """Project anew (another base map)."""
        self._project(plane)
        self._trails.reorder(np.full(len(self.units), -1))

    def move(self, fixes: Iterable[tuple[str, float, float, int]]) -> None:
        """Newest positions of known units: (id, lon, lat, the fix's own time in ns)."""
        newest = {self._number_of[fix[0]]: fix for fix in fixes if fix[0] in self._number_of}
        if not newest:
            return
        numbers = np.fromiter(newest, np.int64, len(newest))
        _names, lons, lats, times = zip(*newest.values(), strict=True)
        former = self._x[numbers], self._y[numbers], self._fix_ns[numbers]
        self._x[numbers], self._y[numbers] = self._plane.xy(np.array(lons), np.array(lats))
        self._fix_ns[numbers] = times
        self._follow(numbers, *former)

    def _follow(self, numbers: NDArray[np.int64], xs: Array, ys: Array, times_ns: NDArray[np.int64]) -> None:
        """Lengthen the trails of units by where they were; a fix from before (a replay set back) starts a trail anew."""
        back = self._fix_ns[numbers] < times_ns
        self._trails.clear(numbers[back])
        with np.errstate(invalid="ignore"):
            far = ~back & (np.hypot(xs - self._x[numbers], ys - self._y[numbers]) >= TRAIL_STEP_M)
        self._trails.add(numbers[far], xs[far], ys[far])

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

    def paint(
        self, painter: QPainter, view: View, ratio: float, room: Room, keep_off: list[QPointF], badges: list[QPointF]
    ) -> None:
        """Paint trails, badges and names; `room` holds what must stay free and takes the names.

        Units near a point of `keep_off` (an incident's mark) or of `badges` (linked cameras) stand around it, so that those on
        scene stay readable.
        """
        self._prepare(ratio)
        assert self._sheets is not None
        seen = np.flatnonzero(view.seen(self._x, self._y))
        xs, ys = view.px(self._x[seen], self._y[seen])
        crowded = len(seen) > CROWD
        if not crowded:
            xs, ys = pushed_off(xs, ys, badges, BADGE_PX, BADGE_PX + 3)
            xs, ys = pushed_off(xs, ys, keep_off, KEEP_OFF_PX, BADGE_PX + 3)
        self._painted = (view, seen, xs, ys)
        spoken_of = self._spoken_of(seen, LABELS_IN_CROWD if crowded else LABELS)
        trailing = seen[spoken_of] if crowded else seen
        self._trails.paint(painter, view, trailing, self._x[trailing], self._y[trailing])
        self._sheets[crowded].draw(painter, xs, ys, self._slots[int(crowded)][seen])
        half = (SMALL_PX if crowded else BADGE_PX) / 2
        spots = {int(seen[place]): QPointF(xs[place], ys[place]) for place in spoken_of.tolist()}
        for spot in spots.values():
            room.take(spot.x() - half, spot.y() - half, spot.x() + half, spot.y() + half)
        for number, spot in spots.items():
            if self.units[number].chosen:
                painter.setPen(QPen(theme.color("accent"), 2.4))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawEllipse(spot, half + 3, half + 3)
            self._name(painter, number, spot, half, room)

    def _spoken_of(self, seen: NDArray[np.int64], limit: int) -> NDArray[np.int64]:
        """Which of the seen (places in `seen`) get a name: the busy ones first, in a crowd only them."""
        busy = self._busy[seen]
        found = np.flatnonzero(busy) if len(seen) > CROWD else np.argsort(~busy, kind="stable")
        return found[:limit]

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
