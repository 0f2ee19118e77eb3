"""Frame gap: finds whole reference pictures that are missing from an H.264 stream, which decoders fill up without a word.

FFmpeg copies the picture before in the missing one's place, unmarked, and everything until the next key frame smears. Each
picture counts itself (`frame_num`), so the gap can be seen in the first bytes of the packet, before it is decoded.
Source: ITU-T H.264 (08/2021), 7.3.1, 7.3.2.1.1 (sequence parameter set), 7.3.3 (slice header), 7.4.3 (frame_num).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.stream import VideoStream

_START = b"\x00\x00\x01"
_SLICE, _IDR, _SPS = 1, 5, 7
_LOOKED_AT_BYTES = 256  # parameter sets and messages before a picture's first slice are shorter than this
_JUDGED_AFTER, _TOO_MANY = 50, 0.1  # who has so many gaps does not count as the standard says: it is believed no more
_HIGH_PROFILES = frozenset((100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135))


class _Bits:
    """Reads a NAL unit's payload bit by bit."""

    def __init__(self, payload: bytes) -> None:
        clean = payload.replace(b"\x00\x00\x03", b"\x00\x00")  # emulation prevention
        self._value, self._left = int.from_bytes(clean, "big"), len(clean) * 8

    def take(self, count: int) -> int:
        """`count` bits as a number. Raises ValueError past the end."""
        self._left -= count
        if self._left < 0:
            raise ValueError("too short")
        return self._value >> self._left & (1 << count) - 1

    def golomb(self) -> int:
        """ue(v), clause 9.1."""
        zeros = 0
        while not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)

    def signed(self) -> int:
        code = self.golomb()
        return (code + 1) // 2 if code & 1 else -(code // 2)


def _frame_num_bits(sps: bytes) -> int:
    """Bits of `frame_num` in a stream with this sequence parameter set (without its NAL header); 0 where gaps are lawful."""
    profile, bits = sps[0], _Bits(sps[3:])
    bits.golomb()
    if profile in _HIGH_PROFILES:
        chroma = bits.golomb()
        if chroma == 3 and bits.take(1):
            return 0  # separate colour planes have another slice header
        bits.golomb()
        bits.golomb()
        bits.take(1)
        if bits.take(1):
            _skip_scaling_lists(bits, 8 if chroma != 3 else 12)
    size = bits.golomb() + 4
    order = bits.golomb()
    if order == 0:
        bits.golomb()
    elif order == 1:
        bits.take(1)
        bits.signed()
        bits.signed()
        for _ in range(bits.golomb()):
            bits.signed()
    bits.golomb()
    return 0 if bits.take(1) else size


def _skip_scaling_lists(bits: _Bits, lists: int) -> None:
    """Clause 7.3.2.1.1.1."""
    for number in range(lists):
        if not bits.take(1):
            continue
        last = wanted = 8
        for _ in range(16 if number < 6 else 64):
            if wanted:
                wanted = (last + bits.signed()) % 256
            last = wanted or last


class GapFinder:
    """One connection of an H.264 stream in Annex B form."""

    def __init__(self, extradata: bytes | None) -> None:
        self._bits = 0
        self._former: int | None = None
        self._pictures = self._gaps = 0
        self._sps = b""
        if extradata:
            self._find(extradata)
            self._former = None

    def is_after_gap(self, packet: Packet[VideoStream] | bytes) -> bool:
        """True when a reference picture is missing between the last packet and this one. Never raises: what cannot be read tells
        nothing."""
        return self._find(bytes(memoryview(packet)[:_LOOKED_AT_BYTES]))

    def forget(self) -> None:
        """Packets were left out on purpose."""
        self._former = None

    def _find(self, head: bytes) -> bool:
        place = head.find(_START)
        while place >= 0:
            place += 3
            if place >= len(head):
                return False
            kind = head[place] & 31
            if kind in (_SLICE, _IDR):
                return self._count(kind, head[place] >> 5 & 3, head[place + 1 : place + 25])
            following = head.find(_START, place)
            if kind == _SPS:
                self._take_sps(head[place + 1 : following if following > 0 else len(head)])
            place = following
        self._former = None  # its slice stands behind what was looked at (x264 writes 700 bytes about itself): nothing is known
        return False

    def _take_sps(self, sps: bytes) -> None:
        if sps == self._sps:
            return
        self._sps = sps
        try:
            self._bits = _frame_num_bits(sps)
        except (ValueError, IndexError):
            self._bits = 0

    def _count(self, kind: int, reference: int, header: bytes) -> bool:
        if not self._bits:
            return False
        try:
            bits = _Bits(header)
            bits.golomb()
            bits.golomb()
            bits.golomb()
            number = bits.take(self._bits)
        except ValueError:
            return False
        former = self._former
        if reference or kind == _IDR:
            self._former = number
        self._pictures += 1
        # The next picture counts one more than the last reference picture; the second field of one counts the same.
        if kind == _IDR or former is None or (number - former) % (1 << self._bits) <= 1:
            return False
        self._gaps += 1
        if self._pictures > _JUDGED_AFTER and self._gaps > self._pictures * _TOO_MANY:
            self._bits = 0
        return True
