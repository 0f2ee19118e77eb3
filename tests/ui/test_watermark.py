"""The watermark: who, where and when over each tile, visible on any picture, hiding none, of the minute, and not zoomed away."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from console import words
from console.ui import theme, watermark
from console.ui.tile import TileContent
from console.ui.wall import WallSurface
from console.ui.watermark import Watermark
from tests.fakes import FakeClock
from tests.ui.glazed import glaze
from tests.ui.test_wall import SlotFeeds

NOW_NS = 1_790_000_000_000_000_000


@pytest.fixture(autouse=True)
def dressed(qapp: QApplication) -> Iterator[None]:
    words.choose("zh_CN")
    theme.apply(qapp, "dark")
    yield
    words.choose("zh_CN")


def marked(size: tuple[int, int], ground: int, mark: Watermark) -> tuple[QImage, list[int]]:
    """A grey sheet with the mark, and by how much each of its pixels differs from the ground."""
    image = QImage(*size, QImage.Format.Format_RGB32)
    image.fill(QColor(ground, ground, ground))
    painter = QPainter(image)
    mark.paint(painter, image.rect())
    painter.end()
    raw = bytes(image.constBits())[0::4]
    return image, [abs(value - ground) for value in raw]


@pytest.mark.parametrize("ground", [0, 90, 255])
def test_it_is_seen_on_every_picture_and_stays_faint(ground: int) -> None:
    _, off = marked((480, 270), ground, Watermark("王敏", "01", lambda: NOW_NS))

    assert sum(value > 20 for value in off) > 300
    assert max(off) < 90
    assert sum(value > 4 for value in off) < len(off) * 0.08


@pytest.mark.parametrize("size", [(1920, 1080), (480, 270), (240, 135), (160, 90), (4, 4)])
def test_every_size_of_tile_has_it(size: tuple[int, int]) -> None:
    _, off = marked(size, 90, Watermark("王敏", "01", lambda: NOW_NS))

    assert any(value > 10 for value in off) or size == (4, 4)


def test_it_says_who_where_and_when() -> None:
    text = watermark.words_for("王敏", "03", NOW_NS)

    assert "王敏" in text
    assert "03" in text
    assert ":" in text


def test_another_minute_has_another_mark() -> None:
    clock = FakeClock(NOW_NS)
    mark = Watermark("王敏", "01", clock.now_ns)
    first, _ = marked((480, 270), 90, mark)
    clock.advance(60)

    second, _ = marked((480, 270), 90, mark)

    assert first != second


def test_a_snapshot_gets_it_burnt_in_and_the_original_stays() -> None:
    image = QImage(704, 576, QImage.Format.Format_RGB32)
    image.fill(QColor(40, 80, 120))

    made = watermark.burnt(image, "王敏", "01", NOW_NS)

    assert made.size() == image.size()
    assert made != image
    assert QColor(image.pixel(350, 290)) == QColor(40, 80, 120)


def test_zoom_does_not_take_it_away(qtbot: QtBot) -> None:
    feeds = SlotFeeds()
    wall = glaze(WallSurface(feeds))  # type: ignore[arg-type]
    qtbot.addWidget(wall)
    wall.resize(480, 270)
    wall.set_layout(1)
    wall.set_tiles([TileContent("0", "cam", "", url="u")])
    wall.show()
    qtbot.waitExposed(wall)
    feeds.fill("0", (90, 90, 90))
    qtbot.waitUntil(lambda: "0" in feeds.shown, timeout=20_000)
    wall.set_view(wall.placed[0], QRectF(0.5, 0.5, 0.0625, 0.0625))
    middle = QRect(40, 60, 400, 160)

    plain = wall.grab(middle).toImage()
    wall.set_watermark(Watermark("王敏", "01", lambda: NOW_NS))
    with_mark = wall.grab(middle).toImage()

    assert plain != with_mark
    wall.close_feeds()
    feeds.close()
