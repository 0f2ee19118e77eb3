"""What happened: one frozen value per journal kind, and its body as JSON text.

Old events stay readable for ever: add fields with defaults, never change a meaning. Every event about an incident, its
orders, receipts and tiles included, has a field `incident`: it is what gathers an incident's entries for export and replay.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from console.errors import BadInput
from console.model import patrol_events


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the journal. `body` is UTF-8 JSON text, or None after it was purged with its salt."""

    seq: int
    at_ns: int
    boot: str
    mono_ns: int
    by: str
    kind: str
    body: str | None
    salt: bytes | None
    hash: bytes


@dataclass(frozen=True, slots=True)
class FolderStarted:
    """First entry of a journal. `exercise` marks every later fact of the folder as exercise, for good."""

    exercise: bool
    program: str
    language: str = "zh_CN"


@dataclass(frozen=True, slots=True)
class DeskStarted:
    program: str
    centre: str
    limited: bool = False


@dataclass(frozen=True, slots=True)
class OperatorAdded:
    operator: str
    name: str
    roles: list[str]


@dataclass(frozen=True, slots=True)
class PasswordSet:
    operator: str


@dataclass(frozen=True, slots=True)
class OperatorLoggedIn:
    operator: str
    seat: str
    roles: list[str]


@dataclass(frozen=True, slots=True)
class OperatorLoggedOut:
    operator: str
    seat: str
    why: str = "log_out"


@dataclass(frozen=True, slots=True)
class LogInRefused:
    operator: str
    seat: str


@dataclass(frozen=True, slots=True)
class SourceAdded:
    """A partner that may report incidents over the door (its token's hash is in the accounts file)."""

    source: str


@dataclass(frozen=True, slots=True)
class EnrolmentOpened:
    until_ns: int


@dataclass(frozen=True, slots=True)
class TerminalEnrolled:
    unit: str
    path: str = "websocket"


@dataclass(frozen=True, slots=True)
class TerminalRevoked:
    unit: str


@dataclass(frozen=True, slots=True)
class RosterImported:
    """`roster`: cameras, units or places; `version` counts up per folder."""

    roster: str
    version: int
    file: str
    sha256: str
    added: int
    updated: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class MapImported:
    file: str
    sha256: str
    roads_km: float
    buildings: int


@dataclass(frozen=True, slots=True)
class IncidentReported:
    incident: str
    source: str
    source_id: str
    reported_ns: int
    title: str
    kind: str
    grade: str | None
    lon: float | None
    lat: float | None
    position_from: str
    pole: str | None = None
    place: str | None = None
    address: str | None = None
    caller: str | None = None
    note: str | None = None
    exercise: bool = False


@dataclass(frozen=True, slots=True)
class IncidentRepeated:
    """The same source and number came again with other words: kept, the first stays what it was."""

    incident: str
    title: str
    note: str | None
    digest: str


@dataclass(frozen=True, slots=True)
class IncidentGraded:
    incident: str
    grade: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class IncidentAcknowledged:
    incident: str


@dataclass(frozen=True, slots=True)
class IncidentNoted:
    incident: str
    text: str


@dataclass(frozen=True, slots=True)
class IncidentClosed:
    incident: str
    result: str
    note: str | None = None


@dataclass(frozen=True, slots=True)
class CamerasLinked:
    """What was offered. Each camera: camera, number, distance_m, verdict, reason {code, …fields}."""

    incident: str
    cameras: list[dict[str, Any]]
    roster_version: int = 0


@dataclass(frozen=True, slots=True)
class UnitsInRings:
    """Who was near. Each unit: unit, distance_m, ring_m, eta_s, fix_age_s, lon, lat."""

    incident: str
    units: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class PlanIssued:
    """One press of the one key: its request id, the orders it made and what it could not fill."""

    incident: str
    request: str
    playbook: str
    orders: list[str]
    shortfalls: list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class OrderIssued:
    order: str
    version: int
    incident: str
    unit: str
    grade: str | None
    kind: str
    text: str
    lon: float | None
    lat: float | None
    issued_at_ms: int
    expires_at_ms: int
    playbook: str = ""
    role: str = ""
    request: str = ""
    replaces: str | None = None
    exercise: bool = False


@dataclass(frozen=True, slots=True)
class OrderSent:
    """One attempt. `at_broker`: a broker has acknowledged it (which is not the terminal's word)."""

    order: str
    version: int
    incident: str
    unit: str
    path: str
    at_broker: bool = False
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class OrderPathFailed:
    order: str
    version: int
    incident: str
    unit: str
    path: str
    why: str


@dataclass(frozen=True, slots=True)
class ReceiptRecorded:
    order: str
    version: int
    incident: str
    unit: str
    state: str
    reason: str | None
    receipt: str
    terminal_at_ms: int
    path: str = "websocket"


@dataclass(frozen=True, slots=True)
class OrderExpired:
    order: str
    version: int
    incident: str
    unit: str


