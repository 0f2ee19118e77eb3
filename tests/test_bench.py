"""The measurements run, say what they measured, and stay out of the user's own folders (the figures themselves: `make bench`)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from console import bench
from console.errors import BadInput


def test_an_unknown_measurement_names_those_there_are() -> None:
    with pytest.raises(BadInput, match="near, journal, map, orders, start, wall"):
        bench.run("speed")


def test_near_ranks_a_small_city(tmp_path: Path) -> None:
    figures = bench.near(tmp_path, cameras=500, units=20, calls=3)

    assert figures["cameras"] == 500
    assert 0 < figures["near_p50_ms"] <= figures["near_worst_ms"]


def test_journal_has_its_control_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANDONG_KEYS", str(tmp_path / "keys"))

    figures = bench.journal(tmp_path, appends=20)

    assert figures["append_p50_ms"] > 0
    assert figures["append_over_plain_p50"] > 0


def test_measuring_uses_keys_of_its_own(tmp_path: Path) -> None:
    before = os.environ["LIANDONG_KEYS"]

    with bench._own_keys(tmp_path):
        assert os.environ["LIANDONG_KEYS"] == str(tmp_path / "keys")

    assert os.environ["LIANDONG_KEYS"] == before
