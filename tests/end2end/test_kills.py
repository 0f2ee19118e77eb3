"""Kill the desk, a terminal or the broker at points of an order chosen by what was observed: none is lost, none done twice.

Issue 2: twenty points. The console's own kills are in test_window_kills.py.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end2end.broker import Broker, MqttTerminal
from tests.end2end.house import LAT, LON, Desk, Terminal, incident_file, liandong, new_folder, peek, until

Seen = Callable[[], Any]


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder with the district and the key of P-01, copied for each test."""
    folder = tmp_path_factory.mktemp("district")
    data = new_folder(folder, units=1)
    key = liandong("enrol", "P-01", data=data)[1]["key"]
    return data, key


class Scene:
    """One desk, one terminal, one incident; `entry` and `receipt` look into the journal."""

    def __init__(self, tmp_path: Path, district: tuple[Path, str]) -> None:
        self.tmp_path, self.data = tmp_path, tmp_path / "data"
        shutil.copytree(district[0], self.data)
        self.key = district[1]
        self.desk = Desk(self.data, "--set", "order.resend_s=0.5")
        self.terminal = Terminal(self.data, "P-01", self.key)
        self.incident = ""

    def alarm(self) -> None:
        self.incident = liandong("report", incident_file(self.tmp_path), data=self.data)[1]["incident"]

    def dispatch(self) -> str:
        result = liandong("dispatch", self.incident, "--playbook", "red", "--request", "R1", data=self.data)[1]
        return next(one["order"] for one in result["orders"] if one["unit"] == "P-01")

    def entries(self, kind: str, **fields: Any) -> list[dict[str, Any]]:
        return [
            entry
            for entry in peek(self.data)
            if entry["kind"] == kind and all(entry["body"].get(key) == value for key, value in fields.items())
        ]

    def close(self) -> None:
        self.terminal.stop()
        if self.desk.process is not None:
            self.desk.stop()


@pytest.fixture
def scene(tmp_path: Path, district: tuple[Path, str]) -> Iterator[Scene]:
    scene = Scene(tmp_path, district)
    yield scene
    scene.close()


def whole(scene: Scene, order: str) -> None:
    """The order's end: on record once per receipt, done once by the terminal, journal proven."""
    until("wilco on record", lambda: scene.entries("ReceiptRecorded", order=order, state="wilco"))
    until("every receipt kept", lambda: not scene.terminal.unsent)
    receipts = [entry["body"]["receipt"] for entry in scene.entries("ReceiptRecorded", order=order)]
    assert len(receipts) == len(set(receipts))
    assert len(scene.entries("OrderIssued")) == 1
    assert scene.terminal.executed == [(order, 1)]
    assert liandong("check", data=scene.data)[1] == {"ok": True, **_proof(scene)}


def _proof(scene: Scene) -> dict[str, Any]:
    document = liandong("check", data=scene.data)[1]
    assert document["problems"] == [] and document["first_bad_seq"] is None
    return {key: value for key, value in document.items() if key != "ok"}


POINTS_OF_THE_DESK: list[tuple[str, tuple[str, ...], Callable[[Scene], Seen]]] = [
    ("the order's entry is seen", (), lambda s: lambda: s.entries("OrderIssued")),
    ("the plan's entry is seen", (), lambda s: lambda: s.entries("PlanIssued")),
    ("the sending is seen", (), lambda s: lambda: s.entries("OrderSent")),
    ("the terminal has the order and says nothing", (), lambda s: lambda: s.terminal.executed),
    ("the machine receipt is seen", ("on_terminal",), lambda s: lambda: s.entries("ReceiptRecorded", state="on_terminal")),
    ("the machine receipt has left", ("on_terminal",), lambda s: lambda: s.terminal.said),
    ("shown is seen", ("on_terminal", "shown"), lambda s: lambda: s.entries("ReceiptRecorded", state="shown")),
    ("the answer has left", ("on_terminal", "shown", "wilco"), lambda s: lambda: len(s.terminal.said) == 3),
]


@pytest.mark.parametrize(("answers", "point"), [p[1:] for p in POINTS_OF_THE_DESK], ids=[p[0] for p in POINTS_OF_THE_DESK])
def test_a_killed_desk_loses_no_order(scene: Scene, answers: tuple[str, ...], point: Callable[[Scene], Seen]) -> None:
    """faults.md D4, D5, D8, D61."""
    scene.desk.start()
    scene.terminal._answers = answers
    scene.terminal.start()
    until("welcome", lambda: scene.terminal.welcomes)
    scene.alarm()
    order = scene.dispatch()
    until("the point", point(scene))

    scene.desk.kill()
    scene.desk.start()

    until("welcome again", lambda: scene.terminal.welcomes >= 2)
    until("the order is there", lambda: scene.terminal.executed)
    for state in ("on_terminal", "shown", "wilco"):
        if state not in [body["state"] for body in scene.terminal.said]:
            scene.terminal.say(order, 1, state)
    whole(scene, order)


def test_an_alarm_stored_before_the_kill_is_there_after_it(scene: Scene) -> None:
    scene.desk.start()
    scene.alarm()

    scene.desk.kill()
    scene.desk.start()

    assert liandong("report", incident_file(scene.tmp_path), data=scene.data)[1]["duplicate_of"] == scene.incident


def test_an_order_of_a_limited_desk_goes_out_when_a_full_one_starts(scene: Scene) -> None:
    """contracts.md: orders issued so stay issued until a full desk runs."""
    scene.alarm()
    order = scene.dispatch()

    scene.desk.start()
    scene.terminal.start()

    until("the order is there", lambda: scene.terminal.executed)
    whole(scene, order)


