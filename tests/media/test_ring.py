"""The ring: whole groups, seconds and bytes, the least important first, reconnects and other codec parameters inside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.media.ring import Shelf
from tests.media.clips import make_clip
from tests.media.rings import START_NS, fill, filled

SECOND = 1_000_000_000


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds, a key frame each second."""
    return make_clip(tmp_path_factory.mktemp("ring") / "six.mp4", seconds=6)


def test_a_ring_holds_whole_groups_of_at_least_its_seconds(clip: Path) -> None:
    _, ring = filled(clip, seconds=3)

    groups = ring.cut(0, 2**62)
    assert all(group.packets[0].is_key and not any(one.is_key for one in group.packets[1:]) for group in groups)
    assert 3.0 <= (groups[-1].begin_ns - groups[0].begin_ns) / SECOND <= 4.0


def test_nothing_is_kept_before_the_first_key_frame(clip: Path) -> None:
    import av

    ring = Shelf(1 << 20).ring("a", 60)
    with av.open(str(clip)) as container:
        for packet in list(container.demux(container.streams.video[0]))[1:10]:
            ring.keep(packet, START_NS)

    assert ring.cut(0, 2**62) == ()


def test_the_least_important_ring_gives_way_first_and_each_keeps_its_newest_group(clip: Path) -> None:
    """issue 3: one stated cap over all rings of a child."""
    shelf = Shelf(1 << 40)
    grave, tour = shelf.ring("grave", 60, priority=0), shelf.ring("tour", 60, priority=9)
    fill(tour, clip, START_NS + 60 * SECOND)  # younger, and yet it gives way
    fill(grave, clip)
    whole, before = len(grave.groups), len(tour.groups)
    shelf.cap_bytes = shelf.size_bytes - 1000

    fill(grave, clip, START_NS + 10 * SECOND, limit=2)

    assert shelf.size_bytes <= shelf.cap_bytes
    assert len(tour.groups) < before and len(grave.groups) == whole + 1

    shelf.cap_bytes = 1000
    fill(grave, clip, START_NS + 12 * SECOND, limit=2)
    assert (len(tour.groups), len(grave.groups)) == (1, 1)


def test_a_group_larger_than_the_cap_keeps_its_beginning_and_says_so(clip: Path) -> None:
    shelf = Shelf(10_000)
    ring = shelf.ring("a", 60)
    fill(ring, clip)

    groups = ring.cut(0, 2**62)
    assert shelf.size_bytes <= 10_000 or len(groups[-1].packets) == 1
    assert groups[-1].cause == "cap" and groups[-1].packets[0].is_key


def test_bytes_are_counted_to_the_last_one(clip: Path) -> None:
    shelf, _ = filled(clip)
    assert shelf.size_bytes > 0
    shelf.drop("a")
    assert shelf.size_bytes == 0 and shelf.find("a") is None


def test_a_reconnect_inside_the_window_is_known(clip: Path) -> None:
    _, ring = filled(clip)
    fill(ring, clip, START_NS + 10 * SECOND)

    causes = [group.cause for group in ring.cut(0, 2**62)]
    assert causes[0] == "start" and causes.count("reconnect") == 1


def test_another_resolution_is_known_as_other_codec_parameters(clip: Path, tmp_path: Path) -> None:
    """faults.md V34: the resolution switches in the middle of the ring."""
    other = make_clip(tmp_path / "small.mp4", seconds=2, width=160, height=128)
    _, ring = filled(clip)
    fill(ring, other, START_NS + 10 * SECOND)

    groups = ring.cut(0, 2**62)
    assert [group.cause for group in groups].count("codec") == 1
    assert (groups[-1].coding.width_px, groups[0].coding.width_px) == (160, 320)


def test_zero_seconds_forget_everything_and_keep_nothing(clip: Path) -> None:
    """Household cameras beyond their incident: the job's ring is told 0 s and holds nothing from then on."""
    shelf, ring = filled(clip)
    shelf.ring("a", 0.0)
    assert (shelf.size_bytes, ring.cut(0, 2**62)) == (0, ())

    fill(ring, clip)
    assert shelf.size_bytes == 0

    shelf.ring("a", 60.0)
    fill(ring, clip)
    assert ring.cut(0, 2**62)[0].cause == "start"


def test_the_other_stream_of_the_camera_reaches_back_into_a_retired_ring(clip: Path) -> None:
    """An enlarged tile changes from sub to main stream: what the sub stream kept is still there to be played."""
    shelf, sub = filled(clip)
    end_ns = START_NS + 6 * SECOND
    shelf.retire("a", end_ns)
    main = shelf.ring("b", 60, camera="C-1")
    fill(main, clip, end_ns)

    groups = shelf.cut("b", 0, end_ns + 6 * SECOND)
    assert groups[0].begin_ns == START_NS and len(groups) == 12

    shelf.sweep(end_ns + 61 * SECOND)
    assert shelf.find("a") is None and len(shelf.cut("b", 0, end_ns + 6 * SECOND)) == 6
    assert sub.seconds == 0


def test_a_retired_ring_without_a_camera_goes_at_once(clip: Path) -> None:
    """A household's job names no camera: nothing stays behind its stream."""
    shelf = Shelf(64 << 20)
    fill(shelf.ring("a", 60), clip)
    shelf.retire("a", START_NS)
    assert shelf.size_bytes == 0
