"""Ring: the last seconds of a stream as compressed packets, in whole groups of pictures, for "what was that just now".

In: every packet a reader demuxes (`keep`, in the reader's thread). Out: `cut`, a copy of the groups that lie in a span of
time. All rings of a decoder child stand on one `Shelf` and under its one cap in bytes; the least important ring gives way
first, then the one whose oldest group is oldest. A ring belongs to a job, not to a connection: it survives reconnects, and
says where one began. Times are the suspend-proof monotonic clock.
"""

from __future__ import annotations

import itertools
import struct
import threading
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from console.media import annexb

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.stream import VideoStream

Break = Literal["", "start", "reconnect", "codec", "cap"]
"""Why what stands before a group does not belong to it: nothing, the ring's own start, a new connection, new codec
parameters, or pictures left out because a single group was larger than the cap."""

_TICK_NS: Final = 1_000_000_000
_RETIRED: Final = 1_000  # importance of a ring whose job has ended
_OVERHEAD_BYTES: Final = 200  # of one kept packet, beside its data
_serials = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Coding:
    """What a decoder or a file needs to know of packets. `sets`: parameter sets behind start codes, for H.264 and H.265 only;
    `length_size`: of the lengths before their NAL units (0: start codes). Other codecs keep their `extradata` as it came."""

    codec: str
    width_px: int
    height_px: int
    sets: bytes = b""
    length_size: int = 0
    extradata: bytes = b""
    aspect: tuple[int, int] = (1, 1)


@dataclass(frozen=True, slots=True)
class Kept:
    """One packet. Stamps are the stream's own, in nanoseconds, None where it gave none."""

    data: bytes
    pts_ns: int | None
    dts_ns: int | None
    is_key: bool
    is_damaged: bool
    arrival_ns: int


@dataclass(slots=True)
class Group:
    """Packets from one key frame to the next. `camera_utc_ns`: the camera's UTC time when our monotonic clock stood at zero, as
    its sender reports tell it (network delay included); None when it never told."""

    serial: int
    coding: Coding
    cause: Break
    packets: list[Kept] = field(default_factory=list)
    size_bytes: int = 0
    camera_utc_ns: int | None = None

    @property
    def begin_ns(self) -> int:
        return self.packets[0].arrival_ns

    @property
    def end_ns(self) -> int:
        return self.packets[-1].arrival_ns


