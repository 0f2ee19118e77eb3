"""The walls of a seat put together: acts, layouts, windows, kiosk, the menu of a tile; their handlers for the table of keys.

Built by the main window from its parts. GUI thread only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from PySide6.QtCore import QObject, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from console.model import arrangement
from console.model.camera import Camera
from console.model.layout import BUILT_IN
from console.services.wallmemory import WallMemory
from console.ui import keys
from console.ui.around import Around
from console.ui.bridge import Bridge
from console.ui.flow import Flow
from console.ui.kiosk import Kiosk
from console.ui.layoutbook import CALLED, LayoutBook, menu
from console.ui.layouteditor import LayoutEditor
from console.ui.tile import TileContent
from console.ui.wall import WallSurface
from console.ui.wallacts import WallActs, find_camera
from console.ui.wallbox import WallBox
from console.ui.wallfeed import WallFeed
from console.ui.wallscreens import Screens, SystemScreens
from console.ui.walltile import WHOLE
from console.ui.wallwindows import WallWindows
from console.words import tr


class Walls(QObject):
    """Signals: `menu_opening((QMenu, TileContent, WallSurface))` before a tile's menu is shown: others add their entries."""

    menu_opening = Signal(object)

    def __init__(
        self,
        bridge: Bridge,
        around: Around,
        flow: Flow,
        feed: WallFeed,
        box: WallBox,
        memory: WallMemory,
        ask_for_camera: Callable[[str, int | None, int | None], object],
        make_surface: Callable[[int], WallSurface] | None,
        chrome: Callable[[], Iterable[QWidget]],
        parent: QWidget,
        screens: Screens | None = None,
    ) -> None:
        super().__init__(parent)
        self._bridge, self._around, self._flow, self._feed, self._box = bridge, around, flow, feed, box
        self._window = parent
        self.book = LayoutBook(memory, self)
        self.acts = WallActs(flow, feed, self.book, ask_for_camera, self._find, self)
        self.windows = WallWindows(
            flow, feed, self.acts, self.book, memory, screens or SystemScreens(self), box, make_surface, self
        )
        self.kiosk = Kiosk(parent, box, chrome, self)
        self.editor: LayoutEditor | None = None
        self.acts.menu_asked.connect(self._show_menu)
        box.asked.connect(self._asked)

    def handlers(self) -> dict[str, Callable[[], object]]:
        """The handlers of every act on the walls, by the names of the table of keys."""
        acts, windows = self.acts, self.windows
        layouts = {f"wall_layout_{n}": partial(acts.lay_out, n) for n in BUILT_IN}
        own = {f"own_layout_{n}": partial(acts.call_own, n) for n in range(1, CALLED + 1)}
        return {
            "wall_layout_fit": partial(acts.lay_out, None), "layout_menu": acts.show_layouts, "layout_editor": self.edit_layouts,
            "call_camera": acts.begin_call, "pin": acts.pin, "undo": acts.undo, "redo": acts.redo,
            "close_tile": acts.close_tile, "send_on": acts.send_on, "next_wall": acts.next_wall,
            "wall_new": windows.open_new, "wall_close": windows.close_active,
            "wall_window": partial(self._unless_kiosk, self._box.take_apart),
            "wall_full": partial(self._unless_kiosk, windows.full_screen),
            "kiosk": self.kiosk.toggle, **layouts, **own,
        }  # fmt: skip

    def _unless_kiosk(self, act: Callable[[], object]) -> None:
        """In a kiosk the seat's own wall stays where it is: it is all there is."""
        if not (self.kiosk.is_on and self.acts.window == 0):
            act()

    @Slot(object)
    def _asked(self, act: str) -> None:
        self.handlers()[act]()

    def _find(self, text: str) -> Camera | None:
        incident = self._bridge.state.incidents.get(self._flow.incident)
        return find_camera(text, incident.cameras if incident is not None else (), self._around.cameras)

    def edit_layouts(self) -> None:
        """Open the layout editor with the layout of the wall the hands are in."""
        if self.editor is None:
            self.editor = LayoutEditor(self.book, self._window)
            self.editor.used.connect(self.acts.lay_out)
        layout = self._feed.layouts()[self.acts.window]
        self.editor.edit(layout if layout is not None else BUILT_IN[16])
        self.editor.show()
        self.editor.raise_()
        self.editor.activateWindow()

    @Slot(object)
    def _show_menu(self, asked: tuple[TileContent, QPoint, int]) -> None:
        content, at, window = asked
        surface = self._feed.surface(window)
        made = QMenu(surface)
        made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        tile = arrangement.named(self._flow.tiles, content.key)

        def add(name: str, act: Callable[[], object], key: str = "", fields: dict[str, object] | None = None) -> None:
            action = QAction(tr(f"hands.menu.{name}", **(fields or {})) + (f"\t{key}" if key else ""), made)
            action.triggered.connect(lambda on=False: act())
            made.addAction(action)

        if tile is not None:
            is_large = self._feed.large_of(window) == tile.tile
            add("back" if is_large else "enlarge", partial(self.acts.enlarge, content), "Enter")
            add("unpin" if tile.is_pinned else "pin", partial(self.acts.pin_tile, tile.tile), keys.keys_of("pin"))
            placed = surface.named(content.key)
            if placed is not None and placed.is_zoomed:
                add("whole", partial(surface.set_view, placed, WHOLE), "Home")
            if len(self._feed.layouts()) > 1:
                add("send_on", self.acts.send_on, keys.keys_of("send_on"))
            self.menu_opening.emit((made, content, surface))
            made.addSeparator()
            add("close", partial(self._flow.close_tile, tile.tile), keys.keys_of("close_tile"))
        add("call", self.acts.begin_call, keys.keys_of("call_camera"))
        made.addMenu(menu(self.book, self._feed.layouts()[window], self.acts.lay_out, made))
        add("undo", self.acts.undo, keys.keys_of("undo"))
        made.popup(at)

    def pause(self) -> None:
        """The operator leaves the seat: the walls are written down as they stand, to come back with the next log-in."""
        self.windows.pause()
        self.acts.forget()

    # life ------------------------------------------------------------------------------------------------------------

    def retranslate(self) -> None:
        self.windows.retranslate()
        if self.editor is not None:
            self.editor.retranslate()

    def close(self) -> None:
        """Write down how the walls stand and close every window that is not the main one."""
        self.windows.close()
        if self.editor is not None:
            self.editor.close()
        self.acts.close()
