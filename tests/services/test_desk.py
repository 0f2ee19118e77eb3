"""The desk thread with a real journal: stored before shown, what follows an alarm, and what survives a restart."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from console.errors import Refused, Unavailable
from console.model import commands as cmd
from console.model.camera import Camera
from console.model.events import Entry
from console.model.state import State, apply, state_hash
from console.model.unit import Fix, Unit
from console.services.desk import Desk, Surroundings
from console.services.dispatch import load_playbooks
from console.store.journal import Journal
from console.store.roster import Roster
from tests.fakes import FakeClock

OWNER = ("owner",)
LON, LAT = 104.8, 30.4


def camera(name: str, network: str = "tianwang", consent: str = "", north_m: float = 50.0) -> Camera:
    return Camera(
        id=name, name=name, network=network, lon=LON, lat=LAT + north_m / 111_000, heading_deg=180.0, headings_deg=(180.0,),
        fov_deg=90.0, range_m=200.0, consent=consent,
    )  # fmt: skip


class Wire:
    name = "websocket"

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def connected(self, unit: str) -> bool:
        return True

    def send(self, unit: str, body: dict[str, Any]) -> bool:
        self.sent.append(body)
        return True


class House:
    """A desk on a folder; `heard` is what its listeners were given."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.clock, self.wire = FakeClock(), Wire()
        self.journal = Journal.open(folder / "journal.db", self.clock)
        self.heard: list[Entry] = []
        fix = Fix("P1", LON, LAT + 0.001, self.clock.now_ns(), self.clock.now_ns())
        held = Roster(
            {
                one.id: one
                for one in (camera("T-1"), camera("H-1", "huiyan", "incident"), camera("H-2", "huiyan", "incident", 900.0))
            },
            {"P1": Unit("P1", "Patrol 1", "patrol_car")},
            {},
            1,
        )
        around = Surroundings(held, None, load_playbooks(), lambda: {"P1": fix}, dict, 1000.0, 9, 300.0, 1800.0, "en")
        self.desk = Desk(self.journal, self.clock, around, on_entries=self.heard.extend, resend_s=5.0)
        self.desk.start([self.wire])
        self.ask(cmd.StartFolder(False, "test"), ("desk",))

    def ask(self, command: object, roles: tuple[str, ...] = OWNER) -> Any:
        return self.desk.ask(command, "li@01", roles).result(10)

    def report(self) -> str:
        answer = self.ask(cmd.ReportIncident("110", "A1", self.clock.now_ns(), "fight", grade="red", lon=LON, lat=LAT))
        return str(answer.result["incident"])

    def close(self) -> None:
        self.desk.stop()
        self.journal.close()


@pytest.fixture
def house(data_folder: Any) -> Iterator[House]:
    house = House(data_folder)
    yield house
    house.close()


def kinds(entries: list[Entry]) -> list[str]:
    return [entry.kind for entry in entries]


def test_an_alarm_is_followed_by_what_sees_it_and_who_is_near(house: House) -> None:
    incident = house.report()

    found = house.desk.state.incidents[incident]
    assert kinds(house.heard)[-3:] == ["IncidentReported", "CamerasLinked", "UnitsInRings"]
    assert found.cameras[0]["camera"] == "T-1"
    assert [unit["unit"] for unit in found.units] == ["P1"]


def test_the_one_key_orders_the_car_and_tells_what_is_missing(house: House) -> None:
    incident = house.report()

    result = house.ask(cmd.Dispatch(incident, "red", "R1")).result
    again = house.ask(cmd.Dispatch(incident, "red", "R1")).result

    assert [order["unit"] for order in result["orders"]] == ["P1"]
    assert result["shortfalls"]
    assert [order["order"] for order in again["orders"]] == [order["order"] for order in result["orders"]]
    house.desk.look(lambda state: None).result(10)
    assert [body["order"] for body in house.wire.sent] == [result["orders"][0]["order"]]


def test_what_a_client_claims_of_a_plan_or_a_consent_is_not_believed(house: House) -> None:
    incident = house.report()
    forged = [{"unit": "P9", "role": "x", "text": "go", "expires_s": 1.0}]

    result = house.ask(cmd.Dispatch(incident, "red", "R1", forged, [])).result
    with pytest.raises(Refused, match="household_needs_consent"):
        house.ask(cmd.OpenTile("01/1", "H-2", "01", incident, "look", False, "2099-01-01", 1.0))

    assert [order["unit"] for order in result["orders"]] == ["P1"]


def test_a_household_look_for_the_incident_is_on_record(house: House) -> None:
    incident = house.report()

    house.ask(cmd.OpenTile("01/1", "H-1", "01", incident))
    house.ask(cmd.CloseIncident(incident))

    assert kinds(house.heard)[-3:] == ["TileOpened", "TileClosed", "IncidentClosed"]


def test_nothing_of_a_household_is_kept_beyond_its_incident_whatever_a_client_claims(house: House) -> None:
    incident, digest = house.report(), "ab" * 32
    still = cmd.SaveStill("H-1", "stills/a.jpg", digest, incident)
    clip = cmd.SaveClip("H-1", "clips/a.mp4", digest, incident, 1, 2)
    for command in (still, clip):
        house.ask(command)
    far = cmd.SaveClip("H-2", "clips/b.mp4", digest, incident, 1, 2, household=False, consent="incident", distance_m=1.0)
    for forged in (far, dataclasses.replace(clip, incident=None), cmd.NoteRecording("H-1", True, household=False)):
        with pytest.raises(Refused, match="household_not_kept"):
            house.ask(forged, ("owner", "desk"))

    house.ask(cmd.CloseIncident(incident))
    with pytest.raises(Refused, match="household_not_kept"):
        house.ask(dataclasses.replace(clip, file="clips/c.mp4"))
    assert kinds(house.heard).count("ClipSaved") == kinds(house.heard).count("StillSaved") == 1


def test_an_unknown_camera_or_unit_is_refused(house: House) -> None:
    incident = house.report()

    with pytest.raises(Refused, match="unknown_camera"):
        house.ask(cmd.OpenTile("01/1", "nope", "01", incident))
    with pytest.raises(Refused, match="unknown_unit"):
        house.ask(cmd.IssueOrder(incident, "nope", "R1", "go"))


def test_listeners_fold_to_the_desks_own_state(house: House) -> None:
    house.ask(cmd.Dispatch(house.report(), "red", "R1"))
    house.desk.look(lambda state: None).result(10)

    mine = State()
    for entry in house.heard:
        apply(mine, entry)

    assert state_hash(mine) == house.desk.look(state_hash).result(10)


def test_a_failing_disk_refuses_loudly_changes_nothing_and_the_desk_goes_on(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """faults.md D60."""
    real = house.journal.append

    def full(items: Any) -> Any:
        raise Unavailable("the disk is full")

    house.journal.append = full  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        house.report()
    light = house.desk.store_light[0]
    house.journal.append = real  # type: ignore[method-assign]

    assert light == "down"
    assert house.desk.state.incidents == {}
    assert house.report() == "I000001"


def test_an_unsent_order_goes_out_after_a_restart(data_folder: Any) -> None:
    """faults.md D8."""
    first = House(data_folder)
    first.wire.connected = lambda unit: False  # type: ignore[method-assign]
    order = first.ask(cmd.Dispatch(first.report(), "red", "R1")).result["orders"][0]["order"]
    first.close()

    second = House(data_folder)
    second.desk.look(lambda state: None).result(10)
    second.close()

    assert [body["order"] for body in second.wire.sent] == [order]
