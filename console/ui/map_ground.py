"""The base map's geometry and its painting in small steps: water, green, buildings, rails, streets by class.

`Ground(city_map)` projects the city map once onto a plane. `steps(easel, view)` paints the piece a view shows and yields after
every few milliseconds of work, so that the GUI thread can paint a frame in between.

`numpy.ma` is named so that it is loaded with this module: `np.unique` else loads it at its first call, 20 ms of the GUI thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.ma
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor, QPen

from console.model.citymap import ROAD_KINDS
from console.model.geo import Array
from console.ui import theme
from console.ui.map_frame import Plane, View
from console.ui.map_paint import Easel, path_of

if TYPE_CHECKING:
    from console.store.citymap import CityMap, Lines

# Small paths are faster in all, too: the wide streets of Monaco took 210 ms at 1500, 80 ms at 200; worst step 68 and 4 ms.
STEP_VERTICES = 200


@dataclass(frozen=True, slots=True)
class Stroke:
    """How a class of streets is drawn: width in metres, narrowest in px, from which scale (px per metre) on, colour token."""

    width_m: float
    least_px: float
    from_scale: float
    token: str


STROKES = {
    "motorway": Stroke(22, 2.6, 0.0, "map_road_major"),
    "trunk": Stroke(20, 2.4, 0.0, "map_road_major"),
    "primary": Stroke(17, 2.0, 0.0, "map_road_major"),
    "secondary": Stroke(13, 1.6, 0.012, "map_road"),
    "tertiary": Stroke(10, 1.2, 0.03, "map_road"),
    "residential": Stroke(7, 1.0, 0.07, "map_road_minor"),
    "service": Stroke(4.5, 0.9, 0.2, "map_road_minor"),
    "footway": Stroke(1.8, 1.0, 0.5, "map_path"),
}


class Shapes:
    """Lines or rings on the plane with their bounding boxes, picked out by view."""

    def __init__(self, lines: Lines, plane: Plane) -> None:
        self.x, self.y = plane.xy(lines.xy[:, 0], lines.xy[:, 1]) if len(lines.xy) else (np.zeros(0), np.zeros(0))
        self.starts = np.asarray(lines.starts, np.int64)
        self.name = lines.name
        self.group = np.zeros(0, np.int32)
        self.has_holes = np.zeros(len(self.starts) - 1, bool)
        heads = self.starts[:-1]
        if len(heads):
            self.left, self.right = np.minimum.reduceat(self.x, heads), np.maximum.reduceat(self.x, heads)
            self.top, self.bottom = np.minimum.reduceat(self.y, heads), np.maximum.reduceat(self.y, heads)
        else:
            self.left = self.right = self.top = self.bottom = np.zeros(0)

    def as_rings(self, group: NDArray[np.int32] | None = None) -> Shapes:
        """Turn all rings the same way round, so that overlapping ones do not cancel out; `group` says which belong together."""
        following = np.append(np.arange(1, len(self.x)), 0) if len(self.x) else np.zeros(0, np.int64)
        twice = self.x * self.y[following] - self.x[following] * self.y if len(self.x) else np.zeros(0)
        if len(self.starts) > 1:
            twice[self.starts[1:] - 1] = 0.0
            turned = np.flatnonzero(np.add.reduceat(twice, self.starts[:-1]) < 0)
            for number in turned.tolist():
                part = slice(self.starts[number], self.starts[number + 1])
                self.x[part], self.y[part] = self.x[part][::-1].copy(), self.y[part][::-1].copy()
        if group is not None and len(group):
            self.group = group
            self.has_holes = np.bincount(group)[group] > 1
        return self

    def in_view(self, view: View, least_px: float = 1.0) -> NDArray[np.int64]:
        """Numbers of the shapes that touch the view and are at least `least_px` large in it."""
        left, top, right, bottom = view.box(24)
        size = np.maximum(self.right - self.left, self.bottom - self.top) * view.scale
        mask = (self.right >= left) & (self.left <= right) & (self.bottom >= top) & (self.top <= bottom) & (size >= least_px)
        found: NDArray[np.int64] = np.flatnonzero(mask)
        return found

    def vertices(self, chosen: NDArray[np.int64], view: View) -> tuple[Array, Array, NDArray[np.int64]]:
        """Picture coordinates of the chosen shapes, thinned to what can be seen, and where each starts."""
        lengths = self.starts[chosen + 1] - self.starts[chosen]
        ends = np.cumsum(lengths)
        heads = ends - lengths
        index = np.arange(ends[-1] if len(ends) else 0) + np.repeat(self.starts[chosen] - heads, lengths)
        xs, ys = view.px(self.x[index], self.y[index])
        # Of neighbours on the same half pixel one is enough; the ends of every shape stay.
        keep = np.ones(len(xs), bool)
        keep[1:] = (np.abs(np.diff(xs)) + np.abs(np.diff(ys))) > 0.4
        keep[heads] = True
        keep[ends - 1] = True
        kept = np.cumsum(keep)
        return xs[keep], ys[keep], kept[heads] - 1

    def batches(self, chosen: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        """The chosen shapes in portions of about `STEP_VERTICES`."""
        if len(chosen):
            sizes = np.cumsum(self.starts[chosen + 1] - self.starts[chosen])
            yield from np.split(chosen, np.flatnonzero(np.diff(sizes // STEP_VERTICES)) + 1)


class Ground:
    """A city map on the plane, ready to be painted."""

    def __init__(self, city_map: CityMap) -> None:
        west, south, east, north = city_map.bounds
        self.plane = Plane((west + east) / 2, (south + north) / 2)
        self.city_map = city_map
        left, top = self.plane.point(west, north)
        right, bottom = self.plane.point(east, south)
        self.box = (left, top, right, bottom)
        self.roads = Shapes(city_map.roads, self.plane)
        self.road_kind = city_map.roads.kind
        self.water = Shapes(city_map.water, self.plane).as_rings(city_map.water.group)
        self.green = Shapes(city_map.green, self.plane).as_rings(city_map.green.group)
        self.waterways, self.rails = Shapes(city_map.waterways, self.plane), Shapes(city_map.rails, self.plane)
        self.buildings = Shapes(city_map.buildings, self.plane).as_rings()

    def steps(self, easel: Easel, view: View) -> Iterator[None]:
        """Paint what `view` shows, yielding after each portion. The easel's pixmap is of the view's size."""
        yield from self._areas(easel, view, self.green, "map_green")
        yield from self._areas(easel, view, self.water, "map_water")
        river = min(max(14 * view.scale, 1.0), 40.0)
        yield from self._lines(
            easel, view, self.waterways, self.waterways.in_view(view, 2), QPen(theme.color("map_water"), river)
        )
        if view.scale >= 0.12:
            edge = theme.color("map_building_edge") if view.scale >= 0.3 else None
            yield from self._areas(easel, view, self.buildings, "map_building", edge, 2.0)
        yield from self._rails(easel, view)
        yield from self._roads(easel, view)

    def _areas(
        self, easel: Easel, view: View, shapes: Shapes, token: str, edge: QColor | None = None, least_px: float = 2.0
    ) -> Iterator[None]:
        pen = QPen(edge, 1.0) if edge else QPen(Qt.PenStyle.NoPen)
        seen = shapes.in_view(view, least_px)
        holed = seen[shapes.has_holes[seen]]
        whole = [(batch, Qt.FillRule.WindingFill) for batch in shapes.batches(seen[~shapes.has_holes[seen]])]
        whole += [(holed[shapes.group[holed] == one], Qt.FillRule.OddEvenFill) for one in np.unique(shapes.group[holed])]
        for batch, rule in whole:
            path = path_of(*shapes.vertices(batch, view))
            path.setFillRule(rule)
            easel.painter.setPen(pen)
            easel.painter.setBrush(QBrush(theme.color(token)))
            easel.painter.drawPath(path)
            yield

    def _lines(self, easel: Easel, view: View, shapes: Shapes, chosen: NDArray[np.int64], pen: QPen) -> Iterator[None]:
        pen.setCapStyle(Qt.PenCapStyle.RoundCap if pen.widthF() > 2 else Qt.PenCapStyle.FlatCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin if pen.widthF() > 3 else Qt.PenJoinStyle.BevelJoin)
        for batch in shapes.batches(chosen):
            easel.painter.strokePath(path_of(*shapes.vertices(batch, view)), pen)
            yield

    def _rails(self, easel: Easel, view: View) -> Iterator[None]:
        if view.scale < 0.02:
            return
        chosen = self.rails.in_view(view, 3)
        width = 1.2 if view.scale < 0.3 else 2.0
        yield from self._lines(easel, view, self.rails, chosen, QPen(theme.color("map_rail"), width))
        if view.scale >= 0.15:
            sleepers = QPen(theme.color("map_rail"), width + 4, Qt.PenStyle.CustomDashLine)
            sleepers.setDashPattern([1.2 / sleepers.widthF(), 10 / sleepers.widthF()])
            for batch in self.rails.batches(chosen):
                sleepers.setCapStyle(Qt.PenCapStyle.FlatCap)
                easel.painter.strokePath(path_of(*self.rails.vertices(batch, view)), sleepers)
                yield

    def _roads(self, easel: Easel, view: View) -> Iterator[None]:
        seen = self.roads.in_view(view, 1.5)
        kinds = self.road_kind[seen]
        drawn = []
        for number, kind in reversed(list(enumerate(ROAD_KINDS))):
            stroke = STROKES[kind]
            chosen = seen[kinds == number]
            if view.scale >= stroke.from_scale and len(chosen):
                drawn.append((chosen, max(stroke.width_m * view.scale, stroke.least_px), stroke.token))
        for chosen, width, _token in drawn:  # edges of all classes first, so that junctions open into each other
            if width >= 4:
                yield from self._lines(easel, view, self.roads, chosen, QPen(theme.color("map_ground"), width + 2.5))
        for chosen, width, token in drawn:
            yield from self._lines(easel, view, self.roads, chosen, QPen(theme.color(token), width))
