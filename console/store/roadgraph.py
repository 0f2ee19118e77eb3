"""The road graph of a city map: ways split at shared nodes into arcs with seconds by car and metres on foot.

Pure numpy and scipy; `store.osm` feeds it while compiling a map.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from console.model import geo
from console.model.citymap import ROAD_KINDS

_FOOTWAY = ROAD_KINDS.index("footway")
_SPEED_KMH = (80, 60, 45, 40, 35, 25, 15)
"""Speeds by road kind a patrol car averages in town, junctions included; a site's own figures would come from its tracks."""
_ARC_M = 80.0
"""Longer arcs are split, so that a point snaps to a node no farther than half of this along its road."""
_KEPT_PIECE = 20
"""Fewest nodes of a second piece of the road graph: a river's other bank stays, a cut-off car park goes."""

_MEND_M = 25.0
"""A one-way street that ends (or begins) in nothing goes on at road nodes this near: converted networks cut streets at the stop
line (Chengdu sample: 497 of 1,237 ends, median gap 3 m; the largest piece grows from 3 % to 99 % of the nodes)."""

_MEND_KMH = 15.0

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Way:
    """One street: node numbers of the source and their lon, lat in driving direction; `kind` indexes `ROAD_KINDS`."""

    refs: list[int]
    at: list[Point]
    kind: int
    oneway: bool


@dataclass(frozen=True, slots=True)
class _Arc:
    start: int
    end: int
    length_m: float
    kind: int
    oneway: bool


@dataclass(slots=True)
class _Nodes:
    """Graph nodes by the source's node number; nodes added between two of them have none."""

    index: dict[int, int] = field(default_factory=dict)
    at: list[Point] = field(default_factory=list)

    def of(self, ref: int, at: Point) -> int:
        if ref not in self.index:
            self.index[ref] = self.between(at)
        return self.index[ref]

    def between(self, at: Point) -> int:
        self.at.append(at)
        return len(self.at) - 1


def _arcs_of(way: Way, used: Counter[int], nodes: _Nodes) -> Iterator[_Arc]:
    """Split one way at the nodes it shares with others, and where an arc would get longer than `_ARC_M`."""
    before, since_m = way.at[0], 0.0
    last = nodes.of(way.refs[0], before)
    for step, (ref, here) in enumerate(zip(way.refs[1:], way.at[1:], strict=True), 2):
        length_m = geo.distance_m(*before, *here)
        pieces = max(1, math.ceil(length_m / _ARC_M))
        for piece in range(1, pieces):
            share = piece / pieces
            to = nodes.between((before[0] + (here[0] - before[0]) * share, before[1] + (here[1] - before[1]) * share))
            yield _Arc(last, to, since_m + length_m / pieces, way.kind, way.oneway)
            last, since_m = to, 0.0
        since_m += length_m / pieces
        if used[ref] > 1 or since_m > _ARC_M / 2 or step == len(way.refs):
            to = nodes.of(ref, here)
            yield _Arc(last, to, since_m, way.kind, way.oneway)
            last, since_m = to, 0.0
        before = here


def _links(
    start: NDArray[Any], end: NDArray[Any], oneway: NDArray[Any], xy_m: NDArray[Any], is_end: NDArray[Any]
) -> NDArray[Any]:
    """Pairs (from, to) of ways' ends and crossings that mend one-way dead ends: see `_MEND_M`."""
    leaves, enters = np.zeros(len(xy_m), bool), np.zeros(len(xy_m), bool)
    leaves[start] = enters[end] = True
    leaves[end[~oneway]] = enters[start[~oneway]] = True
    pairs: list[tuple[int, int]] = []
    for lost, found, turned in (
        (enters & ~leaves, leaves & is_end, False),
        (leaves & ~enters, enters & is_end, True),
    ):
        dead, live = np.flatnonzero(lost), np.flatnonzero(found)
        if len(dead) and len(live):
            for here, others in zip(dead, cKDTree(xy_m[live]).query_ball_point(xy_m[dead], _MEND_M), strict=True):
                pairs += [(int(live[other]), int(here)) if turned else (int(here), int(live[other])) for other in others]
    return np.array(sorted(set(pairs)), np.int64).reshape(-1, 2)


def _junctions(ways: Sequence[Way], used: Counter[int], nodes: _Nodes, links: NDArray[Any]) -> int:
    """How many crossings have three or more arms; nodes mended together are one, both carriageways are one arm."""
    count = len(nodes.at)
    joined = coo_matrix((np.ones(len(links)), (links[:, 0], links[:, 1])), shape=(count, count))
    _, crossing = connected_components(joined, directed=False)
    stops = [[crossing[nodes.index[ref]] for ref in way.refs if used[ref] > 1] for way in ways]
    pairs = np.array([pair for way in stops for pair in pairwise(way)], np.int64).reshape(-1, 2)
    arms = _shortest_csr(np.concatenate(pairs.T), np.concatenate(pairs.T[::-1]), np.ones(2 * len(pairs)), count)
    return int((np.diff(arms.indptr) >= 3).sum())


