"""A unit that can be sent somewhere, and the fixes that say where it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from console.model.geo import distance_m, is_position

UNIT_KINDS = (
    "patrol_car",
    "motorcycle",
    "foot_patrol",
    "kiosk",
    "police_room",
    "station",
    "grid_worker",
    "volunteer",
    "mall_security",
    "village_group",
    "fire",
    "medical",
    "traffic",
    "urban_management",
    "alarm_vehicle",
    "other",
)
"""Unit kinds of the contract."""

WALKING_KINDS = frozenset(
    ("foot_patrol", "kiosk", "police_room", "station", "grid_worker", "volunteer", "mall_security", "village_group")
)
"""Kinds that come on foot; their travel time is a walker's."""

DUTIES = ("on_duty", "reserve", "patrolling", "assigned", "en_route", "on_scene", "off")
"""Duty states of the contract."""

FUTURE_S = 30.0
"""A fix further than this ahead of our clock comes from a wrong clock (faults.md D23)."""

OLDEST_S = 7 * 86400.0
"""A fix older than this is a buffer upload of no use for where the unit is now (D23)."""

FASTEST_MPS = 90.0
"""A jump faster than this (324 km/h) between two fixes is not believed (D24) ..."""

JUMP_M = 200.0
"""... when it is at least this far, beyond both fixes' accuracy ..."""

JUMP_S = 60.0
"""... and the last fix is not older than this: after a minute of silence the new one is taken as the better guess."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One roster row of units. `terminal` names its device, `centre` the centre it belongs to."""

    id: str
    name: str = ""
    kind: str = "other"
    centre: str = ""
    phone: str = ""
    terminal: str = ""
    duty: str = "on_duty"
    crew: str = ""
    shift: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fix:
    """Where a unit was. `at_ns` is the fix's own time (its age counts from it), `received_ns` when we got it (both UTC)."""

    unit: str
    lon: float
    lat: float
    at_ns: int
    received_ns: int
    accuracy_m: float | None = None
    speed_mps: float | None = None
    heading_deg: float | None = None
    source: str = ""

    def age_s(self, now_ns: int) -> float:
        """Seconds since the fix was taken, never negative (a clock a little ahead is not the future)."""
        return max(0.0, (now_ns - self.at_ns) / 1e9)


def accept_fix(previous: Fix | None, fix: Fix, now_ns: int) -> Fix | str:
    """Return `fix` when it is newer and believable than `previous` (same unit), else the reason code it is dropped for.

    Codes: `position` (not finite, 0/0 or outside the globe), `future`, `old`, `duplicate` (same time), `out_of_order`,
    `jump`. An out-of-order fix still belongs in the track, only not on the map.
    """
    if not is_position(fix.lon, fix.lat):
        return "position"
    if fix.at_ns > now_ns + int(FUTURE_S * 1e9):
        return "future"
    if fix.at_ns < now_ns - int(OLDEST_S * 1e9):
        return "old"
    if previous is None:
        return fix
    if fix.at_ns == previous.at_ns:
        return "duplicate"
    if fix.at_ns < previous.at_ns:
        return "out_of_order"
    gap_s = (fix.at_ns - previous.at_ns) / 1e9
    moved_m = distance_m(previous.lon, previous.lat, fix.lon, fix.lat) - (fix.accuracy_m or 0.0) - (previous.accuracy_m or 0.0)
    if gap_s <= JUMP_S and moved_m >= JUMP_M and moved_m > FASTEST_MPS * gap_s:
        return "jump"
    return fix
