"""What stands still in a picture: sky, ground with markings, walls, trees, posts. Enters: `Town`, a lens. Leaves: a `Canvas`."""

# ruff: noqa: RUF005  (sums of arrays, not lists joined)
from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from furnish import Eye, Pole
from paints import NOISE, hashed, hazed, lettering, noise, plain, sunlight, textured, tree_pictures, wall
from raster import Canvas, Floats, Lens
from shapely import STRtree
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring, unary_union
from town import Town, Tree, Xy

SHADOW_PER_METRE = np.array([0.62, 0.47]) / 0.63  # a shadow's end east and north for a metre of height (paints.SUN)
BASE, PAVEMENT, ASPHALT, WHITE, GRASS, WATER, TRACK, PLAZA, YELLOW, SHADE = range(10)
_GROUND = np.array(
    [
        (158, 154, 146),
        (176, 168, 156),
        (98, 100, 103),
        (218, 218, 212),
        (98, 118, 70),
        (84, 110, 112),
        (164, 84, 66),
        (188, 178, 164),
        (214, 170, 70),
        (0, 0, 0),
    ],
    np.float32,
)


@dataclass(frozen=True, slots=True)
class Stage:
    """The town prepared for drawing, shared by all cameras."""

    town: Town
    poles: list[Pole]
    masts: list[Eye]
    ground: list[tuple[int, BaseGeometry]]
    shadows: list[Polygon]
    shadow_index: STRtree
    trees: list
    fences: list[tuple[Xy, Xy, float, tuple[int, int, int]]]


def _bands(line: LineString, start: float, end: float, off: float, width: float) -> BaseGeometry:
    """A painted stripe along part of a line, `off` metres to the left."""
    part = substring(line, start, end)
    if part.length < 0.2:
        return Polygon()
    return part.offset_curve(off).buffer(width / 2, cap_style="flat") if off else part.buffer(width / 2, cap_style="flat")


def _markings(town: Town) -> Iterable[tuple[int, BaseGeometry]]:
    white, yellow = [], []
    for street in town.streets:
        line = LineString(street.line)
        crossings = []
        for spot, keys in town.junctions:
            if street.key in keys:
                other = max((town.street(k) for k in keys if k != street.key), key=lambda s: s.width_m)
                crossings.append((line.project(Point(spot)), other))
        crossings.sort(key=lambda c: c[0])
        big = street.highway in ("primary", "secondary", "tertiary")
        edges = [0.0]
        for at, other in crossings:
            gap = other.width_m / 2 + (5.5 if big and other.highway != "living_street" else 2.0)
            edges += [at - gap, at + gap]
        edges.append(line.length)
        half = street.width_m / 2
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            start, end = max(0, start), min(line.length, end)
            if end - start < 4 or street.highway == "living_street":
                continue
            if big:
                if street.highway == "primary":
                    yellow += [_bands(line, start, end, o, 0.15) for o in (-0.18, 0.18)]
                    lanes: tuple[float, ...] = (half / 2, -half / 2)
                else:
                    yellow.append(_bands(line, start, end, 0, 0.15))
                    lanes = (half / 2, -half / 2) if street.width_m >= 11 else ()
                white += [_bands(line, start, end, o, 0.14) for o in (half - 0.4, -half + 0.4)]
                at = start + 2
                while lanes and at < end - 4:
                    white += [_bands(line, at, at + 3.2, o, 0.14) for o in lanes]
                    at += 8
        if not big:
            continue
        for at, other in crossings:
            if other.highway in ("living_street", "residential") and street.highway != "tertiary":
                continue
            for sign in (-1, 1):
                near, far = at + sign * (other.width_m / 2 + 1.6), at + sign * (other.width_m / 2 + 5.0)
                if not (0 < near < line.length and 0 < far < line.length):
                    continue
                off = -half + 0.7
                while off < half - 0.4:
                    white.append(_bands(line, min(near, far), max(near, far), off, 0.46))
                    off += 0.95
                stop = at + sign * (other.width_m / 2 + 6.4)
                side = half / 2 * (1 if sign > 0 else -1)
                if 0 < stop < line.length:
                    white.append(_bands(line, stop - 0.18, stop + 0.18, side, half - 0.8))
    yield WHITE, unary_union([m for m in white if not m.is_empty])
    yield YELLOW, unary_union([m for m in yellow if not m.is_empty])