class Shelf:
    """All rings of one child. `lock` guards every ring's groups and the sum of their bytes."""

    def __init__(self, cap_bytes: int) -> None:
        self.cap_bytes = cap_bytes
        self.lock = threading.Lock()
        self.size_bytes = 0
        self._rings: dict[str, Ring] = {}

    def ring(self, job_id: str, seconds: float, priority: int = 1, camera: str = "") -> Ring:
        """The job's ring: the one that is there, with its new length and importance, or a new one. 0 s: it is emptied."""
        with self.lock:
            found = self._rings.get(job_id)
            if found is None:
                found = self._rings[job_id] = Ring(self, seconds, priority, camera)
            found.seconds, found.priority = seconds, priority
            if seconds <= 0:
                self._empty(found)
        return found

    def find(self, job_id: str) -> Ring | None:
        """The job's ring, if it keeps one."""
        return self._rings.get(job_id)

    def drop(self, job_id: str) -> None:
        """Forget a job's ring and everything in it."""
        with self.lock:
            ring = self._rings.pop(job_id, None)
            if ring is not None:
                self._empty(ring)
                ring.seconds = 0.0

    def retire(self, job_id: str, now_ns: int) -> None:
        """The job has ended. What its ring holds stays while it is young, as the least important of all: the camera's other
        stream, which the operator has just enlarged, begins with nothing. Without a camera (a household's) it goes at once."""
        ring = self._rings.get(job_id)
        if ring is None or not ring.camera:
            self.drop(job_id)
        else:
            ring.retired_ns, ring.priority = now_ns, _RETIRED

    def sweep(self, now_ns: int) -> None:
        """Forget retired rings that nobody could reach back to any more. Call it now and then."""
        for name, one in list(self._rings.items()):
            if one.retired_ns and now_ns - one.retired_ns > one.seconds * 1e9:
                self.drop(name)

    def cut(self, job_id: str, from_ns: int, to_ns: int) -> tuple[Group, ...]:
        """`Ring.cut` of the job's ring, and before its first picture what a retired ring of the same camera has."""
        ring = self._rings.get(job_id)
        if ring is None or ring.seconds <= 0:
            return ()
        mine = ring.cut(from_ns, to_ns)
        until_ns, oldest_ns = mine[0].begin_ns if mine else to_ns, to_ns - int(ring.seconds * 1e9)
        former: list[Group] = []
        for one in list(self._rings.values()):
            if one.retired_ns and one.camera and one.camera == ring.camera and one is not ring:
                former += [group for group in one.cut(max(from_ns, oldest_ns), until_ns) if group.end_ns < until_ns]
        former.sort(key=lambda group: group.begin_ns)
        return (*former, *mine)

    def _empty(self, ring: Ring) -> None:
        while ring.groups:
            self.forget_oldest(ring)
        ring.start_anew()

    def forget_oldest(self, ring: Ring) -> None:
        """Let go of a ring's oldest group. The caller holds `lock`."""
        self.size_bytes -= ring.groups.popleft().size_bytes

    def make_room(self) -> None:
        """Let go of old groups until the cap holds; each ring keeps its newest group. The caller holds `lock`."""
        while self.size_bytes > self.cap_bytes:
            long = [ring for ring in self._rings.values() if len(ring.groups) > 1]
            if not long:
                return
            self.forget_oldest(max(long, key=lambda ring: (ring.priority, -ring.groups[0].begin_ns)))

    def is_over(self) -> bool:
        """Whether even the newest groups alone are more than the cap. The caller holds `lock`."""
        return self.size_bytes > self.cap_bytes


