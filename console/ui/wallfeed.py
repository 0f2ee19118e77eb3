"""What the walls are given: the flow's tiles as contents with name, number and halo; in each window one may stand alone.

Every wall window has a surface and a layout here; window 0 is the seat's own wall. Tells the desk how the feeds are. GUI thread
only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from PySide6.QtCore import QObject, QRectF, Signal, Slot
from PySide6.QtGui import QImage

from console.model import arrangement
from console.model.arrangement import Tile
from console.model.camera import Camera
from console.model.layout import BUILT_IN, Layout
from console.model.wall import FeedHealth, WantedFeed
from console.services.feeds import Feeds
from console.ui import spoken
from console.ui.around import Around
from console.ui.bridge import Bridge
from console.ui.clocks import is_overdue
from console.ui.pictures import Pictures
from console.ui.tile import TileContent
from console.ui.wall import WallSurface
from console.ui.watermark import Watermark
from console.words import tr

AHEAD = "tour-ahead"
"""The owner of what is opened ahead of a tour's next step."""
TELL_EVERY = 2
"""Beats (seconds) between two reports of feed health to the desk; a changed state is told on the next beat."""


@dataclass(slots=True)
class _Wall:
    """One wall window's surface: its layout (None: fitting), the tile that stands alone, and the zoom to bring back after it."""

    surface: WallSurface
    layout: Layout | None = None
    large: str = ""
    views: Mapping[tuple[str, str], QRectF] = field(default_factory=dict)


