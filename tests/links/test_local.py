"""The local socket, both halves: answers, order of entries, peers that misbehave, freeze or vanish."""

from __future__ import annotations

import json
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from console.clock import SystemClock
from console.errors import BadInput, Refused, Unavailable
from console.links.local import LocalClient, entry_from_wire, fix_from_wire, wire_entry, wire_fix
from console.links.local_server import LocalServer
from console.links.service import Links
from console.model.unit import Fix
from console.paths import DataFolder
from console.settings import Settings
from tests.links.fake_desk import FakeDesk, made_entry

Message = dict[str, Any]


def until(what: str, true: Callable[[], Any], seconds: float = 10.0) -> Any:
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, what
        time.sleep(0.005)
    return found


class Console:
    """A client that remembers what it heard."""

    def __init__(self, address: Path, since: int | None = 0, by: str = "test@01") -> None:
        self.heard: list[Message] = []
        self.closed: list[str] = []
        self.client = LocalClient(address, self.heard.append, self.closed.append)
        self.client.connect()
        self.client.attach("01", by, "console", since)

    def of(self, kind: str) -> list[Message]:
        return [message for message in list(self.heard) if message["type"] == kind]

    def seqs(self) -> list[int]:
        return [entry["seq"] for message in self.of("entries") for entry in message["entries"]]


@pytest.fixture(params=["unix", "tcp"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path, request.param == "tcp")
    yield scene
    scene.stop()


class Scene:
    def __init__(self, root: Path, use_tcp: bool = False) -> None:
        self.folder = DataFolder(root / "data")
        self.folder.create()
        self.desk = FakeDesk()
        self.links = Links(self.desk, SystemClock(), self.folder, Settings(), door=False)
        self.links._local = LocalServer(self.desk, self.links._quarantine, self.folder.local_socket, use_tcp)
        self.desk.on_entries = self.links.broadcast_entries
        self.links.start()
        self.consoles: list[Console] = []

    def console(self, **more: Any) -> Console:
        console = Console(self.folder.local_socket, **more)
        self.consoles.append(console)
        until("attached", lambda: console.of("attached") or console.closed or console.of("refused"))
        return console

    def stop(self) -> None:
        for console in self.consoles:
            console.client.close()
        self.links.stop()


def test_entries_follow_from_where_a_console_stopped(scene: Scene) -> None:
    for number in range(1200):
        scene.desk.entries.append(made_entry(number + 1))
    console = scene.console(since=100)
    assert console.of("attached")[0]["seq"] == 1200
    until("all entries", lambda: console.seqs() == list(range(101, 1201)))
    assert max(len(message["entries"]) for message in console.of("entries")) == 500

    scene.desk.note("live")

    until("live entry", lambda: console.seqs()[-1] == 1201)


def test_an_answer_comes_after_the_entries_it_made(scene: Scene) -> None:
    console = scene.console()
    result = console.client.ask("Note", {"text": "一"})
    assert result["entries"] == [1]
    assert console.seqs() == [1]


def test_refusals_arrive_as_what_they_were(scene: Scene) -> None:
    client = scene.console().client
    with pytest.raises(Refused) as refused:
        client.ask("Refuse", {"incident": "I1"})
    assert (refused.value.code, refused.value.fields) == ("incident_unknown", {"incident": "I1"})
    with pytest.raises(BadInput) as bad:
        client.ask("Bad", {})
    assert (bad.value.what, bad.value.where, bad.value.todo) == ("wrong", "Bad.field", "send better")


def test_a_command_line_that_wants_no_entries_gets_none(scene: Scene) -> None:
    console = scene.console(since=None)
    console.client.ask("Note", {"text": "x"})
    scene.links.broadcast_positions([Fix("U1", 1.0, 2.0, 3, 4)])
    console.client.ask("Note", {"text": "y"})
    assert not console.of("entries")
    assert not console.of("positions")


def test_two_consoles_hear_the_same_entries(scene: Scene) -> None:
    one, two = scene.console(), scene.console()
    for number in range(50):
        one.client.ask("Note", {"text": str(number)})
    until("both", lambda: one.seqs() == two.seqs() == list(range(1, 51)))


def test_positions_come_newest_and_at_most_ten_times_a_second(scene: Scene) -> None:
    scene.links.broadcast_positions([Fix("U9", 9.0, 9.0, 1, 1)])
    console = scene.console()
    until("known fix at once", lambda: console.of("positions"))
    for number in range(500):
        scene.links.broadcast_positions([Fix("U1", 1.0, 2.0, number, number)])
    until("newest", lambda: console.of("positions")[-1]["fixes"][-1]["at_ns"] == 499)
    assert len(console.of("positions")) <= 12


def test_lights_reach_those_who_come_later(scene: Scene) -> None:
    scene.links.lights({"mqtt": "down"})
    console = scene.console()
    until("lights", lambda: console.of("desk")[-1:] == [{"type": "desk", "links": {"mqtt": "down"}}])


def test_feed_health_reaches_the_desk(scene: Scene) -> None:
    scene.console().client.send({"type": "feed_health", "feeds": [{"camera": "C1", "state": "live"}, "nonsense"]})
    until("feeds", lambda: scene.desk.feeds == [[{"camera": "C1", "state": "live"}]])


def test_the_desk_hears_of_a_console_that_leaves(scene: Scene) -> None:
    console = scene.console()
    console.client.close()
    until("detached", lambda: scene.desk.left == scene.desk.peers)


def test_a_refused_attach_is_told_and_closed(scene: Scene) -> None:
    console = scene.console(by="refused")
    until("closed", lambda: console.closed)
    assert console.of("refused")[0]["refused"]["code"] == "not_allowed"
    assert scene.desk.left == []


def test_a_command_of_a_desk_that_goes_is_unavailable_at_once(scene: Scene) -> None:
    console = scene.console()
    waiting = console.client.command("Hang", {})
    scene.links.stop()
    with pytest.raises(Unavailable):
        waiting.result(5)
    until("closed", lambda: console.closed)
    with pytest.raises(Unavailable):
        console.client.send({"type": "feed_health", "feeds": []})


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path)
    yield scene
    scene.stop()


