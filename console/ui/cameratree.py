"""The camera tree's model and how its rows are painted: branches, twigs and cameras straight from a grouping's columns.

No object for a row: an index's number says which branch or twig it is of. GUI thread only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QMimeData, QModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate

from console.model.camera import Camera
from console.services.branches import EMPTY, Branches, Grouping
from console.ui import marks, spoken, theme
from console.words import tr

CAMERAS_MIME = "application/x-liandong-camera"
"""What a drag of cameras carries: their ids, one a line, UTF-8."""
MOST_DRAGGED = 64
_NOWHERE = QModelIndex()
STATE = Qt.ItemDataRole.UserRole
CAMERA = Qt.ItemDataRole.UserRole + 1
CONDITION = Qt.ItemDataRole.UserRole + 2


class CameraTree(QAbstractItemModel):
    """Branches → twigs → cameras; read-only.

    Inner numbers of an index: 0 a branch; 1 + b a twig of branch b; 1 + branches + t a camera of twig t.
    """

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._branches = Branches(())
        self._grouping: Grouping = EMPTY
        self._first_leaf = 1
        self._states: dict[str, str] = {}
        self._conditions: dict[str, str] = {}

    def put(self, branches: Branches, grouping: Grouping) -> None:
        """Show this grouping of these cameras."""
        self.beginResetModel()
        self._branches, self._grouping = branches, grouping
        self._first_leaf = 1 + len(grouping.branch_names)
        self.endResetModel()

    @property
    def count(self) -> int:
        return self._grouping.count

    def show_conditions(self, conditions: Mapping[str, Mapping[str, Any]]) -> None:
        """Take what looks wrong with cameras' pictures (the State's): rows whose words change are told."""
        now = {camera: str(known["condition"]) for camera, known in conditions.items()}
        changed = [camera for camera in now.keys() | self._conditions.keys() if now.get(camera) != self._conditions.get(camera)]
        self._conditions = now
        for camera in changed:
            index = self.index_of(camera)
            if index.isValid():
                self.dataChanged.emit(index, index)

    def show_states(self, states: Mapping[str, str]) -> None:
        """Take each camera's newest tile state; rows whose mark changes are told, where they may be seen."""
        changed = [camera for camera, state in states.items() if self._states.get(camera) != state]
        self._states.update(states)
        for camera in changed:
            index = self.index_of(camera)
            if index.isValid():
                self.dataChanged.emit(index, index, [STATE, Qt.ItemDataRole.ToolTipRole])

    def index_of(self, camera: str) -> QModelIndex:
        """Where a camera stands, invalid when it does not."""
        number = self._branches.number_of.get(camera)
        if number is None:
            return QModelIndex()
        found = self._grouping.numbers
        at = next((int(place) for place in (found == number).nonzero()[0]), -1)
        if at < 0:
            return QModelIndex()
        bounds = self._grouping.leaf_bounds
        twig = int(bounds.searchsorted(at, side="right")) - 1
        return self.createIndex(at - int(bounds[twig]), 0, self._first_leaf + twig)

    # what an index means ---------------------------------------------------------------------------------------------

    def branch(self, index: Any) -> int | None:
        """The branch an index of the first level stands for."""
        return index.row() if index.isValid() and index.internalId() == 0 else None

    def twig(self, index: Any) -> int | None:
        """The twig an index of the second level stands for."""
        inner = index.internalId() if index.isValid() else 0
        return int(self._grouping.twig_bounds[inner - 1]) + index.row() if 0 < inner < self._first_leaf else None

    def camera(self, index: Any) -> Camera | None:
        """The camera an index stands for."""
        inner = index.internalId() if index.isValid() else 0
        if inner < self._first_leaf:
            return None
        number = self._grouping.numbers[int(self._grouping.leaf_bounds[inner - self._first_leaf]) + index.row()]
        return self._branches.cameras[int(number)]

    def cameras_under(self, index: Any, most: int = MOST_DRAGGED) -> list[Camera]:
        """The cameras of a row: its own, or the first `most` below it."""
        if (camera := self.camera(index)) is not None:
            return [camera]
        bounds = self._grouping.leaf_bounds
        if (twig := self.twig(index)) is not None:
            first, last = bounds[twig], bounds[twig + 1]
        elif (branch := self.branch(index)) is not None:
            first, last = (bounds[self._grouping.twig_bounds[at]] for at in (branch, branch + 1))
        else:
            return []
        return [self._branches.cameras[int(number)] for number in self._grouping.numbers[first : min(last, first + most)]]

    # Qt --------------------------------------------------------------------------------------------------------------

    def index(self, row: int, column: int, parent: Any = _NOWHERE) -> QModelIndex:
        if column != 0 or not 0 <= row < self.rowCount(parent):
            return QModelIndex()
        if not parent.isValid():
            return self.createIndex(row, 0, 0)
        if (branch := self.branch(parent)) is not None:
            return self.createIndex(row, 0, 1 + branch)
        twig = self.twig(parent)
        return QModelIndex() if twig is None else self.createIndex(row, 0, self._first_leaf + twig)

    def parent(self, index: Any = None) -> Any:
        if index is None:
            return super().parent()
        inner = index.internalId() if index.isValid() else 0
        if inner == 0:
            return QModelIndex()
        if inner < self._first_leaf:
            return self.createIndex(inner - 1, 0, 0)
        twig = inner - self._first_leaf
        branch = self._grouping.branch_of(twig)
        return self.createIndex(twig - int(self._grouping.twig_bounds[branch]), 0, 1 + branch)

    def rowCount(self, parent: Any = _NOWHERE) -> int:
        if not parent.isValid():
            return len(self._grouping.branch_names)
        if parent.column() != 0:
            return 0
        if (branch := self.branch(parent)) is not None:
            bounds = self._grouping.twig_bounds
            return int(bounds[branch + 1] - bounds[branch])
        twig = self.twig(parent)
        return 0 if twig is None else self._grouping.twig_count(twig)

    def columnCount(self, parent: Any = _NOWHERE) -> int:
        return 1

    def flags(self, index: Any) -> Any:
        found = super().flags(index)
        return found | Qt.ItemFlag.ItemIsDragEnabled if index.isValid() else found

    def mimeTypes(self) -> list[str]:
        return [CAMERAS_MIME]

    def supportedDragActions(self) -> Any:
        return Qt.DropAction.CopyAction

    def mimeData(self, indexes: Sequence[Any]) -> QMimeData:
        made = QMimeData()
        made.setData(CAMERAS_MIME, "\n".join(self.ids_of(indexes)).encode())
        return made

    def ids_of(self, indexes: Sequence[Any]) -> list[str]:
        """The cameras of these rows, branches opened up, each once, at most as many as a wall holds."""
        found = dict.fromkeys(camera.id for index in indexes for camera in self.cameras_under(index))
        return list(found)[:MOST_DRAGGED]

    def data(self, index: Any, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        camera = self.camera(index)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._branch_text(index) if camera is None else spoken.named(camera)
        if camera is None:
            return None
        if role == CAMERA:
            return camera
        if role == CONDITION:
            return self._conditions.get(camera.id, "")
        if role == STATE:
            return self._states.get(camera.id, "unknown")
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(camera)
        return None

    def _branch_text(self, index: Any) -> str:
        grouping = self._grouping
        branch, twig = self.branch(index), self.twig(index)
        if branch is not None:
            name, count, is_network = grouping.branch_names[branch], grouping.branch_count(branch), grouping.order == "network"
        elif twig is not None:
            name, count, is_network = grouping.twig_names[twig], grouping.twig_count(twig), grouping.order == "area"
        else:
            return ""
        if is_network:
            text = tr(f"map.network.{name}")
        elif grouping.order == "owner" and branch is not None:
            text = name or tr("cameras.no_owner")
        else:
            text = name or tr("cameras.no_area")
        return f"{text}  {count}"

    def _tip(self, camera: Camera) -> str:
        heading = camera.heading_text or tr("cameras.heading_unknown")
        state = tr(f"cameras.state.{self._states.get(camera.id, 'unknown')}")
        parts = [camera.id, camera.name, camera.owner, camera.area, camera.pole, heading, _consent(camera), state]
        if camera.id in self._conditions:
            parts.append(tr("condition." + self._conditions[camera.id]))
        return "\n".join(part for part in parts if part)


def _consent(camera: Camera) -> str:
    if not camera.is_household:
        return ""
    if not camera.consent:
        return tr("cameras.consent_never")
    return tr("cameras.consent_incident") if camera.consent == "incident" else tr("cameras.consent_until", date=camera.consent)


class CameraDelegate(QStyledItemDelegate):
    """Paints a camera as state mark, network, name and id, a branch as its words: a style sheet takes ten times as long."""

    def sizeHint(self, option: Any, index: Any) -> QSize:
        return QSize(120, theme.px("row"))

    def paint(self, painter: QPainter, option: Any, index: Any) -> None:
        camera: Camera | None = index.data(CAMERA)
        painter.save()
        rect: QRect = option.rect
        if option.state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            painter.fillRect(rect, theme.color("line" if option.state & QStyle.StateFlag.State_Selected else "raised"))
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(theme.color("accent"))
            painter.drawRect(rect.adjusted(0, 0, -1, -1))
        painter.setFont(theme.font("text"))
        metrics = painter.fontMetrics()
        flags = int(Qt.AlignmentFlag.AlignVCenter)
        if camera is None:
            painter.setPen(theme.color("text"))
            box = rect.adjusted(4, 0, -4, 0)
            painter.drawText(box, flags, metrics.elidedText(index.data(), Qt.TextElideMode.ElideRight, box.width()))
            painter.restore()
            return
        ratio = painter.device().devicePixelRatioF()
        top = rect.top() + (rect.height() - 16) // 2
        painter.drawPixmap(rect.left() + 2, top, marks.pixmap("tile_state", 16, ratio, index.data(STATE), False))
        painter.drawPixmap(rect.left() + 22, top - 1, marks.pixmap("network", 18, ratio, camera.network))
        box = rect.adjusted(46, 0, -4, 0)
        name = spoken.named(camera)
        condition = index.data(CONDITION)
        if condition:
            words = tr("condition.short." + condition)
            painter.setPen(theme.color("late"))
            painter.drawText(box, int(Qt.AlignmentFlag.AlignVCenter) | int(Qt.AlignmentFlag.AlignRight), words)
            box.adjust(0, 0, -metrics.horizontalAdvance(words) - 8, 0)
        room = box.width() - metrics.horizontalAdvance(name) - 10
        if room > 40 and name != camera.id:
            painter.setPen(theme.color("muted"))
            code = metrics.elidedText(camera.id, Qt.TextElideMode.ElideLeft, room)
            painter.drawText(box, flags | int(Qt.AlignmentFlag.AlignRight), code)
        painter.setPen(theme.color("text"))
        painter.drawText(box, flags, metrics.elidedText(name, Qt.TextElideMode.ElideRight, box.width()))
        painter.restore()
