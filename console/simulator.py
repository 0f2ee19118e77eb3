"""The unit simulator: invented units on real terminals' WebSockets, a process of its own beside a `--demo` desk.

Enters: one JSON line on standard input, then nothing; its end (the parent gone, however it died) ends this process.
`{"door": url, "units": [{"unit", "key", "lon", "lat", "kind"}], "map": path of city.map, "speed": x, "seed": n}` and, if
wished, `"store"` (file that remembers orders and receipts over a kill) and `"language"` (of the reasons units give).
Leaves: positions every 1.5 s, receipts until the desk says `kept`. One asyncio thread; a short thread waits on standard input.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import random
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from console import words
from console.clock import Clock, SystemClock
from console.errors import BadInput, LiandongError
from console.model import geo
from console.store import citymap
from console.store.streets import Streets
from console.store.terminal_memory import Memory

log = logging.getLogger("console.simulator")
POSITION_S = 1.5
LAST_WORD_S = 2.0
"""Longest end after the parent's."""
BACK_OFF_S = (0.3, 8.0)
REASONS = ("busy", "vehicle", "blocked", "manpower")
_PACE_MPS = {
    "patrol_car": (8.0, 13.0),
    "motorcycle": (8.0, 14.0),
    "traffic": (7.0, 12.0),
    "alarm_vehicle": (7.0, 9.0),
    "urban_management": (5.0, 8.0),
    "fire": (0.0, 12.0),
    "medical": (0.0, 13.0),
    "grid_worker": (3.0, 4.5),
    "foot_patrol": (1.3, 2.6),
    "mall_security": (0.9, 2.4),
    "volunteer": (1.1, 1.8),
    "village_group": (0.0, 2.0),
}
"""Patrolling and hurrying; what is not named stands still on duty and hurries at 4 m/s."""
_STEPS = ("on_terminal", "shown", "wilco", "en_route", "on_scene", "done")
Spot = tuple[float, float]
Message = dict[str, Any]
Sleep = Callable[[float], Awaitable[None]]


class Roads(Protocol):
    """What a mover asks of the streets."""

    def route(self, here: Spot, there: Spot) -> list[Spot]: ...

    def somewhere(self, part: float, near: Spot, within_m: float) -> Spot: ...


class Mover:
    """Where a unit is: follows a way at its pace, wanders about its beat when nothing is asked of it."""

    def __init__(self, kind: str, here: Spot, roads: Roads, chance: random.Random) -> None:
        self.here, self._home, self._roads, self._chance = here, here, roads, chance
        self._beat_mps, self._hurry_mps = _PACE_MPS.get(kind, (0.0, 4.0))
        self._way: list[Spot] = []
        self._pause_s = chance.uniform(0, 12)
        self.ordered = False
        self.speed_mps, self.heading_deg = 0.0, None  # type: tuple[float, float | None]

    def go(self, there: Spot) -> None:
        """Hurry to a spot by street."""
        self._way, self.ordered = self._roads.route(self.here, there)[1:], True

    def stand(self) -> None:
        """Stay here, on an order."""
        self._way, self.ordered = [], True

    def release(self) -> None:
        """Back to the beat."""
        self._way, self.ordered, self._pause_s = [], False, self._chance.uniform(4, 20)

    @property
    def arrived(self) -> bool:
        return not self._way

    def move(self, seconds: float) -> None:
        """Go on for that long."""
        if not self._way and not self.ordered and self._beat_mps:
            self._pause_s -= seconds
            if self._pause_s <= 0:
                self._pause_s = self._chance.uniform(2, 25)
                self._way = self._roads.route(self.here, self._roads.somewhere(self._chance.random(), self._home, 420.0))[1:]
        pace = self._hurry_mps if self.ordered else self._beat_mps
        left_m = pace * seconds * self._chance.uniform(0.85, 1.1)
        self.speed_mps = round(pace, 1) if self._way else 0.0
        while self._way and left_m > 0:
            gap_m = geo.distance_m(*self.here, *self._way[0])
            if gap_m > 0.5:
                self.heading_deg = round(geo.bearing_deg(*self.here, *self._way[0]), 0)
            if gap_m <= left_m:
                self.here, left_m = self._way.pop(0), left_m - gap_m
                continue
            part = left_m / gap_m
            self.here = tuple(a + (b - a) * part for a, b in zip(self.here, self._way[0], strict=True))  # type: ignore[assignment]
            left_m = 0


@dataclass(frozen=True, slots=True)
class Temper:
    """How a unit's people answer; delays in seconds before `speed` divides them."""

    silent: bool = False
    cantco: float = 0.1
    speed: float = 1.0
    language: str = "zh_CN"


