"""How the measurements judge: growth, recovery after a fault, and whether a target is met."""

from __future__ import annotations

import pytest

from tests.bench import run
from tests.bench.soak_bench import Fault, growth_percent, recovery_s

STATES = [{"state": "connecting", "at_ms": 0}, {"state": "live", "at_ms": 500}, {"state": "held", "at_ms": 4000},
          {"state": "live", "at_ms": 9000}]  # fmt: skip


def test_a_flat_series_has_not_grown_and_a_climbing_one_has() -> None:
    assert growth_percent([100.0] * 40) == 0.0
    assert growth_percent([100.0 + n for n in range(40)]) > 10
    assert growth_percent([50.0] * 10 + [100.0] * 30) == 0.0, "what fills at the start is no growth"


@pytest.mark.parametrize(("ended_ms", "limit_s", "took_s"), [(8000, 20.0, 1.0), (3000, 20.0, 0.0), (5000, 1.0, None)])
def test_recovery_is_counted_from_the_faults_end_to_the_next_live_picture(
    ended_ms: int, limit_s: float, took_s: float | None
) -> None:
    began_ms = 1_000_000

    assert recovery_s(Fault("freeze", (1,), 0, began_ms + ended_ms), STATES, began_ms, limit_s) == took_s


def test_a_target_may_be_a_least_or_a_most() -> None:
    shown = run.table(
        {"a_ms": 5, "b_fps": 11.0, "c": {"d": "not measured"}, "targets": {"a_ms": 4}, "at_least": {"b_fps": 12, "c.d": 1}}
    )

    assert "| a_ms | 5 | ≤ 4 **missed** |" in shown
    assert "| b_fps | 11 | ≥ 12 **missed** |" in shown
    assert "| c.d | not measured | ≥ 1 **missed** |" in shown
