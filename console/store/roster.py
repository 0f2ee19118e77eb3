"""The roster database: cameras, units and places in versions; imported from CSV, loaded as one snapshot.

An import is one transaction: all its good rows or none. `DIR/roster.db` keeps every version of a row, and why rows were
refused. Written by `import` (through the desk or alone), read by everybody.
"""

from __future__ import annotations

import dataclasses
import json
import math
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from console.errors import BadInput, Unavailable
from console.model import geo, sight
from console.model.camera import Camera
from console.model.datum import DATUMS, datum_named, wgs84_from_bd09, wgs84_from_gcj02
from console.model.ids import checked_id
from console.model.place import Place
from console.model.unit import Unit
from console.paths import DataFolder
from console.store import citymap, credentials, rows
from console.store.table import Row, Table, open_table

Kind = Literal["cameras", "units", "places"]
_TYPES: Mapping[str, Any] = {"cameras": Camera, "units": Unit, "places": Place}
_COLUMNS = {"cameras": rows.CAMERA_COLUMNS, "units": rows.UNIT_COLUMNS, "places": rows.PLACE_COLUMNS}

FAR_M = 50_000.0
"""A row farther than this outside the city map is refused: a wrong sign, a wrong city, a default of the device."""
_CROWD = 10
"""Cameras at one point from which on the import warns: copied coordinates (faults.md D53)."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS versions (version INTEGER PRIMARY KEY, kind TEXT NOT NULL, file TEXT NOT NULL, sha256 TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS rows (kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS replaced (kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL,
  by_version INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS quarantined (version INTEGER NOT NULL, line INTEGER NOT NULL, reason TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did; the body of `RosterImported`. `quarantined`: one {line, reason} per refused row.

    `version` 0 = no row was taken and nothing was written. `warnings` are plain English sentences.
    """

    added: int
    updated: int
    quarantined: list[dict[str, object]]
    version: int
    sha256: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Roster:
    """A snapshot of the roster at one version; never changed after `load`."""

    cameras: dict[str, Camera]
    units: dict[str, Unit]
    places: dict[str, Place]
    version: int

    @cached_property
    def camera_columns(self) -> sight.CameraColumns:
        """The cameras as numpy columns, for `sight.rank` and the map."""
        return sight.columns(tuple(self.cameras.values()))


def _decoded(kind: str, body: str) -> Any:
    fields = json.loads(body)
    if kind == "cameras":
        fields["headings_deg"] = tuple(fields["headings_deg"])
    return _TYPES[kind](**fields)


def load(folder: Path) -> Roster:
    """Return the newest roster of the data folder, an empty one (version 0) where none was imported.

    Raises BadInput for a damaged database, Unavailable where it cannot be read now.
    """
    path = DataFolder(folder).roster
    found: dict[str, dict[str, Any]] = {"cameras": {}, "units": {}, "places": {}}
    if not path.exists():
        return Roster({}, {}, {}, 0)
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5)) as database:
            version = database.execute("SELECT coalesce(max(version), 0) FROM versions").fetchone()[0]
            for kind, name, body in database.execute("SELECT kind, id, body FROM rows ORDER BY kind, id"):
                found[kind][name] = _decoded(kind, body)
    except sqlite3.OperationalError as cause:
        raise Unavailable(f"roster {path} cannot be read: {cause}") from cause
    except (sqlite3.DatabaseError, ValueError, TypeError, KeyError) as cause:
        raise BadInput(f"the roster is damaged: {cause}", str(path), "restore it or import the tables again") from cause
    return Roster(found["cameras"], found["units"], found["places"], version)


def import_cameras(folder: Path, file: Path, datum: str = "wgs84") -> ImportResult:
    """Add or update cameras from a CSV. `datum` is that of rows without one of their own.

    Relative file names in URLs are resolved beside the table; passwords go to `store.credentials`. Raises BadInput when
    the file is no table at all, Unavailable when the database is busy or the disk refuses.
    """
    beside = file.resolve().parent
    secrets: dict[str, dict[str, str]] = {}

    def make(cells: Mapping[str, str], at: tuple[float, float] | None) -> Camera:
        camera, split_off = rows.camera(cells, at, beside)
        if split_off:
            secrets[camera.id] = split_off
        return camera

    return _import(folder, file, datum, "cameras", make, secrets)


