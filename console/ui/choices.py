"""What the operator chooses with pointer, keys or search, and where it leads: panel, map, wall, the way back. GUI thread only."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, QTimer, Slot

from console.ui import spoken
from console.ui.around import Around
from console.ui.bridge import Bridge
from console.ui.finding import Finding
from console.ui.flow import Flow
from console.ui.incident import IncidentPanel
from console.ui.map import MapView
from console.ui.mapfeed import MapFeed
from console.ui.queue import Queue
from console.ui.search import Found, SearchBox, search
from console.ui.wallfeed import WallFeed
from console.words import tr

TO_MAP_MS = 100
"""After a choice the wall and the panel are painted first."""


class Choices(QObject):
    """Connects the lists, the map, the wall and the search with the flow."""

    def __init__(
        self, bridge: Bridge, around: Around, flow: Flow, queue: Queue, panel: IncidentPanel, view: MapView, map_feed: MapFeed,
        wall_feed: WallFeed, box: SearchBox, finding: Finding, parent: QObject | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._bridge, self._around, self._flow = bridge, around, flow
        self._queue, self._panel, self._map, self._map_feed = queue, panel, view, map_feed
        self._wall_feed, self._finding = wall_feed, finding
        self._wanted_on_map, self._box = "", box
        # Pictures first, then the panel, then the map, each in turns of its own, so that no turn of the event loop is long.
        self._to_map = QTimer(self, singleShot=True, interval=TO_MAP_MS)
        self._to_map.timeout.connect(self._show_on_map)
        box.use(self._search)
        flow.use_map(view.view_state)
        for signal, slot in (
            (queue.opened, self.open_incident),
            (queue.acknowledged, self._acknowledge),
            (view.incident_clicked, flow.open_incident),
            (view.camera_clicked, self.ask_for_camera),
            (view.unit_clicked, map_feed.point_unit),
            (view.hit_clicked, self._go_to_hit),
            (box.found, self._go_to_hit),
            (box.hits, map_feed.show_hits),
            (box.began, finding.need),
            (finding.ready, self._found_ready),
            (flow.incident_opened, self._incident_opened),
            (flow.tiles_changed, self._tiles_changed),
            (flow.notes_changed, self._notes_changed),
            (flow.map_asked, view.set_view_state),
            (panel.camera_chosen, self._camera_large),
            (panel.unit_pointed, map_feed.point_unit),
        ):
            signal.connect(slot)

    @Slot(object)
    def open_incident(self, incident: str) -> None:
        """Chosen in a list: panel, wall, and the map goes there (Backspace brings the exact former view back)."""
        self._flow.open_incident(incident)
        self._wanted_on_map = incident
        self._to_map.start()

    @Slot()
    def _show_on_map(self) -> None:
        """Rings and numbers of the open incident and, where it was chosen in a list, the view on it."""
        self._map_feed.select(self._flow.incident)
        if self._wanted_on_map:
            self._map.fit_incident(self._wanted_on_map)
            self._wanted_on_map = ""

    @Slot(object)
    def ask_for_camera(self, camera: str, window: int | None = None, place: int | None = None) -> None:
        """Bring a camera to the wall, to a given place of a window or the first free one.

        A household one under written consent needs a reason first.
        """
        found = self._around.cameras.get(camera)
        if found is None:
            return
        if found.is_household and found.consent not in ("", "incident") and not self._flow.incident:

            def answered(text: str) -> None:
                self._flow.open_camera(camera, text, window, place)

            self._panel.ask.ask(tr("incident.ask.reason", camera=spoken.named(found)), answered, tr("incident.act.open"))
            return
        self._flow.open_camera(camera, None, window, place)

    @Slot(object)
    def show_camera(self, camera: str) -> None:
        """Show on the map where a camera stands."""
        found = self._around.cameras.get(camera)
        if found is not None and found.lon is not None and found.lat is not None:
            self._map.center_on(found.lon, found.lat)

    @Slot(object)
    def show_unit(self, unit: str) -> None:
        """Chosen in the list of all units: the map goes there."""
        self._map_feed.point_unit(unit)
        if (fix := self._bridge.fixes.get(unit)) is not None:
            self._map.center_on(fix.lon, fix.lat)

    def step_back(self) -> bool:
        """Take the question away, or make an enlarged tile small again; False when there was neither."""
        if self._panel.ask.is_asking:
            self._panel.ask.leave()
        elif self._wall_feed.large:
            self._wall_feed.enlarge("")
        else:
            return False
        return True

    @Slot(object)
    def _incident_opened(self, incident: str) -> None:
        self._queue.select(incident)
        self._panel.open(incident, soon=True)
        self._wanted_on_map = ""
        self._to_map.start()

    @Slot(object)
    def _tiles_changed(self, tiles: object) -> None:
        self._wall_feed.show(self._flow.tiles)
        self._notes_changed(None)

    @Slot(object)
    def _notes_changed(self, notes: object) -> None:
        shown = frozenset(tile.camera for tile in self._flow.tiles if tile.may_show)
        self._panel.show_wall(shown, dict(self._flow.notes))

    @Slot(object)
    def _acknowledge(self, incident: str) -> None:
        self._bridge.send("AcknowledgeIncident", {"incident": incident})

    @Slot(object)
    def _camera_large(self, camera: str) -> None:
        tile = next((one.tile for one in self._flow.tiles if one.camera == camera), "")
        if tile:
            self._wall_feed.enlarge(tile)
        else:
            self.ask_for_camera(camera)

    @Slot(object)
    def _go_to_hit(self, hit: Any) -> None:
        """Where a hit leads: an incident opens, a camera comes to the wall, everything with a place is shown there."""
        if hit.kind == "incident":
            self.open_incident(hit.id)
            return
        if hit.lon is not None and hit.lat is not None:
            self._map.center_on(hit.lon, hit.lat)
        if hit.kind == "camera":
            self.ask_for_camera(hit.id)
        elif hit.kind == "unit":
            self._map_feed.point_unit(hit.id)
        elif hit.kind == "place":
            self._map_feed.pin(hit.id)
        self._map.setFocus()

    @Slot(object)
    def _found_ready(self, registry: object) -> None:
        self._box.look_again()

    def _search(self, text: str) -> list[Found]:
        return search(text, self._finding.registry, self._bridge.state, self._bridge.fixes)
