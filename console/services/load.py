"""Load: what the decoders and the machine report, put together for the budget; its grants for the feeds.

In: the wishes of all walls, the tiles' health, the children's loads. Out: a grant a tile. Called by `Feeds` under its lock, when
the wishes change (GUI thread) and twice a second (media thread); reads the processor's times at most every 0.4 s (0.1 ms).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import psutil

from console.clock import Clock, SystemClock
from console.media.budget import Budget
from console.model.grant import Grant, Load, Want
from console.model.wall import FeedHealth, WantedFeed

_SAMPLE_NS = 400_000_000
_STEADY_NS = 3_000_000_000  # a tile's rates are means of two seconds: one that is live for less tells nothing yet
_SLOW, _UNPAINTED = 0.75, 0.6
_SIZES_KEPT = 512


def _idle_s() -> float:
    """Seconds all cores together were idle since the machine started."""
    times = psutil.cpu_times()
    return float(times.idle) + float(getattr(times, "iowait", 0.0))


class Planner:
    """One per console. `cores` of the machine (0: as many as it has) and its idle seconds so far may be given."""

    def __init__(self, clock: Clock | None = None, cores: int = 0, idle_s: Callable[[], float] = _idle_s) -> None:
        self._clock = clock or SystemClock()
        self._cores = float(cores or os.cpu_count() or 1)
        self._budget = Budget(self._clock)
        self._sizes: dict[str, tuple[int, int]] = {}  # URL → picture size, as last seen
        self._grants: Mapping[str, Grant] = {}
        self._idle_cores = 0.9 * self._cores
        self._idle_s = idle_s
        self._sampled = (self._clock.mono_ns(), idle_s())

    def plan(self, wanted: Sequence[WantedFeed], health: Mapping[str, FeedHealth], load: Load) -> Mapping[str, Grant]:
        """The grant of each wanted tile, by its key."""
        self._sample()
        wants = [self._want(one, health.get(one.tile)) for one in wanted]
        slow, unpainted = self._behind(wants, health)
        whole = replace(load, cores=self._cores, idle=self._idle_cores, slow=slow, unpainted=unpainted)
        self._grants = self._budget.plan(wants, whole)
        return self._grants

    def _sample(self) -> None:
        now_ns, (then_ns, then_s) = self._clock.mono_ns(), self._sampled
        if now_ns - then_ns >= _SAMPLE_NS:
            idle_s = self._idle_s()
            self._sampled = (now_ns, idle_s)
            newest = (idle_s - then_s) / ((now_ns - then_ns) / 1e9)
            self._idle_cores += 0.5 * (min(self._cores, max(0.0, newest)) - self._idle_cores)

    def _want(self, one: WantedFeed, known: FeedHealth | None) -> Want:
        if known is not None and known.width_px and known.camera == one.camera:
            if len(self._sizes) >= _SIZES_KEPT:
                self._sizes.clear()
            self._sizes[one.url_sub if known.profile == "sub" else one.url] = (known.width_px, known.height_px)
        interval_ms = known.interval_ms if known is not None and known.state == "live" else None
        fps = min(60.0, max(1.0, 1000.0 / interval_ms)) if interval_ms else 25.0
        return Want(
            one.tile, one.width_px, one.height_px, bool(one.url_sub), one.priority, one.grade, one.is_tour,
            one.is_large or one.dewarp is not None, one.max_fps,
            self._sizes.get(one.url, (0, 0)), self._sizes.get(one.url_sub, (0, 0)), fps,
        )  # fmt: skip

    def _behind(self, wants: Sequence[Want], health: Mapping[str, FeedHealth]) -> tuple[frozenset[str], frozenset[str]]:
        """Live tiles whose stream gives too few pictures, and those whose pictures are not all painted."""
        slow, unpainted, now_ns = set(), set(), self._clock.now_ns()
        for want in wants:
            known, given = health.get(want.tile), self._grants.get(want.tile)
            if known is None or given is None or given.mode != "all" or known.mode != "all" or known.state != "live":
                continue
            if now_ns - known.since_ns < _STEADY_NS:
                continue
            if known.decoded_fps < _SLOW * want.fps:
                slow.add(want.tile)
            elif known.shown_fps < _UNPAINTED * min(want.fps, given.max_fps):
                unpainted.add(want.tile)
        return frozenset(slow), frozenset(unpainted)
