"""Every act of the window and its key, in one table: what binds the keys, what the help page lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget


@dataclass(frozen=True, slots=True)
class Act:
    """`name` is both the handler's name and the text key `keys.<name>`."""

    name: str
    keys: tuple[str, ...]


ACTS: tuple[Act, ...] = (
    Act("search", ("/", "Ctrl+F")),
    Act("back", ("Esc", "Backspace")),
    Act("newest", ("N",)),
    Act("former_incident", ("Alt+Up", "K")),
    Act("next_incident", ("Alt+Down", "J")),
    Act("send_next", ("F10",)),
    Act("relink", ("F5",)),
    Act("note", ("F7",)),
    Act("close_incident", ("F8",)),
    Act("grade_red", ("Ctrl+1",)),
    Act("grade_orange", ("Ctrl+2",)),
    Act("grade_blue", ("Ctrl+3",)),
    Act("grade_green", ("Ctrl+4",)),
    Act("recall", ("Delete",)),
    Act("on_behalf", ("Ctrl+S",)),
    Act("to_map", ("M",)),
    Act("to_queue", ("Q",)),
    Act("to_wall", ("W",)),
    Act("to_panel", ("P",)),
    Act("mute", ("S",)),
    Act("wall_layout_fit", ("0",)),
    Act("wall_layout_1", ("1",)),
    Act("wall_layout_4", ("2",)),
    Act("wall_layout_6", ("3",)),
    Act("wall_layout_9", ("4",)),
    Act("wall_layout_16", ("5",)),
    Act("wall_layout_8", ("6",)),
    Act("wall_layout_13", ("7",)),
    Act("wall_layout_25", ("8",)),
    Act("wall_layout_36", ("9",)),
    Act("wall_layout_64", ("Alt+0",)),
    *(Act(f"own_layout_{n}", (f"Alt+{n}",)) for n in range(1, 10)),
    Act("layout_menu", ("L",)),
    Act("layout_editor", ("Ctrl+E",)),
    Act("call_camera", ("#", "Ctrl+G")),
    Act("pin", ("Ctrl+P",)),
    Act("undo", ("Ctrl+Z",)),
    Act("redo", ("Ctrl+Shift+Z", "Ctrl+Y")),
    Act("close_tile", ("Ctrl+W",)),
    Act("replay", ("R",)),
    Act("save_clip", ("V",)),
    Act("save_still", ("I",)),
    Act("wall_window", ("F12",)),
    Act("wall_full", ("F11",)),
    Act("wall_new", ("Ctrl+N",)),
    Act("wall_close", ("Ctrl+Shift+W",)),
    Act("next_wall", ("Shift+W",)),
    Act("send_on", ("Ctrl+M",)),
    Act("kiosk", ("Ctrl+F11",)),
    Act("masks", ("Ctrl+H",)),
    Act("dewarp", ("Ctrl+D",)),
    Act("cameras", ("F3",)),
    Act("units", ("F4",)),
    Act("tours", ("F6",)),
    Act("tour_pause", ("T",)),
    Act("tour_step", ("X",)),
    Act("tour_back", ("B",)),
    Act("tour_stop", ("Ctrl+T",)),
    Act("patrol_seen", ("Y",)),
    Act("patrol_finding", ("F",)),
    Act("help", ("F1",)),
    Act("settings", ("Ctrl+,",)),
    Act("language", ("Ctrl+L",)),
    Act("log_out", ("Ctrl+Q",)),
)
ON_TILE: tuple[Act, ...] = (
    Act("tile_step", ("← → ↑ ↓",)),
    Act("tile_large", ("Enter",)),
    Act("tile_zoom", ("+", "-")),
    Act("tile_whole", ("Home",)),
    Act("tile_pan", ("Shift+← → ↑ ↓",)),
    Act("tile_swap", ("Ctrl+← → ↑ ↓",)),
    Act("tile_copy", ("Ctrl+Shift+← → ↑ ↓",)),
)
"""What the keys do that a wall hears itself while it has the keyboard: no shortcuts, listed with them."""

"""F9, the one key, is no shortcut: it must be held, so the window watches it go down and up."""
HOLD_KEY = Qt.Key.Key_F9


def bind(window: QWidget, handlers: Mapping[str, Callable[[], object]]) -> list[QShortcut]:
    """Bind every act of the table; the shortcuts belong to `window` and work in all windows of the console.

    Raises KeyError for an act that `handlers` lacks.
    """
    bound: list[QShortcut] = []
    for act in ACTS:
        handler = handlers.get(act.name)
        if handler is None:
            raise KeyError(f"act {act.name} has no handler")
        for key in act.keys:
            shortcut = QShortcut(QKeySequence(key), window)
            shortcut.setContext(Qt.ShortcutContext.ApplicationShortcut)
            shortcut.activated.connect(handler)
            bound.append(shortcut)
    return bound


def keys_of(name: str) -> str:
    """The keys of an act as people read them."""
    return " · ".join(key for act in ACTS if act.name == name for key in act.keys)


__all__ = ["ACTS", "HOLD_KEY", "Act", "bind", "keys_of"]
