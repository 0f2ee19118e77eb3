"""Segment: one camera's groups of pictures appended to Matroska files, a new one every few minutes and after every break.

In: whole groups. Out: files named by their UTC start, and a `Segment` for each that was finished. One owner at a time. A
cluster is written with each group, so that a kill costs the group in hand and no more.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import os
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from console.clock import Clock
from console.media import remux, retime
from console.media.recording_child import RecordJob, Segment
from console.media.ring import Group

if TYPE_CHECKING:
    from av.container import OutputContainer

SUFFIX: Final = ".mkv"
_BASE: Final = Fraction(1, 1000)  # Matroska's own unit
_LIVE: Final = {"live": "0", "cluster_time_limit": "1000", "flush_packets": "1"}


class SegmentWriter:
    """`tell` gets each finished Segment. `write` raises SaveFailed (disk_full, disk, codec); the file up to then is finished."""

    def __init__(self, job: RecordJob, clock: Clock, tell: Callable[[Segment], None]) -> None:
        self._job, self._clock, self._tell = job, clock, tell
        self._output: OutputContainer | None = None
        self._stream: Any = None
        self._path = ""
        self._last: Group | None = None
        self._zero_ns = self._begin_ns = self._end_ns = self._begin_mono_ns = 0
        self._last_dts = 0
        self._pictures = 0
        self._cause = self._codec = ""

    def write(self, group: Group) -> None:
        """Append a group, in a new file where the last one cannot or should not go on."""
        timed = retime.lay_out([group])
        if not timed:
            return
        cause = self._why_anew(group)
        if cause:
            self.finish()
        try:
            if self._output is None:
                self._begin(group, cause or "start")
            self._append(group, timed)
        except OSError as failed:
            self.finish()
            raise remux.SaveFailed(remux.word_of(failed), str(failed.strerror or failed)) from failed
        except ValueError as failed:
            self.finish()
            raise remux.SaveFailed("codec", str(failed)) from failed

    def _why_anew(self, group: Group) -> str:
        last = self._last
        if last is None or self._output is None:
            return group.cause
        if last.coding != group.coding:
            return "codec"
        if not retime.goes_on(last, group):
            return group.cause or "jump"
        if group.begin_ns - self._begin_mono_ns >= self._job.segment_s * 1e9:
            return "rotate"
        return ""

    def _begin(self, group: Group, cause: str) -> None:
        first = group.packets[0]
        self._begin_mono_ns, self._cause, self._codec = first.arrival_ns, cause, group.coding.codec
        self._begin_ns = self._clock.now_ns() - (self._clock.mono_ns() - first.arrival_ns)
        os.makedirs(self._job.folder, mode=0o700, exist_ok=True)
        name = _name(self._begin_ns)
        while os.path.exists(os.path.join(self._job.folder, name)):
            self._begin_ns += 1_000_000  # a clock was set back
            name = _name(self._begin_ns)
        self._path = os.path.join(self._job.folder, name)
        os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        self._output = remux.open_output(self._path, SUFFIX, _LIVE)
        self._stream = remux.add_copied(self._output, group.coding, first.data)
        self._zero_ns, self._last_dts, self._pictures = retime.stamp_of(group), 0, 0

    def _append(self, group: Group, timed: list[retime.Timed]) -> None:
        import av

        assert self._output is not None
        ahead_ns = max(0, retime.stamp_of(group) - self._zero_ns) - timed[0].time_ns
        for one, decode_ns in zip(timed, remux.decode_times(timed), strict=True):
            packet = av.Packet(remux.payload(group.coding, one))
            dts = max(self._last_dts, (decode_ns + ahead_ns) // 1_000_000)
            packet.pts, packet.dts, packet.time_base = max(dts, (one.time_ns + ahead_ns) // 1_000_000), dts, _BASE
            packet.is_keyframe, packet.stream, self._last_dts = one.kept.is_key, self._stream, dts
            self._output.mux_one(packet)
            self._pictures += 1
        self._end_ns = self._clock.now_ns() - (self._clock.mono_ns() - group.end_ns)
        self._last = group

    def finish(self) -> None:
        """Close the file, if one is open, and tell of it; an empty one is removed."""
        output, self._output, self._stream, self._last = self._output, None, None, None
        if output is None:
            return
        with contextlib.suppress(OSError, ValueError):  # a full disk: what is in the file stays readable
            output.close()
        if not self._pictures:
            with contextlib.suppress(OSError):
                os.unlink(self._path)
            return
        with contextlib.suppress(OSError), open(self._path, "rb") as file:
            os.fsync(file.fileno())
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            self._tell(
                Segment(
                    self._job.camera,
                    self._path,
                    self._begin_ns,
                    self._end_ns,
                    os.path.getsize(self._path),
                    digest,
                    self._pictures,
                    self._codec,
                    self._cause,
                )
            )


def _name(begin_ns: int) -> str:
    moment = datetime.datetime.fromtimestamp(begin_ns // 10**9, datetime.UTC).strftime("%Y%m%dT%H%M%S")
    return f"{moment}.{begin_ns // 10**6 % 1000:03d}Z{SUFFIX}"
