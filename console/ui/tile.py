"""Tile: what one tile of the wall shows, and how its signs are painted: name, network, number, truth badge, grade halo.

The signs are kept as pixmaps and painted anew only when their words change; the picture itself is the surface's business.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen, QPixmap

from console import words
from console.model.wall import FeedHealth, WantedFeed
from console.ui import marks, theme
from console.words import tr

_BADGE_ALPHA = 190


@dataclass(frozen=True, slots=True)
class TileContent:
    """What a tile is to show. `key` names the tile ("01/3"), `number` the camera on map and list, `reason` why it is here.

    An empty `camera` is an empty tile. `keep_stills` must be False for household cameras.
    """

    key: str
    camera: str = ""
    name: str = ""
    network: str = ""
    number: int | None = None
    grade: str | None = None
    reason: str = ""
    url: str = ""
    url_sub: str = ""
    max_fps: float = 25.0
    priority: int = 1
    keyframes_only: bool = False
    keep_stills: bool = True

    def wanted(self, width_px: int, height_px: int) -> WantedFeed | None:
        """The feed this tile asks for at its size in device pixels; None for an empty tile."""
        if not self.url and not self.camera:
            return None
        return WantedFeed(
            self.key, self.camera, self.url, self.url_sub, width_px, height_px, self.max_fps, self.priority,
            self.keyframes_only, self.keep_stills,
        )  # fmt: skip


def age_words(age_ms: float) -> str:
    """An age as people say it: tenths of a second under ten, then seconds, minutes, hours, days."""
    seconds = age_ms / 1000
    if seconds < 9.95:
        return tr("wall.age.tenths", seconds=f"{seconds:.1f}")
    for name, size_s, limit_s in (("seconds", 1, 60), ("minutes", 60, 3600), ("hours", 3600, 86400)):
        if seconds < limit_s:
            return tr(f"wall.age.{name}", count=int(seconds // size_s))
    return tr("wall.age.days", count=int(seconds // 86400))


def clock_words(at_ns: int) -> str:
    """A moment as the local time of day."""
    return time.strftime("%H:%M:%S", time.localtime(at_ns / 1e9))


def badge_words(content: TileContent, health: FeedHealth | None, age_ms: float | None, is_short: bool) -> str:
    """The truth badge in plain words; the short form, for small tiles, leaves the pictogram to say the state."""
    state = health.state if health is not None else "connecting"
    if state in ("live", "late"):
        age = age_words(age_ms or 0.0)
        if is_short:
            return age
        text = tr(f"wall.state.{state}", age=age)
        return tr("wall.keyframes", state=text) if content.keyframes_only else text
    if state == "held" and health is not None and health.picture_at_ns is not None:
        at = clock_words(health.picture_at_ns)
        if is_short:
            return at
        text = tr("wall.state.held", at=at)
        return tr("wall.held_why", state=text, why=tr(f"wall.error.{health.error}")) if health.error else text
    return "" if is_short else tr(f"wall.state.{state}")


def message_words(content: TileContent, health: FeedHealth | None) -> str:
    """The text in the middle of a tile without a picture: why, when it is tried again, and which key tries now."""
    if health is None or health.state != "none" or health.error is None:
        return content.reason if health is None or health.state == "connecting" else ""
    why = tr(f"wall.error.{health.error}")
    if health.next_try_s is None or health.next_try_s <= 0:
        return tr("wall.trying", why=why)
    return tr("wall.next_try", why=why, seconds=math.ceil(health.next_try_s))


def label_px(height: float) -> int:
    """Size of a tile's labels: it follows the tile, never under 14 px."""
    return max(theme.px("text"), min(theme.px("title"), round(height * 0.055)))


