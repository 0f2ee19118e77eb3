"""The window as a whole: sizes that hold their words, a language switch that leaves nothing behind, every act by key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QToolButton

from console import words
from console.paths import DataFolder
from console.services.feeds import Feeds
from console.settings import Settings
from console.ui import keys
from console.ui.flow import Flow
from console.ui.sound import Sound
from console.ui.wall import WallSurface
from console.ui.wallfeed import WallFeed
from console.ui.window import MainWindow, Parts
from tests.ui import story

SIZES = [(1366, 768), (1920, 1080)]


@pytest.fixture
def window(seat: Any, qtbot: Any, tmp_path: Path) -> Iterator[MainWindow]:
    folder, settings = DataFolder(tmp_path), Settings({"wall.workers": 1})
    folder.create()
    feeds = Feeds(None, 1)
    surface = WallSurface(feeds)
    flow = Flow(seat.bridge, seat.around, "01")
    flow.setParent(seat.bridge)
    sound = Sound(seat.clock, wanted=False)
    wall_feed = WallFeed(seat.bridge, seat.around, surface, feeds, lambda camera, url: "", lambda feeds: None, seat.bridge)
    made = MainWindow(Parts(seat.bridge, seat.around, flow, sound, surface, wall_feed, settings, folder, "01"))
    qtbot.addWidget(made)
    made.fit_to(1366, 768)
    made.show()
    made.login.enter_as("demo")
    seat.link.answer("LogIn")
    qtbot.waitUntil(lambda: made.pages.currentIndex() == 1)
    seat.tell(*story.plan())
    yield made
    made.close()
    surface.close_feeds()
    feeds.close()
    sound.close()


def press(window: MainWindow, key: str, qtbot: Any) -> None:
    """Activate the shortcut of a key (offscreen windows never become active, so the event itself would go nowhere)."""
    found = [shortcut for shortcut in window._bound if shortcut.key().toString() == key]
    assert found, f"no act on {key}"
    found[0].activated.emit()
    qtbot.wait(1)


def visible(window: MainWindow, kind: Any) -> list[Any]:
    return [one for one in window.findChildren(kind) if one.isVisible() and one.text()]


@pytest.mark.parametrize("language", words.LANGUAGES)
@pytest.mark.parametrize("size", SIZES)
def test_no_word_is_cut_off(window: MainWindow, size: tuple[int, int], language: str, qtbot: Any) -> None:
    window.fit_to(*size)
    window.switch_language(language)
    window.choices.open_incident("I000002")
    window.panel.refresh()
    qtbot.wait(400)

    cut = []
    for label in visible(window, QLabel):
        needed = label.heightForWidth(label.width()) if label.wordWrap() else label.sizeHint().width()
        room = label.height() if label.wordWrap() else label.width()
        if needed > room + 1:
            cut.append((label.text(), needed, room))
    for button in (*visible(window, QPushButton), *visible(window, QToolButton)):
        if button is not window.panel.one_key and button.minimumSizeHint().width() > button.width() + 1:
            cut.append((button.text(), button.minimumSizeHint().width(), button.width()))
    assert cut == [], f"window {window.size()}, header needs {window.header.minimumSizeHint()}"


@pytest.mark.parametrize("size", SIZES)
def test_the_window_takes_the_size_it_is_given(window: MainWindow, size: tuple[int, int], qtbot: Any) -> None:
    window.choices.open_incident("I000002")
    window.fit_to(*size)
    qtbot.wait(20)

    assert (window.width(), window.height()) == size
    assert window.panel.one_key.isVisible()
    assert window.panel.mapTo(window, window.panel.rect().bottomRight()).x() < size[0]


def test_a_small_screen_folds_the_panel_to_tabs_and_the_queue_to_lines(window: MainWindow) -> None:
    window.choices.open_incident("I000002")

    assert [window.panel.tabs.tabText(n) for n in range(window.panel.tabs.count())] == ["镜头", "指令", "警力", "时间线"]
    assert all(row.compact for row in window.queue.model.rows())

    window.fit_to(1920, 1080)

    assert [window.panel.tabs.tabText(n) for n in range(window.panel.tabs.count())] == ["处置", "警力", "时间线"]
    assert not any(row.compact for row in window.queue.model.rows())


def test_a_language_switch_leaves_no_chinese_word_of_ours_behind(window: MainWindow, seat: Any, qtbot: Any) -> None:
    window.choices.open_incident("I000002")
    window.switch_language("en")
    window.panel.refresh()
    qtbot.wait(20)

    ours = set(words.texts("zh_CN").values()) - set(words.texts("en").values())
    shown = {one.text() for kind in (QLabel, QPushButton, QToolButton) for one in visible(window, kind)}
    assert shown & ours == set()


def test_every_act_of_the_table_has_a_handler_and_a_name_in_both_languages(window: MainWindow) -> None:
    names = set(window._handlers())

    assert names == {act.name for act in keys.ACTS}
    for language in words.LANGUAGES:
        assert not [act.name for act in keys.ACTS if f"keys.{act.name}" not in words.texts(language)]


def test_no_two_acts_share_a_key() -> None:
    used = [key for act in keys.ACTS for key in act.keys]

    assert len(used) == len(set(used))


def test_f9_held_for_a_second_dispatches_and_let_go_before_does_not(window: MainWindow, seat: Any, qtbot: Any) -> None:
    window.choices.open_incident("I000002")
    qtbot.keyPress(window, Qt.Key.Key_F9)
    qtbot.wait(300)
    qtbot.keyRelease(window, Qt.Key.Key_F9)
    qtbot.wait(900)
    too_short = len(seat.link.of("Dispatch"))

    qtbot.keyPress(window, Qt.Key.Key_F9)
    qtbot.waitUntil(lambda: bool(seat.link.of("Dispatch")), timeout=30_000)
    qtbot.keyRelease(window, Qt.Key.Key_F9)

    assert too_short == 0
    assert len(seat.link.of("Dispatch")) == 1


def test_the_keyboard_alone_goes_from_queue_to_order_and_back(window: MainWindow, seat: Any, qtbot: Any) -> None:
    press(window, "Alt+Down", qtbot)
    first = window.panel.incident
    press(window, "Alt+Down", qtbot)
    press(window, "F10", qtbot)
    press(window, "Backspace", qtbot)

    assert first
    assert window.panel.incident == first


def test_search_finds_poles_units_cameras_and_incidents(window: MainWindow, qtbot: Any) -> None:
    window.search.begin()
    qtbot.waitUntil(lambda: window.finding.registry is not None, timeout=30_000)

    found = {kind: {hit.kind for hit in window.choices._search(kind)} for kind in ("D-0001", "巡-03", "T-005", "斗殴", "0001")}

    assert found["D-0001"] >= {"place"}
    assert found["巡-03"] == {"unit"}
    assert found["T-005"] == {"camera"}
    assert found["斗殴"] == {"incident"}
    assert "place" in found["0001"]


def test_choosing_a_search_hit_with_enter_opens_it(window: MainWindow, qtbot: Any) -> None:
    window.search.begin()
    window.search.setText("斗殴")
    window.search._look()
    qtbot.keyClick(window.search, Qt.Key.Key_Return)

    assert window.panel.incident == "I000002"


def test_an_exercise_cannot_be_mistaken(window: MainWindow, seat: Any, qtbot: Any) -> None:
    before = window._edge.isVisible()
    from console.model import events as ev

    seat.tell((story.NOW_NS, ev.FolderStarted(True, "test")))
    qtbot.waitUntil(lambda: window._edge.isVisible())

    assert not before
    assert window.header._mark.text() == words.tr("window.exercise")


def test_the_layout_is_remembered(window: MainWindow) -> None:
    window.columns.setSizes([300, 600, 466])
    window.remember()

    assert window.remembered("columns") == window.columns.saveState()
    assert Path(window._memory.fileName()).exists()


def test_f1_opens_the_page_of_what_has_the_focus(window: MainWindow, qtbot: Any) -> None:
    window.docks.help.show_page("queue")
    press(window, "F1", qtbot)

    assert window.docks.is_open("help")
    assert words.tr("help.keys") in window.docks.help._text.toPlainText()


def test_the_tree_of_cameras_keeps_the_rules_of_models(window: MainWindow, qtbot: Any) -> None:
    from PySide6.QtTest import QAbstractItemModelTester

    tree = window.docks.cameras.model
    QAbstractItemModelTester(tree, QAbstractItemModelTester.FailureReportingMode.Warning, window)
    window.docks.toggle("cameras")
    qtbot.waitUntil(lambda: tree.count > 0, timeout=30_000)

    assert tree.count == len(story.cameras())
    assert QApplication.instance() is not None
