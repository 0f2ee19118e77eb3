"""The last few positions of every unit as one array, drawn as fading lines in three strokes for all of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPen

from console.model.geo import Array
from console.ui import theme
from console.ui.map_frame import View
from console.ui.map_paint import path_of

FIXES = 8
BANDS = ((0, 3, 0.2), (3, 6, 0.38), (6, 8, 0.6))  # first and last step (oldest first), opacity


class Trails:
    """Row i holds the former positions of unit i on the plane, oldest first, NaN where there are fewer."""

    def __init__(self) -> None:
        self.xy = np.zeros((0, FIXES, 2))

    def reorder(self, former: NDArray[np.int64]) -> None:
        """Row i becomes the former row `former[i]`; -1 = a new unit without a trail."""
        fresh = np.full((len(former), FIXES, 2), np.nan)
        kept = former >= 0
        fresh[kept] = self.xy[former[kept]]
        self.xy = fresh

    def put(self, number: int, points: list[tuple[float, float]]) -> None:
        """Set a unit's trail."""
        self.xy[number] = np.nan
        if points:
            self.xy[number, -len(points[-FIXES:]) :] = points[-FIXES:]

    def add(self, numbers: NDArray[np.int64], xs: Array, ys: Array) -> None:
        """Append a position to the trails of some units (no number twice)."""
        self.xy[numbers, :-1] = self.xy[numbers, 1:]
        self.xy[numbers, -1, 0], self.xy[numbers, -1, 1] = xs, ys

    def clear(self, numbers: NDArray[np.int64]) -> None:
        """Forget the trails of some units."""
        self.xy[numbers] = np.nan

    def length(self, number: int) -> int:
        """How many former positions a unit has."""
        return int(np.count_nonzero(~np.isnan(self.xy[number, :, 0])))

    def paint(self, painter: QPainter, view: View, numbers: NDArray[np.int64], xs: Array, ys: Array) -> None:
        """Paint the trails of some units up to where they are now (`xs`, `ys` on the plane)."""
        if not len(numbers):
            return
        points = np.concatenate((self.xy[numbers], np.stack((xs, ys), axis=-1)[:, None]), axis=1)
        points[:, :, 0], points[:, :, 1] = view.px(points[:, :, 0], points[:, :, 1])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for first, last, opacity in BANDS:
            steps = np.stack((points[:, first:last], points[:, first + 1 : last + 1]), axis=2).reshape(-1, 2, 2)
            steps = steps[~np.isnan(steps[:, 0, 0])]
            path = path_of(steps[:, :, 0].ravel(), steps[:, :, 1].ravel(), np.arange(0, 2 * len(steps), 2))
            pen = QPen(theme.color("unit", opacity), 2.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap)
            painter.strokePath(path, pen)
