"""Ways along the drawn streets of a city map, bends included: what a unit on the road follows from here to there.

Enters: a `CityMap`. Leaves: poly-lines of WGS-84 lon, lat. Built once, then read-only; any thread.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.model import geo
from console.store.citymap import CityMap

Spot = tuple[float, float]


class Streets:
    """Street segments with their ends as nodes (`route`, `somewhere`)."""

    def __init__(self, city: CityMap) -> None:
        self._origin = city.centre
        starts, ends, oneway = [], [], []
        node_of: dict[Spot, int] = {}
        for index in range(len(city.roads)):
            shape = city.roads.shape(index)
            names = [node_of.setdefault((round(float(lon), 7), round(float(lat), 7)), len(node_of)) for lon, lat in shape]
            for a, b in pairwise(names):
                if a != b:
                    starts.append(a)
                    ends.append(b)
                    oneway.append(bool(city.roads.oneway[index]))
        spots = np.array(list(node_of), float).reshape(-1, 2)
        x, y = geo.plane_m(spots[:, 0], spots[:, 1], *self._origin)
        self._lonlat, self._xy = spots, np.column_stack((x, y))
        self._start, self._end, self._oneway = np.array(starts, int), np.array(ends, int), np.array(oneway, bool)
        self._matrix = self._arcs(len(spots))

    def _arcs(self, count: int) -> Any:
        from scipy.sparse import csr_matrix

        length = np.hypot(*(self._xy[self._end] - self._xy[self._start]).T) if len(self._start) else np.zeros(0)
        both = ~self._oneway
        rows = np.concatenate((self._start, self._end[both]))
        columns = np.concatenate((self._end, self._start[both]))
        return csr_matrix((np.concatenate((length, length[both])) + 1e-3, (rows, columns)), shape=(count, count))

    def __len__(self) -> int:
        return len(self._start)

    def _nearest(self, lon: float, lat: float) -> tuple[int, float]:
        """The nearest segment and how far along it (0..1) its nearest point lies."""
        px, py = (float(v[0]) for v in geo.plane_m(np.array([lon]), np.array([lat]), *self._origin))
        a, b = self._xy[self._start], self._xy[self._end]
        d = b - a
        part = np.clip(((px - a[:, 0]) * d[:, 0] + (py - a[:, 1]) * d[:, 1]) / np.maximum(1e-9, (d**2).sum(axis=1)), 0, 1)
        off = np.hypot(a[:, 0] + d[:, 0] * part - px, a[:, 1] + d[:, 1] * part - py)
        best = int(np.argmin(off))
        return best, float(part[best])

    def _on(self, segment: int, part: float) -> Spot:
        a, b = self._lonlat[self._start[segment]], self._lonlat[self._end[segment]]
        here = a + (b - a) * part
        return float(here[0]), float(here[1])

    def route(self, here: Spot, there: Spot) -> list[Spot]:
        """The shortest legal way from `here` to `there` by street, both included; straight on where no street leads there."""
        from scipy.sparse.csgraph import dijkstra

        if not len(self):
            return [here, there]
        (from_segment, from_part), (to_segment, to_part) = self._nearest(*here), self._nearest(*there)
        if from_segment == to_segment and (not self._oneway[from_segment] or from_part <= to_part):
            return [here, self._on(from_segment, from_part), self._on(to_segment, to_part), there]
        leave = [(int(self._end[from_segment]), 1 - from_part)]
        if not self._oneway[from_segment]:
            leave.append((int(self._start[from_segment]), from_part))
        enter = [(int(self._start[to_segment]), to_part)]
        if not self._oneway[to_segment]:
            enter.append((int(self._end[to_segment]), 1 - to_part))
        costs, before = dijkstra(self._matrix, directed=True, indices=[node for node, _ in leave], return_predecessors=True)
        lengths = [self._length(from_segment) * part for _, part in leave], [self._length(to_segment) * part for _, part in enter]
        total, out, into = min(
            (float(costs[i, node]) + lengths[0][i] + lengths[1][j], i, j)
            for i in range(len(leave))
            for j, (node, _) in enumerate(enter)
        )
        if not np.isfinite(total):
            return [here, there]
        nodes = _walk_back(before[out], enter[into][0])
        middle = [(float(self._lonlat[n, 0]), float(self._lonlat[n, 1])) for n in nodes]
        return [here, self._on(from_segment, from_part), *middle, self._on(to_segment, to_part), there]

    def _length(self, segment: int) -> float:
        return float(np.hypot(*(self._xy[self._end[segment]] - self._xy[self._start[segment]])))

    def somewhere(self, part: float, near: Spot, within_m: float) -> Spot:
        """A street corner within `within_m` of a spot, chosen by `part` (0..1) of those there are; the spot itself when none."""
        x, y = (float(v[0]) for v in geo.plane_m(np.array([near[0]]), np.array([near[1]]), *self._origin))
        if not len(self):
            return near
        found = np.flatnonzero(np.hypot(self._xy[:, 0] - x, self._xy[:, 1] - y) <= within_m)
        if not len(found):
            return near
        node = int(found[min(len(found) - 1, int(part * len(found)))])
        return float(self._lonlat[node, 0]), float(self._lonlat[node, 1])


def _walk_back(before: NDArray[Any], node: int) -> list[int]:
    found = [node]
    while before[node] >= 0:
        node = int(before[node])
        found.append(node)
    return found[::-1]
