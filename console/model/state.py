"""The fold: everything the screen and the desk know, made from journal entries and nothing else.

`apply` is total and deterministic: it never raises on an entry the journal holds, and the same entries give the same State
in the desk, in every console and in a replay.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from console.errors import BadInput
from console.model import events as ev
from console.model import patrol_events
from console.model.incident import Incident
from console.model.order import Order, next_state
from console.model.patrol import Patrol, fold, started


@dataclass(slots=True)
class State:
    """Owned by one thread; only `apply` writes it."""

    last_seq: int = 0
    exercise: bool = False
    incidents: dict[str, Incident] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    by_source: dict[tuple[str, str], str] = field(default_factory=dict)
    requests: dict[str, ev.PlanIssued] = field(default_factory=dict)
    operators: dict[str, dict[str, Any]] = field(default_factory=dict)
    seats: dict[str, str] = field(default_factory=dict)
    """Seat → operator logged in there."""
    tiles: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Open tile → camera, seat, incident, reason, household, opened_ns."""
    masks: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Camera → preset → polygons, by, at_ns: what is hidden of its picture (`picture_rules.masks_of`)."""
    conditions: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Camera whose picture looks bad → condition, since_ns."""
    recordings: dict[str, int] = field(default_factory=dict)
    """Camera that this computer records → since when (UTC ns)."""
    holds: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Incident → cameras, from_ns: recordings kept beyond their time."""
    tours: dict[str, str] = field(default_factory=dict)
    """Tour of the centre's own → SHA-256 of its text as it was last saved from a console."""
    patrols: dict[str, Patrol] = field(default_factory=dict)
    receipts: dict[str, str] = field(default_factory=dict)
    """Receipt id → order: a receipt heard twice is one fact."""
    rosters: dict[str, int] = field(default_factory=dict)
    terminals: set[str] = field(default_factory=set)
    sources: set[str] = field(default_factory=set)
    enrolment_until_ns: int = 0
    duties: dict[str, str] = field(default_factory=dict)
    quarantined: int = 0
    quarantine: list[dict[str, Any]] = field(default_factory=list)
    """The newest hundred of what could not be read."""
    unreadable: int = 0

    def open_orders(self, unit: str | None = None) -> list[Order]:
        """Orders some clock still runs on, of one unit or of all, oldest first."""
        return [order for order in self.orders.values() if order.is_open and (unit is None or order.unit == unit)]

    def open_incidents(self) -> list[Incident]:
        return [incident for incident in self.incidents.values() if incident.is_open]


def apply(state: State, entry: ev.Entry) -> Any | None:
    """Fold one entry into `state` and return the event it held (None: purged, or of a newer program)."""
    state.last_seq = entry.seq
    try:
        event = ev.from_body(entry.kind, entry.body)
    except BadInput:
        state.unreadable += 1
        return None
    if event is None:
        return None
    handler = _HANDLERS.get(entry.kind)
    if handler is not None:
        handler(state, entry, event)
    return event


def _folder_started(state: State, entry: ev.Entry, e: ev.FolderStarted) -> None:
    state.exercise = e.exercise


def _operator_added(state: State, entry: ev.Entry, e: ev.OperatorAdded) -> None:
    state.operators[e.operator] = {"name": e.name, "roles": list(e.roles)}


def _operator_logged_in(state: State, entry: ev.Entry, e: ev.OperatorLoggedIn) -> None:
    state.seats[e.seat] = e.operator


def _operator_logged_out(state: State, entry: ev.Entry, e: ev.OperatorLoggedOut) -> None:
    if state.seats.get(e.seat) == e.operator:
        del state.seats[e.seat]


def _source_added(state: State, entry: ev.Entry, e: ev.SourceAdded) -> None:
    state.sources.add(e.source)


def _enrolment_opened(state: State, entry: ev.Entry, e: ev.EnrolmentOpened) -> None:
    state.enrolment_until_ns = e.until_ns


def _terminal_enrolled(state: State, entry: ev.Entry, e: ev.TerminalEnrolled) -> None:
    state.terminals.add(e.unit)


