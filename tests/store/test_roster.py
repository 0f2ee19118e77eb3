"""Imports: what is taken, what is quarantined and why, versions, and nothing half-written."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from console.errors import BadInput, Unavailable
from console.model import datum, geo
from console.store import citymap, credentials, roster
from console.store.rows import CAMERA_COLUMNS
from tests.store.osm_text import town

HEAD = ",".join((*CAMERA_COLUMNS, "remark\n"))


def cameras(folder: Path, text: str, encoding: str = "utf-8", given_datum: str = "wgs84") -> roster.ImportResult:
    file = folder / "cameras.csv"
    file.write_bytes(text.encode(encoding))
    return roster.import_cameras(folder / "data", file, given_datum)


def one_camera(tmp_path: Path, **cells: str) -> roster.Roster:
    values = {"id": "C1", "lon": "104.1", "lat": "30.6"} | cells
    result = cameras(tmp_path, ",".join(values) + "\n" + ",".join(f'"{value}"' for value in values.values()) + "\n")
    assert result.quarantined == []
    return roster.load(tmp_path / "data")


def test_a_full_row_comes_back_as_it_was(tmp_path: Path) -> None:
    cameras(
        tmp_path,
        HEAD + "C1,东门,天网,rtsp://a:b@h/1,clips/x.mp4,104.1,30.6,,45;225,60,80,6.5,是,公安,城东,D-1,,,换过镜头\n",
        "gb18030",
    )
    found = roster.load(tmp_path / "data").cameras["C1"]
    assert (found.name, found.network, found.url_main) == ("东门", "tianwang", "rtsp://a@h/1")
    assert found.url_sub == str(tmp_path.resolve() / "clips/x.mp4")
    assert (found.lon, found.lat, found.headings_deg, found.heading_deg) == (104.1, 30.6, (45.0, 225.0), 45.0)
    assert (found.fov_deg, found.range_m, found.height_m, found.ptz) == (60.0, 80.0, 6.5, True)
    assert (found.owner, found.area, found.pole, found.notes) == ("公安", "城东", "D-1", {"remark": "换过镜头"})
    assert credentials.with_password(tmp_path / "data", "C1", found.url_main) == "rtsp://a:b@h/1"


def test_no_password_reaches_the_database(tmp_path: Path) -> None:
    cameras(tmp_path, "id,url_main,password,remark\nC1,rtsp://u:Geheim1@h/s,Geheim2,rtsp://u:Geheim3@h/s\n")
    assert b"Geheim" not in (tmp_path / "data" / "roster.db").read_bytes()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("../x,1,104.1,30.6", "id must not contain '/'"),
        ("a/+/#,1,104.1,30.6", "id must not contain '/'"),
        ("a\x07b,1,104.1,30.6", "control character U+0007"),
        (",1,104.1,30.6", "id is empty"),
        ("X" * 65 + ",1,104.1,30.6", "65 characters"),
        ("GOOD,1,104.1,30.6", "stands in line 2 already"),
        ("A,1,30.6,104.1", "swapped"),
        ("A,1,0,0", "0/0"),
        ("A,1,nan,30.6", "no number"),
        ("A,1,inf,30.6", "no number"),
        ("A,1,1e999,30.6", "not finite"),
        ("A,1,east,30.6", "no number"),
        ("A,1,104.1,", "lat is missing"),
        ("A,1,200,95", "not on the globe"),
    ],
)
def test_a_bad_row_is_quarantined_and_the_good_ones_are_taken(row: str, reason: str, tmp_path: Path) -> None:
    result = cameras(tmp_path, f"id,name,lon,lat\nGOOD,1,104.1,30.6\n{row}\nALSO,1,104.1,30.6\n")
    assert (result.added, [one["line"] for one in result.quarantined]) == (2, [3])
    assert reason in str(result.quarantined[0]["reason"])
    assert set(roster.load(tmp_path / "data").cameras) == {"GOOD", "ALSO"}


@pytest.mark.parametrize("name", ["utm", "wgs72", "火星"])
def test_an_unknown_datum_is_quarantined(name: str, tmp_path: Path) -> None:
    result = cameras(tmp_path, f"id,lon,lat,datum\nA,104.1,30.6,{name}\n")
    assert "unknown datum" in str(result.quarantined[0]["reason"])


def test_datums_are_converted_row_by_row(tmp_path: Path) -> None:
    cameras(tmp_path, "id,lon,lat,datum\nW,104.1,30.6,WGS-84\nG,104.1,30.6,\nB,104.1,30.6,bd09\n", given_datum="gcj02")
    found = roster.load(tmp_path / "data").cameras
    assert (found["W"].lon, found["W"].lat) == (104.1, 30.6)
    for name, exact in (("G", datum.wgs84_from_gcj02(104.1, 30.6)), ("B", datum.wgs84_from_bd09(104.1, 30.6))):
        assert geo.distance_m(found[name].lon or 0, found[name].lat or 0, *exact) < 1e-3


@pytest.mark.parametrize(
    ("text", "headings", "fov", "noted"),
    [("", (), 60.0, False), ("NW", (315.0,), 60.0, False), ("90-180", (135.0,), 90.0, False), ("路口", (), 60.0, True)],
)
def test_a_heading_is_parsed_or_flagged_and_the_text_kept(
    text: str, headings: tuple[float, ...], fov: float, noted: bool, tmp_path: Path
) -> None:
    found = one_camera(tmp_path, heading_deg=text, fov_deg="60").cameras["C1"]
    assert (found.headings_deg, found.fov_deg, found.heading_text) == (headings, fov, text)
    assert ("unread heading_deg" in found.notes) is noted


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", ""),
        ("incident", "incident"),
        ("2026/3/1", "2026-03-01"),
        ("2026年3月1日", "2026-03-01"),
        ("ja", ""),
        ("2026-02-30", ""),
    ],
)
def test_consent_is_never_guessed(text: str, kept: str, tmp_path: Path) -> None:
    assert one_camera(tmp_path, network="huiyan", consent=text).cameras["C1"].consent == kept


def test_unreadable_figures_and_words_are_noted_and_the_camera_counts(tmp_path: Path) -> None:
    found = one_camera(tmp_path, fov_deg="wide", range_m="-5", network="mars", ptz="maybe").cameras["C1"]
    assert (found.fov_deg, found.range_m, found.network, found.ptz) == (None, None, "other", False)
    assert set(found.notes) == {"unread fov_deg", "unread range_m", "unread network", "unread ptz"}


def test_a_20_digit_id_and_a_camera_without_position_are_fine(tmp_path: Path) -> None:
    assert cameras(tmp_path, "id,name\n51010700001310000001,x\n").added == 1
    found = roster.load(tmp_path / "data").cameras["51010700001310000001"]
    assert (found.lon, found.lat) == (None, None)


def test_versions_count_and_the_same_file_again_only_updates(tmp_path: Path) -> None:
    first = cameras(tmp_path, "id,name\nA,1\nB,1\n")
    second = cameras(tmp_path, "id,name\nB,2\nC,1\n")
    assert (first.added, first.updated, first.version) == (2, 0, 1)
    assert (second.added, second.updated, second.version) == (1, 1, 2)
    found = roster.load(tmp_path / "data")
    assert found.version == 2
    assert {name: one.name for name, one in found.cameras.items()} == {"A": "1", "B": "2", "C": "1"}


def test_units_and_places_come_back(tmp_path: Path) -> None:
    units, places = tmp_path / "u.csv", tmp_path / "p.csv"
    units.write_text("id,name,kind,duty,phone,terminal\nU1,巡-01,patrol_car,巡逻,6001,yes\nU2,x,rocket,,,\nU3,y,fire,asleep,,\n")
    places.write_text("id,name,kind,lon,lat,count\nD-0001,杆,pole,104.1,30.6,\nS-1,小学,school,104.1,30.6,800\n")
    result = roster.import_units(tmp_path, units)
    assert "unknown duty 'asleep'" in str(result.quarantined[0]["reason"])
    roster.import_places(tmp_path, places)
    found = roster.load(tmp_path)
    assert (found.units["U1"].kind, found.units["U1"].duty, found.units["U1"].phone) == ("patrol_car", "patrolling", "6001")
    assert (found.units["U2"].kind, found.units["U2"].duty, found.units["U2"].notes["unread kind"]) == (
        "other",
        "on_duty",
        "rocket",
    )
    assert (found.places["D-0001"].kind, found.places["S-1"].count) == ("pole", 800)


def test_far_outside_the_city_map_is_quarantined_and_a_little_outside_is_not(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (tmp_path / "t.osm").write_text(town())
    citymap.compile_map(tmp_path / "t.osm", data / "city.map")
    result = cameras(tmp_path, "id,lon,lat\nIN,104.0,30.0\nNEAR,104.3,30.0\nFAR,121.4,31.2\nSWAP,30.0,104.0\nSWAP2,30.0,14.0\n")
    assert result.added == 2
    reasons = [str(one["reason"]) for one in result.quarantined]
    assert "km outside the city map" in reasons[0]
    assert "swapped" in reasons[1]
    assert "outside the city map" in reasons[2]


def test_copied_coordinates_and_a_missing_header_are_told(tmp_path: Path) -> None:
    result = cameras(tmp_path, "id,lon,lat\n" + "".join(f"C{at},104.1,30.6\n" for at in range(10)))
    assert "10 rows share 1 positions" in result.warnings[0]
    file = tmp_path / "u.csv"
    file.write_text("U1,巡-01,patrol_car,LOCAL,6001,yes,patrolling,3,day\n")
    assert "no header line" in roster.import_units(tmp_path, file).warnings[0]


def test_no_good_row_writes_nothing(tmp_path: Path) -> None:
    result = cameras(tmp_path, "id,lon,lat\n../x,104.1,30.6\n")
    assert (result.added, result.version) == (0, 0)
    assert not (tmp_path / "data").exists()


def test_an_import_that_fails_half_way_leaves_the_roster_as_it_was(tmp_path: Path) -> None:
    cameras(tmp_path, "id,name\nA,1\n")
    with sqlite3.connect(tmp_path / "data" / "roster.db") as database:
        database.execute(
            "CREATE TRIGGER full BEFORE INSERT ON rows WHEN NEW.id = 'C' BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
    database.close()
    with pytest.raises((Unavailable, BadInput), match="disk full"):
        cameras(tmp_path, "id,name\nA,2\nB,1\nC,1\n")
    found = roster.load(tmp_path / "data")
    assert ({name: one.name for name, one in found.cameras.items()}, found.version) == ({"A": "1"}, 1)


def test_a_damaged_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "roster.db").write_bytes(b"SQLite format 3\x00" + os.urandom(4096))
    with pytest.raises(BadInput, match=r"roster\.db"):
        roster.load(tmp_path)


def test_an_empty_folder_has_an_empty_roster(tmp_path: Path) -> None:
    assert roster.load(tmp_path) == roster.Roster({}, {}, {}, 0)
