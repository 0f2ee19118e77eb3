"""The dock with every camera: by organisation, network or area, searched by name, id or pinyin as one types. GUI thread only.

Enter or a double click brings the chosen cameras to the wall, a drag too; the menu key opens what else can be done.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QEvent, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QTreeView,
    QVBoxLayout,
    QWidget,
)  # fmt: skip

from console.services.branches import ORDERS, Grouping, Order
from console.services.finder import Registry
from console.services.names import MISS
from console.ui.around import Around
from console.ui.cameratree import CameraDelegate, CameraTree
from console.ui.finding import Finding
from console.words import tr

OPEN_UP_TO = 80
"""A search that leaves no more than this is shown opened up to its cameras."""
ROWS_AT_FIRST = 60
"""Rows of the second level that are laid out unasked: Qt asks six things of each, 0.035 ms in all."""


class _Tree(QTreeView):
    """Signals: `entered()` Enter was pressed on the selection."""

    entered = Signal()

    def keyPressEvent(self, event: Any) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit()
            return
        super().keyPressEvent(event)


class Cameras(QWidget):
    """The dock.

    Signals: `wanted(tuple of camera ids)` to bring to the wall; `pointed(str)` a camera to show on the map; `to_tour(tuple)`
    cameras to add to the tour being edited.
    """

    wanted = Signal(object)
    pointed = Signal(object)
    to_tour = Signal(object)

    def __init__(self, around: Around, finding: Finding, parent: Any = None) -> None:
        super().__init__(parent)
        self._around, self._finding = around, finding
        self._order: Order = "network"
        self._registry: Registry | None = None
        self.model = CameraTree(self)
        self.tree = _Tree(self)
        self.tree.setModel(self.model)
        self._delegate = CameraDelegate(self.tree)
        self.tree.setItemDelegate(self._delegate)
        self.tree.setHeaderHidden(True)
        self.tree.setUniformRowHeights(True)
        self.tree.setIndentation(14)
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.tree.setDragEnabled(True)
        self.tree.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.tree.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.tree.setExpandsOnDoubleClick(True)
        self.filter = QLineEdit(self)
        self.filter.setClearButtonEnabled(True)
        self.filter.installEventFilter(self)
        self._count = QLabel(self)
        self._count.setProperty("role", "muted")
        self.orders = QButtonGroup(self)
        row = QHBoxLayout()
        row.setSpacing(4)
        for number, order in enumerate(ORDERS):
            button = QPushButton(self)
            button.setCheckable(True)
            button.setChecked(order == self._order)
            self.orders.addButton(button, number)
            row.addWidget(button, 1)
        self.setFocusProxy(self.filter)
        page = QVBoxLayout(self)
        page.addWidget(self.filter)
        page.addLayout(row)
        page.addWidget(self._count)
        page.addWidget(self.tree, 1)
        for signal, slot in (
            (self.filter.textChanged, self.show_cameras),
            (self.orders.idClicked, self._order_chosen),
            (self.tree.entered, self._entered),
            (self.tree.doubleClicked, self._double_clicked),
            (self.tree.customContextMenuRequested, self._menu),
            (finding.ready, self._ready),
        ):
            signal.connect(slot)
        self.retranslate()

    def retranslate(self) -> None:
        self.filter.setPlaceholderText(tr("cameras.filter"))
        self.filter.setToolTip(tr("cameras.filter_tip"))
        self.filter.setAccessibleName(tr("cameras.filter_tip"))
        self.tree.setAccessibleName(tr("cameras.tree"))
        for number, order in enumerate(ORDERS):
            self.orders.button(number).setText(tr(f"cameras.by_{order}"))
            self.orders.button(number).setToolTip(tr(f"cameras.by_{order}_tip"))
        self.show_cameras()

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self._finding.need()
        self.show_cameras()

    def show_states(self, states: Mapping[str, str]) -> None:
        """Take each camera's newest state (tile states of contracts.md)."""
        self.model.show_states(states)

    def show_conditions(self, conditions: Mapping[str, Mapping[str, Any]]) -> None:
        """Take what looks wrong with cameras' pictures."""
        self.model.show_conditions(conditions)

    @Slot(object)
    def _ready(self, registry: Registry) -> None:
        self._registry = registry
        self.show_cameras()

    @Slot()
    def show_cameras(self) -> None:
        """Show the tree of what the search leaves."""
        if not self.isVisible():
            return
        registry = self._registry
        if registry is None:
            self._count.setText(tr("cameras.reading" if self._around.cameras else "cameras.none"))
            return
        wanted = self.filter.text().strip()
        kept = registry.cameras.find(wanted) != MISS if wanted else None
        grouping: Grouping = registry.branches.grouped(self._order, kept)
        self.model.put(registry.branches, grouping)
        self._count.setText(
            tr("cameras.found", count=grouping.count, all=len(registry.branches.cameras))
            if wanted
            else tr("cameras.count", count=grouping.count)
        )
        if wanted and grouping.count <= OPEN_UP_TO:
            self.tree.expandAll()
            if grouping.count:
                self._choose_first()
        else:
            self._open_first_branches(grouping)

    def _open_first_branches(self, grouping: Grouping) -> None:
        """Open branches from the top while their rows are few."""
        rows = 0
        for branch in range(len(grouping.branch_names)):
            rows += int(grouping.twig_bounds[branch + 1] - grouping.twig_bounds[branch])
            if rows > ROWS_AT_FIRST:
                return
            self.tree.expand(self.model.index(branch, 0))

    def _choose_first(self) -> None:
        """The first camera found is the chosen one: Enter in the search box brings it to the wall."""
        index = self.model.index(0, 0)
        while self.model.rowCount(index):
            index = self.model.index(0, 0, index)
        self.tree.setCurrentIndex(index)

    @Slot(int)
    def _order_chosen(self, number: int) -> None:
        self._order = ORDERS[number]
        self.show_cameras()

    def chosen(self) -> tuple[str, ...]:
        """The ids of the chosen cameras, branches opened up, in the order of the tree."""
        return tuple(self.model.ids_of(sorted(self.tree.selectedIndexes(), key=self._place_of)))

    def _place_of(self, index: Any) -> tuple[int, ...]:
        place: list[int] = []
        while index.isValid():
            place.append(index.row())
            index = self.model.parent(index)
        return tuple(reversed(place))

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """From the search box: down goes to the tree, Enter takes the first camera found, Esc empties the box."""
        if watched is self.filter and event.type() == QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Down:
                self.tree.setFocus(Qt.FocusReason.TabFocusReason)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._entered()
                return True
        if watched is self.filter and event.type() == QEvent.Type.ShortcutOverride:
            if event.key() == Qt.Key.Key_Escape and self.filter.text():
                self.filter.clear()
                event.accept()
                return True
        return super().eventFilter(watched, event)

    @Slot()
    def _entered(self) -> None:
        if chosen := self.chosen():
            self.wanted.emit(chosen)

    @Slot(object)
    def _double_clicked(self, index: Any) -> None:
        if (camera := self.model.camera(index)) is not None:
            self.wanted.emit((camera.id,))

    @Slot(object)
    def _menu(self, place: QPoint) -> None:
        chosen = self.chosen()
        if not chosen:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(tr("cameras.act.wall", count=len(chosen)), self._entered)
        if len(chosen) == 1:
            menu.addAction(tr("cameras.act.map"), self._point)
        menu.addAction(tr("cameras.act.tour", count=len(chosen)), self._add_to_tour)
        menu.addAction(tr("cameras.act.copy"), self._copy)
        menu.popup(self.tree.viewport().mapToGlobal(place))

    @Slot()
    def _point(self) -> None:
        if chosen := self.chosen():
            self.pointed.emit(chosen[0])

    @Slot()
    def _add_to_tour(self) -> None:
        if chosen := self.chosen():
            self.to_tour.emit(chosen)

    @Slot()
    def _copy(self) -> None:
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText("\n".join(self.chosen()))
