"""The city map file: an OpenStreetMap extract compiled once into flat arrays, read by map widget, travel times and sight.

One uncompressed `.npz` (numpy, no pickle), written whole or not at all. `open_map(path)` gives a `CityMap`; every array in it
is read-only and may be shared between threads.

Lines and outlines are *flat*: `xy` (n, 2) float64 WGS-84 lon, lat holds all vertices, `starts` the first vertex of each shape
plus one closing entry, so shape i is `xy[starts[i]:starts[i + 1]]` (also `lines.shape(i)`). `name` indexes `names` and
`names_en`; -1 = no name.

| Field | Holds |
|---|---|
| `roads` `Roads(xy, starts, name, kind, oneway)` | streets, footways; `kind` into `ROAD_KINDS`; drawn direction = driven one |
| `waterways` `Lines(xy, starts, name)` | rivers, streams, canals as lines |
| `rails` `Lines` | railways, metro, tram |
| `water`, `green` `Areas(xy, starts, name, group)` | closed rings; those of one `group` are one area: fill odd-even |
| `buildings` `Buildings(xy, starts, name, height_m)` | closed outer rings; `height_m` float32, NaN = unknown |
| `labels` `Labels(lon, lat, kind, name, rank)` | places and points of interest, most important first; `kind` into `LABEL_KINDS` |
| `names`, `names_en` | tuples of texts: as on site, and English ("" where OSM has none); `text(index, language)` chooses |
| `bounds` | (west, south, east, north) of roads and buildings |
| `graph` `Graph(lon, lat, seconds, metres)` | road nodes; `seconds` directed csr by car, `metres` csr both ways (row = from) |
"""

from __future__ import annotations

import os
import tempfile
import zipfile
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from console.errors import BadInput, Unavailable
from console.model import geo
from console.model.geo import Array

if TYPE_CHECKING:
    from scipy.spatial import cKDTree
    from shapely import STRtree

FORMAT = 2
"""Raised when arrays change; an older file is refused with the advice to import the map again."""

