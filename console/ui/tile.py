"""Tile: what one tile of the wall shows, and how its signs are painted: name, network, number, truth badge, marks, fault, halo.

The signs are kept as pixmaps and painted anew only when their words change; the picture itself is the surface's business.
Networks are told apart by a character in a frame, grey at rest: colour on a tile means lateness, a grade or a replay.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen, QPixmap

from console import words
from console.model.view import Dewarp, Masks
from console.model.wall import WantedFeed
from console.ui import marks, plates, theme
from console.ui.pictograms import draw_character
from console.ui.plates import Block, label_px
from console.ui.truth import Truth, age_words, clock_words, truth
from console.words import tr

__all__ = ["TileContent", "TileSigns", "Truth", "age_words", "clock_words", "label_px", "truth"]

_FILLED = {"late": "late", "replay": "replay"}
"""States whose badge is a filled plate: seen across the room."""


@dataclass(frozen=True, slots=True)
class TileContent:
    """What a tile is to show. `key` names the tile ("01/3"), `number` the camera on map and list, `reason` why it is here.

    An empty `camera` is an empty tile. `keep_stills` must be False for household cameras. `grade` is the halo's; the fields
    after `keep_stills` go to the feed (`WantedFeed`), `incident_grade` as its grade. `condition`: what is wrong with the
    picture itself (a word of `condition.*`); `is_recorded`: it is being recorded here; `is_pinned`: the operator keeps it there.
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
    masks: Masks = ()
    dewarp: Dewarp | None = None
    ring_s: float = 60.0
    incident_grade: str = ""
    is_tour: bool = False
    is_large: bool = False
    open_options: tuple[tuple[str, str], ...] = ()
    condition: str = ""
    is_recorded: bool = False
    is_pinned: bool = False

    def wanted(self, width_px: int, height_px: int) -> WantedFeed | None:
        """The feed this tile asks for at its size in device pixels; None for an empty tile."""
        if not self.url and not self.camera:
            return None
        return WantedFeed(
            self.key, self.camera, self.url, self.url_sub, width_px, height_px, self.max_fps, self.priority,
            self.keyframes_only, self.keep_stills, self.masks, self.dewarp, self.ring_s, self.incident_grade, self.is_tour,
            self.is_large, self.open_options,
        )  # fmt: skip