def import_units(folder: Path, file: Path, datum: str = "wgs84") -> ImportResult:
    """Add or update units from a CSV; see `import_cameras`."""
    return _import(folder, file, datum, "units", lambda cells, at: rows.unit(cells), {})


def import_places(folder: Path, file: Path, datum: str = "wgs84") -> ImportResult:
    """Add or update places from a CSV; see `import_cameras`."""
    return _import(folder, file, datum, "places", rows.place, {})


@dataclass(slots=True)
class _Draft:
    """A row on its way: its raw position and datum, replaced by WGS-84 before it becomes a camera or place."""

    row: Row
    at: tuple[float, float] | None
    datum: str


def _drafts(table: Table, datum: str, has_position: bool, refused: list[dict[str, object]]) -> Iterator[_Draft]:
    seen: dict[str, int] = {}
    for row in table.rows:
        if row.reason:
            refused.append({"line": row.line, "reason": row.reason})
            continue
        try:
            name = checked_id(row.cells.get("id", ""))
            if name in seen:
                raise BadInput(f"id {name} stands in line {seen[name]} already")
            own = row.cells.get("datum", "") if has_position else ""
            draft = _Draft(row, rows.position(row.cells) if has_position else None, datum_named(own) if own else datum)
        except BadInput as cause:
            refused.append({"line": row.line, "reason": str(cause)})
            continue
        seen[name] = row.line
        yield draft


def _convert(drafts: list[_Draft]) -> None:
    """Bring all positions to WGS-84, a datum at a time: row by row would take 20 s for 200,000 cameras."""
    by_datum: dict[str, list[_Draft]] = {}
    for draft in drafts:
        if draft.at is not None:
            by_datum.setdefault(draft.datum, []).append(draft)
    for name, some in by_datum.items():
        lons, lats = (np.array(values) for values in zip(*(draft.at for draft in some if draft.at), strict=True))
        if name == "gcj02":
            lons, lats = wgs84_from_gcj02(lons, lats)
        elif name == "bd09":
            lons, lats = wgs84_from_bd09(lons, lats)
        for draft, lon, lat in zip(some, lons.tolist(), lats.tolist(), strict=True):
            draft.at = (round(lon, 9), round(lat, 9))


def _outside(bounds: tuple[float, float, float, float], lon: float, lat: float) -> float:
    """Metres from the city map's bounds, 0 inside."""
    west, south, east, north = bounds
    return geo.distance_m(lon, lat, min(max(lon, west), east), min(max(lat, south), north))


def _misplaced(draft: _Draft, bounds: tuple[float, float, float, float] | None, middle: tuple[float, float] | None) -> str:
    """Why this position cannot be meant, "" when it can. `middle`: the median of the table, used where there is no map."""
    if draft.at is None or draft.row.cells.get("unit"):
        return ""
    lon, lat = draft.at
    if bounds is not None:
        away_m = _outside(bounds, lon, lat)
        swapped_m = _outside(bounds, lat, lon) if abs(lon) <= 90 else math.inf
        if away_m <= FAR_M:
            return ""
        if swapped_m <= FAR_M:
            return f"lon and lat look swapped (lon {lon:g}, lat {lat:g})"
        return f"position is {away_m / 1000:.0f} km outside the city map (lon {lon:g}, lat {lat:g})"
    if middle is not None and abs(lon) <= 90 and geo.distance_m(lon, lat, *middle) > 1_000_000:
        if geo.distance_m(lat, lon, *middle) < 300_000:
            return f"lon and lat look swapped (lon {lon:g}, lat {lat:g})"
    return ""


def _bounds(folder: Path) -> tuple[float, float, float, float] | None:
    try:
        return citymap.open_map(DataFolder(folder).city_map).bounds
    except (Unavailable, BadInput):
        return None