_WALL_M = 3.0
"""Rays are cut by this at both ends: cameras hang on walls, incidents are told at doors (libraries.md §5)."""
_TARGET_HEIGHT_M = 1.5
_WALK_MPS = 1.4
_OFF_ROAD_MPS = 5.0
_SNAP_M = 800.0
"""A point farther than this from every road has no travel time."""
_SNAPPED = 3
"""Road nodes tried per point: one on a street lies between two, and the better way round counts."""
_LIKELY_MPS = 9.0
"""What a car makes of a street grid; only says how far to look first."""
_LATE_S, _LATE_ON_FOOT_S = 3600.0, 1800.0


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Poly-lines: shape i is `xy[starts[i]:starts[i + 1]]`."""

    xy: Array
    starts: NDArray[np.int32]
    name: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def shape(self, index: int) -> Array:
        """The vertices (n, 2) lon, lat of one shape."""
        found: Array = self.xy[self.starts[index] : self.starts[index + 1]]
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Roads(Lines):
    """Streets: `kind` indexes `ROAD_KINDS`, `oneway` is true where only the drawn direction may be driven."""

    kind: NDArray[np.uint8]
    oneway: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Areas(Lines):
    """Closed rings; those of one `group` are one area: outer and holes, to be filled odd-even."""

    group: NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Buildings(Lines):
    """Outlines of buildings; `height_m` NaN where unknown."""

    height_m: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """Names at points; `rank` 0 is the most important."""

    lon: Array
    lat: Array
    kind: NDArray[np.int32]
    name: NDArray[np.int32]
    rank: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Graph:
    """Road nodes and arcs: `seconds` and `metres` are scipy csr matrices, row = from, column = to.

    They are made at first use: loading scipy takes 0.2 s, which a console, that only paints the map, never needs.
    """

    lon: Array
    lat: Array
    seconds_parts: tuple[NDArray[Any], NDArray[Any], NDArray[Any]]
    metres_parts: tuple[NDArray[Any], NDArray[Any], NDArray[Any]]
    """Data, indices and row starts."""

    @cached_property
    def seconds(self) -> Any:
        return self._matrix(self.seconds_parts)

    @cached_property
    def metres(self) -> Any:
        return self._matrix(self.metres_parts)

    def _matrix(self, parts: tuple[NDArray[Any], NDArray[Any], NDArray[Any]]) -> Any:
        from scipy.sparse import csr_matrix

        return csr_matrix(parts, shape=(len(self.lon), len(self.lon)))


@dataclass(frozen=True, eq=False)
class CityMap:
    """An opened city map; see the module's table. Trees are built at first use, or ahead by `prepare`."""

    roads: Roads
    waterways: Lines
    rails: Lines
    water: Areas
    green: Areas
    buildings: Buildings
    labels: Labels
    names: tuple[str, ...]
    names_en: tuple[str, ...]
    bounds: tuple[float, float, float, float]
    graph: Graph
    path: Path = field(default_factory=Path)

    @property
    def centre(self) -> tuple[float, float]:
        """lon, lat of the middle of `bounds`, the origin of the local plane."""
        west, south, east, north = self.bounds
        return (west + east) / 2, (south + north) / 2

    def text(self, name: int, language: str = "zh_CN") -> str:
        """The name with that index: English for "en" where there is one, else as on site; "" for -1."""
        if name < 0:
            return ""
        return (self.names_en[name] if language == "en" else "") or self.names[name]

    def prepare(self) -> None:
        """Build the trees now (start-up), so that the first `near` is as fast as the next."""
        _ = self.buildings_tree, self._node_tree, self._to_node

    @cached_property
    def building_polygons(self) -> NDArray[Any]:
        """Outlines as shapely polygons on the local plane of `centre`, in metres; same index as `buildings`."""
        import shapely

        xs, ys = geo.plane_m(self.buildings.xy[:, 0], self.buildings.xy[:, 1], *self.centre)
        counts = np.diff(self.buildings.starts)
        rings = shapely.linearrings(np.column_stack((xs, ys)), indices=np.repeat(np.arange(len(counts)), counts))
        found: NDArray[Any] = shapely.polygons(rings)
        shapely.prepare(found)
        return found

    @cached_property
    def buildings_tree(self) -> STRtree:
        """shapely STRtree over `building_polygons`."""
        import shapely

        return shapely.STRtree(self.building_polygons)

    @cached_property
    def _node_tree(self) -> cKDTree | None:
        from scipy.spatial import cKDTree

        if not len(self.graph.lon):
            return None
        return cKDTree(np.column_stack(geo.plane_m(self.graph.lon, self.graph.lat, *self.centre)))

    @cached_property
    def _to_node(self) -> Any:
        """`graph.seconds` turned round: from the incident outwards gives the times towards it."""
        return self.graph.seconds.T.tocsr()

    def blocked(self, lons: Array, lats: Array, lon: float, lat: float, heights_m: Array | None = None) -> NDArray[np.bool_]:
        """Whether a building stands between each point and the target.

        A building that holds the camera (it hangs on it) or the target (the incident is in it) does not block. Where the
        camera's height (`heights_m`, NaN = unknown) and the building's are known, a camera that looks over the roof sees.
        """
        found = np.zeros(len(lons), bool)
        if not len(self.buildings) or not len(lons):
            return found
        import shapely

        xs, ys = geo.plane_m(np.asarray(lons, float), np.asarray(lats, float), *self.centre)
        target_x, target_y = (float(v[0]) for v in geo.plane_m(np.array([lon]), np.array([lat]), *self.centre))
        length = np.hypot(xs - target_x, ys - target_y)
        seen = np.flatnonzero(length > 2 * _WALL_M)
        if not len(seen):
            return found
        cut = (_WALL_M / length[seen])[:, None]
        here, there = np.column_stack((xs[seen], ys[seen])), np.array([[target_x, target_y]])
        ends = np.stack((here + (there - here) * cut, there + (here - there) * cut), axis=1)
        rays = shapely.linestrings(ends)
        ray, building = self.buildings_tree.query(rays, predicate="intersects")
        polygons = self.building_polygons[building]
        free = shapely.contains_xy(polygons, here[ray, 0], here[ray, 1]) | shapely.contains_xy(polygons, target_x, target_y)
        if heights_m is not None and len(ray):
            free |= self._sees_over(
                np.asarray(heights_m, float)[seen][ray], building, rays[ray], polygons, here[ray], length[seen][ray]
            )
        found[seen[ray[~free]]] = True
        return found

    def _sees_over(
        self, heights: Array, building: NDArray[Any], rays: NDArray[Any], polygons: NDArray[Any], here: Array, length: Array
    ) -> NDArray[np.bool_]:
        """Whether the line of sight down to the target passes above the roof, where both heights are known."""
        import shapely

        roof = self.buildings.height_m[building].astype(float)
        over = np.zeros(len(roof), bool)
        known = np.flatnonzero(heights > roof)  # NaN compares false: unknown blocks
        if len(known):
            inside = shapely.intersection(rays[known], polygons[known])
            farthest = shapely.hausdorff_distance(shapely.points(here[known]), inside)
            share = np.clip(farthest / length[known], 0, 1)
            over[known] = heights[known] * (1 - share) + _TARGET_HEIGHT_M * share > roof[known]
        return over

    def eta_s(self, lon: float, lat: float, lons: Array, lats: Array, walking: NDArray[np.bool_]) -> Array:
        """Seconds from each point to the target by road; NaN = no road, no way there, over an hour (half on foot).

        Drivers keep to one-way streets and the speeds of the road kinds; walkers (`walking`) go 1.4 m/s along the roads.
        """
        found = np.full(len(lons), np.nan)
        tree = self._node_tree
        if tree is None or not len(lons):
            return found
        xs, ys = geo.plane_m(np.asarray(lons, float), np.asarray(lats, float), *self.centre)
        target = np.column_stack(geo.plane_m(np.array([lon]), np.array([lat]), *self.centre))
        target_off, target_node = tree.query(target, distance_upper_bound=_SNAP_M)
        if not np.isfinite(target_off[0]):
            return found
        points = np.column_stack((xs, ys))
        off, node = tree.query(points, k=_SNAPPED, distance_upper_bound=_SNAP_M)  # (n, k): missing ones are inf
        straight = np.hypot(*(points - target).T)
        for on_foot, matrix, speed in ((False, self._to_node, _OFF_ROAD_MPS), (True, self.graph.metres, _WALK_MPS)):
            chosen = np.flatnonzero((walking == on_foot) & np.isfinite(off[:, 0]))
            if not len(chosen):
                continue
            scale = 1.0 / _WALK_MPS if on_foot else 1.0
            ways = np.where(np.isfinite(off[chosen]), node[chosen], node[chosen][:, :1])
            likely_s = min(600.0, 60.0 + 1.5 * float(straight[chosen].max()) / (_WALK_MPS if on_foot else _LIKELY_MPS))
            late_s = _LATE_ON_FOOT_S if on_foot else _LATE_S
            limits = (min(likely_s, late_s), min(3 * likely_s, late_s), late_s)
            off_s = (off[chosen] + target_off[0]) / speed
            by_road = _from_node(matrix, int(target_node[0]), ways, off_s, scale, limits)
            near_by = straight[chosen] < max(60.0, 2 * float(target_off[0]))
            found[chosen] = np.where(near_by, np.fmin(by_road, straight[chosen] * 1.3 / speed), by_road)
        found[~np.isfinite(found)] = np.nan
        return found


