"""Replay: plays a ring into a slot of its own while the live picture goes on; pause, step, speed, jump, back to live.

In: acts from the console. Out: pictures in the slot, each with its own time as its arrival (so that its age is how far behind
live it is), and what became of the replay by `tell`. One thread of a decoder child, for as long as the replay is on.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from console.clock import Clock
from console.media.tape import Tape

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from console.media.outlet import Outlet

_log = logging.getLogger(__name__)
SPEEDS: Final = (0.25, 0.5, 1.0, 2.0, 4.0)
_CAUGHT_UP_NS: Final = 700_000_000  # nearer to live than this it is live
_LATE_NS: Final = 500_000_000
_LOOK_S: Final = 0.2


class Replay:
    """Owns `outlet`. `start` begins; `act` and `close` from any thread. `tell` gets {"end": "live"} when it caught up, or
    {"end": "failed"}; after `close` it says nothing more."""

    def __init__(self, tape: Tape, outlet: Outlet, clock: Clock, tell: Callable[[dict[str, object]], None], from_ns: int) -> None:
        self._tape, self._outlet, self._clock, self._tell = tape, outlet, clock, tell
        self._from_ns = from_ns
        self._changed = threading.Condition()  # guards what follows
        self._acts: list[tuple[str, float]] = []
        self._closed = False
        self._speed, self._is_paused = 1.0, False
        self._base_mono_ns = self._base_tape_ns = self._shown_ns = 0
        self._picture: tuple[VideoFrame, int] | None = None
        self._ahead: tuple[VideoFrame, int] | None = None
        self._thread = threading.Thread(target=self._run, name="replay", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def act(self, what: str, amount: float = 0.0) -> None:
        """`pause` (1; 0 plays on), `step` (±1 frame), `jump` (± seconds), `speed` (one of SPEEDS), `to` (monotonic ns)."""
        with self._changed:
            self._acts.append((what, amount))
            self._changed.notify()

    @property
    def picture(self) -> tuple[VideoFrame, int] | None:
        """The frame shown, and when it belongs (monotonic ns)."""
        return self._picture

    def close(self) -> None:
        """End the replay; its thread lets go of the slot."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def join(self, seconds: float) -> None:
        """Wait until the thread has gone."""
        self._thread.join(seconds)

    # ---- its thread -------------------------------------------------------------------------------------------------
    def _run(self) -> None:
        end = ""
        try:
            self._show(self._tape.seek(self._from_ns))
            while not end:
                acts, wait_s = self._due()
                if self._closed:
                    break
                for what, amount in acts:
                    self._do(what, amount)
                if not acts and wait_s <= 0 and not self._is_paused:
                    end = self._play()
        except (LookupError, ValueError, OSError) as cause:
            _log.info("a replay ended: %s", cause)
            end = "failed"
        finally:
            self._outlet.close()
        if end and not self._closed:
            self._tell({"end": end})

    def _due(self) -> tuple[list[tuple[str, float]], float]:
        """What is asked for, after waiting for the next picture's moment at most."""
        with self._changed:
            wait_s = None if self._is_paused else self._wait_s()
            if not self._acts and not self._closed and (wait_s is None or wait_s > 0):
                self._changed.wait(wait_s)
            acts, self._acts = self._acts, []
        return acts, 0.0 if self._is_paused else self._wait_s()

    def _wait_s(self) -> float:
        if self._ahead is None:
            return 0.0
        due_ns = self._base_mono_ns + int((self._ahead[1] - self._base_tape_ns) / self._speed)
        return (due_ns - self._clock.mono_ns()) / 1e9

    def _play(self) -> str:
        """Show the frame that is due and decode the next; a word when the replay has come to its end."""
        if self._ahead is None:
            self._ahead = self._tape.forward()
        if self._ahead is None:
            if self._clock.mono_ns() - self._tape.arrived_ns < _CAUGHT_UP_NS * max(1.0, self._speed):
                return "live"
            with self._changed:  # nothing newer yet: the camera is silent
                if not self._acts and not self._closed:
                    self._changed.wait(_LOOK_S)
            self._rebase()
            return ""
        if self._wait_s() > 0:
            return ""
        if self._wait_s() < -_LATE_NS / 1e9:
            self._rebase(self._ahead[1])
        self._show(self._ahead)
        self._ahead = None
        return "live" if self._clock.mono_ns() - self._tape.position_ns < _CAUGHT_UP_NS else ""

    def _do(self, what: str, amount: float) -> None:
        if what == "pause":
            self._is_paused = bool(amount)
        elif what == "speed":
            self._speed = min(SPEEDS, key=lambda speed: abs(speed - amount))
        elif what == "step":
            self._is_paused = True
            self._show(self._forward() if amount > 0 else self._seek(self._shown_ns - 1))
        elif what in ("jump", "to"):
            wanted_ns = int(amount) if what == "to" else self._shown_ns + int(amount * 1e9)
            newest_ns = self._clock.mono_ns() - _CAUGHT_UP_NS * 2
            self._show(self._seek(min(wanted_ns, newest_ns)))
        self._rebase()

    def _forward(self) -> tuple[VideoFrame, int] | None:
        found, self._ahead = self._ahead, None
        return found or self._tape.forward()

    def _seek(self, time_ns: int) -> tuple[VideoFrame, int] | None:
        self._ahead = None
        return self._tape.seek(time_ns)

    def _rebase(self, tape_ns: int | None = None) -> None:
        self._base_mono_ns = self._clock.mono_ns()
        self._base_tape_ns = self._shown_ns if tape_ns is None else tape_ns

    def _show(self, found: tuple[VideoFrame, int] | None) -> None:
        if found is None:
            return
        frame, time_ns = found
        self._outlet.show(frame, time_ns, time_ns, self._clock.mono_ns(), self._tape.aspect)
        first = not self._base_mono_ns
        self._shown_ns, self._picture = time_ns, found
        if first:
            self._rebase()
