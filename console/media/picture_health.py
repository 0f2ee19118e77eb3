"""Picture health: what is wrong with a camera's picture, seen on a thumbnail and against the camera's own past.

Black, overexposed, covered, frozen, colour cast, blurred, moved. In: a few BGRA pictures of one camera taken within two seconds.
Out: the words of `model.picture_condition` and the figures they rest on. No clock, no disk, no process; OpenCV on this thread.
Edges are taken of the logarithm of brightness, so that day, dusk and lamp light show the same edges; coloured and grey
(infra-red) pictures have a past each. Detection and false-alarm rates: tests/bench/RESULTS.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from console.media.masks import hidden_at
from console.media.opencv import opencv
from console.media.picture_past import EDGES_PX, Past, alike, evened, lost_share
from console.model.picture_condition import Condition
from console.model.view import Masks

Grey = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

THUMBNAIL_PX: Final = (256, 144)
"""Width and height every picture is brought to. A tile smaller than this is not judged for sharpness."""

_DARK_MEAN, _DARK_HIGH = 20.0, 40.0
_WHITE_LEVEL, _WHITE_SHARE = 249, 0.55
_FLAT_STD, _FLAT_SPAN = 7.0, 26.0
_LOST_SHARE, _LOST_SHARE_NEW_LIGHT, _LEFT_SHARE = 0.46, 0.93, 0.6
_SHARP_SHARE = 0.58
_CAST_CHROMA, _CAST_SAME_HUE, _CAST_CHROMA_ALONE, _CAST_SAME_HUE_ALONE = 18.0, 0.5, 26.0, 0.85
_GREY_CHROMA = 4.0
_MOVED_SHIFT, _MOVED_GAIN, _MOVED_LOST_FIT, _FIT_TO_JUDGE = 0.03, 0.22, 0.35, 0.3
_STILL_LEVEL, _STILL_SHARE = 0.7, 0.998
_BLOCK_PX = 8


@dataclass(frozen=True, slots=True)
class Glance:
    """What one picture gives. `grey` (144, 256) uint8; `edges` (54, 96) float32, 0 where masked; `light`: "day" or "night"."""

    grey: Grey
    edges: Floats
    light: str
    mean: float
    high: float
    std: float
    span: float
    white: float
    sharpness: float | None
    chroma: float
    same_hue: float
    hue: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Seen:
    """The verdict on one look: every condition that holds, and the figures behind it (for logs and the bench)."""

    conditions: tuple[Condition, ...]
    glance: Glance
    figures: Mapping[str, float]


def glance(picture: npt.NDArray[np.uint8], masks: Masks = ()) -> Glance:
    """Measure one picture: (h, w, 4) uint8 BGRA of any size."""
    cv2 = opencv()
    width, height = THUMBNAIL_PX
    small = cv2.resize(picture[..., :3], THUMBNAIL_PX, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    seen = _seen_share(width, height, masks)
    visible = grey[seen] if masks else grey.reshape(-1)
    low, high = np.percentile(visible, (4, 96)) if len(visible) else (0.0, 0.0)
    chroma, same_hue, hue = _colour(small, seen)
    sharpness = _sharpness(grey, seen) if picture.shape[1] >= width and picture.shape[0] >= height * 0.75 else None
    return Glance(
        grey, _edges(grey, seen), "night" if chroma < _GREY_CHROMA and _saturation(small) < 10 else "day",
        float(visible.mean()) if len(visible) else 0.0, float(high), float(visible.std()) if len(visible) else 0.0,
        float(high - low), float((visible >= _WHITE_LEVEL).mean()) if len(visible) else 0.0, sharpness, chroma, same_hue, hue,
    )  # fmt: skip


def _seen_share(width: int, height: int, masks: Masks) -> npt.NDArray[np.bool_]:
    """Which thumbnail pixels are not masked, nor beside a mask."""
    if not masks:
        return np.ones((height, width), np.bool_)
    cv2 = opencv()
    return np.asarray(cv2.dilate(hidden_at(width, height, masks), np.ones((5, 5), np.uint8)) == 0)


def _edges(grey: Grey, seen: npt.NDArray[np.bool_]) -> Floats:
    """Strength of edges of the logarithm of brightness, by 96×54 cells: a lamp half as bright moves no edge."""
    cv2 = opencv()
    smooth = cv2.GaussianBlur(grey, (3, 3), 0)
    logarithm = np.log(smooth.astype(np.float32) + 12.0) * 40.0
    strength = cv2.magnitude(cv2.Sobel(logarithm, cv2.CV_32F, 1, 0), cv2.Sobel(logarithm, cv2.CV_32F, 0, 1))
    strength[~seen] = 0.0
    return np.asarray(cv2.resize(strength, EDGES_PX, interpolation=cv2.INTER_AREA), np.float32)


def _sharpness(grey: Grey, seen: npt.NDArray[np.bool_]) -> float:
    """Energy of the finest details over that of details four times as large: falls with blur, not with light or contrast."""
    cv2 = opencv()
    levels = [grey.astype(np.float32)]
    for _ in range(3):
        levels.append(cv2.pyrDown(levels[-1]))

    def energy(index: int) -> float:
        fine = levels[index] - cv2.pyrUp(levels[index + 1], dstsize=levels[index].shape[::-1])
        weight = cv2.resize(seen.astype(np.float32), fine.shape[::-1], interpolation=cv2.INTER_AREA)
        return float((np.abs(fine) * weight).sum() / max(1.0, weight.sum()))

    return energy(0) / (energy(2) + 0.4)


def _colour(small: npt.NDArray[np.uint8], seen: npt.NDArray[np.bool_]) -> tuple[float, float, tuple[float, float]]:
    """Mean colourfulness (Lab a, b), the share of pixels that lean the same way, and where they lean to."""
    cv2 = opencv()
    lab = cv2.cvtColor(small, cv2.COLOR_BGR2LAB)[..., 1:].astype(np.float32)[seen] - 128.0
    if not len(lab):
        return 0.0, 0.0, (0.0, 0.0)
    middle = lab.mean(axis=0)
    chroma = float(np.hypot(*middle))
    if chroma < 1.0:
        return chroma, 0.0, (0.0, 0.0)
    along = lab @ (middle / chroma)
    across = np.abs(lab @ (np.array((-middle[1], middle[0])) / chroma))
    return chroma, float(((along > 4) & (across < along)).mean()), (float(middle[0]), float(middle[1]))


def _saturation(small: npt.NDArray[np.uint8]) -> float:
    high, low = small.max(axis=2).astype(np.int16), small.min(axis=2).astype(np.int16)
    return float((high - low).mean())


def judge(glances: Sequence[Glance], past: Past | None, former: Grey | None = None, may_move: bool = False) -> Seen:
    """The conditions of one look. `glances`: its pictures, oldest first; `past`: what this camera usually looks like (None: not
    kept); `former`: the grey thumbnail of the look before; `may_move`: a camera that turns by itself is never "moved"."""
    now = glances[-1]
    figures: dict[str, float] = {"mean": now.mean, "std": now.std, "white": now.white, "chroma": now.chroma}
    found: list[Condition] = []
    if now.mean < _DARK_MEAN and now.high < _DARK_HIGH:
        found.append("black")
    elif _is_overexposed(now, past):
        found.append("overexposed")
    elif _is_covered(now, past, figures):
        found.append("covered")
    if _is_frozen(glances, former, figures) and "black" not in found and "covered" not in found:
        found.append("frozen")
    if not found or found == ["frozen"]:
        if _has_cast(now, past, figures):
            found.append("colour_cast")
        if _is_blurred(now, past, figures):
            found.append("blurred")
        elif not may_move and _has_moved(now, past, figures):
            found.append("moved")
    return Seen(tuple(found), now, figures)


def _is_overexposed(now: Glance, past: Past | None) -> bool:
    usual = past.usual("white", now.light) if past is not None else None
    return now.white > max(_WHITE_SHARE, (usual or 0.0) + 0.3) or (now.mean > 232 and now.std < 22)


def _is_covered(now: Glance, past: Past | None, figures: dict[str, float]) -> bool:
    """Uniform, or most places that had edges have none. A light never seen before must lose nearly all of them."""
    if now.std < _FLAT_STD and now.span < _FLAT_SPAN:
        return True
    pasts = list(past.edges()) if past is not None else []
    if not pasts:
        return False
    share, left, _ = min(
        (lost_share(now.edges, edges), float(now.edges.mean() / max(1e-6, edges.mean())), light) for light, edges in pasts
    )
    figures |= {"lost": share, "left": left}
    if left > _LEFT_SHARE:
        return False  # there are edges, only elsewhere: turned away, not covered
    if not any(light == now.light for light, _ in pasts):
        return share > _LOST_SHARE_NEW_LIGHT
    usual = past.usual("lost", now.light) if past is not None else None
    return share > min(_LOST_SHARE_NEW_LIGHT, _LOST_SHARE + (usual or 0.0) / 2)


def _is_frozen(glances: Sequence[Glance], former: Grey | None, figures: dict[str, float]) -> bool:
    """The same picture over seconds and since the last look. A clock written into it that goes on proves that it is alive."""
    if former is None or len(glances) < 2:
        return False
    still = [_still_share(one.grey, glances[-1].grey) for one in glances[:-1]] + [_still_share(former, glances[-1].grey)]
    figures["still"] = min(still)
    return min(still) >= _STILL_SHARE


def _still_share(before: Grey, now: Grey) -> float:
    """The share of 8×8 blocks that differ by less than an encoder makes of one picture encoded again and again."""
    difference = np.abs(before.astype(np.int16) - now)
    height, width = (side // _BLOCK_PX * _BLOCK_PX for side in difference.shape)
    blocks = difference[:height, :width].reshape(height // _BLOCK_PX, _BLOCK_PX, width // _BLOCK_PX, _BLOCK_PX)
    return float((blocks.mean(axis=(1, 3)) < _STILL_LEVEL).mean())


def _has_cast(now: Glance, past: Past | None, figures: dict[str, float]) -> bool:
    """All colours lean one way, and more than they usually do."""
    figures["same_hue"] = now.same_hue
    usual = past.usual_hue(now.light) if past is not None else None
    if usual is None:
        return now.chroma > _CAST_CHROMA_ALONE and now.same_hue > _CAST_SAME_HUE_ALONE
    figures["cast"] = float(np.hypot(now.hue[0] - usual[0], now.hue[1] - usual[1]))
    return figures["cast"] > _CAST_CHROMA and now.same_hue > _CAST_SAME_HUE


def _is_blurred(now: Glance, past: Past | None, figures: dict[str, float]) -> bool:
    usual = past.usual("sharpness", now.light) if past is not None else None
    if usual is None or now.sharpness is None:
        return False
    figures["sharp"] = now.sharpness / usual
    return now.sharpness < _SHARP_SHARE * usual


def _has_moved(now: Glance, past: Past | None, figures: dict[str, float]) -> bool:
    """The usual edges stand somewhere else, or (in a light that is known) nowhere while there are others."""
    if past is None:
        return False
    fits = []
    for light, usual in past.edges():
        here, elsewhere, shift = _fit(usual, now.edges)
        fits.append((here, elsewhere, shift, light == now.light, float(now.edges.mean() / max(1e-6, usual.mean()))))
    if not fits:
        return False
    here, elsewhere, shift, is_known_light, amount = max(fits)
    figures |= {"here": here, "elsewhere": elsewhere, "shift": shift}
    known = past.usual("fit", now.light) or 0.0
    if shift > _MOVED_SHIFT and elsewhere > max(0.4, 0.6 * known, here + _MOVED_GAIN):
        return True
    return is_known_light and known > _FIT_TO_JUDGE and here < _MOVED_LOST_FIT * known and amount > 0.4


def _fit(usual: Floats, now: Floats) -> tuple[float, float, float]:
    """How well the edges fit where they are, how well after the best shift, and that shift in parts of the width."""
    cv2 = opencv()
    before, after = evened(usual), evened(now)
    (dx, dy), _ = cv2.phaseCorrelate(before, after, cv2.createHanningWindow(EDGES_PX, cv2.CV_32F))
    here = alike(before, after)
    right, down = round(dx), round(dy)
    width, height = EDGES_PX
    if abs(right) > width * 0.6 or abs(down) > height * 0.6:
        return here, here, 0.0
    a = before[max(0, -down) : height - max(0, down), max(0, -right) : width - max(0, right)]
    b = after[max(0, down) : height - max(0, -down), max(0, right) : width - max(0, -right)]
    return here, alike(a, b), float(np.hypot(right, down)) / width
