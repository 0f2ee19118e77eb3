"""Fakes shared by all tests: small, deterministic, never patching our own modules."""

from __future__ import annotations


class FakeClock:
    """A clock that moves only when told."""

    def __init__(self, now_ns: int = 1_790_000_000_000_000_000, mono_ns: int = 1_000_000_000, boot: str = "testboot") -> None:
        self.boot = boot
        self._now_ns, self._mono_ns = now_ns, mono_ns

    def now_ns(self) -> int:
        return self._now_ns

    def mono_ns(self) -> int:
        return self._mono_ns

    def advance(self, seconds: float) -> None:
        self._now_ns += int(seconds * 1e9)
        self._mono_ns += int(seconds * 1e9)

    def step_wall_clock(self, seconds: float) -> None:
        """Set the system's clock without time passing (NTP step, faults.md D16)."""
        self._now_ns += int(seconds * 1e9)
