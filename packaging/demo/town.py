"""The invented sub-district: streets, river, areas, buildings and trees, in metres east and north of pole D-0001.

Enters: a seed. Leaves: `Town`, the one value that map, rosters, traffic and pictures are made from. Pure, one thread.
Every name is invented; the position is a plausible one in the mainland and means nothing.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field

from shapely.affinity import rotate, translate
from shapely.geometry import LineString, Point, Polygon, box
from shapely.ops import unary_union
from shapely.prepared import prep

SEED = 20261122
CENTRE_LON, CENTRE_LAT = 104.8263, 30.4187
NAME, NAME_EN = "云汀街道", "Yunting Sub-district"
RIVER_NAME, RIVER_NAME_EN = "青萝河", "Qingluo River"
_METRES_PER_DEGREE = 6371008.8 * math.pi / 180

Xy = tuple[float, float]


def lonlat(x_m: float, y_m: float) -> Xy:
    """WGS-84 longitude and latitude of a point in town metres (local equirectangular plane)."""
    lat = CENTRE_LAT + y_m / _METRES_PER_DEGREE
    return round(CENTRE_LON + x_m / (_METRES_PER_DEGREE * math.cos(math.radians(CENTRE_LAT))), 7), round(lat, 7)


@dataclass(frozen=True, slots=True)
class Street:
    """One street with the middle line of its carriageway; junction points with other streets are vertices of `line`."""

    key: str
    name: str
    name_en: str
    highway: str
    width_m: float
    line: tuple[Xy, ...]
    oneway: bool = False

    @property
    def pavement_m(self) -> float:
        return {"primary": 6.0, "secondary": 5.0, "tertiary": 3.5, "residential": 2.0}.get(self.highway, 0.8)


@dataclass(frozen=True, slots=True)
class Area:
    """A named piece of ground: kind is park, school, market, hospital, mall, station, site, petrol or square."""

    key: str
    kind: str
    name: str
    name_en: str
    shape: Polygon


@dataclass(frozen=True, slots=True)
class Building:
    """A prism: footprint, height, and the style its walls are painted in (home, office, shop, school, mall, shed, site)."""

    number: int
    shape: Polygon
    height_m: float
    style: str
    name: str = ""
    name_en: str = ""


@dataclass(frozen=True, slots=True)
class Tree:
    x: float
    y: float
    height_m: float
    look: int


@dataclass(frozen=True, slots=True)
class Town:
    streets: tuple[Street, ...]
    junctions: tuple[tuple[Xy, tuple[str, ...]], ...]
    river: Polygon
    areas: tuple[Area, ...]
    buildings: tuple[Building, ...]
    trees: tuple[Tree, ...]
    carriageway: Polygon = field(repr=False)
    pavement: Polygon = field(repr=False)

    def street(self, key: str) -> Street:
        return next(street for street in self.streets if street.key == key)

    def area(self, key: str) -> Area:
        return next(area for area in self.areas if area.key == key)


# fmt: off
_STREETS = (
    # key, name, English, class, width, oneway, points
    ("A", "云汀大道", "Yunting Avenue", "primary", 16, False, [(-900, -45), (-430, -6), (-10, 14), (420, 26), (900, 80)]),
    ("B", "河南沿路", "South Bank Road", "tertiary", 8, False,
     [(-900, 118), (-430, 150), (-10, 158), (300, 150), (570, 168), (900, 196)]),
    ("C", "河北沿路", "North Bank Road", "tertiary", 8, False,
     [(-900, 206), (-430, 238), (-10, 246), (300, 240), (570, 256), (900, 286)]),
    ("D", "书棠路", "Shutang Road", "secondary", 12, False, [(-900, 410), (-430, 432), (60, 440), (570, 452), (900, 470)]),
    ("E", "棠梨街", "Tangli Street", "tertiary", 9, False, [(-900, -215), (-430, -196), (-10, -176), (420, -170), (900, -150)]),
    ("F", "砚山路", "Yanshan Road", "secondary", 12, False, [(-900, -420), (-430, -412), (-10, -396), (420, -392), (900, -380)]),
    ("P", "澄桥路", "Chengqiao Road", "primary", 14, False, [(-448, -620), (-430, -196), (-430, 150), (-424, 432), (-410, 620)]),
    ("Q", "望汀路", "Wangting Road", "secondary", 12, False, [(-30, -620), (-16, -396), (-10, -176), (-10, 14), (-10, 158)]),
    ("R", "东渡路", "Dongdu Road", "secondary", 12, False,
     [(556, -620), (566, -390), (570, 34), (570, 168), (572, 452), (580, 620)]),
    ("S", "槐影巷", "Huaiying Lane", "residential", 6, True, [(-214, 154), (-216, 4), (-220, -186), (-226, -404)]),
    ("T", "杏雨巷", "Xingyu Lane", "residential", 6, True, [(196, -394), (192, -173), (190, 20), (190, 154)]),
    ("U", "石榴巷", "Shiliu Lane", "residential", 5, False, [(380, -171), (382, 25)]),
    ("V", "北塘巷", "Beitang Lane", "residential", 6, False, [(-130, 244), (-126, 436), (-120, 620)]),
    ("W", "柳岸街", "Liu'an Street", "tertiary", 8, False, [(236, 242), (240, 444), (246, 620)]),
    ("X", "染坊巷", "Ranfang Alley", "living_street", 4.5, False, [(-217, -96), (-120, -92), (-10, -90)]),
    ("Y", "豆市巷", "Doushi Alley", "living_street", 4.5, False, [(-10, -84), (90, -80), (191, -78)]),
    ("Z", "竹器巷", "Zhuqi Alley", "living_street", 4.5, False, [(-10, 90), (90, 88), (190, 90)]),
    ("M", "栖霞里", "Qixiali", "residential", 5, False, [(-430, -300), (-330, -298), (-223, -296)]),
    ("N", "听雨巷", "Tingyu Lane", "residential", 5, False, [(194, -286), (380, -282), (567, -280)]),
    ("K", "车站支路", "Station Link", "residential", 6, False, [(382, -80), (480, -78), (569, -74)]),
    ("L", "菜园巷", "Caiyuan Lane", "living_street", 4.5, False, [(-330, -194), (-330, -298)]),
)
# fmt: on
_RIVER_LINE = [(-1000, 158), (-430, 194), (-10, 202), (300, 195), (570, 212), (1000, 252)]
_AREAS = (
    ("mall", "mall", "云汀里购物中心", "Yuntingli Mall", [(-196, 36), (-36, 42), (-36, 136), (-196, 132)]),
    ("park", "park", "棠梨公园", "Tangli Park", [(206, 40), (366, 44), (366, 134), (206, 134)]),
    ("school", "school", "云汀实验小学", "Yunting Primary School", [(-206, -380), (-36, -376), (-34, -196), (-204, -202)]),
    ("market", "market", "棠梨农贸市场", "Tangli Market", [(14, -156), (170, -154), (170, -100), (14, -102)]),
    ("hospital", "hospital", "云汀社区医院", "Yunting Community Hospital", [(-408, 30), (-240, 36), (-240, 130), (-408, 126)]),
    ("station", "station", "云汀客运站", "Yunting Bus Station", [(396, -54), (550, -48), (550, 8), (396, 4)]),
    ("site", "site", "栖云府工地", "Qiyun Court Building Site", [(262, 270), (400, 274), (400, 420), (262, 418)]),
    ("petrol", "petrol", "澄桥加油站", "Chengqiao Filling Station", [(-500, -100), (-446, -98), (-446, -40), (-500, -44)]),
    ("square", "square", "望汀广场", "Wangting Square", [(10, 38), (60, 40), (60, 76), (10, 76)]),
    ("school2", "school", "书棠中学", "Shutang Middle School", [(-400, 262), (-160, 266), (-160, 412), (-400, 408)]),
)
_HOME_NAMES = (
    ("棠梨苑", "Tangli Court"),
    ("望汀新村", "Wangting New Village"),
    ("河沿里", "Heyanli"),
    ("栖霞小区", "Qixia Estate"),
)


def _with_junctions(rows: tuple[tuple, ...]) -> tuple[list[Street], dict[Xy, set[str]]]:
    """Streets whose lines share a vertex wherever two of them meet, and those vertices."""
    lines = {row[0]: LineString(row[6]) for row in rows}
    for key, line in lines.items():  # an end that nearly touches another street is put on it
        points = list(line.coords)
        for end in (0, -1):
            for other, there in lines.items():
                if other != key and there.distance(Point(points[end])) < 12:
                    spot = there.interpolate(there.project(Point(points[end])))
                    points[end] = (spot.x, spot.y)
                    break
        lines[key] = LineString(points)
    added: dict[str, set[Xy]] = {key: set() for key in lines}
    junctions: dict[Xy, set[str]] = {}
    keys = sorted(lines)
    for at, first in enumerate(keys):
        for second in keys[at + 1 :]:
            if lines[first].distance(lines[second]) > 0.01:
                continue
            crossing = lines[first].intersection(lines[second])
            spot = crossing if crossing.geom_type == "Point" else None
            if spot is None:  # an end that touches within rounding
                ends = [Point(c) for key in (first, second) for c in (lines[key].coords[0], lines[key].coords[-1])]
                spot = min(ends, key=lambda p: lines[first].distance(p) + lines[second].distance(p))
            point = (round(spot.x, 2), round(spot.y, 2))
            junctions.setdefault(point, set()).update((first, second))
            added[first].add(point)
            added[second].add(point)
    streets = []
    for key, name, name_en, highway, width, oneway, _ in rows:
        line = lines[key]
        vertices = {(round(x, 2), round(y, 2)): line.project(Point(x, y)) for x, y in line.coords}
        for point in added[key]:
            for old in [v for v in vertices if v != point and math.dist(v, point) < 1.0]:
                del vertices[old]
            vertices[point] = line.project(Point(point))
        ordered = tuple(sorted(vertices, key=lambda v: vertices[v]))
        streets.append(Street(key, name, name_en, highway, float(width), ordered, oneway))
    return streets, junctions


def walk(line: tuple[Xy, ...], step_m: float, first_m: float = 0.0) -> list[tuple[float, float, float]]:
    """Points (x, y, heading in radians counter-clockwise from east) every `step_m` along a line."""
    shape, found, at = LineString(line), [], first_m
    while at < shape.length:
        a, b = shape.interpolate(max(0, at - 0.5)), shape.interpolate(min(shape.length, at + 0.5))
        here = shape.interpolate(at)
        found.append((here.x, here.y, math.atan2(b.y - a.y, b.x - a.x)))
        at += step_m
    return found


def _rectangle(x: float, y: float, along: float, width: float, depth: float) -> Polygon:
    """A footprint whose front's middle is at x, y, its depth to the left of the direction `along` (radians)."""
    flat = translate(box(-width / 2, 0, width / 2, depth), x, y)
    return rotate(flat, along, origin=(x, y), use_radians=True)