class TileSigns:
    """The painted signs of one tile, kept until their words, the tile's size or the look change."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[object, QPixmap | Block | None]] = {}
        self._button = QRect()

    def paint(self, painter: QPainter, rect: QRect, content: TileContent, said: Truth) -> None:
        """Paint halo, label, number, truth badge, marks and, without a live picture, why, over what is in `rect`."""
        ratio = painter.device().devicePixelRatioF()
        size_px = label_px(rect.height())
        look = (ratio, theme.generation(), words.chosen())
        line = round(size_px * 1.5)
        right = self._paint_badge(painter, rect, said, size_px, look)
        self._paint_label(painter, rect, content, size_px, rect.width() - right - 12, look)
        taken = 0
        if content.number is not None and rect.height() > line * 2 + 8:
            place = QPoint(rect.left() + 4, rect.top() + 8 + line)
            painter.drawPixmap(place, marks.pixmap("number", line, ratio, content.number))
            taken = line + 4
        has_marks = self._paint_marks(painter, rect, said, size_px, taken, look)
        self._paint_block(painter, rect, said, (line + 4) * (2 if has_marks else 1) + 4, look)
        if said.state == "replay":
            _frame(painter, rect, theme.tile_color("replay"), 3)
        if content.grade:
            _frame(painter, rect, marks.grade_color(content.grade), 3)

    def retry_at(self, rect: QRect, point: QPoint) -> bool:
        """Whether `point` lies on the button of the tile last painted in `rect`."""
        return self._button.translated(rect.topLeft()).contains(point)

    def button(self, rect: QRect) -> QRect:
        """Where "retry now" stands on the surface; empty where there is none."""
        return self._button.translated(rect.topLeft()) if not self._button.isEmpty() else QRect()

    def _paint_badge(self, painter: QPainter, rect: QRect, said: Truth, size_px: int, look: tuple[object, ...]) -> int:
        """The truth badge, always: where even the short one is too wide, its pictogram alone. Returns its width."""
        if not said.state:
            return 0
        ratio = painter.device().devicePixelRatioF()
        fill = _FILLED.get(said.state, "")
        room = rect.width() - 6

        def made() -> QPixmap:
            full = plates.badge(said.badge, said.state, size_px, ratio, fill)
            return full if full.width() / ratio <= room else plates.badge("", said.state, size_px, ratio, fill)

        pixmap = self._pixmap("badge", (said.badge, said.state, size_px, room, look), made)
        width = round(pixmap.width() / ratio)
        painter.drawPixmap(QPoint(rect.right() - width - 3, rect.top() + 4), pixmap)
        return width + 4

    def _paint_label(
        self, painter: QPainter, rect: QRect, content: TileContent, size_px: int, room: int, look: tuple[object, ...]
    ) -> None:
        name = content.name or content.camera
        if not name or room < size_px * 2:
            return
        ratio = painter.device().devicePixelRatioF()
        pixmap = self._pixmap(
            "label", (name, content.network, size_px, room, look), lambda: _label(name, content.network, size_px, room, ratio)
        )
        painter.drawPixmap(QPoint(rect.left() + 4, rect.top() + 4), pixmap)

    def _paint_marks(
        self, painter: QPainter, rect: QRect, said: Truth, size_px: int, taken: int, look: tuple[object, ...]
    ) -> bool:
        """The marks under the badge, from the right; each with its words, shorter ones or none, as there is room."""
        line = round(size_px * 1.5)
        if not said.marks or rect.height() < line * 2 + 12:
            return False
        ratio, room = painter.device().devicePixelRatioF(), rect.width() - taken - 8
        key = (said.marks, size_px, room, look)
        pixmap = self._pixmap("marks", key, lambda: _marks_row(said, size_px, room, ratio))
        painter.drawPixmap(QPoint(rect.right() - round(pixmap.width() / ratio) - 3, rect.top() + 8 + line), pixmap)
        return True

    def _paint_block(self, painter: QPainter, rect: QRect, said: Truth, top: int, look: tuple[object, ...]) -> None:
        ratio = painter.device().devicePixelRatioF()
        room = QRect(2, top, rect.width() - 4, rect.height() - top - 3)
        key = (said.sign, said.headline, said.lines, said.retry, said.is_foot, room, look)
        kept = self._kept.get("block")
        if kept is None or kept[0] != key:
            maker = plates.foot if said.is_foot else plates.middle
            block = maker(said, room, rect.height(), ratio) if said.headline or said.sign or said.lines else None
            kept = self._kept["block"] = (key, block)
        found = kept[1]
        self._button = found.button if isinstance(found, Block) else QRect()
        if isinstance(found, Block):
            painter.drawPixmap(rect.topLeft() + found.place.topLeft(), found.pixmap)

    def _pixmap(self, kind: str, key: object, make: Callable[[], QPixmap]) -> QPixmap:
        kept = self._kept.get(kind)
        if kept is not None and kept[0] == key and isinstance(kept[1], QPixmap):
            return kept[1]
        made = make()
        self._kept[kind] = (key, made)
        return made


def _frame(painter: QPainter, rect: QRect, color: QColor, width_px: int) -> None:
    painter.setPen(QPen(color, width_px))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    inset = width_px / 2
    painter.drawRect(QRectF(rect).adjusted(inset, inset, -inset, -inset))


def _label(name: str, network: str, size_px: int, room: int, ratio: float) -> QPixmap:
    """A camera's name behind its network's character in a frame, cut to the room there is."""
    height, side = round(size_px * 1.5), round(size_px * 1.2) if network else 0
    lead = side + size_px // 3 if side else 0
    text = QFontMetrics(theme.font(size_px, tabular=True)).elidedText(name, Qt.TextElideMode.ElideRight, room - size_px - lead)
    if not text or text == "…":
        text = ""
    plain = plates.badge(text, "", size_px, ratio)
    if not side:
        return plain
    made = plates.blank(plain.width() / ratio + lead, height, ratio)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(plates.plate_color())
    painter.drawRoundedRect(QRectF(0, 0, plain.width() / ratio + lead, height), 4, 4)
    box = QRectF(3, (height - side) / 2, side, side)
    painter.setPen(QPen(theme.tile_color("muted"), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
    draw_character(painter, box.adjusted(2.5, 2.5, -2.5, -2.5), tr(f"mark.network.{network}"), theme.tile_color("text"))
    painter.setFont(theme.font(size_px, tabular=True))
    painter.setPen(theme.tile_color("text"))
    metrics = QFontMetrics(painter.font())
    base = round((height + metrics.ascent() - metrics.descent()) / 2)
    painter.drawText(QPoint(3 + side + size_px // 3, base), text)
    painter.end()
    return made


def _marks_row(said: Truth, size_px: int, room: int, ratio: float) -> QPixmap:
    """All marks in one row, with the longest words that fit; the first ones keep theirs longest."""
    texts = [(mark.text, mark.short, "") for mark in said.marks]
    chosen = [0] * len(texts)

    def pieces() -> list[QPixmap]:
        return [
            plates.badge(texts[i][chosen[i]], mark.sign, size_px, ratio, "late" if mark.sign == "condition" else "")
            for i, mark in enumerate(said.marks)
        ]

    row = pieces()
    while sum(piece.width() / ratio + 4 for piece in row) > room and any(step < 2 for step in chosen):
        last = max(i for i, step in enumerate(chosen) if step == min(chosen))
        chosen[last] += 1
        row = pieces()
    made = plates.blank(sum(piece.width() / ratio + 4 for piece in row), round(size_px * 1.5), ratio)
    painter = QPainter(made)
    x = made.width() / ratio
    for piece in row:
        x -= piece.width() / ratio + 4
        painter.drawPixmap(round(x) + 4, 0, piece)
    painter.end()
    return made
