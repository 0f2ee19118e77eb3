"""Terminals on the door's WebSocket, by the contract to the letter, and what a bad one may do."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from console.errors import Unavailable
from tests.links.doors import OpenDoor, heard, receipt, until


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenDoor]:
    door = OpenDoor(tmp_path_factory.mktemp("door"))
    yield door
    door.stop()


@pytest.fixture
def door(lasting: OpenDoor) -> Iterator[OpenDoor]:
    """The module's door as new; one that a test stops is `own`."""
    lasting.reset()
    yield lasting
    lasting.reset()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[OpenDoor]:
    door = OpenDoor(tmp_path)
    yield door
    door.stop()


def close_code(line: Any, timeout_s: float = 30.0) -> int:
    while True:
        try:
            line.recv(timeout=timeout_s)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006


def test_a_hello_is_answered_with_welcome_and_every_open_order(door: OpenDoor) -> None:
    first, second = door.desk.add_order("U1", "I000001-O01"), door.desk.add_order("U1", "I000001-O02")
    door.desk.add_order("U2", "I000001-O03")
    line = door.terminal()
    assert [heard(line), heard(line)] == [{**first, "type": "order"}, {**second, "type": "order"}]
    assert door.desk.presences == [("U1", True, "websocket")]


@pytest.mark.parametrize(
    "hello",
    ['{"type":"hello","unit":"U1","key":"k2"}', '{"type":"hello","unit":"U1"}', '{"type":"hello","unit":["U1"],"key":{}}',
     "garbage", "[]",
     '{"type":"receipt"}', '{"type":"hi","unit":"U1","key":"k1"}', "[" * 50_000],
)  # fmt: skip
def test_anything_but_a_good_hello_is_closed_with_4401(door: OpenDoor, hello: str) -> None:
    line = door.socket()
    line.send(hello)
    assert close_code(line) == 4401
    assert door.desk.presences == []


def test_an_order_reaches_the_terminal_at_once(door: OpenDoor) -> None:
    line = door.terminal()
    body = door.desk.add_order("U1", "I000001-O01")
    assert door.links.terminals.connected("U1")
    assert door.links.send_order("U1", body)
    assert heard(line) == {**body, "type": "order"}


def test_an_order_for_an_absent_unit_is_not_taken(door: OpenDoor) -> None:
    assert not door.links.send_order("U1", door.desk.add_order("U1", "I000001-O01"))


def test_kept_is_said_only_after_the_receipt_is_stored(door: OpenDoor) -> None:
    door.desk.add_order("U1", "I000001-O01")
    door.desk.hold_receipts = threading.Event()
    line = door.terminal()
    heard(line)
    line.send(receipt("r1"))
    until("receipt taken", lambda: door.desk.receipt_calls == 1)
    with pytest.raises(TimeoutError):
        line.recv(timeout=0.2)
    assert not door.desk.receipts

    door.desk.hold_receipts.set()

    assert heard(line) == {"type": "kept", "receipt": "r1"}
    assert door.desk.receipts["r1"]["unit"] == "U1"


def test_a_receipt_sent_again_is_kept_again_and_stored_once(door: OpenDoor) -> None:
    """faults.md D4, D5."""
    door.desk.add_order("U1", "I000001-O01")
    line = door.terminal()
    heard(line)
    for _ in range(3):
        line.send(receipt("r1"))
    assert [heard(line)["type"] for _ in range(3)] == ["kept"] * 3
    assert len(door.desk.receipts) == 1


def test_a_receipt_for_another_units_order_is_refused_whatever_it_claims(door: OpenDoor) -> None:
    """faults.md D78."""
    door.desk.add_order("U2", "I000001-O01")
    line = door.terminal()
    line.send(receipt("r1", unit="U2"))
    assert heard(line) == {"type": "refused", "receipt": "r1", "code": "order_unknown"}
    assert not door.desk.receipts
    assert door.desk.quarantined


def test_a_receipt_that_cannot_be_stored_now_is_not_answered(own: OpenDoor, expect_log: Any) -> None:
    door = own
    expect_log("not stored yet")
    full: Future[None] = Future()
    full.set_exception(Unavailable("disk full"))
    door.desk.receipt = lambda *_: full  # type: ignore[method-assign]
    line = door.terminal()
    line.send(receipt("r1"))
    line.send('{"type":"ping"}')
    assert heard(line) == {"type": "pong"}


