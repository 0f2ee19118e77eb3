"""The console with its real desk: a first start with a password, a desk that dies and comes back, a picture run of the demo."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from console.paths import DataFolder
from console.services.link import DeskLink
from tests.end2end.house import peek, until


class Ear:
    """Keeps what the link tells."""

    def __init__(self) -> None:
        self.phases: list[str] = []
        self.greetings: list[dict[str, Any]] = []
        self.seqs: list[int] = []
        self.answers: dict[int, tuple[Any, Any]] = {}

    def phase(self, phase: str, detail: str) -> None:
        self.phases.append(phase)

    def attached(self, greeting: dict[str, Any]) -> None:
        self.greetings.append(greeting)

    def entries(self, entries: Any) -> None:
        self.seqs += [entry.seq for entry in entries]

    def positions(self, fixes: Any) -> None: ...

    def lights(self, links: Any) -> None: ...

    def answer(self, number: int, result: Any, refused: Any) -> None:
        self.answers[number] = (result, refused)


@pytest.fixture
def seat(tmp_path: Path) -> Iterator[tuple[DeskLink, Ear, DataFolder]]:
    folder, ear = DataFolder(tmp_path / "data"), Ear()
    link = DeskLink(folder, ear, seat="01", by="tester@01")
    link.start()
    until("the link has started a desk", lambda: ear.greetings)
    yield link, ear, folder
    link.close(end_desk=True)


def ask(link: DeskLink, ear: Ear, kind: str, **body: Any) -> tuple[Any, Any]:
    number = link.command(kind, body)
    return until(f"an answer to {kind}", lambda: ear.answers.get(number))


def desk_pid(folder: DataFolder) -> int:
    return int(json.loads(folder.door.read_text("utf-8"))["pid"])


def test_a_first_start_sets_the_password_and_only_then_lets_in(seat: tuple[DeskLink, Ear, DataFolder]) -> None:
    link, ear, _ = seat
    operator = ear.greetings[0]["needs_password"]

    short = ask(link, ear, "SetPassword", operator=operator, password="short")
    ask(link, ear, "SetPassword", operator=operator, password="long enough 1")
    wrong = ask(link, ear, "LogIn", operator=operator, password="something else", seat="01")
    right = ask(link, ear, "LogIn", operator=operator, password="long enough 1", seat="01")

    assert (short[1]["code"], wrong[1]["code"], right[1]) == ("weak_password", "wrong_password", None)
    assert "commander" in right[0]["roles"]


def test_a_killed_desk_comes_back_and_the_operator_need_not_log_in_again(seat: tuple[DeskLink, Ear, DataFolder]) -> None:
    link, ear, folder = seat
    operator = ear.greetings[0]["needs_password"]
    ask(link, ear, "SetPassword", operator=operator, password="long enough 1")
    ask(link, ear, "LogIn", operator=operator, password="long enough 1", seat="01")

    killed = desk_pid(folder)
    psutil.Process(killed).kill()
    until("the link has a new desk", lambda: len(ear.greetings) == 2)
    report = ask(
        link, ear, "ReportIncident", source="manual", source_id="1", at="2026-11-22T10:00:00+08:00", title="after the kill"
    )

    assert report[1] is None
    assert desk_pid(folder) != killed
    until("every entry has come", lambda: ear.seqs[-1:] == [peek(folder.root)[-1]["seq"]])
    assert ear.seqs == list(range(1, ear.seqs[-1] + 1))


def test_a_picture_run_goes_the_whole_way_and_leaves_nothing_behind(tmp_path: Path, xvfb: str) -> None:
    data, picture = tmp_path / "data", tmp_path / "out.png"
    words = ["run", "--demo", "--data", str(data), "--size", "1366x768", "--lang", "en", "--shot", str(picture), "--after", "14"]

    done = subprocess.run(
        [sys.executable, "-m", "console", *words, "--set", "demo.speed=3"],
        env={**os.environ, "DISPLAY": xvfb, "QT_QPA_PLATFORM": "xcb"}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    assert picture.stat().st_size > 100_000
    entries = peek(data)
    opened = [entry["body"] for entry in entries if entry["kind"] == "TileOpened"]
    assert {entry["body"]["state"] for entry in entries if entry["kind"] == "ReceiptRecorded"} >= {"on_terminal", "shown"}
    assert [entry["by"] for entry in entries if entry["kind"] == "PlanIssued"] == ["demo@01"]
    assert all(body["incident"] for body in opened if body["household"])
    assert {body["tile"] for body in opened} == {entry["body"]["tile"] for entry in entries if entry["kind"] == "TileClosed"}
    until("the desk is gone", lambda: not psutil.pid_exists(json.loads((data / "door.json").read_text("utf-8"))["pid"])
          if (data / "door.json").exists() else True, 10.0)  # fmt: skip
