"""masks: what is hidden is gone from the picture's own bytes, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest
from av.video.frame import VideoFrame

from console.media.masks import burn, burn_frame, hidden_at, plane_array
from console.media.slots import Slot, stride_bytes

LEFT_HALF = (((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)),)
TWO = ((*LEFT_HALF[0],), ((0.8, 0.8), (0.9, 0.8), (0.85, 0.95)))


def _secret(width: int, height: int) -> np.ndarray:
    """A BGRA picture whose every pixel is 200."""
    rows = np.full((height, stride_bytes(width)), 200, np.uint8)
    return rows


@pytest.mark.parametrize("size", [(480, 270), (171, 97), (64, 64)])
def test_a_hidden_pixel_keeps_nothing_of_the_picture_and_others_keep_everything(size: tuple[int, int]) -> None:
    width, height = size
    rows = _secret(width, height)

    burn(memoryview(rows.reshape(-1)), width, height, stride_bytes(width), TWO)

    picture = rows[:, : width * 4].reshape(height, width, 4)
    hidden = hidden_at(width, height, TWO) > 0
    assert (picture[hidden][:, :3] < 150).all()
    assert (picture[~hidden] == 200).all()
    assert (rows[:, width * 4 :] == 200).all()  # the rows' padding is not ours to write
    assert 0.48 < hidden.mean() < 0.55


def test_the_filling_is_grey_with_a_lattice_and_not_a_fault_s_black() -> None:
    rows = _secret(320, 180)
    burn(memoryview(rows.reshape(-1)), 320, 180, stride_bytes(320), LEFT_HALF)
    inside = rows[10:170, 40:600].reshape(160, 140, 4)[..., :3]
    assert inside.min() >= 100
    assert len(np.unique(inside)) == 2


def test_burning_works_in_a_slot_s_own_memory() -> None:
    slot = Slot.create(160, 90)
    try:
        index, pixels = slot.begin(160, 90)
        pixels[:] = b"\xc8" * len(pixels)
        burn(pixels, 160, 90, stride_bytes(160), LEFT_HALF)
        slot.publish(index, 0, 0)
        found = slot.newest()
        assert found is not None
        assert found.pixels[4] in (112, 136)
        assert found.pixels[159 * 4] == 200
        found.pixels.release()
        del found, pixels
    finally:
        slot.close()


@pytest.mark.parametrize("layout", ["yuv420p", "yuvj420p", "nv12", "yuv422p", "rgb24"])
@pytest.mark.parametrize("size", [(320, 180), (98, 54)])
def test_a_frame_comes_back_hidden_and_the_decoder_s_own_frame_is_untouched(layout: str, size: tuple[int, int]) -> None:
    width, height = size
    noise = np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8)
    frame = VideoFrame.from_ndarray(noise, format="rgb24").reformat(format=layout)
    frame.pts = 7
    before = [bytes(memoryview(plane)) for plane in frame.planes]

    made = burn_frame(frame, LEFT_HALF)

    assert [bytes(memoryview(plane)) for plane in frame.planes] == before
    assert (made.width, made.height, made.pts) == (width, height, 7)
    shown = made.to_ndarray(format="rgb24").astype(int)
    left, right = shown[:, : width // 2 - 2], shown[:, width // 2 + 4 :]
    assert left.std() < 20
    assert np.abs(left[..., 0] - left[..., 2]).max() <= 8  # grey
    assert right.std() > 30


def test_without_masks_a_frame_is_handed_through() -> None:
    frame = VideoFrame(64, 64, "yuv420p")
    assert burn_frame(frame, ()) is frame
    assert plane_array(frame.planes[0]).shape[0] == 64
