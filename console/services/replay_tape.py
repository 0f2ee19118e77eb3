"""A proved bundle as the window plays it: its entries with the units' tracks, its stills and the marks of its time line.

In: a bundle file. Out: a Tape, all of it in memory: after `open_tape` nothing is read, opened or sent any more (faults.md D67).
Blocking; call it before the window. A Tape never changes and may be read by any thread.
"""

from __future__ import annotations

import bisect
import itertools
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from console.errors import BadInput
from console.model.camera import Camera
from console.model.events import Entry
from console.model.unit import Fix, Unit
from console.services import bundle
from console.services.replay import Recording, load
from console.store.bundle import BundleReader

MOST_FIXES = 500_000
LARGEST_PICTURE_BYTES = 8 << 20
MOST_PICTURES_BYTES = 256 << 20
MARKED: Mapping[str, str] = {
    "IncidentReported": "report", "IncidentRepeated": "report", "OrderIssued": "order", "OrderRecalled": "order",
    "ReceiptRecorded": "receipt", "OrderSignedOnBehalf": "receipt", "DeadlinePassed": "late", "IncidentClosed": "closed",
}  # fmt: skip
"""Journal kind → kind of mark on the time line."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment worth going to. `kind`: report, order, receipt, late or closed."""

    offset_s: float
    kind: str


@dataclass(frozen=True, slots=True)
class Still:
    """A picture of the bundle: due `offset_s` after the first entry, taken at `at_ns` (UTC)."""

    offset_s: float
    at_ns: int
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class Tape:
    """`fixes[i]` is due at `fix_offsets_s[i]`; `stills` are by camera, oldest first; `notes` say what could not be proved."""

    file: Path
    recording: Recording
    fixes: tuple[Fix, ...]
    fix_offsets_s: tuple[float, ...]
    stills: Mapping[str, tuple[Still, ...]]
    marks: tuple[Mark, ...]
    notes: tuple[str, ...]

    def fixes_due(self, from_s: float, to_s: float) -> list[Fix]:
        """The newest fix of each unit of those that come due after `from_s`, up to and with `to_s`."""
        begin, end = bisect.bisect_right(self.fix_offsets_s, from_s), bisect.bisect_right(self.fix_offsets_s, to_s)
        return list({fix.unit: fix for fix in self.fixes[begin:end]}.values())

    def still_at(self, camera: str, offset_s: float) -> Still | None:
        """The newest still of `camera` that was taken by then."""
        return next((still for still in reversed(self.stills.get(camera, ())) if still.offset_s <= offset_s), None)

    def at_ns(self, offset_s: float) -> int:
        """The recorded UTC time when `offset_s` seconds are played."""
        offsets = self.recording.offsets_s
        last = max(0, bisect.bisect_right(offsets, offset_s) - 1)
        return self.recording.entries[last].at_ns + round((offset_s - offsets[last]) * 1e9)


def open_tape(file: Path, *, keys: Path | None = None) -> Tape:
    """Prove a bundle and read all of it. Raises BadInput when there is none, or naming the first reason why it is no proof."""
    recording = load(file, keys=keys)
    notes = list(recording.notes)
    reader = BundleReader(file)
    try:
        fixes = _fixes(reader, file)
        stills = _stills(reader, recording, notes)
    finally:
        reader.close()
    times = list(itertools.accumulate((entry.at_ns for entry in recording.entries), max))
    timed = sorted(((_offset_s(recording, times, fix.received_ns or fix.at_ns), fix) for fix in fixes), key=lambda one: one[0])
    marks = tuple(
        Mark(offset_s, MARKED[entry.kind])
        for entry, offset_s in zip(recording.entries, recording.offsets_s, strict=True)
        if entry.kind in MARKED
    )
    return Tape(
        file, recording, tuple(fix for _, fix in timed), tuple(offset_s for offset_s, _ in timed), stills, marks, tuple(notes)
    )


def stand_ins(entries: Iterable[Entry]) -> tuple[dict[str, Camera], dict[str, Unit]]:
    """Cameras and units that the entries name, known by their ids only: for a computer without their roster."""
    cameras: dict[str, Camera] = {}
    units: dict[str, Unit] = {}
    for entry in entries:
        body = json.loads(entry.body) if entry.body else {}
        named = body.get("cameras"), body.get("units")
        for one in [body, *(one for group in named if isinstance(group, list) for one in group if isinstance(one, dict))]:
            camera, unit = one.get("camera"), one.get("unit")
            if isinstance(camera, str) and camera:
                cameras.setdefault(camera, Camera(id=camera, name=camera))
            if isinstance(unit, str) and unit:
                units.setdefault(unit, Unit(id=unit, name=unit))
    return cameras, units


def _offset_s(recording: Recording, times: list[int], at_ns: int) -> float:
    """When a fix of `at_ns` is due: behind the last entry that is not younger, before the next one. `times` never fall."""
    last = max(0, bisect.bisect_right(times, at_ns) - 1)
    offset_s = recording.offsets_s[last] + max(0, at_ns - times[last]) / 1e9
    return min(offset_s, recording.offsets_s[last + 1] if last + 1 < len(times) else recording.duration_s)


def _fixes(reader: BundleReader, file: Path) -> list[Fix]:
    known = {one.name for one in fields(Fix)}
    found: list[Fix] = []
    for number, line in enumerate(reader.lines(bundle.TRACKS), 1):
        try:
            told: dict[str, Any] = json.loads(line)
            fix = Fix(**{name: value for name, value in told.items() if name in known})
            whole = isinstance(fix.unit, str) and all(type(value) is int for value in (fix.at_ns, fix.received_ns))
            if not whole or not (math.isfinite(fix.lon) and math.isfinite(fix.lat)):
                raise ValueError("not a position")
        except (ValueError, TypeError, AttributeError) as cause:
            raise BadInput(f"line {number} of {bundle.TRACKS} is no position", str(file)) from cause
        found.append(fix)
        if len(found) > MOST_FIXES:
            raise BadInput(f"{bundle.TRACKS} holds more than {MOST_FIXES} positions", str(file))
    return found


def _stills(reader: BundleReader, recording: Recording, notes: list[str]) -> dict[str, tuple[Still, ...]]:
    """The pictures that entries name; what is too large to hold in memory is noted and left out."""
    stills: dict[str, list[Still]] = {}
    held = left_out = 0
    for entry, offset_s in zip(recording.entries, recording.offsets_s, strict=True):
        if entry.kind != "StillSaved" or entry.body is None:
            continue
        told = json.loads(entry.body)
        member = reader.members.get(told["file"])
        if member is None or not told["file"].startswith("stills/"):
            continue
        if member.size_bytes > LARGEST_PICTURE_BYTES or held + member.size_bytes > MOST_PICTURES_BYTES:
            left_out += 1
            continue
        held += member.size_bytes
        jpeg = reader.read(member.name, LARGEST_PICTURE_BYTES)
        stills.setdefault(told["camera"], []).append(Still(offset_s, told.get("taken_ns") or entry.at_ns, jpeg))
    if left_out:
        notes.append(f"{left_out} stills are too large to be shown here; they are in the bundle")
    return {camera: tuple(found) for camera, found in stills.items()}
