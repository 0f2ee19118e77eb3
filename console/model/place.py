"""A place an incident can be at: a coded pole, an alarm post, a school, a kiosk, a square."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PLACE_KINDS = (
    "pole", "alarm_post", "school", "hospital", "station", "square", "mall", "petrol", "site", "grid", "kiosk", "other",
)  # fmt: skip
"""Known kinds; a roster may bring others, they are kept as they came."""


@dataclass(frozen=True, slots=True)
class Place:
    """One roster row of places. A pole's id is its painted code; `members` are ids or names kept as text."""

    id: str
    name: str = ""
    kind: str = "other"
    lon: float | None = None
    lat: float | None = None
    contact: str = ""
    phone: str = ""
    count: int | None = None
    equipment: str = ""
    members: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)
