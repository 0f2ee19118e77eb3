"""Feeds: from the tiles a wall wants to pictures and their health. Owned by the console; the media thread works for it.

Tiles that show the same stream at the same size share one connection, one decoder and one slot. The GUI thread calls `want`,
`frame`, `painted`, `still`; none of them waits for a disk, a socket or a child. `on_health` is called in the media thread.
"""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

from console.clock import Clock, SystemClock
from console.errors import BadInput
from console.media import slots, source
from console.media.child import ChildOptions, Job
from console.media.slots import Picture, Slot
from console.media.supervisor import Supervisor
from console.model.wall import FeedError, FeedHealth, WantedFeed, tile_state, url_for

_STILL_EVERY_NS = 30_000_000_000
_RATE_WINDOW_NS = 2_000_000_000
_STILLS_IN_MEMORY = 128
_PAINTED_BY_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Still:
    """The last known picture of a camera: JPEG bytes, and when it was seen (UTC)."""

    jpeg: bytes
    at_ns: int


@dataclass(slots=True)
class _Stream:
    """One job and the slot it fills; several tiles may show it."""

    job: Job
    slot: Slot
    former: Slot | None = None
    still_ns: int = 0
    has_stills: bool = False


@dataclass(slots=True)
class _Tile:
    wanted: WantedFeed
    stream: _Stream | None
    since_ns: int
    painted: int = 0
    marks: deque[tuple[int, int, int]] = field(default_factory=lambda: deque(maxlen=32))


