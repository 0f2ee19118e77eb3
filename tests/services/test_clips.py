"""Saving what a tile shows: names, notes, and what becomes of a file that could not become a fact."""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from console.services.clips import About, Kept, Saver
from console.store import clips
from tests.fakes import FakeClock

ABOUT = About("C/1", "North gate", "tianwang", "town", "I000001", "wang", "01", "operator")
PIECE = {
    "sha256": "ab" * 32, "size_bytes": 5, "pictures": 25, "damaged": 1, "begin_ns": 1_000, "end_ns": 2_000_001_000,
    "codec": "h264", "width_px": 320, "height_px": 240, "camera_utc_ns": None, "is_masked": False,
    "gaps": [{"from_ns": 1_000, "to_ns": 1_000_001_000, "cause": "reconnect"}],
}  # fmt: skip


class FakeFeeds:
    """Answers each errand as told; a clip's or picture's file is there when it answers yes."""

    def __init__(self) -> None:
        self.word = ""
        self.asked: list[tuple[Any, ...]] = []
        self.more: dict[str, Any] = {}

    def errand(self, tile: str, command: str, *arguments: object, on_answer: Any) -> None:
        self.asked.append((tile, command, *arguments))
        if self.word:
            on_answer(False, {"word": self.word})
            return
        path = Path(str(arguments[0]))
        if command == "clip":
            path = path.with_name(path.name + ".mp4")
            path.write_bytes(b"movie")
            on_answer(True, {"pieces": [{**PIECE, **self.more, "path": str(path)}], "ahead_ns": 10**18})
        else:
            path.write_bytes(b"jpeg")
            on_answer(True, {"path": str(path), "sha256": "cd" * 32, "at_ns": 7, "is_masked": True})


class Ear:
    """Waits for one answer."""

    def __init__(self) -> None:
        self.kept: tuple[Kept, ...] = ()
        self.word = "?"
        self._heard = Event()

    def __call__(self, kept: tuple[Kept, ...], word: str) -> None:
        self.kept, self.word = kept, word
        self._heard.set()

    def wait(self) -> Ear:
        assert self._heard.wait(20)
        return self


@pytest.fixture
def feeds() -> FakeFeeds:
    return FakeFeeds()


@pytest.fixture
def saver(tmp_path: Path, feeds: FakeFeeds) -> Iterator[Saver]:
    made = Saver(tmp_path, feeds, FakeClock())
    yield made
    made.close()


def test_a_clip_has_a_note_beside_it_that_says_whose_and_what_is_missing(saver: Saver, tmp_path: Path) -> None:
    ear = Ear()
    saver.clip("01/1", ABOUT, 30, ear)
    (kept,) = ear.wait().kept

    assert (kept.command, kept.body["gaps"], kept.body["incident"]) == ("SaveClip", 1, "I000001")
    for name, digest in (("note", "note_sha256"),):
        assert clips.sha256_of(clips.locate(tmp_path, kept.body[name])) == kept.body[digest]
    note = json.loads(clips.locate(tmp_path, kept.body["note"]).read_text("utf-8"))
    assert (note["camera"], note["by"], note["why"], note["network"]) == ("C/1", "wang", "operator", "tianwang")
    assert (note["clock"]["camera_offset_ms"], note["clock"]["camera_offset"]) == (None, "unknown")
    assert (note["gaps"][0]["seconds"], note["gaps"][0]["cause"], note["transcoded"]) == (1.0, "reconnect", False)
    assert note["begin"] == "2001-09-09T01:46:40.000+00:00"


def test_a_camera_that_told_its_time_has_its_offset_in_the_note(saver: Saver, feeds: FakeFeeds, tmp_path: Path) -> None:
    """faults.md D69: a camera whose clock is 37 s ahead."""
    feeds.more = {"camera_utc_ns": 10**18 + 37_000_000_000}
    ear = Ear()
    saver.clip("01/1", ABOUT, 30, ear)

    note = json.loads(clips.locate(tmp_path, ear.wait().kept[0].body["note"]).read_text("utf-8"))
    assert note["clock"]["camera_offset_ms"] == 37_000.0


def test_two_pictures_asked_for_in_one_instant_never_share_a_name(saver: Saver, feeds: FakeFeeds) -> None:
    ears = [Ear() for _ in range(3)]
    for ear in ears:
        saver.still("01/1", ABOUT, ear)

    files = {ear.wait().kept[0].body["file"] for ear in ears}
    assert len(files) == 3 and all("/" not in file.removeprefix("stills/") for file in files)


@pytest.mark.parametrize("word", ["no_ring", "disk_full", "gone", "household"])
def test_a_failure_is_passed_on_by_its_word(saver: Saver, feeds: FakeFeeds, word: str) -> None:
    feeds.word = word
    ear = Ear()
    saver.clip("01/1", ABOUT, 30, ear)
    assert (ear.wait().kept, ear.word) == ((), word)


def test_what_the_desk_refuses_is_removed_with_its_note(saver: Saver, tmp_path: Path) -> None:
    ear, last = Ear(), Ear()
    saver.clip("01/1", ABOUT, 30, ear)
    saver.discard(ear.wait().kept[0])
    saver.still("01/1", ABOUT, last)  # the worker does one thing after the other
    last.wait()

    assert list((tmp_path / "clips").iterdir()) == []


def test_a_note_that_cannot_be_written_takes_its_clip_with_it(
    saver: Saver, feeds: FakeFeeds, tmp_path: Path, expect_log: Any
) -> None:
    """faults.md V63: never half of the evidence."""
    expect_log("was not kept")
    feeds.more = {"codec": "x" * 20_000_000}
    ear = Ear()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        saver.clip("01/1", ABOUT, 30, ear)
        assert ear.wait().word == "disk_full"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list((tmp_path / "clips").iterdir()) == []
