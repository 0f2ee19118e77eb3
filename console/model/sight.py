"""What a camera can see of a point: one verdict and one reason per camera, best first. Pure, vectorised."""

from __future__ import annotations

from dataclasses import dataclass, field

VERDICTS = (
    "sees", "ptz_can_turn", "needs_consent", "unknown_heading", "out_of_range", "facing_away", "blocked", "not_alive",
)  # fmt: skip
"""The contract's verdicts, best first."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One camera's verdict for a point. `reason` names the text `near.reason.<reason>`, `fields` fill it."""

    camera: str
    distance_m: float
    bearing_deg: float
    verdict: str
    reason: str
    fields: dict[str, object] = field(default_factory=dict)
