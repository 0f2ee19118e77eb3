"""A bundle played to a window: one clock, the same state however one came there, and nothing that reaches the outside."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from console.errors import BadInput
from console.model import commands as cmd
from console.model.events import Entry
from console.model.state import State, apply, incident_hash, state_hash
from console.model.unit import Fix
from console.model.wall import WantedFeed
from console.services.evidence import export
from console.services.replay_clock import ReplayClock
from console.services.replay_link import ReplayFeeds, ReplayLink
from console.services.replay_tape import Tape, open_tape, stand_ins
from console.store import clips
from console.store.tracks import Tracks
from tests.fakes import FakeClock
from tests.story import Story

INCIDENT = "I000001"


class Ear:
    """Folds what it is told, as the window does."""

    def __init__(self) -> None:
        self.state, self.fixes = State(), dict[str, Fix]()
        self.heard: list[Entry] = []
        self.answers: list[tuple[int, Any, Any]] = []
        self.greeting: dict[str, Any] = {}
        self.rewinds = 0

    def phase(self, phase: str, detail: str) -> None: ...

    def attached(self, greeting: dict[str, Any]) -> None:
        self.greeting = greeting

    def entries(self, entries: Sequence[Entry]) -> None:
        self.heard += entries
        for entry in entries:
            apply(self.state, entry)

    def positions(self, fixes: Sequence[Fix]) -> None:
        self.fixes |= {fix.unit: fix for fix in fixes}

    def answer(self, number: int, result: Any, refused: Any) -> None:
        self.answers.append((number, result, refused))

    def rewound(self) -> None:
        self.state, self.fixes, self.heard = State(), {}, []
        self.rewinds += 1


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An incident of 100 s: dispatched at 10 s, a unit on the way, a still at 20 s, done at 60 s, closed at 100 s."""
    data = tmp_path_factory.mktemp("data")
    story = Story(data)
    story.begin()
    story.report(0)
    begin_ns = story.clock.now_ns()
    story.clock.advance(10)
    order = story.dispatch(INCIDENT, ("U-1",))[0]
    tracks = Tracks(data)
    tracks.append(
        [Fix("U-1", 104.8 + s * 1e-4, 30.4, begin_ns + s * 10**9, begin_ns + s * 10**9 + 10**8, 5.0) for s in range(1, 90)]
    )
    tracks.close()
    story.clock.advance(10)
    saved = clips.save(data, "stills", "a.jpg", b"\xff\xd8 picture")
    story.tell(cmd.SaveStill("C-1", saved.file, saved.sha256, INCIDENT))
    story.clock.advance(40)
    story.receipt(order, "on_terminal")
    story.clock.advance(40)
    story.tell(cmd.CloseIncident(INCIDENT))
    story.close()
    export(data, INCIDENT, data / "case.zip")
    return data / "case.zip"


@pytest.fixture
def tape(sealed: Path) -> Tape:
    return open_tape(sealed)


@pytest.fixture
def played(tape: Tape) -> tuple[ReplayLink, Ear, FakeClock]:
    clock, ear = FakeClock(), Ear()
    return ReplayLink(tape, ear, ReplayClock(tape, clock)), ear, clock


def test_it_attaches_at_once_with_what_is_due_at_the_first_moment(played: tuple[ReplayLink, Ear, FakeClock]) -> None:
    link, ear, _ = played
    link.start()
    assert (ear.greeting["exercise"], ear.greeting["needs_password"]) == (False, None)
    assert {entry.kind for entry in ear.heard} >= {"IncidentReported"}
    assert "OrderIssued" not in {entry.kind for entry in ear.heard}


@pytest.mark.parametrize("speed", [1.0, 2.0, 8.0])
def test_every_entry_comes_once_when_it_is_due_at_any_speed(tape: Tape, speed: float) -> None:
    clock, ear = FakeClock(), Ear()
    link = ReplayLink(tape, ear, ReplayClock(tape, clock, speed))
    link.start()
    link.clock.play()
    when = dict[str, float]()
    while not link.clock.is_at_end:
        clock.advance(0.05)
        link.tick()
        for entry in ear.heard:
            when.setdefault(entry.kind, link.clock.position_s)
    assert ear.heard == list(tape.recording.entries)
    assert when["OrderIssued"] == pytest.approx(10, abs=0.05 * speed + 0.01)
    assert when["IncidentClosed"] == pytest.approx(100, abs=0.05 * speed + 0.01)


def test_all_counters_go_by_the_recorded_time_and_stand_with_it(tape: Tape) -> None:
    clock = FakeClock(now_ns=5)
    replay = ReplayClock(tape, clock)
    first_ns = tape.recording.entries[0].at_ns
    replay.play()
    clock.advance(3)
    replay.set_speed(8)
    clock.advance(2)
    assert replay.now_ns() - first_ns == 19_000_000_000
    replay.pause()
    clock.advance(500)
    assert (replay.now_ns() - first_ns, replay.is_playing) == (19_000_000_000, False)
    replay.seek(60.0)
    assert replay.now_ns() - first_ns == 60_000_000_000


def test_it_stands_at_its_end_and_plays_again_from_the_beginning(played: tuple[ReplayLink, Ear, FakeClock]) -> None:
    link, ear, clock = played
    link.start()
    link.clock.play()
    clock.advance(1000)
    link.tick()
    assert (link.clock.position_s, link.clock.is_playing) == (link.clock.duration_s, False)
    link.clock.play()
    link.tick()
    assert (ear.rewinds, ear.state.incidents[INCIDENT].is_open) == (1, True)


