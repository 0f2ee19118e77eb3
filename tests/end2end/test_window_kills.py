"""Kill or freeze the console at points of a demo order: the order goes on, decoders and simulator leave with their parents."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.end2end.house import alive, liandong, peek, until

POINTS: list[tuple[str, Callable[[list[dict[str, Any]]], bool]]] = [
    ("a tile is open", lambda seen: _has(seen, "TileOpened")),
    ("the order's entry is seen", lambda seen: _has(seen, "OrderIssued")),
    ("the sending is seen", lambda seen: _has(seen, "OrderSent")),
    ("the machine receipt is seen", lambda seen: _has(seen, "ReceiptRecorded", state="on_terminal")),
]


def _has(entries: list[dict[str, Any]], kind: str, **fields: str) -> bool:
    return any(e["kind"] == kind and all(e["body"].get(k) == v for k, v in fields.items()) for e in entries)


class Console:
    """A `liandong run --demo` on a screen of its own, which presses the one key by itself."""

    def __init__(self, data: Path, display: str) -> None:
        self.data = data
        words = ["run", "--demo", "--data", str(data), "--set", "demo.autopilot=true", "--set", "demo.speed=4"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "console", *words], env={**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
        )

    def entries(self) -> list[dict[str, Any]]:
        return peek(self.data)

    def desk_pid(self) -> int:
        return int(json.loads((self.data / "door.json").read_text("utf-8"))["pid"])

    def children(self) -> list[int]:
        desk = psutil.Process(self.desk_pid())
        of_desk = {desk.pid, *(child.pid for child in desk.children(recursive=True))}
        return [child.pid for child in psutil.Process(self.process.pid).children(recursive=True) if child.pid not in of_desk]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)


@pytest.fixture
def console(tmp_path: Path, xvfb: str) -> Iterator[Console]:
    console = Console(tmp_path / "data", xvfb)
    yield console
    if console.process.poll() is None:
        console.kill()
    try:
        desk = psutil.Process(console.desk_pid())
    except (OSError, psutil.NoSuchProcess):
        return
    kin = [desk, *desk.children(recursive=True)]
    desk.send_signal(signal.SIGTERM)
    until("the desk and its simulator are gone", lambda: not any(alive(one.pid) for one in kin), 20)


@pytest.mark.parametrize("point", [point[1] for point in POINTS], ids=[point[0] for point in POINTS])
def test_a_killed_window_delays_no_order_and_leaves_no_decoder(
    console: Console, point: Callable[[list[dict[str, Any]]], bool]
) -> None:
    """contracts.md: the desk is detached, outlives a killed console while an order is open."""
    until("the point", lambda: point(console.entries()), 60)
    desk, decoders = console.desk_pid(), console.children()

    console.kill()

    until("its decoders are gone", lambda: not any(alive(pid) for pid in decoders), 5)
    if _has(console.entries(), "OrderIssued"):
        until("an answer is on record", lambda: _has(console.entries(), "ReceiptRecorded", state="wilco"), 60)
        receipts = [e["body"]["receipt"] for e in console.entries() if e["kind"] == "ReceiptRecorded"]
        assert len(receipts) == len(set(receipts))
    else:
        until("the desk has ended by the contract's rule", lambda: not alive(desk), 12)
    assert liandong("check", data=console.data)[1]["ok"]


def test_a_frozen_window_delays_no_order(console: Console) -> None:
    until("the order's entry", lambda: _has(console.entries(), "OrderIssued"), 60)

    console.process.send_signal(signal.SIGSTOP)
    try:
        until("an answer is on record", lambda: _has(console.entries(), "ReceiptRecorded", state="wilco"), 60)
    finally:
        console.process.send_signal(signal.SIGCONT)


def test_a_killed_desk_comes_back_under_the_window(console: Console) -> None:
    until("the order's entry", lambda: _has(console.entries(), "OrderIssued"), 60)
    desk = console.desk_pid()
    issued = sum(e["kind"] == "OrderIssued" for e in console.entries())

    os.kill(desk, signal.SIGKILL)

    until("another desk", lambda: console.desk_pid() != desk and alive(console.desk_pid()), 20)
    until("an answer is on record", lambda: _has(console.entries(), "ReceiptRecorded", state="wilco"), 60)
    assert sum(e["kind"] == "OrderIssued" for e in console.entries()) == issued
    assert liandong("check", data=console.data)[1]["ok"]
