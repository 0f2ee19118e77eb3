"""A real Mosquitto with password and ACL, and a terminal that speaks MQTT to it."""

from __future__ import annotations

import getpass
import json
import shutil
import socket
import subprocess
import time
import uuid
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

PASSWORDS = {"desk": "desk-pass-1", "P-01": "unit-pass-1"}


class Broker:
    """Mosquitto on a free port; `kill` is -9, `start` again keeps port and files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "broker"
        self._folder.mkdir()
        self._folder.chmod(0o777)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        program = shutil.which("mosquitto_passwd")
        passwords = self._folder / "passwords"
        passwords.touch()
        for user, password in PASSWORDS.items():
            subprocess.run([str(program), "-b", str(passwords), user, password], check=True, capture_output=True)
        acl = self._folder / "acl"
        acl.write_text(
            "user desk\ntopic readwrite liandong/#\ntopic read owntracks/#\n\n"
            "pattern read liandong/LOCAL/units/%u/orders\npattern write liandong/LOCAL/units/%u/receipts\n"
            "pattern write liandong/LOCAL/units/%u/position\npattern write liandong/LOCAL/units/%u/presence\n"
        )
        for file in (passwords, acl):
            file.chmod(0o644)
        self._config = self._folder / "mosquitto.conf"
        self._config.write_text(
            f"user {getpass.getuser()}\nlistener {self.port} 127.0.0.1\nallow_anonymous false\n"
            f"password_file {passwords}\nacl_file {acl}\n"
            f"persistence true\npersistence_location {self._folder}/\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, user: str) -> str:
        return f"mqtt://{user}:{PASSWORDS[user]}@127.0.0.1:{self.port}"

    def start(self) -> None:
        program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
        self._process = subprocess.Popen(
            [str(program), "-c", str(self._config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + 10
        while time.monotonic() < end:
            with socket.socket() as attempt:
                if attempt.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        self.kill()
        raise AssertionError("mosquitto did not start")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    stop = kill


class MqttTerminal:
    """A unit's terminal over MQTT: says its receipts again until it sees the order no more, executes each version once."""

    def __init__(self, broker: Broker, unit: str) -> None:
        self._unit, self._root = unit, f"liandong/LOCAL/units/{unit}/"
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=f"terminal-{unit}-{uuid.uuid4().hex[:6]}", clean_session=True
        )
        self._client.username_pw_set(unit, PASSWORDS[unit])
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._connected
        self._client.on_message = self._message
        self._port = broker.port
        self.connected = False
        self.executed: list[tuple[str, int]] = []
        self._receipts: dict[tuple[str, int], list[dict[str, Any]]] = {}

    def now_ms(self) -> int:
        return int(time.time() * 1000)

    def start(self) -> None:
        self._client.connect("127.0.0.1", self._port, keepalive=5)
        self._client.loop_start()

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, what: str, payload: bytes) -> None:
        self._client.publish(self._root + what, payload, qos=1)

    def _connected(self, client: Any, *_: Any) -> None:
        client.subscribe(self._root + "orders", 1)
        self.connected = True

    def _message(self, client: Any, _: Any, message: Any) -> None:
        body = json.loads(message.payload)
        version = (body["order"], body["version"])
        if version not in self.executed:
            self.executed.append(version)
            self._receipts[version] = [
                {"order": body["order"], "version": body["version"], "state": state, "reason": None, "at_ms": self.now_ms(),
                 "receipt": uuid.uuid4().hex}
                for state in ("on_terminal", "shown", "wilco")
            ]  # fmt: skip
        for receipt in self._receipts[version]:
            self.publish("receipts", json.dumps(receipt).encode())
