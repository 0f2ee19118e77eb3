"""Every act on the walls and the way back: layouts, pin, swap, copy, move, close, call, drop, enlarge; undo and redo of each.

In: the surfaces' signals and the window's keys. Out: arrangements, through the flow (which tells the desk). GUI thread only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QObject, QPoint, Signal, Slot

from console.model import arrangement
from console.model.arrangement import Tile, Tiles
from console.model.history import History
from console.model.layout import Layout
from console.ui.callbox import CallBox, find_camera
from console.ui.flow import Flow
from console.ui.layoutbook import LayoutBook, menu
from console.ui.tile import TileContent
from console.ui.wall import WallSurface
from console.ui.walldrag import Drop
from console.ui.wallfeed import WallFeed


@dataclass(frozen=True, slots=True)
class Standing:
    """How all walls stand: what undo brings back."""

    tiles: Tiles
    layouts: tuple[tuple[int, Layout | None], ...]
    large: tuple[tuple[int, str], ...]


class WallActs(QObject):
    """`ask_for_camera(camera, window, place)` opens a camera with the questions that may need; `cameras` the roster's.

    Signals: `menu_asked((TileContent, QPoint global, window))`, `window_missing(int)` undo needs a window that has closed,
    `editor_asked()`.
    """

    menu_asked = Signal(object)
    window_missing = Signal(object)
    editor_asked = Signal()

    def __init__(
        self,
        flow: Flow,
        feed: WallFeed,
        book: LayoutBook,
        ask_for_camera: Callable[[str, int | None, int | None], object],
        find: Callable[[str], Any],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._flow, self._feed, self._book, self._ask_for_camera = flow, feed, book, ask_for_camera
        self._history: History[Standing] = History()
        self._holds = False
        self.call = CallBox(find)
        self.call.called.connect(self._called)
        flow.acting.connect(self.note)
        flow.use_room(feed.room)
        feed.surface_added.connect(self.serve)
        for surface in feed.surfaces():
            self.serve(surface)

    @Slot(object)
    def serve(self, surface: WallSurface) -> None:
        """Hear what hands do on a surface."""
        surface.tile_double_clicked.connect(self.enlarge)
        surface.tile_focused.connect(self._focused)
        surface.tile_menu.connect(self._menu)
        surface.dropped.connect(self._dropped)
        surface.carried.connect(self._carried)

    # undo ------------------------------------------------------------------------------------------------------------

    def standing(self) -> Standing:
        """How the walls stand now. What the desk still thinks about is no part of it; nor are a tour's steps."""
        tiles = tuple(replace(tile, may_show=False) for tile in self._flow.tiles if not tile.is_tour)
        large = tuple((window, self._feed.large_of(window)) for window in self._feed.layouts())
        return Standing(tiles, tuple(self._feed.layouts().items()), large)

    @Slot()
    def note(self) -> None:
        """An act is about to change the walls."""
        if not self._holds:
            self._history.note(self.standing())

    @contextmanager
    def one_act(self) -> Iterator[None]:
        """Whatever changes inside is undone by one step."""
        self.note()
        was, self._holds = self._holds, True
        try:
            yield
        finally:
            self._holds = was

    @Slot()
    def undo(self) -> None:
        """Back to what stood before the last act that changed the walls."""
        self._bring(self._history.undo(self.standing()))

    @Slot()
    def redo(self) -> None:
        """What the last undo took away."""
        self._bring(self._history.redo(self.standing()))

    def forget(self) -> None:
        """Another operator will sit here: what the former one did cannot be undone by them."""
        self._history.clear()

    def _bring(self, standing: Standing | None) -> None:
        if standing is None:
            return
        for window, _ in standing.layouts:
            if window not in self._feed.layouts():
                self.window_missing.emit(window)
        open_now = self._feed.layouts()
        tiles = tuple(tile for tile in standing.tiles if tile.window in open_now)
        places = {(tile.window, tile.place) for tile in tiles}
        tours = tuple(tile for tile in self._flow.tiles if tile.is_tour and (tile.window, tile.place) not in places)
        for window, layout in standing.layouts:
            if window in open_now:
                self._feed.lay_out(layout, window)
        self._flow.restore((*tiles, *tours))
        self._feed.enlarge("")
        for _, large in standing.large:
            if large:
                self._feed.enlarge(large)

    # which wall ------------------------------------------------------------------------------------------------------

    @property
    def window(self) -> int:
        """The wall the hands are in."""
        return self._flow.active_window if self._flow.active_window in self._feed.layouts() else 0

    @property
    def surface(self) -> WallSurface:
        return self._feed.surface(self.window)

    @Slot(object)
    def _focused(self, content: TileContent) -> None:
        window = self._feed.window_of(self.sender())
        if window is not None:
            self._flow.active_window = window

    def _here(self) -> tuple[int, int, Tile | None] | None:
        """Window, place and tile of where the keyboard is; the tile is None on an empty place."""
        one = self.surface.here
        if one is None:
            return None
        place = self._feed.place_of(self.window, one.content.key)
        return None if place is None else (self.window, place, arrangement.named(self._flow.tiles, one.content.key))

    # acts ------------------------------------------------------------------------------------------------------------

    def lay_out(self, layout: int | Layout | None) -> None:
        """Another layout of the wall the hands are in."""
        self.note()
        self._feed.lay_out(layout, self.window)

    def call_own(self, number: int) -> None:
        """The seat's own layout on Alt+`number`."""
        layout = self._book.called(number)
        if layout is not None:
            self.lay_out(layout)

    @Slot(object)
    def enlarge(self, content: TileContent) -> None:
        """One tile alone, and back to what stood there."""
        if not content.camera:
            return
        self.note()
        is_large = self._feed.large_of(self._window_of_tile(content.key)) == content.key
        self._feed.enlarge("" if is_large else content.key)

    def _window_of_tile(self, key: str) -> int:
        tile = arrangement.named(self._flow.tiles, key)
        return tile.window if tile is not None else self.window

    @Slot()
    def pin(self) -> None:
        """Pin the tile with the keyboard, or let it loose."""
        here = self._here()
        if here is not None and here[2] is not None:
            self.pin_tile(here[2].tile)

    def pin_tile(self, name: str) -> None:
        tile = arrangement.named(self._flow.tiles, name)
        if tile is not None:
            self._flow.arrange(arrangement.pinned(self._flow.tiles, name, not tile.is_pinned))

    @Slot()
    def close_tile(self) -> None:
        here = self._here()
        if here is not None and here[2] is not None:
            self._flow.close_tile(here[2].tile)

    @Slot(object)
    def _carried(self, way: tuple[int, int, bool]) -> None:
        window = self._feed.window_of(self.sender())
        if window is not None:
            self._flow.active_window = window
            self.swap(*way)

    def swap(self, right: int, down: int, copies: bool = False) -> None:
        """Change places with the neighbour (an empty place is moved to), or put the same camera there too."""
        here, other = self._here(), self.surface.neighbour(right, down)
        if here is None or here[2] is None or other is None:
            return
        place = self._feed.place_of(here[0], other.content.key)
        if place is None:
            return
        self._flow.arrange(self._put(here[2].tile, here[0], place, copies))
        # The keyboard goes with the camera: it can be carried on by the same key.
        moved = arrangement.at(self._flow.tiles, here[0], place)
        found = self.surface.named(moved.tile) if moved is not None else None
        if found is not None:
            self.surface.focus_on(found)

    def _put(self, name: str, window: int, place: int, copies: bool) -> Tiles:
        act = arrangement.copied if copies else arrangement.moved
        return act(self._flow.tiles, name, window, place, self._flow.seat)

    @Slot()
    def send_on(self) -> None:
        """Move the tile to the next wall window's first free place."""
        here = self._here()
        windows = sorted(self._feed.layouts())
        if here is None or here[2] is None or len(windows) < 2:
            return
        window = windows[(windows.index(here[0]) + 1) % len(windows)]
        place = arrangement.place_for(self._flow.tiles, window, self._feed.room(window))
        if place is not None:
            self._flow.arrange(self._put(here[2].tile, window, place, copies=False))

    @Slot()
    def next_wall(self) -> None:
        """Give the next wall window the keyboard."""
        windows = sorted(self._feed.layouts())
        self._flow.active_window = windows[(windows.index(self.window) + 1) % len(windows)]
        self.surface.window().activateWindow()
        self.surface.setFocus()

    @Slot()
    def begin_call(self) -> None:
        """Ask for the number of the camera to call to the tile with the keyboard."""
        self.surface.window().activateWindow()
        self.call.begin(self.surface)

    @Slot(object)
    def _called(self, camera: str) -> None:
        here = self._here()
        if (here is not None and here[2] is not None and not here[2].is_pinned) or (here is not None and here[2] is None):
            self._ask_for_camera(camera, here[0], here[1])
        else:
            self._ask_for_camera(camera, self.window, None)

    @Slot()
    def show_layouts(self) -> None:
        """The menu of all layouts, over the wall the hands are in."""
        surface = self.surface
        listed = menu(self._book, self._feed.layouts()[self.window], self.lay_out, surface)
        listed.popup(surface.mapToGlobal(QPoint(8, 8)))

    @Slot(object)
    def _menu(self, asked: tuple[TileContent, QPoint]) -> None:
        window = self._feed.window_of(self.sender())
        if window is not None:
            self._flow.active_window = window
            self.menu_asked.emit((*asked, window))

    @Slot(object)
    def _dropped(self, drop: Drop) -> None:
        window = self._feed.window_of(self.sender())
        if window is not None:
            self._flow.active_window = window
            self.drop(window, drop)

    def drop(self, window: int, drop: Drop) -> None:
        """What a drop asks for: a tile moves, changes places or is copied; cameras stand from the place on."""
        place = self._feed.place_of(window, drop.key) if drop.key else None
        room = self._feed.room(window)
        if place is None:
            place = next(iter(arrangement.free_places(self._flow.tiles, window, room)), None)
        if place is None:
            return
        tile = arrangement.named(self._flow.tiles, drop.carried.tile) if drop.carried.tile else None
        if tile is not None:
            self._flow.arrange(self._put(tile.tile, window, place, drop.copies))
            return
        with self.one_act():
            for number, camera in enumerate(drop.carried.cameras):
                if number:
                    later = [one for one in arrangement.free_places(self._flow.tiles, window, room) if one > place]
                    if not later:
                        break
                    place = later[0]
                self._ask_for_camera(camera, window, place)

    def close(self) -> None:
        """The line for numbers goes with the walls."""
        self.call.deleteLater()


__all__ = ["Standing", "WallActs", "find_camera"]