def stage(town: Town, poles: list[Pole], masts: list[Eye]) -> Stage:
    """Prepare the town once (seconds)."""
    river = town.river.difference(
        unary_union([LineString(town.street(k).line).buffer(town.street(k).width_m / 2 + 3) for k in "PR"])
    )
    ground: list[tuple[int, BaseGeometry]] = [(GRASS, town.river.buffer(9)), (WATER, river), (PAVEMENT, town.pavement)]
    for area in town.areas:
        if area.kind == "park":
            ground.append((GRASS, area.shape))
            x, y = area.shape.centroid.coords[0]
            ground += [
                (PLAZA, Point(x, y).buffer(13)),
                (PLAZA, LineString([(area.shape.bounds[0], y), (area.shape.bounds[2], y)]).buffer(1.8)),
                (WATER, Point(x, y).buffer(5)),
            ]
        elif area.kind == "school":
            ground.append((PLAZA, area.shape))
            field = box(-168, -366, -50, -262) if area.key == "school" else box(-330, 274, -190, 340)
            track = field.buffer(-16).buffer(15)
            ground += [(TRACK, track), (GRASS, track.buffer(-9))]
            ground += [(WHITE, track.buffer(-d).exterior.buffer(0.08)) for d in (1.0, 2.3, 3.6, 4.9, 6.2, 7.5)]
        elif area.kind != "petrol":
            ground.append((PLAZA, area.shape))
    ground.append((ASPHALT, town.carriageway))
    ground += list(_markings(town))
    shadows = []
    for house in town.buildings:
        shift = SHADOW_PER_METRE * house.height_m
        moved = Polygon([(x + shift[0], y + shift[1]) for x, y in house.shape.exterior.coords])
        shadows.append(house.shape.union(moved).convex_hull)
    fences: list[tuple[Xy, Xy, float, tuple[int, int, int]]] = []
    for area in town.areas:
        if area.kind in ("school", "site"):
            ring = list(area.shape.exterior.coords)
            fences += [
                (a, b, 1.7 if area.kind == "school" else 2.4, (206, 198, 184) if area.kind == "school" else (70, 120, 160))
                for a, b in itertools.pairwise(ring)
            ]
    for part in getattr(river, "geoms", [river]):
        ring = list(part.buffer(1.2, join_style="mitre").exterior.coords)
        fences += [(a, b, 0.95, (196, 192, 184)) for a, b in itertools.pairwise(ring)]
    standing = [tree for tree in town.trees if not any(_hides(tree, eye) for eye in masts)]
    return Stage(replace(town, trees=tuple(standing)), poles, masts, ground, shadows, STRtree(shadows), tree_pictures(3), fences)


def _hides(tree: Tree, eye: Eye) -> bool:
    """Whether a tree would fill a camera's picture: such trees are kept pruned away in this town."""
    gap = math.dist((tree.x, tree.y), (eye.x, eye.y))
    if gap > 26:
        return False
    bearing = math.degrees(math.atan2(tree.x - eye.x, tree.y - eye.y))
    off = abs((bearing - eye.view_deg + 180) % 360 - 180)
    return off < eye.fov_deg * (0.55 if gap < 14 else 0.3)


def _wedge(view: Lens, far_m: float) -> Polygon:
    forward, right = view.axes[2], view.axes[0]
    flat = forward[:2] / np.linalg.norm(forward[:2])
    level = float(np.linalg.norm(forward[:2]))
    drop = -float(forward[2])
    first = max(-30.0, (0.6 - view.eye[2] * drop) / level)
    k = view.width_px / 2 / view.focal_px
    corners = []
    for t, sign in ((first, -1), (first, 1), (far_m, 1), (far_m, -1)):
        depth = t * level + view.eye[2] * drop
        side = (depth * k * 1.08 + 2.0) * sign
        corners.append(tuple(view.eye[:2] + flat * t + right[:2] * side))
    return Polygon(corners)


