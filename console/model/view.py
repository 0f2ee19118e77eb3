"""View: how a camera's picture may be looked at: privacy masks over it, and the window cut out of a fisheye. Pure values.

Points are (x, y) in 0…1 of the source picture as the camera sends it, before any turning: (0, 0) is its top left corner.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from console.errors import BadInput

Point = tuple[float, float]
Polygon = tuple[Point, ...]
Masks = tuple[Polygon, ...]
"""What is hidden: each polygon is filled, the last point joins the first."""

MASKS_AT_MOST: Final = 32
POINTS_AT_MOST: Final = 64
_LEAST_AREA: Final = 1e-5  # about four pixels of 704×576: less is a slip of the mouse, not a mask
_COVER_GRID: Final = 96

Mount = Literal["ceiling", "wall"]
MOUNTS: Final[tuple[Mount, ...]] = ("ceiling", "wall")
FOV_RANGE_DEG: Final = (15.0, 120.0)
_WALL_YAW_DEG: Final = 90.0


def checked_masks(value: object) -> Masks:
    """Masks from JSON-like lists. Raises BadInput for what is no list of polygons of at least three points in 0…1."""
    if not isinstance(value, (list, tuple)):
        raise BadInput("masks are a list of polygons", "masks")
    if len(value) > MASKS_AT_MOST:
        raise BadInput(f"{len(value)} polygons, at most {MASKS_AT_MOST}", "masks")
    return tuple(_checked_polygon(polygon) for polygon in value)


def _checked_polygon(value: object) -> Polygon:
    if not isinstance(value, (list, tuple)) or not 3 <= len(value) <= POINTS_AT_MOST:
        raise BadInput(f"a polygon has 3 to {POINTS_AT_MOST} points", "masks")
    polygon = tuple(_checked_point(point) for point in value)
    if area(polygon) < _LEAST_AREA:
        raise BadInput("a polygon without an area hides nothing", "masks")
    return polygon


def _checked_point(value: object) -> Point:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise BadInput("a point is [x, y]", "masks")
    numbers = [part for part in value if isinstance(part, (int, float)) and not isinstance(part, bool) and 0 <= part <= 1]
    if len(numbers) != 2:
        raise BadInput(f"a point lies in 0…1, not {str(value)[:40]}", "masks")
    return round(float(numbers[0]), 5), round(float(numbers[1]), 5)


def masks_as_lists(masks: Masks) -> list[list[list[float]]]:
    """The masks as JSON holds them."""
    return [[[x, y] for x, y in polygon] for polygon in masks]


def area(polygon: Polygon) -> float:
    """The polygon's area in parts of the picture (shoelace formula; a figure of eight counts its difference)."""
    pairs = zip(polygon, (*polygon[1:], polygon[0]), strict=True)
    return abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in pairs)) / 2


def is_inside(polygon: Polygon, x: float, y: float) -> bool:
    """True when the point lies in the polygon (even-odd rule, as it is painted)."""
    found = False
    for (ax, ay), (bx, by) in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
        if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
            found = not found
    return found


def uncovered(before: Masks, after: Masks) -> float:
    """The part (0…1) of what `before` hides that `after` shows, looked at on a grid of 96×96 points."""
    hidden = shown = 0
    for row in range(_COVER_GRID):
        was, now = _hidden_in_row(before, row), _hidden_in_row(after, row)
        hidden, shown = hidden + was.bit_count(), shown + (was & ~now).bit_count()
    if hidden:
        return shown / hidden
    return 0.0 if not before or after else 1.0  # masks smaller than the grid: taking the last away is still taking away


def _hidden_in_row(masks: Masks, row: int) -> int:
    """Which points of one row of the grid are hidden, as bits: 32 polygons of 64 points cost 60 ms in all, no more."""
    y, found = (row + 0.5) / _COVER_GRID, 0
    for polygon in masks:
        crossings = sorted(
            (bx - ax) * (y - ay) / (by - ay) + ax
            for (ax, ay), (bx, by) in zip(polygon, (*polygon[1:], polygon[0]), strict=True)
            if (ay > y) != (by > y)
        )
        for left, right in zip(crossings[::2], crossings[1::2], strict=True):
            found |= (1 << math.ceil(right * _COVER_GRID - 0.5)) - (1 << math.ceil(left * _COVER_GRID - 0.5))
    return found


