"""Recorded files: rotation, breaks, and what is readable when the writer is gone without a word."""

from __future__ import annotations

import itertools
import resource
from pathlib import Path

import av
import pytest

from console.media.recording_child import RecordJob, Segment
from console.media.remux import SaveFailed
from console.media.ring import Group, Shelf
from console.media.segment import SegmentWriter
from tests.fakes import FakeClock
from tests.media.clips import make_clip
from tests.media.rings import START_NS, fill, filled

SECOND = 1_000_000_000


@pytest.fixture(scope="module")
def groups(tmp_path_factory: pytest.TempPathFactory) -> tuple[Group, ...]:
    _, ring = filled(make_clip(tmp_path_factory.mktemp("segment") / "six.mp4", seconds=6))
    return ring.cut(0, 2**62)


def _writer(folder: Path, told: list[Segment], segment_s: float = 300) -> SegmentWriter:
    return SegmentWriter(
        RecordJob("C-1", "rtsp://x", str(folder), segment_s), FakeClock(mono_ns=START_NS + 60 * SECOND), told.append
    )


def _write_all(writer: SegmentWriter, groups: tuple[Group, ...]) -> None:
    for group in groups:
        writer.write(group)


def _count(path: str | Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for packet in container.demux(container.streams.video[0]) if packet.size)


def test_files_follow_each_other_without_a_picture_lost(groups: tuple[Group, ...], tmp_path: Path) -> None:
    told: list[Segment] = []
    writer = _writer(tmp_path, told, segment_s=2)
    for group in groups:
        writer.write(group)
    writer.finish()

    assert [one.cause for one in told] == ["start", "rotate", "rotate"]
    assert [_count(one.path) for one in told] == [one.pictures for one in told] == [50, 50, 50]
    assert [(b.begin_ns - a.begin_ns) / SECOND for a, b in itertools.pairwise(told)] == [2.0, 2.0]


def test_a_kill_costs_no_more_than_the_group_in_hand(groups: tuple[Group, ...], tmp_path: Path) -> None:
    """faults.md V53: the file of a writer that never came to finish it, as it stands on the disk."""
    told: list[Segment] = []
    writer = _writer(tmp_path, told)
    for group in groups:
        writer.write(group)
    (file,) = tmp_path.glob("*.mkv")
    copy = tmp_path / "copy.mkv"
    copy.write_bytes(file.read_bytes())

    assert _count(copy) >= 125 and not told
    writer.finish()


def test_a_reconnect_and_a_jump_of_the_stamps_begin_a_new_file(groups: tuple[Group, ...], tmp_path: Path) -> None:
    told: list[Segment] = []
    writer = _writer(tmp_path, told)
    ring = Shelf(64 << 20).ring("a", 60)
    clip = make_clip(tmp_path / "one.mp4", seconds=1)
    fill(ring, clip)
    fill(ring, clip, START_NS + 5 * SECOND)
    for group in ring.cut(0, 2**62):
        writer.write(group)
    for group in groups:
        writer.write(group)
    writer.finish()

    assert [one.cause for one in told][:2] == ["start", "reconnect"] and len(told) == 3


def test_a_full_disk_is_said_and_what_was_written_stays_readable(groups: tuple[Group, ...], tmp_path: Path) -> None:
    """faults.md V63."""
    told: list[Segment] = []
    writer = _writer(tmp_path, told)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = sum(len(one.data) for one in groups[0].packets) * 2
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        with pytest.raises(SaveFailed) as failed:
            _write_all(writer, groups)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert failed.value.word == "disk_full"
    (file,) = tmp_path.glob("*.mkv")
    assert _count(file) >= 25
