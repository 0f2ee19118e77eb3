"""What the wall is given: the flow's tiles as contents with name, number and halo; one tile may stand alone, enlarged.

Tells the desk how the feeds are. GUI thread only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QObject, Slot

from console.model.camera import Camera
from console.model.wall import FeedHealth
from console.services.feeds import Feeds
from console.ui import spoken
from console.ui.around import Around
from console.ui.bridge import Bridge
from console.ui.clocks import is_overdue
from console.ui.flow import Tile
from console.ui.tile import TileContent
from console.ui.wall import WallSurface
from console.words import tr

TELL_EVERY = 2
"""Beats (seconds) between two reports of feed health to the desk; a changed state is told on the next beat."""


class WallFeed(QObject):
    """Keeps the surface in step with the flow. `url_of(camera, url)` gives a URL its password back; `tell` sends feed health."""

    def __init__(
        self,
        bridge: Bridge,
        around: Around,
        surface: WallSurface,
        feeds: Feeds,
        url_of: Callable[[Camera, str], str],
        tell: Callable[[Sequence[dict[str, Any]]], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._bridge, self._around, self._surface, self._feeds = bridge, around, surface, feeds
        self._url_of, self._tell = url_of, tell
        self._tiles: tuple[Tile, ...] = ()
        self._layout = 0
        self._beats = 0
        self._states: dict[str, str] = {}
        """Camera → last state seen, for the header's count."""
        self.large = ""

    def show(self, tiles: tuple[Tile, ...]) -> None:
        """Put the flow's tiles on the surface, at once."""
        self._tiles = tiles
        if self.large not in {tile.tile for tile in tiles}:
            self.large = ""
        self.refresh()

    def enlarge(self, tile: str) -> None:
        """Show one tile alone, or ("") all of them again."""
        self.large = tile
        self.refresh()

    @Slot(object)
    def point(self, camera: str) -> None:
        """The verdict list's keyboard stands on this camera: nothing moves, the list itself shows the number."""

    def lay_out(self, tiles: int) -> None:
        """A fixed layout; 0 chooses by what is shown."""
        self._layout = tiles
        self.refresh()

    def refresh(self) -> None:
        """Build the contents anew: names, numbers, halo."""
        shown = [tile for tile in self._tiles if not self.large or tile.tile == self.large]
        layout = 1 if self.large else self._layout
        if layout != self._surface.layout_size:
            self._surface.set_layout(layout)
        contents = tuple(self._content(tile, order) for order, tile in enumerate(shown))
        if contents != self._surface.contents:
            self._surface.set_tiles(contents)

    def _content(self, tile: Tile, order: int) -> TileContent:
        camera = self._around.cameras.get(tile.camera)
        incident = self._bridge.state.incidents.get(tile.incident or "")
        late = incident is not None and is_overdue(incident, [self._bridge.state.orders[key] for key in incident.orders])
        common: dict[str, Any] = {
            "name": spoken.named(camera) if camera else tile.camera,
            "network": camera.network if camera else "other",
            "number": tile.number or None,
            "grade": incident.grade if incident is not None and late else None,
            "priority": order,
            "keep_stills": not tile.household,
        }
        if camera is None or not tile.may_show:
            reason = tr("incident.consent_asked") if tile.household else tr("incident.unknown_camera")
            return TileContent(tile.tile, reason=reason, **common)
        url, sub = self._url_of(camera, camera.url_main), self._url_of(camera, camera.url_sub) if camera.url_sub else ""
        return TileContent(tile.tile, tile.camera, url=url, url_sub=sub, reason=tile.reason or "", **common)

    def beat(self) -> None:
        """Once a second: halo, and what the desk should know of the feeds."""
        self.refresh()
        health = self._feeds.health()
        news = {one.camera: one.state for one in health.values() if one.camera}
        changed = any(self._states.get(camera) != state for camera, state in news.items())
        self._states.update(news)
        self._beats += 1
        if news and (changed or self._beats % TELL_EVERY == 0):
            self._tell([_told(one) for one in health.values() if one.camera])

    def counts(self) -> tuple[int, int]:
        """Cameras that gave a picture when last looked at, of all cameras of the roster."""
        return sum(1 for state in self._states.values() if state in ("live", "late")), len(self._around.cameras)

    def health(self) -> Mapping[str, FeedHealth]:
        return self._feeds.health()


def _told(one: FeedHealth) -> dict[str, Any]:
    return {
        "camera": one.camera, "tile": one.tile, "state": one.state, "since_ns": one.since_ns, "age_ms": one.age_ms,
        "error": one.error, "shown_fps": round(one.shown_fps, 2), "decoded_fps": round(one.decoded_fps, 2),
    }  # fmt: skip