def source_point(x: float, y: float, rotation_deg: int) -> Point:
    """Where a point of the shown picture lies in the source, which is shown turned counter-clockwise by `rotation_deg`."""
    return {0: (x, y), 90: (1 - y, x), 180: (1 - x, 1 - y), 270: (y, 1 - x)}[rotation_deg % 360]


def shown_point(x: float, y: float, rotation_deg: int) -> Point:
    """A point of the source picture in the picture as it is shown: the inverse of `source_point`."""
    return source_point(x, y, -rotation_deg % 360)


@dataclass(frozen=True, slots=True)
class Dewarp:
    """A straight view out of a fisheye picture. `cx`, `cy`: the image circle's middle in 0…1 of width and height; `radius` in
    parts of the picture's width; `lens_deg`: the angle the circle covers (180 for most).

    The view: `yaw_deg` to the right (-180…180; a wall camera -90…90), `pitch_deg` up (ceiling: -90 is straight down, 0 the
    horizon; wall: 0 is straight ahead), `fov_deg` its width (15…120). `is_panorama`: the whole round in one strip instead.
    """

    cx: float = 0.5
    cy: float = 0.5
    radius: float = 0.5
    mount: Mount = "ceiling"
    yaw_deg: float = 0.0
    pitch_deg: float = -45.0
    fov_deg: float = 80.0
    lens_deg: float = 180.0
    is_panorama: bool = False

    def turned(self, right_deg: float, up_deg: float) -> Dewarp:
        """The view turned by so much; it stops at the end of the lens and goes round a ceiling camera for ever."""
        yaw_deg = self.yaw_deg + right_deg
        if self.mount == "ceiling":
            yaw_deg = (yaw_deg + 180.0) % 360.0 - 180.0
            pitch_deg = min(0.0, max(-90.0, self.pitch_deg + up_deg))
        else:
            yaw_deg = min(_WALL_YAW_DEG, max(-_WALL_YAW_DEG, yaw_deg))
            pitch_deg = min(80.0, max(-80.0, self.pitch_deg + up_deg))
        return dataclasses.replace(self, yaw_deg=round(yaw_deg, 2), pitch_deg=round(pitch_deg, 2))

    def zoomed(self, factor: float) -> Dewarp:
        """The view `factor` times closer (above 1) or wider; ends at 15 and 120 degrees."""
        low, high = FOV_RANGE_DEG
        return dataclasses.replace(self, fov_deg=round(min(high, max(low, self.fov_deg / factor)), 2))


def straight_ahead(mount: Mount) -> float:
    """The pitch a new view of such a camera begins with."""
    return -45.0 if mount == "ceiling" else 0.0


def dewarp_of(notes: Mapping[str, str]) -> Dewarp | None:
    """The fisheye a camera's notes describe, as `fisheye` = mount[,cx,cy,radius[,lens_deg]]; None for an ordinary camera.

    Raises BadInput for a `fisheye` that cannot be read.
    """
    text = notes.get("fisheye", "").strip()
    return dewarp_from_text(text) if text else None


def dewarp_from_text(text: str) -> Dewarp:
    """`ceiling`, `wall`, `ceiling,0.5,0.5,0.28` or `wall,0.5,0.5,0.28,185`. Raises BadInput."""
    mount, *numbers = (part.strip().lower() for part in text.split(","))
    known = next((one for one in MOUNTS if one == mount), None)
    if known is None or len(numbers) not in (0, 3, 4):
        raise BadInput(f"ceiling|wall[,cx,cy,radius[,lens degrees]], not {text[:40]!r}", "fisheye")
    try:
        values = [float(number) for number in numbers]
    except ValueError as cause:
        raise BadInput(f"not a number in {text[:40]!r}", "fisheye") from cause
    cx, cy, radius, lens_deg = (*values, *(0.5, 0.5, 0.5, 180.0)[len(values) :])
    if not (all(map(math.isfinite, values)) and 0 <= cx <= 1 and 0 <= cy <= 1 and 0.05 <= radius <= 1 and 90 <= lens_deg <= 230):
        raise BadInput(f"outside cx, cy 0…1, radius 0.05…1, lens 90…230: {text[:40]!r}", "fisheye")
    return Dewarp(cx, cy, radius, known, 0.0, straight_ahead(known), lens_deg=lens_deg)
