"""What a camera can see of a point: one verdict and one reason per camera, best first. Pure numpy, one pass over the city.

Rules, first that holds: dead cameras are `not_alive` (no news is unknown, never dead) · a household camera that may not be
opened now is `needs_consent`, wherever it looks · beyond its range `out_of_range` · a fixed camera whose known heading leaves
the point outside its field of view is `facing_away` · a building between is `blocked` · a PTZ camera not facing it (or facing
nobody knows where) is `ptz_can_turn` · an unknown heading is `unknown_heading` · else `sees`.
For an open incident, household cameras that may not be opened and could not see it anyway are left out: their verdict would
push aside those that only lack a heading.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from console.model import geo
from console.model.camera import NETWORKS, Camera
from console.model.geo import Array

VERDICTS = (
    "sees", "ptz_can_turn", "needs_consent", "unknown_heading", "out_of_range", "facing_away", "blocked", "not_alive",
)  # fmt: skip
"""The contract's verdicts, best first."""

_SEES, _PTZ, _CONSENT, _UNKNOWN, _FAR, _AWAY, _BLOCKED, _DEAD = range(len(VERDICTS))

ASSUMED_FOV_DEG = 70.0
"""Field of view taken for a camera with a heading and no figure: a 4 mm lens on a 1/2.8 inch sensor sees 75–85 degrees wide."""
ASSUMED_RANGE_M = 150.0
"""Range taken for a fixed camera without a figure: at 4 mm and 1080p a person is 20 pixels high at about this distance."""
ASSUMED_PTZ_RANGE_M = 300.0
"""Range taken for a PTZ camera without a figure (20–30 times zoom)."""

CONSENT_NEVER, CONSENT_INCIDENT = -1, -2
_FREE = -3


@dataclass(frozen=True, slots=True, eq=False)
class CameraColumns:
    """The cameras as numpy columns, one row each, in the roster's order. NaN = unknown.

    `headings_deg` is (n, k), padded with NaN. `network` indexes `NETWORKS`. `consent_until_ns`: end of a dated consent (UTC),
    or `CONSENT_NEVER`, `CONSENT_INCIDENT`; below both for a camera that is not a household's. `riding`: rows on a unit.
    """

    ids: tuple[str, ...]
    lon: Array
    lat: Array
    headings_deg: Array
    fov_deg: Array
    range_m: Array
    height_m: Array
    ptz: NDArray[np.bool_]
    network: NDArray[np.uint8]
    consent_until_ns: NDArray[np.int64]
    riding: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Ridden:
    """Where the unit under a camera is: its position, course (None = unknown) and the age of its fix."""

    lon: float
    lat: float
    heading_deg: float | None
    age_s: float


@dataclass(frozen=True, slots=True)
class Sighting:
    """One camera's verdict for a point. `reason` names the text `near.reason.<reason>`, `fields` fill it."""

    camera: str
    distance_m: float
    bearing_deg: float
    verdict: str
    reason: str
    fields: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Situation:
    """What the rules about household cameras ask: is an incident open here, how near counts, and what time it is (UTC)."""

    now_ns: int
    incident_open: bool = False
    household_radius_m: float = 300.0


def consent_until_ns(camera: Camera) -> int:
    """The consent as a number: see `CameraColumns`. A date holds to its end (UTC); anything else unreadable is never."""
    if not camera.is_household:
        return _FREE
    if camera.consent == "incident":
        return CONSENT_INCIDENT
    try:
        until = datetime.date.fromisoformat(camera.consent) + datetime.timedelta(days=1)
    except (ValueError, OverflowError):
        return CONSENT_NEVER
    return int(datetime.datetime(until.year, until.month, until.day, tzinfo=datetime.UTC).timestamp()) * 1_000_000_000


def _floats(values: Iterable[float | None]) -> Array:
    return np.array([np.nan if value is None else value for value in values], np.float64)