def _set_pieces(areas: dict[str, Area]) -> list[tuple[Polygon, float, str, str, str]]:
    """Buildings that belong to the named areas: (shape, height, style, name, English name)."""
    mall, market, hospital = areas["mall"], areas["market"], areas["hospital"]
    return [
        (box(-188, 52, -48, 128), 24, "mall", mall.name, mall.name_en),
        (box(-196, -250, -120, -214), 15, "school", "云汀实验小学教学楼", "Primary School Main Building"),
        (box(-196, -372, -176, -262), 12, "school", "", ""),
        (box(24, -148, 160, -112), 7.5, "shed", market.name, market.name_en),
        (box(-400, 84, -262, 118), 27, "office", hospital.name, hospital.name_en),
        (box(-400, 42, -340, 66), 11, "office", "云汀社区医院门诊", "Outpatient Clinic"),
        (box(408, -48, 500, -22), 10, "office", "云汀客运站", "Yunting Bus Station"),
        (box(280, 300, 312, 330), 38, "site", "栖云府一号楼", "Qiyun Court Block 1"),
        (box(340, 350, 376, 380), 22, "site", "栖云府二号楼", "Qiyun Court Block 2"),
        (box(-496, -92, -478, -56), 5, "shop", "", ""),
        (box(-390, 350, -250, 376), 18, "school", "书棠中学教学楼", "Middle School Main Building"),
    ]


