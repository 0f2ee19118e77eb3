# ruff: noqa: RUF005  (sums of arrays, not lists joined)
"""Bodies of what moves: cars, bicycles and people as faces, and the sheet that paints them over a still picture.

Enters: `Car`, `Person`, a lens. Leaves: world points with colours, or pixels. Pure but for the picture that is painted on.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from moving import TOPS, Car, Person
from paints import HAZE, SUN, sunlight
from raster import Canvas, Lens, cross
from scenery import SHADOW_PER_METRE
from town import Xy

# Outline from rear bottom over the roof to front bottom (x forward, z up); first and last index of the belt; half widths
# below and above it.
_SHAPES = {
    "sedan": (
        [
            (-2.3, 0.32),
            (-2.33, 0.86),
            (-1.8, 0.98),
            (-1.05, 1.42),
            (0.35, 1.45),
            (1.12, 1.0),
            (2.2, 0.84),
            (2.33, 0.55),
            (2.3, 0.3),
        ],
        2,
        5,
        0.9,
        0.7,
    ),
    "suv": (
        [
            (-2.25, 0.36),
            (-2.3, 1.05),
            (-2.15, 1.1),
            (-1.9, 1.66),
            (0.3, 1.7),
            (1.1, 1.12),
            (2.15, 1.0),
            (2.3, 0.65),
            (2.26, 0.36),
        ],
        2,
        5,
        0.94,
        0.76,
    ),
    "van": (
        [
            (-2.4, 0.36),
            (-2.42, 1.1),
            (-2.36, 1.15),
            (-2.2, 1.9),
            (1.2, 1.92),
            (1.95, 1.15),
            (2.35, 1.0),
            (2.42, 0.6),
            (2.4, 0.34),
        ],
        2,
        5,
        0.92,
        0.82,
    ),
    "bus": (
        [(-5.6, 0.4), (-5.65, 1.2), (-5.65, 1.25), (-5.6, 3.05), (5.4, 3.05), (5.6, 1.25), (5.62, 1.2), (5.62, 0.7), (5.6, 0.4)],
        2,
        5,
        1.25,
        1.2,
    ),
}
_SHAPES["taxi"] = _SHAPES["police"] = _SHAPES["sedan"]


def _car_faces(kind: str, colour: tuple[int, int, int]) -> list[tuple[np.ndarray, tuple[float, ...]]]:
    """Faces of a car around its own middle (x forward, y left, z up), with colours."""
    outline, belt_a, belt_b, wide, slim = _SHAPES[kind]
    glass, dark = (48, 58, 66), (26, 27, 28)
    faces: list[tuple[np.ndarray, tuple[float, ...]]] = []

    def half(i: int) -> float:
        return slim if belt_a < i < belt_b else wide

    for i in range(len(outline) - 1):
        (xa, za), (xb, zb), ha, hb = outline[i], outline[i + 1], half(i), half(i + 1)
        tone = glass if i in (belt_a, belt_b - 1) else colour
        faces.append((np.array([(xa, ha, za), (xb, hb, zb), (xb, -hb, zb), (xa, -ha, za)]), tone))
    for s in (1, -1):
        lower = [(x, s * wide, z) for i, (x, z) in enumerate(outline) if i <= belt_a or i >= belt_b]
        faces.append((np.array(lower if s < 0 else lower[::-1]), colour))
        upper = [(outline[i][0], s * half(i), outline[i][1]) for i in range(belt_a, belt_b + 1)]
        faces.append((np.array(upper if s < 0 else upper[::-1]), colour))
        centre = np.mean(upper, axis=0)
        pane = (np.array(upper) - centre) * (0.88, 1, 0.74) + centre + (0, s * 0.015, 0)
        faces.append((pane if s < 0 else pane[::-1], glass))
        for x in (outline[0][0] * 0.62, outline[-1][0] * 0.62):
            r = 0.34 if kind != "bus" else 0.48
            wheel = [
                (x + r * math.cos(a), s * (wide + 0.015), r + r * math.sin(a))
                for a in np.linspace(0, 2 * math.pi, 10, endpoint=False)
            ]
            faces.append((np.array(wheel if s < 0 else wheel[::-1]), dark))
            hub = [
                (x + r * 0.5 * math.cos(a), s * (wide + 0.025), r + r * 0.5 * math.sin(a))
                for a in np.linspace(0, 2 * math.pi, 8, endpoint=False)
            ]
            faces.append((np.array(hub if s < 0 else hub[::-1]), (150, 152, 154)))
        if kind == "police":
            stripe = [(-2.2, s * 0.915, 0.6), (2.2, s * 0.915, 0.6), (2.2, s * 0.915, 0.8), (-2.2, s * 0.915, 0.8)]
            faces.append((np.array(stripe if s < 0 else stripe[::-1]), (30, 60, 150)))
        front, rear = outline[-2][0] + 0.015, outline[1][0] - 0.015
        zf, zr = (outline[-2][1] + outline[-3][1]) / 2 - 0.04, outline[1][1] - 0.12
        lamp = [
            (front - 0.03, s * (wide - 0.42), zf),
            (front - 0.03, s * (wide - 0.05), zf),
            (front - 0.06, s * (wide - 0.05), zf + 0.16),
            (front - 0.06, s * (wide - 0.42), zf + 0.16),
        ]
        faces.append((np.array(lamp if s > 0 else lamp[::-1]), (255, 250, 226)))
        tail = [
            (rear, s * (wide - 0.4), zr - 0.08),
            (rear, s * (wide - 0.05), zr - 0.08),
            (rear, s * (wide - 0.05), zr + 0.1),
            (rear, s * (wide - 0.4), zr + 0.1),
        ]
        faces.append((np.array(tail if s < 0 else tail[::-1]), (200, 30, 26)))
    plate_x = outline[0][0] - 0.03
    faces.append(
        (np.array([(plate_x, 0.25, 0.62), (plate_x, 0.25, 0.76), (plate_x, -0.25, 0.76), (plate_x, -0.25, 0.62)]), (40, 80, 170))
    )
    return faces


_faces_of: dict[tuple[str, tuple[int, int, int]], list[tuple[np.ndarray, tuple[float, ...]]]] = {}


Faces = list[tuple[np.ndarray, tuple[float, ...]]]
"""World points (n, 3) and a colour each, in the order they are painted."""


def car_faces(view: Lens, car: Car, x: float, y: float, direction: float) -> tuple[Faces, Faces]:
    """Shadows (the colour is a factor) and visible faces of a car; both empty where the lens cannot see it."""
    eye = view.eye
    gap = math.dist((x, y), eye[:2])
    if gap > 220:
        return [], []
    centre = view.to_camera([(x, y, 0.7)])[0]
    if centre[2] < 2.2 or abs(centre[0]) > centre[2] * view.width_px / 2 / view.focal_px + 7:
        return [], []
    if car.kind == "bike":
        return _bike_faces(view, car, x, y, direction)
    c, s = math.cos(direction), math.sin(direction)
    turn = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
    length, wide = abs(_SHAPES[car.kind][0][0][0]), _SHAPES[car.kind][3]
    ring = np.array([(-length, -wide, 0), (length, -wide, 0), (length, wide, 0), (-length, wide, 0)]) @ turn + (x, y, 0.02)
    shadows = [(ring + (SHADOW_PER_METRE[0] * 0.7, SHADOW_PER_METRE[1] * 0.7, 0), (0.66,)), (ring, (0.62,))]
    faces = _faces_of.setdefault((car.kind, car.colour), _car_faces(car.kind, car.colour))
    found = []
    for points, tone in faces:
        world = points @ turn + (x, y, 0)
        middle = world.mean(axis=0)
        normal = cross(world[1] - world[0], world[2] - world[0])
        size = math.sqrt(float(normal @ normal))
        if size < 1e-9:
            continue
        normal = normal / size
        if normal @ (middle - (x, y, 0.8)) < 0:
            normal = -normal
        away = eye - middle
        if normal @ away <= 0:
            continue
        shade = np.array(tone, np.float32) * (1.0 if max(tone) > 250 else sunlight(normal))
        if tone == (48, 58, 66):
            shade = shade + 46 * max(0.0, float(normal[2]))
        found.append((world, _far(shade, gap)))
    return shadows, found


def _far(shade: np.ndarray, gap: float) -> tuple[float, ...]:
    part = 1 - math.exp(-max(gap - 25, 0) / 620)
    return tuple(float(v * (1 - part) + h * part) for v, h in zip(shade, HAZE, strict=True))


def draw_standing(canvas: Canvas, car: Car) -> None:
    """A parked or waiting car, with true depth, into the still picture."""
    shadows, faces = car_faces(canvas.view, car, *car.spots(0)[0])
    for points, factor in shadows:
        canvas.darken(points, factor[0])
    for points, tone in faces:
        canvas.face(points, tone)


class Sheet:
    """Moving things over a finished still picture: painter's order among them, the still picture's depths against it.

    `still`: (h, w, 3) uint8 RGB; `inverse`: (h, w) float32, 1/m; `ground`: (h, w) bool, where bare ground is seen.
    """

    def __init__(self, view: Lens, inverse: np.ndarray, ground: np.ndarray) -> None:
        self.view, self._inverse, self._ground = view, inverse, ground

    def draw(self, image: np.ndarray, shadows: Faces, faces: Faces) -> None:
        nearest = 0.0
        flat = []
        for points, tone in faces:
            camera = self.view.to_camera(points)
            if camera[:, 2].min() < 0.4:
                return
            nearest = max(nearest, 1 / float(camera[:, 2].min()))
            flat.append((self.view.project(camera), tone))
        if not flat:
            return
        for points, factor in shadows:
            self._shade(image, points, factor[0])
        every = np.concatenate([f for f, _ in flat])
        x0, y0 = np.maximum(np.floor(every.min(axis=0)).astype(int) - 1, 0)
        x1, y1 = np.ceil(every.max(axis=0)).astype(int) + 2
        x1, y1 = min(int(x1), image.shape[1]), min(int(y1), image.shape[0])
        if x0 >= x1 or y0 >= y1:
            return
        area = image[y0:y1, x0:x1]
        scratch = area.copy()
        for outline, tone in flat:
            cv2.fillPoly(
                scratch,
                [np.round((outline - (x0, y0) - 0.5) * 16).astype(np.int32)],
                [min(255.0, v) for v in tone],
                cv2.LINE_AA,
                4,
            )
        seen = self._inverse[y0:y1, x0:x1] < nearest
        np.copyto(area, scratch, where=seen[..., None])

    def _shade(self, image: np.ndarray, points: np.ndarray, factor: float) -> None:
        camera = self.view.to_camera(points)
        if camera[:, 2].min() < 0.4:
            return
        flat = self.view.project(camera)
        x0, y0 = np.maximum(np.floor(flat.min(axis=0)).astype(int), 0)
        x1, y1 = np.ceil(flat.max(axis=0)).astype(int) + 1
        x1, y1 = min(int(x1), image.shape[1]), min(int(y1), image.shape[0])
        if x0 >= x1 or y0 >= y1:
            return
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        cv2.fillPoly(mask, [np.round((flat - (x0, y0) - 0.5) * 16).astype(np.int32)], 1, shift=4)
        hit = mask.astype(bool) & self._ground[y0:y1, x0:x1]
        area = image[y0:y1, x0:x1]
        area[hit] = (area[hit] * factor).astype(np.uint8)


def _upright(
    view: Lens, x: float, y: float, across: np.ndarray, parts: list[tuple[list[Xy], tuple[float, ...]]], gap: float
) -> Faces:
    toward = (view.eye[:2] - (x, y)) / max(gap, 0.1) * 0.004
    return [
        (
            np.array([(x + across[0] * u + toward[0] * n, y + across[1] * u + toward[1] * n, v) for u, v in outline]),
            _far(np.array(tone), gap),
        )
        for n, (outline, tone) in enumerate(parts)
    ]


def _disc(u: float, v: float, r: float) -> list[Xy]:
    return [(u + r * math.cos(a), v + r * 1.15 * math.sin(a)) for a in np.linspace(0, 2 * math.pi, 9, endpoint=False)]


def _bike_faces(view: Lens, car: Car, x: float, y: float, direction: float) -> tuple[Faces, Faces]:
    gap = math.dist((x, y), view.eye[:2])
    if gap > 150:
        return [], []
    across = np.array([math.cos(direction), math.sin(direction)])
    side = np.array([-across[1], across[0]])
    shadows: Faces = [
        (
            np.array(
                [
                    (*(np.array([x, y]) + across * a + side * b + SHADOW_PER_METRE * 0.5 * abs(c)), 0.02)
                    for a, b, c in ((-0.8, -0.3, 0), (0.8, -0.3, 0), (0.8, 0.3, 1), (-0.8, 0.3, 1))
                ]
            ),
            (0.68,),
        )
    ]
    rider = car.line.length > 5
    body = tuple(v * 0.9 for v in car.colour)
    toward_eye = np.array(view.eye[:2]) - (x, y)
    end_on = abs(float(across @ toward_eye)) / max(gap, 0.1) > 0.93
    if end_on:
        across = np.array([view.axes[0][0], view.axes[0][1]])
        parts: list[tuple[list[Xy], tuple[float, ...]]] = [
            ([(-0.07, 0), (0.07, 0), (0.07, 0.7), (-0.07, 0.7)], (30, 30, 32)),
            ([(-0.3, 0.85), (0.3, 0.85), (0.3, 0.95), (-0.3, 0.95)], (40, 40, 42)),
            ([(-0.2, 0.3), (0.2, 0.3), (0.18, 0.8), (-0.18, 0.8)], body),
        ]
        if rider:
            parts += [
                ([(-0.22, 0.75), (0.22, 0.75), (0.25, 1.35), (-0.25, 1.35)], TOPS[car.colour[0] % 10]),
                (_disc(0, 1.52, 0.14), (196, 160, 60) if car.colour[1] % 2 else (220, 220, 222)),
            ]
    elif not rider:  # lying
        parts = [
            ([(-0.9, 0.02), (0.9, 0.02), (0.8, 0.34), (-0.8, 0.34)], body),
            (_disc(-0.65, 0.16, 0.2), (30, 30, 32)),
            (_disc(0.65, 0.16, 0.2), (30, 30, 32)),
        ]
    else:
        parts = [
            (_disc(-0.6, 0.27, 0.25), (30, 30, 32)),
            (_disc(0.6, 0.27, 0.25), (30, 30, 32)),
            ([(-0.75, 0.4), (0.35, 0.3), (0.4, 0.5), (-0.1, 0.72), (-0.8, 0.74)], body),
            ([(0.38, 0.35), (0.52, 0.35), (0.48, 1.0), (0.36, 1.0)], body),
            ([(-0.3, 0.7), (0.2, 0.55), (0.25, 0.35), (0.38, 0.4), (0.3, 0.72), (-0.2, 0.86)], (50, 52, 60)),
            ([(-0.35, 0.75), (-0.02, 0.75), (0.08, 1.32), (-0.22, 1.34)], TOPS[car.colour[0] % 10]),
            ([(0.0, 1.2), (0.4, 1.0), (0.4, 0.92), (-0.04, 1.06)], TOPS[car.colour[0] % 10]),
            (_disc(-0.04, 1.52, 0.14), (220, 220, 222)),
        ]
    return shadows, _upright(view, x, y, across, parts, gap)


def person_faces(view: Lens, person: Person, t_s: float) -> tuple[Faces, Faces]:
    """Shadow and parts of a person at a time of the loop; empty where the lens cannot see them."""
    x, y, phase = person.at(t_s)
    gap = math.dist((x, y), view.eye[:2])
    if not 1.5 < gap < 100:
        return [], []
    centre = view.to_camera([(x, y, 1.0)])[0]
    if centre[2] < 0.8 or abs(centre[0]) > centre[2] * view.width_px / 2 / view.focal_px + 2:
        return [], []
    k = person.height_m / 1.7
    swing = 0.24 * math.sin(phase * 2 * math.pi) if person.manner != "stand" else 0.05
    lift = 0.5 * abs(math.sin(phase * math.pi)) if person.manner == "fight" else 0.0
    right = view.axes[0][:2] / float(np.linalg.norm(view.axes[0][:2]))
    shadow = [(x - right[0] * 0.2, y - right[1] * 0.2, 0.02), (x + right[0] * 0.2, y + right[1] * 0.2, 0.02)]
    reach = SHADOW_PER_METRE * 1.5
    shadows: Faces = [
        (
            np.array(
                [
                    *shadow,
                    (shadow[1][0] + reach[0], shadow[1][1] + reach[1], 0.02),
                    (shadow[0][0] + reach[0], shadow[0][1] + reach[1], 0.02),
                ]
            ),
            (0.7,),
        )
    ]
    sun = 0.72 + 0.34 * max(0.0, float(SUN[:2] @ (view.eye[:2] - (x, y))) / max(gap, 1))
    top, legs = tuple(v * sun for v in person.top), tuple(v * sun for v in person.legs)
    skin, hair = (214 * sun, 170 * sun, 140 * sun), (34.0, 30.0, 28.0)
    arm = tuple(v * 0.86 for v in top)
    parts: list[tuple[list[Xy], tuple[float, ...]]] = [
        ([(-0.12 - swing, 0.0), (0.02 - swing, 0.0), (0.06, 0.84), (-0.14, 0.84)], tuple(v * 0.85 for v in legs)),
        ([(-0.02 + swing, 0.0), (0.12 + swing, 0.0), (0.14, 0.84), (-0.06, 0.84)], legs),
        (
            [
                (-0.23, 1.38),
                (-0.31 + swing * 0.8 - lift * 0.5, 0.8 + lift * 1.3),
                (-0.22 + swing * 0.8 - lift * 0.5, 0.78 + lift * 1.3),
                (-0.13, 1.36),
            ],
            arm,
        ),
        ([(-0.16, 0.8), (0.16, 0.8), (0.22, 1.40), (0.1, 1.46), (-0.1, 1.46), (-0.22, 1.40)], top),
        (
            [
                (0.13, 1.36),
                (0.22 - swing * 0.8 + lift * 0.5, 0.78 + lift * 1.3),
                (0.31 - swing * 0.8 + lift * 0.5, 0.8 + lift * 1.3),
                (0.23, 1.38),
            ],
            arm,
        ),
        (_disc(0, 1.57, 0.115), skin),
        ([(-0.12, 1.58), (0.12, 1.58), (0.1, 1.69), (0, 1.73), (-0.1, 1.69)], hair),
    ]
    if person.manner == "fight" and person.top[0] > 100:
        parts.append(
            (
                [
                    (0.24 + lift * 0.5, 0.8 + lift * 1.3),
                    (0.28 + lift * 0.5, 0.8 + lift * 1.3),
                    (0.55 + lift, 1.5 + lift * 1.2),
                    (0.51 + lift, 1.5 + lift * 1.2),
                ],
                (120, 84, 50),
            )
        )
    if gap > 45:
        parts = [parts[0], parts[1], parts[3], parts[6]]
    return shadows, _upright(view, x, y, right, [([(u * k, v * k) for u, v in outline], tone) for outline, tone in parts], gap)
