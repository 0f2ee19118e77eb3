"""Render each camera's ten-second loop from the town itself and encode it: H.264, no B-frames, a key frame every two seconds."""

from __future__ import annotations

import fractions
import math
import multiprocessing
import os
import zlib
from functools import lru_cache
from pathlib import Path

import av
import cv2
import figures
import furnish
import moving
import numpy as np
import numpy.typing as npt
from paints import font
from PIL import Image, ImageDraw
from raster import lens
from scenery import Stage, bare_ground, stage, still
from town import SEED, Town

FPS, LOOP_S, SUPER = 12.5, moving.PERIOD_S, 2
FRAMES = round(FPS * LOOP_S)
_DAY, _FIRST_SECOND = "2026-11-22", 17 * 3600 + 32 * 60 + 30


def size_px(eye: furnish.Eye) -> tuple[int, int]:
    """Household and vehicle cameras are wide and small, the others D1."""
    return (640, 360) if eye.network in ("huiyan", "vehicle") else (704, 576)


def pitch_deg(eye: furnish.Eye) -> float:
    """How far the camera looks down so that its aim lies a little below the middle of the picture."""
    return min(26.0, math.degrees(math.atan2(eye.height_m - 1.2, eye.aim_m)) * 0.92 + 0.5)


def caption(image: npt.NDArray[np.uint8], eye: furnish.Eye, frame: int) -> None:
    """Burn in clock (lower left) and name (lower right)."""
    second = _FIRST_SECOND + int(frame / FPS)
    clock = f"{_DAY} {second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
    for text, left in ((clock, True), (eye.name, False)):
        ink = _ink(text)
        h, w = ink.shape
        x = 10 if left else image.shape[1] - w - 10
        area = image[image.shape[0] - h - 8 : image.shape[0] - 8, x : x + w]
        edge = cv2.dilate(ink, np.ones((3, 3), np.uint8)).astype(np.float32)[..., None] / 255
        face = ink.astype(np.float32)[..., None] / 255
        area[:] = (area * (1 - edge * 0.75) * (1 - face) + 246 * face).astype(np.uint8)


@lru_cache(maxsize=64)
def _ink(text: str) -> npt.NDArray[np.uint8]:
    face = font(20)
    box = face.getbbox(text)
    picture = Image.new("L", (int(box[2]) + 6, 28), 0)
    ImageDraw.Draw(picture).text((3, 14), text, fill=255, font=face, anchor="lm")
    return np.asarray(picture)


class Studio:
    """All that is shared by the cameras of one worker process."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.eyes = {eye.id: eye for eye in furnish.cameras(town)}
        self.stage: Stage = stage(town, furnish.poles(town), list(self.eyes.values()))
        self.cars = moving.cars(town, SEED)
        self.persons = moving.persons(town, SEED)

    def frames(self, eye: furnish.Eye, numbers: range) -> list[npt.NDArray[np.uint8]]:
        """Pictures (h, w, 3) uint8 RGB of the loop."""
        width, height = size_px(eye)
        view = lens(eye.x, eye.y, eye.height_m, eye.view_deg, pitch_deg(eye), eye.fov_deg, width * SUPER, height * SUPER)
        background = still(view, self.stage, zlib.crc32(eye.id.encode()))
        cars, persons = moving.near(self.cars, self.persons, eye)
        for car in cars:
            if car.speed_mps == 0:
                figures.draw_standing(background, car)
        gain, lift = _tone(eye)
        backdrop = cv2.resize(background.colour, (width, height), interpolation=cv2.INTER_AREA)
        backdrop = np.clip(backdrop * gain + lift, 0, 255).astype(np.uint8)
        inverse = background.inverse.reshape(height, SUPER, width, SUPER).max(axis=(1, 3))
        sheet = figures.Sheet(
            lens(eye.x, eye.y, eye.height_m, eye.view_deg, pitch_deg(eye), eye.fov_deg, width, height),
            inverse,
            bare_ground(background)[::SUPER, ::SUPER],
        )
        found = []
        for number in numbers:
            t_s = number / FPS
            image = backdrop.copy()
            things = [
                (spot, figures.car_faces(sheet.view, car, *spot))
                for car in cars
                if car.speed_mps
                for spot in car.spots(t_s, (eye.x, eye.y), 220.0)
            ]
            things += [(person.at(t_s), figures.person_faces(sheet.view, person, t_s)) for person in persons]
            for _, (shadows, faces) in sorted(things, key=lambda thing: -math.dist(thing[0][:2], (eye.x, eye.y))):
                sheet.draw(image, shadows, faces)
            caption(image, eye, number)
            found.append(image)
        return found


def _tone(eye: furnish.Eye) -> tuple[npt.NDArray[np.float32], float]:
    """Each make of camera has its own white balance and contrast."""
    lot = zlib.crc32(eye.id.encode()) % 997 / 997
    gain = np.array([1.04 - 0.06 * lot, 1.03, 0.98 + 0.07 * lot], np.float32) * (1.02 + 0.06 * ((lot * 7) % 1))
    return gain, 4.0 * (lot - 0.5)


def write_clip(file: Path, pictures: list[npt.NDArray[np.uint8]], rate: float) -> None:
    """Encode a seamless loop."""
    height, width = pictures[0].shape[:2]
    part = file.with_suffix(".part.mp4")
    with av.open(str(part), "w", format="mp4", options={"movflags": "+faststart"}) as out:
        stream = out.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = stream.time_base = fractions.Fraction(2, 25)
        stream.codec_context.framerate = fractions.Fraction(25, 2)
        stream.codec_context.thread_count = 1
        stream.options = {
            "preset": "fast",
            "crf": f"{rate:.1f}",
            "bf": "0",
            "g": "25",
            "keyint_min": "25",
            "sc_threshold": "0",
            "x264-params": "aq-mode=2:threads=1",
        }
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = number
            frame.time_base = stream.codec_context.time_base
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    os.replace(part, file)


_studio: Studio | None = None


def _start(town: Town) -> None:
    global _studio
    cv2.setNumThreads(1)
    _studio = Studio(town)


def _one(job: tuple[str, Path, bool]) -> tuple[str, int]:
    ident, folder, only_still = job
    assert _studio is not None
    eye = _studio.eyes[ident]
    if only_still:
        picture = _studio.frames(eye, range(20, 21))[0]
        cv2.imwrite(str(folder / f"{ident}.png"), picture[..., ::-1])
        return ident, 0
    file = folder / f"{ident}.mp4"
    pictures = _studio.frames(eye, range(FRAMES))
    limit = 230_000 if math.dist((eye.x, eye.y), furnish.SCENE) < 70 else 120_000
    rate = 31.0
    for _ in range(4):
        write_clip(file, pictures, rate)
        over = file.stat().st_size / limit
        if over <= 1:
            break
        rate += 6.5 * math.log2(over) + 0.4
    return ident, file.stat().st_size


def render_all(town: Town, folder: Path, only: list[str], workers: int, only_still: bool = False) -> None:
    """Render every camera (or those named) into `folder`, `workers` processes at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [(eye.id, folder, only_still) for eye in furnish.cameras(town) if not only or eye.id in only]
    total = 0
    with multiprocessing.get_context("spawn").Pool(workers, _start, (town,)) as pool:
        for number, (ident, size) in enumerate(pool.imap_unordered(_one, jobs), 1):
            total += size
            print(f"{number}/{len(jobs)} {ident} {size / 1000:.0f} kB, {total / 1e6:.2f} MB", flush=True)
