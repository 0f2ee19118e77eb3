"""Near: cameras and units round a point, as the contract prints them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from console.model import geo
from console.model.camera import Camera
from console.model.unit import Fix, Unit
from console.services.linkage import near, ring_of
from console.store.citymap import CityMap, compile_map, open_map
from console.store.roster import Roster
from tests.store.osm_text import LAT, LON, town

NOW = 1_790_000_000_000_000_000


def camera(name: str, east_m: float, north_m: float, **fields: object) -> Camera:
    lon, lat = geo.offset(LON, LAT, east_m, north_m)
    heading = geo.bearing_deg(lon, lat, LON, LAT)
    values = {
        "id": name,
        "network": "tianwang",
        "lon": lon,
        "lat": lat,
        "headings_deg": (heading,),
        "fov_deg": 60.0,
        "range_m": 200.0,
    }
    return Camera(**(values | fields))  # type: ignore[arg-type]


def fix(unit: str, east_m: float, north_m: float, age_s: float = 0.0) -> Fix:
    return Fix(unit, *geo.offset(LON, LAT, east_m, north_m), NOW - int(age_s * 1e9), NOW)


def roster(cameras: list[Camera], units: list[Unit]) -> Roster:
    return Roster({one.id: one for one in cameras}, {one.id: one for one in units}, {}, 1)


@pytest.fixture
def city(tmp_path: Path) -> CityMap:
    (tmp_path / "t.osm").write_text(town())
    compile_map(tmp_path / "t.osm", tmp_path / "city.map")
    return open_map(tmp_path / "city.map")


UNITS = [Unit("CAR", kind="patrol_car"), Unit("FOOT", kind="foot_patrol"), Unit("FAR", kind="fire"), Unit("SILENT")]
FIXES = {"CAR": fix("CAR", -280, 0, 7), "FOOT": fix("FOOT", 0, -90, 3), "FAR": fix("FAR", 20_000, 0), "GHOST": fix("GHOST", 1, 1)}


def test_units_come_by_ring_with_travel_time_and_age_and_the_silent_one_apart(city: CityMap) -> None:
    found = near(roster([], UNITS), city, FIXES, LON, LAT, now_ns=NOW)
    assert [(one.unit, one.ring_m, round(one.fix_age_s)) for one in found.units] == [
        ("FOOT", 100, 3),
        ("CAR", 300, 7),
        ("FAR", None, 0),
    ]
    foot, car, far = found.units
    assert foot.eta_s == pytest.approx(90 / 1.4, rel=0.3)
    assert car.eta_s == pytest.approx(280 / (45 / 3.6), rel=0.3)
    assert far.eta_s is None
    assert found.without_fix == ("SILENT",)


def test_without_a_map_there_is_no_travel_time_and_no_wall(city: CityMap) -> None:
    behind = camera("BEHIND", 60, 60)  # the building at 20-40, 20-40 stands between
    everything = roster([behind], UNITS)
    assert near(everything, city, {}, LON, LAT, now_ns=NOW).cameras[0].verdict == "blocked"
    without = near(everything, None, FIXES, LON, LAT, now_ns=NOW)
    assert without.cameras[0].verdict == "sees"
    assert all(one.eta_s is None for one in without.units)


def test_the_json_is_the_contracts(city: CityMap) -> None:
    house = camera("HOUSE", 0, -40, network="huiyan", consent="incident")
    cameras = [camera("C1", 0, -50), house, camera("DEAD", 0, -10), camera("LATER", 0, -20, headings_deg=())]
    found = near(roster(cameras, UNITS), city, FIXES, LON, LAT, now_ns=NOW, alive={"DEAD": False, "C1": True}).to_json()
    json.dumps(found)
    assert [(one["id"], one["verdict"]) for one in found["cameras"]] == [  # type: ignore[attr-defined]
        ("C1", "sees"),
        ("HOUSE", "needs_consent"),
        ("LATER", "unknown_heading"),
        ("DEAD", "not_alive"),
    ]
    assert found["cameras"][1]["reason"] == "opens only during an incident near by"  # type: ignore[index]
    assert set(found["cameras"][0]) >= {"id", "distance_m", "verdict", "reason"}  # type: ignore[index]
    assert set(found["units"][0]) == {"id", "distance_m", "ring_m", "eta_s", "fix_age_s"}  # type: ignore[index]
    assert isinstance(found["elapsed_ms"], float)


def test_an_open_incident_opens_the_consenting_household() -> None:
    house = camera("HOUSE", 0, -40, network="huiyan", consent="incident")
    found = near(roster([house], []), None, {}, LON, LAT, now_ns=NOW, incident_open=True)
    assert found.cameras[0].verdict == "sees"


def test_a_stale_fix_under_a_camera_is_said() -> None:
    onboard = Camera("CAM", network="vehicle", unit="CAR", headings_deg=(0.0,), range_m=500.0)
    found = near(roster([onboard], UNITS), None, {"CAR": fix("CAR", -50, 0, 600)}, LON, LAT, now_ns=NOW)
    assert "position 600 s old" in str(found.to_json()["cameras"][0]["reason"])  # type: ignore[index]


def test_nothing_anywhere_is_an_answer() -> None:
    found = near(Roster({}, {}, {}, 0), None, {}, LON, LAT, now_ns=NOW)
    assert (found.cameras, found.units, found.without_fix) == ((), (), ())


@pytest.mark.parametrize(("metres", "ring"), [(0, 100), (100, 100), (100.1, 300), (300, 300), (500, 500), (500.1, None)])
def test_rings_hold_their_edge(metres: float, ring: int | None) -> None:
    assert ring_of(metres) == ring
