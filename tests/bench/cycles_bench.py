"""Does anything grow? 1,000 reconnects, 10,000 times opened and closed, and what one D1 tile takes of memory.

Run: `python -m tests.bench.cycles_bench [--reconnects 1000] [--cycles 10000]`. The engine without a window (`Feeds` in this
process and its decoder children). Reconnects: 32 RTSP cameras whose connections are cut again and again. Cycles: 48 small files
and 16 RTSP cameras, opened together, closed when each has its first picture. Memory is the tree's proportional share, taken after
a rest with the same feeds open; growth is between a fifth of the way and the end. Prints one JSON document.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from console.model.wall import WantedFeed
from console.services.feeds import Feeds
from tests.bench.streams import street_clip, street_clips
from tests.end2end.cameras import RtspServer

_TILES = 32
_FILES, _CAMERAS = 48, 16
TARGETS = {
    "reconnects.memory_growth_percent": 5, "reconnects.descriptor_growth": 2, "reconnects.thread_growth": 1,
    "cycles.memory_growth_percent": 5, "cycles.descriptor_growth": 2, "cycles.thread_growth": 1,
    "memory.per_d1_tile_mb": 8,
}  # fmt: skip


def tree() -> dict[str, float]:
    """Memory (MB), descriptors and threads of this process and its children, the server left out."""
    own = psutil.Process(os.getpid())
    memory = descriptors = threads = 0
    for process in (own, *own.children(recursive=True)):
        with contextlib.suppress(psutil.Error):
            if "rtsp_server.py" in " ".join(process.cmdline()):
                continue
            memory += process.memory_full_info().pss
            descriptors += process.num_fds()
            threads += process.num_threads()
    return {"memory_mb": round(memory / 1e6, 1), "descriptors": descriptors, "threads": threads}


def growth(early: dict[str, float], late: dict[str, float]) -> dict[str, float]:
    return {
        "memory_mb_early": early["memory_mb"], "memory_mb_end": late["memory_mb"],
        "memory_growth_percent": round((late["memory_mb"] / early["memory_mb"] - 1) * 100, 1),
        "descriptor_growth": late["descriptors"] - early["descriptors"],
        "thread_growth": late["threads"] - early["threads"],
    }  # fmt: skip


def wait_until(is_so: Callable[[], bool], limit_s: float = 60.0) -> None:
    deadline_s = time.monotonic() + limit_s
    while not is_so():
        if time.monotonic() > deadline_s:
            raise RuntimeError("the feeds did not come")
        time.sleep(0.01)


def wanted(urls: list[str], turn: str = "", width: int = 160, height: int = 120, ring_s: float = 0.0) -> list[WantedFeed]:
    return [WantedFeed(f"{turn}{n}", f"c{n}", url, width_px=width, height_px=height, ring_s=ring_s) for n, url in enumerate(urls)]


def all_live(feeds: Feeds, tiles: int) -> bool:
    health = feeds.health()
    return len(health) == tiles and all(one.state == "live" for one in health.values())


def has_pictures(feeds: Feeds, names: list[str]) -> bool:
    return all((slot := feeds.slot(name)) is not None and slot.generation for name in names)


def reconnects(count: int, clip: Path) -> dict[str, Any]:
    """Cut every connection until all feeds together have come back `count` times."""
    server, feeds = RtspServer([clip], "--mounts", str(_TILES)), Feeds()
    feeds.want(wanted([server.url(n) for n in range(_TILES)]))
    began_s, early, done = time.monotonic(), None, 0
    try:
        wait_until(lambda: all_live(feeds, _TILES))
        while done < count:
            before = done
            server.say("cut")
            target = before + _TILES
            wait_until(lambda target=target: sum(one.reconnects for one in feeds.health().values()) >= target)  # type: ignore[misc]
            done = sum(one.reconnects for one in feeds.health().values())
            if early is None and done >= count / 5:
                wait_until(lambda: all_live(feeds, _TILES))
                time.sleep(3.0)
                early = tree()
        wait_until(lambda: all_live(feeds, _TILES))
        time.sleep(3.0)
        late = tree()
    finally:
        feeds.close()
        server.close()
    return {"count": done, "seconds": round(time.monotonic() - began_s), **growth(early or late, late)}


def cycles(count: int, clip: Path, file: Path) -> dict[str, Any]:
    """Open and close feeds until `count` have been opened."""
    server, feeds = RtspServer([clip], "--mounts", str(_CAMERAS)), Feeds()
    urls = [server.url(n) for n in range(_CAMERAS)] + [str(file)] * _FILES
    steady = wanted(urls[:_CAMERAS])
    began_s, early, done = time.monotonic(), None, 0

    def rest() -> dict[str, float]:
        feeds.want(steady)
        wait_until(lambda: has_pictures(feeds, [one.tile for one in steady]))
        time.sleep(3.0)
        return tree()

    try:
        while done < count:
            # One file would be shared by all its tiles: an option of no effect makes each a stream of its own.
            asked = [
                WantedFeed(f"{done}/{n}", f"c{n}", url, width_px=160, height_px=120, ring_s=0.0,
                           open_options=(("user_agent", f"bench{n}"),) if n >= _CAMERAS else ())
                for n, url in enumerate(urls)
            ]  # fmt: skip
            feeds.want(asked)
            names = [one.tile for one in asked]
            wait_until(lambda names=names: has_pictures(feeds, names))  # type: ignore[misc]
            feeds.want(())
            done += len(asked)
            if early is None and done >= count / 5:
                early = rest()
        late = rest()
    finally:
        feeds.close()
        server.close()
    return {"count": done, "seconds": round(time.monotonic() - began_s), **growth(early or late, late)}


def memory(clips: list[Path]) -> dict[str, Any]:
    """What sixteen more D1 tiles of 480x270 take, without their packet rings."""
    server, feeds = RtspServer(clips, "--mounts", "18", "--phases", "6"), Feeds()
    try:
        found = []
        for tiles in (2, 18):
            feeds.want(wanted([server.url(n) for n in range(tiles)], "", 480, 270))
            wait_until(lambda tiles=tiles: all_live(feeds, tiles))  # type: ignore[misc]
            time.sleep(5.0)
            found.append(tree()["memory_mb"])
    finally:
        feeds.close()
        server.close()
    return {"two_tiles_mb": found[0], "eighteen_tiles_mb": found[1], "per_d1_tile_mb": round((found[1] - found[0]) / 16, 2)}


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reconnects", type=int, default=1000)
    parser.add_argument("--cycles", type=int, default=10_000)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        small, file = (street_clip(Path(folder) / name, 50, 2.0, 160, 128, gop=25) for name in ("small.264", "small.mp4"))
        figures: dict[str, Any] = {
            "memory": memory(street_clips(6)),
            "reconnects": reconnects(asked.reconnects, small),
            "cycles": cycles(asked.cycles, small, file),
        }
    figures["targets"] = TARGETS
    print(json.dumps(figures))
    return figures


if __name__ == "__main__":
    main()
