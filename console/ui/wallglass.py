"""Glazing: whether a wall's tiles are drawn by the graphics card, and back to the raster painter when it fails.

GUI thread only.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

import shiboken6
from PySide6.QtCore import QObject, QRect, Slot

from console.services.feeds import Feeds

if TYPE_CHECKING:
    from console.ui.gpu import GpuGlass
    from console.ui.wall import WallSurface

_log = logging.getLogger(__name__)


class Glazing(QObject):
    """The pane over one surface, if it has one. `why` says why it has none any more ("" while nothing failed)."""

    def __init__(self, surface: WallSurface, feeds: Feeds) -> None:
        super().__init__(surface)
        self._surface, self._feeds = surface, feeds
        self.glass: GpuGlass | None = None
        self.why = ""
        self._is_moving = False

    def put_in(self) -> None:
        """Let the graphics card draw. Best before the window is first shown: its kind changes with the first pane."""
        from console.ui.gpu import GpuGlass

        if self.glass is not None:
            return
        self.glass = GpuGlass(self._surface, self._feeds, self._surface)
        self.glass.failed.connect(self.take_out)
        self.fit()
        self.glass.show()

    @Slot(object)
    def take_out(self, why: object = "") -> None:
        """Let the raster painter paint again."""
        glass, self.glass = self.glass, None
        if glass is None:
            return
        self.why = str(why)
        if why:
            _log.warning("the wall is painted without the graphics card: %s", why)
        glass.failed.disconnect(self.take_out)
        glass.releaseResources()
        glass.hide()
        glass.deleteLater()
        for one in self._surface.placed:
            one.generation = 0  # the raster painter has shown none of it
        self._surface.update()

    def move(self, is_leaving: bool) -> None:
        """The surface is about to get another parent, or has got it.

        WORKAROUND (QRhiWidget of 6.8 to 6.11): a pane that has left its window still names that window's device when it is
        destroyed, and the program dies where the window went first. So no pane moves: each window has a new one.
        """
        if is_leaving and self.glass is not None:
            glass, self.glass, self._is_moving = self.glass, None, True
            glass.failed.disconnect(self.take_out)
            glass.releaseResources()
            shiboken6.delete(glass)
        elif not is_leaving and self._is_moving:
            self._is_moving = False
            self.put_in()

    def fit(self) -> None:
        """The surface has another size."""
        if self.glass is not None:
            self.glass.setGeometry(self._surface.rect())

    def changed(self, rects: Sequence[QRect], over: bool) -> bool:
        """Have these parts drawn anew; False when the raster painter must do it."""
        if self.glass is None:
            return False
        self.glass.changed(rects, over)
        return True
