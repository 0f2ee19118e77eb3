"""Rules of tours and patrols: no household camera goes round, a view counts after its dwell, a finding is an incident. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from console.errors import BadInput, Refused
from console.model import events as ev
from console.model import patrol_commands as cmd
from console.model import patrol_events as pe
from console.model.commands import Ask
from console.model.incident import GRADES
from console.model.keeping import check_file
from console.model.patrol import Patrol
from console.model.state import State
from console.model.tour import MOST_CAMERAS, MOST_STEPS
from console.model.tour_text import read

CLOCK_SLACK_S = 2.0
"""A dwell may be this much longer than the desk's own time since the view was shown: the way there takes time too."""
LONGEST_TEXT = 400
Events = tuple[object, ...]


def _no_household(household: list[str]) -> None:
    if household:
        raise Refused("household_in_tour", camera=household[0], count=len(household))


def save_tour(state: State, c: cmd.SaveTour, ask: Ask) -> Events:
    """A tour of the centre's own: readable, and without a household camera."""
    _no_household(c.household)
    try:
        read(c.tour, c.text)
    except BadInput as cause:
        raise Refused("bad_tour", where=cause.where, what=cause.what) from cause
    digest = hashlib.sha256(c.text.encode()).hexdigest()
    if state.tours.get(c.tour) == digest:
        return ()
    return (pe.TourSaved(c.tour, c.name, c.text, digest),)


def remove_tour(state: State, c: cmd.RemoveTour, ask: Ask) -> Events:
    return (pe.TourRemoved(c.tour),)


def start_tour(state: State, c: cmd.StartTour, ask: Ask) -> Events:
    _no_household(c.household)
    if not c.cameras or len(c.cameras) > MOST_CAMERAS:
        raise Refused("tour_without_cameras", tour=c.tour)
    return (pe.TourStarted(c.tour, c.seat, c.name[:80], c.cameras),)


def end_tour(state: State, c: cmd.EndTour, ask: Ask) -> Events:
    return (pe.TourEnded(c.tour, c.seat, max(0, c.steps), c.why[:40]),)


def _patrol(state: State, patrol: str) -> Patrol:
    found = state.patrols.get(patrol)
    if found is None:
        raise Refused("unknown_patrol", patrol=patrol[:64])
    if not found.is_open:
        raise Refused("patrol_ended", patrol=patrol)
    return found


def _view(patrol: Patrol, view: int) -> dict[str, Any]:
    if not 0 <= view < len(patrol.views):
        raise Refused("unknown_view", patrol=patrol.id, view=view + 1)
    return patrol.views[view]


def _checked_views(views: list[dict[str, Any]]) -> list[dict[str, Any]]:
    checked: list[dict[str, Any]] = []
    for view in views[: MOST_STEPS + 1]:
        title, cameras, least_s = view.get("title"), view.get("cameras"), view.get("least_s")
        if (
            not isinstance(title, str)
            or not isinstance(cameras, list)
            or not 0 < len(cameras) <= 64
            or not all(isinstance(camera, str) and 0 < len(camera) <= 64 for camera in cameras)
            or isinstance(least_s, bool)
            or not isinstance(least_s, (int, float))
            or not 0 <= least_s <= 600
        ):
            raise Refused("bad_patrol")
        checked.append({"title": title[:120], "cameras": cameras, "least_s": float(least_s)})
    if not 0 < len(checked) <= MOST_STEPS or sum(len(view["cameras"]) for view in checked) > MOST_CAMERAS + MOST_STEPS:
        raise Refused("bad_patrol")
    return checked


def start_patrol(state: State, c: cmd.StartPatrol, ask: Ask) -> Events:
    """One open patrol a seat: what is begun is ended, with its missed views, before the next."""
    if any(patrol.request == c.request for patrol in state.patrols.values()):
        return ()
    _no_household(c.household)
    running = next((patrol for patrol in state.patrols.values() if patrol.is_open and patrol.seat == c.seat), None)
    if running is not None:
        raise Refused("patrol_open", patrol=running.id, name=running.name)
    views = _checked_views(c.views)
    patrol, operator = f"P{len(state.patrols) + 1:06d}", ask.by.partition("@")[0]
    skipped = [_short(one) for one in c.skipped[:MOST_CAMERAS]]
    return (
        pe.PatrolStarted(patrol, c.tour, c.name[:80], c.seat, operator, c.request[:80], views, skipped, state.exercise),
    )  # fmt: skip


def _short(fields: dict[str, Any]) -> dict[str, Any]:
    """Only plain values of a sane length: this goes into the journal for good."""
    return {
        str(key)[:20]: value[:120] if isinstance(value, str) else value
        for key, value in list(fields.items())[:6]
        if value is None or isinstance(value, (str, int, float))
    }


