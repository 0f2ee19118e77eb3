"""What the pointer and the keyboard do on a wall: focus, choose, enlarge, zoom, pan; tools are asked first.

GUI thread only. The surface forwards its events; what concerns more than one tile it says by signals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QPainter, QWheelEvent
from PySide6.QtWidgets import QApplication

from console.services.feeds import Feeds
from console.ui import zoom
from console.ui.walltile import WHOLE, PlacedTile

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

    # pointer ---------------------------------------------------------------------------------------------------------

    def press(self, event: QMouseEvent) -> None:
        surface = self._surface
        one = surface.tile_at(event.position().toPoint())
        if one is None:
            return
        surface.focus_on(one)
        if surface.tools.press(one, event):
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
        """What the hands show over a tile: nothing yet."""
