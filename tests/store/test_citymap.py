"""The city map: what is compiled, travel times, line of sight, and files that are no map."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from console.errors import BadInput, Unavailable
from console.model import geo
from console.model.citymap import LABEL_KINDS, ROAD_KINDS
from console.store.citymap import CityMap, compile_map, open_map
from tests.store.osm_text import LAT, LON, Town, town


def at(*points: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """lon and lat of points given in metres east and north of the crossing."""
    pairs = np.array([geo.offset(LON, LAT, *point) for point in points])
    return pairs[:, 0], pairs[:, 1]


def compiled(folder: Path, text: str) -> CityMap:
    (folder / "t.osm").write_text(text)
    compile_map(folder / "t.osm", folder / "city.map")
    return open_map(folder / "city.map")


@pytest.fixture
def city(tmp_path: Path) -> CityMap:
    return compiled(tmp_path, town())


def test_the_summary_counts_what_the_contract_names(tmp_path: Path) -> None:
    (tmp_path / "t.osm").write_text(town())
    result = compile_map(tmp_path / "t.osm", tmp_path / "city.map")
    assert result["roads_km"] == pytest.approx(1.8, rel=0.002)
    assert (result["buildings"], result["junctions"], result["names"]) == (2, 1, 9)
    assert set(result) == {"roads_km", "buildings", "junctions", "names", "elapsed_s"}


def test_every_layer_arrives_with_its_names(city: CityMap) -> None:
    assert [ROAD_KINDS[kind] for kind in city.roads.kind] == ["primary", "residential", "residential", "footway"]
    assert [city.text(name) for name in city.roads.name] == ["天府路", "东门街", "单行巷", ""]
    assert city.text(city.roads.name[0], "en") == "Tianfu Road"
    assert city.text(city.roads.name[1], "en") == "东门街"
    assert list(city.roads.oneway) == [False, False, True, False]
    assert (len(city.water), len(city.green), len(city.rails), len(city.waterways), len(city.buildings)) == (1, 1, 1, 1, 2)
    assert list(city.buildings.height_m) == [12.0, 9.0]
    labels = {city.text(name): LABEL_KINDS[kind] for name, kind in zip(city.labels.name, city.labels.kind, strict=True)}
    assert labels == {"云汀": "suburb", "书棠中学": "school", "棠梨公园": "park"}
    assert list(city.labels.rank) == sorted(city.labels.rank)


def test_arrays_are_read_only(city: CityMap) -> None:
    with pytest.raises(ValueError, match="read-only"):
        city.roads.xy[0, 0] = 0.0


def test_a_building_between_blocks_and_the_open_street_does_not(city: CityMap) -> None:
    target = geo.offset(LON, LAT, 60.0, 30.0)  # just east of the building at 20-40, 20-40
    lons, lats = at((0, 30), (60, 90), (120, 30), (0, 40))
    assert list(city.blocked(lons, lats, *target)) == [True, False, False, True]


def test_a_camera_on_the_wall_and_an_incident_in_the_building_are_not_blocked_by_it(city: CityMap) -> None:
    lons, lats = at((39, 30), (41, 30), (21, 30))
    assert list(city.blocked(lons, lats, *geo.offset(LON, LAT, 90.0, 30.0))) == [False, False, False]
    lons, lats = at((0, 30), (90, 30))
    assert list(city.blocked(lons, lats, *geo.offset(LON, LAT, 30.0, 30.0))) == [False, False]


def test_a_camera_above_the_roof_sees_over_it(city: CityMap) -> None:
    target = geo.offset(LON, LAT, 90.0, 30.0)
    lons, lats = at((0, 30), (0, 30), (0, 30))
    assert list(city.blocked(lons, lats, *target, np.array([60.0, 14.0, np.nan]))) == [False, True, True]


def test_driving_keeps_to_speeds_and_one_way_streets_and_walking_does_not(city: CityMap) -> None:
    target = geo.offset(LON, LAT, 300.0, 300.0)
    lons, lats = at((0, 300), (300, 0), (300, 0))
    driven, against, walked = city.eta_s(*target, lons, lats, np.array([False, False, True]))
    assert driven == pytest.approx(300 / (25 / 3.6), rel=0.02)
    assert against == pytest.approx(300 / (45 / 3.6) + 600 / (25 / 3.6), rel=0.02)
    assert walked == pytest.approx(300 / 1.4, rel=0.02)


def test_far_from_every_road_there_is_no_time(city: CityMap) -> None:
    lons, lats = at((0, 0), (5000, 5000))
    walking = np.zeros(2, bool)
    assert np.isfinite(city.eta_s(LON, LAT, lons, lats, walking)).tolist() == [True, False]
    assert not np.isfinite(city.eta_s(*geo.offset(LON, LAT, 5000, 0), lons, lats, walking)).any()


def test_the_other_bank_is_near_by_air_and_out_of_reach_by_road(tmp_path: Path) -> None:
    made = Town()
    for side in (0, 100):
        for row in range(4):
            made.way([(x, side * 4 + row * 100) for x in range(0, 800, 100)], highway="residential")
        for column in range(0, 800, 100):
            made.way([(column, side * 4 + row * 100) for row in range(4)], highway="residential")
    city = compiled(tmp_path, made.text().replace("400.0", "400.0"))
    north = geo.offset(LON, LAT, 300.0, 700.0)
    lons, lats = at((300, 300), (300, 500))
    eta = city.eta_s(*north, lons, lats, np.zeros(2, bool))
    assert np.isfinite(eta).tolist() == [False, True]


def test_a_car_park_cut_off_from_the_streets_is_not_snapped_to(tmp_path: Path) -> None:
    made = Town()
    made.way([(-500, 0), (0, 0), (500, 0)], highway="residential")
    made.way([(0, 0), (0, 500)], highway="residential")
    made.way([(100, 60), (120, 60)], highway="service")
    city = compiled(tmp_path, made.text())
    lons, lats = at((110, 60))
    assert np.isfinite(city.eta_s(*geo.offset(LON, LAT, -400.0, 0.0), lons, lats, np.zeros(1, bool))).all()


def test_of_parallel_streets_the_shorter_counts(tmp_path: Path) -> None:
    made = Town()
    made.way([(0, 0), (0, 70), (100, 70), (100, 0)], highway="residential")
    made.way([(0, 0), (100, 0)], highway="residential")
    made.way([(100, 0), (400, 0)], highway="residential")
    city = compiled(tmp_path, made.text())
    lons, lats = at((0, 0))
    (eta,) = city.eta_s(*geo.offset(LON, LAT, 400.0, 0.0), lons, lats, np.zeros(1, bool))
    assert eta == pytest.approx(400 / (25 / 3.6), rel=0.02)


def test_one_way_streets_cut_at_the_stop_line_are_joined(tmp_path: Path) -> None:
    made = Town()
    made.way([(-300, 0), (-6, 0)], highway="residential", oneway="yes")
    made.way([(6, 0), (300, 0)], highway="residential", oneway="yes")
    city = compiled(tmp_path, made.text())
    lons, lats = at((-300, 0))
    (eta,) = city.eta_s(*geo.offset(LON, LAT, 300.0, 0.0), lons, lats, np.zeros(1, bool))
    assert eta == pytest.approx(600 / (25 / 3.6), rel=0.05)


def test_a_map_without_buildings_blocks_nothing_and_without_roads_times_nothing(tmp_path: Path) -> None:
    made = Town()
    made.box(0, 0, 10, 10, building="yes")
    city = compiled(tmp_path, made.text())
    lons, lats = at((0, 0))
    assert not np.isfinite(city.eta_s(LON, LAT, lons, lats, np.zeros(1, bool))).any()
    made = Town()
    made.way([(0, 0), (100, 0)], highway="residential")
    assert not compiled(tmp_path, made.text()).blocked(lons, lats, LON + 0.001, LAT).any()


@pytest.mark.parametrize(
    ("name", "raw", "what"),
    [
        ("t.osm", b"", "empty"),
        ("t.osm", town()[:-400].encode(), "not a whole"),
        ("t.osm", b"<html><body>404</body></html>", "not a whole"),
        ("t.osm", b"\xff\xfe\x00garbage", "not a whole"),
        ("t.osm", b'<?xml version="1.0"?><osm version="0.6"></osm>', "no road and no building"),
        ("t.osm.gz", gzip.compress(town().encode())[:-60], "not a whole"),
        ("t.osm.pbf", b"\x00\x00\x00\x0d\x0a\x09OSMHeader\x18\xff", "not a whole"),
        ("t.csv", b"id\n", "not named like"),
    ],
)
def test_what_is_no_extract_is_named_and_the_old_map_stays(name: str, raw: bytes, what: str, tmp_path: Path) -> None:
    compiled(tmp_path, town())
    before = (tmp_path / "city.map").read_bytes()
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(BadInput, match=what) as caught:
        compile_map(tmp_path / name, tmp_path / "city.map")
    assert name in str(caught.value)
    assert (tmp_path / "city.map").read_bytes() == before
    assert not list(tmp_path.glob("*.part"))


def test_a_missing_extract_and_a_missing_map_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        compile_map(tmp_path / "none.osm", tmp_path / "city.map")
    with pytest.raises(Unavailable, match="no city map"):
        open_map(tmp_path / "city.map")


@pytest.mark.parametrize("damage", ["cut", "noise", "other"])
def test_a_damaged_map_is_named(damage: str, tmp_path: Path) -> None:
    compiled(tmp_path, town())
    raw = (tmp_path / "city.map").read_bytes()
    bad = {"cut": raw[: len(raw) // 2], "noise": raw[:500] + bytes(300) + raw[800:], "other": b"not a map"}[damage]
    (tmp_path / "city.map").write_bytes(bad)
    with pytest.raises(BadInput, match=r"city\.map"):
        open_map(tmp_path / "city.map")


@pytest.mark.parametrize(
    ("name", "buildings", "least_km"), [("monaco.osm.gz", 966, 55), ("andorra.osm.pbf", 292, 500), ("chengdu_roads.osm", 0, 138)]
)
def test_real_extracts_compile(name: str, buildings: int, least_km: float, tmp_path: Path, shared_data: Path) -> None:
    result = compile_map(shared_data / "map" / name, tmp_path / "city 城.map")
    assert result["buildings"] == buildings
    assert least_km < float(str(result["roads_km"])) < least_km * 1.2
    city = open_map(tmp_path / "city 城.map")
    rng = np.random.default_rng(1)
    some = rng.integers(0, len(city.graph.lon), 50)
    lons, lats = city.graph.lon[some], city.graph.lat[some]
    eta = city.eta_s(float(lons[0]), float(lats[0]), lons, lats, np.zeros(50, bool))
    assert np.isfinite(eta).mean() > 0.9
