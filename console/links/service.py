"""The links thread of the desk: one asyncio loop with the door, the terminals and the local socket; beside it the MQTT client.

Built by `desk.py` with the desk's hooks. Everything public may be called from any thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from console.clock import Clock
from console.errors import LiandongError, Unavailable
from console.links.door import Door
from console.links.hooks import DeskHooks
from console.links.limits import Quarantine
from console.links.listener import PING_S, DoorPlace, Listeners
from console.links.local import wire_fix
from console.links.local_server import LocalServer
from console.links.mqtt import MqttTransport
from console.links.terminals import Terminals
from console.links.transport import Transport
from console.model.events import Entry
from console.model.unit import Fix
from console.paths import DataFolder
from console.settings import Settings

log = logging.getLogger(__name__)


class Links:
    """`start`, then anything, then `stop`. With `local` or `door` False it stays closed (a desk limited to the journal)."""

    def __init__(
        self,
        hooks: DeskHooks,
        clock: Clock,
        folder: DataFolder,
        settings: Settings,
        *,
        local: bool = True,
        door: bool = True,
        broker: bool = True,
        ping_s: float = PING_S,
        failed: Callable[[BaseException], None] = lambda cause: None,
    ) -> None:
        """`failed` hears, in the links thread, of a bug of ours that ended it."""
        self._hooks, self._failed = hooks, failed
        self._quarantine = Quarantine(hooks, clock)
        self.terminals = Terminals(hooks, self._quarantine, clock)
        self._door = Door(hooks, self._quarantine, self.terminals, clock)
        place = DoorPlace(*(settings.get(f"door.{name}") for name in ("address", "port", "certificate", "key")))
        self._listeners = Listeners(self._door, hooks, place, folder.door, ping_s) if door else None
        self._local = LocalServer(hooks, self._quarantine, folder.local_socket) if local else None
        url = settings.get("broker.url") if broker else ""
        self.mqtt: MqttTransport | None = None
        if url:
            self.mqtt = MqttTransport(
                hooks, self._quarantine, clock, url, settings.get("centre.code"), client_suffix(folder.root)
            )
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._ready = threading.Event()
        self._problem: BaseException | None = None

    @property
    def transports(self) -> tuple[Transport, ...]:
        """Ways to terminals, the first choice first: a broker where one is set, then the door's own WebSocket."""
        return (self.terminals,) if self.mqtt is None else (self.mqtt, self.terminals)

    @property
    def url(self) -> str:
        """The door's loopback address."""
        return self._listeners.url if self._listeners else ""

    @property
    def token(self) -> str:
        """The local token of door.json."""
        return self._door.token

    def start(self) -> None:
        """Open everything; returns when the doors answer. Raises BadInput or Unavailable, and then nothing is left running."""
        self._thread = threading.Thread(target=self._run, name="links")
        self._thread.start()
        self._ready.wait()
        if self._problem is not None:
            self._thread.join()
            raise self._problem
        if self.mqtt is not None:
            self.mqtt.start()

    def stop(self) -> None:
        """Close everything and wait for the threads (at most about five seconds)."""
        if self.mqtt is not None:
            self.mqtt.stop()
        self._call(lambda: self._stop.set() if self._stop else None)
        if self._thread is not None:
            self._thread.join(10)
            if self._thread.is_alive():
                log.error("the links thread does not end")

    def send_order(self, unit: str, body: dict[str, Any]) -> bool:
        """Send an order's wire body to the unit's WebSocket. True: taken to be sent now."""
        return self.terminals.send(unit, body)

    def connected_units(self) -> frozenset[str]:
        """Units with a terminal on the WebSocket just now."""
        return self.terminals.units()

    def broadcast_entries(self, entries: Sequence[Entry]) -> None:
        """These entries are stored: attached consoles get them."""
        if self._local is not None:
            local, kept = self._local, tuple(entries)
            self._call(lambda: local.entries(kept))

    def broadcast_positions(self, fixes: Sequence[Fix]) -> None:
        """Newest fixes for the consoles; call at most ten times a second."""
        if self._local is not None:
            local, kept = self._local, [wire_fix(fix) for fix in fixes]
            self._call(lambda: local.positions(kept))

    def lights(self, links: dict[str, Any]) -> None:
        """The desk's lights changed: consoles get `{"type":"desk","links":links}`."""
        if self._local is not None:
            local, message = self._local, {"type": "desk", "links": links}
            self._call(lambda: local.desk(message))

    def _call(self, act: Callable[[], object]) -> None:
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop ended between the two lines
                loop.call_soon_threadsafe(act)

    def _run(self) -> None:
        try:
            with asyncio.Runner() as runner:
                self._loop = runner.get_loop()
                runner.run(self._main())
        except BaseException as cause:
            if not self._ready.is_set():
                self._problem = cause if isinstance(cause, LiandongError) else Unavailable(f"the links do not start: {cause!r}")
                if not isinstance(cause, LiandongError):
                    log.exception("the links do not start")
            else:
                log.exception("the links thread ended")
                self._failed(cause)
        finally:
            self._loop = None
            self._ready.set()

    async def _main(self) -> None:
        self._stop = asyncio.Event()
        async with contextlib.AsyncExitStack() as closing:
            if self._local is not None:
                await self._local.start()
                closing.push_async_callback(self._local.stop)
                self._hooks.light("local", "up", "")
            if self._listeners is not None:
                self.terminals.open()
                closing.push_async_callback(self._listeners.close)
                await self._listeners.open()
                closing.callback(self.terminals.close)
                self._hooks.light("door", "up", self._listeners.wide_url or self._listeners.url)
            self._ready.set()
            while not self._stop.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), 1.0)
                self._quarantine.flush()
                if self._listeners is not None and not self._stop.is_set():
                    await self._listeners.review()


def client_suffix(root: Path) -> str:
    """Tells two desks of one centre code apart at a broker: the same for the same folder."""
    return hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:8]
