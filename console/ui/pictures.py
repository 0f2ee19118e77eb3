"""Pictures: what lies between a camera and how a tile shows it: privacy masks, a fisheye's view, what is wrong with it.

Gives the wall's contents those fields, asks for the mask panel, adds the tile menu's entries, says what the picture check found.
GUI thread only.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from console.errors import BadInput
from console.model.camera import Camera
from console.model.picture_condition import Held
from console.model.picture_rules import masks_of
from console.model.view import MOUNTS, Dewarp, Mount, dewarp_from_text, dewarp_of, straight_ahead
from console.services.picturehealth import PictureHealth
from console.ui import keys
from console.ui.bridge import Bridge
from console.ui.dewarp import DewarpTool
from console.ui.tile import TileContent
from console.words import tr

if TYPE_CHECKING:
    from console.ui.wall import WallSurface

_log = logging.getLogger(__name__)


class Pictures(QObject):
    """Signals: `changed()` a view was turned or switched: the contents must be built anew;
    `masks_asked((WallSurface, TileContent))` the operator wants to hide parts of this tile's camera."""

    changed = Signal()
    masks_asked = Signal(object)

    def __init__(self, bridge: Bridge, check: PictureHealth | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._check = bridge, check
        self._views: dict[tuple[str, str], Dewarp | None] = {}
        """(tile, camera) → the view the operator chose; None: the whole picture."""
        self._fisheyes: dict[str, tuple[str, Dewarp | None]] = {}
        self._whole: set[str] = set()
        """Tiles that are being drawn on: masks are drawn on the whole picture."""
        self._tools: dict[int, DewarpTool] = {}

    # what a tile shows -----------------------------------------------------------------------------------------------

    def of(self, tile: str, camera: Camera) -> dict[str, Any]:
        """The fields of a tile's content that are about its picture: masks, dewarp, condition."""
        known = self._bridge.state.conditions.get(camera.id, {})
        return {
            "masks": masks_of(self._bridge.state, camera.id),
            "dewarp": None if tile in self._whole else self._views.get((tile, camera.id), self._fisheye(camera)),
            "condition": known.get("condition", ""),
        }

    def _fisheye(self, camera: Camera) -> Dewarp | None:
        text = camera.notes.get("fisheye", "")
        if not text:
            return None
        if self._fisheyes.get(camera.id, ("", None))[0] != text:
            found = None
            try:
                found = dewarp_of(camera.notes)
            except BadInput as cause:
                _log.warning("camera %s: its fisheye note cannot be used, the picture is shown as it is: %s", camera.id, cause)
            self._fisheyes[camera.id] = (text, found)
        return self._fisheyes[camera.id][1]

    def told(self, camera: str) -> dict[str, Any]:
        """What the desk is told of a camera's picture beside its feed's health; {} before it was looked at here."""
        held: Held | None = self._check.conditions().get(camera) if self._check is not None else None
        if held is None or (held.is_in_doubt and not held.condition):
            return {}
        return {"condition": held.condition, "condition_since_ns": held.since_ns}

    # fisheye ---------------------------------------------------------------------------------------------------------

    @Slot(object)
    def serve(self, surface: WallSurface) -> None:
        """Let the pointer turn fisheye views on this surface."""

        def turn(key: str, view: Dewarp) -> None:
            placed = surface.named(key)
            if placed is not None:
                self._set_view(key, placed.content.camera, view)

        tool = DewarpTool(turn, surface)
        surface.add_tool(tool)

    def _set_view(self, tile: str, camera: str, view: Dewarp | None) -> None:
        self._views[(tile, camera)] = view
        while len(self._views) > 500:
            del self._views[next(iter(self._views))]
        self.changed.emit()

    def switch(self, content: TileContent) -> None:
        """Straighten a tile's picture as its camera's notes say (a ceiling camera where they say nothing), or show it whole."""
        found = self._fisheyes.get(content.camera, ("", None))[1]
        self._set_view(content.key, content.camera, None if content.dewarp is not None else found or dewarp_from_text("ceiling"))

    def draw_on(self, tile: str, is_drawn_on: bool) -> None:
        """Masks are being drawn on a tile: it shows the whole picture meanwhile."""
        (self._whole.add if is_drawn_on else self._whole.discard)(tile)
        self.changed.emit()

    # the tile's menu -------------------------------------------------------------------------------------------------

    @Slot(object)
    def add_entries(self, opening: tuple[QMenu, TileContent, WallSurface]) -> None:
        """Entries about the picture in a tile's menu."""
        made, content, surface = opening
        if not content.camera:
            return

        def add(text: str, act: Callable[[], object], to: QMenu = made) -> None:
            action = QAction(text, to)
            action.triggered.connect(lambda on=False: act())
            to.addAction(action)

        made.addSeparator()
        shortcut = keys.keys_of("masks")
        add(tr("masks.edit") + (f"\t{shortcut}" if shortcut else ""), lambda: self.masks_asked.emit((surface, content)))
        key, camera, view = content.key, content.camera, content.dewarp
        if view is not None:
            add(tr("dewarp.off"), lambda: self._set_view(key, camera, None))
            other = replace(view, is_panorama=not view.is_panorama)
            add(tr("dewarp.panorama" if other.is_panorama else "dewarp.on"), lambda: self._set_view(key, camera, other))
        else:
            inner = made.addMenu(tr("dewarp.on"))
            assert inner is not None
            for mount in MOUNTS:
                add(tr(f"dewarp.{mount}"), partial(self._begin_view, key, camera, mount), inner)
        if content.condition and self._check is not None:
            check = self._check
            add(tr("condition.accept"), lambda: check.accept(camera))

    def _begin_view(self, key: str, camera: str, mount: Mount) -> None:
        """The view to begin with: of the circle that the notes tell, else of the middle of the picture."""
        found = self._fisheyes.get(camera, ("", None))[1] or dewarp_from_text(mount)
        self._set_view(key, camera, replace(found, mount=mount, pitch_deg=straight_ahead(mount)))


def known_of(conditions: Mapping[str, Mapping[str, Any]], camera: str) -> Held:
    """What the journal says of a camera's picture, for the picture check to begin with."""
    known = conditions.get(camera)
    return Held(known["condition"], known["since_ns"]) if known is not None else Held()
