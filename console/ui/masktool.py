"""Mask tool: draws and changes privacy masks on a tile's own picture, by pointer and by keys. GUI thread only."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QBrush, QColor, QKeyEvent, QMouseEvent, QPainter, QPen, QPolygonF

from console.model.view import Point, shown_point, source_point
from console.ui import theme
from console.ui.maskdraft import MaskDraft
from console.ui.walltile import PlacedTile
from console.ui.walltool import Tool

_CORNER_PX = 5.0
_REACH_PX = 9.0
_STEP, _FAR_STEP = 0.005, 0.05
_TOWARDS = {
    Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1),
}  # fmt: skip
_OURS = {
    *_TOWARDS, Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Delete, Qt.Key.Key_Backspace, Qt.Key.Key_Escape,
}  # fmt: skip


class MaskTool(Tool):
    """One editing of one tile's `camera`. `rotation_of(tile key)` is how the viewer turns its picture (counter-clockwise);
    `changed` is called after every step, `leave` when the operator has had enough (Esc with nothing being drawn)."""

    def __init__(
        self, camera: str, draft: MaskDraft, rotation_of: Callable[[str], int], changed: Callable[[], None],
        leave: Callable[[], None],
    ) -> None:  # fmt: skip
        self._camera = camera
        self.draft, self._rotation_of, self._changed, self._leave = draft, rotation_of, changed, leave
        self._cross: Point = (0.5, 0.5)
        """Where the keyboard's cross stands, in the picture as shown."""
        self._is_by_key = False
        self._drags = False
        self._pointer: QPointF | None = None

    # points ----------------------------------------------------------------------------------------------------------

    def _source(self, tile: PlacedTile, at: QPointF) -> Point | None:
        """The source's point under the pointer; beside the picture the nearest on its edge. None before there is a picture."""
        if tile.place.isEmpty():
            return None
        inside = QPointF(
            min(max(at.x(), tile.place.left()), tile.place.right()), min(max(at.y(), tile.place.top()), tile.place.bottom())
        )
        found = tile.picture_point(inside)
        return None if found is None else source_point(found.x(), found.y(), self._rotation_of(tile.content.key))

    def _on_tile(self, tile: PlacedTile, point: Point) -> QPointF:
        return tile.surface_point(*shown_point(*point, self._rotation_of(tile.content.key)))

    def _reach(self, tile: PlacedTile) -> Point:
        across = _REACH_PX / max(1, tile.place.width()) * tile.view.width()
        down = _REACH_PX / max(1, tile.place.height()) * tile.view.height()
        return (across, down) if self._rotation_of(tile.content.key) % 180 == 0 else (down, across)

    # pointer ---------------------------------------------------------------------------------------------------------

    def press(self, tile: PlacedTile, event: QMouseEvent) -> bool:
        """Left: a corner more, or take hold of one; double: close the area; right: choose a corner or an area."""
        if not self._is_ours(tile):
            return False
        point, draft = self._source(tile, event.position()), self.draft
        self._is_by_key = False
        if point is None:
            return True
        near = draft.corner_near(point, self._reach(tile)) if not draft.open else None
        if event.button() == Qt.MouseButton.RightButton:
            number = draft.area_at(point)
            draft.chosen = near or ((number, -1) if number is not None else None)
        elif event.type() == QEvent.Type.MouseButtonDblClick:
            draft.close()
        elif near is not None:
            draft.chosen = near
            draft.keep_step()
            self._drags = True
        elif draft.open and len(draft.open) > 2 and self._is_near(tile, draft.open[0], event.position()):
            draft.close()
        else:
            draft.add(point)
        self._changed()
        return True

    def _is_ours(self, tile: PlacedTile) -> bool:
        """Another camera may stand in the tile by now: nothing is drawn on it."""
        return tile.content.camera == self._camera

    def _is_near(self, tile: PlacedTile, point: Point, at: QPointF) -> bool:
        away = self._on_tile(tile, point) - at
        return max(abs(away.x()), abs(away.y())) <= _REACH_PX

    def move(self, tile: PlacedTile, event: QMouseEvent) -> bool:
        if not self._is_ours(tile):
            return False
        self._pointer = event.position()
        point = self._source(tile, event.position())
        if self._drags and point is not None:
            self.draft.move_corner(point)
        if self._drags or self.draft.open:
            self._changed()
        return True

    def release(self, tile: PlacedTile, event: QMouseEvent) -> bool:
        self._drags = False
        return True

    # keys ------------------------------------------------------------------------------------------------------------

    def claims(self, tile: PlacedTile, event: QKeyEvent) -> bool:
        is_undo = event.key() == Qt.Key.Key_Z and bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        return self._is_ours(tile) and (is_undo or Qt.Key(event.key()) in _OURS)

    def key(self, tile: PlacedTile, event: QKeyEvent) -> bool:
        """Arrows move the cross (Shift: far), Space sets a corner, Enter closes, Delete removes, Ctrl+Z undoes, Esc leaves."""
        pressed, draft = Qt.Key(event.key()), self.draft
        if not self.claims(tile, event):
            return False
        if pressed in _TOWARDS:
            step = _FAR_STEP if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else _STEP
            right, down = _TOWARDS[pressed]
            self._cross = (
                min(1.0, max(0.0, self._cross[0] + right * step)), min(1.0, max(0.0, self._cross[1] + down * step))
            )  # fmt: skip
            self._is_by_key = True
        elif pressed == Qt.Key.Key_Space:
            self._is_by_key = True
            draft.add(source_point(*self._cross, self._rotation_of(tile.content.key)))
        elif pressed in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            draft.close()
        elif pressed in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            draft.remove_chosen()
        elif pressed == Qt.Key.Key_Z:
            draft.undo()
        elif not draft.leave_open():
            self._leave()
            return True
        self._changed()
        return True

    # painting --------------------------------------------------------------------------------------------------------

    def paint(self, painter: QPainter, tile: PlacedTile) -> None:
        """The areas as they will be hidden, their corners, the line being drawn, and the cross of the keyboard."""
        if not self._is_ours(tile):
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge, filling = theme.tile_color("late"), QBrush(QColor(150, 150, 150, 150), Qt.BrushStyle.BDiagPattern)
        for number, polygon in enumerate(self.draft.areas):
            points = [self._on_tile(tile, point) for point in polygon]
            is_chosen = self.draft.chosen is not None and self.draft.chosen[0] == number
            painter.setPen(QPen(theme.tile_color("accent") if is_chosen else edge, 2))
            painter.setBrush(filling)
            painter.drawPolygon(QPolygonF(points))
            for corner, point in enumerate(points):
                self._paint_corner(painter, point, self.draft.chosen == (number, corner))
        line = [self._on_tile(tile, point) for point in self.draft.open]
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(edge, 2, Qt.PenStyle.DashLine))
        end = tile.surface_point(*self._cross) if self._is_by_key else self._pointer
        if line:
            painter.drawPolyline(QPolygonF([*line, end] if end is not None else line))
        for point in line:
            self._paint_corner(painter, point, False)
        if self._is_by_key:
            cross = tile.surface_point(*self._cross)
            for color, width in ((QColor(0, 0, 0), 4), (theme.tile_color("text"), 2)):
                painter.setPen(QPen(color, width))
                painter.drawLine(cross - QPointF(10, 0), cross + QPointF(10, 0))
                painter.drawLine(cross - QPointF(0, 10), cross + QPointF(0, 10))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    @staticmethod
    def _paint_corner(painter: QPainter, at: QPointF, is_chosen: bool) -> None:
        painter.save()
        painter.setPen(QPen(QColor(0, 0, 0), 1))
        painter.setBrush(theme.tile_color("accent" if is_chosen else "text"))
        painter.drawEllipse(at, _CORNER_PX, _CORNER_PX)
        painter.restore()
