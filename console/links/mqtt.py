"""Terminals over an outside MQTT broker (paho, one network thread of our own): orders out, receipts, positions, presence in.

A receipt is acknowledged to the broker only after the desk has stored it, and only on the connection it came by; the broker
sends the rest again. The outbox keeps orders, not the client: each connection begins with an empty one. Any input that cannot
be used is quarantined and acknowledged, or the broker would bring it for ever.
"""

from __future__ import annotations

import contextlib
import json
import logging
import random
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from console.clock import Clock
from console.errors import BadInput, LiandongError, Refused
from console.links.broker_url import BrokerPlace, broker_place
from console.links.hooks import DeskHooks
from console.links.limits import Quarantine
from console.links.positions import fix_from_body, owntracks_fix
from console.links.receipts import checked_receipt
from console.logs import mask
from console.model.ids import checked_id

LONGEST_MESSAGE_BYTES = 65_536
KEEPALIVE_S = 15
COME_AGAIN_S = 5.0
SESSION_S = 7 * 86_400
"""How long a v5 broker keeps receipts for a desk that is away."""
NO_SUBSCRIBER = 0x10
UNSUPPORTED_VERSION = 0x84
_VERSIONS = {5: paho.MQTTv5, 4: paho.MQTTv311}
log = logging.getLogger(__name__)