def columns(cameras: Sequence[Camera]) -> CameraColumns:
    """Lay cameras out as columns. Built once per roster version."""
    width = max((len(camera.headings_deg) for camera in cameras), default=0) or 1
    headings = np.full((len(cameras), width), np.nan)
    for row, camera in enumerate(cameras):
        headings[row, : len(camera.headings_deg)] = camera.headings_deg
    return CameraColumns(
        ids=tuple(camera.id for camera in cameras),
        lon=_floats(camera.lon for camera in cameras),
        lat=_floats(camera.lat for camera in cameras),
        headings_deg=headings,
        fov_deg=_floats(camera.fov_deg for camera in cameras),
        range_m=_floats(camera.range_m for camera in cameras),
        height_m=_floats(camera.height_m for camera in cameras),
        ptz=np.array([camera.ptz for camera in cameras], bool),
        network=np.array([NETWORKS.index(camera.network) for camera in cameras], np.uint8),
        consent_until_ns=np.array([consent_until_ns(camera) for camera in cameras], np.int64),
        riding=tuple((row, camera.unit) for row, camera in enumerate(cameras) if camera.unit),
    )


def aboard(cameras: CameraColumns, units: Mapping[str, Ridden]) -> tuple[CameraColumns, dict[int, Ridden]]:
    """Put the cameras that ride on units where those are; without a fix they are nowhere.

    A riding camera's own heading counts from the bow; without a known course it is unknown. Returns the columns (shared where
    nothing rides) and the unit under each riding row.
    """
    if not cameras.riding:
        return cameras, {}
    lon, lat, headings = cameras.lon.copy(), cameras.lat.copy(), cameras.headings_deg.copy()
    under: dict[int, Ridden] = {}
    for row, name in cameras.riding:
        unit = units.get(name)
        if unit is None:
            lon[row] = lat[row] = np.nan
            continue
        under[row] = unit
        lon[row], lat[row] = unit.lon, unit.lat
        headings[row] = headings[row] + unit.heading_deg if unit.heading_deg is not None else np.nan
    return replace(cameras, lon=lon, lat=lat, headings_deg=headings), under


def _turn_deg(headings_deg: Array, bearings_deg: Array) -> Array:
    """Smallest angle between each camera's headings and the direction to the point; NaN where no heading is known."""
    turn = np.abs((headings_deg - bearings_deg[:, None] + 180.0) % 360.0 - 180.0)
    return np.where(np.isnan(turn).all(axis=1), np.nan, np.nanmin(np.where(np.isnan(turn), 999.0, turn), axis=1))


def _dead_last(
    best: NDArray[np.intp],
    names: Iterable[str],
    alive: Mapping[str, bool],
    limit: int,
    distance: Array,
    verdict: NDArray[np.intp],
) -> NDArray[np.intp]:
    """The first `limit` living ones in their order, filled up with the nearest dead, whose verdict is set. Looks no farther."""
    living: list[int] = []
    dead: list[int] = []
    for at, name in zip(best.tolist(), names, strict=False):
        if alive.get(name) is False:
            dead.append(at)
        else:
            living.append(at)
            if len(living) == limit:
                break
    verdict[dead] = _DEAD
    return np.array(living + sorted(dead, key=lambda at: float(distance[at])), np.intp)


