"""What a camera can see: each verdict, their order, the consent rule, cameras on units."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.model import geo, sight
from console.model.camera import Camera
from console.model.sight import Ridden, Sighting, Situation

LON, LAT = 104.0, 30.0
NOW = 1_790_000_000_000_000_000  # 2026-09-21
CALM = Situation(NOW)
INCIDENT = Situation(NOW, incident_open=True)


def camera(name: str = "C", east_m: float = 0.0, north_m: float = -50.0, heading: float | None = 0.0, **fields: object) -> Camera:
    """A camera 50 m south of the point, looking north at it, unless told otherwise."""
    lon, lat = geo.offset(LON, LAT, east_m, north_m)
    headings = () if heading is None else (heading,)
    values = {
        "id": name,
        "network": "tianwang",
        "lon": lon,
        "lat": lat,
        "headings_deg": headings,
        "fov_deg": 60.0,
        "range_m": 100.0,
    }
    return Camera(**(values | fields))  # type: ignore[arg-type]


def rank(*cameras: Camera, situation: Situation = CALM, **options: object) -> tuple[Sighting, ...]:
    settings = {"situation": situation, "limit": 99, "radius_m": 1000.0} | options
    return sight.rank(sight.columns(cameras), LON, LAT, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "verdict", "reason"),
    [
        (camera(), "sees", "sees"),
        (camera(heading=29.0), "sees", "sees"),
        (camera(fov_deg=None), "sees", "sees_assumed"),
        (camera(heading=None, fov_deg=360.0), "sees", "sees_all_round"),
        (camera(heading=31.0), "facing_away", "facing_away"),
        (camera(heading=180.0), "facing_away", "facing_away"),
        (camera(headings_deg=(180.0, 10.0)), "sees", "sees"),
        (camera(heading=180.0, ptz=True), "ptz_can_turn", "ptz_by"),
        (camera(heading=None, ptz=True), "ptz_can_turn", "ptz_unknown"),
        (camera(heading=0.0, ptz=True), "sees", "sees"),
        (camera(heading=None), "unknown_heading", "unknown_heading"),
        (camera(range_m=40.0), "out_of_range", "out_of_range"),
        (camera(range_m=None), "sees", "sees"),
        (camera(north_m=-151.0, range_m=None), "out_of_range", "out_of_range"),
        (camera(north_m=-250.0, range_m=None, ptz=True), "sees", "sees"),
        (camera(heading=None, range_m=40.0, ptz=True), "out_of_range", "out_of_range"),
    ],
)
def test_one_camera_gets_the_verdict(one: Camera, verdict: str, reason: str) -> None:
    (found,) = rank(one)
    assert (found.verdict, found.reason) == (verdict, reason)


def test_a_heading_is_taken_across_north() -> None:
    assert rank(camera(heading=350.0))[0].verdict == "sees"


def test_a_building_between_blocks_only_who_would_see() -> None:
    asked: list[int] = []

    def wall(lons: geo.Array, lats: geo.Array, heights: geo.Array) -> np.ndarray:
        asked.append(len(lons))
        return np.ones(len(lons), bool)

    found = rank(camera("A"), camera("B", heading=180.0), camera("C", range_m=10.0), camera("D", heading=None), blocked=wall)
    assert {one.camera: one.verdict for one in found} == {"A": "blocked", "B": "facing_away", "C": "out_of_range", "D": "blocked"}
    assert asked == [2]


def test_a_dead_camera_ranks_last_and_an_unknown_one_is_not_dead() -> None:
    found = rank(camera("A", north_m=-10), camera("B"), alive={"A": False, "NOBODY": False})
    assert [(one.camera, one.verdict) for one in found] == [("B", "sees"), ("A", "not_alive")]


def test_a_farther_camera_that_sees_beats_a_near_one_facing_away() -> None:
    assert [one.camera for one in rank(camera("NEAR", north_m=-10, heading=180.0), camera("FAR", north_m=-80))] == ["FAR", "NEAR"]


def test_equal_verdicts_rank_by_distance_and_the_limit_and_radius_hold() -> None:
    cameras = [camera(f"C{metres}", north_m=-metres, range_m=2000.0) for metres in (900, 1001, 30, 300)]
    assert [one.camera for one in rank(*cameras)] == ["C30", "C300", "C900"]
    assert [one.camera for one in rank(*cameras, limit=2)] == ["C30", "C300"]
    assert rank(*cameras, limit=0) == ()


HOUSE = {"network": "huiyan"}


@pytest.mark.parametrize(
    ("one", "situation", "verdict", "reason"),
    [
        (camera(**HOUSE), INCIDENT, "needs_consent", "no_consent"),
        (camera(**HOUSE, consent="nonsense"), INCIDENT, "needs_consent", "no_consent"),
        (camera(**HOUSE, consent="incident"), CALM, "needs_consent", "no_incident"),
        (camera(**HOUSE, consent="incident"), INCIDENT, "sees", "sees"),
        (camera(**HOUSE, consent="incident", north_m=-301, range_m=500.0), INCIDENT, "needs_consent", "beyond_household_radius"),
        (camera(**HOUSE, consent="incident"), Situation(NOW, True, 40.0), "needs_consent", "beyond_household_radius"),
        (camera(**HOUSE, consent="2026-09-21"), CALM, "sees", "sees"),
        (camera(**HOUSE, consent="2026-09-20"), CALM, "needs_consent", "consent_over"),
        (camera(**HOUSE, consent="2026-09-20"), INCIDENT, "needs_consent", "consent_over"),
        (camera(**HOUSE, consent="incident", heading=180.0), CALM, "needs_consent", "no_incident"),
        (camera(**HOUSE, consent="incident", heading=180.0), INCIDENT, "facing_away", "facing_away"),
        (camera(consent="incident"), CALM, "sees", "sees"),
    ],
)
def test_the_household_rule(one: Camera, situation: Situation, verdict: str, reason: str) -> None:
    (found,) = rank(one, situation=situation)
    assert (found.verdict, found.reason) == (verdict, reason)


def test_a_household_camera_that_could_not_see_the_incident_anyway_takes_nobodys_place() -> None:
    away = camera("AWAY", **HOUSE, consent="", heading=180.0)
    far = camera("FAR", **HOUSE, consent="incident", north_m=-400)
    assert [one.camera for one in rank(away, far, camera("C"), situation=INCIDENT)] == ["C"]
    assert {one.camera for one in rank(away, far, camera("C"), situation=CALM)} == {"AWAY", "FAR", "C"}


def test_a_camera_on_a_unit_has_its_position_and_course() -> None:
    onboard = camera("CAR", lon=None, lat=None, heading=90.0, unit="U1")
    here = geo.offset(LON, LAT, 0.0, -30.0)
    columns, under = sight.aboard(sight.columns([onboard]), {"U1": Ridden(*here, heading_deg=270.0, age_s=4.0)})
    (found,) = sight.rank(columns, LON, LAT, situation=CALM, limit=9, radius_m=1000.0, under=under)
    assert (found.verdict, round(found.distance_m), found.fields["fix_age_s"]) == ("sees", 30, 4)


def test_on_a_unit_without_course_the_heading_is_unknown_and_without_fix_the_camera_is_nowhere() -> None:
    cameras = sight.columns([camera("CAR", heading=0.0, unit="U1"), camera("LOST", unit="U2")])
    columns, under = sight.aboard(cameras, {"U1": Ridden(LON, LAT - 0.0003, None, 1.0)})
    found = sight.rank(columns, LON, LAT, situation=CALM, limit=9, radius_m=1000.0, under=under)
    assert [(one.camera, one.verdict) for one in found] == [("CAR", "unknown_heading")]


def test_nobody_in_range_is_an_empty_answer() -> None:
    assert rank() == ()
    assert rank(camera(lon=None, lat=None)) == ()


cameras_somewhere = st.builds(
    camera,
    st.just("C"),
    st.floats(-400, 400),
    st.floats(-400, 400),
    st.none() | st.floats(0, 359),
    network=st.sampled_from(["tianwang", "huiyan"]),
    consent=st.sampled_from(["", "incident", "2026-01-01", "2030-01-01"]),
    ptz=st.booleans(),
    fov_deg=st.none() | st.floats(10, 360),
    range_m=st.none() | st.floats(10, 500),
)


@given(st.lists(cameras_somewhere, max_size=12), st.booleans())
def test_every_answer_is_ordered_and_no_household_is_offered_without_consent(cameras: list[Camera], is_open: bool) -> None:
    named = [
        Camera(**{name: getattr(one, name) for name in Camera.__slots__} | {"id": f"C{at}"}) for at, one in enumerate(cameras)
    ]
    found = rank(*named, situation=Situation(NOW, is_open))
    keys = [(sight.VERDICTS.index(one.verdict), one.distance_m) for one in found]
    assert keys == sorted(keys)
    by_id = {one.id: one for one in named}
    for one in found:
        asked = by_id[one.camera]
        if asked.is_household and asked.consent != "2030-01-01" and one.verdict not in ("needs_consent", "not_alive"):
            assert asked.consent == "incident"
            assert is_open
            assert one.distance_m <= 300
