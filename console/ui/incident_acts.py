"""What the panel's keys do: the one key, the next unit, note, grade, close, look again, recall, sign on behalf.

Acts become commands; a wish without an answer keeps its request id, so that asking twice is asking once. GUI thread only.
"""

from __future__ import annotations

import uuid
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from console.model.playbook import Candidate
from console.ui import around as near
from console.ui.around import Around
from console.ui.ask import AskLine
from console.ui.bridge import Answer, Bridge
from console.ui.clocks import late_orders
from console.ui.orders import OrderRow
from console.ui.refusals import refusal_text
from console.words import tr


class IncidentActs(QObject):
    """Acts on `incident`.

    Signals: `said(str)` what went wrong, or "" when an act went well; `settled()` something was answered.
    """

    said = Signal(object)
    settled = Signal()

    def __init__(self, bridge: Bridge, around: Around, ask: AskLine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._around, self._ask_line = bridge, around, ask
        self.incident = ""
        self.next: Candidate | None = None
        """The unit that one more order would go to."""
        self.order: OrderRow | None = None
        """The order strip the keyboard is on."""
        self._requests: dict[tuple[str, str], str] = {}
        """(incident, playbook or unit) → request id of a press that has no answer yet."""

    def is_waiting(self, incident: str, playbook: str) -> bool:
        """Whether a press of the one key has no answer yet."""
        return (incident, playbook) in self._requests

    def _answered(self, answer: Answer) -> None:
        self.said.emit("" if answer.ok else refusal_text(answer.refused or {}))

    def _request(self, key: tuple[str, str]) -> str:
        """One id per wish: pressing again before the answer has come asks for the same thing."""
        return self._requests.setdefault(key, uuid.uuid4().hex)

    def _settle(self, key: tuple[str, str], answer: Answer) -> None:
        if answer.ok or (answer.refused or {}).get("code") != "unavailable":
            self._requests.pop(key, None)
        self._answered(answer)
        self.settled.emit()

    @Slot()
    def dispatch(self) -> None:
        """The one key has been held for its second."""
        incident = self._bridge.state.incidents.get(self.incident)
        playbook = self._around.playbook_of(incident.grade) if incident else None
        if incident is None or playbook is None:
            return
        key = (incident.id, playbook.name)
        body = {"incident": incident.id, "playbook": playbook.name, "request": self._request(key)}
        self._bridge.send("Dispatch", body, lambda answer: self._settle(key, answer))
        self.settled.emit()

    @Slot()
    def send_next(self) -> None:
        """Order the nearest free unit, in place of the order that is in trouble if there is one."""
        incident = self._bridge.state.incidents.get(self.incident)
        if incident is None or self.next is None or not incident.is_open:
            return
        mine = [self._bridge.state.orders[key] for key in incident.orders]
        troubled = near.needs_replacing(mine, late_orders(incident, mine))
        key = (incident.id, self.next.unit)
        body: dict[str, Any] = {"incident": incident.id, "unit": self.next.unit, "request": self._request(key)}
        if troubled is not None:
            body |= {"replaces": troubled.id, "role": troubled.role or "named"}
        self._bridge.send("IssueOrder", body, lambda answer: self._settle(key, answer))

    @Slot()
    def ask_note(self) -> None:
        """Write something into the time line."""
        self._ask("incident.ask.note", "NoteIncident", "text", "incident.act.note")

    @Slot()
    def ask_close(self) -> None:
        """Close the incident; what is still open is said in the question."""
        incident = self._bridge.state.incidents.get(self.incident)
        if incident is None or not incident.is_open:
            return
        running = sum(1 for key in incident.orders if self._bridge.state.orders[key].is_open)
        question = tr("incident.ask.close") if not running else tr("incident.ask.close_open", count=running)
        identity = incident.id
        self._ask_line.ask(
            question,
            lambda text: self._act("CloseIncident", {"incident": identity, "result": "done", "note": text or None}),
            tr("incident.act.close"),
            needed=False,
        )

    def _ask(self, question: str, kind: str, field: str, yes: str) -> None:
        identity = self.incident
        if identity:
            self._ask_line.ask(tr(question), lambda text: self._act(kind, {"incident": identity, field: text}), tr(yes))

    def _act(self, kind: str, body: dict[str, Any]) -> None:
        self._bridge.send(kind, body, self._answered)

    @Slot()
    def relink(self) -> None:
        """Have the desk look again which cameras and units are near."""
        if self.incident:
            self._act("RelinkIncident", {"incident": self.incident})

    def grade(self, grade: str) -> None:
        """Change the grade."""
        if self.incident:
            self._act("GradeIncident", {"incident": self.incident, "grade": grade})

    @Slot()
    def ask_recall(self) -> None:
        """Take the chosen order back; the unit is told."""
        row = self.order
        if row is not None and row.is_open:
            self._ask_line.ask(
                tr("incident.ask.recall", unit=row.unit),
                lambda text: self._act("RecallOrder", {"order": row.key, "reason": text}),
                tr("incident.act.recall"),
            )

    @Slot()
    def ask_on_behalf(self) -> None:
        """The unit answered by voice: write its words down as its signature."""
        row = self.order
        if row is not None and row.is_open:
            self._ask_line.ask(
                tr("incident.ask.on_behalf", unit=row.unit),
                lambda text: self._act("SignOnBehalf", {"order": row.key, "words": text}),
                tr("incident.act.on_behalf"),
            )