def _houses(streets: list[Street], areas: dict[str, Area], free_of: Polygon, rng: random.Random) -> list[Building]:
    placed: list[tuple[float, float, Polygon]] = []
    found: list[Building] = []
    taken = prep(free_of)

    def around(shape: Polygon, within_m: float) -> list[Polygon]:
        x, y = shape.centroid.coords[0]
        return [other for ox, oy, other in placed if math.hypot(x - ox, y - oy) < within_m]

    def put(shape: Polygon, height: float, style: str, name: str = "", name_en: str = "", set_piece: bool = False) -> bool:
        if not set_piece and taken.intersects(shape):
            return False
        if any(shape.intersects(other) for other in around(shape, 120)):
            return False
        grown = shape.buffer(1.2, join_style="mitre")
        placed.append((*grown.centroid.coords[0], grown))
        found.append(Building(len(found) + 1, shape, height, style, name, name_en))
        return True

    for shape, height, style, name, name_en in _set_pieces(areas):
        put(shape, height, style, name, name_en, set_piece=True)
    tall = {"primary": (21, 54), "secondary": (15, 36), "tertiary": (9, 21), "residential": (6.5, 18), "living_street": (6, 12)}
    for street in streets:
        length = LineString(street.line).length
        for side in (1, -1):
            at = 4.0
            while at < length:
                width = rng.uniform(15, 34) if street.highway in ("primary", "secondary") else rng.uniform(11, 22)
                x, y, along = walk(street.line, 1e9, at + width / 2)[0] if at + width / 2 < length else (1e6, 0, 0)
                if x > 1e5:
                    break
                back = street.width_m / 2 + street.pavement_m + rng.choice((0.3, 0.8, 1.6))
                angle = along if side > 0 else along + math.pi
                px, py = x - math.sin(angle) * back, y + math.cos(angle) * back
                low, high = tall[street.highway]
                height = round(low + (high - low) * rng.random() ** 1.7, 1)
                style = "office" if height > 30 and rng.random() < 0.5 else "home" if rng.random() < 0.45 else "shop"
                shape = _rectangle(px, py, angle, width, rng.uniform(10, 15))
                name, name_en = rng.choice(_HOME_NAMES) if style == "home" else ("", "")
                number = sum(1 for b in found if b.name.startswith(name)) + 1 if name else 0
                if put(shape, height, style, f"{name}{number}号楼" if name else "", f"{name_en} {number}" if name else ""):
                    at += width + rng.choice((1.5, 2.0, 3.5, 7.0))
                else:
                    at += 6
    wide = prep(free_of.buffer(2))
    for _ in range(1500):  # the insides of the blocks: taller homes
        x, y = rng.uniform(-860, 860), rng.uniform(-580, 580)
        shape = _rectangle(x, y, rng.choice((0.0, 0.04, 0.02)), rng.uniform(26, 44), rng.uniform(11, 14))
        if not wide.intersects(shape) and all(shape.distance(o) > 9 for o in around(shape, 90)):
            name, name_en = rng.choice(_HOME_NAMES)
            number = sum(1 for b in found if b.name.startswith(name)) + 1
            put(shape, round(rng.uniform(18, 48), 1), "home", f"{name}{number}号楼", f"{name_en} {number}")
    return found


