"""Decoder children: files play and loop at their own rate, bad ones are named, a dead child's feeds come back (faults.md V54)."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from console.media import slots
from console.media.child import ChildOptions, Job, Target
from console.media.slots import Slot
from console.media.supervisor import Supervisor
from tests.media.churn import churn
from tests.media.clips import make_clip, with_sound


def wait_until(is_so: Callable[[], object], limit_s: float = 30.0) -> None:
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


def test_files_play_at_their_own_rates_and_loop(room: Room, clip: Path, tmp_path: Path) -> None:
    """faults.md V42: 1 and 60 pictures a second; the rates are compared with each other, not with the clock"""
    room.show(normal=clip, slow=make_clip(tmp_path / "slow.mp4", 4, fps=1), fast=make_clip(tmp_path / "fast.mp4", fps=60))
    normal, slow, fast = (room.slots[name] for name in ("normal", "slow", "fast"))
    wait_until(lambda: all(slot.generation for slot in (normal, slow, fast)))
    began = [slot.header[slots.DECODED] for slot in (normal, slow, fast)]

    wait_until(lambda: slow.header[slots.DECODED] - began[1] >= 3)

    passed = [slot.header[slots.DECODED] - before for slot, before in zip((normal, slow, fast), began, strict=True)]
    assert 40 < passed[0] < 110, "25 for each picture of the slow one, over the end of the one-second clip"
    assert 1.8 < passed[2] / passed[0] < 2.9
    assert [slot.header[slots.INTERVAL_NS] for slot in (normal, slow)] == [40_000_000, 1_000_000_000]


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
    wait_until(lambda: room.slots["a"].generation > before + 3)


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

    assert time.monotonic() - began_s < 10
    assert not any(os.path.exists(f"/proc/{pid}") for pid in pids)


def test_one_stream_fills_several_slots_from_one_decode(room: Room, clip: Path) -> None:
    """faults.md V57"""
    sizes = {"small": (80, 60), "large": (320, 240)}
    for name, size in sizes.items():
        room.slots[name] = Slot.create(*size)
    targets = tuple(Target(room.slots[name].name, *size) for name, size in sizes.items())

    room.supervisor.want({"a": Job("a", str(clip), targets)})

    wait_until(lambda: all(slot.generation > 5 for slot in room.slots.values()))
    found = {name: slot.newest() for name, slot in room.slots.items()}
    assert {name: (one.width_px, one.height_px) for name, one in found.items() if one} == sizes
    decoded = [slot.header[slots.DECODED] for slot in room.slots.values()]
    assert max(decoded) - min(decoded) <= 2, "the same frames, decoded once"
    assert room.supervisor.news("a").opened == 1


def test_a_slot_added_to_a_running_stream_has_a_picture_at_once(room: Room, tmp_path: Path) -> None:
    """A stream of one picture in ten seconds: the newest one is scaled again, nobody waits for the next, nobody reconnects."""
    rare = make_clip(tmp_path / "rare.avi", 20, fps=1, codec="mjpeg")
    room.show(a=rare)
    wait_until(lambda: room.slots["a"].generation > 0)
    first = room.slots["a"]
    room.slots["b"] = Slot.create(320, 240)

    job = room.jobs["a"]
    room.supervisor.want({"a": replace(job, targets=(*job.targets, Target(room.slots["b"].name, 320, 240, max_fps=0.001)))})

    wait_until(lambda: room.slots["b"].generation > 0)
    one, other = first.newest(), room.slots["b"].newest()
    assert one is not None
    assert other is not None
    assert other.arrival_ns <= one.arrival_ns
    assert room.supervisor.news("a").opened == 1


def test_a_slot_taken_away_is_let_go_of_and_the_others_go_on(room: Room, clip: Path) -> None:
    room.show(a=clip)
    room.slots["b"] = Slot.create(160, 90)
    job = replace(room.jobs["a"], targets=(*room.jobs["a"].targets, Target(room.slots["b"].name, 160, 90)))
    room.supervisor.want({"a": job})
    wait_until(lambda: room.slots["b"].generation > 0)

    room.supervisor.want({"a": room.jobs["a"]})
    before = room.slots["a"].generation
    wait_until(lambda: room.slots["a"].generation > before + 30)
    still = room.slots["b"].generation
    before = room.slots["a"].generation
    wait_until(lambda: room.slots["a"].generation > before + 10)

    assert room.slots["b"].generation == still


def test_key_frames_alone_and_back_to_all(room: Room, tmp_path: Path) -> None:
    room.show(a=make_clip(tmp_path / "clip.mp4", seconds=2, gop=5))
    slot, job = room.slots["a"], room.jobs["a"]
    wait_until(lambda: slot.header[slots.INTERVAL_NS] == 40_000_000 and slot.generation > 5)

    room.supervisor.want({"a": replace(job, mode="key")})
    wait_until(lambda: slot.header[slots.INTERVAL_NS] == 200_000_000)
    room.supervisor.want({"a": job})

    wait_until(lambda: slot.header[slots.INTERVAL_NS] == 40_000_000)
    assert room.supervisor.news("a").opened == 1
    assert slot.header[slots.DROPS] == 0, "more pictures begin at a key frame: none was broken"


def test_what_is_masked_is_in_no_slot_and_no_still(room: Room, clip: Path, tmp_path: Path) -> None:
    slot = room.slots["a"] = Slot.create(160, 120)
    half = (((0.0, 0.0), (1.0, 0.0), (1.0, 0.5), (0.0, 0.5)),)

    room.supervisor.want({"a": Job("a", str(clip), (Target(slot.name, 160, 120, masks=half),))})

    wait_until(lambda: slot.generation > 3)
    found = slot.newest()
    assert found is not None
    pixels = np.frombuffer(found.pixels, np.uint8).reshape(120, found.stride_bytes // 4, 4)[:, :160]
    assert {int(value) for value in np.unique(pixels[4:56, :, :3])} <= {112, 136}
    assert len(np.unique(pixels[64:, :, :3])) > 20
    room.supervisor.still("a", str(tmp_path / "still.jpg"))
    wait_until((tmp_path / "still.jpg").exists)
    with av.open(str(tmp_path / "still.jpg")) as image:
        kept = next(image.decode(video=0)).to_ndarray(format="gray")
    assert kept[8 : kept.shape[0] // 2 - 8].std() < 15 < kept[kept.shape[0] // 2 + 8 :].std()


ODD = {
    "odd sides": {"width": 355, "height": 287, "pix_fmt": "yuv444p"},
    "ten bits": {"pix_fmt": "yuv420p10le", "codec": "libx265"},
    "interlaced": {"options": {"x264-params": "interlaced=1", "preset": "veryfast", "tune": "film"}},
    "B-frames": {"options": {"preset": "veryfast", "tune": "film", "bf": "3"}},
    "full range": {"pix_fmt": "yuvj420p"},
    "CIF": {"width": 352, "height": 288, "aspect": Fraction(12, 11)},
    "tiny": {"width": 16, "height": 16},
}


def test_uncommon_pictures_play(room: Room, tmp_path: Path) -> None:
    """faults.md V38"""
    room.show(**{kind: make_clip(tmp_path / f"{kind}.mp4", 0.5, **ODD[kind]) for kind in ODD})  # type: ignore[arg-type]

    wait_until(lambda: all(slot.generation > 8 for slot in room.slots.values()))

    assert {kind: room.supervisor.news(kind).error for kind in ODD} == dict.fromkeys(ODD)


def test_sound_beside_the_pictures_stops_nothing(room: Room, tmp_path: Path) -> None:
    """faults.md V40: no sound device is looked for"""
    room.show(a=with_sound(tmp_path / "loud.mp4"))

    wait_until(lambda: room.slots["a"].generation > 30)

    assert room.supervisor.news("a").error is None
    assert room.supervisor.news("a").opened == 1


def test_ten_times_the_bits_for_a_second_drop_no_picture(room: Room, tmp_path: Path) -> None:
    """faults.md V41"""
    calm = make_clip(tmp_path / "calm.264", 1, options={"qp": "40"})
    storm = make_clip(tmp_path / "storm.264", 1, gop=1, options={"qp": "1"})
    assert storm.stat().st_size > 10 * calm.stat().st_size
    both = tmp_path / "both.264"
    both.write_bytes(calm.read_bytes() + storm.read_bytes())

    room.show(a=both)

    wait_until(lambda: room.slots["a"].generation > 60)
    assert room.supervisor.news("a").error is None
    assert room.supervisor.news("a").facts.detail == ""


def test_turned_pictures_say_how_they_are_to_be_turned(room: Room, shared_data: Path) -> None:
    """faults.md V38"""
    folder = shared_data / "video" / "codec-edge"
    turns = (0, 90, 180, 270)
    room.show(**{f"t{turn}": folder / f"decord_video_{turn}.mov" for turn in turns})
    wait_until(lambda: all(slot.generation for slot in room.slots.values()))

    found = {turn: room.slots[f"t{turn}"].newest() for turn in turns}

    assert len({picture.rotation_deg for picture in found.values() if picture}) == 4


def test_a_stream_that_changes_its_size_goes_on(room: Room, tmp_path: Path) -> None:
    """faults.md V36"""
    small = make_clip(tmp_path / "small.264", 1, 160, 120)
    wide = make_clip(tmp_path / "wide.264", 1, 320, 120)
    both = tmp_path / "both.264"
    both.write_bytes(small.read_bytes() + wide.read_bytes())
    room.show(a=both)
    seen = set()

    def has_seen_both() -> bool:
        found = room.slots["a"].newest()
        if found is not None:
            seen.add((found.width_px, found.height_px))
        return len(seen) > 1

    wait_until(has_seen_both)
    assert room.supervisor.news("a").error is None
    assert room.supervisor.news("a").opened == 1


def test_a_closed_job_is_gone_at_once_though_its_camera_never_answers(room: Room, clip: Path) -> None:
    """faults.md V10 V3: closing while it opens; the other feed is not disturbed"""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        room.show(good=clip, mute=f"rtsp://127.0.0.1:{silent.getsockname()[1]}/a")
        wait_until(lambda: room.slots["good"].generation > 3)

        began_s = time.monotonic()
        room.supervisor.want({"good": room.jobs["good"]})
        took_s = time.monotonic() - began_s

        before = room.slots["good"].generation
        wait_until(lambda: room.slots["good"].generation > before + 5)
    assert took_s < 0.2
    assert room.supervisor.news("mute").error is None, "nothing is known of it any more"


def test_hundreds_of_openings_and_closings_leave_nothing_behind(room: Room, clip: Path) -> None:
    """faults.md V52"""
    found = churn(room.supervisor, str(clip), 120)

    assert found["threads_after"] <= found["threads_before"]
    assert found["descriptors_after"] <= found["descriptors_before"] + 2
    assert found["rss_mb_after"] <= found["rss_mb_before"] * 1.05 + 6
