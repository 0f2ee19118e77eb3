"""What happened on tours and patrols; part of `model.events`, which lists every journal kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class TourSaved:
    """A tour of the centre's own was written or changed; `text` is its TOML as it now stands in the folder."""

    tour: str
    name: str
    text: str
    sha256: str


@dataclass(frozen=True, slots=True)
class TourRemoved:
    tour: str


@dataclass(frozen=True, slots=True)
class TourStarted:
    """Pictures go round on a seat's wall. `cameras`: all of the route, none of a household."""

    tour: str
    seat: str
    name: str
    cameras: list[str]


@dataclass(frozen=True, slots=True)
class TourEnded:
    """`steps` stood on the wall; `why`: operator, patrol (one began), another (tour), log_out."""

    tour: str
    seat: str
    steps: int
    why: str = "operator"


@dataclass(frozen=True, slots=True)
class PatrolStarted:
    """A round with proof. Each view: title, cameras, least_s (shortest dwell); each skipped: camera, why, view."""

    patrol: str
    tour: str
    name: str
    seat: str
    operator: str
    request: str
    views: list[dict[str, Any]]
    skipped: list[dict[str, Any]]
    exercise: bool = False


@dataclass(frozen=True, slots=True)
class PatrolViewShown:
    """A view's pictures were asked for on the wall; it stands from now."""

    patrol: str
    view: int


@dataclass(frozen=True, slots=True)
class PatrolViewSeen:
    """The operator's word for a view. `verdict`: nothing, finding, no_picture (none of its cameras gave one).

    `unseen`: its cameras without a picture while it stood, each camera, state, why.
    """

    patrol: str
    view: int
    verdict: str
    dwell_s: float
    unseen: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class PatrolFinding:
    """What was found became an incident; `file` and `sha256` name the picture taken then, if one could be."""

    patrol: str
    view: int
    camera: str
    incident: str
    text: str
    file: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class PatrolEnded:
    """`missed`: views nobody gave a word for, by number. `why`: done, ended_early."""

    patrol: str
    why: str
    missed: list[int]
