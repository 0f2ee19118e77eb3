"""Tape: a ring as something to be played: positions, steps and jumps, each answered with the next frame to show.

In: groups of a ring, again and again as live goes on. Out: decoded frames with their times. One thread; its decoder is its
own, so that the live picture is not disturbed. What was taken up stays until the tape ends, so a paused picture never goes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from console.media import remux, retime
from console.media.retime import Timed
from console.media.ring import Coding, Group

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame

_KEPT_GROUPS = 400


class Tape:
    """`read` gives the ring's groups as they are now. Raises LookupError when there is nothing to play."""

    def __init__(self, read: Callable[[], Sequence[Group]]) -> None:
        self._read = read
        self._groups: dict[int, Group] = {}
        self._timed: list[Timed] = []
        self._next = 0
        self._decoder: VideoCodecContext | None = None
        self._coding: Coding | None = None
        self._waiting: list[tuple[VideoFrame, int]] = []
        self.position_ns = 0
        self.refresh()
        if not self._timed:
            raise LookupError("the ring is empty")
        self.position_ns = self.begin_ns

    @property
    def begin_ns(self) -> int:
        return min(one.time_ns for one in self._timed[:64])

    @property
    def end_ns(self) -> int:
        """When the newest picture belongs."""
        return max(one.time_ns for one in self._timed[-64:])

    @property
    def arrived_ns(self) -> int:
        """When the newest packet arrived: the stream is live when that is just now, however late its pictures are."""
        return self._timed[-1].kept.arrival_ns

    @property
    def aspect(self) -> float:
        """Width over height of a pixel of the picture played."""
        shape = self._coding.aspect if self._coding is not None else (1, 1)
        return shape[0] / shape[1]

    def refresh(self) -> bool:
        """Take up what the ring has got since; True when there was something."""
        before = len(self._timed)
        place = self._timed[self._next] if self._next < before else None
        passed = self._timed[self._next - 1] if self._next else None
        self._groups.update((group.serial, group) for group in self._read())
        for serial in self._order()[:-_KEPT_GROUPS]:
            del self._groups[serial]
        self._timed = retime.lay_out([self._groups[serial] for serial in self._order()])
        for mark, offset in ((place, 0), (passed, 1)):
            if mark is not None:
                found = (number for number, one in enumerate(self._timed) if one.kept is mark.kept)
                self._next = next(found, 0) + offset
                break
        return len(self._timed) > before

    def _order(self) -> list[int]:
        return sorted(self._groups, key=lambda serial: self._groups[serial].begin_ns)

    def forward(self) -> tuple[VideoFrame, int] | None:
        """The next frame and its time, or None at the end of what the ring holds."""
        while not self._waiting:
            if self._next >= len(self._timed) and not self.refresh():
                return None
            self._decode(self._timed[self._next])
            self._next += 1
        frame, self.position_ns = self._waiting.pop(0)
        return frame, self.position_ns

    def seek(self, time_ns: int) -> tuple[VideoFrame, int] | None:
        """The frame shown at `time_ns`: the newest that is not younger, or the first there is."""
        self.refresh()
        start = 0
        for number, one in enumerate(self._timed):
            if one.kept.is_key and one.time_ns <= time_ns:
                start = number
        return self._run_to(start, time_ns)

    def back(self) -> tuple[VideoFrame, int] | None:
        """The frame before the one shown."""
        return self.seek(self.position_ns - 1)

    def _run_to(self, start: int, time_ns: int) -> tuple[VideoFrame, int] | None:
        self._next, self._coding, self._waiting = start, None, []
        found: tuple[VideoFrame, int] | None = None
        while found is None or not self._waiting or self._waiting[0][1] <= time_ns:
            if self._waiting:
                found = self._waiting.pop(0)
            elif self._next < len(self._timed):
                self._decode(self._timed[self._next])
                self._next += 1
            else:
                break
        if found is not None:
            self.position_ns = found[1]
        return found

    def _decode(self, one: Timed) -> None:
        import av

        coding = self._groups[one.group].coding if one.group in self._groups else self._coding
        if coding is None:
            return
        if self._decoder is None or coding is not self._coding:
            self._decoder, self._coding = remux.decoder_of(coding), coding
        packet = av.Packet(remux.payload(coding, one))
        packet.pts = packet.dts = one.time_ns
        packet.time_base = Fraction(1, 1_000_000_000)
        with contextlib.suppress(av.error.InvalidDataError):
            for frame in self._decoder.decode(packet):
                self._waiting.append((frame, int(frame.pts or one.time_ns)))
