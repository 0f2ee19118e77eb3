"""Descriptions made plain: the video track of real cameras' answers, and of answers that bend every rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.media.relay_sdp import base_of, described, joined, without_user

_SETS = {
    "hikvision": ("rtsp://192.168.5.106:554/Streaming/Channels/101/trackID=1?transportmode=unicast&profile=Profile_1",
                  "rtsp://192.168.5.106:554/Streaming/Channels/101/?transportmode=unicast&profile=Profile_1"),
    "dahua_describe_h264": ("rtsp://192.168.5.111:554/cam/realmonitor?channel=1&subtype=1&unicast=true&proto=Onvif/trackID=0",
                            "rtsp://192.168.5.111:554/cam/realmonitor?channel=1&subtype=1&unicast=true&proto=Onvif/"),
    "dahua_describe_h265": ("rtsp://cam-driveway/cam/realmonitor?channel=1&subtype=2/trackID=0",
                            "rtsp://cam-driveway/cam/realmonitor?channel=1&subtype=2/"),
    "foscam": ("rtsp://192.168.5.107:65534/videoMain/track1", "rtsp://192.168.5.107:65534/videoMain/"),
    "gw_main": ("rtsp://192.168.1.110:5050/H264?channel=1&subtype=0&unicast=true&proto=Onvif/video",
                "rtsp://192.168.1.110:5050/H264?channel=1&subtype=0&unicast=true&proto=Onvif"),
    "gw_sub": ("rtsp://192.168.1.110:5049/H264?channel=1&subtype=1&unicast=true&proto=Onvif/video",
               "rtsp://192.168.1.110:5049/H264?channel=1&subtype=1&unicast=true&proto=Onvif"),
    "reolink": ("rtsp://192.168.5.206/h264Preview_01_main/trackID=1", "rtsp://192.168.5.206/h264Preview_01_main/"),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(_SETS))
def test_real_cameras_are_understood(shared_data: Path, name: str) -> None:
    """faults.md V27 V29 V30 V33"""
    for file in sorted((shared_data / "rtsp-sdp").glob(f"{name}*describe*.txt")) or sorted(
        (shared_data / "rtsp-sdp").glob(f"{name}*.txt")
    ):
        head, _, body = file.read_bytes().partition(b"\r\n\r\n")
        base = next(line[13:].strip() for line in head.decode().splitlines() if line.startswith("Content-Base:"))

        found = described(body, base_of(base, "rtsp://asked/"))

        assert found is not None
        setup, play = _SETS[name]
        assert found.setup_url == setup
        assert found.play_url == play
        assert found.sdp.count(b"m=") == 1, "audio and metadata are never set up"
        assert not found.is_seekable


@pytest.mark.parametrize(
    ("told", "base"),
    [
        ("rtsp://h/a/", "rtsp://h/a/"), ("192.168.1.2/a/", "rtsp://192.168.1.2/a/"), ("//192.168.1.2:554/a/", "rtsp://192.168.1.2:554/a/"),
        ("(null)", "asked"), ("", "asked"), ("/a/b", "asked"), ("http://h/a", "asked"), (" <rtsp://u:p@h/a> ", "rtsp://h/a"),
    ],
)  # fmt: skip
def test_the_base_is_the_cameras_where_it_is_one(told: str, base: str) -> None:
    """faults.md V27"""
    assert base_of(told, "asked") == base


@pytest.mark.parametrize(
    ("base", "control", "url"),
    [
        ("rtsp://h/a/", "track1", "rtsp://h/a/track1"), ("rtsp://h/a", "track1", "rtsp://h/a/track1"), ("rtsp://h/a/", "*", "rtsp://h/a/"),
        ("rtsp://h/a/", "", "rtsp://h/a/"), ("rtsp://h/a", "/track1", "rtsp://h/a/track1"), ("rtsp://h/a", "RTSP://u:p@h/b", "RTSP://h/b"),
        ("rtsp://h/a?x=1&y=2", "trackID=1", "rtsp://h/a?x=1&y=2/trackID=1"),
    ],
)  # fmt: skip
def test_control_urls_are_joined_as_cameras_mean_it(base: str, control: str, url: str) -> None:
    """faults.md V29"""
    assert joined(base, control) == url


def test_a_password_in_a_cameras_own_url_is_taken_out() -> None:
    assert without_user("rtsp://admin:geheim@h:554/a@b") == "rtsp://h:554/a@b"


def test_the_video_that_can_be_decoded_is_chosen_and_cleaned() -> None:
    """faults.md V29 V30 V33"""
    body = (
        b"junk\nm=\nm=audio 0 RTP/AVP 120\na=rtpmap:120 WEIRD/16000\n"
        b"m=video 0 RTP/AVP 99\na=rtpmap:99 vnd.secret/90000\na=control:no\n"
        b"m=video 0 RTP/AVP 97 96 \na=rtpmap:97 x/1\na=rtpmap: 96 H264/90000 \n"
        b"a=fmtp:96 packetization-mode=1 ; sprop-parameter-sets=%%%,"
        b"Z00AKpWoHgCJ+WbgICAgQAAAAAE=,aO48gAAAAAE=,AAAA; \na=control:yes\na=x-secret:1\n"
    )

    found = described(body, "rtsp://h/a")

    assert found is not None
    assert found.setup_url == "rtsp://h/a/yes"
    text = found.sdp.decode()
    assert "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n" in text
    assert "packetization-mode=1; sprop-parameter-sets=Z00AKpWoHgCJ+WbgICAgQA==,aO48gA==\r\n" in text
    assert "secret" not in text


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", b"v=0\nm=audio 0 RTP/AVP 0\n", b"m=video", b"m=video 0 RTP/AVP\n"])
def test_no_video_is_none(body: bytes) -> None:
    assert described(body, "rtsp://h/") is None


def test_a_recording_keeps_its_range() -> None:
    found = described(b"v=0\na=range:npt=0-63.5\nm=video 0 RTP/AVP 26\n", "rtsp://h/")

    assert found is not None and found.is_seekable
    assert b"a=range:npt=0-63.5" in found.sdp
