"""Remux: kept packets into files that any player opens, without touching a picture; or anew, with privacy masks burnt in.

In: groups of packets, a span of the monotonic clock, a path. Out: one file per stretch of equal codec parameters, written as
`.part`, counted again after writing, then renamed; on any failure nothing is left. Runs in decoder and recorder children.
In a file the time is the time that passed: a gap of five seconds is five seconds of the last picture.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from console.media import annexb, retime
from console.media.retime import Timed
from console.media.ring import Coding, Group

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from console.model.view import Masks

_BASE: Final = Fraction(1, 90_000)
_RAW: Final = {"h264": "h264", "hevc": "hevc", "mjpeg": "mjpeg", "mpeg4": "m4v", "mpeg2video": "mpegvideo"}
_MP4: Final = ("h264", "hevc", "mpeg4")
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class SaveFailed(Exception):
    """A clip or picture could not be saved; `word` is one of disk_full, disk, no_picture, codec, gone."""

    def __init__(self, word: str, detail: str = "") -> None:
        super().__init__(f"{word}: {detail}")
        self.word = word


@dataclass(frozen=True, slots=True)
class Piece:
    """One file that was written. Times are the monotonic clock's; `camera_utc_ns` as in `ring.Group`."""

    path: str
    sha256: str
    size_bytes: int
    pictures: int
    damaged: int
    begin_ns: int
    end_ns: int
    codec: str
    width_px: int
    height_px: int
    gaps: tuple[retime.Gap, ...]
    camera_utc_ns: int | None
    is_masked: bool


def write_clip(path: str, groups: Sequence[Group], from_ns: int, to_ns: int, masks: Masks = ()) -> list[Piece]:
    """Write what `groups` hold of the span as `path` (without suffix), `path-2` …; `masks` are burnt into every picture.

    The first file begins at the key frame before `from_ns`. Raises SaveFailed; then none of the files is there.
    """
    pieces: list[Piece] = []
    try:
        for stretch in retime.codings(groups):
            timed = _within(retime.lay_out(stretch), from_ns, to_ns)
            if timed:
                name = path if not pieces else f"{path}-{len(pieces) + 1}"
                shown = {one.group for one in timed}
                pieces.append(_write(name, [group for group in stretch if group.serial in shown], timed, masks))
        if not pieces:
            raise SaveFailed("no_picture", "the ring is empty")
        return pieces
    except SaveFailed:
        for piece in pieces:
            Path(piece.path).unlink(missing_ok=True)
        raise


def _within(timed: list[Timed], from_ns: int, to_ns: int) -> list[Timed]:
    """The packets whose pictures belong to the span, from the key frame before it on. Their times, not their arrivals, tell:
    a stream that lags brings late what belongs to the span."""
    first = 0
    for number, one in enumerate(timed):
        if one.kept.is_key and one.time_ns <= from_ns:
            first = number
    found = [one for one in timed[first:] if one.time_ns <= to_ns]
    return found if found and found[-1].time_ns >= from_ns else []


def _write(path: str, groups: Sequence[Group], timed: Sequence[Timed], masks: Masks) -> Piece:
    import av.error

    coding = groups[0].coding
    suffix = ".mp4" if masks or coding.codec in _MP4 else ".mkv"
    part = f"{path}.part"
    try:
        _claim(f"{path}{suffix}", part)
    except OSError as cause:
        raise SaveFailed(word_of(cause), str(cause.strerror or cause)) from cause
    try:
        count = _transcode(part, suffix, coding, timed, masks) if masks else _copy(part, suffix, coding, timed)
        digest, size = _settle(part, suffix, count)
        _give_name(part, f"{path}{suffix}")
    except SaveFailed:
        _unlink(part)
        raise
    except OSError as cause:
        _unlink(part)
        raise SaveFailed(word_of(cause), str(cause.strerror or cause)) from cause
    except (ValueError, av.error.FFmpegError) as cause:
        _unlink(part)
        raise SaveFailed("codec", str(cause)) from cause
    times = [one.time_ns for one in timed]
    told = [group.camera_utc_ns for group in groups if group.camera_utc_ns is not None]
    gaps = tuple(gap for gap in retime.gaps(groups) if gap.to_ns <= max(times))
    return Piece(
        f"{path}{suffix}", digest, size, count, sum(one.kept.is_damaged for one in timed), min(times),
        max(times) + retime.usual_step_ns(timed), coding.codec, coding.width_px, coding.height_px, gaps,
        told[-1] if told else None, bool(masks),
    )  # fmt: skip


