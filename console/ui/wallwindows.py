"""All wall windows of a seat: opening, closing, which screen each belongs to, and bringing them back at the next start.

Window 0 is the seat's own wall (`WallBox`); every further one has a surface, a layout and tiles of its own. GUI thread only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from console.errors import BadInput
from console.model import arrangement
from console.model.arrangement import Tile
from console.model.layout import Layout, layout_of
from console.services.wallmemory import WallMemory
from console.ui.flow import Flow
from console.ui.layoutbook import LayoutBook
from console.ui.wall import WallSurface
from console.ui.wallacts import WallActs
from console.ui.wallbox import WallBox
from console.ui.wallfeed import WallFeed
from console.ui.wallscreens import Home, ScreenKeeper, Screens, home_of
from console.ui.wallwindow import WallWindow

MOST_WINDOWS = 16
KEEP_MS = 3000
"""What changed is written down this long after the last change: a killed console brings back what stood."""


class WallWindows(QObject):
    """`make_surface(window)` builds the surface of one window more; None: there can be none (a replay)."""

    def __init__(
        self,
        flow: Flow,
        feed: WallFeed,
        acts: WallActs,
        book: LayoutBook,
        memory: WallMemory,
        screens: Screens,
        box: WallBox,
        make_surface: Callable[[int], WallSurface] | None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._flow, self._feed, self._acts, self._book, self._memory, self._box = flow, feed, acts, book, memory, box
        self._make_surface = make_surface
        self.keeper = ScreenKeeper(screens, self)
        box.keeper = self.keeper
        self._windows: dict[int, WallWindow] = {}
        self._homes: dict[int, Home] = {}
        """Where windows stood that have been closed: an undo opens them there again."""
        self._restored = False
        self._keep = QTimer(self, singleShot=True, interval=KEEP_MS)
        self._keep.timeout.connect(self.remember)
        flow.tiles_changed.connect(self._changed)
        acts.window_missing.connect(self.open)
        app = QGuiApplication.instance()
        if isinstance(app, QGuiApplication):
            app.applicationStateChanged.connect(self._awake)

    # windows ---------------------------------------------------------------------------------------------------------

    def windows(self) -> dict[int, WallWindow]:
        """The further windows that stand open."""
        return dict(self._windows)

    def top_level(self, window: int) -> QWidget | None:
        """The top-level widget of a wall; None for the seat's own wall while it stands under the map."""
        return self._windows.get(window) if window else self._box.window_or_none

    @Slot()
    def open_new(self) -> None:
        """One wall window more, on a screen that is free, else as a normal window."""
        free = next((n for n in range(1, MOST_WINDOWS) if n not in self._windows), None)
        if free is not None:
            self.open(free)
            self._flow.active_window = free
            self._changed(None)

    @Slot(object)
    def open(self, window: int, home: Home | None = None, layout: Layout | None = None) -> None:
        """Open wall `window` where it stood before, or where there is room."""
        if self._make_surface is None or window in self._windows or not 0 < window < MOST_WINDOWS:
            return
        surface = self._make_surface(window)
        made = WallWindow(window)
        made.asked_home.connect(self._closed)
        made.asked.connect(self._box.asked)
        made.keys_to = self._box.window()
        made.hold(surface)
        self._windows[window] = made
        self._flow.windows = self._flow.windows | {window}
        home = home or self._homes.get(window)
        free = None if home is not None else self.keeper.free_screen(self._box.window())
        if free is not None:
            home = Home(free.key, free.geometry, True)
        elif home is None:
            made.resize(1280, 720)
        self.keeper.keep(made, home)
        self._feed.add(window, surface, layout)
        made.activateWindow()
        surface.setFocus()

    @Slot()
    def close_active(self) -> None:
        """Close the wall the hands are in; the seat's own goes back under the map. Undo brings its tiles back."""
        window = self._windows.get(self._acts.window)
        if window is not None:
            window.close()
        else:
            self._box.bring_home()

    @Slot()
    def _closed(self) -> None:
        window = self.sender()
        if isinstance(window, WallWindow) and self._windows.get(window.number) is window:
            self._take_away(window)

    def _take_away(self, window: WallWindow) -> None:
        number = window.number
        with self._acts.one_act():
            home = self.keeper.home(window)
            if home is not None:
                self._homes[number] = home
            del self._windows[number]
            self._flow.windows = self._flow.windows - {number}
            if self._flow.active_window == number:
                self._flow.active_window = 0
            self._flow.arrange(arrangement.closed_window(self._flow.tiles, number))
            self._feed.remove(number)
            self.keeper.leave(window)
            window.let_go()
            window.deleteLater()
        self._changed(None)

    @Slot()
    def full_screen(self) -> None:
        """The wall the hands are in fills its screen, and back."""
        window = self._windows.get(self._acts.window)
        if window is None:
            self._box.full_screen()
        elif window.isFullScreen():
            window.showNormal()
        else:
            window.showFullScreen()

    def retranslate(self) -> None:
        for window in self._windows.values():
            window.retranslate()

    @Slot(object)
    def _awake(self, state: Qt.ApplicationState) -> None:
        """After a lock screen or sleep every wall is painted anew: what the system kept of it may be anything."""
        if state == Qt.ApplicationState.ApplicationActive:
            for surface in self._feed.surfaces():
                surface.update()

    # memory ----------------------------------------------------------------------------------------------------------

    @Slot(object)
    def _changed(self, tiles: object) -> None:
        if self._restored:
            self._keep.start()

    @Slot()
    def remember(self) -> None:
        """Write down how the walls stand: windows, screens, layouts, and the operator's own cameras (no household one)."""
        if not self._restored:
            return
        kept = []
        for window, layout in self._feed.layouts().items():
            top = self.top_level(window)
            home = self.keeper.home(top) if top is not None else None
            kept.append({
                "window": window,
                "layout": self._layout_text(layout),
                "home": home.to_json() if home is not None else None,
                "tiles": [_tile_text(tile) for tile in arrangement.of_window(self._flow.tiles, window) if _stays(tile)],
            })  # fmt: skip
        self._memory.keep_windows({"windows": kept})

    def _layout_text(self, layout: Layout | None) -> Any:
        if layout is None or self._book.by_name(layout.name) == layout:
            return layout.name if layout is not None else ""
        spans = [[one.column, one.row, one.columns, one.rows] for one in layout.spans]
        return {"name": layout.name, "columns": layout.columns, "rows": layout.rows, "spans": spans}

    def _layout_from(self, found: object) -> Layout | None:
        if isinstance(found, str):
            return self._book.by_name(found)
        try:
            return layout_of(found) if found else None
        except BadInput:
            return None

    def restore(self, is_apart: bool) -> None:
        """Bring the walls back as they were left, once roster and State are there. `is_apart`: wall 0 has its own window.

        Called again it does nothing, until `pause`.
        """
        if self._restored:
            return
        self._restored = True
        listed = self._memory.windows().get("windows")
        for one in listed if isinstance(listed, list) else []:
            window = one.get("window") if isinstance(one, dict) else None
            if type(window) is not int or not 0 <= window < MOST_WINDOWS:
                continue
            layout, home = self._layout_from(one.get("layout")), home_of(one.get("home"))
            if window:
                self.open(window, home, layout)
            else:
                self._feed.lay_out(layout, 0)
                if is_apart and home is not None and not self._box.is_apart:
                    self._box.take_apart(home)
            if window in self._feed.layouts():
                self._bring_tiles(window, one.get("tiles"))

    def _bring_tiles(self, window: int, tiles: object) -> None:
        self._flow.bring(
            window,
            [
                (str(one["camera"]), one["place"], bool(one.get("is_pinned")))
                for one in (tiles if isinstance(tiles, list) else [])
                if isinstance(one, dict) and "camera" in one and type(one.get("place")) is int
            ],
        )

    def pause(self) -> None:
        """Write the walls down as they stand and change nothing there until `restore` is called again."""
        self._keep.stop()
        self.remember()
        self._restored = False

    def close(self) -> None:
        """Write the last state down and close every further window."""
        self._keep.stop()
        self.remember()
        self._restored = False
        for window in list(self._windows.values()):
            self._feed.remove(window.number)
            self.keeper.leave(window)
            window.let_go()
            window.asked_home.disconnect(self._closed)
            window.close()
            window.deleteLater()
        self._windows.clear()
        self.keeper.close()
        self._memory.close()


def _stays(tile: Tile) -> bool:
    """What comes back at the next start: an operator's own look at a camera that is no household's."""
    return not (tile.household or tile.is_tour or tile.incident)


def _tile_text(tile: Tile) -> dict[str, Any]:
    return {"camera": tile.camera, "place": tile.place, "is_pinned": tile.is_pinned}
