"""The gate: so many at once, the most important first, and one that hangs stops nobody (faults.md V9)."""

from __future__ import annotations

import threading

from console.media.gate import Gate
from tests.media.test_decoding import wait_until


class Comer:
    """A thread that enters, tells, and leaves when told."""

    def __init__(self, gate: Gate, name: str, priority: int, order: list[str]) -> None:
        self._gate, self.name, self.priority, self._order = gate, name, priority, order
        self.may_leave, self.is_wanted = threading.Event(), True
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        turn = self._gate.enter(lambda: self.priority, lambda: self.is_wanted)
        if turn.is_inside:
            self._order.append(self.name)
        self.may_leave.wait(30)
        turn.leave()

    def end(self) -> None:
        self.is_wanted = False
        self.may_leave.set()
        self.thread.join()


def test_the_most_important_goes_first_whoever_came_first() -> None:
    gate, order = Gate(at_once=1, patience_s=60), []
    first = Comer(gate, "first", 5, order)
    wait_until(lambda: order == ["first"])
    waiting = [Comer(gate, name, priority, order) for name, priority in (("tour", 9), ("red", 0), ("blue", 3))]
    wait_until(lambda: gate.waiting == 3)

    for comer in (first, waiting[1], waiting[2], waiting[0]):
        comer.may_leave.set()
        wait_until(lambda comer=comer: not comer.thread.is_alive())

    assert order == ["first", "red", "blue", "tour"]


def test_no_more_are_inside_than_may_be() -> None:
    gate, order = Gate(at_once=3, patience_s=60), []
    comers = [Comer(gate, str(n), n, order) for n in range(10)]

    wait_until(lambda: len(order) == 3 and gate.waiting == 7)

    for comer in comers[3:] + comers[:3]:
        comer.end()
    assert len(order) == 3


def test_one_that_does_not_answer_holds_its_place_only_for_a_moment() -> None:
    gate, order = Gate(at_once=1, patience_s=0.2), []
    hanging = Comer(gate, "hanging", 0, order)
    wait_until(lambda: order == ["hanging"])

    patient = Comer(gate, "patient", 1, order)

    wait_until(lambda: order == ["hanging", "patient"])
    for comer in (hanging, patient):
        comer.end()


def test_who_is_closed_while_waiting_leaves_at_once() -> None:
    """faults.md V10"""
    gate, order = Gate(at_once=1, patience_s=60), []
    inside, waiting = Comer(gate, "inside", 0, order), Comer(gate, "waiting", 1, order)
    wait_until(lambda: gate.waiting == 1)

    waiting.end()

    assert order == ["inside"]
    inside.end()
