"""The camera's side of the relay: one RTSP connection that logs in by itself, keeps its session alive and always tears it down.

Runs in the relay's thread (asyncio). Enters: an endpoint and a log-in; requests by `ask`. Leaves: replies, and the camera's
interleaved data through `on_data` once `release` has said that FFmpeg is ready for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from console.errors import BadInput
from console.media import relay_tls
from console.media.relay_auth import Login
from console.media.relay_tls import Trust
from console.media.relay_wire import BadAnswer, Message, Wire, written
from console.media.said import CameraFailed

Resolve = Callable[[str], Awaitable[str]]
_AGENT = "liandong"
_HELD_BYTES = 4_000_000  # of media that came before FFmpeg was told that it plays
_READ_BYTES = 65_536
_MOST_STALE = 2  # new nonces taken for one request
_FAREWELL_S = 1.0
_SHORTEST_KEEP_S = 0.5


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a camera is and how its certificate is judged. `url` has no user and no password in it."""

    url: str
    trust: Trust = field(default_factory=Trust)

    @property
    def host(self) -> str:
        return (urlsplit(self.url).hostname or "").lower()

    @property
    def is_tls(self) -> bool:
        return self.url[:6].lower() == "rtsps:"

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or (322 if self.is_tls else 554)


class Lost(Exception):
    """The connection ended while a reply was awaited."""


