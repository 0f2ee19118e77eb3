"""Clips: no picture touched, any player's file, whole or not at all; with masks transcoded; what lies is left out."""

from __future__ import annotations

import json
import os
import resource
import subprocess
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from console.media import annexb, remux
from console.media.remux import SaveFailed
from console.media.ring import Shelf
from tests.media.clips import make_clip
from tests.media.rings import START_NS, fill, filled

SECOND = 1_000_000_000
EVER = 2**62
MASK = (((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)),)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("remux") / "four.mp4", seconds=4)


def _frames(path: Path | str) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]


def test_a_clip_is_the_camera_s_own_pictures_and_plays_in_other_players(
    clip: Path, tmp_path: Path, peer: Callable[[str], str]
) -> None:
    peer("ffmpeg")
    _, ring = filled(clip)

    (piece,) = remux.write_clip(str(tmp_path / "out"), ring.cut(0, EVER), 0, EVER)

    assert piece.path.endswith("out.mp4") and not piece.is_masked and not list(tmp_path.glob("*.part"))
    assert all(np.array_equal(a, b) for a, b in zip(_frames(clip), _frames(piece.path), strict=True))
    told = subprocess.run(
        ["ffprobe", "-v", "error", "-count_frames", "-show_streams", "-of", "json", piece.path], capture_output=True, check=True
    )
    stream = json.loads(told.stdout)["streams"][0]
    assert (stream["codec_name"], stream["nb_read_frames"], told.stderr) == ("h264", "100", b"")
    assert float(stream["duration"]) == pytest.approx(4.0, abs=0.1)
    player = cv2.VideoCapture(piece.path)
    count = 0
    while player.read()[0]:
        count += 1
    player.release()
    assert count == piece.pictures == 100


def test_a_span_begins_at_the_key_frame_before_it(clip: Path, tmp_path: Path) -> None:
    _, ring = filled(clip)
    from_ns, to_ns = START_NS + int(1.5 * SECOND), START_NS + int(2.5 * SECOND)

    (piece,) = remux.write_clip(str(tmp_path / "out"), ring.cut(from_ns, to_ns), from_ns, to_ns)

    assert piece.begin_ns == START_NS + SECOND
    assert to_ns - SECOND // 10 <= piece.end_ns <= to_ns + SECOND // 10


def test_what_a_lagging_stream_brings_late_belongs_to_its_own_time(clip: Path, tmp_path: Path) -> None:
    """faults.md V47: the second half arrives three seconds late; a clip of the span has it all the same."""
    ring = Shelf(64 << 20).ring("a", 60)
    with av.open(str(clip)) as container:
        for number, packet in enumerate(one for one in container.demux(container.streams.video[0]) if one.size):
            ring.keep(packet, START_NS + number * SECOND // 25 + (3 * SECOND if number >= 50 else 0))

    (piece,) = remux.write_clip(str(tmp_path / "out"), ring.cut(0, EVER), START_NS, START_NS + 4 * SECOND)

    assert piece.pictures == 100


def test_a_gap_lasts_in_the_clip_as_long_as_it_lasted(clip: Path, tmp_path: Path) -> None:
    """A reconnect inside the clip: one file, the time of the gap passes in it, and it is said."""
    _, ring = filled(clip)
    fill(ring, clip, START_NS + 10 * SECOND)

    (piece,) = remux.write_clip(str(tmp_path / "out"), ring.cut(0, EVER), 0, EVER)

    assert [gap.cause for gap in piece.gaps] == ["reconnect"]
    with av.open(piece.path) as container:
        assert container.duration is not None
        assert container.duration / 1e6 == pytest.approx(14.0, abs=0.2)
    assert len(_frames(piece.path)) == 200


def test_another_resolution_is_another_file(clip: Path, tmp_path: Path) -> None:
    """faults.md V34."""
    small = make_clip(tmp_path / "small.mp4", seconds=1, width=160, height=128)
    _, ring = filled(clip)
    fill(ring, small, START_NS + 5 * SECOND)

    pieces = remux.write_clip(str(tmp_path / "out"), ring.cut(0, EVER), 0, EVER)

    assert [(Path(piece.path).name, piece.width_px) for piece in pieces] == [("out.mp4", 320), ("out-2.mp4", 160)]
    assert [len(_frames(piece.path)) for piece in pieces] == [100, 25]


def test_with_masks_every_picture_is_made_anew_and_nothing_hidden_is_in_it(clip: Path, tmp_path: Path) -> None:
    _, ring = filled(clip)

    (piece,) = remux.write_clip(str(tmp_path / "out"), ring.cut(0, EVER), 0, EVER, MASK)

    assert piece.is_masked
    frames = _frames(piece.path)
    assert len(frames) == 100
    assert max(int(frame[:, :140].max()) for frame in frames) < 200  # the white bar walks over the whole picture
    assert max(int(frame[:, 180:].max()) for frame in frames) > 230


def test_what_mp4_cannot_hold_goes_to_matroska(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "jpegs.mkv", seconds=1, codec="mjpeg")
    _, ring = filled(clip)

    (piece,) = remux.write_clip(str(tmp_path / "out"), ring.cut(0, EVER), 0, EVER)

    assert piece.path.endswith(".mkv") and len(_frames(piece.path)) == 25


def test_a_full_disk_leaves_nothing_and_says_so(clip: Path, tmp_path: Path) -> None:
    """faults.md V63: the export fails cleanly; half a file is never there."""
    _, ring = filled(clip)
    groups = ring.cut(0, EVER)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8000, hard))
    try:
        for masks in ((), MASK):
            with pytest.raises(SaveFailed) as failed:
                remux.write_clip(str(tmp_path / "out"), groups, 0, EVER, masks)
            assert failed.value.word == "disk_full"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["gone", "taken"])
