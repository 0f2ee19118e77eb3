"""FilePlay: a file at its own rate, looped, stepped by the child's one file thread."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any

from console.clock import Clock
from console.media.decoding import Decoding
from console.media.publisher import Publisher
from console.media.source import SourceFailed

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

Tap = Callable[["Packet[VideoStream]", int], None]
"""Takes each packet and its arrival (monotonic ns) before it is decoded."""

GRID_NS = 40_000_000  # files start on a common grid of 25 a second, so that one wake-up serves them all


def tick_ns(stream: VideoStream) -> tuple[int, int]:
    """How long one unit of the stream's time stamps lasts, in nanoseconds: numerator and denominator (a Fraction costs 5 µs)."""
    base = stream.time_base
    return (base.numerator * 1_000_000_000, base.denominator) if base else (1, 1)


class FilePlay:
    """Plays `container`; `tap` gets each packet before it is decoded."""

    def __init__(
        self, container: InputContainer, stream: VideoStream, publisher: Publisher, clock: Clock,
        open_again: Callable[[], tuple[InputContainer, Decoding]], decoding: Decoding, tap: Tap | None,
    ) -> None:  # fmt: skip
        self.container, self._stream, self._publisher, self._clock = container, stream, publisher, clock
        self._open_again, self._decoding, self._tap = open_again, decoding, tap
        self._aspect = float(stream.sample_aspect_ratio or 1) or 1.0
        rate = stream.average_rate or stream.guessed_rate
        self._step_ns = int(1e9 / float(rate)) if rate and 0.01 < rate < 1000 else GRID_NS
        self._pictures = self._decode()
        self._ahead: tuple[VideoFrame, int] | None = None
        self._base_ns = 0
        self.due_ns = 0

    def first(self) -> bool:
        """Show the first picture at once; False when the file has none."""
        found = next(self._pictures, None)
        if found is None:
            return False
        frame, pts_ns = found
        now_ns = self._clock.mono_ns()
        self._base_ns = -pts_ns
        self._publisher.show(frame, pts_ns, now_ns, self._aspect)
        return True

    def begin(self) -> None:
        """Let the file's time run from here, on the common grid."""
        now_ns = self._clock.mono_ns()
        self._base_ns += now_ns - now_ns % GRID_NS
        self.due_ns = now_ns - now_ns % GRID_NS + self._step_ns

    def step(self, now_ns: int) -> None:
        """Decode the next picture and show it, unless its time is still to come (then it is kept) or has long passed.

        Decoding when the picture is due, not ahead of it, lets the scaler read it while it is in the processor's cache.
        Raises SourceFailed when the file has no more pictures.
        """
        found = self._ahead or next(self._pictures, None)
        if found is None:
            raise SourceFailed("bad_stream", "the file has no more pictures")
        (frame, pts_ns), self._ahead = found, None
        behind_ns = now_ns - self._base_ns - pts_ns
        if behind_ns < -5_000_000:
            self._ahead, self.due_ns = found, now_ns - behind_ns
            return
        if behind_ns > 1_000_000_000:
            self._base_ns += behind_ns  # the machine is too slow or slept: go on from here, do not hurry after
            behind_ns = 0
        is_stale = behind_ns > max(self._step_ns, 80_000_000) and self._publisher.since_shown_ns(now_ns) < 200_000_000
        if is_stale:
            self._publisher.drops += 1
            self._publisher.late += 1
        else:
            self._publisher.show(frame, pts_ns, now_ns, self._aspect)
        self.due_ns = self._base_ns + pts_ns + self._step_ns

    def close(self) -> None:
        """Close the file and let go of its pictures now.

        Left to the collector, the decoders of hundreds of closed files stay (0.5 MB each at 320×240).
        """
        self._pictures.close()
        self._ahead = None
        self.container.close()

    def _decode(self) -> Generator[tuple[VideoFrame, int], None, None]:
        """Frames with their time since the file's first start, over every loop, until a loop yields none."""
        import av.error

        publisher, start_ns, tick = self._publisher, 0, tick_ns(self._stream)
        while True:
            first_ns, last_ns, count = None, start_ns - self._step_ns, 0
            for packet in self._packets():
                now_ns = self._clock.mono_ns()
                if packet.size:
                    if self._tap is not None:
                        self._tap(packet, now_ns)
                    if not self._decoding.wants(packet):
                        continue  # a file shown by key frames alone is read in one go from one to the next
                    publisher.note_packet(packet, now_ns, tick)
                try:
                    frames = self._decoding.frames(packet)
                except (av.error.InvalidDataError, av.error.EOFError):
                    publisher.note_damage(now_ns)
                    continue
                for frame in frames:
                    if not publisher.note_decoded(frame, now_ns):
                        continue
                    pts_ns = last_ns + self._step_ns
                    if frame.pts is not None:
                        media_ns = frame.pts * tick[0] // tick[1]
                        first_ns = media_ns - pts_ns if first_ns is None else first_ns
                        if 0 < media_ns - first_ns - last_ns < 10_000_000_000:
                            pts_ns = media_ns - first_ns
                        else:
                            first_ns = media_ns - pts_ns  # a jump in the file's time stamps is no reason to wait
                    last_ns, count = pts_ns, count + 1
                    yield frame, pts_ns
            if not count:
                return
            start_ns = last_ns + self._step_ns
            self._rewind()
            publisher.restart()

    def _rewind(self) -> None:
        """Back to the first picture; a file that cannot seek is opened anew. Raises SourceFailed."""
        import av.error

        try:
            self.container.seek(0)
            self._decoding.flush()
        except (av.error.FFmpegError, OSError):
            former = self.container
            self.container, self._decoding = self._open_again()
            self._stream = self.container.streams.video[0]
            former.close()

    def _packets(self) -> Iterator[Any]:
        import av.error

        try:
            yield from self.container.demux(self._stream)
        except av.error.InvalidDataError:
            return  # a cut file: what it has is played and looped