def _claim(final: str, part: str) -> None:
    """Take the place of `final`: a file that is there is never written over. Raises SaveFailed, OSError."""
    if os.path.exists(final):
        raise SaveFailed("disk", f"{final} is there already")
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _give_name(part: str, final: str) -> None:
    """Let the finished file have its name, which nobody else may have got meanwhile. Raises FileExistsError, OSError."""
    try:
        os.link(part, final)
        os.unlink(part)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        os.replace(part, final)


def _unlink(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)


def _settle(part: str, suffix: str, count: int) -> tuple[str, int]:
    """Bring the file to the disk, and read back what a player will find in it. Returns its SHA-256 and size."""
    import av

    with open(part, "rb") as file:
        os.fsync(file.fileno())
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    try:
        with av.open(part, format=suffix[1:].replace("mkv", "matroska")) as container:
            found = sum(1 for packet in container.demux(container.streams.video[0]) if packet.size)
    except (av.error.FFmpegError, IndexError) as cause:
        raise SaveFailed("disk", f"what was written cannot be read: {cause}") from cause
    if found != count:
        raise SaveFailed("disk", f"{found} of {count} pictures arrived on the disk")
    return digest, os.path.getsize(part)


def open_output(path: str, suffix: str, options: dict[str, str] | None = None) -> OutputContainer:
    """A container to write packets into."""
    import av

    return av.open(path, "w", format=suffix[1:].replace("mkv", "matroska"), options=options or {})


def add_copied(output: OutputContainer, coding: Coding, first: bytes) -> Any:
    """A stream in `output` for packets of `coding` as they are; `first` is a key frame of it. Raises ValueError."""
    import av

    raw = _RAW.get(coding.codec)
    if raw is None:
        if not hasattr(output, "add_mux_stream"):
            raise ValueError(f"no way to keep {coding.codec} here")
        return output.add_mux_stream(coding.codec, width=coding.width_px, height=coding.height_px)
    try:
        with av.open(io.BytesIO(with_sets(coding, first)), format=raw) as template:
            stream = output.add_stream_from_template(template.streams.video[0], opaque=True)
    except (av.error.FFmpegError, IndexError) as cause:
        raise ValueError(f"no {coding.codec} header in a key frame") from cause
    if coding.aspect != (1, 1):
        stream.codec_context.sample_aspect_ratio = Fraction(*coding.aspect)
    return stream


def with_sets(coding: Coding, data: bytes) -> bytes:
    """A key frame that a decoder or file can begin with: start codes, and its parameter sets before it."""
    if coding.codec not in annexb.CODECS:
        return data
    plain = annexb.to_annexb(data, coding.length_size)
    return plain if annexb.sets_in(coding.codec, plain) else coding.sets + plain


def payload(coding: Coding, one: Timed) -> bytes:
    """A packet's bytes as decoders and files get them: NAL units behind start codes, other codecs as they came."""
    return with_sets(coding, one.kept.data) if one.kept.is_key else annexb.to_annexb(one.kept.data, coding.length_size)


def decode_times(timed: Sequence[Timed]) -> list[int]:
    """A decoding time for each packet: never falling, and never behind its picture's own time, whatever the camera said."""
    shown = sorted(one.time_ns for one in timed)
    late_ns = max((early - one.time_ns for early, one in zip(shown, timed, strict=True)), default=0)
    return [early - late_ns for early in shown]


def _copy(part: str, suffix: str, coding: Coding, timed: Sequence[Timed]) -> int:
    import av

    output = open_output(part, suffix)
    try:
        stream = add_copied(output, coding, timed[0].kept.data)
        zero_ns, last = min(one.time_ns for one in timed), None
        for one, decode_ns in zip(timed, decode_times(timed), strict=True):
            packet = av.Packet(payload(coding, one))
            dts = _ticks(decode_ns - zero_ns)
            dts = dts if last is None else max(dts, last + 1)
            packet.pts, packet.dts, packet.time_base = max(_ticks(one.time_ns - zero_ns), dts), dts, _BASE
            packet.is_keyframe, packet.stream, last = one.kept.is_key, stream, dts
            output.mux_one(packet)
    except BaseException:  # whatever ended it, half a file must not stay open; it goes on to the caller
        _give_up(output)
        raise
    output.close()
    return len(timed)


def _give_up(output: OutputContainer) -> None:
    """Close a container whose disk has failed: its trailer may fail as well."""
    with contextlib.suppress(OSError, ValueError):
        output.close()


def _ticks(nanoseconds: int) -> int:
    return nanoseconds * _BASE.denominator // 1_000_000_000


