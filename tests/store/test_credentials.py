"""Passwords leave the URLs, and come back only when asked for."""

from __future__ import annotations

import json
from pathlib import Path

import keyring
import keyring.backend
import pytest

from console.errors import BadInput, Unavailable
from console.store import credentials
from console.store.credentials import split_password, with_password


@pytest.mark.parametrize(
    ("url", "bare"),
    [
        ("rtsp://admin:secret@10.0.0.1/s", "rtsp://admin@10.0.0.1/s"),
        ("rtsp://admin:p@ss@10.0.0.1:554/s", "rtsp://admin@10.0.0.1:554/s"),
        ("rtsp://admin:p/s#s@10.0.0.1/s", "rtsp://admin@10.0.0.1/s"),
        ("rtsp://admin:p@s/s@host/s", "rtsp://admin@host/s"),
        ("rtsp://:secret@host/s", "rtsp://@host/s"),
        ("rtsp://u:p@:/#%&w密@10.0.0.8/s1#transport=udp", "rtsp://u@10.0.0.8/s1#transport=udp"),
        ("rtsp://u:p@a?b@host/s", "rtsp://u@host/s"),
        ("rtsps://u:pa#ss@host:322/a#tls_pin=AA&redirect=h", "rtsps://u@host:322/a#tls_pin=AA&redirect=h"),
        ("rtsp://u:p@[fe80::1]:554/s", "rtsp://u@[fe80::1]:554/s"),
        ("http://h/flv?user=a&password=b&c=1", "http://h/flv?user=a&password=***&c=1"),
        ("rtsp://h:554/user=a_password=b_channel=1", "rtsp://h:554/user=a_password=***"),
    ],
)
def test_a_password_is_split_off(url: str, bare: str) -> None:
    assert split_password(url) == (bare, True)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "clip.mp4",
        "/media/a@b:c.mp4",
        "rtsp://10.0.0.1:554/s",
        "rtsp://user@host/s",
        "http://h:80/x?mail=a@b.c",
        "rtsp://[::1]:554/a@b",
    ],
)
def test_without_a_password_nothing_changes(url: str) -> None:
    assert split_password(url) == (url, False)


FULL, BARE = "rtsp://admin:secret@10.0.0.1/s", "rtsp://admin@10.0.0.1/s"


def test_without_a_keyring_a_file_of_the_owner_alone_holds_them(tmp_path: Path) -> None:
    credentials.keep(tmp_path, {"C1": {BARE: FULL}})
    credentials.keep(tmp_path, {"C2": {BARE: FULL + "2"}})
    assert (tmp_path / "credentials.json").stat().st_mode & 0o777 == 0o600
    assert with_password(tmp_path, "C1", BARE) == FULL
    assert credentials.with_passwords(tmp_path, {"C1": BARE, "C2": BARE, "C3": BARE}) == {
        "C1": FULL,
        "C2": FULL + "2",
        "C3": BARE,
    }
    assert with_password(tmp_path, "C1", "rtsp://elsewhere/s") == "rtsp://elsewhere/s"


def test_without_a_store_the_url_stays(tmp_path: Path) -> None:
    assert with_password(tmp_path, "C1", BARE) == BARE


def test_a_damaged_store_is_named(tmp_path: Path) -> None:
    (tmp_path / "credentials.json").write_text("{")
    with pytest.raises(BadInput, match=r"credentials\.json"):
        with_password(tmp_path, "C1", BARE)


class MemoryKeyring(keyring.backend.KeyringBackend):
    priority = 5  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password


def test_with_a_keyring_the_file_is_sealed_and_useless_without_it(tmp_path: Path) -> None:
    before = keyring.get_keyring()
    keyring.set_keyring(MemoryKeyring())
    try:
        credentials.keep(tmp_path, {"C1": {BARE: FULL}})
        assert "secret" not in (tmp_path / "credentials.json").read_text()
        assert json.loads((tmp_path / "credentials.json").read_text())["sealed"] is True
        assert with_password(tmp_path, "C1", BARE) == FULL
    finally:
        keyring.set_keyring(before)
    with pytest.raises(Unavailable, match="keyring"):
        with_password(tmp_path, "C1", BARE)
