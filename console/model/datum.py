"""Datums of the maps in use: GCJ-02 (AMap, Tencent) and BD-09 (Baidu) to and from WGS-84, exact to well below a millimetre.

Every converter takes two floats and gives two floats, or takes two float64 arrays and gives two. The inverse has no closed
form; the usual one step is up to 4 m off. Here it is a fixed point of four passes: < 1 µm over China (interop.md §5).
CGCS2000 differs from WGS-84 by decimetres at most and counts as WGS-84.

Outside mainland China the WGS-84 converters are the identity: the boxes below. Within 700 m (BD-09: 1.4 km) beyond a border a
shifted point has two possible origins; the mainland one is taken.
Source: constants and vectors of wandergis/coordtransform (README); boxes: the "ChinaBoundary" rectangles circulated with most
converters, corrected here where they cut off Heihe, Xunke and Dongxing, with Hong Kong, Macau, Kinmen, Matsu and Penghu added.
"""

from __future__ import annotations

import math
from typing import overload

import numpy as np
from numpy.typing import NDArray

from console.errors import BadInput

Array = NDArray[np.float64]

DATUMS = ("wgs84", "gcj02", "bd09")
"""Datums a roster, an incident or a terminal may name."""

_AXIS_M = 6378245.0
_ECCENTRICITY2 = 0.00669342162296594323
_BD_TURN = math.pi * 3000.0 / 180.0
_PASSES = 4

# (west, south, east, north)
_MAINLAND = (
    (79.4462, 42.8899, 96.33, 49.2204),
    (109.6872, 39.3742, 135.0002, 54.1415),
    (73.1246, 29.5297, 124.143255, 42.8899),
    (82.9684, 26.7186, 97.0352, 29.5297),
    (97.0253, 20.414096, 124.367395, 29.5297),
    (107.975793, 17.871542, 111.744104, 20.414096),
)
_ABROAD = (
    (119.921265, 21.785006, 122.497559, 25.398623),  # Taiwan
    (119.30, 23.15, 119.75, 23.85),  # Penghu
    (118.215, 24.37, 118.50, 24.525),  # Kinmen
    (119.88, 26.12, 120.55, 26.30),  # Matsu
    (113.82, 22.13, 114.44, 22.455),  # Hong Kong: Lantau, the island, Kowloon
    (113.96, 22.455, 114.44, 22.495),  # Hong Kong: New Territories
    (114.08, 22.495, 114.21, 22.515),  # Hong Kong: Sheung Shui
    (114.25, 22.495, 114.44, 22.54),  # Hong Kong: Mirs Bay
    (113.528, 22.16, 113.61, 22.2145),  # Macau peninsula
    (113.5485, 22.10, 113.61, 22.16),  # Macau: Taipa, Coloane
    (101.8652, 20.0988, 106.665, 22.284),  # Vietnam, Laos
    (106.4525, 20.4878, 108.051, 21.53),  # Vietnam: the coast up to Mong Cai (Dongxing lies at 21.54)
    (109.0323, 50.3257, 119.127, 55.8175),  # Russia
    (127.62, 50.0, 137.0227, 55.8175),  # Russia east of Blagoveshchensk (Heihe lies at 127.53, 50.25)
    (127.46, 50.29, 137.0227, 55.8175),  # Russia north of Blagoveshchensk
    (128.75, 49.5574, 137.0227, 55.8175),  # Russia east of Xunke
    (131.2662, 42.5692, 137.0227, 44.8922),  # Russia: Primorye
)


_EDGE_DEG = 1e-8
"""A millimetre: the inverse counts so wide a border as mainland, that a point on it comes back in spite of rounding."""


def _within(boxes: tuple[tuple[float, float, float, float], ...], lons: Array, lats: Array, margin: float) -> NDArray[np.bool_]:
    found = np.zeros(np.shape(lons), bool)
    for west, south, east, north in boxes:
        found |= (lons >= west - margin) & (lons <= east + margin) & (lats >= south - margin) & (lats <= north + margin)
    return found


def is_mainland(lons: Array, lats: Array, margin_deg: float = 0.0) -> NDArray[np.bool_]:
    """Whether WGS-84 points lie where the shifted datums are in use; `margin_deg` widens that on every side."""
    return _within(_MAINLAND, lons, lats, margin_deg) & ~_within(_ABROAD, lons, lats, -margin_deg)


