"""Plates: the dark rounded pieces a tile's signs are made of: a badge, and the large block that says why there is no picture.

Enters: words and sizes. Leaves: pixmaps, and where on a block its button stands. Nothing here is under 14 px; words that do not
fit are set smaller down to that, then broken into lines, and only then lines are left out, the least important first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen, QPixmap

from console.ui import theme
from console.ui.faults import draw_sign
from console.ui.truth import Truth
from console.words import tr

_PLATE_ALPHA = 190
_FLAT_BELOW_PX = 200
"""In a lower tile the large pictogram stands beside its headline, not above it."""
_WRAP = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


def label_px(height: float) -> int:
    """Size of a tile's labels: it follows the tile, never under 14 px."""
    return max(theme.px("text"), min(theme.px("title"), round(height * 0.055)))


def blank(width: float, height: float, ratio: float) -> QPixmap:
    """A transparent pixmap of this size in device-independent pixels."""
    made = QPixmap(max(1, math.ceil(width * ratio)), max(1, math.ceil(height * ratio)))
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.transparent)
    return made


def plate_color() -> QColor:
    """The dark ground of every plate: words on it are readable over any picture."""
    plate = theme.tile_color("background")
    plate.setAlpha(_PLATE_ALPHA)
    return plate


def badge(text: str, sign: str, size_px: int, ratio: float, fill: str = "") -> QPixmap:
    """A plate with a pictogram (if any) and words. `fill`: a colour token instead of the dark ground, with dark words on it."""
    font = theme.font(size_px, bold=bool(fill), tabular=True)
    metrics = QFontMetrics(font)
    height, gap = round(size_px * 1.5), size_px // 3
    side = round(size_px * 1.1) if sign else 0
    words_px = metrics.horizontalAdvance(text) if text else 0
    width = gap * 2 + side + (gap if sign and text else 0) + words_px
    made = blank(width, height, ratio)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.tile_color(fill) if fill else plate_color())
    painter.drawRoundedRect(QRectF(0, 0, width, height), 4, 4)
    ink = theme.tile_color("on_grade" if fill else "text")
    if sign:
        draw_sign(painter, QRectF(gap, (height - side) / 2, side, side), sign, ink if fill else None)
    if text:
        painter.setFont(font)
        painter.setPen(ink)
        painter.drawText(QPointF(width - gap - words_px, (height + metrics.ascent() - metrics.descent()) / 2), text)
    painter.end()
    return made


@dataclass(frozen=True, slots=True)
class Block:
    """A painted block; `place` is where it stands in its tile, `button` where its button does (empty without one)."""

    pixmap: QPixmap
    place: QRect
    button: QRect


@dataclass(slots=True)
class _Text:
    """Words at a size that fits `room_px`, broken into lines where even 14 px are too wide."""

    words: str
    size_px: int
    room_px: int
    is_bold: bool = False
    width: int = 0
    height: int = 0

    def __post_init__(self) -> None:
        metrics = QFontMetrics(theme.font(self.size_px, self.is_bold, tabular=True))
        advance = metrics.horizontalAdvance(self.words)
        if advance > self.room_px:
            self.size_px = max(theme.px("text"), math.floor(self.size_px * self.room_px / advance) - 1)
            metrics = QFontMetrics(theme.font(self.size_px, self.is_bold, tabular=True))
        box = metrics.boundingRect(QRect(0, 0, max(1, self.room_px), 10_000), _WRAP, self.words)
        self.width, self.height = box.width() + 2, box.height()

    def paint(self, painter: QPainter, rect: QRect, flags: int, color: str) -> None:
        painter.setFont(theme.font(self.size_px, self.is_bold, tabular=True))
        painter.setPen(theme.tile_color(color))
        painter.drawText(rect, flags, self.words)


def _bound(share: float, least: int, most: int) -> int:
    return max(least, min(most, round(share)))


def _button(room_px: int, size_px: int, truth: Truth) -> _Text | None:
    """The button's words: with its key where there is room."""
    if not truth.retry:
        return None
    for words in (truth.retry, tr("wall.retry")):
        advance = QFontMetrics(theme.font(size_px, tabular=True)).horizontalAdvance(words)
        if advance + 16 <= room_px:
            return _Text(words, size_px, room_px - 16)
    return None


def _paint_button(painter: QPainter, rect: QRect, text: _Text) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.tile_color("text"), 1))
    painter.setBrush(theme.tile_color("raised"))
    painter.drawRoundedRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
    text.paint(painter, rect, int(Qt.AlignmentFlag.AlignCenter), "text")


