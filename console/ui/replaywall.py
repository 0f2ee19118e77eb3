"""The wall of a replay: the bundle's still of each camera as of the moment played, else why there is no picture.

GUI thread only. `feeds` is a `services.replay_link.ReplayFeeds`; nothing here can open a stream.
"""

from __future__ import annotations

from typing import Any, cast

from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from console.model.wall import FeedHealth
from console.services.replay_link import ReplayFeeds
from console.ui.picture import grey_copy
from console.ui.truth import SHORT_BELOW_PX, Truth, clock_words
from console.ui.wall import WallSurface
from console.ui.walllook import TileLook
from console.ui.walltile import PlacedTile
from console.words import tr


class ReplayLook(TileLook):
    """Every tile says that it is replayed; its picture is the still of the moment played."""

    def __init__(self, feeds: ReplayFeeds) -> None:
        super().__init__(cast(Any, feeds))
        self._stills = feeds

    def said(self, one: PlacedTile, known: FeedHealth | None, now_ns: int) -> Truth:
        if not one.content.camera:
            return Truth(sign="waiting" if one.content.reason else "", headline=one.content.reason)
        if one.still is not None:
            at = clock_words(one.still_at_ns)
            return Truth("replay", at if one.rect.width() < SHORT_BELOW_PX else tr("replay.still", at=at))
        comes = not one.still_at_ns and self._stills.has_stills(one.content.camera)
        why = tr("replay.no_picture_yet" if comes else "replay.no_picture")
        return Truth("replay", tr("wall.state.replay"), "waiting" if comes else "none", why)

    def find_still(self, one: PlacedTile, ratio: float) -> bool:
        """Another still, or none any more, since the moment played has changed; it never ceases to look."""
        found = self._stills.still(one.content.camera)
        at_ns = found.at_ns if found is not None else 0
        if at_ns == one.still_at_ns:
            return False
        picture = QImage.fromData(found.jpeg) if found is not None else QImage()
        one.still, one.still_at_ns = (None if picture.isNull() else grey_copy(picture)), at_ns
        return True


class ReplaySurface(WallSurface):
    """A wall whose tiles all say that they are replayed."""

    def __init__(self, feeds: ReplayFeeds, parent: QWidget | None = None) -> None:
        super().__init__(cast(Any, feeds), parent=parent)
        self.look = ReplayLook(feeds)
