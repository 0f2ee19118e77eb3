"""What a tile says and which last known picture it has: looked up from the feeds, kept on the tile. GUI thread only."""

from __future__ import annotations

import time

from console.model.wall import FeedHealth
from console.services.feeds import Feeds
from console.ui.hide import hide
from console.ui.picture import grey_copy, picture_at
from console.ui.truth import Truth, truth
from console.ui.walltile import PlacedTile


class TileLook:
    """Looks for one surface; a replay's looks elsewhere."""

    def __init__(self, feeds: Feeds) -> None:
        self._feeds = feeds

    def said(self, one: PlacedTile, known: FeedHealth | None, now_ns: int) -> Truth:
        """What is true of the tile now."""
        age_ms = (now_ns - one.arrival_ns) / 1e6 if one.arrival_ns else None
        still_at_ns = one.still_at_ns if one.still is not None and not one.arrival_ns else 0
        return truth(one.content, known, age_ms, time.time_ns(), one.rect.width(), bool(one.arrival_ns), still_at_ns)

    def find_still(self, one: PlacedTile, ratio: float) -> bool:
        """Take the camera's last known picture once the media thread has read it; True when it is there now."""
        if not self._feeds.knows_still(one.content.camera):
            return False
        one.has_still_looked = True
        found = self._feeds.still(one.content.camera)
        if found is None:
            return False
        picture = picture_at(found.jpeg, one.rect.size() * ratio)
        if picture.isNull():
            return False
        hide(picture, one.content.masks)  # it may have been written before they were drawn
        one.still, one.still_at_ns = grey_copy(picture), found.at_ns
        return True

    def update(self, one: PlacedTile, known: FeedHealth | None, now_ns: int) -> bool:
        """Keep what the tile says now; True when it says something else than before."""
        state = known.state if known is not None and one.content.camera + one.content.url else ""
        said = self.said(one, known, now_ns)
        if (said, state) == (one.truth, one.state):
            return False
        if state != one.state:
            one.grey = None
        one.truth, one.state = said, state
        return True
