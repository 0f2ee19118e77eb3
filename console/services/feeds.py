"""Feeds: from the tiles a wall wants to pictures and their health. Owned by the console; the media thread works for it.

Tiles that show the same camera's same profile share one connection and one decode. The GUI thread calls `want`, `slot`, `frame`,
`painted`, `still`; none of them waits for a disk, a socket or a child. `on_health` and `plan` are called in the media thread.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from console.clock import Clock, SystemClock
from console.media import slots
from console.media.child import ChildOptions
from console.media.slots import Picture, Slot
from console.media.supervisor import JobNews, OnAnswer, Supervisor
from console.model.grant import Grant, Load
from console.model.wall import FeedHealth, WantedFeed
from console.services.feedhealth import health_of
from console.services.stills import Still as Still
from console.services.stills import Stills
from console.services.streams import Streams, merged

_STILL_EVERY_NS = 30_000_000_000
_PLAN_EVERY_NS = 500_000_000
_PAINTED_BY_NS = 1_000_000_000

Plan = Callable[[Sequence[WantedFeed], Mapping[str, FeedHealth], Load], Mapping[str, Grant]]
"""From what all tiles ask, how they are and how busy the children are to what each may cost; a tile without a grant is not
limited. Called when the wishes change (GUI thread) and twice a second (media thread), never by both at once."""


class Feeds:
    """`stills` is the folder of last known pictures (None: keep none). Start with the console, end with `close`."""

    def __init__(
        self, stills: Path | None = None, workers: int = 0, open_timeout_s: float = 5.0, transport: str = "tcp",
        clock: Clock | None = None, on_health: Callable[[FeedHealth], None] | None = None, plan: Plan | None = None,
        hardware: str = "off", ring_cap_bytes: int = 512 << 20,
    ) -> None:  # fmt: skip
        self._clock, self._on_health, self._plan = clock or SystemClock(), on_health, plan
        self._lock = threading.Lock()  # guards _streams and _retired between GUI and media thread, for less than a millisecond
        self._stills = Stills(stills)
        self._streams = Streams(self._stills.are_kept)
        self._retired: list[tuple[int, Slot]] = []  # (since when, slot): closed a second later, no painter can hold it then
        self._replays: dict[str, Slot] = {}
        self._owners: dict[str, tuple[WantedFeed, ...]] = {}
        self._health: Mapping[str, FeedHealth] = {}
        self._planned_ns = 0
        slots.sweep_dead()
        share = ring_cap_bytes // (1 + (workers or max(1, os.cpu_count() or 1)))  # one child more, for red incidents
        options = ChildOptions(open_timeout_s, max(10.0, 2 * open_timeout_s), transport, hardware, share)
        self._supervisor = Supervisor(workers, options, self._clock, self._tick)
        self._supervisor.start()

    # ---- GUI thread -------------------------------------------------------------------------------------------------
    def want(self, wanted: Iterable[WantedFeed], owner: str = "wall") -> None:
        """Replace what `owner` (a wall window) wants to see. Streams nobody names any more stop at once.

        A URL that is none makes its tile's health `none` with `bad_stream`; it does not stop the others.
        """
        self._owners[owner] = tuple(wanted)
        everything = merged(self._owners.values())
        for one in everything.values():
            if one.keep_stills:
                self._stills.ask(one.camera)
        with self._lock:
            grants = self._plan(tuple(everything.values()), self._health, self.load()) if self._plan is not None else {}
            self._streams.arrange(everything, grants, self._clock.now_ns(), self._clock.mono_ns())
            for tile in [tile for tile in self._replays if tile not in everything]:
                del self._replays[tile]
            self._pass_on()

    def _pass_on(self) -> None:
        """Tell the supervisor what is wanted now. With the lock held, so that an older wish never follows a newer one."""
        streams, closing = self._streams, {}
        mono_ns = self._clock.mono_ns()
        self._retired += [(mono_ns, slot) for slot in streams.retired]
        streams.retired.clear()
        for job_id, camera in streams.closing.items():
            closing[job_id] = str(self._stills.path(camera))
            self._stills.forget(camera)
        streams.closing.clear()
        self._supervisor.want(streams.jobs(), closing)

    def slot(self, tile: str) -> Slot | None:
        """The slot whose picture `tile` shows now; while another size or profile opens, the former one."""
        replayed = self._replays.get(tile)
        if replayed is not None:
            return replayed
        found = self._streams.tiles.get(tile)
        view = None if found is None else found.shown
        return None if view is None else view.outlet.slot

    def frame(self, tile: str) -> tuple[Picture, float] | None:
        """The newest picture of `tile` and its age in milliseconds; ask `slot(tile).is_whole` after painting it."""
        slot = self.slot(tile)
        picture = None if slot is None else slot.newest()
        return None if picture is None else (picture, (self._clock.mono_ns() - picture.arrival_ns) / 1e6)

    def painted(self, tile: str) -> None:
        """The wall has painted a new picture of `tile`: counts for its shown rate."""
        found = self._streams.tiles.get(tile)
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
        job = self._job_of(tile)
        if job is not None:
            self._supervisor.retry(job)

    def errand(self, tile: str, command: str, *arguments: object, on_answer: OnAnswer) -> None:
        """Let the decoder of the stream `tile` shows do `command`. `on_answer(ok, fields)` is called once, in the media thread
        (or here and now when the tile shows no stream): `fields["word"]` is "gone" when tile, stream or child is no more."""
        job = self._job_of(tile)
        if job is None:
            on_answer(False, {"word": "gone"})
        else:
            self._supervisor.errand(job, command, *arguments, on_answer=on_answer)

    def show_replay(self, tile: str, slot: Slot | None) -> None:
        """Show `slot` in `tile` instead of its live picture, which goes on underneath; None: live again. The slot stays yours."""
        if slot is None:
            self._replays.pop(tile, None)
        else:
            self._replays[tile] = slot

    def still(self, camera: str) -> Still | None:
        """The last known picture of `camera`, if it has been read by now. Asked-for tiles read theirs by themselves."""
        return self._stills.get(camera)

    def knows_still(self, camera: str) -> bool:
        """True once it is known whether `camera` has a still (the media thread has looked)."""
        return self._stills.knows(camera)

    def mono_ns(self) -> int:
        """Now, on the clock of `Picture.arrival_ns`."""
        return self._clock.mono_ns()

    def child_pids(self) -> list[int]:
        """Process ids of the decoder children."""
        return self._supervisor.child_pids()

    def wanted_feeds(self) -> Mapping[str, WantedFeed]:
        """What each tile of any owner asks for now; a copy, for any thread."""
        return {name: tile.wanted for name, tile in self._streams.tiles.items()}

    def streams(self) -> int:
        """Connections wanted now: tiles of the same camera and profile share one."""
        return len(self._streams.streams)

    def load(self) -> Load:
        """How busy the decoder children were in their last second."""
        loads = self._supervisor.loads()
        return Load(
            tuple(one.busy for one in loads), sum(one.late for one in loads),
            max((one.backlog for one in loads), default=0), sum(one.lost for one in loads),
        )  # fmt: skip

    def close(self) -> None:
        """Write the stills, end the children, remove the shared memory. Waits up to a second: call when the window is gone."""
        self._replays.clear()
        for owner in list(self._owners):
            self.want((), owner)
        self._supervisor.close()
        for _, slot in self._retired:
            slot.close()
        self._retired.clear()

    def _job_of(self, tile: str) -> str | None:
        found = self._streams.tiles.get(tile)
        return None if found is None or found.shown is None else found.shown.stream.job.id

    # ---- media thread -----------------------------------------------------------------------------------------------
    def _tick(self) -> None:
        mono_ns = self._clock.mono_ns()
        with self._lock:
            grants = self._grants(mono_ns)
            changed = self._streams.settle(mono_ns, lambda job: self._supervisor.news(job).error is not None)
            if grants is not None:
                changed = self._streams.grant(grants) or changed
            if changed:
                self._streams.refresh(mono_ns)
                self._pass_on()
            tiles, replays = list(self._streams.tiles.items()), dict(self._replays)
            retired = [slot for since_ns, slot in self._retired if mono_ns - since_ns > _PAINTED_BY_NS]
            self._retired = [entry for entry in self._retired if entry[1] not in retired]
        now_ns, health = self._clock.now_ns(), {}
        for name, tile in tiles:
            view, before = tile.shown, self._health.get(name)
            news = self._supervisor.news(view.stream.job.id) if view is not None else JobNews()
            health[name] = now = health_of(tile, news, before, now_ns, mono_ns, replays.get(name))
            if self._on_health is not None and (before is None or (before.state, before.error) != (now.state, now.error)):
                self._on_health(now)
        self._health = health
        for slot in retired:
            slot.close()
        if self._stills.are_kept:
            self._mind_stills(mono_ns)

    def _grants(self, mono_ns: int) -> Mapping[str, Grant] | None:
        """Twice a second: what each tile may cost, where there is a plan."""
        if self._plan is None or mono_ns - self._planned_ns < _PLAN_EVERY_NS:
            return None
        self._planned_ns = mono_ns
        return self._plan([tile.wanted for tile in self._streams.tiles.values()], self._health, self.load())

    def _mind_stills(self, mono_ns: int) -> None:
        """Read what was asked for; let the children write one for each shown camera that may be kept, twice a minute."""
        self._stills.read_asked()
        with self._lock:
            due = [
                stream for stream in self._streams.streams.values()
                if stream.still_camera and mono_ns - stream.still_ns > _STILL_EVERY_NS
            ]  # fmt: skip
        for stream in due:
            stream.still_ns = mono_ns
            self._supervisor.still(stream.job.id, str(self._stills.path(stream.still_camera)))
