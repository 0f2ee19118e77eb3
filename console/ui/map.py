"""The map: base map, cameras, units, incidents and the rings of the selected one; pan, zoom, click, keyboard.

`MapView` shows what it is given and tells what was clicked; it decides nothing and never pans by itself: only the operator's
hand, `center_on`, `fit`, `fit_incident` and `view_back` move the picture. GUI thread only; no timer runs at rest.

Signals (all `Signal(object)`, one immutable value, GUI thread): `incident_clicked`, `camera_clicked`, `unit_clicked` (an id),
`place_clicked` ((lon, lat)), `hit_clicked` (SearchHit), `menu_asked` (MenuPlace), `view_changed` ((lon, lat, px per metre)).
Keys while it has the focus: arrows pan (Shift: further), + and - zoom, Home shows all, C goes to the selected incident, Backspace
brings the exact former view back, N / Shift+N walk the marks, Enter clicks the one under the brackets, Esc leaves it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QMenu, QToolTip, QWidget

from console.store.citymap import CityMap
from console.ui import map_chrome as chrome
from console.ui import theme
from console.ui.map_cameras import CameraLayer, CameraMark
from console.ui.map_chrome import SearchHit
from console.ui.map_frame import LARGEST_SCALE, Plane, View
from console.ui.map_ground import Ground
from console.ui.map_incidents import IncidentLayer, IncidentMark
from console.ui.map_layer import GroundLayer
from console.ui.map_paint import Room
from console.ui.map_units import UnitLayer, UnitMark
from console.words import tr

__all__ = ["CameraMark", "IncidentMark", "MapView", "MenuPlace", "SearchHit", "UnitMark"]

DRAG_PX = 4
PAN_PX, FAR_PAN_PX = 90, 360
ZOOM_STEP = 1.25
FORMER_VIEWS = 30


@dataclass(frozen=True, slots=True)
class MenuPlace:
    """Where a context menu was asked for, and on what ("incident", "camera", "unit" or "" and "")."""

    lon: float
    lat: float
    at: QPoint
    kind: str
    id: str


class MapView(QWidget):
    incident_clicked = Signal(object)
    camera_clicked = Signal(object)
    unit_clicked = Signal(object)
    place_clicked = Signal(object)
    hit_clicked = Signal(object)
    menu_asked = Signal(object)
    view_changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plane = Plane(0.0, 0.0)
        self._view = View(0, 0, 1.0, 640, 480)
        self._has_view = False
        self._former: list[View] = []
        self._ground = GroundLayer(self)
        self._ground.rendered.connect(self.update)
        self._box: tuple[float, float, float, float] | None = None
        self._source = ""
        self._cameras, self._units, self._incidents = CameraLayer(), UnitLayer(), IncidentLayer()
        self._hits: list[SearchHit] = []
        self._press: QPointF | None = None
        self._dragged = False
        self._keyboard: tuple[str, str] | None = None
        self._plane_set = False
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
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
        self.update()

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
        self.update()

    def set_alive(self, camera_id: str, alive: bool | None) -> None:
        """Note whether a camera gives a picture (None: not known)."""
        if self._cameras.set_alive(camera_id, alive):
            self.update()

    def set_linked(self, linked: Iterable[tuple[str, int, str]]) -> None:
        """Mark the cameras of the selected incident: (camera id, number ①…, verdict) each."""
        self._cameras.set_linked(linked)
        self.update()

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
        self.update()

    def select_incident(self, incident_id: str | None) -> None:
        """Draw rings around this incident (None: no rings). Does not pan: `fit_incident` does."""
        self._incidents.selected = incident_id
        self.update()

    def set_search_hits(self, hits: Iterable[SearchHit]) -> None:
        """Show pins for what a search found."""
        self._hits = list(hits)
        self.update()

    def set_now(self, now_ns: int) -> None:
        """Tell the time (UTC ns; a replay's own time in a replay): ages of fixes count from it. About once a second."""
        self._units.now_ns = now_ns
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
        painter = QPainter(self)
        try:
            self._ground.draw(painter, view, ratio)
            room = Room(view.width, view.height)
            self._incidents.take_room(view, room)
            for _number, _shown, _verdict, _true, spot in self._cameras.spots(view):
                room.take(spot.x() - 13, spot.y() - 20, spot.x() + 22, spot.y() + 13)
            room.take(0, view.height - 48, 150, view.height)
            self._cameras.paint_fields(painter, view)
            self._cameras.paint(painter, view, ratio, room)
            self._incidents.paint_rings(painter, view, room)
            if self._source:
                chrome.paint_source(painter, view, self._source, room)
            self._cameras.paint_linked(painter, view, ratio)
            self._units.paint(painter, view, ratio, room)
            self._incidents.paint(painter, view, ratio)
            for hit in self._hits[:40]:
                chrome.paint_hit(painter, view.point(*self._plane.point(hit.lon, hit.lat)), hit, room)
            self._incidents.paint_edges(painter, view, ratio)
            chrome.paint_scale(painter, view)
            spot = self._keyboard_spot()
            if spot is not None:
                chrome.paint_keyboard_mark(painter, spot)
            if self.hasFocus():
                painter.setPen(QPen(theme.color("accent"), 2))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRect(QRectF(1, 1, view.width - 2, view.height - 2))
        finally:
            painter.end()

    def finish_rendering(self) -> None:
        """Paint the base map to the end now (blocks; for pictures that are grabbed)."""
        self.grab()
        self._ground.finish()

    # Hands

    def mark_at(self, at: QPointF) -> tuple[str, str]:
        """Kind and id of the mark under a point of the widget; ("", "") for none. A count of cameras is ("cameras", ids)."""
        incident = self._incidents.hit(self._view, at)
        if incident:
            return "incident", incident.id
        unit = self._units.hit(self._view, at)
        if unit:
            return "unit", unit.id
        cameras = self._cameras.hit(self._view, at, self.devicePixelRatioF())
        if len(cameras) == 1:
            return "camera", cameras[0].id
        return ("cameras", "\n".join(camera.id for camera in cameras)) if cameras else ("", "")

    def _hit_at(self, at: QPointF) -> SearchHit | None:
        for hit in self._hits[:40]:
            spot = self._view.point(*self._plane.point(hit.lon, hit.lat)) - QPointF(0, 14)
            if abs(spot.x() - at.x()) <= 12 and abs(spot.y() - at.y()) <= 18:
                return hit
        return None

    def _click(self, at: QPointF) -> None:
        hit = self._hit_at(at)
        if hit is not None:
            self.hit_clicked.emit(hit)
            return
        kind, name = self.mark_at(at)
        if kind:
            self._choose(kind, name, at)
        else:
            self.place_clicked.emit(self._plane.lonlat(*self._view.at(at.x(), at.y())))

    def _choose(self, kind: str, name: str, at: QPointF) -> None:
        if kind == "cameras":
            self._open_count(name.split("\n"), at)
        else:
            {"incident": self.incident_clicked, "unit": self.unit_clicked, "camera": self.camera_clicked}[kind].emit(name)

    def _open_count(self, names: list[str], at: QPointF) -> None:
        """A click on a count: nearer when that parts the cameras, else a list to choose from."""
        places = [place for place in map(self._cameras.position, names) if place]
        spread = max(max(place[axis] for place in places) - min(place[axis] for place in places) for axis in (0, 1))
        if spread * LARGEST_SCALE > 60 and self._view.scale < LARGEST_SCALE / 2:
            x, y = sum(place[0] for place in places) / len(places), sum(place[1] for place in places) / len(places)
            scale = min(max(self._view.scale * 2, 160 / spread), LARGEST_SCALE, self._view.scale * 8)
            self._jump(View(x, y, scale, self._view.width, self._view.height))
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        known = {camera.id: camera for camera in self._cameras.cameras}
        for name in names[:30]:
            action = menu.addAction(f"{tr('mark.network.' + known[name].network)} {known[name].name or name}")
            action.setData(name)
        menu.triggered.connect(self._menu_chosen)
        menu.popup(self.mapToGlobal(at.toPoint()))

    def _menu_chosen(self, action: object) -> None:
        self.camera_clicked.emit(action.data())  # type: ignore[attr-defined]

    def mousePressEvent(self, event) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._press, self._dragged, self._drag_view = event.position(), False, self._view

    def mouseMoveEvent(self, event) -> None:
        if self._press is None:
            over = self.mark_at(event.position())[0] or self._hit_at(event.position())
            self.setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor)
            return
        moved = event.position() - self._press
        if self._dragged or moved.manhattanLength() > DRAG_PX:
            self._dragged = True
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self._show(self._drag_view.panned(moved.x(), moved.y()))

    def mouseReleaseEvent(self, event) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self._press is None:
            return
        self._press = None
        self.unsetCursor()
        if not self._dragged:
            self._click(event.position())

    def wheelEvent(self, event) -> None:
        turned = event.angleDelta().y() or event.pixelDelta().y() * 3
        if turned:
            self.zoom(ZOOM_STEP ** (turned / 120), event.position())
        event.accept()

    def contextMenuEvent(self, event) -> None:
        kind, name = self.mark_at(QPointF(event.pos()))
        lon, lat = self._plane.lonlat(*self._view.at(event.pos().x(), event.pos().y()))
        self.menu_asked.emit(MenuPlace(lon, lat, event.globalPos(), kind, name))

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip:
            text = self.tip_at(QPointF(event.pos()))  # type: ignore[attr-defined]
            if text:
                QToolTip.showText(event.globalPos(), text, self)  # type: ignore[attr-defined]
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def tip_at(self, at: QPointF) -> str:
        """The tooltip's words for a point of the widget."""
        target = next((one for one in self._incidents.incidents if one.id == self._incidents.selected), None)
        incident = self._incidents.hit(self._view, at)
        if incident:
            return chrome.incident_tip(incident)
        unit = self._units.hit(self._view, at)
        if unit:
            place, number = self._units.position(unit.id), self._units.number(unit.id)
            assert place is not None and number is not None
            return chrome.unit_tip(unit, self._units.age_s(number), self._plane.lonlat(*place), target)
        cameras = self._cameras.hit(self._view, at, self.devicePixelRatioF())
        return "\n\n".join(chrome.camera_tip(camera, target) for camera in cameras[:6])

    # Keys

    def _marks(self) -> list[tuple[str, str]]:
        """What the keyboard walks over: incidents by gravity, linked cameras by number, units in the picture."""
        box = QRectF(0, 0, self._view.width, self._view.height)
        found = [("incident", incident.id) for incident in reversed(self._incidents.incidents)]
        found += [("camera", self._cameras.cameras[number].id) for number, _shown, _verdict in self._cameras.linked]
        found += [("unit", unit.id) for unit in self._units.units]
        return [mark for mark in found if (spot := self._spot(mark)) is not None and box.contains(spot)]

    def _spot(self, mark: tuple[str, str]) -> QPointF | None:
        layer = {"incident": self._incidents, "camera": self._cameras, "unit": self._units}[mark[0]]
        place = layer.position(mark[1])
        return None if place is None else self._view.point(*place)

    def _keyboard_spot(self) -> QPointF | None:
        return self._spot(self._keyboard) if self._keyboard and self.hasFocus() else None

    def walk(self, step: int) -> None:
        """Put the keyboard's brackets on the next (1) or previous (-1) mark in the picture."""
        found = self._marks()
        if not found:
            self._keyboard = None
        elif self._keyboard in found:
            self._keyboard = found[(found.index(self._keyboard) + step) % len(found)]
        else:
            self._keyboard = found[0 if step > 0 else -1]
        spot = self._keyboard_spot()
        self.setAccessibleDescription(self.tip_at(spot) if spot is not None else "")
        self.update()

    def keyPressEvent(self, event) -> None:
        key, shifted = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        pan = {Qt.Key.Key_Left: (1, 0), Qt.Key.Key_Right: (-1, 0), Qt.Key.Key_Up: (0, 1), Qt.Key.Key_Down: (0, -1)}.get(key)
        if pan:
            reach = FAR_PAN_PX if shifted else PAN_PX
            self._show(self._view.panned(pan[0] * reach, pan[1] * reach))
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(ZOOM_STEP)
        elif key in (Qt.Key.Key_Minus, Qt.Key.Key_Underscore):
            self.zoom(1 / ZOOM_STEP)
        elif key == Qt.Key.Key_Home:
            self.fit()
        elif key == Qt.Key.Key_C and not event.modifiers():
            self.fit_incident()
        elif key == Qt.Key.Key_Backspace:
            self.view_back()
        elif key == Qt.Key.Key_N:
            self.walk(-1 if shifted else 1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._keyboard_spot() is not None:
            assert self._keyboard is not None
            self._choose(*self._keyboard, self._keyboard_spot() or QPointF())
        elif key == Qt.Key.Key_Escape and self._keyboard:
            self._keyboard = None
            self.update()
        else:
            super().keyPressEvent(event)

    def close_layers(self) -> None:
        """Stop the rendering under way; called before the window goes."""
        self._ground.stop()
