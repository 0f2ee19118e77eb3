"""The outbox: an order without the terminal's receipt goes again with the same id, and a dead path is said within a second."""

from __future__ import annotations

from typing import Any

import pytest

from console.model import commands as cmd
from console.services.outbox import Outbox
from tests.folding import Folding

S = 1_000_000_000


class Wire:
    """A path that keeps what it was given."""

    def __init__(self, name: str, up: bool = True) -> None:
        self.name, self.up = name, up
        self.sent: list[dict[str, Any]] = []

    def connected(self, unit: str) -> bool:
        return self.up

    def send(self, unit: str, body: dict[str, Any]) -> bool:
        self.sent.append(body)
        return self.up


class Post:
    """An outbox over a desk in memory; `wait` moves both clocks and ticks four times a second."""

    def __init__(self, *wires: Wire) -> None:
        self.desk = Folding()
        self.outbox = Outbox(wires, self.desk.do, first_wait_s=5.0)
        self.mono_ns = 0
        self.order = self.desk.order(self.desk.report())
        self.outbox.note(self.order)

    def wait(self, seconds: float) -> None:
        for _ in range(max(1, int(seconds * 4))):
            self.outbox.tick(self.desk.state, self.desk.now_ns, self.mono_ns)
            self.mono_ns += S // 4
            self.desk.now_ns += S // 4

    @property
    def state(self) -> str:
        return self.desk.state.orders[self.order].state


def test_an_order_is_sent_at_once_and_again_until_the_terminal_has_it() -> None:
    """faults.md D1, D8."""
    wire = Wire("websocket")
    post = Post(wire)

    post.wait(20)
    post.desk.receipt(post.order, "on_terminal")
    post.wait(60)

    assert [body["order"] for body in wire.sent] == [post.order] * 3  # at 0, 5 and 15 s, then no more
    assert post.state == "on_terminal"


def test_an_order_that_finds_no_path_says_so_and_goes_when_the_terminal_comes() -> None:
    """faults.md D2."""
    wire = Wire("websocket", up=False)
    post = Post(wire)
    post.wait(2)
    before = post.state

    wire.up = True
    post.outbox.unit_came("P1", post.desk.state)
    post.wait(0.25)

    assert before == "path_failed"
    assert [body["order"] for body in wire.sent] == [post.order]


def test_a_second_path_is_tried_in_turn() -> None:
    one, two = Wire("websocket"), Wire("mqtt")
    post = Post(one, two)

    post.wait(6)

    assert (len(one.sent), len(two.sent)) == (1, 1)


def test_an_expired_order_is_not_sent() -> None:
    """faults.md D3, D9."""
    wire = Wire("websocket", up=False)
    post = Post(wire)
    post.desk.now_ns += 700 * S

    wire.up = True
    post.wait(10)

    assert wire.sent == []


def test_a_recall_follows_an_order_that_was_sent_until_confirmed() -> None:
    """faults.md D12."""
    wire = Wire("websocket")
    post = Post(wire)
    post.wait(1)
    post.desk.receipt(post.order, "on_terminal")
    post.desk.do(cmd.RecallOrder(post.order))
    post.outbox.note(post.order)

    post.wait(20)
    post.desk.receipt(post.order, "on_terminal", version=2)
    post.wait(60)

    assert [(body["version"], body["state"]) for body in wire.sent] == [(1, "issued")] + [(2, "recalled")] * 3


def test_one_dead_path_delays_no_other_order() -> None:
    """faults.md D10: one of nine fails."""
    wire = Wire("websocket")
    wire.connected = lambda unit: unit != "P1"  # type: ignore[method-assign]
    post = Post(wire)
    others = [post.desk.order("I000001", f"P{n}", f"R{n}") for n in range(2, 10)]
    for order in others:
        post.outbox.note(order)

    post.wait(0.25)

    assert sorted(body["order"] for body in wire.sent) == sorted(others)


@pytest.mark.parametrize("count", [500])
def test_a_restart_with_many_unsent_sends_them_all_once(count: int) -> None:
    """faults.md D9."""
    wire = Wire("websocket")
    post = Post(wire)
    for n in range(count - 1):
        post.outbox.note(post.desk.order("I000001", f"U{n}", f"R{n + 2}"))

    post.wait(1)

    assert len({body["order"] for body in wire.sent}) == len(wire.sent) == count
