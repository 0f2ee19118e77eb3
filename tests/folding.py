"""A desk in memory for tests: decide, number, apply; no disk, no thread."""

from __future__ import annotations

from typing import Any

from console.model import commands as cmd
from console.model import events as ev
from console.model.decide import decide
from console.model.state import State, apply

EVERYBODY = ("owner", "desk", "terminal", "source")
START_NS = 1_790_000_000_000_000_000


class Folding:
    """`do` a command as anybody at a time that moves only when told; `entries` is what a journal would hold."""

    def __init__(self) -> None:
        self.state = State()
        self.entries: list[ev.Entry] = []
        self.now_ns = START_NS

    def do(self, command: Any, roles: tuple[str, ...] = EVERYBODY, by: str = "li@01") -> list[Any]:
        events = decide(self.state, command, cmd.Ask(by, roles, self.now_ns))
        for event in events:
            self.add(event, by)
        return list(events)

    def add(self, event: Any, by: str = "li@01") -> None:
        seq = len(self.entries) + 1
        entry = ev.Entry(seq, self.now_ns, "boot", self.now_ns, by, ev.kind_of(event), ev.to_body(event), b"", b"")
        self.entries.append(entry)
        apply(self.state, entry)

    def report(self, source_id: str = "A1", **fields: Any) -> str:
        given: dict[str, Any] = {"lon": 104.8, "lat": 30.4, "position_from": "given", "grade": "red", **fields}
        self.do(cmd.ReportIncident("110", source_id, self.now_ns, given.pop("title", "fight"), **given))
        return self.state.by_source[("110", source_id)]

    def order(self, incident: str, unit: str = "P1", request: str = "R1") -> str:
        planned = [{"unit": unit, "role": "first", "text": "go", "expires_s": 600.0}]
        self.do(cmd.Dispatch(incident, "red", request, planned, []))
        return self.state.requests[request].orders[0]

    def receipt(self, order: str, state: str, unit: str = "P1", version: int = 1, number: str = "") -> list[Any]:
        name = number or f"{order}-{state}-{version}"
        return self.do(cmd.RecordReceipt(unit, order, version, state, name, 0))
