"""What an order is: states, which way they go, and the record the fold keeps of it."""

from __future__ import annotations

from dataclasses import dataclass, field

RECEIPT_STATES = ("on_terminal", "shown", "wilco", "cantco", "en_route", "on_scene", "done")
STATES = (
    "issued", "at_broker", *RECEIPT_STATES,
    "expired_unseen", "path_failed", "recalled", "superseded", "signed_on_behalf",
)  # fmt: skip
_RANK = {
    "issued": 0, "path_failed": 1, "at_broker": 2, "expired_unseen": 2, "on_terminal": 3, "shown": 4,
    "signed_on_behalf": 5, "wilco": 5, "cantco": 5, "en_route": 6, "on_scene": 7, "done": 8,
}  # fmt: skip
FINAL = frozenset({"done", "cantco", "recalled", "superseded", "expired_unseen"})
"""No clock runs and nothing is re-sent in these (a recall is still sent until the terminal has it)."""
SIGNED = frozenset({"wilco", "cantco", "en_route", "on_scene", "done", "signed_on_behalf"})
"""A person has answered."""
STRIP = ("issued", "on_terminal", "shown", "wilco", "en_route", "on_scene", "done")
"""The steps drawn on an order strip; `at_broker` is added only when a broker carries the order."""


def next_state(now: str, heard: str) -> str:
    """The order's state after a receipt or our own news `heard`: total, for receipts come late, twice and out of order (D5-D7).

    A recalled or superseded order stays so; else the farthest progress wins, and of equal progress the newest word.
    """
    if now in ("recalled", "superseded"):
        return now
    if heard in ("recalled", "superseded"):
        return heard
    if heard in ("expired_unseen", "path_failed"):
        return heard if _RANK[now] <= 3 else now
    if now == "done":
        return now
    return heard if _RANK[heard] >= _RANK[now] else now


@dataclass(slots=True)
class Order:
    """The fold's record of one order to one unit. Only `state.apply` writes it. Times are UTC ns."""

    id: str
    version: int
    incident: str
    unit: str
    grade: str | None
    kind: str
    """`order` or `broadcast`."""
    text: str
    lon: float | None
    lat: float | None
    issued_ns: int
    expires_ns: int
    playbook: str
    role: str
    request: str
    by: str
    exercise: bool
    state: str = "issued"
    at: dict[str, int] = field(default_factory=dict)
    """First time each state was heard of (the entry's own time)."""
    reason: str | None = None
    """Why the unit cannot comply."""
    sent: int = 0
    last_sent_ns: int | None = None
    path: str | None = None
    """`websocket` or `mqtt`: the last path tried."""
    on_terminal_version: int = 0
    """Highest version the terminal itself has confirmed: the outbox sends until it equals `version`."""
    recall_reason: str | None = None
    replaces: str | None = None

    @property
    def is_open(self) -> bool:
        return self.state not in FINAL

    @property
    def is_signed(self) -> bool:
        return self.state in SIGNED

    def wants_sending(self, now_ns: int) -> bool:
        """True while the terminal has not confirmed this version: orders until they expire, recalls until confirmed."""
        if self.on_terminal_version >= self.version or self.state == "superseded":
            return False
        if self.state == "recalled":
            return self.sent > 0
        return self.state in ("issued", "at_broker", "path_failed") and now_ns < self.expires_ns

    def body(self) -> dict[str, object]:
        """The wire body of contracts.md: times in milliseconds."""
        return {
            "order": self.id, "version": self.version, "incident": self.incident, "grade": self.grade, "kind": self.kind,
            "text": self.text, "lon": self.lon, "lat": self.lat, "issued_at_ms": self.issued_ns // 1_000_000,
            "expires_at_ms": self.expires_ns // 1_000_000, "state": "recalled" if self.state == "recalled" else "issued",
            "exercise": self.exercise,
        }  # fmt: skip
