"""Parameter sets and NAL units of H.264 and H.265: found in a key frame or a stream's header, and put before start codes.

Pure functions over bytes, in whichever process keeps or writes compressed pictures.
Source: ITU-T H.264 Annex B and 7.4.1, H.265 Annex B and 7.4.2.2; ISO/IEC 14496-15 5.3.3.1 (avcC) and 8.3.3.1 (hvcC).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

START: Final = b"\x00\x00\x00\x01"
CODECS: Final = ("h264", "hevc")
_SETS: Final = {"h264": (7, 8), "hevc": (32, 33, 34)}
_SPS: Final = {"h264": 7, "hevc": 33}
_SLICES: Final = {"h264": range(1, 6), "hevc": range(0, 32)}
_LOOK_BYTES: Final = 65_536  # parameter sets stand before the first slice; a key frame's pictures are not searched


def unit_type(codec: str, unit: bytes) -> int:
    """The NAL unit type of `unit` (without its start code)."""
    return unit[0] & 0x1F if codec == "h264" else unit[0] >> 1 & 0x3F


def units(data: bytes, most_bytes: int | None = None) -> Iterator[bytes]:
    """NAL units of an Annex B stream, without start codes; only those that begin in the first `most_bytes`."""
    start, end = data.find(b"\x00\x00\x01"), len(data)
    while start >= 0 and (most_bytes is None or start < most_bytes):
        begin = start + 3
        start = data.find(b"\x00\x00\x01", begin)
        unit = data[begin : start if start >= 0 else end].rstrip(b"\x00")
        if unit:
            yield unit


def sized_units(data: bytes, length_size: int) -> Iterator[bytes]:
    """NAL units that each stand behind their length of `length_size` bytes; a length that lies ends the walk."""
    at = 0
    while at + length_size <= len(data):
        size = int.from_bytes(data[at : at + length_size], "big")
        at += length_size
        if not 0 < size <= len(data) - at:
            return
        yield data[at : at + size]
        at += size


def to_annexb(data: bytes, length_size: int) -> bytes:
    """`data` with start codes in place of lengths; unchanged when it has start codes already (`length_size` 0)."""
    return b"".join(START + unit for unit in sized_units(data, length_size)) if length_size else data


def sets_in(codec: str, data: bytes, length_size: int = 0) -> bytes:
    """The parameter sets before the first slice of an access unit, each behind a start code; empty when there are none."""
    found = []
    for unit in sized_units(data, length_size) if length_size else units(data, _LOOK_BYTES):
        kind = unit_type(codec, unit)
        if kind in _SETS[codec]:
            found.append(START + unit)
        elif kind in _SLICES[codec]:
            break
    return b"".join(found)


def sps_of(codec: str, sets: bytes) -> bytes:
    """The sequence parameter sets alone: what must stay equal for two key frames to belong to one file."""
    return b"".join(START + unit for unit in units(sets) if unit_type(codec, unit) == _SPS[codec])


def header_sets(codec: str, extradata: bytes) -> tuple[bytes, int]:
    """A stream header's parameter sets behind start codes, and the length size of its packets (0: start codes).

    `extradata` is Annex B (RTSP), avcC or hvcC (files); anything else gives no sets and start codes.
    """
    if extradata[:3] == b"\x00\x00\x01" or extradata[:4] == START:
        return sets_in(codec, extradata), 0
    if codec == "h264" and len(extradata) > 6 and extradata[0] == 1:
        return _avcc_sets(extradata), (extradata[4] & 3) + 1
    if codec == "hevc" and len(extradata) > 22 and (extradata[0] == 1 or extradata[1]):
        return _hvcc_sets(extradata), (extradata[21] & 3) + 1
    return b"", 0


def _avcc_sets(extradata: bytes) -> bytes:
    out: list[bytes] = []
    at = 5
    for mask in (0x1F, 0xFF):
        if at >= len(extradata):
            break
        count, at = extradata[at] & mask, at + 1
        for _ in range(count):
            size = int.from_bytes(extradata[at : at + 2], "big")
            unit = extradata[at + 2 : at + 2 + size]
            if len(unit) != size or not unit:
                return b"".join(out)
            out.append(START + unit)
            at += 2 + size
    return b"".join(out)


def _hvcc_sets(extradata: bytes) -> bytes:
    out: list[bytes] = []
    at = 23
    for _ in range(extradata[22]):
        count, at = int.from_bytes(extradata[at + 1 : at + 3], "big"), at + 3
        for _ in range(count):
            size = int.from_bytes(extradata[at : at + 2], "big")
            unit = extradata[at + 2 : at + 2 + size]
            if len(unit) != size or not unit:
                return b"".join(out)
            if unit_type("hevc", unit) in _SETS["hevc"]:
                out.append(START + unit)
            at += 2 + size
    return b"".join(out)
