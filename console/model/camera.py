"""A camera as the roster knows it: where it stands, what it looks at, whose it is and who may open it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from console.model.ids import checked_id

__all__ = ["HOUSEHOLD", "NETWORKS", "Camera", "checked_id"]

NETWORKS = ("tianwang", "xueliang", "huiyan", "vehicle", "wireless", "checkpoint", "other")
"""The camera programmes of the contract, in the order the map's legend shows them."""

HOUSEHOLD = "huiyan"
"""The network of household cameras: opened only under the consent rule (`sight.consent_problem`)."""


@dataclass(frozen=True, slots=True)
class Camera:
    """One roster row. URLs are without password (`store.credentials.with_password` gives it back).

    `headings_deg` holds every direction it looks in (0 = north, clockwise), empty when unknown: an unknown heading is
    unknown, never all round. `heading_deg` is the first of them. `heading_text` is what the source wrote. `consent`: "" =
    never opened, "incident" = for an open incident near by, else an ISO date until which it may be opened. `unit`: the
    unit it rides on and whose position it has.
    """

    id: str
    name: str = ""
    network: str = "other"
    url_main: str = ""
    url_sub: str = ""
    lon: float | None = None
    lat: float | None = None
    heading_deg: float | None = None
    headings_deg: tuple[float, ...] = ()
    heading_text: str = ""
    fov_deg: float | None = None
    range_m: float | None = None
    height_m: float | None = None
    ptz: bool = False
    owner: str = ""
    area: str = ""
    pole: str = ""
    consent: str = ""
    unit: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_household(self) -> bool:
        """Whether the consent rule applies."""
        return self.network == HOUSEHOLD
