"""Patrols: no word without a view, its dwell and a picture; findings are incidents; what was missed stays listed."""

from __future__ import annotations

from typing import Any

import pytest

from console.errors import Refused
from console.model import patrol_commands as cmd
from console.model.commands import Ask, from_body
from console.model.decide import decide
from console.model.events import Entry, kind_of, to_body
from console.model.patrol import Patrol
from console.model.state import State, apply, state_hash

S = 1_000_000_000
VIEWS = [
    {"title": "校门", "cameras": ["T-1", "T-2"], "least_s": 5.0},
    {"title": "广场", "cameras": ["T-3"], "least_s": 5.0},
]


class Seat:
    """A desk's State and a clock; `do` decides and folds as the desk does."""

    def __init__(self, roles: tuple[str, ...] = ("watcher",)) -> None:
        self.state, self.now_ns, self.roles, self.entries = State(), 1_790_000_000 * S, roles, []

    def do(self, command: Any, by: str = "zhao@01") -> list[str]:
        made = decide(self.state, command, Ask(by, self.roles, self.now_ns))
        for event in made:
            seq = self.state.last_seq + 1
            entry = Entry(seq, self.now_ns, "b", 0, by, kind_of(event), to_body(event), b"", b"")
            self.entries.append(entry)
            apply(self.state, entry)
        return [kind_of(event) for event in made]

    def start(self) -> Patrol:
        self.do(cmd.StartPatrol("points", "早间守点", "01", "r1", VIEWS, [{"camera": "H-1", "why": "household", "view": 0}]))
        return self.state.patrols["P000001"]

    def stand(self, view: int, seconds: float) -> None:
        self.do(cmd.ShowPatrolView("P000001", view))
        self.now_ns += int(seconds * S)


@pytest.fixture
def seat() -> Seat:
    return Seat()


def refused(seat: Seat, command: Any) -> str:
    with pytest.raises(Refused) as caught:
        seat.do(command)
    return caught.value.code


def test_a_whole_round_ends_as_done(seat: Seat) -> None:
    patrol = seat.start()
    seat.stand(0, 6)
    seat.do(cmd.SeePatrolView("P000001", 0, 6.0, []))
    seat.stand(1, 7)
    seat.do(cmd.SeePatrolView("P000001", 1, 7.0, []))

    assert seat.do(cmd.EndPatrol("P000001")) == ["PatrolEnded"]
    assert (patrol.why, patrol.missed, patrol.operator) == ("done", [], "zhao")
    assert seat.do(cmd.EndPatrol("P000001")) == []


def test_what_nobody_gave_a_word_for_is_missed(seat: Seat) -> None:
    patrol = seat.start()
    seat.stand(0, 6)
    seat.do(cmd.SeePatrolView("P000001", 0, 6.0, []))

    seat.do(cmd.EndPatrol("P000001"))

    assert (patrol.why, patrol.missed) == ("ended_early", [1])
    assert refused(seat, cmd.SeePatrolView("P000001", 1, 0.0, [])) == "patrol_ended"


def test_a_view_counts_only_after_its_dwell_and_by_the_desks_clock(seat: Seat) -> None:
    seat.start()

    assert refused(seat, cmd.SeePatrolView("P000001", 0, 9.0, [])) == "view_not_shown"
    seat.stand(0, 3)
    assert refused(seat, cmd.SeePatrolView("P000001", 0, 3.0, [])) == "dwell_too_short"
    assert refused(seat, cmd.SeePatrolView("P000001", 0, 60.0, [])) == "dwell_unproved"
    seat.now_ns -= 3600 * S
    assert refused(seat, cmd.SeePatrolView("P000001", 0, 5.0, [])) == "dwell_unproved"


@pytest.mark.parametrize("dwell_s", [-1.0, -0.001])
def test_a_dwell_is_never_negative(seat: Seat, dwell_s: float) -> None:
    seat.start()
    seat.stand(0, 9)

    assert refused(seat, cmd.SeePatrolView("P000001", 0, dwell_s, [])) == "dwell_unproved"


def test_the_first_word_for_a_view_stays(seat: Seat) -> None:
    patrol = seat.start()
    seat.stand(0, 6)
    seat.do(cmd.SeePatrolView("P000001", 0, 6.0, []))

    assert seat.do(cmd.SeePatrolView("P000001", 0, 6.0, []), "qian@01") == []
    assert patrol.seen[0]["by"] == "zhao@01"


def test_cameras_without_a_picture_are_recorded_and_a_dark_view_was_not_seen(seat: Seat) -> None:
    patrol = seat.start()
    seat.stand(0, 6)
    seat.do(
        cmd.SeePatrolView(
            "P000001", 0, 6.0, [{"camera": "T-2", "state": "none", "why": "auth"}, {"camera": "X-9", "state": "none"}]
        )
    )
    seat.stand(1, 6)
    seat.do(cmd.SeePatrolView("P000001", 1, 6.0, [{"camera": "T-3", "state": "held", "why": ""}]))

    assert [patrol.seen[view]["verdict"] for view in (0, 1)] == ["nothing", "no_picture"]
    assert patrol.blind == [(0, "T-2", "none"), (1, "T-3", "held")]


