"""`liandong wall`: a plain borderless wall of listed feeds, for a given time, and what was measured. Needs no desk.

It shares its budget with the console: with `incident` the first feeds count as tiles of a red incident, which keep every picture.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import psutil
from PySide6.QtCore import QObject, Qt, QTimer, Slot
from PySide6.QtWidgets import QApplication

from console import words
from console.clock import SystemClock
from console.errors import BadInput
from console.logs import mask
from console.media import source
from console.model.wall import FeedHealth
from console.services.feeds import Feeds
from console.services.load import Planner
from console.ui import overrides, theme
from console.ui.stall import StallMeter
from console.ui.tile import TileContent
from console.ui.wall import WallSurface

_NO_PICTURE_S = 15.0  # without any first picture the run is counted from here


def read_feeds(file: Path) -> list[tuple[str, str]]:
    """The (main, sub) URLs of a feeds file, one feed a line, the sub stream after a tab ("" without one).

    Empty lines and `#` comments are left out. Raises BadInput naming the line.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as cause:
        raise BadInput(f"cannot be read: {cause}", str(file), "give a text file with one URL a line") from cause
    urls = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        main, _, sub = (part.strip() for part in line.partition("\t"))
        try:
            for url in (main, sub) if sub else (main,):
                source.parse(url)
        except BadInput as bad:
            raise BadInput(bad.what, f"{file} line {number}", bad.todo) from bad
        urls.append((main, sub))
    if not urls:
        raise BadInput("no feed in it", str(file), "write one URL a line")
    return urls


class _Seen:
    """The states each tile went through. Written in the media thread by appending, read in the GUI thread."""

    def __init__(self) -> None:
        self._clock = SystemClock()
        self._states: dict[str, list[tuple[str, int]]] = {}

    def note(self, health: FeedHealth) -> None:
        states = self._states.setdefault(health.tile, [])
        if not states or states[-1][0] != health.state:
            states.append((health.state, self._clock.mono_ns()))

    def of(self, tile: str, began_ns: int) -> list[dict[str, Any]]:
        return [{"state": state, "at_ms": round((at_ns - began_ns) / 1e6)} for state, at_ns in list(self._states.get(tile, ()))]