POINTS_OF_THE_TERMINAL: list[tuple[str, tuple[str, ...], Callable[[Scene], Seen]]] = [
    ("before the order is issued", (), lambda s: lambda: True),
    ("it has the order and says nothing", (), lambda s: lambda: s.terminal.executed),
    ("its machine receipt is stored", ("on_terminal",), lambda s: lambda: s.entries("ReceiptRecorded", state="on_terminal")),
    ("its receipts have just left", ("on_terminal", "shown", "wilco"), lambda s: lambda: len(s.terminal.said) == 3),
]


@pytest.mark.parametrize(
    ("answers", "point"), [p[1:] for p in POINTS_OF_THE_TERMINAL], ids=[p[0] for p in POINTS_OF_THE_TERMINAL]
)
def test_a_cut_terminal_does_the_order_once(scene: Scene, answers: tuple[str, ...], point: Callable[[Scene], Seen]) -> None:
    """faults.md D3, D4."""
    scene.desk.start()
    scene.terminal._answers = answers
    scene.terminal.start()
    until("welcome", lambda: scene.terminal.welcomes)
    scene.alarm()
    before = point(scene)() is True
    if before:
        scene.terminal.drop()
    order = scene.dispatch()
    if not before:
        until("the point", point(scene))
        scene.terminal.drop()

    until("welcome again", lambda: scene.terminal.welcomes >= 2)
    until("the order is there", lambda: scene.terminal.executed)
    for state in ("on_terminal", "shown", "wilco"):
        if state not in [body["state"] for body in scene.terminal.said]:
            scene.terminal.say(order, 1, state)
    whole(scene, order)


@pytest.fixture
def broker(tmp_path: Path, peer: Callable[[str], str]) -> Iterator[Broker]:
    peer("mosquitto")
    broker = Broker(tmp_path)
    broker.start()
    yield broker
    broker.stop()


POINTS_OF_THE_BROKER: list[tuple[str, Callable[[Scene, MqttTerminal], Seen]]] = [
    ("it is down when the order is issued", lambda s, t: lambda: True),
    ("the desk's publish is seen", lambda s, t: lambda: s.entries("OrderSent", path="mqtt")),
    ("its acknowledgement is on record", lambda s, t: lambda: s.entries("OrderSent", at_broker=True)),
    ("the terminal has the order", lambda s, t: lambda: t.executed),
    ("the machine receipt is on record", lambda s, t: lambda: s.entries("ReceiptRecorded", state="on_terminal")),
]


@pytest.mark.parametrize("point", [p[1] for p in POINTS_OF_THE_BROKER], ids=[p[0] for p in POINTS_OF_THE_BROKER])
def test_a_killed_broker_loses_no_order(
    scene: Scene, broker: Broker, tmp_path: Path, point: Callable[[Scene, MqttTerminal], Seen]
) -> None:
    """faults.md D1: the broker acknowledges, then is killed with its default autosave."""
    url = tmp_path / "broker.url"
    url.write_text(broker.url("desk") + "\n", "utf-8")
    scene.desk = Desk(scene.data, "--set", "order.resend_s=0.5", "--broker-file", str(url))
    scene.desk.start()
    terminal = MqttTerminal(broker, "P-01")
    terminal.start()
    try:
        until("the broker is up", lambda: terminal.connected)
        scene.alarm()
        down = point(scene, terminal)() is True
        if down:
            broker.kill()
        order = scene.dispatch()
        if not down:
            until("the point", point(scene, terminal))
            broker.kill()

        broker.start()

        until("wilco on record", lambda: scene.entries("ReceiptRecorded", order=order, state="wilco"), 60)
        assert terminal.executed == [(order, 1)]
        receipts = [entry["body"]["receipt"] for entry in scene.entries("ReceiptRecorded", order=order)]
        assert len(receipts) == len(set(receipts))
        assert len(scene.entries("OrderIssued")) == 1
    finally:
        terminal.stop()
    assert liandong("check", data=scene.data)[1]["ok"]


def test_orders_and_receipts_over_mosquitto(scene: Scene, broker: Broker, tmp_path: Path) -> None:
    """The whole path over a broker with password and ACL; positions arrive; nonsense is quarantined and harms nobody."""
    url = tmp_path / "broker.url"
    url.write_text(broker.url("desk") + "\n", "utf-8")
    scene.desk = Desk(scene.data, "--broker-file", str(url))
    scene.desk.start()
    terminal = MqttTerminal(broker, "P-01")
    terminal.start()
    try:
        until("the broker is up", lambda: terminal.connected)
        terminal.publish("receipts", b"\xff not json")
        terminal.publish("receipts", b"x" * 10_000_000)
        terminal.publish(
            "receipts", json.dumps({"order": "nope", "version": 1, "state": "wilco", "receipt": "r0", "at_ms": 1}).encode()
        )
        terminal.publish("position", json.dumps({"lon": LON, "lat": LAT, "at_ms": terminal.now_ms()}).encode())
        scene.alarm()
        order = scene.dispatch()
        until("wilco on record", lambda: scene.entries("ReceiptRecorded", order=order, state="wilco", path="mqtt"))
        until("quarantined", lambda: len(scene.entries("InputQuarantined")) >= 2)
        until("position", lambda: liandong("near", "--lon", LON, "--lat", LAT, data=scene.data)[1]["units"])
    finally:
        terminal.stop()

    assert terminal.executed == [(order, 1)]
    assert scene.entries("OrderSent", at_broker=True)