class TileSigns:
    """The painted signs of one tile, kept until their words, the tile's size or the look change."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[object, QPixmap]] = {}

    def paint(self, painter: QPainter, rect: QRect, content: TileContent, health: FeedHealth | None, badge: str) -> None:
        """Paint label, number, truth badge and halo over the picture in `rect`."""
        ratio = painter.device().devicePixelRatioF()
        size_px = label_px(rect.height())
        state = health.state if health is not None else "connecting"
        right = 0
        if content.camera or content.url:
            made = self._pixmap(
                "badge", (badge, state, size_px, ratio, theme.generation()), size_px, ratio, lambda: (badge, state)
            )
            right = round(made.width() / ratio)
            if right < rect.width() - 8:
                painter.drawPixmap(rect.right() - right - 3, rect.top() + 4, made)
        room = rect.width() - right - 16
        name = content.name or content.camera
        if name and room > size_px * 2:
            key = (name, content.network, size_px, room, ratio, theme.generation(), words.chosen())
            made = self._pixmap("label", key, size_px, ratio, lambda: (_label(name, content.network, size_px, room), ""))
            painter.drawPixmap(rect.left() + 4, rect.top() + 4, made)
        if content.number is not None:
            side = round(size_px * 1.5)
            place = QPoint(rect.left() + 4, rect.top() + 8 + round(size_px * 1.5))
            if place.y() + side < rect.bottom():
                painter.drawPixmap(place, marks.pixmap("number", side, ratio, content.number))
        if content.grade:
            painter.setPen(QPen(marks.grade_color(content.grade), 3))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(rect).adjusted(1.5, 1.5, -1.5, -1.5))

    def _pixmap(self, kind: str, key: object, size_px: int, ratio: float, says: Callable[[], tuple[str, str]]) -> QPixmap:
        kept = self._kept.get(kind)
        if kept is not None and kept[0] == key:
            return kept[1]
        made = _badge(*says(), size_px, ratio)
        self._kept[kind] = (key, made)
        return made


def _label(name: str, network: str, size_px: int, room: int) -> str:
    """A camera's name behind its network's character, cut to the room there is."""
    character = tr(f"mark.network.{network}") if network else ""
    text = f"{character} {name}".strip()
    return QFontMetrics(theme.font(size_px)).elidedText(text, Qt.TextElideMode.ElideRight, room - size_px)


def _badge(text: str, state: str, size_px: int, ratio: float) -> QPixmap:
    """A dark rounded plate with a state's pictogram (if any) and words."""
    font = theme.font(size_px, tabular=True)
    metrics = QFontMetrics(font)
    height = round(size_px * 1.5)
    sign = round(size_px * 1.1) if state else 0
    words_px = metrics.horizontalAdvance(text) if text else 0
    gap = size_px // 3
    width = gap * 2 + sign + (gap if sign and text else 0) + words_px
    made = QPixmap(math.ceil(width * ratio), math.ceil(height * ratio))
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    plate = theme.tile_color("background")
    plate.setAlpha(_BADGE_ALPHA)
    painter.setBrush(plate)
    painter.drawRoundedRect(QRectF(0, 0, width, height), 4, 4)
    if sign:
        marks.draw_tile_state(painter, QRectF(gap, (height - sign) / 2, sign, sign), state)
    if text:
        painter.setFont(font)
        painter.setPen(theme.tile_color("late" if state == "late" else "text"))
        base = (height + metrics.ascent() - metrics.descent()) / 2
        painter.drawText(QPointF(width - gap - words_px, base), text)
    painter.end()
    return made


def paint_message(painter: QPainter, rect: QRect, text: str) -> None:
    """Paint the words of a tile without a picture in its middle, on a plate that keeps them readable over a still."""
    if not text:
        return
    size_px = label_px(rect.height())
    painter.setFont(theme.font(size_px))
    flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
    inside = rect.adjusted(8, size_px * 2, -8, -4)
    if inside.height() < size_px or inside.width() < size_px * 4:
        return
    needed = painter.boundingRect(inside, flags, text).adjusted(-6, -3, 6, 3)
    painter.fillRect(needed.intersected(rect), QColor(18, 22, 27, _BADGE_ALPHA))
    painter.setPen(theme.tile_color("muted"))
    painter.drawText(inside, flags, text)
