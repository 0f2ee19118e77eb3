"""Dewarp tool: in a tile that shows a straight view out of a fisheye, dragging turns the view and the wheel zooms it.

One for each surface, serving all its tiles that have such a view. GUI thread only.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QPointF, Qt, QTimer, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from console.model.view import Dewarp
from console.ui.walltile import PlacedTile
from console.ui.walltool import Tool

SHOW_MS = 150
"""A view being turned is asked for this often: each one opens its own place in shared memory and computes its own map."""
_WHEEL_STEP = 1.2
_KEY_DEG = 10.0


class DewarpTool(QObject, Tool):
    """`turn(tile key, view)` is told the new view, at most every 150 ms while it changes."""

    def __init__(self, turn: Callable[[str, Dewarp], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._turn = turn
        self._held: tuple[str, QPointF, Dewarp] | None = None
        self._has_turned = False
        self._next: tuple[str, Dewarp] | None = None
        self._rest = QTimer(self, singleShot=True, interval=SHOW_MS)
        self._rest.timeout.connect(self._show)

    def press(self, tile: PlacedTile, event: QMouseEvent) -> bool:
        """Take hold of the view; a press that does not become a drag is the tile's as ever (choose, enlarge, carry off)."""
        if event.button() == Qt.MouseButton.LeftButton and not event.modifiers() and tile.content.dewarp is not None:
            self._held, self._has_turned = (tile.content.key, event.position(), self._view(tile)), False
        return False

    def move(self, tile: PlacedTile, event: QMouseEvent) -> bool:
        """Drag the scene: what is under the pointer stays under it."""
        if self._held is None or not event.buttons() & Qt.MouseButton.LeftButton or self._held[0] != tile.content.key:
            return False
        moved = event.position() - self._held[1]
        if not self._has_turned and moved.manhattanLength() < QApplication.startDragDistance():
            return True  # not yet a drag; nor may it become the carrying of the tile
        self._has_turned = True
        view = self._held[2]
        degrees_per_px = (360.0 if view.is_panorama else view.fov_deg) / max(1, tile.place.width() or tile.rect.width())
        self._ask(tile.content.key, view.turned(-moved.x() * degrees_per_px, moved.y() * degrees_per_px))
        return True

    def release(self, tile: PlacedTile, event: QMouseEvent) -> bool:
        has_turned, self._held, self._has_turned = self._has_turned, None, False
        return has_turned

    def wheel(self, tile: PlacedTile, event: QWheelEvent) -> bool:
        """Closer or wider."""
        turned = event.angleDelta().y() / 120
        if tile.content.dewarp is None or tile.content.dewarp.is_panorama or not turned:
            return False
        self._ask(tile.content.key, self._view(tile).zoomed(_WHEEL_STEP**turned))
        return True

    def claims(self, tile: PlacedTile, event: QKeyEvent) -> bool:
        return False

    def key(self, tile: PlacedTile, event: QKeyEvent) -> bool:
        """Shift and arrows turn the view, + and - zoom it."""
        if tile.content.dewarp is None:
            return False
        pressed, view = Qt.Key(event.key()), self._view(tile)
        step = {
            Qt.Key.Key_Left: (-_KEY_DEG, 0.0), Qt.Key.Key_Right: (_KEY_DEG, 0.0), Qt.Key.Key_Up: (0.0, _KEY_DEG),
            Qt.Key.Key_Down: (0.0, -_KEY_DEG),
        }.get(pressed)  # fmt: skip
        if step is not None and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._ask(tile.content.key, view.turned(*step))
        elif pressed in (Qt.Key.Key_Plus, Qt.Key.Key_Equal) and not view.is_panorama:
            self._ask(tile.content.key, view.zoomed(_WHEEL_STEP))
        elif pressed == Qt.Key.Key_Minus and not view.is_panorama:
            self._ask(tile.content.key, view.zoomed(1 / _WHEEL_STEP))
        else:
            return False
        return True

    def _view(self, tile: PlacedTile) -> Dewarp:
        """The view the operator has turned to, which may be ahead of the one shown."""
        if self._next is not None and self._next[0] == tile.content.key:
            return self._next[1]
        assert tile.content.dewarp is not None
        return tile.content.dewarp

    def _ask(self, key: str, view: Dewarp) -> None:
        self._next = (key, view)
        if not self._rest.isActive():
            self._rest.start()

    @Slot()
    def _show(self) -> None:
        wanted, self._next = self._next, None
        if wanted is not None:
            self._turn(*wanted)
