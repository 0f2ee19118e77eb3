"""From a choice to pictures: which incident is open, which camera stands in which tile and why, and the way back.

Every tile opened or closed is a command; a household camera shows nothing before the desk has answered yes. GUI thread only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from console.model import arrangement
from console.model.arrangement import Tile
from console.model.camera import HOUSEHOLD
from console.model.incident import Incident
from console.ui.around import Around
from console.ui.bridge import Answer, Bridge, Change
from console.ui.refusals import refusal_text
from console.words import tr

KEPT_VIEWS = 30
MOST_TILES = 9


@dataclass(frozen=True, slots=True)
class View:
    """What the operator looks at: one incident, the tiles, and the map's own view (whatever the map gave)."""

    incident: str
    tiles: tuple[Tile, ...]
    map_view: object = None


def wall_order(incident: Incident) -> list[dict[str, Any]]:
    """The linked cameras that may go to the wall, best verdict first: all but those that need consent nobody has given."""
    return [one for one in incident.cameras if one["verdict"] != "needs_consent"]


class Flow(QObject):
    """Owns the current view and the former ones.

    Signals: `incident_opened(str)` ("" for none), `tiles_changed(tuple of Tile)`, `notes_changed(dict camera → text)`,
    `map_asked(object)` a former map view to bring back, `acting()` an operator's act is about to change the tiles.
    """

    incident_opened = Signal(object)
    tiles_changed = Signal(object)
    notes_changed = Signal(object)
    map_asked = Signal(object)
    acting = Signal()

    def __init__(self, bridge: Bridge, around: Around, seat: str, limit: int = MOST_TILES, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._around, self._seat, self._limit = bridge, around, seat, limit
        self.incident = ""
        self.tiles: tuple[Tile, ...] = ()
        self.notes: dict[str, str] = {}
        self._former: list[View] = []
        self._map_view: Any = lambda: None
        self.windows: frozenset[int] = frozenset((0,))
        """The wall windows that stand open; 0 is the seat's own wall."""
        self.active_window = 0
        """The one the operator's hands were in last: a camera called goes there."""
        self._room: Callable[[int], int] = lambda window: arrangement.MOST_TILES
        bridge.changed.connect(self._changed)
        bridge.attached.connect(self._attached)

    def use_map(self, map_view: Any) -> None:
        """Ask `map_view()` for the map's view whenever the present one is put away."""
        self._map_view = map_view

    @property
    def seat(self) -> str:
        return self._seat

    def use_room(self, room: Callable[[int], int]) -> None:
        """Ask `room(window)` how many places a window's layout has."""
        self._room = room

    # choosing --------------------------------------------------------------------------------------------------------

    @Slot(object)
    def open_incident(self, incident: str) -> None:
        """Make an incident the open one: seen, on the panel, its cameras on the wall."""
        found = self._bridge.state.incidents.get(incident)
        if found is None:
            return
        if incident != self.incident:
            self.acting.emit()
            self._put_away()
            self.incident, self.notes = incident, {}
        if found.acknowledged_ns is None and found.is_open:
            self._bridge.send("AcknowledgeIncident", {"incident": incident})
        self._fill(found)
        self.incident_opened.emit(incident)
        self.notes_changed.emit(self.notes)

    def open_camera(self, camera: str, reason: str | None = None, window: int | None = None, place: int | None = None) -> bool:
        """Put one camera more on the wall: for the open incident where it belongs to it, else as an operator's own look.

        Without a place it goes to the first empty one, and one that is shown already is not shown twice. A given place is
        taken unless a pinned tile stands there. False: nothing has changed.
        """
        if place is None and any(tile.camera == camera for tile in self.tiles):
            return False
        window = self.active_window if window is None else window
        if place is None:
            place = arrangement.place_for(self.tiles, window, self._room(window))
        there = None if place is None else arrangement.at(self.tiles, window, place)
        if place is None or (there is not None and (there.is_pinned or there.camera == camera)):
            return False
        incident = self._bridge.state.incidents.get(self.incident)
        linked = next((one for one in incident.cameras if one["camera"] == camera), None) if incident else None
        number = int(str(linked["number"])) if linked else 0
        of = self.incident if linked or (self._is_household(camera) and incident and incident.is_open and not reason) else None
        taken = {tile.tile for tile in self.tiles if tile is not there}
        name = arrangement.free_name(taken, self._seat, window, place)
        made = replace(self._tile(name, camera, number, of or None, reason), window=window, place=place)
        self.arrange(arrangement.opened(self.tiles, made))
        return True

    def arrange(self, tiles: Sequence[Tile]) -> None:
        """An operator's act has arranged the tiles so; it can be undone, and Backspace brings the former view back."""
        if tuple(tiles) != self.tiles:
            self.acting.emit()
            self._put_away()
            self._show(tuple(tiles))

    def restore(self, tiles: Sequence[Tile]) -> None:
        """Bring a former arrangement back: household tiles wait for the desk's answer again, unless they still stand."""
        self._show(tuple(replace(tile, may_show=not tile.household) for tile in tiles))

    def close_tile(self, tile: str) -> None:
        """Take one tile off the wall."""
        self.arrange(arrangement.closed(self.tiles, tile))

    def bring(self, window: int, cameras: Sequence[tuple[str, int, bool]]) -> None:
        """Bring a window's cameras of the last time back: (camera, place, pinned). Unknown and household ones stay away."""
        tiles = self.tiles
        for camera, place, is_pinned in cameras:
            free = arrangement.at(tiles, window, place) is None and 0 <= place < arrangement.MOST_TILES
            if free and camera in self._around.cameras and not self._is_household(camera):
                name = arrangement.free_name({tile.tile for tile in tiles}, self._seat, window, place)
                made = replace(self._tile(name, camera, 0, None, None), window=window, place=place, is_pinned=is_pinned)
                tiles = (*tiles, made)
        if tiles != self.tiles:
            self._show(tiles)

    # tours -----------------------------------------------------------------------------------------------------------

    def tour_room(self, window: int = 0) -> int:
        """Places that a tour may use now: empty ones and those it has; never pinned, an incident's or the operator's own."""
        others = [tile for tile in self.tiles if not tile.is_tour]
        return len(arrangement.free_places(others, window, self._room(window)))

    def put_tour(self, cameras: Sequence[str], window: int = 0) -> tuple[str, ...]:
        """Show a tour's cameras in the places it may use; () takes the tour off. Returns those that found a place.

        No command goes to the desk for them: the tour itself is the fact. Household cameras are left out.
        """
        tiles = self._toured(cameras, window)
        if tiles != self.tiles:
            self._show(tiles)
        return tuple(tile.camera for tile in tiles if tile.is_tour and tile.window == window)

    def tour_ahead(self, cameras: Sequence[str], window: int = 0) -> tuple[Tile, ...]:
        """The tiles that `put_tour` would show now, to open their pictures ahead."""
        return tuple(tile for tile in self._toured(cameras, window) if tile.is_tour and tile.window == window)

    def _toured(self, cameras: Sequence[str], window: int) -> tuple[Tile, ...]:
        wanted = [
            replace(self._tile("", camera, 0, None, None), is_tour=True) for camera in cameras if not self._is_household(camera)
        ]
        return arrangement.toured(self.tiles, wanted, self._seat, window, self._room(window))

    @Slot()
    def back(self) -> None:
        """Bring the exact former view back."""
        if not self._former:
            return
        view = self._former.pop()
        self.acting.emit()
        self.incident, self.notes = view.incident, {}
        incident = self._bridge.state.incidents.get(view.incident)
        tiles = tuple(
            tile
            for tile in view.tiles
            if tile.window in self.windows and not (tile.household and incident is not None and not incident.is_open)
        )
        self._show(tuple(replace(tile, may_show=tile.may_show and not tile.household) for tile in tiles))
        self.incident_opened.emit(view.incident)
        self.notes_changed.emit(self.notes)
        if view.map_view is not None:
            self.map_asked.emit(view.map_view)

    def close(self) -> None:
        """Say that nobody looks any more."""
        self._show(())

    # the wall --------------------------------------------------------------------------------------------------------

    def _put_away(self) -> None:
        self._former.append(View(self.incident, self.tiles, self._map_view()))
        del self._former[:-KEPT_VIEWS]

    def _is_household(self, camera: str) -> bool:
        found = self._around.cameras.get(camera)
        return found is not None and found.network == HOUSEHOLD

    def _tile(self, name: str, camera: str, number: int, incident: str | None, reason: str | None) -> Tile:
        household = self._is_household(camera)
        return Tile(name, camera, number, incident, reason, household, may_show=not household)

    def _wanted(self, incident: Incident) -> list[tuple[str, int]]:
        """The incident's cameras and numbers in the verdict list's order, as many as find room beside what is pinned."""
        pinned = {tile.camera for tile in self.tiles if tile.is_pinned and tile.window == 0}
        linked = [(str(one["camera"]), int(one["number"])) for one in wall_order(incident)]
        return [one for one in linked if one[0] not in pinned][: max(1, self._limit - len(pinned))]

    def _fill(self, incident: Incident) -> None:
        """The incident's cameras in the verdict list's order, in this seat's own wall, round its pinned tiles."""
        wanted = [self._tile("", camera, number, incident.id, None) for camera, number in self._wanted(incident)]
        if not incident.is_open:
            wanted = [tile for tile in wanted if not tile.household]
        self._show(arrangement.filled(self.tiles, wanted, self._seat))

    def _show(self, tiles: tuple[Tile, ...]) -> None:
        """Put `tiles` on the wall at once and tell the desk what opened and closed."""
        before = {tile.tile: tile for tile in self.tiles}
        tiles = tuple(
            replace(tile, may_show=old.may_show) if (old := before.get(tile.tile)) and old.look == tile.look else tile
            for tile in tiles
        )
        self.tiles = tiles
        self.tiles_changed.emit(tiles)
        staying = {tile.tile for tile in tiles}
        for name, old in before.items():
            if name not in staying and not old.is_tour:
                self._bridge.send("CloseTile", {"tile": name, "seat": self._seat})
        for tile in tiles:
            former = before.get(tile.tile)
            if former is None or former.look != tile.look or former.is_tour != tile.is_tour:
                self._ask(tile)

    def _ask(self, tile: Tile) -> None:
        if tile.is_tour:
            return
        body = {"tile": tile.tile, "camera": tile.camera, "seat": self._seat, "incident": tile.incident, "reason": tile.reason}
        if tile.household:
            self._note(tile.camera, tr("incident.consent_asked"))
        self._bridge.send("OpenTile", body, lambda answer: self._opened(tile, answer))

    def _opened(self, asked: Tile, answer: Answer) -> None:
        """The desk has decided: a household camera shows now, or not at all; a refused one leaves the wall and says why."""
        held = next(
            (tile for tile in self.tiles if tile.look == asked.look),
            None,
        )
        if held is None:
            return
        if answer.ok:
            if held.household:
                self._note(asked.camera, tr("incident.consent_incident" if asked.incident else "incident.consent_written"))
            if held.may_show:
                return
            self.tiles = tuple(replace(tile, may_show=True) if tile is held else tile for tile in self.tiles)
        elif (answer.refused or {}).get("code") == "unavailable" and not held.household:
            return  # the desk is away: the picture stays, the tile is told again when it is back
        else:
            self._note(asked.camera, refusal_text(answer.refused or {}))
            self.tiles = tuple(tile for tile in self.tiles if tile is not held)
        self.tiles_changed.emit(self.tiles)

    def _note(self, camera: str, text: str) -> None:
        self.notes[camera] = text
        self.notes_changed.emit(self.notes)

    # hearing ---------------------------------------------------------------------------------------------------------

    @Slot(object)
    def _changed(self, change: Change) -> None:
        if self.incident in change.incidents and "CamerasLinked" in change.kinds:
            incident = self._bridge.state.incidents[self.incident]
            own = [tile for tile in self.tiles if tile.window == 0 and tile.incident == self.incident and not tile.is_pinned]
            if incident.is_open and self._wanted(incident) != [(tile.camera, tile.number) for tile in own]:
                self._fill(incident)
        if change.kinds & {"TileClosed", "IncidentClosed"}:
            opened = self._bridge.state.tiles
            gone = [tile for tile in self.tiles if tile.household and tile.may_show and tile.tile not in opened]
            if gone:
                self.tiles = tuple(tile for tile in self.tiles if tile not in gone)
                self.tiles_changed.emit(self.tiles)

    @Slot(object)
    def _attached(self, greeting: object) -> None:
        """The desk is back: it is told again what this seat looks at (known tiles change nothing there).

        Household tiles wait for its answer again: it has closed them when it heard that this console was gone.
        """
        self.tiles = tuple(replace(tile, may_show=not tile.household) for tile in self.tiles)
        if self.tiles:
            self.tiles_changed.emit(self.tiles)
        for tile in self.tiles:
            self._ask(tile)
