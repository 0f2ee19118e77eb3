"""How a wall's tiles are painted on a raster surface: the picture straight from shared memory, its signs over it.

Pictures are checked after painting: one that was overwritten meanwhile is painted again and counted. GUI thread only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QImage, QPainter, QPen, QRegion, QTransform

from console.services.feeds import Feeds
from console.ui import theme, zoom
from console.ui.picture import grey_copy, paint_fitted, paint_part
from console.ui.truth import NOTHING
from console.ui.walltile import PlacedTile
from console.ui.watermark import Watermark

if TYPE_CHECKING:
    from console.ui.wall import WallSurface


class TilePainter:
    """Paints the tiles of one surface. `paint_under` is the picture, `paint_over` all that lies on it: a surface that shows
    pictures by other means (GPU) uses the second alone."""

    def __init__(self, surface: WallSurface, feeds: Feeds) -> None:
        self._surface, self._feeds = surface, feeds
        self.watermark: Watermark | None = None

    def paint(self, painter: QPainter, region: QRegion) -> None:
        """Paint what of the surface lies in `region`."""
        covered = QRegion()
        for one in self._surface.placed:
            covered += one.rect
            if region.intersects(one.rect):
                painter.setClipRect(one.rect)
                self.paint_under(painter, one, not one.place.contains((region & one.rect).boundingRect()))
                self.paint_over(painter, one)
        painter.setClipping(False)
        for rest in list(region - covered):  # type: ignore[call-overload]
            painter.fillRect(rest, theme.color("background"))

    def paint_under(self, painter: QPainter, one: PlacedTile, has_bars: bool) -> None:
        """The picture, or the last known one, or the ground of an empty tile."""
        if self._paint_picture(painter, one, has_bars):
            return
        painter.fillRect(one.rect, theme.color("panel") if one.is_empty else theme.tile_color("tile"))
        if one.still is not None:
            paint_fitted(painter, one.rect, one.still, painter.device().devicePixelRatioF())

    def paint_over(self, painter: QPainter, one: PlacedTile) -> None:
        """Signs, tools, the frame of the tile that has the keyboard, and where a drag would drop."""
        if one.truth is NOTHING:
            self._surface.update_words(one)
        if self.watermark is not None and not one.is_empty:
            self.watermark.paint(painter, one.rect)
        one.signs.paint(painter, one.rect, one.content, one.truth)
        self._surface.tools.paint(painter, one)
        if self._surface.is_focused(one):
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(one.rect.adjusted(1, 1, -1, -1))
        self._surface.hands.paint(painter, one)

    def _paint_picture(self, painter: QPainter, one: PlacedTile, has_bars: bool) -> bool:
        """Paint the slot's newest picture; a torn one once more. False when there is none."""
        key = one.content.key
        slot = self._feeds.slot(key)
        if slot is None:
            return False
        if one.grey is not None and slot.generation == one.generation:
            self._fit(painter, one, one.grey, has_bars)
            return True
        for _ in range(2):
            found = slot.newest()
            if found is None:
                return False
            image = QImage(found.pixels, found.width_px, found.height_px, found.stride_bytes, QImage.Format.Format_RGB32)
            if found.rotation_deg:
                image = image.transformed(QTransform().rotate(-found.rotation_deg))
            if one.state == "held":
                image = one.grey = grey_copy(image)
            place = self._fit(painter, one, image, has_bars)
            if place != one.place:
                one.place = place
                if not has_bars:
                    self._surface.update(one.rect)  # another shape than before: what is beside it must be painted too
            if slot.is_whole(found):
                break
            one.figures.torn += 1
        assert found is not None
        self.note_shown(one, slot.name, found.generation, found.arrival_ns)
        return True

    def note_shown(self, one: PlacedTile, slot_name: str, generation: int, arrival_ns: int) -> None:
        """A slot's picture is on the surface: counted, where it is another one than before."""
        if generation == one.generation and slot_name == one.slot_name:
            return
        one.generation, one.slot_name, one.arrival_ns = generation, slot_name, arrival_ns
        one.figures.painted += 1
        one.figures.first_ns = one.figures.first_ns or self._feeds.mono_ns()
        self._feeds.painted(one.content.key)
        if one.still is not None or one.truth.sign:
            one.still = None
            self._surface.update_words(one)

    def _fit(self, painter: QPainter, one: PlacedTile, image: QImage, has_bars: bool) -> QRect:
        ratio = painter.device().devicePixelRatioF()
        if not one.is_zoomed:
            return paint_fitted(painter, one.rect, image, ratio, has_bars)
        place = paint_part(painter, one.rect, image, one.view, has_bars)
        zoom.paint_inset(painter, place, one.view, image)
        return place
