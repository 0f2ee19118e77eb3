"""The layouts a seat can call: built in, shipped examples, its own; their names, keys and the menu that lists them.

GUI thread only; the seat's own are kept by `services/wallmemory`.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QRect, Qt, Signal
from PySide6.QtGui import QAction, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QMenu, QWidget

from console.model.layout import BUILT_IN, Layout, with_layout
from console.services.wallmemory import WallMemory, shipped
from console.ui import keys, theme
from console.words import tr

CALLED = 9
"""Own layouts with a key: Alt+1 … Alt+9."""
_ICON = (32, 20)


def title(layout: Layout | None) -> str:
    """A layout's name as people read it; None is the fitting one."""
    if layout is None:
        return tr("layout.fit")
    if not layout.name.startswith("@"):
        return layout.name
    word = layout.name[1:]
    return tr("layout.tiles", count=word) if word.isdigit() else tr(f"layout.shipped.{word}")


def icon(layout: Layout | None, ratio: float = 2.0) -> QIcon:
    """A small drawing of a layout's tiles."""
    width, height = _ICON
    made = QPixmap(round(width * ratio), round(height * ratio))
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    for place in () if layout is None else layout.places():
        left, top = round(place.left * width), round(place.top * height)
        right, bottom = round((place.left + place.width) * width), round((place.top + place.height) * height)
        painter.fillRect(QRect(left, top, max(1, right - left - 1), max(1, bottom - top - 1)), theme.color("muted"))
    painter.end()
    return QIcon(made)


class LayoutBook(QObject):
    """Signals: `changed()` the seat's own layouts are others now."""

    changed = Signal()

    def __init__(self, memory: WallMemory, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._memory = memory
        self.own: tuple[Layout, ...] = memory.layouts()
        self.shipped: tuple[Layout, ...] = shipped()

    def callable(self) -> tuple[Layout, ...]:
        """What Alt and a digit call: the seat's own first, then the examples."""
        return (*self.own, *self.shipped)

    def called(self, number: int) -> Layout | None:
        """The layout of Alt+`number` (from 1)."""
        found = self.callable()
        return found[number - 1] if 1 <= number <= min(len(found), CALLED) else None

    def by_name(self, name: str) -> Layout | None:
        """A layout by the name it is kept under."""
        return next((one for one in (*self.own, *self.shipped, *BUILT_IN.values()) if one.name == name), None)

    def keep(self, layout: Layout) -> None:
        """Put a layout among the seat's own, or in place of the one of its name. Raises BadInput."""
        self.own = with_layout(self.own, layout)
        self._memory.keep_layouts(self.own)
        self.changed.emit()

    def remove(self, name: str) -> Layout | None:
        """Take one of the seat's own away; returns it, so that the act can be undone."""
        gone = next((one for one in self.own if one.name == name), None)
        if gone is not None:
            self.own = tuple(one for one in self.own if one is not gone)
            self._memory.keep_layouts(self.own)
            self.changed.emit()
        return gone


def menu(book: LayoutBook, now: Layout | None, choose: Callable[[Layout | None], object], parent: QWidget) -> QMenu:
    """A menu of every layout with its key, the present one marked; it deletes itself when it closes."""
    made = QMenu(tr("layout.menu"), parent)
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

    def add(layout: Layout | None, key: str) -> None:
        mark = "✓ " if layout == now else ""
        action = QAction(icon(layout), f"{mark}{title(layout)}" + (f"\t{key}" if key else ""), made)
        action.triggered.connect(lambda on=False, chosen=layout: choose(chosen))
        made.addAction(action)

    add(None, keys.keys_of("wall_layout_fit"))
    for tiles, layout in BUILT_IN.items():
        add(layout, keys.keys_of(f"wall_layout_{tiles}"))
    for heading, layouts, before in (
        ("layout.own", book.own, 0),
        ("layout.examples", book.shipped, len(book.own)),
    ):
        if layouts:
            made.addSection(tr(heading))
        for number, layout in enumerate(layouts, before + 1):
            add(layout, f"Alt+{number}" if number <= CALLED else "")
    return made
