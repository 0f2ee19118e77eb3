"""Drag and drop of cameras and tiles: what is carried, the picture under the pointer, and what a drop on a wall asks for.

A camera is carried as `CAMERA_MIME` (ids, one a line, UTF-8), from the camera tree, the verdict list or another tile; a tile
carries its name beside it. GUI thread only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QMimeData, QPoint, QSize, Qt
from PySide6.QtGui import QDrag, QPixmap
from PySide6.QtWidgets import QWidget

CAMERA_MIME = "application/x-liandong-camera"
TILE_MIME = "application/x-liandong-tile"
MOST_CAMERAS = 64
_PICTURE_PX = 130


@dataclass(frozen=True, slots=True)
class Carried:
    """What a drag brings: cameras, and the tile they come from ("" for none)."""

    cameras: tuple[str, ...]
    tile: str = ""


@dataclass(frozen=True, slots=True)
class Drop:
    """What was dropped on the tile or empty place `key` ("" beside all of them); `copies`: the tile it came from stays."""

    carried: Carried
    key: str
    copies: bool


def mime_of(cameras: Sequence[str], tile: str = "") -> QMimeData:
    """What a drag of cameras carries."""
    made = QMimeData()
    made.setData(CAMERA_MIME, "\n".join(cameras).encode())
    if tile:
        made.setData(TILE_MIME, tile.encode())
    return made


def carried(mime: QMimeData | None) -> Carried | None:
    """The cameras of a drag; None for one that carries something else. At most 64, each once; what is no text is left out."""
    if mime is None or not mime.hasFormat(CAMERA_MIME):
        return None
    lines = bytes(mime.data(CAMERA_MIME).data())[:100_000].decode("utf-8", "ignore").split("\n")
    cameras = tuple(dict.fromkeys(line.strip() for line in lines if line.strip()))[:MOST_CAMERAS]
    tile = bytes(mime.data(TILE_MIME).data()).decode("utf-8", "ignore") if mime.hasFormat(TILE_MIME) else ""
    return Carried(cameras, tile) if cameras else None


def start(source: QWidget, cameras: Sequence[str], tile: str = "", picture: QPixmap | None = None) -> None:
    """Carry cameras away from `source` until they are dropped or Esc is pressed. Runs its own event loop: timers go on."""
    drag = QDrag(source)
    drag.setMimeData(mime_of(cameras, tile))
    if picture is not None and not picture.isNull():
        ratio = picture.devicePixelRatio()
        wide = QSize(round(_PICTURE_PX * ratio), round(_PICTURE_PX * ratio))
        small = picture.scaled(wide, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
        drag.setPixmap(small)
        drag.setHotSpot(QPoint(12, 12))
    both = Qt.DropAction.MoveAction | Qt.DropAction.CopyAction
    drag.exec(both if tile else Qt.DropAction.CopyAction, Qt.DropAction.MoveAction if tile else Qt.DropAction.CopyAction)
