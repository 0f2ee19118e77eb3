"""An incident as it arrives (contracts.md, "Incident in"): bytes or an object in, a checked `IncidentIn` or BadInput out. Pure.

An alarm is never dropped for a bad extra: an unusable position becomes "unknown" with a word in the note, a text too long is cut
with a mark. What makes it BadInput is only what leaves it without identity or meaning, and that names the field.
"""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from console.errors import BadInput
from console.logs import mask
from console.model import datum, geo
from console.model.ids import checked_id
from console.model.incident import DATUMS, GRADES, SOURCES

LONGEST_BODY_BYTES = 1_000_000
LONGEST = {"title": 200, "kind": 64, "address": 300, "caller": 100, "pole": 64, "place": 64, "note": 4000}
_INVISIBLE = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class IncidentIn:
    """A checked report. Position WGS-84 or none; `pole` and `place` are still only what the sender wrote."""

    source: str
    source_id: str
    reported_ns: int
    title: str
    kind: str = "other"
    grade: str | None = None
    lon: float | None = None
    lat: float | None = None
    pole: str | None = None
    place: str | None = None
    address: str | None = None
    caller: str | None = None
    note: str | None = None


def decode(body: bytes) -> Any:
    """JSON from UTF-8 (with or without BOM), UTF-16 or GB18030 bytes. Raises BadInput."""
    if len(body) > LONGEST_BODY_BYTES:
        raise BadInput(f"more than {LONGEST_BODY_BYTES} bytes", "body")
    for encoding in ("utf-8-sig", "utf-16" if body[:2] in (b"\xff\xfe", b"\xfe\xff") else "gb18030"):
        try:
            text = body.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise BadInput("neither UTF-8 nor GB18030 text", "body")
    try:
        return json.loads(text)
    except RecursionError as cause:
        raise BadInput("nested too deeply", "body") from cause
    except ValueError as cause:
        raise BadInput(f"not JSON: {cause}"[:200], "body") from cause


def _text(body: dict[str, Any], field: str, notes: list[str]) -> str | None:
    """One line of readable text or None: control characters become blanks, what is too long is cut and said so.

    A camera's address in it loses its password: the text goes into the journal, to terminals and into bundles for good.
    """
    value = body.get(field)
    if value is None:
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise BadInput(f"must be text, not {type(value).__name__}", field)
    keep = "\n" if field == "note" else ""
    clean = "".join(
        letter if letter in keep or unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Zl", "Zp") else " "
        for letter in value
    )
    clean = clean.strip()
    length = len(clean)
    if "://" in clean and "@" in clean:
        clean = mask(clean[: 2 * LONGEST[field]])
    if length > LONGEST[field]:
        notes.append(f"{field} had {length} characters and was cut")
        clean = clean[: LONGEST[field] - 1] + "…"
    return clean or None


def _identity(body: dict[str, Any], field: str) -> str:
    value = body.get(field)
    if value is None:
        raise BadInput("is missing", field)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise BadInput(f"must be text, not {type(value).__name__}", field)
    try:
        return checked_id(value)
    except BadInput as cause:
        raise BadInput(cause.what, field, cause.todo) from cause


def _one_of(body: dict[str, Any], field: str, allowed: tuple[str, ...], default: str | None) -> str | None:
    value = body.get(field)
    if value is None or value == "":
        return default
    if value not in allowed:
        raise BadInput(f"must be one of {', '.join(allowed)}, not {str(value)[:40]!r}", field)
    return str(value)


def _time_ns(value: object) -> int:
    """UTC nanoseconds of an ISO-8601 time with offset."""
    if value is None:
        raise BadInput("is missing", "at")
    if not isinstance(value, str):
        raise BadInput("must be ISO-8601 text with offset, like 2026-11-22T08:30:00+08:00", "at")
    try:
        at = datetime.fromisoformat(value.strip())
        if at.tzinfo is None:
            raise BadInput(f"{value[:40]!r} has no offset", "at", "add Z or +08:00")
        at = at.astimezone(UTC)
    except (ValueError, OverflowError) as cause:
        raise BadInput(f"{value[:40]!r} is not an ISO-8601 time", "at", "like 2026-11-22T08:30:00+08:00") from cause
    if at < _EARLIEST:
        raise BadInput(f"{value[:40]!r} lies before the year 2000", "at")
    span = at - datetime(1970, 1, 1, tzinfo=UTC)
    return (span.days * 86_400 + span.seconds) * 1_000_000_000 + span.microseconds * 1000


def _degrees(body: dict[str, Any], field: str) -> float | None:
    value = body.get(field)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise BadInput(f"must be a number, not {type(value).__name__}", field)
    try:
        return float(value)
    except (ValueError, OverflowError) as cause:
        raise BadInput(f"must be a number, not {str(value)[:40]!r}", field) from cause


def _position(body: dict[str, Any], notes: list[str]) -> tuple[float | None, float | None]:
    """The position as WGS-84, or (None, None) with a word in `notes` when what was given cannot be one."""
    lon, lat = _degrees(body, "lon"), _degrees(body, "lat")
    named = body.get("datum")
    if named is not None and not isinstance(named, str):
        raise BadInput(f"must be one of {', '.join(DATUMS)}", "datum")
    try:
        datum.wgs84_from(named or "", 0.0, 0.0)
    except BadInput as cause:
        raise BadInput(cause.what, "datum", cause.todo) from cause
    if lon is None and lat is None:
        return None, None
    if lon is None or lat is None or not geo.is_position(lon, lat):
        swapped = " (swapped?)" if geo.is_position(lat, lon) else ""
        notes.append(f"position given was unusable{swapped}: lon={str(body.get('lon'))[:30]}, lat={str(body.get('lat'))[:30]}")
        return None, None
    return datum.wgs84_from(named or "", lon, lat)


def parse_incident(body: bytes | dict[str, Any], own_source: str | None = None) -> IncidentIn:
    """Check a report; `own_source` (by the token) is allowed beside the contract's. Raises BadInput with the field in `where`."""
    fields = decode(body) if isinstance(body, bytes) else body
    if not isinstance(fields, dict):
        raise BadInput("must be a JSON object", "body")
    source = _identity(fields, "source")
    if source not in SOURCES and source != own_source:
        raise BadInput(f"must be one of {', '.join(SOURCES)}, not {source[:40]!r}", "source")
    source_id = _identity(fields, "source_id")
    reported_ns = _time_ns(fields.get("at"))
    notes: list[str] = []
    title = _text(fields, "title", notes)
    if title is None:
        raise BadInput("is missing or empty", "title")
    lon, lat = _position(fields, notes)
    kind = _text(fields, "kind", notes) or "other"
    grade = _one_of(fields, "grade", GRADES, None)
    pole, place, address, caller = (_text(fields, field, notes) for field in ("pole", "place", "address", "caller"))
    note = "\n".join(part for part in (_text(fields, "note", notes), *(f"[{said}]" for said in notes)) if part) or None
    return IncidentIn(source, source_id, reported_ns, title, kind, grade, lon, lat, pole, place, address, caller, note)
