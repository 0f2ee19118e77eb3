"""Are the facts possible? A lean fold that follows incidents and orders and names the entry that breaks their life cycle.

In: the journal's entries, in order. Out: a sentence for an entry that no honest desk writes, else nothing. Pure; used by
`check`. It keeps far less than `model.state` so that half a million entries take seconds. What `model.decide` lets through it
lets through: it judges by the rules every version of the program has kept, never by a clock.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from console.model.events import EVENTS
from console.model.order import RECEIPT_STATES, next_state

MOST = 20
"""Problems told one by one."""
_DECODE = json.JSONDecoder().raw_decode
_NEEDED = {
    kind: frozenset(
        f.name for f in dataclasses.fields(event) if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    )
    for kind, event in EVENTS.items()
}
_OF_INCIDENT = frozenset({
    "IncidentRepeated", "IncidentGraded", "IncidentAcknowledged", "IncidentNoted", "IncidentClosed", "CamerasLinked",
    "UnitsInRings", "PlanIssued", "OrderIssued", "DeadlinePassed",
})  # fmt: skip
_ONLY_OPEN = frozenset({"IncidentGraded", "IncidentClosed", "OrderIssued"})
_HEARD = {
    "OrderSent": None, "OrderPathFailed": "path_failed", "OrderExpired": "expired_unseen", "OrderRecalled": "recalled",
    "OrderSuperseded": "superseded", "OrderSignedOnBehalf": "signed_on_behalf", "ReceiptRecorded": None,
}  # fmt: skip


@dataclass(slots=True)
class Judgement:
    """What a journal's bodies tell.

    `problems`: (seq, sentence), the first `MOST`. `files`: (seq, file, sha256) of every still, clip and clip's note.
    `damage`: what SQLite itself finds wrong with the file.
    """

    problems: list[tuple[int, str]] = field(default_factory=list)
    files: list[tuple[int, str, str]] = field(default_factory=list)
    unknown_kinds: set[str] = field(default_factory=set)
    purged: int = 0
    damage: list[str] = field(default_factory=list)


def judge(rows: Iterable[tuple[int, bytes, bytes | None, bytes | None]], filed: bool) -> Judgement:
    """Fold (seq, kind, body, incident) rows of a whole journal. `filed`: the incident column is in use and must be true."""
    found, cycles = Judgement(), LifeCycles()
    for seq, kind, body, incident in rows:
        if body is None:
            found.purged += 1
            cycles.purged(kind.decode(), incident)
            continue
        wrong = cycles.problem(seq, kind.decode(errors="replace"), body)
        named = cycles.incident
        if filed and wrong is None and (None if named is None else named.encode(errors="replace")) != incident:
            wrong = f"is filed under another incident than {named}, which its body names"
        if wrong is not None and len(found.problems) < MOST:
            found.problems.append((seq, wrong))
    found.files, found.unknown_kinds = cycles.files, cycles.unknown_kinds
    return found


class LifeCycles:
    """The fold. `incident` is the one the entry folded last names."""

    def __init__(self) -> None:
        self.files: list[tuple[int, str, str]] = []
        self.unknown_kinds: set[str] = set()
        self.incident: str | None = None
        self._open: dict[str, bool] = {}
        self._orders: dict[str, list[Any]] = {}  # id -> [incident, unit, version, state]
        self._receipts: set[str] = set()
        self._purged: set[str] = set()

    def purged(self, kind: str, incident: bytes | None) -> None:
        """Take note that an entry's body is gone by law: nothing is said any more of its incident's life cycle."""
        self._purged.add(kind if incident is None else incident.decode(errors="replace"))

    def problem(self, seq: int, kind: str, body: bytes) -> str | None:
        """Fold one entry; what is wrong with it, or None."""
        self.incident = None
        try:
            text = body.decode()
            e, end = _DECODE(text)
        except ValueError:
            return f"the body of this {kind} is not JSON"
        if type(e) is not dict or end != len(text):
            return f"the body is not that of a {kind}"
        incident = e.get("incident")
        if type(incident) is str:
            self.incident = incident
        needed = _NEEDED.get(kind)
        if needed is None:
            self.unknown_kinds.add(kind)
            return None
        if not needed <= e.keys():
            return f"the body is not that of a {kind}"
        try:
            if kind in _HEARD:
                return None if incident in self._purged else self._order_news(kind, e)
            return self._fold(seq, kind, e, incident)
        except (TypeError, KeyError, AttributeError):
            return f"the body of this {kind} has a field of the wrong type"

    def _fold(self, seq: int, kind: str, e: dict[str, Any], incident: Any) -> str | None:
        if kind in _OF_INCIDENT and incident not in self._purged:
            is_open = self._open.get(incident)
            if is_open is None:
                return f"{kind} for the unknown incident {incident}"
            if not is_open and kind in _ONLY_OPEN:
                return f"{kind} for the closed incident {incident}"
        match kind:
            case "IncidentReported":
                if incident in self._open:
                    return f"incident {incident} is reported a second time"
                self._open[e["incident"]] = True
            case "IncidentClosed":
                self._open[e["incident"]] = False
            case "OrderIssued":
                if e["order"] in self._orders:
                    return f"order {e['order']} is issued a second time"
                self._orders[e["order"]] = [incident, e["unit"], e["version"], "issued"]
            case "StillSaved":
                self.files.append((seq, e["file"], e["sha256"]))
            case "ClipSaved":
                self.files.append((seq, e["file"], e["sha256"]))
                if e.get("note"):
                    self.files.append((seq, e["note"], e["note_sha256"]))
            case "FolderStarted" if seq != 1:
                return "the folder is started a second time"
        return None

    def _order_news(self, kind: str, e: dict[str, Any]) -> str | None:
        order = self._orders.get(e["order"])
        if order is None:
            return f"{kind} for the unknown order {e['order']}"
        incident, unit, version, now = order
        if (e["incident"], e["unit"]) != (incident, unit):
            return f"{kind} for order {e['order']} names another incident or unit than the order"
        heard = _HEARD[kind]
        if kind == "OrderRecalled":
            if e["version"] != version + 1 or now in ("recalled", "superseded"):
                return f"order {e['order']} is recalled in the state {now}, version {version}"
            order[2] = e["version"]
        elif not 1 <= e["version"] <= version:
            return f"{kind} for version {e['version']} of order {e['order']}, which has version {version}"
        if kind == "ReceiptRecorded":
            heard = e["state"]
            if heard not in RECEIPT_STATES:
                return f"a receipt says {heard!r}, which is no state of an order"
            if e["receipt"] in self._receipts:
                return f"receipt {e['receipt']} is recorded a second time"
            self._receipts.add(e["receipt"])
        if heard is not None:
            order[3] = next_state(now, heard)
        return None
