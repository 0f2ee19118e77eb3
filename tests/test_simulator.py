"""The unit simulator against a small real WebSocket door: receipts until kept, orders once, and its end with its parent."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time

import psutil
import pytest
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

from console import simulator
from console.model import geo
from console.store import citymap
from console.store.terminal_memory import Memory
from tests.fakes import FakeClock

HERE = (104.0, 30.0)
LEGAL = ["on_terminal", "shown", "wilco", "en_route", "on_scene", "done"]


class StraightRoads:
    def route(self, here, there):
        return [here, there]

    def somewhere(self, part, near, within_m):
        return geo.offset(*near, within_m * (part - 0.5), 0)


class Door:
    """Keeps what terminals say; `keeps` receipts or not, `cuts_after` that many receipts of the first connection."""

    def __init__(self, orders=(), keeps=True, cuts_after=None):
        self.orders, self.keeps, self.cuts_after = list(orders), keeps, cuts_after
        self.connections: list[list[dict]] = []
        self.sockets = []
        self.port = 0

    async def _attend(self, socket):
        json.loads(await socket.recv())
        heard: list[dict] = []
        self.connections.append(heard)
        self.sockets.append(socket)
        await socket.send('{"type":"welcome"}')
        for order in self.orders:
            await socket.send(json.dumps({**order, "type": "order"}))
        with contextlib.suppress(ConnectionClosed):
            await self._listen(socket, heard)

    async def _listen(self, socket, heard):
        async for text in socket:
            message = json.loads(text)
            if message["type"] != "receipt":
                continue
            heard.append(message)
            if self.cuts_after is not None and len(self.connections) == 1 and len(heard) >= self.cuts_after:
                await socket.close(1012)
                return
            if self.keeps:
                await socket.send(json.dumps({"type": "kept", "receipt": message["receipt"]}))

    @contextlib.asynccontextmanager
    async def opened(self, port=0):
        async with serve(self._attend, "127.0.0.1", port) as server:
            self.port = server.sockets[0].getsockname()[1]
            yield f"http://127.0.0.1:{self.port}"

    @property
    def receipts(self):
        return [message for heard in self.connections for message in heard]

    def states(self, order="I1-O01"):
        return [message["state"] for message in self.receipts if message["order"] == order]


def order(name="I1-O01", version=1, state="issued", lon=104.001, lat=30.0, kind="order"):
    return {
        "order": name, "version": version, "incident": "I1", "grade": "red", "kind": kind, "text": "go", "lon": lon, "lat": lat,
        "issued_at_ms": 1, "expires_at_ms": 2, "state": state,
    }  # fmt: skip


def a_terminal(memory=None, cantco=0.0, silent=False, seed=1):
    chance = random.Random(seed)
    mover = simulator.Mover("patrol_car", HERE, StraightRoads(), chance)
    temper = simulator.Temper(silent, cantco, 1.0)

    async def quick(seconds):
        await asyncio.sleep(min(0.02, seconds / 200))

    return simulator.Terminal("XC-01", "key", mover, memory or Memory(), temper, chance, FakeClock(), quick)


@contextlib.asynccontextmanager
async def living(terminal, url):
    tasks = [asyncio.create_task(terminal.live(url)), asyncio.create_task(simulator._drive([terminal.mover], 400, 0.01))]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(holds, seconds=4.0):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.01)


def test_an_order_is_carried_out_step_by_step_and_each_receipt_comes_once():
    async def story():
        door = Door([order()])
        terminal = a_terminal()
        async with door.opened() as url, living(terminal, url):
            await until(lambda: "done" in door.states())
        return door, terminal

    door, terminal = asyncio.run(story())

    assert door.states() == LEGAL
    assert geo.distance_m(*terminal.mover.here, 104.001, 30.0) < 60


def test_the_same_order_twice_is_executed_once():
    async def story():
        door = Door([order(), order()])
        async with door.opened() as url, living(a_terminal(), url):
            await until(lambda: "shown" in door.states())
            await door.sockets[0].send(json.dumps({**order(), "type": "order"}))
            await until(lambda: "done" in door.states())
            await door.sockets[0].send(json.dumps({**order(), "type": "order"}))
            await asyncio.sleep(0.15)
        return door

    door = asyncio.run(story())

    names = [receipt["receipt"] for receipt in door.receipts]
    assert list(dict.fromkeys(door.states())) == LEGAL
    assert len(set(names)) == len(LEGAL)


def test_receipts_come_again_on_every_connection_until_they_are_kept():
    async def story():
        door = Door([order()], keeps=False, cuts_after=2)
        async with door.opened() as url, living(a_terminal(), url):
            await until(lambda: len(door.connections) == 2 and "done" in door.states())
            door.keeps = True
            await door.sockets[1].close(1012)
            await until(lambda: len(door.connections) == 3 and len(door.connections[2]) >= len(LEGAL))
        return door

    first, second, third = asyncio.run(story()).connections

    assert [one["receipt"] for one in second][: len(first)] == [one["receipt"] for one in first]
    assert [one["state"] for one in third][: len(LEGAL)] == LEGAL


def test_a_killed_terminal_goes_on_where_it_was(tmp_path):
    file = str(tmp_path / "terminal.db")

    async def story():
        door = Door([order()])
        memory = Memory(file)
        async with door.opened() as url:
            async with living(a_terminal(memory), url):
                await until(lambda: "wilco" in door.states())
            memory.close()
            before, memory = list(door.states()), Memory(file)
            async with living(a_terminal(memory), url):
                await until(lambda: "done" in door.states())
            memory.close()
        return before, door

    before, door = asyncio.run(story())

    assert before[:3] == LEGAL[:3]
    assert list(dict.fromkeys(door.states())) == LEGAL
    assert len({receipt["receipt"] for receipt in door.receipts}) == len(LEGAL)


def test_a_recalled_order_stops_the_crew():
    async def story():
        door = Door([order(lon=105.0)])
        terminal = a_terminal()
        async with door.opened() as url, living(terminal, url):
            await until(lambda: "en_route" in door.states())
            await door.sockets[0].send(json.dumps({**order(version=2, state="recalled"), "type": "order"}))
            await until(lambda: any(receipt["version"] == 2 for receipt in door.receipts))
            await asyncio.sleep(0.1)
        return door, terminal

    door, terminal = asyncio.run(story())

    assert [(receipt["version"], receipt["state"]) for receipt in door.receipts][-1] == (2, "on_terminal")
    assert not terminal.mover.ordered


def test_a_silent_crew_leaves_only_the_machines_receipt():
    async def story():
        door = Door([order()])
        async with door.opened() as url, living(a_terminal(silent=True), url):
            await until(lambda: door.states() == ["on_terminal"])
            await asyncio.sleep(0.2)
        return door

    assert asyncio.run(story()).states() == ["on_terminal"]


def test_a_crew_that_cannot_comply_says_why():
    async def story():
        door = Door([order()])
        async with door.opened() as url, living(a_terminal(cantco=1.0), url):
            await until(lambda: "cantco" in door.states())
        return door

    door = asyncio.run(story())

    assert door.states() == ["on_terminal", "shown", "cantco"]
    assert door.receipts[-1]["reason"]
    assert not door.receipts[-1]["reason"].startswith("terminal.reason")


def test_an_order_without_a_position_ends_too():
    async def story():
        door = Door([order(lon=None, lat=None)])
        async with door.opened() as url, living(a_terminal(), url):
            await until(lambda: "done" in door.states())
        return door

    assert asyncio.run(story()).states() == LEGAL


def test_a_door_that_is_not_there_yet_is_tried_until_it_is():
    async def story():
        door = Door([order()])
        async with door.opened():
            port = door.port
        async with living(a_terminal(), f"http://127.0.0.1:{port}"):
            await asyncio.sleep(0.2)
            async with door.opened(port):
                await until(lambda: "wilco" in door.states())
        return door

    assert asyncio.run(story()).states()[:3] == LEGAL[:3]


def test_the_same_seed_gives_the_same_crews_and_ways():
    def story(seed):
        units = [{"unit": f"U-{n}", "key": "k", "lon": 104.0, "lat": 30.0, "kind": "patrol_car"} for n in range(3)]
        units.append({"unit": "W-1", "key": "k", "lon": 104.0, "lat": 30.0, "kind": "volunteer"})
        made = simulator.terminals({"units": units, "seed": seed}, StraightRoads(), Memory(), FakeClock())
        for terminal in made:
            for _ in range(200):
                terminal.mover.move(0.5)
        return [terminal.mover.here for terminal in made]

    assert story(3) == story(3)
    assert story(3) != story(4)


@pytest.fixture(scope="module")
def city_map(tmp_path_factory):
    folder = tmp_path_factory.mktemp("map")
    (folder / "one.osm").write_text(
        '<osm version="0.6"><node id="1" version="1" lon="104.0" lat="30.0"/><node id="2" version="1" lon="104.01" lat="30.0"/>'
        '<way id="1" version="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="primary"/></way></osm>',
        encoding="utf-8",
    )
    citymap.compile_map(folder / "one.osm", folder / "city.map")
    return folder / "city.map"


def _first_line(city_map) -> str:
    unit = {"unit": "XC-01", "key": "k", "lon": 104.0, "lat": 30.0, "kind": "patrol_car"}
    return json.dumps({"door": "http://127.0.0.1:9", "units": [unit], "map": str(city_map), "speed": 1.0, "seed": 1}) + "\n"


def test_the_process_ends_when_its_parent_is_killed(city_map, tmp_path):
    (tmp_path / "line").write_text(_first_line(city_map))
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import subprocess, sys, time\n"
            "child = subprocess.Popen([sys.executable, '-m', 'console.simulator'], stdin=subprocess.PIPE)\n"
            f"child.stdin.write(open({str(tmp_path / 'line')!r}, 'rb').read()); child.stdin.flush()\n"
            "print(child.pid, flush=True); time.sleep(60)\n",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        child = psutil.Process(int(parent.stdout.readline()))
        time.sleep(1.0)
        assert child.is_running()

        os.kill(parent.pid, signal.SIGKILL)

        _gone, alive = psutil.wait_procs([child], timeout=30)
        assert alive == []


def test_a_first_line_that_makes_no_sense_is_told_in_one_line(city_map):
    for line in ("nonsense\n", '{"door": 1}\n', _first_line(city_map.with_name("none.map"))):
        ended = subprocess.run(
            [sys.executable, "-m", "console.simulator"], input=line, capture_output=True, text=True, timeout=30
        )

        assert ended.returncode == 2
        assert ended.stderr.count("\n") == 1
        assert "Traceback" not in ended.stderr
