"""Publisher: takes a stream's packets and decoded frames; keeps its liveness figures and the newest picture in every outlet.

Runs in a decoder child, in whichever thread reads the feed; `aim` comes from the child's main thread.
"""

from __future__ import annotations

import contextlib
import statistics
import threading
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from console.media import slots
from console.media.outlet import Outlet

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from console.media.child import Target

_UNKNOWN_INTERVAL_NS = 1_000_000_000  # until a stream has told its own interval, it counts as one picture a second
_KEY_FRAME_AT_LATEST_NS = 4_000_000_000  # after damage: a stream without key frames (intra refresh) is clean again by then
_LONGEST_HOLD_NS = 12_000_000_000
_FIRST_AT_LATEST_NS = 1_000_000_000  # an imperfect first picture, marked, is better than none
_MARKED_NS = 2_500_000_000  # how long an imperfect picture is marked after the last damage


class Publisher:
    """One stream's outlets and figures. `targets` may be empty: then it is decoded for nobody but stills."""

    def __init__(self, targets: Sequence[Target]) -> None:
        self._lock = threading.Lock()  # guards _outlets and what they own
        self._outlets: dict[str, Outlet] = {}
        self._intervals: deque[int] = deque(maxlen=9)
        self._last_stamp: int | None = None
        self._last_packet_ns = 0
        self._key_ns = 0
        self._shown_ns = 0
        self._damaged_ns: int | None = None
        self._last_damage_ns = 0
        self._bad_keys, self._is_tolerant, self._has_picture = 0, False, False
        self._aspect = 1.0
        self.gop_ns = 0
        self.lag_ns = 0
        self.last_frame: VideoFrame | None = None
        self.last_arrival_ns = 0
        self.packets = self.decoded = self.drops = self.late = self.lost = 0
        self.ring_ms = 0
        self._closed = False
        self.aim(targets)

    # ---- outlets (any thread of the child) --------------------------------------------------------------------------
    def aim(self, targets: Sequence[Target]) -> None:
        """Fill these slots from now on. A new one gets the newest picture at once: nobody waits for the stream's next."""
        with self._lock:
            if self._closed:
                return
            names = {target.slot for target in targets}
            for name in [name for name in self._outlets if name not in names]:
                self._outlets.pop(name).close()
            for target in targets:
                known = self._outlets.get(target.slot)
                if known is not None:
                    known.set_target(target)
                    continue
                with contextlib.suppress(FileNotFoundError):  # closed again before we came to it
                    self._outlets[target.slot] = made = Outlet(target)
                    self._write_figures(made)
                    made.slot.header[slots.LAST_PACKET_NS] = self._last_packet_ns
                    if self.last_frame is not None:
                        made.show(self.last_frame, 0, self.last_arrival_ns, 0, self._aspect)

    def close(self) -> None:
        """Let go of the slots. Nothing is published afterwards."""
        with self._lock:
            self._closed = True
            for outlet in self._outlets.values():
                outlet.close()
            self._outlets.clear()
            self.last_frame = None

    # ---- the reading thread -----------------------------------------------------------------------------------------
    def restart(self) -> None:
        """A new connection, or a file's next loop: time stamps start anew, damage is forgotten."""
        self._last_stamp = None
        self._damaged_ns, self._bad_keys, self._is_tolerant, self._has_picture = None, 0, False, False
        self._shown_ns = self._key_ns = self.lag_ns = 0

    def note_packet(self, packet: Packet[VideoStream], now_ns: int, tick_ns: tuple[int, int]) -> None:
        """Count a packet that arrived at `now_ns`; a time stamp's unit lasts `tick_ns` (numerator, denominator) nanoseconds.

        Only a new time stamp is a sign of life (faults.md V48).
        """
        self.packets += 1
        stamp = packet.dts if packet.dts is not None else packet.pts
        if stamp is not None and stamp == self._last_stamp:
            return
        if stamp is not None and self._last_stamp is not None:
            step_ns = (stamp - self._last_stamp) * tick_ns[0] // tick_ns[1]
            if 0 < step_ns < 120_000_000_000:
                self._intervals.append(step_ns)
        elif stamp is None and self._last_packet_ns:
            self._intervals.append(now_ns - self._last_packet_ns)
        self._last_stamp, self._last_packet_ns = stamp, now_ns
        if packet.is_keyframe:
            if self._key_ns:
                self.gop_ns = now_ns - self._key_ns
            self._key_ns = now_ns
        is_telling = self.packets < 12 or self.packets % 8 == 0
        with self._lock:
            for outlet in self._outlets.values():
                if is_telling:
                    self._write_figures(outlet)
                outlet.slot.header[slots.LAST_PACKET_NS] = now_ns

    @property
    def interval_ns(self) -> int:
        """The stream's own interval between new packets."""
        return int(statistics.median(self._intervals)) if self._intervals else _UNKNOWN_INTERVAL_NS

    def note_damage(self, now_ns: int) -> None:
        """A packet was lost or broken: hold the last clean picture until the next key frame (freeze, do not smear)."""
        self.lost += 1
        self._last_damage_ns = now_ns
        if self._damaged_ns is None:
            self._damaged_ns = now_ns

    def is_damaged(self, now_ns: int) -> bool:
        """True while a clean picture is held, or an imperfect one shown, because of damage."""
        if self._damaged_ns is not None:
            return True
        return self._is_tolerant and now_ns - self._last_damage_ns < _MARKED_NS

    def since_shown_ns(self, now_ns: int) -> int:
        return now_ns - self._shown_ns

    def note_decoded(self, frame: VideoFrame, now_ns: int) -> bool:
        """Count a decoded frame; True when it is clean enough to be shown."""
        self.decoded += 1
        if frame.is_corrupt:
            self.note_damage(now_ns)
            self._bad_keys += frame.key_frame
        if self._damaged_ns is None:
            return True
        if frame.key_frame and not frame.is_corrupt:
            self._damaged_ns, self._bad_keys, self._is_tolerant = None, 0, False
            return True
        if self._is_tolerant:
            self._damaged_ns = None
            return True
        if now_ns - self._damaged_ns < self._patience_ns():
            self.drops += 1
            return False
        # Some servers cut each key frame in two, so that every one counts as damaged: an imperfect picture is better than none.
        self._is_tolerant = self._bad_keys > 1 or not self._has_picture
        self._damaged_ns = None
        return True

    def _patience_ns(self) -> int:
        """How long a clean picture is waited for: a group of pictures where its length is known."""
        if not self._has_picture:
            return _FIRST_AT_LATEST_NS
        return min(_LONGEST_HOLD_NS, max(_KEY_FRAME_AT_LATEST_NS, self.gop_ns * 5 // 4))

    def show(self, frame: VideoFrame, pts_ns: int, arrival_ns: int, pixel_aspect: float = 1.0) -> None:
        """Make `frame` the newest picture of every outlet that is due for one. `arrival_ns` less the stream's lag is its age."""
        seen_ns = arrival_ns - self.lag_ns
        with self._lock:
            for outlet in self._outlets.values():
                if outlet.is_due(arrival_ns):
                    outlet.show(frame, pts_ns, seen_ns, arrival_ns, pixel_aspect)
                    outlet.slot.header[slots.DECODED] = self.decoded
                    if outlet.slot.generation < 3:
                        self._write_figures(outlet)
            if not self._closed:
                self.last_frame, self.last_arrival_ns = frame, seen_ns
        self._shown_ns, self._aspect, self._has_picture = arrival_ns, pixel_aspect, True

    def _write_figures(self, outlet: Outlet) -> None:
        header = outlet.slot.header
        header[slots.PACKETS], header[slots.DECODED], header[slots.DROPS] = self.packets, self.decoded, self.drops
        header[slots.INTERVAL_NS], header[slots.LAG_NS], header[slots.RING_MS] = self.interval_ns, self.lag_ns, self.ring_ms