def _terminal_revoked(state: State, entry: ev.Entry, e: ev.TerminalRevoked) -> None:
    state.terminals.discard(e.unit)


def _roster_imported(state: State, entry: ev.Entry, e: ev.RosterImported) -> None:
    state.rosters[e.roster] = e.version


def _incident_reported(state: State, entry: ev.Entry, e: ev.IncidentReported) -> None:
    fields = {f.name: getattr(e, f.name) for f in dataclasses.fields(e) if f.name != "incident"}
    state.incidents[e.incident] = Incident(id=e.incident, entered_ns=entry.at_ns, **fields)
    state.by_source[(e.source, e.source_id)] = e.incident


def _incident_repeated(state: State, entry: ev.Entry, e: ev.IncidentRepeated) -> None:
    if incident := state.incidents.get(e.incident):
        incident.again += 1
        incident.notes.append({"at_ns": entry.at_ns, "by": entry.by, "text": e.note or e.title, "digest": e.digest})


def _incident_graded(state: State, entry: ev.Entry, e: ev.IncidentGraded) -> None:
    if incident := state.incidents.get(e.incident):
        incident.grade, incident.graded_by = e.grade, entry.by


def _incident_acknowledged(state: State, entry: ev.Entry, e: ev.IncidentAcknowledged) -> None:
    if (incident := state.incidents.get(e.incident)) and incident.acknowledged_ns is None:
        incident.acknowledged_ns, incident.acknowledged_by = entry.at_ns, entry.by


def _incident_noted(state: State, entry: ev.Entry, e: ev.IncidentNoted) -> None:
    if incident := state.incidents.get(e.incident):
        incident.notes.append({"at_ns": entry.at_ns, "by": entry.by, "text": e.text})


def _incident_closed(state: State, entry: ev.Entry, e: ev.IncidentClosed) -> None:
    if incident := state.incidents.get(e.incident):
        incident.closed_ns, incident.result = entry.at_ns, e.result


def _cameras_linked(state: State, entry: ev.Entry, e: ev.CamerasLinked) -> None:
    if incident := state.incidents.get(e.incident):
        incident.cameras = list(e.cameras)


def _units_in_rings(state: State, entry: ev.Entry, e: ev.UnitsInRings) -> None:
    if incident := state.incidents.get(e.incident):
        incident.units = list(e.units)


def _plan_issued(state: State, entry: ev.Entry, e: ev.PlanIssued) -> None:
    state.requests[e.request] = e
    if incident := state.incidents.get(e.incident):
        incident.shortfalls = list(e.shortfalls)


def _order_issued(state: State, entry: ev.Entry, e: ev.OrderIssued) -> None:
    state.orders[e.order] = Order(
        id=e.order, version=e.version, incident=e.incident, unit=e.unit, grade=e.grade, kind=e.kind, text=e.text, lon=e.lon,
        lat=e.lat, issued_ns=e.issued_at_ms * 1_000_000, expires_ns=e.expires_at_ms * 1_000_000, playbook=e.playbook, role=e.role,
        request=e.request, by=entry.by, exercise=e.exercise, at={"issued": entry.at_ns}, replaces=e.replaces,
    )  # fmt: skip
    if incident := state.incidents.get(e.incident):
        incident.orders.append(e.order)
        incident.order_count += 1


def _hear(order: Order, heard: str, at_ns: int) -> None:
    order.state = next_state(order.state, heard)
    order.at.setdefault(heard, at_ns)


def _order_sent(state: State, entry: ev.Entry, e: ev.OrderSent) -> None:
    if order := state.orders.get(e.order):
        order.path = e.path
        if e.at_broker:
            if e.version == order.version:
                _hear(order, "at_broker", entry.at_ns)
        else:
            order.sent += 1
            order.last_sent_ns = entry.at_ns


def _order_path_failed(state: State, entry: ev.Entry, e: ev.OrderPathFailed) -> None:
    if (order := state.orders.get(e.order)) and order.state in ("issued", "at_broker"):
        _hear(order, "path_failed", entry.at_ns)
        order.path = e.path


