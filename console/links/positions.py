"""A position as it arrives: our own body or an OwnTracks one in, a `Fix` or BadInput out. Pure.

Only what cannot be a place or a time is BadInput. Old, future and jumping fixes pass: `model.unit.accept_fix` judges them.
"""

from __future__ import annotations

import math
from typing import Any

from console.errors import BadInput
from console.links.receipts import LATEST_MS, whole_number
from console.model import geo
from console.model.ids import checked_id
from console.model.unit import Fix

EARLIEST_MS = 946_684_800_000
"""The year 2000: an earlier time is a clock that was never set, or seconds sent as milliseconds."""


def _number(body: dict[str, Any], field: str) -> float:
    value = body.get(field)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadInput("is missing" if value is None else f"must be a number, not {str(value)[:40]!r}", field)
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise BadInput("must be finite", field)
    return found


def _optional(body: dict[str, Any], field: str, low: float, high: float) -> float | None:
    """A number in range, else None: a bad extra must not cost the position."""
    try:
        found = _number(body, field)
    except BadInput:
        return None
    return found if low <= found <= high else None


def _place(body: dict[str, Any]) -> tuple[float, float]:
    lon, lat = _number(body, "lon"), _number(body, "lat")
    if not geo.is_position(lon, lat):
        swapped = geo.is_position(lat, lon)
        raise BadInput(f"{lon:g}, {lat:g} is no place on earth" + (" (swapped?)" if swapped else ""), "lon,lat")
    return lon, lat


def fix_from_body(unit: str, body: object, received_ns: int, source: str) -> Fix:
    """The fix of a position body of contracts.md. Raises BadInput naming the field."""
    if not isinstance(body, dict):
        raise BadInput("must be a JSON object", "position")
    lon, lat = _place(body)
    at_ms = whole_number(body, "at_ms", EARLIEST_MS, LATEST_MS)
    heading_deg = _optional(body, "heading_deg", -360.0, 360.0)
    return Fix(
        unit, lon, lat, at_ms * 1_000_000, received_ns,
        _optional(body, "accuracy_m", 0.0, 1e7), _optional(body, "speed_mps", 0.0, 500.0),
        None if heading_deg is None else heading_deg % 360.0, source,
    )  # fmt: skip


def owntracks_fix(topic: str, body: object, received_ns: int) -> Fix | None:
    """The fix of an OwnTracks message on `owntracks/<user>/<device>`, the user being the unit; None for its other types.

    A payload that names another user or topic than the one it came on is refused (faults.md D78).
    Source: OwnTracks booklet, "JSON": tst in seconds, vel in km/h, acc in metres, cog in degrees.
    """
    parts = topic.split("/")
    if len(parts) != 3:
        raise BadInput("not owntracks/<user>/<device>", topic[:100])
    user = checked_id(parts[1])
    if not isinstance(body, dict):
        raise BadInput("must be a JSON object", "owntracks")
    kind = body.get("_type")
    if kind == "encrypted":
        raise BadInput("encrypted OwnTracks messages cannot be read", "_type", "turn the phone's payload encryption off, use TLS")
    if kind != "location":
        if isinstance(kind, str):
            return None
        raise BadInput("is missing", "_type")
    for field in ("user", "username", "topic"):
        claimed = body.get(field)
        if claimed is not None and claimed != (topic if field == "topic" else user):
            raise BadInput(f"says {str(claimed)[:64]!r} on the topic of {user!r}", field)
    lon, lat = _place(body)
    at_s = whole_number(body, "tst", EARLIEST_MS // 1000, LATEST_MS // 1000)
    speed_kmh = _optional(body, "vel", 0.0, 1800.0)
    return Fix(
        user, lon, lat, at_s * 1_000_000_000, received_ns, _optional(body, "acc", 0.0, 1e7),
        None if speed_kmh is None else speed_kmh / 3.6, _optional(body, "cog", 0.0, 360.0), "owntracks",
    )  # fmt: skip
