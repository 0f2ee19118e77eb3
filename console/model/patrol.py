"""A patrol: a round through a tour's views that the operator gives a word for, view by view; folded from the journal. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from console.model.events import Entry
from console.model.patrol_events import PatrolEnded, PatrolFinding, PatrolStarted, PatrolViewSeen, PatrolViewShown

VERDICTS = ("nothing", "finding", "no_picture")


@dataclass(slots=True)
class Patrol:
    """One round. Owned by the State; only its fold writes it."""

    id: str
    tour: str
    name: str
    seat: str
    operator: str
    request: str
    started_ns: int
    exercise: bool
    views: list[dict[str, Any]]
    """Each: title, cameras, least_s."""
    skipped: list[dict[str, Any]]
    shown: dict[int, int] = field(default_factory=dict)
    """View → when it was shown last."""
    seen: dict[int, dict[str, Any]] = field(default_factory=dict)
    """View → at_ns, by, verdict, dwell_s, unseen."""
    findings: list[dict[str, Any]] = field(default_factory=list)
    """Each: at_ns, by, view, camera, incident, text, file, sha256."""
    ended_ns: int | None = None
    ended_by: str = ""
    why: str = ""

    @property
    def is_open(self) -> bool:
        return self.ended_ns is None

    @property
    def missed(self) -> list[int]:
        """The views nobody gave a word for yet."""
        return [view for view in range(len(self.views)) if view not in self.seen]

    @property
    def blind(self) -> list[tuple[int, str, str]]:
        """View, camera and state of every camera that gave no picture while its view stood."""
        return [
            (view, str(one.get("camera", "")), str(one.get("state", "")))
            for view, word in sorted(self.seen.items())
            for one in word["unseen"]
        ]


def started(entry: Entry, e: PatrolStarted) -> Patrol:
    """The patrol an event begins."""
    return Patrol(
        e.patrol, e.tour, e.name, e.seat, e.operator, e.request, entry.at_ns, e.exercise, list(e.views), list(e.skipped)
    )  # fmt: skip


def fold(patrol: Patrol, entry: Entry, e: PatrolViewShown | PatrolViewSeen | PatrolFinding | PatrolEnded) -> None:
    """Take one more event of the patrol. The first word for a view stays its word."""
    match e:
        case PatrolViewShown():
            patrol.shown[e.view] = entry.at_ns
        case PatrolViewSeen():
            word = {"at_ns": entry.at_ns, "by": entry.by, "verdict": e.verdict, "dwell_s": e.dwell_s, "unseen": list(e.unseen)}
            patrol.seen.setdefault(e.view, word)
        case PatrolFinding():
            patrol.findings.append({
                "at_ns": entry.at_ns, "by": entry.by, "view": e.view, "camera": e.camera, "incident": e.incident,
                "text": e.text, "file": e.file, "sha256": e.sha256,
            })  # fmt: skip
        case PatrolEnded():
            patrol.ended_ns, patrol.ended_by, patrol.why = entry.at_ns, entry.by, e.why
