"""Lag: how far a live stream's pictures are behind, measured against the stream's own clock. Pure arithmetic.

In: each packet's time stamp and arrival. Out: how much later it came than the quickest one did. The quickest is forgotten
slowly, so that a camera whose clock runs 50 ppm wrong does not seem to fall behind over hours (faults.md V44).
"""

from __future__ import annotations

_DRIFT_PPM = 100
_JUMP_NS = 5_000_000_000  # stamps that move this much otherwise than the clock have jumped: the camera's clock was set
_BACK_NS = 1_000_000_000  # more than any reordering of pictures


class LagMeter:
    """One connection's lag. `lag_ns` is the newest packet's, 0 before the second one."""

    def __init__(self) -> None:
        self._least_ns: int | None = None
        self._stamp_ns = 0
        self._arrival_ns = 0
        self.lag_ns = 0
        self.jumps = 0

    def note(self, stamp_ns: int, arrival_ns: int) -> int:
        """Take a packet's time stamp and arrival, in nanoseconds of their own clocks; returns the lag."""
        offset_ns, least_ns = arrival_ns - stamp_ns, self._least_ns
        passed_ns, step_ns = arrival_ns - self._arrival_ns, stamp_ns - self._stamp_ns
        self._stamp_ns, self._arrival_ns = stamp_ns, arrival_ns
        if least_ns is None or self._has_jumped(step_ns, passed_ns):
            self.jumps += least_ns is not None
            # A jump tells nothing of the lag: what was behind before still is.
            self._least_ns = offset_ns - self.lag_ns
            return self.lag_ns
        self._least_ns = min(offset_ns, least_ns + passed_ns * _DRIFT_PPM // 1_000_000)
        self.lag_ns = offset_ns - self._least_ns
        return self.lag_ns

    @staticmethod
    def _has_jumped(step_ns: int, passed_ns: int) -> bool:
        """Stamps far ahead of the clock or far back; far behind it is a stall whose packets were kept, and that is lag."""
        return step_ns < -_BACK_NS or (step_ns > _JUMP_NS and abs(step_ns - passed_ns) > _JUMP_NS)