class Camera(asyncio.Protocol):
    """One camera connection. `on_data` gets whole interleaved frames; `on_lost` is called once, when the camera has gone."""

    def __init__(self, endpoint: Endpoint, login: Login | None, on_data: Callable[[bytes], None],
                 on_lost: Callable[[CameraFailed], None], hurry: Callable[[], None],
                 resolve: Resolve | None = None) -> None:  # fmt: skip
        self.endpoint, self._login, self._hurry, self._resolve = endpoint, login, hurry, resolve
        self._on_data, self._on_lost = on_data, on_lost
        self._turn = asyncio.Lock()
        self._transport: asyncio.Transport | None = None
        self._wire = Wire()
        self._number = 0
        self._waiting: tuple[int, asyncio.Future[Message]] | None = None
        self._held: list[bytes] | None = None  # a list: PLAY was asked and FFmpeg does not know yet
        self._held_bytes = 0
        self._is_released = False
        self._stale_ssrcs: set[bytes] = set()
        self._keeper: asyncio.Task[None] | None = None
        self._session, self._session_url = "", ""
        self._timeout_s = 60.0
        self.peer = ""
        """The camera's own address, as numbers."""
        self._public: frozenset[str] = frozenset()
        self.strays = 0  # pieces with frames of somebody else's session, left out
        self.refusal: CameraFailed | None = None
        """The password was refused while it played: not tried again on this connection."""

    # ---- connection -------------------------------------------------------------------------------------------------
    async def connect(self) -> None:
        """Connect, and look at the certificate before anything is sent. Raises CameraFailed."""
        end, loop = self.endpoint, asyncio.get_running_loop()
        self._wire, self._waiting = Wire(), None
        try:
            context = relay_tls.context_for(end.trust) if end.is_tls else None
            host = await self._resolve(end.host) if self._resolve is not None else end.host
            name = end.host if context is not None else None
            transport, _ = await loop.create_connection(
                lambda: self, host, end.port, ssl=context, server_hostname=name, happy_eyeballs_delay=0.25
            )
        except BadInput as cause:
            raise CameraFailed("bad_stream", "refused") from cause
        except ssl.SSLError as cause:
            raise CameraFailed("unreachable", relay_tls.detail_of(cause)) from cause
        except socket.gaierror as cause:
            raise CameraFailed("unreachable", "unknown_name") from cause
        except TimeoutError as cause:
            raise CameraFailed("timeout") from cause
        except OSError as cause:
            # A TLS greeting that is met by a closed connection comes as a reset: the port may well be open.
            detail = "no_tls" if end.is_tls and isinstance(cause, ConnectionResetError) else ""
            raise CameraFailed("unreachable", detail) from cause
        self._transport = transport
        # asyncio reads 256 KB at once: such a block is mapped and unmapped anew each time, 40 of 55 us a picture (measured).
        vars(transport)["max_size"] = _READ_BYTES
        self.peer = str((transport.get_extra_info("peername") or ("",))[0])
        if (link := transport.get_extra_info("socket")) is not None:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if end.is_tls:
            shown = transport.get_extra_info("ssl_object")
            if not relay_tls.is_pinned(end.trust, shown.getpeercert(binary_form=True) if shown else None):
                transport.abort()
                raise CameraFailed("unreachable", "certificate_not_pinned")

    def connection_lost(self, cause: Exception | None) -> None:
        self._transport = None
        if self._keeper is not None:
            self._keeper.cancel()
        if self._waiting is not None and not self._waiting[1].done():
            self._waiting[1].set_exception(Lost())
        if self._is_released:
            self._on_lost(self.refusal or CameraFailed("unreachable"))

    def data_received(self, data: bytes) -> None:
        try:
            for piece in self._wire.feed(data):
                if isinstance(piece, bytes):
                    self._take_data(piece)
                else:
                    self._take_message(piece)
        except BadAnswer:
            if self._waiting is not None and not self._waiting[1].done():
                self._waiting[1].set_exception(CameraFailed("bad_stream", "bad_answer"))
            else:
                self._on_lost(CameraFailed("bad_stream", "bad_answer"))
            self.abort()

    def _take_data(self, frames: bytes) -> None:
        if self._stale_ssrcs:
            frames = self._without_strays(frames)
        if self._is_released:
            self._on_data(frames)
        elif self._held is not None:
            self._held_bytes += len(frames)
            if self._held_bytes < _HELD_BYTES:
                self._held.append(frames)
        else:  # media before PLAY was asked belongs to a session that somebody left open (live555 reuses the socket, V32)
            self._stale_ssrcs |= {_source_of(frame) for frame in _frames(frames)}
            self.strays += 1

    def _without_strays(self, frames: bytes) -> bytes:
        self.strays += 1
        return b"".join(frame for frame in _frames(frames) if _source_of(frame) not in self._stale_ssrcs)

    def _take_message(self, message: Message) -> None:
        self._hurry()
        if not message.status:  # a request of the camera's own
            status = (
                "200 OK" if message.method in ("OPTIONS", "ANNOUNCE", "GET_PARAMETER", "SET_PARAMETER") else "501 Not Implemented"
            )
            self.send(written(f"RTSP/1.0 {status}", [("CSeq", message.first("cseq", "0"))]))
            if message.method in ("REDIRECT", "TEARDOWN"):
                self._on_lost(CameraFailed("unreachable"))
            return
        if self._waiting is None or self._waiting[1].done():
            return
        if message.number >= 0 and message.number < self._waiting[0]:
            return  # the answer to a request that was given up
        self._waiting[1].set_result(message)

    def send(self, data: bytes) -> None:
        """Send bytes as they are: requests, and FFmpeg's receiver reports."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def pause(self, is_paused: bool) -> None:
        """Stop or go on reading: FFmpeg does not keep up, so the camera has to wait as it would without us."""
        if self._transport is not None and not self._transport.is_closing():
            with contextlib.suppress(RuntimeError):
                self._transport.pause_reading() if is_paused else self._transport.resume_reading()

    # ---- requests ---------------------------------------------------------------------------------------------------
    async def ask(self, method: str, url: str, headers: Sequence[tuple[str, str]] = ()) -> Message:
        """Send a request, log in where the camera wants it, return its reply. Raises CameraFailed.

        The password is sent once for a refusal, never a second time: only a worn-out nonce is answered anew.
        """
        async with self._turn:
            has_answered, stale_left, has_redialled = False, _MOST_STALE, False
            while True:
                carried = self._login.answer(method, url) if self._login is not None else None
                try:
                    reply = await self._exchange(method, url, headers, carried)
                except Lost:
                    if not has_answered or has_redialled or self._session:
                        raise CameraFailed("unreachable") from None
                    has_redialled = True  # some close the connection with their 401: the answer goes on a new one
                    await self.connect()
                    continue
                if self._login is not None and (info := reply.first("authentication-info")):
                    self._login.take_next_nonce(info)
                if reply.status != 401:
                    if self._login is not None and carried is not None and reply.status < 400:
                        self._login.was_accepted = True
                    return reply
                told = reply.all("www-authenticate")
                if self._login is None:
                    raise CameraFailed("auth", "password_needed")
                if carried is not None:
                    if not stale_left or not self._login.may_answer_again(told):
                        raise CameraFailed("auth")
                    stale_left -= 1
                if not self._login.choose(told):
                    raise CameraFailed("auth", "login_unknown")
                has_answered = True

    async def _exchange(self, method: str, url: str, headers: Sequence[tuple[str, str]], answer: str | None) -> Message:
        if self._transport is None:
            raise Lost
        self._number += 1
        lines = [("CSeq", str(self._number)), ("User-Agent", _AGENT), *headers]
        if self._session and (self._is_released or method not in ("DESCRIBE", "OPTIONS")):
            lines.append(("Session", self._session))
        if answer is not None:
            lines.append(("Authorization", answer))
        if method == "PLAY" and self._held is None:
            self._held = []
        waiting: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting = (self._number, waiting)
        self._hurry()
        try:
            self.send(written(f"{method} {url} RTSP/1.0", lines))
            return await waiting
        finally:
            if waiting.done() and not waiting.cancelled():
                waiting.exception()  # marked as seen: nobody may be left to hear of it
            self._waiting = None

    def take_options(self, reply: Message) -> None:
        """Note what the camera says it understands."""
        self._public = frozenset(word.strip().upper() for text in reply.all("public") for word in text.split(","))

    def take_session(self, reply: Message, url: str) -> None:
        """Note the session a SETUP or PLAY opened: `Session:        708345999;timeout=60`."""
        name, _, rest = reply.first("session").partition(";")
        if name.strip():
            self._session = name.strip()
        if found := re.search(r"timeout\s*=\s*(\d{1,6})", rest, re.IGNORECASE):
            self._timeout_s = float(found[1])
        self._session_url = url

    def listen(self, channels: frozenset[int] | None) -> None:
        """Which interleaved channels are ours."""
        self._wire.wanted = channels

    def release(self) -> None:
        """FFmpeg knows that it plays: give it what has waited, and from now on everything as it comes."""
        held, self._held = self._held or [], []
        self._is_released = True
        for frames in held:
            self._on_data(frames)
        if self._keeper is None:
            self._keeper = asyncio.get_running_loop().create_task(self._keep_alive())

    # ---- session ----------------------------------------------------------------------------------------------------
    async def _keep_alive(self) -> None:
        """Say at half the time-out that we are there, by the method the camera knows; after a refusal by the other one."""
        methods = ["GET_PARAMETER", "OPTIONS"] if "GET_PARAMETER" in self._public else ["OPTIONS", "GET_PARAMETER"]
        while True:
            period_s = max(_SHORTEST_KEEP_S, min(self._timeout_s, 3600.0) / 2)
            await asyncio.sleep(period_s)
            try:
                async with asyncio.timeout(period_s):
                    reply = await self.ask(methods[0], self._session_url)
            except TimeoutError:
                continue  # a camera that never answers this one: the media say whether it lives
            except CameraFailed as failed:
                if failed.word == "auth":  # the password was changed (V19): play on while it lets us, never try it again
                    self.refusal = failed
                return
            if reply.status >= 400:
                methods.reverse()

    async def tear_down(self) -> None:
        """End the session at the camera and close. Bounded; what the camera answers does not matter."""
        if self._keeper is not None:
            self._keeper.cancel()
        if self._session and self._transport is not None:
            with contextlib.suppress(TimeoutError, CameraFailed):
                async with asyncio.timeout(_FAREWELL_S):
                    self._is_released = False
                    await self.ask("TEARDOWN", self._session_url)
        self.close()

    def forget_session(self) -> None:
        """FFmpeg tore the session down by itself."""
        self._session, self._is_released, self._held = "", False, None
        if self._keeper is not None:
            self._keeper.cancel()
            self._keeper = None

    def close(self) -> None:
        if self._transport is not None:
            self._is_released = False
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._is_released = False
            self._transport.abort()


def _source_of(frame: bytes) -> bytes:
    """The synchronisation source of an interleaved frame: RTP on even channels, RTCP on odd ones (RFC 3550 clauses 5.1, 6.4)."""
    return frame[8:12] if frame[1] & 1 else frame[12:16]


def _frames(data: bytes) -> list[bytes]:
    """Whole interleaved frames, one by one."""
    found, at = [], 0
    while at + 4 <= len(data):
        end = at + 4 + (data[at + 2] << 8 | data[at + 3])
        found.append(data[at:end])
        at = end
    return found
