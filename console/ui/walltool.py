"""Tile tools: what may paint over a tile and take its pointer and keys without the wall knowing it (mask editor, replay bar …).

A tool is added to a surface for one tile or for all (`WallSurface.add_tool`); the one added last is asked first. GUI thread only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QWheelEvent

from console.ui.walltile import PlacedTile


class TileTool(Protocol):
    """What the surface asks of a tool. Pointer and key answers: True means handled, nobody else hears of it."""

    def paint(self, painter: QPainter, tile: PlacedTile) -> None:
        """Paint over the tile's picture and signs; the painter is clipped to `tile.rect`. Called with every picture: be short."""

    def press(self, tile: PlacedTile, event: QMouseEvent) -> bool:
        """A button went down in the tile. True: `move` and `release` come here until it is up, wherever the pointer goes."""

    def move(self, tile: PlacedTile, event: QMouseEvent) -> bool:
        """The pointer moved, with a button held here or (tools that hover) with none."""

    def release(self, tile: PlacedTile, event: QMouseEvent) -> bool:
        """The button went up."""

    def wheel(self, tile: PlacedTile, event: QWheelEvent) -> bool:
        """The wheel turned over the tile; unhandled it zooms."""

    def claims(self, tile: PlacedTile, event: QKeyEvent) -> bool:
        """Whether this key, which may be an act of the whole window (Esc, Delete, digits …), is the tool's while the tile has
        the keyboard. Only a claimed key or one that is no act comes to `key`."""

    def key(self, tile: PlacedTile, event: QKeyEvent) -> bool:
        """A key was pressed while the tile has the keyboard."""


class Tool:
    """A tool that does nothing: what a tool does not want it leaves out."""

    def paint(self, painter: QPainter, tile: PlacedTile) -> None:
        return

    def press(self, tile: PlacedTile, event: QMouseEvent) -> bool:
        return False

    def move(self, tile: PlacedTile, event: QMouseEvent) -> bool:
        return False

    def release(self, tile: PlacedTile, event: QMouseEvent) -> bool:
        return False

    def wheel(self, tile: PlacedTile, event: QWheelEvent) -> bool:
        return False

    def claims(self, tile: PlacedTile, event: QKeyEvent) -> bool:
        return False

    def key(self, tile: PlacedTile, event: QKeyEvent) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class _Placed:
    tool: TileTool
    key: str


class Tools:
    """The tools of one surface and which of them holds the pointer."""

    def __init__(self) -> None:
        self._tools: tuple[_Placed, ...] = ()
        self._held: tuple[TileTool, str] | None = None

    def add(self, tool: TileTool, key: str = "") -> None:
        """Let `tool` serve the tile named `key`, or every tile."""
        self.remove(tool, key)
        self._tools = (_Placed(tool, key), *self._tools)

    def remove(self, tool: TileTool, key: str = "") -> None:
        """Take a tool away; nothing happens where it is not."""
        self._tools = tuple(one for one in self._tools if one.tool is not tool or one.key != key)
        if self._held is not None and self._held[0] is tool:
            self._held = None

    def of(self, tile: PlacedTile) -> tuple[TileTool, ...]:
        """The tools of a tile, the one to be asked first first."""
        return tuple(one.tool for one in self._tools if one.key in ("", tile.content.key))

    @property
    def holder(self) -> str:
        """The tile whose tool holds the pointer; "" for none."""
        return self._held[1] if self._held is not None else ""

    def paint(self, painter: QPainter, tile: PlacedTile) -> None:
        for tool in reversed(self.of(tile)):
            tool.paint(painter, tile)

    def press(self, tile: PlacedTile, event: QMouseEvent) -> bool:
        for tool in self.of(tile):
            if tool.press(tile, event):
                self._held = (tool, tile.content.key)
                return True
        return False

    def move(self, tile: PlacedTile, event: QMouseEvent) -> bool:
        if self._held is not None:
            self._held[0].move(tile, event)
            return True
        return any(tool.move(tile, event) for tool in self.of(tile))

    def release(self, tile: PlacedTile, event: QMouseEvent) -> bool:
        held, self._held = self._held, None
        if held is not None:
            held[0].release(tile, event)
            return True
        return any(tool.release(tile, event) for tool in self.of(tile))

    def let_go(self) -> None:
        """The tile that held the pointer has gone."""
        self._held = None

    def wheel(self, tile: PlacedTile, event: QWheelEvent) -> bool:
        return any(tool.wheel(tile, event) for tool in self.of(tile))

    def claims(self, tile: PlacedTile, event: QKeyEvent) -> bool:
        return any(tool.claims(tile, event) for tool in self.of(tile))

    def key(self, tile: PlacedTile, event: QKeyEvent) -> bool:
        return any(tool.key(tile, event) for tool in self.of(tile))
