"""Small clips made for tests: a moving bar over a still pattern, any size, rate and codec. Nothing of it is committed."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np


def make_clip(path: Path, seconds: float = 1.0, width: int = 320, height: int = 240, fps: int = 25, codec: str = "libx264",
              seed: int = 1, bitrate: int = 0, aspect: Fraction | None = None) -> Path:  # fmt: skip
    """Write a clip to `path` (its suffix chooses the container; `.264` is a raw stream) and return it."""
    noise = np.random.default_rng(seed)
    ground = np.kron(
        noise.integers(40, 216, (height // 16 + 1, width // 16 + 1, 3), dtype=np.uint8), np.ones((16, 16, 1), np.uint8)
    )
    ground = ground[:height, :width]
    with av.open(str(path), "w", format="h264" if path.suffix == ".264" else None) as container:
        stream = container.add_stream(codec, rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuvj420p" if codec == "mjpeg" else "yuv420p"
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        if bitrate:
            stream.bit_rate = bitrate
        if codec == "libx264":
            stream.options = {"preset": "ultrafast", "tune": "zerolatency", "g": str(fps), "x264-params": "sliced-threads=0"}
        for number in range(round(seconds * fps)):
            picture = ground.copy()
            left = number * 7 % width
            picture[:, left : left + 12] = (255, 255, 255)
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    return path
