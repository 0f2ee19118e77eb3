"""Sixteen tiles for half an hour with a fault every five seconds: does everything come back, and does nothing grow?

Run: `python -m tests.bench.soak_bench [--minutes 30] [--every 5]`; `--minutes 1.7` is a smoke. `liandong wall` is the program;
the faults are made from outside: connections cut, a camera that freezes, a server killed and back, a server stopped and gone on,
a password changed, packets lost, time stamps jumping, a slow way, a decoder killed, a decoder stopped. One tile's stream changes
its size every four seconds, one plays a file, one finds nobody, and the first is the control: nothing is done to it but what is
done to all (a killed or stopped decoder). Memory is the tree's proportional share, descriptors and threads are the tree's, every
five seconds; growth compares the last quarter's median with the second quarter's. Prints one JSON document; `--trace FILE` keeps
all of it.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from console.clock import SystemClock
from tests.bench import peers
from tests.bench.streams import FOLDER, street_clip, street_clips
from tests.end2end.cameras import RtspServer
from tests.end2end.mangler import Mangler

TARGETS = {"memory_growth_percent": 5, "descriptor_growth_percent": 5, "thread_growth_percent": 5, "never_back": 0,
           "control_disturbed": 0, "recovery_p95_s": 5, "gui_stall_p99_ms": 50}  # fmt: skip
_LIVE_AGAIN_S = 20.0
_PASSWORD_S = 75.0  # a wrong password is tried once a minute, by design


@dataclass(slots=True)
class Fault:
    """One fault: its tiles, when it began and when the outside was in order again (monotonic ms)."""

    kind: str
    tiles: tuple[int, ...]
    began_ms: int
    ended_ms: int = 0


@dataclass(slots=True)
class Samples:
    """The whole tree's figures over time."""

    memory_mb: list[float] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    children: list[int] = field(default_factory=list)

    def take(self, pid: int) -> None:
        memory = descriptors = threads = children = 0
        with contextlib.suppress(psutil.Error):
            own = psutil.Process(pid)
            for process in (own, *own.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    memory += process.memory_full_info().pss
                    descriptors += process.num_fds()
                    threads += process.num_threads()
                    children += 1
        if memory:
            self.memory_mb.append(memory / 1e6)
            self.descriptors.append(descriptors)
            self.threads.append(threads)
            self.children.append(children)


def growth_percent(values: list[float] | list[int]) -> float:
    """How much the last quarter's median lies above the second quarter's, in per cent of that."""
    quarter = len(values) // 4
    if quarter < 2:
        return 0.0
    early, late = statistics.median(values[quarter : 2 * quarter]), statistics.median(values[-quarter:])
    return round((late - early) / early * 100, 1)


class Street:
    """The cameras of the soak, and what can be done to them."""

    def __init__(self, clips: list[Path]) -> None:
        self._clips = clips
        self.control = RtspServer(clips[:1])
        self.many = RtspServer(clips, "--mounts", "6", "--phases", "6")
        self.mortal = RtspServer(clips, "--mounts", "3", "--phases", "3")
        self.locked = RtspServer(clips[:1], "--auth", "digest", "--user", "u", "--password", "right")
        self.behind = RtspServer([*clips[:2], _switching(clips)], "--mounts", "3", "--phases", "3")
        self.mangler = Mangler(self.behind.port)
        silent = RtspServer(clips[:1])
        self._nobody = silent.url(0)
        silent.close()

    def urls(self) -> list[str]:
        return [
            self.control.url(0), *(self.many.url(n) for n in range(6)), *(self.mortal.url(n) for n in range(3)),
            self.locked.url(0, "u:right@"), self.mangler.url(0), self.mangler.url(1), self.behind.url(2), str(_file(self._clips)),
            self._nobody,
        ]  # fmt: skip

    def restart_mortal(self) -> None:
        self.mortal = RtspServer(self._clips, "--mounts", "3", "--phases", "3", "--port", str(self.mortal.port))

    def lock(self, password: str) -> None:
        port = self.locked.port
        self.locked.close()
        options = ("--auth", "digest", "--user", "u", "--password", password, "--port", str(port))
        self.locked = RtspServer(self._clips[:1], *options)

    def close(self) -> None:
        self.mangler.close()
        for server in (self.control, self.many, self.mortal, self.locked, self.behind):
            server.close()


def _switching(clips: list[Path]) -> Path:
    """A stream that changes its picture size in the middle: four seconds D1, four seconds CIF, for ever."""
    small, both = FOLDER / "soak-cif.264", FOLDER / "soak-switching.264"
    if not both.exists():
        street_clip(small, 90, 4.0, 352, 288)
        both.write_bytes(clips[2].read_bytes() + small.read_bytes())
    return both


def _file(clips: list[Path]) -> Path:
    return clips[3]


class Soak:
    """One run."""

    def __init__(self, street: Street, wall: subprocess.Popen[str], every_s: float) -> None:
        self.street, self.wall, self.every_s = street, wall, every_s
        self.faults: list[Fault] = []
        self.samples = Samples()
        self.ended_ms = 0
        self._clock = SystemClock()
        self._chance = random.Random(3)
        self._due: list[tuple[float, Callable[[], None], Fault]] = []

    def now_ms(self) -> int:
        return self._clock.mono_ns() // 1_000_000

    def run(self, seconds: float) -> None:
        """Make faults, one every `every_s`, and mend each when its time has come; take samples in between."""
        end_s = time.monotonic() + seconds
        next_fault_s, next_sample_s = time.monotonic() + 10.0, time.monotonic() + 5.0
        kinds = self._kinds()
        while (now_s := time.monotonic()) < end_s and self.wall.poll() is None:
            for entry in [entry for entry in self._due if entry[0] <= now_s]:
                self._due.remove(entry)
                entry[1]()
                entry[2].ended_ms = self.now_ms()
            if now_s >= next_sample_s:
                self.samples.take(self.wall.pid)
                next_sample_s += 5.0
            if now_s >= next_fault_s and end_s - now_s > 25.0:
                next_fault_s += self.every_s
                self._begin(*next(kinds))
            time.sleep(0.05)
        self.ended_ms = self.now_ms()
        for _, mend, fault in self._due:
            mend()
            fault.ended_ms = self.now_ms()

    def _begin(self, kind: str, tiles: tuple[int, ...], spoil: Callable[[], Callable[[], None] | None], lasts_s: float) -> None:
        fault = Fault(kind, tiles, self.now_ms())
        mend = spoil()
        self.faults.append(fault)
        if mend is None:
            fault.ended_ms = self.now_ms()
        else:
            self._due.append((time.monotonic() + lasts_s, mend, fault))

    def _decoders(self) -> list[psutil.Process]:
        with contextlib.suppress(psutil.Error):
            children = psutil.Process(self.wall.pid).children()
            return [child for child in children if "spawn_main" in " ".join(child.cmdline())]
        return []

    def _kinds(self) -> Iterator[tuple[str, tuple[int, ...], Callable[[], Callable[[], None] | None], float]]:
        street, everyone = self.street, tuple(range(15))
        for turn in itertools.count():
            k = turn % 6
            yield "cut", tuple(range(1, 7)), lambda: self._say("cut"), 0.0
            yield "freeze", (1 + k,), lambda k=k: self._freeze(k), 6.0  # type: ignore[misc]
            yield "server killed", (7, 8, 9), self._kill_mortal, 6.0
            yield "packets lost", (11, 12), lambda: self._mangle(lost=0.08), 4.0
            yield "stamps jump an hour", (11, 12), lambda: self._mangle(offset_s=3600.0), 4.0
            yield "decoder killed", everyone, lambda: self._signal(signal.SIGKILL), 0.0
            yield "one stamp astray", (11, 12), lambda: self._mangle(blip_s=600.0), 2.0
            yield "server stopped", (7, 8, 9), self._stop_mortal, 6.0
            yield "slow way", (11, 12), lambda: self._mangle(delay_s=1.5), 4.0
            yield "decoder stopped", everyone, lambda: self._signal(signal.SIGSTOP), 4.0
            yield "freeze two", (1 + k, 1 + (k + 3) % 6), lambda k=k: self._freeze(k, (k + 3) % 6), 3.0  # type: ignore[misc]
            if turn % 3 == 0:
                yield "password changed", (10,), self._lock, 8.0
            _ = street

    def _say(self, order: str) -> None:
        self.street.many.say(order)

    def _freeze(self, *mounts: int) -> Callable[[], None]:
        for mount in mounts:
            self.street.many.say(f"freeze {mount}")
        return lambda: [self.street.many.say(f"thaw {mount}") for mount in mounts] and None  # type: ignore[return-value]

    def _kill_mortal(self) -> Callable[[], None]:
        self.street.mortal.close()
        return self.street.restart_mortal

    def _stop_mortal(self) -> Callable[[], None]:
        os.kill(self.street.mortal.pid, signal.SIGSTOP)
        return lambda: os.kill(self.street.mortal.pid, signal.SIGCONT)

    def _mangle(self, **how: float) -> Callable[[], None]:
        mangler = self.street.mangler
        for name, value in how.items():
            setattr(mangler, name, value)
        return lambda: [setattr(mangler, name, 0.0) for name in how] and None  # type: ignore[return-value]

    def _lock(self) -> Callable[[], None]:
        self.street.lock("other")
        return lambda: self.street.lock("right")

    def _signal(self, number: int) -> Callable[[], None] | None:
        decoders = self._decoders()
        if not decoders:
            return None
        chosen = self._chance.choice(decoders)
        with contextlib.suppress(psutil.Error):
            chosen.send_signal(number)
        return chosen.resume if number == signal.SIGSTOP else None


def recovery_s(fault: Fault, states: list[dict[str, Any]], began_ms: int, limit_s: float) -> float | None:
    """Seconds from the fault's end until its tile was live, 0 when it still was; None when it was not in time."""
    state = "connecting"
    for seen in states:
        at_ms = began_ms + seen["at_ms"]
        if at_ms > fault.ended_ms:
            if state == "live":
                return 0.0
            if seen["state"] == "live":
                late_s = (at_ms - fault.ended_ms) / 1000
                return late_s if late_s <= limit_s else None
        state = seen["state"]
    return 0.0 if state == "live" else None


def judged(soak: Soak, report: dict[str, Any], minutes: float) -> dict[str, Any]:
    """The run's figures."""
    began_ms, tiles = report["began_mono_ms"], report["tiles"]
    times: dict[str, list[float]] = {}
    never: list[str] = []
    locked = [(one.began_ms, one.ended_ms + _PASSWORD_S * 1000) for one in soak.faults if one.kind == "password changed"]
    for fault in soak.faults:
        limit_s = _PASSWORD_S if fault.kind == "password changed" else _LIVE_AGAIN_S
        if fault.ended_ms + limit_s * 1000 > soak.ended_ms:
            continue  # the run ended first
        for tile in fault.tiles:
            if fault.kind != "password changed" and any(a <= fault.ended_ms <= b for a, b in locked) and tile == 10:
                continue  # it waits out its minute
            took_s = recovery_s(fault, tiles[tile]["states"], began_ms, limit_s)
            if took_s is None:
                never.append(f"{fault.kind} tile {tile} at {round((fault.began_ms - began_ms) / 1000)} s")
            else:
                times.setdefault(fault.kind, []).append(took_s)
    near = [(fault.began_ms, fault.ended_ms + 10_000) for fault in soak.faults if fault.kind.startswith("decoder")]
    disturbed = [
        seen for seen in tiles[0]["states"][2:]
        if seen["state"] != "live" and not any(a <= began_ms + seen["at_ms"] <= b for a, b in near)
    ]  # fmt: skip
    usual = sorted(value for kind, values in times.items() if kind != "password changed" for value in values)
    samples = soak.samples
    return {
        "minutes": minutes, "tiles": len(tiles), "faults": len(soak.faults),
        "memory_mb_second_quarter": round(statistics.median(samples.memory_mb[len(samples.memory_mb) // 4 :][:20] or [0]), 1),
        "memory_mb_end": round(samples.memory_mb[-1], 1) if samples.memory_mb else None,
        "memory_growth_percent": growth_percent(samples.memory_mb),
        "descriptors_end": samples.descriptors[-1], "descriptor_growth_percent": growth_percent(samples.descriptors),
        "processes_end": samples.children[-1],
        "threads_end": samples.threads[-1], "thread_growth_percent": growth_percent(samples.threads),
        "recovery_p50_s": round(statistics.median(usual), 2) if usual else None,
        "recovery_p95_s": round(usual[int(len(usual) * 0.95)], 2) if usual else None,
        "recovery_worst_s": round(usual[-1], 2) if usual else None,
        "recovery_worst_s_by_fault": {kind.replace(" ", "_"): round(max(values), 2) for kind, values in times.items()},
        "never_back": len(never), "never_back_which": never[:20],
        "control_disturbed": len(disturbed), "control_shown_fps": tiles[0]["shown_fps"],
        "final_states": [tile["state"] for tile in tiles],
        "reconnects": sum(tile["reconnects"] for tile in tiles), "cpu_cores": report["cpu_cores"],
        "gui_stall_p99_ms": report["gui_stall_p99_ms"], "gui_stall_max_ms": report["gui_stall_max_ms"],
        "lowered_at_end": sum(tile["lowered"] in ("cpu", "network") for tile in tiles),
    }  # fmt: skip


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Run the soak and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--every", type=float, default=5.0)
    parser.add_argument("--trace", type=Path)
    asked = parser.parse_args(arguments)
    street = Street(street_clips(6))
    try:
        with tempfile.TemporaryDirectory() as folder, peers.screen() as environment:
            command = peers.ours(street.urls(), Path(folder), asked.minutes * 60, "--incident", "1")[0]
            wall = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
            output: list[str] = []
            assert wall.stdout is not None
            reader = threading.Thread(target=lambda: output.append(wall.stdout.read()))  # type: ignore[union-attr]
            reader.start()
            soak = Soak(street, wall, asked.every)
            soak.run(asked.minutes * 60)
            wall.wait(120)
            reader.join()
            wall.stdout.close()
            report = json.loads(output[0])
            figures = judged(soak, report, asked.minutes)
            if asked.trace:
                faults = [[one.kind, one.tiles, one.began_ms, one.ended_ms] for one in soak.faults]
                samples = {name: getattr(soak.samples, name) for name in ("memory_mb", "descriptors", "threads", "children")}
                asked.trace.write_text(json.dumps({"figures": figures, "faults": faults, "samples": samples, "wall": report}))
    finally:
        street.close()
    figures["targets"] = TARGETS
    print(json.dumps(figures))
    return figures


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
