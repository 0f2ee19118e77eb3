"""LivePlay: a live stream, always at its newest picture. Never paced by time stamps: that keeps for ever the delay it began with.

Runs in the feed's own thread of a decoder child. What it waits for, it says (`notice`); what stays behind, it gives up (Lagging).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from console.clock import Clock
from console.media.decoding import Decoding
from console.media.fileplay import Tap, tick_ns
from console.media.framegap import GapFinder
from console.media.lag import LagMeter
from console.media.publisher import Publisher
from console.media.source import SourceFailed

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream


_WAITED_NS = 1_000_000  # a packet that came sooner than this after the last one was done with stood waiting
_BACKLOG_PACKETS = 3  # packets that stood waiting: the newest is not this one
_BEHIND_NS = 500_000_000
_CATCHING_UP_NS = 300_000_000  # decoding everything, unshown, gains ground within this, or key frames alone must
_LAG_LIMIT_NS = 2_000_000_000
_LAG_PATIENCE_NS = 5_000_000_000
_SHOW_WHILE_BEHIND_NS = 100_000_000
_NO_PICTURE_NS, _NO_FIRST_PICTURE_NS = 20_000_000_000, 60_000_000_000


class Lagging(Exception):
    """The stream stays behind though nothing stands waiting here: the sender's queue is long, only a new connection helps."""


class LivePlay:
    """One connection of a live stream. `tap` gets each packet before it is decoded; `opened` is called with the first picture and
    the first of each new size, `notice` with the word for what is waited for ("" nothing)."""

    def __init__(
        self, container: InputContainer, stream: VideoStream, decoding: Decoding, publisher: Publisher, clock: Clock,
        tap: Tap | None, opened: Callable[[VideoFrame], None], notice: Callable[[str], None], may_reopen: Callable[[], bool],
    ) -> None:  # fmt: skip
        self._container, self._stream, self._decoding, self._publisher = container, stream, decoding, publisher
        self._clock, self._tap, self._opened, self._notice, self._may_reopen = clock, tap, opened, notice, may_reopen
        self._aspect = float(stream.sample_aspect_ratio or 1) or 1.0
        self._lag = LagMeter()
        self._gaps = GapFinder(stream.codec_context.extradata) if stream.codec_context.name == "h264" else None
        self._size = (0, 0)
        self._picture_ns = clock.mono_ns()
        self._backlog = 0
        self._behind_since_ns: int | None = None
        self._behind_at_first_ns = 0
        self._lagging_since_ns: int | None = None
        self._is_catching_up = False
        self.most_backlog = 0
        self.busy_since_ns = 0

    def run(self, is_current: Callable[[], bool]) -> None:
        """Read until the stream ends or `is_current` is false. Raises Lagging, SourceFailed, av's errors, OSError."""
        clock, publisher, tick = self._clock, self._publisher, tick_ns(self._stream)
        ready_ns = clock.mono_ns()
        self._notice("first_picture")
        for packet in self._container.demux(self._stream):
            now_ns = clock.mono_ns()
            if not is_current() or not packet.size:
                return
            self._backlog = self._backlog + 1 if now_ns - ready_ns < _WAITED_NS else 0
            self.most_backlog = max(self.most_backlog, self._backlog)
            if self._tap is not None:
                self._tap(packet, now_ns)
            publisher.note_packet(packet, now_ns, tick)
            if packet.is_corrupt or (self._gaps is not None and self._gaps.is_after_gap(packet)):
                publisher.note_damage(now_ns)
            stamp = packet.dts if packet.dts is not None else packet.pts
            if stamp is not None:
                publisher.lag_ns = self._shown_lag(self._lag.note(stamp * tick[0] // tick[1], now_ns))
            self._mind_lag(now_ns)
            self._mind_pictures(now_ns)
            if self._decoding.wants(packet, only_keys=self._is_catching_up):
                self.busy_since_ns = now_ns
                self._decode(packet, now_ns, tick)
                self.busy_since_ns = 0
            elif not self._size[0]:
                self._notice("key_frame")
            ready_ns = clock.mono_ns()

    def _decode(self, packet: Packet[VideoStream], now_ns: int, tick: tuple[int, int]) -> None:
        publisher = self._publisher
        for frame in self._frames(packet, now_ns):
            self._picture_ns = now_ns
            if not publisher.note_decoded(frame, now_ns):
                continue
            if self._backlog >= _BACKLOG_PACKETS and publisher.since_shown_ns(now_ns) < _SHOW_WHILE_BEHIND_NS:
                publisher.drops += 1
                publisher.late += 1
            else:
                publisher.show(frame, frame.pts * tick[0] // tick[1] if frame.pts is not None else 0, now_ns, self._aspect)
            if (frame.width, frame.height) != self._size:
                self._size = (frame.width, frame.height)
                self._opened(frame)
        if publisher.is_damaged(now_ns):
            self._notice("damaged")
        elif not self._size[0]:
            self._notice("key_frame")
        else:
            self._notice("slow" if self._is_catching_up else "")

    def _frames(self, packet: Packet[VideoStream], now_ns: int) -> list[VideoFrame]:
        import av.error

        try:
            return self._decoding.frames(packet)
        except (av.error.InvalidDataError, av.error.EOFError):
            self._publisher.note_damage(now_ns)
            return []

    def _mind_pictures(self, now_ns: int) -> None:
        """Packets, but no picture for long: what is sent is not what was announced (faults.md V36). Raises SourceFailed."""
        gop_ns = self._publisher.gop_ns
        limit_ns = max(_NO_PICTURE_NS, 3 * gop_ns) if gop_ns and self._size[0] else _NO_FIRST_PICTURE_NS
        if now_ns - self._picture_ns > limit_ns:
            raise SourceFailed("bad_stream", "packets, but no picture in them")

    # ---- lag (faults.md V47, V60) -----------------------------------------------------------------------------------
    def _shown_lag(self, lag_ns: int) -> int:
        """What of the lag is told: not the ordinary jitter of arrival."""
        return lag_ns if lag_ns > _SHOW_WHILE_BEHIND_NS else 0

    def _mind_lag(self, now_ns: int) -> None:
        """Behind with packets waiting: decode without showing, then key frames alone. Behind without: open anew (Lagging)."""
        lag_ns = self._lag.lag_ns
        if self._backlog and lag_ns > _BEHIND_NS:
            if self._behind_since_ns is None:
                self._behind_since_ns, self._behind_at_first_ns = now_ns, lag_ns
            # Decoding all without showing it is quicker than any key frame, if the processor has room; else it gains nothing.
            is_gaining = lag_ns < 0.8 * self._behind_at_first_ns
            if self._decoding.is_lowered or (now_ns - self._behind_since_ns > _CATCHING_UP_NS and not is_gaining):
                self._is_catching_up = True
        elif not self._backlog:
            self._behind_since_ns, self._is_catching_up = None, False
        if lag_ns < _LAG_LIMIT_NS or self._is_catching_up:
            self._lagging_since_ns = None
        elif self._lagging_since_ns is None:
            self._lagging_since_ns = now_ns
        elif now_ns - self._lagging_since_ns > _LAG_PATIENCE_NS and self._may_reopen():
            raise Lagging
