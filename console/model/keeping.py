"""Rules of what may be kept of a camera's picture: stills, clips, recordings, and what an incident holds. Pure.

Household cameras are kept for their open incident only, never recorded (Order 799 article 33). The desk fills in `household`,
`consent`, `distance_m` and `radius_m` from its own roster before these rules are asked.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from console.errors import BadInput, Refused
from console.model import events as ev
from console.model.ids import checked_id

if TYPE_CHECKING:
    from console.model import commands as cmd
    from console.model.commands import Ask
    from console.model.state import State

Events = tuple[object, ...]
HELD_BEFORE_NS = 600_000_000_000
"""Recordings are held for an incident from ten minutes before it was reported."""
_DIGEST = frozenset("0123456789abcdef")


def consent_holds(consent: str, at_ns: int) -> bool:
    """Whether a household's written consent (a date) still runs at `at_ns`."""
    try:
        until = datetime.date.fromisoformat(consent)
    except ValueError:
        return False
    return datetime.datetime.fromtimestamp(at_ns / 1e9, datetime.UTC).date() <= until


def save_still(state: State, c: cmd.SaveStill, ask: Ask) -> Events:
    """A picture was saved: a fact, once its camera may be kept and its name and digest are ones."""
    _may_keep(state, c, ask)
    check_file(c.file, "stills", c.sha256)
    return (ev.StillSaved(c.camera, c.file, c.sha256, c.incident, c.taken_ns, c.is_masked, c.why[:200]),)


def save_clip(state: State, c: cmd.SaveClip, ask: Ask) -> Events:
    """A clip was saved, with the note that stands beside it."""
    _may_keep(state, c, ask)
    check_file(c.file, "clips", c.sha256)
    if c.note:
        check_file(c.note, "clips", c.note_sha256)
    if not 0 <= c.from_ns <= c.to_ns:
        raise Refused("bad_file", file=c.file[:80])
    return (
        ev.ClipSaved(
            c.camera, c.file, c.sha256, c.incident, c.from_ns, c.to_ns, c.gaps, c.is_masked, c.note, c.note_sha256, c.why[:200]
        ),
    )


def _may_keep(state: State, c: Any, ask: Ask) -> None:
    incident = state.incidents.get(c.incident) if c.incident is not None else None
    if c.incident is not None and incident is None:
        raise Refused("unknown_incident", incident=c.incident)
    if not c.household:
        return
    agreed = c.consent == "incident" or consent_holds(c.consent, ask.at_ns)
    near = c.distance_m is not None and c.distance_m <= c.radius_m
    if not (agreed and near and incident is not None and incident.is_open):
        raise Refused("household_not_kept", camera=c.camera)


def check_file(file: str, shelf: str, digest: str) -> None:
    """Raises Refused for what is no file of a data folder's shelf, or no SHA-256."""
    folder, slash, name = file.partition("/")
    try:
        fits = folder == shelf and bool(slash) and checked_id(name) == name and not name.startswith(".")
    except BadInput:
        fits = False
    if not fits or len(digest) != 64 or not set(digest) <= _DIGEST:
        raise Refused("bad_file", file=file[:80])


def note_recording(state: State, c: cmd.NoteRecording, ask: Ask) -> Events:
    """The recorder's own news: a camera is recorded from now on, or no more, and why. What is recorded is the stream as it
    comes, so a camera with privacy masks is not."""
    is_on = c.camera in state.recordings
    if c.is_on and c.household:
        raise Refused("household_not_kept", camera=c.camera)
    if c.is_on and state.masks.get(c.camera):
        raise Refused("masked_not_recorded", camera=c.camera)
    if c.is_on == is_on:
        return ()
    return (ev.RecordingStarted(c.camera) if c.is_on else ev.RecordingStopped(c.camera, c.why[:200]),)


def hold_recordings(state: State, c: cmd.HoldRecordings, ask: Ask) -> Events:
    """Keep what was recorded round an incident beyond its time, or let it go again."""
    incident = state.incidents.get(c.incident)
    if incident is None:
        raise Refused("unknown_incident", incident=c.incident)
    if not c.is_held:
        return (ev.RecordingsReleased(c.incident),) if c.incident in state.holds else ()
    cameras = sorted({str(one["camera"]) for one in incident.cameras} | set(c.cameras))
    from_ns = min(incident.reported_ns, incident.entered_ns) - HELD_BEFORE_NS
    before = state.holds.get(c.incident)
    if before is not None and set(cameras) <= set(before["cameras"]):
        return ()
    return (ev.RecordingsHeld(c.incident, cameras, from_ns),)