def _fill(image: np.ndarray, view: Lens, shape: BaseGeometry, value: int) -> None:
    parts = shape.geoms if isinstance(shape, MultiPolygon) or hasattr(shape, "geoms") else [shape]
    for part in parts:
        if part.geom_type != "Polygon" or part.is_empty:
            continue
        rings = []
        for ring in (part.exterior, *part.interiors):
            points = np.array([(x, y, 0.0) for x, y in ring.coords[:-1]], np.float32)
            flat = view.project(view.to_camera(points))
            rings.append(np.clip(np.round((flat - 0.5) * 16), -2e6, 2e6).astype(np.int32))
        cv2.fillPoly(image, rings, value, shift=4)


def _sky(canvas: Canvas, seed: int) -> None:
    view = canvas.view
    ys, xs = np.mgrid[0 : view.height_px : 2, 0 : view.width_px : 2]
    ray = np.stack([canvas.rays_x[xs], canvas.rays_y[ys], np.ones(xs.shape, np.float32)], axis=-1) @ view.axes
    level = np.hypot(ray[..., 0], ray[..., 1])
    up = ray[..., 2] / level
    turn = np.degrees(np.arctan2(ray[..., 0], ray[..., 1])) % 360
    mix = np.clip(up / 0.55, 0, 1)[..., None] ** 0.7
    colour = np.array([226, 216, 200], np.float32) * (1 - mix) + np.array([122, 156, 194], np.float32) * mix
    cloud = NOISE[(up * 700 / (1 + 2 * np.abs(up))).astype(int) % 512, (turn * 5.7).astype(int) % 512]
    veil = np.clip(cloud * 1.9 - 0.85, 0, 1)[..., None] * 0.55 * np.clip(up * 8, 0, 1)[..., None]
    colour = colour * (1 - veil) + np.array([240, 234, 224], np.float32) * veil
    for scale, tall, tone in ((3.1, 0.075, (186, 190, 194)), (2.1, 0.05, (170, 174, 176))):  # far houses beyond the town's edge
        block = np.floor(turn * scale)
        skyline = 0.008 + tall * hashed(block, seed % 7, 13) ** 2.2
        colour = np.where((up < skyline)[..., None], np.array(tone, np.float32), colour)
    small = np.clip(colour, 0, 255).astype(np.uint8)
    canvas.colour[:] = cv2.resize(small, (view.width_px, view.height_px), interpolation=cv2.INTER_LINEAR)