def _receipt_recorded(state: State, entry: ev.Entry, e: ev.ReceiptRecorded) -> None:
    state.receipts[e.receipt] = e.order
    if order := state.orders.get(e.order):
        order.on_terminal_version = max(order.on_terminal_version, min(e.version, order.version))
        _hear(order, e.state, entry.at_ns)
        if e.state == "cantco":
            order.reason = e.reason or ""


def _order_expired(state: State, entry: ev.Entry, e: ev.OrderExpired) -> None:
    if order := state.orders.get(e.order):
        _hear(order, "expired_unseen", entry.at_ns)


def _order_recalled(state: State, entry: ev.Entry, e: ev.OrderRecalled) -> None:
    if order := state.orders.get(e.order):
        order.version, order.recall_reason = e.version, e.reason
        _hear(order, "recalled", entry.at_ns)


def _order_superseded(state: State, entry: ev.Entry, e: ev.OrderSuperseded) -> None:
    if order := state.orders.get(e.order):
        _hear(order, "superseded", entry.at_ns)


def _order_signed_on_behalf(state: State, entry: ev.Entry, e: ev.OrderSignedOnBehalf) -> None:
    if order := state.orders.get(e.order):
        _hear(order, "signed_on_behalf", entry.at_ns)


def _unit_duty_set(state: State, entry: ev.Entry, e: ev.UnitDutySet) -> None:
    state.duties[e.unit] = e.duty


def _deadline_passed(state: State, entry: ev.Entry, e: ev.DeadlinePassed) -> None:
    if incident := state.incidents.get(e.incident):
        incident.passed.append(
            {"clock": e.clock, "order": e.order, "unit": e.unit, "limit_s": e.limit_s, "at_ns": entry.at_ns},
        )


def _tile_opened(state: State, entry: ev.Entry, e: ev.TileOpened) -> None:
    state.tiles[e.tile] = {
        "camera": e.camera, "seat": e.seat, "incident": e.incident, "reason": e.reason, "household": e.household,
        "opened_ns": entry.at_ns,
    }  # fmt: skip


def _tile_closed(state: State, entry: ev.Entry, e: ev.TileClosed) -> None:
    state.tiles.pop(e.tile, None)


def _masks_set(state: State, entry: ev.Entry, e: ev.PrivacyMasksSet | ev.PrivacyMasksLifted) -> None:
    kept = {preset: masks for preset, masks in state.masks.get(e.camera, {}).items() if preset != e.preset}
    if e.polygons:
        kept[e.preset] = {"polygons": e.polygons, "by": entry.by, "at_ns": entry.at_ns, "reason": e.reason}
    state.masks[e.camera] = kept
    if not kept:
        del state.masks[e.camera]


def _condition_noted(state: State, entry: ev.Entry, e: ev.CameraConditionNoted) -> None:
    state.conditions.pop(e.camera, None)
    if e.condition:
        state.conditions[e.camera] = {"condition": e.condition, "since_ns": e.since_ns}


def _recording_started(state: State, entry: ev.Entry, e: ev.RecordingStarted) -> None:
    state.recordings[e.camera] = entry.at_ns


def _recording_stopped(state: State, entry: ev.Entry, e: ev.RecordingStopped) -> None:
    state.recordings.pop(e.camera, None)


def _recordings_held(state: State, entry: ev.Entry, e: ev.RecordingsHeld) -> None:
    state.holds[e.incident] = {"cameras": e.cameras, "from_ns": e.from_ns}


def _recordings_released(state: State, entry: ev.Entry, e: ev.RecordingsReleased) -> None:
    state.holds.pop(e.incident, None)


def _tour_saved(state: State, entry: ev.Entry, e: patrol_events.TourSaved) -> None:
    state.tours[e.tour] = e.sha256


def _tour_removed(state: State, entry: ev.Entry, e: patrol_events.TourRemoved) -> None:
    state.tours.pop(e.tour, None)


def _patrol_started(state: State, entry: ev.Entry, e: patrol_events.PatrolStarted) -> None:
    state.patrols[e.patrol] = started(entry, e)