def test_a_finding_is_an_incident_with_its_place_and_picture(seat: Seat) -> None:
    patrol = seat.start()
    seat.stand(0, 2)
    finding = cmd.ReportFinding(
        "P000001",
        0,
        "T-2",
        "井盖缺失",
        "f1",
        2.0,
        [],
        "blue",
        "stills/a.jpg",
        "0" * 64,
        "巡查发现",
        104.8,
        30.4,
        "D-1",
        "云汀街道",
    )

    kinds = seat.do(finding)

    assert kinds == ["IncidentReported", "StillSaved", "PatrolFinding", "PatrolViewSeen"]
    incident = seat.state.incidents["I000001"]
    assert (incident.source, incident.title, incident.grade, incident.lon, incident.pole) == (
        "patrol",
        "井盖缺失",
        "blue",
        104.8,
        "D-1",
    )
    assert patrol.seen[0]["verdict"] == "finding"
    assert patrol.findings[0]["incident"] == "I000001"
    assert seat.do(finding) == [], "the same request reports nothing new"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"camera": "T-3"}, "not_in_view"), ({"grade": "purple"}, "unknown_grade"), ({"text": "x" * 401}, "bad_note"),
        ({"view": 7}, "unknown_view"), ({"view": -1}, "unknown_view"), ({"patrol": "P9"}, "unknown_patrol"),
        ({"file": "../etc/passwd", "sha256": "0" * 64}, "bad_file"), ({"file": "stills/a.jpg", "sha256": "short"}, "bad_file"),
    ],
)  # fmt: skip
def test_a_finding_that_cannot_be_is_refused(seat: Seat, change: dict[str, Any], code: str) -> None:
    seat.start()
    seat.stand(0, 2)
    fields = {"patrol": "P000001", "view": 0, "camera": "T-2", "text": "", "request": "f", "dwell_s": 1.0, "unseen": [], **change}

    assert refused(seat, cmd.ReportFinding(**fields)) == code
    assert seat.state.incidents == {}


def test_a_seat_walks_one_patrol_at_a_time_and_a_request_starts_one(seat: Seat) -> None:
    seat.start()

    assert seat.do(cmd.StartPatrol("points", "n", "01", "r1", VIEWS, [])) == []
    assert refused(seat, cmd.StartPatrol("points", "n", "01", "r2", VIEWS, [])) == "patrol_open"
    assert seat.do(cmd.StartPatrol("points", "n", "02", "r3", VIEWS, [])) == ["PatrolStarted"]


@pytest.mark.parametrize(
    "views",
    [
        [], [{}], [{"title": 3, "cameras": ["a"], "least_s": 1}], [{"title": "t", "cameras": [], "least_s": 1}],
        [{"title": "t", "cameras": [1], "least_s": 1}], [{"title": "t", "cameras": ["a"], "least_s": True}],
        [{"title": "t", "cameras": ["a"], "least_s": float("inf")}], [{"title": "t", "cameras": ["a"], "least_s": 1}] * 501,
    ],
)  # fmt: skip
def test_a_patrol_of_nonsense_is_refused(seat: Seat, views: list[dict[str, Any]]) -> None:
    assert refused(seat, cmd.StartPatrol("p", "n", "01", "r", views, [])) == "bad_patrol"


def test_no_household_camera_goes_round(seat: Seat) -> None:
    assert refused(seat, cmd.StartTour("p", "01", "n", ["H-1", "T-1"], ["H-1"])) == "household_in_tour"
    assert refused(seat, cmd.StartPatrol("p", "n", "01", "r", VIEWS, [], ["H-1"])) == "household_in_tour"
    assert refused(Seat(("commander",)), cmd.SaveTour("p", 'name="t"', "n", ["H-1"])) == "household_in_tour"
    assert refused(seat, cmd.StartTour("p", "01", "n", [])) == "tour_without_cameras"


def test_tours_are_edited_by_those_who_may(seat: Seat) -> None:
    text = 'name = "t"\n[[views]]\ntitle = "v"\nnetwork = "tianwang"\n'

    assert refused(seat, cmd.SaveTour("mine", text)) == "no_right"
    commander = Seat(("commander",))
    assert commander.do(cmd.SaveTour("mine", text)) == ["TourSaved"]
    assert commander.do(cmd.SaveTour("mine", text)) == [], "the same text again is no news"
    assert refused(commander, cmd.SaveTour("mine", "name = ")) == "bad_tour"
    assert refused(commander, cmd.SaveTour("mine", "")) == "bad_tour"
    assert commander.do(cmd.RemoveTour("mine")) == ["TourRemoved"]
    assert commander.state.tours == {}


def test_the_fold_of_the_entries_is_the_state(seat: Seat) -> None:
    seat.start()
    seat.stand(0, 6)
    seat.do(cmd.SeePatrolView("P000001", 0, 6.0, [{"camera": "T-2", "state": "none", "why": ""}]))
    again = State()
    for entry in seat.entries:
        apply(again, entry)

    assert state_hash(again) == state_hash(seat.state)


def test_a_command_from_outside_is_read_strictly() -> None:
    read = from_body("SeePatrolView", {"patrol": "P1", "view": 0, "dwell_s": 5, "unseen": []})

    assert read == cmd.SeePatrolView("P1", 0, 5, [])
