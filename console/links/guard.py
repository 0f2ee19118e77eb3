"""uvicorn's protocols with bounds on silence: who sends no whole request header in time is cut off (slow loris).

Two hundred silent connections must not stop the door: each address may have 128 connections that have not asked anything yet
(the oldest goes), and none may stay so for longer than five seconds.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

HEADER_S = 5.0
MOST_SILENT = 128


class PromptWebSocket(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket, except that a peer that answers no ping is gone at once.

    WORKAROUND(uvicorn closes such a line politely: while unsent bytes wait for a dead phone, the connection lives on for minutes)
    """

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.transport.abort()


def guarded() -> type[H11Protocol]:
    """A protocol class with its own table of silent connections, one for each door."""
    silent: dict[str, OrderedDict[H11Protocol, None]] = {}

    class Guarded(H11Protocol):
        _deadline: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._arm()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            asked = self.cycle is not None and not self.cycle.response_complete
            if asked or self.transport.get_protocol() is not self:
                self._disarm()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            if not self.transport.is_closing():
                self._arm()

        def connection_lost(self, exc: Exception | None) -> None:
            self._disarm()
            super().connection_lost(exc)

        def _arm(self) -> None:
            self._disarm()
            self._deadline = self.loop.call_later(HEADER_S, self.transport.abort)
            same = silent.setdefault(self._address(), OrderedDict())
            same[self] = None
            if len(same) > MOST_SILENT:
                oldest, _ = same.popitem(last=False)
                oldest.transport.abort()

        def _disarm(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None
            address = self._address()
            same = silent.get(address)
            if same is not None:
                same.pop(self, None)
                if not same:
                    del silent[address]

        def _address(self) -> str:
            client: Any = self.client
            return str(client[0]) if client else ""

    return Guarded
