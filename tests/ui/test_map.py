"""The map shows what it is given, tells what was clicked, and never moves by itself."""

from __future__ import annotations

import gc
import math
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication

from console import words
from console.model.geo import offset
from console.store.citymap import Areas, Buildings, CityMap, Graph, Labels, Lines, Roads, compile_map, open_map
from console.ui import map_ground, theme
from console.ui.map import CameraMark, IncidentMark, MapView, SearchHit, UnitMark
from console.ui.map_chrome import scale_length
from console.ui.map_frame import Plane, View
from console.ui.map_layer import GroundLayer
from console.ui.map_paint import Room, path_of, pushed_off

LON, LAT = 104.06, 30.66
NOW = 1_790_000_000_000_000_000
SECOND = 1_000_000_000


def at(east_m: float, north_m: float) -> tuple[float, float]:
    return offset(LON, LAT, east_m, north_m)


def shapes(*pieces: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    xy = np.array([at(*vertex) for piece in pieces for vertex in piece]).reshape(-1, 2)
    return xy, np.cumsum([0, *map(len, pieces)]).astype(np.int32)


def town() -> CityMap:
    """A cross of two streets, a pond, a house, a school; 2 km across."""
    names = (np.array([0, 1], np.int32), np.array([-1], np.int32))
    roads = Roads(
        *shapes([(-900, 0), (0, 0), (900, 0)], [(0, -900), (0, 900)]),
        names[0],
        np.array([2, 3], np.uint8),
        np.array([False, False]),
    )
    none, alone = (*shapes(), np.zeros(0, np.int32)), np.zeros(1, np.int32)
    park = (
        [(-800, 400), (-500, 400), (-500, 700), (-800, 700), (-800, 400)],
        [(-700, 500), (-600, 500), (-600, 600), (-700, 600), (-700, 500)],
    )
    pond = [(200, 200), (400, 200), (400, 400), (200, 400), (200, 200)]
    house = [(-300, -300), (-200, -300), (-200, -200), (-300, -200), (-300, -300)]
    school = at(-400, 300)
    return CityMap(
        roads=roads,
        waterways=Lines(*none),
        rails=Lines(*none),
        water=Areas(*shapes(pond), names[1], alone),
        green=Areas(*shapes(*park), np.array([-1, -1], np.int32), np.array([0, 0], np.int32)),
        buildings=Buildings(*shapes(house), names[1], np.array([np.nan], np.float32)),
        labels=Labels(
            np.array([school[0]]),
            np.array([school[1]]),
            np.array([4], np.uint8),
            np.array([2], np.int32),
            np.array([3], np.uint8),
        ),
        names=("锦溪西路", "青石桥路", "示范小学"),
        names_en=("Jinxi Road West", "", "Model School"),
        bounds=(*at(-1000, -1000), *at(1000, 1000)),
        graph=Graph(np.zeros(0), np.zeros(0), None, None),
    )


@pytest.fixture
def view(qapp: QApplication, qtbot) -> MapView:
    words.choose("zh_CN")
    theme.apply(qapp, "dark")
    shown = MapView()
    qtbot.addWidget(shown)
    shown.resize(800, 600)
    shown.set_now(NOW)
    shown.show()
    return shown


@pytest.fixture
def placed(view: MapView) -> MapView:
    """The town at 0.5 px per metre with the origin in the middle, painted to the end."""
    view.set_city_map(town())
    view.center_on(LON, LAT, 0.5)
    view.finish_rendering()
    return view


def spot(view: MapView, east_m: float, north_m: float) -> QPoint:
    """Where a place is on a picture whose middle is the origin."""
    scale = view.view_state()[2]
    return QPoint(round(view.width() / 2 + east_m * scale), round(view.height() / 2 - north_m * scale))


def pixel(image: QImage, where: QPoint) -> str:
    return QColor(image.pixel(where)).name()


def colours(image: QImage, around: QPoint, reach: int) -> set[str]:
    span = range(-reach, reach + 1)
    return {pixel(image, around + QPoint(x, y)) for x in span for y in span}


def heard(signal) -> list[object]:
    got: list[object] = []
    signal.connect(got.append)
    return got


# The base map


def test_streets_water_and_houses_are_where_they_belong(placed: MapView) -> None:
    image = placed.grab().toImage()

    assert pixel(image, spot(placed, 500, 0)) == theme.color("map_road_major").name()
    assert pixel(image, spot(placed, 300, 300)) == theme.color("map_water").name()
    assert pixel(image, spot(placed, -250, -250)) == theme.color("map_building").name()
    assert pixel(image, spot(placed, 600, -300)) == theme.color("map_ground").name()
    assert pixel(image, spot(placed, -750, 550)) == theme.color("map_green").name()
    assert pixel(image, spot(placed, -650, 550)) == theme.color("map_ground").name()  # the hole in the park


def test_a_street_carries_its_name_and_a_place_its_own(placed: MapView) -> None:
    image = placed.grab().toImage()
    label = theme.color("map_label").name()

    assert any(label in colours(image, spot(placed, east, 0), 6) for east in range(-700, 700, 8))
    assert label in colours(image, spot(placed, -340, 300), 30)


def test_names_follow_the_language(view: MapView) -> None:
    pictures = []
    for language in words.LANGUAGES:
        words.choose(language)
        view.set_city_map(town())
        view.center_on(LON, LAT, 0.5)
        view.finish_rendering()
        pictures.append(view.grab().toImage())
    words.choose("zh_CN")

    assert pictures[0] != pictures[1]


def test_without_a_map_the_ground_is_grey_and_marks_are_right(view: MapView) -> None:
    view.set_incidents([IncidentMark("I1", "blue", *at(0, 0))])
    view.center_on(*at(0, 0), 1.0)

    image = view.grab().toImage()

    assert pixel(image, QPoint(20, 300)) == theme.color("map_ground").name()
    assert theme.color("blue").name() in colours(image, QPoint(400, 300), 14)
    assert view.mark_at(QPointF(400, 300)) == ("incident", "I1")


def test_a_light_room_paints_the_map_anew(placed: MapView, qapp: QApplication) -> None:
    theme.apply(qapp, "light")
    placed.finish_rendering()

    image = placed.grab().toImage()

    assert (
        pixel(image, spot(placed, 600, -300)) == theme.color("map_ground").name() == theme.THEMES["light"]["map_ground"].lower()
    )


def test_rendering_is_cut_into_slices_that_leave_the_window_alive(view: MapView) -> None:
    steps = map_ground.Ground(town()).roads

    assert map_ground.STEP_VERTICES <= 500  # 4 ms a step where streets are wide
    assert [len(batch) for batch in steps.batches(np.array([0, 1]))] == [2]


def test_the_real_extract_of_a_city_renders(view: MapView, shared_data: Path, tmp_path: Path) -> None:
    compile_map(shared_data / "map" / "chengdu_roads.osm", tmp_path / "city.map")
    view.set_city_map(open_map(tmp_path / "city.map"))
    view.fit()
    view.finish_rendering()

    image = view.grab().toImage()

    roads = theme.color("map_road_major").name(), theme.color("map_road").name()
    assert sum(pixel(image, QPoint(x, y)) in roads for x in range(0, 800, 4) for y in range(0, 600, 4)) > 300


def test_a_view_thrown_away_in_the_middle_of_a_rendering_takes_nothing_with_it(view: MapView) -> None:
    layer = GroundLayer(view)
    layer.set_ground(map_ground.Ground(town()))
    layer._wanted = (View(0, 0, 0.5, 800, 600), 1.0)
    layer._start()
    job = layer._job
    assert job is not None
    with job[1]:
        next(job[2])

    layer.stop()
    del job
    gc.collect()

    assert not layer.is_busy()


# Looking around


def test_nothing_moves_the_picture_by_itself(placed: MapView) -> None:
    before = placed.view_state()

    placed.set_incidents([IncidentMark("I1", "red", *at(5000, 5000))])
    placed.select_incident("I1")
    placed.set_units([UnitMark("u", "巡-07", "patrol_car", *at(3000, 0))])
    placed.move_units([("u", *at(4000, 0), NOW)])
    placed.set_linked([])
    placed.resize(700, 500)

    assert placed.view_state() == before


def test_one_key_brings_the_exact_former_view_back(placed: MapView, qtbot) -> None:
    before = placed.view_state()
    placed.set_incidents([IncidentMark("I1", "red", *at(700, 200))])

    placed.fit_incident("I1")
    placed.zoom(1.7)
    assert placed.view_state() != before
    qtbot.keyClick(placed, Qt.Key.Key_Backspace)

    assert placed.view_state() == before
    assert not placed.view_back() or placed.view_state() != before


def test_dragging_pans_and_is_not_a_click(placed: MapView, qtbot) -> None:
    clicks = heard(placed.place_clicked)

    qtbot.mousePress(placed, Qt.MouseButton.LeftButton, pos=QPoint(400, 300))
    qtbot.mouseMove(placed, QPoint(300, 300))
    qtbot.mouseRelease(placed, Qt.MouseButton.LeftButton, pos=QPoint(300, 300))

    lon, lat, _ = placed.view_state()
    assert (lon, lat) == pytest.approx(at(200, 0), abs=2e-6)
    assert clicks == []


def test_zooming_keeps_what_is_under_the_pointer(placed: MapView) -> None:
    under = placed._plane.lonlat(*placed._view.at(600, 150))

    placed.zoom(2.5, QPointF(600, 150))

    assert placed._plane.lonlat(*placed._view.at(600, 150)) == pytest.approx(under, abs=1e-9)


@pytest.mark.parametrize(
    ("key", "moved"), [(Qt.Key.Key_Left, (-180, 0)), (Qt.Key.Key_Up, (0, 180)), (Qt.Key.Key_Right, (180, 0))]
)
def test_arrow_keys_pan(placed: MapView, qtbot, key: Qt.Key, moved: tuple[float, float]) -> None:
    qtbot.keyClick(placed, key)

    assert placed.view_state()[:2] == pytest.approx(at(*moved), abs=2e-6)


def test_plus_and_minus_zoom_and_home_shows_the_whole_map(placed: MapView, qtbot) -> None:
    qtbot.keyClick(placed, Qt.Key.Key_Plus)
    assert placed.view_state()[2] == pytest.approx(0.625)
    qtbot.keyClick(placed, Qt.Key.Key_Minus)
    assert placed.view_state()[2] == pytest.approx(0.5)

    qtbot.keyClick(placed, Qt.Key.Key_Home)

    assert placed.view_state()[2] == pytest.approx(0.3, rel=0.02)


def test_a_remembered_view_comes_back(placed: MapView) -> None:
    placed.set_view_state((LON + 0.01, LAT - 0.01, 0.8))

    assert placed.view_state() == pytest.approx((LON + 0.01, LAT - 0.01, 0.8))


# Marks and clicks


def test_a_click_names_what_was_hit(placed: MapView, qtbot) -> None:
    placed.set_cameras([CameraMark("C1", "东", "tianwang", *at(300, -200))])
    placed.set_units([UnitMark("u7", "巡-07", "patrol_car", *at(-400, -100), "en_route", NOW)])
    placed.set_incidents([IncidentMark("I1", "red", *at(200, 100))])
    placed.grab()
    incidents, cameras, units, places = map(
        heard, (placed.incident_clicked, placed.camera_clicked, placed.unit_clicked, placed.place_clicked)
    )

    for east, north in ((200, 100), (300, -200), (-400, -100), (600, 400)):
        qtbot.mouseClick(placed, Qt.MouseButton.LeftButton, pos=spot(placed, east, north))

    assert (incidents, cameras, units) == (["I1"], ["C1"], ["u7"])
    assert len(places) == 1
    assert places[0] == pytest.approx(at(600, 400), abs=1e-5)


def test_cameras_that_would_overlap_become_a_count_and_a_click_parts_them(placed: MapView, qtbot) -> None:
    placed.set_cameras([CameraMark(f"C{n}", "", "tianwang", *at(420 + 4 * n, -220)) for n in range(5)])
    placed.grab()
    kind, names = placed.mark_at(QPointF(spot(placed, 428, -220)))
    assert (kind, len(names.split())) == ("cameras", 5)

    qtbot.mouseClick(placed, Qt.MouseButton.LeftButton, pos=spot(placed, 428, -220))

    assert placed.view_state()[2] > 2
    assert placed.view_back()


def test_panning_regroups_no_cameras(placed: MapView) -> None:
    rng = np.random.default_rng(7)
    placed.set_cameras([CameraMark(f"C{n}", "", "tianwang", *at(*rng.uniform(-900, 900, 2).tolist())) for n in range(400)])
    placed.grab()
    before = placed._cameras._plans[0.5].count.tolist()

    placed.center_on(*at(133, -57))
    placed.grab()

    assert placed._cameras._plans[0.5].count.tolist() == before


def test_linked_cameras_carry_their_numbers_apart_from_the_incident(placed: MapView) -> None:
    placed.set_cameras([CameraMark(f"C{n}", "", "xueliang", *at(12, 8), 90.0, 60.0, 120.0) for n in range(3)])
    placed.set_incidents([IncidentMark("I1", "red", *at(0, 0))])
    placed.select_incident("I1")
    placed.set_linked([("C0", 1, "sees"), ("C2", 2, "sees"), ("gone", 3, "sees")])

    spots = placed._linked.spots(placed._view, placed._incidents.spots(placed._view))

    assert [spot.number for spot in spots] == [1, 2]
    badges = [spot.badge for spot in spots]
    assert all(math.hypot(badge.x() - 400, badge.y() - 300) > 40 for badge in badges)
    assert (badges[0] - badges[1]).manhattanLength() > 20
    assert placed.mark_at(badges[1]) == ("camera", "C2")


def test_a_camera_that_sees_has_a_filled_field_and_one_that_could_turn_has_not(placed: MapView) -> None:
    placed.set_cameras([CameraMark("C1", "", "tianwang", *at(300, -300), 90.0, 80.0, 200.0)])
    pictures = []
    for verdict in ("sees", "ptz_can_turn"):
        placed.set_linked([("C1", 1, verdict)])
        pictures.append(pixel(placed.grab().toImage(), spot(placed, 420, -300)))

    assert pictures[0] != theme.color("map_ground").name()
    assert pictures[1] == theme.color("map_ground").name()


def test_an_unknown_heading_has_no_field(placed: MapView) -> None:
    placed.set_cameras([CameraMark("C1", "", "tianwang", *at(300, -300), None, 80.0, 200.0)])
    placed.set_linked([("C1", 1, "unknown_heading")])

    image = placed.grab().toImage()

    ground = theme.color("map_ground").name()
    ring = [spot(placed, 300 + 120 * math.cos(turn / 9), -300 + 120 * math.sin(turn / 9)) for turn in range(57)]
    assert [pixel(image, place) for place in ring if pixel(image, place) != ground] == []


def test_cameras_without_a_position_are_not_drawn(placed: MapView) -> None:
    placed.set_cameras([("C1", "", "other", None, None, None, None, None, None)])
    placed.set_linked([("C1", 1, "unknown_heading")])

    placed.grab()

    assert placed._cameras.position("C1") is None


def test_rings_stand_at_their_distances(placed: MapView) -> None:
    placed.set_incidents([IncidentMark("I1", "orange", *at(0, 0))])
    before = placed.grab().toImage()
    placed.select_incident("I1")

    image = placed.grab().toImage()

    for metres in (100, 300, 500):
        ring = [spot(placed, metres * math.cos(turn / 50), metres * math.sin(turn / 50)) for turn in range(314)]
        changed = sum(pixel(image, place) != pixel(before, place) for place in ring)
        assert changed > 60, metres


def test_an_old_fix_is_a_ring_and_says_its_age(placed: MapView) -> None:
    placed.set_units([UnitMark("u", "巡-07", "patrol_car", *at(300, -300), "on_duty", NOW - 10 * SECOND)])
    fresh = placed.grab().toImage()
    light = theme.color("unit").name()
    assert light in colours(fresh, spot(placed, 300, -300) + QPoint(8, 2), 3)

    placed.set_now(NOW + 300 * SECOND)
    old = placed.grab().toImage()

    assert light not in colours(old, spot(placed, 300, -300), 9)
    assert placed._units.label(0) != "巡-07 在岗"
    assert placed._units.age_s(0) == 310


def test_a_trail_follows_a_moving_unit_and_ends_when_time_goes_back(placed: MapView) -> None:
    placed.set_units([UnitMark("u", "巡-07", "patrol_car", *at(0, -200), "en_route", NOW)])
    for step in range(1, 12):
        placed.move_units([("u", *at(20.0 * step, -200), NOW + step * SECOND)])
    assert placed._units._trails.length(0) == 8

    placed.move_units([("u", *at(0, -200), NOW)])

    assert placed._units._trails.length(0) == 0
    assert placed._units.position("u") == pytest.approx((0, 200), abs=0.2)


def test_unit_names_do_not_cover_each_other(placed: MapView) -> None:
    placed.set_units([UnitMark(f"u{n}", f"巡-{n:02d}", "patrol_car", *at(30.0 * n - 150, 5.0 * n)) for n in range(10)])
    room = Room(800, 600)
    taken: list[tuple[float, float, float, float]] = []
    room_take = room.take
    room.take = lambda *box: (taken.append(box), room_take(*box))[1]  # type: ignore[method-assign]
    painter_target = placed.grab()
    painter = QPainter(painter_target)
    placed._units.paint(painter, placed._view, 1.0, room, [], [])
    painter.end()

    names = taken[10:]
    assert len(names) >= 3
    for index, one in enumerate(names):
        for other in names[index + 1 :]:
            assert one[2] - 4 <= other[0] or other[2] - 4 <= one[0] or one[3] - 4 <= other[1] or other[3] - 4 <= one[1]


def test_units_on_scene_stand_around_the_mark_and_can_be_clicked(placed: MapView) -> None:
    placed.set_incidents([IncidentMark("I1", "red", *at(0, 0))])
    placed.set_units([UnitMark(f"u{n}", f"巡-{n}", "patrol_car", *at(0, 0), "on_scene", NOW) for n in range(3)])
    placed.grab()

    assert placed.mark_at(QPointF(400, 300)) == ("incident", "I1")
    _view, _numbers, xs, ys = placed._units._painted
    assert {placed.mark_at(QPointF(x, y))[1] for x, y in zip(xs, ys, strict=True)} == {"u0", "u1", "u2"}


def test_a_red_incident_out_of_the_picture_has_an_arrow_at_the_edge_that_can_be_clicked(placed: MapView) -> None:
    placed.set_incidents([IncidentMark("I1", "red", *at(6000, 0)), IncidentMark("I2", "green", *at(-6000, 0))])

    arrows = placed._incidents.edges(placed._view)

    assert [incident.id for incident, _, _ in arrows] == ["I1"]
    assert arrows[0][1].x() > 760
    assert placed.mark_at(arrows[0][1]) == ("incident", "I1")


def test_lateness_has_a_halo(placed: MapView) -> None:
    pictures = []
    for lateness in ("", "late", "overdue"):
        placed.set_incidents([IncidentMark("I1", "blue", *at(300, -300), "", lateness)])
        pictures.append(pixel(placed.grab().toImage(), spot(placed, 300, -300) + QPoint(23, 0)))

    assert len(set(pictures)) == 3


def test_search_hits_are_pins_that_come_back_with_the_click(placed: MapView, qtbot) -> None:
    hit = SearchHit("pole", "0288", "电杆 0288", *at(300, -300))
    placed.set_search_hits([hit])
    got = heard(placed.hit_clicked)

    qtbot.mouseClick(placed, Qt.MouseButton.LeftButton, pos=spot(placed, 300, -300) - QPoint(0, 17))

    assert got == [hit]


def test_the_keyboard_walks_the_marks_and_enter_clicks(placed: MapView, qtbot) -> None:
    placed.set_cameras([CameraMark("C1", "", "tianwang", *at(300, -200))])
    placed.set_linked([("C1", 1, "sees")])
    placed.set_incidents([IncidentMark("I2", "blue", *at(-200, 0)), IncidentMark("I1", "red", *at(200, 100))])
    placed.activateWindow()
    placed.setFocus()
    qtbot.waitUntil(placed.hasFocus)
    incidents, cameras = heard(placed.incident_clicked), heard(placed.camera_clicked)

    for _ in range(3):
        qtbot.keyClick(placed, Qt.Key.Key_N)
        qtbot.keyClick(placed, Qt.Key.Key_Return)

    assert (incidents, cameras) == (["I1", "I2"], ["C1"])
    assert placed.accessibleDescription()


def test_a_tooltip_says_real_units_and_what_is_unknown(placed: MapView) -> None:
    placed.set_cameras([CameraMark("C1", "锦溪西路 东", "tianwang", *at(300, -400), None, 60.0, None, None)])
    placed.set_incidents([IncidentMark("I1", "red", *at(0, 0))])
    placed.select_incident("I1")
    placed.grab()

    tip = placed.tip_at(QPointF(spot(placed, 300, -400)))

    assert "锦溪西路 东" in tip
    assert "500 m" in tip
    assert tip.count(words.tr("map.tip.unknown")) >= 2


def test_many_cameras_and_units_fit_in_one_frame_without_names_of_all(view: MapView) -> None:
    rng = np.random.default_rng(1)
    view.set_cameras(
        (f"C{n}", "", "tianwang", *at(*rng.uniform(-9000, 9000, 2).tolist()), 10.0, 60.0, 90.0, True) for n in range(28_000)
    )
    view.set_units(UnitMark(f"u{n}", f"u{n}", "patrol_car", *at(*rng.uniform(-9000, 9000, 2).tolist())) for n in range(2000))
    view.center_on(LON, LAT, 0.03)

    view.grab()

    plan = view._cameras._plans[0.03]
    assert plan.count.sum() == 28_000
    assert len(plan.x) < 500


# Parts


def test_a_path_from_arrays_has_the_same_elements_as_one_made_by_hand(qapp: QApplication) -> None:
    path = path_of(np.array([0.0, 5, 5, 20, 30]), np.array([0.0, 0, 7, 1, 1]), np.array([0, 3]))

    made = [(path.elementAt(n).x, path.elementAt(n).y, path.elementAt(n).isMoveTo()) for n in range(path.elementCount())]
    assert made == [(0, 0, True), (5, 0, False), (5, 7, False), (20, 1, True), (30, 1, False)]


def test_plane_and_view_convert_there_and_back() -> None:
    plane, look = Plane(LON, LAT), View(120, -80, 0.7, 800, 600)

    lon, lat = plane.lonlat(*look.at(123, 456))
    back = look.point(*plane.point(lon, lat))

    assert (back.x(), back.y()) == pytest.approx((123, 456), abs=1e-6)


@pytest.mark.parametrize(("scale", "metres"), [(1.0, 100), (0.5, 200), (0.05, 2000), (8.0, 10), (0.002, 50_000)])
def test_the_scale_bar_is_round_and_short(scale: float, metres: int) -> None:
    assert scale_length(scale) == metres
    assert metres * scale <= 120


def test_points_near_an_obstacle_are_moved_out_and_apart() -> None:
    xs, ys = pushed_off(np.array([0.0, 0, 1, 200]), np.array([0.0, 0, 1, 0]), [QPointF(0, 0)], 40, 30)

    assert np.hypot(xs, ys)[:3] == pytest.approx([40, 40, 40])
    gaps = [math.hypot(xs[a] - xs[b], ys[a] - ys[b]) for a, b in ((0, 1), (0, 2), (1, 2))]
    assert min(gaps) > 25
    assert (xs[3], ys[3]) == (200, 0)


def test_a_taken_place_is_not_free() -> None:
    room = Room(100, 100)
    room.take(20, 20, 40, 40)

    assert not room.is_free(35, 35, 60, 60)
    assert room.is_free(60, 60, 90, 90)
    assert room.is_free(-50, -50, -10, -10)
