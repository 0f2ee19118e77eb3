"""Reader: opens one feed again and again until it is closed, and plays it into its publisher.

A thread opens the source and waits out the back-off. A live source stays with that thread; a file is handed to the child's
one file thread, which calls `step` when the next picture is due: several files cost one wake-up, not one each.
While feeds of this child still wait for their first picture, those that have theirs stand back for a moment.
Every try has a number (the fence): a thread that was given up and comes back late finds another number and goes away.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from console.clock import Clock
from console.media import source
from console.media.child import ChildOptions, Job, Report
from console.media.publisher import Publisher, Target
from console.media.source import Source, SourceFailed
from console.model.wall import HEALTHY_AFTER_NS, FeedError, back_off_s

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_GRID_NS = 40_000_000  # files start on a common grid of 25 a second, so that one wake-up serves them all
_STAND_BACK_S = 0.3
_BACKLOG_PACKETS = 3  # packets that stood waiting: the newest is not this one
_LAG_LIMIT_NS = 2_000_000_000


def _tick_ns(stream: VideoStream) -> tuple[int, int]:
    """How long one unit of the stream's time stamps lasts, in nanoseconds: numerator and denominator (a Fraction costs 5 µs)."""
    base = stream.time_base
    return (base.numerator * 1_000_000_000, base.denominator) if base else (1, 1)


