"""Tours from files, one bad file beside good ones; a run's clock; and a desk that keeps patrols through its own end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from console.errors import Refused, Unavailable
from console.model import patrol_commands as cmd
from console.model.camera import Camera
from console.model.tour import Route, Step, Tour, View, route
from console.services import tours
from console.services.desk import Desk, Surroundings
from console.services.tour_run import TourRun
from console.store.journal import Journal
from console.store.roster import Roster
from tests.fakes import FakeClock

GOOD = 'name = "好"\n[[views]]\ntitle = "一"\ncameras = ["T-1", "T-2"]\n'
CAMERAS = {
    "T-1": Camera("T-1", "望汀路口", "tianwang", "a.mp4", lon=104.8, lat=30.4, area="云汀街道", pole="D-1"),
    "T-2": Camera("T-2", "东渡路口", "tianwang", "b.mp4"),
    "H-1": Camera("H-1", "花店", "huiyan", "c.mp4", consent="2099-01-01"),
}


# files ---------------------------------------------------------------------------------------------------------------


def test_the_shipped_tours_and_the_demos_are_whole(tmp_path: Path) -> None:
    found = tours.load(tours.sources(tmp_path, is_demo=True))

    assert found.problems == ()
    assert set(found.tours) == {"points", "lines", "areas", "night", "crossing"}
    assert [tour.id for tour in found.tours.values() if tour.is_patrol] == ["crossing"]
    assert "crossing" not in tours.load(tours.sources(tmp_path, is_demo=False)).tours


def test_every_shipped_tour_finds_cameras_in_the_demo(tmp_path: Path) -> None:
    from console.paths import resources
    from console.store import roster

    for kind, read in (("places", roster.import_places), ("cameras", roster.import_cameras)):
        read(tmp_path, resources("demo", f"{kind}.csv"))
    found = roster.load(tmp_path)

    for tour in tours.load(tours.sources(tmp_path, is_demo=True)).tours.values():
        made = route(tour, found.cameras, found.places.values())
        assert made.steps, tour.id
        assert not any(found.cameras[camera].is_household for camera in made.cameras)
        assert [one for one in made.skipped if one.why != "empty"] == []


@pytest.mark.parametrize(
    ("content", "where", "what"),
    [
        (b"", "line 1", "at least one"),
        (b"name = \n", "line 1", "not TOML"),
        ('name = "好"\n[[views]]\ntitle = "一"\n'.encode("gb18030"), "line 1", "not UTF-8"),
        (b'name = "a"\n\xff\xfe', "line 2", "not UTF-8"),
        (b"#" * 300_000, "line 1", "longer than"),
        (b'name = "a"\n[[views]]\ntitle = "b"\nnetwork = "huiyan"\n', "line 4", "household"),
        (b"\x00\x01\x02", "line 1", "not TOML"),
    ],
)
def test_a_bad_file_is_named_with_its_line_and_stops_no_other(tmp_path: Path, content: bytes, where: str, what: str) -> None:
    (tmp_path / "bad.toml").write_bytes(content)
    (tmp_path / "good.toml").write_text("\ufeff" + GOOD, encoding="utf-8")

    found = tours.load([(tmp_path, "own")])

    assert list(found.tours) == ["good"]
    assert [(one.file, one.where) for one in found.problems] == [("bad.toml", where)]
    assert what in found.problems[0].what


def test_a_centres_own_tour_replaces_a_shipped_one(tmp_path: Path) -> None:
    own = tours.own_folder(tmp_path)
    own.mkdir()
    (own / "points.toml").write_text(GOOD, encoding="utf-8")

    found = tours.load(tours.sources(tmp_path, is_demo=False))

    assert (found.tours["points"].origin, found.tours["lines"].origin) == ("own", "shipped")


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "tours").write_text("a file in the way")

    with pytest.raises(Unavailable):
        tours.keep(tmp_path / "tours", cmd.SaveTour("mine", GOOD))


# a run ---------------------------------------------------------------------------------------------------------------


def run(steps: int = 3, dwell_s: float = 10.0, by_hand: bool = False) -> tuple[TourRun, FakeClock]:
    clock = FakeClock()
    tour = Tour("t", {"en": "t"}, (View({"en": "v"}, ("T-1",)),))
    made = TourRun(tour, Route(tuple(Step(n, 0, 1, {"en": "v"}, (f"C{n}",), dwell_s) for n in range(steps))), clock, by_hand)
    made.place(0)
    return made, clock


def test_a_step_stands_its_time_and_the_next_is_opened_ahead() -> None:
    made, clock = run()
    assert not made.wants_next

    clock.advance(7)
    assert made.wants_next and not made.is_over()
    clock.advance(3)

    assert made.is_over()
    made.place(made.at + 1)
    assert (made.at, made.left_s, made.shown) == (1, 10.0, 2)


def test_a_pause_keeps_what_a_step_has_stood_whatever_the_wall_clock_does() -> None:
    made, clock = run()
    clock.advance(4)
    made.pause("operator")
    clock.advance(600)
    clock.step_wall_clock(-3600)
    assert (made.stood_s, made.why) == (4.0, "operator")

    made.go_on()
    clock.advance(5)

    assert made.left_s == pytest.approx(1.0)


def test_a_patrol_never_goes_on_by_itself() -> None:
    made, clock = run(by_hand=True)
    clock.advance(3600)

    assert not made.is_over()
    assert made.wants_next


def test_a_route_goes_round_both_ways_and_an_empty_one_cannot_run() -> None:
    made, _ = run()
    made.place(-1)
    assert made.at == 2
    made.place(made.at + 1)
    assert made.at == 0
    with pytest.raises(ValueError):
        TourRun(made.tour, Route(), FakeClock())


# the desk ------------------------------------------------------------------------------------------------------------


class House:
    """A desk over a real journal, which can be ended and begun again."""

    def __init__(self, root: Path) -> None:
        self.root, self.clock = root, FakeClock()
        self.open()

    def open(self) -> None:
        self.journal = Journal.open(self.root / "journal.db", self.clock)
        around = Surroundings(
            roster=Roster(CAMERAS, {}, {}, 1), city_map=None, playbooks={}, fixes=dict, alive=dict, radius_m=1000, limit=9,
            household_radius_m=300, order_expires_s=60, language="zh_CN", tours=self.root / "tours",
        )  # fmt: skip
        self.desk = Desk(self.journal, self.clock, around)
        self.desk.start()

    def close(self) -> None:
        self.desk.stop()
        self.journal.close()

    def do(self, command: Any, roles: tuple[str, ...] = ("commander",)) -> list[str]:
        return [entry.kind for entry in self.desk.ask(command, "zhao@01", roles).result(30).entries]


@pytest.fixture
def house(tmp_path: Path) -> Any:
    made = House(tmp_path)
    yield made
    made.close()


def start(house: House) -> None:
    views = [{"title": title, "cameras": [camera], "least_s": 2.0} for title, camera in (("一", "T-1"), ("二", "T-2"))]
    assert house.do(cmd.StartPatrol("t", "夜巡", "01", "r", views, [])) == ["PatrolStarted"]


def test_the_desk_refuses_household_cameras_whatever_a_client_claims(house: House) -> None:
    for command in (
        cmd.StartTour("t", "01", "n", ["T-1", "H-1"], household=[]),
        cmd.StartPatrol("t", "n", "01", "r", [{"title": "v", "cameras": ["H-1"], "least_s": 1.0}], []),
        cmd.SaveTour("mine", GOOD.replace("T-2", "H-1")),
    ):
        with pytest.raises(Refused, match="household_in_tour"):
            house.do(command)
    assert not (house.root / "tours").exists()


def test_a_saved_tour_is_a_file_and_a_fact_and_can_be_taken_away(house: House) -> None:
    assert house.do(cmd.SaveTour("mine", GOOD)) == ["TourSaved"]
    assert tours.load(tours.sources(house.root, False)).tours["mine"].origin == "own"
    assert house.do(cmd.RemoveTour("mine")) == ["TourRemoved"]
    assert "mine" not in tours.load(tours.sources(house.root, False)).tours


@pytest.mark.parametrize("roles", [("watcher",), ("auditor",), ("source",), ()])
def test_a_tour_is_not_written_without_the_right(house: House, roles: tuple[str, ...]) -> None:
    with pytest.raises(Refused, match="no_right"):
        house.do(cmd.SaveTour("mine", GOOD), roles)
    assert not (house.root / "tours").exists()


@pytest.mark.parametrize("tour", ["../up", "a/b", "", ".", "x" * 65])
def test_a_tours_id_names_no_other_file(house: House, tour: str) -> None:
    with pytest.raises(Refused, match="bad_tour"):
        house.do(cmd.SaveTour(tour, GOOD))


def test_a_patrol_goes_on_after_the_desk_has_ended_in_the_middle(house: House) -> None:
    start(house)
    house.do(cmd.ShowPatrolView("P000001", 0))
    house.clock.advance(3)
    house.do(cmd.SeePatrolView("P000001", 0, 3.0, []))
    house.close()

    house.open()
    patrol = house.desk.state.patrols["P000001"]
    assert (patrol.is_open, patrol.missed) == (True, [1])
    house.do(cmd.ShowPatrolView("P000001", 1))
    house.clock.advance(3)
    house.do(cmd.SeePatrolView("P000001", 1, 2.5, []))

    assert house.do(cmd.EndPatrol("P000001")) == ["PatrolEnded"]
    assert house.desk.state.patrols["P000001"].why == "done"


def test_a_finding_takes_its_place_from_the_roster_not_from_the_client(house: House) -> None:
    start(house)
    house.do(cmd.ShowPatrolView("P000001", 0))

    kinds = house.do(cmd.ReportFinding("P000001", 0, "T-1", "", "f", 0.5, [], lon=0.0, lat=0.0, title="lies"))

    assert kinds[:2] == ["IncidentReported", "PatrolFinding"]
    incident = house.desk.state.incidents["I000001"]
    assert (incident.lon, incident.lat, incident.pole) == (104.8, 30.4, "D-1")
    assert "望汀路口" in incident.title