class WallFeed(QObject):
    """Keeps the surfaces in step with the flow. `url_of(camera, url)` gives a URL its password back; `tell` sends feed health.

    Signals: `surface_added(WallSurface)`, for whoever gives every wall a tool.
    """

    surface_added = Signal(object)

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
        self._bridge, self._around, self._feeds = bridge, around, feeds
        self._walls: dict[int, _Wall] = {0: _Wall(surface)}
        self._watermark: Watermark | None = None
        self._pictures: Pictures | None = None
        self._url_of, self._tell = url_of, tell
        self._tiles: tuple[Tile, ...] = ()
        self._beats = 0
        self._states: dict[str, str] = {}
        """Camera → last state seen, for the header's count."""
        self.ring_s = 60.0
        """Seconds of each stream that are kept for playing back; of a household's only for its open incident."""

    # windows ---------------------------------------------------------------------------------------------------------

    def surfaces(self) -> tuple[WallSurface, ...]:
        """The surface of every wall window, the seat's own wall first."""
        return tuple(wall.surface for wall in self._walls.values())

    def surface(self, window: int) -> WallSurface:
        """A window's surface; raises KeyError for one that does not stand."""
        return self._walls[window].surface

    def window_of(self, surface: object) -> int | None:
        """The window a surface belongs to."""
        return next((window for window, wall in self._walls.items() if wall.surface is surface), None)

    def add(self, window: int, surface: WallSurface, layout: Layout | None = None) -> None:
        """Keep one surface more in step: that of a wall window."""
        self._walls[window] = _Wall(surface, layout)
        surface.set_watermark(self._watermark)
        self.refresh()
        self.surface_added.emit(surface)

    def set_watermark(self, mark: Watermark | None) -> None:
        """Lay the operator's mark over every wall, also those to come; None: none."""
        self._watermark = mark
        for surface in self.surfaces():
            surface.set_watermark(mark)

    def use(self, pictures: Pictures) -> None:
        """Show every camera with its masks, its fisheye view and what is wrong with its picture."""
        self._pictures = pictures
        pictures.changed.connect(self.refresh)
        self.surface_added.connect(pictures.serve)
        for surface in self.surfaces():
            pictures.serve(surface)

    def remove(self, window: int) -> None:
        """A wall window is about to close: its surface asks for nothing more."""
        wall = self._walls.pop(window, None)
        if wall is not None:
            wall.surface.close_feeds()

    # what is shown ---------------------------------------------------------------------------------------------------

    @property
    def large(self) -> str:
        """A tile that stands alone in its window; "" for none."""
        return next((wall.large for wall in self._walls.values() if wall.large), "")

    def large_of(self, window: int) -> str:
        """The tile that stands alone in a window; "" for none."""
        return self._walls[window].large if window in self._walls else ""

    def layouts(self) -> dict[int, Layout | None]:
        """Window → its layout; None fits by what is shown."""
        return {window: wall.layout for window, wall in self._walls.items()}

    def room(self, window: int) -> int:
        """Places of a window's layout; a fitting one has as many as are asked for."""
        layout = self._walls[window].layout if window in self._walls else None
        return len(layout.spans) if layout is not None else arrangement.MOST_TILES

    def show(self, tiles: tuple[Tile, ...]) -> None:
        """Put the flow's tiles on the surface, at once."""
        self._tiles = tiles
        names = {tile.tile for tile in tiles}
        for wall in self._walls.values():
            if wall.large and wall.large not in names:
                self._stand_alone(wall, "")
        self.refresh()

    def enlarge(self, tile: str) -> None:
        """Show one tile alone in its window, or ("") all of them again, each with the zoom it had."""
        found = arrangement.named(self._tiles, tile)
        for window, wall in self._walls.items():
            if found is None or found.window == window:
                self._stand_alone(wall, tile if found is not None else "")
        self.refresh()

    @staticmethod
    def _stand_alone(wall: _Wall, tile: str) -> None:
        if tile and not wall.large:
            wall.views = wall.surface.views()
        elif wall.large and not tile:
            wall.surface.set_views(wall.views)
        wall.large = tile

    @Slot(object)
    def point(self, camera: str) -> None:
        """The verdict list's keyboard stands on this camera: nothing moves, the list itself shows the number."""

    def lay_out(self, layout: int | Layout | None, window: int = 0) -> None:
        """A window's layout: a built-in one by its tiles, any other; None or 0 chooses by what is shown."""
        wall = self._walls.get(window)
        if wall is not None:
            wall.layout = layout if isinstance(layout, Layout) else BUILT_IN.get(layout or 0)
            self._stand_alone(wall, "")
            self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Build the contents anew: names, numbers, halo."""
        for window, wall in self._walls.items():
            shown = arrangement.of_window(self._tiles, window)
            if wall.large:
                shown = [tile for tile in shown if tile.tile == wall.large]
            layout: Layout | int = 1 if wall.large else wall.layout or 0
            if layout != wall.surface.layout_shown:
                wall.surface.set_layout(layout)
            contents = tuple(self._contents(window, wall, shown))
            if contents != wall.surface.contents:
                wall.surface.set_tiles(contents)

    def _contents(self, window: int, wall: _Wall, shown: Sequence[Tile]) -> list[TileContent]:
        """The tiles' contents; a layout's places that nothing stands in are empty ones, which can be chosen and dropped on."""
        if wall.large or wall.layout is None:
            return [self._content(tile, order) for order, tile in enumerate(shown)]
        standing = {tile.place: tile for tile in shown}
        return [
            self._content(standing[place], place) if place in standing else TileContent(empty_key(window, place))
            for place in range(len(wall.layout.spans))
        ]

    def place_of(self, window: int, key: str) -> int | None:
        """The place of a tile, or of an empty one, by its content's key."""
        tile = arrangement.named(self._tiles, key)
        if tile is not None:
            return tile.place if tile.window == window else None
        return next((n for n in range(self.room(window)) if empty_key(window, n) == key), None)

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
            "incident_grade": (incident.grade or "") if incident is not None and incident.is_open else "",
            "is_pinned": tile.is_pinned,
            "is_tour": tile.is_tour,
            "is_large": tile.tile == self.large_of(tile.window),
            "ring_s": self.ring_s if not tile.household or (incident is not None and incident.is_open) else 0.0,
        }
        if camera is None or not tile.may_show:
            reason = tr("incident.consent_asked") if tile.household else tr("incident.unknown_camera")
            return TileContent(tile.tile, reason=reason, **common)
        url, sub = self._url_of(camera, camera.url_main), self._url_of(camera, camera.url_sub) if camera.url_sub else ""
        picture = self._pictures.of(tile.tile, camera) if self._pictures is not None else {}
        return TileContent(tile.tile, tile.camera, url=url, url_sub=sub, reason=tile.reason or "", **common, **picture)

    def beat(self) -> None:
        """Once a second: halo, and what the desk should know of the feeds."""
        self.refresh()
        health = self._feeds.health()
        news = {one.camera: one.state for one in health.values() if one.camera}
        changed = any(self._states.get(camera) != state for camera, state in news.items())
        self._states.update(news)
        self._beats += 1
        if news and (changed or self._beats % TELL_EVERY == 0):
            self._tell([_told(one) | self._picture_told(one.camera) for one in health.values() if one.camera])

    def _picture_told(self, camera: str) -> dict[str, Any]:
        return self._pictures.told(camera) if self._pictures is not None else {}

    def open_ahead(self, tiles: Sequence[Tile]) -> None:
        """Open what will soon stand in these tiles' places, at the size it will have there; () lets go of it."""
        wanted: list[WantedFeed] = []
        for number, tile in enumerate(tiles):
            standing = arrangement.at(self._tiles, tile.window, tile.place)
            key = standing.tile if standing is not None else empty_key(tile.window, tile.place)
            size = self._walls[tile.window].surface.size_of(key) if tile.window in self._walls else None
            if size is not None:
                content = replace(self._content(tile, tile.place), key=f"ahead/{number}")
                if (one := content.wanted(*size)) is not None:
                    wanted.append(one)
        self._feeds.want(wanted, AHEAD)

    def rotation_of(self, key: str) -> int:
        """How a tile's picture is turned for the viewer (degrees, counter-clockwise)."""
        slot = self._feeds.slot(key)
        found = slot.newest() if slot is not None else None
        return found.rotation_deg if found is not None else 0

    def picture_of(self, tile: str) -> QImage | None:
        """A copy of the picture that a tile shows now, whole; None without one."""
        slot = self._feeds.slot(tile)
        for _ in range(3):
            found = slot.newest() if slot is not None else None
            if slot is None or found is None:
                return None
            shown = QImage(found.pixels, found.width_px, found.height_px, found.stride_bytes, QImage.Format.Format_RGB32).copy()
            if slot.is_whole(found):
                return shown
        return None

    def counts(self) -> tuple[int, int]:
        """Cameras that gave a picture when last looked at, of all cameras of the roster."""
        return sum(1 for state in self._states.values() if state in ("live", "late")), len(self._around.cameras)

    def states(self) -> Mapping[str, str]:
        """Camera → the last state this console saw it in."""
        return self._states

    def health(self) -> Mapping[str, FeedHealth]:
        return self._feeds.health()


def empty_key(window: int, place: int) -> str:
    """The name of an empty place: no tile is called so."""
    return f"·{window}/{place}"


def _told(one: FeedHealth) -> dict[str, Any]:
    return {
        "camera": one.camera, "tile": one.tile, "state": one.state, "since_ns": one.since_ns, "age_ms": one.age_ms,
        "error": one.error, "shown_fps": round(one.shown_fps, 2), "decoded_fps": round(one.decoded_fps, 2),
    }  # fmt: skip
