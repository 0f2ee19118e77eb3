"""The console's side of the local socket: attaches to the desk of a data folder, starts one where none runs, and comes back.

In: commands and feed health from any thread. Out: entries in order and without a gap, positions, lights and answers, by the
methods of a `Heard`, called from this module's two threads (link and reader), never from the caller's.
"""

from __future__ import annotations

import itertools
import logging
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol

from console.errors import BadInput, Unavailable
from console.links.local import LocalClient, Message, entry_from_wire
from console.model.events import Entry
from console.model.unit import Fix
from console.paths import DataFolder
from console.services.desk_start import desk_arguments, desk_command, early_start, start_detached

_log = logging.getLogger(__name__)

FIRST_WAIT_S = 0.05
LONGEST_WAIT_S = 2.0
PATIENCE_S = 10.0
"""A command that found no desk for this long is answered `unavailable`; until then it waits for the desk to come back."""


class Heard(Protocol):
    """What the link tells, from its own threads."""

    def phase(self, phase: str, detail: str) -> None:
        """`starting`, `attached`, `away` (coming back by itself) or `failed` (the desk will not start: `detail` says why)."""
        ...

    def attached(self, greeting: Message) -> None: ...

    def entries(self, entries: Sequence[Entry]) -> None: ...

    def positions(self, fixes: Sequence[Fix]) -> None: ...

    def lights(self, links: Message) -> None: ...

    def answer(self, number: int, result: Message | None, refused: Message | None) -> None: ...


_MAY_REPEAT = frozenset({
    "OpenTile", "CloseTile", "AcknowledgeIncident", "LogIn", "ShowPatrolView", "SeePatrolView", "EndPatrol",
})  # fmt: skip
"""Told twice they are one fact."""


@dataclass(slots=True)
class _Waiting:
    """A command on its way. `request` ones may be sent again: the desk knows them by their request id."""

    number: int
    kind: str
    body: Message
    asked_s: float

    @property
    def may_repeat(self) -> bool:
        return "request" in self.body or self.kind in _MAY_REPEAT


