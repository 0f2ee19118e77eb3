"""Masks drawn by pointer and by keys, fisheye views turned by hand, and what of both reaches the wall and the desk."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
import shiboken6
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QMenu, QWidget

from console.model import events as ev
from console.model.camera import Camera
from console.model.view import Dewarp
from console.services.picturehealth import PictureHealth
from console.ui import marks
from console.ui.dewarp import DewarpTool
from console.ui.hide import hide
from console.ui.map_cameras import CameraLayer, CameraMark
from console.ui.map_chrome import camera_tip
from console.ui.map_frame import Plane
from console.ui.maskdraft import MaskDraft
from console.ui.maskpanel import MaskPanel
from console.ui.masktool import MaskTool
from console.ui.picturehands import PictureHands
from console.ui.pictures import Pictures
from console.ui.tile import TileContent
from console.ui.verdicts import reason_text
from console.ui.wall import WallSurface
from console.ui.walltile import PlacedTile
from console.words import tr

SQUARE = ((0.1, 0.1), (0.5, 0.1), (0.5, 0.5), (0.1, 0.5))
KEYS = Qt.Key
NONE = Qt.KeyboardModifier.NoModifier


def placed(**content: Any) -> PlacedTile:
    """A tile of 400×300 whose picture fills 400×200 of it."""
    tile = PlacedTile(TileContent("01/1", "C-1", "cam", **content), QRect(0, 0, 400, 300))
    tile.place = QRect(0, 50, 400, 200)
    return tile


def mouse(kind: QEvent.Type, x: float, y: float, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> QMouseEvent:
    at = QPointF(x, y)
    held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else button
    return QMouseEvent(kind, at, at, button, held, NONE)


def press(x: float, y: float, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> QMouseEvent:
    return mouse(QEvent.Type.MouseButtonPress, x, y, button)


def key(pressed: Qt.Key, held: Qt.KeyboardModifier = NONE) -> QKeyEvent:
    return QKeyEvent(QEvent.Type.KeyPress, pressed, held)


class Drawn:
    """A mask tool on a tile."""

    def __init__(self, masks: Any = (), rotation_deg: int = 0) -> None:
        self.steps, self.has_left = 0, False
        self.draft = MaskDraft(masks)
        self.tool = MaskTool("C-1", self.draft, lambda name: rotation_deg, self._step, self._leave)
        self.tile = placed()

    def _step(self) -> None:
        self.steps += 1

    def _leave(self) -> None:
        self.has_left = True

    def click(self, *points: tuple[float, float]) -> None:
        for x, y in points:
            self.tool.press(self.tile, press(x, y))
            self.tool.release(self.tile, mouse(QEvent.Type.MouseButtonRelease, x, y))


@pytest.fixture
def drawn(qapp: Any) -> Drawn:
    return Drawn()


def test_three_clicks_and_a_double_click_hide_an_area(drawn: Drawn) -> None:
    drawn.click((40, 70), (200, 70), (200, 150))
    drawn.tool.press(drawn.tile, mouse(QEvent.Type.MouseButtonDblClick, 200, 150))

    assert drawn.draft.masks == (((0.1, 0.1), (0.5, 0.1), (0.5, 0.5)),)
    assert drawn.steps >= 4


def test_a_click_on_the_first_corner_closes_the_area(drawn: Drawn) -> None:
    drawn.click((40, 70), (200, 70), (200, 150), (41, 71))
    assert len(drawn.draft.masks) == 1


def test_points_of_a_turned_picture_are_kept_as_the_camera_sends_them(qapp: Any) -> None:
    drawn = Drawn(rotation_deg=90)
    drawn.click((40, 70), (200, 70), (200, 150))
    drawn.draft.close()
    assert drawn.draft.masks == (((0.9, 0.1), (0.9, 0.5), (0.5, 0.5)),)


def test_a_corner_is_dragged_and_a_drag_beside_the_picture_stays_on_its_edge(qapp: Any) -> None:
    drawn = Drawn((SQUARE,))
    drawn.tool.press(drawn.tile, press(41, 71))
    drawn.tool.move(drawn.tile, mouse(QEvent.Type.MouseMove, -50, 10))
    drawn.tool.release(drawn.tile, mouse(QEvent.Type.MouseButtonRelease, -50, 10))
    assert drawn.draft.masks[0][0] == (0.0, 0.0)
    drawn.draft.undo()
    assert drawn.draft.masks == (SQUARE,)


def test_an_area_is_drawn_and_removed_by_keys_alone(drawn: Drawn) -> None:
    tool, tile = drawn.tool, drawn.tile
    for step in (KEYS.Key_Space, KEYS.Key_Right, KEYS.Key_Space, KEYS.Key_Down, KEYS.Key_Space):
        held = NONE if step == KEYS.Key_Space else Qt.KeyboardModifier.ShiftModifier
        assert tool.claims(tile, key(step, held))
        assert tool.key(tile, key(step, held))
    tool.key(tile, key(KEYS.Key_Return))
    assert drawn.draft.masks == (((0.5, 0.5), (0.55, 0.5), (0.55, 0.55)),)

    tool.press(tile, press(214, 156, Qt.MouseButton.RightButton))  # inside it: chosen whole or by a corner
    tool.key(tile, key(KEYS.Key_Delete))
    assert drawn.draft.masks == ()
    tool.key(tile, key(KEYS.Key_Z, Qt.KeyboardModifier.ControlModifier))
    assert len(drawn.draft.masks) == 1


def test_escape_first_drops_the_line_and_then_leaves(drawn: Drawn) -> None:
    drawn.click((40, 70))
    drawn.tool.key(drawn.tile, key(KEYS.Key_Escape))
    assert (drawn.draft.open, drawn.has_left) == ([], False)
    drawn.tool.key(drawn.tile, key(KEYS.Key_Escape))
    assert drawn.has_left


def test_what_hides_nothing_is_dropped_and_there_is_an_end_of_areas(drawn: Drawn) -> None:
    drawn.click((40, 70), (41, 70))
    assert not drawn.draft.close()
    draft = MaskDraft((SQUARE,) * 32)
    assert not draft.add((0.5, 0.5))


def test_before_there_is_a_picture_nothing_can_be_drawn(drawn: Drawn) -> None:
    drawn.tile.place = QRect()
    drawn.click((40, 70))
    assert drawn.draft.open == []


def test_the_tool_paints_its_areas(qapp: Any) -> None:
    drawn = Drawn((SQUARE,))
    drawn.click((300, 200))
    image = QImage(400, 300, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.black)
    painter = QPainter(image)
    drawn.tool.paint(painter, drawn.tile)
    painter.end()
    assert image.pixelColor(120, 70).lightness() > 60  # an edge
    assert image.pixelColor(350, 60).lightness() == 0


# ---- the panel ------------------------------------------------------------------------------------------------------


class NoFeeds:
    """A surface's feeds that show nothing."""

    def want(self, wanted: object, owner: str = "") -> None: ...
    def health(self) -> dict[str, object]:
        return {}

    def slot(self, tile: str) -> None:
        return None

    def mono_ns(self) -> int:
        return 1

    def knows_still(self, camera: str) -> bool:
        return False


