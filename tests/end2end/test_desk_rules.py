"""The desk process by the contract's rules: its folder, its lock, its end, what a limited desk leaves alone, and its secrets."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.links.local import LocalClient
from console.paths import DataFolder
from tests.end2end.house import Desk, Terminal, incident_file, journal, liandong, new_folder, peek, running, until

SECRET = "s3cret-pass"


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the district imported; nothing is enrolled, nothing is open."""
    return new_folder(tmp_path_factory.mktemp("district"))


@pytest.fixture
def data(tmp_path: Path, district: Path) -> Path:
    return Path(shutil.copytree(district, tmp_path / "data"))


@pytest.fixture
def desk_of_a_console(data: Path) -> Iterator[Desk]:
    """A desk as `run` starts it."""
    desk = Desk(data, "--for-console").start()
    yield desk
    desk.stop()


def visit(data: Path) -> LocalClient:
    """A console that has attached; `close()` ends its line as a killed console's ends."""
    client = LocalClient(DataFolder(data).local_socket, lambda message: None)
    client.connect()
    client.attach("01", "console", "console", None)
    return client


def ended(desk: Desk, within_s: float) -> bool:
    assert desk.process is not None
    try:
        return desk.process.wait(within_s) == 0
    except subprocess.TimeoutExpired:
        return False


# the folder


@pytest.mark.parametrize(
    "name", ["数据 文件夹/一 二", "a" * 70 + "/" + "b" * 70], ids=["Chinese and spaces", "too long for a socket"]
)
def test_a_desk_serves_and_answers_in_a_folder_of_any_name(tmp_path: Path, district: Path, name: str) -> None:
    data = Path(shutil.copytree(district, tmp_path / name))
    with running(data) as desk:
        code, document, error = liandong("report", incident_file(tmp_path), data=data)
        ordered = liandong("dispatch", document["incident"], "--playbook", "red", data=data)[1]
        assert desk.process is not None and desk.process.poll() is None

    assert code == 0 and ordered["orders"], error
    assert liandong("check", data=data)[1]["ok"]


def test_a_folder_that_is_a_file_is_bad_usage(tmp_path: Path) -> None:
    report = incident_file(tmp_path)
    for words in (("serve",), ("report", report), ("near", "--lon", "1", "--lat", "2")):
        code, document, error = liandong(*words, data=report)
        assert code == 2 and document and len(error.splitlines()) == 1 and str(report) in error


# start, lock, end


def test_serve_says_ready_first_loads_no_qt_and_ends_within_two_seconds_of_a_signal(data: Path) -> None:
    with running(data) as desk:  # its start asserts the first line
        assert desk.process is not None
        maps = Path(f"/proc/{desk.process.pid}/maps").read_text()
        door = data / "door.json"
        mode, facts = door.stat().st_mode & 0o777, desk.door
        second = liandong("serve", data=data)
        began_s = time.monotonic()
        desk.process.send_signal(signal.SIGTERM)
        code, took_s = desk.process.wait(10), time.monotonic() - began_s

    assert not re.search("PySide6|libQt6", maps)
    assert mode == 0o600 and set(facts) >= {"url", "token", "pid"} and facts["url"].startswith("http://127.0.0.1:")
    assert second[0] == 1 and "another desk" in second[2]
    assert code == 0 and took_s < 2.0
    assert not door.exists()


