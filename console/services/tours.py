"""The tours there are: read from TOML files, the centre's own over shipped ones; and what the desk adds to tour commands.

In: folders of `*.toml`. Out: tours, and a problem with file and line for each that cannot be read: one bad file stops no other.
Blocking (disk): for the desk thread, the console's loader and its tour worker, never the GUI thread.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from console import words
from console.errors import BadInput, Refused, Unavailable
from console.model import patrol_commands as cmd
from console.model import tour_text
from console.model.camera import Camera
from console.model.ids import checked_id
from console.model.tour import Tour, said
from console.model.unit import Fix
from console.paths import resources

MOST_FILES = 500
COMMANDS = (cmd.StartTour, cmd.StartPatrol, cmd.SaveTour, cmd.ReportFinding)
"""The commands that `filled` adds to."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a file is no tour: `where` is "line N" or "", `todo` what helps."""

    file: str
    where: str
    what: str
    todo: str


@dataclass(frozen=True, slots=True)
class Tours:
    """All tours by id, in the order of their hours, and what could not be read."""

    tours: Mapping[str, Tour]
    problems: tuple[Problem, ...]


def sources(root: Path, is_demo: bool) -> tuple[tuple[Path, str], ...]:
    """Where tours come from, later ones replacing earlier ones of the same id."""
    demo = ((resources("demo", "tours"), "demo"),) if is_demo else ()
    return ((resources("tours"), "shipped"), *demo, (own_folder(root), "own"))


def own_folder(root: Path) -> Path:
    """The folder of a centre's own tours below its data folder."""
    return root / "tours"


def load(folders: Sequence[tuple[Path, str]]) -> Tours:
    """Read every `*.toml` of the folders that exist."""
    found: dict[str, Tour] = {}
    problems: list[Problem] = []
    for folder, origin in folders:
        try:
            files = sorted(folder.glob("*.toml")) if folder.is_dir() else []
        except OSError as cause:
            problems.append(Problem(str(folder), "", str(cause.strerror), ""))
            continue
        for file in files[:MOST_FILES]:
            try:
                found[file.stem] = replace(tour_text.read(file.stem, _text(file)), origin=origin)
            except BadInput as cause:
                problems.append(Problem(file.name, cause.where, cause.what, cause.todo))
    by_hours = sorted(found.values(), key=lambda tour: (tour.hours[0].from_min if tour.hours else -1, tour.id))
    return Tours({tour.id: tour for tour in by_hours}, tuple(problems))


def _text(file: Path) -> str:
    """The file's text. Raises BadInput for one too long, unreadable or not UTF-8, with the line of the first wrong byte."""
    try:
        with file.open("rb") as handle:
            content = handle.read(tour_text.LONGEST_BYTES + 1)
    except OSError as cause:
        raise BadInput(f"cannot be read: {cause.strerror}") from cause
    if len(content) > tour_text.LONGEST_BYTES:
        raise BadInput(f"longer than {tour_text.LONGEST_BYTES // 1024} KB", "line 1", "make two tours of it")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        line = content[: cause.start].count(b"\n") + 1
        raise BadInput("not UTF-8 text", f"line {line}", "save the file as UTF-8") from cause


def keep(folder: Path | None, command: cmd.SaveTour | cmd.RemoveTour) -> None:
    """Write or remove the file of a centre's own tour, whole or not at all. Raises Unavailable (disk)."""
    if folder is None:
        raise Unavailable("this desk has no folder for tours")
    file = folder / f"{checked_id(command.tour)}.toml"
    try:
        if isinstance(command, cmd.RemoveTour):
            file.unlink(missing_ok=True)
            return
        folder.mkdir(mode=0o700, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".part-")
        with os.fdopen(handle, "wb") as out:
            out.write(command.text.encode())
            out.flush()
            os.fsync(out.fileno())
        os.replace(temporary, file)
    except OSError as cause:
        raise Unavailable(f"cannot keep {file}: {cause.strerror}") from cause


def filled(command: Any, cameras: Mapping[str, Camera], fixes: Mapping[str, Fix], language: str) -> Any:
    """A tour command with what only the desk knows: which cameras are a household's, and where a finding is.

    Raises Refused for a camera the roster does not hold.
    """
    match command:
        case cmd.StartTour():
            return replace(command, household=_households(command.cameras, cameras))
        case cmd.StartPatrol():
            named = [str(one) for view in command.views if isinstance(view.get("cameras"), list) for one in view["cameras"]]
            return replace(command, household=_households(named, cameras))
        case cmd.SaveTour():
            try:
                tour = tour_text.read(command.tour, command.text)
            except BadInput:
                return replace(command, household=[])  # the rule says what is wrong with it
            named = [one for view in tour.views for one in view.cameras]
            return replace(command, name=said(tour.name, language), household=_households(named, cameras))
        case cmd.ReportFinding():
            return _placed(command, cameras, fixes, language)
    return command


def _households(named: Sequence[str], cameras: Mapping[str, Camera]) -> list[str]:
    return [one for one in dict.fromkeys(named) if (camera := cameras.get(one)) is not None and camera.is_household]


def _placed(
    command: cmd.ReportFinding, cameras: Mapping[str, Camera], fixes: Mapping[str, Fix], language: str
) -> cmd.ReportFinding:
    camera = cameras.get(command.camera)
    if camera is None:
        raise Refused("unknown_camera", camera=command.camera[:64])
    fix = fixes.get(camera.unit) if camera.unit else None
    lon, lat = (fix.lon, fix.lat) if fix is not None else (camera.lon, camera.lat)
    address = " · ".join(part for part in (camera.area, camera.name) if part)
    title = words.in_language(language, "patrol.finding_title", camera=camera.name or camera.id)
    return replace(command, title=title, lon=lon, lat=lat, pole=camera.pole or None, address=address or None)
