"""Slots: the newest picture, never a torn one, and nothing left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.media import slots
from console.media.slots import Slot


@pytest.fixture
def slot() -> Iterator[Slot]:
    made = Slot.create(64, 48)
    yield made
    made.close()


def write(slot: Slot, value: int, width: int = 64, height: int = 48) -> None:
    index, pixels = slot.begin(width, height)
    size = slots.stride_bytes(width) * height
    pixels[:size] = bytes([value]) * size
    slot.publish(index, value * 1000, value * 10)


def test_an_empty_slot_has_no_picture(slot: Slot) -> None:
    assert slot.newest() is None
    assert slot.generation == 0


def test_the_newest_picture_is_read(slot: Slot) -> None:
    for value in (1, 2, 3):
        write(slot, value)

    found = slot.newest()

    assert found is not None
    assert (found.generation, found.pts_ns, found.arrival_ns, found.width_px, found.height_px) == (3, 3000, 30, 64, 48)
    assert set(bytes(found.pixels)) == {3}


def test_a_smaller_picture_fits_in_the_same_slot(slot: Slot) -> None:
    write(slot, 7, 30, 20)

    found = slot.newest()

    assert found is not None
    assert (found.width_px, found.height_px, found.stride_bytes) == (30, 20, 128)


def test_a_reader_learns_that_its_picture_was_overwritten(slot: Slot) -> None:
    write(slot, 1)
    found = slot.newest()
    assert found is not None

    write(slot, 2)
    assert slot.is_whole(found), "two other buffers are written before this one's turn comes"
    write(slot, 3)
    assert slot.is_whole(found)
    slot.begin(64, 48)

    assert not slot.is_whole(found)
    found.pixels.release()


def test_no_torn_picture_passes_as_whole() -> None:
    slot = Slot.create(320, 240)
    stop = threading.Event()

    def hurry() -> None:
        value = 0
        while not stop.is_set():
            value = value % 250 + 1
            write(slot, value, 320, 240)

    writer = threading.Thread(target=hurry)
    writer.start()
    seen = 0
    for _ in range(3000):
        found = slot.newest()
        if found is not None:
            copied = bytes(found.pixels)
            if slot.is_whole(found):
                assert copied.count(copied[0]) == len(copied)
                seen += 1
            found.pixels.release()
    stop.set()
    writer.join()
    slot.close()

    assert seen > 0


def test_closing_removes_the_segment() -> None:
    slot = Slot.create(16, 16)
    other = Slot.attach(slot.name)

    other.close()
    assert Path("/dev/shm", slot.name).exists()
    slot.close()

    assert not Path("/dev/shm", slot.name).exists()


def test_segments_of_dead_consoles_are_swept(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    for name in (f"liandong-{dead.pid}-1", f"liandong-{os.getpid()}-1", "liandong-x-1", "other-1-1"):
        (tmp_path / name).touch()

    assert slots.sweep_dead(tmp_path) == 1
    assert {file.name for file in tmp_path.iterdir()} == {f"liandong-{os.getpid()}-1", "liandong-x-1", "other-1-1"}
