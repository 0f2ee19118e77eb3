"""A desk in memory: `DeskHooks` without journal or threads of its own, for tests of the links and of terminals."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from console.errors import BadInput, LiandongError, Refused
from console.links.hooks import Answer, Attached, LocalPeer, Reported
from console.links.intake import IncidentIn
from console.model.events import Entry
from console.model.unit import Fix


def made_entry(seq: int, kind: str = "IncidentNoted", body: str = '{"incident":"I000001","text":"x"}') -> Entry:
    return Entry(seq, seq * 10, "testboot", seq * 10, "test@01", kind, body, b"salt", hashlib.sha256(body.encode()).digest())


def done(make: Callable[[], Any]) -> Future[Any]:
    """A finished Future of what `make` returns or of the failure it raises."""
    future: Future[Any] = Future()
    try:
        future.set_result(make())
    except LiandongError as cause:
        future.set_exception(cause)
    return future


class FakeDesk:
    """Keeps what the links hand over in plain lists; `on_entries` is told of each entry a command makes."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.entries: list[Entry] = []
        self.peers: list[LocalPeer] = []
        self.left: list[LocalPeer] = []
        self.feeds: list[list[dict[str, Any]]] = []
        self.tokens: dict[str, str] = {}
        self.keys: dict[str, str] = {}
        self.codes: dict[str, str] = {}
        self.enrolment = False
        self.incidents: dict[tuple[str, str], str] = {}
        self.reports: list[IncidentIn] = []
        self.orders: dict[str, dict[str, Any]] = {}
        self.owners: dict[str, str] = {}
        self.receipts: dict[str, dict[str, Any]] = {}
        self.receipt_calls = 0
        self.fixes: list[Fix] = []
        self.presences: list[tuple[str, bool, str]] = []
        self.acknowledged: list[tuple[str, int]] = []
        self.failed: list[tuple[str, int, str, str]] = []
        self.quarantined: list[tuple[str, str, str]] = []
        self.counted = 0
        self.lights: dict[str, str] = {}
        self.hold_receipts: threading.Event | None = None
        """While set and not signalled, receipts are not stored (a slow disk)."""
        self.on_entries: Callable[[Sequence[Entry]], None] = lambda entries: None

    def attach(self, peer: LocalPeer) -> Future[Attached]:
        def greet() -> Attached:
            if peer.by == "refused":
                raise Refused("not_allowed")
            self.peers.append(peer)
            return Attached(len(self.entries), True)

        return done(greet)

    def detach(self, peer: LocalPeer) -> None:
        self.left.append(peer)

    def command(self, peer: LocalPeer, kind: str, body: dict[str, Any]) -> Future[Answer]:
        if kind == "Hang":
            return Future()

        def decide() -> Answer:
            if kind == "Refuse":
                raise Refused("incident_unknown", incident=body.get("incident"))
            if kind == "Bad":
                raise BadInput("wrong", "Bad.field", "send better")
            if kind == "Bug":
                raise LiandongError("surprise")
            return Answer((self.note(str(body.get("text", ""))),), {"peer": peer.number})

        return done(decide)

    def note(self, text: str) -> Entry:
        with self.lock:
            entry = made_entry(len(self.entries) + 1, body=json.dumps({"incident": "I000001", "text": text}))
            self.entries.append(entry)
        self.on_entries((entry,))
        return entry

    def entries_since(self, seq: int, limit: int) -> Future[Sequence[Entry]]:
        return done(lambda: self.entries[seq : seq + limit])

    def feed_health(self, peer: LocalPeer, feeds: list[dict[str, Any]]) -> None:
        self.feeds.append(feeds)

    def source_of(self, token: str) -> str | None:
        return self.tokens.get(token)

    def report(self, incident: IncidentIn, by: str) -> Future[Reported]:
        def keep() -> Reported:
            key = (incident.source, incident.source_id)
            if key in self.incidents:
                return Reported(self.incidents[key], self.incidents[key])
            self.reports.append(incident)
            self.incidents[key] = f"I{len(self.reports):06d}"
            return Reported(self.incidents[key])

        return done(keep)

    def enrolment_open(self) -> bool:
        return self.enrolment

    def anything_enrolled(self) -> bool:
        return bool(self.keys)

    def enrol(self, unit: str, code: str) -> Future[str]:
        def spend() -> str:
            if not self.enrolment or self.codes.pop(unit, None) != code:
                raise Refused("enrolment_code_wrong")
            self.keys[unit] = f"key-of-{unit}"
            return self.keys[unit]

        return done(spend)

    def terminal_ok(self, unit: str, key: str) -> bool:
        return self.keys.get(unit) == key

    def add_order(self, unit: str, order: str, version: int = 1, **more: Any) -> dict[str, Any]:
        body = {
            "order": order, "version": version, "incident": order.split("-")[0], "grade": "red", "kind": "order",
            "text": "前往处置 go there", "lon": 104.06, "lat": 30.65, "issued_at_ms": 1_790_000_000_000,
            "expires_at_ms": 1_890_000_000_000, "state": "issued", "exercise": True, **more,
        }  # fmt: skip
        self.orders[order] = body
        self.owners[order] = unit
        return body

    def open_orders(self, unit: str) -> Future[list[dict[str, Any]]]:
        return done(lambda: [body for order, body in self.orders.items() if self.owners[order] == unit])

    def receipt(self, unit: str, body: dict[str, Any], path: str) -> Future[None]:
        self.receipt_calls += 1

        def keep() -> None:
            if self.owners.get(body["order"]) != unit:
                raise Refused("order_unknown", order=body["order"])
            self.receipts.setdefault(body["receipt"], {**body, "unit": unit, "path": path})

        gate = self.hold_receipts
        if gate is None:
            return done(keep)
        future: Future[None] = Future()

        def later() -> None:
            if not gate.wait(30):
                return
            try:
                keep()
                future.set_result(None)
            except LiandongError as cause:
                future.set_exception(cause)

        threading.Thread(target=later, daemon=True).start()
        return future

    def position(self, fix: Fix, path: str) -> None:
        self.fixes.append(fix)

    def presence(self, unit: str, online: bool, path: str) -> None:
        self.presences.append((unit, online, path))

    def at_broker(self, order: str, version: int) -> None:
        self.acknowledged.append((order, version))

    def path_failed(self, order: str, version: int, path: str, why: str) -> None:
        self.failed.append((order, version, path, why))

    def quarantine(self, door: str, problem: str, sample: str, count: int = 1) -> None:
        self.quarantined.append((door, problem, sample))
        self.counted += count

    def light(self, link: str, state: str, detail: str) -> None:
        self.lights[link] = state
