"""The desk process: builds journal, desk thread, links, positions and clocks in order, and takes them down in reverse. No Qt.

This is `liandong serve`, and what `liandong run` starts for a console. One desk owns a data folder, by a lock of the operating
system that ends with the process, however it ends.
"""

from __future__ import annotations

import contextlib
import getpass
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

from console import __version__, demo
from console.clock import Clock, SystemClock
from console.errors import Unavailable
from console.links.hooks import LocalPeer
from console.links.service import Links
from console.model import commands as cmd
from console.model.camera import Camera
from console.model.unit import Fix
from console.paths import DataFolder
from console.services import tours
from console.services.accounts import Accounts
from console.services.desk import Desk, Surroundings
from console.services.dispatch import load_playbooks
from console.services.positions import Positions
from console.services.reception import Reception
from console.services.recording import Recording, Rules
from console.services.registers import Registers
from console.settings import Settings
from console.start import Start
from console.store import citymap, credentials, roster
from console.store.accounts_db import AccountsDb
from console.store.journal import Journal
from console.store.tracks import Tracks

log = logging.getLogger(__name__)
EMPTY_FOR_S = 5.0
"""A desk started for a console ends when no console has been there for this long (contracts.md: within 10 s)."""
FIRST_CONSOLE_S = 30.0