def test_seeking_a_hundred_times_gives_the_state_of_playing_straight(
    played: tuple[ReplayLink, Ear, FakeClock], tape: Tape
) -> None:
    """faults.md D68: what the window has folded, not only what the recording could fold."""
    link, ear, _ = played
    link.start()
    chance = random.Random(3)
    for _ in range(100):
        link.seek(chance.uniform(-10, 110))
        assert state_hash(ear.state) == state_hash(tape.recording.state_at(link.clock.position_s))
    link.seek(1e9)
    assert incident_hash(ear.state, INCIDENT) == incident_hash(tape.recording.state_at(1e9), INCIDENT)


def test_steps_stand_at_each_entry_forth_and_back(played: tuple[ReplayLink, Ear, FakeClock]) -> None:
    link, ear, _ = played
    link.start()
    link.clock.play()
    stops = []
    for by in (1, 1, 1, 1, 1, -1, -1, -1, -1, -1):
        link.step(by)
        stops.append(round(link.clock.position_s))
    assert stops == [10, 20, 60, 100, 100, 60, 20, 10, 0, 0]
    assert not link.clock.is_playing and "OrderIssued" not in {entry.kind for entry in ear.heard}


def test_positions_come_when_they_came_and_the_newest_wins(played: tuple[ReplayLink, Ear, FakeClock]) -> None:
    link, ear, _ = played
    link.start()
    assert not ear.fixes
    link.seek(30.5)
    assert ear.fixes["U-1"].lon == pytest.approx(104.803)
    link.seek(5.5)
    assert ear.fixes["U-1"].lon == pytest.approx(104.8005)
    link.seek(0)
    assert not ear.fixes


@pytest.mark.parametrize("kind", ["IssueOrder", "Dispatch", "AcknowledgeIncident", "CloseIncident", "LogIn", "LogOut", "NoSuch"])
def test_every_act_is_refused(played: tuple[ReplayLink, Ear, FakeClock], kind: str) -> None:
    link, ear, _ = played
    number = link.command(kind, {"incident": INCIDENT})
    assert ear.answers == [(number, None, {"code": "replay_read_only", "fields": {}})]


@pytest.mark.parametrize("kind", ["OpenTile", "CloseTile"])
def test_what_is_looked_at_may_change(played: tuple[ReplayLink, Ear, FakeClock], kind: str) -> None:
    link, ear, _ = played
    number = link.command(kind, {})
    assert ear.answers == [(number, {}, None)]


def test_a_tile_is_replayed_with_the_still_of_that_time_or_none(tape: Tape) -> None:
    clock = ReplayClock(tape, FakeClock())
    feeds = ReplayFeeds(tape, clock)
    feeds.want([WantedFeed("01/1", "C-1", "rtsp://10.0.0.1/live", "", 320, 180)])
    assert {one.state for one in feeds.health().values()} == {"replay"}
    assert (feeds.slot("01/1"), feeds.still("C-1")) == (None, None)
    clock.seek(20.0)
    still = feeds.still("C-1")
    assert still is not None and still.jpeg == b"\xff\xd8 picture"
    assert (feeds.has_stills("C-1"), feeds.has_stills("C-2"), feeds.still("C-2")) == (True, False, None)


def test_the_time_line_has_marks_and_ids_stand_for_names(tape: Tape) -> None:
    assert [(mark.kind, round(mark.offset_s)) for mark in tape.marks] == [
        ("report", 0), ("order", 10), ("receipt", 60), ("order", 100), ("closed", 100),
    ]  # fmt: skip
    cameras, units = stand_ins(tape.recording.entries)
    assert (set(cameras), set(units)) == ({"C-1"}, {"U-1"})


def test_a_bundle_that_does_not_prove_itself_is_not_opened(sealed: Path, tmp_path: Path) -> None:
    content = bytearray(sealed.read_bytes())
    content[len(content) // 3] ^= 1
    (tmp_path / "bad.zip").write_bytes(content)
    with pytest.raises(BadInput, match=r"bad\.zip"):
        open_tape(tmp_path / "bad.zip")


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan"), float("inf")])
def test_a_speed_that_is_no_speed_is_refused(tape: Tape, speed: float) -> None:
    with pytest.raises(BadInput, match="positive number"):
        ReplayClock(tape, FakeClock(), speed)


_WATCHED = """
import sys
reached = []
def watch(event, arguments):
    if event.startswith(("socket.", "subprocess.", "os.posix_spawn", "os.fork", "sqlite3.")) or (
        event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
    ):
        reached.append((event, arguments[:1]))
from pathlib import Path
from tests.fakes import FakeClock
from tests.services.test_replay_link import Ear
from console.services.replay_clock import ReplayClock
from console.services.replay_link import ReplayFeeds, ReplayLink
from console.services.replay_tape import open_tape
from console.model.wall import WantedFeed
sys.addaudithook(watch)
tape, clock, ear = open_tape(Path(sys.argv[1])), FakeClock(), Ear()
link = ReplayLink(tape, ear, ReplayClock(tape, clock))
feeds = ReplayFeeds(tape, link.clock)
link.start(); link.clock.play()
for _ in range(200):
    clock.advance(1); link.tick()
feeds.want([WantedFeed("01/1", "C-1", "rtsp://127.0.0.1:1/x", "", 320, 180)]); feeds.still("C-1")
for kind in ("Dispatch", "IssueOrder", "OpenTile"):
    link.command(kind, {})
link.seek(3); link.step(1); link.close()
assert link.clock.position_s == 10 and len(ear.answers) == 3
assert not reached, reached
assert not [name for name in sys.modules if name.startswith(("console.links", "console.media", "PySide6"))]
"""


def test_playing_opens_no_socket_starts_no_process_and_writes_nothing(sealed: Path) -> None:
    """faults.md D67: the interpreter's own audit hook watches."""
    done = subprocess.run(
        [sys.executable, "-c", _WATCHED, str(sealed)], capture_output=True, check=False, text=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
