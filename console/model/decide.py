"""Our rules: a command and the State become events, or a refusal in plain words. Pure and deterministic."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from console.errors import Refused
from console.model import account, keeping, patrol_rules, picture_rules
from console.model import commands as cmd
from console.model import events as ev
from console.model.commands import Ask
from console.model.incident import GRADES, SOURCES, Incident
from console.model.keeping import consent_holds
from console.model.order import RECEIPT_STATES, Order
from console.model.state import State

Events = tuple[object, ...]
ENROLMENT_NS = 600_000_000_000
"""An enrolment stays open for ten minutes (contracts.md)."""
DUTIES = ("on_duty", "reserve", "patrolling", "assigned", "en_route", "on_scene", "off")


def decide(state: State, command: Any, ask: Ask) -> Events:
    """The events `command` leads to, perhaps none when it has been done before.

    Raises Refused with a code of the words table when our rules say no; default deny for unknown roles.
    """
    name = type(command).__name__
    if not account.may(ask.roles, name):
        raise Refused("no_right", command=name, by=ask.by)
    rule: Callable[[State, Any, Ask], Events] = _RULES[name]
    return rule(state, command, ask)


def _incident(state: State, incident: str) -> Incident:
    found = state.incidents.get(incident)
    if found is None:
        raise Refused("unknown_incident", incident=incident)
    return found


def _open_incident(state: State, incident: str) -> Incident:
    found = _incident(state, incident)
    if not found.is_open:
        raise Refused("incident_closed", incident=incident)
    return found


def _order(state: State, order: str) -> Order:
    found = state.orders.get(order)
    if found is None:
        raise Refused("unknown_order", order=order)
    return found


def _start_folder(state: State, c: cmd.StartFolder, ask: Ask) -> Events:
    return () if state.last_seq else (ev.FolderStarted(c.exercise, c.program, c.language),)


def _start_desk(state: State, c: cmd.StartDesk, ask: Ask) -> Events:
    return (ev.DeskStarted(c.program, c.centre, c.limited),)


def _add_operator(state: State, c: cmd.AddOperator, ask: Ask) -> Events:
    if c.operator in state.operators:
        raise Refused("operator_exists", operator=c.operator)
    wrong = [role for role in c.roles if role not in account.PERSON_ROLES]
    if wrong or not c.roles:
        raise Refused("unknown_role", role=", ".join(wrong))
    if not c.operator or len(c.operator) > 64 or "@" in c.operator or not c.operator.isprintable():
        raise Refused("bad_operator", operator=c.operator[:64])
    return (ev.OperatorAdded(c.operator, c.name, c.roles),)


def _set_password(state: State, c: cmd.SetPassword, ask: Ask) -> Events:
    return (ev.PasswordSet(c.operator),)


def _log_in(state: State, c: cmd.LogIn, ask: Ask) -> Events:
    if not c.ok or c.operator not in state.operators:
        return (ev.LogInRefused(c.operator[:64], c.seat),)
    out: list[object] = []
    if (before := state.seats.get(c.seat)) and before != c.operator:
        out.append(ev.OperatorLoggedOut(before, c.seat, "relieved"))
    return (*out, ev.OperatorLoggedIn(c.operator, c.seat, state.operators[c.operator]["roles"]))


def _log_out(state: State, c: cmd.LogOut, ask: Ask) -> Events:
    return (ev.OperatorLoggedOut(c.operator, c.seat, c.why),) if state.seats.get(c.seat) == c.operator else ()


def _add_source(state: State, c: cmd.AddSource, ask: Ask) -> Events:
    if c.source not in SOURCES:
        raise Refused("unknown_source", source=c.source, known=", ".join(SOURCES))
    return () if c.source in state.sources else (ev.SourceAdded(c.source),)


def _open_enrolment(state: State, c: cmd.OpenEnrolment, ask: Ask) -> Events:
    return (ev.EnrolmentOpened(ask.at_ns + ENROLMENT_NS),)


def _enrol_terminal(state: State, c: cmd.EnrolTerminal, ask: Ask) -> Events:
    return (ev.TerminalEnrolled(c.unit, c.path),)


def _revoke_terminal(state: State, c: cmd.RevokeTerminal, ask: Ask) -> Events:
    if c.unit not in state.terminals:
        raise Refused("not_enrolled", unit=c.unit)
    return (ev.TerminalRevoked(c.unit),)


def _import_roster(state: State, c: cmd.ImportRoster, ask: Ask) -> Events:
    return (ev.RosterImported(c.roster, c.version, c.file, c.sha256, c.added, c.updated, c.quarantined),)


def _import_map(state: State, c: cmd.ImportMap, ask: Ask) -> Events:
    return (ev.MapImported(c.file, c.sha256, c.roads_km, c.buildings),)


def _report(state: State, c: cmd.ReportIncident, ask: Ask) -> Events:
    known = state.by_source.get((c.source, c.source_id))
    if known is not None:
        before = state.incidents[known]
        if (before.title, before.note) == (c.title, c.note):
            return ()
        digest = hashlib.sha256(f"{c.title}\0{c.note}".encode()).hexdigest()[:16]
        if any(note.get("digest") == digest for note in before.notes):
            return ()
        return (ev.IncidentRepeated(known, c.title, c.note, digest),)
    return (
        ev.IncidentReported(
            incident=f"I{len(state.incidents) + 1:06d}", source=c.source, source_id=c.source_id, reported_ns=c.reported_ns,
            title=c.title, kind=c.kind, grade=c.grade, lon=c.lon, lat=c.lat, position_from=c.position_from, pole=c.pole,
            place=c.place, address=c.address, caller=c.caller, note=c.note, exercise=state.exercise,
        ),
    )  # fmt: skip


def _grade(state: State, c: cmd.GradeIncident, ask: Ask) -> Events:
    incident = _open_incident(state, c.incident)
    if c.grade not in GRADES:
        raise Refused("unknown_grade", grade=c.grade)
    return () if incident.grade == c.grade else (ev.IncidentGraded(c.incident, c.grade, c.reason),)


def _acknowledge(state: State, c: cmd.AcknowledgeIncident, ask: Ask) -> Events:
    return () if _incident(state, c.incident).acknowledged_ns else (ev.IncidentAcknowledged(c.incident),)


def _note(state: State, c: cmd.NoteIncident, ask: Ask) -> Events:
    _incident(state, c.incident)
    if not c.text.strip() or len(c.text) > 4000:
        raise Refused("bad_note", length=len(c.text))
    return (ev.IncidentNoted(c.incident, c.text.strip()),)


def _close(state: State, c: cmd.CloseIncident, ask: Ask) -> Events:
    incident = _open_incident(state, c.incident)
    tiles = [
        ev.TileClosed(tile, open_tile["camera"], open_tile["seat"], c.incident, "incident_closed")
        for tile, open_tile in state.tiles.items()
        if open_tile["incident"] == c.incident and open_tile["household"]
    ]
    recalls = [
        _recalled(order, "incident_closed")
        for order in (state.orders[key] for key in incident.orders)
        if order.is_open and not order.is_signed
    ]
    return (*recalls, *tiles, ev.IncidentClosed(c.incident, c.result, c.note))


def _relink(state: State, c: cmd.RelinkIncident, ask: Ask) -> Events:
    _open_incident(state, c.incident)
    return ()


def _link(state: State, c: cmd.LinkIncident, ask: Ask) -> Events:
    _incident(state, c.incident)
    return (ev.CamerasLinked(c.incident, c.cameras, c.roster_version), ev.UnitsInRings(c.incident, c.units))


def _issued(state: State, incident: Incident, number: int, ask: Ask, **fields: Any) -> ev.OrderIssued:
    now_ms = ask.at_ns // 1_000_000
    expires_s = fields.pop("expires_s")
    return ev.OrderIssued(
        order=f"{incident.id}-O{number:02d}", version=1, incident=incident.id, grade=incident.grade, lon=incident.lon,
        lat=incident.lat, issued_at_ms=now_ms, expires_at_ms=now_ms + int(expires_s * 1000), exercise=state.exercise, **fields,
    )  # fmt: skip


def _dispatch(state: State, c: cmd.Dispatch, ask: Ask) -> Events:
    if c.request in state.requests:
        if state.requests[c.request].incident != c.incident:
            raise Refused("request_used", request=c.request, incident=state.requests[c.request].incident)
        return ()
    incident = _open_incident(state, c.incident)
    orders = [
        _issued(
            state, incident, incident.order_count + number, ask, unit=planned["unit"], kind="order", text=planned["text"],
            playbook=c.playbook, role=planned["role"], request=c.request, expires_s=planned["expires_s"],
        )
        for number, planned in enumerate(c.orders, 1)
    ]  # fmt: skip
    plan = ev.PlanIssued(c.incident, c.request, c.playbook, [order.order for order in orders], c.shortfalls)
    acknowledged = () if incident.acknowledged_ns else (ev.IncidentAcknowledged(c.incident),)
    return (*acknowledged, *orders, plan)


def _issue(state: State, c: cmd.IssueOrder, ask: Ask) -> Events:
    if c.request in state.requests:
        return ()
    incident = _open_incident(state, c.incident)
    if not c.text.strip() or len(c.text) > 4000:
        raise Refused("bad_text", length=len(c.text))
    if state.duties.get(c.unit) == "off":
        raise Refused("unit_off_duty", unit=c.unit)
    order = _issued(
        state, incident, incident.order_count + 1, ask, unit=c.unit, kind=c.kind, text=c.text, playbook="", role=c.role,
        request=c.request, replaces=c.replaces, expires_s=c.expires_s,
    )  # fmt: skip
    out: list[object] = [order]
    if c.replaces and (old := state.orders.get(c.replaces)) and old.is_open:
        out.append(ev.OrderSuperseded(old.id, old.version, old.incident, old.unit, order.order))
    return (*out, ev.PlanIssued(c.incident, c.request, "", [order.order], incident.shortfalls))


def _recalled(order: Order, reason: str) -> ev.OrderRecalled:
    return ev.OrderRecalled(order.id, order.version + 1, order.incident, order.unit, reason)


def _recall(state: State, c: cmd.RecallOrder, ask: Ask) -> Events:
    order = _order(state, c.order)
    if order.state == "recalled":
        return ()
    if not order.is_open:
        raise Refused("order_ended", order=c.order, state=order.state)
    return (_recalled(order, c.reason),)


def _sign_on_behalf(state: State, c: cmd.SignOnBehalf, ask: Ask) -> Events:
    order = _order(state, c.order)
    if order.is_signed or not order.is_open:
        raise Refused("order_signed", order=c.order, state=order.state)
    return (ev.OrderSignedOnBehalf(order.id, order.version, order.incident, order.unit, c.words),)


def _receipt(state: State, c: cmd.RecordReceipt, ask: Ask) -> Events:
    if c.receipt in state.receipts:
        return ()
    order = state.orders.get(c.order)
    if order is None or order.unit != c.unit:
        raise Refused("receipt_for_unknown_order", order=c.order, unit=c.unit)
    if c.state not in RECEIPT_STATES or not 1 <= c.version <= order.version:
        raise Refused("receipt_unfit", order=c.order, state=c.state, version=c.version)
    return (
        ev.ReceiptRecorded(
            order.id, c.version, order.incident, order.unit, c.state, c.reason, c.receipt, c.terminal_at_ms, c.path
        ),
    )


def _sent(state: State, c: cmd.RecordSent, ask: Ask) -> Events:
    order = _order(state, c.order)
    if c.at_broker and "at_broker" in order.at and order.version == 1:
        return ()
    return (
        ev.OrderSent(
            order.id, c.version, order.incident, order.unit, c.path, c.at_broker, order.sent + (0 if c.at_broker else 1)
        ),
    )


def _path_failed(state: State, c: cmd.RecordPathFailed, ask: Ask) -> Events:
    order = _order(state, c.order)
    if order.state == "path_failed" or "on_terminal" in order.at or not order.is_open:
        return ()
    return (ev.OrderPathFailed(order.id, c.version, order.incident, order.unit, c.path, c.why),)


def _expire(state: State, c: cmd.ExpireOrder, ask: Ask) -> Events:
    order = _order(state, c.order)
    unseen = order.state in ("issued", "at_broker", "path_failed", "on_terminal")
    if not unseen or ask.at_ns < order.expires_ns:
        return ()
    return (ev.OrderExpired(order.id, order.version, order.incident, order.unit),)


def _deadline(state: State, c: cmd.PassDeadline, ask: Ask) -> Events:
    incident = _incident(state, c.incident)
    if any(passed["clock"] == c.clock and passed["order"] == c.order for passed in incident.passed):
        return ()
    unit = state.orders[c.order].unit if c.order in state.orders else ""
    return (ev.DeadlinePassed(c.incident, c.clock, c.limit_s, c.order, unit),)


def _set_duty(state: State, c: cmd.SetDuty, ask: Ask) -> Events:
    if c.duty not in DUTIES:
        raise Refused("unknown_duty", duty=c.duty)
    return () if state.duties.get(c.unit) == c.duty else (ev.UnitDutySet(c.unit, c.duty),)


def _open_tile(state: State, c: cmd.OpenTile, ask: Ask) -> Events:
    """Household cameras: only for an open incident within the set radius, or under written consent with a reason."""
    if c.household:
        incident = state.incidents.get(c.incident or "")
        near = c.distance_m is not None and c.distance_m <= c.radius_m
        for_incident = c.consent != "" and incident is not None and incident.is_open and near
        agreed = consent_holds(c.consent, ask.at_ns) and bool((c.reason or "").strip())
        if c.consent != "incident" and c.consent and not consent_holds(c.consent, ask.at_ns):
            for_incident = False
        if not (for_incident or agreed):
            raise Refused("household_needs_consent", camera=c.camera, incident=c.incident or "", radius_m=c.radius_m)
    if c.incident is not None:
        _incident(state, c.incident)
    before = state.tiles.get(c.tile)
    if before and (before["camera"], before["incident"]) == (c.camera, c.incident):
        return ()
    closed = (ev.TileClosed(c.tile, before["camera"], before["seat"], before["incident"], "replaced"),) if before else ()
    return (*closed, ev.TileOpened(c.tile, c.camera, c.seat, c.incident, c.reason, c.household))


def _close_tile(state: State, c: cmd.CloseTile, ask: Ask) -> Events:
    tile = state.tiles.get(c.tile)
    return (ev.TileClosed(c.tile, tile["camera"], tile["seat"], tile["incident"], c.why),) if tile else ()


def _quarantine(state: State, c: cmd.QuarantineInput, ask: Ask) -> Events:
    return (ev.InputQuarantined(c.door, c.problem[:400], c.sample[:400], c.count),)


_RULES: dict[str, Callable[[State, Any, Ask], Events]] = {
    "StartFolder": _start_folder,
    "StartDesk": _start_desk,
    "AddOperator": _add_operator,
    "SetPassword": _set_password,
    "LogIn": _log_in,
    "LogOut": _log_out,
    "AddSource": _add_source,
    "OpenEnrolment": _open_enrolment,
    "EnrolTerminal": _enrol_terminal,
    "RevokeTerminal": _revoke_terminal,
    "ImportRoster": _import_roster,
    "ImportMap": _import_map,
    "ReportIncident": _report,
    "GradeIncident": _grade,
    "AcknowledgeIncident": _acknowledge,
    "NoteIncident": _note,
    "CloseIncident": _close,
    "RelinkIncident": _relink,
    "LinkIncident": _link,
    "Dispatch": _dispatch,
    "IssueOrder": _issue,
    "RecallOrder": _recall,
    "SignOnBehalf": _sign_on_behalf,
    "RecordReceipt": _receipt,
    "RecordSent": _sent,
    "RecordPathFailed": _path_failed,
    "ExpireOrder": _expire,
    "PassDeadline": _deadline,
    "SetDuty": _set_duty,
    "OpenTile": _open_tile,
    "CloseTile": _close_tile,
    "SaveStill": keeping.save_still,
    "SaveClip": keeping.save_clip,
    "NoteRecording": keeping.note_recording,
    "HoldRecordings": keeping.hold_recordings,
    "SetPrivacyMasks": picture_rules.set_masks,
    "LiftPrivacyMasks": picture_rules.lift_masks,
    "NoteCameraCondition": picture_rules.note_condition,
    "QuarantineInput": _quarantine,
    **patrol_rules.RULES,
}
