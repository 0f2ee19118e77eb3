"""Fast ways from numpy arrays to QPainter: paths of thousands of lines, and one draw call for thousands of badges.

Measured on the two-core reference machine: 20,000 vertices to a QPainterPath 2 ms (a Python loop needs 60 ms); 2,000 badges from
an atlas 1.5 ms. GUI thread only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
import shiboken6
from numpy.typing import NDArray
from PySide6.QtCore import QByteArray, QDataStream, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QPixmap

from console.model.geo import Array

_ELEMENT = np.dtype([("type", ">i4"), ("x", ">f8"), ("y", ">f8")])


def path_of(xs: Array, ys: Array, starts: NDArray[np.int64]) -> QPainterPath:
    """A path of open poly-lines: line i is vertices `starts[i]` up to `starts[i + 1]` (the last goes to the end).

    Source: QDataStream serialisation of QPainterPath (qpainterpath.cpp: count, elements, cStart, fillRule), stable since Qt 4.
    """
    path = QPainterPath()
    if not len(xs):
        return path
    elements = np.empty(len(xs), _ELEMENT)
    elements["type"] = 1
    elements["type"][starts] = 0
    elements["x"], elements["y"] = xs, ys
    head, tail = np.array([len(xs)], ">i4").tobytes(), np.array([starts[-1], 0], ">i4").tobytes()
    data = QByteArray(head + elements.tobytes() + tail)  # named: the stream keeps only a pointer to it
    stream = QDataStream(data)
    stream >> path
    return path


def dashed_circle(middle: QPointF, radius: float, width: float, height: float, dash_px: float = 5.0) -> QPainterPath:
    """The dashes of a circle that touch the picture, as short lines: a tenth of the cost of a dashed ellipse."""
    count = max(12, round(math.tau * radius / (1.8 * dash_px)))
    turns = np.arange(count)[:, None] * (math.tau / count) + np.array([0.0, 0.5, 1.0]) * (dash_px / radius)
    xs, ys = middle.x() + radius * np.cos(turns), middle.y() + radius * np.sin(turns)
    seen = (xs[:, 0] > -9) & (xs[:, 0] < width + 9) & (ys[:, 0] > -9) & (ys[:, 0] < height + 9)
    return path_of(xs[seen].ravel(), ys[seen].ravel(), np.arange(0, 3 * int(seen.sum()), 3))


class Easel:
    """A pixmap to be painted in many slices: `with easel:` gives it a painter, which never outlives the slice.

    A painter left open on a pixmap would crash when both are thrown away together (a window closed in the middle of a rendering).
    """

    def __init__(self, pixmap: QPixmap) -> None:
        self.pixmap = pixmap
        self.painter: QPainter

    def __enter__(self) -> None:
        self.painter = QPainter(self.pixmap)
        self.painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def __exit__(self, *_: object) -> None:
        self.painter.end()
        del self.painter


class Atlas:
    """Many small square pictures in one pixmap, each painted once, drawn by `draw` in one call.

    `paint(painter, rect, *key)` paints the picture of a key. Keys are added when first asked for.
    """

    def __init__(self, size_px: int, ratio: float, paint: Callable[..., None]) -> None:
        self.size_px, self.ratio = size_px, ratio
        self._paint = paint
        self._cell = math.ceil((size_px + 2) * ratio)
        self._columns, self._rows = 16, 4
        self._slots: dict[Hashable, int] = {}
        self._pixmap = self._blank()
        self._fragments = np.zeros((0, 10))

    def _blank(self) -> QPixmap:
        made = QPixmap(self._columns * self._cell, self._rows * self._cell)
        made.fill(Qt.GlobalColor.transparent)
        return made

    def slot(self, *key: object) -> int:
        """The number of a key's picture."""
        found = self._slots.get(key)
        if found is not None:
            return found
        number = len(self._slots)
        if number >= self._columns * self._rows:
            old, self._rows = self._pixmap, self._rows * 2
            self._pixmap = self._blank()
            copier = QPainter(self._pixmap)
            copier.drawPixmap(0, 0, old)
            copier.end()
        self._slots[key] = number
        painter = QPainter(self._pixmap)
        try:
            painter.translate((number % self._columns) * self._cell, (number // self._columns) * self._cell)
            painter.scale(self.ratio, self.ratio)
            self._paint(painter, QRectF(1, 1, self.size_px, self.size_px), *key)
        finally:
            painter.end()
        return number

    def draw(self, painter: QPainter, xs: Array, ys: Array, slots: NDArray[np.int64]) -> None:
        """Paint picture `slots[i]` centred at device-independent px `xs[i], ys[i]`."""
        count = len(xs)
        if not count:
            return
        if len(self._fragments) < count:
            self._fragments = np.zeros((count * 2, 10))
            self._fragments[:, 9] = 1.0
        rows = self._fragments[:count]
        # Rounded to device pixels: a badge between two pixels is blurred.
        rows[:, 0] = np.round(xs * self.ratio) / self.ratio
        rows[:, 1] = np.round(ys * self.ratio) / self.ratio
        rows[:, 2] = (slots % self._columns) * self._cell
        rows[:, 3] = (slots // self._columns) * self._cell
        rows[:, 4] = rows[:, 5] = self._cell
        rows[:, 6] = rows[:, 7] = 1.0 / self.ratio
        # A pointer into the array itself: PySide takes the first fragment and a count.
        first: Any = shiboken6.wrapInstance(self._fragments.ctypes.data, QPainter.PixmapFragment)
        painter.drawPixmapFragments(first, count, self._pixmap)


class TextPictures:
    """Short texts on a translucent plate as cached pixmaps; at most `limit` are kept."""

    def __init__(self, font: QFont, ratio: float, ink: QColor, plate: QColor, limit: int = 600) -> None:
        self._font, self._ratio, self._ink, self._plate, self._limit = font, ratio, ink, plate, limit
        self._metrics = QFontMetricsF(font)
        self._kept: dict[str, QPixmap] = {}

    def picture(self, text: str) -> QPixmap:
        """The text's picture; its size is in device-independent px via `deviceIndependentSize()`."""
        found = self._kept.get(text)
        if found is not None:
            return found
        if len(self._kept) >= self._limit:
            self._kept.clear()
        width, height = self._metrics.horizontalAdvance(text) + 8, self._metrics.height()
        made = QPixmap(math.ceil(width * self._ratio), math.ceil(height * self._ratio))
        made.setDevicePixelRatio(self._ratio)
        made.fill(Qt.GlobalColor.transparent)
        painter = QPainter(made)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(self._plate)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawRoundedRect(QRectF(0, 1.5, width, height - 3), 4, 4)
        draw_text(painter, 4, self._metrics.ascent(), text, self._font, self._ink, None)
        painter.end()
        self._kept[text] = made
        return made


def draw_text(painter: QPainter, x: float, baseline: float, text: str, font: QFont, ink: QColor, halo: QColor | None) -> None:
    """Paint a text with a halo of 3 px, so that it is readable over lines."""
    if halo is not None:
        path = QPainterPath()
        path.addText(x, baseline, font, text)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.strokePath(path, QPen(halo, 3.4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
    painter.setFont(font)
    painter.setPen(ink)
    painter.drawText(round(x), round(baseline), text)


def pushed_off(xs: Array, ys: Array, obstacles: list[QPointF], reach_px: float, size_px: float) -> tuple[Array, Array]:
    """Points nearer than `reach_px` to an obstacle moved out onto a circle around it, `size_px` apart; others as they are."""
    xs, ys = xs.copy(), ys.copy()
    for obstacle in obstacles:
        right, down = xs - obstacle.x(), ys - obstacle.y()
        near = np.flatnonzero(np.hypot(right, down) < reach_px)
        if not len(near):
            continue
        # More than a wider circle holds stand closer; they are never thrown far from where they are.
        reach = min(max(reach_px, len(near) * size_px / math.tau), 1.6 * reach_px)
        turns = np.arctan2(down[near], right[near])
        order = np.argsort(turns, kind="stable")
        step, last = min(size_px / reach, math.tau / len(near)), -math.inf
        for number in order.tolist():
            last = max(float(turns[number]), last + step)
            xs[near[number]] = obstacle.x() + reach * math.cos(last)
            ys[near[number]] = obstacle.y() + reach * math.sin(last)
    return xs, ys


class Room:
    """Which parts of a picture are taken by labels already: a coarse grid, cheap to ask and to mark."""

    CELL_PX = 4

    def __init__(self, width: float, height: float) -> None:
        self._grid = np.zeros((int(height) // self.CELL_PX + 2, int(width) // self.CELL_PX + 2), bool)

    def copy(self) -> Room:
        """The same room, to be filled further."""
        other = Room(0, 0)
        other._grid = self._grid.copy()
        return other

    def _part(self, left: float, top: float, right: float, bottom: float) -> NDArray[np.bool_]:
        cell = self.CELL_PX
        rows = slice(max(int(top) // cell, 0), max(int(bottom) // cell + 1, 0))
        part: NDArray[np.bool_] = self._grid[rows, max(int(left) // cell, 0) : max(int(right) // cell + 1, 0)]
        return part

    def is_free(self, left: float, top: float, right: float, bottom: float) -> bool:
        """Whether nothing is taken there."""
        return not self._part(left, top, right, bottom).any()

    def take(self, left: float, top: float, right: float, bottom: float) -> None:
        """Mark as taken."""
        self._part(left, top, right, bottom)[:] = True
