"""The city map file: an OpenStreetMap extract compiled once into flat arrays, read by map widget, travel times and sight.

One uncompressed `.npz` (numpy, no pickle). `open_map(path)` gives a frozen `CityMap`; every array is read-only.

Lines and outlines are *flat*: `xy` holds all vertices, `starts` the first vertex of each shape plus one closing entry, so
shape i is `xy[starts[i]:starts[i + 1]]`. `names` is a tuple of texts; index -1 means no name.

| Field | Holds |
|---|---|
| `roads` `Roads(xy, starts, kind, name, oneway)` | xy float64 (n, 2) WGS-84 lon, lat; kind uint8 index into `ROAD_KINDS`; name int32 index |
| `waterways` `Lines(xy, starts, name)` | rivers, streams, canals as lines |
| `water` `Areas(xy, starts, name)` | water surfaces (outer rings, closed) |
| `green` `Areas` | parks, grass, forest |
| `rails` `Lines` | railways, metro, tram |
| `buildings` `Buildings(xy, starts, name, height_m)` | outer rings; height_m float32, NaN = unknown |
| `labels` `Labels(lon, lat, kind, name, rank)` | place names and points of interest; kind uint8 index into `LABEL_KINDS`; rank 0 = most important |
| `names`, `names_en` | texts in the map's own language and English ("" where OSM has none), same index |
| `bounds` | (west, south, east, north) |
| `graph` | `Graph(lon, lat, seconds, metres)`: nodes and directed csr matrices (row = from), largest piece only |
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.model.geo import Array

ROAD_KINDS = ("motorway", "trunk", "primary", "secondary", "tertiary", "residential", "service", "footway")
LABEL_KINDS = ("city", "district", "suburb", "village", "school", "hospital", "police", "station", "fuel", "mall", "park", "square", "other")  # fmt: skip  # noqa: E501


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Roads(Lines):
    """Streets: `kind` indexes `ROAD_KINDS`, `oneway` is true where only the drawn direction may be driven."""

    kind: NDArray[np.uint8]
    oneway: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Areas(Lines):
    """Outer rings, first vertex repeated at the end."""


@dataclass(frozen=True, slots=True)
class Buildings(Lines):
    """Outlines of buildings; `height_m` NaN where unknown."""

    height_m: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Labels:
    """Names at points; `rank` 0 is the most important."""

    lon: Array
    lat: Array
    kind: NDArray[np.uint8]
    name: NDArray[np.int32]
    rank: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Graph:
    """The road graph's largest piece: `seconds` and `metres` are scipy csr matrices, row = from, column = to."""

    lon: Array
    lat: Array
    seconds: Any
    metres: Any


class CityMap:
    """An opened city map; see the module's table. Arrays are read-only and shared."""

    roads: Roads
    waterways: Lines
    water: Areas
    green: Areas
    rails: Lines
    buildings: Buildings
    labels: Labels
    names: tuple[str, ...]
    names_en: tuple[str, ...]
    bounds: tuple[float, float, float, float]
    graph: Graph


def compile_map(osm_file: Path, out: Path) -> dict[str, object]:
    """Compile an .osm, .osm.gz or .osm.pbf extract; returns roads_km, buildings, junctions, names, elapsed_s."""
    raise NotImplementedError


def open_map(path: Path) -> CityMap:
    """Open a compiled map. Raises Unavailable where there is none, BadInput where the file is damaged."""
    raise NotImplementedError
