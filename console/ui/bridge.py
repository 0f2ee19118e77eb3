"""Where the desk's news enters the GUI thread: the console's own fold, the newest positions, lights and answers.

`Bridge` is the `Heard` of services/link: its methods of that protocol run in the link's threads and only put values into a
deque; everything else, signals included, belongs to the GUI thread.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from console.clock import Clock
from console.model.events import Entry, incident_of
from console.model.state import State, apply
from console.model.unit import Fix

_log = logging.getLogger(__name__)

SLICE_S = 0.005
"""Longest fold in one turn of the event loop (style.md, Qt rule 1)."""
MERGE_MS = 100
"""Tables hear of changes at most ten times a second."""
TIMELINE_KEPT = 400
"""Entries of one incident that its time line keeps in memory."""


class Sender(Protocol):
    """The half of services/link that the window uses; tests pass a fake."""

    def command(self, kind: str, body: dict[str, Any]) -> int: ...


@dataclass(frozen=True, slots=True)
class Change:
    """What a slice of entries touched: incident ids, journal kinds, and incidents that are new and red."""

    incidents: frozenset[str]
    kinds: frozenset[str]
    new: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """The desk's answer to command `number`: `result`, or `refused` {code, fields}."""

    number: int
    kind: str
    result: dict[str, Any] | None
    refused: dict[str, Any] | None

    @property
    def ok(self) -> bool:
        return self.refused is None


