"""Wall: one raster surface for all tiles. It looks 60 times a second which slots have a new picture and paints only those tiles.

Pictures are painted straight from shared memory and checked afterwards: one that was overwritten meanwhile is painted again and
counted. Signs (name, number, truth badge, halo) lie over the picture; see `ui/tile.py`.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QContextMenuEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QRegion,
    QTransform,
)
from PySide6.QtWidgets import QWidget

from console.model.wall import LAYOUTS, FeedHealth, fitting, layout_for
from console.services.feeds import Feeds
from console.ui import theme, tile
from console.ui.picture import grey_copy, paint_fitted, picture_at
from console.ui.tile import TileContent, TileSigns
from console.words import tr

# Looking costs half a microsecond a tile. Looking only 25 times a second showed 20.5 of 25 pictures (arrival jitters around the
# moment of looking) and made them 20 ms older.
_FRAME_MS = 16
_OPENING_MS = 10  # while a tile waits for its first picture
_WORDS_EVERY = 30  # frames between two looks at the badges' words: about twice a second
_SETTLE_MS = 120  # a window being dragged larger asks for its new picture sizes only when it rests
_AGES_KEPT = 20_000
# Nine stills at once held the GUI thread for 60 ms (Qt decodes under the interpreter's lock, so a thread would not help):
# they are read at their tile's size, which is a third of the work, and no new one is begun after this much of one look.
_STILLS_S = 0.004


@dataclass(slots=True)
class TileFigures:
    """What was measured of one tile: first picture (monotonic ns), pictures painted, torn ones, sampled ages."""

    first_ns: int = 0
    painted: int = 0
    torn: int = 0
    ages_ms: deque[float] = field(default_factory=lambda: deque(maxlen=_AGES_KEPT))


@dataclass(slots=True)
class _Tile:
    content: TileContent
    rect: QRect
    place: QRect = field(default_factory=QRect)
    signs: TileSigns = field(default_factory=TileSigns)
    figures: TileFigures = field(default_factory=TileFigures)
    generation: int = 0
    slot_name: str = ""
    arrival_ns: int = 0
    badge: str = ""
    message: str = ""
    state: str = ""
    still: QImage | None = None
    still_at_ns: int = 0
    has_still_looked: bool = False
    grey: QImage | None = None


class WallSurface(QWidget):
    """Shows `feeds`. Signals (GUI thread): `tile_clicked(TileContent)`, `tile_double_clicked(TileContent)`,
    `tile_menu((TileContent, QPoint global))`, `tile_focused(TileContent)`. Call `close_feeds` before `feeds.close()`."""

    tile_clicked = Signal(object)
    tile_double_clicked = Signal(object)
    tile_menu = Signal(object)
    tile_focused = Signal(object)

    def __init__(self, feeds: Feeds, owner: str = "wall", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._feeds, self._owner = feeds, owner
        self._layout = 9
        self._tiles: list[_Tile] = []
        self._contents: tuple[TileContent, ...] = ()
        self._focus = 0
        self._frames = 0
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._timer = QTimer(self, timerType=Qt.TimerType.PreciseTimer, interval=_FRAME_MS)
        self._timer.timeout.connect(self._look)
        self._settle = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._settle.timeout.connect(self._ask)

    # ---- what to show -----------------------------------------------------------------------------------------------
    def set_layout(self, tiles: int) -> None:
        """Show the layout with room for `tiles` tiles (1 4 6 8 9 13 16 25 36 64); 0: the grid that shows them largest."""
        self._layout = layout_for(tiles) if tiles else 0
        self._place()

    def set_tiles(self, contents: Sequence[TileContent]) -> None:
        """Show these tiles, first place first; places left over stay empty. A tile that stays keeps its picture."""
        self._contents = tuple(contents)
        self._place()

    @property
    def layout_size(self) -> int:
        """Tiles of the layout in use; 0 where it fits itself to what is shown."""
        return self._layout

    @property
    def contents(self) -> tuple[TileContent, ...]:
        """What `set_tiles` was given."""
        return self._contents

    def focused(self) -> TileContent | None:
        """The tile the keyboard is on, if it shows something."""
        return self._tiles[self._focus].content if self._focus < len(self._tiles) else None

    def figures(self) -> list[TileFigures]:
        """The measurements of each shown tile, in order."""
        return [one.figures for one in self._tiles]

    def close_feeds(self) -> None:
        """Stop looking and ask for nothing more."""
        self._timer.stop()
        self._settle.stop()
        self._tiles = []
        self._contents = ()
        self._feeds.want((), self._owner)

    def sizeHint(self) -> QSize:
        return QSize(960, 540)

    def _place(self) -> None:
        former = {(one.content.key, one.content.camera, one.content.url): one for one in self._tiles}
        self._tiles = []
        places = LAYOUTS[self._layout] if self._layout else fitting(len(self._contents), self.width(), self.height())
        for content, place in zip(self._contents, places, strict=False):
            left, top = round(place.left * self.width()), round(place.top * self.height())
            right = round((place.left + place.width) * self.width())
            bottom = round((place.top + place.height) * self.height())
            rect = QRect(
                left, top, max(1, right - left - (right < self.width())), max(1, bottom - top - (bottom < self.height()))
            )
            one = former.get((content.key, content.camera, content.url)) or _Tile(content, rect)
            if one.rect.size() != rect.size():
                one.has_still_looked = False  # read again, at the new size
            one.content, one.rect, one.grey, one.place = content, rect, None, QRect()
            self._tiles.append(one)
        self._focus = min(self._focus, max(0, len(self._tiles) - 1))
        self.update()
        if self.isVisible():
            # New tiles are asked for at once, a mere change of size when it rests.
            if {one.content.key for one in self._tiles} - {key for key, _, _ in former} or not former:
                self._ask()
            else:
                self._settle.start()

    @Slot()
    def _ask(self) -> None:
        ratio = self.devicePixelRatioF()
        wanted = (one.content.wanted(round(one.rect.width() * ratio), round(one.rect.height() * ratio)) for one in self._tiles)
        self._feeds.want([one for one in wanted if one is not None], self._owner)
        self._find_changes(stills_s=0.0)  # labelled places first; their stills follow in the next turns

    # ---- 60 times a second ------------------------------------------------------------------------------------------
    @Slot()
    def _look(self) -> None:
        self._find_changes(_STILLS_S)

    def _find_changes(self, stills_s: float) -> None:
        """Find the tiles that changed and have them painted; spend `stills_s` on reading stills (at least one if above 0)."""
        changed: list[QRect] = []
        stills_until = time.perf_counter() + stills_s
        self._frames += 1
        looks_at_words = self._frames % _WORDS_EVERY == 0
        health = self._feeds.health()
        now_ns = self._feeds.mono_ns()
        is_opening = False
        for one in self._tiles:
            slot = self._feeds.slot(one.content.key)
            is_new = (
                slot is not None and (slot.generation != one.generation or slot.name != one.slot_name) and slot.generation > 0
            )
            known = health.get(one.content.key)
            state = known.state if known is not None else ""
            if one.arrival_ns:
                one.figures.ages_ms.append((now_ns - one.arrival_ns) / 1e6)
            says_else = (looks_at_words or state != one.state) and self._update_words(one, known, now_ns)
            if not one.has_still_looked and not one.arrival_ns and stills_s and time.perf_counter() < stills_until:
                says_else = self._look_for_still(one) or says_else
            if is_new or says_else:
                changed.append(one.rect if says_else or not one.arrival_ns else one.place)
            is_opening = is_opening or (state == "connecting" and not one.arrival_ns)
        wanted_ms = _OPENING_MS if is_opening else _FRAME_MS
        if self._timer.interval() != wanted_ms:
            self._timer.setInterval(wanted_ms)
        if changed:
            region = QRegion()
            for rect in changed:
                region += rect
            self.update(region)

    def _update_words(self, one: _Tile, known: FeedHealth | None, now_ns: int) -> bool:
        state = known.state if known is not None and one.content.camera + one.content.url else ""
        age_ms = (now_ns - one.arrival_ns) / 1e6 if one.arrival_ns else None
        badge = tile.badge_words(one.content, known, age_ms, is_short=one.rect.width() < 260)
        message = "" if one.arrival_ns else tile.message_words(one.content, known)
        if one.still is not None and not one.arrival_ns:
            seen = tile.age_words((time.time_ns() - one.still_at_ns) / 1e6)
            message = "\n".join(part for part in (tr("wall.last_seen", age=seen), message) if part)
        if (badge, message, state) == (one.badge, one.message, one.state):
            return False
        if state != one.state:
            one.grey = None
        one.badge, one.message, one.state = badge, message, state
        return True

    def _look_for_still(self, one: _Tile) -> bool:
        """Take the camera's last known picture once the media thread has read it; True when it is there now."""
        if not self._feeds.knows_still(one.content.camera):
            return False
        one.has_still_looked = True
        found = self._feeds.still(one.content.camera)
        if found is None:
            return False
        picture = picture_at(found.jpeg, one.rect.size() * self.devicePixelRatioF())
        if picture.isNull():
            return False
        one.still, one.still_at_ns = grey_copy(picture), found.at_ns
        self._update_words(one, self._feeds.health().get(one.content.key), self._feeds.mono_ns())
        return True

    # ---- painting ---------------------------------------------------------------------------------------------------
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        region = event.region()
        covered = QRegion()
        for index, one in enumerate(self._tiles):
            covered += one.rect
            if region.intersects(one.rect):
                painter.setClipRect(one.rect)
                self._paint_tile(painter, one, not one.place.contains((region & one.rect).boundingRect()))
                if index == self._focus and self.hasFocus():
                    painter.setPen(QPen(theme.color("accent"), 2))
                    painter.setBrush(Qt.BrushStyle.NoBrush)
                    painter.drawRect(one.rect.adjusted(1, 1, -1, -1))
        painter.setClipping(False)
        for rest in list(region - covered):  # type: ignore[call-overload]
            painter.fillRect(rest, theme.color("background"))
        painter.end()

    def _paint_tile(self, painter: QPainter, one: _Tile, has_bars: bool) -> None:
        rect, key = one.rect, one.content.key
        has_picture = self._paint_picture(painter, one, has_bars)
        if not has_picture:
            painter.fillRect(rect, theme.tile_color("tile") if one.content.camera or one.content.url else theme.color("panel"))
            if one.still is not None:
                paint_fitted(painter, rect, one.still, painter.device().devicePixelRatioF())
            if not one.badge:
                self._update_words(one, self._feeds.health().get(key), self._feeds.mono_ns())
            tile.paint_message(painter, rect, one.message)
        one.signs.paint(painter, rect, one.content, self._feeds.health().get(key), one.badge)

    def _paint_picture(self, painter: QPainter, one: _Tile, has_bars: bool) -> bool:
        """Paint the slot's newest picture; a torn one once more. False when there is none."""
        key, ratio = one.content.key, painter.device().devicePixelRatioF()
        slot = self._feeds.slot(key)
        if slot is None:
            return False
        if one.grey is not None and slot.generation == one.generation:
            paint_fitted(painter, one.rect, one.grey, ratio)
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
            place = paint_fitted(painter, one.rect, image, ratio, has_bars)
            if place != one.place:
                one.place = place
                if not has_bars:
                    self.update(one.rect)  # another shape than before: what is beside it must be painted too
            if slot.is_whole(found):
                break
            one.figures.torn += 1
        assert found is not None
        if found.generation != one.generation or slot.name != one.slot_name:
            one.generation, one.slot_name, one.arrival_ns = found.generation, slot.name, found.arrival_ns
            one.figures.painted += 1
            one.figures.first_ns = one.figures.first_ns or self._feeds.mono_ns()
            self._feeds.painted(key)
            if one.message:
                one.message, one.still = "", None
        return True

    # ---- events -----------------------------------------------------------------------------------------------------
    def showEvent(self, event: QEvent) -> None:
        self._place()
        self._ask()
        self._timer.start()

    def hideEvent(self, event: QEvent) -> None:
        self._timer.stop()
        self._feeds.want((), self._owner)  # a hidden wall decodes nothing

    def resizeEvent(self, event: QEvent) -> None:
        self._place()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.LanguageChange):
            for one in self._tiles:
                one.badge = ""
            self.update()

    def _index_at(self, point: QPoint) -> int | None:
        return next((index for index, one in enumerate(self._tiles) if one.rect.contains(point)), None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self._index_at(event.position().toPoint())
        if index is not None:
            self._set_focus(index)
            if event.button() == Qt.MouseButton.LeftButton:
                self.tile_clicked.emit(self._tiles[index].content)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        index = self._index_at(event.position().toPoint())
        if index is not None and event.button() == Qt.MouseButton.LeftButton:
            self.tile_double_clicked.emit(self._tiles[index].content)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self._focus if by_key else self._index_at(event.pos())
        if index is not None and index < len(self._tiles):
            place = self.mapToGlobal(self._tiles[index].rect.center()) if by_key else event.globalPos()
            self.tile_menu.emit((self._tiles[index].content, place))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move the focus; Enter retries a tile without a picture, else enlarges it; space chooses it."""
        keys = Qt.Key
        towards = {keys.Key_Left: (-1, 0), keys.Key_Right: (1, 0), keys.Key_Up: (0, -1), keys.Key_Down: (0, 1)}
        here = self._tiles[self._focus] if self._focus < len(self._tiles) else None
        pressed = keys(event.key())
        if here is None:
            super().keyPressEvent(event)
        elif pressed in towards:
            self._step_focus(*towards[pressed])
        elif pressed in (keys.Key_Return, keys.Key_Enter):
            known = self._feeds.health().get(here.content.key)
            if known is not None and known.error is not None:
                self._feeds.retry(here.content.key)
            else:
                self.tile_double_clicked.emit(here.content)
        elif pressed == keys.Key_Space:
            self.tile_clicked.emit(here.content)
        else:
            super().keyPressEvent(event)

    def _step_focus(self, right: int, down: int) -> None:
        """Move the focus to the nearest tile in a direction."""
        here = self._tiles[self._focus].rect.center()

        def cost(index: int) -> float:
            away = self._tiles[index].rect.center() - here
            along, across = away.x() * right + away.y() * down, away.x() * down + away.y() * right
            return along + 3 * abs(across) if along > 0 else float("inf")

        best = min(range(len(self._tiles)), key=cost)
        if cost(best) < float("inf"):
            self._set_focus(best)

    def _set_focus(self, index: int) -> None:
        before, self._focus = self._focus, index
        for one in (before, index):
            if one < len(self._tiles):
                self.update(self._tiles[one].rect)
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.tile_focused.emit(self._tiles[index].content)