class _Run(QObject):
    """One run of the plain wall; `result` is the contract's JSON once `QApplication.exec` has returned."""

    def __init__(
        self, feeds: Feeds, seen: _Seen, urls: list[tuple[str, str]], layout: int, seconds: float, size: tuple[int, int],
        incident: int,
    ) -> None:  # fmt: skip
        super().__init__()
        self._feeds, self._seen = feeds, seen
        self._urls, self._seconds = urls, seconds
        self._began_ns = 0
        self._counted_ns = 0
        self._cpu_before_s = 0.0
        self.result: dict[str, Any] = {}
        self._surface = WallSurface(self._feeds)
        self._surface.setWindowFlags(Qt.WindowType.FramelessWindowHint | Qt.WindowType.Window)
        self._surface.setWindowTitle("liandong wall")
        self._surface.setGeometry(0, 0, *size)
        self._surface.set_layout(layout)
        self._surface.set_tiles(
            [
                TileContent(
                    str(i), f"feed {i + 1}", mask(Path(url).name or url), url=url, url_sub=sub, priority=i,
                    incident_grade="red" if i < incident else "", is_large=len(urls) == 1,
                    ring_s=0.0,  # nothing here plays back or keeps
                )
                for i, (url, sub) in enumerate(urls)
            ]
        )  # fmt: skip
        self._stall = StallMeter(self)
        self._timer = QTimer(self, interval=50, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        self._began_ns = self._feeds.mono_ns()
        self._surface.show()
        self._timer.start()

    @Slot()
    def _tick(self) -> None:
        now_ns = self._feeds.mono_ns()
        if not self._counted_ns:
            has_picture = any(figures.first_ns for figures in self._surface.figures())
            if has_picture or now_ns - self._began_ns > _NO_PICTURE_S * 1e9:
                self._counted_ns = now_ns
                self._cpu_before_s = self._tree()[0]
                self._stall.start()
        elif now_ns - self._counted_ns >= self._seconds * 1e9:
            self._finish(now_ns)

    def _tree(self) -> tuple[float, float]:
        """CPU seconds and resident megabytes of this process and its children."""
        cpu_s = rss_bytes = 0.0
        own = psutil.Process(os.getpid())
        for process in (own, *own.children(recursive=True)):
            try:
                times = process.cpu_times()
                cpu_s += times.user + times.system
                rss_bytes += process.memory_info().rss
            except psutil.Error:
                continue
        return cpu_s, rss_bytes / 1e6

    def _finish(self, now_ns: int) -> None:
        self._timer.stop()
        self._stall.stop()
        cpu_s, rss_mb = self._tree()
        health = dict(self._feeds.health())
        tiles = []
        for index, ((url, _), figures) in enumerate(zip(self._urls, self._surface.figures(), strict=False)):
            known = health.get(str(index))
            span_s = (now_ns - figures.first_ns) / 1e9 if figures.first_ns else 0.0
            ages = sorted(figures.ages_ms)
            tiles.append({
                "url": mask(url),
                "state": known.state if known else "connecting",
                "states": self._seen.of(str(index), self._began_ns),
                "error": known.error if known else None,
                "detail": known.detail if known else "",
                "profile": known.profile if known else "main",
                "mode": known.mode if known else "all",
                "lowered": known.lowered if known else "",
                "shown_fps": round(figures.painted / span_s, 2) if span_s else 0.0,
                "decoded_fps": round(self._feeds.decoded(str(index)) / span_s, 2) if span_s else 0.0,
                "age_p95_ms": round(ages[int(len(ages) * 0.95)], 1) if ages else None,
                "first_picture_ms": round((figures.first_ns - self._began_ns) / 1e6, 1) if figures.first_ns else None,
                "reconnects": known.reconnects if known else 0,
                "drops": self._feeds.drops(str(index)) + figures.torn,
            })  # fmt: skip
        span_s = max(1e-9, (now_ns - self._counted_ns) / 1e9)
        self.result = {
            "tiles": tiles,
            "began_mono_ms": self._began_ns // 1_000_000,
            "cpu_cores": round((cpu_s - self._cpu_before_s) / span_s, 3),
            "gui_stall_p99_ms": round(self._stall.percentile_ms(), 1),
            "gui_stall_max_ms": round(self._stall.worst_ms, 1),
            "rss_mb": round(rss_mb, 1),
        }
        self._surface.close_feeds()
        self._surface.close()
        QApplication.quit()

    def close(self) -> None:
        """Take the window away."""
        self._timer.stop()
        self._surface.close_feeds()
        self._surface.deleteLater()


def run_wall(feeds_file: Path, layout: int = 16, seconds: float = 10.0, size: tuple[int, int] = (1920, 1080),
             lang: str = "zh_CN", incident: int = 0) -> dict[str, Any]:  # fmt: skip
    """Show the feeds listed in `feeds_file` for `seconds` counted from the first picture; returns the contract's JSON.

    The first `incident` feeds are tiles of a red incident. Raises BadInput for an unreadable file or a line that is no feed.
    """
    urls = read_feeds(feeds_file)
    words.choose(lang)
    seen = _Seen()
    feeds = Feeds(on_health=seen.note, plan=Planner().plan)  # before Qt: the decoders start while it does
    try:
        application = QApplication.instance() or QApplication([sys.argv[0]])
        assert isinstance(application, QApplication)
        overrides.make_safe()
        theme.apply(application)
        return _run(_Run(feeds, seen, urls, max(layout, len(urls)), seconds, size, incident))
    finally:
        feeds.close()


def _run(run: _Run) -> dict[str, Any]:
    try:
        run.start()
        QApplication.exec()
    finally:
        run.close()
    return run.result
