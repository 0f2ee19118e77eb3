"""The phone page in a real browser: enrol, orders, answers; nothing lost when server and browser are killed."""

from __future__ import annotations

import itertools
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from websockets.sync.client import connect

CHROMIUM = "chromium"
ROOT = Path(__file__).parents[2]
STATE = "document.querySelector('[data-state]').dataset.state"


def until(true: Callable[[], Any], seconds: float = 10.0) -> Any:
    """The first true answer within `seconds`; the last one otherwise."""
    end = time.monotonic() + seconds
    while not (found := true()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


class Browser:
    """A headless Chromium driven over its DevTools socket."""

    def __init__(self, profile: Path, url: str) -> None:
        self.profile = profile
        port_file = profile / "DevToolsActivePort"
        port_file.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [
                CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage",
                "--disable-background-networking", "--disable-component-update", "--mute-audio", "--remote-debugging-port=0",
                f"--user-data-dir={profile}", "--window-size=412,860", url,
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        assert until(lambda: port_file.exists() and len(port_file.read_text().splitlines()) == 2, 30), "chromium does not start"
        port = port_file.read_text().splitlines()[0]

        def page() -> str | None:
            with urlopen(f"http://127.0.0.1:{port}/json", timeout=30) as answer:
                return next((tab["webSocketDebuggerUrl"] for tab in json.load(answer) if tab["type"] == "page"), None)

        self.socket = connect(until(page), max_size=None)
        self.numbers = itertools.count(1)

    def call(self, method: str, **parameters: Any) -> Any:
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.recv(timeout=15))
            if message.get("id") == number:
                assert "error" not in message, message
                return message["result"]

    def run(self, script: str) -> Any:
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, selector: str) -> None:
        assert until(lambda: self.run(f"!!document.querySelector({selector!r})?.offsetParent")), f"{selector} does not appear"
        self.run(f"document.querySelector({selector!r}).click()")

    def text(self, selector: str = "body") -> str:
        return str(self.run(f"document.querySelector({selector!r})?.innerText ?? ''"))

    def close(self, hard: bool = False) -> None:
        self.socket.close()
        if hard:
            self.process.send_signal(signal.SIGKILL)
        else:
            self.process.terminate()
        self.process.wait(10)


class DoorProcess:
    """The door of `tests/links/door_process.py`, killed and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        (folder / "orders.jsonl").write_text("", encoding="utf-8")
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.links.door_process", str(self.folder), str(self.port)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        assert self.url

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def add_order(self, order: str) -> None:
        now_ms = int(time.time() * 1000)
        body = {
            "order": order, "version": 1, "incident": "I000001", "grade": "red", "kind": "order", "text": "立即前往南门处置",
            "lon": 104.06, "lat": 30.65, "issued_at_ms": now_ms, "expires_at_ms": now_ms + 1_800_000,
            "state": "issued", "exercise": True,
        }  # fmt: skip
        with (self.folder / "orders.jsonl").open("a", encoding="utf-8") as out:
            out.write(json.dumps(body, ensure_ascii=False) + "\n")

    def receipts(self) -> list[tuple[str, str]]:
        file = self.folder / "receipts.jsonl"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return [(body["order"], body["state"]) for body in map(json.loads, lines)]


@pytest.fixture
def door(tmp_path: Path, peer: Callable[[str], str]) -> Iterator[DoorProcess]:
    peer("chromium")
    folder = tmp_path / "desk"
    folder.mkdir()
    door = DoorProcess(folder)
    yield door
    if door.process.poll() is None:
        door.kill()


def test_an_answer_given_offline_survives_a_killed_server_and_a_killed_browser_and_arrives_once(
    door: DoorProcess, tmp_path: Path
) -> None:
    """faults.md D4, D5: order stored, phone and server die, one entry."""
    door.kill()
    door.add_order("I000001-O01")
    door.start()
    profile = tmp_path / "profile"
    browser = Browser(profile, f"{door.url}/#unit=U1&code=1234")
    try:
        browser.press("#enrol button")
        browser.press("[data-act=wilco]")
        assert until(lambda: ("I000001-O01", "wilco") in door.receipts()), door.receipts()
        assert until(lambda: browser.run("navigator.serviceWorker?.ready.then(() => true)"))

        door.kill()
        browser.press("[data-act=en_route]")
        browser.press("[data-act=on_scene]")
        # an answer counts from the moment the page shows it as given: then it is on disk
        assert until(lambda: browser.run(f"{STATE} === 'on_scene'"))
        assert until(lambda: browser.run("document.querySelector('.light')?.classList.contains('down')"))
        browser.close(hard=True)
        browser = Browser(profile, f"{door.url}/")
        assert until(lambda: "立即前往南门处置" in browser.text("#orders")), "the page does not open without a server"
        assert browser.run(STATE) == "on_scene"
        browser.press("[data-act=done]")

        door.add_order("I000001-O02")
        door.start()
        assert until(lambda: ("I000001-O02", "shown") in door.receipts(), 20), door.receipts()
        assert until(lambda: browser.text("#waiting") == ""), browser.text("#waiting")
        states = [state for order, state in door.receipts() if order == "I000001-O01"]
        assert states == ["on_terminal", "shown", "wilco", "en_route", "on_scene", "done"]
    finally:
        browser.close()


def test_cantco_asks_for_a_reason_and_the_page_speaks_both_languages(door: DoorProcess, tmp_path: Path) -> None:
    door.kill()
    door.add_order("I000001-O01")
    door.start()
    browser = Browser(tmp_path / "profile", f"{door.url}/#unit=U1&code=1234")
    try:
        browser.press("#enrol button")
        assert until(lambda: "立即前往南门处置" in browser.text("#orders"))
        before = browser.text("#language")
        browser.press("#language")
        assert until(lambda: browser.text("#language") != before)
        browser.press("[data-act=cantco]")
        browser.press(".reasons button")
        assert until(lambda: ("I000001-O01", "cantco") in door.receipts()), door.receipts()
        body = json.loads((door.folder / "receipts.jsonl").read_text(encoding="utf-8").splitlines()[-1])
        assert body["reason"]
        assert not browser.run("!!document.querySelector('[data-act]')")
    finally:
        browser.close()


def test_a_wrong_code_is_refused_in_words(door: DoorProcess, tmp_path: Path) -> None:
    browser = Browser(tmp_path / "profile", f"{door.url}/#unit=U1&code=9999")
    try:
        browser.press("#enrol button")
        assert until(lambda: not browser.run("document.getElementById('notice').hidden"))
        assert browser.run("document.getElementById('enrol').hidden") is False
    finally:
        browser.close()
