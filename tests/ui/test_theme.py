"""Colours are readable, fonts are there, and both themes say the same names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QFontDatabase, QImage, QPainter, QRawFont
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from console.paths import resources
from console.ui import theme


@pytest.fixture(params=["dark", "light"])
def dressed(request: pytest.FixtureRequest, qapp: QApplication) -> str:
    theme.apply(qapp, request.param)
    return str(request.param)


def test_both_themes_have_the_same_tokens() -> None:
    assert set(theme.THEMES["dark"]) == set(theme.THEMES["light"])


@pytest.mark.parametrize("panel", theme.PANELS)
@pytest.mark.parametrize("tone", theme.TONES)
def test_every_text_token_is_readable_on_every_panel(dressed: str, tone: str, panel: str) -> None:
    assert theme.contrast(theme.color(tone), theme.color(panel)) >= 4.5


@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("danger_text", "danger"), ("danger_text", "danger_pressed"), ("unit_text", "unit"), ("unit_text", "muted"),
        ("text", "line"),
        ("on_grade", "red"), ("on_grade", "orange"), ("on_grade", "blue"), ("on_grade", "green"), ("on_grade", "accent"),
        ("map_label", "map_ground"), ("map_label", "map_water"), ("map_label", "map_green"), ("map_label", "map_building"),
        ("muted", "map_ground"), ("text", "map_ground"), ("text", "camera"), ("accent", "camera"), ("muted", "camera"),
    ],
)  # fmt: skip
def test_signs_and_map_names_are_readable(dressed: str, text: str, ground: str) -> None:
    assert theme.contrast(theme.color(text), theme.color(ground)) >= 4.5


def test_contrast_of_black_on_white_is_21_as_the_standard_says() -> None:
    assert theme.contrast(QColor("#000"), QColor("#fff")) == pytest.approx(21.0)


def test_dark_tokens_are_those_of_the_design() -> None:
    told = {
        "background": "#12161B",
        "panel": "#1A2027",
        "text": "#E8ECF0",
        "red": "#FF5A52",
        "late": "#FFD24A",
        "danger": "#B3261E",
    }
    assert {name: theme.THEMES["dark"][name] for name in told} == told


def test_tiles_keep_dark_colours_in_a_light_room(qapp: QApplication) -> None:
    theme.apply(qapp, "light")

    assert theme.tile_color("text").name().upper() == theme.THEMES["dark"]["text"]


def test_an_unknown_theme_is_our_own_mistake(qapp: QApplication) -> None:
    with pytest.raises(ValueError, match="mauve"):
        theme.apply(qapp, "mauve")


def test_no_text_is_smaller_than_14_px(dressed: str) -> None:
    sizes = [int(size) for size in re.findall(r"font-size: (\d+)px", theme.style_sheet())]

    assert min(sizes) >= 14
    assert theme.font().pixelSize() == 14


def test_the_style_sheet_has_no_token_left_and_its_pictures_exist(dressed: str) -> None:
    sheet = theme.style_sheet()

    assert "$" not in re.sub(r"/\*.*?\*/", "", sheet, flags=re.S)
    pictures = re.findall(r'url\("([^"]+)"\)', sheet)
    assert pictures
    assert [picture for picture in pictures if not Path(picture).is_file()] == []


def test_scale_enlarges_type_and_space(qapp: QApplication) -> None:
    theme.apply(qapp, "dark", scale=1.5)

    assert (theme.px("text"), theme.px("space_2")) == (21, 12)
    theme.apply(qapp, "dark")


def test_applying_makes_cached_pictures_stale(qapp: QApplication) -> None:
    before = theme.generation()

    theme.apply(qapp, "dark")

    assert theme.generation() == before + 1


def test_the_bundled_font_has_every_character_of_gb2312(qapp: QApplication) -> None:
    face = QRawFont(str(resources("fonts", theme.FONT_FILE)), 20)
    characters = [
        bytes((row, cell)).decode("gb2312")
        for row in range(0xB0, 0xF8)
        for cell in range(0xA1, 0xFF)
        if not (row == 0xD7 and cell > 0xF9)
    ]

    assert len(characters) == 6763
    assert [letter for letter in characters if not face.supportsCharacter(ord(letter))] == []


def test_the_bundled_font_has_every_character_of_our_texts_and_signs(qapp: QApplication) -> None:
    face = QRawFont(str(resources("fonts", theme.FONT_FILE)), 20)
    texts = "".join(file.read_text(encoding="utf-8") for file in resources("i18n").rglob("*.toml"))
    texts += "".join(file.read_text(encoding="utf-8") for file in resources("playbooks").rglob("*.toml"))

    assert sorted({letter for letter in texts if letter.isprintable() and not face.supportsCharacter(ord(letter))}) == []


def test_digits_have_one_width(qapp: QApplication) -> None:
    face = QRawFont(str(resources("fonts", theme.FONT_FILE)), 20)

    widths = {advance.x() for advance in face.advancesForGlyphIndexes(face.glyphIndexesForString("0123456789"))}

    assert len(widths) == 1


def test_a_removed_font_is_named(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    assert theme.font_problem() is None

    monkeypatch.setattr(theme, "FONT_FILE", "Gone.otf")

    assert "Gone.otf" in (theme.font_problem() or "")


def test_the_bundled_font_is_registered_under_its_own_name(qapp: QApplication) -> None:
    theme.families()

    assert theme.FONT_FAMILY in QFontDatabase.families()


def test_a_danger_button_and_a_toned_label_take_their_colours(dressed: str, qtbot) -> None:
    button, label = QPushButton("■"), QLabel("■■■")
    button.setProperty("role", "danger")
    label.setProperty("tone", "late")
    for widget in (button, label):
        qtbot.addWidget(widget)
        widget.resize(120, 48)

    assert QColor(button.grab().toImage().pixel(60, 5)) == theme.color("danger")
    assert theme.color("late").rgb() in {label.grab().toImage().pixel(x, 24) for x in range(120)}


def test_chinese_text_is_not_boxes(qapp: QApplication) -> None:
    theme.apply(qapp, "dark")

    assert len({_inked("联"), _inked("动"), _inked("瞭")}) == 3


def _inked(letter: str) -> bytes:
    image = QImage(40, 40, QImage.Format.Format_Grayscale8)
    image.fill(0)
    painter = QPainter(image)
    painter.setFont(theme.font(30))
    painter.setPen(QColor("#fff"))
    painter.drawText(4, 32, letter)
    painter.end()
    return bytes(image.constBits())
