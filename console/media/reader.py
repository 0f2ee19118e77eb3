"""Reader: opens one stream again and again until it is closed, and plays it into its publisher.

A thread opens the source and waits out the back-off. A live source stays with that thread; a file is handed to the child's
one file thread, which calls `step` when the next picture is due: several files cost one wake-up, not one each.
Every try has a number (the fence): a thread that was given up and comes back late finds another number and goes away.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from console.clock import Clock
from console.media import source
from console.media.backoff import Backoff
from console.media.child import ChildOptions, Facts, Job, Report
from console.media.decoding import Decoding
from console.media.fileplay import FilePlay, Tap
from console.media.gate import Gate, Turn
from console.media.hardware import Chooser, name_of
from console.media.liveplay import Lagging, LivePlay
from console.media.publisher import Publisher
from console.media.said import Said
from console.media.source import Source, SourceFailed
from console.media.standing import stand
from console.model.wall import FeedError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_STAND_BACK_S = 0.3
_LAG_PATIENCE_NS = (60_000_000_000, 300_000_000_000, 1_800_000_000_000)
_STUCK_NS = 5_000_000_000  # a decoder that has not returned from one packet for this long does not return


class Reader:
    """One stream of a decoder child. `on_file` takes an opened file for the file thread; `report` and `tell` send to the console;
    `gate` bounds how many open at once; `tap` keeps packets (before they are decoded), `ring_s` says how many seconds of them."""

    def __init__(
        self, job: Job, options: ChildOptions, clock: Clock, gate: Gate, report: Callable[[Report], None],
        tell: Callable[[Facts], None], on_file: Callable[[Reader], None],
        tap: Tap | None = None, ring_s: Callable[[], float] = lambda: 0.0, chooser: Chooser | None = None,
    ) -> None:  # fmt: skip
        self._chooser = chooser or Chooser()
        self.job, self._options, self._clock, self._gate = job, options, clock, gate
        self.publisher = Publisher(job.targets)
        self._report, self._tell, self._on_file, self._tap, self._ring_s = report, tell, on_file, tap, ring_s
        self._facts = Facts(job.id)
        self._checked: Source = source.parse(job.url)
        self._wake = threading.Event()
        self._backoff = Backoff(clock, random.random, job.failures, job.not_before_ns)
        self._attempt = 0
        self._transport = options.transport
        self._said = Said()
        self._lag_reopens, self._patient_until_ns = 0, 0
        self._began_ns: int | None = None
        self.closed = False
        self.due_ns = 0
        self._file: FilePlay | None = None
        self._live: LivePlay | None = None
        self._thread = 0

    # ---- life cycle (the child's main thread) -----------------------------------------------------------------------
    def start(self) -> None:
        """Begin a try in a thread of its own."""
        self._attempt += 1
        threading.Thread(target=self._run, args=(self._attempt,), name=f"feed {self.job.id}", daemon=True).start()

    def retry(self) -> None:
        """Try at once: the operator asked."""
        self._backoff.not_before_ns = 0
        self._wake.set()

    def aim(self, job: Job) -> None:
        """Take over other targets, mode or priority; the connection stays."""
        self.job = job
        self.publisher.aim(job.targets)
        if self._live is not None:
            stand(self._thread, job.is_first)

    def close(self) -> None:
        """Make every thread of this feed leave. Its slots are let go of at once, its connection with its next packet."""
        self.closed = True
        self._attempt += 1
        self._wake.set()
        self.publisher.close()

    def replace_if_stuck(self, now_ns: int) -> bool:
        """Give up a try that native code never returns from (V53) and begin another; True when that was needed."""
        live, began_ns = self._live, self._began_ns
        limit_ns = int((self._options.open_timeout_s * 2 + 5) * 1e9)
        is_stuck = began_ns is not None and now_ns - began_ns > limit_ns
        if live is not None and live.busy_since_ns and now_ns - live.busy_since_ns > _STUCK_NS:
            is_stuck = True
        if self.closed or not is_stuck:
            return False
        self._began_ns, self._live = None, None
        self._fail("timeout")
        self.start()
        return True

    def take_figures(self) -> tuple[int, int, int]:
        """Pictures that came too late, most packets that stood waiting, packets lost: since last asked."""
        publisher, live = self.publisher, self._live
        late, lost, backlog = publisher.late, publisher.lost, 0
        publisher.late -= late
        publisher.lost -= lost
        publisher.ring_ms = int(self._ring_s() * 1000)
        if live is not None:
            backlog, live.most_backlog = live.most_backlog, 0
        return late, backlog, lost

    @property
    def last_picture(self) -> tuple[VideoFrame, int] | None:
        """The newest decoded frame at full size, without masks, and its arrival (monotonic)."""
        frame = self.publisher.last_frame
        return None if frame is None else (frame, self.publisher.last_arrival_ns)

    # ---- the feed's thread ------------------------------------------------------------------------------------------
    def _run(self, attempt: int) -> None:
        self._thread = threading.get_native_id()
        while self._attempt == attempt:
            wait_s = self._backoff.wait_s()
            if wait_s > 0:
                self._wake.wait(wait_s)
                self._wake.clear()
                continue
            try:
                if self._try_once(attempt):
                    return
            except SourceFailed as failed:
                if self._attempt == attempt:
                    self._began_ns = None
                    self._fail(failed.word, failed.detail)

    def _try_once(self, attempt: int) -> bool:
        """Open and play; True when the file thread has taken over. Raises SourceFailed."""
        import av.error

        turn = self._gate.enter(lambda: self.job.priority, lambda: self._attempt == attempt)
        try:
            if self._attempt != attempt:
                return False
            self._notice("opening")
            self._began_ns = self._clock.mono_ns()
            said = self._said = Said()
            container = self._open(said)
            is_handed_over = False
            try:
                self._began_ns = None
                if self._attempt == attempt:
                    is_handed_over = self._play(container, attempt, turn)
            except (av.error.FFmpegError, OSError) as cause:
                raise source.failed(cause, self._checked, said, "while reading") from cause
            finally:
                if not is_handed_over:
                    container.close()
            return is_handed_over
        finally:
            turn.leave()
            if self._attempt == attempt:
                self._began_ns = None

    def _play(self, container: InputContainer, attempt: int, turn: Turn) -> bool:
        stream, said = container.streams.video[0], self._said
        decoding = self._decoding(stream)
        self.publisher.restart()
        if self._checked.kind == "file" or (container.duration or 0) > 0:
            file = FilePlay(container, stream, self.publisher, self._clock, self._open_again, decoding, self._tap)
            if not file.first():
                raise SourceFailed("bad_stream", "no picture in it")
            self._has_opened(stream.codec_context, self.publisher.last_frame)
            self._first_is_there(turn)
            file.begin()
            self._file, self.due_ns = file, file.due_ns
            self._on_file(self)
            return True

        context = self._chooser.context_for(stream, self._hardware_failed)
        if context is not None:
            decoding.use(context)

        def opened(frame: VideoFrame) -> None:
            if turn.is_inside:
                self._has_opened(stream.codec_context, frame, name_of(context))
                self._first_is_there(turn)
                stand(self._thread, self.job.is_first)  # not before: a busy machine must not make the first picture late
            else:  # another size in the middle of the stream (V36)
                self._facts = replace(self._facts, width_px=frame.width, height_px=frame.height)
                self._tell(self._facts)

        def notice(detail: str) -> None:
            if (detail or said.detail) != self._facts.detail or self._is_new_gop():
                self._notice(detail or said.detail)

        live = LivePlay(
            container, stream, decoding, self.publisher, self._clock, self._tap, opened, notice,
            lambda: self._clock.mono_ns() >= self._patient_until_ns,
        )  # fmt: skip
        self._live = live
        try:
            live.run(lambda: self._attempt == attempt)
        except Lagging:
            self._lagged()
            return False  # a new connection at once: nothing is wrong with the camera
        finally:
            if self._live is live:
                self._live = None
        if self._attempt == attempt:
            raise source.ended(said)
        return False

    def _is_new_gop(self) -> bool:
        gop_s = self.publisher.gop_ns / 1e9
        return abs(gop_s - self._facts.gop_s) > max(0.1, 0.2 * self._facts.gop_s)

    def _lagged(self) -> None:
        """A camera whose own clock is wrong seems to fall behind again and again: it is opened anew less and less often."""
        now_ns = self._clock.mono_ns()
        if now_ns > self._patient_until_ns + _LAG_PATIENCE_NS[-1]:
            self._lag_reopens = 0
        wait_ns = _LAG_PATIENCE_NS[min(self._lag_reopens, len(_LAG_PATIENCE_NS) - 1)]
        self._lag_reopens, self._patient_until_ns = self._lag_reopens + 1, now_ns + wait_ns

    def _first_is_there(self, turn: Turn) -> None:
        turn.leave()
        self._gate.stand_back(_STAND_BACK_S)

    def _open(self, said: Said) -> InputContainer:
        limits, own = self._options, self.job.open_options
        return source.open_source(self._checked, limits.open_timeout_s, limits.read_timeout_s, self._transport, own, said)

    def _open_again(self) -> tuple[InputContainer, Decoding]:
        """A file of this feed once more, for its next loop: raw streams (.264) have no index to go back by."""
        container = self._open(Said())
        return container, self._decoding(container.streams.video[0])

    def _decoding(self, stream: VideoStream) -> Decoding:
        def is_coarse(height_px: int) -> bool:
            """True where every tile is so much smaller that what the loop filter does is not seen."""
            wanted = max((target.height_px for target in self.job.targets), default=0)
            return self.job.priority > 0 and 0 < 1.8 * wanted < height_px

        return Decoding(stream, lambda: self.job.mode, is_coarse)

    def _has_opened(self, context: VideoCodecContext, frame: VideoFrame | None, hardware: str = "") -> None:
        self._backoff.opened()
        self._report(Report(self.job.id, self._attempt, None))
        width, height = (frame.width, frame.height) if frame is not None else (0, 0)
        self._facts = replace(
            self._facts, codec=context.name, width_px=width, height_px=height, detail=self._said.detail, hardware=hardware
        )
        self._tell(self._facts)

    def _hardware_failed(self, why: str) -> None:
        """The graphics card's decoder has given up this stream: software goes on."""
        self._facts = replace(self._facts, hardware="", detail="hardware_failed")
        self._tell(self._facts)

    def _notice(self, detail: str) -> None:
        gop_s = round(self.publisher.gop_ns / 1e9, 1)
        self._facts = replace(self._facts, detail=detail, gop_s=gop_s or self._facts.gop_s)
        self._tell(self._facts)

    def _fail(self, word: FeedError, detail: str = "") -> None:
        if word == "timeout" and not self._backoff.has_opened:
            # What answers and sends nothing may be shut for this transport on the way here: the other one next (V20).
            self._transport = "udp" if self._transport == "tcp" else "tcp"
        self._backoff.failed(word)
        self._report(Report(self.job.id, self._attempt, word, self._backoff.failures, self._backoff.not_before_ns, detail))

    # ---- the file thread --------------------------------------------------------------------------------------------
    def step(self, now_ns: int) -> bool:
        """Show the picture that is due and decode the next; False when this feed has left the file thread."""
        file = self._file
        if file is None:
            return False
        if self.closed:
            file.close()
            self._file = None
            return False
        try:
            file.step(now_ns)
        except SourceFailed as failed:
            file.close()
            self._file = None
            self._fail(failed.word)
            self.start()
            return False
        self.due_ns = file.due_ns
        return True