class Reader:
    """One feed of a decoder child. `on_file` takes an opened file for the file thread; `report` sends to the console."""

    def __init__(
        self, job: Job, publisher: Publisher, options: ChildOptions, clock: Clock,
        report: Callable[[Report], None], on_file: Callable[[Reader], None], opening: set[str],
    ) -> None:  # fmt: skip
        self._opening = opening
        opening.add(job.id)
        self.job, self._publisher, self._options, self._clock = job, publisher, options, clock
        self._report, self._on_file = report, on_file
        self._checked: Source = source.parse(job.url)
        self._wake = threading.Event()
        self._failures, self._not_before_ns = job.failures, job.not_before_ns
        self._attempt = 0
        self._began_ns: int | None = None
        self._opened_ns = 0
        self._threads = 0
        self.closed = False
        self.due_ns = 0
        self._file: _FilePlay | None = None

    # ---- life cycle (the child's main thread) -----------------------------------------------------------------------
    def start(self) -> None:
        """Begin a try in a thread of its own."""
        self._attempt += 1
        threading.Thread(target=self._run, args=(self._attempt,), name=f"feed {self.job.id}", daemon=True).start()

    def retry(self) -> None:
        """Try at once: the operator asked."""
        self._not_before_ns = 0
        self._wake.set()

    def aim(self, target: Target, max_fps: float) -> None:
        self._publisher.aim(target, max_fps)

    def close(self) -> None:
        """Make every thread of this feed leave; the one that reads lets go of the slot."""
        self.closed = True
        self._opening.discard(self.job.id)
        self._attempt += 1
        self._wake.set()

    def replace_if_stuck(self, now_ns: int) -> bool:
        """Give up a try that native code never returns from (V53) and begin another; True when that was needed."""
        began_ns = self._began_ns
        if self.closed or began_ns is None or now_ns - began_ns < int((self._options.open_timeout_s * 2 + 5) * 1e9):
            return False
        self._began_ns = None
        self._fail("timeout")
        self.start()
        return True

    @property
    def last_picture(self) -> tuple[VideoFrame, int] | None:
        """The newest decoded frame and its arrival, for a still."""
        frame = self._publisher.last_frame
        return None if frame is None else (frame, self._publisher.last_arrival_ns)

    # ---- the feed's thread ------------------------------------------------------------------------------------------
    def _run(self, attempt: int) -> None:
        handed_over = False
        while self._attempt == attempt:
            wait_s = (self._not_before_ns - self._clock.mono_ns()) / 1e9
            if wait_s > 0:
                self._wake.wait(wait_s)
                self._wake.clear()
                continue
            try:
                handed_over = self._try_once(attempt)
            except SourceFailed as failed:
                if self._attempt == attempt:
                    self._began_ns = None
                    self._fail(failed.word)
            if handed_over:
                return
        if self.closed:
            self._publisher.close()

    def _try_once(self, attempt: int) -> bool:
        import av.error

        self._began_ns = self._clock.mono_ns()
        container = source.open_source(
            self._checked, self._options.open_timeout_s, self._options.read_timeout_s, self._options.transport
        )
        is_handed_over = False
        try:
            self._began_ns = None
            if self._attempt != attempt:
                return False
            stream = container.streams.video[0]
            self._set_up(stream)
            self._publisher.restart()
            if self._checked.kind == "file" or (container.duration or 0) > 0:
                self._file = _FilePlay(container, stream, self._publisher, self._clock, self._open_again)
                if not self._file.first():
                    raise SourceFailed("bad_stream", "no picture in it")
                self._has_opened()
                self._file.begin()
                is_handed_over = True
                self.due_ns = self._file.due_ns
                self._on_file(self)
            else:
                self._play_live(container, stream, attempt)
        except (av.error.FFmpegError, OSError) as cause:
            raise SourceFailed(source.word_for(cause, self._checked.kind != "file"), "while reading") from cause
        finally:
            if self._attempt == attempt:
                self._began_ns = None
            if not is_handed_over:
                container.close()
        return is_handed_over

    def _open_again(self) -> InputContainer:
        """A file of this feed once more, for its next loop: raw streams (.264) have no index to go back by."""
        container = source.open_source(
            self._checked, self._options.open_timeout_s, self._options.read_timeout_s, self._options.transport
        )
        self._set_up(container.streams.video[0])
        return container

    def _set_up(self, stream: VideoStream) -> None:
        context = stream.codec_context
        context.thread_count = 1
        height, wanted = context.height or 0, self.job.height_px
        if self.job.priority > 0 and height > 1.8 * wanted:
            # Scaling to about half smooths the block edges the loop filter would. Measured at 330x270 from 704x576 without it,
            # at the end of a two-second group of pictures: 42-57 dB from the filtered picture, and 0.2 ms of 1.6 ms saved.
            context.options = {"skip_loop_filter": "all"}
        if self.job.keyframes_only:
            context.skip_frame = "NONKEY"

    def _has_opened(self) -> None:
        self._opened_ns = self._clock.mono_ns()
        self._report(Report(self.job.id, self._attempt, None))
        self._opening.discard(self.job.id)
        deadline_s = time.monotonic() + _STAND_BACK_S
        while self._opening and time.monotonic() < deadline_s and not self.closed:
            time.sleep(0.005)

    def _fail(self, word: FeedError) -> None:
        now_ns = self._clock.mono_ns()
        if self._opened_ns and now_ns - self._opened_ns >= HEALTHY_AFTER_NS:
            self._failures = 0
        self._opened_ns = 0
        self._opening.discard(self.job.id)
        self._failures += 1
        self._not_before_ns = now_ns + int(back_off_s(word, self._failures, random.random()) * 1e9)
        self._report(Report(self.job.id, self._attempt, word, self._failures, self._not_before_ns))

    def _play_live(self, container: InputContainer, stream: VideoStream, attempt: int) -> None:
        """Show the newest picture as it comes, never paced by time stamps: pacing keeps for ever the delay it began with."""
        import av.error

        publisher, clock, context = self._publisher, self._clock, stream.codec_context
        aspect = float(stream.sample_aspect_ratio or 1) or 1.0
        tick_ns = _tick_ns(stream)
        has_picture, backlog, least_offset_ns, ready_ns = False, 0, None, clock.mono_ns()
        for packet in container.demux(stream):
            now_ns = clock.mono_ns()
            if self._attempt != attempt:
                return
            if not packet.size:
                break
            backlog = backlog + 1 if now_ns - ready_ns < 1_000_000 else 0
            publisher.note_packet(packet, now_ns, tick_ns)
            if packet.is_corrupt:
                publisher.note_damage(now_ns)
            pts_ns = packet.pts * tick_ns[0] // tick_ns[1] if packet.pts is not None else 0
            if pts_ns:
                offset_ns = now_ns - pts_ns
                least_offset_ns = offset_ns if least_offset_ns is None else min(least_offset_ns, offset_ns)
                is_behind = backlog > 25 and offset_ns - least_offset_ns > _LAG_LIMIT_NS
                if not self.job.keyframes_only:
                    if is_behind and context.skip_frame != "NONKEY":
                        context.skip_frame = "NONKEY"  # too slow for every picture: catch up on key frames (V47)
                    elif not backlog and context.skip_frame == "NONKEY":
                        context.skip_frame, least_offset_ns = "DEFAULT", offset_ns
                        publisher.note_damage(now_ns)
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                publisher.note_damage(now_ns)
                frames = []
            for frame in frames:
                is_clean = publisher.note_decoded(frame, now_ns)
                is_stale = backlog >= _BACKLOG_PACKETS and publisher.since_shown_ns(now_ns) < 100_000_000
                if not is_clean:
                    continue
                if is_stale:
                    publisher.drops += 1
                elif publisher.is_due(now_ns):
                    publisher.show(frame, pts_ns, now_ns, aspect)
                if not has_picture:
                    has_picture = True
                    self._has_opened()
            ready_ns = clock.mono_ns()
        if self._attempt == attempt:
            raise SourceFailed("unreachable", "the stream ended")

    # ---- the file thread --------------------------------------------------------------------------------------------
    def step(self, now_ns: int) -> bool:
        """Show the picture that is due and decode the next; False when this feed has left the file thread."""
        file = self._file
        if file is None:
            return False
        if self.closed:
            file.container.close()
            self._publisher.close()
            return False
        try:
            file.step(now_ns)
        except SourceFailed as failed:
            file.container.close()
            self._file = None
            self._fail(failed.word)
            self.start()
            return False
        self.due_ns = file.due_ns
        return True


