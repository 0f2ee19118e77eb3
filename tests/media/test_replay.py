"""A ring played back: forward, backward, jumps, speed, pause, and back to live; live goes on beside it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from console.clock import SystemClock
from console.media.child import Target
from console.media.outlet import Outlet
from console.media.replay import Replay
from console.media.ring import Ring, Shelf
from console.media.slots import Slot
from console.media.tape import Tape
from tests.media.clips import make_clip
from tests.media.rings import START_NS, fill, filled

SECOND, STEP = 1_000_000_000, 40_000_000


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("tape") / "four.mp4", seconds=4)


def _until(what: str, look: Callable[[], Any]) -> Any:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.005)
    raise AssertionError(what)


def test_a_tape_gives_every_picture_once_and_in_order(clip: Path) -> None:
    _, ring = filled(clip)
    tape = Tape(lambda: ring.cut(0, 2**62))

    times = [time_ns for _, time_ns in iter(tape.forward, None)]

    assert len(times) >= 98  # the decoder may hold the last ones until it gets more
    assert {after - before for before, after in itertools.pairwise(times)} == {STEP}


def test_a_tape_steps_back_over_a_key_frame_and_seeks_exactly(clip: Path) -> None:
    _, ring = filled(clip)
    tape = Tape(lambda: ring.cut(0, 2**62))

    found = tape.seek(START_NS + 2 * SECOND)
    assert found is not None and found[1] == START_NS + 2 * SECOND
    assert [tape.back()[1] - START_NS for _ in range(2)] == [2 * SECOND - STEP, 2 * SECOND - 2 * STEP]  # type: ignore[index]
    assert tape.seek(0)[1] == START_NS  # type: ignore[index]


def test_what_a_tape_has_taken_up_stays_while_the_ring_goes_on(clip: Path) -> None:
    """Paused on a face: the picture does not go because a minute has passed."""
    shelf, ring = filled(clip)
    tape = Tape(lambda: shelf.cut("a", 0, 2**62))
    tape.seek(START_NS + SECOND)

    ring.seconds = 2
    fill(ring, clip, START_NS + 10 * SECOND)

    assert tape.back()[1] == START_NS + SECOND - STEP  # type: ignore[index]
    times = [time_ns for _, time_ns in iter(tape.forward, None)]
    assert times[-1] > START_NS + 13 * SECOND and times == sorted(times)


def test_an_empty_ring_is_no_tape() -> None:
    with pytest.raises(LookupError):
        Tape(lambda: Shelf(1).ring("a", 60).cut(0, 2**62))


@pytest.fixture
def played(clip: Path) -> Iterator[tuple[Slot, Replay, list[dict[str, object]], Ring]]:
    """A replay of a ring whose four seconds ended just now, paused at its beginning."""
    clock = SystemClock()
    ring = Shelf(64 << 20).ring("a", 60)
    fill(ring, clip, clock.mono_ns() - 4 * SECOND)
    slot = Slot.create(160, 120)
    said: list[dict[str, object]] = []
    target = Target(slot.name, 160, 120)
    replay = Replay(Tape(lambda: ring.cut(0, clock.mono_ns())), Outlet(target), clock, said.append, 0)
    replay.act("pause", 1)
    replay.start()
    _until("a first picture", lambda: slot.generation)
    yield slot, replay, said, ring
    replay.close()
    replay.join(20)
    slot.close()


def _at(slot: Slot) -> int:
    found = _until("a whole picture", slot.newest)
    return int(found.arrival_ns)


def test_a_replay_obeys_pause_step_and_jump(played: tuple[Slot, Replay, list[dict[str, object]], Ring]) -> None:
    slot, replay, said, _ = played
    first_ns, generation = _at(slot), slot.generation

    replay.act("step", 1)
    _until("one picture on", lambda: _at(slot) == first_ns + STEP)
    replay.act("jump", 2.0)
    _until("two seconds on", lambda: _at(slot) == first_ns + STEP + 2 * SECOND)
    replay.act("step", -1)
    _until("one picture back", lambda: _at(slot) == first_ns + 2 * SECOND)

    assert slot.generation == generation + 3 and not said  # paused: nothing moved by itself


def test_a_fast_replay_catches_up_and_says_that_it_is_live(
    played: tuple[Slot, Replay, list[dict[str, object]], Ring], clip: Path
) -> None:
    slot, replay, said, ring = played

    replay.act("speed", 4.0)
    replay.act("pause", 0)
    _until("the last picture", lambda: _at(slot) - ring.groups[0].begin_ns > 3.7 * SECOND)
    assert not said  # nothing newer has come: the camera is silent, and the last picture stays with its time
    fill(ring, clip, SystemClock().mono_ns() - 4 * SECOND)

    _until("the end of the replay", lambda: said)
    assert said == [{"end": "live"}]
