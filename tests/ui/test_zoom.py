"""Digital zoom: the point under the pointer stays, the view stays on the picture, and what is painted is the part shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QWheelEvent
from PySide6.QtWidgets import QApplication

from console.ui import zoom
from console.ui.picture import paint_part
from console.ui.tile import TileContent
from console.ui.wall import WallSurface
from console.ui.walltile import WHOLE, PlacedTile
from console.ui.walltool import Tool
from tests.ui.test_wall import SlotFeeds

share = st.floats(0.0, 1.0)


@given(st.lists(st.tuples(st.floats(0.2, 5.0), share, share, st.floats(-2, 2), st.floats(-2, 2)), max_size=20))
def test_whatever_hands_do_the_view_stays_on_the_picture(done: list[tuple[float, float, float, float, float]]) -> None:
    view = QRectF(WHOLE)
    for factor, x, y, right, down in done:
        view = zoom.panned(zoom.zoomed(view, factor, QPointF(x, y)), right, down)

        assert 1 / zoom.MOST - 1e-9 <= view.width() <= 1.0
        assert view.width() == view.height()
        assert min(view.left(), view.top()) >= 0.0
        assert max(view.right(), view.bottom()) <= 1.0 + 1e-9


def test_the_point_under_the_pointer_stays_where_it_is() -> None:
    at = QPointF(0.5, 0.4)
    view = zoom.zoomed(WHOLE, 4.0, at)

    assert ((at.x() - view.left()) / view.width(), (at.y() - view.top()) / view.height()) == pytest.approx((0.5, 0.4))
    assert zoom.zoomed(view, 0.01, at) == WHOLE


def test_the_size_asked_for_changes_in_few_steps() -> None:
    assert [zoom.sharpness(QRectF(0, 0, side, side)) for side in (1.0, 0.8, 0.5, 0.3, 1 / 16)] == [1.0, 2.0, 2.0, 4.0, 4.0]


@pytest.mark.parametrize("room", [(400, 300), (400, 100), (101, 300)])
def test_the_part_is_painted_where_the_whole_would_stand(room: tuple[int, int]) -> None:
    image = QImage(100, 100, QImage.Format.Format_RGB32)
    image.fill(QColor("black"))
    painter = QPainter(image)
    painter.fillRect(50, 50, 50, 50, QColor("red"))
    painter.end()
    target = QImage(*room, QImage.Format.Format_RGB32)
    target.fill(QColor("blue"))

    painter = QPainter(target)
    place = paint_part(painter, QRect(0, 0, *room), image, QRectF(0.5, 0.5, 0.5, 0.5))
    painter.end()

    assert place.width() == place.height() == min(room)
    assert QColor(target.pixel(place.center())) == QColor("red")
    assert QColor("blue") not in [QColor(target.pixel(x, y)) for x, y in ((0, 0), (room[0] - 1, room[1] - 1))]


@pytest.fixture
def wall(qtbot: Any, qapp: Any) -> Iterator[tuple[WallSurface, SlotFeeds]]:
    feeds = SlotFeeds()
    surface = WallSurface(feeds)  # type: ignore[arg-type]
    qtbot.addWidget(surface)
    surface.resize(640, 480)
    surface.set_layout(4)
    surface.set_tiles([TileContent(str(n), f"cam{n}", f"Camera {n}", "tianwang", url=f"u{n}") for n in range(3)])
    surface.show()
    feeds.fill("0", (200, 0, 0))
    qtbot.waitUntil(lambda: not surface.placed[0].place.isEmpty(), timeout=30_000)
    yield surface, feeds
    surface.close_feeds()
    feeds.close()


def turn(surface: WallSurface, at: QPoint, steps: int) -> None:
    event = QWheelEvent(
        QPointF(at), QPointF(surface.mapToGlobal(at)), QPoint(), QPoint(0, 120 * steps), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(surface, event)


def test_the_wheel_zooms_and_asks_for_the_main_stream_at_a_larger_size(wall: Any, qtbot: Any) -> None:
    surface, feeds = wall
    before = feeds.wanted[0]

    turn(surface, surface.placed[0].rect.center(), 4)
    qtbot.waitUntil(lambda: feeds.wanted[0].is_large, timeout=30_000)

    assert feeds.wanted[0].width_px > before.width_px
    assert [one.is_large for one in feeds.wanted[1:]] == [False, False]


def test_keys_zoom_move_and_show_the_whole_again(wall: Any, qtbot: Any) -> None:
    surface, _ = wall
    for _ in range(6):
        qtbot.keyClick(surface, Qt.Key.Key_Plus)
    middle = surface.placed[0].view.center()
    qtbot.keyClick(surface, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    moved = surface.placed[0].view.center()
    qtbot.keyClick(surface, Qt.Key.Key_Home)

    assert moved.x() > middle.x()
    assert surface.placed[0].view == WHOLE


def test_a_drag_moves_a_zoomed_picture(wall: Any, qtbot: Any) -> None:
    surface, _ = wall
    one: PlacedTile = surface.placed[0]
    surface.set_view(one, QRectF(0.25, 0.25, 0.5, 0.5))
    at = QPointF(one.rect.center())
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier

    for kind, point in ((QEvent.Type.MouseButtonPress, at), (QEvent.Type.MouseMove, at + QPointF(40, 0))):
        QApplication.sendEvent(surface, QMouseEvent(kind, point, QPointF(surface.mapToGlobal(point.toPoint())), left, left, none))
    qtbot.mouseRelease(surface, left, pos=at.toPoint())

    assert surface.placed[0].view.left() < 0.25
    assert surface.placed[0].view.top() == 0.25


def test_a_zoomed_held_and_turned_picture_is_painted_at_any_size(wall: Any, qtbot: Any) -> None:
    surface, feeds = wall
    surface.set_view(surface.placed[0], QRectF(0.9, 0.9, 0.1, 0.1))
    for size in ((30, 20), (1, 1), (1366, 768)):
        surface.resize(*size)
        surface.grab()
    feeds.set_state("0", "held", "unreachable")
    surface.grab()


def test_another_pixel_ratio_asks_anew(wall: Any, qtbot: Any) -> None:
    """faults.md V59: the window went to a screen of another resolution."""
    surface, feeds = wall
    feeds.wanted = []

    QApplication.sendEvent(surface, QEvent(QEvent.Type.DevicePixelRatioChange))

    qtbot.waitUntil(lambda: len(feeds.wanted) == 3, timeout=30_000)


class Ear(Tool):
    """Hears what a tile tells a tool."""

    def __init__(self, takes: bool) -> None:
        self.takes, self.heard = takes, []

    def paint(self, painter: QPainter, tile: PlacedTile) -> None:
        self.heard.append("paint")

    def press(self, tile: PlacedTile, event: QMouseEvent) -> bool:
        self.heard.append("press")
        return self.takes

    def release(self, tile: PlacedTile, event: QMouseEvent) -> bool:
        self.heard.append("release")
        return self.takes

    def wheel(self, tile: PlacedTile, event: QWheelEvent) -> bool:
        return self.takes

    def claims(self, tile: PlacedTile, event: QKeyEvent) -> bool:
        return self.takes and event.key() == Qt.Key.Key_Delete

    def key(self, tile: PlacedTile, event: QKeyEvent) -> bool:
        self.heard.append(event.key())
        return self.takes


@pytest.mark.parametrize("takes", [True, False])
def test_a_tool_is_asked_before_the_wall_and_only_on_its_tile(wall: Any, qtbot: Any, takes: bool) -> None:
    surface, _ = wall
    ear, clicked = Ear(takes), []
    surface.add_tool(ear, "0")
    surface.tile_clicked.connect(clicked.append)
    surface.grab()

    qtbot.mouseClick(surface, Qt.MouseButton.LeftButton, pos=surface.placed[0].rect.center())
    qtbot.mouseClick(surface, Qt.MouseButton.LeftButton, pos=surface.placed[1].rect.center())
    surface.focus_on(surface.placed[0])
    turn(surface, surface.placed[0].rect.center(), 2)
    event = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_Delete, Qt.KeyboardModifier.NoModifier)
    event.ignore()
    QApplication.sendEvent(surface, event)

    assert "paint" in ear.heard
    assert (ear.heard.count("press"), len(clicked)) == ((1, 1) if takes else (1, 2))
    assert surface.placed[0].is_zoomed is not takes
    assert event.isAccepted() is takes
    surface.remove_tool(ear, "0")
    ear.heard.clear()
    surface.grab()
    assert ear.heard == []


def test_a_tools_tile_that_goes_while_it_holds_the_pointer_ends_the_hold(wall: Any, qtbot: Any) -> None:
    surface, _ = wall
    surface.add_tool(Ear(True))
    qtbot.mousePress(surface, Qt.MouseButton.LeftButton, pos=surface.placed[2].rect.center())
    surface.set_tiles([])

    qtbot.mouseMove(surface, QPoint(10, 10))
    qtbot.mouseRelease(surface, Qt.MouseButton.LeftButton, pos=QPoint(10, 10))

    assert surface.tools.holder == ""