def rank(
    cameras: CameraColumns,
    lon: float,
    lat: float,
    *,
    situation: Situation,
    limit: int,
    radius_m: float,
    alive: Mapping[str, bool] | None = None,
    blocked: Callable[[Array, Array, Array], NDArray[np.bool_]] | None = None,
    under: Mapping[int, Ridden] | None = None,
) -> tuple[Sighting, ...]:
    """Return up to `limit` cameras within `radius_m`, best verdict first, then nearest.

    `alive`: camera → gives a picture; one not in it is unknown, never dead. `blocked(lons, lats, heights_m)` tells for
    cameras that would look at the point whether a building stands between; None = no buildings known. `under`: see `aboard`.
    """
    xs, ys = geo.plane_m(cameras.lon, cameras.lat, lon, lat)
    inside = np.flatnonzero(xs * xs + ys * ys <= radius_m * radius_m)  # NaN compares false: no position, not offered
    if not len(inside) or limit <= 0:
        return ()
    xs, ys = xs[inside], ys[inside]
    distance = np.hypot(xs, ys)
    bearing = np.degrees(np.arctan2(-xs, -ys)) % 360.0
    ptz = cameras.ptz[inside]
    turn = _turn_deg(cameras.headings_deg[inside], bearing)
    fov = cameras.fov_deg[inside]
    half = np.where(np.isnan(fov), ASSUMED_FOV_DEG, fov) / 2
    reach = cameras.range_m[inside]
    reach = np.where(np.isnan(reach), np.where(ptz, ASSUMED_PTZ_RANGE_M, ASSUMED_RANGE_M), reach)
    around = fov >= 360.0
    faces = around | (turn <= half) | (distance < 1.0)
    unknown = np.isnan(turn) & ~faces

    verdict = np.full(len(inside), _SEES)
    verdict[unknown] = _UNKNOWN
    verdict[ptz & ~faces] = _PTZ
    looks = (distance <= reach) & (faces | unknown | ptz)
    consent = cameras.consent_until_ns[inside]
    near_incident = situation.incident_open & (distance <= situation.household_radius_m)
    closed = (consent == CONSENT_NEVER) | ((consent == CONSENT_INCIDENT) & ~near_incident)
    closed |= (consent >= 0) & (consent <= situation.now_ns)
    asked = np.flatnonzero(looks & ~closed)
    if blocked is not None and len(asked):
        rows = inside[asked]
        verdict[asked[blocked(cameras.lon[rows], cameras.lat[rows], cameras.height_m[rows])]] = _BLOCKED
    verdict[~faces & ~unknown & ~ptz] = _AWAY
    verdict[distance > reach] = _FAR
    verdict[closed] = _CONSENT

    offered = np.flatnonzero(~(closed & ~looks)) if situation.incident_open else np.arange(len(inside))
    best = offered[np.lexsort((inside[offered], distance[offered], verdict[offered]))]
    if alive:
        best = _dead_last(best, (cameras.ids[inside[at]] for at in best), alive, limit, distance, verdict)
    best = best[:limit]
    return tuple(
        _sighting(
            cameras.ids[inside[at]],
            _View(
                int(verdict[at]), float(distance[at]), float(bearing[at]), float(turn[at]), float(fov[at]), float(half[at]),
                float(reach[at]), int(consent[at]),
            ),
            situation,
            (under or {}).get(int(inside[at])),
        )
        for at in best
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _View:
    verdict: int
    distance_m: float
    bearing_deg: float
    turn_deg: float
    fov_deg: float
    half_deg: float
    reach_m: float
    consent: int


def _consent_reason(view: _View, situation: Situation) -> str:
    if view.consent == CONSENT_NEVER:
        return "no_consent"
    if view.consent >= 0:
        return "consent_over"
    return "beyond_household_radius" if situation.incident_open else "no_incident"


def _sighting(camera: str, view: _View, situation: Situation, under: Ridden | None) -> Sighting:
    fields: dict[str, object] = {"distance_m": round(view.distance_m), "range_m": round(view.reach_m)}
    known_turn = view.turn_deg == view.turn_deg
    if known_turn:
        fields["off_deg"] = round(view.turn_deg)
    if view.verdict == _SEES:
        reason = "sees_all_round" if view.fov_deg >= 360 else "sees" if view.fov_deg == view.fov_deg else "sees_assumed"
        if not known_turn and reason != "sees_all_round":
            reason = "at_the_spot"
        fields["fov_deg"] = round(view.half_deg * 2)
    elif view.verdict == _PTZ:
        reason = "ptz_by" if known_turn else "ptz_unknown"
    elif view.verdict == _CONSENT:
        reason = _consent_reason(view, situation)
        fields["radius_m"] = round(situation.household_radius_m)
    else:
        reason = VERDICTS[view.verdict]
    if under is not None:
        fields["fix_age_s"] = round(under.age_s)
    return Sighting(camera, view.distance_m, view.bearing_deg, VERDICTS[view.verdict], reason, fields)
