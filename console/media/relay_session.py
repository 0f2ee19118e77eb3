"""One FFmpeg connection of the relay: its requests become the camera's, the camera's replies become plain ones for FFmpeg.

FFmpeg sees one URL, one session and one track, whatever the camera calls them, and never a password. Runs in the relay's thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import urljoin, urlsplit

from console.media import relay_sdp
from console.media.relay_auth import Login
from console.media.relay_camera import Camera, Endpoint, Resolve
from console.media.relay_sdp import Described
from console.media.relay_wire import BadAnswer, Message, Wire, written
from console.media.said import CameraFailed, Said, failure_for

_MOST_REDIRECTS = 5
_LATER_S = 5.0  # longest wait for a reply once it plays
_NO_MEDIA_S = 5.0
_BACKLOG_BYTES = 1_000_000  # media that wait for FFmpeg before the camera is made to wait
_OWN_METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, TEARDOWN, GET_PARAMETER"
_REDIRECTS = (301, 302, 303, 305, 307, 308)


@dataclass(frozen=True, slots=True)
class Ticket:
    """What one try may do: the camera, the log-in, until when (`deadline_s`, the loop's clock); `said` is told what was heard."""

    endpoint: Endpoint
    login: tuple[str, str] | None = field(repr=False)
    said: Said
    deadline_s: float
    redirect_hosts: frozenset[str] = frozenset()


class Session(asyncio.Protocol):
    """FFmpeg's side. `admit` gives the ticket of a path token, once; `on_end` is called when both sides are closed; `hurry`
    whenever somebody waits for an answer."""

    def __init__(self, admit: Callable[[str], Ticket | None], on_end: Callable[[Session], None], hurry: Callable[[], None],
                 resolve: Resolve | None) -> None:  # fmt: skip
        self._admit, self._on_end, self._hurry, self._resolve = admit, on_end, hurry, resolve
        self._transport: asyncio.Transport | None = None
        self._wire = Wire()
        self._requests: asyncio.Queue[Message | None] = asyncio.Queue()
        self._ticket: Ticket | None = None
        self._camera: Camera | None = None
        self._described: Described | None = None
        self._asked_url = ""
        self._url = ""  # what FFmpeg calls us
        self._task: asyncio.Task[None] | None = None
        self._phase: Literal["opening", "playing", "ending"] = "opening"

    @property
    def is_admitted(self) -> bool:
        return self._ticket is not None

    def leave_unless_admitted(self) -> None:
        """A stranger that has shown no token by now goes."""
        if not self.is_admitted:
            self.cancel()

    # ---- FFmpeg's connection ----------------------------------------------------------------------------------------
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.set_write_buffer_limits(high=_BACKLOG_BYTES)
        self._transport = transport
        self._task = asyncio.get_running_loop().create_task(self._serve())

    def data_received(self, data: bytes) -> None:
        try:
            for piece in self._wire.feed(data):
                if isinstance(piece, bytes):
                    if self._camera is not None and self._phase == "playing":
                        self._camera.send(piece)  # receiver reports
                else:
                    self._requests.put_nowait(piece)
        except BadAnswer:
            self._close()

    def connection_lost(self, _cause: Exception | None) -> None:
        self._transport = None
        self._requests.put_nowait(None)
        if self._phase == "opening" and self._task is not None:
            self._task.cancel()  # a login nobody waits for any more

    def pause_writing(self) -> None:
        if self._camera is not None:
            self._camera.pause(True)

    def resume_writing(self) -> None:
        if self._camera is not None:
            self._camera.pause(False)

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _media(self, frames: bytes) -> None:
        if self._ticket is not None and not self._ticket.said.has_media:
            self._ticket.said.has_media = True
        self._write(frames)

    def _expect_media(self) -> None:
        if self._phase == "playing" and self._ticket is not None and self._ticket.said.has_media is False:
            self._lost(CameraFailed("timeout", "no_media"))  # it has taken one viewer more than it can feed (V5)

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _lost(self, failed: CameraFailed) -> None:
        """The camera has gone while it played: FFmpeg sees the end of the stream."""
        if self._ticket is not None:
            self._ticket.said.fail(failed.word, failed.detail)
        self._close()

    def cancel(self) -> None:
        """End both sides: the relay closes."""
        self._requests.put_nowait(None)
        if self._phase == "opening" and self._task is not None:
            self._task.cancel()

    # ---- requests, one after the other ------------------------------------------------------------------------------
    async def _serve(self) -> None:
        try:
            while (request := await self._requests.get()) is not None:
                if self._ticket is None and not self._admitted(request):
                    break
                try:
                    reply = await self._reply(request)
                except TimeoutError:
                    reply = self._refusal(CameraFailed("timeout"), request)
                except CameraFailed as failed:
                    reply = self._refusal(failed, request)
                self._write(reply)
                if request.method == "PLAY" and self._phase == "playing" and self._camera is not None:
                    self._camera.release()
                    asyncio.get_running_loop().call_later(_NO_MEDIA_S, self._expect_media)
        except asyncio.CancelledError:
            pass  # FFmpeg went, or the relay closes
        finally:
            self._phase = "ending"
            if self._camera is not None:
                await self._camera.tear_down()
            self._close()
            self._on_end(self)

    def _admitted(self, request: Message) -> bool:
        path = urlsplit(request.url).path.strip("/").split("/")[0]
        self._ticket = self._admit(path)
        self._url = request.url.split(path)[0] + path if path else ""
        return self._ticket is not None

    def _refusal(self, failed: CameraFailed, request: Message) -> bytes:
        assert self._ticket is not None
        self._ticket.said.fail(failed.word, failed.detail)
        status = {"auth": "401 Unauthorized", "not_found": "404 Not Found", "timeout": "408 Request Timeout"}
        return self._plain(request, status.get(failed.word, "503 Service Unavailable"))

    def _plain(self, request: Message, status: str = "200 OK", *headers: tuple[str, str], body: bytes = b"") -> bytes:
        own = [("CSeq", request.first("cseq", "0"))]
        if self._described is not None and request.method != "DESCRIBE":
            own.append(("Session", "1;timeout=86400"))  # the camera's session is ours to keep alive, not FFmpeg's
        return written(f"RTSP/1.0 {status}", [*own, *headers], body)

    async def _reply(self, request: Message) -> bytes:
        assert self._ticket is not None
        self._hurry()
        limit = self._ticket.deadline_s if self._phase == "opening" else asyncio.get_running_loop().time() + _LATER_S
        async with asyncio.timeout_at(limit):
            match request.method:
                case "OPTIONS":
                    if self._camera is None:
                        await self._greet()
                    return self._plain(request, "200 OK", ("Public", _OWN_METHODS))
                case "DESCRIBE":
                    self._described = await self._describe()
                    base = ("Content-Base", self._url + "/")
                    return self._plain(request, "200 OK", base, ("Content-Type", "application/sdp"), body=self._described.sdp)
                case "SETUP" if self._described is not None:
                    return await self._set_up(request, self._described)
                case "PLAY" | "PAUSE" if self._described is not None:
                    return await self._play(request, self._described)
                case "TEARDOWN" if self._camera is not None:
                    return await self._tear_down(request)
                case "GET_PARAMETER" | "SET_PARAMETER":
                    return self._plain(request)
        return self._plain(request, "501 Not Implemented")

    # ---- the camera -------------------------------------------------------------------------------------------------
    async def _dial(self, endpoint: Endpoint) -> Camera:
        assert self._ticket is not None
        login = None if self._ticket.login is None else Login(*self._ticket.login)
        self._camera = camera = Camera(endpoint, login, self._media, self._lost, self._hurry, self._resolve)
        await camera.connect()
        if endpoint.is_tls and endpoint.trust.is_unverified:
            self._ticket.said.detail = "unverified"
        return camera

    async def _greet(self) -> None:
        assert self._ticket is not None
        camera = await self._dial(self._ticket.endpoint)
        self._asked_url = camera.endpoint.url
        reply = await camera.ask("OPTIONS", self._asked_url)
        if reply.status < 300:
            camera.take_options(reply)  # a camera that knows no OPTIONS may well know DESCRIBE

    async def _describe(self) -> Described:
        if self._camera is None:
            await self._greet()
        for _ in range(_MOST_REDIRECTS):
            assert self._camera is not None
            camera = self._camera
            reply = await camera.ask("DESCRIBE", self._asked_url, [("Accept", "application/sdp")])
            if reply.status in _REDIRECTS:
                await self._follow(reply)
                continue
            if reply.status >= 300:
                raise failure_for(reply.status)
            told = reply.first("content-base") or reply.first("content-location")
            found = relay_sdp.described(reply.body, relay_sdp.base_of(told, self._asked_url))
            if found is None:
                raise CameraFailed("bad_stream", "no_video")
            return found
        raise CameraFailed("unreachable", "redirected")

    async def _follow(self, reply: Message) -> None:
        """Go where the camera sends us: on the same host, or to one the operator named. Never from TLS to plain."""
        assert self._camera is not None and self._ticket is not None
        former = self._camera.endpoint
        url, goal = "", former
        try:
            url = urljoin(self._asked_url, relay_sdp.without_user(reply.first("location")))
            goal = replace(former, url=url)
            is_known = goal.host == former.host or goal.host in self._ticket.redirect_hosts
            is_sound = bool(re.match(r"rtsps?://", url)) and 0 < goal.port < 65536 and (goal.is_tls or not former.is_tls)
        except ValueError:
            is_known = is_sound = False
        if not is_known or not is_sound or url == self._asked_url:
            raise CameraFailed("unreachable", "redirected")
        self._asked_url = url
        if (goal.host, goal.port, goal.is_tls) != (former.host, former.port, former.is_tls):
            await self._camera.tear_down()
            options = await (await self._dial(goal)).ask("OPTIONS", url)
            if options.status < 300:
                self._camera.take_options(options)

    async def _set_up(self, request: Message, described: Described) -> bytes:
        assert self._camera is not None and self._ticket is not None
        asked = request.first("transport")
        reply = await self._camera.ask("SETUP", described.setup_url, [("Transport", asked)])
        if reply.status == 461:
            self._ticket.said.detail = self._ticket.said.detail or "transport"
            return self._plain(request, "461 Unsupported Transport")
        if reply.status >= 300:
            raise failure_for(reply.status)
        if self._ticket.said.detail == "transport":
            self._ticket.said.detail = ""
        self._camera.take_session(reply, described.play_url)
        transport, channels = _transport(reply.first("transport"), asked, self._camera.peer)
        self._camera.listen(channels)
        self._ticket.said.has_media = False if channels else None
        return self._plain(request, "200 OK", ("Transport", transport))

    async def _play(self, request: Message, described: Described) -> bytes:
        assert self._camera is not None and self._ticket is not None
        headers = [("Range", request.first("range"))] if request.first("range") else []
        reply = await self._camera.ask(request.method, described.play_url, headers)
        if reply.status >= 300:
            raise failure_for(reply.status)
        if request.method == "PLAY":
            self._camera.take_session(reply, described.play_url)
            self._phase, self._ticket.said.is_playing = "playing", True
        kept: list[tuple[str, str]] = []
        if described.is_seekable:  # of a live camera both are often wrong, and nothing needs them
            info = re.sub(r"url=[^;,]*", f"url={self._url}/{relay_sdp.TRACK}", reply.first("rtp-info"))
            kept = [(name, text) for name, text in (("Range", reply.first("range")), ("RTP-Info", info)) if text]
        return self._plain(request, "200 OK", *kept)

    async def _tear_down(self, request: Message) -> bytes:
        """FFmpeg closes, or goes from UDP to TCP on the same connection."""
        assert self._camera is not None and self._described is not None
        camera = self._camera
        with contextlib.suppress(TimeoutError, CameraFailed):
            async with asyncio.timeout(1.0):
                await camera.ask("TEARDOWN", self._described.play_url)
        camera.forget_session()
        return self._plain(request)


def _transport(told: str, asked: str, peer: str) -> tuple[str, frozenset[int] | None]:
    """The camera's Transport header made plain, and the interleaved channels that are ours (None over UDP)."""
    fields: dict[str, str] = {}
    first, *rest = (told.split(",")[0] or asked).split(";")
    for part in rest:
        name, _, value = part.partition("=")
        fields[name.strip().lower()] = value.strip().strip('"')
    wants_tcp = "/TCP" in asked.upper()
    if wants_tcp:
        pair = re.fullmatch(r"(\d{1,3})(?:-(\d{1,3}))?", fields.get("interleaved", ""))
        low = int(pair[1]) if pair else int((re.search(r"interleaved=(\d+)", asked) or ["", "0"])[1])
        high = int(pair[2]) if pair and pair[2] else low + 1
        return f"RTP/AVP/TCP;unicast;interleaved={low}-{high}", frozenset((low, high))
    kept = [first.strip() or "RTP/AVP"]
    kept += ["multicast" if "multicast" in fields else "unicast"]
    kept += [
        f"{name}={fields[name]}" for name in ("client_port", "server_port", "destination", "port", "ttl") if fields.get(name)
    ]
    try:
        source = fields.get("source", "") if not ipaddress.ip_address(fields.get("source", "")).is_unspecified else ""
    except ValueError:
        source = ""
    if "multicast" not in fields:
        kept.append(f"source={source or peer}")  # FFmpeg would send its reports to us
    return ";".join(kept), None
