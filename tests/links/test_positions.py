"""Positions of terminals and OwnTracks phones (faults.md D22, D23, D78, D79)."""

from __future__ import annotations

from typing import Any

import pytest

from console.errors import BadInput
from console.links.positions import fix_from_body, owntracks_fix

GOOD: dict[str, Any] = {
    "lon": 104.06,
    "lat": 30.65,
    "at_ms": 1_790_000_000_000,
    "accuracy_m": 5,
    "speed_mps": 3.5,
    "heading_deg": 370,
}
TRACK: dict[str, Any] = {"_type": "location", "lon": 104.06, "lat": 30.65, "tst": 1_790_000_000, "vel": 36, "acc": 8, "cog": 90}


def test_a_position_keeps_its_own_time_beside_ours() -> None:
    fix = fix_from_body("U1", GOOD, 7, "websocket")
    assert (fix.unit, fix.at_ns, fix.received_ns, fix.source) == ("U1", 1_790_000_000_000_000_000, 7, "websocket")
    assert (fix.accuracy_m, fix.speed_mps) == (5.0, 3.5)


@pytest.mark.parametrize(
    ("field", "value"),
    [("accuracy_m", -1), ("accuracy_m", "x"), ("speed_mps", float("nan")), ("heading_deg", None), ("speed_mps", 1e9)],
)
def test_a_bad_extra_does_not_cost_the_position(field: str, value: object) -> None:
    assert getattr(fix_from_body("U1", {**GOOD, field: value}, 0, ""), field) is None


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"lon": float("nan")}, "lon"), ({"lat": None}, "lat"), ({"lon": True}, "lon"), ({"lon": "104"}, "lon"),
        ({"lat": 10**400}, "lat"),
        ({"lon": 0, "lat": 0}, "lon,lat"), ({"lon": 30.65, "lat": 104.06}, "lon,lat"), ({"at_ms": 1_790_000_000}, "at_ms"),
        ({"at_ms": None}, "at_ms"), ({"at_ms": 10**17}, "at_ms"),
    ],
)  # fmt: skip
def test_what_is_no_place_or_time_is_refused_with_its_field(change: dict[str, Any], where: str) -> None:
    with pytest.raises(BadInput) as caught:
        fix_from_body("U1", {**GOOD, **change}, 0, "")
    assert caught.value.where == where


def test_owntracks_units_are_ours() -> None:
    fix = owntracks_fix("owntracks/U1/phone", TRACK, 0)
    assert fix is not None
    assert (fix.unit, fix.speed_mps, fix.heading_deg, fix.accuracy_m, fix.at_ns) == ("U1", 10.0, 90.0, 8.0, 1_790_000_000 * 10**9)


@pytest.mark.parametrize("kind", ["lwt", "transition", "waypoints", "status"])
def test_other_owntracks_messages_are_passed_over(kind: str) -> None:
    assert owntracks_fix("owntracks/U1/phone", {"_type": kind}, 0) is None


@pytest.mark.parametrize(
    ("topic", "change"),
    [
        ("owntracks/U1/phone", {"user": "U2"}), ("owntracks/U1/phone", {"topic": "owntracks/U2/phone"}), ("owntracks/U1", {}),
        ("owntracks/../phone", {}), ("owntracks/U1/phone", {"_type": "encrypted"}), ("owntracks/U1/phone", {"_type": 5}),
        ("owntracks/U1/phone", {"tst": 1_790_000_000_000}),
    ],
)  # fmt: skip
def test_a_forged_or_unreadable_owntracks_message_is_refused(topic: str, change: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        owntracks_fix(topic, {**TRACK, **change}, 0)
