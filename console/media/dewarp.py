"""Dewarp: a straight view, or a panorama strip, cut out of a fisheye picture straight at the tile's size.

Where each pixel comes from is computed once for a view and kept; a picture then costs three small remaps of its own planes, so
that the fisheye is never converted or scaled whole. OpenCV is imported with the first fisheye. Runs in decoder children; one
`Dewarper` belongs to one reading thread.

Measured from 1920×1920 beside the plain scaling of the same frame: 480×270 0.9 ms (plain 1.6), 1280×720 9.6 ms (5.6); a new view
(the operator turns it) 5.5 ms and 40 ms once.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from console.media import masks as privacy
from console.media.opencv import opencv
from console.model.view import Dewarp, Masks

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from console.media.scaler import Scaler

Array = npt.NDArray[np.float32]
_PANORAMA_LOW_DEG = 75.0  # a ceiling strip ends here below the horizon: nearer to straight down a strip only smears
_PANORAMA_HALF_DEG = 45.0  # a wall strip's height, up and down


def directions(dewarp: Dewarp, width_px: int, height_px: int) -> tuple[Array, Array, Array]:
    """Where each pixel of the view looks, in the lens's own axes: x right, y down in its picture, z out along its axis.

    Returns three (h, w) float32 arrays, of unit length together.
    """
    right, up, forward = _panorama(dewarp, width_px, height_px) if dewarp.is_panorama else _straight(dewarp, width_px, height_px)
    if dewarp.mount == "ceiling":  # hangs upside down in the room: its picture's up is the room's forward, its axis goes down
        return right, -forward, -up
    return right, -up, forward


def _straight(dewarp: Dewarp, width_px: int, height_px: int) -> tuple[Array, Array, Array]:
    """A pinhole view in the room's axes: right, up, forward (yaw 0)."""
    half = np.tan(np.radians(dewarp.fov_deg) / 2)
    x, y = np.meshgrid(
        np.linspace(-half, half, width_px, dtype=np.float32),
        np.linspace(half, -half, height_px, dtype=np.float32) * np.float32(height_px / width_px),
    )
    length = np.sqrt(x * x + y * y + 1)
    x, y, z = x / length, y / length, 1 / length
    pitch, yaw = np.radians((dewarp.pitch_deg, dewarp.yaw_deg)).astype(np.float32)
    y, z = y * np.cos(pitch) + z * np.sin(pitch), z * np.cos(pitch) - y * np.sin(pitch)
    return x * np.cos(yaw) + z * np.sin(yaw), y, z * np.cos(yaw) - x * np.sin(yaw)


def _panorama(dewarp: Dewarp, width_px: int, height_px: int) -> tuple[Array, Array, Array]:
    """All round a ceiling camera, or the half round of a wall camera, as a strip; `yaw_deg` stands in its middle."""
    is_ceiling = dewarp.mount == "ceiling"
    half_deg = 180.0 if is_ceiling else 90.0
    top_deg, low_deg = (0.0, -_PANORAMA_LOW_DEG) if is_ceiling else (_PANORAMA_HALF_DEG, -_PANORAMA_HALF_DEG)
    yaw_deg = dewarp.yaw_deg if is_ceiling else 0.0
    yaw, pitch = np.meshgrid(
        np.radians(np.linspace(yaw_deg - half_deg, yaw_deg + half_deg, width_px, dtype=np.float32)),
        np.radians(np.linspace(top_deg, low_deg, height_px, dtype=np.float32)),
    )
    return np.cos(pitch) * np.sin(yaw), np.sin(pitch), np.cos(pitch) * np.cos(yaw)


