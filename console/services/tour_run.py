"""A tour going round: which step stands, since when, for how long yet, and why it stands still. No threads, no Qt; the clock is
given. Used by the console's tour controller; a patrol is the same without going on by itself.
"""

from __future__ import annotations

from typing import Final, Literal

from console.clock import Clock
from console.model.tour import Route, Step, Tour

Why = Literal["", "operator", "incident", "no_room"]
"""Why it stands still: "" it goes on; the operator paused it, a red incident took the wall, there is no free tile."""
AHEAD_S: Final = 4.0
"""The next pictures are opened so long before the step: a key frame comes every one or two seconds in most cameras."""


class TourRun:
    """One run of a tour's route, which must have a step. `by_hand`: only `step` moves it (a patrol)."""

    def __init__(self, tour: Tour, route: Route, clock: Clock, by_hand: bool = False) -> None:
        if not route.steps:
            raise ValueError("a tour without steps cannot run")
        self.tour, self.route, self.by_hand = tour, route, by_hand
        self._clock = clock
        self.at = 0
        self.shown = 0
        """Steps that have stood on the wall so far."""
        self._since_ns: int | None = None
        self._stood_ns = 0
        self.why: Why = ""

    @property
    def step(self) -> Step:
        return self.route.steps[self.at]

    @property
    def next_step(self) -> Step:
        """What comes after; a route of one step comes back to itself."""
        return self.route.steps[(self.at + 1) % len(self.route.steps)]

    @property
    def is_paused(self) -> bool:
        return self.why != ""

    @property
    def stood_s(self) -> float:
        """Seconds the step has stood on the wall, pauses left out."""
        running_ns = 0 if self._since_ns is None else self._clock.mono_ns() - self._since_ns
        return (self._stood_ns + running_ns) / 1e9

    @property
    def left_s(self) -> float:
        """Seconds until the next step."""
        return max(0.0, self.step.dwell_s - self.stood_s)

    @property
    def wants_next(self) -> bool:
        """Whether it is time to open the next step's pictures ahead."""
        return not self.is_paused and (self.by_hand or self.left_s <= AHEAD_S) and len(self.route.steps) > 1

    def place(self, at: int) -> None:
        """The step number `at` (any whole number, round and round) stands on the wall from now."""
        self.at = at % len(self.route.steps)
        self.shown += 1
        self._stood_ns = 0
        self._since_ns = None if self.is_paused else self._clock.mono_ns()

    def is_over(self) -> bool:
        """Whether the step has stood its time and the next one is due."""
        return not self.by_hand and not self.is_paused and self.left_s <= 0.0

    def pause(self, why: Why) -> None:
        """Stand still; the first reason stays until it goes on."""
        if self.is_paused or not why:
            return
        self._stood_ns = round(self.stood_s * 1e9)
        self._since_ns, self.why = None, why

    def go_on(self) -> None:
        """Go on from where it stood."""
        if self.is_paused:
            self.why, self._since_ns = "", self._clock.mono_ns()
