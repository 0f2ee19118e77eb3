"""Hardware decoding without a graphics card: the rule, the verdicts, falling back when it opens, fails, is silent or lies."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import pytest
from av.codec.context import CodecContext

from console.media import hardware, hardware_trial
from console.media.hardware import LARGE_PX, SMALL_PX, Chooser, FallingBack, Verdict, least_px, name_of
from console.media.hardware_trial import Trials, clip_for, judge
from tests.media import trial_bodies

WINS = Verdict("cuda", "h264", True, 900_000, (1.0, 5.0), (0.9, 1.2))


class Hard:
    """Software that stands for a graphics card; `spoil(number)` may raise, or return frames for packet `number`."""

    def __init__(self, extradata: bytes | None, spoil: Any = None) -> None:
        self.context: Any = CodecContext.create("h264", "r")
        self.context.extradata = extradata
        self.is_hwaccel, self.is_open, self.skip_frame, self.thread_count = True, False, "DEFAULT", 1
        self._spoil, self.count = spoil, 0

    def decode(self, packet: Any) -> list[Any]:
        self.count += 1
        if self._spoil is not None and (said := self._spoil(self.count)) is not None:
            return said
        return self.context.decode(packet)

    def flush_buffers(self) -> None:
        self.context.flush_buffers()


def opener(spoil: Any = None) -> Any:
    return lambda name, codec, extradata: Hard(extradata, spoil)


def raises(error: BaseException, at: int) -> Any:
    def spoil(number: int) -> None:
        if number >= at:
            raise error

    return spoil


@pytest.fixture
def stream() -> Iterator[Any]:
    with av.open(str(clip_for("h264", 704))) as container:
        yield SimpleNamespace(container=container, stream=container.streams.video[0])


@pytest.fixture
def verdicts(tmp_path: Path) -> Path:
    file = tmp_path / "verdicts.json"
    hardware.write_verdicts(file, [WINS, Verdict("qsv", "h264", True, 0), Verdict("vaapi", "h264", why="no device")])
    return file


# ---- the rule -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("software_ms", "hardware_ms", "expected"),
    [
        ((1.0, 5.0), (0.1, 0.2), (1, SMALL_PX)),
        ((1.0, 5.0), (1.0, 1.2), (SMALL_PX, LARGE_PX)),
        ((1.0, 5.0), (1.0, 4.8), (0, 0)),
        ((1.0, 5.0), (6.0, 12.0), (0, 0)),
        ((1.0, 5.0), (90.0, 90.0), (0, 0)),
    ],
)
def test_hardware_wins_from_the_size_where_it_is_clearly_cheaper(
    software_ms: tuple[float, float], hardware_ms: tuple[float, float], expected: tuple[int, int]
) -> None:
    low, high = expected

    assert low <= least_px(software_ms, hardware_ms) <= high


@pytest.mark.parametrize(("devices", "expected"), [
    ((), ()), (("/dev/nvidia",), ("cuda",)), (("/dev/dri",), ("vaapi", "qsv")),
    (("/dev/nvidia", "/dev/dri"), ("cuda", "vaapi", "qsv")),
])  # fmt: skip
def test_on_linux_only_what_has_a_device_is_tried(devices: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert hardware.candidates("linux", lambda pattern: pattern.startswith(devices) if devices else False) == expected


def test_other_systems_try_their_own() -> None:
    assert hardware.candidates("darwin") == ("videotoolbox",)
    assert "d3d11va" in hardware.candidates("win32")
    assert hardware.candidates("plan9") == ()


# ---- verdicts -------------------------------------------------------------------------------------------------------


def test_verdicts_come_back_as_they_were_written(verdicts: Path) -> None:
    assert (hardware.read_verdicts(verdicts) or ())[0] == WINS


@pytest.mark.parametrize("text", ["", "{}", "[1, 2]", '{"verdicts": [{"name": "cuda"}]}', '{"verdicts": 3}', "\x00\xff"])
def test_a_spoilt_verdict_file_is_no_verdict(tmp_path: Path, text: str) -> None:
    file = tmp_path / "verdicts.json"
    file.write_text(text, encoding="utf-8")

    assert hardware.read_verdicts(file) is None
    assert Chooser("auto", file).name_for("h264", LARGE_PX) == ""


@pytest.mark.parametrize(("setting", "codec", "frame_px", "expected"), [
    ("auto", "h264", LARGE_PX, "cuda"), ("auto", "h264", SMALL_PX, ""), ("auto", "h264", 0, ""), ("auto", "hevc", LARGE_PX, ""),
    ("qsv", "h264", SMALL_PX, "qsv"), ("vaapi", "h264", LARGE_PX, ""), ("off", "h264", LARGE_PX, "cuda"),
])  # fmt: skip
def test_it_is_chosen_where_it_wins(verdicts: Path, setting: str, codec: str, frame_px: int, expected: str) -> None:
    chooser = Chooser("auto" if setting == "off" else setting, verdicts)

    assert chooser.name_for(codec, frame_px) == expected


def test_off_opens_nothing(verdicts: Path, stream: Any) -> None:
    assert Chooser("off", verdicts, opener()).context_for(stream.stream) is None


def test_verdicts_found_later_are_used_by_the_next_stream(tmp_path: Path) -> None:
    file = tmp_path / "verdicts.json"
    chooser = Chooser("auto", file)
    before = chooser.name_for("h264", LARGE_PX)

    hardware.write_verdicts(file, [WINS])

    assert (before, chooser.name_for("h264", LARGE_PX)) == ("", "cuda")


# ---- falling back ---------------------------------------------------------------------------------------------------


def chosen(stream: Any, verdicts: Path, spoil: Any = None, told: list[str] | None = None) -> tuple[Chooser, Any]:
    chooser = Chooser("cuda", verdicts, opener(spoil))
    return chooser, chooser.context_for(stream.stream, (told if told is not None else []).append)


def decode_all(stream: Any, context: Any) -> tuple[int, int]:
    """Frames, and packets that failed."""
    frames = failed = 0
    for packet in stream.container.demux(stream.stream):
        try:
            frames += len(context.decode(packet if packet.size else None))
        except av.error.InvalidDataError:
            failed += 1
    return frames, failed


def test_a_whole_stream_is_decoded_and_named(stream: Any, verdicts: Path) -> None:
    _, context = chosen(stream, verdicts)

    assert decode_all(stream, context) == (12, 0)
    assert name_of(context) == "cuda"


def test_a_decoder_that_does_not_open_leaves_the_stream_to_software(stream: Any, verdicts: Path) -> None:
    def refuses(name: str, codec: str, extradata: bytes | None) -> Any:
        raise av.error.PermissionError(1, "no driver")

    told: list[str] = []
    chooser = Chooser("cuda", verdicts, refuses)

    assert chooser.context_for(stream.stream, told.append) is None
    assert chooser.failures == {("cuda", "h264"): 1}
    assert "no driver" in told[0]


def test_the_real_opener_fails_here_in_words_not_in_crashes(stream: Any, verdicts: Path) -> None:
    """Where there is a card this decodes; where there is none it must fall back. Both are right."""
    chooser = Chooser("cuda", verdicts)

    context = chooser.context_for(stream.stream)

    assert context is None or decode_all(stream, context)[0] >= 0
    assert context is not None or chooser.failures


@pytest.mark.parametrize("error", [av.error.UnknownError(1, "lost"), OSError("device gone"), MemoryError()])
def test_a_device_lost_in_the_middle_goes_on_in_software(stream: Any, verdicts: Path, error: BaseException) -> None:
    told: list[str] = []
    _, context = chosen(stream, verdicts, raises(error, 5), told)

    frames, failed = decode_all(stream, context)

    assert failed >= 1
    assert frames >= 4
    assert len(told) == 1
    assert name_of(context) == ""


def test_software_gives_pictures_again_from_the_next_key_frame(verdicts: Path) -> None:
    with av.open(str(clip_for("h264", 704))) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        found = SimpleNamespace(container=container, stream=container.streams.video[0])
        _, context = chosen(found, verdicts, raises(OSError("gone"), 5))
        frames = []
        for packet in [*packets, *packets]:
            try:
                frames += context.decode(packet)
            except av.error.InvalidDataError:
                continue

        assert len(frames) >= 4 + 12
        assert not frames[-1].is_corrupt


def test_one_damaged_packet_is_not_the_cards_fault(stream: Any, verdicts: Path) -> None:
    def spoil(number: int) -> None:
        if number == 5:
            raise av.error.InvalidDataError(1, "damaged")

    _, context = chosen(stream, verdicts, spoil)
    decode_all(stream, context)

    assert name_of(context) == "cuda"


def test_a_decoder_that_gives_nothing_is_given_up(verdicts: Path) -> None:
    with av.open(str(clip_for("h264", 704))) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        found = SimpleNamespace(container=container, stream=container.streams.video[0])
        told: list[str] = []
        _, context = chosen(found, verdicts, lambda number: [], told)
        for packet in packets * 3:
            try:
                context.decode(packet)
            except av.error.InvalidDataError:
                break

        assert told == ["no picture comes out of it"]


def test_after_three_failures_it_is_not_tried_again(stream: Any, verdicts: Path) -> None:
    def refuses(name: str, codec: str, extradata: bytes | None) -> Any:
        raise OSError("no session left")

    chooser = Chooser("auto", verdicts, refuses)
    for _ in range(5):
        chooser.name_for("h264", LARGE_PX) and chooser.context_for(
            SimpleNamespace(codec_context=SimpleNamespace(codec=SimpleNamespace(canonical_name="h264"), width=1920, height=1080,
                                                          extradata=None))  # type: ignore[arg-type]
        )  # fmt: skip

    assert chooser.failures == {("cuda", "h264"): 3}
    assert chooser.name_for("h264", LARGE_PX) == ""


def test_skipping_is_told_to_both_decoders(stream: Any, verdicts: Path) -> None:
    hard: Any = Hard(None)
    context = FallingBack(hard, stream.stream.codec_context, "cuda", lambda why: None)

    context.skip_frame = "NONKEY"

    assert (hard.skip_frame, stream.stream.codec_context.skip_frame, context.skip_frame) == ("NONKEY", "NONKEY", "NONKEY")


# ---- the trial ------------------------------------------------------------------------------------------------------


def software(name: str, codec: str, extradata: bytes | None) -> Any:
    made = CodecContext.create(codec, "r")
    made.extradata = extradata
    return made


def test_a_decoder_with_the_right_pictures_works_and_is_measured() -> None:
    found = judge("fake", "h264", software, rounds=1)

    assert found.works
    assert all(cost > 0 for cost in (*found.software_ms, *found.hardware_ms))


def test_a_decoder_with_wrong_pictures_does_not_work() -> None:
    class Green:
        thread_count = 1

        def __init__(self, extradata: bytes | None) -> None:
            self._context = software("", "h264", extradata)

        def decode(self, packet: Any) -> list[Any]:
            return [_green(frame.width, frame.height) for frame in self._context.decode(packet)]

    def _green(width: int, height: int) -> Any:
        frame = av.VideoFrame(width, height, "nv12")
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        return frame

    found = judge("fake", "h264", lambda name, codec, extra: Green(extra), rounds=1)  # type: ignore[arg-type, return-value]

    assert not found.works
    assert "another picture" in found.why


def test_a_decoder_that_is_not_there_does_not_work() -> None:
    assert [judge("vaapi", codec).works for codec in hardware.CODECS if not Path("/dev/dri").exists()] in ([False, False], [])


@pytest.mark.parametrize(("body", "works", "why"), [
    (trial_bodies.works, [True, True], ""),
    (trial_bodies.crashes_after_one, [True, False], "its trial ended early"),
    (trial_bodies.hangs, [False, False], "no answer in time"),
    (trial_bodies.talks_nonsense, [False, False], "its trial ended early"),
])  # fmt: skip
def test_a_trial_survives_its_driver(tmp_path: Path, body: Any, works: list[bool], why: str) -> None:
    file = tmp_path / "verdicts.json"
    trials = Trials("auto", file, ("cuda",), body, limit_s=30.0 if body is not trial_bodies.hangs else 0.5)
    trials.start()

    assert trials.wait(60)
    trials.close()

    found = hardware.read_verdicts(file) or ()
    assert [one.works for one in found] == works
    assert found[-1].why == why


def test_what_is_known_is_not_tried_again(verdicts: Path) -> None:
    trials = Trials("auto", verdicts, ("cuda", "qsv"), trial_bodies.hangs)
    trials.start()

    assert trials.wait(0)
    trials.close()


@pytest.mark.parametrize(("setting", "names"), [("off", ("cuda",)), ("auto", ()), ("vaapi", ("cuda",))])
def test_nothing_to_try_starts_nothing(tmp_path: Path, setting: str, names: tuple[str, ...]) -> None:
    trials = Trials(setting, tmp_path / "verdicts.json", names, trial_bodies.hangs)
    trials.start()
    trials.close()

    assert not (tmp_path / "verdicts.json").exists()


def test_closing_ends_a_trial_that_hangs(tmp_path: Path) -> None:
    trials = Trials("auto", tmp_path / "verdicts.json", ("cuda",), trial_bodies.hangs, limit_s=600)
    trials.start()
    began_s = time.monotonic()

    trials.close()

    assert time.monotonic() - began_s < 60
    assert not (tmp_path / "verdicts.json").exists()


def test_the_file_is_plain_json(verdicts: Path) -> None:
    assert json.loads(verdicts.read_text())["verdicts"][0]["least_px"] == 900_000
    assert hardware_trial.TIME_LIMIT_S <= 30