@dataclass(frozen=True, slots=True)
class OrderRecalled:
    order: str
    version: int
    incident: str
    unit: str
    reason: str


@dataclass(frozen=True, slots=True)
class OrderSuperseded:
    order: str
    version: int
    incident: str
    unit: str
    by_order: str


@dataclass(frozen=True, slots=True)
class OrderSignedOnBehalf:
    """The unit answered by voice; `words` is what it said."""

    order: str
    version: int
    incident: str
    unit: str
    words: str


@dataclass(frozen=True, slots=True)
class UnitDutySet:
    unit: str
    duty: str


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """`clock`: sign, depart, arrive, feedback or close; `order` empty for the incident's own clock."""

    incident: str
    clock: str
    limit_s: float
    order: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class TileOpened:
    """A camera's picture was put before somebody's eyes, and why."""

    tile: str
    camera: str
    seat: str
    incident: str | None = None
    reason: str | None = None
    household: bool = False


@dataclass(frozen=True, slots=True)
class TileClosed:
    tile: str
    camera: str
    seat: str
    incident: str | None = None
    why: str = "operator"


@dataclass(frozen=True, slots=True)
class StillSaved:
    """`taken_ns`: when the picture was seen (0: when the entry was written); `is_masked`: privacy masks are burnt in."""

    camera: str
    file: str
    sha256: str
    incident: str | None = None
    taken_ns: int = 0
    is_masked: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class ClipSaved:
    """A piece of a camera's stream as a file, without transcoding unless `is_masked`; `note` is the JSON file beside it."""

    camera: str
    file: str
    sha256: str
    incident: str | None = None
    from_ns: int = 0
    to_ns: int = 0
    gaps: int = 0
    is_masked: bool = False
    note: str = ""
    note_sha256: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class RecordingStarted:
    """This computer records a camera from now on."""

    camera: str


@dataclass(frozen=True, slots=True)
class RecordingStopped:
    """`why`: setting, disk_full, disk, household, end."""

    camera: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class RecordingsHeld:
    """What was recorded of these cameras from `from_ns` on, until the incident was closed, is kept beyond its time."""

    incident: str
    cameras: list[str]
    from_ns: int


@dataclass(frozen=True, slots=True)
class RecordingsReleased:
    incident: str


@dataclass(frozen=True, slots=True)
class PrivacyMasksSet:
    """What of a camera's picture is hidden from now on: `polygons` of [x, y] in 0…1 of the source picture. `preset`: the
    camera's position they were drawn for; "" for every one."""

    camera: str
    polygons: list[list[list[float]]]
    reason: str = ""
    preset: str = ""


@dataclass(frozen=True, slots=True)
class PrivacyMasksLifted:
    """Masks taken away or made smaller: something hidden is seen from now on. `polygons` is what stays hidden."""

    camera: str
    polygons: list[list[list[float]]]
    reason: str
    preset: str = ""


@dataclass(frozen=True, slots=True)
class CameraConditionNoted:
    """A camera's picture looks bad (`condition`: a word of `model.picture_condition`) since `since_ns`, or well again ("")."""

    camera: str
    condition: str
    since_ns: int


@dataclass(frozen=True, slots=True)
class InputQuarantined:
    """Something came in that we could not use: `door` says where, `problem` what, `sample` its first characters."""

    door: str
    problem: str
    sample: str
    count: int = 1


EVENTS: dict[str, type] = {
    name: value
    for name, value in (*globals().items(), *vars(patrol_events).items())
    if isinstance(value, type) and dataclasses.is_dataclass(value) and name != "Entry"
}
"""Every journal kind and its value: the dataclasses of this module but `Entry`, and those of `patrol_events`."""


def kind_of(event: object) -> str:
    """The journal kind of an event."""
    return type(event).__name__


@cache
def _field_names(event_type: type) -> frozenset[str]:
    return frozenset(f.name for f in dataclasses.fields(event_type))


def to_body(event: Any) -> str:
    """The event as one line of JSON, keys in declaration order, Chinese kept readable. Raises ValueError for NaN."""
    fields = {f.name: getattr(event, f.name) for f in dataclasses.fields(event)}
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def from_body(kind: str, body: str | None) -> Any | None:
    """The event an entry holds, or None for a purged body or a kind that a newer program wrote.

    Fields this program does not know are left out. Raises BadInput when a field without a default is missing.
    """
    event_type = EVENTS.get(kind)
    if event_type is None or body is None:
        return None
    known = _field_names(event_type)
    try:
        values = json.loads(body)
        return event_type(**{key: value for key, value in values.items() if key in known})
    except (TypeError, ValueError, AttributeError) as cause:
        raise BadInput(f"not a {kind} body: {cause}", "journal") from cause


def incident_of(event: Any) -> str | None:
    """The incident an event belongs to, or None."""
    return getattr(event, "incident", None)
