"""Picture hands: the acts, menu entries and dock by which an operator masks and turns pictures. GUI thread only."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtWidgets import QWidget

from console.model.picture_rules import masks_of
from console.ui.bridge import Bridge
from console.ui.docks import Docks
from console.ui.maskpanel import MaskPanel
from console.ui.pictures import Pictures
from console.ui.tile import TileContent
from console.ui.wall import WallSurface
from console.ui.wallfeed import WallFeed
from console.ui.walls import Walls


class PictureHands(QObject):
    """Built by the main window from its parts. `pictures` None (a replay): its acts do nothing."""

    def __init__(
        self, bridge: Bridge, feed: WallFeed, walls: Walls, docks: Docks, pictures: Pictures | None, parent: QWidget
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._bridge, self._feed, self._walls, self._docks, self._pictures = bridge, feed, walls, docks, pictures
        self.panel = MaskPanel(bridge, feed.rotation_of, self._left, parent)
        docks.add("masks", self.panel, Qt.DockWidgetArea.RightDockWidgetArea)
        docks.pages["picture"] = self.panel
        if pictures is not None:
            walls.menu_opening.connect(pictures.add_entries)
            pictures.masks_asked.connect(self._edit)

    def handlers(self) -> dict[str, Callable[[], object]]:
        """The acts of the table of keys that are served here."""
        return {"masks": self.edit_masks, "dewarp": self.switch_dewarp}

    def _chosen(self) -> tuple[WallSurface, TileContent] | None:
        surface = self._feed.surface(self._walls.acts.window)
        content = surface.focused()
        return (surface, content) if content is not None and content.camera else None

    @Slot()
    def edit_masks(self) -> None:
        """Draw masks on the chosen tile; again, or without a tile: show or hide the dock."""
        chosen = self._chosen()
        if self._pictures is None or chosen is None or self.panel.is_drawing:
            self.panel.leave()
            self._docks.toggle("masks")
        else:
            self._edit(chosen)

    @Slot(object)
    def _edit(self, asked: tuple[WallSurface, TileContent]) -> None:
        surface, content = asked
        self._docks.show("masks")
        self.panel.begin(surface, content.key, content.camera, content.name, masks_of(self._bridge.state, content.camera))
        if self._pictures is not None:
            self._pictures.draw_on(content.key, True)

    def _left(self, key: str) -> None:
        if self._pictures is not None:
            self._pictures.draw_on(key, False)

    @Slot()
    def switch_dewarp(self) -> None:
        """The chosen tile's fisheye straightened, or whole again."""
        chosen = self._chosen()
        if self._pictures is not None and chosen is not None:
            self._pictures.switch(chosen[1])

    def retranslate(self) -> None:
        self.panel.retranslate()
