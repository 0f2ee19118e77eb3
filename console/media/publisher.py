"""Publisher: takes a feed's packets and decoded frames and keeps its slot's newest picture and its liveness figures.

Runs in a decoder child, in whichever thread reads the feed; `aim` may be called from another thread.
"""

from __future__ import annotations

import ctypes
import statistics
from collections import deque
from typing import TYPE_CHECKING

from console.media import slots
from console.media.slots import Slot
from console.model.wall import fitted

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from console.media.scaler import Scaler

_UNKNOWN_INTERVAL_NS = 1_000_000_000  # until a stream has told its own interval, it counts as one picture a second
_KEY_FRAME_AT_LATEST_NS = 4_000_000_000  # after damage: a stream without key frames (intra refresh) is clean again by then


class Target:
    """A slot, the size wanted in it, and the addresses of its buffers for swscale."""

    def __init__(self, name: str, width_px: int, height_px: int) -> None:
        self.slot = Slot.attach(name)
        self.width_px, self.height_px = min(width_px, self.slot.width_px), min(height_px, self.slot.height_px)
        self.addresses = [ctypes.addressof(ctypes.c_char.from_buffer(buffer)) for buffer in self.slot.buffers]


class Publisher:
    """Owns one feed's scaler and current target."""

    def __init__(self, target: Target, scaler: Scaler, max_fps: float) -> None:
        self._target, self._next_target = target, target
        self._scaler = scaler
        self._least_gap_ns = int(0.7e9 / max_fps)
        self._intervals: deque[int] = deque(maxlen=9)
        self._last_stamp: int | None = None
        self._last_packet_ns = 0
        self._shown_ns = 0
        self._damaged_ns: int | None = None
        self._bad_keys, self._is_tolerant = 0, False
        self._shape: tuple[object, ...] = ()
        self._fitted = (2, 2)
        self.last_frame: VideoFrame | None = None
        self.last_arrival_ns = 0
        self.packets = self.decoded = self.drops = 0

    def aim(self, target: Target, max_fps: float) -> None:
        """Publish into another slot from the next picture on (the tile changed its size)."""
        self._least_gap_ns = int(0.7e9 / max_fps)
        self._next_target = target

    def restart(self) -> None:
        """A new connection: time stamps start anew, damage is forgotten."""
        self._last_stamp = None
        self._damaged_ns, self._bad_keys, self._is_tolerant = None, 0, False
        self._shown_ns = 0

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
        if self.packets < 12 or self.packets % 8 == 0:
            self._write_figures()
        self._target.slot.header[slots.LAST_PACKET_NS] = now_ns

    @property
    def interval_ns(self) -> int:
        """The stream's own interval between new packets."""
        return int(statistics.median(self._intervals)) if self._intervals else _UNKNOWN_INTERVAL_NS

    def note_damage(self, now_ns: int) -> None:
        """A packet was lost or broken: hold the last clean picture until the next key frame (freeze, do not smear)."""
        if self._damaged_ns is None:
            self._damaged_ns = now_ns

    def is_due(self, now_ns: int) -> bool:
        """False for a picture that comes sooner than the tile's rate wants it."""
        return now_ns - self._shown_ns >= self._least_gap_ns

    def since_shown_ns(self, now_ns: int) -> int:
        return now_ns - self._shown_ns

    def note_decoded(self, frame: VideoFrame, now_ns: int) -> bool:
        """Count a decoded frame; True when it is clean enough to be shown."""
        self.decoded += 1
        if self._is_tolerant:
            return True
        if frame.is_corrupt:
            self.note_damage(now_ns)
            self._bad_keys += frame.key_frame
        if self._damaged_ns is None:
            return True
        if frame.key_frame and not frame.is_corrupt:
            self._damaged_ns, self._bad_keys = None, 0
            return True
        if now_ns - self._damaged_ns < _KEY_FRAME_AT_LATEST_NS:
            self.drops += 1
            return False
        # Some servers cut each key frame in two, so that every one counts as damaged: an imperfect picture is better than none.
        self._is_tolerant = self._bad_keys > 1
        self._damaged_ns = None
        return True

    def show(self, frame: VideoFrame, pts_ns: int, arrival_ns: int, pixel_aspect: float = 1.0) -> None:
        """Scale `frame` straight into the slot and make it the newest picture."""
        if self._next_target is not self._target:
            old, self._target = self._target, self._next_target
            old.slot.close()
            self._shape = ()
        target, turned = self._target, frame.rotation % 360
        shape = (frame.width, frame.height, pixel_aspect, turned)
        if shape != self._shape:
            self._shape = shape
            if turned in (90, 270):
                height, width = fitted(frame.height, frame.width, target.width_px, target.height_px, 1 / pixel_aspect)
                # A turned picture is stored unturned; its sides must also fit the buffer's.
                self._fitted = min(width, target.slot.width_px), min(height, target.slot.height_px)
            else:
                self._fitted = fitted(frame.width, frame.height, target.width_px, target.height_px, pixel_aspect)
        width, height = self._fitted
        index, pixels = target.slot.begin(width, height)
        self._scaler.scale(frame, width, height, slots.stride_bytes(width), pixels, target.addresses[index])
        target.slot.publish(index, pts_ns, arrival_ns, turned)
        self._shown_ns = arrival_ns
        self.last_frame, self.last_arrival_ns = frame, arrival_ns
        target.slot.header[slots.DECODED] = self.decoded
        if target.slot.generation < 3 or self.decoded % 8 == 0:
            self._write_figures()

    def _write_figures(self) -> None:
        header = self._target.slot.header
        header[slots.PACKETS], header[slots.DECODED], header[slots.DROPS] = self.packets, self.decoded, self.drops
        header[slots.INTERVAL_NS] = self.interval_ns

    def close(self) -> None:
        """Let go of the slots and the scaler. Call from the reading thread once it has ended."""
        for target in {self._target, self._next_target}:
            target.slot.close()
        self._scaler.close()
