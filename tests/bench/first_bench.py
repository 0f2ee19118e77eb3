"""From the request to the first picture: a camera nobody watches, a camera already watched, a sixteen-tile preset, its stills.

Run: `python -m tests.bench.first_bench [--rounds 5]`. Street streams over RTSP with a key frame every two seconds; a mount nobody
watches begins with one. `held`: another viewer is there, so that a picture comes only with the next key frame; the requests are
spread evenly over the group of pictures, whose half (1000 ms) is then the ideal mean. `stills`: the preset once more, until each
tile shows its last known picture or a live one. The control is bare PyAV opening the same sixteen at once. Milliseconds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench import peers

_GOP_S = 2.0
TARGETS = {"fresh_median_ms": 300, "preset_16_median_ms": 1000, "stills_16_worst_ms": 100, "labels_16_worst_ms": 100,
           "held_over_ideal_ms": 300}  # fmt: skip


def bare_ms(urls: list[str]) -> float:
    """Milliseconds bare PyAV needs to open all URLs at once and decode the first picture of each."""
    import av

    options = {"analyzeduration": "0", "probesize": "32", "fpsprobesize": "0", "rtsp_transport": "tcp"}
    began_s = time.monotonic()

    def look(url: str) -> None:
        with av.open(url, options=options, timeout=10) as container:
            next(container.decode(video=0))

    threads = [threading.Thread(target=look, args=(url,)) for url in urls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return (time.monotonic() - began_s) * 1000


class Screen:
    """A wall in this process, and its Qt application."""

    def __init__(self, stills: Path) -> None:
        from PySide6.QtWidgets import QApplication

        from console.services.feeds import Feeds
        from console.services.load import Planner
        from console.ui import theme
        from console.ui.wall import WallSurface

        self._application = QApplication.instance() or QApplication([])
        theme.apply(self._application)  # type: ignore[arg-type]
        self.feeds = Feeds(stills=stills, plan=Planner().plan)
        self.wall = WallSurface(self.feeds)
        self.wall.resize(*peers.SCREEN)
        self.wall.show()
        self.live(3.0)  # the decoders are there before the first click, as in the console

    def live(self, seconds: float, is_done: Callable[[], bool] = lambda: False) -> None:
        """Let the window live until `is_done()` or for `seconds`."""
        deadline_s = time.monotonic() + seconds
        while time.monotonic() < deadline_s and not is_done():
            self._application.processEvents()
            time.sleep(0.001)

    def ask(self, urls: list[str], turn: str) -> int:
        """Show these cameras; returns when that was asked for (monotonic ns)."""
        from console.ui.tile import TileContent

        began_ns = self.feeds.mono_ns()
        contents = [
            TileContent(f"{turn}/{n}", f"c{url[-4:]}", f"Camera {n}", "tianwang", n + 1, url=url, priority=n)
            for n, url in enumerate(urls)
        ]
        self.wall.set_layout(len(urls))
        self.wall.set_tiles(contents)
        return began_ns

    def firsts_ms(self, began_ns: int, limit_s: float = 20.0) -> list[float]:
        """Milliseconds from the request to each tile's first picture."""
        self.live(limit_s, lambda: all(figures.first_ns for figures in self.wall.figures()))
        return [(figures.first_ns - began_ns) / 1e6 for figures in self.wall.figures()]

    def clear(self, seconds: float) -> None:
        self.wall.set_tiles([])
        self.live(seconds)

    def close(self) -> None:
        self.wall.close_feeds()
        self.wall.close()
        self.feeds.close()


def held_ms(screen: Screen, url: str, rounds: int) -> list[float]:
    """First pictures of a camera that another program already watches, spread over its group of pictures."""
    command = ["ffmpeg", "-v", "error", "-nostdin", "-rtsp_transport", "tcp", "-i", url, "-c", "copy", "-f", "null", "-"]
    found = []
    with peers.running([command], dict(os.environ)):
        screen.live(2.0)
        began_s = time.monotonic()
        for turn in range(rounds):
            screen.live((began_s + (turn + 0.5) / rounds * _GOP_S - time.monotonic()) % _GOP_S)
            found += screen.firsts_ms(screen.ask([url], f"held{turn}"))
            screen.clear(0.5)
    return found


def stills_ms(screen: Screen, began_ns: int) -> tuple[float, float]:
    """Milliseconds until the tiles stood with their labels, and until each showed a still or a picture."""
    screen.wall.repaint()
    labels_ms = (screen.feeds.mono_ns() - began_ns) / 1e6

    def is_shown() -> bool:
        return all(tile.still is not None or tile.arrival_ns for tile in screen.wall.placed)

    screen.live(10.0, is_shown)
    return labels_ms, (screen.feeds.mono_ns() - began_ns) / 1e6


def run(rounds: int) -> dict[str, Any]:
    """All measurements."""
    fresh, presets, labels, stills, bare = [], [], [], [], []
    with tempfile.TemporaryDirectory() as folder, peers.screen() as environment, peers.street(17) as server:
        os.environ.update(environment)
        screen = Screen(Path(folder))
        urls = [server.url(n) for n in range(16)]
        for turn in range(rounds):
            fresh += screen.firsts_ms(screen.ask([server.url(16)], f"fresh{turn}"))
            screen.clear(1.5)
        held = held_ms(screen, server.url(16), max(4, rounds))
        for turn in range(rounds):
            began_ns = screen.ask(urls, f"preset{turn}")
            if turn:  # the first time there are no stills
                shown = stills_ms(screen, began_ns)
                labels.append(shown[0])
                stills.append(shown[1])
            presets.append(max(screen.firsts_ms(began_ns)))
            screen.live(1.0)
            screen.clear(2.0)
            bare.append(bare_ms(urls))
        screen.close()
    return {
        "fresh_median_ms": round(statistics.median(fresh), 1), "fresh_worst_ms": round(max(fresh), 1),
        "held_mean_ms": round(statistics.mean(held), 1),
        "held_over_ideal_ms": round(statistics.mean(held) - _GOP_S * 500, 1), "held_worst_ms": round(max(held), 1),
        "preset_16_median_ms": round(statistics.median(presets), 1), "preset_16_worst_ms": round(max(presets), 1),
        "bare_pyav_16_median_ms": round(statistics.median(bare), 1),
        "labels_16_worst_ms": round(max(labels), 1), "stills_16_median_ms": round(statistics.median(stills), 1),
        "stills_16_worst_ms": round(max(stills), 1),
    }  # fmt: skip


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    figures = run(parser.parse_args(arguments).rounds)
    figures["targets"] = TARGETS
    print(json.dumps(figures))
    return figures


if __name__ == "__main__":
    main()
