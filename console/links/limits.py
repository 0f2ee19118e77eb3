"""Bounds on what strangers may cost us: a token bucket per key, and a quarantine that counts a flood instead of writing it."""

from __future__ import annotations

import threading
from collections import OrderedDict

from console.clock import Clock
from console.links.hooks import DeskHooks
from console.logs import mask

MASKED = 1000
"""Characters of a sample that are looked through for passwords: masking takes time with the square of the length."""


class RateLimit:
    """`burst` at once, then `per_s` a second, for each key. Remembers the last 10,000 keys. One thread."""

    KEYS = 10_000

    def __init__(self, clock: Clock, per_s: float, burst: float) -> None:
        self._clock, self._per_s, self._burst = clock, per_s, burst
        self._left: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def wait_s(self, key: str) -> float:
        """Take one: 0.0 when there was one to take, else the seconds until there is (and nothing is taken)."""
        now_ns = self._clock.mono_ns()
        left, then_ns = self._left.pop(key, (self._burst, now_ns))
        left = min(self._burst, left + (now_ns - then_ns) / 1e9 * self._per_s)
        taken = left >= 1.0
        self._left[key] = (left - 1.0 if taken else left, now_ns)
        if len(self._left) > self.KEYS:
            self._left.popitem(last=False)
        return 0.0 if taken else (1.0 - left) / self._per_s


class Quarantine:
    """Hands bad input to the desk: at most twenty a minute and door as they are, the rest as one count. Any thread."""

    PER_MINUTE = 20

    def __init__(self, hooks: DeskHooks, clock: Clock) -> None:
        self._hooks, self._clock = hooks, clock
        self._lock = threading.Lock()
        """Guards _seen."""
        self._seen: dict[str, tuple[int, int, str, str]] = {}
        """door → start of its minute, how many in it, last problem and sample that were only counted."""

    def put(self, door: str, problem: str, sample: str | bytes = "") -> None:
        """One piece of bad input came in at `door`."""
        text = sample[:MASKED].decode("utf-8", "replace") if isinstance(sample, bytes) else sample[:MASKED]
        with self._lock:
            start_ns, count, _, _ = self._seen.get(door, (self._clock.mono_ns(), 0, "", ""))
            self._seen[door] = (start_ns, count + 1, problem, text)
            if count >= self.PER_MINUTE:
                return
        self._tell(door, problem, text, 1)

    def _tell(self, door: str, problem: str, text: str, count: int) -> None:
        self._hooks.quarantine(door, mask(problem[:300]), mask(text)[:200], count)

    def flush(self) -> None:
        """Call now and then: minutes that are over give up their counts."""
        over: list[tuple[str, int, str, str]] = []
        with self._lock:
            for door, (start_ns, count, problem, text) in list(self._seen.items()):
                if self._clock.mono_ns() - start_ns >= 60_000_000_000:
                    del self._seen[door]
                    if count > self.PER_MINUTE:
                        over.append((door, count - self.PER_MINUTE, problem, text))
        for door, count, problem, text in over:
            self._tell(door, problem, text, count)
