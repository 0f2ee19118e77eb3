"""Distances, directions and the local plane, in metres on the WGS-84 ellipsoid; scalars and arrays alike.

A local equirectangular plane is exact enough for a city: 0.02 % within 50 km, measured against the geodesic in the tests.
Scalar functions take floats, the plural ones numpy float64 arrays.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from console.model.datum import (
    bd09_from_gcj02,
    bd09_from_wgs84,
    gcj02_from_bd09,
    gcj02_from_wgs84,
    wgs84_from,
    wgs84_from_bd09,
    wgs84_from_gcj02,
)

__all__ = [
    "Array",
    "bd09_from_gcj02",
    "bd09_from_wgs84",
    "bearing_deg",
    "distance_m",
    "gcj02_from_bd09",
    "gcj02_from_wgs84",
    "is_position",
    "lonlat_from_plane",
    "metres_per_degree",
    "offset",
    "plane_m",
    "wgs84_from",
    "wgs84_from_bd09",
    "wgs84_from_gcj02",
]

Array = NDArray[np.float64]


def metres_per_degree(lat: float) -> tuple[float, float]:
    """Return metres per degree of longitude and of latitude at `lat`.

    Source: series of the WGS-84 meridian and parallel arcs, NGA.STND.0036 (World Geodetic System 1984), appendix.
    """
    phi = math.radians(lat)
    east = 111412.84 * math.cos(phi) - 93.5 * math.cos(3 * phi) + 0.118 * math.cos(5 * phi)
    north = 111132.92 - 559.82 * math.cos(2 * phi) + 1.175 * math.cos(4 * phi) - 0.0023 * math.cos(6 * phi)
    return max(east, 1e-6), north


def distance_m(lon: float, lat: float, other_lon: float, other_lat: float) -> float:
    """Return the distance in metres."""
    east, north = metres_per_degree((lat + other_lat) / 2)
    return math.hypot((other_lon - lon) * east, (other_lat - lat) * north)


def bearing_deg(lon: float, lat: float, to_lon: float, to_lat: float) -> float:
    """Return the direction from the first point to the second: 0 = north, clockwise, in [0, 360)."""
    east, north = metres_per_degree((lat + to_lat) / 2)
    found = math.degrees(math.atan2((to_lon - lon) * east, (to_lat - lat) * north)) % 360.0
    return 0.0 if found >= 360.0 else found


def offset(lon: float, lat: float, east_m: float, north_m: float) -> tuple[float, float]:
    """Return the lon, lat of the point so many metres east and north."""
    to_lat = lat + north_m / metres_per_degree(lat)[1]
    return lon + east_m / metres_per_degree((lat + to_lat) / 2)[0], to_lat


def plane_m(lons: Array, lats: Array, origin_lon: float, origin_lat: float) -> tuple[Array, Array]:
    """Return x (east) and y (north) in metres on the plane touching at the origin."""
    east, north = metres_per_degree(origin_lat)
    return (lons - origin_lon) * east, (lats - origin_lat) * north


def lonlat_from_plane(xs_m: Array, ys_m: Array, origin_lon: float, origin_lat: float) -> tuple[Array, Array]:
    """Return lon and lat of points on the plane touching at the origin: the inverse of `plane_m`."""
    east, north = metres_per_degree(origin_lat)
    return origin_lon + xs_m / east, origin_lat + ys_m / north


def is_position(lon: float | None, lat: float | None) -> bool:
    """Whether the pair is finite, on the globe and not the 0/0 that devices send for "no fix"."""
    if lon is None or lat is None or not (math.isfinite(lon) and math.isfinite(lat)):
        return False
    return abs(lon) <= 180 and abs(lat) <= 90 and not (abs(lon) < 1e-6 and abs(lat) < 1e-6)
