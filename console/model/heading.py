"""Reads the heading a roster wrote for a camera: degrees, points of the compass, Chinese directions, ranges, several at once.

Never a guess: what cannot be read is unknown and flagged, and nothing is ever taken as all round unless it says 0-360.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_POINTS = ("N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW")
_COMPASS = {point: index * 22.5 for index, point in enumerate(_POINTS)}
_WORDS = {"NORTH": "N", "SOUTH": "S", "EAST": "E", "WEST": "W"}
_CHINESE = {
    "北": 0.0, "东北": 45.0, "北东": 45.0, "东": 90.0, "东南": 135.0, "南东": 135.0, "南": 180.0, "西南": 225.0, "南西": 225.0,
    "西": 270.0, "西北": 315.0, "北西": 315.0,
    "北偏东": 22.5, "东偏北": 67.5, "东偏南": 112.5, "南偏东": 157.5,
    "南偏西": 202.5, "西偏南": 247.5, "西偏北": 292.5, "北偏西": 337.5,
}  # fmt: skip
_GB28181 = (90.0, 270.0, 180.0, 0.0, 135.0, 45.0, 225.0, 315.0)
"""DirectionType 1–8: east, west, south, north, south-east, north-east, south-west, north-west.
Source: GB/T 28181-2016, annex A.2.4 (catalogue item, `DirectionType`)."""

_FROM_TO = re.compile(r"[由自从]?([东西南北]{1,2})(?:往|向|朝|至|到|->|→)([东西南北]{1,2})(?:方向|侧|拍摄|照射|看)?$")
_TOWARDS = re.compile(r"(?:面|正|朝|向|往|对着|朝着|面向|面朝|朝向)*([东西南北](?:偏?[东西南北])?)(?:方向|方|侧|向|面)?$")
_BOTH_WAYS = re.compile(r"(东西|南北|西东|北南)(?:双向|两向|两侧|对向)$")
_DEGREES = re.compile(r"([+-]?\d+(?:\.\d+)?)(?:°|º|度|DEG|DEGREES)?$")
_RANGE = re.compile(r"(\d+(?:\.\d+)?)[°º度]?(?:-|–|—|~|～|至|到|TO)(\d+(?:\.\d+)?)[°º度]?$")
_CODE = re.compile(r"(?:DIRECTION(?:TYPE)?|GB|方位|方向)[:=]?([1-8])$")
_BETWEEN = re.compile(r"\s*[;,、|/和与&]\s*|\s+")


@dataclass(frozen=True, slots=True)
class Heading:
    """What was read: every direction, the span in degrees where a range said one, and what could not be read ("" = all)."""

    headings_deg: tuple[float, ...] = ()
    span_deg: float | None = None
    unread: str = ""


def _one(part: str) -> tuple[tuple[float, ...], float | None] | None:
    """One direction's headings and span, None where it cannot be read."""
    if found := _DEGREES.match(part):
        degrees = float(found[1])
        return ((degrees % 360.0,), None) if -360.0 <= degrees <= 360.0 else None
    if found := _RANGE.match(part):
        start, end = float(found[1]), float(found[2])
        if start > 360 or end > 360:
            return None
        span = 360.0 if abs(end - start) == 360 else (end - start) % 360.0
        return ((start + span / 2) % 360.0,), span
    if found := _CODE.match(part):
        return (_GB28181[int(found[1]) - 1],), None
    point = _WORDS.get(part, part)
    for word, letter in _WORDS.items():
        point = re.sub(rf"{word}(BOUND|ERN)?-?", letter, point)
    if point in _COMPASS:
        return (_COMPASS[point],), None
    if found := _BOTH_WAYS.match(part):
        return tuple(_CHINESE[letter] for letter in found[1]), None
    if (found := _FROM_TO.match(part)) and found[2] in _CHINESE:
        return (_CHINESE[found[2]],), None
    if (found := _TOWARDS.match(part)) and found[1] in _CHINESE:
        return (_CHINESE[found[1]],), None
    return None


@lru_cache(maxsize=4096)
def parse_heading(text: str) -> Heading:
    """Read a heading as a roster wrote it. 0 = north, clockwise; "东向西" looks west; "90-180" is a span seen from its middle.

    One part that cannot be read makes the whole unknown: half a heading would hide the other half.
    """
    clean = unicodedata.normalize("NFKC", text).strip().upper()
    if not clean:
        return Heading()
    whole = _one(re.sub(r"\s+", "", clean))
    if whole is not None:
        return Heading(*whole)
    headings: list[float] = []
    span: float | None = None
    for part in _BETWEEN.split(clean.strip(";, ")):
        read = _one(part)
        if read is None:
            return Heading(unread=text.strip())
        headings += [one for one in read[0] if one not in headings]
        span = max(span or 0.0, read[1]) if read[1] is not None else span
    return Heading(tuple(headings), span)
