"""The replay's side of the window: what `services.link` is to a desk, this is to a bundle. Nothing is sent, to anybody.

In: a Tape, its clock, and commands of the window. Out: entries and positions when they are due, and for every command but
those that change what is looked at the answer `replay_read_only`, by the methods of a `ReplayHeard`, in the caller's thread.
No thread, no socket, no process, no file (faults.md D67).
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from console.model.events import Entry
from console.model.unit import Fix
from console.model.wall import FeedHealth, WantedFeed
from console.services.replay_clock import ReplayClock
from console.services.replay_tape import Still, Tape

VIEW_COMMANDS = frozenset({"OpenTile", "CloseTile"})
"""What changes only what this window shows."""


class ReplayHeard(Protocol):
    """What a replay tells: all that `services.link.Heard` has but lights, and the way back."""

    def phase(self, phase: str, detail: str) -> None: ...

    def attached(self, greeting: dict[str, Any]) -> None: ...

    def entries(self, entries: Sequence[Entry]) -> None: ...

    def positions(self, fixes: Sequence[Fix]) -> None: ...

    def answer(self, number: int, result: dict[str, Any] | None, refused: dict[str, Any] | None) -> None: ...

    def rewound(self) -> None:
        """Forget everything: the entries come again from the first one."""
        ...


class ReplayLink:
    """`start()` once, then `tick()` often; seek and step through it, so that what is shown follows at once."""

    def __init__(self, tape: Tape, heard: ReplayHeard, clock: ReplayClock) -> None:
        self._tape, self._heard, self.clock = tape, heard, clock
        self._numbers = itertools.count(1)
        self._told_s = -math.inf
        """What is due up to here has been told."""

    # as the window knows it from services.link -----------------------------------------------------------------------

    def start(self) -> None:
        """Attach at once and tell what is due."""
        recording = self._tape.recording
        self._heard.attached(
            {"type": "attached", "seq": 0, "exercise": recording.exercise, "roster_version": 0, "needs_password": None}
        )
        self._heard.phase("attached", "")
        self.tick()

    def command(self, kind: str, body: dict[str, Any]) -> int:
        """Answer a command: what is looked at may change, nothing else."""
        number = next(self._numbers)
        if kind in VIEW_COMMANDS:
            self._heard.answer(number, {}, None)
        else:
            self._heard.answer(number, None, {"code": "replay_read_only", "fields": {}})
        return number

    def feed_health(self, feeds: Sequence[dict[str, Any]]) -> None:
        """Nobody wants to know."""

    def close(self) -> None:
        """Stand still."""
        self.clock.pause()

    # playing ---------------------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Tell what has come due since the last call; after a way back, everything from the first entry again."""
        position_s = self.clock.position_s
        if position_s < self._told_s:
            self._heard.rewound()
            self._told_s = -math.inf
        if position_s == self._told_s:
            return
        if entries := self._tape.recording.due(self._told_s, position_s):
            self._heard.entries(entries)
        if fixes := self._tape.fixes_due(self._told_s, position_s):
            self._heard.positions(fixes)
        self._told_s = position_s

    def seek(self, offset_s: float) -> None:
        """Go to a moment: the state there is the fold of all entries up to it, however one came there (D68)."""
        self.clock.seek(offset_s)
        self.tick()

    def step(self, by: int) -> None:
        """Stand at the next moment that has an entry (`by` 1), or at the one before (-1)."""
        self.clock.pause()
        offsets, here_s = self._tape.recording.offsets_s, self.clock.position_s
        if by > 0:
            found = bisect.bisect_right(offsets, here_s)
            self.seek(offsets[found] if found < len(offsets) else here_s)
        else:
            found = bisect.bisect_left(offsets, here_s) - 1
            self.seek(offsets[found] if found >= 0 else 0.0)


class ReplayFeeds:
    """What `services.feeds` is to cameras, this is to the bundle's stills: every tile has the state `replay`, none a stream.

    A wanted tile's URL is never looked at. One thread (the window's).
    """

    def __init__(self, tape: Tape, clock: ReplayClock) -> None:
        self._tape, self._clock = tape, clock
        self._health: dict[str, FeedHealth] = {}

    def want(self, wanted: Sequence[WantedFeed], owner: str = "wall") -> None:
        since_ns = self._clock.now_ns()
        self._health = {one.tile: FeedHealth(one.tile, one.camera, "replay", since_ns) for one in wanted}

    def health(self) -> Mapping[str, FeedHealth]:
        return self._health

    def slot(self, tile: str) -> None:
        """There is no moving picture in a bundle."""

    def still(self, camera: str) -> Still | None:
        """The bundle's newest picture of `camera` up to the moment played."""
        return self._tape.still_at(camera, self._clock.position_s)

    def has_stills(self, camera: str) -> bool:
        """Whether the bundle has any picture of `camera`, now or later."""
        return camera in self._tape.stills

    def knows_still(self, camera: str) -> bool:
        return True

    def mono_ns(self) -> int:
        return self._clock.mono_ns()

    def painted(self, tile: str) -> None: ...

    def retry(self, tile: str) -> None: ...

    def child_pids(self) -> list[int]:
        return []

    def close(self) -> None: ...
