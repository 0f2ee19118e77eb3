"""Screens that come and go: a window whose screen is unplugged stands on another as a normal one, and goes home again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QObject, QPoint, QRect, Signal
from PySide6.QtWidgets import QWidget

from console.ui.wallscreens import Home, ScreenFacts, ScreenKeeper, home_of, place_on

DESK = ScreenFacts("desk", QRect(0, 0, 800, 800), QRect(0, 0, 800, 780))
WALL = ScreenFacts("wall/27/A1", QRect(800, 0, 1000, 700), QRect(800, 0, 1000, 700))


class PluggedScreens(QObject):
    """Screens that a test plugs in and out."""

    changed = Signal()

    def __init__(self, *facts: ScreenFacts) -> None:
        super().__init__()
        self.facts = list(facts)
        self.bound: list[str] = []

    def listed(self) -> tuple[ScreenFacts, ...]:
        return tuple(self.facts)

    def bind(self, window: QWidget, key: str) -> None:
        self.bound.append(key)

    def set(self, *facts: ScreenFacts) -> None:
        self.facts = list(facts)
        self.changed.emit()


@pytest.fixture
def screens() -> PluggedScreens:
    return PluggedScreens(DESK, WALL)


@pytest.fixture
def keeper(qtbot: Any, screens: PluggedScreens) -> Iterator[ScreenKeeper]:
    made = ScreenKeeper(screens)
    yield made
    made.close()


@pytest.fixture
def window(qtbot: Any) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    return made


def test_a_window_loses_its_screen_and_has_it_back(
    keeper: ScreenKeeper, screens: PluggedScreens, window: QWidget, qtbot: Any
) -> None:
    """faults.md V59: monitor unplugged, plugged in again on another socket."""
    home = Home(WALL.key, QRect(820, 20, 600, 500), True)
    keeper.keep(window, home)
    was_full = window.isFullScreen()

    screens.set(DESK)
    qtbot.waitUntil(lambda: keeper.is_away(window), timeout=20_000)
    as_guest = (window.isFullScreen(), DESK.geometry.contains(window.geometry()))
    kept = keeper.home(window)
    moved = ScreenFacts(WALL.key, QRect(0, 800, 1000, 700), QRect(0, 800, 1000, 700))
    screens.set(DESK, moved)
    qtbot.waitUntil(lambda: not keeper.is_away(window), timeout=20_000)

    assert was_full
    assert as_guest == (False, True)
    assert kept == home
    assert window.isFullScreen()
    assert screens.bound[-1] == WALL.key


def test_a_normal_window_goes_back_to_its_place(
    keeper: ScreenKeeper, screens: PluggedScreens, window: QWidget, qtbot: Any
) -> None:
    """faults.md V59"""
    place = QRect(860, 40, 500, 400)
    keeper.keep(window, Home(WALL.key, place, False))

    screens.set(DESK)
    qtbot.waitUntil(lambda: keeper.is_away(window), timeout=20_000)
    window.move(30, 30)  # a hand moves the guest: its home stays
    screens.set(DESK, WALL)
    qtbot.waitUntil(lambda: window.geometry() == place, timeout=20_000)

    assert not window.isFullScreen()


def test_windows_of_a_start_without_their_screen_are_guests_until_it_comes(
    keeper: ScreenKeeper, screens: PluggedScreens, window: QWidget, qtbot: Any
) -> None:
    screens.facts = [DESK]
    keeper.keep(window, Home(WALL.key, WALL.geometry, True))
    began = (keeper.is_away(window), window.isVisible(), window.isFullScreen())

    screens.set(DESK, WALL)
    qtbot.waitUntil(window.isFullScreen, timeout=20_000)

    assert began == (True, True, False)


def test_all_screens_gone_and_back_leaves_everything_where_it_was(
    keeper: ScreenKeeper, screens: PluggedScreens, window: QWidget, qtbot: Any
) -> None:
    """faults.md V59: a locked session may take every screen away for a moment."""
    home = Home(WALL.key, WALL.geometry, True)
    keeper.keep(window, home)

    screens.set()
    qtbot.waitUntil(lambda: keeper.is_away(window), timeout=20_000)
    screens.set(DESK, WALL)
    qtbot.waitUntil(lambda: not keeper.is_away(window), timeout=20_000)

    assert window.isFullScreen()
    assert keeper.home(window) is not None
    assert keeper.home(window).screen == WALL.key  # type: ignore[union-attr]


def test_a_screen_that_comes_back_smaller_still_holds_its_window(
    keeper: ScreenKeeper, screens: PluggedScreens, window: QWidget, qtbot: Any
) -> None:
    keeper.keep(window, Home(WALL.key, QRect(1500, 500, 280, 180), False))
    small = ScreenFacts(WALL.key, QRect(800, 0, 640, 480), QRect(800, 0, 640, 480))

    screens.set(DESK)
    qtbot.waitUntil(lambda: keeper.is_away(window), timeout=20_000)
    screens.set(DESK, small)
    qtbot.waitUntil(lambda: small.geometry.contains(window.geometry()), timeout=20_000)

    assert not keeper.is_away(window)


def test_a_window_moved_by_hand_has_its_home_there(keeper: ScreenKeeper, window: QWidget, qtbot: Any) -> None:
    keeper.keep(window, Home(WALL.key, QRect(860, 40, 500, 400), False))

    window.setGeometry(QRect(50, 60, 500, 400))

    qtbot.waitUntil(lambda: keeper.home(window) == Home(DESK.key, QRect(50, 60, 500, 400), False), timeout=20_000)


def test_a_burst_of_changes_moves_a_window_once(
    keeper: ScreenKeeper, screens: PluggedScreens, window: QWidget, qtbot: Any
) -> None:
    keeper.keep(window, Home(WALL.key, WALL.geometry, True))
    began = len(screens.bound)
    for _ in range(20):
        screens.set(DESK)
        screens.set(DESK, WALL)
    screens.set(DESK)

    qtbot.waitUntil(lambda: keeper.is_away(window), timeout=20_000)

    assert len(screens.bound) - began == 1


@pytest.mark.parametrize("number", range(12))
def test_a_guest_stands_on_its_screen(number: int) -> None:
    assert WALL.available.contains(place_on(WALL, number))


@pytest.mark.parametrize(
    "found", [None, 7, {}, {"screen": 1}, {"screen": "a", "place": [1, 2], "is_full": True}, {"place": "abcd"}]
)
def test_what_is_no_home_is_none(found: object) -> None:
    assert home_of(found) is None


def test_a_home_comes_back_from_its_text() -> None:
    home = Home("a", QRect(QPoint(3, 4), QPoint(900, 800)), True)

    assert home_of(home.to_json()) == home