class Terminal:
    """One unit's terminal: connection, receipts, and the crew behind it."""

    def __init__(
        self,
        unit: str,
        key: str,
        mover: Mover,
        memory: Memory,
        temper: Temper,
        chance: random.Random,
        clock: Clock,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.unit, self.mover = unit, mover
        self._key, self._memory, self._temper, self._chance, self._clock, self._sleep = key, memory, temper, chance, clock, sleep
        self._socket: ClientConnection | None = None
        self._at_work: dict[str, asyncio.Task[None]] = {}
        self._wait_s = BACK_OFF_S[0]
        self._noise = random.Random(chance.random())
        # of its own, so that the number of positions sent changes no answer

    def _now_ms(self) -> int:
        return self._clock.now_ns() // 1_000_000

    async def live(self, door: str) -> None:
        """Stay connected for ever; carry on with what a killed terminal left; end only when cancelled."""
        url = door.replace("http", "ws", 1).rstrip("/") + "/v1/terminal"
        try:
            for order, step in self._memory.unfinished(self.unit):
                self._start(order, step)
            while True:
                try:
                    async with _opened(url) as socket:
                        await self._talk(socket)
                except (OSError, TimeoutError, ConnectionClosed, InvalidHandshake) as cause:
                    log.debug("%s: the door is gone (%s), again in %.1f s", self.unit, cause, self._wait_s)
                finally:
                    self._socket = None
                await asyncio.sleep(self._wait_s * self._noise.uniform(0.7, 1.3))
                self._wait_s = min(BACK_OFF_S[1], self._wait_s * 1.7)
        finally:
            for task in self._at_work.values():
                task.cancel()
            await asyncio.gather(*self._at_work.values(), return_exceptions=True)

    async def _talk(self, socket: ClientConnection) -> None:
        await socket.send(json.dumps({"type": "hello", "unit": self.unit, "key": self._key}))
        welcome = json.loads(await asyncio.wait_for(socket.recv(), 10))
        if welcome.get("type") != "welcome":
            raise ConnectionError("the door said no welcome")
        self._socket, self._wait_s = socket, BACK_OFF_S[0]
        await self._send("presence", {"online": True, "at_ms": self._now_ms()})
        for receipt in self._memory.waiting(self.unit):
            await self._send("receipt", receipt)
        telling = asyncio.create_task(self._tell_positions())
        try:
            async for text in socket:
                await self._hear(text)
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    async def _tell_positions(self) -> None:
        await asyncio.sleep(self._noise.uniform(0, POSITION_S))
        while True:
            lon, lat = self.mover.here
            body = {
                "lon": round(lon + self._noise.gauss(0, 1.5e-5), 7),
                "lat": round(lat + self._noise.gauss(0, 1.5e-5), 7),
                "at_ms": self._now_ms(),
                "accuracy_m": round(self._noise.uniform(3, 9), 1),
                "speed_mps": self.mover.speed_mps,
                "heading_deg": self.mover.heading_deg,
            }
            await self._send("position", body)
            await asyncio.sleep(POSITION_S)

    async def _send(self, kind: str, body: Message) -> None:
        if self._socket is None:
            return
        with contextlib.suppress(ConnectionClosed):
            await self._socket.send(json.dumps({**body, "type": kind}, ensure_ascii=False))

    async def _hear(self, text: str | bytes) -> None:
        message = json.loads(text)
        if message.get("type") in ("kept", "refused"):
            self._memory.kept(message["receipt"])
        elif message.get("type") == "order":
            await self._order(message)

    async def _order(self, order: Message) -> None:
        fresh = self._memory.take(self.unit, order)
        if not fresh:  # the desk asks again: it has not had our machine receipt, or its `kept` was lost
            for receipt in self._memory.waiting(self.unit):
                if receipt["order"] == order["order"]:
                    await self._send("receipt", receipt)
            return
        await self._tell(order, "on_terminal")
        older = self._at_work.pop(order["order"], None)
        if older is not None:
            older.cancel()
            await asyncio.gather(older, return_exceptions=True)
        if order.get("state") == "recalled":
            self._memory.finish(self.unit, order["order"], "recalled")
            if not self._at_work:
                self.mover.release()
            return
        self._start(order, "on_terminal")

    def _start(self, order: Message, step: str) -> None:
        task = asyncio.create_task(self._carry_out(order, step))
        self._at_work[order["order"]] = task
        task.add_done_callback(
            lambda ended: self._at_work.pop(order["order"], None) if self._at_work.get(order["order"]) is ended else None
        )

    async def _tell(self, order: Message, state: str, reason: str | None = None) -> None:
        await self._send("receipt", self._memory.tell(self.unit, order, state, reason, self._now_ms()))

    async def _rest(self, low_s: float, high_s: float) -> None:
        await self._sleep(self._chance.uniform(low_s, high_s) / self._temper.speed)

    async def _carry_out(self, order: Message, step: str) -> None:
        """The crew's part, from the step after `step` to the end; each step is told once."""
        at = _STEPS.index(step) if step in _STEPS else 0
        if step == "":
            await self._tell(order, "on_terminal")
        if order.get("state") == "recalled":
            self._memory.finish(self.unit, order["order"], "recalled")
            return
        if self._temper.silent:
            return
        if at < 1:
            await self._rest(1, 3)
            await self._tell(order, "shown")
        if at < 2:
            await self._rest(3, 10)
            busy = any(name != order["order"] for name in self._at_work)
            if order.get("kind") != "broadcast" and (busy or self._chance.random() < self._temper.cantco):
                code = "busy" if busy else self._chance.choice(REASONS)
                await self._tell(order, "cantco", words.in_language(self._temper.language, f"terminal.reason.{code}"))
                return
            await self._tell(order, "wilco")
        if order.get("kind") != "broadcast":
            await self._go_there(order, at)
        if at < 5:
            await self._tell(order, "done")
        self.mover.release()

    async def _go_there(self, order: Message, at: int) -> None:
        lon, lat = order.get("lon"), order.get("lat")
        if at < 3:
            await self._rest(2, 12)
            await self._tell(order, "en_route")
        if at < 4:
            if isinstance(lon, int | float) and isinstance(lat, int | float):
                self.mover.go((lon + self._chance.gauss(0, 4e-5), lat + self._chance.gauss(0, 4e-5)))
                while not self.mover.arrived:
                    await self._sleep(0.5)
            else:
                await self._rest(20, 40)
            await self._tell(order, "on_scene")
        self.mover.stand()
        await self._rest(60, 150)


@contextlib.asynccontextmanager
async def _opened(url: str) -> AsyncIterator[ClientConnection]:
    """A connection straight to the door; a proxy of the environment is not asked."""
    options: dict[str, Any] = {"proxy": None} if _knows_proxy() else {}
    async with connect(url, open_timeout=5, close_timeout=0.5, max_size=1 << 20, **options) as socket:
        yield socket


def _knows_proxy() -> bool:
    return int(version("websockets").split(".")[0]) >= 15


async def _drive(movers: list[Mover], speed: float, tick_s: float = 0.5) -> None:
    while True:
        await asyncio.sleep(tick_s)
        for mover in movers:
            mover.move(tick_s * speed)


def terminals(order: Message, roads: Roads, memory: Memory, clock: Clock) -> list[Terminal]:
    """The terminals of a start order. One of the walking units never answers; which one, the seed says."""
    seed, speed = order.get("seed", 0), max(0.01, float(order.get("speed", 1.0)))
    walkers = sorted(u["unit"] for u in order["units"] if u.get("kind") in ("grid_worker", "volunteer", "foot_patrol"))
    silent = random.Random(f"{seed}/silent").choice(walkers) if walkers else None
    found = []
    for unit in order["units"]:
        chance = random.Random(f"{seed}/{unit['unit']}")
        mover = Mover(str(unit.get("kind", "other")), (float(unit["lon"]), float(unit["lat"])), roads, chance)
        temper = Temper(unit["unit"] == silent, float(order.get("cantco", 0.1)), speed, str(order.get("language", "zh_CN")))
        found.append(Terminal(unit["unit"], unit["key"], mover, memory, temper, chance, clock))
    return found


async def run(order: Message, stop: asyncio.Event, clock: Clock | None = None) -> None:
    """Let the units live until `stop` is set."""
    roads = Streets(citymap.open_map(Path(order["map"])))
    memory = Memory(str(order.get("store") or ":memory:"))
    try:
        units = terminals(order, roads, memory, clock or SystemClock())
        tasks = [asyncio.create_task(unit.live(order["door"])) for unit in units]
        tasks.append(asyncio.create_task(_drive([unit.mover for unit in units], max(0.01, float(order.get("speed", 1.0))))))
        ending = asyncio.create_task(stop.wait())
        await asyncio.wait([ending, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in (ending, *tasks):
            task.cancel()
        for ended in await asyncio.gather(ending, *tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended
    finally:
        memory.close()


async def _until_input_ends(order: Message) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 65536):  # not the buffered reader: its lock, held here, would abort a normal exit
            pass
        with contextlib.suppress(RuntimeError):  # the loop ended first
            loop.call_soon_threadsafe(stop.set)
        time.sleep(LAST_WORD_S)
        os._exit(0)  # whatever still hangs: nothing outlives the desk

    threading.Thread(target=wait, name="parent", daemon=True).start()
    await run(order, stop)


def main() -> int:
    """Read the order, live until standard input ends."""
    line = sys.stdin.buffer.readline()
    if not line.strip():
        return 0
    try:
        order = json.loads(line)
        if not isinstance(order, dict) or not {"door", "units", "map"} <= order.keys():
            raise BadInput("needs door, units and map", "the simulator's first line")
        asyncio.run(_until_input_ends(order))
    except ValueError as cause:
        print(f"the simulator's first line is not JSON: {cause}", file=sys.stderr)
        return 2
    except LiandongError as cause:
        print(cause, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
