"""Time as an argument: UTC for what people read, a suspend-proof monotonic clock for durations."""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import Protocol

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Clock(Protocol):
    """What every timed part asks for; tests pass `tests.fakes.FakeClock`."""

    boot: str
    """Identifier of this boot of the machine: `mono_ns` of two entries compare only when their `boot` is equal."""

    def now_ns(self) -> int:
        """UTC, nanoseconds since 1970. May jump when the system's clock is set."""
        ...

    def mono_ns(self) -> int:
        """Nanoseconds on a clock that never jumps and goes on while the machine sleeps."""
        ...


class SystemClock:
    """The machine's clocks. CLOCK_BOOTTIME counts time asleep (Linux); elsewhere the monotonic clock."""

    def __init__(self) -> None:
        self.boot = _BOOT_ID.read_text().strip()[:8] if _BOOT_ID.exists() else uuid.uuid4().hex[:8]
        self._source = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC) if hasattr(time, "clock_gettime_ns") else None

    def now_ns(self) -> int:
        return time.time_ns()

    def mono_ns(self) -> int:
        return time.monotonic_ns() if self._source is None else time.clock_gettime_ns(self._source)