def _ground(canvas: Canvas, scene: Stage) -> None:
    view = canvas.view
    wedge = _wedge(view, 760)
    kinds = np.zeros(canvas.inverse.shape, np.uint8)
    for kind, shape in scene.ground:
        seen = shape.intersection(wedge)
        if not seen.is_empty:
            _fill(kinds, view, seen, kind)
    shade = np.zeros(canvas.inverse.shape, np.uint8)
    near = _wedge(view, 420)
    for tree in scene.town.trees:
        if math.dist((tree.x, tree.y), view.eye[:2]) < 160:
            cx, cy = tree.x + SHADOW_PER_METRE[0] * tree.height_m * 0.62, tree.y + SHADOW_PER_METRE[1] * tree.height_m * 0.62
            _fill(shade, view, Point(cx, cy).buffer(tree.height_m * 0.34, 6).intersection(near), 190)
    for number in scene.shadow_index.query(near):
        _fill(shade, view, scene.shadows[number].intersection(near), 255)
    shade = cv2.GaussianBlur(shade, (7, 7), 0)
    w = canvas.rays_x[None, :] * view.axes[0, 2] + canvas.rays_y[:, None] * view.axes[1, 2] + view.axes[2, 2]
    inverse = (-w / view.eye[2]).astype(np.float32)
    ys, xs = np.nonzero(inverse > 1 / 1600)
    z = 1 / inverse[ys, xs]
    world = canvas.world(xs, ys, z)
    kind = kinds[ys, xs]
    x, y = world[:, 0] + 3000, world[:, 1] + 3000
    colour = _GROUND[kind]
    coarse, fine = noise(x, y, 2.3), noise(y, x, 16)
    weak = np.exp(-z / 60)
    colour = colour * (0.90 + 0.16 * coarse + (0.16 * fine - 0.08) * weak)[:, None]
    tiles = ((x % 0.8 < 0.05) | (y % 0.8 < 0.05)) & np.isin(kind, (PAVEMENT, PLAZA))
    colour[tiles] *= (1 - 0.16 * weak[tiles])[:, None]
    grass = kind == GRASS
    colour[grass] *= (0.82 + 0.36 * noise(x, y, 6)[grass])[:, None]
    wet = kind == WATER
    ripple = noise(x * 0.6, y * 2.2, 5)[wet]
    glint = np.clip(z[wet] / 160, 0, 1)[:, None]
    colour[wet] = (colour[wet] * (1 - glint) + np.array([176, 188, 192], np.float32) * glint) * (0.86 + 0.26 * ripple)[:, None]
    worn = np.isin(kind, (WHITE, YELLOW))
    colour[worn] *= (0.80 + 0.2 * noise(x, y, 11)[worn])[:, None]
    light = sunlight((0, 0, 1))
    shadow = shade[ys, xs].astype(np.float32)[:, None] / 255
    colour = colour * (light * (1 - shadow) + np.array([0.66, 0.69, 0.75], np.float32) * shadow) * 1.02
    canvas.colour[ys, xs] = np.clip(hazed(colour, z), 0, 255).astype(np.uint8)
    canvas.inverse[ys, xs] = inverse[ys, xs]


def bare_ground(canvas: Canvas) -> np.ndarray:
    """(h, w) bool: where the picture shows the ground itself."""
    view = canvas.view
    w = canvas.rays_x[None, :] * view.axes[0, 2] + canvas.rays_y[:, None] * view.axes[1, 2] + view.axes[2, 2]
    return np.asarray((canvas.inverse > 0) & (np.abs(canvas.inverse + w / view.eye[2]) < 1e-5))


def _walls(canvas: Canvas, scene: Stage) -> None:
    view = canvas.view
    wedge = _wedge(view, 760)
    seen = [h for h in scene.town.buildings if h.shape.intersects(wedge)]
    seen.sort(key=lambda h: math.dist(h.shape.centroid.coords[0], view.eye[:2]))
    for house in seen:
        ring = list(house.shape.exterior.coords)
        if not house.shape.exterior.is_ccw:
            ring.reverse()
        for a, b in itertools.pairwise(ring):
            if (b[0] - a[0]) * (view.eye[1] - a[1]) - (b[1] - a[1]) * (view.eye[0] - a[0]) > 0:
                continue  # its back
            corners = [(*a, 0.0), (*b, 0.0), (*b, house.height_m), (*a, house.height_m)]
            canvas.face(corners, wall(a, b, house.height_m, house.style, house.number))
        canvas.face([(x, y, house.height_m) for x, y in ring[:-1]], plain((176, 170, 164), (0, 0, 1)))
    for a, b, height, tone in scene.fences:
        if LineString([a, b]).intersects(wedge):
            length = math.dist(a, b)
            normal = ((b[1] - a[1]) / length, (a[0] - b[0]) / length, 0)
            if np.dot(normal[:2], np.asarray(view.eye[:2]) - a) < 0:
                normal = (-normal[0], -normal[1], 0)
            canvas.face([(*a, 0), (*b, 0), (*b, height), (*a, height)], plain(tone, normal))


def _post(canvas: Canvas, x: float, y: float, width: float, bottom: float, top: float, tone: tuple[int, int, int]) -> None:
    right = canvas.view.axes[0] * width / 2
    foot = np.array([x, y, 0.0])
    low, high = foot + (0, 0, bottom), foot + (0, 0, top)
    canvas.face([low - right, low + right, high + right, high - right], plain(tone, (-0.5, -0.5, 0.4)))


