"""A small software renderer: faces with a depth buffer. Enters: points in town metres (x east, y north, z up). Leaves: pixels."""

# ruff: noqa: RUF005  (sums of arrays, not lists joined)
from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Paint = Callable[[Floats, Floats], Floats]
"""(k, 3) world points and (k,) depths → (k, 3) colours 0..255 RGB."""
_NEAR_M = 0.35


@dataclass(frozen=True, slots=True)
class Lens:
    """A pinhole camera: `axes` rows are right, down, forward in the world; pixels are those of the supersampled picture."""

    eye: Floats
    axes: Floats
    focal_px: float
    width_px: int
    height_px: int

    def to_camera(self, points: npt.ArrayLike) -> Floats:
        return (np.asarray(points, np.float32) - self.eye) @ self.axes.T

    def project(self, camera_points: Floats) -> Floats:
        z = camera_points[:, 2:3]
        return camera_points[:, :2] / z * self.focal_px + np.array([self.width_px / 2, self.height_px / 2], np.float32)


def lens(
    x: float, y: float, height_m: float, heading_deg: float, pitch_deg: float, fov_deg: float, width_px: int, height_px: int
) -> Lens:
    """A lens at x, y looking along a compass heading, `pitch_deg` below the horizon; fov is horizontal."""
    a, p = math.radians(heading_deg), math.radians(pitch_deg)
    forward = np.array([math.sin(a) * math.cos(p), math.cos(a) * math.cos(p), -math.sin(p)])
    right = np.array([math.cos(a), -math.sin(a), 0.0])
    down = np.cross(forward, right)
    axes = np.stack([right, down, forward]).astype(np.float32)
    focal = width_px / 2 / math.tan(math.radians(fov_deg) / 2)
    return Lens(np.array([x, y, height_m], np.float32), axes, focal, width_px, height_px)


def cross(a: Floats, b: Floats) -> Floats:
    """The cross product of two single vectors (np.cross costs ten times as much for these)."""
    ax, ay, az = a.tolist()
    bx, by, bz = b.tolist()
    return np.array([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx])