class Bridge(QObject):
    """Owns the console's State and the newest fix of every unit.

    Signals, all from the GUI thread: `changed(Change)`, `positions(dict unit → Fix of what moved)`, `lights(dict)`,
    `answered(Answer)`, `phase((phase, detail))`, `attached(dict greeting)`, `arrived(tuple of new incident ids)` at once,
    unmerged; `caught_up()` once the fold has reached the seq of the desk's greeting; `rewound()` a replay begins anew: State
    and fixes are empty, and what was known comes again.
    """

    changed = Signal(object)
    positions = Signal(object)
    lights = Signal(object)
    answered = Signal(object)
    phase = Signal(object)
    attached = Signal(object)
    arrived = Signal(object)
    caught_up = Signal()
    rewound = Signal()
    _woken = Signal()

    def __init__(self, clock: Clock, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.clock = clock
        self.state = State()
        self.fixes: dict[str, Fix] = {}
        self.greeting: dict[str, Any] = {}
        self.lights_now: dict[str, Any] = {}
        self.phase_now = "starting"
        self.is_caught_up = False
        self._sender: Sender | None = None
        self._asked: dict[int, tuple[str, Callable[[Answer], None] | None]] = {}
        self._inbox: deque[tuple[str, Any]] = deque()
        self._entries: deque[Entry] = deque()
        self._timelines: dict[str, deque[tuple[Entry, object]]] = {}
        self._touched: set[str] = set()
        self._kinds: set[str] = set()
        self._new: list[str] = []
        self._moved: dict[str, Fix] = {}
        self._woken.connect(self._drain, Qt.ConnectionType.QueuedConnection)
        self._folding = QTimer(self)
        self._folding.setInterval(0)
        self._folding.timeout.connect(self._fold)
        self._merging = QTimer(self)
        self._merging.setSingleShot(True)
        self._merging.setInterval(MERGE_MS)
        self._merging.timeout.connect(self._tell)

    # GUI thread ------------------------------------------------------------------------------------------------------

    def use(self, sender: Sender) -> None:
        """Send commands through `sender` from now on."""
        self._sender = sender

    def send(self, kind: str, body: dict[str, Any], then: Callable[[Answer], None] | None = None) -> int:
        """Give a command. `then` is called in the GUI thread with its answer, before `answered` is emitted."""
        if self._sender is None:
            raise RuntimeError("no link yet")
        number = self._sender.command(kind, body)
        self._asked[number] = (kind, then)
        return number

    def timeline(self, incident: str) -> Sequence[tuple[Entry, object]]:
        """The newest entries of an incident with their events, oldest first."""
        return self._timelines.get(incident, ())

    @property
    def now_ns(self) -> int:
        return self.clock.now_ns()

    # link's threads --------------------------------------------------------------------------------------------------

    def _put(self, what: str, value: Any) -> None:
        self._inbox.append((what, value))
        self._woken.emit()

    def entries(self, entries: Sequence[Entry]) -> None:
        self._put("entries", entries)

    def hear_positions(self, fixes: Sequence[Fix]) -> None:
        self._put("positions", fixes)

    def hear_lights(self, links: dict[str, Any]) -> None:
        self._put("lights", links)

    def hear_attached(self, greeting: dict[str, Any]) -> None:
        self._put("attached", greeting)

    def hear_phase(self, phase: str, detail: str) -> None:
        self._put("phase", (phase, detail))

    def hear_rewound(self) -> None:
        self._put("rewound", None)

    def hear_answer(self, number: int, result: dict[str, Any] | None, refused: dict[str, Any] | None) -> None:
        self._put("answer", (number, result, refused))

    # GUI thread again ------------------------------------------------------------------------------------------------

    @Slot()
    def _drain(self) -> None:
        while self._inbox:
            what, value = self._inbox.popleft()
            match what:
                case "entries":
                    self._entries.extend(value)
                    self._folding.start()
                case "positions":
                    for fix in value:
                        self.fixes[fix.unit] = self._moved[fix.unit] = fix
                    self._merge()
                case "lights":
                    self.lights_now = value
                    self.lights.emit(value)
                case "attached":
                    self.greeting = value
                    self.attached.emit(value)
                    self._check_caught_up()
                case "phase":
                    self.phase_now = value[0]
                    self.phase.emit(value)
                case "answer":
                    self._answer(*value)
                case "rewound":
                    self._rewind()

    def _rewind(self) -> None:
        self.state, self.fixes = State(), {}
        for part in (self._entries, self._timelines, self._moved):
            part.clear()
        self.rewound.emit()

    def _answer(self, number: int, result: dict[str, Any] | None, refused: dict[str, Any] | None) -> None:
        kind, then = self._asked.pop(number, ("", None))
        answer = Answer(number, kind, result, refused)
        if then is not None:
            then(answer)
        self.answered.emit(answer)

    @Slot()
    def _fold(self) -> None:
        until = time.monotonic() + SLICE_S
        is_live = self.is_caught_up
        new: list[str] = []
        while self._entries:
            entry = self._entries.popleft()
            event = apply(self.state, entry)
            self._kinds.add(entry.kind)
            incident = incident_of(event)
            if incident:
                self._touched.add(incident)
                self._timelines.setdefault(incident, deque(maxlen=TIMELINE_KEPT)).append((entry, event))
                if entry.kind == "IncidentReported":
                    new.append(incident)
            if time.monotonic() >= until:
                break
        if not self._entries:
            self._folding.stop()
        self._new += new
        self._merge()
        self._check_caught_up()
        if new and is_live:
            self._tell()
            self.arrived.emit(tuple(new))

    def _check_caught_up(self) -> None:
        if not self.is_caught_up and self.greeting and self.state.last_seq >= int(self.greeting.get("seq") or 0):
            self._tell()
            self.is_caught_up = True
            self.caught_up.emit()

    def _merge(self) -> None:
        if not self._merging.isActive():
            self._merging.start()

    @Slot()
    def _tell(self) -> None:
        self._merging.stop()
        if self._kinds:
            change = Change(frozenset(self._touched), frozenset(self._kinds), tuple(self._new))
            self._touched, self._kinds, self._new = set(), set(), []
            self.changed.emit(change)
        if self._moved:
            moved, self._moved = self._moved, {}
            self.positions.emit(moved)


class Ear:
    """The `Heard` that services/link calls: hands everything to a bridge. (A QObject's signals would hide its methods' names.)"""

    def __init__(self, bridge: Bridge) -> None:
        self.phase = bridge.hear_phase
        self.attached = bridge.hear_attached
        self.entries = bridge.entries
        self.positions = bridge.hear_positions
        self.lights = bridge.hear_lights
        self.answer = bridge.hear_answer
        self.rewound = bridge.hear_rewound
