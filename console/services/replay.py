"""Replay of a sealed bundle: the recorded entries go through the same fold as live ones, on a clock of their own.

In: a bundle that proves itself. Out: the state at any moment, and at the end the hash the live state had. Pure but for reading
the file: no socket, no journal, nothing is ever sent (faults.md D67). Any thread; a Recording never changes.
"""

from __future__ import annotations

import bisect
import itertools
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from console import paths
from console.errors import BadInput
from console.model.events import Entry
from console.model.state import State, apply, incident_hash
from console.services import bundle


@dataclass(frozen=True, slots=True)
class Recording:
    """A proved bundle, ready to be played. `offsets_s[i]`: when entry i is due, in seconds after the first."""

    incident: str
    exercise: bool
    entries: tuple[Entry, ...]
    offsets_s: tuple[float, ...]
    notes: tuple[str, ...] = ()
    """What could not be proved here; accuses nobody."""

    @property
    def duration_s(self) -> float:
        return self.offsets_s[-1]

    def due(self, from_s: float, to_s: float) -> tuple[Entry, ...]:
        """The entries that come due after `from_s`, up to and with `to_s` (both on the recording's own clock)."""
        return self.entries[bisect.bisect_right(self.offsets_s, from_s) : bisect.bisect_right(self.offsets_s, to_s)]

    def state_at(self, offset_s: float) -> State:
        """The state when `offset_s` seconds are played: the same however one came there (faults.md D68)."""
        state = State()
        for entry in self.due(-math.inf, offset_s):
            apply(state, entry)
        return state


def load(file: Path, *, keys: Path | None = None) -> Recording:
    """Open a bundle to play it. Raises BadInput when there is none, or naming the first reason why it does not prove itself."""
    found = bundle.inspect(file, keys or paths.keys_folder())
    if found.problems:
        raise BadInput(found.problems[0], str(file), "`liandong verify` lists all problems")
    return Recording(
        found.manifest["incident"], bool(found.manifest["exercise"]), tuple(found.entries), _offsets_s(found.entries),
        tuple(found.notes),
    )  # fmt: skip


def fold(file: Path, *, speed: float = 1.0, keys: Path | None = None) -> dict[str, Any]:
    """Fold a bundle to its end at once: `entries`, `duration_s` (as lived, whatever the speed), `state_hash`, `score`.

    `speed` must be a positive number, as in the console; without a window nobody waits. Raises BadInput.
    """
    if not (math.isfinite(speed) and speed > 0):
        raise BadInput(f"the speed must be a positive number, not {speed}", "--speed", "1 is as lived, 8 is eight times as fast")
    recording = load(file, keys=keys)
    return {
        "entries": len(recording.entries), "duration_s": round(recording.duration_s, 3),
        "state_hash": incident_hash(recording.state_at(math.inf), recording.incident), "score": None,
    }  # fmt: skip


def _offsets_s(entries: list[Entry]) -> tuple[float, ...]:
    """When each entry is due: by the monotonic clock within one boot, by UTC across boots, never backwards (faults.md D66)."""
    offsets = [0.0]
    for before, after in itertools.pairwise(entries):
        same = before.boot == after.boot
        gap_ns = after.mono_ns - before.mono_ns if same else after.at_ns - before.at_ns
        offsets.append(offsets[-1] + max(0, gap_ns) / 1e9)
    return tuple(offsets)
