"""Tours: their text with the line of each mistake, their hours, and the route through the cameras there are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.errors import BadInput
from console.model.camera import Camera
from console.model.place import Place
from console.model.tour import Hours, Skipped, Tour, View, due_minute, route, said
from console.model.tour_text import due_of, hours_of, read, span_text, write

TEXT = """\
name = { zh_CN = "早间守点", en = "Points" }
layout = 4
dwell_s = 10
hours = ["Mon-Fri 07:00-09:30", "22:00-06:00"]
patrol = true
due = ["08:00"]

[[views]]
title = "校门"
cameras = ["T-1", "H-1", "T-9"]

[[views]]
title = "广场"
kind = ["square"]
network = "tianwang"
dwell_s = 20
"""
CAMERAS = {
    camera.id: camera
    for camera in (
        Camera("T-1", network="tianwang", url_main="a", lon=104.0, lat=30.0),
        Camera("T-2", network="tianwang", url_main="a", lon=104.0003, lat=30.0),
        Camera("T-3", network="tianwang", url_main="a", lon=104.01, lat=30.0),
        Camera("T-4", network="tianwang", url_main="a", notes={"kind": "square"}),
        Camera("T-5", network="tianwang", lon=104.0, lat=30.0),
        Camera("X-1", network="xueliang", url_main="a", lon=104.0, lat=30.0),
        Camera("H-1", network="huiyan", url_main="a", lon=104.0, lat=30.0, consent="2099-01-01"),
    )
}
PLACES = [Place("PL", "望汀广场", "square", 104.0, 30.0)]


def test_a_tour_is_read_whole() -> None:
    tour = read("points", TEXT)

    assert said(tour.name, "en") == "Points"
    assert tour.layout == 4
    assert tour.is_patrol
    assert tour.hours[0] == Hours(frozenset(range(5)), 420, 570)
    assert [view.title["zh_CN"] for view in tour.views] == ["校门", "广场"]


def test_the_route_takes_what_is_there_and_lists_what_is_not() -> None:
    found = route(read("points", TEXT), CAMERAS, PLACES)

    assert [step.cameras for step in found.steps] == [("T-1",), ("T-1", "T-2", "T-4")]
    assert [step.dwell_s for step in found.steps] == [10, 20]
    assert set(found.skipped) == {Skipped("H-1", "household", 0), Skipped("T-9", "unknown", 0)}


def test_a_household_camera_is_in_no_tour_however_it_is_named() -> None:
    tour = Tour(
        "t",
        {"en": "t"},
        (View({"en": "v"}, ("H-1",)), View({"en": "v"}, networks=("huiyan",)), View({"en": "v"}, kinds=("square",))),
    )

    found = route(tour, CAMERAS, PLACES)

    assert "H-1" not in found.cameras
    assert Skipped("H-1", "household", 0) in found.skipped
    with pytest.raises(BadInput, match="household"):
        read("t", 'name = "t"\n[[views]]\ntitle = "v"\nnetwork = "huiyan"\n')


def test_a_view_with_more_cameras_than_tiles_has_pages() -> None:
    cameras = {f"C{n:03d}": Camera(f"C{n:03d}", network="tianwang", url_main="a") for n in range(10)}

    found = route(Tour("t", {"en": "t"}, (View({"en": "v"}, networks=("tianwang",)),), layout=4), cameras)

    assert [(step.page, step.pages, len(step.cameras)) for step in found.steps] == [(0, 3, 4), (1, 3, 4), (2, 3, 2)]


def test_a_view_that_nothing_fits_is_listed() -> None:
    found = route(Tour("t", {"en": "t"}, (View({"en": "v"}, areas=("nowhere",)),)), CAMERAS)

    assert found.steps == ()
    assert found.skipped == (Skipped("", "empty", 0),)


def test_a_filter_over_a_whole_city_is_cut_and_says_so() -> None:
    cameras = {f"C{n:05d}": Camera(f"C{n:05d}", network="tianwang", url_main="a") for n in range(3000)}

    found = route(Tour("t", {"en": "t"}, (View({"en": "v"}, networks=("tianwang",)),), layout=16), cameras)

    assert len(found.cameras) == 2000
    assert {one.why for one in found.skipped} == {"too_many"}


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("", 1, "views"),
        ('name = "t"\n', 1, "views"),
        ("name = ", 1, "not TOML"),
        ("[[views]\n", 1, "not TOML"),
        (TEXT.replace("layout = 4", "layout = 5"), 2, "layout"),
        (TEXT.replace("layout = 4", "layout = true"), 2, "layout"),
        (TEXT.replace("dwell_s = 10", 'dwell_s = "10"'), 3, "dwell_s"),
        (TEXT.replace("dwell_s = 10", "dwell_s = nan"), 3, "dwell_s"),
        (TEXT.replace("dwell_s = 20", "dwell_s = 0.1"), 16, "dwell_s"),
        (TEXT.replace("patrol = true", "patrol = 1"), 5, "patrol"),
        (TEXT.replace("22:00-06:00", "25:00-06:00"), 4, "time of day"),
        (TEXT.replace("Mon-Fri", "Montag"), 4, "days"),
        (TEXT.replace("22:00-06:00", "22:00"), 4, "span"),
        (TEXT.replace('["08:00"]', '["soon"]'), 6, "time of day"),
        (TEXT.replace("cameras = [", "kameras = ["), 10, "no key"),
        (TEXT.replace('network = "tianwang"', 'network = "tw"'), 15, "network"),
        (TEXT.replace('title = "广场"', ""), 12, "title"),
        (TEXT.replace('title = "广场"', 'title = "   "'), 13, "title"),
        (TEXT.replace('cameras = ["T-1", "H-1", "T-9"]', ""), 8, "names cameras"),
        (TEXT.replace('["T-1", "H-1", "T-9"]', "[1]"), 10, "cameras"),
        (TEXT + "layout = 9\n", 17, "no key"),
        ('views = 3\nname = "t"', 1, "views"),
        ("a = " + "[" * 3000, 1, "not TOML"),
        ('name = "t"\n' + '[[views]]\ntitle = "v"\narea = "a"\n' * 201, 2, "more than 200"),
        ("#" * 300_000, 1, "longer than"),
    ],
)
def test_a_mistake_names_its_line(text: str, line: int, what: str) -> None:
    with pytest.raises(BadInput) as caught:
        read("t", text)

    assert what in caught.value.what
    assert caught.value.where == f"line {line}"


def test_what_is_written_reads_back_equal() -> None:
    tour = read("points", TEXT)

    assert read("points", write(tour)) == tour


_WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp", "Cf")), min_size=1, max_size=20)


@given(
    name=_WORDS,
    cameras=st.lists(_WORDS, min_size=1, max_size=4),
    kinds=st.lists(_WORDS, max_size=2),
    dwell_s=st.integers(2, 600),
    days=st.sets(st.integers(0, 6), min_size=1),
    minutes=st.tuples(st.integers(0, 1439), st.integers(0, 1439)).filter(lambda pair: pair[0] != pair[1]),
)
def test_any_tour_survives_its_text(
    name: str, cameras: list[str], kinds: list[str], dwell_s: int, days: set[int], minutes: tuple[int, int]
) -> None:
    view = View({"zh_CN": name, "en": "x"}, tuple(cameras), kinds=tuple(kinds), dwell_s=float(dwell_s))
    tour = Tour("t", {"zh_CN": name, "en": name}, (view, view), 9, float(dwell_s), (Hours(frozenset(days), *minutes),), True)

    assert read("t", write(tour)) == tour


@pytest.mark.parametrize(
    ("text", "weekday", "clock", "runs"),
    [
        ("07:00-11:00", 3, 420, True), ("07:00-11:00", 3, 660, False), ("Mon-Fri 07:00-11:00", 5, 480, False),
        ("22:00-06:00", 0, 23 * 60, True), ("22:00-06:00", 0, 359, True), ("22:00-06:00", 0, 360, False),
        ("Sat,Sun 22:00-06:00", 0, 60, True), ("Sat,Sun 22:00-06:00", 5, 60, False), ("Fri-Mon 00:00-24:00", 6, 1439, True),
    ],
)  # fmt: skip
def test_hours_run_when_they_say(text: str, weekday: int, clock: int, runs: bool) -> None:
    span = hours_of(text)

    assert span.holds(weekday, clock) is runs
    assert hours_of(span_text(span)) == span


def test_a_patrol_is_due_within_the_hour_after_its_time() -> None:
    tour = Tour("t", {}, (), is_patrol=True, due=(due_of("08:00"), due_of("Mon 08:30")))

    assert due_minute(tour, 0, 7 * 60 + 59) is None
    assert due_minute(tour, 0, 8 * 60) == 480
    assert due_minute(tour, 0, 8 * 60 + 31) == 510
    assert due_minute(tour, 1, 8 * 60 + 31) == 480
    assert due_minute(tour, 1, 9 * 60 + 1) is None
