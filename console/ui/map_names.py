"""Names on the base map: street names along their streets, place names at their points, none over another.

Chinese names on steep streets run from top to bottom with upright characters; Latin ones turn with the street. The names of
a view are placed in order of importance and painted in small steps (`steps`), as the ground is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF
from PySide6.QtGui import QFontMetricsF, QPainterPath, QPen, QTransform

from console import words
from console.model.citymap import LABEL_KINDS, ROAD_KINDS
from console.model.geo import Array
from console.ui import theme
from console.ui.map_frame import View
from console.ui.map_ground import Ground
from console.ui.map_paint import Easel, Room, draw_text

# From which scale (px per metre) on a name is shown.
STREET_FROM = (0.02, 0.02, 0.03, 0.06, 0.12, 0.3, 0.6, 1.2)
PLACE_FROM = {
    "city": 0.0, "district": 0.01, "suburb": 0.03, "village": 0.03, "station": 0.12, "hospital": 0.25, "police": 0.25,
    "park": 0.2, "square": 0.2, "school": 0.3, "mall": 0.4, "fuel": 0.8, "other": 0.9,
}  # fmt: skip
APART_PX = 420.0  # between two writings of the same name


class Names:
    """Places and paints the names of one view. Made anew for every rendering."""

    def __init__(self, ground: Ground, view: View, obstacles: tuple[Array, Array] | None = None) -> None:
        """`obstacles`: points of the plane (cameras) that no name may cover."""
        self._ground, self._view = ground, view
        city_map = ground.city_map
        english = words.chosen() == "en"
        self._texts = [e or n for n, e in zip(city_map.names, city_map.names_en, strict=True)] if english else city_map.names
        self._room = Room(view.width, view.height)
        self._font = theme.font("text")
        self._metrics = QFontMetricsF(self._font)
        self._glyphs: dict[str, QPainterPath] = {}
        self._written: dict[int, list[tuple[float, float]]] = {}
        if obstacles is not None:
            xs, ys = view.px(*obstacles)
            for x, y in zip(xs.tolist(), ys.tolist(), strict=True):
                self._room.take(x - 11, y - 11, x + 11, y + 11)

    def steps(self, easel: Easel) -> Iterator[None]:
        """Paint all names that find room, yielding after every few."""
        yield from self._places(easel, first=True)
        yield from self._streets(easel)
        yield from self._places(easel, first=False)

    def _places(self, easel: Easel, first: bool) -> Iterator[None]:
        """Names of places: cities and districts before the streets, points of interest after them."""
        labels, view = self._ground.city_map.labels, self._view
        if not len(labels.lon):
            return
        xs, ys = self._ground.plane.xy(labels.lon, labels.lat)
        found = np.flatnonzero(view.seen(xs, ys, 60))
        from_scale = np.array([PLACE_FROM.get(kind, 0.9) for kind in LABEL_KINDS])
        found = found[from_scale[labels.kind[found]] <= view.scale]
        found = found[(labels.kind[found] <= LABEL_KINDS.index("village")) == first]
        for count, number in enumerate(found[np.argsort(labels.rank[found], kind="stable")][:400]):
            if count % 12 == 11:
                yield
            self._place(easel, view.point(xs[number], ys[number]), int(labels.name[number]), with_dot=not first)

    def _place(self, easel: Easel, at: QPointF, name: int, with_dot: bool) -> None:
        text = self._texts[name] if name >= 0 else ""
        if not text:
            return
        font = self._font if with_dot else theme.font("body", bold=True)
        metrics = self._metrics if with_dot else QFontMetricsF(font)
        width, height = metrics.horizontalAdvance(text), metrics.height() * 0.8
        left = at.x() + 7 if with_dot else at.x() - width / 2
        top = at.y() - height / 2
        if not self._room.is_free(left - 12, top - 2, left + width + 4, top + height + 2):
            return
        self._room.take(left - 12, top - 4, left + width + 8, top + height + 4)
        if with_dot:
            easel.painter.setPen(QPen(theme.color("map_halo"), 1.0))
            easel.painter.setBrush(theme.color("map_label"))
            easel.painter.drawEllipse(at, 2.6, 2.6)
        ink = theme.color("map_label")
        draw_text(easel.painter, left, top + height * 0.86, text, font, ink, theme.color("map_halo"))

    def _streets(self, easel: Easel) -> Iterator[None]:
        roads, view = self._ground.roads, self._view
        seen = roads.in_view(view, 2.0)
        seen = seen[roads.name[seen] >= 0]
        kinds = self._ground.road_kind[seen]
        for number in range(len(ROAD_KINDS)):
            if view.scale < STREET_FROM[number]:
                continue
            chosen = seen[kinds == number]
            for name in np.unique(roads.name[chosen]):
                text = self._texts[name]
                if text:
                    for line in self._joined(chosen[roads.name[chosen] == name]):
                        self._along(easel, line, text, int(name))
                        yield

    def _joined(self, ways: NDArray[np.int64]) -> list[Array]:
        """The pieces of one street joined end to end, longest first, as picture coordinates (n, 2)."""
        xs, ys, heads = self._ground.roads.vertices(ways, self._view)
        pieces = [piece for piece in np.split(np.column_stack((xs, ys)), heads[1:]) if len(piece) > 1]
        pieces.sort(key=lambda piece: -float(np.hypot(*np.diff(piece, axis=0).T).sum()))
        lines: list[Array] = []
        while pieces and len(lines) < 12:
            line = pieces.pop(0)
            grown = True
            while grown and len(line) < 4000:
                grown = False
                for number, piece in enumerate(pieces):
                    joined = _join(line, piece)
                    if joined is not None:
                        line, grown = joined, True
                        pieces.pop(number)
                        break
            lines.append(line)
        return lines

    def _along(self, easel: Easel, line: Array, text: str, name: int) -> None:
        """Write `text` along a line where it finds room, again after `APART_PX`."""
        steps = np.hypot(*np.diff(line, axis=0).T)
        along = np.concatenate(([0.0], np.cumsum(steps)))
        needed = self._metrics.horizontalAdvance(text) + 1.5 * len(text)
        if along[-1] < needed + 10:
            return
        tries = max(int((along[-1] - needed) / 60), 1)
        order = sorted(range(tries + 1), key=lambda number: abs(number - tries / 2))
        for number in order:
            start = (along[-1] - needed) * number / tries
            self._write(easel, line, along, start, needed, text, name)

    def _write(self, easel: Easel, line: Array, along: Array, start: float, needed: float, text: str, name: int) -> None:
        ends = [_at(line, along, start), _at(line, along, start + needed)]
        (x0, y0, _), (x1, y1, _) = ends
        middle = ((x0 + x1) / 2, (y0 + y1) / 2)
        if not (20 < middle[0] < self._view.width - 20 and 20 < middle[1] < self._view.height - 20):
            return
        if any(math.hypot(middle[0] - x, middle[1] - y) < APART_PX for x, y in self._written.get(name, ())):
            return
        if math.hypot(x1 - x0, y1 - y0) < needed * 0.93:  # too bent to be read
            return
        steep = abs(y1 - y0) > 1.3 * abs(x1 - x0) and all(ord(letter) > 0x2E80 for letter in text)
        if (y1 < y0) if steep else (x1 < x0):
            line, along = line[::-1], along[-1] - along[::-1]
            start = along[-1] - start - needed
        spots, offset = [], start
        for letter in text:
            width = self._metrics.horizontalAdvance(letter) + 1.5
            x, y, turn = _at(line, along, offset + width / 2)
            spots.append((letter, x, y, turn - 90 if steep else turn))
            offset += width
        half = 9.0
        if not all(self._room.is_free(x - half, y - half, x + half, y + half) for _, x, y, _ in spots):
            return
        for _, x, y, _ in spots:
            self._room.take(x - half - 3, y - half - 3, x + half + 3, y + half + 3)
        self._written.setdefault(name, []).append(middle)
        path = QPainterPath()
        for letter, x, y, turn in spots:
            path.addPath(QTransform().translate(x, y).rotate(turn).map(self._glyph(letter)))
        easel.painter.strokePath(path, QPen(theme.color("map_halo"), 3.0))
        easel.painter.fillPath(path, theme.color("map_label"))

    def _glyph(self, letter: str) -> QPainterPath:
        """The outline of one letter, centred on its advance and on the height of capitals."""
        found = self._glyphs.get(letter)
        if found is None:
            found = QPainterPath()
            middle = 5.2 if ord(letter) > 0x2E80 else self._metrics.capHeight() / 2
            found.addText(-self._metrics.horizontalAdvance(letter) / 2, middle, self._font, letter)
            self._glyphs[letter] = found
        return found


def _at(line: Array, along: Array, offset: float) -> tuple[float, float, float]:
    """Point and direction (degrees, clockwise from the right) of a line at `offset` px from its start."""
    piece = min(max(int(np.searchsorted(along, offset)) - 1, 0), len(line) - 2)
    (x0, y0), (x1, y1) = line[piece], line[piece + 1]
    length = along[piece + 1] - along[piece]
    part = (offset - along[piece]) / length if length else 0.0
    return float(x0 + (x1 - x0) * part), float(y0 + (y1 - y0) * part), math.degrees(math.atan2(y1 - y0, x1 - x0))


def _join(line: Array, piece: Array) -> Array | None:
    """`line` lengthened by `piece` when an end of both meets (within 1 px) and the street goes on, not back."""
    for first, second in ((line, piece), (line, piece[::-1]), (piece, line), (piece[::-1], line)):
        gap = first[-1] - second[0]
        if abs(gap[0]) + abs(gap[1]) < 1.0:
            before, after = first[-1] - first[-2], second[1] - second[0]
            if float(before @ after) > 0:
                return np.concatenate((first, second[1:]))
    return None
