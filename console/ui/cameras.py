"""The tree of all cameras by network and area, with a filter; Enter or a double click brings one to the wall. GUI thread only.

The model is lazy: a network's areas and an area's cameras are built when they are opened or filtered, 28,000 rows or not.
"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QLabel, QLineEdit, QTreeView, QVBoxLayout, QWidget

from console.model.camera import NETWORKS, Camera
from console.ui import marks, spoken
from console.ui.around import Around
from console.words import tr

_NOWHERE = QModelIndex()


class _Node:
    """A branch (network, area) or a leaf (camera)."""

    __slots__ = ("camera", "children", "count", "parent", "row", "text")

    def __init__(self, text: str, parent: _Node | None, row: int, camera: Camera | None = None) -> None:
        self.text, self.parent, self.row, self.camera = text, parent, row, camera
        self.children: list[_Node] = []
        self.count = 0


def _tree(cameras: list[Camera]) -> _Node:
    root = _Node("", None, 0)
    grouped: dict[str, dict[str, list[Camera]]] = {}
    for camera in cameras:
        grouped.setdefault(camera.network, {}).setdefault(camera.area or tr("cameras.no_area"), []).append(camera)
    for network in (name for name in (*NETWORKS, *sorted(set(grouped) - set(NETWORKS))) if name in grouped):
        branch = _Node(network, root, len(root.children))
        root.children.append(branch)
        for area in sorted(grouped[network]):
            twig = _Node(area, branch, len(branch.children))
            branch.children.append(twig)
            for camera in sorted(grouped[network][area], key=lambda one: one.id):
                twig.children.append(_Node(spoken.named(camera), twig, len(twig.children), camera))
            twig.count = len(twig.children)
            branch.count += twig.count
    root.count = sum(branch.count for branch in root.children)
    return root


class CameraTree(QAbstractItemModel):
    """Networks → areas → cameras; read-only."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._root = _Node("", None, 0)

    def put(self, cameras: list[Camera]) -> None:
        """Show these cameras."""
        self.beginResetModel()
        self._root = _tree(cameras)
        self.endResetModel()

    @property
    def count(self) -> int:
        return self._root.count

    def _node(self, index: Any) -> _Node:
        return index.internalPointer() if index.isValid() else self._root

    def camera(self, index: Any) -> Camera | None:
        return self._node(index).camera if index.isValid() else None

    def index(self, row: int, column: int, parent: Any = _NOWHERE) -> QModelIndex:
        children = self._node(parent).children
        return self.createIndex(row, column, children[row]) if 0 <= row < len(children) and column == 0 else QModelIndex()

    def parent(self, index: Any = None) -> Any:
        if index is None:
            return super().parent()
        above = self._node(index).parent if index.isValid() else None
        return QModelIndex() if above is None or above is self._root else self.createIndex(above.row, 0, above)

    def rowCount(self, parent: Any = _NOWHERE) -> int:
        return len(self._node(parent).children) if not parent.isValid() or parent.column() == 0 else 0

    def columnCount(self, parent: Any = _NOWHERE) -> int:
        return 1

    def data(self, index: Any, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        node = self._node(index)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            if node.camera is not None:
                return node.text
            text = tr(f"map.network.{node.text}") if node.parent is self._root else node.text
            return f"{text}  {node.count}"
        if role == Qt.ItemDataRole.DecorationRole:
            network = node.camera.network if node.camera else node.text if node.parent is self._root else ""
            return marks.icon("network", network) if network else None
        if role == Qt.ItemDataRole.ToolTipRole and node.camera is not None:
            camera = node.camera
            heading = camera.heading_text or tr("cameras.heading_unknown")
            parts = (camera.id, camera.name, camera.owner, camera.area, camera.pole, heading, self._consent(camera))
            return "\n".join(part for part in parts if part)
        return None

    @staticmethod
    def _consent(camera: Camera) -> str:
        if not camera.is_household:
            return ""
        if not camera.consent:
            return tr("cameras.consent_never")
        return (
            tr("cameras.consent_incident") if camera.consent == "incident" else tr("cameras.consent_until", date=camera.consent)
        )


class Cameras(QWidget):
    """The dock. Signals: `wanted(str)` a camera to bring to the wall."""

    wanted = Signal(object)

    def __init__(self, around: Around, parent: Any = None) -> None:
        super().__init__(parent)
        self._around, self._version = around, -1
        self.model = CameraTree(self)
        self.tree = QTreeView(self)
        self.tree.setModel(self.model)
        self.tree.setHeaderHidden(True)
        self.tree.setUniformRowHeights(True)
        self.tree.activated.connect(self._activated)
        self._filter = QLineEdit(self)
        self._filter.setClearButtonEnabled(True)
        self._wait = QTimer(self, singleShot=True, interval=150)
        self._wait.timeout.connect(self.show_cameras)
        self._filter.textChanged.connect(self._wait.start)
        self._count = QLabel(self)
        self._count.setProperty("role", "muted")
        self.setFocusProxy(self._filter)
        page = QVBoxLayout(self)
        for part in (self._filter, self._count, self.tree):
            page.addWidget(part)
        self.retranslate()

    def retranslate(self) -> None:
        self._filter.setPlaceholderText(tr("cameras.filter"))
        self.show_cameras()

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        if self._version != self._around.version:
            self.show_cameras()

    @Slot()
    def show_cameras(self) -> None:
        """Build the tree of what the filter leaves."""
        wanted = self._filter.text().strip().lower()
        found = [
            camera
            for camera in self._around.cameras.values()
            if not wanted or wanted in f"{camera.id} {camera.name} {camera.area} {camera.notes.get('name_en', '')}".lower()
        ]
        self._version = self._around.version
        self.model.put(found)
        self._count.setText(tr("cameras.count", count=len(found)))
        if wanted and len(found) <= 200:
            self.tree.expandAll()
        else:
            self.tree.expandToDepth(0)

    @Slot(object)
    def _activated(self, index: Any) -> None:
        camera = self.model.camera(index)
        if camera is not None:
            self.wanted.emit(camera.id)
