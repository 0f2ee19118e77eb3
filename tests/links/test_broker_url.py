"""The broker's URL: taken apart, and never shown with its password."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.errors import BadInput
from console.links.broker_url import broker_place, url_in_file


def test_a_password_with_every_bad_sign_is_unquoted() -> None:
    place = broker_place("mqtt://desk:p%40%3A%2F%23%25%E5%AF%86@broker.example:1884")
    assert (place.host, place.port, place.user, place.password, place.has_tls) == (
        "broker.example",
        1884,
        "desk",
        "p@:/#%密",
        False,
    )
    assert place.shown == "mqtt://desk@broker.example:1884"
    assert "密" not in repr(place)


def test_ports_have_their_defaults() -> None:
    assert (broker_place("mqtt://h").port, broker_place("mqtts://h").port) == (1883, 8883)


@pytest.mark.parametrize(
    "url", ["", "h:1883", "http://u:geheim@h", "mqtt://", "mqtt://u:geheim@h:99999", "mqtt://u:geheim@h/path", "mqtt://u:geheim@h?x=1",
            "mqtts://u:geheim@h?ca=/nowhere", "mqtt://[::1"],
)  # fmt: skip
def test_a_bad_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(BadInput) as caught:
        broker_place(url)
    assert "geheim" not in str(caught.value)


def test_the_first_line_of_a_file_is_the_url(tmp_path: Path) -> None:
    file = tmp_path / "broker"
    file.write_text("\ufeffmqtt://desk:secret@h\n# more\n", encoding="utf-8")
    assert url_in_file(file) == "mqtt://desk:secret@h"


@pytest.mark.parametrize("text", [None, "", "\nmqtt://h", "ftp://h"])
def test_a_file_without_a_url_is_named(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "broker"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput):
        url_in_file(file)
