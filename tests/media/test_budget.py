"""media/budget: Nx's rules with the incident before the size; a fake clock, no machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.media.budget import Budget
from console.media.ladder import HALF_FPS, ladder, small_px
from console.model.grant import Grant, Load, Want
from tests.fakes import FakeClock

FULL = Grant("main", "all", 25.0, "")
TILE = (480, 400)  # higher than any small tile
QUIET = Load(cores=8, idle=7, busy=(0.5,))
SHORT = Load(cores=2, idle=0.0, busy=(1.6,), late=200, backlog=10)
ROOM = Load(cores=2, idle=1.6, busy=(0.3,))


def want(tile: str, **more: object) -> Want:
    return replace(Want(tile, *TILE, main_px=(1920, 1080), sub_px=(640, 360)), **more)  # type: ignore[arg-type]


class Wall:
    """A budget, its clock and what is wanted."""

    def __init__(self, *wants: Want) -> None:
        self.clock, self.wants = FakeClock(), list(wants)
        self.budget = Budget(self.clock)

    def pass_s(self, seconds: float, load: Load) -> Mapping[str, Grant]:
        """Let time pass in half seconds under one load; the grants at the end."""
        grants = self.budget.plan(self.wants, load)
        for _ in range(round(seconds * 2)):
            self.clock.advance(0.5)
            grants = self.budget.plan(self.wants, load)
        return grants


def lowered(grants: Mapping[str, Grant]) -> list[str]:
    return [tile for tile, given in grants.items() if given.reason in ("cpu", "network")]


def test_a_machine_with_room_gives_every_tile_all_it_asks() -> None:
    wall = Wall(*(want(f"t{n}") for n in range(9)))

    grants = wall.pass_s(30, QUIET)

    assert set(grants.values()) == {FULL}


def test_a_tours_tile_goes_to_key_frames_before_any_other_loses_anything() -> None:
    wall = Wall(want("red", grade="red"), want("plain"), want("tour", is_tour=True))

    grants = wall.pass_s(3, replace(SHORT, busy=(1.0,)))

    assert grants["tour"].mode == "key"
    assert lowered(grants) == ["tour"]


def test_a_red_incidents_tile_is_never_lowered_however_small_it_is() -> None:
    small = want("red", grade="red", has_sub=True, width_px=120, height_px=90)
    wall = Wall(small, *(want(f"t{n}", has_sub=True) for n in range(3)))

    grants = wall.pass_s(120, SHORT)

    assert grants["red"] == FULL
    assert {given.mode for tile, given in grants.items() if tile != "red"} == {"key"}


def test_milder_incidents_lose_before_graver_and_the_smallest_before_the_large() -> None:
    wall = Wall(
        want("orange", grade="orange"), want("large none", width_px=900), want("none"), want("blue", grade="blue", width_px=440)
    )
    wall.pass_s(2, QUIET)
    order: list[str] = []
    for _ in range(40):
        grants = wall.pass_s(0.5, replace(SHORT, busy=(0.01,)))
        order += [tile for tile in lowered(grants) if tile not in order]

    assert order == ["none", "large none", "blue", "orange"]


def test_a_new_tile_is_left_alone_for_a_second() -> None:
    wall = Wall(want("t"))
    wall.pass_s(0.5, replace(SHORT, backlog=30))

    assert lowered(wall.pass_s(0, replace(SHORT, backlog=30))) == []
    assert lowered(wall.pass_s(3, replace(SHORT, backlog=30))) == ["t"]


def test_streams_change_one_at_a_time_and_five_seconds_apart() -> None:
    """faults.md V58"""
    wall = Wall(*(want(f"t{n}", has_sub=True) for n in range(4)))
    wall.pass_s(2, QUIET)
    changes: list[float] = []
    before = 0
    for half in range(60):
        grants = wall.pass_s(0.5, replace(SHORT, late=80))
        subs = sum(given.profile == "sub" for given in grants.values())
        assert subs - before <= 1
        if subs != before:
            changes.append(half / 2)
        before = subs

    assert len(changes) == 4
    assert all(later - earlier >= 5 for earlier, later in pairwise(changes))


def test_an_emergency_lowers_several_at_once() -> None:
    wall = Wall(*(want(f"t{n}") for n in range(12)))
    wall.pass_s(2, QUIET)

    grants = wall.pass_s(2, replace(SHORT, backlog=40, busy=(1.9,)))

    assert len(lowered(grants)) >= 4


def test_a_dragged_tile_changes_its_stream_with_hysteresis_and_after_a_second() -> None:
    """faults.md V58"""
    wall = Wall(want("t", has_sub=True))
    limit = small_px(wall.wants[0])
    assert wall.pass_s(10, QUIET)["t"].profile == "main"

    wall.wants = [replace(wall.wants[0], height_px=limit - 1)]
    assert wall.pass_s(0.5, QUIET)["t"].profile == "main"
    assert wall.pass_s(1.5, QUIET)["t"] == Grant("sub", "all", 25.0, "size")
    wall.wants = [replace(wall.wants[0], height_px=int(limit * 1.3))]
    assert wall.pass_s(20, QUIET)["t"].profile == "sub"
    wall.wants = [replace(wall.wants[0], height_px=int(limit * 1.4))]
    assert wall.pass_s(2, QUIET)["t"].profile == "main"


def test_resizing_to_and_fro_changes_the_stream_at_most_once_in_five_seconds() -> None:
    """faults.md V58"""
    wall = Wall(want("t", has_sub=True))
    wall.pass_s(10, QUIET)
    seen = []
    for step in range(40):
        wall.wants = [replace(wall.wants[0], height_px=100 if step // 4 % 2 else 1000)]
        seen.append(wall.pass_s(0.5, QUIET)["t"].profile)

    changes = [n / 2 for n, (a, b) in enumerate(pairwise(seen)) if a != b]
    assert changes
    assert all(later - earlier >= 5 for earlier, later in pairwise(changes))


def test_a_tile_that_stands_alone_takes_the_main_stream_at_once() -> None:
    wall = Wall(want("t", has_sub=True, height_px=100))
    assert wall.pass_s(5, QUIET)["t"].profile == "sub"

    wall.wants = [replace(wall.wants[0], is_large=True)]

    assert wall.pass_s(0, QUIET)["t"] == FULL


def test_more_than_sixteen_tiles_start_on_the_sub_stream_and_rise_when_there_is_room() -> None:
    wall = Wall(*(want(f"t{n}", has_sub=True, main_px=(704, 576)) for n in range(17)), want("red", has_sub=True, grade="red"))

    assert {given.profile for tile, given in wall.pass_s(0, QUIET).items() if tile != "red"} == {"sub"}

    after = wall.pass_s(120, replace(QUIET, busy=(0.6,)))
    assert {given.profile for given in after.values()} == {"main"}


def test_a_stream_that_does_not_come_is_the_networks_fault_and_only_its_tile_takes_the_smaller_one() -> None:
    wall = Wall(want("slow", has_sub=True), want("fine", has_sub=True))
    wall.pass_s(3, QUIET)

    grants = wall.pass_s(3, replace(QUIET, slow=frozenset({"slow"}), lost=4))

    assert grants["slow"] == Grant("sub", "all", 25.0, "network")
    assert grants["fine"].reason == ""


def test_nothing_rises_within_five_seconds_of_a_lost_packet_or_without_room() -> None:
    wall = Wall(*(want(f"t{n}") for n in range(4)))
    wall.pass_s(6, SHORT)
    low = wall.pass_s(0, SHORT)
    assert lowered(low)

    assert wall.pass_s(20, replace(ROOM, lost=1)) == low
    assert wall.pass_s(20, replace(ROOM, idle=0.2)) == low
    assert lowered(wall.pass_s(60, ROOM)) == []


def test_short_again_after_rising_twice_means_ten_minutes_without_another_try() -> None:
    wall = Wall(want("t"), want("u"))
    wall.pass_s(4, SHORT)
    for _ in range(2):
        assert lowered(wall.pass_s(30, ROOM)) == []
        low = wall.pass_s(4, SHORT)
        assert lowered(low)

    assert lowered(wall.pass_s(500, ROOM)) == lowered(low)
    assert lowered(wall.pass_s(150, ROOM)) == []


def test_a_wall_opened_on_two_cores_is_fitted_to_them_before_it_storms() -> None:
    two = Load(cores=2, idle=1.8, busy=(0.0,))
    tile = {"main_px": (0, 0), "width_px": 320, "height_px": 180}

    sixteen = Wall(*(want(f"t{n}", main_px=(0, 0), width_px=480, height_px=270) for n in range(16))).pass_s(0, two)
    sixty_four = Wall(*(want(f"t{n}", **tile, grade="red" if n < 4 else "") for n in range(64))).pass_s(0, two)

    assert lowered(sixteen) == []
    assert len(lowered(sixty_four)) > 20
    assert all(sixty_four[f"t{n}"] == FULL for n in range(4))


def test_tiles_whose_pictures_are_not_painted_lose_rate_first() -> None:
    wall = Wall(*(want(f"t{n}") for n in range(6)))
    wall.pass_s(3, QUIET)

    grants = wall.pass_s(3, replace(QUIET, unpainted=frozenset({"t1"})))

    assert {(given.mode, given.max_fps) for given in grants.values() if given.reason} == {("all", HALF_FPS)}


@pytest.mark.parametrize("has_sub", [True, False])
@pytest.mark.parametrize("is_small", [True, False])
def test_each_step_of_a_ladder_costs_less_and_ends_on_key_frames(has_sub: bool, is_small: bool) -> None:
    steps = ladder(want("t", has_sub=has_sub), is_small and has_sub)

    assert len(set(steps)) == len(steps) <= 5
    assert steps[-1].mode == "key"


LOADS = st.builds(
    Load,
    cores=st.just(2.0),
    idle=st.floats(0, 2),
    busy=st.tuples(st.floats(0, 2)),
    late=st.integers(0, 500),
    backlog=st.integers(0, 60),
    lost=st.integers(0, 3),
    slow=st.frozensets(st.sampled_from(["a", "b", "red"])),
    unpainted=st.frozensets(st.sampled_from(["a", "c", "red"])),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(LOADS, max_size=30), st.booleans())
def test_whatever_the_load_a_red_tile_keeps_all_and_every_tile_has_a_grant(loads: Sequence[Load], has_sub: bool) -> None:
    """faults.md V61"""
    wall = Wall(want("red", grade="red", has_sub=has_sub), *(want(name, has_sub=has_sub) for name in "abc"))
    for load in loads:
        grants = wall.pass_s(1, load)
        assert grants["red"] == FULL
        assert set(grants) == {"red", "a", "b", "c"}


def test_no_further_step_is_taken_while_the_last_one_still_empties_the_queues() -> None:
    wall = Wall(*(want(f"t{n}") for n in range(12)))
    wall.pass_s(2, QUIET)
    busy = replace(SHORT, backlog=40, busy=(1.9,))
    first = wall.pass_s(3, busy)
    assert lowered(first)

    draining = {}
    for backlog in (30, 22, 16, 12, 8, 5):
        draining = wall.pass_s(1, replace(busy, backlog=backlog))

    assert draining == first
    assert wall.pass_s(6, busy) != first
