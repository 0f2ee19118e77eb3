"""Ladder: what a tile can be given, best first, and in which order tiles lose. Pure rules; see `budget`."""

from __future__ import annotations

from typing import Final, Literal

from console.model.grant import Grant, Reason, Want

Profile = Literal["main", "sub"]

SMALL_PX: Final = 171
"""Source: networkoptix/nx_open `desktop/radass`; see `small_px` for where we differ."""
HALF_FPS: Final = 14.0  # every second picture of 25, with room for those that come unevenly
_UNKNOWN_SUB_PX: Final = 288


def is_safe(want: Want) -> bool:
    """Always the main stream in full: a tile of a red incident, and one that stands alone, is zoomed or straightens a fisheye."""
    return want.grade == "red" or want.is_large


_GRADES: Final = {"": 0, "green": 1, "blue": 2, "orange": 3, "red": 4}


def least_first(want: Want) -> tuple[object, ...]:
    """Order of lowering: tours, tiles of no incident, milder grades; among equals the smallest, then the last in the order."""
    source = want.main_px[0] * want.main_px[1]
    return (not want.is_tour, _GRADES.get(want.grade, 0), want.width_px * want.height_px, -want.priority, -source, want.tile)


def small_px(want: Want) -> int:
    """Height up to which a tile is small: Nx's 171, or the sub stream's own height, which such a tile shows in full."""
    return max(SMALL_PX, want.sub_px[1] or _UNKNOWN_SUB_PX)


def ladder(want: Want, is_small: bool) -> tuple[Grant, ...]:
    """What this tile can be given, best first: rate, then the sub stream, then fewer pictures, then key frames.

    A stream without a sub stream keeps every picture decoded as long as possible: at half the rate nobody misses a movement.
    """
    low: Profile = "sub" if is_small else "main"
    half = min(HALF_FPS, want.max_fps)
    rates = [Grant(low, "all", want.max_fps)]
    if want.has_sub and not is_small:
        rates.append(Grant("sub", "all", want.max_fps))
        low = "sub"
    rates += [Grant(low, "all", half), Grant(low, "nonref", half), Grant(low, "key", half)]
    return tuple(rates)


def grant(want: Want, step: int, is_small: bool, reason: Reason) -> Grant:
    """The grant of one step of the ladder with its reason; a small tile's sub stream is no loss."""
    given = ladder(want, is_small)[step]
    return Grant(given.profile, given.mode, given.max_fps, reason if step else "size" if is_small else "")
