"""The console's link: starts a desk, gives entries in order, comes back after it died, repeats only what may be repeated."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from console.links.local import LocalClient, wire_entry
from console.model.events import Entry
from console.paths import DataFolder
from console.services.link import DeskLink, desk_command


class Ear:
    def __init__(self) -> None:
        self.phases: list[str] = []
        self.greetings: list[dict[str, Any]] = []
        self.heard: list[int] = []
        self.answers: dict[int, tuple[Any, Any]] = {}
        self.fixes: list[Any] = []
        self.lit: list[Any] = []

    def phase(self, phase: str, detail: str) -> None:
        self.phases.append(phase)

    def attached(self, greeting: dict[str, Any]) -> None:
        self.greetings.append(greeting)

    def entries(self, entries: Any) -> None:
        self.heard += [entry.seq for entry in entries]

    def positions(self, fixes: Any) -> None:
        self.fixes += fixes

    def lights(self, links: Any) -> None:
        self.lit.append(links)

    def answer(self, number: int, result: Any, refused: Any) -> None:
        self.answers[number] = (result, refused)


def entry(seq: int) -> dict[str, Any]:
    return wire_entry(Entry(seq, seq, "b", seq, "desk", "IncidentNoted", "{}", b"s", b"h"))


class ToyDesk:
    """A desk of the wire only: takes one connection after the other, sends what a test tells it."""

    def __init__(self, address: Path) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(address))
        self._listener.listen()
        self.got: list[dict[str, Any]] = []
        self.seq = 2
        self.silent: set[str] = set()
        self.lines: Any = None
        self._connection: socket.socket | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                self._connection, _ = self._listener.accept()
            except OSError:
                return
            with self._connection, self._connection.makefile("rb") as lines:
                for line in lines:
                    self._take(json.loads(line))

    def _take(self, message: dict[str, Any]) -> None:
        self.got.append(message)
        if message["type"] == "attach":
            self.say({"type": "attached", "seq": self.seq, "exercise": False})
            self.say({"type": "entries", "entries": [entry(n) for n in range(message["since"] + 1, self.seq + 1)]})
        elif message["type"] == "command" and message["kind"] not in self.silent:
            self.say({"type": "answer", "id": message["id"], "ok": True, "refused": None, "result": {}})

    def say(self, message: dict[str, Any]) -> None:
        assert self._connection is not None
        self._connection.sendall(json.dumps(message).encode() + b"\n")

    def cut(self) -> None:
        assert self._connection is not None
        self._connection.shutdown(socket.SHUT_RDWR)

    def commands(self, kind: str) -> list[dict[str, Any]]:
        return [message["body"] for message in self.got if message["type"] == "command" and message["kind"] == kind]

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)


def until(true: Any, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.01)


def no_start() -> Any:
    raise OSError("nothing to start here")


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[tuple[ToyDesk, Ear, DeskLink]]:
    folder = DataFolder(tmp_path)
    folder.create()
    desk, ear = ToyDesk(folder.local_socket), Ear()
    link = DeskLink(folder, ear, seat="01", by="a@01", start=no_start)
    link.start()
    until(lambda: ear.heard == [1, 2])
    yield desk, ear, link
    link.close()
    desk.close()


def test_entries_come_in_order_from_the_last_one_on(parts: Any) -> None:
    desk, ear, _ = parts
    desk.say({"type": "entries", "entries": [entry(2), entry(3)]})
    until(lambda: ear.heard == [1, 2, 3])

    desk.seq = 4
    desk.cut()

    until(lambda: ear.heard == [1, 2, 3, 4])
    assert [message["since"] for message in desk.got if message["type"] == "attach"] == [0, 3]


def test_a_gap_makes_it_attach_again(parts: Any, expect_log: Any) -> None:
    expect_log("entries 3-4 are missing")
    desk, ear, _ = parts
    desk.seq = 5

    desk.say({"type": "entries", "entries": [entry(5)]})

    until(lambda: ear.heard == [1, 2, 3, 4, 5])


def test_a_command_is_answered_with_its_number(parts: Any) -> None:
    _, ear, link = parts

    number = link.command("NoteIncident", {"incident": "I1", "text": "x"})

    until(lambda: number in ear.answers)
    assert ear.answers[number] == ({}, None)


def test_a_dispatch_the_desk_died_over_goes_again_with_the_same_request(parts: Any) -> None:
    desk, ear, link = parts
    desk.silent.add("Dispatch")
    number = link.command("Dispatch", {"incident": "I1", "playbook": "red", "request": "r1"})
    until(lambda: len(desk.commands("Dispatch")) == 1)

    desk.silent.clear()
    desk.cut()

    until(lambda: number in ear.answers)
    assert [body["request"] for body in desk.commands("Dispatch")] == ["r1", "r1"]
    assert ear.answers[number][1] is None


def test_a_note_the_desk_died_over_is_not_written_twice(parts: Any) -> None:
    desk, ear, link = parts
    desk.silent.add("NoteIncident")
    number = link.command("NoteIncident", {"incident": "I1", "text": "x"})
    until(lambda: len(desk.commands("NoteIncident")) == 1)

    desk.cut()

    until(lambda: number in ear.answers)
    assert ear.answers[number][1]["code"] == "unavailable"
    assert len(desk.commands("NoteIncident")) == 1


def test_after_the_desk_came_back_the_log_in_is_said_again_before_anything_else(parts: Any) -> None:
    desk, ear, link = parts
    number = link.command("LogIn", {"operator": "a", "password": "p", "seat": "01"})
    until(lambda: number in ear.answers)

    desk.cut()
    later = link.command("CloseTile", {"tile": "01/1", "seat": "01"})

    until(lambda: later in ear.answers)
    kinds = [message.get("kind") for message in desk.got if message["type"] in ("attach", "command")]
    assert kinds[-3:] == ["console", "LogIn", "CloseTile"]


def test_positions_and_lights_pass(parts: Any) -> None:
    desk, ear, _ = parts

    desk.say({"type": "positions", "fixes": [{"unit": "U", "lon": 1.0, "lat": 2.0, "at_ns": 3, "received_ns": 4}]})
    desk.say({"type": "desk", "links": {"store": {"state": "up"}}})

    until(lambda: bool(ear.fixes and ear.lit))
    assert (ear.fixes[0].unit, ear.lit[0]["store"]["state"]) == ("U", "up")


def test_a_desk_that_will_not_start_is_said_to_fail(tmp_path: Path) -> None:
    folder, ear = DataFolder(tmp_path), Ear()
    folder.create()
    link = DeskLink(folder, ear, seat="01", by="a@01", start=no_start)
    link.start()

    until(lambda: "failed" in ear.phases)
    link.close()


def test_a_desk_that_dies_while_the_link_attaches_leaves_no_dead_line_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line is closed before the link has taken it for its own."""
    folder = DataFolder(tmp_path)
    folder.create()
    desk, ear, lines = ToyDesk(folder.local_socket), Ear(), []

    class Dying(LocalClient):
        """The first of its kind is cut, and knows it, before `attach` comes back."""

        def __init__(self, address: Path, take: Any, closed: Any) -> None:
            self.gone = threading.Event()

            def tell(why: str) -> None:
                closed(why)
                self.gone.set()

            super().__init__(address, take, tell)
            lines.append(self)

        def attach(self, *arguments: Any) -> Any:
            super().attach(*arguments)
            if len(lines) == 1:
                until(lambda: desk.got)
                desk.cut()
                assert self.gone.wait(30)

    monkeypatch.setattr("console.services.link.LocalClient", Dying)
    link = DeskLink(folder, ear, seat="01", by="a@01", start=no_start)
    link.start()
    until(lambda: len(lines) > 1 and ear.heard[-2:] == [1, 2])
    link.close()
    desk.close()


def test_the_desk_is_started_as_the_contract_says(tmp_path: Path) -> None:
    line = desk_command(DataFolder(tmp_path), ["--demo", "--set", "console.seat=02"])

    assert line[1:] == ["-m", "console", "serve", "--data", str(tmp_path), "--for-console", "--demo", "--set", "console.seat=02"]
