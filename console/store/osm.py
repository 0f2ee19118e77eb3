"""Reads an OpenStreetMap extract and lays it out as the flat arrays of a city map (`store.citymap`).

One pass of osmium over the file; objects are valid only inside its loop, so everything is copied at once. Run it from the
import command, not beside a GUI: the Python loop takes half of the interpreter's turns (libraries.md §5).
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import osmium
from numpy.typing import NDArray

from console.errors import BadInput
from console.model.citymap import LABEL_KINDS
from console.store.citymap import write_map
from console.store.roadgraph import Way, graph_arrays

_ROAD_OF = {
    "motorway": 0, "trunk": 1, "primary": 2, "secondary": 3, "tertiary": 4, "unclassified": 5, "residential": 5,
    "living_street": 5, "road": 5, "service": 6, "track": 6, "busway": 6, "footway": 7, "pedestrian": 7, "path": 7, "steps": 7,
    "cycleway": 7, "bridleway": 7, "corridor": 7,
}  # fmt: skip
_RAILS = ("rail", "subway", "light_rail", "tram", "narrow_gauge", "monorail")
_WATERWAYS = ("river", "stream", "canal", "ditch", "drain")
_GREEN = {
    "leisure": ("park", "garden", "pitch", "golf_course", "nature_reserve", "playground"),
    "landuse": ("grass", "forest", "meadow", "recreation_ground", "village_green", "cemetery", "orchard", "farmland"),
    "natural": ("wood", "grassland", "scrub", "heath"),
}
_WATER = {"natural": ("water", "bay"), "landuse": ("reservoir", "basin"), "waterway": ("riverbank", "dock")}
_LABEL_OF = {
    "place": {
        "city": ("city", 0), "town": ("city", 0), "municipality": ("city", 0), "district": ("district", 1),
        "borough": ("district", 1), "suburb": ("suburb", 2), "quarter": ("suburb", 3), "neighbourhood": ("suburb", 3),
        "village": ("village", 2),
        "hamlet": ("village", 3), "square": ("square", 4),
    },
    "amenity": {
        "school": ("school", 5), "kindergarten": ("school", 6), "college": ("school", 5), "university": ("school", 4),
        "hospital": ("hospital", 4), "clinic": ("hospital", 6), "police": ("police", 4), "fuel": ("fuel", 6),
        "bus_station": ("station", 5), "marketplace": ("mall", 5), "townhall": ("other", 5), "fire_station": ("other", 5),
    },
    "railway": {"station": ("station", 4), "halt": ("station", 5)},
    "public_transport": {"station": ("station", 5)},
    "shop": {"mall": ("mall", 5), "supermarket": ("mall", 6), "department_store": ("mall", 5)},
    "leisure": {"park": ("park", 5), "stadium": ("other", 5)},
}  # fmt: skip
_KEYS = (
    "highway",
    "building",
    "waterway",
    "railway",
    "natural",
    "landuse",
    "leisure",
    "place",
    "amenity",
    "shop",
    "public_transport",
)


@dataclass(slots=True)
class _Shapes:
    """Growing flat shapes."""

    xy: list[tuple[float, float]] = field(default_factory=list)
    starts: list[int] = field(default_factory=lambda: [0])
    name: list[int] = field(default_factory=list)
    group: list[int] = field(default_factory=list)
    groups: int = 0

    def add(self, vertices: list[tuple[float, float]], name: int, group: int = 0) -> None:
        self.xy += vertices
        self.starts.append(len(self.xy))
        self.name.append(name)
        self.group.append(group)


@dataclass(slots=True)
class _Gathered:
    """Everything copied out of the file."""

    names: dict[tuple[str, str], int] = field(default_factory=dict)
    roads: _Shapes = field(default_factory=_Shapes)
    ways: list[Way] = field(default_factory=list)
    waterways: _Shapes = field(default_factory=_Shapes)
    rails: _Shapes = field(default_factory=_Shapes)
    water: _Shapes = field(default_factory=_Shapes)
    green: _Shapes = field(default_factory=_Shapes)
    buildings: _Shapes = field(default_factory=_Shapes)
    height_m: list[float] = field(default_factory=list)
    labels: list[tuple[float, float, int, int, int]] = field(default_factory=list)

    def name_of(self, tags: Any) -> int:
        name = " ".join((tags.get("name") or tags.get("name:zh") or tags.get("name:en") or "").split())
        if not name:
            return -1
        pair = (name, " ".join((tags.get("name:en") or "").split()))
        return self.names.setdefault(pair, len(self.names))


def _number(text: str | None) -> float:
    try:
        found = float((text or "").replace(",", ".").removesuffix("m").strip())
    except ValueError:
        return math.nan
    return found if math.isfinite(found) and 0 < found < 1000 else math.nan


def _height_m(tags: Any) -> float:
    height = _number(tags.get("height") or tags.get("building:height"))
    return height if not math.isnan(height) else _number(tags.get("building:levels")) * 3.0


def _label(tags: Any) -> tuple[int, int] | None:
    for key, values in _LABEL_OF.items():
        found = values.get(tags.get(key, ""))
        if found is not None:
            return LABEL_KINDS.index(found[0]), found[1]
    return None


def _is_one_of(tags: Any, table: Mapping[str, tuple[str, ...]]) -> bool:
    return any(tags.get(key) in values for key, values in table.items())


def _take_way(way: Any, into: _Gathered) -> None:
    tags = way.tags
    highway = tags.get("highway", "").removesuffix("_link")
    kind = _ROAD_OF.get(highway)
    is_rail, is_water = tags.get("railway") in _RAILS, tags.get("waterway") in _WATERWAYS
    if kind is None and not is_rail and not is_water:
        return
    nodes = [(node.ref, node.lon, node.lat) for node in way.nodes if node.location.valid()]
    if len(nodes) < 2:
        return
    name = into.name_of(tags)
    vertices = [(lon, lat) for _, lon, lat in nodes]
    if kind is None:
        (into.rails if is_rail else into.waterways).add(vertices, name)
        return
    if tags.get("area") == "yes":
        return
    oneway = tags.get("oneway", "")
    if oneway == "-1":
        nodes.reverse()
        vertices.reverse()
    is_oneway = oneway in ("yes", "true", "1", "-1") or (
        oneway not in ("no", "false", "0") and (highway == "motorway" or tags.get("junction") in ("roundabout", "circular"))
    )
    into.roads.add(vertices, name)
    into.ways.append(Way([ref for ref, _, _ in nodes], vertices, kind, is_oneway))


def _take_area(area: Any, into: _Gathered) -> None:
    tags = area.tags
    label = _label(tags)
    if tags.get("building", "no") != "no":
        shapes = into.buildings
    elif _is_one_of(tags, _WATER):
        shapes = into.water
    elif _is_one_of(tags, _GREEN):
        shapes = into.green
    elif label is None:
        return
    else:
        shapes = _Shapes()
    name = into.name_of(tags)
    height = _height_m(tags)
    shapes.groups += 1
    for outer in area.outer_rings():
        ring = [(node.lon, node.lat) for node in outer if node.location.valid()]
        if len(ring) < 4:
            continue
        shapes.add(ring, name, shapes.groups - 1)
        if shapes is into.buildings:
            into.height_m.append(height)
        else:
            for inner in area.inner_rings(outer):
                shapes.add([(node.lon, node.lat) for node in inner if node.location.valid()], name, shapes.groups - 1)
        if label is not None and name >= 0:
            middle = np.mean(ring[:-1], axis=0)
            into.labels.append((float(middle[0]), float(middle[1]), label[0], name, label[1]))
            label = None


def _take_node(node: Any, into: _Gathered) -> None:
    label = _label(node.tags)
    if label is not None and (name := into.name_of(node.tags)) >= 0:
        into.labels.append((node.lon, node.lat, label[0], name, label[1]))


def _gather(file: Path) -> _Gathered:
    into = _Gathered()
    keys = osmium.filter.KeyFilter(*_KEYS)
    processor = osmium.FileProcessor(str(file)).with_areas(keys).with_filter(keys)
    found: Any
    for found in processor:
        if found.is_way():
            _take_way(found, into)
        elif found.is_area():
            _take_area(found, into)
        elif found.is_node():
            _take_node(found, into)
    return into


def _shape_arrays(prefix: str, shapes: _Shapes) -> dict[str, NDArray[Any]]:
    return {
        f"{prefix}_xy": np.array(shapes.xy, np.float64).reshape(-1, 2),
        f"{prefix}_starts": np.array(shapes.starts, np.int32),
        f"{prefix}_name": np.array(shapes.name, np.int32),
    }


def compile_file(file: Path, out: Path) -> dict[str, object]:
    """See `store.citymap.compile_map`."""
    began = time.monotonic()
    if not file.is_file():
        raise BadInput("no such file", str(file))
    if not file.name.lower().endswith((".osm", ".osm.gz", ".osm.bz2", ".pbf", ".osm.xml")):
        raise BadInput("not named like an OpenStreetMap extract", str(file), "give a .osm, .osm.gz or .osm.pbf file")
    if file.stat().st_size == 0:
        raise BadInput("the file is empty", str(file), "fetch the extract again")
    try:
        into = _gather(file)
    except RuntimeError as cause:
        text = " ".join(str(cause).split())[:200]
        raise BadInput(
            f"not a whole OpenStreetMap extract: {text}", str(file), "fetch the file again; it is cut or of another kind"
        ) from cause
    if not into.roads.name and not into.buildings.name:
        raise BadInput("no road and no building in it", str(file), "choose an extract of the city")
    graph, junctions, driven_m = graph_arrays(into.ways)
    arrays = dict(graph)
    for prefix in ("roads", "waterways", "rails", "water", "green", "buildings"):
        arrays |= _shape_arrays(prefix, getattr(into, prefix))
    arrays["roads_kind"] = np.array([way.kind for way in into.ways], np.uint8)
    arrays["roads_oneway"] = np.array([way.oneway for way in into.ways], bool)
    arrays["water_group"] = np.array(into.water.group, np.int32)
    arrays["green_group"] = np.array(into.green.group, np.int32)
    arrays["buildings_height_m"] = np.array(into.height_m, np.float32)
    labels = sorted(into.labels, key=lambda label: label[4])
    arrays["labels_at"] = np.array([label[:2] for label in labels], np.float64).reshape(-1, 2)
    arrays["labels_what"] = np.array([label[2:] for label in labels], np.int32).reshape(-1, 3)
    extent = np.concatenate([arrays[f"{prefix}_xy"] for prefix in ("roads", "buildings")])
    arrays["bounds"] = np.concatenate((extent.min(axis=0), extent.max(axis=0)))
    write_map(out, arrays, list(into.names))
    return {
        "roads_km": round(driven_m / 1000, 3),
        "buildings": len(into.buildings.name),
        "junctions": junctions,
        "names": len(into.names),
        "elapsed_s": round(time.monotonic() - began, 3),
    }