def _from_node(matrix: Any, start: int, nodes: NDArray[Any], off_s: Array, scale: float, limits_s: tuple[float, ...]) -> Array:
    """Least seconds from `start` to one of each row of `nodes` (n, k) plus that node's `off_s`; inf beyond the last limit.

    The limits widen for those rows only whose best could still get better (0.7 ms for ten minutes on 18,000 nodes).
    """
    from scipy.sparse.csgraph import dijkstra

    found = np.full(len(nodes), np.inf)
    sure_s = 0.0
    for limit_s in limits_s:
        better = found > sure_s  # a node not reached lies beyond the limit, so nothing below it can improve
        if better.any():
            along = dijkstra(matrix, directed=True, indices=start, limit=limit_s / scale)[nodes[better]] * scale
            found[better] = np.min(along + off_s[better], axis=1)
        sure_s = limit_s
    return found


def compile_map(osm_file: Path, out: Path) -> dict[str, object]:
    """Compile an .osm, .osm.gz or .osm.pbf extract into `out`.

    Returns the contract's roads_km (driven roads), buildings, junctions (where three or more arms meet), names, elapsed_s.
    Raises BadInput naming the file and what is wrong with it; an earlier map then stays as it was.
    """
    from console.store import osm

    return osm.compile_file(osm_file, out)


