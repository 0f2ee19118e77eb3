"""What an incident pulls in: the cameras that can see its point and the units round it, as facts ready to be kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.model.sight import Sighting
from console.model.unit import Fix
from console.store.roster import Roster

if TYPE_CHECKING:
    from console.store.citymap import CityMap


@dataclass(frozen=True, slots=True)
class UnitNear:
    """A unit round the point. `ring_m` is 100, 300, 500 or None beyond; `eta_s` None = no road or no map."""

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
        raise NotImplementedError


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
    """Rank cameras and units for a point (WGS-84). `alive`: camera → alive; a camera not in it is unknown, never dead."""
    raise NotImplementedError
