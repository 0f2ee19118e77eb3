"""Arrangement: which camera stands in which tile of which wall window of a seat, and every act that changes it. Pure.

A tile's name ("01/103") is what the desk has on record; its window and place say where it stands. A tile that moves inside its
window keeps its name: nobody looks anew. In another window it gets one of that window's names: there it is another look.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

MOST_TILES: Final = 64
"""Tiles of one window."""
NAMES_APART: Final = 100
"""Window n names its tiles from n·100 + 1 on; window 0 is the seat's own wall."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile of this seat. `number` is the camera's number in the verdict list, 0 outside one. `may_show`: the desk agreed.

    `is_pinned`: neither an incident nor a tour takes its place. `is_tour`: a tour has put it there.
    """

    tile: str
    camera: str
    number: int
    incident: str | None
    reason: str | None
    household: bool
    may_show: bool
    window: int = 0
    place: int = 0
    is_pinned: bool = False
    is_tour: bool = False

    @property
    def look(self) -> tuple[str, str, str | None]:
        """What makes it the same look for the desk: name, camera, incident."""
        return self.tile, self.camera, self.incident


Tiles = tuple[Tile, ...]


def of_window(tiles: Sequence[Tile], window: int) -> list[Tile]:
    """The tiles of a window, first place first."""
    return sorted((one for one in tiles if one.window == window), key=lambda one: one.place)


def at(tiles: Sequence[Tile], window: int, place: int) -> Tile | None:
    """What stands at a place."""
    return next((one for one in tiles if one.window == window and one.place == place), None)


def named(tiles: Sequence[Tile], name: str) -> Tile | None:
    return next((one for one in tiles if one.tile == name), None)


def free_name(taken: Collection[str], seat: str, window: int, place: int = 0) -> str:
    """A tile name of a window that is not taken: the place's own where it is free, else the lowest."""
    first = window * NAMES_APART
    wanted = f"{seat}/{first + place + 1}"
    if wanted not in taken:
        return wanted
    return next(name for name in (f"{seat}/{first + n}" for n in range(1, NAMES_APART)) if name not in taken)


def free_places(tiles: Sequence[Tile], window: int, room: int = MOST_TILES) -> list[int]:
    """The empty places of a window with `room` places."""
    taken = {one.place for one in tiles if one.window == window}
    return [place for place in range(room) if place not in taken]


def place_for(tiles: Sequence[Tile], window: int, room: int = MOST_TILES) -> int | None:
    """Where one camera more goes: the first empty place, else the last one of a tour, else the last that is not pinned.

    None: all are pinned.
    """
    free = free_places(tiles, window, room)
    if free:
        return free[0]
    loose = [one for one in tiles if one.window == window and not one.is_pinned and one.place < room]
    return max(((one.is_tour, one.place) for one in loose), default=(False, None))[1]


def opened(tiles: Sequence[Tile], tile: Tile) -> Tiles:
    """`tile` at its place; what stood there goes, and so does one of its name."""
    kept = [one for one in tiles if (one.window, one.place) != (tile.window, tile.place) and one.tile != tile.tile]
    return (*kept, tile)


def closed(tiles: Sequence[Tile], name: str) -> Tiles:
    return tuple(one for one in tiles if one.tile != name)


def closed_window(tiles: Sequence[Tile], window: int) -> Tiles:
    return tuple(one for one in tiles if one.window != window)


def pinned(tiles: Sequence[Tile], name: str, is_pinned: bool) -> Tiles:
    """A pinned tile is nobody's tour any more."""
    return tuple(
        replace(one, is_pinned=is_pinned, is_tour=one.is_tour and not is_pinned) if one.tile == name else one for one in tiles
    )


def _moved(tile: Tile, window: int, place: int, seat: str, taken: Collection[str]) -> Tile:
    if tile.window == window:
        return replace(tile, place=place)
    name = free_name(taken, seat, window, place)
    return replace(tile, tile=name, window=window, place=place, may_show=not tile.household)


def moved(tiles: Sequence[Tile], name: str, window: int, place: int, seat: str) -> Tiles:
    """Tile `name` at another place, of any window; what stands there comes to where it was. The order of all others stays."""
    tile, other = named(tiles, name), at(tiles, window, place)
    if tile is None or tile is other:
        return tuple(tiles)
    taken = {one.tile for one in tiles if one is not tile and one is not other}
    here = _moved(tile, window, place, seat, taken)
    there = None if other is None else _moved(other, tile.window, tile.place, seat, taken | {here.tile})
    return tuple(here if one is tile else there if there is not None and one is other else one for one in tiles)


def copied(tiles: Sequence[Tile], name: str, window: int, place: int, seat: str) -> Tiles:
    """The same camera once more, at another place; a pinned tile there stays and nothing is copied."""
    tile, other = named(tiles, name), at(tiles, window, place)
    if tile is None or tile is other or (other is not None and other.is_pinned):
        return tuple(tiles)
    rest = tuple(one for one in tiles if one is not other)
    new = free_name({one.tile for one in rest}, seat, window, place)
    made = replace(tile, tile=new, window=window, place=place, is_pinned=False, may_show=not tile.household)
    return (*rest, made)


def filled(tiles: Sequence[Tile], wanted: Sequence[Tile], seat: str) -> Tiles:
    """Window 0 with `wanted` (their names and places are given here) round its pinned tiles; other windows stay as they are."""
    kept = [one for one in tiles if one.window != 0 or one.is_pinned]
    taken = {one.tile for one in kept}
    places = iter(free_places(kept, 0))
    made: list[Tile] = []
    for one, place in zip(wanted, places, strict=False):
        name = free_name(taken, seat, 0, place)
        taken.add(name)
        made.append(replace(one, tile=name, window=0, place=place))
    return (*made, *kept)


def toured(tiles: Sequence[Tile], wanted: Sequence[Tile], seat: str, window: int, room: int) -> Tiles:
    """The window with a tour's `wanted` in place of its former tour tiles and in empty places; all others stay.

    A tour tile whose camera stays keeps its place and name: it need not open anew.
    """
    cameras = {one.camera for one in wanted}
    kept = [one for one in tiles if one.window != window or not one.is_tour or one.camera in cameras]
    shown = {one.camera for one in kept if one.window == window}
    taken = {one.tile for one in kept}
    places = iter(free_places(kept, window, room))
    made: list[Tile] = []
    for one, place in zip((tile for tile in wanted if tile.camera not in shown), places, strict=False):
        name = free_name(taken, seat, window, place)
        taken.add(name)
        made.append(replace(one, tile=name, window=window, place=place, is_tour=True))
    return (*kept, *made)
