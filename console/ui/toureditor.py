"""The simple editor of a tour: name, hours, dwell, views; cameras come by drag from the tree. Filters it keeps as they are.

In: a tour. Out: `saved(id, text)` as TOML, to be asked of the desk. GUI thread only.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from console.errors import BadInput
from console.model import tour_text
from console.model.ids import checked_id
from console.model.tour import Hours, Tour, View, said
from console.model.wall import LAYOUTS
from console.ui.cameratree import CAMERAS_MIME
from console.words import LANGUAGES, chosen, tr

MOST_OFFERED = 16
"""Largest layout the editor offers; TOML takes them all."""


class _Views(QListWidget):
    """The views in order; takes cameras dropped on a view, or beside all of them for a new one.

    Signals: `dropped((row or -1, tuple of camera ids))`.
    """

    dropped = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAcceptDrops(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DropOnly)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed
        )  # fmt: skip
        self.setWordWrap(True)

    def dragEnterEvent(self, event: Any) -> None:
        if event.mimeData().hasFormat(CAMERAS_MIME):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: Any) -> None:
        if event.mimeData().hasFormat(CAMERAS_MIME):
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:
        data = bytes(event.mimeData().data(CAMERAS_MIME).data())
        cameras = tuple(line for line in data.decode("utf-8", "replace").split("\n") if line)
        item = self.itemAt(event.position().toPoint())
        self.dropped.emit((self.row(item) if item is not None else -1, cameras))
        event.acceptProposedAction()


class TourEditor(QWidget):
    """Signals: `saved((id, text))`, `removed(id)`, `left()`."""

    saved = Signal(object)
    removed = Signal(object)
    left = Signal()

    def __init__(self, is_household: Callable[[str], bool], name_of: Callable[[str], str], parent: Any = None) -> None:
        super().__init__(parent)
        self._is_household, self._name_of = is_household, name_of
        self.chosen_cameras: Callable[[], tuple[str, ...]] = tuple
        """What is chosen in the camera tree now; the window sets it."""
        self._tour = Tour("", {}, ())
        self._views: list[View] = []
        self._new_id = ""
        self.names = {language: QLineEdit(self) for language in LANGUAGES}
        self.hours, self.due = QLineEdit(self), QLineEdit(self)
        self.layout_box = QComboBox(self)
        for tiles in LAYOUTS:
            if tiles <= MOST_OFFERED:
                self.layout_box.addItem(str(tiles), tiles)
        self.dwell, self.least = QSpinBox(self), QSpinBox(self)
        self.dwell.setRange(2, 3600)
        self.least.setRange(0, 600)
        for box in (self.dwell, self.least):
            box.setSuffix(" s")
        self.patrol = QCheckBox(self)
        self.views = _Views(self)
        self.cameras = QListWidget(self)
        self.cameras.setMaximumHeight(110)
        self.cameras.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self._labels = {name: QLabel(self) for name in ("zh_CN", "en", "hours", "layout", "dwell", "due", "least")}
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        for name, part in (
            ("zh_CN", self.names["zh_CN"]), ("en", self.names["en"]), ("hours", self.hours), ("layout", self.layout_box),
            ("dwell", self.dwell),
        ):  # fmt: skip
            form.addRow(self._labels[name], part)
        form.addRow(self.patrol)
        form.addRow(self._labels["least"], self.least)
        form.addRow(self._labels["due"], self.due)
        self._hint, self.trouble = QLabel(self), QLabel(self)
        self._hint.setProperty("role", "muted")
        self._hint.setWordWrap(True)
        self.trouble.setProperty("tone", "red")
        self.trouble.setWordWrap(True)
        self.buttons = {name: QPushButton(self) for name in ("add", "up", "down", "drop", "take_out", "save", "remove", "leave")}
        small, large = QHBoxLayout(), QHBoxLayout()
        for name in ("add", "up", "down", "drop"):
            small.addWidget(self.buttons[name])
        for name in ("save", "remove", "leave"):
            large.addWidget(self.buttons[name])
        page = QVBoxLayout(self)
        page.addLayout(form)
        page.addWidget(self._hint)
        page.addWidget(self.views, 1)
        page.addLayout(small)
        page.addWidget(self.cameras)
        page.addWidget(self.buttons["take_out"])
        page.addWidget(self.trouble)
        page.addLayout(large)
        for signal, slot in (
            (self.views.dropped, self._dropped), (self.views.itemChanged, self._renamed),
            (self.buttons["add"].clicked, self._add),
            (self.buttons["up"].clicked, self._up), (self.buttons["down"].clicked, self._down),
            (self.buttons["drop"].clicked, self._drop), (self.buttons["save"].clicked, self.save),
            (self.buttons["take_out"].clicked, self._take_out), (self.views.currentRowChanged, self._show_cameras),
            (self.buttons["remove"].clicked, self._remove), (self.buttons["leave"].clicked, self.leave),
        ):  # fmt: skip
            signal.connect(slot)
        self.retranslate()

    def retranslate(self) -> None:
        for name, label in self._labels.items():
            label.setText(tr(f"tour.edit.{name}"))
        self.patrol.setText(tr("tour.edit.patrol"))
        self._hint.setText(tr("tour.edit.hint"))
        self.hours.setPlaceholderText("07:00-11:00, Sat-Sun 22:00-06:00")
        self.due.setPlaceholderText("08:00, Mon-Fri 14:00")
        for name, button in self.buttons.items():
            button.setText(tr(f"tour.edit.{name}"))
        self._show_views()

    def edit(self, tour: Tour | None, free_id: str = "") -> None:
        """Begin with a tour, or with an empty one that gets `free_id`."""
        self._tour = tour or Tour(free_id, dict.fromkeys(LANGUAGES, ""), ())
        self._views = list(self._tour.views)
        for language, line in self.names.items():
            line.setText(self._tour.name.get(language, ""))
        self.hours.setText(", ".join(tour_text.span_text(span).replace(",", "/") for span in self._tour.hours))
        self.due.setText(", ".join(tour_text.span_text(span).replace(",", "/") for span in self._tour.due))
        at = self.layout_box.findData(self._tour.layout)
        if at < 0:
            self.layout_box.addItem(str(self._tour.layout), self._tour.layout)
            at = self.layout_box.count() - 1
        self.layout_box.setCurrentIndex(at)
        self.dwell.setValue(round(self._tour.dwell_s))
        self.least.setValue(round(self._tour.least_s))
        self.patrol.setChecked(self._tour.is_patrol)
        self.buttons["remove"].setEnabled(self._tour.origin == "own")
        self.trouble.clear()
        self._show_views()
        self.names[chosen()].setFocus()

    # views -----------------------------------------------------------------------------------------------------------

    def _show_views(self, at: int = 0) -> None:
        self.views.blockSignals(True)
        self.views.clear()
        for view in self._views:
            item = QListWidgetItem(said(view.title, chosen()), self.views)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
        self.views.setCurrentRow(at)
        self.views.blockSignals(False)
        self._show_cameras()

    @Slot(object)
    def _renamed(self, item: QListWidgetItem) -> None:
        row, text = self.views.row(item), " ".join(item.text().split())
        if text and row < len(self._views):
            self._views[row] = replace(self._views[row], title={**self._views[row].title, chosen(): text})

    def take(self, cameras: tuple[str, ...], row: int = -1) -> None:
        """Add cameras to the view in `row`, or (-1) as a new view. A household's are left out, and that is said."""
        fitting = tuple(camera for camera in cameras if not self._is_household(camera))
        self.trouble.setText(tr("tour.edit.household", count=len(cameras) - len(fitting)) if len(fitting) < len(cameras) else "")
        if not fitting:
            return
        if 0 <= row < len(self._views):
            before = self._views[row]
            self._views[row] = replace(before, cameras=tuple(dict.fromkeys((*before.cameras, *fitting))))
        else:
            title = tr("tour.edit.new_view", number=len(self._views) + 1)
            self._views.append(View(dict.fromkeys(LANGUAGES, title), fitting))
            row = len(self._views) - 1
        self._show_views(row)

    @Slot(object)
    def _dropped(self, news: tuple[int, tuple[str, ...]]) -> None:
        self.take(news[1], news[0])

    @Slot()
    def _add(self) -> None:
        chosen_now = self.chosen_cameras()
        if chosen_now:
            self.take(chosen_now)
        else:
            self.trouble.setText(tr("tour.edit.drag"))

    @Slot()
    def _show_cameras(self) -> None:
        """The cameras of the view the list stands on, and its filters as they were written."""
        self.cameras.clear()
        row = self.views.currentRow()
        if not 0 <= row < len(self._views):
            return
        view = self._views[row]
        for camera in view.cameras:
            item = QListWidgetItem(f"{self._name_of(camera)}  {camera}", self.cameras)
            item.setData(Qt.ItemDataRole.UserRole, camera)
        if view.is_filter:
            item = QListWidgetItem(tr("tour.edit.filter", what=_filters(view)), self.cameras)
            item.setFlags(Qt.ItemFlag.NoItemFlags)

    @Slot()
    def _take_out(self) -> None:
        """Take the chosen cameras out of the view; a view that is left empty goes too."""
        row = self.views.currentRow()
        gone = {item.data(Qt.ItemDataRole.UserRole) for item in self.cameras.selectedItems()}
        if not 0 <= row < len(self._views) or not gone:
            return
        view = replace(self._views[row], cameras=tuple(one for one in self._views[row].cameras if one not in gone))
        if view.cameras or view.is_filter:
            self._views[row] = view
        else:
            del self._views[row]
        self._show_views(min(row, len(self._views) - 1))

    @Slot()
    def _drop(self) -> None:
        row = self.views.currentRow()
        if 0 <= row < len(self._views):
            del self._views[row]
            self._show_views(min(row, len(self._views) - 1))

    def _move(self, by: int) -> None:
        row = self.views.currentRow()
        if 0 <= row < len(self._views) and 0 <= row + by < len(self._views):
            self._views[row], self._views[row + by] = self._views[row + by], self._views[row]
            self._show_views(row + by)

    @Slot()
    def _up(self) -> None:
        self._move(-1)

    @Slot()
    def _down(self) -> None:
        self._move(1)

    # the whole -------------------------------------------------------------------------------------------------------

    def tour(self) -> Tour:
        """The tour as the fields say it. Raises BadInput for hours that are none."""
        names = {language: " ".join(line.text().split()) for language, line in self.names.items()}
        some = next((name for name in names.values() if name), "")
        return replace(
            self._tour,
            name={language: name or some for language, name in names.items()},
            views=tuple(self._views),
            layout=int(self.layout_box.currentData()),
            dwell_s=float(self.dwell.value()),
            least_s=float(self.least.value()),
            is_patrol=self.patrol.isChecked(),
            hours=_spans(self.hours.text(), tour_text.hours_of),
            due=_spans(self.due.text(), tour_text.due_of),
        )

    @Slot()
    def save(self) -> None:
        """Ask for the tour to be saved, when it reads back."""
        try:
            made = self.tour()
            text = tour_text.write(made)
            tour_text.read(checked_id(made.id), text)
        except BadInput as cause:
            self.trouble.setText(tr("tour.edit.bad", what=cause.what, todo=cause.todo))
            return
        self.trouble.clear()
        self.saved.emit((made.id, text))

    @Slot()
    def _remove(self) -> None:
        self.removed.emit(self._tour.id)

    @Slot()
    def leave(self) -> None:
        """Go back without saving."""
        self.left.emit()


def _filters(view: View) -> str:
    return " + ".join(", ".join(texts) for texts in (view.networks, view.areas, view.owners, view.kinds) if texts)


def _spans(text: str, reader: Callable[[str], Hours]) -> tuple[Hours, ...]:
    """Spans parted by commas; days within one by "/" or a dash."""
    return tuple(reader(part.strip().replace("/", ",")) for part in re.split(r"[,;\uff0c\uff1b]", text) if part.strip())
