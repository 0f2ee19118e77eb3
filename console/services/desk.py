"""The desk: one thread that owns the State and the journal's only writer. Commands in, entries out.

Everything else in the process asks through `ask`, which returns at once with a Future. What a command leads to is stored
(fsync) before anybody hears of it.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from console.clock import Clock
from console.errors import LiandongError, Refused, Unavailable
from console.links.hooks import Answer
from console.links.transport import Transport
from console.model import commands as cmd
from console.model import events as ev
from console.model import geo
from console.model.commands import Ask
from console.model.decide import decide
from console.model.patrol_commands import RemoveTour, SaveTour
from console.model.playbook import Playbook
from console.model.state import State, apply
from console.model.unit import Fix
from console.services import dispatch, overdue, tours
from console.services.linkage import Near, near
from console.services.outbox import Outbox
from console.store.citymap import CityMap
from console.store.journal import Journal
from console.store.roster import Roster

log = logging.getLogger(__name__)
TICK_S = 0.1
_DESK = ("desk",)


@dataclass(slots=True)
class Surroundings:
    """What the desk reads but does not own; `roster` and `city_map` are replaced whole when an import has landed."""

    roster: Roster
    city_map: CityMap | None
    playbooks: Mapping[str, Playbook]
    fixes: Callable[[], Mapping[str, Fix]]
    alive: Callable[[], Mapping[str, bool]]
    radius_m: float
    limit: int
    household_radius_m: float
    order_expires_s: float
    language: str
    tours: Path | None = None
    """Folder of the centre's own tours."""


