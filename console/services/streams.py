"""Streams: which connections, decodes and slots the wanted tiles need. One stream per camera and profile, one outlet per size.

A tile keeps what it shows until what it should show has a picture: another size (same connection) or the other profile (another
connection). Pure book-keeping over shared memory, without threads: `Feeds` guards it and passes its jobs on.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from console.errors import BadInput
from console.media import slots, source
from console.media.child import Job, Target
from console.media.slots import Slot
from console.model.grant import Grant
from console.model.view import Dewarp, Masks
from console.model.wall import SUB_STREAM_BELOW_PX, Mode, WantedFeed, held_after_ns

Profile = Literal["main", "sub"]
Shape = tuple[int, int, Masks, Dewarp | None]

SWITCH_EVERY_NS: Final = 5_000_000_000
"""A tile changes its profile at most this often (faults.md V58)."""
REFUSED_FOR_NS: Final = 30_000_000_000
"""After a profile could not be opened the tile stays with the one it has for so long."""
_MAIN_ABOVE: Final = 1.15  # of the sub stream's limit: a tile that is dragged round it does not go to and fro
_STRENGTH: Final[Mapping[Mode, int]] = {"key": 0, "nonref": 1, "all": 2}


@dataclass(slots=True)
class Outlet:
    """One size of a stream, and the slot it is shown from."""

    target: Target
    slot: Slot


@dataclass(slots=True)
class Stream:
    """One job: a connection and its decode. `still_camera`: whose last picture may be kept ("" nobody's)."""

    job: Job
    outlets: dict[Shape, Outlet] = field(default_factory=dict)
    still_camera: str = ""
    still_ns: int = 0


@dataclass(frozen=True, slots=True)
class View:
    """What a tile shows or is about to show."""

    stream: Stream
    outlet: Outlet
    profile: Profile

    @property
    def has_picture(self) -> bool:
        return bool(self.outlet.slot.header[slots.GENERATION])

    def is_moving(self, mono_ns: int) -> bool:
        """True while new packets come as often as this stream's own interval lets expect."""
        header = self.outlet.slot.header
        silence_ns = mono_ns - int(header[slots.LAST_PACKET_NS])
        return silence_ns < held_after_ns(int(header[slots.INTERVAL_NS]) or 1_000_000_000)


@dataclass(slots=True)
class Tile:
    """One wanted tile: what it shows, what it is about to show, and what was counted of it."""

    wanted: WantedFeed
    since_ns: int
    profile: Profile | None = None
    grant: Grant | None = None
    shown: View | None = None
    coming: View | None = None
    switched_ns: int = 0
    refused_until_ns: int = 0
    painted: int = 0
    marks: deque[tuple[int, int, int]] = field(default_factory=lambda: deque(maxlen=32))


class Streams:
    """The book. `stills` False: nobody's last picture is kept. Slots that went out of use wait in `retired` for their owner."""

    def __init__(self, has_stills: bool) -> None:
        self._has_stills = has_stills
        self.tiles: dict[str, Tile] = {}
        self.streams: dict[tuple[str, tuple[tuple[str, str], ...]], Stream] = {}
        self.retired: list[Slot] = []
        self.closing: dict[str, str] = {}
        """Job → camera, of streams that closed and whose last picture may be kept."""
        self._numbers = itertools.count(1)

    def arrange(
        self, everything: Mapping[str, WantedFeed], grants: Mapping[str, Grant], now_ns: int, mono_ns: int
    ) -> None:  # fmt: skip
        """Replace the wanted tiles. A tile of the same name and camera goes on showing what it shows."""
        tiles = {}
        for name, one in everything.items():
            before = self.tiles.get(name)
            if before is None or _source_of(before.wanted) != _source_of(one):
                before = Tile(one, now_ns)
            before.wanted = one
            tiles[name] = before
        self.tiles = tiles
        self.grant(grants)
        self.refresh(mono_ns)

    def grant(self, grants: Mapping[str, Grant]) -> bool:
        """Take over what each tile may cost; True when any grant is another than before: then `refresh`."""
        changed = False
        for name, tile in self.tiles.items():
            grant = grants.get(name)
            tile.grant, changed = grant, changed or grant != tile.grant
        return changed

    def refresh(self, mono_ns: int) -> None:
        """Choose each tile's stream and size anew; make what is missing, retire what nobody shows or awaits any more."""
        for tile in self.tiles.values():
            self._aim(tile, mono_ns)
        self._drop_unused()
        self._renew_jobs(mono_ns)

    def settle(self, mono_ns: int, has_failed: Callable[[str], bool]) -> bool:
        """Move tiles over whose other size or profile has its picture; give up a profile that cannot be opened. True when any."""
        changed = False
        for tile in self.tiles.values():
            shown, coming = tile.shown, tile.coming
            if coming is None or shown is None or coming.stream is shown.stream:
                changed = changed or (tile.profile is not None and self._profile(tile, mono_ns) != tile.profile)
            if coming is None or shown is None:
                continue
            if coming.has_picture and (
                coming.stream is shown.stream or coming.is_moving(mono_ns) or not shown.is_moving(mono_ns)
            ):
                if coming.stream is not shown.stream:
                    tile.marks.clear()
                tile.shown, tile.coming, changed = coming, None, True
            elif coming.stream is not shown.stream and has_failed(coming.stream.job.id) and shown.is_moving(mono_ns):
                tile.profile, tile.refused_until_ns, changed = shown.profile, mono_ns + REFUSED_FOR_NS, True
        return changed

    def jobs(self) -> dict[str, Job]:
        return {stream.job.id: stream.job for stream in self.streams.values()}

    # ---- one tile ---------------------------------------------------------------------------------------------------
    def _profile(self, tile: Tile, mono_ns: int) -> Profile:
        one, now = tile.wanted, tile.profile
        if not one.url_sub or not one.url:
            return "main" if one.url or not one.url_sub else "sub"
        if tile.grant is not None:
            wished: Profile = "sub" if tile.grant.profile == "sub" else "main"
        else:
            limit = SUB_STREAM_BELOW_PX * (_MAIN_ABOVE if now == "sub" else 1.0)
            wished = "sub" if one.height_px < limit and not one.is_large else "main"
        if now is None or wished == now:
            return wished
        is_too_soon = tile.switched_ns > 0 and mono_ns - tile.switched_ns < SWITCH_EVERY_NS
        is_too_soon = is_too_soon and not (one.is_large and wished == "main")  # the operator asked for it: at once
        return now if is_too_soon or mono_ns < tile.refused_until_ns else wished

    def _aim(self, tile: Tile, mono_ns: int) -> None:
        one, profile = tile.wanted, self._profile(tile, mono_ns)
        if tile.profile is not None and profile != tile.profile:
            tile.switched_ns = mono_ns
        tile.profile = profile
        url = one.url_sub if profile == "sub" else one.url
        view = self._view(url, one, profile, mono_ns)
        if view is None:
            tile.shown = tile.coming = None
        elif tile.shown is None or not tile.shown.has_picture or tile.shown.outlet is view.outlet or _uncovers(tile.shown, one):
            tile.shown, tile.coming = view, None
        else:
            tile.coming = view

    def _view(self, url: str, one: WantedFeed, profile: Profile, mono_ns: int) -> View | None:
        """The stream and size at this address, there already or new; None where the address is none."""
        key = (url, one.open_options)
        stream = self.streams.get(key)
        if stream is None:
            try:
                source.parse(url)
            except BadInput:
                return None
            camera = one.camera if one.keep_stills else ""  # of a household's nothing stays behind its stream
            job = Job(f"j{next(self._numbers)}", url, open_options=one.open_options, priority=one.priority, camera=camera)
            stream = self.streams[key] = Stream(job, still_ns=mono_ns)
        shape = (max(16, one.width_px), max(16, one.height_px), one.masks, one.dewarp)
        outlet = stream.outlets.get(shape)
        if outlet is None:
            slot = Slot.create(shape[0], shape[1])
            outlet = stream.outlets[shape] = Outlet(Target(slot.name, *shape[:2], one.max_fps, one.masks, one.dewarp), slot)
        return View(stream, outlet, profile)

    # ---- all streams ------------------------------------------------------------------------------------------------
    def _drop_unused(self) -> None:
        views = [view for tile in self.tiles.values() for view in (tile.shown, tile.coming) if view is not None]
        used = {id(view.outlet) for view in views}
        for key, stream in list(self.streams.items()):
            for shape, outlet in list(stream.outlets.items()):
                if id(outlet) not in used:
                    self.retired.append(outlet.slot)
                    del stream.outlets[shape]
            if not stream.outlets:
                del self.streams[key]
                if stream.still_camera:
                    self.closing[stream.job.id] = stream.still_camera

    def _renew_jobs(self, mono_ns: int) -> None:
        users: dict[str, list[Tile]] = {}
        rates: dict[str, float] = {}
        for tile in self.tiles.values():
            for view in (tile.shown, tile.coming):
                if view is not None:
                    users.setdefault(view.stream.job.id, []).append(tile)
                    name = view.outlet.slot.name
                    rates[name] = max(rates.get(name, 0.0), _rate(tile))
        for stream in self.streams.values():
            tiles = users[stream.job.id]
            for outlet in stream.outlets.values():
                outlet.target = replace(outlet.target, max_fps=rates[outlet.slot.name])
            stream.job = replace(
                stream.job, targets=tuple(outlet.target for outlet in stream.outlets.values()),
                mode=max((_mode(tile) for tile in tiles), key=lambda mode: _STRENGTH[mode]),
                priority=min(tile.wanted.priority for tile in tiles), ring_s=max(tile.wanted.ring_s for tile in tiles),
                is_first=any(tile.wanted.grade == "red" for tile in tiles),
            )  # fmt: skip
            keeps = self._has_stills and all(tile.wanted.keep_stills for tile in tiles)
            stream.still_camera = tiles[0].wanted.camera if keeps else ""


def _uncovers(shown: View, one: WantedFeed) -> bool:
    """What was just hidden must not stand there until the next picture: on a held feed that would be for ever."""
    return shown.outlet.target.masks != one.masks


def _source_of(one: WantedFeed) -> tuple[object, ...]:
    return one.camera, one.url, one.url_sub, one.open_options


def _mode(tile: Tile) -> Mode:
    if tile.wanted.keyframes_only:
        return "key"
    return tile.grant.mode if tile.grant is not None else "all"


def _rate(tile: Tile) -> float:
    fps = tile.wanted.max_fps
    return min(fps, tile.grant.max_fps) if tile.grant is not None else fps


def merged(owners: Iterable[Iterable[WantedFeed]]) -> dict[str, WantedFeed]:
    """All owners' tiles by name; the last one to ask for a name has it."""
    return {one.tile: one for tiles in owners for one in tiles}