@pytest.mark.parametrize(
    "bad",
    ["garbage", "[]", "null", '{"type":"nonsense"}', '{"type":"position","lon":"x"}', b"\x00\x01", "[" * 30_000, "x" * 100_000,
     receipt("r0", state="asleep"), receipt("../x"), '{"type":"position","lon":0,"lat":0,"at_ms":1790000000000}'],
)  # fmt: skip
def test_a_bad_message_is_quarantined_and_the_next_still_counts(door: OpenDoor, bad: str | bytes) -> None:
    door.desk.add_order("U1", "I000001-O01")
    line = door.terminal()
    heard(line)
    line.send(bad)
    line.send(receipt("good"))
    while (message := heard(line))["type"] == "refused":
        pass
    assert message == {"type": "kept", "receipt": "good"}
    assert len(door.desk.quarantined) == 1


def test_a_message_over_a_megabyte_closes_its_own_line_only(door: OpenDoor) -> None:
    other = door.terminal("U2", "k2")
    line = door.terminal()
    line.send("x" * 1_100_000)
    assert close_code(line) == 1009
    other.send('{"type":"ping"}')
    assert heard(other) == {"type": "pong"}
    until("quarantined", lambda: door.desk.quarantined)


def test_a_position_becomes_a_fix_of_the_proven_unit(door: OpenDoor) -> None:
    line = door.terminal()
    line.send(json.dumps({"type": "position", "unit": "U2", "lon": 104.0, "lat": 30.0, "at_ms": 1_790_000_000_000}))
    fix = until("fix", lambda: door.desk.fixes)[0]
    assert (fix.unit, fix.lon, fix.source) == ("U1", 104.0, "websocket")


def test_a_newer_connection_replaces_the_older_and_gets_the_orders(door: OpenDoor) -> None:
    older = door.terminal()
    newer = door.terminal()
    assert close_code(older) == 4409
    door.links.send_order("U1", door.desk.add_order("U1", "I000001-O01"))
    assert heard(newer)["order"] == "I000001-O01"
    assert door.links.connected_units() == {"U1"}
    assert ("U1", False, "websocket") not in door.desk.presences


def test_presence_ends_with_the_line(door: OpenDoor) -> None:
    door.terminal().close()
    until("gone", lambda: door.desk.presences[-1:] == [("U1", False, "websocket")])
    assert door.links.connected_units() == frozenset()


def test_a_terminal_may_say_goodbye(door: OpenDoor) -> None:
    line = door.terminal()
    line.send('{"type":"presence","online":false,"at_ms":1}')
    assert close_code(line) == 1000


def test_an_older_version_never_follows_a_newer_one(door: OpenDoor) -> None:
    """faults.md D12: a recall that overtakes its order."""
    from console.links.terminals import _Terminal

    terminal = _Terminal.__new__(_Terminal)
    terminal.orders, terminal.wake = {}, __import__("asyncio").Event()
    terminal.order({"order": "O", "version": 2})
    terminal.order({"order": "O", "version": 1})
    assert terminal.orders == {"O": {"order": "O", "version": 2}}


def test_a_flood_of_positions_is_slowed_not_lost_and_delays_no_other_terminal(door: OpenDoor) -> None:
    flooding, other = door.terminal(), door.terminal("U2", "k2")
    body = json.dumps({"type": "position", "lon": 104.0, "lat": 30.0, "at_ms": 1_790_000_000_000})
    for _ in range(250):
        flooding.send(body)
    other.send('{"type":"ping"}')
    assert heard(other) == {"type": "pong"}
    until("all taken", lambda: len(door.desk.fixes) == 250)


def test_a_stopping_desk_says_it_will_be_back(own: OpenDoor) -> None:
    door = own
    line = door.terminal()
    door.links.stop()
    assert close_code(line) == 1012


def test_a_terminal_that_answers_no_ping_is_gone_after_three_intervals(tmp_path: Path) -> None:
    door = OpenDoor(tmp_path, ping_s=0.1)
    line = door.terminal()
    silent = threading.Event()
    # the client's reader thread is what answers pings: hold it
    line.protocol.receive_data = lambda data: silent.wait(20)  # type: ignore[method-assign]
    began = time.monotonic()
    until("gone", lambda: not door.links.connected_units())
    assert time.monotonic() - began < 5
    silent.set()
    door.stop()


def test_fifty_terminals_get_an_order_and_their_receipts_are_kept(door: OpenDoor) -> None:
    door.desk.keys |= {f"T{n}": f"t{n}" for n in range(50)}
    lines = {f"T{n}": door.terminal(f"T{n}", f"t{n}") for n in range(50)}
    for unit in lines:
        assert door.links.send_order(unit, door.desk.add_order(unit, f"I000001-{unit}"))
    for unit, line in lines.items():
        line.send(receipt(f"r-{unit}", order=heard(line)["order"]))
    for unit, line in lines.items():
        assert heard(line) == {"type": "kept", "receipt": f"r-{unit}"}
    assert len(door.desk.receipts) == 50
