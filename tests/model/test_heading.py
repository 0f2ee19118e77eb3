"""Headings as rosters really write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.model.heading import parse_heading


@pytest.mark.parametrize(
    ("text", "headings", "span"),
    [
        ("", (), None),
        ("0", (0.0,), None),
        ("318", (318.0,), None),
        ("360", (0.0,), None),
        ("-45", (315.0,), None),
        ("１８０°", (180.0,), None),
        ("45.5度", (45.5,), None),
        ("45;225", (45.0, 225.0), None),
        ("45；225", (45.0, 225.0), None),
        ("45, 225", (45.0, 225.0), None),
        ("45 225", (45.0, 225.0), None),
        ("NW", (315.0,), None),
        ("nnw", (337.5,), None),
        ("W", (270.0,), None),
        ("north-west", (315.0,), None),
        ("Southbound", (180.0,), None),
        ("N;S", (0.0, 180.0), None),
        ("东向西", (270.0,), None),
        ("由南往北", (0.0,), None),
        ("西北", (315.0,), None),
        ("朝东南方向", (135.0,), None),
        ("向北", (0.0,), None),
        ("正东", (90.0,), None),
        ("北偏东", (22.5,), None),
        ("东西双向", (90.0, 270.0), None),
        ("90-180", (135.0,), 90.0),
        ("350-10", (0.0,), 20.0),
        ("90~180", (135.0,), 90.0),
        ("0-360", (180.0,), 360.0),
        ("DirectionType=5", (135.0,), None),
        ("GB:3", (180.0,), None),
    ],
)
def test_a_heading_is_read(text: str, headings: tuple[float, ...], span: float | None) -> None:
    found = parse_heading(text)
    assert (found.headings_deg, found.span_deg, found.unread) == (headings, span, "")


@pytest.mark.parametrize("text", ["全景", "路口", "东西", "-", "?", "720", "45;路口", "nan", "inf", "1e3", "N/A", "上行", "=1+1"])
def test_what_cannot_be_read_is_unknown_and_flagged(text: str) -> None:
    found = parse_heading(text)
    assert found.headings_deg == ()
    assert found.unread == text


@given(st.text(max_size=30))
def test_any_text_is_accepted(text: str) -> None:
    found = parse_heading(text)
    assert all(0 <= heading < 360 for heading in found.headings_deg)


@given(st.floats(0, 359.99))
def test_degrees_come_back(degrees: float) -> None:
    assert parse_heading(f"{degrees:.2f}").headings_deg == (pytest.approx(round(degrees, 2)),)
