"""A district's day for tests: invented facts that went through `decide`, so that they are exactly what a desk would write."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from console.errors import Refused
from console.model import commands as cmd
from console.model.commands import Ask
from console.model.decide import decide
from console.model.order import RECEIPT_STATES
from console.model.state import State, apply
from console.store.journal import Journal
from tests.fakes import FakeClock

_DESK, _OWNER = ("desk",), ("owner", "terminal", "desk", "source", "administrator")


class Story:
    """A live desk in small: decide, append, apply. `state` is the live State."""

    def __init__(self, folder: Path, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.journal = Journal.open(folder / "journal.db", self.clock)
        self.state = State()
        while entries := self.journal.read(self.state.last_seq):
            for entry in entries:
                apply(self.state, entry)

    def tell(self, command: object, by: str = "wang@seat1") -> int:
        """Decide and write one command; returns how many entries it made (0 when it was refused)."""
        try:
            events = decide(self.state, command, Ask(by, _OWNER, self.clock.now_ns()))
        except Refused:
            return 0
        entries = self.journal.append([(by, event) for event in events])
        for entry in entries:
            apply(self.state, entry)
        return len(entries)

    def begin(self, exercise: bool = False) -> None:
        self.tell(cmd.StartFolder(exercise, "liandong test"), "desk@test")
        self.tell(cmd.AddOperator("wang", "王", ["commander"]), "desk@test")
        self.tell(cmd.LogIn("wang", "seat1", True), "desk@test")

    def report(self, number: int, grade: str | None = "red") -> str:
        """Report one incident and return its id."""
        self.tell(
            cmd.ReportIncident("110", f"n{number}", self.clock.now_ns(), f"事件 {number}", grade=grade, lon=104.8, lat=30.4)
        )
        return f"I{len(self.state.incidents):06d}"

    def dispatch(self, incident: str, units: tuple[str, ...] = ("U-1", "U-2")) -> list[str]:
        """Send one order to each unit and return the orders' ids."""
        planned = [{"unit": unit, "text": "前往现场", "role": "first", "expires_s": 600.0} for unit in units]
        self.tell(cmd.Dispatch(incident, "red", f"r-{incident}-{self.state.last_seq}", planned))
        return list(self.state.incidents[incident].orders)

    def receipt(self, order: str, state: str) -> None:
        number = len(self.state.receipts)
        self.tell(cmd.RecordReceipt(self.state.orders[order].unit, order, 1, state, f"q{number}", 1), "terminal@U")

    def muddle(self, seed: int, steps: int) -> Iterator[str]:
        """Many incidents at once, acts in any order, some refused; yields each incident as it is reported."""
        chance = random.Random(seed)
        for step in range(steps):
            self.clock.advance(chance.random() * 20)
            incidents, orders = list(self.state.incidents), list(self.state.orders)
            act = chance.randrange(14)
            if act < 2 or not incidents:
                yield self.report(step, chance.choice(("red", "orange", None, "green")))
                continue
            incident = chance.choice(incidents)
            order = chance.choice(orders) if orders else ""
            tile = f"seat1/{chance.randrange(3)}"
            match act:
                case 2 | 3:
                    self.dispatch(incident, (f"U-{chance.randrange(5)}",))
                case 4:
                    self.tell(cmd.GradeIncident(incident, chance.choice(("red", "blue"))))
                case 5:
                    self.tell(cmd.NoteIncident(incident, f"记录 {step}"))
                case 6 if order:
                    self.tell(cmd.RecallOrder(order, "wrong unit"))
                case 7:
                    self.tell(cmd.OpenTile(tile, f"C-{chance.randrange(9)}", "seat1", chance.choice((incident, None)), "round"))
                case 8:
                    self.tell(cmd.CloseTile(tile, "seat1"))
                case 9 if chance.random() < 0.3:
                    self.tell(cmd.CloseIncident(incident))
                case 10 if order:
                    self.tell(cmd.RecordSent(order, self.state.orders[order].version, "websocket"), "desk@test")
                case 11:
                    self.tell(cmd.LinkIncident(incident, [{"camera": "C-1", "verdict": "sees"}], [{"unit": "U-1"}]), "desk@test")
                case 12:
                    self.tell(cmd.PassDeadline(incident, "sign", 60.0), "desk@test")
                case _ if order:
                    self.receipt(order, chance.choice(RECEIPT_STATES))

    def close(self) -> None:
        self.journal.close()
