"""Mask draft: the areas an operator is drawing over a camera's picture, with undo; points in 0…1 of the source. Pure."""

from __future__ import annotations

from console.model.view import MASKS_AT_MOST, POINTS_AT_MOST, Masks, Point, area, is_inside

_LEAST_AREA = 1e-4
_STEPS_KEPT = 200


class MaskDraft:
    """Closed areas, the one being drawn, and what is `chosen`: area and corner (-1: the whole area)."""

    def __init__(self, masks: Masks = ()) -> None:
        self.areas: list[list[Point]] = [list(polygon) for polygon in masks]
        self.open: list[Point] = []
        self.chosen: tuple[int, int] | None = None
        self._before: list[tuple[list[list[Point]], list[Point]]] = []

    @property
    def masks(self) -> Masks:
        """The closed areas."""
        return tuple(tuple(polygon) for polygon in self.areas)

    @property
    def can_undo(self) -> bool:
        return bool(self._before)

    def keep_step(self) -> None:
        """Remember how everything stands: the next change can be undone."""
        self._before.append(([list(polygon) for polygon in self.areas], list(self.open)))
        del self._before[:-_STEPS_KEPT]

    def undo(self) -> None:
        """Back by one step."""
        if self._before:
            self.areas, self.open = self._before.pop()
            self.chosen = None

    def add(self, point: Point) -> bool:
        """Set one corner more of the area being drawn; False when there is no room for it."""
        if len(self.open) >= POINTS_AT_MOST or (not self.open and len(self.areas) >= MASKS_AT_MOST):
            return False
        self.keep_step()
        self.open.append(_inside(point))
        self.chosen = None
        return True

    def close(self) -> bool:
        """Close the area being drawn; what hides nothing is dropped. True when there is one area more."""
        if not self.open:
            return False
        self.keep_step()
        points = [point for number, point in enumerate(self.open) if number == 0 or point != self.open[number - 1]]
        self.open = []
        if len(points) < 3 or area(tuple(points)) < _LEAST_AREA:
            return False
        self.areas.append(points)
        return True

    def leave_open(self) -> bool:
        """Drop the area being drawn; False when there is none."""
        if not self.open:
            return False
        self.keep_step()
        self.open = []
        return True

    def clear(self) -> None:
        """Take all areas away."""
        if self.areas or self.open:
            self.keep_step()
            self.areas, self.open, self.chosen = [], [], None

    def corner_near(self, point: Point, reach: Point) -> tuple[int, int] | None:
        """The corner within `reach` (across, down) of a point, the nearest first."""
        found = [
            (max(abs(x - point[0]) / reach[0], abs(y - point[1]) / reach[1]), (number, corner))
            for number, polygon in enumerate(self.areas)
            for corner, (x, y) in enumerate(polygon)
        ]
        nearest = min(found, default=None)
        return nearest[1] if nearest is not None and nearest[0] <= 1 else None

    def area_at(self, point: Point) -> int | None:
        """The area a point lies in, the newest first."""
        return next((n for n in range(len(self.areas) - 1, -1, -1) if is_inside(tuple(self.areas[n]), *point)), None)

    def move_corner(self, point: Point) -> None:
        """Move the chosen corner; call `keep_step` when the drag begins."""
        if self.chosen is not None and self.chosen[1] >= 0:
            self.areas[self.chosen[0]][self.chosen[1]] = _inside(point)

    def remove_chosen(self) -> bool:
        """Remove the chosen corner (of three corners: the area), the chosen area, or the last corner being drawn."""
        if self.open:
            self.keep_step()
            self.open.pop()
            return True
        if self.chosen is None:
            return False
        self.keep_step()
        number, corner = self.chosen
        if corner >= 0 and len(self.areas[number]) > 3:
            del self.areas[number][corner]
        else:
            del self.areas[number]
        self.chosen = None
        return True


def _inside(point: Point) -> Point:
    return round(min(1.0, max(0.0, point[0])), 5), round(min(1.0, max(0.0, point[1])), 5)
