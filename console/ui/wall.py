"""Wall: one raster surface for all tiles. It looks 60 times a second which slots have a new picture and paints only those tiles.

What stands where is here; how it is painted in `ui/wallpaint.py`, what pointer and keys do in `ui/wallinput.py`, signs in
`ui/tile.py`. What others let a tile do is a tool: `ui/walltool.py`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QRegion,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from console.model.layout import Layout
from console.model.wall import LAYOUTS, fitting, layout_for
from console.services.feeds import Feeds
from console.ui import zoom
from console.ui.tile import TileContent
from console.ui.truth import NOTHING
from console.ui.wallglass import Glazing
from console.ui.wallinput import WallHands
from console.ui.walllook import TileLook
from console.ui.wallpaint import TilePainter
from console.ui.walltile import WHOLE, PlacedTile, TileFigures
from console.ui.walltool import TileTool, Tools
from console.ui.watermark import Watermark

# Looking costs half a microsecond a tile. Looking only 25 times a second showed 20.5 of 25 pictures (arrival jitters around the
# moment of looking) and made them 20 ms older.
_FRAME_MS = 16
_OPENING_MS = 10  # while a tile waits for its first picture
_WORDS_EVERY = 30  # frames between two looks at a tile's words: about twice a second, a few tiles in each frame
_SETTLE_MS = 120  # a window being dragged larger asks for its new picture sizes only when it rests
_SHARPEST_PX = 1920
"""A zoomed tile asks for a larger picture than itself, but for none wider than this."""
# Nine stills at once held the GUI thread for 60 ms (Qt decodes under the interpreter's lock, so a thread would not help):
# they are read at their tile's size, which is a third of the work, and no new one is begun after this much of one look.
_STILLS_S = 0.004


class WallSurface(QWidget):
    """Shows `feeds`. Signals (GUI thread): `tile_clicked(TileContent)`, `tile_double_clicked(TileContent)`,
    `tile_menu((TileContent, QPoint global))`, `tile_focused(TileContent)`,
    `dropped(walldrag.Drop)`, `carried((right, down, copies))` the tile with the keyboard is to go there.
    Call `close_feeds` before `feeds.close()`."""

    tile_clicked = Signal(object)
    tile_double_clicked = Signal(object)
    tile_menu = Signal(object)
    tile_focused = Signal(object)
    dropped = Signal(object)
    carried = Signal(object)

    def __init__(self, feeds: Feeds, owner: str = "wall", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._feeds, self._owner, self.look = feeds, owner, TileLook(feeds)
        self.tools, self.painter, self.hands = Tools(), TilePainter(self, feeds), WallHands(self, feeds)
        self.glazing = Glazing(self, feeds)
        self._layout: int | Layout = 9
        self._places = LAYOUTS[9]
        self._tiles: list[PlacedTile] = []
        self._contents: tuple[TileContent, ...] = ()
        self._views: dict[tuple[str, str], QRectF] = {}
        """Zoomed tiles (key, camera) → what they show; kept while another tile stands alone."""
        self._focus = 0
        self._frames = 0
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAcceptDrops(True)
        self._timer = QTimer(self, timerType=Qt.TimerType.PreciseTimer, interval=_FRAME_MS)
        self._timer.timeout.connect(self._look)
        self._settle = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._settle.timeout.connect(self._ask)

    # ---- what to show -----------------------------------------------------------------------------------------------
    def set_layout(self, tiles: int | Layout) -> None:
        """Show a layout, or the built-in one with room for `tiles` tiles; 0: the grid that shows them largest."""
        if isinstance(tiles, Layout):
            self._layout, self._places = tiles, tiles.places()
        else:
            number = layout_for(tiles) if tiles else 0
            self._layout, self._places = number, LAYOUTS[number] if number else ()
        self._place()

    def set_tiles(self, contents: Sequence[TileContent]) -> None:
        """Show these tiles, first place first; places left over stay empty. A tile that stays keeps its picture."""
        self._contents = tuple(contents)
        self._place()

    @property
    def layout_shown(self) -> int | Layout:
        """The layout in use, or the tiles of a built-in one; 0 where it fits itself to what is shown."""
        return self._layout

    @property
    def contents(self) -> tuple[TileContent, ...]:
        """What `set_tiles` was given."""
        return self._contents

    def focused(self) -> TileContent | None:
        """The tile the keyboard is on, if it shows something."""
        return self._tiles[self._focus].content if self._focus < len(self._tiles) else None

    # ---- tiles, for painter, hands and tools ------------------------------------------------------------------------
    @property
    def placed(self) -> Sequence[PlacedTile]:
        """The tiles as they stand, first place first."""
        return self._tiles

    @property
    def here(self) -> PlacedTile | None:
        """The tile or empty place the keyboard is on."""
        return self._tiles[self._focus] if self._focus < len(self._tiles) else None

    def named(self, key: str) -> PlacedTile | None:
        """The tile of this name, while it stands here."""
        return next((one for one in self._tiles if one.content.key == key), None)

    def tile_at(self, point: QPoint) -> PlacedTile | None:
        """The tile at a point of the surface."""
        return next((one for one in self._tiles if one.rect.contains(point)), None)

    def is_focused(self, one: PlacedTile) -> bool:
        return self.hasFocus() and one is self.here

    def add_tool(self, tool: TileTool, key: str = "") -> None:
        """Let a tool paint and hear on one tile, or ("") on all; the one added last is asked first."""
        self.tools.add(tool, key)
        self._repaint([self.rect()], over=True)

    def remove_tool(self, tool: TileTool, key: str = "") -> None:
        """Take a tool away again."""
        self.tools.remove(tool, key)
        self._repaint([self.rect()], over=True)

    def repaint_over(self, rects: Sequence[QRect]) -> None:
        """What lies on the pictures has changed in these parts."""
        if rects:
            self._repaint(rects, over=True)

    def update_tile(self, key: str) -> None:
        """Have one tile painted anew: a tool has something else to show."""
        one = self.named(key)
        if one is not None:
            self._repaint([one.rect], over=True)

    def set_view(self, one: PlacedTile, view: QRectF) -> None:
        """Show this part (0…1) of a tile's picture: digital zoom. Its size is asked for when the wheel rests."""
        if one.view == view:
            return
        name = (one.content.key, one.content.camera)
        if view.width() < 0.999:
            self._views[name] = QRectF(view)
        else:
            self._views.pop(name, None)
        one.view = QRectF(view)
        if self.isVisible():
            self._settle.start()
        self._repaint([one.rect])

    def set_watermark(self, mark: Watermark | None) -> None:
        """Lay the operator's mark over every tile, or none."""
        self.painter.watermark = mark
        self._repaint([one.rect for one in self._tiles], over=True)

    def views(self) -> dict[tuple[str, str], QRectF]:
        """The zoomed tiles (key, camera) and what they show, to bring back by `set_views`."""
        return dict(self._views)

    def set_views(self, views: Mapping[tuple[str, str], QRectF]) -> None:
        """Bring a former zoom of all tiles back."""
        self._views = dict(views)
        self._place()

    def _asked_px(self, one: PlacedTile) -> tuple[int, int]:
        """The size a tile's picture is asked for, in device pixels: a zoomed one is asked for larger than its tile."""
        ratio = self.devicePixelRatioF()
        times = ratio * min(zoom.sharpness(one.view), max(1.0, _SHARPEST_PX / (one.rect.width() * ratio)))
        return round(one.rect.width() * times), round(one.rect.height() * times)

    def size_of(self, key: str) -> tuple[int, int] | None:
        """The size (device pixels) in which a tile's picture is asked for: for whoever opens its next one ahead."""
        one = self.named(key)
        return None if one is None else self._asked_px(one)

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
        here = self.here.content.key if self.here is not None else ""
        former = {(one.content.key, one.content.camera, one.content.url): one for one in self._tiles}
        self._tiles = []
        places = self._places or fitting(len(self._contents), self.width(), self.height())
        for content, place in zip(self._contents, places, strict=False):
            left, top = round(place.left * self.width()), round(place.top * self.height())
            right = round((place.left + place.width) * self.width())
            bottom = round((place.top + place.height) * self.height())
            rect = QRect(
                left, top, max(1, right - left - (right < self.width())), max(1, bottom - top - (bottom < self.height()))
            )
            one = former.get((content.key, content.camera, content.url)) or PlacedTile(content, rect)
            if one.rect.size() != rect.size():
                one.has_still_looked = False  # read again, at the new size
            one.content, one.rect, one.grey, one.place = content, rect, None, QRect()
            one.view = QRectF(self._views.get((content.key, content.camera), WHOLE))
            self._tiles.append(one)
        keys = [one.content.key for one in self._tiles]
        self._focus = keys.index(here) if here in keys else min(self._focus, max(0, len(keys) - 1))
        self._repaint([self.rect()], over=True)
        if self.isVisible() and not self.window().isMinimized():  # a minimised window asks when it comes back
            # New tiles are asked for at once, a mere change of size when it rests.
            if {one.content.key for one in self._tiles} - {key for key, _, _ in former} or not former:
                self._ask()
            else:
                self._settle.start()

    @Slot()
    def _ask(self) -> None:
        contents = ((replace(one.content, is_large=True) if one.is_zoomed else one.content, one) for one in self._tiles)
        wanted = (content.wanted(*self._asked_px(one)) for content, one in contents)
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
        health = self._feeds.health()
        now_ns = self._feeds.mono_ns()
        is_opening = False
        for number, one in enumerate(self._tiles):
            slot = self._feeds.slot(one.content.key)
            is_new = (
                slot is not None and (slot.generation != one.generation or slot.name != one.slot_name) and slot.generation > 0
            )
            known = health.get(one.content.key)
            state = known.state if known is not None else ""
            if one.arrival_ns:
                one.figures.ages_ms.append((now_ns - one.arrival_ns) / 1e6)
            looks_at_words = (self._frames + number) % _WORDS_EVERY == 0 or state != one.state
            says_else = looks_at_words and self.look.update(one, known, now_ns)
            if not one.has_still_looked and not one.arrival_ns and stills_s and time.perf_counter() < stills_until:
                says_else = self._look_for_still(one) or says_else
            if is_new or says_else:
                changed.append(one.rect if says_else or not one.arrival_ns else one.place)
            is_opening = is_opening or (state == "connecting" and not one.arrival_ns)
        wanted_ms = _OPENING_MS if is_opening else _FRAME_MS
        if self._timer.interval() != wanted_ms:
            self._timer.setInterval(wanted_ms)
        if changed:
            self._repaint(changed)

    def update_words(self, one: PlacedTile) -> None:
        """Look at a tile's words now (it is about to be painted)."""
        self.look.update(one, self._feeds.health().get(one.content.key), self._feeds.mono_ns())

    def _look_for_still(self, one: PlacedTile) -> bool:
        if not self.look.find_still(one, self.devicePixelRatioF()):
            return False
        self.update_words(one)
        return True

    # ---- painting ---------------------------------------------------------------------------------------------------
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self.painter.paint(painter, event.region())
        painter.end()

    def _repaint(self, rects: Sequence[QRect], over: bool = False) -> None:
        """Have these parts painted anew; `over`: only what lies on the pictures has changed there."""
        if self.glazing.changed(rects, over):
            return
        region = QRegion()
        for rect in rects:
            region += rect
        self.update(region)

    # ---- events -----------------------------------------------------------------------------------------------------
    def showEvent(self, event: QEvent) -> None:
        self._place()
        self._ask()
        self._timer.start()

    def hideEvent(self, event: QEvent) -> None:
        self._timer.stop()
        self._feeds.want((), self._owner)  # a hidden wall decodes nothing

    def resizeEvent(self, event: QEvent) -> None:
        self.glazing.fit()
        self._place()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.LanguageChange):
            for one in self._tiles:
                one.truth = NOTHING
            self._repaint([self.rect()], over=True)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self.hands.claims(event):
            event.accept()
            return True
        if event.type() in (QEvent.Type.ParentAboutToChange, QEvent.Type.ParentChange):
            self.glazing.move(is_leaving=event.type() == QEvent.Type.ParentAboutToChange)
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._place()
            self._settle.start()  # another screen: the same room in other pixels
        return super().event(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._repaint([one.rect for one in (self.here,) if one is not None], over=True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._repaint([one.rect for one in (self.here,) if one is not None], over=True)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self.hands.drag_over(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self.hands.drag_over(event)

    def dragLeaveEvent(self, event: QEvent) -> None:
        self.hands.drag_left()

    def dropEvent(self, event: QDropEvent) -> None:
        self.hands.drop(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.hands.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.hands.move(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.hands.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.hands.double_click(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.hands.wheel(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.hands.menu(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self.hands.key(event):
            super().keyPressEvent(event)

    # ---- the keyboard's place ---------------------------------------------------------------------------------------
    def step_focus(self, right: int, down: int) -> None:
        """Move the focus to the nearest tile in a direction."""
        best = self.neighbour(right, down)
        if best is not None:
            self.focus_on(best)

    def neighbour(self, right: int, down: int) -> PlacedTile | None:
        """The nearest tile or empty place in a direction from the one with the keyboard."""
        if self.here is None:
            return None
        here = self.here.rect.center()

        def cost(one: PlacedTile) -> float:
            away = one.rect.center() - here
            along, across = away.x() * right + away.y() * down, away.x() * down + away.y() * right
            return along + 3 * abs(across) if along > 0 else float("inf")

        best = min(self._tiles, key=cost)
        return best if cost(best) < float("inf") else None

    def focus_on(self, one: PlacedTile) -> None:
        """Give a tile the keyboard."""
        rects = [former.rect for former in (self.here,) if former is not None]
        self._focus = self._tiles.index(one)
        self._repaint([*rects, one.rect], over=True)
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.tile_focused.emit(one.content)


__all__ = ["TileFigures", "WallSurface"]
