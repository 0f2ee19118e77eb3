"""What an incident pulls in: the cameras that can see its point and the units round it, as facts ready to be kept."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from console.model import geo, sight
from console.model.sight import Ridden, Sighting, Situation
from console.model.unit import WALKING_KINDS, Fix
from console.store.citymap import CityMap
from console.store.roster import Roster
from console.words import in_language

RINGS_M = (100, 300, 500)
"""The rings round an incident (field.md): who is there in one, three and five minutes on foot."""

STALE_S = 120.0
"""A fix older than this is said with its age: the unit may be blocks away."""

UNITS_OFFERED = 50
"""Units listed beyond the rings, nearest first: enough for every playbook, few enough to time by road."""


@dataclass(frozen=True, slots=True)
class UnitNear:
    """A unit round the point. `ring_m` is 100, 300, 500 or None beyond; `eta_s` None = no way by road known."""

    unit: str
    distance_m: float
    ring_m: int | None
    eta_s: float | None
    fix_age_s: float


@dataclass(frozen=True, slots=True)
class Near:
    """Cameras best verdict first then nearest, units nearest first, and the units whose position nobody knows."""

    cameras: tuple[Sighting, ...]
    units: tuple[UnitNear, ...]
    without_fix: tuple[str, ...]
    elapsed_ms: float

    def to_json(self) -> dict[str, object]:
        """The contract's JSON of `liandong near`; reasons are plain English sentences."""
        return {
            "cameras": [
                {
                    "id": one.camera,
                    "distance_m": round(one.distance_m, 1),
                    "verdict": one.verdict,
                    "reason": _sentence(one),
                    "bearing_deg": round(one.bearing_deg, 1),
                }
                for one in self.cameras
            ],
            "units": [
                {
                    "id": one.unit,
                    "distance_m": round(one.distance_m, 1),
                    "ring_m": one.ring_m,
                    "eta_s": None if one.eta_s is None else round(one.eta_s, 1),
                    "fix_age_s": round(one.fix_age_s, 1),
                }
                for one in self.units
            ],
            "units_without_fix": list(self.without_fix),
            "elapsed_ms": round(self.elapsed_ms, 3),
        }


def _sentence(sighting: Sighting) -> str:
    """The reason in English; a camera on a unit whose fix is old says so (faults.md D27)."""
    text = in_language("en", f"near.reason.{sighting.reason}", **sighting.fields)
    age_s = float(str(sighting.fields.get("fix_age_s", 0)))
    return text + (in_language("en", "near.stale", seconds=round(age_s)) if age_s > STALE_S else "")


def ring_of(distance_m: float) -> int | None:
    """The smallest ring that holds the distance, None beyond the last."""
    return next((ring for ring in RINGS_M if distance_m <= ring), None)


def units_near(
    roster: Roster, city_map: CityMap | None, fixes: Mapping[str, Fix], lon: float, lat: float, now_ns: int
) -> tuple[tuple[UnitNear, ...], tuple[str, ...]]:
    """Units of the roster with a position, nearest first, and the ids of those without one."""
    placed = [(name, fixes[name]) for name in roster.units if name in fixes]
    without = tuple(name for name in roster.units if name not in fixes)
    if not placed:
        return (), without
    lons, lats = np.array([fix.lon for _, fix in placed]), np.array([fix.lat for _, fix in placed])
    distance = np.hypot(*geo.plane_m(lons, lats, lon, lat))
    order = np.argsort(distance, kind="stable")
    order = order[: max(UNITS_OFFERED, int((distance <= RINGS_M[-1]).sum()))]
    eta = np.full(len(order), np.nan)
    if city_map is not None:
        walking = np.array([roster.units[placed[at][0]].kind in WALKING_KINDS for at in order], bool)
        eta = city_map.eta_s(lon, lat, lons[order], lats[order], walking)
    return tuple(
        UnitNear(
            placed[at][0],
            float(distance[at]),
            ring_of(float(distance[at])),
            float(seconds) if np.isfinite(seconds) else None,
            placed[at][1].age_s(now_ns),
        )
        for at, seconds in zip(order, eta, strict=True)
    ), without


def near(
    roster: Roster,
    city_map: CityMap | None,
    fixes: Mapping[str, Fix],
    lon: float,
    lat: float,
    *,
    now_ns: int,
    limit: int = 9,
    radius_m: float = 1000.0,
    incident_open: bool = False,
    household_radius_m: float = 300.0,
    alive: Mapping[str, bool] | None = None,
) -> Near:
    """Rank cameras and units for a point (WGS-84). `alive`: camera → alive; a camera not in it is unknown, never dead.

    The first call on a roster and a map also builds their columns and trees (start-up, not in `elapsed_ms`).
    """
    columns = roster.camera_columns
    if city_map is not None:
        city_map.prepare()
    began = time.perf_counter_ns()
    on_units = {
        unit: Ridden(fix.lon, fix.lat, fix.heading_deg, fix.age_s(now_ns))
        for _, unit in columns.riding
        if (fix := fixes.get(unit)) is not None
    }
    columns, under = sight.aboard(columns, on_units)

    def blocked(lons: geo.Array, lats: geo.Array, heights_m: geo.Array) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        assert city_map is not None
        return city_map.blocked(lons, lats, lon, lat, heights_m)

    cameras = sight.rank(
        columns,
        lon,
        lat,
        situation=Situation(now_ns, incident_open, household_radius_m),
        limit=limit,
        radius_m=radius_m,
        alive=alive,
        blocked=blocked if city_map is not None else None,
        under=under,
    )
    units, without = units_near(roster, city_map, fixes, lon, lat, now_ns)
    return Near(cameras, units, without, (time.perf_counter_ns() - began) / 1e6)
