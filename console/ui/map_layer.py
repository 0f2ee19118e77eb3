"""The base map as cached pictures: painted in slices between frames, larger than the window, one per zoom.

`draw` shows the best picture there is at once (shifted when panned, magnified when zoomed) and has the right one painted off the
pan path in slices of a few milliseconds. GUI thread only; emits `rendered()` when a new picture stands (`stamp` has grown).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from PySide6.QtCore import QObject, QPointF, QRectF, QTimer, Signal, Slot
from PySide6.QtGui import QPainter, QPixmap

from console import words
from console.model.geo import Array
from console.ui import theme
from console.ui.map_frame import View
from console.ui.map_ground import Ground
from console.ui.map_names import Names
from console.ui.map_paint import Easel

SLICE_S = 0.006
MARGIN = 0.25  # of the window's size on every side: pans within it only shift the picture
KEPT = 4
RESTART_MS = 60  # zooming fast must not start a rendering at every notch


@dataclass(slots=True)
class Picture:
    """A painted piece of the base map. `look`: theme, language and pixel ratio it was painted for."""

    view: View
    look: tuple[int, str, float]
    pixmap: QPixmap


def _no_obstacles(_view: View) -> None:
    return None


class GroundLayer(QObject):
    """Owns the pictures of one base map."""

    rendered = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._ground: Ground | None = None
        self._pictures: list[Picture] = []
        self._job: tuple[Picture, Easel, Iterator[None]] | None = None
        self._wanted: tuple[View, float] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._work)
        self._obstacles: Callable[[View], tuple[Array, Array] | None] = _no_obstacles
        self.slices_s: list[float] = []
        self.stamp = 0

    def set_ground(self, ground: Ground | None) -> None:
        """Show another base map, or none (grey ground)."""
        self.stop()
        self._ground = ground
        self._pictures.clear()
        self.stamp += 1

    def set_obstacles(self, obstacles: Callable[[View], tuple[Array, Array] | None]) -> None:
        """Keep names off what `obstacles` gives for a view (plane points, None where too many); pictures are painted anew."""
        self.stop()
        self._obstacles = obstacles
        self._pictures.clear()
        self.stamp += 1

    def stop(self) -> None:
        """End the rendering under way."""
        self._timer.stop()
        self._job = None

    def is_busy(self) -> bool:
        """Whether a picture is still being painted."""
        return self._job is not None or self._timer.isActive()

    def draw(self, painter: QPainter, view: View, ratio: float) -> None:
        """Paint the base map as `view` shows it with what there is, and see to it that the right picture comes."""
        painter.fillRect(QRectF(0, 0, view.width, view.height), theme.color("map_ground"))
        if self._ground is None:
            return
        look = (theme.generation(), words.chosen(), ratio)
        usable = [picture for picture in self._pictures if picture.look == look]
        exact = [picture for picture in usable if picture.view.scale == view.scale]
        best = next((picture for picture in exact if picture.view.covers(view)), None)
        if best is None:
            self._want(view, ratio)
            # Coarse ones below, the nearest in scale on top: no hole while zooming out.
            below = sorted(usable, key=lambda picture: -abs(picture.view.scale - view.scale))
            for picture in below[-3:]:
                self._show(painter, view, picture)
        else:
            self._pictures.remove(best)
            self._pictures.append(best)
            self._show(painter, view, best)

    def _show(self, painter: QPainter, view: View, picture: Picture) -> None:
        grown = view.scale / picture.view.scale
        corner = view.point(*picture.view.at(0, 0))
        if grown == 1.0:
            ratio = picture.look[2]
            painter.drawPixmap(QPointF(round(corner.x() * ratio) / ratio, round(corner.y() * ratio) / ratio), picture.pixmap)
        else:
            target = QRectF(corner.x(), corner.y(), picture.view.width * grown, picture.view.height * grown)
            painter.drawPixmap(target, picture.pixmap, QRectF(picture.pixmap.rect()))

    def _want(self, view: View, ratio: float) -> None:
        if self._job is not None:
            picture = self._job[0]
            fits = picture.view.scale == view.scale and picture.view.covers(view)
            if fits and picture.look == (theme.generation(), words.chosen(), ratio):
                return
            zoomed = picture.view.scale != view.scale
            self.stop()
            self._wanted = (view, ratio)
            self._timer.start(RESTART_MS if zoomed else 0)
            return
        fresh = self._wanted is None or self._wanted[0].scale != view.scale
        self._wanted = (view, ratio)
        if not self._timer.isActive():
            self._timer.start(0 if not self._pictures or not fresh else RESTART_MS // 2)

    def _start(self) -> None:
        assert self._wanted is not None
        assert self._ground is not None
        view, ratio = self._wanted
        self._wanted = None
        large = view.resized(round(view.width * (1 + 2 * MARGIN)), round(view.height * (1 + 2 * MARGIN)))
        pixmap = QPixmap(round(large.width * ratio), round(large.height * ratio))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(theme.color("map_ground"))
        easel = Easel(pixmap)
        self._job = (Picture(large, (theme.generation(), words.chosen(), ratio), pixmap), easel, self._steps(easel, large))

    def _steps(self, easel: Easel, view: View) -> Iterator[None]:
        assert self._ground is not None
        yield from self._ground.steps(easel, view)
        names = Names(self._ground, view, self._obstacles(view))
        yield
        yield from names.steps(easel)

    @Slot()
    def _work(self) -> None:
        began = time.perf_counter()
        if self._job is None:
            if self._wanted is None or self._ground is None:
                return
            self._start()
        assert self._job is not None
        picture, easel, steps = self._job
        ended = False
        with easel:
            while not ended and time.perf_counter() - began < SLICE_S:
                ended = next(steps, "ended") == "ended"
        if ended:
            self._job = None
            self._keep(picture)
        self.slices_s.append(time.perf_counter() - began)
        del self.slices_s[:-1000]
        if self._job is not None:
            self._timer.start(1)

    def _keep(self, picture: Picture) -> None:
        same_zoom = [old for old in self._pictures if old.view.scale == picture.view.scale]
        self._pictures = [old for old in self._pictures if old not in same_zoom and old.look == picture.look]
        # Room for KEPT pictures of a full HD window; a 4K one keeps fewer.
        pixels = picture.pixmap.width() * picture.pixmap.height()
        self._pictures = [*self._pictures, picture][-max(2, min(KEPT, 20_000_000 // max(pixels, 1))) :]
        self.stamp += 1
        self.rendered.emit()

    def finish(self) -> None:
        """Paint to the end what is wanted (for grabbed pictures and tests; blocks)."""
        while self.is_busy():
            self._work()
            if self._job is None:
                self._timer.stop()