def frames_of(coding: Coding, timed: Sequence[Timed]) -> Iterator[tuple[VideoFrame, int]]:
    """Decode packets; frames with their times (monotonic ns). What cannot be decoded is left out."""
    import av

    decoder = decoder_of(coding)
    for one in timed:
        packet = av.Packet(payload(coding, one))
        packet.pts = packet.dts = one.time_ns
        packet.time_base = Fraction(1, 1_000_000_000)
        with contextlib.suppress(av.error.InvalidDataError):
            for frame in decoder.decode(packet):
                yield frame, int(frame.pts or one.time_ns)
    with contextlib.suppress(av.error.InvalidDataError, av.error.EOFError):
        for frame in decoder.decode(None):
            yield frame, int(frame.pts or timed[-1].time_ns)


def decoder_of(coding: Coding) -> VideoCodecContext:
    """A decoder of one thread for packets of `coding`."""
    from av.codec.context import CodecContext

    decoder = cast(Any, CodecContext.create(coding.codec, "r"))
    decoder.thread_count = 1
    if coding.codec not in annexb.CODECS:  # these tell their size in every key frame, others may have only a header
        decoder.width, decoder.height = coding.width_px, coding.height_px
        if coding.extradata:
            decoder.extradata = coding.extradata
    return cast("VideoCodecContext", decoder)


def _transcode(part: str, suffix: str, coding: Coding, timed: Sequence[Timed], masks: Masks) -> int:
    """Decode, burn the masks, encode: for a camera with privacy masks no packet goes out as it came."""
    from console.media.masks import burn_frame

    output, stream, count = open_output(part, suffix), None, 0
    try:
        last, zero_ns = -1, min(one.time_ns for one in timed)
        for frame, time_ns in frames_of(coding, timed):
            if stream is None:
                stream = _add_encoder(output, coding, frame)
            pts = max(last + 1, _ticks(time_ns - zero_ns))
            burnt = burn_frame(frame, masks).reformat(stream.width, stream.height, "yuv420p", threads=1)
            burnt.pts, burnt.time_base, burnt.pict_type, last = pts, _BASE, 0, pts
            for packet in stream.encode(burnt):
                output.mux_one(packet)
            count += 1
        if stream is None:
            raise SaveFailed("no_picture", "nothing could be decoded")
        for packet in stream.encode(None):
            output.mux_one(packet)
    except BaseException:  # whatever ended it, half a file must not stay open; it goes on to the caller
        _give_up(output)
        raise
    output.close()
    return count


def _add_encoder(output: OutputContainer, coding: Coding, frame: VideoFrame) -> VideoStream:
    stream = cast(Any, output.add_stream("libx264", rate=25, options={"preset": "veryfast", "crf": "20", "threads": "1"}))
    stream.width, stream.height, stream.pix_fmt = frame.width // 2 * 2, frame.height // 2 * 2, "yuv420p"
    stream.codec_context.time_base = _BASE
    stream.codec_context.sample_aspect_ratio = Fraction(*coding.aspect)
    return cast("VideoStream", stream)


def write_picture(path: str, frame: VideoFrame, masks: Masks = ()) -> str:
    """Write `frame` at its full size to `path` (.png or .jpg), masks burnt in; returns its SHA-256. Raises SaveFailed."""
    from console.media.masks import burn_frame

    part = f"{path}.part"
    try:
        _claim(path, part)
    except OSError as cause:
        raise SaveFailed(word_of(cause), str(cause.strerror or cause)) from cause
    try:
        data = encoded(burn_frame(frame, masks), "png" if path.endswith(".png") else "mjpeg")
        with open(part, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _give_name(part, path)
    except OSError as cause:
        _unlink(part)
        raise SaveFailed(word_of(cause), str(cause.strerror or cause)) from cause
    return hashlib.sha256(data).hexdigest()


def encoded(frame: VideoFrame, codec: str) -> bytes:
    """`frame` as one PNG (`png`) or JPEG (`mjpeg`) picture at its own size."""
    from av.codec.context import CodecContext

    shape = "rgb24" if codec == "png" else "yuvj420p"
    plain = frame.reformat(frame.width, frame.height, shape, threads=1)
    encoder = cast(Any, CodecContext.create(codec, "w"))
    encoder.width, encoder.height, encoder.pix_fmt, encoder.framerate = frame.width, frame.height, shape, Fraction(25)
    encoder.time_base = Fraction(1, 25)
    if codec == "mjpeg":
        encoder.options = {"qmin": "2", "qmax": "2"}
    plain.pts = 0
    return b"".join(bytes(packet) for packet in (*encoder.encode(plain), *encoder.encode(None)))


def word_of(cause: OSError) -> str:
    """`disk_full` or `disk` for what the disk said."""
    return "disk_full" if cause.errno in _FULL else "disk"
