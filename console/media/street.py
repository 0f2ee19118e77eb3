"""Street: streams as street cameras send them, made for measurements. In: a path and a seed. Out: a clip.

704x576 at 25 pictures a second, H.264 main profile, a key frame every 2 s, no reordering, one reference, about 1 Mbit/s: a
textured street with vehicles of several sizes and sensor noise, every fourth camera panning. The demo's clips and plain moving
bars decode at a quarter of the work and flatter every player.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.frame import VideoFrame

WIDTH, HEIGHT, FPS, GOP = 704, 576, 25, 50


def _street(seed: int, width: int, height: int) -> Any:
    """A still scene wider than the picture: soft shapes, edges and fine texture; (height, 2 width) uint8."""
    chance = np.random.default_rng(seed)
    scene = np.zeros((height, 2 * width), np.float32)
    for cell, strength in ((96, 50.0), (24, 28.0), (6, 14.0)):
        coarse = chance.normal(0, 1, (height // cell + 2, 2 * width // cell + 2))
        scene += strength * np.kron(coarse, np.ones((cell, cell)))[:height, : 2 * width]
    for _ in range(40):
        top, left = chance.integers(0, height - 60), chance.integers(0, 2 * width - 90)
        scene[top : top + chance.integers(10, 60), left : left + chance.integers(10, 90)] = chance.uniform(-90, 90)
    return np.clip(scene + 120, 16, 235).astype(np.uint8)


def street_clip(path: Path, seed: int, seconds: float = 8.0, width: int = WIDTH, height: int = HEIGHT, fps: int = FPS,
                gop: int = GOP, bitrate: int = 1_000_000) -> Path:  # fmt: skip
    """Write one camera's stream to `path` (`.264` raw, `.mp4` a file) and return it."""
    chance = np.random.default_rng(seed + 1000)
    scene = _street(seed, width, height)
    grains = [chance.normal(0, 2.5, (height, width)).astype(np.int16) for _ in range(7)]
    movers = [(chance.integers(20, 110), chance.integers(14, 60), chance.integers(0, height - 80), chance.integers(0, width),
               chance.uniform(-9, 9), chance.integers(30, 220)) for _ in range(8)]  # fmt: skip
    with av.open(str(path), "w", format="h264" if path.suffix == ".264" else None) as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = width, height, "yuv420p", bitrate
        stream.options = {
            "preset": "fast", "tune": "zerolatency", "profile": "main", "g": str(gop), "bf": "0", "refs": "1",
            "x264-params": f"sliced-threads=0:scenecut=0:keyint={gop}:min-keyint={gop}:"
            f"vbv-maxrate={bitrate * 3 // 2000}:vbv-bufsize={bitrate // 500}",
        }  # fmt: skip
        colours = np.full((height // 2, width), 128, np.uint8)
        colours[:, ::64] = 100
        for number in range(round(seconds * fps)):
            turn = 1 - np.cos(2 * np.pi * number / (seconds * fps))
            shift = round(width / 12 * turn) if seed % 4 == 0 else 0
            picture = scene[:, shift : shift + width].astype(np.int16)
            for wide, high, top, start, speed, grey in movers:
                left = int(start + speed * number) % (width + wide) - wide
                picture[top : top + high, max(0, left) : max(0, left + wide)] = grey
            picture += grains[number % len(grains)]
            luma = np.clip(picture, 16, 235).astype(np.uint8)
            frame = VideoFrame.from_ndarray(np.vstack((luma, colours.reshape(height // 2, width))), format="yuv420p")
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    return path
