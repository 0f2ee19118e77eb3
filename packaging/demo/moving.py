"""What moves, on one clock of ten seconds for the whole town, so that neighbouring cameras see the same cars and people.

Everything is periodic: a street's cars stand `speed × 10 s` apart in a repeating pattern, people pace, stand,
fight or run in a ring.
Enters: `Town`. Leaves: `Car` and `Person`, whose places are functions of the time; figures.py draws them.
"""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import dataclass

from furnish import SCENE, Eye
from shapely.geometry import LineString, Point
from shapely.ops import substring, unary_union
from town import Town, Xy

PERIOD_S = 10.0
_PAINTS = [
    (226, 228, 230),
    (200, 204, 208),
    (54, 58, 64),
    (30, 32, 36),
    (132, 30, 32),
    (40, 66, 116),
    (150, 152, 150),
    (214, 196, 160),
    (244, 244, 244),
    (76, 92, 82),
]


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
    """One person: manner is pace, stand, run or fight; colours of top and trousers."""

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
        along = 1 - abs(2 * part - 1)
        return self.a[0] + (self.b[0] - self.a[0]) * along, self.a[1] + (self.b[1] - self.a[1]) * along, part * 18


def _lane(town: Town, legs: list[tuple[str, float, float, float, bool]]) -> LineString:
    """A driving line of parts of streets (street, from m, to m, metres right of the middle, reversed) with rounded corners."""
    points: list[Xy] = []
    for key, start, end, right, back in legs:
        line = LineString(town.street(key).line)
        part = substring(line, start if start >= 0 else 0, min(end, line.length))
        part = part.reverse() if back else part
        moved = part.offset_curve(-right)
        points += [(x, y) for x, y in moved.coords]
    for _ in range(3):
        cut: list[Xy] = [points[0]]
        for p, q in itertools.pairwise(points):
            cut += [
                (p[0] * 0.75 + q[0] * 0.25, p[1] * 0.75 + q[1] * 0.25),
                (p[0] * 0.25 + q[0] * 0.75, p[1] * 0.25 + q[1] * 0.75),
            ]
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
            colour = {"taxi": (62, 132, 96), "bus": (44, 110, 152), "bike": rng.choice(_PAINTS), "police": (236, 238, 240)}.get(
                which, rng.choice(_PAINTS)
            )
            found.append(Car(which, colour, lane, start, speed))

    at = {k: _along(town, "A", p) for p, ks in town.junctions if "A" in ks for k in ks if k != "A"}
    flow(_lane(town, [("A", 0, end, 2.0, False)]), 10, [4, 27, 66], [kind(), kind(), kind()])
    flow(_lane(town, [("A", 0, end, 2.0, True)]), 10, [12, 50, 81], [kind(), "bus", kind()])
    q, b, e = _along(town, "Q", (-10, 14)), _along(town, "Q", (-10, 158)), _along(town, "Q", (-10, -176))
    flow(
        _lane(
            town,
            [
                ("A", 0, at["Q"] - 14, 5.9, False),
                ("Q", e + 12, q - 16, 3.0, True),
                ("E", 0, _along(town, "E", (-10, -176)) - 12, 2.2, True),
            ],
        ),
        10,
        [20],
        [kind()],
    )
    flow(
        _lane(
            town,
            [
                ("A", at["Q"] + 14, end, 5.9, True),
                ("Q", q + 16, b - 10, 3.0, False),
                ("B", _along(town, "B", (-10, 158)) + 10, end, 2.0, False),
            ],
        ),
        10,
        [38],
        [kind()],
    )
    r = _along(town, "R", (570, 42.88))
    flow(
        _lane(
            town,
            [
                ("A", 0, at["R"] - 14, 5.9, False),
                ("R", _along(town, "R", (566, -388)) + 14, r - 16, 3.0, True),
                ("F", 0, _along(town, "F", (566, -388)) - 14, 3.0, True),
            ],
        ),
        10,
        [72, 88],
        [kind(), kind()],
    )
    p = _along(town, "P", (-430, -6))
    flow(
        _lane(
            town,
            [
                ("A", at["P"] + 16, end, 5.9, True),
                ("P", p + 18, _along(town, "P", (-424, 432)) - 16, 3.6, False),
                ("D", _along(town, "D", (-424, 432)) + 16, end, 3.0, False),
            ],
        ),
        10,
        [74, 90],
        [kind(), kind()],
    )
    for key, right in (("B", 2.0), ("C", 2.0), ("E", 2.0), ("W", 2.0), ("T", 1.2), ("S", 1.2), ("D", 4.6), ("F", 4.6)):
        speed = 6.0
        flow(
            _lane(town, [(key, 0, end, right + 1.2 if key in "BCE" else right, False)]),
            speed,
            [rng.uniform(0, 60), rng.uniform(0, 60)],
            ["bike", "bike"],
        )
        if key not in "ST":
            flow(
                _lane(town, [(key, 0, end, right + 1.2 if key in "BCE" else right, True)]), speed, [rng.uniform(0, 60)], ["bike"]
            )
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
    for key, off in (
        ("B", 3.0),
        ("C", 3.0),
        ("T", 1.9),
        ("S", 1.9),
        ("W", 3.0),
        ("V", 2.0),
        ("N", 1.6),
        ("M", 1.6),
        ("U", 1.7),
        ("K", 2.0),
        ("E", 3.5),
    ):
        lane_line = _lane(town, [(key, 0, end, off, False)])
        place = 14.0
        crossings = unary_union([Point(p).buffer(17) for p, _ in town.junctions])
        while place < lane_line.length - 10:
            if rng.random() < 0.42 and not crossings.contains(lane_line.interpolate(place)):
                found.append(Car(rng.choice(("sedan", "suv", "van")), rng.choice(_PAINTS), lane_line, place))
            place += 6.4
    for x, y, n in ((404, -12, 4), (404, -4, 4)):
        for k in range(n):
            found.append(
                Car("bus", (44, 110, 152) if k % 2 else (210, 120, 40), LineString([(x + k * 30, y), (x + k * 30 + 14, y)]), 7)
            )
    fallen = LineString([(SCENE[0] - 3.2, SCENE[1] - 1.0), (SCENE[0] - 1.2, SCENE[1] - 1.6)])
    found.append(Car("bike", (150, 30, 30), fallen, 1.0))
    return found


