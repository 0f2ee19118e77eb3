"""The id rule of the contract."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.errors import BadInput
from console.model.ids import checked_id

FORBIDDEN = "/+#\\"


@pytest.mark.parametrize("text", ["A", "51010700001310000001", "D-0001", "巡-01", "a b", "...", "x" * 64, "name@host"])
def test_ordinary_ids_pass(text: str) -> None:
    assert checked_id(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ".",
        "..",
        "../x",
        "a/+/#",
        "a/b",
        "a+b",
        "a#b",
        "a\\b",
        "a\x00b",
        "a\nb",
        "a\n",
        "a\x7f",
        "a\u202eb",
        "a\u2028b",
        "x" * 65,
    ],
)
def test_hostile_ids_are_refused(text: str) -> None:
    with pytest.raises(BadInput, match=r"^id "):
        checked_id(text)


@given(st.text(max_size=80))
def test_whatever_passes_is_safe_in_topics_and_paths(text: str) -> None:
    try:
        found = checked_id(text)
    except BadInput:
        return
    assert 1 <= len(found) <= 64
    assert found not in (".", "..")
    assert not set(found) & set(FORBIDDEN)
    assert found.isprintable() or not any(ord(letter) < 32 for letter in found)
