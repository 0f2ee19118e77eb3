"""What may be kept of a camera, and what never: stills, clips, recordings, holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from console.errors import Refused
from console.model import commands as cmd
from console.model import events as ev
from tests.folding import Folding

SHA = "ab" * 32
STILL = cmd.SaveStill("C-1", "stills/a.jpg", SHA)
CLIP = cmd.SaveClip("C-1", "clips/a.mp4", SHA, from_ns=1, to_ns=2, note="clips/a.json", note_sha256=SHA)
AT_HOME = {"household": True, "consent": "incident", "distance_m": 20.0}


@pytest.fixture
def desk() -> Folding:
    return Folding()


@pytest.mark.parametrize("command", [STILL, CLIP])
def test_a_street_camera_is_kept_with_and_without_an_incident(desk: Folding, command: Any) -> None:
    incident = desk.report()

    assert len(desk.do(command)) == len(desk.do(replace(command, incident=incident))) == 1
    with pytest.raises(Refused, match="unknown_incident"):
        desk.do(replace(command, incident="I999999"))


@pytest.mark.parametrize("command", [STILL, CLIP])
def test_a_household_camera_is_kept_for_its_open_incident_and_not_a_moment_longer(desk: Folding, command: Any) -> None:
    incident = desk.report()
    kept = replace(command, incident=incident, **AT_HOME)
    assert len(desk.do(kept)) == 1

    for never in (
        replace(kept, incident=None), replace(kept, distance_m=301.0), replace(kept, distance_m=None),
        replace(kept, consent=""), replace(kept, consent="2020-01-01"),
    ):  # fmt: skip
        with pytest.raises(Refused, match="household_not_kept"):
            desk.do(never)

    desk.do(cmd.CloseIncident(incident))
    with pytest.raises(Refused, match="household_not_kept"):
        desk.do(kept)


@pytest.mark.parametrize("change", [
    {"file": "../journal.db"}, {"file": "stills/../x"}, {"file": "stills/.x"}, {"file": "clips"}, {"sha256": "ab"},
    {"sha256": "z" * 64}, {"file": ""},
])  # fmt: skip
def test_a_name_or_digest_that_is_none_is_refused(desk: Folding, change: dict[str, str]) -> None:
    for command in (STILL, CLIP):
        with pytest.raises(Refused, match="bad_file"):
            desk.do(replace(command, **change))


def test_a_clip_does_not_end_before_it_begins_and_its_note_is_a_file_too(desk: Folding) -> None:
    for bad in (replace(CLIP, from_ns=3), replace(CLIP, note="elsewhere/x"), replace(CLIP, note_sha256="")):
        with pytest.raises(Refused, match="bad_file"):
            desk.do(bad)


def test_recording_is_a_fact_once_and_only_the_desk_may_say_it(desk: Folding) -> None:
    assert [type(e) for e in desk.do(cmd.NoteRecording("C-1", True))] == [ev.RecordingStarted]
    assert desk.do(cmd.NoteRecording("C-1", True)) == [] and "C-1" in desk.state.recordings
    assert [type(e) for e in desk.do(cmd.NoteRecording("C-1", False, "disk_full"))] == [ev.RecordingStopped]
    assert desk.state.recordings == {}
    with pytest.raises(Refused, match="no_right"):
        desk.do(cmd.NoteRecording("C-1", True), roles=("commander",))


def test_a_household_camera_is_never_recorded(desk: Folding) -> None:
    with pytest.raises(Refused, match="household_not_kept"):
        desk.do(cmd.NoteRecording("H-1", True, household=True))


def test_a_camera_with_privacy_masks_is_not_recorded(desk: Folding) -> None:
    """issue 3, item 8: masks are burnt into what is saved, and a recording is saved as it comes."""
    desk.do(cmd.SetPrivacyMasks("C-1", [[[0.1, 0.1], [0.5, 0.1], [0.5, 0.5]]], "windows"))
    with pytest.raises(Refused, match="masked_not_recorded"):
        desk.do(cmd.NoteRecording("C-1", True))


def test_recordings_are_held_for_an_incident_until_they_are_released(desk: Folding) -> None:
    incident = desk.report()
    desk.do(cmd.LinkIncident(incident, [{"camera": "C-2"}], []))

    desk.do(cmd.HoldRecordings(incident, cameras=["C-1"]))
    assert desk.state.holds[incident]["cameras"] == ["C-1", "C-2"]
    assert desk.do(cmd.HoldRecordings(incident)) == []
    desk.do(cmd.HoldRecordings(incident, is_held=False))
    assert desk.state.holds == {}
