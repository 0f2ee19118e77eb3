"""Lists of painted rows: a model that changes exactly what changed, and a view that is as tall as its rows.

A row is any frozen value with a `key` and a `spoken` text (for screen readers, tooltips and tests); a delegate paints it.
GUI thread only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from PySide6.QtCore import QAbstractListModel, QModelIndex, QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListView, QStyledItemDelegate

from console.ui import walldrag

ROW = Qt.ItemDataRole.UserRole
_NOWHERE = QModelIndex()


class Row(Protocol):
    @property
    def key(self) -> str: ...

    @property
    def spoken(self) -> str: ...


class RowModel(QAbstractListModel):
    """Rows in order. `put` keeps what stayed: the selection and the pointer's row do not jump when only a text changed."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._rows: list[Any] = []
        self.is_carried = False
        """Whether rows may be dragged away (`RowList.carry_cameras`)."""

    def flags(self, index: Any) -> Qt.ItemFlag:
        held = super().flags(index)
        return held | Qt.ItemFlag.ItemIsDragEnabled if self.is_carried and index.isValid() else held

    def rowCount(self, parent: Any = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Any, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or not 0 <= index.row() < len(self._rows):
            return None
        row = self._rows[index.row()]
        if role == ROW:
            return row
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return row.spoken
        if role == Qt.ItemDataRole.ToolTipRole:
            return getattr(row, "tip", "") or row.spoken
        return None

    def rows(self) -> Sequence[Any]:
        """The rows as shown."""
        return self._rows

    def row_of(self, key: str) -> int:
        """Where the row with `key` stands, or -1."""
        return next((number for number, row in enumerate(self._rows) if row.key == key), -1)

    def put(self, rows: Sequence[Any]) -> None:
        """Show `rows`: remove, insert and move by the exact calls, then tell which of the rest changed."""
        wanted = [row.key for row in rows]
        staying = set(wanted)
        for number in range(len(self._rows) - 1, -1, -1):
            if self._rows[number].key not in staying:
                self.beginRemoveRows(QModelIndex(), number, number)
                del self._rows[number]
                self.endRemoveRows()
        for number, row in enumerate(rows):
            if number < len(self._rows) and self._rows[number].key == row.key:
                if self._rows[number] != row:
                    self._rows[number] = row
                    self.dataChanged.emit(self.index(number), self.index(number))
                continue
            old = self.row_of(row.key)
            if old < 0:
                self.beginInsertRows(QModelIndex(), number, number)
                self._rows.insert(number, row)
                self.endInsertRows()
                continue
            # Every row before `number` is already right, so a row that stands elsewhere stands below.
            self.beginMoveRows(QModelIndex(), old, old, QModelIndex(), number)
            del self._rows[old]
            self._rows.insert(number, row)
            self.endMoveRows()
            self.dataChanged.emit(self.index(number), self.index(number))


class RowDelegate(QStyledItemDelegate):
    """Gives every row one height; subclasses paint."""

    def height(self, row: Any) -> int:
        raise NotImplementedError

    def sizeHint(self, option: Any, index: Any) -> QSize:
        return QSize(120, self.height(index.data(ROW)))


class RowList(QListView):
    """A list of painted rows. `grows`: as tall as its rows, for a page that scrolls as a whole.

    Signals: `chosen(object)` the row under Enter or a click; `pointed(object)` the current row changed; `marked(object)` Space.
    """

    chosen = Signal(object)
    pointed = Signal(object)
    marked = Signal(object)

    def __init__(self, model: RowModel, delegate: RowDelegate, grows: bool = False, parent: Any = None) -> None:
        super().__init__(parent)
        self._grows = grows
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setModel(model)
        delegate.setParent(self)
        self.setItemDelegate(delegate)
        self.setMouseTracking(True)
        self.setUniformItemSizes(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.clicked.connect(self._clicked)
        self.activated.connect(self._clicked)
        self._high = 0
        if grows:
            self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            for signal in (model.rowsInserted, model.rowsRemoved, model.modelReset):
                signal.connect(self._grown)
            model.dataChanged.connect(self._changed)

    def carry_cameras(self) -> None:
        """Let rows whose keys are cameras be dragged to a wall."""
        self.row_model().is_carried = True
        self.setDragEnabled(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)

    def startDrag(self, actions: Any) -> None:
        row = self.current()
        if row is not None:
            walldrag.start(self, (row.key,))

    def row_model(self) -> RowModel:
        model = self.model()
        assert isinstance(model, RowModel)
        return model

    def current(self) -> Any | None:
        """The row the keyboard is on, or None."""
        index = self.currentIndex()
        return index.data(ROW) if index.isValid() else None

    def currentChanged(self, current: Any, previous: Any) -> None:
        super().currentChanged(current, previous)
        if current.isValid():
            self.pointed.emit(current.data(ROW))

    def sizeHint(self) -> QSize:
        if not self._grows:
            return super().sizeHint()
        delegate = self.itemDelegate()
        assert isinstance(delegate, RowDelegate)
        return QSize(super().sizeHint().width(), sum(delegate.height(row) for row in self.row_model().rows()) + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.sizeHint().height()) if self._grows else super().minimumSizeHint()

    def keyPressEvent(self, event: Any) -> None:
        row = self.current()
        if event.key() == Qt.Key.Key_Space and row is not None:
            self.marked.emit(row)
            return
        super().keyPressEvent(event)

    def wheelEvent(self, event: Any) -> None:
        if self._grows:
            event.ignore()  # the page scrolls, not the list
        else:
            super().wheelEvent(event)

    @Slot()
    def _changed(self) -> None:
        """A row may have another height now."""
        if self.sizeHint().height() != self._high:
            self._grown()

    @Slot()
    def _grown(self) -> None:
        self._high = self.sizeHint().height()
        self.scheduleDelayedItemsLayout()
        self.updateGeometry()

    @Slot(object)
    def _clicked(self, index: Any) -> None:
        row = index.data(ROW)
        if row is not None:
            self.chosen.emit(row)
