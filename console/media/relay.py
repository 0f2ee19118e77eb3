"""The RTSP relay: FFmpeg connects to it on loopback in place of the camera; it logs in, checks certificates and mends quirks.

One per process, in a thread of its own (asyncio), started by the first feed that needs it. Enters: a checked source and the
`Said` of one try. Leaves: a URL with an unguessable token that is good for one connection. FFmpeg never sees a password.
The loop looks at its sockets at most every 4 ms, all of them at once, unless somebody waits for an answer: a camera sends a
picture as a burst of packets, and one wake-up for each of them was most of the relay's cost.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import selectors
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from console.errors import Unavailable
from console.media.relay_camera import Endpoint, Resolve
from console.media.relay_session import Session, Ticket
from console.media.relay_tls import trust_from
from console.media.said import Said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from console.media.source import Source

_GATHER_S = 0.004
_HURRY_S = 0.05
_MOST_STRANGERS = 64
_UNUSED_S = 5.0
_NAMES_AT_ONCE = 32  # resolvers may be slow, and each holds a thread


class _Gathering(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    """A selector that lets some milliseconds of packets gather, but for a moment after somebody asked for an answer."""

    hurry_until_s = 0.0
    _last_s = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        now_s = time.monotonic()
        wait_s = self._last_s + _GATHER_S - now_s
        if wait_s > 0 and now_s > self.hurry_until_s and timeout != 0:
            time.sleep(wait_s if timeout is None else min(wait_s, timeout))
            timeout = None if timeout is None else max(0.0, timeout - wait_s)
        found = super().select(timeout)
        self._last_s = time.monotonic()
        return list(found)

    def hurry(self) -> None:
        self.hurry_until_s = time.monotonic() + _HURRY_S


class Relay:
    """Start with `start`, end with `close`. `resolve`: a name's address, for tests; None asks the system."""

    def __init__(self, resolve: Resolve | None = None) -> None:
        self._resolve = resolve
        self._selector = _Gathering()
        self._loop: asyncio.AbstractEventLoop = asyncio.SelectorEventLoop(self._selector)
        self._ready = threading.Event()
        self._tickets: dict[str, Ticket] = {}
        self._lock = threading.Lock()  # guards _tickets
        self._sessions: set[Session] = set()
        self._port = 0
        self._patience_s = 1.0
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)

    def start(self) -> None:
        """Begin to listen on a free port of the loopback. Raises Unavailable when it cannot."""
        self._thread.start()
        self._ready.wait(10.0)
        if not self._port:
            raise Unavailable("the relay for RTSP cannot listen on the loopback")

    def address_for(self, source: Source, said: Said, open_timeout_s: float, options: Mapping[str, str]) -> str:
        """The URL that FFmpeg opens in place of `source`, good for one connection. Any thread. Raises BadInput."""
        login = None if source.user is None else (source.user, source.password)
        hosts = frozenset(name.strip().lower() for name in options.get("redirect", "").split(",") if name.strip())
        deadline_s = self._loop.time() + open_timeout_s * 0.97  # before FFmpeg's own, so that our word for it is known
        ticket = Ticket(Endpoint(source.bare, trust_from(options)), login, said, deadline_s, hosts)
        token = secrets.token_urlsafe(24)
        with self._lock:
            overdue_s = self._loop.time() - _UNUSED_S
            self._tickets = {name: one for name, one in self._tickets.items() if one.deadline_s > overdue_s}
            self._tickets[token] = ticket
        self._selector.hurry()
        return f"rtsp://127.0.0.1:{self._port}/{token}"

    def close(self, patience_s: float = 1.0) -> None:
        """End every session with its TEARDOWN, then the thread; returns within `patience_s` and a little."""
        self._patience_s = patience_s
        with contextlib.suppress(RuntimeError):  # it has ended already
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(patience_s + 1.0)

    # ---- the relay's thread -----------------------------------------------------------------------------------------
    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._listen())
        except OSError:
            pass  # no loopback: `start` says so
        finally:
            self._ready.set()
            self._loop.close()

    async def _listen(self) -> None:
        names = ThreadPoolExecutor(_NAMES_AT_ONCE, "relay names")
        self._loop.set_default_executor(names)
        server = await self._loop.create_server(self._welcome, "127.0.0.1", 0, backlog=256)
        self._port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for session in list(self._sessions):
            session.cancel()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=self._patience_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        names.shutdown(wait=False, cancel_futures=True)

    def _welcome(self) -> Session:
        session = Session(self._take_ticket, self._sessions.discard, self._selector.hurry, self._resolve)
        if sum(not one.is_admitted for one in self._sessions) >= _MOST_STRANGERS:
            self._loop.call_soon(session.cancel)
        self._sessions.add(session)
        self._selector.hurry()
        self._loop.call_later(_UNUSED_S, session.leave_unless_admitted)
        return session

    def _take_ticket(self, token: str) -> Ticket | None:
        with self._lock:
            return self._tickets.pop(token, None)


_shared: Relay | None = None
_sharing = threading.Lock()  # guards _shared


def shared() -> Relay:
    """This process's relay, started now if it was not. Raises Unavailable."""
    global _shared
    with _sharing:
        if _shared is None:
            relay = Relay()
            relay.start()
            _shared = relay
        return _shared


def end_shared(patience_s: float = 0.3) -> None:
    """End this process's relay, if it has one: the process ends, or a test."""
    global _shared
    with _sharing:
        relay, _shared = _shared, None
    if relay is not None:
        relay.close(patience_s)
