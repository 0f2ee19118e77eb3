"""The demo district: fills a new folder, keeps the units' simulator running, and lets the invented incidents arrive.

Used by a `--demo` desk only. Incidents go through the same HTTP door as partners' ones, units through the terminals' WebSocket.
"""

from __future__ import annotations

import contextlib
import csv
import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console.errors import BadInput
from console.paths import DataFolder, resources

if TYPE_CHECKING:
    from console.store import roster as roster_store

log = logging.getLogger(__name__)
RUN_ENDS_AFTER_S = 600.0
"""A demo desk that starts again within this time of its last entry goes on with the same run of incidents."""


def check_folder(folder: DataFolder, demo: bool) -> None:
    """Raise BadInput when a demo folder is used for real or a real one for a demo."""
    marked = folder.demo_mark.exists()
    if demo and not marked and folder.journal.exists():
        raise BadInput(
            "holds real facts; the demo has a folder of its own", str(folder.root), "leave out --data, or name a new one"
        )
    if not demo and marked:
        raise BadInput("was made by --demo; its facts stay an exercise", str(folder.root), "add --demo, or name another folder")


class Mark:
    """The demo's own file in the folder: which resources it was filled from, the run of incidents, the units' keys (0600)."""

    def __init__(self, folder: DataFolder) -> None:
        self._file = folder.demo_mark
        self.facts: dict[str, Any] = json.loads(self._file.read_text("utf-8")) if self._file.exists() else {}

    def save(self) -> None:
        self._file.touch(mode=0o600)
        self._file.write_text(json.dumps(self.facts), "utf-8")


def fill(folder: DataFolder, mark: Mark) -> list[tuple[str, roster_store.ImportResult, str]]:
    """Import the rosters and the map unless this very version is there. Returns (roster, result, file) to record."""
    source = str(resources("demo").resolve())
    if mark.facts.get("source") == source and folder.city_map.exists() and folder.roster.exists():
        return []
    from console.store import citymap
    from console.store import roster as roster_store

    citymap.compile_map(resources("demo", "town.osm"), folder.city_map)
    done = []
    with tempfile.TemporaryDirectory() as scratch:
        cameras = Path(scratch) / "cameras.csv"
        _with_absolute_clips(resources("demo", "cameras.csv"), cameras)
        for name, file, importer in (
            ("places", resources("demo", "places.csv"), roster_store.import_places),
            ("units", resources("demo", "units.csv"), roster_store.import_units),
            ("cameras", cameras, roster_store.import_cameras),
        ):
            done.append((name, importer(folder.root, file), file.name))
    mark.facts["source"] = source
    mark.save()
    return done


def _with_absolute_clips(source: Path, target: Path) -> None:
    with source.open(encoding="utf-8-sig", newline="") as given, target.open("w", encoding="utf-8", newline="") as made:
        rows = csv.DictReader(given)
        writer = csv.DictWriter(made, list(rows.fieldnames or ()))
        writer.writeheader()
        for row in rows:
            for column in ("url_main", "url_sub"):
                if row[column]:
                    row[column] = str(resources("demo", row[column]).resolve())
            writer.writerow(row)


class Feeder(threading.Thread):
    """Posts the incidents of the run when their time comes. `door()` gives (url, token)."""

    def __init__(self, door: Callable[[], tuple[str, str]], run: str, started_s: float, speed: float, language: str) -> None:
        super().__init__(name="demo-incidents", daemon=True)
        self._door, self._run_id, self._started_s, self._speed, self._language = door, run, started_s, speed, language
        self._ending = threading.Event()

    def stop(self) -> None:
        self._ending.set()
        self.join(3.0)

    def run(self) -> None:
        incidents = json.loads(resources("demo", "incidents.json").read_text("utf-8"))
        for incident in sorted(incidents, key=lambda one: one["after_s"]):
            due_s = self._started_s + incident["after_s"] / self._speed
            if self._ending.wait(max(0.0, due_s - time.time())):
                return
            body = {
                **incident["body"],
                **incident[self._language],
                "at": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(due_s)),
            }
            body["source_id"] = f"{body['source_id']}-{self._run_id}"
            self._post(body)

    def _post(self, body: dict[str, Any]) -> None:
        import urllib.error
        import urllib.request

        while not self._ending.is_set():
            url, token = self._door()
            request = urllib.request.Request(
                f"{url}/v1/incidents",
                json.dumps(body).encode(),
                {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            )
            try:
                with urllib.request.urlopen(request, timeout=5):
                    return
            except urllib.error.HTTPError as refused:
                log.warning("demo incident %s: %s %s", body["source_id"], refused.code, refused.read(300))
                return
            except OSError:
                self._ending.wait(0.5)


class Simulator(threading.Thread):
    """Keeps one simulator process alive; closing its standard input ends it."""

    def __init__(self, order: dict[str, Any]) -> None:
        super().__init__(name="demo-units", daemon=True)
        self._order, self._ending = json.dumps(order) + "\n", threading.Event()
        self._process: subprocess.Popen[str] | None = None

    def run(self) -> None:
        while not self._ending.is_set():
            self._process = subprocess.Popen([sys.executable, "-m", "console.simulator"], stdin=subprocess.PIPE, text=True)
            assert self._process.stdin is not None
            if hasattr(os, "setpriority"):  # invented units never take the processor from desk and window
                with contextlib.suppress(OSError):
                    os.setpriority(os.PRIO_PROCESS, self._process.pid, 10)
            try:
                self._process.stdin.write(self._order)
                self._process.stdin.flush()
            except OSError:
                log.warning("the units' simulator did not start")
            self._process.wait()
            self._ending.wait(1.0)

    def stop(self) -> None:
        """Close its input, then make sure."""
        self._ending.set()
        process = self._process
        if process is not None and process.stdin is not None:
            try:
                process.stdin.close()
                process.wait(2.0)
            except (OSError, subprocess.TimeoutExpired):
                process.kill()
        self.join(3.0)


def start_of_units() -> dict[str, tuple[float, float]]:
    """Where each invented unit begins (units.csv, columns start_lon and start_lat)."""
    with resources("demo", "units.csv").open(encoding="utf-8-sig", newline="") as rows:
        return {row["id"]: (float(row["start_lon"]), float(row["start_lat"])) for row in csv.DictReader(rows)}