class Feeds:
    """`stills` is the folder of last known pictures (None: keep none). Start with the console, end with `close`."""

    def __init__(self, stills: Path | None = None, workers: int = 0, open_timeout_s: float = 5.0, transport: str = "tcp",
                 clock: Clock | None = None, on_health: Callable[[FeedHealth], None] | None = None) -> None:  # fmt: skip
        self._stills, self._clock, self._on_health = stills, clock or SystemClock(), on_health
        self._lock = threading.Lock()  # guards _tiles, _streams and _retired against the media thread, for microseconds
        self._tiles: dict[str, _Tile] = {}
        self._streams: dict[str, _Stream] = {}
        self._retired: list[tuple[int, Slot]] = []  # (since when, slot): closed a second later, no painter can hold it then
        self._owners: dict[str, tuple[WantedFeed, ...]] = {}
        self._health: Mapping[str, FeedHealth] = {}
        self._known_stills: dict[str, Still | None] = {}
        self._asked_stills: deque[str] = deque()
        self._numbers = itertools.count(1)
        slots.sweep_dead()
        options = ChildOptions(open_timeout_s, max(10.0, 2 * open_timeout_s), transport)
        self._supervisor = Supervisor(workers, options, self._clock, self._tick)
        self._supervisor.start()

    # ---- GUI thread -------------------------------------------------------------------------------------------------
    def want(self, wanted: Iterable[WantedFeed], owner: str = "wall") -> None:
        """Replace what `owner` (a wall window) wants to see. Tiles not named any more stop decoding.

        A URL that is none makes its tile's health `none` with `bad_stream`; it does not stop the others.
        """
        self._owners[owner] = tuple(wanted)
        everything = {one.tile: one for tiles in self._owners.values() for one in tiles}
        closing: dict[str, str] = {}
        with self._lock:
            old_tiles, old_streams, self._tiles = self._tiles, self._streams, {}
            kept: dict[str, _Stream] = {}
            for tile, one in everything.items():
                before = old_tiles.get(tile)
                stream = self._stream_for(one, before, kept, everything, old_tiles)
                if before is not None and before.stream is stream and stream is not None:
                    before.wanted = one
                    self._tiles[tile] = before
                else:
                    self._tiles[tile] = _Tile(one, stream, self._clock.now_ns())
                if stream is not None:
                    kept[stream.job.id] = stream
                    stream.has_stills = one.keep_stills and self._stills is not None
                if self._stills is not None and one.keep_stills and one.camera not in self._known_stills:
                    self._asked_stills.append(one.camera)
            for job_id, stream in old_streams.items():
                if job_id not in kept:
                    self._retire(stream.slot)
                    self._retire(stream.former)
                    camera = next((t.wanted.camera for t in old_tiles.values() if t.stream is stream), "")
                    if stream.has_stills and camera:
                        closing[job_id] = str(self._still_path(camera))
                        self._known_stills.pop(camera, None)
            self._streams = kept
            jobs = {job_id: stream.job for job_id, stream in kept.items()}
        self._supervisor.want(jobs, closing)

    def _stream_for(self, one: WantedFeed, before: _Tile | None, kept: Mapping[str, _Stream],
                    everything: Mapping[str, WantedFeed], old_tiles: Mapping[str, _Tile]) -> _Stream | None:  # fmt: skip
        """The stream a tile shows: one that is there, the tile's own at a new size, or a new one."""
        url = url_for(one)
        try:
            source.parse(url)
        except BadInput:
            return None
        width, height = max(16, one.width_px), max(16, one.height_px)

        def fits(job: Job) -> bool:
            return (job.url, job.width_px, job.height_px, job.keyframes_only, job.max_fps) == (
                url, width, height, one.keyframes_only, one.max_fps,
            )  # fmt: skip

        for stream in (*kept.values(), *self._streams.values()):
            if fits(stream.job):
                return stream
        if before is not None and before.stream is not None and before.stream.job.id not in kept:
            stream, job = before.stream, before.stream.job
            shared = sum(tile in everything and old_tiles[tile].stream is stream for tile in old_tiles) > 1
            if not shared and (job.url, job.keyframes_only) == (url, one.keyframes_only):
                # Same connection, other size: the old picture stays until the new size has one.
                slot = Slot.create(width, height)
                self._retire(stream.former)
                stream.former, stream.slot = stream.slot, slot
                stream.job = replace(job, slot=slot.name, width_px=width, height_px=height, max_fps=one.max_fps)
                return stream
        slot = Slot.create(width, height)
        job = Job(f"j{next(self._numbers)}", url, slot.name, width, height, one.max_fps, one.keyframes_only, one.priority)
        return _Stream(job, slot, still_ns=self._clock.mono_ns())

    def slot(self, tile: str) -> Slot | None:
        """The slot whose picture `tile` shows now: its own, or while a new size opens, the former one."""
        found = self._tiles.get(tile)
        if found is None or found.stream is None:
            return None
        stream = found.stream
        return stream.former if stream.former is not None and not stream.slot.generation else stream.slot

    def frame(self, tile: str) -> tuple[Picture, float] | None:
        """The newest picture of `tile` and its age in milliseconds; ask `slot(tile).is_whole` after painting it."""
        slot = self.slot(tile)
        picture = None if slot is None else slot.newest()
        return None if picture is None else (picture, (self._clock.mono_ns() - picture.arrival_ns) / 1e6)

    def painted(self, tile: str) -> None:
        """The wall has painted a new picture of `tile`: counts for its shown rate."""
        found = self._tiles.get(tile)
        if found is not None:
            found.painted += 1

    def health(self) -> Mapping[str, FeedHealth]:
        """The health of every wanted tile, at most 0.1 s old; the mapping is never changed afterwards."""
        return self._health

    def drops(self, tile: str) -> int:
        """Pictures of this tile's stream that were decoded and left out."""
        slot = self.slot(tile)
        return 0 if slot is None else int(slot.header[slots.DROPS])

    def decoded(self, tile: str) -> int:
        """Pictures of this tile's stream decoded so far."""
        slot = self.slot(tile)
        return 0 if slot is None else int(slot.header[slots.DECODED])

    def retry(self, tile: str) -> None:
        """Try a failed feed again now: the operator asked."""
        found = self._tiles.get(tile)
        if found is not None and found.stream is not None:
            self._supervisor.retry(found.stream.job.id)

    def still(self, camera: str) -> Still | None:
        """The last known picture of `camera`, if it has been read by now. Asked-for tiles read theirs by themselves."""
        return self._known_stills.get(camera)

    def knows_still(self, camera: str) -> bool:
        """True once it is known whether `camera` has a still (the media thread has looked)."""
        return camera in self._known_stills

    def mono_ns(self) -> int:
        """Now, on the clock of `Picture.arrival_ns`."""
        return self._clock.mono_ns()

    def child_pids(self) -> list[int]:
        """Process ids of the decoder children."""
        return self._supervisor.child_pids()

    def close(self) -> None:
        """Write the stills, end the children, remove the shared memory. Waits up to a second: call when the window is gone."""
        self.want((), "wall")
        for owner in list(self._owners):
            self.want((), owner)
        self._supervisor.close()
        for _, slot in self._retired:
            slot.close()
        self._retired.clear()

    def _retire(self, slot: Slot | None) -> None:
        if slot is not None:
            self._retired.append((self._clock.mono_ns(), slot))

    def _still_path(self, camera: str) -> Path:
        assert self._stills is not None
        return self._stills / (hashlib.sha256(camera.encode()).hexdigest()[:20] + ".jpg")

    # ---- media thread -----------------------------------------------------------------------------------------------
    def _tick(self) -> None:
        with self._lock:
            tiles = list(self._tiles.items())
            for stream in self._streams.values():
                if stream.former is not None and stream.slot.generation:
                    self._retire(stream.former)
                    stream.former = None
            mono_ns = self._clock.mono_ns()
            retired = [slot for since_ns, slot in self._retired if mono_ns - since_ns > _PAINTED_BY_NS]
            self._retired = [entry for entry in self._retired if entry[1] not in retired]
        now_ns, health = self._clock.now_ns(), {}
        for name, tile in tiles:
            before = self._health.get(name)
            health[name] = now = self._health_of(tile, before, now_ns, mono_ns)
            if self._on_health is not None and (before is None or (before.state, before.error) != (now.state, now.error)):
                self._on_health(now)
        self._health = health
        for slot in retired:
            slot.close()
        self._mind_stills(tiles, mono_ns)

    def _health_of(self, tile: _Tile, before: FeedHealth | None, now_ns: int, mono_ns: int) -> FeedHealth:
        wanted, stream = tile.wanted, tile.stream
        if stream is None:
            return FeedHealth(wanted.tile, wanted.camera, "none", tile.since_ns, error="bad_stream")
        news = self._supervisor.news(stream.job.id)
        error = cast("FeedError | None", news.error)
        shown = stream.former if stream.former is not None and not stream.slot.generation else stream.slot
        picture, header = shown.newest(), shown.header
        interval_ns = int(header[slots.INTERVAL_NS]) or 1_000_000_000
        has_picture = bool(header[slots.GENERATION])
        state = tile_state(has_picture, mono_ns - int(header[slots.LAST_PACKET_NS]), interval_ns, error)
        tile.marks.append((mono_ns, tile.painted, int(header[slots.DECODED])))
        while len(tile.marks) > 2 and mono_ns - tile.marks[0][0] > _RATE_WINDOW_NS:
            tile.marks.popleft()
        span_s = (mono_ns - tile.marks[0][0]) / 1e9
        same = before is not None and before.state == state and before.camera == wanted.camera
        age_ns = None if picture is None else mono_ns - picture.arrival_ns
        return FeedHealth(
            wanted.tile, wanted.camera, state, before.since_ns if same and before is not None else now_ns,
            None if age_ns is None else age_ns / 1e6, error,
            max(0.0, (news.next_try_ns - mono_ns) / 1e9) if error else None,
            (tile.painted - tile.marks[0][1]) / span_s if span_s > 0 else 0.0,
            max(0, int(header[slots.DECODED]) - tile.marks[0][2]) / span_s if span_s > 0 else 0.0,
            interval_ns / 1e6, max(0, news.opened - 1), None if age_ns is None else now_ns - age_ns,
        )  # fmt: skip

    def _mind_stills(self, tiles: list[tuple[str, _Tile]], mono_ns: int) -> None:
        """Read what was asked for; let the children write one for each shown camera that may be kept, twice a minute."""
        if self._stills is None:
            return
        while self._asked_stills:
            camera = self._asked_stills.popleft()
            path = self._still_path(camera)
            try:
                self._known_stills[camera] = Still(path.read_bytes(), path.stat().st_mtime_ns)
            except OSError:
                self._known_stills[camera] = None
            while len(self._known_stills) > _STILLS_IN_MEMORY:
                self._known_stills.pop(next(iter(self._known_stills)))
        for _name, tile in tiles:
            stream = tile.stream
            if stream is not None and stream.has_stills and mono_ns - stream.still_ns > _STILL_EVERY_NS:
                stream.still_ns = mono_ns
                self._supervisor.still(stream.job.id, str(self._still_path(tile.wanted.camera)))
