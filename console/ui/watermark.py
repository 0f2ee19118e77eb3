"""Watermark: who looks, at which seat, when, faint and slanting over each tile: a photograph of the wall says whose wall it was.

It is painted in the widget's own pixels, after zoom, so that no zoom takes it away. What is kept is one small stamp for each size
of type and minute, laid over the tile some times: a sheet as large as the tile costs twice as much (measured, 480×270: 42 µs
against 20 µs a picture). GUI thread only.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from PySide6.QtCore import QPoint, QPointF, QRect
from PySide6.QtGui import QColor, QFontMetrics, QImage, QPainter, QPixmap

from console.ui import plates, theme
from console.words import tr

_SLANT_DEG = -11.0
_LIGHT, _DARK = QColor(255, 255, 255, 54), QColor(0, 0, 0, 54)
"""Light words with a dark edge are there on bright and on dark pictures, and hide nothing."""
_MINUTE_NS = 60_000_000_000
_PLACES_KEPT = 256


def words_for(who: str, seat: str, at_ns: int) -> str:
    """What the watermark of operator `who` at `seat` says at `at_ns` (UTC nanoseconds): name, seat, local date and minute."""
    at = time.strftime("%m-%d %H:%M", time.localtime(at_ns / 1e9))
    return tr("wall.watermark", who=who, seat=seat, at=at)


class Watermark:
    """The watermark of one operator at one seat; `now_ns` gives UTC nanoseconds. Several surfaces may share it."""

    def __init__(self, who: str, seat: str, now_ns: Callable[[], int] = time.time_ns) -> None:
        self.who, self.seat, self._now_ns = who, seat, now_ns
        self._minute = -1
        self._text = ""
        self._stamps: dict[tuple[int, float], QPixmap] = {}
        self._laid: dict[tuple[float, ...], tuple[tuple[QPoint, ...], QPixmap]] = {}

    def minute(self) -> int:
        """The minute it says now: where that is another one, the mark must be painted anew."""
        return self._now_ns() // _MINUTE_NS

    def paint(self, painter: QPainter, rect: QRect) -> None:
        """Paint the mark over `rect`; the painter is clipped to it."""
        minute = self.minute()
        if minute != self._minute:
            self._minute, self._text = minute, words_for(self.who, self.seat, minute * _MINUTE_NS)
            self._stamps.clear()
            self._laid.clear()
        key = (rect.x(), rect.y(), rect.width(), rect.height(), painter.device().devicePixelRatioF())
        laid = self._laid.get(key)
        if laid is None:
            laid = self._lay(rect, key)
        places, stamp = laid
        for place in places:
            painter.drawPixmap(place, stamp)

    def _lay(self, rect: QRect, key: tuple[float, ...]) -> tuple[tuple[QPoint, ...], QPixmap]:
        """The stamp of a tile of this size and where it stands; kept for the minute."""
        ratio, size_px = key[-1], stamp_px(rect.height())
        stamp = self._stamps.get((size_px, ratio))
        if stamp is None:
            stamp = self._stamps[size_px, ratio] = _stamp(self._text, size_px, ratio)
        if len(self._laid) >= _PLACES_KEPT:
            self._laid.clear()
        places = _places(rect, round(stamp.width() / ratio), round(stamp.height() / ratio))
        self._laid[key] = found = (places, stamp)
        return found


def burnt(image: QImage, who: str, seat: str, at_ns: int) -> QImage:
    """A copy of `image` (a snapshot, a print) with the mark burnt in. `at_ns` is when it was taken (UTC)."""
    made = image.convertToFormat(QImage.Format.Format_RGB32)
    made.setDevicePixelRatio(1.0)
    painter = QPainter(made)
    Watermark(who, seat, lambda: at_ns).paint(painter, made.rect())
    painter.end()
    return made


def stamp_px(height_px: int) -> int:
    """Size of the mark's words on a tile of this height."""
    return max(theme.px("text"), min(40, round(height_px * 0.05)))


def _stamp(text: str, size_px: int, ratio: float) -> QPixmap:
    """The slanting words on a transparent ground, no larger than they are."""
    font = theme.font(size_px, tabular=True)
    metrics = QFontMetrics(font)
    wide, tall = metrics.horizontalAdvance(text) + 4, metrics.height()
    slant = math.radians(abs(_SLANT_DEG))
    width = wide * math.cos(slant) + tall * math.sin(slant)
    height = wide * math.sin(slant) + tall * math.cos(slant)
    made = plates.blank(width, height, ratio)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setFont(font)
    painter.translate(width / 2, height / 2)
    painter.rotate(_SLANT_DEG)
    start = QPointF(-wide / 2 + 2, (metrics.ascent() - metrics.descent()) / 2)
    for shade, off in ((_DARK, 1.0), (_LIGHT, 0.0)):
        painter.setPen(shade)
        painter.drawText(start + QPointF(off, off), text)
    painter.end()
    return made


def _places(rect: QRect, width: int, height: int) -> tuple[QPoint, ...]:
    """Where the stamps stand: rows that fill the tile, every other one moved by half a step; at least one, in the middle."""
    columns = max(1, round(rect.width() / (width * 1.9)))
    rows = max(1, round(rect.height() / (height * 2.2)))
    found = []
    for row in range(rows):
        for column in range(columns):
            shift = (0.25 if row % 2 else -0.25) if columns * rows > 1 else 0.0
            x = rect.left() + (column + 0.5 + shift) * rect.width() / columns - width / 2
            y = rect.top() + (row + 0.5) * rect.height() / rows - height / 2
            found.append(QPoint(round(x), round(y)))
    return tuple(found)
