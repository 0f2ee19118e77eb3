"""Rules of a camera's picture: who hides what, what counts as showing it again, and which conditions become facts. Pure."""

from __future__ import annotations

from typing import Any

from console.errors import BadInput, Refused
from console.model import commands as cmd
from console.model import events as ev
from console.model.commands import Ask
from console.model.picture_condition import CONDITIONS
from console.model.state import State
from console.model.view import Masks, checked_masks, masks_as_lists, uncovered

UNCOVERED_AT_MOST = 0.01
"""Redrawing a mask may leave this part of it open (a point dragged by a pixel); more is lifting."""


def masks_of(state: State, camera: str) -> Masks:
    """What is hidden of a camera's picture now: of every preset together, as nobody knows where it points just now."""
    known = state.masks.get(camera)
    if not known:
        return ()
    return tuple(tuple((x, y) for x, y in polygon) for preset in sorted(known) for polygon in known[preset]["polygons"])


def _checked(c: cmd.SetPrivacyMasks | cmd.LiftPrivacyMasks) -> Masks:
    if not c.camera or len(c.camera) > 64 or len(c.preset) > 64 or len(c.reason) > 400:
        raise Refused("bad_masks", why="camera, preset, reason")
    try:
        return checked_masks(c.polygons)
    except BadInput as cause:
        raise Refused("bad_masks", why=str(cause)) from cause


def _hidden(state: State, camera: str, preset: str) -> Masks:
    polygons = state.masks.get(camera, {}).get(preset, {}).get("polygons", [])
    return tuple(tuple((x, y) for x, y in polygon) for polygon in polygons)


def set_masks(state: State, c: cmd.SetPrivacyMasks, ask: Ask) -> tuple[object, ...]:
    """Masks may grow and move by whoever may mask; what was hidden must stay hidden."""
    masks, before = _checked(c), _hidden(state, c.camera, c.preset)
    if masks == before:
        return ()
    if uncovered(before, masks) > UNCOVERED_AT_MOST:
        raise Refused("masks_uncover", camera=c.camera)
    return (ev.PrivacyMasksSet(c.camera, masks_as_lists(masks), c.reason.strip(), c.preset),)


def lift_masks(state: State, c: cmd.LiftPrivacyMasks, ask: Ask) -> tuple[object, ...]:
    """What was hidden is shown again: only with the right to, and with a reason on record."""
    masks, before = _checked(c), _hidden(state, c.camera, c.preset)
    if masks == before:
        return ()
    if not c.reason.strip():
        raise Refused("masks_need_reason", camera=c.camera)
    return (ev.PrivacyMasksLifted(c.camera, masks_as_lists(masks), c.reason.strip(), c.preset),)


def note_condition(state: State, c: cmd.NoteCameraCondition, ask: Ask) -> tuple[object, ...]:
    """A fact only when it changes."""
    known: dict[str, Any] = state.conditions.get(c.camera, {})
    if c.condition == known.get("condition", ""):
        return ()
    if c.condition and c.condition not in CONDITIONS:
        raise Refused("unknown_condition", condition=c.condition[:40])
    return (ev.CameraConditionNoted(c.camera, c.condition, c.since_ns),)
