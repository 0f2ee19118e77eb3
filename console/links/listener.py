"""Ports of the door: loopback always, the world only with TLS and while a terminal or partner may come (links thread)."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import os
import socket
import ssl
import sys
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from console.errors import BadInput, Unavailable
from console.links.door import Door, door_file
from console.links.guard import PromptWebSocket, guarded
from console.links.hooks import DeskHooks
from console.links.local_server import write_private

LONGEST_FRAME_BYTES = 1_000_000
PING_S = 5.0
SILENCE_S = 15.0
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DoorPlace:
    """Where the door listens: the settings `door.address`, `door.port`, `door.certificate`, `door.key`."""

    address: str = "127.0.0.1"
    port: int = 0
    certificate: str = ""
    key: str = ""

    @property
    def is_loopback(self) -> bool:
        if self.address.lower() == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.address).is_loopback
        except ValueError:
            return False

    def check(self) -> None:
        """Raises BadInput when this place would speak to the world without TLS, or its files cannot be used."""
        if self.is_loopback:
            return
        if not (self.certificate and self.key):
            raise BadInput(
                f"{self.address} is beyond this machine, where the door speaks TLS only", "door.address",
                "set door.certificate and door.key, or door.address to 127.0.0.1",
            )  # fmt: skip
        for name, file in (("door.certificate", self.certificate), ("door.key", self.key)):
            if not Path(file).is_file():
                raise BadInput(f"no file {file}", name)
        try:
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(self.certificate, self.key, lambda: "")
        except (ssl.SSLError, OSError) as cause:
            raise BadInput(f"certificate and key do not work together: {cause}", "door.certificate") from cause


def bound_socket(address: str, port: int) -> socket.socket:
    """A socket bound there. Raises Unavailable saying which port is taken."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((address, port))
        # uvicorn may start to listen a moment later; nobody is told of the port before
        bound.listen(256)
    except OSError as cause:
        bound.close()
        raise Unavailable(f"the door cannot listen on {address} port {port}: {cause.strerror or cause}") from cause
    return bound


class Listener:
    """One uvicorn server of the door's application. `open`, then `close`, in the links thread."""

    def __init__(self, door: Door, address: str, port: int, certificate: str = "", key: str = "", ping_s: float = PING_S) -> None:
        self._socket = bound_socket("127.0.0.1" if address.lower() == "localhost" else address, port)
        self.port: int = self._socket.getsockname()[1]
        host = f"[{address}]" if ":" in address else address
        self.url = f"{'https' if certificate else 'http'}://{host}:{self.port}"
        config = uvicorn.Config(
            door.app,
            http=guarded(),
            ws=PromptWebSocket,
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=2,
            backlog=256,
            ws_max_size=LONGEST_FRAME_BYTES,
            ws_ping_interval=ping_s,
            ws_ping_timeout=ping_s * (SILENCE_S / PING_S - 1),
            ws_per_message_deflate=False,
            ssl_certfile=certificate or None,
            ssl_keyfile=key or None,
        )
        self._server = uvicorn.Server(config)
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Serve; returns when the port answers. Raises Unavailable when it cannot."""
        self._task = asyncio.create_task(self._serve())
        while not self._server.started:
            if self._task.done():
                self._task.result()
                raise Unavailable(f"the door at {self.url} ended before it opened")
            await asyncio.sleep(0.01)

    async def _serve(self) -> None:
        try:
            await self._server.serve(sockets=[self._socket])
        except (SystemExit, OSError, ValueError) as cause:
            # uvicorn ends the program on a port or certificate it cannot use; that is for us to say
            raise Unavailable(f"the door at {self.url} cannot serve: {cause}") from cause

    async def close(self) -> None:
        self._server.should_exit = True
        if self._task is not None:
            with contextlib.suppress(Unavailable):
                await self._task
        self._socket.close()


class Listeners:
    """Loopback for this machine's own (written to `file`), and the world behind TLS while somebody may come from there."""

    def __init__(self, door: Door, hooks: DeskHooks, place: DoorPlace, file: Path | None, ping_s: float = PING_S) -> None:
        self._door, self._hooks, self._place, self._file, self._ping_s = door, hooks, place, file, ping_s
        self._near: Listener | None = None
        self._wide: Listener | None = None
        self._wide_problem = ""

    @property
    def url(self) -> str:
        """The loopback address with its port, empty before `open`."""
        return self._near.url if self._near else ""

    @property
    def wide_url(self) -> str:
        """The address beyond this machine, empty while nobody may come from there."""
        return self._wide.url if self._wide else ""

    async def open(self) -> None:
        """Raises BadInput or Unavailable when the door cannot open as set."""
        place = self._place
        place.check()
        address, port = (place.address, place.port) if place.is_loopback else ("127.0.0.1", 0)
        self._near = Listener(self._door, address, port, ping_s=self._ping_s)
        await self._near.open()
        if self._file is not None:
            write_private(self._file, door_file(self._near.url, self._door.token, os.getpid()))
        await self.review(at_start=True)

    async def review(self, at_start: bool = False) -> None:
        """Open or close the port to the world, as enrolments come and go. Call once a second.

        A port that is taken is Unavailable at the start; later it is told by the light and tried again.
        """
        wanted = not self._place.is_loopback and (self._hooks.enrolment_open() or self._hooks.anything_enrolled())
        if wanted and self._wide is None:
            place = self._place
            try:
                wide = Listener(self._door, place.address, place.port, place.certificate, place.key, self._ping_s)
                await wide.open()
            except Unavailable as cause:
                if at_start:
                    raise
                if str(cause) != self._wide_problem:
                    self._wide_problem = str(cause)
                    log.warning("%s; tried again each second", cause)
                    self._hooks.light("door", "down", str(cause))
                return
            self._wide, self._wide_problem = wide, ""
        elif not wanted and self._wide is not None:
            wide, self._wide = self._wide, None
            await wide.close()
        else:
            return
        self._hooks.light("door", "up", self.wide_url or self.url)

    async def close(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError, ValueError):
                if f'"pid": {os.getpid()}}}' in self._file.read_text(encoding="utf-8"):
                    self._file.unlink()
        for listener in (self._wide, self._near):
            if listener is not None:
                await listener.close()
        self._wide = self._near = None
