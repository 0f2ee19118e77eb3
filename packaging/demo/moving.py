"""What moves, on one clock of ten seconds for the whole town, so that neighbouring cameras see the same cars and people.

Everything is periodic: a street's cars stand `speed × 10 s` apart in a repeating pattern, people come out of one door and
go in at another, pace, stand, or run in a ring. Enters: `Town`. Leaves: faces for `raster.Canvas`.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import cv2
import numpy as np
from furnish import SCENE, Eye
from paints import HAZE, SUN, sunlight
from raster import Canvas, Lens, cross
from scenery import SHADOW_PER_METRE
from shapely.geometry import LineString, Point
from shapely.ops import substring, unary_union
from town import Town, Xy

PERIOD_S = 10.0
_PAINTS = [(226, 228, 230), (200, 204, 208), (54, 58, 64), (30, 32, 36), (132, 30, 32), (40, 66, 116), (150, 152, 150), (214, 196, 160), (244, 244, 244), (76, 92, 82)]


@dataclass(frozen=True, slots=True)
class Car:
    """One vehicle: kind is sedan, van, bus, taxi, police or bike; it moves along `line` at `speed_mps`, or stands (0)."""

    kind: str
    colour: tuple[int, int, int]
    line: LineString
    start_m: float
    speed_mps: float = 0.0

    def spots(self, t_s: float, near: Xy | None = None, within_m: float = 0.0) -> list[tuple[float, float, float]]:
        """Where its copies are (if wished, only those near a point): x, y, direction in radians."""
        if self.speed_mps == 0:
            places = [self.start_m]
        else:
            gap = self.speed_mps * PERIOD_S
            first = (self.start_m + self.speed_mps * t_s) % gap
            places = [first + gap * k for k in range(int((self.line.length - first) // gap) + 1)]
        found = []
        for at in places:
            if near is not None:
                rough = self.line.interpolate(at)
                if math.dist((rough.x, rough.y), near) > within_m:
                    continue
            a, b = self.line.interpolate(max(0.0, at - 1.2)), self.line.interpolate(min(self.line.length, at + 1.2))
            found.append(((a.x + b.x) / 2, (a.y + b.y) / 2, math.atan2(b.y - a.y, b.x - a.x)))
        return found


@dataclass(frozen=True, slots=True)
class Person:
    """One person: manner is walk (door to door), pace, stand, run or fight; colours of top and trousers."""

    manner: str
    top: tuple[int, int, int]
    legs: tuple[int, int, int]
    a: Xy
    b: Xy
    phase: float
    height_m: float = 1.7

    def at(self, t_s: float) -> tuple[float, float, float]:
        """x, y and step phase in turns at a time of the loop."""
        part = (t_s / PERIOD_S + self.phase) % 1.0
        if self.manner == "stand":
            return self.a[0] + 0.05 * math.sin(part * 2 * math.pi), self.a[1], 0.0
        if self.manner == "fight":
            swing = math.sin(part * 2 * math.pi * 5 + self.phase * 9)
            return self.a[0] + 0.35 * swing, self.a[1] + 0.25 * math.cos(part * 2 * math.pi * 4), part * 16
        if self.manner == "run":
            turn = part * 2 * math.pi
            return self.a[0] + self.b[0] * math.cos(turn), self.a[1] + self.b[1] * math.sin(turn), part * 26
        if self.manner == "pace":
            along = 1 - abs(2 * part - 1)
        else:  # in the doorways (inside the wall) at both ends of the loop
            along = part
        return self.a[0] + (self.b[0] - self.a[0]) * along, self.a[1] + (self.b[1] - self.a[1]) * along, part * 18


def _lane(town: Town, legs: list[tuple[str, float, float, float, bool]]) -> LineString:
    """A driving line made of parts of streets: (street, from m, to m, metres right of the middle, reversed); corners are rounded."""
    points: list[Xy] = []
    for key, start, end, right, back in legs:
        line = LineString(town.street(key).line)
        part = substring(line, start if start >= 0 else 0, min(end, line.length))
        part = part.reverse() if back else part
        moved = part.offset_curve(-right)
        points += [(x, y) for x, y in moved.coords]
    for _ in range(3):
        cut: list[Xy] = [points[0]]
        for p, q in zip(points, points[1:], strict=False):
            cut += [(p[0] * 0.75 + q[0] * 0.25, p[1] * 0.75 + q[1] * 0.25), (p[0] * 0.25 + q[0] * 0.75, p[1] * 0.25 + q[1] * 0.75)]
        points = [*cut, points[-1]]
    return LineString(points)


def _along(town: Town, key: str, spot: Xy) -> float:
    return LineString(town.street(key).line).project(Point(spot))


def cars(town: Town, seed: int) -> list[Car]:
    """Cars, buses and bicycles: driving, waiting at red lights, parked."""
    rng = random.Random(seed)
    found: list[Car] = []
    end = 1e6

    def kind() -> str:
        return rng.choice(("sedan", "sedan", "sedan", "van", "suv", "suv", "taxi"))

    def flow(lane: LineString, speed: float, starts: list[float], kinds: list[str]) -> None:
        for start, which in zip(starts, kinds, strict=True):
            colour = {"taxi": (62, 132, 96), "bus": (44, 110, 152), "bike": rng.choice(_PAINTS), "police": (236, 238, 240)}.get(which, rng.choice(_PAINTS))
            found.append(Car(which, colour, lane, start, speed))

    at = {k: _along(town, "A", p) for p, ks in town.junctions if "A" in ks for k in ks if k != "A"}
    flow(_lane(town, [("A", 0, end, 2.0, False)]), 10, [4, 27, 66], [kind(), kind(), kind()])
    flow(_lane(town, [("A", 0, end, 2.0, True)]), 10, [12, 50, 81], [kind(), "bus", kind()])
    q, b, e = _along(town, "Q", (-10, 14)), _along(town, "Q", (-10, 158)), _along(town, "Q", (-10, -176))
    flow(_lane(town, [("A", 0, at["Q"] - 14, 5.9, False), ("Q", e + 12, q - 16, 3.0, True), ("E", 0, _along(town, "E", (-10, -176)) - 12, 2.2, True)]), 10, [20], [kind()])
    flow(_lane(town, [("A", at["Q"] + 14, end, 5.9, True), ("Q", q + 16, b - 10, 3.0, False), ("B", _along(town, "B", (-10, 158)) + 10, end, 2.0, False)]), 10, [38], [kind()])
    r = _along(town, "R", (570, 42.88))
    flow(_lane(town, [("A", 0, at["R"] - 14, 5.9, False), ("R", _along(town, "R", (566, -388)) + 14, r - 16, 3.0, True),
                      ("F", 0, _along(town, "F", (566, -388)) - 14, 3.0, True)]), 10, [72, 88], [kind(), kind()])
    p = _along(town, "P", (-430, -6))
    flow(_lane(town, [("A", at["P"] + 16, end, 5.9, True), ("P", p + 18, _along(town, "P", (-424, 432)) - 16, 3.6, False),
                      ("D", _along(town, "D", (-424, 432)) + 16, end, 3.0, False)]), 10, [74, 90], [kind(), kind()])
    for key, right in (("B", 2.0), ("C", 2.0), ("E", 2.0), ("W", 2.0), ("T", 1.2), ("S", 1.2), ("D", 4.6), ("F", 4.6)):
        speed = 6.0
        flow(_lane(town, [(key, 0, end, right + 1.2 if key in "BCE" else right, False)]), speed, [rng.uniform(0, 60), rng.uniform(0, 60)], ["bike", "bike"])
        if key not in "ST":
            flow(_lane(town, [(key, 0, end, right + 1.2 if key in "BCE" else right, True)]), speed, [rng.uniform(0, 60)], ["bike"])
    for back in (False, True):
        flow(_lane(town, [("A", 0, end, 7.2, back)]), 6.0, [rng.uniform(0, 30), rng.uniform(30, 60)], ["bike", "bike"])
    for spot, keys in town.junctions:  # waiting at red: all that crosses a flowing street
        big = [k for k in keys if town.street(k).highway in ("primary", "secondary")]
        if len(big) < 2:
            continue
        flowing = "A" if "A" in keys else "D" if "D" in keys else "F"
        for key in big:
            if key == flowing:
                continue
            street = town.street(key)
            line = LineString(street.line)
            here = line.project(Point(spot))
            for sign in (-1, 1):
                back = town.street(flowing).width_m / 2 + 9.4
                for lane in (street.width_m / 8, street.width_m / 8 * 3):
                    for n in range(rng.choice((1, 2, 2, 3)) if key != "Q" or lane > 2 else 0):
                        place = here + sign * (back + n * 6.3)
                        if not 3 < place < line.length - 3:
                            continue
                        lane_line = _lane(town, [(key, 0, end, lane, sign > 0)])
                        found.append(Car(kind(), rng.choice(_PAINTS), lane_line, place if sign < 0 else lane_line.length - place))
    for key, off in (("B", 3.0), ("C", 3.0), ("T", 1.9), ("S", 1.9), ("W", 3.0), ("V", 2.0), ("N", 1.6), ("M", 1.6), ("U", 1.7), ("K", 2.0), ("E", 3.5)):
        lane_line = _lane(town, [(key, 0, end, off, False)])
        place = 14.0
        crossings = unary_union([Point(p).buffer(17) for p, _ in town.junctions])
        while place < lane_line.length - 10:
            if rng.random() < 0.42 and not crossings.contains(lane_line.interpolate(place)):
                found.append(Car(rng.choice(("sedan", "suv", "van")), rng.choice(_PAINTS), lane_line, place))
            place += 6.4
    for x, y, n in ((404, -12, 4), (404, -4, 4)):
        for k in range(n):
            found.append(Car("bus", (44, 110, 152) if k % 2 else (210, 120, 40), LineString([(x + k * 30, y), (x + k * 30 + 14, y)]), 7))
    fallen = LineString([(SCENE[0] - 3.2, SCENE[1] - 1.0), (SCENE[0] - 1.2, SCENE[1] - 1.6)])
    found.append(Car("bike", (150, 30, 30), fallen, 1.0))
    return found


_TOPS = [(60, 74, 110), (150, 50, 44), (222, 218, 208), (52, 54, 58), (96, 120, 84), (206, 160, 60), (120, 90, 130), (180, 120, 110), (70, 130, 150), (30, 34, 44)]
_LEGS = [(44, 48, 60), (58, 56, 54), (92, 86, 76), (34, 36, 40), (70, 84, 112)]


def persons(town: Town, seed: int) -> list[Person]:
    """People: between doors, pacing, waiting, running in the park and the yard, and the fight at the scene."""
    rng = random.Random(seed + 1)
    found: list[Person] = []

    def dress(manner: str, a: Xy, b: Xy, phase: float, top: tuple[int, int, int] | None = None) -> None:
        found.append(Person(manner, top or rng.choice(_TOPS), rng.choice(_LEGS), a, b, phase, rng.uniform(1.58, 1.78)))

    for n in range(9):  # the scene: two groups in each other's hair, some looking on
        angle = n * 2 * math.pi / 9 + rng.uniform(-0.2, 0.2)
        if n < 5:
            spot = (SCENE[0] + 0.9 * math.cos(angle * 1.8), SCENE[1] + 0.9 * math.sin(angle * 1.8))
            dress("fight", spot, spot, rng.random(), (190, 40, 36) if n % 2 else (34, 40, 56))
        else:
            spot = (SCENE[0] + 3.3 * math.cos(angle), SCENE[1] + 3.0 * math.sin(angle))
            dress("stand", spot, spot, rng.random())
    solid = unary_union([h.shape for h in town.buildings])
    for street in town.streets:
        line = LineString(street.line)
        step = {"primary": 15.0, "secondary": 21.0}.get(street.highway, 30.0)
        place = rng.uniform(4, 12)
        while place < line.length - 12:
            for side in (1, -1):
                if rng.random() < 0.35:
                    continue
                off = side * (street.width_m / 2 + rng.uniform(0.35, 0.9) * max(1.2, street.pavement_m - 0.6))
                a, b = line.interpolate(place), line.interpolate(place + rng.uniform(5, 7))
                along = math.atan2(b.y - a.y, b.x - a.x)
                shift = (-math.sin(along) * off, math.cos(along) * off)
                start, stop = (a.x + shift[0], a.y + shift[1]), (b.x + shift[0], b.y + shift[1])
                walk_line = LineString([start, stop])
                if walk_line.intersects(town.carriageway) or walk_line.intersects(solid) or walk_line.intersects(town.river):
                    continue
                manner = rng.choice(("pace", "pace", "pace", "stand"))
                dress(manner, start, stop, rng.random())
                if manner == "stand" and rng.random() < 0.6:
                    dress("stand", (start[0] + 0.7, start[1] + 0.3), stop, rng.random())
            place += step * rng.uniform(0.7, 1.4)
    park = town.area("park").shape.centroid
    for n in range(10):
        dress("run" if n < 4 else "stand", (park.x, park.y) if n < 4 else (park.x + rng.uniform(-12, 12), park.y + rng.uniform(-11, 11)), (7.2, 7.2), rng.random())
    for centre in ((-109.0, -314.0), (-260.0, 307.0)):
        for _ in range(14):
            x, y = centre[0] + rng.uniform(-40, 40), centre[1] + rng.uniform(-26, 26)
            dress(rng.choice(("run", "stand", "pace")), (x, y), (rng.uniform(3, 4), rng.uniform(3, 4)) if False else (x + 3, y + 3), rng.random(), (60, 110, 180))
    found = [p if p.manner != "run" or p.b[0] < 20 and p.b[0] > 0 else Person("pace", p.top, p.legs, p.a, (p.a[0] + 5, p.a[1] + 2), p.phase, 1.5) for p in found]
    for x0, y0, x1, y1, n in ((14, 40, 58, 74, 16), (16, -110, 168, -103, 18), (400, 4, 540, 9, 16), (-190, 38, -50, 48, 14), (-330, 30, -250, 40, 8)):
        for _ in range(n):
            x, y = rng.uniform(x0, x1), rng.uniform(y0, y1)
            if not solid.contains(Point(x, y)):
                dress(rng.choice(("stand", "pace")), (x, y), (x + rng.uniform(-5, 5), y + rng.uniform(-2, 2)), rng.random())
    return found


_SHAPES = {  # side outline from rear bottom over the roof to the front bottom (x forward, z up), half widths below and above the belt
    "sedan": ([(-2.3, 0.32), (-2.33, 0.86), (-1.8, 0.98), (-1.05, 1.42), (0.35, 1.45), (1.12, 1.0), (2.2, 0.84), (2.33, 0.55), (2.3, 0.3)], 2, 5, 0.9, 0.7),
    "suv": ([(-2.25, 0.36), (-2.3, 1.05), (-2.15, 1.1), (-1.9, 1.66), (0.3, 1.7), (1.1, 1.12), (2.15, 1.0), (2.3, 0.65), (2.26, 0.36)], 2, 5, 0.94, 0.76),
    "van": ([(-2.4, 0.36), (-2.42, 1.1), (-2.36, 1.15), (-2.2, 1.9), (1.2, 1.92), (1.95, 1.15), (2.35, 1.0), (2.42, 0.6), (2.4, 0.34)], 2, 5, 0.92, 0.82),
    "bus": ([(-5.6, 0.4), (-5.65, 1.2), (-5.65, 1.25), (-5.6, 3.05), (5.4, 3.05), (5.6, 1.25), (5.62, 1.2), (5.62, 0.7), (5.6, 0.4)], 2, 5, 1.25, 1.2),
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
            wheel = [(x + r * math.cos(a), s * (wide + 0.015), r + r * math.sin(a)) for a in np.linspace(0, 2 * math.pi, 10, endpoint=False)]
            faces.append((np.array(wheel if s < 0 else wheel[::-1]), dark))
            hub = [(x + r * 0.5 * math.cos(a), s * (wide + 0.025), r + r * 0.5 * math.sin(a)) for a in np.linspace(0, 2 * math.pi, 8, endpoint=False)]
            faces.append((np.array(hub if s < 0 else hub[::-1]), (150, 152, 154)))
        if kind == "police":
            stripe = [(-2.2, s * 0.915, 0.6), (2.2, s * 0.915, 0.6), (2.2, s * 0.915, 0.8), (-2.2, s * 0.915, 0.8)]
            faces.append((np.array(stripe if s < 0 else stripe[::-1]), (30, 60, 150)))
        front, rear = outline[-2][0] + 0.015, outline[1][0] - 0.015
        zf, zr = (outline[-2][1] + outline[-3][1]) / 2 - 0.04, outline[1][1] - 0.12
        lamp = [(front - 0.03, s * (wide - 0.42), zf), (front - 0.03, s * (wide - 0.05), zf), (front - 0.06, s * (wide - 0.05), zf + 0.16), (front - 0.06, s * (wide - 0.42), zf + 0.16)]
        faces.append((np.array(lamp if s > 0 else lamp[::-1]), (255, 250, 226)))
        tail = [(rear, s * (wide - 0.4), zr - 0.08), (rear, s * (wide - 0.05), zr - 0.08), (rear, s * (wide - 0.05), zr + 0.1), (rear, s * (wide - 0.4), zr + 0.1)]
        faces.append((np.array(tail if s < 0 else tail[::-1]), (200, 30, 26)))
    plate_x = outline[0][0] - 0.03
    faces.append((np.array([(plate_x, 0.25, 0.62), (plate_x, 0.25, 0.76), (plate_x, -0.25, 0.76), (plate_x, -0.25, 0.62)])[::1], (40, 80, 170)))
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
            cv2.fillPoly(scratch, [np.round((outline - (x0, y0) - 0.5) * 16).astype(np.int32)], [min(255.0, v) for v in tone], cv2.LINE_AA, 4)
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


def _upright(view: Lens, x: float, y: float, across: np.ndarray, parts: list[tuple[list[Xy], tuple[float, ...]]], gap: float) -> Faces:
    toward = (view.eye[:2] - (x, y)) / max(gap, 0.1) * 0.004
    return [(np.array([(x + across[0] * u + toward[0] * n, y + across[1] * u + toward[1] * n, v) for u, v in outline]), _far(np.array(tone), gap))
            for n, (outline, tone) in enumerate(parts)]


def _disc(u: float, v: float, r: float) -> list[Xy]:
    return [(u + r * math.cos(a), v + r * 1.15 * math.sin(a)) for a in np.linspace(0, 2 * math.pi, 9, endpoint=False)]


def _bike_faces(view: Lens, car: Car, x: float, y: float, direction: float) -> tuple[Faces, Faces]:
    gap = math.dist((x, y), view.eye[:2])
    if gap > 150:
        return [], []
    across = np.array([math.cos(direction), math.sin(direction)])
    side = np.array([-across[1], across[0]])
    shadows: Faces = [(np.array([(*(np.array([x, y]) + across * a + side * b + SHADOW_PER_METRE * 0.5 * abs(c)), 0.02)
                   for a, b, c in ((-0.8, -0.3, 0), (0.8, -0.3, 0), (0.8, 0.3, 1), (-0.8, 0.3, 1))]), (0.68,))]
    rider = car.line.length > 5
    body = tuple(v * 0.9 for v in car.colour)
    toward_eye = np.array(view.eye[:2]) - (x, y)
    end_on = abs(float(across @ toward_eye)) / max(gap, 0.1) > 0.93
    if end_on:
        across = np.array([view.axes[0][0], view.axes[0][1]])
        parts: list[tuple[list[Xy], tuple[float, ...]]] = [([(-0.07, 0), (0.07, 0), (0.07, 0.7), (-0.07, 0.7)], (30, 30, 32)), ([(-0.3, 0.85), (0.3, 0.85), (0.3, 0.95), (-0.3, 0.95)], (40, 40, 42)),
                 ([(-0.2, 0.3), (0.2, 0.3), (0.18, 0.8), (-0.18, 0.8)], body)]
        if rider:
            parts += [([(-0.22, 0.75), (0.22, 0.75), (0.25, 1.35), (-0.25, 1.35)], _TOPS[car.colour[0] % 10]), (_disc(0, 1.52, 0.14), (196, 160, 60) if car.colour[1] % 2 else (220, 220, 222))]
    elif not rider:  # lying
        parts = [([(-0.9, 0.02), (0.9, 0.02), (0.8, 0.34), (-0.8, 0.34)], body), (_disc(-0.65, 0.16, 0.2), (30, 30, 32)), (_disc(0.65, 0.16, 0.2), (30, 30, 32))]
    else:
        parts = [(_disc(-0.6, 0.27, 0.25), (30, 30, 32)), (_disc(0.6, 0.27, 0.25), (30, 30, 32)), ([(-0.75, 0.4), (0.35, 0.3), (0.4, 0.5), (-0.1, 0.72), (-0.8, 0.74)], body),
                 ([(0.38, 0.35), (0.52, 0.35), (0.48, 1.0), (0.36, 1.0)], body), ([(-0.3, 0.7), (0.2, 0.55), (0.25, 0.35), (0.38, 0.4), (0.3, 0.72), (-0.2, 0.86)], (50, 52, 60)),
                 ([(-0.35, 0.75), (-0.02, 0.75), (0.08, 1.32), (-0.22, 1.34)], _TOPS[car.colour[0] % 10]), ([(0.0, 1.2), (0.4, 1.0), (0.4, 0.92), (-0.04, 1.06)], _TOPS[car.colour[0] % 10]),
                 (_disc(-0.04, 1.52, 0.14), (220, 220, 222))]
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
    shadows: Faces = [(np.array([*shadow, (shadow[1][0] + reach[0], shadow[1][1] + reach[1], 0.02), (shadow[0][0] + reach[0], shadow[0][1] + reach[1], 0.02)]), (0.7,))]
    sun = 0.72 + 0.34 * max(0.0, float(SUN[:2] @ (view.eye[:2] - (x, y))) / max(gap, 1))
    top, legs = tuple(v * sun for v in person.top), tuple(v * sun for v in person.legs)
    skin, hair = (214 * sun, 170 * sun, 140 * sun), (34.0, 30.0, 28.0)
    arm = tuple(v * 0.86 for v in top)
    parts: list[tuple[list[Xy], tuple[float, ...]]] = [
        ([(-0.12 - swing, 0.0), (0.02 - swing, 0.0), (0.06, 0.84), (-0.14, 0.84)], tuple(v * 0.85 for v in legs)),
        ([(-0.02 + swing, 0.0), (0.12 + swing, 0.0), (0.14, 0.84), (-0.06, 0.84)], legs),
        ([(-0.23, 1.38), (-0.31 + swing * 0.8 - lift * 0.5, 0.8 + lift * 1.3), (-0.22 + swing * 0.8 - lift * 0.5, 0.78 + lift * 1.3), (-0.13, 1.36)], arm),
        ([(-0.16, 0.8), (0.16, 0.8), (0.22, 1.40), (0.1, 1.46), (-0.1, 1.46), (-0.22, 1.40)], top),
        ([(0.13, 1.36), (0.22 - swing * 0.8 + lift * 0.5, 0.78 + lift * 1.3), (0.31 - swing * 0.8 + lift * 0.5, 0.8 + lift * 1.3), (0.23, 1.38)], arm),
        (_disc(0, 1.57, 0.115), skin),
        ([(-0.12, 1.58), (0.12, 1.58), (0.1, 1.69), (0, 1.73), (-0.1, 1.69)], hair),
    ]
    if person.manner == "fight" and person.top[0] > 100:
        parts.append(([(0.24 + lift * 0.5, 0.8 + lift * 1.3), (0.28 + lift * 0.5, 0.8 + lift * 1.3), (0.55 + lift, 1.5 + lift * 1.2), (0.51 + lift, 1.5 + lift * 1.2)], (120, 84, 50)))
    if gap > 45:
        parts = [parts[0], parts[1], parts[3], parts[6]]
    return shadows, _upright(view, x, y, right, [([(u * k, v * k) for u, v in outline], tone) for outline, tone in parts], gap)


def near(town_cars: list[Car], town_persons: list[Person], eye: Eye) -> tuple[list[Car], list[Person]]:
    """What can come near enough to a camera to be seen by it."""
    spot = Point(eye.x, eye.y)
    moving = [c for c in town_cars if (c.line.distance(spot) < 240 if c.speed_mps else math.dist(c.spots(0)[0][:2], (eye.x, eye.y)) < 240)]
    return moving, [p for p in town_persons if math.dist(p.a, (eye.x, eye.y)) < 130]
