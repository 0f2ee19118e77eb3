"""Rosters and the city map as the desk uses them: imports on request, names turned into positions."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from console.errors import BadInput, Refused
from console.links.hooks import Answer
from console.links.intake import IncidentIn
from console.model import commands as cmd
from console.model.place import Place
from console.paths import DataFolder
from console.services.desk import Desk
from console.store import citymap
from console.store import roster as roster_store

_IMPORTS: dict[str, Callable[[Path, Path, str], roster_store.ImportResult]] = {
    "cameras": roster_store.import_cameras,
    "units": roster_store.import_units,
    "places": roster_store.import_places,
}


class Registers:
    """Blocking methods for the accounts pool; readers take the desk's current snapshot."""

    def __init__(self, folder: DataFolder, desk: Desk) -> None:
        self._folder, self._desk = folder, desk

    def import_roster(self, roster: str, file: Path, datum: str, by: str, roles: tuple[str, ...]) -> Answer:
        """Import a CSV, make it a fact, and use it from now on. Raises BadInput when no row could be taken."""
        if roster not in _IMPORTS:
            raise BadInput(f"no roster {roster[:40]!r}", "import", "cameras, units or places")
        taken = _IMPORTS[roster](self._folder.root, file, datum)
        version = taken.version or self._desk.state.rosters.get(roster, 0)  # an import that took no row made none
        fact = cmd.ImportRoster(roster, version, file.name, taken.sha256, taken.added, taken.updated, len(taken.quarantined))
        answer = self._desk.ask(fact, by, roles).result()
        self._desk.around.roster = roster_store.load(self._folder.root)
        return Answer(
            answer.entries,
            {
                "added": taken.added,
                "updated": taken.updated,
                "quarantined": taken.quarantined,
                "version": taken.version,
                "warnings": list(taken.warnings),
            },
        )

    def adopt_map(self, compiled: Path, name: str, facts: dict[str, Any], by: str, roles: tuple[str, ...]) -> Answer:
        """Put a compiled map (in the data folder) in the map's place and use it from now on."""
        if compiled.resolve().parent != self._folder.root.resolve():
            raise BadInput("the compiled map must lie in the data folder", str(compiled))
        digest = hashlib.sha256(compiled.read_bytes()).hexdigest()
        new_map = citymap.open_map(compiled)
        os.replace(compiled, self._folder.city_map)
        fact = cmd.ImportMap(name[:200], digest, float(facts.get("roads_km", 0.0)), int(facts.get("buildings", 0)))
        answer = self._desk.ask(fact, by, roles).result()
        self._desk.around.city_map = new_map
        return answer

    def known_unit(self, unit: str) -> None:
        """Raises Refused for a unit the roster does not hold."""
        if unit not in self._desk.around.roster.units:
            raise Refused("unknown_unit", unit=unit[:64])

    def placed(self, incident: IncidentIn) -> cmd.ReportIncident:
        """The report, with its pole's or place's position where it brought none; two candidates leave it unknown (D36)."""
        lon, lat, source = incident.lon, incident.lat, "given"
        if lon is None or lat is None:
            lon = lat = None
            source = "unknown"
            for name, word, kind in (("pole", incident.pole, "pole"), ("place", incident.place, None)):
                found = self._find(word, kind)
                if found is not None:
                    lon, lat, source = found.lon, found.lat, name
                    break
        return cmd.ReportIncident(
            source=incident.source, source_id=incident.source_id, reported_ns=incident.reported_ns, title=incident.title,
            kind=incident.kind, grade=incident.grade, lon=lon, lat=lat, position_from=source, pole=incident.pole,
            place=incident.place, address=incident.address, caller=incident.caller, note=incident.note,
        )  # fmt: skip

    def _find(self, word: str | None, kind: str | None) -> Place | None:
        if not word:
            return None
        places = self._desk.around.roster.places
        if word in places and places[word].lon is not None:
            return places[word]
        named = [
            place for place in places.values() if place.name == word and place.lon is not None and kind in (None, place.kind)
        ]
        return named[0] if len(named) == 1 else None
