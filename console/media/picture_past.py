"""Past: what a camera's picture usually looks like, by light, learnt slowly from good looks; about 12 KB a camera.

It holds an average of edges and a few medians: no picture can be made of it. Pure but for its bytes' format, which has a version.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from console.media.opencv import opencv

if TYPE_CHECKING:
    from console.media.picture_health import Glance

Floats = npt.NDArray[np.float32]

VERSION: Final = 1
EDGES_PX: Final = (96, 54)
"""Cells of the edge picture: width, height."""
LIGHTS: Final = ("day", "night")
KNOWN_AFTER: Final = 4
"""Good looks before a light counts as known."""
_SLOWEST = 1 / 40  # an average over about forty looks: parked lorries fade in within the hour
_VALUES_KEPT = 31
_MEDIANS = ("sharpness", "white", "lost", "fit")
_LOST_EDGE = 0.22
_AROUND_CELLS = 4.0


def lost_share(now: Floats, usual: Floats) -> float:
    """The share (0…1) of the places that usually have edges where nearly nothing of them is left now."""
    strong = usual > max(4.0, float(np.percentile(usual, 55)))
    if strong.mean() < 0.04:
        return 0.0
    return float((now[strong] < _LOST_EDGE * usual[strong]).mean())


def evened(edges: Floats) -> Floats:
    """Edges against those around them, their strength pressed together: what is alike in every street (busy ground, empty sky)
    counts for nothing, and one lamp post does not decide alone."""
    cv2 = opencv()
    pressed = np.sqrt(cv2.GaussianBlur(edges, (3, 3), 0))
    return np.asarray(pressed - cv2.GaussianBlur(pressed, (0, 0), _AROUND_CELLS), np.float32)


def alike(a: Floats, b: Floats) -> float:
    """Correlation of two pictures, -1…1."""
    one, other = a - a.mean(), b - b.mean()
    size = float(np.sqrt((one * one).sum() * (other * other).sum()))
    return float((one * other).sum()) / size if size > 1e-6 else 0.0


@dataclass(slots=True)
class _Light:
    looks: int = 0
    edges: Floats = field(default_factory=lambda: np.zeros(EDGES_PX[::-1], np.float32))
    sharpness: list[float] = field(default_factory=list)
    white: list[float] = field(default_factory=list)
    lost: list[float] = field(default_factory=list)
    fit: list[float] = field(default_factory=list)
    hue: Floats = field(default_factory=lambda: np.zeros(2, np.float32))


class Past:
    """One camera's past. `fingerprint` names what else shapes the picture (masks, a fisheye's view): another one begins anew."""

    def __init__(self, fingerprint: str = "") -> None:
        self.fingerprint = fingerprint
        self._lights = {light: _Light() for light in LIGHTS}

    def learn(self, look: Glance) -> None:
        """Take a good look in."""
        light = self._lights[look.light]
        is_known = light.looks >= KNOWN_AFTER
        lost = lost_share(look.edges, light.edges) if is_known else None
        fit = alike(evened(light.edges), evened(look.edges)) if is_known else None
        share = max(_SLOWEST, 1 / (light.looks + 1))
        light.edges += (look.edges - light.edges) * share
        light.hue += (np.array(look.hue, np.float32) - light.hue) * share
        light.looks = min(light.looks + 1, 1_000_000)
        for values, value in ((light.sharpness, look.sharpness), (light.white, look.white), (light.lost, lost), (light.fit, fit)):
            if value is not None:
                values.append(value)
                del values[:-_VALUES_KEPT]

    def looks(self, light: str) -> int:
        """Good looks taken in of that light."""
        return self._lights[light].looks

    def edges(self) -> Iterator[tuple[str, Floats]]:
        """Light and usual edges (54, 96) of each light that is known."""
        for name, light in self._lights.items():
            if light.looks >= KNOWN_AFTER:
                yield name, light.edges

    def usual(self, what: str, light: str) -> float | None:
        """The median of `sharpness`, `white`, `lost` or `fit` in that light; None while it is not known."""
        values: list[float] = getattr(self._lights[light], what)
        return float(np.median(values)) if len(values) >= KNOWN_AFTER else None

    def usual_hue(self, light: str) -> tuple[float, float] | None:
        """Where colours usually lean to (Lab a, b); None while it is not known."""
        found = self._lights[light]
        return (float(found.hue[0]), float(found.hue[1])) if found.looks >= KNOWN_AFTER else None

    def to_bytes(self) -> bytes:
        """For the disk."""
        parts: dict[str, npt.NDArray[np.generic]] = {"fingerprint": np.array(self.fingerprint), "version": np.array(VERSION)}
        for name, light in self._lights.items():
            parts |= {
                f"{name}_looks": np.array(light.looks), f"{name}_edges": np.clip(light.edges * 2, 0, 65535).astype(np.uint16),
                f"{name}_hue": light.hue, **{f"{name}_{what}": np.array(getattr(light, what), np.float32) for what in _MEDIANS},
            }  # fmt: skip
        file = io.BytesIO()
        np.savez_compressed(file, allow_pickle=False, **parts)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Past:
        """Back from the disk. Raises ValueError for anything that is no past of this version."""
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as parts:
                if int(parts["version"]) != VERSION:
                    raise ValueError(f"version {int(parts['version'])}")
                past = cls(str(parts["fingerprint"]))
                for name, light in past._lights.items():
                    edges = parts[f"{name}_edges"].astype(np.float32) / 2
                    if edges.shape != EDGES_PX[::-1]:
                        raise ValueError("edges of another size")
                    light.looks, light.edges = int(parts[f"{name}_looks"]), edges
                    for what in _MEDIANS:
                        setattr(light, what, [float(value) for value in parts[f"{name}_{what}"][-_VALUES_KEPT:]])
                    light.hue = parts[f"{name}_hue"].astype(np.float32).reshape(2)
        except (OSError, KeyError, TypeError, EOFError, OverflowError, zipfile.BadZipFile, zlib.error) as cause:
            raise ValueError(f"no picture past: {cause}") from cause
        return past
