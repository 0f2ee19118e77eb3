"""The RTSP wire: any cut of the bytes gives the same messages and frames; too much or no RTSP at all is told."""

from __future__ import annotations

import random

import pytest

from console.media.relay_wire import LONGEST_HEAD, MOST_GARBAGE, BadAnswer, Message, Wire, written

REPLY = b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 4\r\n\r\nbody"


def frame(channel: int, size: int) -> bytes:
    return b"$" + bytes([channel]) + size.to_bytes(2, "big") + bytes([channel + 65]) * size


def fed(chunks: list[bytes], wanted: frozenset[int] | None = frozenset((0, 1))) -> tuple[bytes, list[Message], Wire]:
    wire, media, messages = Wire(), b"", []
    wire.wanted = wanted
    for chunk in chunks:
        for piece in wire.feed(chunk):
            if isinstance(piece, bytes):
                media += piece
            else:
                messages.append(piece)
    return media, messages, wire


def test_messages_and_media_come_out_alike_however_they_were_cut() -> None:
    """faults.md V24"""
    data = REPLY + frame(0, 300) + b"\r\n" + frame(1, 0) + frame(9, 50) + REPLY + b"\r\n\r\n" + frame(0, 70)
    whole = frame(0, 300) + frame(1, 0) + frame(0, 70)
    dice = random.Random(3)

    for _ in range(100):
        cuts = sorted(dice.sample(range(len(data)), 12))
        chunks = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
        media, messages, wire = fed(chunks)
        assert media == whole
        assert [(one.status, one.body) for one in messages] == [(200, b"body")] * 2
        assert wire.unwanted == 1
    assert fed([data[at : at + 1] for at in range(len(data))])[0] == whole


def test_whole_frames_are_passed_on_without_being_cut_up() -> None:
    wire = Wire()
    list(wire.feed(REPLY))
    data = frame(0, 500) * 20

    assert list(wire.feed(data)) == [data]


def test_odd_heads_are_read() -> None:
    """faults.md V28"""
    _, found, _ = fed([b"\r\n RTSP/1.0  404\nCSEQ : 7 \n folded\nno colon\nSession:        70;timeout=60\nSession: b\n\n"])

    assert (found[0].status, found[0].number, found[0].first("session"), found[0].all("session")) == (
        404, 7, "70;timeout=60", ["70;timeout=60", "b"],
    )  # fmt: skip


def test_a_request_of_the_camera_is_read() -> None:
    _, found, _ = fed([REPLY, b"OPTIONS rtsp://x/ RTSP/1.0\r\nCSeq: 9\r\n\r\n"])

    assert (found[1].method, found[1].url, found[1].status, found[1].number) == ("OPTIONS", "rtsp://x/", 0, 9)


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x01garbage" * 100, b"SSH-2.0-OpenSSH_9.2 and more\r\n", b"<html><body>no camera</body></html>",
        b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * LONGEST_HEAD, b"RTSP/1.0 200 OK\r\nContent-Length: 99999999\r\n\r\n",
        b"RTSP/9 nonsense\r\n\r\n", REPLY + b"\xff" * (MOST_GARBAGE + 2),
    ],
)  # fmt: skip
def test_what_is_no_rtsp_or_too_much_of_it_is_told(data: bytes) -> None:
    """faults.md V3: bounded headers, bodies and garbage"""
    with pytest.raises(BadAnswer):
        fed([data[at : at + 1000] for at in range(0, len(data), 1000)])


def test_little_garbage_between_frames_is_left_out() -> None:
    media, _, _ = fed([REPLY, b"\xfe\xffabc", frame(0, 9), b"junk", frame(1, 3)])

    assert media == frame(0, 9) + frame(1, 3)


def test_no_line_break_gets_into_a_header() -> None:
    assert written("PLAY rtsp://x RTSP/1.0", [("Session", "a\r\nEvil: b")]).count(b"\r\n") == 3
