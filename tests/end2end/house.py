"""Real processes for end-to-end tests: the command, a desk, terminals over WebSocket, and a small invented district."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect

from console.clock import SystemClock
from console.store.journal import Journal

LON, LAT = 104.066, 30.66
PATIENCE_S = 30.0


def until(what: str, look: Callable[[], Any], patience_s: float = PATIENCE_S) -> Any:
    """Wait until `look()` is true and return it; fail with `what`."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what}: not within {patience_s:g} s")


def liandong(*words: str | Path, data: Path | None = None, stdin: str | None = None, timeout_s: float = 60.0) -> Any:
    """Run one command with --json. Returns (exit code, JSON document or None, stderr)."""
    command = [sys.executable, "-m", "console", *map(str, words), "--json"]
    if data is not None:
        command += ["--data", str(data)]
    done = subprocess.run(command, capture_output=True, text=True, input=stdin, timeout=timeout_s, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    document = None
    with contextlib.suppress(ValueError):
        document = json.loads(done.stdout)
    return done.returncode, document, done.stderr


def journal(data: Path, *words: str) -> list[dict[str, Any]]:
    """The journal's entries as the command prints them."""
    done = subprocess.run(
        [sys.executable, "-m", "console", "journal", "--data", str(data), *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def peek(data: Path) -> list[dict[str, Any]]:
    """The journal's entries read in this process: for waiting, where starting the command each time would load the machine."""
    if not (data / "journal.db").exists():
        return []
    book = Journal.open(data / "journal.db", SystemClock(), read_only=True)
    try:
        entries, seq = [], 0
        while batch := book.read(seq, 1000):
            entries += [{"seq": e.seq, "by": e.by, "kind": e.kind, "body": json.loads(e.body or "{}")} for e in batch]
            seq = batch[-1].seq
        return entries
    finally:
        book.close()


class Desk:
    """A `liandong serve` process on a folder."""

    def __init__(self, data: Path, *words: str) -> None:
        self.data, self._words = data, words
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> Desk:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "console", "serve", "--data", str(self.data), *self._words], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line == "ready\n", f"{line!r}"
        return self

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self._gone()

    def stop(self) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self._gone()

    def _gone(self) -> int:
        assert self.process is not None and self.process.stdout is not None
        code = self.process.wait(20)
        self.process.stdout.close()
        return code

    @property
    def door(self) -> dict[str, Any]:
        return dict(json.loads((self.data / "door.json").read_text("utf-8")))


class Terminal:
    """A unit's terminal: reconnects for ever, keeps its receipts until they are `kept`, executes each order version once."""

    def __init__(self, data: Path, unit: str, key: str, answers: tuple[str, ...] = ("on_terminal", "shown", "wilco")) -> None:
        self._data, self.unit, self._key, self._answers = data, unit, key, answers
        self.executed: list[tuple[str, int]] = []
        self.seen: list[dict[str, Any]] = []
        self.unsent: dict[str, dict[str, Any]] = {}
        self.said: list[dict[str, Any]] = []
        self.welcomes = 0
        self._stop = threading.Event()
        self._socket: Any = None
        self._thread: threading.Thread | None = None

    def start(self) -> Terminal:
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name=f"terminal-{self.unit}")
        self._thread.start()
        return self

    def stop(self) -> None:
        self._stop.set()
        if self._socket is not None:
            self._socket.close()
        if self._thread is not None:
            self._thread.join()

    def drop(self) -> None:
        """Cut the line as a crash would."""
        if self._socket is not None:
            self._socket.socket.close()

    def say(self, order: str, version: int, state: str, reason: str | None = None) -> str:
        """Queue a receipt; it is sent now and on each new connection until kept."""
        receipt = uuid.uuid4().hex
        body = {"type": "receipt", "order": order, "version": version, "state": state, "reason": reason,
                "at_ms": int(time.time() * 1000), "receipt": receipt}  # fmt: skip
        self.unsent[receipt] = body
        self.said.append(body)
        self._send(body)
        return receipt

    def position(self, lon: float, lat: float) -> None:
        self._send({"type": "position", "lon": lon, "lat": lat, "at_ms": int(time.time() * 1000), "accuracy_m": 5.0,
                    "speed_mps": None, "heading_deg": None})  # fmt: skip

    def _send(self, body: dict[str, Any]) -> None:
        with contextlib.suppress(ConnectionClosed, OSError, AttributeError):
            self._socket.send(json.dumps(body))

    def _run(self) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(OSError, ConnectionClosed, InvalidHandshake, TimeoutError, ValueError, KeyError, EOFError):
                self._one_connection()
            self._stop.wait(0.1)

    def _one_connection(self) -> None:
        url = json.loads((self._data / "door.json").read_text("utf-8"))["url"].replace("http", "ws", 1)
        with connect(f"{url}/v1/terminal", open_timeout=10, close_timeout=1) as socket:
            self._socket = socket
            socket.send(json.dumps({"type": "hello", "unit": self.unit, "key": self._key}))
            for message in socket:
                self._take(json.loads(message))

    def _take(self, body: dict[str, Any]) -> None:
        if body["type"] == "welcome":
            self.welcomes += 1
            for receipt in list(self.unsent.values()):
                self._send(receipt)
        elif body["type"] == "kept":
            self.unsent.pop(body["receipt"], None)
        elif body["type"] == "order":
            self.seen.append(body)
            version = (body["order"], body["version"])
            if version not in self.executed:
                self.executed.append(version)
                for state in self._answers if body["state"] == "issued" else ("on_terminal",):
                    self.say(*version, state)


def write_district(folder: Path, cameras: int = 12, units: int = 3) -> None:
    """CSV files of an invented district round (LON, LAT): every camera looks at the middle."""
    rows = [
        "id,name,network,url_main,url_sub,lon,lat,datum,heading_deg,fov_deg,range_m,height_m,ptz,owner,area,pole,consent,unit"
    ]
    for n in range(cameras):
        rows.append(f"T-{n:03d},北街{n},tianwang,,,{LON},{LAT + 0.0003 + n * 0.0001:.6f},wgs84,180,90,400,6,,,,,,")
    rows.append(f"H-001,惠民花店,huiyan,,,{LON},{LAT + 0.0005:.6f},wgs84,180,90,400,6,,,,,incident,")
    (folder / "cameras.csv").write_text("\n".join(rows) + "\n", "utf-8")
    rows = ["id,name,kind,centre,phone,terminal,duty,crew,shift"]
    rows += [
        f"P-{n:02d},巡-{n:02d},{'patrol_car' if n % 2 else 'grid_worker'},LOCAL,,yes,on_duty,2,day" for n in range(1, units + 1)
    ]
    (folder / "units.csv").write_text("\n".join(rows) + "\n", "utf-8")
    (folder / "places.csv").write_text(f"id,name,kind,lon,lat,datum\nD-0317,电杆 0317,pole,{LON},{LAT},wgs84\n", "utf-8")


def incident_file(folder: Path, source_id: str = "X1", **fields: Any) -> Path:
    """A contract incident in the middle of the district."""
    body = {"source": "110", "source_id": source_id, "at": "2026-01-02T03:04:05+08:00", "title": "持械斗殴", "kind": "fight",
            "grade": "red", "lon": LON, "lat": LAT, "datum": "wgs84", "pole": None, "place": None, "address": None,
            "caller": None, "note": None, **fields}  # fmt: skip
    file = folder / f"incident-{source_id}.json"
    file.write_text(json.dumps(body, ensure_ascii=False), "utf-8")
    return file


def new_folder(tmp_path: Path, units: int = 3) -> Path:
    """A data folder with the district imported through the command line."""
    data = tmp_path / "data"
    write_district(tmp_path, units=units)
    for what in ("cameras", "units", "places"):
        code, document, error = liandong("import", what, tmp_path / f"{what}.csv", data=data)
        assert (code, document["quarantined"]) == (0, []), (document, error)
    return data


@contextlib.contextmanager
def running(data: Path, *words: str) -> Iterator[Desk]:
    """A desk for the length of a block."""
    desk = Desk(data, *words).start()
    try:
        yield desk
    finally:
        desk.stop()


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