TOPS = [
    (60, 74, 110),
    (150, 50, 44),
    (222, 218, 208),
    (52, 54, 58),
    (96, 120, 84),
    (206, 160, 60),
    (120, 90, 130),
    (180, 120, 110),
    (70, 130, 150),
    (30, 34, 44),
]
_LEGS = [(44, 48, 60), (58, 56, 54), (92, 86, 76), (34, 36, 40), (70, 84, 112)]


def persons(town: Town, seed: int) -> list[Person]:
    """People: between doors, pacing, waiting, running in the park and the yard, and the fight at the scene."""
    rng = random.Random(seed + 1)
    found: list[Person] = []

    def dress(manner: str, a: Xy, b: Xy, phase: float, top: tuple[int, int, int] | None = None) -> None:
        found.append(Person(manner, top or rng.choice(TOPS), rng.choice(_LEGS), a, b, phase, rng.uniform(1.58, 1.78)))

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
        dress(
            "run" if n < 4 else "stand",
            (park.x, park.y) if n < 4 else (park.x + rng.uniform(-12, 12), park.y + rng.uniform(-11, 11)),
            (7.2, 7.2),
            rng.random(),
        )
    for centre in ((-109.0, -314.0), (-260.0, 307.0)):
        for _ in range(14):
            x, y = centre[0] + rng.uniform(-40, 40), centre[1] + rng.uniform(-26, 26)
            dress(rng.choice(("pace", "stand", "pace")), (x, y), (x + 4, y + 3), rng.random(), (60, 110, 180))
    for x0, y0, x1, y1, n in (
        (14, 40, 58, 74, 16),
        (16, -110, 168, -103, 18),
        (400, 4, 540, 9, 16),
        (-190, 38, -50, 48, 14),
        (-330, 30, -250, 40, 8),
    ):
        for _ in range(n):
            x, y = rng.uniform(x0, x1), rng.uniform(y0, y1)
            if not solid.contains(Point(x, y)):
                dress(rng.choice(("stand", "pace")), (x, y), (x + rng.uniform(-5, 5), y + rng.uniform(-2, 2)), rng.random())
    return found


def near(town_cars: list[Car], town_persons: list[Person], eye: Eye) -> tuple[list[Car], list[Person]]:
    """What can come near enough to a camera to be seen by it."""
    spot = Point(eye.x, eye.y)
    moving = [
        c
        for c in town_cars
        if (c.line.distance(spot) < 240 if c.speed_mps else math.dist(c.spots(0)[0][:2], (eye.x, eye.y)) < 240)
    ]
    return moving, [p for p in town_persons if math.dist(p.a, (eye.x, eye.y)) < 130]