def show_view(state: State, c: cmd.ShowPatrolView, ask: Ask) -> Events:
    _view(_patrol(state, c.patrol), c.view)
    return (pe.PatrolViewShown(c.patrol, c.view),)


def _checked_dwell(patrol: Patrol, c: cmd.SeePatrolView | cmd.ReportFinding, ask: Ask) -> float:
    """The dwell in seconds, no longer than the desk's own clock allows (a clock set meanwhile proves nothing either way)."""
    shown_ns = patrol.shown.get(c.view)
    if shown_ns is None:
        raise Refused("view_not_shown", patrol=patrol.id, view=c.view + 1)
    by_desk_s = (ask.at_ns - shown_ns) / 1e9
    if c.dwell_s < 0 or c.dwell_s > max(0.0, by_desk_s) + CLOCK_SLACK_S:
        raise Refused("dwell_unproved", patrol=patrol.id, view=c.view + 1)
    return round(c.dwell_s, 1)


def _unseen(view: dict[str, Any], unseen: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The view's own cameras that gave no picture, each once."""
    known = {str(one.get("camera")): _short(one) for one in unseen[:64]}
    return [known[camera] for camera in view["cameras"] if camera in known]


def see_view(state: State, c: cmd.SeePatrolView, ask: Ask) -> Events:
    """The word "seen, nothing": only after the view's shortest dwell. A view whose cameras are all dark was not seen."""
    patrol = _patrol(state, c.patrol)
    view = _view(patrol, c.view)
    if c.view in patrol.seen:
        return ()
    dwell_s = _checked_dwell(patrol, c, ask)
    if dwell_s < view["least_s"]:
        raise Refused("dwell_too_short", view=c.view + 1, left_s=round(view["least_s"] - dwell_s, 1))
    unseen = _unseen(view, c.unseen)
    verdict = "no_picture" if len(unseen) == len(set(view["cameras"])) else "nothing"
    return (pe.PatrolViewSeen(c.patrol, c.view, verdict, dwell_s, unseen),)


def report_finding(state: State, c: cmd.ReportFinding, ask: Ask) -> Events:
    """A finding becomes an incident of source `patrol`, with its camera's place and the picture taken; the same request again
    reports nothing new."""
    patrol = _patrol(state, c.patrol)
    view = _view(patrol, c.view)
    source_id = f"{c.patrol}-{c.request[:60]}"
    if ("patrol", source_id) in state.by_source:
        return ()
    if c.camera not in view["cameras"]:
        raise Refused("not_in_view", camera=c.camera, view=c.view + 1)
    if len(c.text) > LONGEST_TEXT:
        raise Refused("bad_note", length=len(c.text))
    if c.grade is not None and c.grade not in GRADES:
        raise Refused("unknown_grade", grade=c.grade)
    dwell_s = _checked_dwell(patrol, c, ask)
    incident = f"I{len(state.incidents) + 1:06d}"
    known = c.lon is not None and c.lat is not None
    reported = ev.IncidentReported(
        incident=incident, source="patrol", source_id=source_id, reported_ns=ask.at_ns, title=(c.text.strip() or c.title)[:200],
        kind="patrol_finding", grade=c.grade, lon=c.lon, lat=c.lat, position_from="given" if known else "unknown", pole=c.pole,
        address=c.address, note=f"{patrol.name} · {view['title']} · {c.camera}", exercise=state.exercise,
    )  # fmt: skip
    if c.file:
        check_file(c.file, "stills", c.sha256)
    still = (ev.StillSaved(c.camera, c.file, c.sha256, incident),) if c.file else ()
    finding = pe.PatrolFinding(c.patrol, c.view, c.camera, incident, c.text.strip(), c.file, c.sha256)
    seen: Events = ()
    if c.view not in patrol.seen:
        seen = (pe.PatrolViewSeen(c.patrol, c.view, "finding", dwell_s, _unseen(view, c.unseen)),)
    return (reported, *still, finding, *seen)


def end_patrol(state: State, c: cmd.EndPatrol, ask: Ask) -> Events:
    """End a patrol; what nobody gave a word for is listed for good."""
    known = state.patrols.get(c.patrol)
    if known is not None and not known.is_open:
        return ()
    missed = _patrol(state, c.patrol).missed
    return (pe.PatrolEnded(c.patrol, "ended_early" if missed else "done", missed),)


RULES: dict[str, Callable[[State, Any, Ask], Events]] = {
    "SaveTour": save_tour,
    "RemoveTour": remove_tour,
    "StartTour": start_tour,
    "EndTour": end_tour,
    "StartPatrol": start_patrol,
    "ShowPatrolView": show_view,
    "SeePatrolView": see_view,
    "ReportFinding": report_finding,
    "EndPatrol": end_patrol,
}