def _beam(canvas: Canvas, a: Floats, b: Floats, thick: float, tone: tuple[int, int, int]) -> None:
    up = np.array([0, 0, thick / 2])
    canvas.face([a - up, b - up, b + up, a + up], plain(tone, (-0.4, -0.4, 0.5)))


def _furniture(canvas: Canvas, scene: Stage) -> None:
    view, eye = canvas.view, canvas.view.eye[:2]
    street_of = {s.name: s for s in scene.town.streets}
    for pole in scene.poles:
        gap = math.dist((pole.x, pole.y), eye)
        if not 4.0 < gap < 240:
            continue
        _post(canvas, pole.x, pole.y, 0.17, 0, 8.2, (128, 132, 136))
        line = LineString(street_of[pole.street].line)
        foot = line.interpolate(line.project(Point(pole.x, pole.y)))
        toward = np.array([foot.x - pole.x, foot.y - pole.y])
        toward = toward / max(0.1, float(np.linalg.norm(toward)))
        start = np.array([pole.x, pole.y, 8.0])
        end = start + (toward[0] * 1.9, toward[1] * 1.9, 0.35)
        _beam(canvas, start, end, 0.12, (128, 132, 136))
        _beam(canvas, end, end + (toward[0] * 0.8, toward[1] * 0.8, 0.02), 0.16, (232, 226, 206))
        if gap < 70:
            plate = lettering(pole.code, (255, 255, 255), (28, 84, 160), 56, 10)
            right = view.axes[0] * (1 / float(np.linalg.norm(view.axes[0])))
            width = 0.95
            height = width * plate.shape[0] / plate.shape[1]
            toward_eye = np.array([eye[0] - pole.x, eye[1] - pole.y, 0.0])
            corner = np.array([pole.x, pole.y, 2.3]) - right * width / 2 + toward_eye / float(np.linalg.norm(toward_eye)) * 0.2
            canvas.face(
                [corner, corner + right * width, corner + right * width + (0, 0, height), corner + (0, 0, height)],
                textured(plate, corner, right, width, height),
            )
    for mast in scene.masts:
        gap = math.dist((mast.x, mast.y), eye)
        if mast.network not in ("tianwang", "checkpoint") or not 3.0 < gap < 160:
            continue
        edge = scene.town.carriageway
        spot = Point(mast.x, mast.y)
        base = np.array([mast.x, mast.y])
        if edge.contains(spot):
            out = edge.exterior if not edge.interiors else edge.boundary
            near = out.interpolate(out.project(spot))
            step = np.array([near.x, near.y]) - base
            base = base + step * (1 + 0.6 / max(0.3, float(np.linalg.norm(step))))
        _post(canvas, base[0], base[1], 0.2, 0, mast.height_m + 0.2, (168, 172, 176))
        head = np.array([mast.x, mast.y, mast.height_m])
        _beam(canvas, np.array([*base, mast.height_m + 0.1]), head + (0, 0, 0.1), 0.14, (168, 172, 176))
        _post(canvas, mast.x, mast.y, 0.34, mast.height_m - 0.22, mast.height_m + 0.12, (236, 238, 240))
    _signals(canvas, scene)
    _kiosk(canvas, scene)


