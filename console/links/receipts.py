"""A terminal's receipt as it arrives, over WebSocket or MQTT: an object in, the checked body or BadInput out. Pure."""

from __future__ import annotations

import math
from typing import Any

from console.errors import BadInput
from console.model.ids import checked_id
from console.model.order import RECEIPT_STATES

LONGEST_REASON = 500
LATEST_MS = 4_102_444_800_000
"""The year 2100: a time beyond it is a wrong unit, not a wrong clock."""


def whole_number(body: dict[str, Any], field: str, low: int, high: int) -> int:
    """An integer field; JavaScript's 1.0 counts. Raises BadInput naming the field."""
    value = body.get(field)
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadInput(f"must be a whole number, not {str(value)[:40]!r}", field)
    if not low <= value <= high:
        raise BadInput(f"must lie between {low} and {high}, not {str(value)[:40]}", field)
    return value


def _id(body: dict[str, Any], field: str) -> str:
    value = body.get(field)
    if not isinstance(value, str):
        raise BadInput("is missing" if value is None else "must be text", field)
    try:
        return checked_id(value)
    except BadInput as cause:
        raise BadInput(cause.what, field) from cause


def checked_receipt(body: object) -> dict[str, Any]:
    """`{order, version, state, reason, at_ms, receipt}` and nothing else. Raises BadInput with the field in `where`.

    CANTCO without a reason is still an answer (faults.md D15): reason None.
    """
    if not isinstance(body, dict):
        raise BadInput("must be a JSON object", "receipt")
    state = body.get("state")
    if state not in RECEIPT_STATES:
        raise BadInput(f"must be one of {', '.join(RECEIPT_STATES)}, not {str(state)[:40]!r}", "state")
    reason = body.get("reason")
    if reason is not None and not isinstance(reason, str):
        raise BadInput("must be text or null", "reason")
    return {
        "order": _id(body, "order"),
        "version": whole_number(body, "version", 1, 2**31),
        "state": state,
        "reason": (reason or "").strip()[:LONGEST_REASON] or None,
        "at_ms": whole_number(body, "at_ms", 0, LATEST_MS),
        "receipt": _id(body, "receipt"),
    }
