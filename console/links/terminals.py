"""Terminals on the door's WebSocket: one connection a unit, orders out, receipts and positions in (links thread).

Contract: contracts.md, "Terminals". Beyond it, for phones: `{"type":"ping"}` is answered `{"type":"pong"}`, and a receipt that
can never be stored is answered `{"type":"refused","receipt":…,"code":…}`, so that the terminal need not send it for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections import deque
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from console.clock import Clock
from console.errors import BadInput, LiandongError, Refused, Unavailable
from console.links.hooks import DeskHooks
from console.links.limits import Quarantine, RateLimit
from console.links.positions import fix_from_body
from console.links.receipts import checked_receipt

HELLO_S = 5.0
LONGEST_MESSAGE_BYTES = 65_536
MOST_WAITING = 32
"""Receipts of one terminal on their way to the disk; until one is stored no more are read."""
UNKNOWN_TERMINAL, REPLACED = 4401, 4409
log = logging.getLogger(__name__)
Message = dict[str, Any]


class _Terminal:
    """One connection after its hello. Touched by the links thread only."""

    def __init__(self, unit: str, socket: WebSocket) -> None:
        self.unit, self.socket = unit, socket
        self.wake = asyncio.Event()
        self.orders: dict[str, Message] = {}
        """Order → newest body to send: bounded by the orders a unit can have open."""
        self.words: deque[Message] = deque()
        """kept, refused, pong: bounded by what is read."""
        self.close_code: int | None = None
        self.waiting = asyncio.Semaphore(MOST_WAITING)

    def order(self, body: Message) -> None:
        """Queue an order; an older version of it never replaces a newer one."""
        queued = self.orders.get(body["order"])
        if queued is None or queued["version"] <= body["version"]:
            self.orders[body["order"]] = body
        self.wake.set()

    def word(self, message: Message) -> None:
        self.words.append(message)
        self.wake.set()

    def close(self, code: int) -> None:
        self.close_code = code
        self.wake.set()


class Terminals:
    """The WebSocket transport. `serve` runs in the links thread; `connected`, `send` and `units` may be called from any."""

    name = "websocket"

    def __init__(self, hooks: DeskHooks, quarantine: Quarantine, clock: Clock) -> None:
        self._hooks, self._quarantine, self._clock = hooks, quarantine, clock
        self._terminals: dict[str, _Terminal] = {}
        self._pace = RateLimit(clock, per_s=50, burst=200)
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self) -> None:
        """Accept terminals from now on; call in the links thread."""
        self._loop = asyncio.get_running_loop()

    def close(self) -> None:
        """Say good-bye to all (1012, "service restart") and send nothing any more."""
        self._loop = None
        for terminal in self._terminals.values():
            terminal.close(1012)

    def units(self) -> frozenset[str]:
        """The units with a terminal on the line just now."""
        return frozenset(self._terminals)

    def connected(self, unit: str) -> bool:
        return unit in self._terminals

    def send(self, unit: str, body: Message) -> bool:
        loop = self._loop
        if loop is None or unit not in self._terminals:
            return False
        with contextlib.suppress(RuntimeError):  # the loop has ended between the two lines
            loop.call_soon_threadsafe(self._offer, unit, body)
            return True
        return False

    def drop(self, unit: str) -> None:
        """Close the unit's line (4401): its key is no longer good. Any thread."""
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended between the two lines
                loop.call_soon_threadsafe(self._drop, unit)

    def _drop(self, unit: str) -> None:
        terminal = self._terminals.get(unit)
        if terminal is not None:
            terminal.close(UNKNOWN_TERMINAL)

    def _offer(self, unit: str, body: Message) -> None:
        terminal = self._terminals.get(unit)
        if terminal is not None:
            terminal.order(body)

    async def serve(self, socket: WebSocket) -> None:
        """The endpoint `/v1/terminal`."""
        await socket.accept()
        try:
            unit = await self._greeted(socket)
            if unit is None or self._loop is None:
                await socket.close(UNKNOWN_TERMINAL if unit is None else 1012)
                return
            await self._attend(_Terminal(unit, socket))
        except (WebSocketDisconnect, OSError):
            pass
        except RuntimeError as cause:
            # WORKAROUND(starlette raises RuntimeError for a send or receive after the close, until it has a type of its own)
            log.debug("terminal's socket ended: %s", cause)

    async def _greeted(self, socket: WebSocket) -> str | None:
        """The unit whose key the first message shows, or None."""
        try:
            async with asyncio.timeout(HELLO_S):
                hello = json.loads(await socket.receive_text())
            unit, key = hello["unit"], hello["key"]
            if hello["type"] == "hello" and isinstance(unit, str) and isinstance(key, str) and self._hooks.terminal_ok(unit, key):
                return unit
            self._quarantine.put("terminal", f"hello refused for unit {str(unit)[:64]!r}")
        except TimeoutError:
            self._quarantine.put("terminal", f"no hello within {HELLO_S:g} s")
        except (ValueError, KeyError, TypeError, RecursionError):
            self._quarantine.put("terminal", "the first message is not a hello")
        return None

    async def _attend(self, terminal: _Terminal) -> None:
        older = self._terminals.get(terminal.unit)
        if older is not None:
            older.close(REPLACED)
        self._terminals[terminal.unit] = terminal
        self._hooks.presence(terminal.unit, True, self.name)
        writer = asyncio.create_task(self._write(terminal))
        reader = asyncio.create_task(self._read(terminal))
        try:
            await asyncio.wait({writer, reader}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if self._terminals.get(terminal.unit) is terminal:
                del self._terminals[terminal.unit]
                self._hooks.presence(terminal.unit, False, self.name)
            for task in (writer, reader):
                task.cancel()
            for ended in await asyncio.gather(writer, reader, return_exceptions=True):
                if isinstance(ended, Exception) and not isinstance(ended, (WebSocketDisconnect, OSError, RuntimeError)):
                    log.error("a terminal's connection failed", exc_info=ended)

    async def _write(self, terminal: _Terminal) -> None:
        """Welcome, every open order, then whatever comes: the one writer of the connection."""
        await terminal.socket.send_text('{"type":"welcome"}')
        try:
            for body in await asyncio.wrap_future(self._hooks.open_orders(terminal.unit)):
                terminal.order(body)
        except LiandongError as cause:
            log.warning("open orders of %s are not to be had: %s; its terminal is asked to come again", terminal.unit, cause)
            terminal.close(1013)
        while True:
            while terminal.close_code is None and (terminal.words or terminal.orders):
                if terminal.words:
                    message = terminal.words.popleft()
                else:
                    message = {**terminal.orders.pop(next(iter(terminal.orders))), "type": "order"}
                await terminal.socket.send_text(json.dumps(message, ensure_ascii=False, separators=(",", ":")))
            if terminal.close_code is not None:
                await terminal.socket.close(terminal.close_code)
                return
            await terminal.wake.wait()
            terminal.wake.clear()

    async def _read(self, terminal: _Terminal) -> None:
        """Take messages in their order; a bad one is quarantined and the next still counts."""
        storing: set[asyncio.Task[None]] = set()
        try:
            while True:
                try:
                    text = await terminal.socket.receive_text()
                except KeyError:
                    self._quarantine.put(f"terminal {terminal.unit}", "a binary message; JSON text is meant")
                    continue
                except WebSocketDisconnect as ended:
                    if ended.code in (1002, 1007, 1009):
                        self._quarantine.put(
                            f"terminal {terminal.unit}", f"connection closed with {ended.code}: message not readable"
                        )
                    raise
                while (wait_s := self._pace.wait_s(terminal.unit)) > 0:
                    await asyncio.sleep(wait_s)
                await terminal.waiting.acquire()
                task = self._take(terminal, text)
                if task is None:
                    terminal.waiting.release()
                else:
                    storing.add(task)
                    task.add_done_callback(storing.discard)
        finally:
            for task in storing:
                task.cancel()

    def _take(self, terminal: _Terminal, text: str) -> asyncio.Task[None] | None:
        """Act on one message; a receipt's storing goes on in the task returned, which releases its slot."""
        receipt: object = None
        try:
            if len(text) > LONGEST_MESSAGE_BYTES:
                raise BadInput(f"{len(text)} characters; at most {LONGEST_MESSAGE_BYTES} are allowed", "message")
            body = json.loads(text)
            if not isinstance(body, dict):
                raise BadInput("must be a JSON object", "message")
            match body.get("type"):
                case "receipt":
                    receipt = body.get("receipt")
                    checked = checked_receipt(body)
                    stored = self._hooks.receipt(terminal.unit, checked, self.name)
                    return asyncio.create_task(self._store(terminal, checked["receipt"], asyncio.wrap_future(stored), text))
                case "position":
                    self._hooks.position(fix_from_body(terminal.unit, body, self._clock.now_ns(), self.name), self.name)
                case "presence":
                    if body.get("online") is False:
                        terminal.close(1000)
                case "ping":
                    terminal.word({"type": "pong"})
                case other:
                    raise BadInput(f"unknown type {str(other)[:40]!r}", "type")
        except (BadInput, ValueError, RecursionError) as cause:
            self._quarantine.put(f"terminal {terminal.unit}", str(cause), text)
            if isinstance(receipt, str):
                terminal.word({"type": "refused", "receipt": receipt[:64], "code": "bad_input", "what": str(cause)[:200]})
        return None

    async def _store(self, terminal: _Terminal, receipt: str, stored: asyncio.Future[None], text: str) -> None:
        try:
            await stored
            terminal.word({"type": "kept", "receipt": receipt})
        except (Refused, BadInput) as cause:
            self._quarantine.put(f"terminal {terminal.unit}", f"receipt refused: {cause}", text)
            code = cause.code if isinstance(cause, Refused) else "bad_input"
            terminal.word({"type": "refused", "receipt": receipt, "code": code})
        except Unavailable as cause:
            log.warning("a receipt of %s is not stored yet: %s; the terminal keeps it and sends it again", terminal.unit, cause)
        finally:
            terminal.waiting.release()
