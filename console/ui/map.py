"""The map widget: `MapCanvas` with the operator's hands: drag, wheel, click, tooltips, keyboard.

`MapView` shows what it is given and tells what was clicked; it decides nothing and never pans by itself: only the operator's
hand, `center_on`, `fit`, `fit_incident` and `view_back` move the picture.

Signals (all `Signal(object)`, one immutable value, GUI thread): `incident_clicked`, `camera_clicked`, `unit_clicked` (an id),
`place_clicked` ((lon, lat)), `hit_clicked` (SearchHit), `menu_asked` (MenuPlace), `view_changed` ((lon, lat, px per metre)).
Keys while it has the focus: arrows pan (Shift: further), + and - zoom, Home shows all, C goes to the selected incident, Backspace
brings the exact former view back, N / Shift+N walk the marks, Enter clicks the one under the brackets, Esc leaves it.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QToolTip, QWidget

from console.ui import map_chrome as chrome
from console.ui.map_cameras import CameraMark
from console.ui.map_canvas import MapCanvas
from console.ui.map_chrome import SearchHit
from console.ui.map_frame import LARGEST_SCALE, View
from console.ui.map_incidents import IncidentMark
from console.ui.map_linked import hit
from console.ui.map_units import UnitMark
from console.words import tr

__all__ = ["CameraMark", "IncidentMark", "MapView", "MenuPlace", "SearchHit", "UnitMark"]

DRAG_PX = 4
PAN_PX, FAR_PAN_PX = 90, 360
ZOOM_STEP = 1.25


@dataclass(frozen=True, slots=True)
class MenuPlace:
    """Where a context menu was asked for, and on what ("incident", "camera", "unit", or "" and "")."""

    lon: float
    lat: float
    at: QPoint
    kind: str
    id: str


class MapView(MapCanvas):
    incident_clicked = Signal(object)
    camera_clicked = Signal(object)
    unit_clicked = Signal(object)
    place_clicked = Signal(object)
    hit_clicked = Signal(object)
    menu_asked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._press: QPointF | None = None
        self._press_view = self._view
        self._dragged = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)

    def mark_at(self, at: QPointF) -> tuple[str, str]:
        """Kind and id of the mark under a point of the widget; ("", "") for none. A count of cameras is ("cameras", ids)."""
        incident = self._incidents.hit(self._view, at)
        if incident:
            return "incident", incident.id
        unit = self._units.hit(self._view, at)
        if unit:
            return "unit", unit.id
        cameras = self._cameras_at(at)
        if len(cameras) == 1:
            return "camera", cameras[0].id
        return ("cameras", "\n".join(camera.id for camera in cameras)) if cameras else ("", "")

    def _cameras_at(self, at: QPointF) -> list[CameraMark]:
        linked = hit(self._linked.spots(self._view, self._incidents.spots(self._view)), at)
        return [linked] if linked else self._cameras.hit(self._view, at, self.devicePixelRatioF())

    def _hit_at(self, at: QPointF) -> SearchHit | None:
        for pin in self._hits[:40]:
            spot = self._view.point(*self._plane.point(pin.lon, pin.lat)) - QPointF(0, 14)
            if abs(spot.x() - at.x()) <= 12 and abs(spot.y() - at.y()) <= 18:
                return pin
        return None

    def _click(self, at: QPointF) -> None:
        found = self._hit_at(at)
        if found is not None:
            self.hit_clicked.emit(found)
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

    @Slot(QAction)
    def _menu_chosen(self, action: QAction) -> None:
        self.camera_clicked.emit(action.data())

    def mousePressEvent(self, event) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._press, self._dragged, self._press_view = event.position(), False, self._view

    def mouseMoveEvent(self, event) -> None:
        if self._press is None:
            over = self.mark_at(event.position())[0] or self._hit_at(event.position())
            self.setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor)
            return
        moved = event.position() - self._press
        if self._dragged or moved.manhattanLength() > DRAG_PX:
            self._dragged = True
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self._show(self._press_view.panned(moved.x(), moved.y()))

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
            assert place is not None
            assert number is not None
            return chrome.unit_tip(unit, self._units.age_s(number), self._plane.lonlat(*place), target)
        cameras = self._cameras_at(at)
        return "\n\n".join(chrome.camera_tip(camera, target) for camera in cameras[:6])

    # Keys

    def _marks(self) -> list[tuple[str, str]]:
        """What the keyboard walks over: incidents by gravity, linked cameras by number, units in the picture."""
        box = QRectF(0, 0, self._view.width, self._view.height)
        found = [("incident", incident.id) for incident in reversed(self._incidents.incidents)]
        found += [("camera", name) for name, _number, _verdict in self._linked.linked]
        found += [("unit", unit.id) for unit in self._units.units]
        return [mark for mark in found if (spot := self._spot(mark)) is not None and box.contains(spot)]

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
