"""What the map is given: roster, positions, incidents and the chosen incident's cameras, in the names the lists use."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject, Slot

from console.model.unit import Fix
from console.ui import spoken
from console.ui.around import Around
from console.ui.bridge import Bridge, Change
from console.ui.clocks import is_overdue
from console.ui.map import CameraMark, IncidentMark, MapView, SearchHit, UnitMark
from console.ui.search import Found
from console.ui.units import duty_of
from console.words import tr

_UNIT_KINDS = frozenset({
    "OrderIssued", "ReceiptRecorded", "UnitDutySet", "OrderRecalled", "OrderExpired", "OrderSuperseded", "OrderSignedOnBehalf",
    "RosterImported",
})  # fmt: skip


class MapFeed(QObject):
    """Keeps the map in step with bridge and roster. GUI thread only."""

    def __init__(self, bridge: Bridge, around: Around, view: MapView, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._around, self._map = bridge, around, view
        self._selected = ""
        self._pointed = ""
        self._placed: set[str] = set()
        self._doubtful: set[str] = set()
        bridge.positions.connect(self._moved)

    def refresh(self) -> None:
        """Give the map everything anew: after a start, an import, another language."""
        self._map.set_cameras(
            [
                CameraMark(
                    one.id,
                    spoken.named(one),
                    one.network,
                    one.lon,
                    one.lat,
                    one.headings_deg or one.heading_deg,
                    one.fov_deg,
                    one.range_m,
                    None,
                    self._condition(one.id),
                )
                for one in self._around.cameras.values()
            ]
        )
        self._doubtful = set(self._bridge.state.conditions)
        self._units()
        self._incidents()
        self.select(self._selected)

    def changed(self, change: Change) -> None:
        """Follow the fold."""
        if change.kinds & _UNIT_KINDS:
            self._units()
        if "CameraConditionNoted" in change.kinds:
            now = set(self._bridge.state.conditions)
            for camera in now | self._doubtful:
                self._map.set_condition(camera, self._condition(camera))
            self._doubtful = now
        if change.incidents:
            self._incidents()
        if self._selected in change.incidents and "CamerasLinked" in change.kinds:
            self.select(self._selected)

    def _condition(self, camera: str) -> str:
        return str(self._bridge.state.conditions.get(camera, {}).get("condition", ""))

    def beat(self) -> None:
        """Lateness comes with time, not with entries."""
        self._incidents()

    def select(self, incident: str) -> None:
        """Rings round the chosen incident, numbers on its cameras."""
        self._selected = incident
        found = self._bridge.state.incidents.get(incident)
        self._map.select_incident(incident or None)
        self._map.set_linked(
            [(str(one["camera"]), int(str(one["number"])), str(one["verdict"])) for one in found.cameras] if found else []
        )

    @Slot(object)
    def point_unit(self, unit: str) -> None:
        """Let one unit stand out."""
        self._pointed = unit
        self._units()

    @Slot(object)
    def show_hits(self, hits: tuple[Found, ...]) -> None:
        """Pins for what the search shows now."""
        self._map.set_search_hits(
            [
                SearchHit(hit.kind, hit.id, hit.name, hit.lon, hit.lat)
                for hit in hits
                if hit.lon is not None and hit.lat is not None
            ]
        )

    def pin(self, place: str) -> None:
        """A pin on the place that was searched for."""
        found = self._around.places.get(place)
        if found is not None and found.lon is not None and found.lat is not None:
            self._map.set_search_hits([SearchHit("place", found.id, spoken.named(found), found.lon, found.lat)])

    def _units(self) -> None:
        marks = []
        for unit in self._around.units.values():
            fix = self._bridge.fixes.get(unit.id)
            if fix is None:
                continue
            duty = duty_of(unit, self._bridge.state)
            marks.append(
                UnitMark(
                    unit.id,
                    spoken.named(unit),
                    unit.kind,
                    fix.lon,
                    fix.lat,
                    duty,
                    fix.at_ns,
                    fix.accuracy_m,
                    tr(f"duty.{duty}"),
                    unit.id == self._pointed,
                )
            )
        self._placed = {mark.id for mark in marks}
        self._map.set_units(marks)

    def _incidents(self) -> None:
        state = self._bridge.state
        marks: list[IncidentMark] = []
        for incident in state.open_incidents():
            if not incident.has_position:
                continue
            late = "overdue" if is_overdue(incident, [state.orders[key] for key in incident.orders]) else ""
            marks.append(
                IncidentMark(
                    incident.id,
                    incident.grade,
                    incident.lon,
                    incident.lat,
                    incident.title,
                    late,
                    incident.exercise,
                    incident.acknowledged_ns is not None,
                )
            )
        if marks != getattr(self, "_marks", None):
            self._marks = marks
            self._map.set_incidents(marks)

    @Slot(object)
    def _moved(self, moved: Mapping[str, Fix]) -> None:
        if not set(moved) <= self._placed:
            self._units()
        self._map.move_units([(fix.unit, fix.lon, fix.lat, fix.at_ns) for fix in moved.values()])
