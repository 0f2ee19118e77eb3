"""Replay gives the live state back, whichever way it is played, and cannot reach the outside (faults.md D66-D68, D72, D75)."""

from __future__ import annotations

import math
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from console.errors import BadInput
from console.model.state import incident_hash, state_hash
from console.services.evidence import export
from console.services.replay import fold, load
from tests.story import Story


@pytest.fixture(autouse=True)
def _own_keys(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANDONG_KEYS", str(tmp_path_factory.mktemp("keys")))


@pytest.mark.parametrize("seed", range(5))
def test_every_incident_of_a_muddled_day_replays_to_its_live_state(tmp_path: Path, seed: int) -> None:
    story = Story(tmp_path)
    story.begin()
    list(story.muddle(seed, steps=150))
    for incident in story.state.incidents:
        export(tmp_path, incident, tmp_path / "out.zip")
        assert fold(tmp_path / "out.zip")["state_hash"] == incident_hash(story.state, incident)
    story.close()


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    story = Story(tmp_path)
    story.begin(exercise=True)
    story.report(0)
    list(story.muddle(4, steps=150))
    story.close()
    export(tmp_path, "I000001", tmp_path / "out.zip")
    return tmp_path / "out.zip"


def test_seeking_back_and_forth_gives_the_same_state_as_playing_straight(sealed: Path) -> None:
    recording = load(sealed)
    chance = random.Random(2)
    for _ in range(100):
        recording.state_at(chance.random() * recording.duration_s)
    assert state_hash(recording.state_at(recording.duration_s)) == state_hash(recording.state_at(math.inf))
    assert incident_hash(recording.state_at(math.inf), "I000001") == fold(sealed)["state_hash"]


def test_played_in_slices_every_entry_comes_due_exactly_once(sealed: Path) -> None:
    recording = load(sealed)
    heard, at = list(recording.due(-math.inf, 0.0)), 0.0
    while at < recording.duration_s:
        heard += recording.due(at, at + 7.3)
        at += 7.3
    assert heard == list(recording.entries)
    assert recording.exercise


def test_duration_is_as_lived_whatever_the_speed_and_the_wall_clock_did(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.begin()
    incident = story.report(1)
    story.clock.step_wall_clock(-3600)
    story.clock.advance(90)
    story.dispatch(incident)
    story.close()
    export(tmp_path, incident, tmp_path / "out.zip")

    assert fold(tmp_path / "out.zip")["duration_s"] == 90.0
    assert fold(tmp_path / "out.zip", speed=8) == fold(tmp_path / "out.zip")
    assert fold(tmp_path / "out.zip")["score"] is None


@pytest.mark.parametrize("speed", [0, -1, math.nan, math.inf])
def test_a_speed_that_is_no_speed_is_refused(sealed: Path, speed: float) -> None:
    with pytest.raises(BadInput, match="positive number"):
        fold(sealed, speed=speed)


def test_a_bundle_that_does_not_prove_itself_is_not_played(sealed: Path) -> None:
    content = bytearray(sealed.read_bytes())
    content[len(content) // 3] ^= 1
    sealed.write_bytes(content)
    with pytest.raises(BadInput, match=r"out\.zip"):
        fold(sealed)


_NO_SOCKETS = """
import sys
reached = []
def watch(event, arguments):
    if event.startswith(("socket.", "subprocess.", "os.posix_spawn", "os.fork", "sqlite3.")) or (
        event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
    ):
        reached.append((event, arguments[:1]))
import console.services.replay as replay
from pathlib import Path
sys.addaudithook(watch)
print(replay.fold(Path(sys.argv[1]))["entries"])
assert not reached, reached
assert not [name for name in sys.modules if name.startswith(("console.links", "PySide6"))]
"""


def test_replay_opens_no_socket_starts_no_process_and_writes_nothing(sealed: Path) -> None:
    """faults.md D67: the interpreter's own audit hook watches."""
    played = subprocess.run(
        [sys.executable, "-c", _NO_SOCKETS, str(sealed)], capture_output=True, check=False, text=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )  # fmt: skip
    assert played.returncode == 0, played.stderr
    assert int(played.stdout) == len(load(sealed).entries)