class Desk:
    """Start it, ask it, stop it. `on_entries(entries)` is called in the desk thread after each transaction."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        around: Surroundings,
        *,
        by: str = "desk",
        limited: bool = False,
        on_entries: Callable[[Sequence[ev.Entry]], None] = lambda entries: None,
        resend_s: float = 5.0,
    ) -> None:
        self._journal, self._clock, self.around = journal, clock, around
        self._by, self._limited, self._on_entries = by, limited, on_entries
        self._resend_s = resend_s
        self._queue: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="desk")
        self._steady = overdue.SteadyTime(clock.now_ns(), clock.mono_ns())
        self._outbox: Outbox | None = None
        self._overdue_mono_ns = 0
        self._sign_mono_ns = clock.mono_ns()
        self.store_light = ("up", "")
        self.state = State()
        """Owned by the desk thread; others read single values only, or ask `look`."""
        for entry in _all_entries(journal):
            apply(self.state, entry)

    def start(self, paths: Sequence[Transport] = ()) -> None:
        """Start the desk thread; `paths` are the ways orders can go (none for a desk limited to the journal)."""
        if not self._limited:
            self._outbox = Outbox(paths, self._record, self._resend_s)
            for order in self.state.orders.values():
                self._outbox.note(order.id)
        self._thread.start()

    def stop(self) -> None:
        """Finish what is queued, sign the head, end the thread. The journal stays open for its owner to close."""
        self._queue.put(None)
        self._thread.join()

    def ask(self, command: object, by: str, roles: tuple[str, ...]) -> Future[Answer]:
        """Have `command` decided and stored. The Future ends with its Answer, or Refused, BadInput, Unavailable. Any thread."""
        future: Future[Answer] = Future()
        self._queue.put(lambda: self._settle(future, lambda: self._do(command, by, roles)))
        return future

    def look(self, reader: Callable[[State], Any]) -> Future[Any]:
        """Have `reader(state)` called in the desk thread; it must not keep or change the State. Any thread."""
        future: Future[Any] = Future()
        self._queue.put(lambda: self._settle(future, lambda: reader(self.state)))
        return future

    def entries_since(self, seq: int, limit: int) -> Future[Sequence[ev.Entry]]:
        """Entries after `seq`, oldest first. Any thread."""
        future: Future[Sequence[ev.Entry]] = Future()
        self._queue.put(lambda: self._settle(future, lambda: self._journal.read(seq, limit)))
        return future

    def unit_came(self, unit: str) -> None:
        """A unit's terminal has connected on some path. Any thread."""
        self._queue.put(lambda: self._outbox.unit_came(unit, self.state) if self._outbox else None)

    def welcome_orders(self, unit: str) -> Future[list[dict[str, Any]]]:
        """The wire bodies a unit should have on its screen, recalls it may not know included; counts as an attempt to send."""
        future: Future[list[dict[str, Any]]] = Future()
        self._queue.put(lambda: self._settle(future, lambda: self._welcome(unit)))
        return future

    def _run(self) -> None:
        while True:
            try:
                job = self._queue.get(timeout=TICK_S)
            except queue.Empty:
                self._tick()
                continue
            if job is None:
                self._journal.sign_head()
                return
            job()
            if self._queue.empty():
                self._tick()

    def _settle(self, future: Future[Any], work: Callable[[], Any]) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(work())
        except LiandongError as refusal:
            future.set_exception(refusal)
        except Exception as bug:  # our bug: logged once, told to the asker; the desk goes on for the others
            log.exception("desk: %r", bug)
            future.set_exception(bug)

    def _tick(self) -> None:
        """Outbox at each call, deadlines and the head now and then. A full disk must not end the thread."""
        if self._limited:
            return
        mono_ns = self._clock.mono_ns()
        try:
            if self._outbox:
                self._outbox.tick(self.state, self._steady.at(mono_ns), mono_ns)
            if mono_ns >= self._overdue_mono_ns:
                self._overdue_mono_ns = mono_ns + 500_000_000
                for command in overdue.due(self.state, self.around.playbooks, self._steady.at(mono_ns)):
                    self._record(command)
            if mono_ns - self._sign_mono_ns > 30_000_000_000:
                self._sign_mono_ns = mono_ns
                self._journal.sign_head()
        except (Unavailable, Refused) as trouble:
            log.warning("desk: %s; trying again", trouble)

    def _record(self, command: object) -> None:
        self._do(command, self._by, _DESK)

    def _do(self, command: object, by: str, roles: tuple[str, ...]) -> Answer:
        command = self._filled(command)
        events = decide(self.state, command, Ask(by, roles, self._clock.now_ns()))
        if events and isinstance(command, (SaveTour, RemoveTour)):
            tours.keep(self.around.tours, command)
        entries = self._append(by, events)
        result = self._result(command, entries)
        for event in events:
            self._follow(event)
        if isinstance(command, cmd.RelinkIncident):
            self._link(command.incident)
        return Answer(entries, result)

    def _append(self, by: str, events: Sequence[object]) -> tuple[ev.Entry, ...]:
        if not events:
            return ()
        try:
            entries = self._journal.append([(by, event) for event in events])
        except Unavailable as trouble:
            self.store_light = ("down", str(trouble))
            raise
        self.store_light = ("up", "")
        for entry in entries:
            apply(self.state, entry)
        self._on_entries(entries)
        return entries

    def _filled(self, command: Any) -> object:
        """Add what our own roster, map and positions say; nothing a client sends in those fields is believed."""
        around, state = self.around, self.state
        if isinstance(command, cmd.Dispatch):
            incident = state.incidents.get(command.incident)
            units = (
                dispatch.candidates(state, incident, around.roster, around.fixes(), self._near(incident.id)) if incident else []
            )
            return dispatch.filled(replace(command, orders=[], shortfalls=[]), state, around.playbooks, units, around.language)
        if isinstance(command, cmd.IssueOrder):
            if command.unit not in around.roster.units:
                raise Refused("unknown_unit", unit=command.unit)
            incident = state.incidents.get(command.incident)
            if incident is not None and not command.text.strip():
                playbook = around.playbooks[incident.grade or "blue"]
                text = dispatch.order_text(playbook, incident, "", around.language)
                return replace(command, text=text, expires_s=playbook.expires_s)
        if isinstance(command, tours.COMMANDS):
            return tours.filled(command, around.roster.cameras, around.fixes(), around.language)
        if isinstance(command, (cmd.OpenTile, cmd.SaveStill, cmd.SaveClip)):
            return self._filled_camera(command)
        if isinstance(command, (cmd.SetPrivacyMasks, cmd.LiftPrivacyMasks)) and command.camera not in around.roster.cameras:
            raise Refused("unknown_camera", camera=command.camera)
        if isinstance(command, cmd.NoteRecording):
            camera = around.roster.cameras.get(command.camera)
            return replace(command, household=camera is not None and camera.is_household)
        return command

    def _filled_camera(self, command: cmd.OpenTile | cmd.SaveStill | cmd.SaveClip) -> object:
        camera = self.around.roster.cameras.get(command.camera)
        if camera is None:
            raise Refused("unknown_camera", camera=command.camera)
        incident = self.state.incidents.get(command.incident or "")
        distance_m = None
        if incident is not None and incident.lon is not None and incident.lat is not None:
            if camera.lon is not None and camera.lat is not None:
                distance_m = float(geo.distance_m(camera.lon, camera.lat, incident.lon, incident.lat))
        return replace(
            command,
            household=camera.network == "huiyan",
            consent=camera.consent,
            distance_m=distance_m,
            radius_m=self.around.household_radius_m,
        )

    def _result(self, command: object, entries: Sequence[ev.Entry]) -> dict[str, Any]:
        state = self.state
        if isinstance(command, cmd.ReportIncident):
            incident = state.by_source[(command.source, command.source_id)]
            new = any(entry.kind == "IncidentReported" for entry in entries)
            return {"incident": incident, "duplicate_of": None if new else incident}
        if isinstance(command, (cmd.Dispatch, cmd.IssueOrder)):
            plan = state.requests[command.request]
            orders = [state.orders[key] for key in plan.orders]
            shortfalls = [
                {"role": one["role"], "rule": one["rule"], "relaxed": one.get("relaxed", "")} for one in plan.shortfalls
            ]
            return {"orders": [{"order": o.id, "unit": o.unit, "state": o.state} for o in orders], "shortfalls": shortfalls}
        return {"seq": [entry.seq for entry in entries]}

    def _follow(self, event: object) -> None:
        if isinstance(event, ev.IncidentReported) and event.lon is not None:
            self._link(event.incident)
        elif isinstance(event, (ev.OrderIssued, ev.OrderRecalled)) and self._outbox:
            self._outbox.note(event.order)

    def _near(self, incident: str) -> Near | None:
        found = self.state.incidents[incident]
        if found.lon is None or found.lat is None:
            return None
        around = self.around
        return near(
            around.roster,
            around.city_map,
            around.fixes(),
            found.lon,
            found.lat,
            now_ns=self._clock.now_ns(),
            limit=around.limit,
            radius_m=around.radius_m,
            incident_open=found.is_open,
            household_radius_m=around.household_radius_m,
            alive=around.alive(),
        )

    def _link(self, incident: str) -> None:
        found = self._near(incident)
        if found is None:
            return
        cameras = [
            {
                "camera": s.camera,
                "number": number,
                "distance_m": round(s.distance_m, 1),
                "verdict": s.verdict,
                "reason": {"code": s.reason, **s.fields, **self._condition_of(s.camera)},
            }
            for number, s in enumerate(found.cameras, 1)
        ]
        units = [
            {
                "unit": u.unit,
                "distance_m": round(u.distance_m, 1),
                "ring_m": u.ring_m,
                "eta_s": None if u.eta_s is None else round(u.eta_s, 1),
                "fix_age_s": round(u.fix_age_s, 1),
            }
            for u in found.units
            if u.distance_m <= max(500.0, self.around.radius_m)
        ]
        self._record_link(cmd.LinkIncident(incident, cameras, units, self.around.roster.version))

    def _condition_of(self, camera: str) -> dict[str, str]:
        """What looks wrong with a camera's picture, beside what it can see."""
        known = self.state.conditions.get(camera)
        return {"condition": known["condition"]} if known is not None else {}

    def _record_link(self, command: cmd.LinkIncident) -> None:
        try:
            self._record(command)
        except Unavailable as trouble:
            log.warning("desk: cameras of %s not linked: %s", command.incident, trouble)

    def _welcome(self, unit: str) -> list[dict[str, Any]]:
        now_ns = self._clock.now_ns()
        wanted = [
            order
            for order in self.state.orders.values()
            if order.unit == unit and (order.wants_sending(now_ns) or (order.is_open and order.on_terminal_version > 0))
        ]
        for order in wanted:
            if order.wants_sending(now_ns):
                self._record(cmd.RecordSent(order.id, order.version, "websocket"))
                if self._outbox:
                    self._outbox.sent_elsewhere(order, self._clock.mono_ns())
        return [order.body() for order in wanted]


def _all_entries(journal: Journal) -> Any:
    seq = 0
    while batch := journal.read(seq, 2000):
        yield from batch
        seq = batch[-1].seq