def test_a_place_that_is_not_there_or_is_taken_is_said(clip: Path, tmp_path: Path, place: str) -> None:
    """faults.md V63: the export's target was removed; and a file that is there is never written over."""
    _, ring = filled(clip)
    folder = tmp_path / "clips"
    if place == "taken":
        folder.mkdir()
        (folder / "out.mp4").write_bytes(b"evidence")

    with pytest.raises(SaveFailed) as failed:
        remux.write_clip(str(folder / "out"), ring.cut(0, EVER), 0, EVER)

    assert failed.value.word == "disk"
    assert place == "gone" or [(file.name, file.read_bytes()) for file in folder.iterdir()] == [("out.mp4", b"evidence")]


def test_an_empty_ring_has_no_picture(tmp_path: Path) -> None:
    with pytest.raises(SaveFailed, match="no_picture"):
        remux.write_clip(str(tmp_path / "out"), (), 0, EVER)


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_picture_is_saved_at_its_full_size_with_its_masks(clip: Path, tmp_path: Path, suffix: str) -> None:
    with av.open(str(clip)) as container:
        frame = next(container.decode(video=0))

    digest = remux.write_picture(str(tmp_path / f"still{suffix}"), frame, MASK)

    saved = cv2.imread(str(tmp_path / f"still{suffix}"))
    assert saved is not None and saved.shape == (240, 320, 3) and len(digest) == 64
    assert saved[:, :140].max() < 200 < frame.to_ndarray(format="gray")[:, :140].max()  # the white bar stands in the hidden half
    assert float(saved[:, 180:].std()) > 10.0
    assert os.listdir(tmp_path) == [f"still{suffix}"]


def test_lying_lengths_end_the_walk_and_never_raise() -> None:
    good = b"\x00\x00\x00\x02\x65\x88"
    assert list(annexb.sized_units(good + b"\xff\xff\xff\xff\x65", 4)) == [b"\x65\x88"]
    assert annexb.header_sets("h264", b"\x01\x64\x00\x1f\xff\xff\xff\xff\x00")[0] == b""
    assert annexb.header_sets("hevc", bytes([1]) + bytes(21) + b"\xff") == (b"", 1)
    assert annexb.sets_in("h264", b"\x00\x00\x01\x67\x42\x00\x00\x01\x68\xce\x00\x00\x01\x65\x88") == (
        b"\x00\x00\x00\x01\x67\x42\x00\x00\x00\x01\x68\xce"
    )