def raw(scene: Scene, data: bytes) -> socket.socket:
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    line.settimeout(10)
    line.connect(str(scene.folder.local_socket))
    line.sendall(data)
    return line


ATTACH = json.dumps({"type": "attach", "seat": "02", "by": "x", "kind": "console", "since": 0}).encode() + b"\n"


@pytest.mark.parametrize(
    "data",
    [b"GET / HTTP/1.1\r\n\r\n", b"\x00\xff\n", b"[]\n", b'{"type":"command"}\n', b"[" * 200_000 + b"\n", ATTACH + b"garbage\n",
     b'{"type":"attach","since":-1}\n', b'{"type":"attach","since":"x"}\n'],
)  # fmt: skip
def test_garbage_closes_only_its_own_line_and_is_quarantined(plain: Scene, data: bytes) -> None:
    console = plain.console()
    with raw(plain, data) as line:
        while line.recv(65536):
            pass
    until("quarantined", lambda: plain.desk.quarantined)
    assert console.client.ask("Note", {"text": "still here"})["entries"] == [1]


def test_a_line_without_end_is_cut_off_at_sixteen_megabytes(plain: Scene) -> None:
    with raw(plain, ATTACH) as line:
        try:
            for _ in range(40):
                line.sendall(b"x" * 1_000_000)
        except OSError:
            pass
        else:
            pytest.fail("forty megabytes of one line were taken")
    until("quarantined", lambda: any("bytes" in problem for _, problem, _ in plain.desk.quarantined))


def test_an_unknown_message_is_quarantined_and_the_next_still_counts(plain: Scene) -> None:
    client = plain.console().client
    client.send({"type": "nonsense"})
    client.send({"type": "command", "id": 7, "kind": 5, "body": {}})
    assert client.ask("Note", {"text": "x"})["entries"] == [1]
    until("quarantined", lambda: plain.desk.quarantined)


def test_a_frozen_console_delays_nobody_and_catches_up_without_a_gap(plain: Scene) -> None:
    """Issue 2: freezing the window delays no order."""
    thaw = threading.Event()
    frozen = Console(plain.folder.local_socket)
    until("attached", lambda: frozen.of("attached"))
    heard = frozen.client._on_message
    frozen.client._on_message = lambda message: (thaw.wait(20), heard(message))[1]  # type: ignore[func-returns-value]
    quick = plain.console()

    for _ in range(60):
        plain.desk.note("字" * 30_000)
        plain.links.broadcast_positions([Fix("U1", 1.0, 2.0, 3, 4)])
    until("quick console has all", lambda: len(quick.seqs()) == 60)
    assert len(frozen.seqs()) < 60
    thaw.set()

    until("frozen console has all", lambda: frozen.seqs() == list(range(1, 61)))
    frozen.client.close()


def test_the_socket_is_private_and_gone_after_the_end(plain: Scene) -> None:
    mode = plain.folder.local_socket.stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600
    plain.links.stop()
    assert not plain.folder.local_socket.exists()


def test_a_leftover_socket_of_a_killed_desk_is_replaced(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    folder.create()
    dead = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    dead.bind(str(folder.local_socket))
    dead.close()
    with pytest.raises(Unavailable):
        LocalClient(folder.local_socket, print).connect()

    scene = Scene(tmp_path)

    assert scene.console().client.ask("Note", {"text": "x"})["entries"] == [1]
    scene.stop()


def test_tcp_without_the_token_is_refused(tmp_path: Path) -> None:
    scene = Scene(tmp_path, use_tcp=True)
    where = json.loads(scene.folder.local_socket.read_text())
    assert stat.S_IMODE(scene.folder.local_socket.stat().st_mode) == 0o600
    with socket.create_connection(("127.0.0.1", where["port"]), 5) as line:
        line.sendall(ATTACH)
        assert line.recv(100) == b""
    assert scene.desk.peers == []
    scene.stop()


def test_entries_and_fixes_survive_the_wire() -> None:
    entry, fix = made_entry(5), Fix("U1", 104.0, 30.0, 5, 6, 1.5, None, 90.0, "mqtt")
    assert entry_from_wire(json.loads(json.dumps(wire_entry(entry)))) == entry
    assert fix_from_wire(json.loads(json.dumps(wire_fix(fix)))) == fix
    with pytest.raises(BadInput):
        entry_from_wire({"seq": "x"})
