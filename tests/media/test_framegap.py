"""A missing reference picture is found by its number, and nothing else is taken for one (faults.md V37)."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from console.media.framegap import GapFinder
from tests.media.clips import make_clip

CODED = {
    "as cameras do": {},
    "with several slices": {"slices": "3"},
    "with B-frames that are referred to": {"preset": "medium", "tune": "film", "bf": "3", "x264-params": "b-pyramid=2"},
    "with scaling lists": {"preset": "medium", "x264-params": "cqm=jvt"},
    "interlaced": {"x264-params": "interlaced=1", "preset": "veryfast", "tune": "film"},
}


def packets_of(clip: Path) -> tuple[bytes | None, list[bytes]]:
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        return stream.codec_context.extradata, [bytes(packet) for packet in container.demux(stream) if packet.size]


@pytest.fixture(scope="module", params=CODED)
def stream(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes | None, list[bytes]]:
    file = tmp_path_factory.mktemp("clips") / "clip.264"
    return packets_of(make_clip(file, seconds=2, gop=20, options=CODED[request.param]))


def is_reference(packet: bytes) -> bool:
    """True for a picture that others need: its slices say so (nal_ref_idc)."""
    return any(unit[0] & 31 == 1 and unit[0] & 0x60 for unit in packet.split(b"\0\0\1")[1:] if unit)


def gaps(extradata: bytes | None, packets: list[bytes]) -> list[int]:
    finder = GapFinder(extradata)
    return [number for number, packet in enumerate(packets) if finder.is_after_gap(packet)]


def test_a_whole_stream_has_no_gap(stream: tuple[bytes | None, list[bytes]]) -> None:
    assert gaps(*stream) == []


def test_a_reference_picture_that_is_missing_leaves_a_gap(stream: tuple[bytes | None, list[bytes]]) -> None:
    extradata, packets = stream
    lost = [number for number in range(22, 38) if is_reference(packets[number])][3]

    found = gaps(extradata, packets[:lost] + packets[lost + 1 :])

    assert found
    assert found[0] >= lost
    assert found[-1] < 40, "the next key frame begins anew"


def test_a_lost_key_frames_successor_is_no_gap_before_anything_was_seen(stream: tuple[bytes | None, list[bytes]]) -> None:
    """faults.md V35: a start in the middle"""
    extradata, packets = stream

    assert gaps(extradata, packets[5:]) == []


@pytest.mark.parametrize(
    "data", [b"", b"\0\0\1", b"\0\0\1\x67", b"\0\0\1\x67\xff", b"\0\0\1\x41", b"\0\0\1\x41" + bytes(40), b"x" * 300]
)
def test_what_is_no_stream_says_nothing(data: bytes) -> None:
    finder = GapFinder(data)

    assert not finder.is_after_gap(data)


def test_who_counts_otherwise_is_believed_no_more(stream: tuple[bytes | None, list[bytes]]) -> None:
    extradata, packets = stream
    finder = GapFinder(extradata)
    every_second = packets[21:40:2] * 60

    found = [finder.is_after_gap(packet) for packet in every_second]

    assert not any(found[300:])


def test_a_key_frame_behind_a_long_message_is_no_gap(stream: tuple[bytes | None, list[bytes]]) -> None:
    extradata, packets = stream
    finder = GapFinder(extradata)
    message = b"\0\0\0\1\x06\x05" + b"x" * 700

    found = [finder.is_after_gap(message + packet if number % 25 == 0 else packet) for number, packet in enumerate(packets)]

    assert not any(found)