class MqttTransport:
    """The MQTT transport of one desk. `connected`, `send` and the light may be used from any thread."""

    name = "mqtt"

    def __init__(
        self, hooks: DeskHooks, quarantine: Quarantine, clock: Clock, url: str, centre: str, suffix: str = "", version: int = 5
    ) -> None:
        """`version`: 5 or 4 (3.1.1); a broker that refuses 5 is asked again in 3.1.1. Raises BadInput for an unusable URL."""
        self._hooks, self._quarantine, self._clock = hooks, quarantine, clock
        self._place: BrokerPlace = broker_place(url)
        self._root = f"liandong/{checked_id(centre)}/units/"
        self._client_id = f"liandong-{centre}-desk" + (f"-{suffix}" if suffix else "")
        self._version = version
        self._lock = threading.Lock()
        """Guards _sent and _answered."""
        self._client: paho.Client | None = None
        """The client whose connection is up now; each connection has its own, so nothing of an older one counts."""
        self._sent: dict[tuple[paho.Client, int], tuple[str, int]] = {}
        self._answered: dict[tuple[paho.Client, int], int] = {}
        """Acknowledged by the broker before `send` had noted which order it was."""
        self._come_again_s: float | None = None
        """When to break the line on purpose, so that the broker brings again what could not be stored."""
        self._light = ("", "")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mqtt")

    def start(self) -> None:
        self._say("down", f"connecting to {self._place.shown}")
        self._thread.start()

    def stop(self) -> None:
        """Say good-bye and wait for the thread."""
        self._stopping.set()
        client = self._client
        if client is not None:
            client.disconnect()
        if self._thread.is_alive():
            self._thread.join(8)

    def connected(self, unit: str) -> bool:
        client = self._client
        return client is not None and client.is_connected()

    def send(self, unit: str, body: dict[str, Any]) -> bool:
        topic = f"{self._root}{checked_id(unit)}/orders"
        payload = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        client = self._client
        if client is None or not client.is_connected():
            return False
        # never hold our lock here: paho calls on_publish with its own lock held
        information = client.publish(topic, payload, qos=1, properties=self._expiry(client, body))
        if information.rc != paho.MQTT_ERR_SUCCESS:
            return False
        with self._lock:
            early = self._answered.pop((client, information.mid), None)
            if early is None:
                self._sent[(client, information.mid)] = (body["order"], body["version"])
        if early is not None:
            self._tell((body["order"], body["version"]), early)
        return True

    def _expiry(self, client: paho.Client, body: dict[str, Any]) -> Properties | None:
        """A v5 broker need not keep an order that has expired; a recall is kept a day."""
        if client.protocol != paho.MQTTv5:
            return None
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        left_s = body["expires_at_ms"] / 1000 - self._clock.now_ns() / 1e9
        properties.MessageExpiryInterval = 86_400 if body.get("state") == "recalled" else int(min(max(left_s, 1), SESSION_S))
        return properties

    def _run(self) -> None:
        wait_s = 0.5
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                why = self._one_connection()
            except (OSError, ValueError, paho.WebsocketConnectionError) as cause:
                why = str(cause) or type(cause).__name__
            except Exception:
                # our bug: told once, and the next connection starts afresh; a dead thread would look alive
                log.exception("the MQTT connection failed")
                why = "internal error"
            with self._lock:
                self._sent.clear()
                self._answered.clear()
            self._say("down", f"{self._place.shown}: {mask(why)}")
            if self._stopping.is_set():
                break
            wait_s = 0.5 if time.monotonic() - began > 10 else min(wait_s * 2, 15.0)
            self._stopping.wait(wait_s * random.uniform(0.5, 1.0))
        self._say("off", "")

    def _say(self, state: str, detail: str) -> None:
        """Tell the desk of a change, not of each try."""
        if (state, detail) != self._light:
            self._light = (state, detail)
            self._hooks.light("mqtt", state, detail)

    def _one_connection(self) -> str:
        """Connect and serve until the line ends; returns why it did."""
        client = self._made_client()
        problem: list[str] = []
        client.on_connect = lambda c, _u, _f, reason, _p=None: self._arrived(c, reason, problem)
        client.on_disconnect = lambda c, _u, _f, reason, _p=None: problem.append(f"disconnected ({reason})")
        client.on_message = lambda c, _u, message: self._message(c, message)
        client.on_publish = lambda c, _u, mid, reason, _p=None: self._published(c, mid, reason)
        client.on_subscribe = lambda c, _u, _mid, reasons, _p=None: self._subscribed(reasons)
        session: dict[str, Any] = {}
        if self._version == 5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = SESSION_S
            session = {"clean_start": False, "properties": properties}
        stop_by_s = 0.0
        try:
            client.connect(self._place.host, self._place.port, KEEPALIVE_S, **session)
            while client.loop(1.0) == paho.MQTT_ERR_SUCCESS:
                if self._stopping.is_set():
                    # `stop` has asked for the good-bye; what was acknowledged before it must leave too
                    stop_by_s = stop_by_s or time.monotonic() + 2.0
                    if self._client is None or time.monotonic() > stop_by_s:
                        break
                elif self._come_again_s is not None and time.monotonic() > self._come_again_s:
                    problem.append("receipts were not stored; asked for again")
                    break
        finally:
            self._client = None
            self._come_again_s = None
            with contextlib.suppress(OSError):
                if (line := client.socket()) is not None:
                    line.close()
        return problem[0] if problem else "connection lost"

    def _made_client(self) -> paho.Client:
        clean = None if self._version == 5 else False
        client = paho.Client(CallbackAPIVersion.VERSION2, self._client_id, clean, None, _VERSIONS[self._version], manual_ack=True)
        client.connect_timeout = 5.0
        client.max_inflight_messages_set(500)
        client.max_queued_messages_set(5000)
        # bytes are then written by our own thread alone, woken by paho's socket pair
        client.on_socket_register_write = lambda *_: None
        if self._place.user:
            client.username_pw_set(self._place.user, self._place.password)
        if self._place.has_tls:
            client.tls_set_context(ssl.create_default_context(cafile=self._place.ca or None))
        return client

    def _arrived(self, client: paho.Client, reason: Any, problem: list[str]) -> None:
        if reason.is_failure:
            problem.append(f"refused: {reason}")
            if self._version == 5 and reason.value == UNSUPPORTED_VERSION:
                self._version = 4
            return
        for part in ("receipts", "position", "presence"):
            client.subscribe(f"{self._root}+/{part}", qos=1)
        client.subscribe("owntracks/+/+", qos=1)
        self._client = client
        self._say("up", self._place.shown)

    def _subscribed(self, reasons: Any) -> None:
        if any(getattr(reason, "is_failure", False) for reason in reasons):
            log.warning("the broker at %s refuses a subscription: look at its access list", self._place.shown)
            self._say("up", f"{self._place.shown}: a subscription is refused by the broker")

    def _published(self, client: paho.Client, mid: int, reason: Any) -> None:
        value = int(getattr(reason, "value", 0))
        with self._lock:
            sent = self._sent.pop((client, mid), None)
            if sent is None:
                self._answered[(client, mid)] = value
        if sent is not None:
            self._tell(sent, value)

    def _tell(self, sent: tuple[str, int], value: int) -> None:
        """The broker's word on one order, once."""
        if value == NO_SUBSCRIBER:
            self._hooks.path_failed(*sent, self.name, "no_subscriber")
        elif value >= 0x80:
            self._hooks.path_failed(*sent, self.name, "refused")
        else:
            self._hooks.at_broker(*sent)

    def _message(self, client: paho.Client, message: paho.MQTTMessage) -> None:
        """One message of the broker: never lets an exception reach paho, which would end this thread and look connected."""
        topic = "?"
        try:
            topic = message.topic
            done = self._take(topic, bytes(message.payload))
        except (LiandongError, ValueError, RecursionError) as cause:
            self._quarantine.put("mqtt", f"{topic[:100]}: {cause}", bytes(message.payload[:400]))
            done = None
        except Exception:
            # our bug: told once, the message is acknowledged; paho's thread would die of it unseen
            log.exception("a message on %s could not be taken", topic[:100])
            done = None
        if done is None:
            if message.qos:
                client.ack(message.mid, message.qos)
        else:
            done.add_done_callback(self._after_storing(client, message.mid, message.qos, topic))

    def _take(self, topic: str, payload: bytes) -> Future[None] | None:
        """Act on a message; a Future when it must be stored before it is acknowledged."""
        if len(payload) > LONGEST_MESSAGE_BYTES:
            raise BadInput(f"{len(payload)} bytes; at most {LONGEST_MESSAGE_BYTES} are allowed")
        if topic.startswith("owntracks/"):
            fix = owntracks_fix(topic, json.loads(payload), self._clock.now_ns())
            if fix is not None:
                self._hooks.position(fix, self.name)
            return None
        unit, _, part = topic.removeprefix(self._root).partition("/")
        unit = checked_id(unit)
        if part == "presence" and not payload:
            return None
        body = json.loads(payload)
        match part:
            case "receipts":
                return self._hooks.receipt(unit, checked_receipt(body), self.name)
            case "position":
                self._hooks.position(fix_from_body(unit, body, self._clock.now_ns(), self.name), self.name)
            case "presence":
                if not isinstance(body, dict) or not isinstance(body.get("online"), bool):
                    raise BadInput("must be true or false", "online")
                self._hooks.presence(unit, body["online"], self.name)
            case _:
                raise BadInput("unknown topic")
        return None

    def _after_storing(self, client: paho.Client, mid: int, qos: int, topic: str) -> Callable[[Future[None]], None]:
        def stored(done: Future[None]) -> None:
            cause = None if done.cancelled() else done.exception()
            if isinstance(cause, (Refused, BadInput)):
                self._quarantine.put("mqtt", f"{topic[:100]}: receipt refused: {cause}")
            elif cause is not None or done.cancelled():
                log.warning("a receipt on %s is not stored (%s); it is asked for again", topic[:100], cause)
                self._come_again_s = time.monotonic() + COME_AGAIN_S
                return
            if qos:
                client.ack(mid, qos)

        return stored
