"""picturehealth: a real child looks at real shared memory; who is looked at when, and what a dead child means.

Pictures are written into slots by the test, so no video is decoded.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest

from console.media.picture_child import Checker, Look
from console.media.slots import Slot
from console.model.picture_condition import Held
from console.model.wall import FeedHealth, TileState, WantedFeed
from console.services.picturehealth import PictureHealth, Rhythm
from tests.fakes import FakeClock


def wait_until(is_so: Callable[[], object], limit_s: float = 30.0) -> None:
    deadline = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


QUICK = (0.0, 0.02, 0.04)


class Wall:
    """Stands for `Feeds`: slots whose pictures the test paints."""

    def __init__(self) -> None:
        self.slots: dict[str, Slot] = {}
        self.wanted: dict[str, WantedFeed] = {}
        self.states: dict[str, TileState] = {}

    def put(self, tile: str, camera: str, level: int | None = 120, **fields: object) -> None:
        self.slots[tile] = Slot.create(480, 270)
        self.wanted[tile] = WantedFeed(tile, camera, "rtsp://camera", width_px=480, height_px=270, **fields)  # type: ignore[arg-type]
        self.states[tile] = "live"
        if level is not None:
            self.paint(tile, level)

    def paint(self, tile: str, level: int, texture: int = 60) -> None:
        """A new picture: grey of that level with a fixed texture (0: none)."""
        slot = self.slots[tile]
        index, pixels = slot.begin(480, 270)
        dice = np.random.default_rng(5)
        blocks = np.kron(dice.integers(-1, 2, (27, 48)) * texture, np.ones((10, 10), int))
        noise = np.random.default_rng(time.monotonic_ns()).integers(-2, 3, blocks.shape)
        grey = np.clip(level + blocks + noise, 0, 255).astype(np.uint8)
        pixels[: 480 * 270 * 4] = np.dstack((grey, grey, grey, grey)).tobytes()
        slot.publish(index, 0, 0)

    def wanted_feeds(self) -> Mapping[str, WantedFeed]:
        return dict(self.wanted)

    def health(self) -> Mapping[str, FeedHealth]:
        return {tile: FeedHealth(tile, one.camera, self.states[tile], 0) for tile, one in self.wanted.items()}

    def slot(self, tile: str) -> Slot | None:
        return self.slots.get(tile)

    def close(self) -> None:
        for slot in self.slots.values():
            slot.close()


@pytest.fixture
def wall() -> Iterator[Wall]:
    made = Wall()
    yield made
    made.close()


class Run:
    """A check with a clock that the test moves, and what it told."""

    def __init__(self, wall: Wall, past: Path | None = None, known: Held | None = None, **fields: object) -> None:
        self.clock = FakeClock()
        self.told: list[tuple[str, str]] = []
        self.check = PictureHealth(
            wall, past, self.clock, rhythm=Rhythm(60, 15, 0.05, QUICK), known=lambda camera: known or Held(),
            on_change=lambda camera, held: self.told.append((camera, held.condition)), **fields,  # type: ignore[arg-type]
        )  # fmt: skip
        self.check.start()

    def held(self, camera: str) -> Held | None:
        return self.check.conditions().get(camera)

    def looked(self, camera: str, seconds: float) -> None:
        """Let time pass in the check's clock until this camera has been looked at once more."""
        before = self.held(camera)
        deadline = time.monotonic() + 30
        while self.held(camera) is before:
            assert time.monotonic() < deadline, "nobody looked"
            self.clock.advance(seconds)
            time.sleep(0.05)


@pytest.fixture
def run(wall: Wall) -> Iterator[Callable[..., Run]]:
    made: list[Run] = []

    def start(**fields: object) -> Run:
        made.append(Run(wall, **fields))  # type: ignore[arg-type]
        return made[-1]

    yield start
    for one in made:
        one.check.close()


def test_a_black_picture_is_said_after_two_looks_and_a_good_one_is_not(wall: Wall, run: Callable[..., Run]) -> None:
    wall.put("1", "C-1", 2)
    wall.paint("1", 2, texture=0)
    wall.put("2", "C-2", 120)
    wall.put("3", "C-3", None)
    wall.states["3"] = "held"
    check = run()

    check.looked("C-1", 5)
    first = check.held("C-1")
    check.looked("C-1", 5)

    assert first is not None
    assert (first.condition, first.is_in_doubt) == ("", True)
    held = check.held("C-1")
    assert held is not None
    assert (held.condition, held.since_ns) == ("black", first.hinted_ns)
    assert check.told == [("C-1", "black")]
    wait_until(lambda: check.held("C-2") is not None)
    assert check.held("C-2") is not None
    assert check.check.conditions()["C-2"].condition == ""
    assert check.held("C-3") is None  # what gives no picture is not looked at