def _trees(
    streets: list[Street], areas: dict[str, Area], blocked: Polygon, keep_clear: Polygon, rng: random.Random
) -> list[Tree]:
    found: list[Tree] = []
    solid, clear = prep(blocked), prep(keep_clear)

    def put(x: float, y: float, low: float, high: float) -> None:
        spot = Point(x, y)
        if not solid.intersects(spot.buffer(0.35)) and not clear.intersects(spot):
            found.append(Tree(round(x, 2), round(y, 2), round(rng.uniform(low, high), 2), rng.randrange(6)))

    for street in streets:
        if street.highway == "living_street":
            continue
        for side in (1, -1):
            for x, y, along in walk(street.line, 13.0 if street.pavement_m > 3 else 21.0, 6.0):
                off = side * (street.width_m / 2 + 1.1)
                put(x - math.sin(along) * off + rng.uniform(-0.3, 0.3), y + math.cos(along) * off, 4.6, 7.2)
    for key, count in (("park", 70), ("school", 12), ("school2", 24), ("hospital", 10)):
        x0, y0, x1, y1 = areas[key].shape.bounds
        for _ in range(count):
            x, y = rng.uniform(x0 + 2, x1 - 2), rng.uniform(y0 + 2, y1 - 2)
            if key == "park" and Point(x, y).distance(areas[key].shape.centroid) < 24:
                continue
            if key == "school" and -168 < x < -50 and -366 < y < -262:
                continue
            put(x, y, 5, 9)
    return found


def build(seed: int = SEED) -> Town:
    """The town of a seed, always the same."""
    rng = random.Random(seed)
    streets, junctions = _with_junctions(_STREETS)
    areas = {row[0]: Area(row[0], row[1], row[2], row[3], Polygon(row[4])) for row in _AREAS}
    river = LineString(_RIVER_LINE).buffer(17, cap_style="flat").intersection(box(-900, -620, 900, 620))
    carriageway = unary_union([LineString(s.line).buffer(s.width_m / 2, cap_style="flat", join_style="mitre") for s in streets])
    carriageway = carriageway.buffer(4).buffer(-4)
    pavement = unary_union([LineString(s.line).buffer(s.width_m / 2 + s.pavement_m, cap_style="flat") for s in streets])
    pavement = pavement.difference(river.difference(carriageway.buffer(3)))
    free_of = unary_union([pavement, carriageway, river.buffer(10), *[a.shape.buffer(2) for a in areas.values()]])
    buildings = _houses(streets, areas, free_of, rng)
    walls = unary_union([b.shape.buffer(0.6) for b in buildings])
    crossing = unary_union([Point(p).buffer(22 if len(k) > 1 else 10) for p, k in junctions.items()])
    blocked = unary_union([walls, carriageway, river])
    trees = _trees(streets, areas, blocked, crossing, rng)
    marked = tuple((p, tuple(sorted(k))) for p, k in sorted(junctions.items()))
    return Town(tuple(streets), marked, river, tuple(areas.values()), tuple(buildings), tuple(trees), carriageway, pavement)