def _warnings(table: Table, drafts: list[_Draft]) -> tuple[str, ...]:
    found = []
    if table.headerless:
        found.append("the file has no header line; its columns were taken in the contract's order")
    at: dict[tuple[float, float], int] = {}
    for draft in drafts:
        if draft.at is not None:
            at[draft.at] = at.get(draft.at, 0) + 1
    crowds = [count for count in at.values() if count >= _CROWD]
    if crowds:
        found.append(f"{sum(crowds)} rows share {len(crowds)} positions, {_CROWD} or more each: copied coordinates?")
    return tuple(found)


def _import(
    folder: Path,
    file: Path,
    datum: str,
    kind: Kind,
    make: Callable[[Mapping[str, str], tuple[float, float] | None], Any],
    secrets: Mapping[str, Mapping[str, str]],
) -> ImportResult:
    if datum not in DATUMS:
        raise BadInput(f"unknown datum {datum!r}", "--datum", f"one of {', '.join(DATUMS)}")
    table = open_table(file, _COLUMNS[kind], rows.ALIASES)
    refused: list[dict[str, object]] = []
    drafts = list(_drafts(table, datum, kind != "units", refused))
    _convert(drafts)
    bounds = _bounds(folder) if kind != "units" else None
    placed = [draft.at for draft in drafts if draft.at is not None]
    middle = (float(np.median([at[0] for at in placed])), float(np.median([at[1] for at in placed]))) if placed else None
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
    bodies: dict[str, str] = {}
    for draft in drafts:
        try:
            if why := _misplaced(draft, bounds, middle):
                raise BadInput(why)
            made = make(draft.row.cells, draft.at)
            bodies[made.id] = encode(_body(kind, made))
        except BadInput as cause:
            refused.append({"line": draft.row.line, "reason": str(cause)})
    refused.sort(key=lambda one: int(str(one["line"])))
    if not bodies:
        return ImportResult(0, 0, refused, 0, table.sha256, _warnings(table, drafts))
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    credentials.keep(folder, secrets)
    added, updated, version = _write(folder, kind, file, table.sha256, bodies, refused)
    return ImportResult(added, updated, refused, version, table.sha256, _warnings(table, drafts))


_FIELDS = {kind: tuple(one.name for one in dataclasses.fields(made)) for kind, made in _TYPES.items()}


def _body(kind: Kind, made: Any) -> dict[str, Any]:
    """The fields that say something; `dataclasses.asdict` would take 4 s for 200,000 rows."""
    found = {name: value for name in _FIELDS[kind] if (value := getattr(made, name)) or value == 0}
    if kind == "cameras":
        found["headings_deg"] = made.headings_deg
    return found


def _write(
    folder: Path, kind: Kind, file: Path, sha256: str, bodies: Mapping[str, str], refused: list[dict[str, object]]
) -> tuple[int, int, int]:
    path = DataFolder(folder).roster
    try:
        path.touch(mode=0o600)
        with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as database:
            database.execute("PRAGMA synchronous=FULL")
            database.executescript(_SCHEMA)
            database.execute("BEGIN IMMEDIATE")
            held = dict(database.execute("SELECT id, body FROM rows WHERE kind = ?", (kind,)))
            version = database.execute("SELECT coalesce(max(version), 0) + 1 FROM versions").fetchone()[0]
            database.execute("INSERT INTO versions VALUES (?, ?, ?, ?)", (version, kind, str(file), sha256))
            changed = [name for name, body in bodies.items() if held.get(name) != body]
            keep = "INSERT INTO replaced SELECT kind, id, version, body, ? FROM rows WHERE kind = ? AND id = ?"
            database.executemany(keep, [(version, kind, name) for name in changed if name in held])
            now = [(kind, name, version, bodies[name]) for name in sorted(changed)]
            database.executemany("INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?)", now)
            database.executemany(
                "INSERT INTO quarantined VALUES (?, ?, ?)", [(version, one["line"], one["reason"]) for one in refused]
            )
            database.execute("COMMIT")
    except (sqlite3.OperationalError, OSError) as cause:
        raise Unavailable(f"roster {path} cannot be written: {cause}") from cause
    except sqlite3.DatabaseError as cause:
        raise BadInput(f"the roster is damaged: {cause}", str(path), "restore it or move it away and import again") from cause
    updated = sum(name in held for name in bodies)
    return len(bodies) - updated, updated, version