@pytest.fixture
def surface(qtbot: Any, qapp: Any) -> Any:
    made = WallSurface(cast(Any, NoFeeds()))
    qtbot.addWidget(made)
    made.resize(400, 300)
    made.set_layout(1)
    made.set_tiles([TileContent("01/1", "C-1", "cam", url="rtsp://c")])
    return made


@pytest.fixture
def panel(seat: SimpleNamespace, surface: WallSurface, qtbot: Any) -> Any:
    left: list[str] = []
    made = MaskPanel(seat.bridge, lambda name: 0, left.append)
    qtbot.addWidget(made)
    return SimpleNamespace(panel=made, left=left, link=seat.link, surface=surface)


def _draft(panel: Any) -> MaskDraft:
    return cast(MaskDraft, panel.panel._tool.draft)


def _answer(panel: Any, seat: SimpleNamespace, qtbot: Any, kind: str, **how: Any) -> None:
    seat.link.answer(kind, **how)
    qtbot.waitUntil(lambda: panel.panel._told.text() != "", timeout=20_000)


def test_saving_asks_the_desk_and_ends_drawing_when_it_agrees(panel: Any, seat: SimpleNamespace, qtbot: Any) -> None:
    panel.panel.begin(panel.surface, "01/1", "C-1", "cam", ())
    for point in SQUARE:
        _draft(panel).add(point)
    panel.panel.save()

    assert seat.link.of("SetPrivacyMasks") == [{"camera": "C-1", "polygons": [[list(p) for p in SQUARE]], "reason": ""}]
    assert panel.panel.is_drawing
    _answer(panel, seat, qtbot, "SetPrivacyMasks")
    assert not panel.panel.is_drawing
    assert panel.left == ["01/1"]


