"""Small clips made for tests: a moving bar over a still pattern, any size, rate and codec. Nothing of it is committed."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

_RAW = {".264": "h264", ".265": "hevc"}
_LAYOUT = {"mjpeg": "yuvj420p"}


def make_clip(path: Path, seconds: float = 1.0, width: int = 320, height: int = 240, fps: int = 25, codec: str = "libx264",
              seed: int = 1, bitrate: int = 0, aspect: Fraction | None = None, gop: int = 0, pix_fmt: str = "",
              options: Mapping[str, str] | None = None) -> Path:  # fmt: skip
    """Write a clip to `path` (its suffix chooses the container; `.264` and `.265` are raw streams) and return it.

    `gop` 0: a key frame a second; `options`: the encoder's own.
    """
    noise = np.random.default_rng(seed)
    ground = np.kron(
        noise.integers(40, 216, (height // 16 + 1, width // 16 + 1, 3), dtype=np.uint8), np.ones((16, 16, 1), np.uint8)
    )
    ground = ground[:height, :width]
    with av.open(str(path), "w", format=_RAW.get(path.suffix)) as container:
        stream = container.add_stream(codec, rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt or _LAYOUT.get(codec, "yuv420p")
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        if bitrate:
            stream.bit_rate = bitrate
        if codec == "libx264":
            own = {"preset": "ultrafast", "tune": "zerolatency", "g": str(gop or fps), "x264-params": "sliced-threads=0"}
            stream.options = {**own, **(options or {})}
        elif codec == "libx265":
            stream.options = {"preset": "ultrafast", "tune": "zerolatency", "x265-params": f"keyint={gop or fps}:log-level=error"}
        for number in range(round(seconds * fps)):
            picture = ground.copy()
            left = number * 7 % width
            picture[:, left : left + 12] = (255, 255, 255)
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    return path


def with_sound(path: Path, seconds: float = 2.0) -> Path:
    """A clip with a sound track beside its pictures."""
    with av.open(str(path), "w") as container:
        stream, sound = container.add_stream("libx264", rate=25), container.add_stream("aac", rate=48_000)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for number in range(round(seconds * 25)):
            picture = np.full((120, 160, 3), number * 5 % 256, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        for number in range(round(seconds * 48_000 / 1024)):
            tone = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            tone.sample_rate, tone.pts = 48_000, number * 1024
            container.mux(sound.encode(tone))
        container.mux(stream.encode(None))
        container.mux(sound.encode(None))
    return path


def key_frames_in_halves(whole: Path, path: Path) -> Path:
    """`whole` (a raw H.264 clip with two slices a picture) with an access unit delimiter between the slices of each key frame:
    what servers send that cut each key frame in two. Source: ITU-T H.264, 7.3.2.4 and table 7-1."""
    delimiter, made, was_key = b"\x00\x00\x00\x01\x09\xf0", [], False
    for unit in whole.read_bytes().replace(b"\x00\x00\x00\x01", b"\x00\x00\x01").split(b"\x00\x00\x01")[1:]:
        is_key = unit[0] & 31 == 5
        if is_key and was_key:
            made.append(delimiter)
        made.append(b"\x00\x00\x00\x01" + unit)
        was_key = is_key and not was_key
    path.write_bytes(b"".join(made))
    return path