def test_two_desks_started_at_once_leave_exactly_one(data: Path) -> None:
    command = [sys.executable, "-m", "console", "serve", "--data", str(data)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    until("one has ended", lambda: any(one.poll() is not None for one in both))
    loser, winner = sorted(both, key=lambda one: one.poll() is None)
    assert winner.stdout is not None and winner.stdout.readline() == "ready\n"

    winner.send_signal(signal.SIGTERM)
    winner.communicate(timeout=40)
    out, error = loser.communicate(timeout=40)

    assert (loser.returncode, winner.returncode, out) == (1, 0, "") and "another desk" in error
    assert liandong("check", data=data)[1]["ok"]


def test_a_consoles_desk_ends_within_ten_seconds_of_the_last_console(desk_of_a_console: Desk) -> None:
    first, last = visit(desk_of_a_console.data), visit(desk_of_a_console.data)
    first.close()
    assert not ended(desk_of_a_console, 6.5)

    last.close()

    assert ended(desk_of_a_console, 10)


def test_a_console_that_ends_its_desk_ends_no_serve_and_no_desk_of_others(data: Path, desk_of_a_console: Desk) -> None:
    """contracts.md: `serve` ends only on a signal; a picture run's normal close ends its own desk at once."""
    first, last = visit(desk_of_a_console.data), visit(desk_of_a_console.data)
    refused = first.ask("EndDesk", {})["ends"]
    first.close()
    taken = until("the desk has seen the first leave", lambda: last.ask("EndDesk", {})["ends"])
    assert (refused, taken, ended(desk_of_a_console, 3)) == (False, True, True)
    last.close()

    with running(data) as desk:
        console = visit(data)
        assert not console.ask("EndDesk", {})["ends"]
        console.close()
        assert not ended(desk, 1)


@pytest.mark.parametrize("reason", ["an open order", "an enrolled terminal", "an enrolled partner"])
def test_a_consoles_desk_stays_while_somebody_may_need_it(desk_of_a_console: Desk, tmp_path: Path, reason: str) -> None:
    data = desk_of_a_console.data
    console = visit(data)
    if reason == "an open order":
        incident = liandong("report", incident_file(tmp_path), data=data)[1]["incident"]
        assert liandong("dispatch", incident, "--playbook", "red", data=data)[1]["orders"]
    elif reason == "an enrolled terminal":
        assert liandong("enrol", "P-01", data=data)[0] == 0
    else:
        assert liandong("source", "mall", data=data)[0] == 0

    console.close()

    assert not ended(desk_of_a_console, 6.5)


# a desk limited to the journal


def test_orders_of_a_limited_desk_stay_issued_until_a_full_desk_runs(data: Path, tmp_path: Path) -> None:
    key = liandong("enrol", "P-01", data=data)[1]["key"]
    incident = liandong("report", incident_file(tmp_path), data=data)[1]["incident"]
    orders = liandong("dispatch", incident, "--playbook", "red", "--request", "R", data=data)[1]["orders"]
    of_unit = next(one["order"] for one in orders if one["unit"] == "P-01")
    before = {entry["kind"] for entry in journal(data)}

    with running(data):
        terminal = Terminal(data, "P-01", key).start()
        try:
            until("the terminal has its order", lambda: terminal.executed)
            until("wilco is on record", lambda: any(e["body"].get("state") == "wilco" for e in peek(data)))
            again = liandong("dispatch", incident, "--playbook", "red", "--request", "R", data=data)[1]["orders"]
        finally:
            terminal.stop()

    assert {one["state"] for one in orders} == {"issued"}
    assert not before & {"OrderSent", "ReceiptRecorded", "OrderExpired", "DeadlinePassed", "DeskStarted"}
    assert terminal.executed == [(of_unit, 1)]
    assert {one["order"]: one["state"] for one in again}[of_unit] == "wilco"
    assert not (data / "door.json").exists()


# secrets


def test_no_password_is_kept_printed_or_sent_on_in_clear(data: Path, tmp_path: Path) -> None:
    url = f"rtsp://user:{SECRET}@127.0.0.1:1/x"
    table = tmp_path / "secret.csv"
    table.write_text(f"id,name,url_main,url_sub\nC1,门口 {url},{url},http://127.0.0.1:1/x?token={SECRET}\n", "utf-8")
    broker = tmp_path / "broker"
    broker.write_text(f"mqtt://desk:{SECRET}@127.0.0.1:1\n")
    log = tmp_path / "log"
    bundle = tmp_path / "bundle.zip"

    said = [liandong("import", "cameras", table, data=data)]
    with log.open("w") as stderr:
        command = [sys.executable, "-m", "console", "serve", "--data", str(data), "--broker-file", str(broker)]
        desk = subprocess.Popen([*command, "--log-level", "DEBUG"], stdout=subprocess.PIPE, stderr=stderr, text=True)
        assert desk.stdout is not None and desk.stdout.readline() == "ready\n"
        said.append(liandong("report", incident_file(tmp_path, note=f"看 {url}", address=url), data=data))
        desk.send_signal(signal.SIGTERM)
        assert desk.wait(10) == 0
        desk.stdout.close()
    said.append(liandong("export", "I000001", bundle, data=data))

    assert [code for code, _, _ in said] == [0, 0, 0]
    assert SECRET not in json.dumps(said) and SECRET not in json.dumps(journal(data)) and SECRET not in log.read_text()
    assert SECRET.encode() not in bundle.read_bytes()  # members are stored, not compressed
    holding = {file.name for file in data.rglob("*") if file.is_file() and SECRET.encode() in file.read_bytes()}
    assert holding == {"credentials.json"}
    assert {file.stat().st_mode & 0o077 for file in data.rglob("*.*") if file.is_file()} == {0}
