"""The committed demo: made by the generator as it stands, in the contract's formats, and every camera has its clip."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import av
import pytest

from console.model import geo, sight
from console.model.ids import checked_id
from console.paths import resources
from console.store import citymap
from console.store import roster as roster_store

DEMO = resources("demo")
GENERATOR = Path(__file__).parents[2] / "packaging" / "demo"
CENTRE = (104.8263, 30.4187)


def _rows(name: str) -> list[dict[str, str]]:
    with (DEMO / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    target = tmp_path_factory.mktemp("demo") / "city.map"
    return citymap.compile_map(DEMO / "town.osm", target), citymap.open_map(target)


@pytest.fixture(scope="module")
def roster(tmp_path_factory):
    folder = tmp_path_factory.mktemp("roster")
    refused = []
    for name, importer in (
        ("places", roster_store.import_places),
        ("units", roster_store.import_units),
        ("cameras", roster_store.import_cameras),
    ):
        refused += importer(folder, DEMO / f"{name}.csv").quarantined
    return roster_store.load(folder), refused


def test_the_generator_makes_the_committed_map_rosters_and_incidents_again(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(GENERATOR))
    import build
    import town

    made = town.build()
    build.write_map(made, tmp_path / "town.osm")
    build.write_rosters(made, tmp_path)

    for name in ("town.osm", "cameras.csv", "units.csv", "places.csv", "incidents.json"):
        assert (tmp_path / name).read_bytes() == (DEMO / name).read_bytes(), name
    for module in ("build", "town", "furnish", "people"):
        sys.modules.pop(module, None)


def test_no_row_is_quarantined_and_every_id_is_legal(roster):
    found, refused = roster

    assert refused == []
    for ident in (*found.cameras, *found.units, *found.places):
        assert checked_id(ident) == ident


def test_the_district_has_what_the_issue_names(roster):
    found, _ = roster

    networks = {camera.network for camera in found.cameras.values()}
    assert {"tianwang", "xueliang", "huiyan"} <= networks
    assert len(found.cameras) >= 55
    assert len({unit.kind for unit in found.units.values()}) >= 8
    assert len(found.units) >= 25
    assert sum(place.kind == "pole" for place in found.places.values()) >= 190
    assert {"school", "kiosk", "hospital", "station", "mall", "site", "alarm_post"} <= {p.kind for p in found.places.values()}
    assert {"", "incident"} <= {camera.consent for camera in found.cameras.values() if camera.is_household}


def test_pole_one_stands_in_the_middle(roster):
    pole = roster[0].places["D-0001"]

    assert geo.distance_m(pole.lon, pole.lat, *CENTRE) < 1


def test_the_map_compiles_with_names_in_both_languages_and_a_river_between(city):
    result, opened = city

    assert result["roads_km"] > 10
    assert result["buildings"] > 500
    streets = [int(name) for name in opened.roads.name if name >= 0]
    assert all(opened.text(name, "en").isascii() for name in streets)
    north, south = (geo.offset(*CENTRE, 40, 244), geo.offset(*CENTRE, 40, 157))
    assert geo.distance_m(*north, *south) < 100


def test_ten_cameras_see_the_first_red_incident(city, roster):
    red = next(one for one in _incidents() if one["body"]["grade"] == "red")
    lon, lat = red["body"]["lon"], red["body"]["lat"]
    cameras = sight.columns(list(roster[0].cameras.values()))

    def blocked(lons, lats, heights_m):
        return city[1].blocked(lons, lats, lon, lat, heights_m)

    situation = sight.Situation(0, incident_open=True)
    seen = sight.rank(cameras, lon, lat, situation=situation, limit=60, radius_m=300.0, blocked=blocked)

    assert red["after_s"] <= 5
    assert geo.distance_m(lon, lat, *CENTRE) < 50
    assert sum(one.verdict == "sees" for one in seen) >= 9
    assert {"ptz_can_turn", "facing_away", "needs_consent"} <= {one.verdict for one in seen}


def _incidents() -> list[dict]:
    return json.loads((DEMO / "incidents.json").read_text("utf-8"))


def test_incidents_come_from_many_sources_in_both_languages():
    found = _incidents()

    assert len(found) == 24
    sources = {one["body"]["source"] for one in found}
    assert {"110", "96966", "6995", "alarm_post", "grid", "mall", "patrol", "manual", "checkpoint"} <= sources
    assert {one["body"]["grade"] for one in found} == {"red", "orange", "blue", "green", None}
    assert len({one["body"]["source_id"] for one in found}) == 24
    assert any(one["body"]["lon"] is None and one["body"]["pole"] for one in found)
    assert any(one["body"]["lon"] is None and not one["body"]["pole"] for one in found)
    for one in found:
        assert one["zh_CN"]["title"]
        assert one["en"]["title"].isascii()


def test_every_camera_has_its_clip_and_all_fit_in_ten_megabytes():
    clips = {file.stem: file.stat().st_size for file in (DEMO / "clips").glob("*.mp4")}

    assert set(clips) == {row["id"] for row in _rows("cameras.csv")}
    assert sum(clips.values()) <= 10_000_000


@pytest.mark.parametrize("name", ["T-001", "H-001", "X-005"])
def test_a_clip_is_a_ten_second_loop_of_h264_without_b_frames(name):
    with av.open(str(DEMO / "clips" / f"{name}.mp4")) as clip:
        stream = clip.streams.video[0]
        packets = [packet for packet in clip.demux(stream) if packet.pts is not None]

        assert stream.codec_context.name == "h264"
        assert abs(float(packets[-1].pts * stream.time_base) + 0.08 - 10.0) < 0.1
        assert [packet.pts for packet in packets] == sorted(packet.pts for packet in packets)
        assert all(packet.pts == packet.dts for packet in packets)
        assert sum(packet.is_keyframe for packet in packets) >= 5


def test_the_renderer_hides_what_stands_behind(monkeypatch):
    monkeypatch.syspath_prepend(str(GENERATOR))
    import raster

    canvas = raster.Canvas(raster.lens(0, 0, 2, 0, 0, 60, 64, 48))
    near = [(-1, 5, 0), (1, 5, 0), (1, 5, 4), (-1, 5, 4)]
    far = [(-9, 9, -9), (9, 9, -9), (9, 9, 9), (-9, 9, 9)]

    canvas.face(near, (200, 0, 0))
    canvas.face(far, (0, 0, 200))

    assert tuple(canvas.colour[24, 32]) == (200, 0, 0)
    assert tuple(canvas.colour[24, 2]) == (0, 0, 200)
    sys.modules.pop("raster", None)
