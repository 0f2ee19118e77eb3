"""Signs differ in shape, not in colour alone, and are sharp at every pixel ratio."""

from __future__ import annotations

import itertools

import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication

from console import words
from console.model.camera import NETWORKS
from console.model.incident import GRADES
from console.model.unit import DUTIES, UNIT_KINDS
from console.ui import marks, theme


@pytest.fixture(autouse=True)
def _dressed(qapp: QApplication) -> None:
    words.choose("zh_CN")
    theme.apply(qapp, "dark")


def ink(sign: str, *arguments: object, size: int = 28) -> list[bool]:
    """Where a sign covers its square, whatever the colour."""
    image = marks.pixmap(sign, size, 1.0, *arguments).toImage()
    return [QColor.fromRgba(image.pixel(x, y)).alpha() > 127 for y in range(size) for x in range(size)]


def grey(sign: str, *arguments: object, size: int = 28) -> list[int]:
    """A sign over the panel as a colour-blind eye sees it."""
    image = QImage(size, size, QImage.Format.Format_RGB32)
    image.fill(theme.color("panel"))
    painter = QPainter(image)
    painter.drawPixmap(0, 0, marks.pixmap(sign, size, 1.0, *arguments))
    painter.end()
    return [QColor(image.pixel(x, y)).lightness() for y in range(size) for x in range(size)]


def differing(first: list, second: list, by: int = 0) -> int:
    return sum(abs(int(a) - int(b)) > by for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations([*GRADES, None], 2)))
def test_grades_differ_without_colour(one: str | None, other: str | None) -> None:
    assert differing(grey("grade", one), grey("grade", other), 40) > 40


def test_a_red_mark_is_a_triangle_and_a_blue_one_a_square() -> None:
    size = 28
    triangle, square = ink("grade", "red"), ink("grade", "blue")

    assert sum(triangle[3 * size : 4 * size]) < sum(triangle[24 * size : 25 * size]) / 3
    assert sum(square[6 * size : 7 * size]) == sum(square[20 * size : 21 * size])


def test_an_ungraded_incident_is_never_green() -> None:
    assert marks.grade_color(None) == theme.color("muted")


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(marks.TILE_STATES, 2)))
def test_tile_states_differ_in_shape(one: str, other: str) -> None:
    assert differing(ink("tile_state", one), ink("tile_state", other)) > 20


def test_tile_states_use_no_grade_colour() -> None:
    grades = {theme.tile_color(grade).name() for grade in GRADES}

    assert grades.isdisjoint(marks.tile_state_color(state).name() for state in marks.TILE_STATES)


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(NETWORKS, 2)))
def test_networks_differ_by_character(one: str, other: str) -> None:
    assert differing(grey("network", one), grey("network", other), 40) > 20


@pytest.mark.parametrize("language", words.LANGUAGES)
@pytest.mark.parametrize("sign", ["unit", "network"])
def test_every_kind_has_a_character_of_its_own(sign: str, language: str) -> None:
    words.choose(language)
    kinds = UNIT_KINDS if sign == "unit" else NETWORKS

    characters = [words.tr(f"mark.{sign}.{kind}") for kind in kinds]

    assert len(set(characters)) == len(kinds)
    assert max(map(len, characters)) <= 2
    words.choose("zh_CN")


@pytest.mark.parametrize("duty", [duty for duty in DUTIES if duty not in ("on_duty", "patrolling", "reserve")])
def test_duty_shows_in_the_shape(duty: str) -> None:
    assert differing(grey("unit", "patrol_car", duty), grey("unit", "patrol_car", "on_duty"), 30) > 12


def test_an_old_fix_is_a_ring_not_a_disc() -> None:
    fresh, stale = grey("unit", "patrol_car", "on_duty"), grey("unit", "patrol_car", "on_duty", True)
    light = theme.color("unit").lightness() - 40

    assert sum(value > light for value in fresh) > 5 * sum(value > light for value in stale)


def test_a_dead_camera_is_struck_through_and_a_linked_one_has_the_accent() -> None:
    assert differing(grey("network", "tianwang", False, False), grey("network", "tianwang", False, True), 30) > 20
    image = marks.pixmap("network", 28, 1.0, "tianwang", True).toImage()
    assert any(QColor(image.pixel(x, 14)).name() == theme.color("accent").name() for x in range(28))


def test_pictures_are_cached_per_ratio_and_made_anew_for_another_theme(qapp: QApplication) -> None:
    first = marks.pixmap("number", 20, 1.0, 3)

    assert marks.pixmap("number", 20, 1.0, 3) is first
    assert marks.pixmap("number", 20, 2.0, 3).width() == 40
    theme.apply(qapp, "light")
    assert marks.pixmap("number", 20, 1.0, 3) is not first


def test_hold_progress_covers_its_share() -> None:
    image = QImage(100, 40, QImage.Format.Format_RGB32)
    image.fill(theme.color("danger"))
    painter = QPainter(image)
    marks.draw_hold(painter, QRectF(0, 0, 100, 40), 0.5)
    painter.end()

    changed = [x for x in range(100) if QColor(image.pixel(x, 20)) != theme.color("danger")]
    assert (min(changed), max(changed)) == (0, 49)


def test_every_icon_has_the_sizes_of_lists() -> None:
    assert {size.width() for size in marks.icon("grade", "red").availableSizes()} >= {16, 24, 32}