def _shift(lons: Array, lats: Array) -> tuple[Array, Array]:
    x, y = lons - 105.0, lats - 35.0
    root = np.sqrt(np.abs(x))
    wave = (20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + wave
    north += (20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    north += (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + wave
    east += (20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    east += (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    phi = lats / 180.0 * np.pi
    magic = 1.0 - _ECCENTRICITY2 * np.sin(phi) ** 2
    per_lat = (_AXIS_M * (1.0 - _ECCENTRICITY2)) / (magic * np.sqrt(magic)) * np.pi
    per_lon = _AXIS_M / np.sqrt(magic) * np.cos(phi) * np.pi
    return east * 180.0 / per_lon, north * 180.0 / per_lat


def _bd_of_gcj(lons: Array, lats: Array) -> tuple[Array, Array]:
    z = np.hypot(lons, lats) + 0.00002 * np.sin(lats * _BD_TURN)
    theta = np.arctan2(lats, lons) + 0.000003 * np.cos(lons * _BD_TURN)
    return z * np.cos(theta) + 0.0065, z * np.sin(theta) + 0.006


def _gcj_of_bd(lons: Array, lats: Array) -> tuple[Array, Array]:
    x, y = lons - 0.0065, lats - 0.006
    z = np.hypot(x, y) - 0.00002 * np.sin(y * _BD_TURN)
    theta = np.arctan2(y, x) - 0.000003 * np.cos(x * _BD_TURN)
    x, y = z * np.cos(theta), z * np.sin(theta)
    for _ in range(_PASSES):
        to_lon, to_lat = _bd_of_gcj(x, y)
        x, y = x + (lons - to_lon), y + (lats - to_lat)
    return x, y


def _wgs_of_gcj(lons: Array, lats: Array) -> tuple[Array, Array]:
    x, y = lons, lats
    for _ in range(_PASSES):
        east, north = _shift(x, y)
        x, y = lons - east, lats - north
    return x, y


def _answer(lon: float | Array, xs: Array, ys: Array) -> tuple[float, float] | tuple[Array, Array]:
    return (xs, ys) if isinstance(lon, np.ndarray) else (float(xs), float(ys))


@overload
def gcj02_from_wgs84(lon: float, lat: float) -> tuple[float, float]: ...
@overload
def gcj02_from_wgs84(lon: Array, lat: Array) -> tuple[Array, Array]: ...
def gcj02_from_wgs84(lon: float | Array, lat: float | Array) -> tuple[float, float] | tuple[Array, Array]:
    """Convert WGS-84 to GCJ-02."""
    lons, lats = np.asarray(lon, float), np.asarray(lat, float)
    east, north = _shift(lons, lats)
    inside = is_mainland(lons, lats)
    return _answer(lon, np.where(inside, lons + east, lons), np.where(inside, lats + north, lats))


@overload
def wgs84_from_gcj02(lon: float, lat: float) -> tuple[float, float]: ...
@overload
def wgs84_from_gcj02(lon: Array, lat: Array) -> tuple[Array, Array]: ...
def wgs84_from_gcj02(lon: float | Array, lat: float | Array) -> tuple[float, float] | tuple[Array, Array]:
    """Convert GCJ-02 to WGS-84."""
    lons, lats = np.asarray(lon, float), np.asarray(lat, float)
    x, y = _wgs_of_gcj(lons, lats)
    inside = is_mainland(x, y, _EDGE_DEG)
    return _answer(lon, np.where(inside, x, lons), np.where(inside, y, lats))


@overload
def bd09_from_gcj02(lon: float, lat: float) -> tuple[float, float]: ...
@overload
def bd09_from_gcj02(lon: Array, lat: Array) -> tuple[Array, Array]: ...
def bd09_from_gcj02(lon: float | Array, lat: float | Array) -> tuple[float, float] | tuple[Array, Array]:
    """Convert GCJ-02 to BD-09 (anywhere: the caller knows it is one)."""
    return _answer(lon, *_bd_of_gcj(np.asarray(lon, float), np.asarray(lat, float)))


@overload
def gcj02_from_bd09(lon: float, lat: float) -> tuple[float, float]: ...
@overload
def gcj02_from_bd09(lon: Array, lat: Array) -> tuple[Array, Array]: ...
def gcj02_from_bd09(lon: float | Array, lat: float | Array) -> tuple[float, float] | tuple[Array, Array]:
    """Convert BD-09 to GCJ-02 (anywhere: the caller knows it is one)."""
    return _answer(lon, *_gcj_of_bd(np.asarray(lon, float), np.asarray(lat, float)))


@overload
def bd09_from_wgs84(lon: float, lat: float) -> tuple[float, float]: ...
@overload
def bd09_from_wgs84(lon: Array, lat: Array) -> tuple[Array, Array]: ...
def bd09_from_wgs84(lon: float | Array, lat: float | Array) -> tuple[float, float] | tuple[Array, Array]:
    """Convert WGS-84 to BD-09."""
    lons, lats = np.asarray(lon, float), np.asarray(lat, float)
    east, north = _shift(lons, lats)
    x, y = _bd_of_gcj(lons + east, lats + north)
    inside = is_mainland(lons, lats)
    return _answer(lon, np.where(inside, x, lons), np.where(inside, y, lats))


@overload
def wgs84_from_bd09(lon: float, lat: float) -> tuple[float, float]: ...
@overload
def wgs84_from_bd09(lon: Array, lat: Array) -> tuple[Array, Array]: ...
def wgs84_from_bd09(lon: float | Array, lat: float | Array) -> tuple[float, float] | tuple[Array, Array]:
    """Convert BD-09 to WGS-84."""
    lons, lats = np.asarray(lon, float), np.asarray(lat, float)
    x, y = _wgs_of_gcj(*_gcj_of_bd(lons, lats))
    inside = is_mainland(x, y, _EDGE_DEG)
    return _answer(lon, np.where(inside, x, lons), np.where(inside, y, lats))


_NAMES = {
    "": "wgs84", "wgs84": "wgs84", "gps": "wgs84", "cgcs2000": "wgs84", "gcj02": "gcj02", "gcj": "gcj02", "bd09": "bd09",
    "bd09ll": "bd09", "bd": "bd09",
}  # fmt: skip


def datum_named(text: str) -> str:
    """Return the one of `DATUMS` that `text` means (any case, "" = WGS-84, CGCS2000 counts as it).

    Raises BadInput for another name: a wrong datum moves a camera farther than the rings.
    """
    found = _NAMES.get(text.strip().lower().replace("-", "").replace("_", ""))
    if found is None:
        raise BadInput(f"unknown datum {text[:30]!r}", todo=f"one of {', '.join(DATUMS)}")
    return found


def wgs84_from(datum: str, lon: float, lat: float) -> tuple[float, float]:
    """Convert a point of the named datum (see `datum_named`) to WGS-84. Raises BadInput for an unknown name."""
    name = datum_named(datum)
    if name == "wgs84":
        return lon, lat
    return wgs84_from_gcj02(lon, lat) if name == "gcj02" else wgs84_from_bd09(lon, lat)
