"""The door: HTTP for partners and phones, WebSocket for terminals (starlette, in the links thread).

Partners post incidents with a Bearer token of their source; phones get a page and, during an enrolment, a device key. Nobody
without a token or key gets or leaves anything but that page and `/openapi.json`. `listener.py` opens the ports.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import secrets
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from console import words
from console.clock import Clock
from console.errors import BadInput, Refused, Unavailable
from console.links.hooks import DeskHooks
from console.links.intake import LONGEST_BODY_BYTES, IncidentIn, decode, parse_incident
from console.links.limits import Quarantine, RateLimit
from console.links.openapi import openapi
from console.links.terminals import Terminals
from console.paths import resources

BODY_S = 10.0
MOST_DISCARDED_BYTES = 32 * 1024 * 1024
"""How much of a body over the limit is read and thrown away, so that its sender hears 413 instead of a broken pipe."""
PAGES = {
    "/": ("index.html", "text/html"),
    "/terminal.js": ("terminal.js", "text/javascript"),
    "/store.js": ("store.js", "text/javascript"),
    "/link.js": ("link.js", "text/javascript"),
    "/offline.js": ("offline.js", "text/javascript"),
    "/terminal.css": ("terminal.css", "text/css"),
    "/terminal.webmanifest": ("terminal.webmanifest", "application/manifest+json"),
    "/terminal.svg": ("terminal.svg", "image/svg+xml"),
}
HEADERS = {
    "content-security-policy": "default-src 'self'; connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}
log = logging.getLogger(__name__)


def failure(status: int, error: str, **fields: Any) -> JSONResponse:
    """An error as JSON: `error` is a code, the rest says which field, what is wrong and what to do."""
    return JSONResponse({"error": error, **fields}, status)


class Door:
    """The application `app` and the local token; one for all listeners of a desk."""

    def __init__(self, hooks: DeskHooks, quarantine: Quarantine, terminals: Terminals, clock: Clock) -> None:
        self._hooks, self._quarantine, self._terminals = hooks, quarantine, terminals
        self.token = secrets.token_urlsafe(24)
        """Lets whoever can read the folder's door.json report an incident of any source (`liandong report`)."""
        self._reports = RateLimit(clock, per_s=50, burst=300)
        self._strangers = RateLimit(clock, per_s=0.5, burst=30)
        self._enrolments = RateLimit(clock, per_s=5 / 60, burst=5)
        self._all_enrolments = RateLimit(clock, per_s=30 / 60, burst=30)
        self._openapi = openapi()
        self.app = Starlette(
            routes=[
                Route("/v1/incidents", self._incidents, methods=["POST"]),
                Route("/v1/enrol", self._enrol, methods=["POST"]),
                WebSocketRoute("/v1/terminal", self._terminal),
                Route("/openapi.json", self._schema),
                Route("/texts/{language}.json", self._texts),
                *(Route(path, self._page) for path in PAGES),
            ],
            exception_handlers={Exception: self._bug},
        )

    async def _bug(self, request: Request, cause: Exception) -> Response:
        return failure(500, "internal")

    async def _terminal(self, socket: WebSocket) -> None:
        try:
            await self._terminals.serve(socket)
        except Exception:
            # our bug: uvicorn would end the line without a word
            log.exception("a terminal's connection failed")
            raise

    async def _page(self, request: Request) -> Response:
        name, kind = PAGES[request.url.path]
        return Response(resources("terminal", name).read_bytes(), media_type=kind, headers=HEADERS)

    async def _texts(self, request: Request) -> Response:
        language = request.path_params["language"]
        if language not in words.LANGUAGES:
            return failure(404, "not_found")
        wanted = ("terminal.", "grade.", "order_state.")
        texts = {key: text for key, text in words.texts(language).items() if key.startswith(wanted)}
        return JSONResponse(texts, headers=HEADERS)

    async def _schema(self, request: Request) -> Response:
        return JSONResponse(self._openapi)

    async def _incidents(self, request: Request) -> Response:
        address = request.client.host if request.client else ""
        token = _bearer(request)
        is_local = hmac.compare_digest(token.encode(), self.token.encode())
        source = "manual" if is_local else self._hooks.source_of(token) if token else None
        if source is None:
            wait_s = self._strangers.wait_s(address)
            await _discard(request)
            if wait_s > 0:
                return _later(wait_s)
            self._quarantine.put("door", f"no valid token from {address}")
            return JSONResponse({"error": "unauthorized"}, 401, {"www-authenticate": "Bearer"})
        if (wait_s := self._reports.wait_s(source + ("" if not is_local else "@local"))) > 0:
            await _discard(request)
            return _later(wait_s)
        body = b""
        try:
            body = await _body(request)
            incident = parse_incident(body, source)
            if not is_local and incident.source != source:
                raise BadInput(f"the token belongs to {source!r}, not {incident.source!r}", "source")
        except BadInput as cause:
            self._quarantine.put(f"door {source}", str(cause), body)
            status = 413 if len(body) > LONGEST_BODY_BYTES else 400
            return failure(status, "bad_input", field=cause.where, what=cause.what, todo=cause.todo)
        except TimeoutError:
            return failure(408, "too_slow")
        except ClientDisconnect:
            return failure(400, "gone")
        return await self._report(incident, f"{source}@door")

    async def _report(self, incident: IncidentIn, by: str) -> Response:
        try:
            kept = await asyncio.wrap_future(self._hooks.report(incident, by))
        except BadInput as cause:
            return failure(400, "bad_input", field=cause.where, what=cause.what, todo=cause.todo)
        except Refused as cause:
            return failure(403, "refused", code=cause.code)
        except Unavailable as cause:
            return failure(503, "unavailable", what=str(cause))
        status = 201 if kept.duplicate_of is None else 200
        return JSONResponse({"incident": kept.incident, "duplicate_of": kept.duplicate_of}, status)

    async def _enrol(self, request: Request) -> Response:
        address = request.client.host if request.client else ""
        try:
            body = decode(await _body(request, 4096))
            if not isinstance(body, dict):
                raise BadInput("must be a JSON object", "body")
            for field in ("unit", "code"):
                if not isinstance(body.get(field), str) or not 1 <= len(body[field]) <= 64:
                    raise BadInput("must be text of 1 to 64 characters", field)
        except (BadInput, TimeoutError, ClientDisconnect) as cause:
            field = cause.where if isinstance(cause, BadInput) else "body"
            return failure(400, "bad_input", field=field, what=str(cause))
        if not self._hooks.enrolment_open():
            return failure(403, "enrolment_closed")
        wait_s = max(self._enrolments.wait_s(address), self._all_enrolments.wait_s(""))
        if wait_s > 0:
            return _later(wait_s)
        try:
            key = await asyncio.wrap_future(self._hooks.enrol(body["unit"].strip(), body["code"].strip()))
        except (Refused, BadInput) as cause:
            self._quarantine.put("door", f"enrolment refused from {address}: {cause}")
            return failure(403, "refused", code=cause.code if isinstance(cause, Refused) else "bad_input")
        except Unavailable as cause:
            return failure(503, "unavailable", what=str(cause))
        return JSONResponse({"unit": body["unit"].strip(), "key": key}, 201, {"cache-control": "no-store"})


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _later(wait_s: float) -> JSONResponse:
    return JSONResponse({"error": "too_many"}, 429, {"retry-after": str(max(1, round(wait_s + 0.5)))})


async def _body(request: Request, most_bytes: int = LONGEST_BODY_BYTES) -> bytes:
    """The body, or its first bytes beyond the limit (never more is kept). Raises TimeoutError when it comes too slowly."""
    kept = bytearray()
    read_bytes = 0
    async with asyncio.timeout(BODY_S):
        async for part in request.stream():
            read_bytes += len(part)
            if len(kept) <= most_bytes:
                kept += part
            if read_bytes > MOST_DISCARDED_BYTES:
                break
    return bytes(kept[: most_bytes + 1])


async def _discard(request: Request) -> None:
    """Read what a refused sender is still sending, within bounds, so that it hears the answer."""
    try:
        await _body(request, 0)
    except (TimeoutError, ClientDisconnect):
        pass


def door_file(url: str, token: str, pid: int) -> str:
    """The text of `DIR/door.json`."""
    return json.dumps({"url": url, "token": token, "pid": pid})
