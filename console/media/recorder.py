"""Recorder: the body of the recorder child. It writes cameras' streams to disk as they come, and nothing is transcoded.

In: jobs by a pipe. Out: Matroska files that a kill at any moment leaves readable up to the last group of pictures, and news of
them by the pipe. One thread per camera, which owns its connection and its file; the main thread serves the pipe.
"""

from __future__ import annotations

import contextlib
import os
import random
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, cast

from console.clock import SystemClock
from console.errors import BadInput
from console.media import remux, source
from console.media.recording_child import RecordJob, RecordNews
from console.media.ring import Group, Ring, Shelf
from console.media.said import Said
from console.media.segment import SegmentWriter
from console.media.source import SourceFailed
from console.model.wall import FeedError, back_off_s

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.stream import VideoStream

_STOP_WITHIN_S = 2.0
_GROUP_CAP_BYTES = 64 << 20  # of one camera: groups wait here until the next key frame


class Recorder:
    """Serves one desk over `pipe`."""

    def __init__(self, pipe: Connection, open_timeout_s: float, read_timeout_s: float, transport: str) -> None:
        self._pipe, self._clock = pipe, SystemClock()
        self._limits = (open_timeout_s, read_timeout_s, transport)
        self._sending = threading.Lock()  # guards writes to the pipe
        self._cameras: dict[str, _Camera] = {}

    def serve(self) -> None:
        """Obey until the pipe closes or says stop; then finish every file."""
        with contextlib.suppress(EOFError, OSError):
            while True:
                command, *arguments = self._pipe.recv()
                if command == "stop":
                    break
                self._take(arguments[0])
        for camera in self._cameras.values():
            camera.stop()
        for camera in self._cameras.values():
            camera.join(_STOP_WITHIN_S)
        for camera in self._cameras.values():
            camera.finish()  # one that sits in a native read: its file is finished from here
        os._exit(0)

    def _take(self, jobs: tuple[RecordJob, ...]) -> None:
        wanted = {job.camera: job for job in jobs}
        for name in [name for name, camera in self._cameras.items() if wanted.get(name) != camera.job]:
            self._cameras.pop(name).stop()
        for name, job in wanted.items():
            if job.is_household:
                self._send(RecordNews(name, "household"))
            elif name not in self._cameras:
                self._cameras[name] = made = _Camera(job, self._clock, self._limits, self._send)
                made.start()

    def _send(self, message: object) -> None:
        with self._sending, contextlib.suppress(OSError):
            self._pipe.send(message)


class _Camera:
    """One camera's thread: connect, take whole groups of pictures, write them; and again, for ever."""

    def __init__(
        self, job: RecordJob, clock: SystemClock, limits: tuple[float, float, str], send: Callable[[object], None]
    ) -> None:
        self.job, self._clock, self._limits = job, clock, limits
        self._send = send
        self._stopping = threading.Event()
        self._writing = threading.Lock()  # guards _writer
        self._writer = SegmentWriter(job, clock, send)
        self._shelf = Shelf(_GROUP_CAP_BYTES)
        self._thread = threading.Thread(target=self._run, name=f"record {job.camera}", daemon=True)
        self._failures = 0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()

    def join(self, seconds: float) -> None:
        self._thread.join(seconds)

    def finish(self) -> None:
        """Close the file that is open, if any."""
        with self._writing:
            self._writer.finish()

    def _run(self) -> None:
        while not self._stopping.is_set():
            word, detail = "unreachable", ""
            try:
                self._record()
                continue  # a file, from its beginning again
            except SourceFailed as failed:
                word, detail = failed.word, ""
            except BadInput as cause:
                word, detail = "bad_stream", str(cause)
            except remux.SaveFailed as failed:
                word, detail = failed.word, str(failed)
            finally:
                self.finish()
            if self._stopping.is_set():
                return
            self._failures += 1
            self._tell(word, detail)
            is_ours = word in ("disk_full", "disk", "codec")
            self._stopping.wait(30.0 if is_ours else back_off_s(cast(FeedError, word), self._failures, random.random()))

    def _tell(self, word: str, detail: str = "") -> None:
        self._send(RecordNews(self.job.camera, word, detail))

    def _record(self) -> None:
        import av.error

        open_s, read_s, transport = self._limits
        checked, said = source.parse(self.job.url), Said()
        container = source.open_source(checked, open_s, read_s, transport, self.job.open_options, said)
        ring, told, pace = self._shelf.ring(self.job.camera, 1e9), False, _Pace(self._clock, self._stopping)
        try:
            for packet in container.demux(container.streams.video[0]):
                if self._stopping.is_set():
                    return
                if checked.kind == "file":
                    pace.wait_for(packet)
                ring.keep(packet, self._clock.mono_ns())
                for group in _whole(ring, self._shelf):
                    self._write(group)
                    if not told:
                        self._tell("")
                        self._failures, told = 0, True
            if checked.kind != "file":
                raise source.ended(said)
        except (av.error.FFmpegError, OSError) as cause:
            if isinstance(cause, OSError) and not isinstance(cause, av.error.FFmpegError):
                raise remux.SaveFailed(remux.word_of(cause), str(cause.strerror or cause)) from cause
            raise source.failed(cause, checked, said, "while reading") from cause
        finally:
            container.close()
            with contextlib.suppress(remux.SaveFailed):
                for group in ring.cut(0, self._clock.mono_ns()):
                    self._write(group)  # the group that was cut short
            self._shelf.drop(self.job.camera)

    def _write(self, group: Group) -> None:
        with self._writing:
            self._writer.write(group)


class _Pace:
    """Lets a file's packets come at the file's own rate, as a camera's would."""

    def __init__(self, clock: SystemClock, stopping: threading.Event) -> None:
        self._clock, self._stopping = clock, stopping
        self._zero_ns: int | None = None

    def wait_for(self, packet: Packet[VideoStream]) -> None:
        """Return when `packet` is due."""
        if packet.dts is None or packet.time_base is None:
            return
        stamp_ns = int(packet.dts * packet.time_base * 1_000_000_000)
        now_ns = self._clock.mono_ns()
        if self._zero_ns is None:
            self._zero_ns = now_ns - stamp_ns
        if (early_ns := self._zero_ns + stamp_ns - now_ns) > 0:
            self._stopping.wait(min(10.0, early_ns / 1e9))


def _whole(ring: Ring, shelf: Shelf) -> list[Group]:
    """Take the groups out of the ring that will not grow any more."""
    done = []
    with shelf.lock:
        while len(ring.groups) > 1:
            done.append(ring.groups[0])
            shelf.forget_oldest(ring)
    return done
