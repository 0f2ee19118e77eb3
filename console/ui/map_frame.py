"""Where the map looks: the plane in metres that everything is drawn on, and the piece of it a widget shows.

Plane: x metres east, y metres *south* of an origin near the city (screens count downwards). `View` is a frozen value: panning and
zooming give a new one, so a former view comes back exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF

from console.model.geo import Array, metres_per_degree

SMALLEST_SCALE, LARGEST_SCALE = 0.002, 8.0  # px per metre: a province, a doorway


@dataclass(frozen=True, slots=True)
class Plane:
    """The plane touching at lon, lat."""

    lon: float
    lat: float

    def xy(self, lons: Array, lats: Array) -> tuple[Array, Array]:
        """Plane coordinates of positions; NaN stays NaN."""
        east, north = metres_per_degree(self.lat)
        return (lons - self.lon) * east, (self.lat - lats) * north

    def point(self, lon: float, lat: float) -> tuple[float, float]:
        """Plane coordinates of one position."""
        east, north = metres_per_degree(self.lat)
        return (lon - self.lon) * east, (self.lat - lat) * north

    def lonlat(self, x: float, y: float) -> tuple[float, float]:
        """Position of a point of the plane."""
        east, north = metres_per_degree(self.lat)
        return self.lon + x / east, self.lat - y / north


@dataclass(frozen=True, slots=True)
class View:
    """The middle of the picture on the plane, its scale (px per metre) and size (device-independent px)."""

    x: float
    y: float
    scale: float
    width: float
    height: float

    def px(self, xs: Array, ys: Array) -> tuple[Array, Array]:
        """Picture coordinates of points of the plane."""
        return (xs - self.x) * self.scale + self.width / 2, (ys - self.y) * self.scale + self.height / 2

    def point(self, x: float, y: float) -> QPointF:
        """Picture coordinates of one point of the plane."""
        return QPointF((x - self.x) * self.scale + self.width / 2, (y - self.y) * self.scale + self.height / 2)

    def at(self, px_x: float, px_y: float) -> tuple[float, float]:
        """The point of the plane under a point of the picture."""
        return self.x + (px_x - self.width / 2) / self.scale, self.y + (px_y - self.height / 2) / self.scale

    def box(self, margin_px: float = 0.0) -> tuple[float, float, float, float]:
        """Left, top, right, bottom on the plane, in metres."""
        half_x, half_y = (self.width / 2 + margin_px) / self.scale, (self.height / 2 + margin_px) / self.scale
        return self.x - half_x, self.y - half_y, self.x + half_x, self.y + half_y

    def seen(self, xs: Array, ys: Array, margin_px: float = 16.0) -> NDArray[np.bool_]:
        """Mask of the points of the plane inside the picture."""
        left, top, right, bottom = self.box(margin_px)
        with np.errstate(invalid="ignore"):
            mask: NDArray[np.bool_] = (xs >= left) & (xs <= right) & (ys >= top) & (ys <= bottom)
        return mask

    def covers(self, other: View) -> bool:
        """Whether this picture holds all of `other`."""
        mine, its = self.box(0.5), other.box()
        return mine[0] <= its[0] and mine[1] <= its[1] and mine[2] >= its[2] and mine[3] >= its[3]

    def panned(self, right_px: float, down_px: float) -> View:
        """The view after the picture is dragged so many px."""
        return replace(self, x=self.x - right_px / self.scale, y=self.y - down_px / self.scale)

    def zoomed(self, factor: float, px_x: float, px_y: float) -> View:
        """The view magnified by `factor` about a point of the picture that stays where it is."""
        x, y = self.at(px_x, px_y)
        scale = min(max(self.scale * factor, SMALLEST_SCALE), LARGEST_SCALE)
        return replace(self, scale=scale, x=x - (px_x - self.width / 2) / scale, y=y - (px_y - self.height / 2) / scale)

    def resized(self, width: float, height: float) -> View:
        """The same middle and scale in another size."""
        return replace(self, width=width, height=height)

    def fitted(self, box: tuple[float, float, float, float], margin_px: float = 48.0) -> View:
        """The view that shows all of `box` (left, top, right, bottom in metres)."""
        wide, high = max(box[2] - box[0], 1.0), max(box[3] - box[1], 1.0)
        scale = min(max(self.width - 2 * margin_px, 40) / wide, max(self.height - 2 * margin_px, 40) / high)
        scale = min(max(scale, SMALLEST_SCALE), LARGEST_SCALE)
        return replace(self, x=(box[0] + box[2]) / 2, y=(box[1] + box[3]) / 2, scale=scale)