class Canvas:
    """Colours (h, w, 3) uint8 RGB and inverse depths (h, w) float32 in 1/m; 0 is infinitely far."""

    def __init__(self, view: Lens) -> None:
        self.view = view
        self.colour = np.zeros((view.height_px, view.width_px, 3), np.uint8)
        self.inverse = np.zeros((view.height_px, view.width_px), np.float32)
        w, h = view.width_px, view.height_px
        self.rays_x = ((np.arange(w, dtype=np.float32) + 0.5) - w / 2) / view.focal_px
        self.rays_y = ((np.arange(h, dtype=np.float32) + 0.5) - h / 2) / view.focal_px
        slack = 1.02
        kx, ky = w / 2 / view.focal_px * slack, h / 2 / view.focal_px * slack
        self._planes = np.array([[0, 0, 1, -_NEAR_M], [1, 0, kx, 0], [-1, 0, kx, 0], [0, 1, ky, 0], [0, -1, ky, 0]], np.float32)

    def copy_from(self, other: Canvas) -> None:
        np.copyto(self.colour, other.colour)
        np.copyto(self.inverse, other.inverse)

    def _clip(self, points: Floats) -> Floats | None:
        sides = points @ self._planes[:, :3].T + self._planes[:, 3]
        if (sides >= 0).all():
            return points
        if (sides < 0).all(axis=0).any():
            return None
        for a, b, c, d in self._planes:
            side = points[:, 0] * a + points[:, 1] * b + points[:, 2] * c + d
            inside = side >= 0
            if inside.all():
                continue
            if not inside.any():
                return None
            kept = []
            for i in range(len(points)):
                j = (i + 1) % len(points)
                if inside[i]:
                    kept.append(points[i])
                if inside[i] != inside[j]:
                    kept.append(points[i] + (points[j] - points[i]) * (side[i] / (side[i] - side[j])))
            points = np.array(kept, np.float32)
        return points if len(points) >= 3 else None

    def _footprint(self, points: npt.ArrayLike) -> tuple[slice, slice, npt.NDArray[np.bool_], Floats] | None:
        """Rows, columns, mask of the face in front of what is drawn, and its inverse depths."""
        camera = self.view.to_camera(points)
        clipped = self._clip(camera)
        if clipped is None:
            return None
        flat = self.view.project(clipped)
        x0, y0 = np.floor(flat.min(axis=0)).astype(int)
        x1, y1 = np.ceil(flat.max(axis=0)).astype(int) + 1
        x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, self.view.width_px), min(y1, self.view.height_px)
        if x0 >= x1 or y0 >= y1:
            return None
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        cv2.fillPoly(mask, [np.round((flat - (x0, y0) - 0.5) * 16).astype(np.int32)], 1, shift=4)
        normal = cross(camera[1] - camera[0], camera[2] - camera[0])
        for k in range(3, len(camera)):
            if np.abs(normal).sum() > 1e-6:
                break
            normal = cross(camera[1] - camera[0], camera[k] - camera[0])
        distance = float(normal @ camera[0])
        if abs(distance) < 1e-7:
            return None
        rows, columns = slice(y0, y1), slice(x0, x1)
        inverse = (normal[0] * self.rays_x[None, columns] + normal[1] * self.rays_y[rows, None] + normal[2]) / np.float32(
            distance
        )
        return rows, columns, mask.astype(bool), inverse.astype(np.float32)

    def face(self, points: npt.ArrayLike, paint: Paint | tuple[float, float, float]) -> None:
        """Draw a flat convex face, of one colour or painted by world position."""
        found = self._footprint(points)
        if found is None:
            return
        rows, columns, mask, inverse = found
        hit = mask & (inverse > self.inverse[rows, columns])
        if not hit.any():
            return
        self.inverse[rows, columns][hit] = inverse[hit]
        if callable(paint):
            ys, xs = np.nonzero(hit)
            z = 1 / inverse[ys, xs]
            world = self.world(xs + columns.start, ys + rows.start, z)
            self.colour[rows, columns][hit] = np.clip(paint(world, z), 0, 255).astype(np.uint8)
        else:
            self.colour[rows, columns][hit] = np.clip(paint, 0, 255)

    def darken(self, points: npt.ArrayLike, factor: float) -> None:
        """Darken what lies under a face (a shadow on the ground), where nothing nearer covers it."""
        found = self._footprint(points)
        if found is None:
            return
        rows, columns, mask, inverse = found
        hit = mask & (inverse > self.inverse[rows, columns] * 0.9985)
        self.colour[rows, columns][hit] = (self.colour[rows, columns][hit] * factor).astype(np.uint8)

    def world(self, xs: npt.NDArray[np.int64], ys: npt.NDArray[np.int64], z: Floats) -> Floats:
        camera = np.stack([self.rays_x[xs] * z, self.rays_y[ys] * z, z], axis=1)
        return camera @ self.view.axes + self.view.eye

    def sprite(
        self,
        picture: npt.NDArray[np.uint8],
        foot: npt.ArrayLike,
        width_m: float,
        height_m: float,
        tint: Paint | None = None,
        solid: float = 0.45,
    ) -> None:
        """Stand an RGBA picture upright at `foot`, facing the camera, blended where nothing nearer covers it."""
        camera = self.view.to_camera([foot])[0]
        if camera[2] < 1.5:
            return
        top = self.view.to_camera([np.asarray(foot) + (0, 0, height_m)])[0]
        if top[2] < 0.5:
            return
        low, high = self.view.project(np.stack([camera, top]))
        half = width_m / 2 / camera[2] * self.view.focal_px
        x0, x1, y0, y1 = round(low[0] - half), round(low[0] + half), round(min(low[1], high[1])), round(max(low[1], high[1]))
        if (
            x1 - x0 < 2
            or y1 - y0 < 2
            or x1 <= 0
            or y1 <= 0
            or x0 >= self.view.width_px
            or y0 >= self.view.height_px
            or y1 - y0 > 6000
        ):
            return
        scaled = cv2.resize(
            picture, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA if x1 - x0 < picture.shape[1] else cv2.INTER_LINEAR
        )
        cx0, cy0, cx1, cy1 = max(x0, 0), max(y0, 0), min(x1, self.view.width_px), min(y1, self.view.height_px)
        scaled = scaled[cy0 - y0 : cy1 - y0, cx0 - x0 : cx1 - x0]
        area = self.colour[cy0:cy1, cx0:cx1]
        inverse = np.float32(1 / camera[2])
        alpha = scaled[..., 3].astype(np.float32) / 255 * (inverse > self.inverse[cy0:cy1, cx0:cx1])
        rgb = scaled[..., :3].astype(np.float32)
        if tint is not None:
            rgb = tint(rgb.reshape(-1, 3), np.full(rgb.shape[0] * rgb.shape[1], camera[2], np.float32)).reshape(rgb.shape)
        area[:] = (area * (1 - alpha[..., None]) + rgb * alpha[..., None]).astype(np.uint8)
        depth = self.inverse[cy0:cy1, cx0:cx1]
        depth[alpha > solid] = inverse
