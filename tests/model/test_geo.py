"""Distances and directions against geodesics computed elsewhere."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.model import geo

# Vincenty on WGS-84 (the inverse problem of T. Vincenty, Survey Review 23/176, 1975), metres.
GEODESICS = [
    ((104.0, 30.0), (104.01, 30.0), 964.862),
    ((104.0, 30.0), (104.0, 30.01), 1108.525),
    ((116.0, 40.0), (116.0, 40.01), 1110.352),
]


@pytest.mark.parametrize(("here", "there", "expected_m"), GEODESICS)
def test_distances_agree_with_the_geodesic(here: tuple[float, float], there: tuple[float, float], expected_m: float) -> None:
    assert geo.distance_m(*here, *there) == pytest.approx(expected_m, rel=2e-4)


@pytest.mark.parametrize(
    ("east", "north", "expected"), [(0, 9, 0), (9, 0, 90), (0, -9, 180), (-9, 0, 270), (5, 5, 45), (-5, 5, 315)]
)
def test_bearings_run_clockwise_from_north(east: float, north: float, expected: float) -> None:
    to = geo.offset(104.0, 30.0, east, north)
    assert geo.bearing_deg(104.0, 30.0, *to) == pytest.approx(expected, abs=0.01)


positions = st.tuples(st.floats(-179, 179), st.floats(-70, 70))
steps = st.floats(-20000, 20000)


@given(positions, steps, steps)
def test_an_offset_lies_at_its_distance(here: tuple[float, float], east: float, north: float) -> None:
    there = geo.offset(*here, east, north)
    assert geo.distance_m(*here, *there) == pytest.approx(math.hypot(east, north), rel=1e-3, abs=1e-3)


@given(positions, steps, steps)
def test_the_plane_comes_back(here: tuple[float, float], east: float, north: float) -> None:
    xs, ys = np.array([east]), np.array([north])
    back = geo.plane_m(*geo.lonlat_from_plane(xs, ys, *here), *here)
    assert np.allclose(back[0], xs, atol=1e-4)
    assert np.allclose(back[1], ys, atol=1e-4)


@pytest.mark.parametrize(("lon", "lat"), [(None, 1.0), (math.nan, 1.0), (1.0, math.inf), (181.0, 1.0), (1.0, 91.0), (0.0, 0.0)])
def test_no_position_is_made_of_nonsense(lon: float | None, lat: float | None) -> None:
    assert not geo.is_position(lon, lat)
