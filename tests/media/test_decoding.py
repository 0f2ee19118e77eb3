"""Decoder children: files play and loop at their own rate, bad ones are named, a dead child's feeds come back (faults.md V54)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from console.media import slots
from console.media.child import ChildOptions, Job, Target
from console.media.slots import Slot
from console.media.supervisor import Supervisor
from tests.media.clips import make_clip


def wait_until(is_so: Callable[[], object], limit_s: float = 8.0) -> None:
    deadline = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


class Room:
    """A supervisor of one child and the slots of its jobs."""

    def __init__(self) -> None:
        self.supervisor = Supervisor(workers=1, options=ChildOptions(open_timeout_s=1.0))
        self.slots: dict[str, Slot] = {}
        self.jobs: dict[str, Job] = {}
        self.supervisor.start()

    def show(self, **urls: object) -> None:
        for name, url in urls.items():
            self.slots[name] = Slot.create(160, 90)
            self.jobs[name] = Job(name, str(url), (Target(self.slots[name].name, 160, 90),))
        self.supervisor.want(self.jobs)

    def close(self) -> None:
        self.supervisor.close()
        for slot in self.slots.values():
            slot.close()


@pytest.fixture
def room() -> Iterator[Room]:
    made = Room()
    yield made
    made.close()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clips") / "bar.mp4")


def test_a_file_plays_at_its_own_rate_and_loops(room: Room, clip: Path) -> None:
    room.show(a=clip)
    slot = room.slots["a"]
    wait_until(lambda: slot.generation > 0)
    began_s, began = time.monotonic(), slot.header[slots.DECODED]

    wait_until(lambda: time.monotonic() - began_s > 1.6)

    rate = (slot.header[slots.DECODED] - began) / (time.monotonic() - began_s)
    assert 15 < rate < 32, "25 pictures a second, over the end of the one-second clip"
    assert slot.header[slots.INTERVAL_NS] == 40_000_000


def test_the_picture_is_the_clips_own(room: Room, clip: Path) -> None:
    room.show(a=clip)
    slot = room.slots["a"]
    wait_until(lambda: slot.generation > 3)

    found = slot.newest()

    assert found is not None
    assert (found.width_px, found.height_px) == (120, 90)
    pixels = np.frombuffer(found.pixels, np.uint8).reshape(90, found.stride_bytes // 4, 4)[:, :120]
    assert pixels[..., 3].min() == 255
    bright = pixels[..., :3].min(axis=2).mean(axis=0)
    assert bright.max() > 200, "the white bar stands somewhere"
    assert np.median(bright) < 150


def test_pixels_that_are_not_square_are_shown_in_shape(room: Room, tmp_path: Path) -> None:
    room.show(a=make_clip(tmp_path / "wide.mp4", width=320, height=240, aspect=Fraction(4, 3)))
    wait_until(lambda: room.slots["a"].generation > 0)

    found = room.slots["a"].newest()

    assert found is not None
    assert (found.width_px, found.height_px) == (160, 90)


@pytest.mark.parametrize(("suffix", "codec"), [(".264", "libx264"), (".avi", "mjpeg"), (".mp4", "libx265")])
def test_other_codecs_and_containers_play(room: Room, tmp_path: Path, suffix: str, codec: str) -> None:
    """faults.md V39 and raw streams without time stamps"""
    room.show(a=make_clip(tmp_path / f"clip{suffix}", seconds=0.6, codec=codec))

    wait_until(lambda: room.slots["a"].generation > 20)

    assert room.supervisor.news("a").error is None


def test_bad_files_are_named_and_disturb_nobody(room: Room, clip: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("no video " * 1000)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(clip.read_bytes()[:2000])

    room.show(good=clip, text=text, cut=cut, gone=tmp_path / "gone.mp4")

    wait_until(lambda: room.slots["good"].generation > 10 and room.supervisor.news("gone").error)
    assert room.supervisor.news("text").error == "bad_stream"
    assert room.supervisor.news("cut").error == "bad_stream"
    assert room.supervisor.news("gone").error == "not_found"
    assert room.supervisor.news("good").error is None


def test_a_truncated_raw_stream_plays_what_it_has_in_a_loop(room: Room, tmp_path: Path) -> None:
    """A raw stream has no index: each loop opens it anew, and that is no failure."""
    whole = make_clip(tmp_path / "whole.264", seconds=2)
    part = tmp_path / "part.264"
    part.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])

    room.show(a=part)

    wait_until(lambda: room.slots["a"].generation > 60)  # two seconds cut in half: the third loop
    assert room.supervisor.news("a").error is None
    assert room.supervisor.news("a").opened == 1


def test_damaged_pictures_are_held_back(room: Room, tmp_path: Path) -> None:
    """faults.md V37: hold the last clean picture"""
    whole = make_clip(tmp_path / "whole.264", seconds=2)
    broken = bytearray(whole.read_bytes())
    for start in range(len(broken) // 4, len(broken), 3001):
        broken[start : start + 60] = bytes(60)
    file = tmp_path / "broken.264"
    file.write_bytes(broken)

    room.show(a=file)

    wait_until(lambda: room.slots["a"].header[slots.DROPS] > 0)


def test_a_killed_childs_feeds_come_back(room: Room, clip: Path) -> None:
    room.show(a=clip)
    wait_until(lambda: room.slots["a"].generation > 3)
    pid = room.supervisor.child_pids()[0]

    os.kill(pid, 9)

    wait_until(lambda: room.supervisor.child_pids() not in ([], [pid]))
    before = room.slots["a"].generation
    wait_until(lambda: room.slots["a"].generation > before + 3, 3.0)


def test_a_feed_whose_child_died_twice_gets_a_child_alone(room: Room, clip: Path) -> None:
    room.show(a=clip)
    for _ in range(2):
        before = room.slots["a"].generation
        wait_until(lambda before=before: room.slots["a"].generation > before + 3)
        pid = room.supervisor.child_pids()[0]
        os.kill(pid, 9)
        wait_until(lambda pid=pid: pid not in room.supervisor.child_pids())
    before = room.slots["a"].generation

    wait_until(lambda: room.slots["a"].generation > before + 3)

    assert len(room.supervisor.child_pids()) == 2


def test_closing_ends_every_child(clip: Path) -> None:
    room = Room()
    room.show(a=clip)
    wait_until(lambda: room.slots["a"].generation > 0)
    pids = room.supervisor.child_pids()

    began_s = time.monotonic()
    room.close()

    assert time.monotonic() - began_s < 1.5
    assert not any(os.path.exists(f"/proc/{pid}") for pid in pids)
