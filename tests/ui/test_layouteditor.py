"""The layout editor by keys and pointer: merge, divide, first, undo, another grid, keep, use, delete."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication

from console import words
from console.model.layout import BUILT_IN, Layout, Span, plain
from console.services.wallmemory import WallMemory, shipped
from console.ui.layoutbook import LayoutBook, title
from console.ui.layouteditor import LayoutEditor


@pytest.fixture
def memory(tmp_path: Path) -> WallMemory:
    return WallMemory(tmp_path, "01/东")


@pytest.fixture
def editor(qtbot: Any, qapp: Any, language: None, memory: WallMemory) -> LayoutEditor:
    made = LayoutEditor(LayoutBook(memory))
    made._book.setParent(made)
    qtbot.addWidget(made)
    made.edit(plain("", 4, 4))
    made.show()
    return made


def keys(editor: LayoutEditor, qtbot: Any, *pressed: Any) -> None:
    for one in pressed:
        qtbot.keyClick(editor.grid, *(one if isinstance(one, tuple) else (one,)))


def test_cells_are_merged_divided_and_brought_first_by_keys_alone(editor: LayoutEditor, qtbot: Any) -> None:
    key, shift = Qt.Key, Qt.KeyboardModifier.ShiftModifier
    keys(editor, qtbot, key.Key_Right, (key.Key_Right, shift), (key.Key_Down, shift), key.Key_M)
    made = editor.grid.shown
    keys(editor, qtbot, key.Key_F)
    first = editor.grid.shown.spans[0]
    keys(editor, qtbot, key.Key_D)

    assert (len(made.spans), made.spans[1]) == (13, Span(1, 0, 2, 2))
    assert first == Span(1, 0, 2, 2)
    assert len(editor.grid.shown.spans) == 16


def test_a_drag_over_cells_merges_them_and_a_double_click_divides(editor: LayoutEditor, qtbot: Any) -> None:
    grid = editor.grid
    width, height = grid.width() // 4, grid.height() // 4
    inside = QPoint(width // 2, height // 2)

    qtbot.mousePress(grid, Qt.MouseButton.LeftButton, pos=inside)
    qtbot.mouseMove(grid, inside + QPoint(width, height))
    grid.choose(Span(0, 0, 2, 2))  # the offscreen plugin's pointer holds no button while it moves
    qtbot.mouseRelease(grid, Qt.MouseButton.LeftButton, pos=inside + QPoint(width, height))
    merged = grid.shown.spans[0]
    qtbot.mouseDClick(grid, Qt.MouseButton.LeftButton, pos=inside)

    assert merged == Span(0, 0, 2, 2)
    assert len(grid.shown.spans) == 16


def test_a_kept_layout_is_there_at_the_next_start(editor: LayoutEditor, memory: WallMemory, qtbot: Any) -> None:
    editor.name.setText("  路口 ")
    editor.columns.setValue(3)
    with qtbot.waitSignal(editor.used) as used:
        editor._buttons["use"].click()
    memory.close()

    assert used.args[0] == WallMemory(memory.layouts_file.parent, "01/东").layouts()[0]
    assert (used.args[0].name, used.args[0].columns, len(used.args[0].spans)) == ("路口", 3, 12)


@pytest.mark.parametrize("name", ["", "   ", "@9"])
def test_a_layout_without_a_name_of_its_own_is_not_kept_and_says_so(editor: LayoutEditor, name: str) -> None:
    editor.name.setText(name)

    editor._buttons["keep"].click()

    assert editor._book.own == ()
    assert editor._said.text() == words.tr("layout.bad_name")


def test_undo_is_the_editors_own_while_it_is_open(editor: LayoutEditor, qtbot: Any) -> None:
    editor.rows.setValue(2)
    event = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)

    QApplication.sendEvent(editor, event)

    assert event.isAccepted()
    assert editor.grid.shown == plain("", 4, 4)
    assert editor.rows.value() == 4


def test_one_of_the_seats_own_is_deleted_and_a_shipped_one_is_not(editor: LayoutEditor, memory: WallMemory) -> None:
    editor._book.keep(plain("a", 2, 1))
    editor.name.setText("a")

    editor._buttons["delete"].click()
    editor._buttons["delete"].click()
    memory.close()

    assert editor._book.own == ()
    assert editor._said.text() == words.tr("layout.not_own")
    assert [layout.name for layout in editor._book.callable()] == [layout.name for layout in shipped()]


@pytest.mark.parametrize("language_name", words.LANGUAGES)
def test_every_layout_that_comes_with_the_program_has_a_name(language_name: str, language: None) -> None:
    words.choose(language_name)

    titles = [title(layout) for layout in (None, *BUILT_IN.values(), *shipped())]

    assert len(shipped()) >= 3
    assert len(set(titles)) == len(titles)
    assert not [one for one in titles if "@" in one or "layout." in one]


def test_any_size_of_the_grid_is_painted(editor: LayoutEditor) -> None:
    for layout in (Layout("x", 1, 1, (Span(0, 0),)), plain("y", 12, 5), BUILT_IN[64]):
        editor.edit(layout)
        editor.grid.resize(13, 9)
        editor.grab()
