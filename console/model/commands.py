"""What somebody wants: one frozen value per command, and the strict reader that turns JSON from outside into it."""

from __future__ import annotations

import dataclasses
import types
import typing
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from console.errors import BadInput
from console.model import patrol_commands


@dataclass(frozen=True, slots=True)
class Ask:
    """Who asks and when: `by` is person@seat, `at_ns` the desk's UTC time, `roles` what they may do."""

    by: str
    roles: tuple[str, ...]
    at_ns: int


@dataclass(frozen=True, slots=True)
class StartFolder:
    exercise: bool
    program: str
    language: str = "zh_CN"


@dataclass(frozen=True, slots=True)
class StartDesk:
    program: str
    centre: str
    limited: bool = False


@dataclass(frozen=True, slots=True)
class AddOperator:
    operator: str
    name: str
    roles: list[str]


@dataclass(frozen=True, slots=True)
class SetPassword:
    """The password itself goes to the accounts file before this is decided; it is never in a command."""

    operator: str


@dataclass(frozen=True, slots=True)
class LogIn:
    """`ok`: the accounts service has checked the password."""

    operator: str
    seat: str
    ok: bool


@dataclass(frozen=True, slots=True)
class LogOut:
    operator: str
    seat: str
    why: str = "log_out"


@dataclass(frozen=True, slots=True)
class AddSource:
    source: str


@dataclass(frozen=True, slots=True)
class OpenEnrolment:
    """Let terminals enrol for ten minutes."""


@dataclass(frozen=True, slots=True)
class EnrolTerminal:
    unit: str
    path: str = "websocket"


@dataclass(frozen=True, slots=True)
class RevokeTerminal:
    unit: str


@dataclass(frozen=True, slots=True)
class ImportRoster:
    """The rows are already in the roster file as `version`; this makes it a fact."""

    roster: str
    version: int
    file: str
    sha256: str
    added: int
    updated: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class ImportMap:
    file: str
    sha256: str
    roads_km: float
    buildings: int


@dataclass(frozen=True, slots=True)
class ReportIncident:
    """Position already WGS-84; `position_from` says where it came from (`given`, `pole`, `place`, `unknown`)."""

    source: str
    source_id: str
    reported_ns: int
    title: str
    kind: str = "other"
    grade: str | None = None
    lon: float | None = None
    lat: float | None = None
    position_from: str = "unknown"
    pole: str | None = None
    place: str | None = None
    address: str | None = None
    caller: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class GradeIncident:
    incident: str
    grade: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class AcknowledgeIncident:
    incident: str


@dataclass(frozen=True, slots=True)
class NoteIncident:
    incident: str
    text: str


@dataclass(frozen=True, slots=True)
class CloseIncident:
    incident: str
    result: str = "done"
    note: str | None = None


@dataclass(frozen=True, slots=True)
class RelinkIncident:
    """Look again which cameras and units are near; the desk answers with `CamerasLinked` and `UnitsInRings`."""

    incident: str


@dataclass(frozen=True, slots=True)
class LinkIncident:
    """The linkage service's answer for an incident."""

    incident: str
    cameras: list[dict[str, Any]]
    units: list[dict[str, Any]]
    roster_version: int = 0


@dataclass(frozen=True, slots=True)
class Dispatch:
    """The one key. `candidates` and `plan` are filled in by the desk (see services/dispatch); a client sends the first three."""

    incident: str
    playbook: str
    request: str
    orders: list[dict[str, Any]] = field(default_factory=list)
    shortfalls: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class IssueOrder:
    """One order to one unit, named by the commander. `text` empty: the desk takes the playbook's words."""

    incident: str
    unit: str
    request: str
    text: str = ""
    role: str = "named"
    replaces: str | None = None
    expires_s: float = 1800.0
    kind: str = "order"


@dataclass(frozen=True, slots=True)
class RecallOrder:
    order: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SignOnBehalf:
    order: str
    words: str


@dataclass(frozen=True, slots=True)
class RecordReceipt:
    """A terminal's word. `unit` is the sender as the link has proved it, never what the body claims."""

    unit: str
    order: str
    version: int
    state: str
    receipt: str
    terminal_at_ms: int
    reason: str | None = None
    path: str = "websocket"


@dataclass(frozen=True, slots=True)
class RecordSent:
    order: str
    version: int
    path: str
    at_broker: bool = False


@dataclass(frozen=True, slots=True)
class RecordPathFailed:
    order: str
    version: int
    path: str
    why: str


@dataclass(frozen=True, slots=True)
class ExpireOrder:
    order: str


