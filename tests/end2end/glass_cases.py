"""Cases only the graphics card's surface has; `test_surface.py` runs them in a process of their own, on a real X server."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QShader
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from console.media import slots
from console.paths import resources
from console.ui import theme
from console.ui.tile import TileContent
from console.ui.wall import WallSurface
from tests.ui import wallscene
from tests.ui.test_wall import SlotFeeds

LONG_MS = 30_000


@pytest.fixture(autouse=True)
def dressed(qapp: QApplication) -> None:
    theme.apply(qapp, "dark")


@pytest.fixture
def feeds() -> Iterator[SlotFeeds]:
    made = SlotFeeds()
    yield made
    made.close()


def shown(wall: WallSurface) -> QImage:
    return wall.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)


def apart(first: QImage, second: QImage) -> float:
    """Share of the pixels that differ by more than 16 of 255 in any colour."""
    assert first.size() == second.size()
    sheets = [np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4) for image in (first, second)]
    far = np.abs(sheets[0].astype(np.int16) - sheets[1])[:, :, :3].max(axis=2) > 16
    return float(far.mean())


def quadrants(feeds: SlotFeeds, tile: str, rotation_deg: int = 0) -> None:
    """A picture with another colour in each corner."""
    slot = feeds.slots[tile]
    width, height = (slot.height_px, slot.width_px) if rotation_deg % 180 else (slot.width_px, slot.height_px)
    width, height = min(width, slot.width_px), min(height, slot.height_px)
    index, pixels = slot.begin(width, height)
    stride = slots.stride_bytes(width)
    colours = ((200, 20, 20), (20, 200, 20), (20, 20, 200), (200, 200, 20))
    for y in range(height):
        for half in (0, 1):
            red, green, blue = colours[2 * (y >= height // 2) + half]
            first, last = (0, width // 2) if not half else (width // 2, width)
            row = bytes((blue, green, red, 255)) * (last - first)
            pixels[y * stride + first * 4 : y * stride + last * 4] = row
    slot.publish(index, 0, feeds.mono_ns(), rotation_deg)
    feeds.set_state(tile, "live")


def make(qtbot: QtBot, feeds: SlotFeeds, is_gpu: bool, prepare: Callable[[WallSurface], None] = lambda wall: None) -> WallSurface:
    wall = WallSurface(feeds)  # type: ignore[arg-type]
    if is_gpu:
        wall.glazing.put_in()
    qtbot.addWidget(wall)
    wall.resize(400, 300)
    wall.set_layout(1)
    wall.set_tiles([TileContent("0", "cam", "", url="u")])
    wall.show()
    qtbot.waitExposed(wall)
    prepare(wall)
    return wall


def frames(wall: WallSurface) -> int:
    assert wall.glazing.glass is not None, wall.glazing.why
    return wall.glazing.glass.frames


ZOOMED = QRectF(0.25, 0.3, 0.5, 0.5)


@pytest.mark.parametrize(("rotation_deg", "view"), [(0, None), (90, None), (180, None), (-90, None), (0, ZOOMED), (90, ZOOMED)])
def test_both_surfaces_show_the_same(qtbot: QtBot, feeds: SlotFeeds, rotation_deg: int, view: QRectF | None) -> None:
    pictures = []
    for is_gpu in (False, True):
        wall = make(qtbot, feeds, is_gpu)
        quadrants(feeds, "0", rotation_deg)
        before = len(feeds.shown)
        if view is not None:
            wall.set_view(wall.placed[0], view)
        qtbot.waitUntil(lambda seen=before: len(feeds.shown) > seen, timeout=LONG_MS)
        wall.update_words(wall.placed[0])
        pictures.append(shown(wall))
        if is_gpu:
            assert frames(wall) > 0
        wall.close_feeds()
        wall.hide()

    assert apart(*pictures) < 0.03


def test_a_whole_wall_of_states_is_the_same_on_both(qtbot: QtBot) -> None:
    pictures = []
    for is_gpu in (False, True):
        cases, contents = wallscene.contents(16, "en")
        scene = wallscene.SceneFeeds(cases)
        wall = WallSurface(scene)  # type: ignore[arg-type]
        if is_gpu:
            wall.glazing.put_in()
        qtbot.addWidget(wall)
        wall.resize(960, 540)
        wall.set_layout(16)
        wall.set_tiles(contents)
        wall.show()
        qtbot.waitExposed(wall)
        qtbot.waitUntil(
            lambda w=wall: all(one.truth.badge or one.content.reason or one.truth.state for one in w.placed), timeout=LONG_MS
        )
        pictures.append(shown(wall))
        wall.close_feeds()
        wall.hide()
        scene.close()

    assert apart(*pictures) < 0.03


def test_a_wall_that_moves_to_another_window_is_drawn_there(qtbot: QtBot, feeds: SlotFeeds) -> None:
    wall = make(qtbot, feeds, is_gpu=True)
    feeds.fill("0", (200, 20, 20))
    qtbot.waitUntil(lambda: "0" in feeds.shown, timeout=LONG_MS)
    homes = [QWidget() for _ in range(2)]
    for home in homes:
        qtbot.addWidget(home)
        QVBoxLayout(home).addWidget(wall)
        home.resize(420, 320)
        home.show()
        qtbot.waitExposed(home)
        before = frames(wall)
        wall.update_tile("0")
        qtbot.waitUntil(lambda seen=before: frames(wall) > seen, timeout=LONG_MS)

        assert QColor(shown(wall).pixel(wall.width() // 2, wall.height() // 2 + 30)).red() == 200
    wall.close_feeds()
    wall.setParent(None)


def test_layouts_come_and_go_without_a_trace(qtbot: QtBot, feeds: SlotFeeds) -> None:
    wall = make(qtbot, feeds, is_gpu=True)
    for turn in range(8):
        tiles = (1, 16, 4, 9)[turn % 4]
        wall.set_layout(tiles)
        wall.set_tiles([TileContent(f"{turn}-{n}", f"cam{n}", f"Camera {n}", url="u") for n in range(tiles)])
        for n in range(tiles):
            feeds.fill(f"{turn}-{n}", (10 * n, 40, 90))
        before = frames(wall)
        qtbot.waitUntil(lambda seen=before: frames(wall) > seen, timeout=LONG_MS)

    glass = wall.glazing.glass
    assert glass is not None
    assert len(glass._shown) == 9
    wall.close_feeds()


@pytest.mark.parametrize("name", ["tile.vert", "tile.frag", "tile_nv12.frag"])
def test_every_baked_shader_loads(name: str) -> None:
    assert QShader.fromSerialized(resources("shaders", f"{name}.qsb").read_bytes()).isValid()


def test_a_device_that_fails_gives_the_wall_back_to_the_raster_painter(
    qtbot: QtBot, feeds: SlotFeeds, expect_log: Callable[[str], None]
) -> None:
    expect_log("without the graphics card")
    wall = make(qtbot, feeds, is_gpu=True)
    feeds.fill("0", (200, 20, 20))
    qtbot.waitUntil(lambda: "0" in feeds.shown, timeout=LONG_MS)

    assert wall.glazing.glass is not None
    wall.glazing.glass.renderFailed.emit()

    assert wall.glazing.glass is None
    feeds.fill("0", (20, 200, 20))
    qtbot.waitUntil(lambda: QColor(shown(wall).pixel(200, 200)).green() == 200, timeout=LONG_MS)
    wall.close_feeds()