def source_map(dewarp: Dewarp, source_px: tuple[int, int], width_px: int, height_px: int) -> tuple[Array, Array]:
    """Column and row of the fisheye picture (`source_px`: its width and height) that each pixel of the view shows.

    Two (h, w) float32 arrays; outside the lens's circle they are -1 (shown black). Source: equidistant projection, r = f·θ.
    """
    x, y, z = directions(dewarp, width_px, height_px)
    theta = np.arccos(np.clip(z, -1, 1))
    radius_px = dewarp.radius * source_px[0]
    sideways = np.sqrt(x * x + y * y)
    distance = theta / np.radians(dewarp.lens_deg / 2) * radius_px / np.maximum(sideways, 1e-9)
    columns = dewarp.cx * source_px[0] - 0.5 + x * distance
    rows = dewarp.cy * source_px[1] - 0.5 + y * distance
    outside = theta > np.radians(dewarp.lens_deg / 2)
    columns[outside] = rows[outside] = -1e4
    return columns.astype(np.float32), rows.astype(np.float32)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Precomputed for one view, one source size and one target size: fixed-point maps for luma and chroma, and what is hidden."""

    luma: tuple[npt.NDArray[np.int16], npt.NDArray[np.uint16]]
    chroma: tuple[npt.NDArray[np.int16], npt.NDArray[np.uint16]]
    hidden: npt.NDArray[np.bool_] | None


class Dewarper:
    """Cuts one view out of the frames of one feed, `masks` hidden in it. Make a new one when the view changes."""

    def __init__(self, dewarp: Dewarp, masks: Masks = ()) -> None:
        self.dewarp, self.masks = dewarp, masks
        self._plan: _Plan | None = None
        self._shape: tuple[int, int, int, int] = (0, 0, 0, 0)
        self._scaler: Scaler | None = None

    def flatten(self, frame: VideoFrame, width_px: int, height_px: int) -> VideoFrame:
        """The view of `frame` as a yuv420p frame of `width_px`×`height_px` (made even)."""
        from av.video.frame import VideoFrame

        cv2 = opencv()
        width_px, height_px = max(2, width_px // 2 * 2), max(2, height_px // 2 * 2)
        source = frame if frame.format.name in ("yuv420p", "yuvj420p") else frame.reformat(format="yuv420p")
        plan = self._plan_for(source.width, source.height, width_px, height_px)
        made = VideoFrame(width_px, height_px, source.format.name)
        privacy.take_timing(made, source)
        for index, plane in enumerate(source.planes):
            maps, border = (plan.luma, 16) if index == 0 else (plan.chroma, 128)
            before, after = privacy.plane_array(plane), privacy.plane_array(made.planes[index])
            high, wide = maps[0].shape[:2]
            after[:high, :wide] = cv2.remap(
                before[:, : plane.width], *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(border,)
            )
            if plan.hidden is not None:
                hidden = plan.hidden if index == 0 else plan.hidden[::2, ::2]
                filling = privacy.lattice(width_px, height_px)[hidden] if index == 0 else np.uint8(128)
                after[:high, :wide][hidden] = filling
        return made

    def render(self, frame: VideoFrame, pixels: memoryview, width_px: int, height_px: int, stride_bytes: int) -> None:
        """Write the view of `frame` as BGRA `width_px`×`height_px` into `pixels`, rows `stride_bytes` apart."""
        if self._scaler is None:
            from console.media.scaler import Scaler

            self._scaler = Scaler()
        address = ctypes.addressof(ctypes.c_char.from_buffer(pixels))
        flat = self.flatten(frame, width_px, height_px)
        self._scaler.scale(flat, width_px, height_px, stride_bytes, pixels, address)

    def close(self) -> None:
        """Free the scaler."""
        if self._scaler is not None:
            self._scaler.close()

    def _plan_for(self, source_width: int, source_height: int, width_px: int, height_px: int) -> _Plan:
        shape = (source_width, source_height, width_px, height_px)
        if self._plan is not None and shape == self._shape:
            return self._plan
        cv2 = opencv()

        columns, rows = source_map(self.dewarp, (source_width, source_height), width_px, height_px)
        half = (columns[::2, ::2] - 0.5) / 2, (rows[::2, ::2] - 0.5) / 2
        luma = cv2.convertMaps(columns, rows, cv2.CV_16SC2)
        chroma = cv2.convertMaps(np.ascontiguousarray(half[0]), np.ascontiguousarray(half[1]), cv2.CV_16SC2)
        hidden = None
        if self.masks:
            whole = privacy.hidden_at(source_width, source_height, self.masks)
            hidden = cv2.remap(whole, columns, rows, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=(0,)) > 0
        self._shape, self._plan = shape, _Plan(luma, chroma, hidden)  # type: ignore[arg-type]
        return self._plan
