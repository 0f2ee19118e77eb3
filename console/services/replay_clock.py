"""The one clock of a replay: what it plays is what every counter, map, tile and list of the window goes by.

In: play, pause, speed, seek. Out: how much is played, and as a `Clock` the recorded time. One thread (the window's) owns it.
"""

from __future__ import annotations

import math

from console.clock import Clock
from console.errors import BadInput
from console.services.replay_tape import Tape

SPEEDS = (1.0, 2.0, 8.0)


def checked_speed(speed: float) -> float:
    """`speed` itself. Raises BadInput unless it is a positive number."""
    if not (math.isfinite(speed) and speed > 0):
        raise BadInput(f"the speed must be a positive number, not {speed}", "--speed", "1 is as lived, 8 is eight times as fast")
    return speed


class ReplayClock:
    """Begins at the first entry, standing still. `source` measures real time; only its monotonic clock is read."""

    boot = "replay"

    def __init__(self, tape: Tape, source: Clock, speed: float = 1.0) -> None:
        self._tape, self._source = tape, source
        self._speed = checked_speed(speed)
        self._base_s = 0.0
        self._since_ns: int | None = None
        """When playing began at `_base_s`; None while it stands."""

    # Clock -----------------------------------------------------------------------------------------------------------

    def now_ns(self) -> int:
        """The recorded UTC time."""
        return self._tape.at_ns(self.position_s)

    def mono_ns(self) -> int:
        """Nanoseconds of the recording played: jumps with a seek."""
        return round(self.position_s * 1e9)

    # playing ---------------------------------------------------------------------------------------------------------

    @property
    def duration_s(self) -> float:
        return self._tape.recording.duration_s

    @property
    def position_s(self) -> float:
        """Seconds of the recording played, from 0 to its duration."""
        if self._since_ns is None:
            return self._base_s
        return min(self.duration_s, self._base_s + (self._source.mono_ns() - self._since_ns) / 1e9 * self._speed)

    @property
    def is_playing(self) -> bool:
        return self._since_ns is not None and not self.is_at_end

    @property
    def is_at_end(self) -> bool:
        return self.position_s >= self.duration_s

    @property
    def speed(self) -> float:
        return self._speed

    def play(self) -> None:
        """Go on; at the end, from the beginning."""
        if self.is_at_end:
            self.seek(0.0)
        if self._since_ns is None:
            self._since_ns = self._source.mono_ns()

    def pause(self) -> None:
        self._base_s, self._since_ns = self.position_s, None

    def set_speed(self, speed: float) -> None:
        """Play faster or slower from here on. Raises BadInput for what is no speed."""
        checked = checked_speed(speed)
        self.seek(self.position_s)
        self._speed = checked

    def seek(self, offset_s: float) -> None:
        """Go to a moment (kept within the recording) and go on as before: playing or standing."""
        self._base_s = min(self.duration_s, max(0.0, offset_s))
        if self._since_ns is not None:
            self._since_ns = self._source.mono_ns()