def _shortest_csr(start: NDArray[Any], end: NDArray[Any], weight: NDArray[Any], count: int) -> Any:
    """A csr of the cheapest arc per pair: a plain csr would add parallel arcs up."""
    order = np.lexsort((weight, end, start))
    start, end, weight = start[order], end[order], weight[order]
    first = np.ones(len(start), bool)
    first[1:] = (start[1:] != start[:-1]) | (end[1:] != end[:-1])
    keep = first & (start != end)
    return coo_matrix((np.maximum(weight[keep], 1e-3), (start[keep], end[keep])), shape=(count, count)).tocsr()


def _kept_nodes(graph: Any) -> NDArray[Any]:
    """The nodes points may snap to: the largest piece and others of some size, of each its mutually reachable core."""
    _, weak = connected_components(graph, directed=True, connection="weak")
    _, strong = connected_components(graph, directed=True, connection="strong")
    sizes = np.bincount(weak)
    kept = np.zeros(len(weak), bool)
    for piece in np.flatnonzero((sizes >= max(_KEPT_PIECE, 0.05 * sizes.max())) | (np.arange(len(sizes)) == sizes.argmax())):
        members = np.flatnonzero(weak == piece)
        cores = np.bincount(strong[members])
        core = members[strong[members] == cores.argmax()]
        kept[core if len(core) * 2 >= len(members) else members] = True
    return np.flatnonzero(kept)


def graph_arrays(ways: Sequence[Way]) -> tuple[dict[str, NDArray[Any]], int, float]:
    """Return the graph's arrays as the map file names them, the number of junctions and the driven metres."""
    driven = [way for way in ways if way.kind != _FOOTWAY]
    used: Counter[int] = Counter()
    for way in driven:
        used.update(way.refs)
        used.update((way.refs[0], way.refs[-1]))
    nodes = _Nodes()
    arcs = [arc for way in driven for arc in _arcs_of(way, used, nodes)]
    count = len(nodes.at)
    if not arcs:
        empty = coo_matrix((0, 0)).tocsr()
        return _csr_arrays(empty, empty, np.zeros((0, 2))), 0, 0.0
    start, end = np.array([arc.start for arc in arcs]), np.array([arc.end for arc in arcs])
    metres = np.array([arc.length_m for arc in arcs])
    seconds = metres / (np.array(_SPEED_KMH)[[arc.kind for arc in arcs]] / 3.6)
    oneway = np.array([arc.oneway for arc in arcs])
    at = np.array(nodes.at)
    xy_m = np.column_stack(geo.plane_m(at[:, 0], at[:, 1], *at.mean(axis=0)))
    is_end = np.zeros(count, bool)
    is_end[[index for ref, index in nodes.index.items() if used[ref] > 1]] = True
    links = _links(start, end, oneway, xy_m, is_end)
    gap_m = np.hypot(*(xy_m[links[:, 0]] - xy_m[links[:, 1]]).T)
    on_foot = _shortest_csr(
        np.concatenate((start, end, links[:, 0], links[:, 1])),
        np.concatenate((end, start, links[:, 1], links[:, 0])),
        np.concatenate((metres, metres, gap_m, gap_m)),
        count,
    )
    by_car = _shortest_csr(
        np.concatenate((start, end[~oneway], links[:, 0])),
        np.concatenate((end, start[~oneway], links[:, 1])),
        np.concatenate((seconds, seconds[~oneway], gap_m / (_MEND_KMH / 3.6))),
        count,
    )
    kept = _kept_nodes(by_car)
    junctions = _junctions(driven, used, nodes, links)
    return _csr_arrays(by_car[kept][:, kept], on_foot[kept][:, kept], at[kept]), junctions, float(metres.sum())


def _csr_arrays(seconds: Any, metres: Any, places: NDArray[Any]) -> dict[str, NDArray[Any]]:
    found = {"graph_lon": places[:, 0].copy(), "graph_lat": places[:, 1].copy()}
    for name, matrix in (("seconds", seconds), ("metres", metres)):
        found[f"{name}_data"] = matrix.data.astype(np.float64)
        found[f"{name}_indices"] = matrix.indices.astype(np.int32)
        found[f"{name}_indptr"] = matrix.indptr.astype(np.int32)
    return found
