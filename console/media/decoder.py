"""Decoder: the body of a decoder child. Commands in by a pipe, reports out by it, pictures out through slots.

Threads: this one serves the pipe; one per feed that is opening or live; one for all files together.
"""

from __future__ import annotations

import contextlib
import os
import threading
from fractions import Fraction
from multiprocessing.connection import Connection

from av.codec.context import CodecContext
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from console.clock import SystemClock
from console.media.child import ChildOptions, Job, Report
from console.media.publisher import Publisher, Target
from console.media.reader import Reader
from console.media.scaler import Scaler

_STILL_WIDTH_PX = 640


class Decoder:
    """Serves one console over `pipe`."""

    def __init__(self, pipe: Connection, options: ChildOptions) -> None:
        self._pipe, self._options, self._clock = pipe, options, SystemClock()
        self._readers: dict[str, Reader] = {}
        self._sending = threading.Lock()  # guards writes to the pipe
        self._files: list[Reader] = []
        self._opening: set[str] = set()  # feeds that wait for their first picture; single set operations only
        self._changed = threading.Condition()  # guards _files
        Scaler()  # finds the library now, not when the first picture waits for it
        threading.Thread(target=self._play_files, name="files", daemon=True).start()

    def serve(self) -> None:
        """Obey commands until the pipe closes or says stop."""
        with contextlib.suppress(EOFError, OSError):
            while True:
                if not self._pipe.poll(1.0):
                    self._send(("beat", sum(reader.replace_if_stuck(self._clock.mono_ns()) for reader in self._readers.values())))
                    continue
                command, *arguments = self._pipe.recv()
                if command == "stop":
                    break
                getattr(self, f"_{command}")(*arguments)
        os._exit(0)  # threads may sit in native reads that nothing interrupts

    def _send(self, message: object) -> None:
        with self._sending, contextlib.suppress(OSError):
            self._pipe.send(message)

    def _report(self, report: Report) -> None:
        self._send(("report", report))

    # ---- commands ---------------------------------------------------------------------------------------------------
    def _open(self, job: Job) -> None:
        try:
            target = Target(job.slot, job.width_px, job.height_px)
        except FileNotFoundError:
            return  # closed again before we came to it
        publisher = Publisher(target, Scaler(), job.max_fps)
        reader = Reader(job, publisher, self._options, self._clock, self._report, self._take_file, self._opening)
        self._readers[job.id] = reader
        reader.start()

    def _aim(self, job: Job) -> None:
        reader = self._readers.get(job.id)
        if reader is not None:
            with contextlib.suppress(FileNotFoundError):
                reader.aim(Target(job.slot, job.width_px, job.height_px), job.max_fps)

    def _close(self, job_id: str, still_path: str) -> None:
        reader = self._readers.pop(job_id, None)
        if reader is not None:
            if still_path:
                self._write_still(reader, still_path)
            reader.close()

    def _still(self, job_id: str, still_path: str) -> None:
        reader = self._readers.get(job_id)
        if reader is not None:
            self._write_still(reader, still_path)

    def _retry(self, job_id: str) -> None:
        reader = self._readers.get(job_id)
        if reader is not None:
            reader.retry()

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
