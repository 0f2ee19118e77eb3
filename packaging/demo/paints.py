"""Colours of things: light, haze, noise, walls with windows, signs, tree pictures. Pure functions of place and seed."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont
from raster import Floats, Paint

HAZE = np.array([206, 206, 202], np.float32)
SUN = np.array([-0.62, -0.47, 0.63], np.float32)  # towards the sun: south-west, 39 degrees up
_FONT_FILES = ("/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc", "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")


def font(size_px: int) -> ImageFont.FreeTypeFont:
    """A CJK font of the machine (Debian: fonts-noto-cjk). Raises: OSError when none is there."""
    for file in _FONT_FILES:
        try:
            return ImageFont.truetype(file, size_px, index=2)
        except OSError:
            continue
    raise OSError("no CJK font: apt-get install fonts-noto-cjk")


def lettering(
    text: str, ink: tuple[int, int, int], ground: tuple[int, int, int], height_px: int = 48, pad: int = 10
) -> npt.NDArray[np.uint8]:
    """A sign as (h, w, 3) RGB."""
    face = font(int(height_px * 0.72))
    box = face.getbbox(text)
    picture = Image.new("RGB", (int(box[2] - box[0]) + 2 * pad, height_px), ground)
    ImageDraw.Draw(picture).text((pad - box[0], height_px / 2), text, fill=ink, font=face, anchor="lm")
    return np.asarray(picture)


def hazed(colour: Floats, z: Floats) -> Floats:
    """Colours seen through `z` metres of afternoon air."""
    part = (1 - np.exp(-np.maximum(z - 25, 0) / 620))[:, None]
    return colour * (1 - part) + HAZE * part


def noise_tile(seed: int, size: int = 512) -> Floats:
    """Tileable noise, 0..1, of several octaves."""
    rng = np.random.default_rng(seed)
    total = np.zeros((size, size), np.float32)
    for octave in range(5):
        n = 8 << octave
        grid = rng.random((n, n)).astype(np.float32)
        wide = cv2.resize(np.tile(grid, (3, 3)), (size * 3, size * 3), interpolation=cv2.INTER_CUBIC)[
            size : 2 * size, size : 2 * size
        ]
        total += wide * 0.55**octave
    low, high = np.percentile(total, (1, 99))
    return np.clip((total - low) / (high - low), 0, 1)


NOISE = noise_tile(5)


def noise(x: Floats, y: Floats, per_metre: float) -> Floats:
    """Noise 0..1 at world positions, `per_metre` pattern pixels a metre."""
    return NOISE[(y * per_metre).astype(np.int64) % 512, (x * per_metre).astype(np.int64) % 512]


def hashed(a: npt.ArrayLike, b: npt.ArrayLike, c: float) -> Floats:
    """A number 0..1 that looks random, the same for the same three numbers."""
    value = np.sin(np.asarray(a, np.float64) * 12.9898 + np.asarray(b, np.float64) * 78.233 + c * 37.719) * 43758.5453
    return (value - np.floor(value)).astype(np.float32)


def sunlight(normal: npt.ArrayLike) -> Floats:
    """The tint of a surface by its normal: warm in the sun, cool in the shade."""
    lit = max(0.0, float(np.asarray(normal) @ SUN))
    return np.array([0.66, 0.69, 0.75], np.float32) + lit * np.array([0.50, 0.44, 0.34], np.float32)


_WALLS = {
    "home": [(205, 190, 168), (196, 176, 156), (214, 204, 188), (186, 158, 136), (200, 198, 190), (178, 120, 98)],
    "office": [(150, 164, 174), (186, 192, 194), (168, 160, 150), (134, 150, 162)],
    "shop": [(208, 198, 180), (190, 168, 148), (216, 210, 198), (172, 150, 140), (196, 186, 176), (160, 138, 120)],
    "school": [(212, 186, 158), (206, 150, 118)],
    "mall": [(196, 192, 186)],
    "shed": [(190, 196, 198)],
    "site": [(150, 148, 144)],
}
_SIGNS = (
    "惠民超市",
    "老街面馆",
    "云汀药房",
    "五金日杂",
    "鲜果行",
    "理发店",
    "文具店",
    "早点铺",
    "茶叶店",
    "手机维修",
    "汀畔茶铺",
    "惠民花店",
    "干洗店",
    "烘焙坊",
    "水产干货",
    "照相馆",
    "便利店",
    "眼镜店",
    "土菜馆",
    "米线店",
)
_INKS = (
    ((255, 255, 255), (176, 38, 34)),
    ((255, 240, 170), (30, 92, 60)),
    ((255, 255, 255), (32, 84, 160)),
    ((160, 24, 20), (244, 232, 200)),
    ((255, 220, 90), (90, 40, 26)),
    ((255, 255, 255), (20, 110, 120)),
)
_sign_pictures: list[npt.NDArray[np.uint8]] = []


def _signs() -> list[npt.NDArray[np.uint8]]:
    if not _sign_pictures:
        for n, text in enumerate(_SIGNS):
            ink, ground = _INKS[n % len(_INKS)]
            plain = lettering(text, ink, ground, 40, 14)
            wide = np.full((48, 300, 3), ground, np.uint8)
            start = max(0, (300 - plain.shape[1]) // 2)
            wide[4:44, start : start + plain.shape[1]] = plain[:, : 300 - start]
            _sign_pictures.append(wide)
    return _sign_pictures


def wall(start: tuple[float, float], end: tuple[float, float], height_m: float, style: str, number: int) -> Paint:
    """The paint of one wall of a building: storeys, windows, balconies, shop fronts with signs, by its style."""
    sx, sy = start
    length = math.dist(start, end)
    ex, ey = (end[0] - sx) / length, (end[1] - sy) / length
    tint = sunlight((ey, -ex, 0.0))
    choice = _WALLS[style]
    base = np.array(choice[number % len(choice)], np.float32)
    shops = style in ("shop", "mall") or (style == "home" and number % 3 == 0)
    storey = {"office": 3.6, "mall": 5.0, "school": 3.5, "shed": 8.0}.get(style, 3.0)
    bay = {"office": 1.8, "mall": 4.0, "school": 3.0, "shed": 6.0}.get(style, 3.1)
    bays = max(1, round(length / bay))
    bay = length / bays
    signs = _signs()

    def paint(world: Floats, z: Floats) -> Floats:
        u = (world[:, 0] - sx) * ex + (world[:, 1] - sy) * ey
        v = world[:, 2]
        colour = np.tile(base, (len(u), 1))
        colour *= (0.94 + 0.10 * noise(u + number * 7, v, 9))[:, None]
        ground_m = 4.2 if shops else 0.9
        up = v - ground_m
        level, column = np.floor(up / storey), np.floor(u / bay)
        fv, fu = up - level * storey, (u - column * bay) / bay
        upper = (up > 0) & (v < height_m - 0.9)
        if style == "office":
            glass = upper & (fv > 0.7) & (fu > 0.06) & (fu < 0.94)
        elif style == "shed":
            glass = upper & (fv > 2.0) & (fv < 3.0)
            colour[((u * 2).astype(int) % 2 == 0)] *= 0.95
        elif style == "mall":
            glass = upper & (fv > 3.2) & (fv < 4.6)
            colour[upper & (fu < 0.03)] *= 0.8
        elif style == "site":
            glass = upper & (fv < 2.6)
        else:
            glass = upper & (fv > 0.95) & (fv < 2.45) & (fu > 0.2) & (fu < 0.8)
        if style == "home":
            balcony = upper & (hashed(column, 3, number % 97) > 0.5)
            colour[balcony & (fv < 0.95) & (fv > 0.05)] *= 0.86
            colour[balcony & (fv < 0.12)] *= 0.6
            glass |= balcony & (fv > 0.95) & (fv < 2.6) & (fu > 0.06) & (fu < 0.94)
        colour[upper & (fv < 0.10)] *= 0.88
        frame = glass & (np.abs(fu - 0.5) < 0.02) if style in ("home", "shop", "school") else np.zeros_like(glass)
        colour = colour * tint
        chance = hashed(level, column, number % 89)
        sky = 92 + 70 * np.clip(v / 50, 0, 1) + 46 * chance + 22 * (fv / storey)
        pane = np.stack([sky * 0.78, sky * 0.90, sky * 1.0], axis=1)
        if style == "site":
            pane = np.tile(np.array([58, 56, 54], np.float32), (len(u), 1))
        warm = (chance > (0.94 if style == "office" else 0.88)) & (style != "site")
        pane[warm] = np.array([246, 214, 150], np.float32) * (0.82 + 0.18 * hashed(column[warm], level[warm], 3)[:, None])
        fade = np.clip(1.35 - z / 320, 0.35, 1)[:, None]
        colour = np.where(glass[:, None], pane * fade + colour * (1 - fade), colour)
        colour[frame] = base * tint * 0.9
        cooler = (
            upper
            & (style in ("home", "shop"))
            & (hashed(column, level, number % 31) > 0.6)
            & (fu > 0.84)
            & (fv > 0.4)
            & (fv < 1.0)
        )
        colour[cooler] = np.array([226, 226, 222], np.float32) * tint * 0.92
        colour[(v > height_m - 0.35)] *= 0.9
        if shops:
            front = v < ground_m
            unit = np.floor(u / 5.2)
            fs = u - unit * 5.2
            which = (hashed(unit, 11, number % 83) * len(signs)).astype(int) % len(signs)
            open_front = front & (v < 2.95) & (fs > 0.25) & (fs < 4.95)
            lit = hashed(unit, 5, number % 71)
            inside = (
                np.stack([212 * lit + 34, 190 * lit + 34, 150 * lit + 34], axis=1)
                * (0.45 + 0.4 * hashed(np.floor(fs * 1.4), np.floor(v * 1.1), 9))[:, None]
            )
            shut = lit < 0.16
            inside[shut] = np.array([158, 162, 164], np.float32) * (0.85 + 0.15 * ((v[shut] * 6).astype(int) % 2))[:, None]
            colour[open_front] = inside[open_front]
            colour[front & (v < 2.95) & (fs > 2.5) & (fs < 2.6)] = (80, 78, 76)
            band = front & (v > 3.0) & (v < 4.05) & (fs > 0.1) & (fs < 5.1)
            for picture_number in np.unique(which[band]):
                here = band & (which == picture_number)
                rows = np.clip(((4.05 - v[here]) / 1.05 * 48).astype(int), 0, 47)
                columns = np.clip(((fs[here] - 0.1) / 5.0 * 300).astype(int), 0, 299)
                colour[here] = signs[picture_number][rows, columns] * (0.72 + 0.28 * tint)
        colour *= (0.80 + 0.20 * np.clip(v / 2.2, 0, 1))[:, None]  # grime and contact shade at the foot
        return hazed(colour, z)

    return paint


def plain(colour: tuple[float, float, float], normal: npt.ArrayLike) -> Paint:
    """One colour in its light and haze."""
    shade = np.array(colour, np.float32) * sunlight(normal)

    def paint(world: Floats, z: Floats) -> Floats:
        return hazed(np.tile(shade, (len(z), 1)), z)

    return paint


def textured(picture: npt.NDArray[np.uint8], origin: Floats, right: Floats, width_m: float, height_m: float) -> Paint:
    """A picture hung on a face: `origin` is its lower left corner, `right` a unit vector."""
    h, w = picture.shape[:2]

    def paint(world: Floats, z: Floats) -> Floats:
        u = ((world - origin) @ right) / width_m
        v = (world[:, 2] - origin[2]) / height_m
        return hazed(
            picture[np.clip(((1 - v) * h).astype(int), 0, h - 1), np.clip((u * w).astype(int), 0, w - 1)].astype(np.float32), z
        )

    return paint


def tree_pictures(seed: int) -> list[npt.NDArray[np.uint8]]:
    """Six trees as (400, 320, 4) RGBA: trunk, then leaves from dark below to sunlit above left."""
    rng = np.random.default_rng(seed)
    found = []
    for look in range(6):
        picture = np.zeros((400, 320, 4), np.uint8)
        cv2.line(picture, (160, 399), (158, 210), (84, 70, 58, 255), 11)
        for side in (-1, 1):
            cv2.line(picture, (160, 290), (160 + side * 52, 190), (84, 70, 58, 255), 6)
        hue = np.array(
            [(74, 96, 48), (88, 104, 50), (66, 88, 52), (104, 108, 50), (80, 100, 58), (132, 116, 52)][look], np.float32
        )
        spots = []
        for _ in range(20):
            angle, reach = rng.uniform(0, 2 * math.pi), math.sqrt(rng.random())
            spots.append(
                (
                    160 + 108 * reach * math.cos(angle),
                    150 + 112 * reach * math.sin(angle) * (0.95 if math.sin(angle) < 0 else 0.75),
                )
            )
        leaves = []
        for cx, cy in spots:
            for _ in range(120):
                angle, reach = rng.uniform(0, 2 * math.pi), 44 * math.sqrt(rng.random())
                leaves.append((cx + reach * math.cos(angle), cy + reach * math.sin(angle)))
        leaves.sort(key=lambda p: -(p[1] + p[0] * 0.25) + rng.uniform(-26, 26))
        for x, y in leaves:
            light = 0.62 + 0.85 * np.clip((250 - y) / 260, 0, 1) * np.clip((340 - x) / 300, 0.45, 1) + rng.uniform(-0.14, 0.14)
            colour = np.clip(hue * light * np.array([1.08, 1.04, 0.92]), 0, 255)
            cv2.ellipse(
                picture,
                (int(x), int(y)),
                (int(rng.integers(4, 8)), int(rng.integers(3, 6))),
                float(rng.uniform(0, 180)),
                0,
                360,
                (*colour.tolist(), 255),
                -1,
            )
        found.append(picture)
    return found
