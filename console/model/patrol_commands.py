"""What an operator asks for on tours and patrols; part of `model.commands`, which lists every command."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class SaveTour:
    """Write a tour of the centre's own. `text` is its TOML; `name` and `household` are filled in by the desk."""

    tour: str
    text: str
    name: str = ""
    household: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RemoveTour:
    """Take a tour of the centre's own away (a shipped one of that id comes back)."""

    tour: str


@dataclass(frozen=True, slots=True)
class StartTour:
    """`household`: those of `cameras` that are a household's, filled in by the desk from the roster."""

    tour: str
    seat: str
    name: str
    cameras: list[str]
    household: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class EndTour:
    tour: str
    seat: str
    steps: int
    why: str = "operator"


@dataclass(frozen=True, slots=True)
class StartPatrol:
    """Views and skipped as in `PatrolStarted`; the same request again starts nothing. `household` as in `StartTour`."""

    tour: str
    name: str
    seat: str
    request: str
    views: list[dict[str, Any]]
    skipped: list[dict[str, Any]]
    household: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ShowPatrolView:
    patrol: str
    view: int


@dataclass(frozen=True, slots=True)
class SeePatrolView:
    """Nothing was found in a view that stood `dwell_s`."""

    patrol: str
    view: int
    dwell_s: float
    unseen: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class ReportFinding:
    """Something was found: it becomes an incident. `lon`, `lat`, `pole`, `address`, `place_name`, `title` come from the desk."""

    patrol: str
    view: int
    camera: str
    text: str
    request: str
    dwell_s: float
    unseen: list[dict[str, Any]]
    grade: str | None = None
    file: str = ""
    sha256: str = ""
    title: str = ""
    lon: float | None = None
    lat: float | None = None
    pole: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class EndPatrol:
    patrol: str