def _signals(canvas: Canvas, scene: Stage) -> None:
    """Traffic lights where big streets meet: along A green, across red (as moving.py lets cars go)."""
    big = {"primary", "secondary"}
    for spot, keys in scene.town.junctions:
        streets = [scene.town.street(k) for k in keys]
        if len(streets) < 2 or not all(s.highway in big for s in streets) or math.dist(spot, canvas.view.eye[:2]) > 160:
            continue
        for street, other in (streets, streets[::-1]):
            line = LineString(street.line)
            at = line.project(Point(spot))
            for sign in (-1, 1):
                stand = at + sign * (other.width_m / 2 + 1.4)
                if not 0 < stand < line.length:
                    continue
                here, ahead = line.interpolate(stand), line.interpolate(stand + 0.5)
                along = np.array([ahead.x - here.x, ahead.y - here.y]) * 2
                left = np.array([-along[1], along[0]])
                side = left * (1 if sign < 0 else -1)
                foot = np.array([here.x, here.y]) - side * (street.width_m / 2 + 0.9)
                if math.dist(foot, canvas.view.eye[:2]) < 11:
                    continue
                _post(canvas, foot[0], foot[1], 0.18, 0, 5.9, (120, 124, 128))
                tip = np.array([*(foot + side * 3.6), 5.7])
                _beam(canvas, np.array([*foot, 5.7]), tip, 0.14, (120, 124, 128))
                right = np.array([*left, 0.0])
                corner = tip - right * 0.75 + (0, 0, -0.28)
                canvas.face(
                    [corner, corner + right * 1.5, corner + right * 1.5 + (0, 0, 0.56), corner + (0, 0, 0.56)],
                    plain((38, 40, 42), (0, 0, 1)),
                )
                facing = np.dot(along * sign, canvas.view.eye[:2] - foot) < 0
                if facing:
                    green = street.key in "A" or (street.key in "DF" and "A" not in keys)
                    centre = corner + right * (1.2 if green else 0.3) + (0, 0, 0.28) - np.array([*(along * sign * 0.03), 0])
                    canvas.face(
                        [centre + right * math.cos(t) * 0.2 + (0, 0, math.sin(t) * 0.2) for t in np.linspace(0, 5.5, 8)],
                        (90, 255, 150) if green else (255, 70, 50),
                    )


def _kiosk(canvas: Canvas, scene: Stage) -> None:
    sign = lettering("警务亭", (255, 255, 255), (24, 66, 150), 48, 16)
    for x, y in ((5.5, 32.0), (-442.0, 13.0), (557.0, 15.0)):
        if math.dist((x, y), canvas.view.eye[:2]) > 150 or math.dist((x, y), canvas.view.eye[:2]) < 4:
            continue
        ring = [(x - 1.6, y - 1.2), (x + 1.6, y - 1.2), (x + 1.6, y + 1.2), (x - 1.6, y + 1.2)]
        for a, b in zip(ring, ring[1:] + ring[:1], strict=True):
            normal = (b[1] - a[1], a[0] - b[0], 0)
            if np.dot(normal[:2], canvas.view.eye[:2] - a) < 0:
                continue
            unit = np.array(normal) / np.linalg.norm(normal)
            canvas.face([(*a, 0), (*b, 0), (*b, 1.0), (*a, 1.0)], plain((40, 84, 160), unit))
            canvas.face([(*a, 1.0), (*b, 1.0), (*b, 2.1), (*a, 2.1)], plain((150, 170, 180), unit))
            right = np.array([b[0] - a[0], b[1] - a[1], 0.0])
            width = float(np.linalg.norm(right))
            canvas.face(
                [(*a, 2.1), (*b, 2.1), (*b, 2.75), (*a, 2.75)], textured(sign, np.array([*a, 2.1]), right / width, width, 0.65)
            )


def _trees(canvas: Canvas, scene: Stage) -> None:
    view = canvas.view

    def tint(rgb: Floats, z: Floats) -> Floats:
        return np.clip(hazed(rgb, z), 0, 255)

    near = [t for t in scene.town.trees if 5.0 < math.dist((t.x, t.y), view.eye[:2]) < 420]
    for tree in sorted(near, key=lambda t: -math.dist((t.x, t.y), view.eye[:2])):
        canvas.sprite(scene.trees[tree.look], (tree.x, tree.y, 0.0), tree.height_m * 0.8, tree.height_m, tint)


def still(view: Lens, scene: Stage, seed: int) -> Canvas:
    """Everything that does not move, seen through a lens."""
    canvas = Canvas(view)
    _sky(canvas, seed)
    _ground(canvas, scene)
    _walls(canvas, scene)
    _furniture(canvas, scene)
    _trees(canvas, scene)
    return canvas