def test_a_refusal_is_said_and_nothing_drawn_is_lost(panel: Any, seat: SimpleNamespace, qtbot: Any) -> None:
    panel.panel.begin(panel.surface, "01/1", "C-1", "cam", ())
    for point in SQUARE:
        _draft(panel).add(point)
    panel.panel.save()
    _answer(panel, seat, qtbot, "SetPrivacyMasks", ok=False, code="no_right", command="SetPrivacyMasks")
    assert panel.panel.is_drawing
    assert _draft(panel).masks == (SQUARE,)


def test_showing_something_again_needs_a_reason_and_is_another_command(panel: Any, seat: SimpleNamespace) -> None:
    panel.panel.begin(panel.surface, "01/1", "C-1", "cam", (SQUARE,))
    panel.panel.clear()
    panel.panel.save()
    assert seat.link.of("LiftPrivacyMasks") == []

    panel.panel._reason.setText("court order 12")
    panel.panel.save()

    assert seat.link.of("LiftPrivacyMasks") == [{"camera": "C-1", "polygons": [], "reason": "court order 12"}]
    assert seat.link.of("SetPrivacyMasks") == []


def test_leaving_takes_the_tool_from_the_tile(panel: Any) -> None:
    panel.panel.begin(panel.surface, "01/1", "C-1", "cam", (SQUARE,))
    tile = panel.surface.named("01/1")
    assert len(panel.surface.tools.of(tile)) == 1
    panel.panel.leave()
    panel.panel.leave()
    assert panel.surface.tools.of(tile) == ()
    assert panel.left == ["01/1"]


def test_another_camera_in_the_tile_ends_drawing_and_nothing_is_saved(panel: Any, seat: SimpleNamespace) -> None:
    panel.panel.begin(panel.surface, "01/1", "C-1", "cam", ())
    for point in SQUARE:
        _draft(panel).add(point)
    tool = panel.panel._tool
    panel.surface.set_tiles([TileContent("01/1", "C-2", "other", url="rtsp://d")])

    assert not tool.press(panel.surface.named("01/1"), press(10, 10))
    panel.panel.save()

    assert seat.link.of("SetPrivacyMasks") == []
    assert not panel.panel.is_drawing


def test_a_wall_window_that_is_gone_ends_drawing(panel: Any, seat: SimpleNamespace, qtbot: Any) -> None:
    surface = WallSurface(cast(Any, NoFeeds()))
    surface.set_tiles([TileContent("02/1", "C-1", "cam", url="rtsp://c")])
    panel.panel.begin(surface, "02/1", "C-1", "cam", (SQUARE,))
    shiboken6.delete(surface)

    panel.panel.undo()
    panel.panel.save()

    assert not panel.panel.is_drawing
    assert seat.link.sent == []


# ---- fisheye --------------------------------------------------------------------------------------------------------


