"""What an incident is: its sources, grades, and the record the fold keeps of it."""

from __future__ import annotations

from dataclasses import dataclass, field

SOURCES = ("110", "96966", "6995", "alarm_post", "grid", "mall", "checkpoint", "patrol", "manual")
GRADES = ("red", "orange", "blue", "green")
"""Gravest first. An incident nobody has graded yet has grade None: unknown, never green."""
DATUMS = ("wgs84", "gcj02", "bd09")


def gravity(grade: str | None) -> int:
    """Sort key, gravest first; ungraded stands between orange and blue until somebody looks."""
    return {"red": 0, "orange": 1, None: 2, "blue": 3, "green": 4}[grade]


@dataclass(slots=True)
class Incident:
    """The fold's record of one incident. Only `state.apply` writes it. Times are UTC ns; positions WGS-84."""

    id: str
    source: str
    source_id: str
    reported_ns: int
    """When the source says it happened."""
    entered_ns: int
    """When it entered our journal: the clocks of the grades count from here."""
    title: str
    kind: str
    grade: str | None
    lon: float | None
    lat: float | None
    position_from: str
    """`given`, `pole`, `place`, or `unknown`."""
    pole: str | None = None
    place: str | None = None
    address: str | None = None
    caller: str | None = None
    note: str | None = None
    exercise: bool = False
    graded_by: str | None = None
    acknowledged_ns: int | None = None
    acknowledged_by: str | None = None
    closed_ns: int | None = None
    result: str | None = None
    cameras: list[dict[str, object]] = field(default_factory=list)
    """The newest `CamerasLinked`: camera, number, distance_m, verdict, reason (code and fields)."""
    units: list[dict[str, object]] = field(default_factory=list)
    """The newest `UnitsInRings`: unit, distance_m, ring_m, eta_s, fix_age_s, lon, lat."""
    orders: list[str] = field(default_factory=list)
    shortfalls: list[dict[str, str]] = field(default_factory=list)
    notes: list[dict[str, object]] = field(default_factory=list)
    passed: list[dict[str, object]] = field(default_factory=list)
    """Deadlines that passed: clock, order, unit, limit_s, at_ns."""
    again: int = 0
    """How often the source has sent a changed report of it."""
    order_count: int = 0

    @property
    def is_open(self) -> bool:
        return self.closed_ns is None

    @property
    def has_position(self) -> bool:
        return self.lon is not None and self.lat is not None
