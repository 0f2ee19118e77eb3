"""The wall surface with slots of its own: right pixels in the right place, only changed tiles painted, keys and clicks."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from console.media import slots
from console.media.slots import Slot
from console.model.wall import FeedHealth, WantedFeed
from console.services.feeds import Still
from console.ui.stall import StallMeter
from console.ui.tile import TileContent
from console.ui.wall import WallSurface
from tests.ui.glazed import glaze


class SlotFeeds:
    """Stands for `Feeds`: real slots, filled by the test."""

    def __init__(self) -> None:
        self.slots: dict[str, Slot] = {}
        self.known: dict[str, FeedHealth] = {}
        self.wanted: list[WantedFeed] = []
        self.stills: dict[str, Still | None] = {}
        self.shown: list[str] = []
        self.retried: list[str] = []

    def want(self, wanted: Iterable[WantedFeed], owner: str = "wall") -> None:
        self.wanted = list(wanted)
        for one in self.wanted:
            if one.tile not in self.slots:
                self.slots[one.tile] = Slot.create(one.width_px, one.height_px)
                self.known[one.tile] = FeedHealth(one.tile, one.camera, "connecting", 0)

    def fill(self, tile: str, color: tuple[int, int, int], state: str = "live") -> None:
        slot = self.slots[tile]
        index, pixels = slot.begin(slot.width_px, slot.height_px)
        row = bytes((color[2], color[1], color[0], 255)) * (slots.stride_bytes(slot.width_px) // 4)
        pixels[: len(row) * slot.height_px] = row * slot.height_px
        slot.publish(index, 0, self.mono_ns())
        self.set_state(tile, state)

    def set_state(self, tile: str, state: str, error: str | None = None) -> None:
        at_ns = time.time_ns()
        self.known[tile] = FeedHealth(tile, "cam", state, 0, error=error, picture_at_ns=at_ns)  # type: ignore[arg-type]

    def slot(self, tile: str) -> Slot | None:
        return self.slots.get(tile)

    def health(self) -> dict[str, FeedHealth]:
        return self.known

    def painted(self, tile: str) -> None:
        self.shown.append(tile)

    def retry(self, tile: str) -> None:
        self.retried.append(tile)

    def knows_still(self, camera: str) -> bool:
        return camera in self.stills

    def still(self, camera: str) -> Still | None:
        return self.stills.get(camera)

    def mono_ns(self) -> int:
        return time.monotonic_ns()

    def close(self) -> None:
        for slot in self.slots.values():
            slot.close()


@pytest.fixture
def feeds() -> Iterator[SlotFeeds]:
    made = SlotFeeds()
    yield made
    made.close()


@pytest.fixture
def wall(qtbot: QtBot, feeds: SlotFeeds) -> Iterator[WallSurface]:
    surface = glaze(WallSurface(feeds))  # type: ignore[arg-type]
    qtbot.addWidget(surface)
    surface.resize(640, 480)
    surface.set_layout(4)
    surface.set_tiles([TileContent(str(n), f"cam{n}", f"Camera {n}", "tianwang", url=f"u{n}") for n in range(4)])
    surface.show()
    qtbot.waitExposed(surface)
    yield surface
    surface.close_feeds()


def pixel(wall: WallSurface, x: int, y: int) -> tuple[int, int, int]:
    image = QImage(wall.size(), QImage.Format.Format_RGB32)
    wall.render(image)
    found = QColor(image.pixel(x, y))
    return found.red(), found.green(), found.blue()


def test_every_tile_is_asked_for_at_its_own_size(wall: WallSurface, feeds: SlotFeeds) -> None:
    assert [(one.tile, one.width_px, one.height_px) for one in feeds.wanted] == [
        ("0", 319, 239), ("1", 320, 239), ("2", 319, 240), ("3", 320, 240),
    ]  # fmt: skip


def test_each_picture_stands_in_its_own_tile(wall: WallSurface, feeds: SlotFeeds, qtbot: QtBot) -> None:
    for tile, color in (("0", (200, 0, 0)), ("3", (0, 0, 200))):
        feeds.fill(tile, color)
    qtbot.waitUntil(lambda: {"0", "3"} <= set(feeds.shown))

    assert pixel(wall, 160, 120) == (200, 0, 0)
    assert pixel(wall, 480, 360) == (0, 0, 200)
    assert pixel(wall, 480, 60) == (0, 0, 0)


def test_only_a_new_picture_is_painted(wall: WallSurface, feeds: SlotFeeds, qtbot: QtBot) -> None:
    feeds.fill("1", (0, 200, 0))
    qtbot.waitUntil(lambda: "1" in feeds.shown)
    qtbot.wait(300)

    assert feeds.shown.count("1") == 1


def test_a_held_picture_is_grey(wall: WallSurface, feeds: SlotFeeds, qtbot: QtBot) -> None:
    feeds.fill("0", (220, 30, 30))
    qtbot.waitUntil(lambda: "0" in feeds.shown)

    feeds.set_state("0", "held", "unreachable")
    qtbot.waitUntil(lambda: len(set(pixel(wall, 160, 120))) == 1)

    assert pixel(wall, 160, 120)[0] > 20


def test_the_last_known_still_is_shown_grey_until_the_first_picture(wall: WallSurface, feeds: SlotFeeds, qtbot: QtBot) -> None:
    from PySide6.QtCore import QBuffer, QIODevice

    image = QImage(320, 240, QImage.Format.Format_RGB32)
    image.fill(QColor(230, 120, 120))
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "JPG")
    feeds.stills["cam2"] = Still(bytes(buffer.data().data()), time.time_ns() - 180_000_000_000)

    qtbot.waitUntil(lambda: pixel(wall, 30, 400)[0] > 40)
    assert len(set(pixel(wall, 30, 400))) == 1
    feeds.fill("2", (0, 0, 250))

    qtbot.waitUntil(lambda: pixel(wall, 30, 400) == (0, 0, 250))


def test_a_click_names_its_tile(wall: WallSurface, qtbot: QtBot) -> None:
    with qtbot.waitSignal(wall.tile_clicked) as clicked:
        qtbot.mouseClick(wall, Qt.MouseButton.LeftButton, pos=QPoint(480, 100))

    assert clicked.args[0].key == "1"
    assert wall.focused() is not None
    assert wall.focused().key == "1"  # type: ignore[union-attr]


def test_a_double_click_names_its_tile(wall: WallSurface, qtbot: QtBot) -> None:
    with qtbot.waitSignal(wall.tile_double_clicked) as clicked:
        qtbot.mouseDClick(wall, Qt.MouseButton.LeftButton, pos=QPoint(100, 400))

    assert clicked.args[0].key == "2"


def test_every_tile_is_reached_by_arrows_and_enlarged_by_enter(wall: WallSurface, qtbot: QtBot) -> None:
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Left):
        qtbot.keyClick(wall, key)

    with qtbot.waitSignal(wall.tile_double_clicked) as enlarged:
        qtbot.keyClick(wall, Qt.Key.Key_Return)

    assert enlarged.args[0].key == "2"


def test_enter_retries_a_tile_that_failed(wall: WallSurface, feeds: SlotFeeds, qtbot: QtBot) -> None:
    feeds.set_state("0", "none", "auth")

    qtbot.keyClick(wall, Qt.Key.Key_Return)

    assert feeds.retried == ["0"]


def test_a_click_on_retry_now_retries_and_chooses_nothing(wall: WallSurface, feeds: SlotFeeds, qtbot: QtBot) -> None:
    at_ns = time.time_ns()
    feeds.known["1"] = FeedHealth("1", "cam", "none", at_ns, error="unreachable", next_try_s=2.0)
    here = wall.named("1")
    assert here is not None
    qtbot.waitUntil(lambda: here.truth.retry != "", timeout=20_000)
    pixel(wall, 1, 1)  # has it painted, so that the button stands somewhere
    qtbot.waitUntil(lambda: not here.signs.button(here.rect).isEmpty(), timeout=20_000)
    clicked: list[object] = []
    wall.tile_clicked.connect(clicked.append)

    qtbot.mouseClick(wall, Qt.MouseButton.LeftButton, pos=here.signs.button(here.rect).center())

    assert (feeds.retried, clicked) == (["1"], [])


def test_a_hidden_wall_wants_nothing(wall: WallSurface, feeds: SlotFeeds) -> None:
    """faults.md V56"""
    wall.hide()

    assert feeds.wanted == []


@pytest.mark.parametrize("size", [(120, 90), (1, 1), (3840, 2160)])
def test_any_size_is_painted(wall: WallSurface, feeds: SlotFeeds, size: tuple[int, int]) -> None:
    wall.set_tiles([TileContent("0", "cam0", "A long name of a camera at a crossing", "huiyan", 7, "red", url="u")])
    wall.resize(*size)
    feeds.fill("0", (9, 9, 9))

    wall.grab()


def test_the_stall_meter_measures_a_stall(qtbot: QtBot) -> None:
    meter = StallMeter()
    meter.start()
    qtbot.wait(60)

    time.sleep(0.12)
    qtbot.wait(60)
    meter.stop()

    assert 80 < meter.worst_ms < 400
    assert meter.percentile_ms(0.0) < 40
