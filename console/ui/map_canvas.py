"""The map's picture: what is shown, where it looks, and how a frame is put together; `ui.map` adds the operator's hands to it.

A frame is the base map's cached picture, then fields of view, cameras, rings, units, incidents and the chrome, each drawn by its
layer. Nothing here moves the picture but the calls that say so. GUI thread only; no timer runs at rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from console import words
from console.ui import map_chrome as chrome
from console.ui import theme
from console.ui.map_cameras import CameraLayer, CameraMark
from console.ui.map_chrome import SearchHit
from console.ui.map_frame import LARGEST_SCALE, Plane, View
from console.ui.map_ground import Ground
from console.ui.map_incidents import IncidentLayer, IncidentMark
from console.ui.map_layer import GroundLayer
from console.ui.map_linked import LinkedLayer
from console.ui.map_paint import Room
from console.ui.map_units import UnitLayer, UnitMark
from console.words import tr

if TYPE_CHECKING:
    from console.store.citymap import CityMap

FORMER_VIEWS = 30


@dataclass(frozen=True, slots=True)
class Still:
    """A frame without what moves, and what names and units in it have to keep off."""

    key: object
    pixmap: QPixmap
    room: Room
    keep_off: list[QPointF]
    badges: list[QPointF]


class MapCanvas(QWidget):
    """Signal `view_changed((lon, lat, px per metre))`, GUI thread."""

    view_changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plane, self._plane_set = Plane(0.0, 0.0), False
        self._view, self._has_view = View(0, 0, 1.0, 640, 480), False
        self._former: list[View] = []
        self._ground = GroundLayer(self)
        self._ground.rendered.connect(self.update)
        self._box: tuple[float, float, float, float] | None = None
        self._source = ""
        self._still: Still | None = None
        self._stamp = 0
        self._cameras, self._units, self._incidents = CameraLayer(), UnitLayer(), IncidentLayer()
        self._linked = LinkedLayer(self._cameras)
        self._hits: list[SearchHit] = []
        self._keyboard: tuple[str, str] | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumSize(240, 180)
        self.setAccessibleName(tr("map.name"))

    # What it shows

    def set_city_map(self, city_map: CityMap | None, source: str | None = None) -> None:
        """Show this base map, or grey ground for None. `source`: words for the corner; the default names OpenStreetMap."""
        ground = None if city_map is None else Ground(city_map)
        self._ground.set_ground(ground)
        self._source = "" if ground is None else (source if source is not None else tr("map.source"))
        self._box = ground.box if ground else None
        if ground is not None:
            self._move_plane(ground.plane)
        if ground is not None and not self._has_view:
            self._show(self._view.fitted(ground.box, 0))
        self._restill()

    def _move_plane(self, plane: Plane) -> None:
        lon, lat = self._plane.lonlat(self._view.x, self._view.y)
        self._plane, self._plane_set = plane, True
        if self._has_view:
            x, y = plane.point(lon, lat)
            self._view = View(x, y, self._view.scale, self._view.width, self._view.height)
        self._former.clear()
        for layer in (self._cameras, self._units, self._incidents):
            layer.set_plane(plane)

    def _anchor(self, positions: Iterable[tuple[object, object]]) -> None:
        """Without a map the plane touches at the first position that comes."""
        if self._plane_set:
            return
        for lon, lat in positions:
            if isinstance(lon, float | int) and isinstance(lat, float | int):
                self._move_plane(Plane(float(lon), float(lat)))
                return

    def set_cameras(self, cameras: Iterable[CameraMark | Sequence[object]]) -> None:
        """Show these cameras: (id, name, network, lon, lat, heading_deg | tuple | None, fov_deg, range_m, alive) each."""
        rows = list(cameras)
        self._anchor((row[3], row[4]) for row in rows)
        self._cameras.set_cameras(rows, self._plane)
        self._ground.set_obstacles(self._cameras.obstacles)
        self._restill()

    def set_alive(self, camera_id: str, alive: bool | None) -> None:
        """Note whether a camera gives a picture (None: not known)."""
        if self._cameras.set_alive(camera_id, alive):
            self._restill()

    def set_condition(self, camera_id: str, condition: str) -> None:
        """Note what looks wrong with a camera's picture (a word of `condition.*`; "": nothing)."""
        if self._cameras.set_condition(camera_id, condition):
            self._restill()

    def set_linked(self, linked: Iterable[tuple[str, int, str]]) -> None:
        """Mark the cameras of the selected incident: (camera id, number ①…, verdict) each."""
        self._linked.set(linked)
        self._restill()

    def set_units(self, units: Iterable[UnitMark]) -> None:
        """Show these units."""
        rows = list(units)
        self._anchor((unit.lon, unit.lat) for unit in rows)
        self._units.set_units(rows, self._plane)
        self.update()

    def move_units(self, fixes: Iterable[tuple[str, float, float, int]]) -> None:
        """Newest positions of shown units: (id, lon, lat, the fix's own time in UTC ns) each. Cheap: call it at 10 Hz."""
        self._units.move(fixes)
        self.update()

    def set_incidents(self, incidents: Iterable[IncidentMark]) -> None:
        """Show these incidents; the picture does not move."""
        rows = list(incidents)
        self._anchor((incident.lon, incident.lat) for incident in rows)
        self._incidents.set_incidents(rows, self._plane)
        self._restill()

    def select_incident(self, incident_id: str | None) -> None:
        """Draw rings around this incident (None: no rings). Does not pan: `fit_incident` does."""
        self._incidents.selected = incident_id
        self._restill()

    def set_search_hits(self, hits: Iterable[SearchHit]) -> None:
        """Show pins for what a search found."""
        self._hits = list(hits)
        self.update()

    def set_now(self, now_ns: int) -> None:
        """Tell the time (UTC ns; a replay's own time in a replay): ages of fixes count from it. About once a second."""
        self._units.now_ns = now_ns
        self.update()

    def _restill(self) -> None:
        self._stamp += 1
        self.update()

    # Where it looks

    def _show(self, view: View) -> None:
        self._view, self._has_view = view, True
        lon, lat = self._plane.lonlat(view.x, view.y)
        self.view_changed.emit((lon, lat, view.scale))
        self.update()

    def _jump(self, view: View) -> None:
        """Go somewhere on request; the view left behind can be brought back."""
        if self._has_view and view != self._view:
            self._former.append(self._view)
            del self._former[:-FORMER_VIEWS]
        self._show(view)

    def center_on(self, lon: float, lat: float, scale: float | None = None) -> None:
        """Put a position in the middle, at `scale` px per metre (None: as it is)."""
        x, y = self._plane.point(lon, lat)
        self._jump(View(x, y, min(scale or self._view.scale, LARGEST_SCALE), self._view.width, self._view.height))

    def fit(self) -> None:
        """Show the whole base map, or without one all marks."""
        places = [self._cameras.position(camera.id) for camera in self._cameras.cameras[:5000]] if self._box is None else []
        places += [self._incidents.position(incident.id) for incident in self._incidents.incidents] if self._box is None else []
        places += [self._units.position(unit.id) for unit in self._units.units] if self._box is None else []
        known = [place for place in places if place]
        box = self._box
        if known:
            xs, ys = [place[0] for place in known], [place[1] for place in known]
            box = (min(xs), min(ys), max(xs), max(ys))
        if box is not None:
            self._jump(self._view.fitted(box, 0 if self._box else 48))

    def fit_incident(self, incident_id: str | None = None, reach_m: float = 540.0) -> None:
        """Show the surroundings of an incident (None: the selected one) as far as `reach_m`."""
        at = self._incidents.position(incident_id or self._incidents.selected)
        if at is not None:
            self._jump(self._view.fitted((at[0] - reach_m, at[1] - reach_m, at[0] + reach_m, at[1] + reach_m), 8))

    def view_back(self) -> bool:
        """Bring the exact former view back; says whether there was one."""
        if not self._former:
            return False
        former = self._former.pop()
        self._show(former.resized(self._view.width, self._view.height))
        return True

    def zoom(self, factor: float, at: QPointF | None = None) -> None:
        """Magnify about a point of the widget (None: its middle)."""
        spot = at or QPointF(self._view.width / 2, self._view.height / 2)
        self._show(self._view.zoomed(factor, spot.x(), spot.y()))

    def view_state(self) -> tuple[float, float, float]:
        """Middle (lon, lat) and scale, to be remembered."""
        return (*self._plane.lonlat(self._view.x, self._view.y), self._view.scale)

    def set_view_state(self, state: tuple[float, float, float]) -> None:
        """Look where a remembered view looked."""
        x, y = self._plane.point(state[0], state[1])
        self._show(View(x, y, state[2], self._view.width, self._view.height))

    # Painting

    def resizeEvent(self, event: object) -> None:
        first = not self._has_view or (self._box is not None and not self.isVisible() and not self._former)
        self._view = self._view.resized(self.width(), self.height())
        if first and self._box is not None:
            self._view, self._has_view = self._view.fitted(self._box, 0), True

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self.update()
        super().changeEvent(event)

    def paintEvent(self, event: object) -> None:
        view, ratio = self._view, self.devicePixelRatioF()
        still = self._still_picture(view, ratio)
        room = still.room.copy()
        painter = QPainter(self)
        try:
            painter.drawPixmap(0, 0, still.pixmap)
            self._units.paint(painter, view, ratio, room, still.keep_off, still.badges)
            self._incidents.paint(painter, view, ratio)
            for hit in self._hits[:40]:
                chrome.paint_hit(painter, view.point(*self._plane.point(hit.lon, hit.lat)), hit, room)
            self._incidents.paint_edges(painter, view, ratio)
            bracketed = self._keyboard_spot()
            if bracketed is not None:
                chrome.paint_keyboard_mark(painter, bracketed)
            if self.hasFocus():
                painter.setPen(QPen(theme.color("accent"), 2))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRect(QRectF(1, 1, view.width - 2, view.height - 2))
        finally:
            painter.end()

    def _still_picture(self, view: View, ratio: float) -> Still:
        """What stands still while units move, painted once: base map, cameras, fields of view, rings. 15 ms; a blit is 1."""
        key = (view, ratio, theme.generation(), words.chosen(), self._stamp, self._ground.stamp)
        if self._still is not None and self._still.key == key:
            return self._still
        size = QSize(round(view.width * ratio), round(view.height * ratio))
        pixmap = self._still.pixmap if self._still is not None and self._still.pixmap.size() == size else QPixmap(size)
        pixmap.setDevicePixelRatio(ratio)
        keep_off = self._incidents.spots(view)
        linked = self._linked.spots(view, keep_off)
        still = Still(key, pixmap, Room(view.width, view.height), keep_off, [spot.badge for spot in linked])
        self._incidents.take_room(view, still.room)
        for badge in still.badges:
            still.room.take(badge.x() - 13, badge.y() - 20, badge.x() + 22, badge.y() + 13)
        still.room.take(0, view.height - 48, 150, view.height)
        painter = QPainter(pixmap)
        try:
            self._ground.draw(painter, view, ratio)
            self._linked.paint_fields(painter, view)
            self._cameras.paint(painter, view, ratio, still.room, keep_off + still.badges)
            self._incidents.paint_rings(painter, view, still.room)
            if self._source:
                chrome.paint_source(painter, view, self._source, still.room)
            self._linked.paint(painter, view, ratio, linked)
            chrome.paint_scale(painter, view)
        finally:
            painter.end()
        self._still = still
        return still

    def _spot(self, mark: tuple[str, str]) -> QPointF | None:
        ask = {"incident": self._incidents.position, "camera": self._cameras.position, "unit": self._units.position}[mark[0]]
        place = ask(mark[1])
        return None if place is None else self._view.point(*place)

    def _keyboard_spot(self) -> QPointF | None:
        return self._spot(self._keyboard) if self._keyboard and self.hasFocus() else None

    def finish_rendering(self) -> None:
        """Paint the base map to the end now (blocks; for pictures that are grabbed)."""
        self.grab()
        self._ground.finish()

    def close_layers(self) -> None:
        """Stop the rendering under way; called before the window goes."""
        self._ground.stop()