@contextlib.contextmanager
def locked(folder: DataFolder) -> Iterator[None]:
    """Own the data folder for as long as the block runs. Raises Unavailable: another desk owns it, nothing can be written."""
    folder.create()
    try:
        handle = os.open(folder.lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as cause:
        raise Unavailable(f"a desk cannot write in {folder.root}: {cause.strerror}") from cause
    try:
        try:
            if sys.platform == "win32":
                import msvcrt

                msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as cause:
            raise Unavailable(f"another desk owns {folder.root}") from cause
        yield
    finally:
        os.close(handle)


class DeskProcess:
    """All parts of one desk. `open` builds and starts them; `close` ends them in reverse."""

    def __init__(self, start: Start, clock: Clock | None = None) -> None:
        self.start, self.clock = start, clock or SystemClock()
        self._closing = contextlib.ExitStack()
        self.ended = threading.Event()
        self._consoles = 0
        self._empty_since = time.monotonic() + FIRST_CONSOLE_S - EMPTY_FOR_S

    def open(self) -> None:
        """Raises BadInput or Unavailable in plain words; whatever was built by then is taken down again."""
        try:
            self._build()
        except BaseException:
            self._closing.close()
            raise

    def close(self) -> None:
        self._closing.close()

    def _build(self) -> None:
        start, folder, settings = self.start, self.start.folder, self.start.settings
        if not start.limited:
            demo.check_folder(folder, start.demo)
        keep = self._closing
        keep.enter_context(locked(folder))
        mark = demo.Mark(folder)
        if start.demo:
            mark.save()
        imported = demo.fill(folder, mark) if start.demo else []
        journal = Journal.open(folder.journal, self.clock)
        keep.callback(journal.close)
        around = self._surroundings()
        self.desk = Desk(
            journal, self.clock, around, limited=start.limited, on_entries=self._stored, resend_s=settings.get("order.resend_s")
        )
        self.positions = Positions(Tracks(folder.root), self.clock, self._moved, settings.get("tracks.keep_days"))
        around.fixes = self.positions.newest
        accounts = Accounts(AccountsDb.open(folder.accounts), self.desk, self.clock, demo=start.demo)
        keep.callback(accounts.close)
        registers = Registers(folder, self.desk)
        self.reception = Reception(folder, self.desk, accounts, self.positions, registers, self.clock)
        around.alive = self.reception.alive
        self.positions.start()
        keep.callback(self.positions.stop)
        full = not start.limited
        self.links = Links(
            self.reception, self.clock, folder, settings, door=start.door, local=full, broker=full, failed=self._broken
        )
        self.desk.start(sorted(self.links.transports, key=lambda path: path.name != "websocket"))
        keep.callback(self.desk.stop)
        self._first_facts(imported)
        self.accounts = accounts
        self.reception.on_lights = self.links.lights
        self.reception.on_revoked = self.links.terminals.drop
        self.reception.on_peers = self._peers
        self.reception.on_end = self._asked_to_end
        self.links.start()
        keep.callback(self.links.stop)
        self._start_recording()
        self.links.broadcast_positions(list(self.positions.newest().values()))
        if start.demo:
            self._start_demo(mark)

    def _start_recording(self) -> None:
        """Only where the settings name cameras, and never in a desk limited to the journal."""
        start, rules = self.start, Rules.of(self.start.settings)
        if start.limited or not rules.cameras:
            return
        root, around = start.folder.root, self.desk.around

        def url_of(camera: Camera) -> str:
            return credentials.with_passwords(root, {camera.id: camera.url_main})[camera.id]

        def light(state: str, detail: str) -> None:
            self.reception.light("recording", state, detail)

        recording = Recording(root, rules, self.desk, lambda: around.roster.cameras, url_of, light, self.clock)
        recording.start()
        self._closing.callback(recording.stop)

    def _surroundings(self) -> Surroundings:
        start, settings = self.start, self.start.settings
        folder = start.folder
        city = citymap.open_map(folder.city_map) if folder.city_map.exists() else None
        return Surroundings(
            roster=roster.load(folder.root),
            city_map=city,
            playbooks=load_playbooks(folder.root / "playbooks"),
            fixes=dict,
            alive=dict,
            radius_m=settings.get("near.radius_m"),
            limit=settings.get("near.limit"),
            household_radius_m=settings.get("household.radius_m"),
            order_expires_s=settings.get("order.expires_s"),
            language=settings.get("console.language"),
            tours=tours.own_folder(folder.root),
        )

    def _first_facts(self, imported: list[tuple[str, roster.ImportResult, str]]) -> None:
        """The journal's first entries, the administrator of a new folder, and what the demo has filled in."""
        start, desk = self.start, self.desk
        owner = (getpass.getuser(), ("owner",))
        new = desk.state.last_seq == 0
        if new:
            program = f"liandong {__version__}"
            desk.ask(cmd.StartFolder(start.demo, program, start.settings.get("console.language")), "desk", ("desk",)).result()
            desk.ask(cmd.AddOperator(owner[0], owner[0], ["administrator", "commander"]), "desk", ("desk",)).result()
            if start.demo:
                desk.ask(cmd.AddOperator("demo", "demo", ["administrator", "commander"]), "desk", ("desk",)).result()
        for name, result, file in imported:
            fact = cmd.ImportRoster(
                name, result.version, file, result.sha256, result.added, result.updated, len(result.quarantined)
            )
            desk.ask(fact, *owner).result()
        if not start.limited:
            desk.ask(cmd.StartDesk(f"liandong {__version__}", start.settings.get("centre.code")), "desk", ("desk",)).result()

    def _start_demo(self, mark: demo.Mark) -> None:
        settings, desk = self.start.settings, self.desk
        newest = desk.state.last_seq and mark.facts.get("run_ns", 0)
        last = max((incident.entered_ns for incident in desk.state.incidents.values()), default=0)
        if not newest or self.clock.now_ns() - max(last, newest) > demo.RUN_ENDS_AFTER_S * 1e9:
            mark.facts["run_ns"] = self.clock.now_ns()
            for incident in desk.state.open_incidents():
                desk.ask(cmd.CloseIncident(incident.id, "demo_restarted"), getpass.getuser(), ("owner",)).result()
        keys = mark.facts.setdefault("keys", {})
        for name in desk.around.roster.units:
            if name not in keys or not self.accounts.terminal_ok(name, keys[name]):
                keys[name] = self.accounts.enrol(name, "desk", ("desk",))
        mark.save()
        begin, newest_fixes = demo.start_of_units(), self.positions.newest()
        units = []
        for unit in desk.around.roster.units.values():
            lon, lat = begin.get(unit.id, (0.0, 0.0))
            if unit.id in newest_fixes:
                lon, lat = newest_fixes[unit.id].lon, newest_fixes[unit.id].lat
            units.append({"unit": unit.id, "key": keys[unit.id], "lon": lon, "lat": lat, "kind": unit.kind})
        order = {
            "door": self.links.url,
            "units": units,
            "map": str(self.start.folder.city_map),
            "speed": settings.get("demo.speed"),
            "seed": 7,
            "store": str(self.start.folder.root / "simulator.db"),
            "language": settings.get("console.language"),
        }
        simulator = demo.Simulator(order)
        simulator.start()
        self._closing.callback(simulator.stop)
        if settings.get("demo.incidents"):
            run_ns = mark.facts["run_ns"]
            feeder = demo.Feeder(
                lambda: (self.links.url, self.links.token),
                f"{run_ns // 1_000_000_000:x}",
                run_ns / 1e9,
                settings.get("demo.speed"),
                settings.get("console.language"),
            )
            feeder.start()
            self._closing.callback(feeder.stop)

    def _broken(self, cause: BaseException) -> None:
        log.critical("the links have ended: %r", cause)
        self.ended.set()

    def _stored(self, entries: Any) -> None:
        self.links.broadcast_entries(entries)

    def _moved(self, fixes: list[Fix]) -> None:
        self.links.broadcast_positions(fixes)

    def _peers(self, consoles: int) -> None:
        if self._consoles and not consoles:
            self._empty_since = time.monotonic()
        self._consoles = consoles

    def _asked_to_end(self) -> bool:
        """A console's `EndDesk`: a `serve` ends only on a signal, and a desk with other consoles goes on for them."""
        ends = self.start.for_console and self._consoles <= 1
        if ends:
            self.ended.set()
        return ends

    def wait(self) -> None:
        """Until a signal, a console's `EndDesk`, or (for a console's desk) nobody being left and nothing being open."""
        while not self.ended.wait(0.5):
            if self.start.for_console and not self._consoles and time.monotonic() - self._empty_since > EMPTY_FOR_S:
                if self._may_end():
                    return

    def _may_end(self) -> bool:
        state = self.desk.state
        enrolled = False if self.start.demo else bool(state.terminals or state.sources)
        return not enrolled and not self.desk.look(lambda s: bool(s.open_orders())).result()


def serve(start: Start) -> int:
    """Run a desk until it ends. Prints `ready` when its doors are open."""
    process = DeskProcess(start)
    process.open()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: process.ended.set())
    try:
        print("ready", flush=True)
        process.wait()
    finally:
        process.close()
    return 0


@contextlib.contextmanager
def limited(folder: DataFolder, settings: Settings, *, door: bool = False) -> Iterator[DeskProcess]:
    """A desk limited to the journal, for the duration of one command of the command line."""
    process = DeskProcess(Start(folder, settings, limited=True, door=door))
    process.open()
    try:
        yield process
    finally:
        process.close()


def command_line_peer() -> LocalPeer:
    """The peer a command of the command line is when it runs its own limited desk."""
    user = getpass.getuser()
    return LocalPeer(0, user, "cli", user, "cli")


__all__ = ["DeskProcess", "Start", "command_line_peer", "limited", "locked", "serve"]
