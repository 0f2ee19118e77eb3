"""The bar of a tile that is played back: when the picture was, how far behind live, and what the keys do; over the tile's foot.

In: the tile's replay as its controller tells it. Out: the controller's acts. A tool of the wall: it paints and hears on replayed
tiles only. GUI thread.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPen

from console.ui import theme
from console.ui.plates import label_px, plate_color
from console.ui.truth import age_words, clock_words
from console.ui.walltile import PlacedTile
from console.ui.walltool import Tool
from console.words import tr

JUMP_S = 5.0
_STRIP_PX = 6
_HINT_FROM_PX = 430


@dataclass(frozen=True, slots=True)
class Reading:
    """How a tile's replay stands: `behind_s` behind live, `reach_s` back to the oldest picture there is."""

    behind_s: float
    reach_s: float
    speed: float
    is_paused: bool


class Acts(Protocol):
    """What the bar asks of its controller; `key` names the tile."""

    def reading(self, key: str) -> Reading | None: ...

    def end(self, key: str) -> None: ...

    def pause(self, key: str) -> None: ...

    def step(self, key: str, pictures: int) -> None: ...

    def jump(self, key: str, seconds: float) -> None: ...

    def faster(self, key: str, steps: int) -> None: ...

    def go_behind(self, key: str, seconds: float) -> None: ...


class JustNowBar(Tool):
    """One for all surfaces."""

    def __init__(self, acts: Acts) -> None:
        self._acts = acts

    # painting --------------------------------------------------------------------------------------------------------

    def paint(self, painter: QPainter, tile: PlacedTile) -> None:
        """A frame that no live tile has, the plate with time and distance from live, and the strip of what is kept."""
        reading = self._acts.reading(tile.content.key)
        if reading is None:
            return
        tone = theme.tile_color("replay")
        painter.setPen(QPen(tone, 4))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(QRectF(tile.rect).adjusted(2, 2, -2, -2))
        bar = _bar(tile.rect)
        painter.fillRect(bar, plate_color())
        self._paint_strip(painter, bar, reading, tone)
        self._paint_words(painter, bar, reading, label_px(tile.rect.height()))

    @staticmethod
    def _paint_strip(painter: QPainter, bar: QRect, reading: Reading, tone: QColor) -> None:
        strip = _strip(bar)
        painter.fillRect(strip, theme.tile_color("muted"))
        share = 1.0 - min(1.0, reading.behind_s / reading.reach_s) if reading.reach_s > 0 else 0.0
        at = strip.left() + round(share * strip.width())
        painter.fillRect(QRect(strip.left(), strip.top(), at - strip.left(), strip.height()), tone)
        painter.fillRect(QRect(at - 2, strip.top() - 3, 5, strip.height() + 6), theme.tile_color("text"))

    @staticmethod
    def _paint_words(painter: QPainter, bar: QRect, reading: Reading, size_px: int) -> None:
        font = theme.font(size_px, bold=True, tabular=True)
        metrics = QFontMetrics(font)
        painter.setFont(font)
        painter.setPen(theme.tile_color("text"))
        room = bar.adjusted(8, _STRIP_PX + 8, -8, -2)
        fits = (words for words in _words(reading) if metrics.horizontalAdvance(words) <= room.width())
        words = next(fits, metrics.elidedText(_words(reading)[-1], Qt.TextElideMode.ElideRight, room.width()))
        painter.drawText(room, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop), words)
        if bar.width() >= _HINT_FROM_PX:
            painter.setFont(theme.font("text"))
            painter.setPen(theme.tile_color("muted"))
            painter.drawText(room, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom), tr("justnow.keys"))

    # hands -----------------------------------------------------------------------------------------------------------

    def press(self, tile: PlacedTile, event: QMouseEvent) -> bool:
        """The strip goes to the moment under the pointer; the rest of the bar pauses and plays on."""
        if event.button() != Qt.MouseButton.LeftButton or self._acts.reading(tile.content.key) is None:
            return False
        bar, at = _bar(tile.rect), event.position().toPoint()
        if not bar.contains(at):
            return False
        if at.y() <= _strip(bar).bottom() + 6:
            self._go(tile, at)
        else:
            self._acts.pause(tile.content.key)
        return True

    def move(self, tile: PlacedTile, event: QMouseEvent) -> bool:
        if not event.buttons() & Qt.MouseButton.LeftButton or self._acts.reading(tile.content.key) is None:
            return False
        at = event.position().toPoint()
        if _bar(tile.rect).contains(at) and at.y() <= _strip(_bar(tile.rect)).bottom() + 6:
            self._go(tile, at)
        return True

    def _go(self, tile: PlacedTile, at: QPoint) -> None:
        reading, strip = self._acts.reading(tile.content.key), _strip(_bar(tile.rect))
        if reading is not None and strip.width() > 0:
            share = min(1.0, max(0.0, (at.x() - strip.left()) / strip.width()))
            self._acts.go_behind(tile.content.key, (1.0 - share) * reading.reach_s)

    def claims(self, tile: PlacedTile, event: QKeyEvent) -> bool:
        """Escape and the like are the bar's while its tile is played back."""
        return self._acts.reading(tile.content.key) is not None and _act_of(event) is not None

    def key(self, tile: PlacedTile, event: QKeyEvent) -> bool:
        key, act = tile.content.key, _act_of(event)
        if act is None or self._acts.reading(key) is None:
            return False
        name, amount = act
        match name:
            case "end":
                self._acts.end(key)
            case "pause":
                self._acts.pause(key)
            case "step":
                self._acts.step(key, amount)
            case "jump":
                self._acts.jump(key, amount * JUMP_S)
            case "faster":
                self._acts.faster(key, amount)
        return True


def _words(reading: Reading) -> tuple[str, ...]:
    """What the bar says, the longest first; the time of the picture stands in the tile's badge as well."""
    at, behind = clock_words(time.time_ns() - round(reading.behind_s * 1e9)), age_words(reading.behind_s * 1000)
    speed = "" if reading.speed == 1.0 or reading.is_paused else " · " + tr("justnow.speed", speed=f"{reading.speed:g}")
    full = tr("justnow.paused" if reading.is_paused else "justnow.behind", at=at, behind=behind)
    short = tr("justnow.paused_short" if reading.is_paused else "justnow.behind_short", behind=behind)
    return full + speed, short + speed, short


def _act_of(event: QKeyEvent) -> tuple[str, int] | None:
    if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
        return None
    keys = Qt.Key
    return {
        keys.Key_Escape: ("end", 0), keys.Key_Space: ("pause", 0), keys.Key_Comma: ("step", -1), keys.Key_Period: ("step", 1),
        keys.Key_Left: ("jump", -1), keys.Key_Right: ("jump", 1), keys.Key_Up: ("faster", 1), keys.Key_Down: ("faster", -1),
    }.get(Qt.Key(event.key()))  # fmt: skip


def _bar(rect: QRect) -> QRect:
    """The bar's room at the foot of a tile."""
    size_px = label_px(rect.height())
    lines = 2 if rect.width() >= _HINT_FROM_PX else 1
    height = min(rect.height() // 2, _STRIP_PX + 14 + round(size_px * 1.4) + (lines - 1) * round(theme.px("text") * 1.5))
    return QRect(rect.left() + 4, rect.bottom() - height - 3, rect.width() - 8, height)


def _strip(bar: QRect) -> QRect:
    return QRect(bar.left() + 8, bar.top() + 5, bar.width() - 16, _STRIP_PX)