def write_map(out: Path, arrays: dict[str, NDArray[Any]], names: list[tuple[str, str]]) -> None:
    """Write the arrays of a compiled map to `out`, whole or not at all. Raises Unavailable where the disk refuses."""
    arrays = dict(arrays, format=np.array([FORMAT]), names_count=np.array([len(names)]))
    for key, texts in (("names", [name for name, _ in names]), ("names_en", [english for _, english in names])):
        arrays[key] = np.frombuffer("\n".join(texts).encode(), np.uint8)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=out.parent, prefix=out.name, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez(file, allow_pickle=False, **arrays)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, out)
        except BaseException:
            os.unlink(part)
            raise
    except OSError as cause:
        raise Unavailable(f"the map {out} cannot be written: {cause.strerror}") from cause


def _texts(buffer: NDArray[np.uint8], count: int) -> tuple[str, ...]:
    found = tuple(buffer.tobytes().decode().split("\n")) if count else ()
    if len(found) != count:
        raise ValueError("names do not fit")
    return found


def open_map(path: Path) -> CityMap:
    """Open a compiled map. Raises Unavailable where there is none, BadInput where the file is damaged or of another version."""
    if not path.exists():
        raise Unavailable(f"no city map at {path}")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            if int(stored["format"][0]) != FORMAT:
                raise BadInput("compiled by another version", str(path), "import the map again")
            arrays = {key: stored[key] for key in stored.files}
        for array in arrays.values():
            array.setflags(write=False)

        def lines(prefix: str) -> tuple[Any, Any, Any]:
            return arrays[f"{prefix}_xy"], arrays[f"{prefix}_starts"], arrays[f"{prefix}_name"]

        count = len(arrays["graph_lon"])

        def csr(name: str) -> tuple[Any, Any, Any]:
            data, columns, starts = (arrays[f"{name}_{part}"] for part in ("data", "indices", "indptr"))
            whole = len(data) == len(columns) and len(starts) == count + 1 and starts[-1] == len(data)
            if not whole or (len(columns) and not 0 <= columns.min() <= columns.max() < count):
                raise ValueError("the road graph does not fit together")
            return data, columns, starts

        west, south, east, north = (float(value) for value in arrays["bounds"])
        at, what = arrays["labels_at"], arrays["labels_what"]
        number = int(arrays["names_count"][0])
        return CityMap(
            roads=Roads(*lines("roads"), arrays["roads_kind"], arrays["roads_oneway"]),
            waterways=Lines(*lines("waterways")),
            rails=Lines(*lines("rails")),
            water=Areas(*lines("water"), arrays["water_group"]),
            green=Areas(*lines("green"), arrays["green_group"]),
            buildings=Buildings(*lines("buildings"), arrays["buildings_height_m"]),
            labels=Labels(at[:, 0], at[:, 1], what[:, 0], what[:, 1], what[:, 2]),
            names=_texts(arrays["names"], number),
            names_en=_texts(arrays["names_en"], number),
            bounds=(west, south, east, north),
            graph=Graph(arrays["graph_lon"], arrays["graph_lat"], csr("seconds"), csr("metres")),
            path=path,
        )
    except (OSError, ValueError, KeyError, IndexError, EOFError, zipfile.BadZipFile) as cause:
        raise BadInput(f"the city map is damaged: {cause}", str(path), "import the map again") from cause