def test_a_child_that_is_killed_is_replaced_and_says_nothing_meanwhile(
    wall: Wall, run: Callable[..., Run], expect_log: Callable[[str], None]
) -> None:
    expect_log("its process gave no answer")
    wall.put("1", "C-1", 120)
    check = run()
    check.looked("C-1", 5)
    first = check.check.child_pid()
    assert first is not None
    before = check.held("C-1")

    os.kill(first, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while check.check.child_pid() in (first, None):
        assert time.monotonic() < deadline, "no new child"
        check.clock.advance(30)
        time.sleep(0.05)
    check.looked("C-1", 30)

    assert before is not None
    assert check.held("C-1") is not None


def test_it_begins_with_what_the_journal_says_and_an_operator_s_word_ends_a_condition_at_once(
    wall: Wall, run: Callable[..., Run]
) -> None:
    wall.put("1", "C-1", 120)
    check = run(known=Held("covered", 5))

    check.looked("C-1", 5)
    held = check.held("C-1")

    assert held is not None
    assert (held.condition, held.since_ns, held.is_in_doubt) == ("covered", 5, True)  # one good look is not enough

    check.check.accept("C-1")
    wait_until(lambda: ("C-1", "") in check.told)


def test_closing_ends_thread_and_child_even_in_the_middle_of_a_look(wall: Wall, run: Callable[..., Run]) -> None:
    wall.put("1", "C-1", 120)
    check = run()
    check.clock.advance(10)
    wait_until(lambda: check.clock.advance(1) or check.check.child_pid() is not None)

    check.check.close()

    assert check.check.child_pid() is None


# ---- the child's own work, without a process -----------------------------------------------------------------------


@pytest.fixture
def past_file(tmp_path: Path) -> Path:
    return tmp_path / "pictures.db"


def _look(checker: Checker, wall: Wall, camera: str = "C-1", **fields: object) -> str | None:
    (found,) = checker.look([Look(camera, wall.slots["1"].name, **fields)])  # type: ignore[arg-type]
    return found.condition


def test_a_slot_that_is_gone_gives_no_verdict(wall: Wall) -> None:
    wall.put("1", "C-1", None)
    checker = Checker(None, QUICK)
    assert _look(checker, wall) is None
    (found,) = checker.look([Look("C-1", "liandong-no-such")])
    assert found.condition is None


@pytest.mark.parametrize("damage", [b"", b"this is no database, it is a letter" * 40])
def test_a_past_that_cannot_be_read_begins_anew(wall: Wall, past_file: Path, damage: bytes) -> None:
    past_file.write_bytes(damage)
    wall.put("1", "C-1", 120)
    checker = Checker(past_file, QUICK)
    assert _look(checker, wall) == ""
    checker.close()
    assert oct(past_file.stat().st_mode)[-3:] == "600"


def test_a_household_s_picture_leaves_nothing_behind(wall: Wall, past_file: Path) -> None:
    wall.put("1", "H-1", 120)
    checker = Checker(past_file, QUICK)
    _look(checker, wall, "H-1", may_keep=False)
    _look(checker, wall, "C-1")
    checker.close()
    assert b"H-1" not in past_file.read_bytes()
    assert b"C-1" in past_file.read_bytes()


def test_what_was_learnt_is_there_after_a_restart_and_gone_when_forgotten(wall: Wall, past_file: Path) -> None:
    wall.put("1", "C-1", 120)
    first = Checker(past_file, QUICK)
    _look(first, wall)
    first.close()
    again = Checker(past_file, QUICK)
    assert again._past(Look("C-1", "")).looks("night") == 1
    assert again._past(Look("C-1", "", fingerprint="other masks")).looks("night") == 0
    again.forget("C-1")
    again.close()
    third = Checker(past_file, QUICK)
    assert third._past(Look("C-1", "")).looks("night") == 0
    third.close()
