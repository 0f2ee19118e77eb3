"""Sources: feed addresses checked, odd passwords escaped (faults.md V17), errors in the contract's words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from console.errors import BadInput
from console.media import source
from console.media.source import SourceFailed


@pytest.mark.parametrize(
    ("url", "kind", "opened"),
    [
        ("rtsp://host/a", "rtsp", "rtsp://host/a"),
        ("RTSPS://host:322/a?b=c", "rtsp", "RTSPS://host:322/a?b=c"),
        ("http://host/x.flv", "http", "http://host/x.flv"),
        ("/srv/a b.mp4", "file", "/srv/a b.mp4"),
        ("C:\\video\\a.mp4", "file", "C:\\video\\a.mp4"),
        ("file:///srv/a%20b.mp4", "file", "/srv/a b.mp4"),
        ("rtsp://u:p@host/a", "rtsp", "rtsp://u:p@host/a"),
        ("rtsp://u:p@:/#%&w@host:554/a", "rtsp", "rtsp://u:p%40%3A%2F%23%25%26w@host:554/a"),
        ("rtsp://u:密码@host/a", "rtsp", "rtsp://u:%E5%AF%86%E7%A0%81@host/a"),
        ("rtsp://u:p%40w@host/a", "rtsp", "rtsp://u:p%40w@host/a"),
        ("rtsp://[::1]:554/a", "rtsp", "rtsp://[::1]:554/a"),
    ],
)
def test_an_address_is_taken_apart(url: str, kind: str, opened: str) -> None:
    found = source.parse(url)

    assert (found.kind, found.url) == (kind, opened)


@pytest.mark.parametrize(
    "url", ["", "foo://x", "rtsp:x", "rtsp://", "rtsp://host:99999/a", "rtsp://host:port/a", "rtsp://h\nost/a", "gopher://h/x"]
)
def test_what_is_no_address_is_named(url: str) -> None:
    with pytest.raises(BadInput):
        source.parse(url)


@pytest.mark.parametrize(
    ("url", "bare", "user", "password", "options"),
    [
        ("rtsp://host/a#b", "rtsp://host/a#b", None, "", ()),
        ("rtsp://u:p@:/#%&w 密@host:554/a?x=1", "rtsp://host:554/a?x=1", "u", "p@:/#%&w 密", ()),
        ("rtsp://u:p%40w@host/a", "rtsp://host/a", "u", "p@w", ()),
        ("rtsp://u@host/a", "rtsp://host/a", "u", "", ()),
        ("rtsps://u:a#b=c@host/a#tls_pin=AA:BB", "rtsps://host/a", "u", "a#b=c", (("tls_pin", "AA:BB"),)),
        ("rtsp://host/a#redirect=h%2Ci&relay=on", "rtsp://host/a", None, "", (("redirect", "h,i"), ("relay", "on"))),
        ("rtsps://host/a#tls=unverified", "rtsps://host/a", None, "", (("tls", "unverified"),)),
    ],
)  # fmt: skip
def test_user_password_and_options_are_split_off(
    url: str, bare: str, user: str | None, password: str, options: tuple[tuple[str, str], ...]
) -> None:
    """faults.md V17 V23"""
    found = source.parse(url)

    assert (found.bare, found.user, found.password, found.options) == (bare, user, password, options)
    assert password == "" or password not in repr(found)


def test_an_option_nobody_knows_is_named() -> None:
    with pytest.raises(BadInput, match="tls_pim"):
        source.parse("rtsps://u:geheim@host/a#tls_pim=aa")


@pytest.mark.parametrize("name", ["protocol_whitelist", "http_proxy", "cafile", "listen"])
def test_a_camera_may_not_set_options_that_reach_elsewhere(name: str) -> None:
    with pytest.raises(SourceFailed) as caught:
        source.open_source(source.parse("rtsp://127.0.0.1:1/a"), 1.0, 1.0, options=[(name, "x")])

    assert (caught.value.word, caught.value.detail) == ("bad_stream", "option")


def test_main_and_sub_stream_of_a_camera_are_one_account() -> None:
    """faults.md V18"""
    one, other = source.account("rtsp://u:geheim@host:554/main"), source.account("rtsp://u:geheim@HOST:554/sub#transport=udp")

    assert one == other and "geheim" not in one
    assert source.account("rtsp://u:geheim@host2/main") != one
    assert source.account("rtsp://u:anders@host:554/main") != one
    assert source.account("rtsp://host/a") == "rtsp://host/a"


def test_no_password_is_shown() -> None:
    assert "geheim" not in source.parse("rtsp://u:geheim@host/a").shown
    with pytest.raises(BadInput) as caught:
        source.parse("foo://u:geheim@host/a")
    assert "geheim" not in str(caught.value)


def failure_of(url: str) -> str:
    with pytest.raises(SourceFailed) as caught:
        source.open_source(source.parse(url), 1.0, 1.0)
    return caught.value.word


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    assert failure_of(str(tmp_path / "none.mp4")) == "not_found"


def test_a_text_file_is_no_video(tmp_path: Path) -> None:
    file = tmp_path / "text.mp4"
    file.write_text("not a video " * 500)

    assert failure_of(str(file)) == "bad_stream"


def test_a_pipe_is_not_opened_for_it_would_block_for_ever(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert failure_of(str(tmp_path / "pipe")) == "bad_stream"
    assert failure_of(str(tmp_path)) == "bad_stream"


def test_a_closed_port_is_unreachable(free_port: int) -> None:
    """faults.md V1"""
    assert failure_of(f"rtsp://127.0.0.1:{free_port}/a") == "unreachable"