def middle(truth: Truth, room: QRect, tile_height_px: int, ratio: float) -> Block | None:
    """The block in the middle of `room`: the large pictogram, the headline, its lines and its button, as far as they fit."""
    width = room.width() - 12
    if not (truth.sign or truth.headline or truth.lines) or width < 24 or room.height() < 14:
        return None
    small = _bound(tile_height_px * 0.062, theme.px("text"), 26)
    is_flat = tile_height_px < _FLAT_BELOW_PX
    side = _bound(tile_height_px * (0.2 if is_flat else 0.28), 22, 170) if truth.sign else 0
    beside = side + 8 if is_flat and side else 0
    headline = (
        _Text(truth.headline, _bound(tile_height_px * 0.14, 15, 72), width - beside, is_bold=True) if truth.headline else None
    )
    lines = [_Text(words, small, width) for words in truth.lines]
    button = _button(width, small, truth)

    def height() -> int:
        top = max(side, headline.height if headline else 0) if is_flat else side + (headline.height if headline else 0)
        return top + sum(line.height for line in lines) + (button.height + 14 if button else 0) + 8

    while height() > room.height() and len(lines) > 1:
        lines.pop()
    for smaller in (0.75, 0.5):
        if height() > room.height() and not is_flat and side:
            side = round(side * smaller)
    if height() > room.height():
        button = None
    if height() > room.height():
        lines = []
    if height() > room.height() and headline is not None and side and not is_flat:
        side = 0
    if height() > room.height() and headline is not None:
        headline, lines = (None, []) if side else (_Text(truth.headline, theme.px("text"), width), [])
    return _painted(truth, room, ratio, side if not (is_flat and not headline) else min(side, room.height()),
                    headline, lines, button, is_flat, min(height(), room.height()))  # fmt: skip


def _painted(truth: Truth, room: QRect, ratio: float, side: int, headline: _Text | None, lines: list[_Text],
             button: _Text | None, is_flat: bool, height: int) -> Block:  # fmt: skip
    beside = side + 8 if is_flat and side and headline else 0
    widths = [side if not beside else 0, beside + (headline.width if headline else 0), *(line.width for line in lines)]
    width = min(room.width(), max([*widths, button.width + 16 if button else 0]) + 20)
    place = QRect(room.left() + (room.width() - width) // 2, room.top() + (room.height() - height) // 2, width, height)
    made = blank(width, height, ratio)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(plate_color())
    painter.drawRoundedRect(QRectF(0, 0, width, height), 6, 6)
    y, found = 4, QRect()
    if beside and headline is not None:
        row = max(side, headline.height)
        left = (width - beside - headline.width) // 2
        draw_sign(painter, QRectF(left, y + (row - side) / 2, side, side), truth.sign)
        headline.paint(painter, QRect(left + beside, y, headline.width, row), _WRAP, "text")
        y += row
    else:
        if side:
            draw_sign(painter, QRectF((width - side) / 2, y, side, side), truth.sign)
            y += side
        if headline is not None:
            headline.paint(painter, QRect((width - headline.width) // 2, y, headline.width, headline.height), _WRAP, "text")
            y += headline.height
    for line in lines:
        line.paint(painter, QRect(0, y, width, line.height), _WRAP, "muted")
        y += line.height
    if button is not None:
        found = QRect((width - button.width - 16) // 2, y + 4, button.width + 16, button.height + 8)
        _paint_button(painter, found, button)
    painter.end()
    return Block(made, place, found.translated(place.topLeft()) if button is not None else QRect())


def foot(truth: Truth, room: QRect, tile_height_px: int, ratio: float) -> Block | None:
    """The band at the foot of `room`, over a held picture: pictogram and headline, why and when it is tried again, button."""
    if room.height() < 20 or room.width() < 40:
        return None
    small = _bound(tile_height_px * 0.062, theme.px("text"), 26)
    side = _bound(tile_height_px * 0.18, 18, 110)
    button = _button(room.width() - 16, small, truth)
    button_px = button.width + 24 if button is not None else 0
    said = truth.lines if button is None or len(truth.lines) != 1 else ("", *truth.lines)  # a single line beside the button
    headline = _Text(truth.headline, _bound(tile_height_px * 0.12, 15, 64), room.width() - side - 20, is_bold=True)
    lines = [_Text(words, small, room.width() - 16 - (button_px if row else 0)) for row, words in enumerate(said)]
    top = max(side, headline.height)
    limit = max(round(room.height() * 0.62), min(room.height(), 100))
    button_row = button.height + 10 if button is not None else 0

    def height() -> int:
        rest = [line.height for line in lines]
        last = max(rest[1] if len(rest) > 1 else 0, button_row)
        return top + (rest[0] if rest else 0) + last + 6

    while lines and height() > limit:
        lines.pop()
    if height() > limit:
        button, button_row, button_px = None, 0, 0
    tall = min(height(), room.height())
    place = QRect(room.left(), room.bottom() + 1 - tall, room.width(), tall)
    made = blank(place.width(), tall, ratio)
    painter = QPainter(made)
    painter.fillRect(QRectF(0, 0, place.width(), tall), plate_color())
    draw_sign(painter, QRectF(8, 3 + (top - side) / 2, side, side), truth.sign)
    headline.paint(painter, QRect(side + 16, 3, headline.width, top), _LEFT | int(Qt.TextFlag.TextWordWrap), "text")
    y, found = 3 + top, QRect()
    if lines:
        lines[0].paint(painter, QRect(8, y, lines[0].width, lines[0].height), _LEFT | int(Qt.TextFlag.TextWordWrap), "muted")
        y += lines[0].height
    row = max(lines[1].height if len(lines) > 1 else 0, button_row)
    if len(lines) > 1:
        lines[1].paint(painter, QRect(8, y, lines[1].width, row), _LEFT | int(Qt.TextFlag.TextWordWrap), "muted")
    if button is not None:
        found = QRect(place.width() - button.width - 24, y + (row - button.height - 8) // 2, button.width + 16, button.height + 8)
        _paint_button(painter, found, button)
    painter.end()
    return Block(made, place, found.translated(place.topLeft()) if button is not None else QRect())
