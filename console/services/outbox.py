"""The outbox: keeps every order until the terminal's own receipt, sends it again with the same id, and says when no path is left.

Lives in the desk thread. What it needs to remember over a restart is in the State; the next try's time is only in memory, so
after a restart everything unconfirmed is due at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from console.links.transport import Transport
from console.model import commands as cmd
from console.model.order import Order
from console.model.state import State

LONGEST_WAIT_S = 60.0
NO_PATH_AFTER_S = 1.0
"""An order that finds no path is marked `path_failed` after this time (faults.md D2)."""


@dataclass(slots=True)
class _Try:
    version: int
    wait_s: float
    next_mono_ns: int
    first_mono_ns: int
    count: int = 0


class Outbox:
    """`paths` in order of preference, taken in turn when one does not answer; `record` stores a command."""

    def __init__(self, paths: Sequence[Transport], record: Callable[[object], None], first_wait_s: float) -> None:
        self._paths = tuple(paths)
        self._record = record
        self._first_wait_s = first_wait_s
        self._tries: dict[str, _Try] = {}
        self._waiting: set[str] = set()

    def note(self, order: str) -> None:
        """An order was issued or recalled, or was open when the desk started: look after it from now on."""
        self._waiting.add(order)

    def unit_came(self, unit: str, state: State) -> None:
        """A unit's terminal has connected: what waits for it is due at once."""
        for key in self._waiting:
            order = state.orders.get(key)
            if order is not None and order.unit == unit and key in self._tries:
                self._tries[key].next_mono_ns = 0
                self._tries[key].wait_s = self._first_wait_s

    def sent_elsewhere(self, order: Order, mono_ns: int) -> None:
        """The door has just given this order with its welcome: the next try waits its turn."""
        self._tries[order.id] = _Try(order.version, self._first_wait_s, mono_ns + int(self._first_wait_s * 1e9), mono_ns)

    def tick(self, state: State, now_ns: int, mono_ns: int) -> None:
        """Send what is due. Called by the desk thread after each change and at least four times a second."""
        for key in sorted(self._waiting):
            order = state.orders.get(key)
            if order is None or not order.wants_sending(now_ns):
                if order is None or order.on_terminal_version >= order.version or not order.is_open:
                    self._waiting.discard(key)
                    self._tries.pop(key, None)
                continue
            self._attend(order, mono_ns)

    def _attend(self, order: Order, mono_ns: int) -> None:
        attempt = self._tries.get(order.id)
        if attempt is None or attempt.version != order.version:
            attempt = self._tries[order.id] = _Try(order.version, self._first_wait_s, 0, mono_ns)
        if mono_ns < attempt.next_mono_ns:
            return
        live = [path for path in self._paths if path.connected(order.unit)]
        turn = attempt.count % len(live) if live else 0
        for path in live[turn:] + live[:turn]:
            if path.send(order.unit, order.body()):
                attempt.next_mono_ns = mono_ns + int(attempt.wait_s * 1e9)
                attempt.wait_s = min(attempt.wait_s * 2, LONGEST_WAIT_S)
                attempt.count += 1
                self._record(cmd.RecordSent(order.id, order.version, path.name))
                return
        attempt.next_mono_ns = mono_ns + 200_000_000
        if order.state in ("issued", "at_broker") and mono_ns - attempt.first_mono_ns >= NO_PATH_AFTER_S * 1e9:
            tried = live[0].name if live else (order.path or self._paths[0].name if self._paths else "none")
            self._record(cmd.RecordPathFailed(order.id, order.version, tried, "refused" if live else "terminal_not_connected"))
