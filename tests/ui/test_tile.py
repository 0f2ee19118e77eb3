"""A tile's signs as painted: a badge in every tile at every size, readable, faults of different shape, a button that is hit."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication

from console import words
from console.ui import faults, plates, theme, tile
from console.ui.tile import TileContent, TileSigns
from console.ui.truth import Mark, Truth
from tests.ui import wallscene

GROUNDS = ((255, 255, 255), (128, 128, 128), (0, 0, 0))


@pytest.fixture(autouse=True)
def dressed(qapp: QApplication) -> Iterator[None]:
    words.choose("zh_CN")
    theme.apply(qapp, "dark")
    yield
    words.choose("zh_CN")


def painted(said: Truth, content: TileContent, size: tuple[int, int], ground: tuple[int, int, int] = (90, 90, 90)) -> QImage:
    image = QImage(*size, QImage.Format.Format_RGB32)
    image.fill(QColor(*ground))
    painter = QPainter(image)
    TileSigns().paint(painter, QRect(0, 0, *size), content, said)
    painter.end()
    return image


def shades(image: QImage, place: QRect) -> list[QColor]:
    inside = place.intersected(image.rect())
    return [
        QColor(image.pixel(x, y))
        for y in range(inside.top(), inside.bottom() + 1)
        for x in range(inside.left(), inside.right() + 1)
    ]


def scene(language: str) -> list[tuple[TileContent, Truth]]:
    words.choose(language)
    cases, contents = wallscene.contents(len(wallscene.CASES), language)
    feeds = wallscene.SceneFeeds(cases)
    known = feeds.health()
    return [
        (
            content,
            tile.truth(content, known[content.key], 200.0, known[content.key].since_ns, 480, cases[content.key].has_picture),
        )
        for content in contents
    ]


def test_no_label_is_smaller_than_readable() -> None:
    assert [tile.label_px(height) for height in (40, 270, 1080)] == [14, 15, 21]


@pytest.mark.parametrize("size", [(1920, 1080), (480, 270), (240, 135), (160, 90), (60, 45)])
@pytest.mark.parametrize("language", words.LANGUAGES)
def test_every_state_has_its_badge_at_every_size(language: str, size: tuple[int, int]) -> None:
    for content, said in scene(language):
        ground = QColor(90, 90, 90)
        image = painted(said, content, size)
        corner = QRect(size[0] - 26, 2, 24, 22)

        assert sum(shade != ground for shade in shades(image, corner)) > 100, (content.name, size)


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("state", ["live", "late", "held", "replay", "connecting"])
def test_the_badge_is_readable_over_any_picture(state: str, ground: tuple[int, int, int]) -> None:
    """Contrast of words and plate at least 4.5 : 1 (WCAG 2.2, 1.4.3), whatever the picture under the plate."""
    image = painted(Truth(state, "12:34:56"), TileContent("1", "c", url="u"), (480, 270), ground)
    plate = shades(image, QRect(360, 6, 114, 18))
    brightest = max(plate, key=lambda shade: shade.lightness())
    darkest = min(plate, key=lambda shade: shade.lightness())

    assert theme.contrast(brightest, darkest) >= 4.5


@pytest.mark.parametrize(
    ("one", "other"), list(itertools.combinations([*faults.FAULTS, "held", "connecting", "late", "consent"], 2))
)
def test_faults_differ_in_shape_across_the_room(one: str, other: str) -> None:
    """As large as on a 16-tile wall seen from four times as far: 20 px."""
    size = 20

    def ink(sign: str) -> list[bool]:
        image = QImage(size, size, QImage.Format.Format_RGB32)
        image.fill(QColor(0, 0, 0))
        painter = QPainter(image)
        faults.draw_sign(painter, QRect(0, 0, size, size).toRectF(), sign)
        painter.end()
        return [QColor(image.pixel(x, y)).lightness() > 90 for y in range(size) for x in range(size)]

    assert sum(a != b for a, b in zip(ink(one), ink(other), strict=True)) > 24


@pytest.mark.parametrize("sign", faults.SIGNS)
def test_every_sign_stays_inside_its_square(sign: str) -> None:
    image = QImage(48, 48, QImage.Format.Format_RGB32)
    image.fill(QColor(0, 0, 0))
    painter = QPainter(image)
    faults.draw_sign(painter, QRect(8, 8, 32, 32).toRectF(), sign)
    painter.end()
    inside = QRect(7, 7, 34, 34)
    outside = [
        (x, y) for x in range(48) for y in range(48) if not inside.contains(x, y) and QColor(image.pixel(x, y)).lightness()
    ]

    assert not outside


@pytest.mark.parametrize("size", [(480, 270), (240, 135), (320, 270), (640, 480)])
@pytest.mark.parametrize("language", words.LANGUAGES)
def test_no_word_of_a_fault_is_cut_off(language: str, size: tuple[int, int]) -> None:
    room = QRect(2, 30, size[0] - 4, size[1] - 33)
    for content, said in scene(language):
        if not said.headline:
            continue
        block = (plates.foot if said.is_foot else plates.middle)(said, room, size[1], 1.0)

        assert block is not None, content.name
        assert room.contains(block.place), (content.name, block.place)
        assert bool(said.retry) == (not block.button.isEmpty()), content.name


@pytest.mark.parametrize("is_foot", [False, True])
def test_the_button_is_hit_where_it_is_painted(is_foot: bool) -> None:
    image = QImage(960, 540, QImage.Format.Format_RGB32)
    image.fill(0)
    painter = QPainter(image)
    signs, rect = TileSigns(), QRect(480, 270, 480, 270)
    said = Truth("none", "x", "auth", "wrong password", ("in 3 s",), "Retry now (Enter)", is_foot=is_foot)
    signs.paint(painter, rect, TileContent("1", "c", url="u"), said)
    painter.end()
    button = signs.button(rect)

    assert rect.contains(button)
    assert signs.retry_at(rect, button.center())
    assert not signs.retry_at(rect, QPoint(490, 280))
    assert QColor(image.pixel(button.left() + 6, button.top() + 4)) == theme.tile_color("raised")


def test_without_a_fault_there_is_no_button() -> None:
    signs, image = TileSigns(), QImage(480, 270, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    signs.paint(painter, image.rect(), TileContent("1", "c", url="u"), Truth("live", "live 0.1 s"))
    painter.end()

    assert signs.button(image.rect()).isEmpty()
    assert not signs.retry_at(image.rect(), QPoint(240, 135))


def test_marks_give_way_from_words_to_pictograms() -> None:
    said = Truth(
        "live", "0.1 s", marks=(Mark("lowered", "key frames · processor busy", "key frames"), Mark("masked", "masked", ""))
    )
    wide = painted(said, TileContent("1", "c", url="u"), (480, 270))
    narrow = painted(said, TileContent("1", "c", url="u"), (120, 90))
    ground = QColor(90, 90, 90)

    assert sum(shade != ground for shade in shades(wide, QRect(200, 30, 280, 20))) > 1500
    assert sum(shade != ground for shade in shades(narrow, QRect(50, 30, 70, 20))) > 300


def test_a_replayed_tile_is_framed() -> None:
    image = painted(Truth("replay", "12:00:00"), TileContent("1", "c", url="u"), (480, 270))

    assert QColor(image.pixel(1, 200)) == theme.tile_color("replay")
