"""Which fixes are believed (faults.md D21-D24, D28)."""

from __future__ import annotations

import math

import pytest

from console.model import geo
from console.model.unit import Fix, accept_fix

NOW = 1_790_000_000_000_000_000
SECOND = 1_000_000_000


def fix(seconds: float = 0.0, east_m: float = 0.0, **fields: object) -> Fix:
    lon, lat = geo.offset(104.0, 30.0, east_m, 0.0)
    values = {"unit": "U1", "lon": lon, "lat": lat, "at_ns": NOW + int(seconds * SECOND), "received_ns": NOW} | fields
    return Fix(**values)  # type: ignore[arg-type]


def test_the_first_fix_is_taken() -> None:
    assert accept_fix(None, fix(), NOW) == fix()


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        (fix(-10), "duplicate"),
        (fix(-11), "out_of_order"),
        (fix(31), "future"),
        (fix(-8 * 86400), "old"),
        (fix(0, lon=0.0, lat=0.0), "position"),
        (fix(0, lon=math.nan), "position"),
        (fix(0, lon=30.0, lat=104.0), "position"),
        (fix(-9, 200.0 + 100.0, accuracy_m=1.9), "jump"),
    ],
)
def test_a_fix_that_cannot_be_is_dropped_with_its_reason(new: Fix, reason: str) -> None:
    assert accept_fix(fix(-10), new, NOW) == reason


@pytest.mark.parametrize("new", [fix(-9, 30.0), fix(-9, 250.0, accuracy_m=200.0), fix(29), fix(0, 800.0)])
def test_a_believable_step_is_taken(new: Fix) -> None:
    assert accept_fix(fix(-10), new, NOW) == new


def test_a_far_fix_is_taken_after_a_silence() -> None:
    assert accept_fix(fix(-90), fix(0, 50_000.0), NOW) == fix(0, 50_000.0)


def test_the_age_counts_from_the_fix_not_from_its_arrival() -> None:
    forwarded = fix(-300, received_ns=NOW)
    assert forwarded.age_s(NOW) == pytest.approx(300)
    assert fix(5).age_s(NOW) == 0
