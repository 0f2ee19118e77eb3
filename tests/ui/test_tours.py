"""Tours and patrols at a seat: what stands on the wall, when it gives way, and that only the desk makes a word count."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt
from PySide6.QtGui import QDropEvent, QImage
from PySide6.QtWidgets import QWidget

from console import words
from console.model import patrol_events as pe
from console.model.patrol import Patrol
from console.model.tour import Hours, Tour, View
from console.model.wall import FeedHealth
from console.services.patrol_sheet import sheet
from console.services.tours import Tours
from console.ui import tourdesk
from console.ui.cameratree import CAMERAS_MIME
from console.ui.flow import Flow
from console.ui.patrolsheet import write_pdf
from console.ui.tourdesk import TourDesk

S = 1_000_000_000
BOTH = {"zh_CN": "望汀巡查", "en": "Wangting patrol"}
TOUR = Tour(
    "round", BOTH, (View({"zh_CN": "一", "en": "one"}, ("T-001", "T-002", "H-001", "T-999")), View({"en": "two"}, ("T-003",))),
    4, 10.0, is_patrol=True, least_s=3.0,
)  # fmt: skip


class FakeWall:
    """What the tours ask of the wall: health, what is opened ahead, a picture."""

    def __init__(self) -> None:
        self.ahead: list[tuple[str, ...]] = []
        self.states: dict[str, FeedHealth] = {}
        self.picture: QImage | None = None

    def open_ahead(self, tiles: Any) -> None:
        self.ahead.append(tuple(tile.camera for tile in tiles))

    def health(self) -> dict[str, FeedHealth]:
        return self.states

    def picture_of(self, tile: str) -> QImage | None:
        return self.picture


class FakeSurface:
    def focused(self) -> None:
        return None


@pytest.fixture
def desk(seat: Any, qtbot: Any, tmp_path: Path) -> Iterator[SimpleNamespace]:
    """A seat with tours; `tell(*events)` folds more of the journal, `say(kind)` answers a command with yes."""
    host = QWidget()
    qtbot.addWidget(host)
    flow = Flow(seat.bridge, seat.around, "01")
    flow.setParent(seat.bridge)
    wall = FakeWall()
    folder = SimpleNamespace(root=tmp_path, demo_mark=tmp_path / "demo.json")
    made = TourDesk(seat.bridge, seat.around, flow, wall, FakeSurface(), folder, "01", host)  # type: ignore[arg-type]
    made.control.put_tours(Tours({"round": TOUR}, ()))
    host.resize(900, 700)
    made.dock.setParent(host)
    host.show()

    def tell(*events: object) -> None:
        seat.tell(*((seat.clock.now_ns(), event) for event in events))

    yield SimpleNamespace(
        desk=made, control=made.control, patrol=made.patrol, bar=made.bar, flow=flow, wall=wall, link=seat.link, clock=seat.clock,
        tell=tell, bridge=seat.bridge, root=tmp_path, host=host,
    )  # fmt: skip
    made.close()


def begin(desk: SimpleNamespace, qtbot: Any) -> None:
    desk.control.start("round")
    qtbot.waitUntil(lambda: bool(desk.link.of("StartTour")), timeout=30_000)
    desk.link.answer("StartTour")
    qtbot.waitUntil(lambda: desk.control.is_running, timeout=30_000)


def shown(desk: SimpleNamespace) -> list[str]:
    return [tile.camera for tile in desk.flow.tiles if tile.is_tour]


def test_a_tour_shows_its_cameras_without_households_and_asks_the_desk_first(desk: SimpleNamespace, qtbot: Any) -> None:
    begin(desk, qtbot)

    assert desk.link.of("StartTour")[0]["cameras"] == ["T-001", "T-002", "T-003"]
    assert shown(desk) == ["T-001", "T-002"]
    assert desk.link.of("OpenTile") == [], "the tour itself is the fact"
    assert {(one.camera, one.why) for one in desk.control.skipped} == {("H-001", "household"), ("T-999", "unknown")}


def test_a_refused_tour_shows_nothing_and_says_why(desk: SimpleNamespace, qtbot: Any) -> None:
    said: list[str] = []
    desk.control.told.connect(said.append)
    desk.control.start("round")
    qtbot.waitUntil(lambda: bool(desk.link.of("StartTour")), timeout=30_000)
    desk.link.answer("StartTour", ok=False, code="household_in_tour", camera="T-001", count=1)
    qtbot.waitUntil(lambda: bool(said), timeout=30_000)

    assert "T-001" in said[0]
    assert shown(desk) == []


def test_the_next_pictures_are_opened_ahead_and_the_step_shows_them(desk: SimpleNamespace, qtbot: Any) -> None:
    """faults.md V56: 16 visible changes per tour step; what comes is opened before what stands goes."""
    begin(desk, qtbot)
    desk.clock.advance(7)
    qtbot.waitUntil(lambda: desk.wall.ahead == [("T-003",)], timeout=30_000)
    assert shown(desk) == ["T-001", "T-002"]

    desk.clock.advance(4)
    qtbot.waitUntil(lambda: shown(desk) == ["T-003"], timeout=30_000)

    assert desk.wall.ahead[-1] == (), "let go once the wall itself asks for them"


def test_pause_step_and_back_by_key(desk: SimpleNamespace, qtbot: Any) -> None:
    begin(desk, qtbot)
    desk.desk.act("tour_pause")
    desk.clock.advance(60)
    qtbot.wait(250)
    assert (shown(desk), desk.control.run.why) == (["T-001", "T-002"], "operator")

    desk.desk.act("tour_step")
    assert shown(desk) == ["T-003"]
    desk.desk.act("tour_back")
    assert shown(desk) == ["T-001", "T-002"]
    desk.desk.act("tour_pause")
    assert not desk.control.run.is_paused
    desk.desk.act("tour_stop")
    assert (shown(desk), desk.link.of("EndTour")[0]["steps"]) == ([], 3)


def test_a_red_incident_takes_the_wall_and_the_tour_waits_for_the_operator(desk: SimpleNamespace, qtbot: Any) -> None:
    said: list[str] = []
    desk.control.told.connect(said.append)
    begin(desk, qtbot)

    desk.flow.open_incident("I000002")

    assert shown(desk) == []
    assert desk.control.run.why == "incident"
    assert said and desk.bar.isVisible()
    desk.clock.advance(60)
    qtbot.wait(250)
    assert shown(desk) == []
    desk.desk.act("tour_pause")
    assert not desk.control.run.is_paused, "the operator takes it up beside the incident"
    assert sum(1 for tile in desk.flow.tiles if tile.incident) == 9, "the incident's tiles stay"
    desk.desk.act("tour_step")
    assert [tile.incident for tile in desk.flow.tiles if tile.camera == "T-003"] == ["I000002"], "one tile of it is enough"


def test_pinned_tiles_are_never_a_tours(desk: SimpleNamespace, qtbot: Any) -> None:
    desk.flow.use_room(lambda window: 4)
    for camera in ("T-010", "T-011", "T-012"):
        desk.flow.open_camera(camera)
    begin(desk, qtbot)

    assert shown(desk) == ["T-001"]
    assert {tile.camera for tile in desk.flow.tiles if not tile.is_tour} == {"T-010", "T-011", "T-012"}


def test_a_wall_without_a_free_tile_is_said(desk: SimpleNamespace, qtbot: Any) -> None:
    said: list[str] = []
    desk.control.told.connect(said.append)
    desk.flow.use_room(lambda window: 1)
    desk.flow.open_camera("T-010")

    desk.control.start("round")

    assert said
    assert desk.link.of("StartTour") == []


def test_a_tour_ends_with_its_seat(desk: SimpleNamespace, qtbot: Any) -> None:
    begin(desk, qtbot)

    desk.control.stop("log_out")
    desk.flow.close()

    assert desk.link.of("EndTour")[0]["why"] == "log_out"
    assert desk.link.of("CloseTile") == [], "what was not opened at the desk is not closed there"


# patrols -------------------------------------------------------------------------------------------------------------


def walk(desk: SimpleNamespace, qtbot: Any) -> Patrol:
    desk.patrol.start("round")
    qtbot.waitUntil(lambda: bool(desk.link.of("StartPatrol")), timeout=30_000)
    asked = desk.link.of("StartPatrol")[0]
    desk.tell(
        pe.PatrolStarted("P000001", "round", asked["name"], "01", "demo", asked["request"], asked["views"], asked["skipped"])
    )
    desk.link.answer("StartPatrol")
    qtbot.waitUntil(lambda: desk.patrol.is_walking, timeout=30_000)
    return desk.bridge.state.patrols["P000001"]


def live(desk: SimpleNamespace, *cameras: str) -> None:
    tiles = {tile.camera: tile.tile for tile in desk.flow.tiles}
    desk.wall.states = {
        tiles[camera]: FeedHealth(tiles[camera], camera, "live", 0)
        if camera in cameras
        else FeedHealth(tiles[camera], camera, "none", 0, error="auth")
        for camera in shown(desk)
    }


def test_a_view_gets_its_word_only_after_its_time_and_says_what_was_dark(desk: SimpleNamespace, qtbot: Any) -> None:
    walk(desk, qtbot)
    assert desk.link.of("ShowPatrolView") == [{"patrol": "P000001", "view": 0}]
    live(desk, "T-001")
    desk.desk.act("patrol_seen")
    assert desk.link.of("SeePatrolView") == []

    desk.clock.advance(4)
    desk.desk.act("patrol_seen")

    word = desk.link.of("SeePatrolView")[0]
    assert (word["view"], word["dwell_s"]) == (0, 4.0)
    assert word["unseen"] == [{"camera": "T-002", "state": "none", "why": "auth"}]


def test_the_next_view_comes_when_the_desk_has_said_yes_and_the_last_word_ends_it(desk: SimpleNamespace, qtbot: Any) -> None:
    walk(desk, qtbot)
    desk.clock.advance(4)
    desk.desk.act("patrol_seen")
    desk.tell(pe.PatrolViewSeen("P000001", 0, "nothing", 4.0, []))
    desk.link.answer("SeePatrolView")
    qtbot.waitUntil(lambda: shown(desk) == ["T-003"], timeout=30_000)
    desk.clock.advance(4)
    desk.desk.act("patrol_seen")
    desk.tell(pe.PatrolViewSeen("P000001", 1, "nothing", 4.0, []))
    desk.link.answer("SeePatrolView")
    qtbot.waitUntil(lambda: desk.link.of("EndPatrol") == [{"patrol": "P000001"}], timeout=30_000)

    desk.tell(pe.PatrolEnded("P000001", "done", []))

    qtbot.waitUntil(lambda: not desk.patrol.is_walking, timeout=30_000)
    assert shown(desk) == []


def test_a_refused_word_leaves_the_view_standing(desk: SimpleNamespace, qtbot: Any) -> None:
    walk(desk, qtbot)
    said: list[str] = []
    desk.patrol.told.connect(said.append)
    desk.clock.advance(4)
    desk.desk.act("patrol_seen")
    desk.link.answer("SeePatrolView", ok=False, code="dwell_unproved", patrol="P000001", view=1)

    qtbot.waitUntil(lambda: bool(said), timeout=30_000)
    assert shown(desk) == ["T-001", "T-002"]


def test_a_finding_keeps_its_picture_and_becomes_an_incident(desk: SimpleNamespace, qtbot: Any) -> None:
    walk(desk, qtbot)
    live(desk, "T-002")
    desk.wall.picture = QImage(64, 48, QImage.Format.Format_RGB32)
    desk.wall.picture.fill(Qt.GlobalColor.gray)
    qtbot.wait(250)
    desk.desk.act("patrol_finding")
    assert desk.bar.ask.is_asking, "asked in place, no dialog"
    desk.bar.ask._line.setText("井盖缺失")
    desk.bar.ask._give()

    qtbot.waitUntil(lambda: bool(desk.link.of("ReportFinding")), timeout=30_000)
    found = desk.link.of("ReportFinding")[0]
    assert (found["camera"], found["text"], found["view"]) == ("T-002", "井盖缺失", 0)
    assert (desk.root / found["file"]).read_bytes()[:2] == b"\xff\xd8"


def test_a_finding_without_a_picture_is_reported_all_the_same(desk: SimpleNamespace, qtbot: Any) -> None:
    walk(desk, qtbot)
    desk.patrol.report("T-001", "")

    assert "file" not in desk.link.of("ReportFinding")[0]


def test_a_patrol_left_open_goes_on_at_its_first_view_without_a_word(desk: SimpleNamespace, qtbot: Any) -> None:
    views = [{"title": title, "cameras": [camera], "least_s": 2.0} for title, camera in (("一", "T-001"), ("二", "T-002"))]
    desk.tell(
        pe.PatrolStarted("P000001", "round", "夜巡", "01", "demo", "r", views, []),
        pe.PatrolViewSeen("P000001", 0, "nothing", 3.0, []),
    )
    qtbot.waitUntil(lambda: desk.bar.isVisible(), timeout=30_000)
    assert "夜巡" in desk.bar._what.text()

    desk.desk.act("tour_pause")

    assert shown(desk) == ["T-002"]
    assert desk.link.of("ShowPatrolView") == [{"patrol": "P000001", "view": 1}]


def test_a_red_incident_in_the_middle_of_a_patrol_leaves_it_open(desk: SimpleNamespace, qtbot: Any) -> None:
    walk(desk, qtbot)
    desk.flow.open_incident("I000002")

    assert desk.patrol.is_walking
    desk.clock.advance(10)
    desk.desk.act("patrol_seen")
    assert desk.link.of("SeePatrolView") == [], "a view that is not on the wall is not seen"


def test_a_patrol_that_is_due_is_said_once_and_never_in_the_way(desk: SimpleNamespace, qtbot: Any) -> None:
    now = desk.desk.now()
    minute = now.hour * 60 + now.minute
    due = Tour("round", BOTH, TOUR.views, is_patrol=True, due=(Hours(frozenset(range(7)), minute, minute),))
    desk.control.put_tours(Tours({"round": due}, ()))
    desk.bar._look_for_due()
    assert desk.bar.buttons["due_start"].isVisible()

    desk.bar.buttons["due_later"].click()
    desk.bar._look_for_due()

    assert not desk.bar.buttons["due_start"].isVisible()


# editor and sheet ----------------------------------------------------------------------------------------------------


def drop(views: Any, cameras: tuple[str, ...], at: QPointF) -> None:
    mime = QMimeData()
    mime.setData(CAMERAS_MIME, "\n".join(cameras).encode())
    event = QDropEvent(at, Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    views.dropEvent(event)


def test_cameras_dropped_make_a_view_but_never_a_households(desk: SimpleNamespace, qtbot: Any) -> None:
    editor = desk.desk.editor
    desk.desk.dock.edit(None)
    editor.names["zh_CN"].setText("新轮巡")
    drop(editor.views, ("T-001", "H-001"), QPointF(10, 400))
    assert editor.trouble.text()
    drop(editor.views, ("T-002",), QPointF(10, 5))

    editor.save()

    saved = desk.link.of("SaveTour")[0]
    assert '["T-001", "T-002"]' in saved["text"]
    assert "H-001" not in saved["text"]


@pytest.mark.parametrize(
    ("hours", "good"),
    [("07:00-09:00", True), ("Mon-Fri 22:00-06:00，Sat/Sun 08:00-09:00", True), ("soon", False), ("25:00-26:00", False)],
)
def test_hours_are_checked_before_anything_is_sent(desk: SimpleNamespace, hours: str, good: bool) -> None:
    desk.desk.dock.edit(TOUR)
    desk.desk.editor.hours.setText(hours)
    desk.desk.editor.save()

    assert bool(desk.link.of("SaveTour")) is good
    assert bool(desk.desk.editor.trouble.text()) is not good


def test_a_filter_survives_the_editor_and_a_camera_can_be_taken_out(desk: SimpleNamespace) -> None:
    tour = Tour("mixed", BOTH, (View(BOTH, ("T-001", "T-002"), areas=("云汀街道",), kinds=("school",), within_m=90.0),))
    editor = desk.desk.editor
    desk.desk.dock.edit(tour)
    editor.cameras.item(0).setSelected(True)
    editor.buttons["take_out"].click()

    made = editor.tour().views[0]

    assert (made.cameras, made.areas, made.kinds, made.within_m) == (("T-002",), ("云汀街道",), ("school",), 90.0)


def test_a_sheet_becomes_a_pdf_of_some_size(desk: SimpleNamespace, qtbot: Any, tmp_path: Path) -> None:
    patrol = walk(desk, qtbot)

    path = write_pdf(tmp_path / tourdesk.SHEETS, "a.pdf", sheet(patrol, desk.desk.name_of))

    assert path.read_bytes()[:5] == b"%PDF-"
    assert path.stat().st_size > 2000


def test_the_dock_lists_tours_what_they_leave_out_and_what_was_walked(desk: SimpleNamespace, qtbot: Any) -> None:
    walk(desk, qtbot)
    desk.desk.dock.show()
    desk.desk.dock.refresh()

    assert [row.key for row in desk.desk.dock.model.rows()] == ["round"]
    qtbot.waitUntil(lambda: "H-001" in desk.desk.dock._about.text() or "惠民花店" in desk.desk.dock._about.text(), timeout=30_000)
    desk.desk.dock.open_sheet("P000001")
    assert desk.desk.sheet.model.rowCount() == 2


def test_every_word_of_the_story_is_there_in_english(desk: SimpleNamespace, qtbot: Any) -> None:
    words.choose("en")
    walk(desk, qtbot)
    desk.desk.retranslate()

    texts = [desk.bar._what.text(), desk.bar._where.text(), *(button.text() for button in desk.bar.buttons.values())]
    assert not [text for text in texts if text.startswith(("tour.", "patrol."))]