def _patrol_news(state: State, entry: ev.Entry, e: Any) -> None:
    if patrol := state.patrols.get(e.patrol):
        fold(patrol, entry, e)


def _input_quarantined(state: State, entry: ev.Entry, e: ev.InputQuarantined) -> None:
    state.quarantined += e.count
    state.quarantine.append({"at_ns": entry.at_ns, "door": e.door, "problem": e.problem, "sample": e.sample})
    del state.quarantine[:-100]


_HANDLERS: dict[str, Callable[[State, ev.Entry, Any], None]] = {
    "FolderStarted": _folder_started,
    "OperatorAdded": _operator_added,
    "OperatorLoggedIn": _operator_logged_in,
    "OperatorLoggedOut": _operator_logged_out,
    "SourceAdded": _source_added,
    "EnrolmentOpened": _enrolment_opened,
    "TerminalEnrolled": _terminal_enrolled,
    "TerminalRevoked": _terminal_revoked,
    "RosterImported": _roster_imported,
    "IncidentReported": _incident_reported,
    "IncidentRepeated": _incident_repeated,
    "IncidentGraded": _incident_graded,
    "IncidentAcknowledged": _incident_acknowledged,
    "IncidentNoted": _incident_noted,
    "IncidentClosed": _incident_closed,
    "CamerasLinked": _cameras_linked,
    "UnitsInRings": _units_in_rings,
    "PlanIssued": _plan_issued,
    "OrderIssued": _order_issued,
    "OrderSent": _order_sent,
    "OrderPathFailed": _order_path_failed,
    "ReceiptRecorded": _receipt_recorded,
    "OrderExpired": _order_expired,
    "OrderRecalled": _order_recalled,
    "OrderSuperseded": _order_superseded,
    "OrderSignedOnBehalf": _order_signed_on_behalf,
    "UnitDutySet": _unit_duty_set,
    "DeadlinePassed": _deadline_passed,
    "TileOpened": _tile_opened,
    "TileClosed": _tile_closed,
    "PrivacyMasksSet": _masks_set,
    "PrivacyMasksLifted": _masks_set,
    "CameraConditionNoted": _condition_noted,
    "RecordingStarted": _recording_started,
    "RecordingStopped": _recording_stopped,
    "RecordingsHeld": _recordings_held,
    "RecordingsReleased": _recordings_released,
    "TourSaved": _tour_saved,
    "TourRemoved": _tour_removed,
    "PatrolStarted": _patrol_started,
    "PatrolViewShown": _patrol_news,
    "PatrolViewSeen": _patrol_news,
    "PatrolFinding": _patrol_news,
    "PatrolEnded": _patrol_news,
    "InputQuarantined": _input_quarantined,
}


def _plain(value: object) -> object:
    if isinstance(value, (set, frozenset)):
        return sorted(str(part) for part in value)
    raise TypeError(type(value).__name__)


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


def incident_hash(state: State, incident: str) -> str:
    """SHA-256 of everything the fold knows of one incident: equal in the live state and in a replay of its bundle.

    Raises KeyError for an unknown incident.
    """
    orders = {key: dataclasses.asdict(order) for key, order in state.orders.items() if order.incident == incident}
    tiles = {key: tile for key, tile in state.tiles.items() if tile["incident"] == incident}
    return _digest({"incident": dataclasses.asdict(state.incidents[incident]), "orders": orders, "tiles": tiles})


def state_hash(state: State) -> str:
    """SHA-256 of the whole State: equal for desk and console at the same `last_seq`."""
    fields = {f.name: getattr(state, f.name) for f in dataclasses.fields(state)}
    fields["incidents"] = {key: dataclasses.asdict(value) for key, value in state.incidents.items()}
    fields["orders"] = {key: dataclasses.asdict(value) for key, value in state.orders.items()}
    fields["by_source"] = sorted([*key, value] for key, value in state.by_source.items())
    fields["requests"] = {key: dataclasses.asdict(value) for key, value in state.requests.items()}
    fields["patrols"] = {key: dataclasses.asdict(value) for key, value in state.patrols.items()}
    return _digest(fields)
