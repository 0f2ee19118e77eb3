"""A tile as it stands on a surface just now: what it shows, where, which part of the picture, and what was measured of it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from PySide6.QtCore import QPointF, QRect, QRectF
from PySide6.QtGui import QImage

from console.ui.tile import TileContent, TileSigns
from console.ui.truth import NOTHING, Truth

WHOLE = QRectF(0.0, 0.0, 1.0, 1.0)
"""The view of a tile that is not zoomed. Never changed in place."""
_AGES_KEPT = 20_000


@dataclass(slots=True)
class TileFigures:
    """What was measured of one tile: first picture (monotonic ns), pictures painted, torn ones, sampled ages."""

    first_ns: int = 0
    painted: int = 0
    torn: int = 0
    ages_ms: deque[float] = field(default_factory=lambda: deque(maxlen=_AGES_KEPT))


@dataclass(slots=True)
class PlacedTile:
    """One tile of a surface. `rect` is its room, `place` where its picture stands in it (empty before the first one), both in
    the surface's pixels; `view` is the part of the picture that is shown there, in 0…1 of it. GUI thread only."""

    content: TileContent
    rect: QRect
    place: QRect = field(default_factory=QRect)
    view: QRectF = field(default_factory=lambda: QRectF(WHOLE))
    signs: TileSigns = field(default_factory=TileSigns)
    figures: TileFigures = field(default_factory=TileFigures)
    generation: int = 0
    slot_name: str = ""
    arrival_ns: int = 0
    truth: Truth = NOTHING
    state: str = ""
    """The health's state the words were last looked at for; "held" pictures are painted grey."""
    still: QImage | None = None
    still_at_ns: int = 0
    has_still_looked: bool = False
    grey: QImage | None = None

    @property
    def is_empty(self) -> bool:
        """Whether the place stands empty: no camera, no feed."""
        return not (self.content.camera or self.content.url)

    @property
    def is_zoomed(self) -> bool:
        return self.view.width() < 0.999

    def picture_point(self, at: QPointF) -> QPointF | None:
        """The point of the picture (0…1, of what is shown, after turning) that stands at `at` of the surface; None beside it."""
        if self.place.isEmpty() or not QRectF(self.place).contains(at):
            return None
        across = (at.x() - self.place.left()) / self.place.width()
        down = (at.y() - self.place.top()) / self.place.height()
        return QPointF(self.view.left() + across * self.view.width(), self.view.top() + down * self.view.height())

    def surface_point(self, x: float, y: float) -> QPointF:
        """Where the picture's point (x, y) in 0…1 stands on the surface; beyond `rect` where the zoom hides it."""
        across, down = (x - self.view.left()) / self.view.width(), (y - self.view.top()) / self.view.height()
        return QPointF(self.place.left() + across * self.place.width(), self.place.top() + down * self.place.height())
