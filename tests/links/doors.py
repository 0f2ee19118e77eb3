"""A door on loopback with a desk in memory, and small clients of it (urllib, websockets) for the tests."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from websockets.sync.client import ClientConnection, connect

from console.clock import SystemClock
from console.links.service import Links
from console.paths import DataFolder
from console.settings import Settings
from tests.links.fake_desk import FakeDesk

INCIDENT: dict[str, Any] = {"source": "110", "source_id": "1", "at": "2026-11-22T08:30:00+08:00", "title": "路口斗殴"}


def until(what: str, true: Callable[[], Any], seconds: float = 10.0) -> Any:
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, what
        time.sleep(0.005)
    return found


class OpenDoor:
    """Links with the door only; `stop` it."""

    def __init__(self, root: Path, ping_s: float = 5.0, keys: dict[str, str] | None = None, **settings: Any) -> None:
        self.folder = DataFolder(root / "data")
        self.folder.create()
        self.desk = FakeDesk()
        self.desk.keys = {"U1": "k1", "U2": "k2"} if keys is None else keys
        chosen = Settings({key.replace("__", "."): value for key, value in settings.items()})
        self.links = Links(self.desk, SystemClock(), self.folder, chosen, local=False, ping_s=ping_s)
        self.links.start()
        self.token = self.links.token
        self._sockets: list[ClientConnection] = []

    def request(
        self, path: str, body: object = None, token: str | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any, dict[str, str]]:
        """Status, JSON (or bytes) and headers of a GET, or of a POST when there is a body."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        asked = Request(self.links.url + path, data=data, headers=headers or {})  # type: ignore[arg-type]
        if token:
            asked.add_header("Authorization", f"Bearer {token}")
        try:
            with urlopen(asked, timeout=20) as answer:
                status, raw, got = answer.status, answer.read(), dict(answer.headers)
        except HTTPError as refusal:
            with refusal:
                status, raw, got = refusal.code, refusal.read(), dict(refusal.headers)
        try:
            return status, json.loads(raw), got
        except ValueError:
            return status, raw, got

    def post(self, body: object = INCIDENT, token: str | None = None) -> tuple[int, Any]:
        return self.request("/v1/incidents", body, self.token if token is None else token)[:2]

    def socket(self) -> ClientConnection:
        line = connect(self.links.url.replace("http", "ws", 1) + "/v1/terminal", max_size=None)
        self._sockets.append(line)
        return line

    def terminal(self, unit: str = "U1", key: str = "k1") -> ClientConnection:
        """A terminal after its welcome."""
        line = self.socket()
        line.send(json.dumps({"type": "hello", "unit": unit, "key": key}))
        assert heard(line) == {"type": "welcome"}
        return line

    def reset(self) -> None:
        """As new: opening and closing a door for each test would cost a quarter of a second."""
        self._hang_up()
        until("terminals gone", lambda: not self.links.connected_units())
        self.desk.__init__()  # type: ignore[misc]
        self.desk.keys = {"U1": "k1", "U2": "k2"}
        self.links._quarantine._seen.clear()
        self.links.terminals._pace._left.clear()
        door = self.links._door
        for limit in (door._reports, door._strangers, door._enrolments, door._all_enrolments):
            limit._left.clear()

    def stop(self) -> None:
        self._hang_up()
        self.links.stop()

    def _hang_up(self) -> None:
        for line in self._sockets:
            line.close()
        self._sockets.clear()


def heard(line: ClientConnection, timeout_s: float = 30.0) -> dict[str, Any]:
    return dict(json.loads(line.recv(timeout=timeout_s)))


def receipt(name: str, order: str = "I000001-O01", state: str = "on_terminal", **more: Any) -> str:
    body = {
        "type": "receipt",
        "order": order,
        "version": 1,
        "state": state,
        "reason": None,
        "at_ms": 1_790_000_000_000,
        "receipt": name,
    }
    return json.dumps({**body, **more})
