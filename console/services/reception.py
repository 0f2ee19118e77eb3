"""The desk's front: everything the links may ask (`links/hooks.DeskHooks`), answered from memory or passed to the desk thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from console.clock import Clock
from console.errors import BadInput, LiandongError, Refused
from console.links.hooks import Answer, Attached, LocalPeer, Reported
from console.links.intake import IncidentIn, parse_incident
from console.model import account
from console.model import commands as cmd
from console.model.events import Entry
from console.model.picture_condition import CONDITIONS
from console.model.unit import Fix
from console.paths import DataFolder
from console.services.accounts import Accounts
from console.services.desk import Desk
from console.services.positions import Positions
from console.services.registers import Registers

ALIVE_FOR_S = 120.0
"""A console's news of a feed counts this long; then the camera is unknown again, never dead."""


class Reception:
    """Implements `DeskHooks`. `_noted` is the links thread's; `lock` guards `_alive`, `_lights`, `_online` and `_consoles`."""

    def __init__(
        self, folder: DataFolder, desk: Desk, accounts: Accounts, positions: Positions, registers: Registers, clock: Clock
    ):
        self._folder, self._desk, self._accounts = folder, desk, accounts
        self._positions, self._registers, self._clock = positions, registers, clock
        self._lock = threading.Lock()
        self._alive: dict[str, tuple[bool, int]] = {}
        self._noted: dict[str, str] = {}
        self._lights: dict[str, dict[str, str]] = {}
        self._online: dict[str, set[str]] = {}
        self.on_revoked: Callable[[str], None] = lambda unit: None
        self.on_lights: Callable[[dict[str, Any]], None] = lambda lights: None
        self.on_peers: Callable[[int], None] = lambda consoles: None
        self.on_end: Callable[[], bool] = lambda: False
        self._consoles: set[LocalPeer] = set()

    # local socket
    def attach(self, peer: LocalPeer) -> Future[Attached]:
        if peer.kind == "console":
            with self._lock:
                self._consoles.add(peer)
            self.on_peers(len(self._consoles))
        state = self._desk.state
        more = {
            "operators": len(state.operators),
            "needs_password": self._accounts.needs_password(),
            "roster_version": self._desk.around.roster.version,
            "lights": self.lights(),
        }
        future: Future[Attached] = Future()
        future.set_result(Attached(state.last_seq, state.exercise, more))
        return future

    def detach(self, peer: LocalPeer) -> None:
        with self._lock:
            self._consoles.discard(peer)
            left = len(self._consoles)
        if peer.kind == "console":
            self._accounts.left(peer)
            self.on_peers(left)

    def command(self, peer: LocalPeer, kind: str, body: dict[str, Any]) -> Future[Answer]:
        special = self._special(peer, kind, body)
        if special is not None:
            return self._accounts.pool.submit(special)
        by, roles = self._accounts.who(peer)
        if kind in _INTERNAL:
            raise BadInput(f"{kind} is not for clients", "command")
        return self._desk.ask(cmd.from_body(kind, body), by, roles)

    def _special(self, peer: LocalPeer, kind: str, body: dict[str, Any]) -> Callable[[], Answer] | None:
        """Commands that need more than `decide`: passwords, keys, files. They run in the pool, never in a link's thread."""

        def text(name: str, default: str | None = None) -> str:
            value = body.get(name, default)
            if not isinstance(value, str) or len(value) > 4096:
                raise BadInput("must be text", f"{kind}.{name}")
            return value

        accounts, registers = self._accounts, self._registers
        if kind == "LogIn":
            operator, password, seat = text("operator"), text("password", ""), text("seat", peer.seat or "01")
            return lambda: accounts.submit_log_in(peer, operator, password, seat)
        if kind == "SetPassword":
            operator, password = text("operator"), text("password")
            return lambda: accounts.set_password(peer, operator, password)
        if kind == "EndDesk":
            return self._end
        if kind not in _MORE_THAN_A_RULE:
            return None
        by, roles = accounts.who(peer)
        if not account.may(roles, kind):  # before any file is touched, not only when the fact is decided
            raise Refused("no_right", command=kind, by=by)
        if kind == "ImportRoster":
            roster, file, datum = text("roster"), Path(text("file")), text("datum", "wgs84")
            return lambda: registers.import_roster(roster, file, datum, by, roles)
        if kind == "ImportMap":
            return lambda: registers.adopt_map(Path(text("compiled")), text("file"), dict(body.get("facts") or {}), by, roles)
        if kind == "ReportIncident":
            incident = parse_incident(body, "manual")
            return lambda: self._reported_answer(self.report(incident, by).result())
        if kind == "AddSource":
            source = text("source")
            return lambda: Answer((), {"source": source, "token": accounts.add_source(source, by, roles)})
        unit = text("unit")
        if kind == "RevokeTerminal":
            return lambda: self._revoke(unit, by, roles)
        registers.known_unit(unit)
        if kind == "OpenEnrolment":
            return lambda: Answer((), {"unit": unit, "code": accounts.open_enrolment(unit, by, roles)})
        return lambda: Answer((), {"unit": unit, "key": accounts.enrol(unit, by, roles)})

    def _revoke(self, unit: str, by: str, roles: tuple[str, ...]) -> Answer:
        answer = self._accounts.revoke(unit, by, roles)
        self.on_revoked(unit)
        return answer

    def _end(self) -> Answer:
        return Answer((), {"ends": self.on_end()})

    @staticmethod
    def _reported_answer(reported: Reported) -> Answer:
        return Answer((), {"incident": reported.incident, "duplicate_of": reported.duplicate_of})

    def entries_since(self, seq: int, limit: int) -> Future[Sequence[Entry]]:
        return self._desk.entries_since(seq, limit)

    def feed_health(self, peer: LocalPeer, feeds: list[dict[str, Any]]) -> None:
        now = self._clock.mono_ns()
        with self._lock:
            for feed in feeds[:10_000]:
                camera, state = str(feed.get("camera", ""))[:64], feed.get("state")
                if state in ("live", "late"):
                    self._alive[camera] = (True, now)
                elif state == "none" and feed.get("error"):
                    self._alive[camera] = (False, now)
        self._hear_conditions(feeds[:10_000])

    def _hear_conditions(self, feeds: list[dict[str, Any]]) -> None:
        """What a console's picture check says of cameras: a change becomes a fact."""
        for feed in feeds:
            camera, condition, since_ns = str(feed.get("camera", ""))[:64], feed.get("condition"), feed.get("condition_since_ns")
            if not isinstance(condition, str) or not isinstance(since_ns, int) or abs(since_ns) >= 2**63:
                continue
            if condition and condition not in CONDITIONS:
                continue
            known = self._noted.get(camera, self._desk.state.conditions.get(camera, {}).get("condition", ""))
            if condition != known and camera in self._desk.around.roster.cameras:
                self._noted[camera] = condition
                self._desk.ask(cmd.NoteCameraCondition(camera, condition, since_ns), "desk", ("desk",))

    def alive(self) -> dict[str, bool]:
        """Camera → alive, as far as some console has said so lately."""
        oldest = self._clock.mono_ns() - int(ALIVE_FOR_S * 1e9)
        with self._lock:
            return {camera: alive for camera, (alive, at) in self._alive.items() if at >= oldest}

    # door
    def source_of(self, token: str) -> str | None:
        return self._accounts.source_of(token)

    def report(self, incident: IncidentIn, by: str) -> Future[Reported]:
        placed = self._registers.placed(incident)
        answer = self._desk.ask(placed, by, ("source",))
        return _mapped(answer, lambda a: Reported(a.result["incident"], a.result["duplicate_of"]))

    def enrolment_open(self) -> bool:
        return self._accounts.enrolment_open()

    def anything_enrolled(self) -> bool:
        return bool(self._desk.state.terminals or self._desk.state.sources)

    def enrol(self, unit: str, code: str) -> Future[str]:
        return self._accounts.pool.submit(lambda: self._accounts.spend(unit, code))

    # terminals
    def terminal_ok(self, unit: str, key: str) -> bool:
        return self._accounts.terminal_ok(unit, key)

    def open_orders(self, unit: str) -> Future[list[dict[str, Any]]]:
        return self._desk.welcome_orders(unit)

    def receipt(self, unit: str, body: dict[str, Any], path: str) -> Future[None]:
        command = cmd.RecordReceipt(
            unit=unit, order=body["order"], version=body["version"], state=body["state"], receipt=body["receipt"],
            terminal_at_ms=body["at_ms"], reason=body.get("reason"), path=path,
        )  # fmt: skip
        return _mapped(self._desk.ask(command, f"{unit}@{path}", ("terminal",)), lambda _: None)

    def position(self, fix: Fix, path: str) -> None:
        self._positions.offer(fix)

    def presence(self, unit: str, online: bool, path: str) -> None:
        with self._lock:
            paths = self._online.setdefault(unit, set())
            came = online and path not in paths
            (paths.add if online else paths.discard)(path)
        if came:
            self._desk.unit_came(unit)

    def is_online(self, unit: str, path: str) -> bool:
        """Whether the unit's terminal has said on that path that it is there."""
        with self._lock:
            return path in self._online.get(unit, ())

    def at_broker(self, order: str, version: int) -> None:
        self._desk.ask(cmd.RecordSent(order, version, "mqtt", at_broker=True), "desk", ("desk",))

    def path_failed(self, order: str, version: int, path: str, why: str) -> None:
        self._desk.ask(cmd.RecordPathFailed(order, version, path, why[:200]), "desk", ("desk",))

    # everybody
    def quarantine(self, door: str, problem: str, sample: str, count: int = 1) -> None:
        self._desk.ask(cmd.QuarantineInput(door, problem, sample[:200], count), "desk", ("desk",))

    def light(self, link: str, state: str, detail: str) -> None:
        with self._lock:
            self._lights[link] = {"state": state, "detail": detail}
        self.on_lights(self.lights())

    def lights(self) -> dict[str, Any]:
        """Every link's and the store's light: `up`, `down` or `off`, with a word for people."""
        store, detail = self._desk.store_light
        with self._lock:
            return {"store": {"state": store, "detail": detail}, **self._lights}


_MORE_THAN_A_RULE = frozenset({
    "ImportRoster", "ImportMap", "EnrolTerminal", "OpenEnrolment", "RevokeTerminal", "AddSource", "ReportIncident",
})  # fmt: skip
_INTERNAL = frozenset({
    "StartFolder", "StartDesk", "LinkIncident", "RecordReceipt", "RecordSent", "RecordPathFailed", "ExpireOrder", "PassDeadline",
    "QuarantineInput", "ReportIncident", "NoteRecording",
})  # fmt: skip


def _mapped(future: Future[Any], change: Callable[[Any], Any]) -> Future[Any]:
    """A Future of `change(result)`; a refusal passes through."""
    out: Future[Any] = Future()

    def done(finished: Future[Any]) -> None:
        try:
            out.set_result(change(finished.result()))
        except LiandongError as refusal:
            out.set_exception(refusal)
        except Exception as bug:  # noqa: BLE001 - our bug: whoever waits must hear of it
            out.set_exception(bug)

    future.add_done_callback(done)
    return out
