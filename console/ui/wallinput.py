"""What the pointer and the keyboard do on a wall: focus, choose, enlarge, zoom, pan, drag and drop; tools are asked first.

GUI thread only. The surface forwards its events; what concerns more than one tile it says by signals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication

from console.services.feeds import Feeds
from console.ui import walldrag, zoom
from console.ui.wallsigns import draw_pin, paint_target
from console.ui.walltile import WHOLE, PlacedTile
from console.words import tr

if TYPE_CHECKING:
    from console.ui.wall import WallSurface

_TOWARDS = {
    Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1),
}  # fmt: skip
_PAN = 0.2
"""One press of Shift and an arrow moves the view by this part of it."""


class WallHands:
    """The operator's hands on one surface."""

    def __init__(self, surface: WallSurface, feeds: Feeds) -> None:
        self._surface, self._feeds = surface, feeds
        self._pressed: tuple[str, QPointF] | None = None
        """Tile and point where the left button went down."""
        self._pans = False
        self._target: tuple[str | None, str, bool] = (None, "", False)
        """Tile under a drag (None: no drag), the words on it, and whether the pointer is in its lower half."""

    # pointer ---------------------------------------------------------------------------------------------------------

    def press(self, event: QMouseEvent) -> None:
        surface = self._surface
        one = surface.tile_at(event.position().toPoint())
        if one is None:
            return
        surface.focus_on(one)
        if surface.tools.press(one, event):
            return
        if event.button() == Qt.MouseButton.LeftButton and one.signs.retry_at(one.rect, event.position().toPoint()):
            self._feeds.retry(one.content.key)
            return
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed, self._pans = (one.content.key, event.position()), False
            surface.tile_clicked.emit(one.content)

    def move(self, event: QMouseEvent) -> None:
        surface = self._surface
        holder = surface.tools.holder
        one = surface.named(holder) if holder else surface.tile_at(event.position().toPoint())
        if holder and one is None:
            surface.tools.let_go()
        if one is not None and surface.tools.move(one, event):
            return
        if self._pressed is None or not event.buttons() & Qt.MouseButton.LeftButton:
            return
        held = surface.named(self._pressed[0])
        if held is None:
            self._pressed = None
            return
        moved = event.position() - self._pressed[1]
        if not self._pans and moved.manhattanLength() < QApplication.startDragDistance():
            return
        if held.is_zoomed and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier and not held.place.isEmpty():
            self._pans = True
            surface.set_view(held, zoom.panned(held.view, -moved.x() / held.place.width(), -moved.y() / held.place.height()))
            self._pressed = (held.content.key, event.position())
        elif held.content.camera:
            self._pressed = None
            picture = surface.grab(held.rect)
            walldrag.start(surface, (held.content.camera,), held.content.key, picture)

    def release(self, event: QMouseEvent) -> None:
        surface = self._surface
        self._pressed = None
        holder = surface.tools.holder
        one = surface.named(holder) if holder else surface.tile_at(event.position().toPoint())
        if one is not None:
            surface.tools.release(one, event)
        else:
            surface.tools.let_go()

    def double_click(self, event: QMouseEvent) -> None:
        one = self._surface.tile_at(event.position().toPoint())
        if one is not None and not self._surface.tools.press(one, event) and event.button() == Qt.MouseButton.LeftButton:
            self._surface.tile_double_clicked.emit(one.content)

    def wheel(self, event: QWheelEvent) -> None:
        """Zoom round the pointer."""
        one = self._surface.tile_at(event.position().toPoint())
        if one is None or self._surface.tools.wheel(one, event):
            return
        at = one.picture_point(event.position())
        turned = event.angleDelta().y() / 120
        if at is not None and turned:
            self._surface.set_view(one, zoom.zoomed(one.view, zoom.STEP**turned, at))

    def menu(self, event: QContextMenuEvent) -> None:
        surface = self._surface
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        one = surface.here if by_key else surface.tile_at(event.pos())
        if one is not None:
            place: QPoint = surface.mapToGlobal(one.rect.center()) if by_key else event.globalPos()
            surface.tile_menu.emit((one.content, place))

    # drag and drop ---------------------------------------------------------------------------------------------------

    def drag_over(self, event: QDragMoveEvent) -> None:
        """Something is carried over the wall: show where it would go and what would become of it."""
        found = walldrag.carried(event.mimeData())
        if found is None:
            event.ignore()
            return
        surface = self._surface
        one = surface.tile_at(event.position().toPoint())
        key = one.content.key if one is not None else ""
        copies = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier) or not found.tile
        is_low = one is not None and event.position().y() > one.rect.center().y()
        self._show_target(key, self._words(one, found, copies), is_low)
        if self._refuses(one, found, copies):
            event.ignore()
        elif found.tile and not copies:
            event.setDropAction(Qt.DropAction.MoveAction)
            event.accept()
        else:
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()

    def drag_left(self) -> None:
        self._show_target(None)

    def drop(self, event: QDropEvent) -> None:
        """Say what was dropped where; whoever owns the arrangement does it."""
        found = walldrag.carried(event.mimeData())
        self._show_target(None)
        one = self._surface.tile_at(event.position().toPoint())
        copies = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if found is None or self._refuses(one, found, copies or not found.tile):
            event.ignore()
            return
        event.setDropAction(Qt.DropAction.MoveAction if found.tile and not copies else Qt.DropAction.CopyAction)
        event.accept()
        self._surface.dropped.emit(walldrag.Drop(found, one.content.key if one is not None else "", copies))

    @staticmethod
    def _refuses(one: PlacedTile | None, found: walldrag.Carried, copies: bool) -> bool:
        """A pinned tile is replaced by nothing; its own operator may move another into its place."""
        return one is not None and copies and one.content.is_pinned

    @staticmethod
    def _words(one: PlacedTile | None, found: walldrag.Carried, copies: bool) -> str:
        if one is not None and one.content.key == found.tile:
            return ""
        if WallHands._refuses(one, found, copies):
            return tr("hands.drop.pinned")
        if one is None or one.is_empty:
            return tr("hands.drop.copy" if found.tile and copies else "hands.drop.here")
        return tr("hands.drop.replace" if copies else "hands.drop.swap")

    def _show_target(self, key: str | None, words: str = "", is_low: bool = False) -> None:
        if (key, words, is_low) == self._target:
            return
        changed = [surface_tile.rect for name in (self._target[0], key) if name and (surface_tile := self._surface.named(name))]
        self._target = (key, words, is_low)
        self._surface.repaint_over(changed)

    # keyboard --------------------------------------------------------------------------------------------------------

    def claims(self, event: QKeyEvent) -> bool:
        """Whether a key that is an act of the window belongs to a tool of the tile with the keyboard."""
        one = self._surface.here
        return one is not None and self._surface.tools.claims(one, event)

    def key(self, event: QKeyEvent) -> bool:
        """Arrows move the focus; Enter retries a tile without a picture, else enlarges it; space chooses it; + - Home zoom,
        Shift and arrows move what is shown. False: not ours."""
        surface, one = self._surface, self._surface.here
        if one is None:
            return False
        if surface.tools.key(one, event):
            return True
        pressed, held = Qt.Key(event.key()), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if pressed in _TOWARDS and held == Qt.KeyboardModifier.ShiftModifier:
            right, down = _TOWARDS[pressed]
            surface.set_view(one, zoom.panned(one.view, right * _PAN, down * _PAN))
        elif pressed in _TOWARDS and held & Qt.KeyboardModifier.ControlModifier:
            surface.carried.emit((*_TOWARDS[pressed], bool(held & Qt.KeyboardModifier.ShiftModifier)))
        elif pressed in _TOWARDS and not held:
            surface.step_focus(*_TOWARDS[pressed])
        elif pressed in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            known = self._feeds.health().get(one.content.key)
            if known is not None and known.error is not None:
                self._feeds.retry(one.content.key)
            else:
                surface.tile_double_clicked.emit(one.content)
        elif pressed == Qt.Key.Key_Space:
            surface.tile_clicked.emit(one.content)
        elif pressed in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            surface.set_view(one, zoom.zoomed(one.view, zoom.STEP, one.view.center()))
        elif pressed == Qt.Key.Key_Minus:
            surface.set_view(one, zoom.zoomed(one.view, 1 / zoom.STEP, one.view.center()))
        elif pressed == Qt.Key.Key_Home:
            surface.set_view(one, WHOLE)
        else:
            return False
        return True

    # painting --------------------------------------------------------------------------------------------------------

    def paint(self, painter: QPainter, one: PlacedTile) -> None:
        """The pin of a pinned tile; where a drag would drop, and what would happen."""
        if one.content.is_pinned:
            side = max(14, min(22, round(one.rect.height() * 0.09)))
            draw_pin(painter, QRectF(one.rect.left() + 5, one.rect.bottom() - side - 4, side, side))
        if self._target[0] == one.content.key:
            paint_target(painter, one.rect, self._target[1], self._target[2])
