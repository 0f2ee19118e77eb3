"""Back-off: when a failed stream may be tried again. It starts short again only after a time of health (faults.md V50)."""

from __future__ import annotations

from collections.abc import Callable

from console.clock import Clock
from console.model.wall import HEALTHY_AFTER_NS, FeedError, back_off_s


class Backoff:
    """One stream's. `failures` and `not_before_ns` (monotonic) may come from a child that died; `dice` gives 0…1."""

    def __init__(self, clock: Clock, dice: Callable[[], float], failures: int = 0, not_before_ns: int = 0) -> None:
        self._clock, self._dice = clock, dice
        self.failures, self.not_before_ns = failures, not_before_ns
        self._opened_ns = 0

    @property
    def has_opened(self) -> bool:
        """True from the first picture of a try to its failure."""
        return self._opened_ns > 0

    def opened(self) -> None:
        """The stream has a picture."""
        self._opened_ns = self._clock.mono_ns()

    def failed(self, word: FeedError) -> None:
        """A try failed or a running stream ended: wait, longer each time."""
        now_ns = self._clock.mono_ns()
        if self._opened_ns and now_ns - self._opened_ns >= HEALTHY_AFTER_NS:
            self.failures = 0
        self._opened_ns = 0
        self.failures += 1
        self.not_before_ns = now_ns + int(back_off_s(word, self.failures, self._dice()) * 1e9)

    def wait_s(self) -> float:
        """Seconds until the next try; 0 or less: now."""
        return (self.not_before_ns - self._clock.mono_ns()) / 1e9