class _FilePlay:
    """A file at its own rate, looped."""

    def __init__(
        self, container: InputContainer, stream: VideoStream, publisher: Publisher, clock: Clock,
        open_again: Callable[[], InputContainer],
    ) -> None:  # fmt: skip
        self.container, self._stream, self._publisher, self._clock = container, stream, publisher, clock
        self._open_again = open_again
        self._aspect = float(stream.sample_aspect_ratio or 1) or 1.0
        rate = stream.average_rate or stream.guessed_rate
        self._step_ns = int(1e9 / float(rate)) if rate and 0.01 < rate < 1000 else _GRID_NS
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
        self._base_ns += now_ns - now_ns % _GRID_NS
        self.due_ns = now_ns - now_ns % _GRID_NS + self._step_ns

    def step(self, now_ns: int) -> None:
        """Decode the next picture and show it, unless its time is still to come (then it is kept) or has long passed.

        Decoding when the picture is due, not ahead of it, lets the scaler read it while it is in the processor's cache.
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
        elif self._publisher.is_due(now_ns):
            self._publisher.show(frame, pts_ns, now_ns, self._aspect)
        self.due_ns = self._base_ns + pts_ns + self._step_ns

    def _decode(self) -> Iterator[tuple[VideoFrame, int]]:
        """Frames with their time since the file's first start, over every loop, until a loop yields none."""
        import av.error

        publisher, start_ns, tick_ns = self._publisher, 0, _tick_ns(self._stream)
        while True:
            first_ns, last_ns, count = None, start_ns - self._step_ns, 0
            for packet in self._packets():
                now_ns = self._clock.mono_ns()
                if packet.size:
                    publisher.note_packet(packet, now_ns, tick_ns)
                try:
                    frames = packet.decode()
                except (av.error.InvalidDataError, av.error.EOFError):
                    publisher.note_damage(now_ns)
                    continue
                for frame in frames:
                    if not publisher.note_decoded(frame, now_ns):
                        continue
                    pts_ns = last_ns + self._step_ns
                    if frame.pts is not None:
                        media_ns = frame.pts * tick_ns[0] // tick_ns[1]
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
            self._stream.codec_context.flush_buffers()
        except (av.error.FFmpegError, OSError):
            former, self.container = self.container, self._open_again()
            self._stream = self.container.streams.video[0]
            former.close()

    def _packets(self) -> Iterator[Any]:
        import av.error

        try:
            yield from self.container.demux(self._stream)
        except av.error.InvalidDataError:
            return  # a cut file: what it has is played and looped
