"""The shifted datums: published vectors, exact inverses, identity beyond the mainland."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from console.errors import BadInput
from console.model import datum, geo


def test_the_published_vectors_are_reproduced() -> None:
    assert datum.gcj02_from_wgs84(116.404, 39.915) == pytest.approx((116.41024449916938, 39.91640428150164), abs=1e-12)
    assert datum.bd09_from_gcj02(116.404, 39.915) == pytest.approx((116.41036949371029, 39.92133699351021), abs=1e-12)
    # The published inverses are one step; ours are exact, so they lie within the one step's known error.
    assert datum.gcj02_from_bd09(116.404, 39.915) == pytest.approx((116.39762729119315, 39.90865673957631), abs=3e-6)
    assert datum.wgs84_from_gcj02(116.404, 39.915) == pytest.approx((116.39775550083061, 39.91359571849836), abs=4e-5)


def test_the_circulated_variant_with_swapped_arguments_is_not_ours() -> None:
    assert abs(datum.gcj02_from_wgs84(116.404, 39.915)[1] - 39.91601738) > 1e-4


@settings(max_examples=60, deadline=None)
@example(110.0, 42.8899)
@example(119.921265, 29.5297)
@example(109.6872, 50.0)
@given(st.floats(74.0, 134.0), st.floats(18.0, 53.0))
def test_there_and_back_is_under_a_millimetre(lon: float, lat: float) -> None:
    if not datum.is_mainland(np.array([lon]), np.array([lat]))[0]:
        return
    back = datum.wgs84_from_gcj02(*datum.gcj02_from_wgs84(lon, lat))
    assert geo.distance_m(lon, lat, *back) < 1e-3
    back = datum.wgs84_from_bd09(*datum.bd09_from_wgs84(lon, lat))
    assert geo.distance_m(lon, lat, *back) < 1e-3


def test_arrays_and_scalars_agree() -> None:
    lons, lats = np.array([104.06, 113.94, 114.17]), np.array([30.65, 22.53, 22.28])
    xs, ys = datum.wgs84_from_bd09(lons, lats)
    for index in range(3):
        assert datum.wgs84_from_bd09(float(lons[index]), float(lats[index])) == (xs[index], ys[index])


@pytest.mark.parametrize(
    ("name", "lon", "lat"),
    [
        ("Hong Kong Central", 114.158, 22.282),
        ("Sha Tin", 114.195, 22.387),
        ("Lantau", 113.94, 22.28),
        ("Yuen Long", 114.03, 22.445),
        ("Fanling", 114.139, 22.492),
        ("Macau", 113.543, 22.19),
        ("Taipa", 113.56, 22.156),
        ("Taipei", 121.56, 25.04),
        ("Kaohsiung", 120.3, 22.63),
        ("Magong", 119.57, 23.57),
        ("Kinmen", 118.32, 24.44),
        ("Hanoi", 105.85, 21.03),
        ("Monaco", 7.42, 43.73),
        ("Tokyo", 139.7, 35.7),
    ],
)
def test_beyond_the_mainland_nothing_moves(name: str, lon: float, lat: float) -> None:
    assert datum.gcj02_from_wgs84(lon, lat) == (lon, lat)
    assert datum.wgs84_from_gcj02(lon, lat) == (lon, lat)
    assert datum.bd09_from_wgs84(lon, lat) == (lon, lat)
    if name != "Taipa":  # nearer to Hengqin than BD-09's shift: the mainland origin is taken, as documented
        assert datum.wgs84_from_bd09(lon, lat) == (lon, lat)


@pytest.mark.parametrize(
    ("name", "lon", "lat"),
    [
        ("Heihe", 127.528, 50.245),
        ("Xunke", 128.478, 49.564),
        ("Ruili", 97.852, 24.013),
        ("Dongxing", 107.972, 21.543),
        ("Shenzhen Futian", 114.055, 22.522),
        ("Luohu port", 114.117, 22.533),
        ("Shekou", 113.92, 22.482),
        ("Yantian", 114.27, 22.565),
        ("Zhuhai Gongbei", 113.549, 22.219),
        ("Hengqin", 113.54, 22.13),
        ("Xiamen", 118.12, 24.48),
        ("Pingtan", 119.79, 25.5),
        ("Suifenhe", 131.15, 44.41),
        ("Manzhouli", 117.44, 49.6),
        ("Khorgas", 80.41, 44.21),
        ("Sanya", 109.51, 18.25),
        ("Chengdu", 104.066, 30.657),
        ("Kashgar", 75.99, 39.47),
        ("Fuyuan", 134.3, 48.36),
        ("Hekou", 103.96, 22.52),
        ("Dapeng", 114.48, 22.6),
    ],
)
def test_mainland_border_towns_are_shifted(name: str, lon: float, lat: float) -> None:
    moved = geo.distance_m(lon, lat, *datum.gcj02_from_wgs84(lon, lat))
    assert 50 < moved < 1000


def test_a_named_datum_is_converted_and_an_unknown_one_refused() -> None:
    assert datum.wgs84_from("", 104.0, 30.0) == (104.0, 30.0)
    assert datum.wgs84_from("WGS-84", 104.0, 30.0) == (104.0, 30.0)
    assert datum.wgs84_from("GCJ-02", 104.0, 30.0) == datum.wgs84_from_gcj02(104.0, 30.0)
    with pytest.raises(BadInput, match="unknown datum 'utm'"):
        datum.wgs84_from("utm", 104.0, 30.0)
