"""Decoder: the body of a decoder child. Commands in by a pipe, reports out by it, pictures out through slots.

Threads: this one serves the pipe; one per feed that is opening or live; one for all files together.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Mapping
from fractions import Fraction
from multiprocessing.connection import Connection

from av.codec.context import CodecContext
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from console.clock import SystemClock
from console.media import source
from console.media.child import ChildLoad, ChildOptions, Facts, Job, Report
from console.media.fileplay import Tap
from console.media.gate import Gate
from console.media.hardware import Chooser
from console.media.justnow import JustNow
from console.media.reader import Reader
from console.media.ring import Shelf
from console.media.scaler import Scaler
from console.media.standing import stand
from console.model.view import Masks

_STILL_WIDTH_PX = 640
_BEAT_NS = 1_000_000_000


class Decoder:
    """Serves one console over `pipe`.

    A command is a method `_name`. An errand (`errand`, number, name, job id, …) is a method of `JustNow`, answered once.
    """

    def __init__(self, pipe: Connection, options: ChildOptions) -> None:
        self._pipe, self._options, self._clock = pipe, options, SystemClock()
        self._readers: dict[str, Reader] = {}
        self._sending = threading.Lock()  # guards writes to the pipe
        self._files: list[Reader] = []
        self._gate = Gate()
        self._chooser = Chooser(options.hardware)
        self._changed = threading.Condition()  # guards _files
        self._beat_ns, self._beat_cpu_s, self._abandoned = 0, 0.0, 0
        self._shelf = Shelf(options.ring_cap_bytes)
        self._just_now = JustNow(self._shelf, self, self._clock, self.answer)
        Scaler()  # finds the library now, not when the first picture waits for it
        threading.Thread(target=self._play_files, name="files", daemon=True).start()

    def serve(self) -> None:
        """Obey commands until the pipe closes or says stop."""
        with contextlib.suppress(EOFError, OSError):
            while True:
                now_ns = self._clock.mono_ns()
                if now_ns - self._beat_ns >= _BEAT_NS:
                    self._beat(now_ns)
                if not self._pipe.poll(1.0):
                    continue
                command, *arguments = self._pipe.recv()
                if command == "stop":
                    break
                getattr(self, f"_{command}")(*arguments)
        source.bid_farewell(0.3)
        os._exit(0)  # threads may sit in native reads that nothing interrupts

    def answer(self, errand_id: int, ok: bool, fields: Mapping[str, object]) -> None:
        """Say how an errand ended; from any thread."""
        self._send(("answer", errand_id, ok, dict(fields)))

    def _send(self, message: object) -> None:
        with self._sending, contextlib.suppress(OSError):
            self._pipe.send(message)

    def _report(self, report: Report) -> None:
        self._send(("report", report))

    def _tell(self, facts: Facts) -> None:
        self._send(("facts", facts))

    def _beat(self, now_ns: int) -> None:
        """Say that this child is alive and how much it has to do; give up what is stuck."""
        cpu_s, readers = time.process_time(), list(self._readers.values())
        self._abandoned += sum(reader.replace_if_stuck(now_ns) for reader in readers)
        figures = [reader.take_figures() for reader in readers]
        passed_s = (now_ns - self._beat_ns) / 1e9
        load = ChildLoad(
            (cpu_s - self._beat_cpu_s) / passed_s if self._beat_ns else 0.0,
            sum(late for late, _, _ in figures), max((backlog for _, backlog, _ in figures), default=0),
            sum(lost for _, _, lost in figures), self._abandoned,
        )  # fmt: skip
        self._beat_ns, self._beat_cpu_s = now_ns, cpu_s
        self._shelf.sweep(now_ns)
        self._send(("beat", load))

    # ---- commands ---------------------------------------------------------------------------------------------------
    def _open(self, job: Job) -> None:
        reader = Reader(
            job,
            self._options,
            self._clock,
            self._gate,
            self._report,
            self._tell,
            self._take_file,
            *self._tap_for(job),
            chooser=self._chooser,
        )
        self._readers[job.id] = reader
        reader.start()

    def _tap_for(self, job: Job) -> tuple[Tap | None, Callable[[], float]]:
        """Who keeps this job's packets, and how many seconds it has of them."""
        ring = self._shelf.ring(job.id, job.ring_s, job.priority, job.camera)
        return ring.keep, lambda: ring.span_s(self._clock.mono_ns())

    def picture_of(self, job_id: str) -> tuple[VideoFrame, int] | None:
        """The job's newest decoded frame and its arrival (monotonic ns)."""
        reader = self._readers.get(job_id)
        return None if reader is None else reader.last_picture

    def masks_of(self, job_id: str) -> Masks | None:
        """What must not be seen of the job's camera; None when nothing of it may be kept."""
        reader = self._readers.get(job_id)
        return None if reader is None or reader.job.ring_s <= 0 else reader.job.masks

    def _aim(self, job: Job) -> None:
        self._shelf.ring(job.id, job.ring_s, job.priority, job.camera)
        reader = self._readers.get(job.id)
        if reader is not None:
            reader.aim(job)

    def _close(self, job_id: str, still_path: str) -> None:
        reader = self._readers.pop(job_id, None)
        if reader is not None:
            if still_path:
                self._write_still(reader, still_path)
            reader.close()
            self._just_now.closed(job_id)

    def _still(self, job_id: str, still_path: str) -> None:
        reader = self._readers.get(job_id)
        if reader is not None:
            self._write_still(reader, still_path)

    def _retry(self, job_id: str) -> None:
        reader = self._readers.get(job_id)
        if reader is not None:
            reader.retry()

    def _errand(self, errand_id: int, name: str, job_id: str, *arguments: object) -> None:
        if job_id not in self._readers:
            self.answer(errand_id, False, {"word": "gone"})
            return
        getattr(self._just_now, name)(errand_id, job_id, *arguments)

    # ---- files ------------------------------------------------------------------------------------------------------
    def _take_file(self, reader: Reader) -> None:
        with self._changed:
            self._files.append(reader)
            self._changed.notify()

    def _play_files(self) -> None:
        """One thread for every file: sleep until the first is due, step all that are."""
        while True:
            with self._changed:
                if not self._files:
                    self._changed.wait()
                    stand(threading.get_native_id(), is_first=False)
                now_ns = self._clock.mono_ns()
                first_ns = min((reader.due_ns for reader in self._files), default=now_ns)
                if first_ns > now_ns:
                    self._changed.wait((first_ns - now_ns) / 1e9)
                files = list(self._files)
            left = []
            for reader in files:
                now_ns = self._clock.mono_ns()
                if (reader.closed or reader.due_ns <= now_ns + 1_000_000) and not reader.step(now_ns):
                    left.append(reader)
            if left:
                with self._changed:
                    self._files = [reader for reader in self._files if reader not in left]

    # ---- stills -----------------------------------------------------------------------------------------------------
    def _write_still(self, reader: Reader, path: str) -> None:
        """Write the newest picture as JPEG beside its place and move it there: never half a file. Its time is the file's."""
        newest = reader.last_picture
        if newest is None:
            return
        frame, arrival_ns = newest
        if reader.job.masks:
            from console.media.masks import burn_frame

            frame = burn_frame(frame, reader.job.masks)
        at_ns = self._clock.now_ns() - (self._clock.mono_ns() - arrival_ns)
        with contextlib.suppress(OSError):  # a full disk costs a still, never a picture
            with open(f"{path}.part", "wb") as file:
                file.write(jpeg_of(frame))
            os.utime(f"{path}.part", ns=(at_ns, at_ns))
            os.replace(f"{path}.part", path)


def jpeg_of(frame: VideoFrame) -> bytes:
    """`frame` as JPEG, at most 640 px wide."""
    width = min(_STILL_WIDTH_PX, frame.width) // 2 * 2
    height = max(2, round(frame.height * width / frame.width) // 2 * 2)
    small = frame.reformat(width, height, "yuvj420p", threads=1)
    encoder = CodecContext.create("mjpeg", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt, encoder.framerate = width, height, "yuvj420p", Fraction(25)
    encoder.options = {"qmin": "3", "qmax": "6"}
    small.pts = 0
    return b"".join(bytes(packet) for packet in (*encoder.encode(small), *encoder.encode(None)))
