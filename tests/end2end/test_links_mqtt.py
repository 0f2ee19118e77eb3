"""MQTT against a real Mosquitto run from the shipped sample: both protocol versions, kills, access list, bad input."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from console.clock import SystemClock
from console.links.limits import Quarantine
from console.links.mqtt import MqttTransport
from tests.links.fake_desk import FakeDesk
from tests.links.mosquitto import PASSWORDS, Mosquitto

UNIT = "liandong/LOCAL/units/U1/"


def until(what: str, true: Callable[[], Any], seconds: float = 15.0) -> Any:
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, what
        time.sleep(0.02)
    return found


def receipt(name: str, order: str = "I000001-O01", state: str = "on_terminal", **more: Any) -> dict[str, Any]:
    return {"order": order, "version": 1, "state": state, "reason": None, "at_ms": 1_790_000_000_000, "receipt": name, **more}


class Terminal:
    """A unit's own paho client with a session that outlives connections."""

    def __init__(self, port: int, user: str, version: int = paho.MQTTv311) -> None:
        self.orders: list[dict[str, Any]] = []
        self.user, self.is_ready = user, threading.Event()
        clean = None if version == paho.MQTTv5 else False
        self.client = paho.Client(CallbackAPIVersion.VERSION2, f"terminal-{user}", clean, protocol=version)
        self.client.username_pw_set(user, PASSWORDS[user])
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = lambda c, *_: c.subscribe("liandong/LOCAL/units/+/orders", 1)
        self.client.on_subscribe = lambda *_: self.is_ready.set()
        self.client.on_message = lambda _c, _u, message: self.orders.append(json.loads(message.payload))
        self.client.connect("127.0.0.1", port, keepalive=10)
        self.client.loop_start()
        assert self.is_ready.wait(10)

    def publish(self, topic: str, body: object, wait: bool = True) -> None:
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = self.client.publish(topic, payload, qos=1)
        if wait:
            sent.wait_for_publish(10)

    def stop(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def broker(peer: Callable[[str], str], tmp_path: Path, free_port: int) -> Iterator[Mosquitto]:
    broker = Mosquitto(peer("mosquitto"), tmp_path / "broker", free_port)
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def scene(broker: Mosquitto) -> Iterator[Scene]:
    scene = Scene(broker)
    yield scene
    scene.stop()


class Scene:
    """A desk in memory with an MQTT transport, and terminals that are stopped at the end."""

    def __init__(self, broker: Mosquitto) -> None:
        self.broker, self.desk = broker, FakeDesk()
        self.quarantine = Quarantine(self.desk, SystemClock())
        self.terminals: list[Terminal] = []
        self.mqtt: MqttTransport | None = None

    def start(self, version: int = 5, password: str = PASSWORDS["desk"]) -> MqttTransport:
        url = f"mqtt://desk:{quote(password, safe='')}@127.0.0.1:{self.broker.port}"
        self.mqtt = MqttTransport(self.desk, self.quarantine, SystemClock(), url, "LOCAL", "test", version)
        self.mqtt.start()
        return self.mqtt

    def terminal(self, user: str, version: int = paho.MQTTv311) -> Terminal:
        terminal = Terminal(self.broker.port, user, version)
        self.terminals.append(terminal)
        return terminal

    def stop(self) -> None:
        for terminal in self.terminals:
            terminal.stop()
        if self.mqtt is not None:
            self.mqtt.stop()


@pytest.mark.parametrize(("desk_version", "terminal_version"), [(5, paho.MQTTv311), (4, paho.MQTTv5)])
def test_an_order_goes_out_and_its_receipt_comes_back(scene: Scene, desk_version: int, terminal_version: Any) -> None:
    terminal = scene.terminal("U1", terminal_version)
    mqtt = scene.start(desk_version)
    until("up", lambda: mqtt.connected("U1"))

    assert mqtt.send("U1", scene.desk.add_order("U1", "I000001-O01"))

    until("order on the terminal", lambda: terminal.orders)
    assert terminal.orders == [scene.desk.orders["I000001-O01"]]
    until("broker's word", lambda: scene.desk.acknowledged == [("I000001-O01", 1)])
    terminal.publish(UNIT + "receipts", receipt("r1"))
    until("receipt stored", lambda: scene.desk.receipts)
    assert scene.desk.receipts["r1"]["unit"] == "U1"
    assert scene.desk.receipts["r1"]["path"] == "mqtt"


@pytest.mark.parametrize("version", [5, 4])
def test_a_receipt_the_desk_has_not_stored_is_brought_again_on_the_next_connection(scene: Scene, version: int) -> None:
    """faults.md D8: the desk dies between taking a receipt and storing it."""
    scene.desk.add_order("U1", "I000001-O01")
    scene.desk.hold_receipts = threading.Event()
    mqtt = scene.start(version)
    until("up", lambda: mqtt.connected("U1"))
    terminal = scene.terminal("U1")
    terminal.publish(UNIT + "receipts", receipt("r1"))
    until("receipt taken", lambda: scene.desk.receipt_calls == 1)
    mqtt.stop()
    assert not scene.desk.receipts

    scene.desk.hold_receipts.set()
    scene.desk.hold_receipts = None
    scene.start(version)

    until("receipt taken again", lambda: scene.desk.receipt_calls == 2)
    until("receipt stored", lambda: list(scene.desk.receipts) == ["r1"])


def test_receipts_that_came_while_the_desk_was_away_survive_a_killed_broker(scene: Scene) -> None:
    """faults.md D1."""
    scene.desk.add_order("U1", "I000001-O01")
    mqtt = scene.start()
    until("up", lambda: mqtt.connected("U1"))
    terminal = scene.terminal("U1")
    mqtt.stop()
    terminal.publish(UNIT + "receipts", receipt("r1"))
    terminal.publish(UNIT + "receipts", receipt("r2", state="wilco"))
    time.sleep(1.5)  # the sample's autosave_interval is one second

    scene.broker.kill()
    scene.broker.start()
    scene.start()

    until("receipts stored", lambda: sorted(scene.desk.receipts) == ["r1", "r2"])


def test_a_killed_broker_is_noticed_and_orders_go_again_when_it_is_back(scene: Scene) -> None:
    mqtt = scene.start()
    terminal = scene.terminal("U1")
    until("up", lambda: mqtt.connected("U1"))

    scene.broker.kill()
    until("noticed", lambda: scene.desk.lights["mqtt"] == "down")
    body = scene.desk.add_order("U1", "I000001-O01")
    assert not mqtt.send("U1", body)
    scene.broker.start()

    until("up again", lambda: mqtt.connected("U1"), 20)

    def sent_again() -> bool:
        # as the outbox does: the killed broker may have lost the terminal's subscription too
        assert mqtt.send("U1", body)
        time.sleep(0.3)
        return bool(terminal.orders)

    until("order on the terminal", sent_again, 20)


def test_bad_messages_are_quarantined_and_acknowledged_and_the_next_one_counts(
    scene: Scene, tmp_path: Path, peer: Callable[[str], str]
) -> None:
    scene.broker.kill()
    scene.broker = Mosquitto(peer("mosquitto"), tmp_path / "unbounded", scene.broker.port, message_size_limit=0)
    scene.broker.start()
    try:
        scene.desk.add_order("U1", "I000001-O01")
        mqtt = scene.start()
        until("up", lambda: mqtt.connected("U1"))
        terminal = scene.terminal("U1")
        bad: list[tuple[str, object]] = [
            ("receipts", b"not json"), ("receipts", b"\xff\xfe\x00"), ("receipts", b"[" * 50_000),
            ("receipts", b"x" * 10_000_000),
            ("receipts", receipt("r1", order="I999999-O01")), ("receipts", receipt("r2", state="asleep")),
            ("receipts", receipt("../x")), ("position", {"lon": "NaN", "lat": 1}), ("position", b'{"lon":NaN,"lat":1}'),
            ("presence", {"online": "yes"}),
        ]  # fmt: skip
        for part, body in bad:
            terminal.publish(UNIT + part, body)
        terminal.publish(UNIT + "receipts", receipt("good"))

        until("good receipt", lambda: "good" in scene.desk.receipts)
        until("all quarantined", lambda: len(scene.desk.quarantined) == len(bad))
        assert list(scene.desk.receipts) == ["good"]
        mqtt.stop()
        time.sleep(1.0)  # else the broker lets the new connection take over before it has read the last acknowledgements
        again = scene.start()
        until("up", lambda: again.connected("U1"))
        time.sleep(0.5)
        assert len(scene.desk.quarantined) == len(bad), "what is unusable must not come again"
    finally:
        scene.broker.kill()


def test_a_terminal_reaches_only_its_own_unit(scene: Scene) -> None:
    scene.desk.add_order("U2", "I000001-O02")
    mqtt = scene.start()
    until("up", lambda: mqtt.connected("U1"))
    one, two = scene.terminal("U1"), scene.terminal("U2")

    mqtt.send("U2", scene.desk.orders["I000001-O02"])
    until("order on its terminal", lambda: two.orders)
    one.publish("liandong/LOCAL/units/U2/receipts", receipt("forged", order="I000001-O02"))
    two.publish("liandong/LOCAL/units/U2/receipts", receipt("true", order="I000001-O02"))

    until("true receipt", lambda: "true" in scene.desk.receipts)
    assert list(scene.desk.receipts) == ["true"]
    assert one.orders == []


def test_a_wrong_password_is_said_without_showing_it(scene: Scene) -> None:
    details: list[str] = []
    scene.desk.light = lambda link, state, detail: details.append(f"{state} {detail}")  # type: ignore[method-assign]
    scene.start(password="wrong-secret")

    until("refusal", lambda: any("uthor" in detail for detail in details))
    assert not any("wrong-secret" in detail for detail in details)
    assert not any(detail.startswith("up") for detail in details)


def test_with_nobody_subscribed_the_path_has_failed(scene: Scene) -> None:
    """faults.md D2."""
    mqtt = scene.start(5)
    until("up", lambda: mqtt.connected("U1"))
    mqtt.send("U1", scene.desk.add_order("U1", "I000001-O01"))
    until("failure", lambda: scene.desk.failed == [("I000001-O01", 1, "mqtt", "no_subscriber")])


def test_owntracks_positions_and_presence_come_in(scene: Scene) -> None:
    """faults.md D78: whose topic it is, whose word it is."""
    mqtt = scene.start()
    until("up", lambda: mqtt.connected("U1"))
    terminal = scene.terminal("U1")
    place = {"_type": "location", "lon": 104.06, "lat": 30.65, "tst": 1_790_000_000, "vel": 36, "acc": 5}
    terminal.publish("owntracks/U1/phone", place)
    terminal.publish("owntracks/U1/phone", {**place, "user": "U2"})
    terminal.publish(UNIT + "presence", {"online": True, "at_ms": 1})
    until("fix", lambda: scene.desk.fixes)
    assert scene.desk.fixes[0].unit == "U1"
    assert scene.desk.fixes[0].speed_mps == 10.0
    until("presence", lambda: scene.desk.presences == [("U1", True, "mqtt")])
    assert len(scene.desk.fixes) == 1
    until("forgery quarantined", lambda: scene.desk.quarantined)
