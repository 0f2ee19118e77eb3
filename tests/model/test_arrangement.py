"""Acts on a seat's tiles as laws: no two at one place, no two of one name, pinned ones stay, undo comes back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from console.model import arrangement as arr
from console.model.arrangement import Tile
from console.model.history import History


def tile(name: str, camera: str, window: int = 0, place: int = 0, **more: bool) -> Tile:
    return Tile(name, camera, 0, None, None, False, True, window, place, **more)


acts = st.lists(
    st.tuples(
        st.sampled_from(["open", "move", "copy", "close", "pin", "fill", "tour"]),
        st.integers(0, 9), st.integers(0, 2), st.integers(0, 8),
    ),
    max_size=40,
)  # fmt: skip


@given(acts)
def test_no_act_puts_two_tiles_in_one_place_or_under_one_name_and_pinned_ones_stay(done: list[tuple[str, int, int, int]]) -> None:
    tiles: arr.Tiles = ()
    for act, number, window, place in done:
        names = [one.tile for one in tiles]
        name = names[number % len(names)] if names else ""
        pinned = {one.tile for one in tiles if one.is_pinned}
        wanted = [tile("", f"C{n}") for n in range(number)]
        if act == "open":
            there = arr.at(tiles, window, place)
            taken = {one.tile for one in tiles if one is not there}
            tiles = arr.opened(tiles, tile(arr.free_name(taken, "01", window, place), f"C{number}", window, place))
        elif act == "move":
            tiles = arr.moved(tiles, name, window, place, "01")
        elif act == "copy":
            tiles = arr.copied(tiles, name, window, place, "01")
        elif act == "close":
            tiles = arr.closed(tiles, name)
        elif act == "pin":
            tiles = arr.pinned(tiles, name, True)
        elif act == "fill":
            tiles = arr.filled(tiles, wanted, "01")
        else:
            tiles = arr.toured(tiles, wanted, "01", window, 9)

        places = [(one.window, one.place) for one in tiles]
        assert len(set(places)) == len(places)
        assert len({one.tile for one in tiles}) == len(tiles)
        assert all((int(one.tile.split("/")[1]) - 1) // arr.NAMES_APART == one.window for one in tiles)
        if act in ("copy", "fill", "tour"):
            assert pinned <= {one.tile for one in tiles}


def test_a_tile_that_moves_inside_its_window_keeps_its_name() -> None:
    tiles = (tile("01/1", "A"), tile("01/2", "B", place=1))

    assert [(one.tile, one.place) for one in arr.moved(tiles, "01/1", 0, 1, "01")] == [("01/1", 1), ("01/2", 0)]


def test_a_household_tile_in_another_window_waits_for_the_desk_again() -> None:
    tiles = (Tile("01/1", "H", 0, "I1", None, household=True, may_show=True),)

    assert [(one.tile, one.may_show) for one in arr.moved(tiles, "01/1", 2, 4, "01")] == [("01/205", False)]


def test_one_camera_more_takes_an_empty_place_then_a_tours_then_the_last_loose_one() -> None:
    full = [tile(f"01/{n}", f"C{n}", place=n - 1) for n in range(1, 5)]
    with_tour = [*full[:2], tile("01/3", "T", place=2, is_tour=True), full[3]]
    pinned = [tile(f"01/{n}", f"C{n}", place=n - 1, is_pinned=True) for n in range(1, 5)]

    assert arr.place_for(full[:3], 0, 4) == 3
    assert arr.place_for(with_tour, 0, 4) == 2
    assert arr.place_for(full, 0, 4) == 3
    assert arr.place_for(pinned, 0, 4) is None


@given(st.lists(st.integers(0, 5), min_size=1, max_size=80))
def test_undo_walks_back_through_every_change_and_redo_forth(values: list[int]) -> None:
    history: History[int] = History()
    now, seen = -1, [-1]
    for value in values:
        history.note(now)
        if value != now:
            seen.append(value)
        now = value

    back = [now]
    while (former := history.undo(back[-1])) is not None:
        back.append(former)
    forth = [back[-1]]
    while (later := history.redo(forth[-1])) is not None:
        forth.append(later)

    assert back == seen[::-1]
    assert forth == seen


def test_history_keeps_at_least_fifty_steps_and_is_bounded() -> None:
    history: History[int] = History(60)
    for value in range(500):
        history.note(value)

    assert len(history) == 60