class DeskLink:
    """Owns the connection, the thread that keeps it and, when it had to start one, the handle of the desk process."""

    def __init__(
        self,
        folder: DataFolder,
        heard: Heard,
        *,
        seat: str,
        by: str,
        arguments: Sequence[str] = (),
        start: Callable[[], subprocess.Popen[bytes]] | None = None,
        desk: subprocess.Popen[bytes] | None = None,
    ) -> None:
        self._folder, self._heard, self._seat, self._by = folder, heard, seat, by
        self._start_desk = start or (lambda: start_detached(desk_command(folder, arguments), folder))
        self._outgoing: queue.Queue[tuple[str, Any]] = queue.Queue()
        self._numbers = itertools.count(1)
        self._held: list[_Waiting] = []
        """Commands that wait for a desk (link thread only)."""
        self._log_in: Message | None = None
        """The last accepted log-in, said again after the desk came back (link thread only)."""
        self._last_seq = 0
        self._client: LocalClient | None = None
        self._ready = False
        self._desk = desk
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="desk-link", daemon=True)

    # any thread ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to attach."""
        self._thread.start()

    def command(self, kind: str, body: Message) -> int:
        """Send a command when the desk is there; its number comes back with the answer."""
        number = next(self._numbers)
        self._outgoing.put(("command", _Waiting(number, kind, body, time.monotonic())))
        return number

    def feed_health(self, feeds: Sequence[Message]) -> None:
        """Tell the desk how this console's feeds are; dropped while there is no desk."""
        self._outgoing.put(("health", list(feeds)))

    def close(self, end_desk: bool = False, timeout_s: float = 6.0) -> None:
        """Leave the desk. `end_desk`: the desk need not wait for others (demo, picture run)."""
        self._closing.set()
        self._outgoing.put(("close", end_desk))
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    # link thread -----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        wait_s = FIRST_WAIT_S
        while not self._closing.is_set():
            if self._client is None and not self._connect():
                self._raise_desk()
                self._serve(wait_s)
                wait_s = min(LONGEST_WAIT_S, wait_s * 1.5)
                continue
            wait_s = FIRST_WAIT_S
            self._serve(1.0)
        self._leave()

    def _connect(self) -> bool:
        # It says itself which line closed: the desk may die before this one is the link's.
        client = LocalClient(self._folder.local_socket, self._take, lambda why: self._closed(client, why))
        try:
            client.connect()
            client.attach(self._seat, self._by, "console", self._last_seq)
        except Unavailable as cause:
            _log.debug("no desk yet: %s", cause)
            client.close()
            return False
        self._client = client
        return True

    def _raise_desk(self) -> None:
        """Start a desk unless the one we started is still getting up. One that ended by itself at once is a failure to show."""
        if self._desk is not None:
            ended = self._desk.poll()
            if ended is None:
                return
            # 3: another desk owns the folder (its lock); attaching to it is then only a matter of time.
            if ended not in (0, 3):
                self._heard.phase("failed", self._last_words())
        try:
            self._desk = self._start_desk()
            self._heard.phase("starting", "")
        except OSError as cause:
            self._heard.phase("failed", str(cause))

    def _last_words(self) -> str:
        try:
            lines = self._folder.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        except OSError:
            return ""
        return lines[-1][:300] if lines else ""

    def _serve(self, wait_s: float) -> None:
        """Handle what is asked within `wait_s`, then give up what waited too long."""
        try:
            what, value = self._outgoing.get(timeout=wait_s)
        except queue.Empty:
            pass
        else:
            match what:
                case "command":
                    self._give(value)
                case "health":
                    self._tell({"type": "feed_health", "feeds": value})
                case "ready":
                    self._now_ready()
                case "logged_in":
                    self._go_on()
                case "again":
                    self._hold(value)
                case "closed":
                    self._lost(value)
                case "close":
                    self._end_desk = bool(value)
        self._give_up()

    _end_desk = False

    def _give(self, waiting: _Waiting) -> None:
        if self._client is None or not (self._ready or waiting.kind in ("LogIn", "SetPassword")):
            self._hold(waiting)
            return
        try:
            answer = self._client.command(waiting.kind, waiting.body)
        except Unavailable:
            self._hold(waiting)
            return
        except BadInput as cause:
            self._heard.answer(waiting.number, None, {"code": "bad_input", "fields": {"what": cause.what, "where": cause.where}})
            return
        answer.add_done_callback(lambda done: self._answered(waiting, done))

    def _hold(self, waiting: _Waiting) -> None:
        self._held.append(waiting)

    def _give_up(self) -> None:
        now_s = time.monotonic()
        for waiting in [w for w in self._held if now_s - w.asked_s > PATIENCE_S]:
            self._held.remove(waiting)
            if waiting.number:
                self._heard.answer(waiting.number, None, {"code": "unavailable", "fields": {"what": waiting.kind}})

    def _now_ready(self) -> None:
        """Attached: says the former log-in again first, then what waited goes out in the order it was asked."""
        if self._log_in is not None:
            self._give(_Waiting(0, "LogIn", self._log_in, time.monotonic()))
            return
        self._go_on()

    def _go_on(self) -> None:
        self._ready = True
        held, self._held = self._held, []
        for waiting in sorted(held, key=lambda w: w.number):
            self._give(waiting)

    def _lost(self, client: LocalClient | None) -> None:
        if client is None or client is not self._client:
            return
        self._client, self._ready = None, False
        client.close()
        if not self._closing.is_set():
            self._heard.phase("away", "")

    def _tell(self, message: Message) -> None:
        if self._client is None:
            return
        try:
            self._client.send(message)
        except (Unavailable, BadInput) as cause:
            _log.debug("not told: %s", cause)

    def _leave(self) -> None:
        while True:
            try:
                what, value = self._outgoing.get_nowait()
            except queue.Empty:
                break
            if what == "command" and self._client is not None:
                self._give(value)
            elif what == "close":
                self._end_desk = bool(value)
        client, self._client = self._client, None
        ends = self._end_desk
        if client is not None:
            if self._end_desk:
                try:
                    ends = bool(client.command("EndDesk", {}).result(2).get("result", {}).get("ends"))
                except (Unavailable, TimeoutError):
                    _log.debug("the desk was gone before it could be told to end")
            client.close()
        if self._desk is not None and ends:
            try:
                self._desk.wait(5)
            except subprocess.TimeoutExpired:
                self._desk.terminate()
                _log.warning("the desk did not end within 5 s: told it by a signal")

    # reader thread ---------------------------------------------------------------------------------------------------

    def _closed(self, client: LocalClient, why: str) -> None:
        _log.info("desk link: %s", why)
        self._outgoing.put(("closed", client))

    def _answered(self, waiting: _Waiting, done: Future[Message]) -> None:
        try:
            answer = done.result()
        except Unavailable:
            if waiting.may_repeat and not self._closing.is_set():
                self._outgoing.put(("again", waiting))
            elif waiting.number:
                self._heard.answer(waiting.number, None, {"code": "unavailable", "fields": {"what": waiting.kind}})
            return
        if waiting.kind == "LogIn":
            if answer.get("ok"):
                self._log_in = waiting.body
            if not waiting.number:
                self._outgoing.put(("logged_in", None))
        if waiting.number:
            self._heard.answer(waiting.number, answer.get("result") if answer.get("ok") else None, answer.get("refused"))

    def _take(self, message: Message) -> None:
        match message.get("type"):
            case "entries":
                self._take_entries(message.get("entries") or [])
            case "positions":
                self._heard.positions([Fix(**fix) for fix in message.get("fixes") or []])
            case "desk":
                self._heard.lights(message.get("links") or {})
            case "attached":
                self._heard.attached(message)
                self._heard.phase("attached", "")
                self._outgoing.put(("ready", None))
            case "refused":
                self._heard.phase("failed", str((message.get("refused") or {}).get("code", "")))

    def _take_entries(self, wire: Sequence[Message]) -> None:
        fresh = [entry for entry in map(entry_from_wire, wire) if entry.seq > self._last_seq]
        if not fresh:
            return
        if fresh[0].seq != self._last_seq + 1:
            _log.warning("entries %d-%d are missing: attaching again", self._last_seq + 1, fresh[0].seq - 1)
            self._outgoing.put(("closed", self._client))
            return
        self._last_seq = fresh[-1].seq
        self._heard.entries(fresh)


__all__ = ["DeskLink", "Heard", "desk_arguments", "desk_command", "early_start", "start_detached"]
