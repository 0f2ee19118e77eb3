"""The layout editor: a grid whose cells are merged and divided by pointer or keys, a name, and the seat's own layouts.

GUI thread only. Nothing here touches a wall before "use" is pressed.
"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPoint, QRect, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import (
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
from console.model.history import History
from console.model.layout import LONGEST_NAME, MOST_CELLS, Layout, Span, brought_first, divided, merged, resized
from console.ui import theme
from console.ui.layoutbook import CALLED, LayoutBook, icon, title
from console.words import tr


class LayoutGrid(QWidget):
    """The grid. Arrows move, Shift and arrows choose cells, M or Enter merges them, D divides, F is filled first.

    Signals: `changed(Layout)` after each act.
    """

    changed = Signal(object)

    def __init__(self, layout: Layout, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shown = layout
        self._from, self._to = (0, 0), (0, 0)
        self.history: History[Layout] = History()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(420, 240)

    def show_layout(self, layout: Layout) -> None:
        """Begin with this layout."""
        self.shown = layout
        self._from = self._to = (0, 0)
        self.history = History()
        self.update()

    def chosen(self) -> Span:
        """The chosen cells."""
        left, top = min(self._from[0], self._to[0]), min(self._from[1], self._to[1])
        right, bottom = max(self._from[0], self._to[0]), max(self._from[1], self._to[1])
        return Span(left, top, right - left + 1, bottom - top + 1)

    def choose(self, span: Span) -> None:
        """Choose these cells."""
        self._from, self._to = (span.column, span.row), (span.column + span.columns - 1, span.row + span.rows - 1)
        self.update()

    def put(self, layout: Layout) -> None:
        """Another layout by an act that can be undone."""
        if layout != self.shown:
            self.history.note(self.shown)
            self._set(layout)

    def _set(self, layout: Layout) -> None:
        self.shown = layout
        self._from = (min(self._from[0], layout.columns - 1), min(self._from[1], layout.rows - 1))
        self._to = (min(self._to[0], layout.columns - 1), min(self._to[1], layout.rows - 1))
        self.update()
        self.changed.emit(layout)

    def merge(self) -> None:
        self.put(merged(self.shown, self.chosen()))

    def divide(self) -> None:
        self.put(divided(self.shown, *self._to))

    def bring_first(self) -> None:
        self.put(brought_first(self.shown, *self._to))

    def undo(self) -> None:
        former = self.history.undo(self.shown)
        if former is not None:
            self._set(former)

    def redo(self) -> None:
        later = self.history.redo(self.shown)
        if later is not None:
            self._set(later)

    # events ----------------------------------------------------------------------------------------------------------

    def _rect(self, span: Span) -> QRect:
        across, down = self.width() / self.shown.columns, self.height() / self.shown.rows
        left, top = round(span.column * across), round(span.row * down)
        right, bottom = round((span.column + span.columns) * across), round((span.row + span.rows) * down)
        return QRect(left, top, right - left - 2, bottom - top - 2)

    def _cell(self, at: QPoint) -> tuple[int, int]:
        column = int(at.x() * self.shown.columns / max(1, self.width()))
        row = int(at.y() * self.shown.rows / max(1, self.height()))
        return min(max(0, column), self.shown.columns - 1), min(max(0, row), self.shown.rows - 1)

    def mousePressEvent(self, event: Any) -> None:
        self._from = self._to = self._cell(event.position().toPoint())
        self.update()

    def mouseMoveEvent(self, event: Any) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._to = self._cell(event.position().toPoint())
            self.update()

    def mouseReleaseEvent(self, event: Any) -> None:
        if self._from != self._to:
            self.merge()

    def mouseDoubleClickEvent(self, event: Any) -> None:
        self._from = self._to = self._cell(event.position().toPoint())
        self.divide()

    def keyPressEvent(self, event: Any) -> None:
        step = {
            Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1),
        }.get(event.key())  # fmt: skip
        if step is not None:
            column = min(max(0, self._to[0] + step[0]), self.shown.columns - 1)
            row = min(max(0, self._to[1] + step[1]), self.shown.rows - 1)
            self._to = (column, row)
            if not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self._from = self._to
            self.update()
        elif event.key() in (Qt.Key.Key_M, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.merge()
        elif event.key() == Qt.Key.Key_D:
            self.divide()
        elif event.key() == Qt.Key.Key_F:
            self.bring_first()
        else:
            super().keyPressEvent(event)

    def event(self, event: Any) -> bool:
        own = (Qt.Key.Key_M, Qt.Key.Key_D, Qt.Key.Key_F, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down)
        if event.type() == event.Type.ShortcutOverride and event.key() in own:
            event.accept()  # M is "to the map" in the whole console, but here it merges
            return True
        return super().event(event)

    def paintEvent(self, event: Any) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.color("background"))
        painter.setFont(theme.font("heading"))
        for number, span in enumerate(self.shown.spans, 1):
            rect = self._rect(span)
            painter.fillRect(rect, theme.color("raised"))
            painter.setPen(theme.color("text"))
            painter.drawText(rect, int(Qt.AlignmentFlag.AlignCenter), str(number))
        chosen = self._rect(self.chosen())
        painter.fillRect(chosen, theme.color("accent", 0.18))
        painter.setPen(QPen(theme.color("accent"), 2))
        painter.drawRect(chosen.adjusted(1, 1, -1, -1))
        painter.end()


class LayoutEditor(QWidget):
    """The window. Signals: `used(Layout)` show this one on the wall."""

    used = Signal(object)

    def __init__(self, book: LayoutBook, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self._book = book
        self._filling = False
        self.grid = LayoutGrid(Layout("", 4, 4, (Span(0, 0, 4, 4),)), self)
        self.name, self._list = QLineEdit(self), QListWidget(self)
        self.name.setMaxLength(LONGEST_NAME)
        self._list.setFixedWidth(210)
        self.columns, self.rows = QSpinBox(self), QSpinBox(self)
        for box in (self.columns, self.rows):
            box.setRange(1, MOST_CELLS)
            box.valueChanged.connect(self._resized)
        self._labels = [QLabel(self) for _ in range(3)]
        self._note, self._said = QLabel(self), QLabel(self)
        self._note.setProperty("role", "muted")
        self._note.setWordWrap(True)
        self._said.setProperty("tone", "late")
        self._buttons = {
            name: QPushButton(self) for name in ("merge", "divide", "first", "undo", "delete", "keep", "use")
        }  # fmt: skip
        form = QFormLayout()
        for label, part in zip(self._labels, (self.name, self.columns, self.rows), strict=True):
            form.addRow(label, part)
            label.setBuddy(part)
        tools, ends = QHBoxLayout(), QHBoxLayout()
        for name in ("merge", "divide", "first", "undo"):
            tools.addWidget(self._buttons[name])
        tools.addStretch(1)
        ends.addWidget(self._said, 1)
        for name in ("delete", "keep", "use"):
            ends.addWidget(self._buttons[name])
        right = QVBoxLayout()
        right.addLayout(form)
        right.addWidget(self.grid, 1)
        right.addLayout(tools)
        right.addWidget(self._note)
        right.addLayout(ends)
        page = QHBoxLayout(self)
        page.addWidget(self._list)
        page.addLayout(right, 1)
        for name, act in (
            ("merge", self.grid.merge), ("divide", self.grid.divide), ("first", self.grid.bring_first), ("undo", self.grid.undo),
            ("delete", self._delete), ("keep", self._save), ("use", self._use),
        ):  # fmt: skip
            self._buttons[name].clicked.connect(act)
        self.grid.changed.connect(self._follow)
        self._list.itemActivated.connect(self._pick)
        self._list.itemClicked.connect(self._pick)
        book.changed.connect(self._fill)
        self.resize(820, 520)
        self.retranslate()

    def retranslate(self) -> None:
        self.setWindowTitle(tr("layout.editor"))
        for label, key in zip(self._labels, ("name", "columns", "rows"), strict=True):
            label.setText(tr(f"layout.{key}"))
        for name, button in self._buttons.items():
            button.setText(tr(f"layout.act.{name}"))
        self._note.setText(tr("layout.note"))
        self.grid.setAccessibleName(tr("layout.editor"))
        self._fill()

    @Slot()
    def _fill(self) -> None:
        self._list.clear()
        for number, layout in enumerate((*self._book.own, *self._book.shipped), 1):
            key = f"Alt+{number}  " if number <= CALLED else ""
            item = QListWidgetItem(icon(layout), f"{key}{title(layout)}")
            item.setData(Qt.ItemDataRole.UserRole, layout.name)
            self._list.addItem(item)

    def edit(self, layout: Layout) -> None:
        """Begin with a layout; one that came with the program gets a name of its own."""
        self.grid.show_layout(layout)
        self.name.setText("" if layout.name.startswith("@") else layout.name)
        self._follow(layout)
        self._said.clear()
        self.grid.setFocus()

    @Slot(object)
    def _follow(self, layout: Layout) -> None:
        self._filling = True
        self.columns.setValue(layout.columns)
        self.rows.setValue(layout.rows)
        self._filling = False
        self._buttons["undo"].setEnabled(len(self.grid.history) > 0)

    @Slot()
    def _resized(self) -> None:
        if not self._filling:
            self.grid.put(resized(self.grid.shown, self.columns.value(), self.rows.value()))

    @Slot(object)
    def _pick(self, item: QListWidgetItem) -> None:
        layout = self._book.by_name(str(item.data(Qt.ItemDataRole.UserRole)))
        if layout is not None:
            self.edit(layout)

    def _made(self) -> Layout:
        shown = self.grid.shown
        return Layout(self.name.text().strip(), shown.columns, shown.rows, shown.spans)

    @Slot()
    def _save(self) -> bool:
        """Put it among the seat's own; a bad one says what is wrong."""
        made = self._made()
        try:
            if made.name.startswith("@"):
                raise BadInput("a name of the program's own")
            self._book.keep(made)
        except BadInput:
            self._said.setText(tr("layout.bad_name" if not made.name or made.name.startswith("@") else "layout.bad"))
            self.name.setFocus()
            return False
        self._said.setText(tr("layout.kept", name=made.name))
        return True

    @Slot()
    def _use(self) -> None:
        if self._save():
            found = self._book.by_name(self._made().name)
            if found is not None:
                self.used.emit(found)

    @Slot()
    def _delete(self) -> None:
        gone = self._book.remove(self.name.text().strip())
        self._said.setText(tr("layout.gone", name=gone.name) if gone is not None else tr("layout.not_own"))

    def keyPressEvent(self, event: Any) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def event(self, event: Any) -> bool:
        held = Qt.KeyboardModifier.ControlModifier
        if event.type() == event.Type.ShortcutOverride and (
            event.key() == Qt.Key.Key_Escape or (event.key() == Qt.Key.Key_Z and event.modifiers() & held)
        ):
            event.accept()
            if event.key() == Qt.Key.Key_Z:
                (self.grid.redo if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else self.grid.undo)()
            return True
        return super().event(event)
