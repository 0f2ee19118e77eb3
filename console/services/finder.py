"""Builds what finds cameras, units and places by name off the GUI thread: one short-lived thread for each roster.

In: a roster. Out: a `Registry`, taken by polling `newest`. Own the `Finder`, end it with `close`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from console.model.camera import Camera
from console.model.place import Place
from console.model.unit import Unit
from console.services.branches import Branches
from console.services.names import Named, NameIndex


@dataclass(frozen=True, slots=True)
class Registry:
    """One roster made findable. `cameras` answers by `branches`' numbers, `units` and `places` by the order of their tuples."""

    version: int
    branches: Branches
    cameras: NameIndex
    units: NameIndex
    unit_list: tuple[Unit, ...]
    places: NameIndex
    place_list: tuple[Place, ...]


def build(cameras: Mapping[str, Camera], units: Mapping[str, Unit], places: Mapping[str, Place], version: int = 0) -> Registry:
    """Index one roster: about 0.4 s for 28,000 cameras. Any thread."""
    branches = Branches(cameras.values())
    unit_list, place_list = tuple(units.values()), tuple(places.values())
    return Registry(
        version,
        branches,
        NameIndex([_camera(camera) for camera in branches.cameras]),
        NameIndex([Named((one.id, one.name, one.notes.get("name_en", ""))) for one in unit_list]),
        unit_list,
        NameIndex([Named((one.id, one.name, one.notes.get("name_en", ""))) for one in place_list]),
        place_list,
    )


def _camera(camera: Camera) -> Named:
    return Named((camera.id, camera.name, camera.notes.get("name_en", ""), camera.pole), (camera.area, camera.owner))


class Finder:
    """`put` a roster, look at `newest` until it has that version. A newer roster overtakes an older one being built."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards `_wanted` and `_thread`
        self._wanted: tuple[Mapping[str, Camera], Mapping[str, Unit], Mapping[str, Place], int] | None = None
        self._thread: threading.Thread | None = None
        self.newest: Registry | None = None

    def put(self, cameras: Mapping[str, Camera], units: Mapping[str, Unit], places: Mapping[str, Place], version: int) -> None:
        """Index this roster; returns at once. The mappings must not change any more."""
        with self._lock:
            self._wanted = (cameras, units, places, version)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="name-index", daemon=True)
                self._thread.start()

    @property
    def is_building(self) -> bool:
        with self._lock:
            return self._thread is not None

    def _run(self) -> None:
        while True:
            with self._lock:
                wanted, self._wanted = self._wanted, None
                if wanted is None:
                    self._thread = None
                    return
            self.newest = build(*wanted)

    def close(self) -> None:
        """Wait for the roster being built, drop the next."""
        with self._lock:
            self._wanted = None
            thread = self._thread
        if thread is not None:
            thread.join()
