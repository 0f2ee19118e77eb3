"""dewarp: a fisheye picture drawn from known directions comes back straight, and each pixel from where it should."""

from __future__ import annotations

import numpy as np
import pytest
from av.video.frame import VideoFrame

from console.media.dewarp import Dewarper, source_map
from console.media.slots import stride_bytes
from console.model.view import Dewarp

SIDE = 800


def _room(right: np.ndarray, up: np.ndarray, forward: np.ndarray) -> np.ndarray:
    """What a test room shows in a direction: brightness by the straight wall in front (a grid of bars 10 degrees apart)."""
    yaw, pitch = np.degrees(np.arctan2(right, forward)), np.degrees(np.arcsin(np.clip(up, -1, 1)))
    return np.where((np.round(yaw) % 10 < 2) ^ (np.round(pitch) % 10 < 2), 220, 40).astype(np.uint8)


def _fisheye(mount: str, lens_deg: float = 180.0) -> np.ndarray:
    """An equidistant fisheye picture of the test room, made pixel by pixel from the definition r = f·θ."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float64)
    dx, dy = x + 0.5 - SIDE / 2, y + 0.5 - SIDE / 2
    r = np.hypot(dx, dy)
    theta = r / (SIDE / 2) * np.radians(lens_deg / 2)
    phi = np.arctan2(dy, dx)
    sx, sy, sz = np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)
    # Ceiling: the lens looks down, the top of its picture is the room's forward. Wall: it looks forward.
    grey = _room(sx, -sz, -sy) if mount == "ceiling" else _room(sx, -sy, sz)
    grey[r > SIDE / 2] = 0
    return grey


def _frame(grey: np.ndarray) -> VideoFrame:
    frame = VideoFrame(grey.shape[1], grey.shape[0], "yuv420p")
    for plane, values in zip(frame.planes, (grey, 128, 128), strict=True):
        array = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
        array[:, : plane.width] = values
    return frame


def _expected(dewarp: Dewarp, width: int, height: int) -> np.ndarray:
    """The test room through a pinhole of that view, computed without the fisheye."""
    half = np.tan(np.radians(dewarp.fov_deg) / 2)
    x, y = np.meshgrid(np.linspace(-half, half, width), np.linspace(half, -half, height) * height / width)
    z = np.ones_like(x)
    pitch, yaw = np.radians(dewarp.pitch_deg), np.radians(dewarp.yaw_deg)
    y, z = y * np.cos(pitch) + z * np.sin(pitch), z * np.cos(pitch) - y * np.sin(pitch)
    x, z = x * np.cos(yaw) + z * np.sin(yaw), z * np.cos(yaw) - x * np.sin(yaw)
    n = np.sqrt(x * x + y * y + z * z)
    return _room(x / n, y / n, z / n)


@pytest.mark.parametrize("view", [
    Dewarp(mount="wall", pitch_deg=0, fov_deg=70),
    Dewarp(mount="wall", yaw_deg=40, pitch_deg=-20, fov_deg=50),
    Dewarp(mount="wall", yaw_deg=-35, pitch_deg=25, fov_deg=40, lens_deg=200),
    Dewarp(mount="ceiling", yaw_deg=0, pitch_deg=-50, fov_deg=60),
    Dewarp(mount="ceiling", yaw_deg=120, pitch_deg=-35, fov_deg=45),
])  # fmt: skip
def test_a_known_fisheye_comes_back_as_the_room_was(view: Dewarp) -> None:
    frame = _frame(_fisheye(view.mount, view.lens_deg))

    made = Dewarper(view).flatten(frame, 320, 180).to_ndarray(format="gray")

    wanted = _expected(view, 320, 180)
    same = (made > 130) == (wanted > 130)
    assert same.mean() > 0.93, same.mean()  # the rest are the bars' edges, smoothed by the remap


def test_the_middle_of_the_view_is_the_middle_of_the_lens() -> None:
    columns, rows = source_map(Dewarp(0.4, 0.6, 0.3, "wall", 0, 0), (1000, 1000), 101, 101)
    assert (columns[50, 50], rows[50, 50]) == pytest.approx((399.5, 599.5), abs=0.6)
    columns, rows = source_map(Dewarp(0.5, 0.5, 0.5, "ceiling", 77, -90), (1000, 1000), 101, 101)
    assert (columns[50, 50], rows[50, 50]) == pytest.approx((499.5, 499.5), abs=0.6)


def test_the_horizon_of_a_ceiling_camera_is_its_circle_s_edge() -> None:
    columns, rows = source_map(Dewarp(mount="ceiling", yaw_deg=90, pitch_deg=0, fov_deg=20), (1000, 1000), 100, 100)
    assert columns[60, 50] == pytest.approx(999, abs=20)  # to the right
    assert rows[60, 50] == pytest.approx(500, abs=6)


def test_what_the_lens_does_not_see_is_black() -> None:
    frame = _frame(np.full((SIDE, SIDE), 200, np.uint8))
    made = Dewarper(Dewarp(mount="ceiling", pitch_deg=0, fov_deg=60)).flatten(frame, 160, 90).to_ndarray(format="gray")
    assert made[:40].max() < 20  # above the horizon
    assert made[60:].min() > 150


@pytest.mark.parametrize("mount", ["ceiling", "wall"])
def test_the_panorama_shows_all_round_without_a_gap(mount: str) -> None:
    frame = _frame(_fisheye(mount))
    view = Dewarp(mount=mount, is_panorama=True)  # type: ignore[arg-type]
    made = Dewarper(view).flatten(frame, 720, 150).to_ndarray(format="gray")
    bars = np.count_nonzero(np.diff((made[75] > 130).astype(int)) == 1)
    assert bars == pytest.approx(36 if mount == "ceiling" else 18, abs=2)


def test_a_mask_of_the_source_picture_hides_the_same_place_in_every_view() -> None:
    frame = _frame(np.full((SIDE, SIDE), 200, np.uint8))
    middle = (((0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6)),)
    made = Dewarper(Dewarp(mount="wall", pitch_deg=0, fov_deg=90), middle).flatten(frame, 200, 200).to_ndarray(format="gray")
    assert made[100, 100] < 150
    assert made[10, 10] > 190


def test_render_writes_the_view_into_a_slot_s_rows() -> None:
    width, height = 170, 96
    stride = stride_bytes(width)
    pixels = bytearray(stride * height + 64)
    dewarper = Dewarper(Dewarp(mount="wall", pitch_deg=0, fov_deg=60))

    dewarper.render(_frame(_fisheye("wall")), memoryview(pixels), width, height, stride)
    dewarper.close()

    picture = np.frombuffer(pixels, np.uint8)[: stride * height].reshape(height, stride)[:, : width * 4]
    assert picture.reshape(height, width, 4)[..., 0].std() > 40


def test_an_odd_size_and_a_tiny_one_are_taken() -> None:
    dewarper = Dewarper(Dewarp())
    for width, height in ((171, 97), (2, 2)):
        pixels = bytearray(stride_bytes(width) * height + 64)
        dewarper.render(_frame(_fisheye("ceiling")), memoryview(pixels), width, height, stride_bytes(width))
    dewarper.close()