def test_a_drag_turns_the_view_and_a_click_stays_the_tile_s(qtbot: Any, qapp: Any) -> None:
    turned: list[Dewarp] = []
    tool = DewarpTool(lambda name, view: turned.append(view))
    tile = placed(dewarp=Dewarp(fov_deg=80))

    assert not tool.press(tile, press(200, 150))
    assert not tool.release(tile, mouse(QEvent.Type.MouseButtonRelease, 200, 150))
    tool.press(tile, press(200, 150))
    tool.move(tile, mouse(QEvent.Type.MouseMove, 100, 150))
    tool.move(tile, mouse(QEvent.Type.MouseMove, 150, 200))
    qtbot.waitUntil(lambda: bool(turned), timeout=20_000)

    assert turned == [Dewarp(fov_deg=80).turned(10.0, 10.0)]  # a quarter of the picture's 400 px is 20 degrees
    assert tool.release(tile, mouse(QEvent.Type.MouseButtonRelease, 150, 200))
    assert not tool.move(placed(), mouse(QEvent.Type.MouseMove, 10, 10))
    tool.deleteLater()


def test_an_ordinary_tile_is_left_alone(qapp: Any) -> None:
    tool = DewarpTool(lambda name, view: None)
    assert not tool.press(placed(), press(200, 150))
    assert not tool.move(placed(), mouse(QEvent.Type.MouseMove, 100, 150))
    assert not tool.key(placed(), key(KEYS.Key_Left, Qt.KeyboardModifier.ShiftModifier))
    tool.deleteLater()


def test_keys_turn_and_zoom_the_view(qtbot: Any, qapp: Any) -> None:
    turned: list[Dewarp] = []
    tool, tile = DewarpTool(lambda name, view: turned.append(view)), placed(dewarp=Dewarp(fov_deg=60))
    assert tool.key(tile, key(KEYS.Key_Right, Qt.KeyboardModifier.ShiftModifier))
    assert tool.key(tile, key(KEYS.Key_Plus))
    qtbot.waitUntil(lambda: bool(turned), timeout=20_000)
    assert turned == [Dewarp(fov_deg=60).turned(10, 0).zoomed(1.2)]
    tool.deleteLater()


# ---- what a tile is given -------------------------------------------------------------------------------------------


@pytest.fixture
def tell(seat: SimpleNamespace, qtbot: Any) -> Callable[[object], None]:
    def told(event: object) -> None:
        before = seat.bridge.state.last_seq
        seat.tell((0, event))
        qtbot.waitUntil(lambda: seat.bridge.state.last_seq > before, timeout=20_000)

    return told


def test_masks_and_conditions_of_the_journal_reach_the_tile(seat: SimpleNamespace, tell: Callable[[object], None]) -> None:
    pictures = Pictures(seat.bridge)
    tell(ev.PrivacyMasksSet("C-1", [[list(point) for point in SQUARE]]))
    tell(ev.CameraConditionNoted("C-1", "covered", 5))

    assert pictures.of("01/1", Camera("C-1")) == {"masks": (SQUARE,), "dewarp": None, "condition": "covered"}
    assert pictures.told("C-1") == {}


def test_a_fisheye_of_the_roster_is_straightened_until_masks_are_drawn(
    seat: SimpleNamespace, expect_log: Callable[[str], None]
) -> None:
    expect_log("fisheye note cannot be used")
    pictures = Pictures(seat.bridge)
    fisheye, odd = Camera("F-1", notes={"fisheye": "wall,0.5,0.5,0.4"}), Camera("F-2", notes={"fisheye": "dome"})

    assert pictures.of("01/1", fisheye)["dewarp"] == Dewarp(0.5, 0.5, 0.4, "wall", 0, 0)
    pictures.draw_on("01/1", True)
    assert pictures.of("01/1", fisheye)["dewarp"] is None
    pictures.draw_on("01/1", False)
    pictures.switch(TileContent("01/1", "F-1", dewarp=Dewarp()))
    assert pictures.of("01/1", fisheye)["dewarp"] is None
    assert pictures.of("01/2", fisheye)["dewarp"] is not None  # another tile, another view
    assert pictures.of("01/1", odd)["dewarp"] is None


