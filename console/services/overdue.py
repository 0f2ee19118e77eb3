"""The clocks of the grades: which deadlines have passed and which orders expired unseen. Lives in the desk thread.

Deadlines are judged on elapsed time from the entry's own time; a step of the system's clock between boots cannot be told from
time passing, so within one run the monotonic clock decides (faults.md D16).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from console.model import commands as cmd
from console.model.incident import Incident
from console.model.order import Order
from console.model.playbook import Playbook
from console.model.state import State

_REACHED = {
    "sign": ("wilco", "cantco", "signed_on_behalf", "en_route", "on_scene", "done"),
    "depart": ("en_route", "on_scene", "done", "cantco"),
    "arrive": ("on_scene", "done", "cantco"),
    "feedback": ("done", "cantco"),
}


class SteadyTime:
    """UTC as it was at start plus monotonic time since: never jumps within a run."""

    def __init__(self, now_ns: int, mono_ns: int) -> None:
        self._offset_ns = now_ns - mono_ns

    def at(self, mono_ns: int) -> int:
        return self._offset_ns + mono_ns


def clocks_of(playbooks: Mapping[str, Playbook], grade: str | None) -> Mapping[str, float]:
    """The clocks (seconds) of a grade's own playbook; ungraded incidents run on the blue ones."""
    playbook = playbooks.get(grade or "blue")
    return playbook.clocks if playbook is not None else {}


def passed(order: Order, clocks: Mapping[str, float], now_ns: int) -> Iterator[tuple[str, float]]:
    """The clocks of an order whose limit has passed unmet: (name, limit in seconds)."""
    for clock, reached in _REACHED.items():
        limit_s = clocks.get(clock)
        if limit_s is not None and not any(state in order.at for state in reached):
            if now_ns - order.at["issued"] > limit_s * 1e9:
                yield clock, limit_s


def due(state: State, playbooks: Mapping[str, Playbook], now_ns: int) -> list[object]:
    """Commands for what has passed since the last look: `ExpireOrder` and `PassDeadline`. Idempotent through `decide`."""
    found: list[object] = []
    for incident in state.open_incidents():
        clocks = clocks_of(playbooks, incident.grade)
        told = {(one["clock"], one["order"]) for one in incident.passed}
        found += _of_incident(incident, clocks, told, now_ns)
        for key in incident.orders:
            order = state.orders[key]
            if order.state in ("issued", "at_broker", "path_failed", "on_terminal") and now_ns >= order.expires_ns:
                found.append(cmd.ExpireOrder(order.id))
            elif order.is_open:
                found += [
                    cmd.PassDeadline(incident.id, clock, limit_s, order.id)
                    for clock, limit_s in passed(order, clocks, now_ns)
                    if (clock, order.id) not in told
                ]
    return found


def _of_incident(
    incident: Incident, clocks: Mapping[str, float], told: set[tuple[object, object]], now_ns: int
) -> Iterator[object]:
    limit_s = clocks.get("close")
    if limit_s is not None and ("close", "") not in told and now_ns - incident.entered_ns > limit_s * 1e9:
        yield cmd.PassDeadline(incident.id, "close", limit_s)
