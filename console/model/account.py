"""Who may do what: roles and the commands each may give. What is not listed is refused."""

from __future__ import annotations

_WATCH = frozenset({"LogOut", "OpenTile", "CloseTile", "AcknowledgeIncident", "NoteIncident", "SaveStill", "SaveClip"}) | {
    "StartTour",
    "EndTour",
    "StartPatrol",
    "ShowPatrolView",
    "SeePatrolView",
    "ReportFinding",
    "EndPatrol",
}
_COMMAND = _WATCH | {
    "ReportIncident", "GradeIncident", "CloseIncident", "RelinkIncident", "Dispatch", "IssueOrder", "RecallOrder",
    "SignOnBehalf", "SetDuty", "SetPrivacyMasks", "HoldRecordings", "SaveTour", "RemoveTour",
}  # fmt: skip
_ADMINISTER = frozenset({
    "LogOut", "ImportRoster", "ImportMap", "AddOperator", "SetPassword", "OpenEnrolment", "EnrolTerminal", "RevokeTerminal",
    "AddSource", "SetPrivacyMasks", "LiftPrivacyMasks", "SaveTour", "RemoveTour",
})  # fmt: skip
ROLES: dict[str, frozenset[str]] = {
    "watcher": _WATCH,
    "commander": frozenset(_COMMAND),
    "administrator": _ADMINISTER,
    "auditor": frozenset({"LogOut"}),
    "owner": frozenset(_COMMAND | _ADMINISTER),
    "source": frozenset({"ReportIncident"}),
    "terminal": frozenset({"RecordReceipt"}),
    "desk": frozenset({
        "StartFolder", "StartDesk", "LinkIncident", "RecordReceipt", "RecordSent", "RecordPathFailed", "ExpireOrder",
        "PassDeadline", "QuarantineInput", "AddOperator", "LogIn", "LogOut", "CloseTile", "AddSource", "EnrolTerminal",
        "NoteCameraCondition", "NoteRecording",
    }),
}  # fmt: skip
"""`owner`: the system user who owns the data folder, at its command line. `desk`: the desk process itself. `source` and
`terminal`: a partner or a unit, known by its own key."""
PERSON_ROLES = ("watcher", "commander", "administrator", "auditor")


def may(roles: tuple[str, ...], command: str) -> bool:
    """True when one of `roles` may give `command`. An unknown role may do nothing."""
    return any(command in ROLES.get(role, frozenset()) for role in roles)