def test_the_tile_s_menu_offers_masks_views_and_the_operator_s_word(
    seat: SimpleNamespace, surface: WallSurface, qtbot: Any
) -> None:
    accepted: list[str] = []
    check = cast(PictureHealth, SimpleNamespace(accept=accepted.append, conditions=dict))
    pictures, made = Pictures(seat.bridge, check), QMenu(surface)
    asked: list[object] = []
    pictures.masks_asked.connect(asked.append)
    content = TileContent("01/1", "C-1", condition="moved")

    pictures.add_entries((made, content, surface))
    entries = [action for action in made.actions() if action.text() and action.menu() is None]
    for action in entries:
        action.trigger()

    assert asked == [(surface, content)]
    assert accepted == ["C-1"]
    empty = QMenu(surface)
    pictures.add_entries((empty, TileContent("·0/3"), surface))
    assert empty.actions() == []


def test_a_still_is_hidden_where_the_camera_is(qapp: Any) -> None:
    image = QImage(100, 100, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.red)
    hide(image, (SQUARE,))
    assert image.pixelColor(30, 30).saturation() == 0
    assert image.pixelColor(80, 80).red() == 255


# ---- map and list ---------------------------------------------------------------------------------------------------


def test_a_camera_that_looks_wrong_says_so_on_the_map_and_in_the_list(qtbot: Any, qapp: Any, language: None) -> None:
    layer = CameraLayer()
    layer.set_cameras([CameraMark("C-1", "cam", "tianwang", 104.0, 30.0)], Plane(104.0, 30.0))

    assert layer.set_condition("C-1", "covered")
    assert not layer.set_condition("C-1", "covered")
    assert not layer.set_condition("nowhere", "covered")
    mark = layer.camera("C-1")
    assert mark is not None
    assert tr("condition.covered") in camera_tip(mark, None)
    assert tr("condition.covered") in reason_text({"code": "in_view", "condition": "covered"})
    assert reason_text({"code": "in_view", "condition": ""}) == reason_text({"code": "in_view"})

    picture = marks.pixmap("network", 24, 1.0, "tianwang").toImage()
    before = picture.copy()
    painter = QPainter(picture)
    marks.draw_doubt(painter, QRectF(0, 0, 24, 24))
    painter.end()
    assert picture != before


def test_the_key_draws_on_the_chosen_tile_shows_it_whole_and_ends_again(
    seat: SimpleNamespace, surface: WallSurface, qtbot: Any
) -> None:
    shown: list[str] = []
    feed = SimpleNamespace(surface=lambda window: surface, rotation_of=lambda name: 0)
    docks = SimpleNamespace(add=lambda *one: None, show=shown.append, toggle=shown.append, pages={})
    opening = SimpleNamespace(connect=lambda slot: None)
    walls = SimpleNamespace(acts=SimpleNamespace(window=0), menu_opening=opening)
    pictures = Pictures(seat.bridge)
    holder = QWidget()
    qtbot.addWidget(holder)
    hands = PictureHands(seat.bridge, cast(Any, feed), cast(Any, walls), cast(Any, docks), pictures, holder)
    fisheye = Camera("C-1", notes={"fisheye": "ceiling"})

    hands.handlers()["masks"]()
    assert (hands.panel.is_drawing, hands.panel.camera, shown) == (True, "C-1", ["masks"])
    assert pictures.of("01/1", fisheye)["dewarp"] is None
    hands.handlers()["masks"]()
    assert not hands.panel.is_drawing
    assert pictures.of("01/1", fisheye)["dewarp"] is not None
    hands.handlers()["dewarp"]()
    assert pictures.of("01/1", Camera("C-1"))["dewarp"] is not None  # the chosen tile had no view: now it has one
