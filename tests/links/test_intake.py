"""Incidents in: every field of the contract, and what outsiders really send."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.errors import BadInput
from console.links.intake import LONGEST, parse_incident

GOOD: dict[str, Any] = {"source": "110", "source_id": "20261122-7", "at": "2026-11-22T08:30:00+08:00", "title": "路口斗殴"}


def test_a_minimal_report_is_taken_with_the_contracts_defaults() -> None:
    found = parse_incident(GOOD)
    assert found.reported_ns == 1_795_307_400_000_000_000
    assert (found.kind, found.grade, found.lon, found.lat, found.note) == ("other", None, None, None, None)


@pytest.mark.parametrize("field", ["source", "source_id", "at", "title"])
def test_a_missing_required_field_is_named(field: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_incident({key: value for key, value in GOOD.items() if key != field})
    assert caught.value.where == field


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("source", "aliens"), ("source", ["110"]), ("source_id", "../x"), ("source_id", "a/+/#"), ("source_id", "a\u0007b"),
        ("source_id", ""), ("source_id", "x" * 65), ("source_id", {}), ("at", "yesterday"), ("at", "2026-11-22T08:30:00"),
        ("at", 1795305000), ("at", "0001-01-01T00:00:00+14:00"), ("at", "1970-01-01T00:00:00Z"), ("title", ""),
        ("title", "\u0000"),
        ("title", ["x"]), ("grade", "purple"), ("grade", 1), ("datum", "mars"), ("datum", 7), ("lon", "east"), ("lat", [30]),
        ("lon", True), ("note", {}), ("kind", []),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named(field: str, value: object) -> None:
    with pytest.raises(BadInput) as caught:
        parse_incident({**GOOD, "lon": 104.0, "lat": 30.0, **{field: value}})
    assert caught.value.where == field


@pytest.mark.parametrize(
    ("lon", "lat"), [(0, 0), (float("nan"), 30.0), (30.65, 104.06), (None, 30.65), (1e400, 30.0), (181, 30), ("", 30)]
)
def test_an_unusable_position_is_kept_in_words_and_the_alarm_lives(lon: object, lat: object) -> None:
    """faults.md D22, D36."""
    found = parse_incident({**GOOD, "lon": lon, "lat": lat, "note": "南门"})
    assert (found.lon, found.lat) == (None, None)
    assert found.note is not None
    assert found.note.startswith("南门\n[position given was unusable")


def test_a_swapped_position_is_suspected_in_the_note() -> None:
    assert "(swapped?)" in str(parse_incident({**GOOD, "lon": 30.65, "lat": 104.06}).note)


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_another_datum_becomes_wgs84(datum: str) -> None:
    """faults.md D30."""
    found = parse_incident({**GOOD, "lon": 104.0665, "lat": 30.6600, "datum": datum})
    assert found.lon is not None and found.lat is not None
    assert 100 < abs(found.lon - 104.0665) * 96_000 < 1500


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_bytes_of_several_encodings_are_read(encoding: str) -> None:
    assert parse_incident(json.dumps(GOOD, ensure_ascii=False).encode(encoding)).title == "路口斗殴"


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"{", b"\xff\xff\xff", b"[" * 100_000, b'"x"', b"1" * 5000, b" " * 1_000_001]
)
def test_what_is_no_json_object_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(BadInput) as caught:
        parse_incident(body)
    assert caught.value.where == "body"


def test_long_texts_are_cut_and_said_to_be() -> None:
    found = parse_incident({**GOOD, "title": "长" * 500, "note": "x" * 9000})
    assert len(found.title) == LONGEST["title"]
    assert found.note is not None
    assert "title had 500 characters and was cut" in found.note


def test_control_and_direction_marks_leave_the_title() -> None:
    assert parse_incident({**GOOD, "title": "a\u202eb\u0000c\n"}).title == "a b c"


def test_a_numeric_source_id_is_an_id() -> None:
    assert parse_incident({**GOOD, "source_id": 42}).source_id == "42"


def test_a_partners_own_source_is_allowed_to_it_alone() -> None:
    assert parse_incident({**GOOD, "source": "harbour"}, "harbour").source == "harbour"
    with pytest.raises(BadInput):
        parse_incident({**GOOD, "source": "harbour"}, "station")


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from([*GOOD, *LONGEST, "lon", "lat", "datum", "grade"]), _VALUES))
def test_any_object_is_taken_or_refused_but_never_breaks(extra: dict[str, Any]) -> None:
    try:
        found = parse_incident({**GOOD, **extra})
    except BadInput as cause:
        named = cause.where
    else:
        named = "nothing"
        assert found.title
        assert found.source_id
    assert named