@dataclass(frozen=True, slots=True)
class PassDeadline:
    incident: str
    clock: str
    limit_s: float
    order: str = ""


@dataclass(frozen=True, slots=True)
class SetDuty:
    unit: str
    duty: str


@dataclass(frozen=True, slots=True)
class OpenTile:
    """`household`, `consent` and `distance_m` are filled in by the desk from the roster; a client sends the first five."""

    tile: str
    camera: str
    seat: str
    incident: str | None = None
    reason: str | None = None
    household: bool = False
    consent: str = ""
    distance_m: float | None = None
    radius_m: float = 300.0


@dataclass(frozen=True, slots=True)
class CloseTile:
    tile: str
    seat: str
    why: str = "operator"


@dataclass(frozen=True, slots=True)
class SaveStill:
    """A file of `stills/` is a fact from now on. `household` to `radius_m` are filled in by the desk, here and in `SaveClip`."""

    camera: str
    file: str
    sha256: str
    incident: str | None = None
    taken_ns: int = 0
    is_masked: bool = False
    why: str = ""
    household: bool = False
    consent: str = ""
    distance_m: float | None = None
    radius_m: float = 300.0


@dataclass(frozen=True, slots=True)
class SaveClip:
    """A file of `clips/` and the note beside it (`note`, JSON) are facts from now on. Times are the clip's own, UTC."""

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
    household: bool = False
    consent: str = ""
    distance_m: float | None = None
    radius_m: float = 300.0


@dataclass(frozen=True, slots=True)
class NoteRecording:
    """The desk's recorder says that a camera is recorded, or no more and why."""

    camera: str
    is_on: bool
    why: str = ""
    household: bool = False


@dataclass(frozen=True, slots=True)
class HoldRecordings:
    """Keep the recordings round an incident beyond their time, of its linked cameras and of `cameras`; or let them go."""

    incident: str
    is_held: bool = True
    cameras: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SetPrivacyMasks:
    """Hide these polygons of a camera's picture from now on. Refused where something hidden would be seen again."""

    camera: str
    polygons: list[list[list[float]]]
    reason: str = ""
    preset: str = ""


@dataclass(frozen=True, slots=True)
class LiftPrivacyMasks:
    """Hide only these polygons from now on (none: nothing), with a reason: a right of its own."""

    camera: str
    polygons: list[list[list[float]]]
    reason: str
    preset: str = ""


@dataclass(frozen=True, slots=True)
class NoteCameraCondition:
    """What some console's picture check says of a camera; "" is well."""

    camera: str
    condition: str
    since_ns: int


@dataclass(frozen=True, slots=True)
class QuarantineInput:
    door: str
    problem: str
    sample: str
    count: int = 1


COMMANDS: dict[str, type] = {
    name: value
    for name, value in (*globals().items(), *vars(patrol_commands).items())
    if isinstance(value, type) and dataclasses.is_dataclass(value) and name != "Ask"
}
"""Every command by its name: the dataclasses of this module but `Ask`, and those of `patrol_commands`."""


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _fits(value: Any, hint: Any) -> bool:
    if isinstance(hint, types.UnionType):
        return any(_fits(value, part) for part in typing.get_args(hint))
    if hint is type(None):
        return value is None
    if hint is Any:
        return True
    origin = typing.get_origin(hint)
    if origin is list:
        (inner,) = typing.get_args(hint)
        return isinstance(value, list) and all(_fits(part, inner) for part in value)
    if origin is dict:
        return isinstance(value, dict) and all(isinstance(key, str) for key in value)
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and value - value == 0
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
    return isinstance(value, hint)


def from_body(kind: str, body: object) -> Any:
    """Read a command that came from outside. Raises BadInput naming the command and the field."""
    command = COMMANDS.get(kind)
    if command is None:
        raise BadInput(f"unknown command {kind[:40]!r}", "command")
    if not isinstance(body, dict):
        raise BadInput("the body is not an object", kind)
    hints = _hints(command)
    for key, value in body.items():
        if key not in hints:
            raise BadInput(f"unknown field {str(key)[:40]!r}", kind)
        if not _fits(value, hints[key]):
            raise BadInput(f"wrong type or value: {str(value)[:40]!r}", f"{kind}.{key}")
    missing = [
        f.name
        for f in dataclasses.fields(command)
        if f.name not in body and f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise BadInput(f"missing {', '.join(missing)}", kind)
    return command(**body)


def to_body(command: Any) -> dict[str, Any]:
    """The command as a plain object for the local socket."""
    return {f.name: getattr(command, f.name) for f in dataclasses.fields(command)}
