"""The roster database: cameras, units and places in versions; imported from CSV, loaded as one snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from console.model.camera import Camera
from console.model.place import Place
from console.model.unit import Unit


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did; the body of `RosterImported`. `quarantined`: one {line, reason} per refused row."""

    added: int
    updated: int
    quarantined: list[dict[str, object]]
    version: int
    sha256: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Roster:
    """A snapshot of the roster at one version; never changed after `load`."""

    cameras: dict[str, Camera]
    units: dict[str, Unit]
    places: dict[str, Place]
    version: int


def load(folder: Path) -> Roster:
    """Return the newest roster of the data folder, an empty one (version 0) where none was imported."""
    raise NotImplementedError


def import_cameras(folder: Path, file: Path, datum: str = "wgs84") -> ImportResult:
    """Add or update cameras from a CSV. `datum` is that of rows without one of their own."""
    raise NotImplementedError


def import_units(folder: Path, file: Path, datum: str = "wgs84") -> ImportResult:
    """Add or update units from a CSV."""
    raise NotImplementedError


def import_places(folder: Path, file: Path, datum: str = "wgs84") -> ImportResult:
    """Add or update places from a CSV."""
    raise NotImplementedError