class Ring:
    """One stream's last `seconds`. Made by `Shelf.ring`; `keep` in the reader's thread, the rest from any."""

    def __init__(self, shelf: Shelf, seconds: float, priority: int, camera: str = "") -> None:
        self.seconds, self.priority, self.camera = seconds, priority, camera
        self.retired_ns = 0
        self.groups: deque[Group] = deque()
        self._shelf = shelf
        self._stream: VideoStream | None = None
        self._header: tuple[bytes, int] = (b"", 0)
        self._tick: tuple[int, int] = (_TICK_NS, 1)
        self._cause: Break = "start"
        self._waits_for_key = True

    def keep(self, packet: Packet[VideoStream], arrival_ns: int) -> None:
        """Take a packet as it came. A new connection is known by its new stream; until its first key frame nothing is kept."""
        if self.seconds <= 0 or not packet.size:
            return
        if packet.stream is not self._stream:
            self._connect(packet.stream)
        is_key = bool(packet.is_keyframe)
        if self._waits_for_key and not is_key:
            return
        multiply, divide = self._tick
        pts, dts = packet.pts, packet.dts
        kept = Kept(
            bytes(packet), None if pts is None else pts * multiply // divide, None if dts is None else dts * multiply // divide,
            is_key, bool(packet.is_corrupt), arrival_ns,
        )  # fmt: skip
        if is_key:
            self._begin(kept, packet)
        with self._shelf.lock:
            if not self.groups:  # dropped meanwhile
                return
            self._add(kept)

    def start_anew(self) -> None:
        """Everything was forgotten: the next key frame is a beginning."""
        self._waits_for_key, self._cause = True, "start"

    def _connect(self, stream: VideoStream) -> None:
        is_first = self._stream is None
        self._stream = stream
        base = stream.time_base
        self._tick = (_TICK_NS * base.numerator, base.denominator) if base else (_TICK_NS, 90_000)
        context = stream.codec_context
        codec = str(context.name)
        self._header = annexb.header_sets(codec, context.extradata or b"") if codec in annexb.CODECS else (b"", 0)
        self._waits_for_key = True
        if not is_first and self._cause != "start":
            self._cause = "reconnect"

    def _begin(self, kept: Kept, packet: Packet[VideoStream]) -> None:
        coding = self._coding(kept.data)
        cause, before = self._cause, self.groups[-1].coding if self.groups else None
        if before is not None and before != coding and cause in ("", "reconnect"):
            cause = "codec"
        group = Group(next(_serials), coding, cause, camera_utc_ns=_camera_utc_ns(packet, kept.arrival_ns))
        with self._shelf.lock:
            if self.seconds <= 0:
                return  # dropped meanwhile
            self.groups.append(group)
            oldest_ns = kept.arrival_ns - int(self.seconds * 1e9)
            while len(self.groups) > 1 and (self.groups[1].begin_ns if self.groups[1].packets else kept.arrival_ns) <= oldest_ns:
                self._shelf.forget_oldest(self)
        self._cause, self._waits_for_key = "", False

    def _add(self, kept: Kept) -> None:
        group, size = self.groups[-1], len(kept.data) + _OVERHEAD_BYTES
        group.packets.append(kept)
        group.size_bytes += size
        self._shelf.size_bytes += size
        self._shelf.make_room()
        if self._shelf.is_over() and len(group.packets) > 1:
            # One group larger than all the room there is: its beginning is kept, for without it nothing can be decoded.
            group.packets.pop()
            group.size_bytes -= size
            self._shelf.size_bytes -= size
            self._waits_for_key, self._cause = True, "cap"

    def _coding(self, data: bytes) -> Coding:
        assert self._stream is not None
        context = self._stream.codec_context
        codec, aspect = str(context.name), self._stream.sample_aspect_ratio
        shape = (aspect.numerator, aspect.denominator) if aspect else (1, 1)
        if codec not in annexb.CODECS:
            return Coding(codec, context.width, context.height, extradata=context.extradata or b"", aspect=shape)
        sets, length_size = self._header
        own = annexb.sets_in(codec, data, length_size)
        before = self.groups[-1].coding if self.groups else None
        if before is not None and (own or sets) and (before.codec, before.length_size) == (codec, length_size):
            if annexb.sps_of(codec, own or sets) == annexb.sps_of(codec, before.sets):
                return before
        return Coding(codec, context.width, context.height, own or sets, length_size, aspect=shape)

    # ---- any thread -------------------------------------------------------------------------------------------------
    def cut(self, from_ns: int, to_ns: int) -> tuple[Group, ...]:
        """Copies of the groups that reach into the span, oldest first; the first may begin before `from_ns` (its key frame)."""
        with self._shelf.lock:
            groups = [group for group in self.groups if group.packets]
            out = []
            for number, group in enumerate(groups):
                until_ns = groups[number + 1].begin_ns if number + 1 < len(groups) else group.end_ns
                if until_ns >= from_ns and group.begin_ns <= to_ns:
                    out.append(replace(group, packets=list(group.packets)))
            return tuple(out)

    def span_s(self, now_ns: int) -> float:
        """Seconds back to the oldest picture in the ring; 0 when it is empty."""
        with self._shelf.lock:
            return (now_ns - self.groups[0].begin_ns) / 1e9 if self.groups and self.groups[0].packets else 0.0


def _camera_utc_ns(packet: Any, arrival_ns: int) -> int | None:
    """The camera's own UTC time of a picture minus its arrival, from RTCP sender reports; None without.

    Source: libavutil AVProducerReferenceTime (wall clock in microseconds, 64-bit, then flags), set by rtpdec.c.
    """
    if not hasattr(packet, "has_sidedata") or not packet.has_sidedata("prft"):
        return None
    data = bytes(packet.get_sidedata("prft"))
    return struct.unpack_from("=q", data)[0] * 1000 - arrival_ns if len(data) >= 8 else None
