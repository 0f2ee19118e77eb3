"""What a seat keeps of its walls in the data folder: its own layouts (TOML) and how its windows stood (JSON).

Neither is a fact: they say how somebody likes to look, not what was looked at. Reading is short and done once, before the window
stands; writing happens in a thread of its own, whole or not at all, and the newest wins.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import tomllib
import urllib.parse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from console.errors import BadInput
from console.model.layout import Layout, layouts_of, toml
from console.paths import resources

_log = logging.getLogger(__name__)
LARGEST_BYTES = 1_000_000


def shipped() -> tuple[Layout, ...]:
    """The example layouts that come with the program, by file name."""
    found: list[Layout] = []
    for file in sorted(resources("layouts").glob("*.toml")):
        found += _read(file)
    return tuple(found)


def _read(file: Path) -> list[Layout]:
    """The layouts of a file; what is wrong with it is told in the log, and the rest is taken."""
    try:
        if not file.exists():
            return []
        if file.stat().st_size > LARGEST_BYTES:
            raise BadInput("is no layout file: too large", str(file))
        good, bad = layouts_of(tomllib.loads(file.read_text(encoding="utf-8")), str(file))
    except (OSError, ValueError, BadInput) as cause:  # ValueError: no TOML, no UTF-8
        _log.warning("layouts are left out: %s: %s", file, cause)
        return []
    for problem in bad:
        _log.warning("a layout is left out: %s", problem)
    return good


class WallMemory:
    """The files of one seat in `folder` (a data folder). `close` waits for the last writing."""

    def __init__(self, folder: Path, seat: str) -> None:
        safe = urllib.parse.quote(seat, safe="") or "_"
        self.layouts_file, self.windows_file = folder / f"layouts-{safe}.toml", folder / f"walls-{safe}.json"
        self._lock = threading.Lock()  # guards _waiting and _writer
        self._waiting: dict[Path, str] = {}
        self._writer: threading.Thread | None = None
        self._kept: dict[str, Any] | None = None
        """What `keep_windows` was given last: its writing may still be under way."""

    def layouts(self) -> tuple[Layout, ...]:
        """The seat's own layouts, in the order of their keys."""
        return tuple(_read(self.layouts_file))

    def keep_layouts(self, layouts: Sequence[Layout]) -> None:
        self._write(self.layouts_file, toml(layouts))

    def windows(self) -> dict[str, Any]:
        """How the windows stood, as `keep_windows` was given it; {} where nothing (readable) is kept."""
        if self._kept is not None:
            return self._kept
        try:
            if self.windows_file.exists() and self.windows_file.stat().st_size <= LARGEST_BYTES:
                found = json.loads(self.windows_file.read_text(encoding="utf-8"))
                return found if isinstance(found, dict) else {}
        except (OSError, ValueError) as cause:
            _log.warning("the walls are not brought back: %s: %s", self.windows_file, cause)
        return {}

    def keep_windows(self, windows: dict[str, Any]) -> None:
        self._kept = windows
        self._write(self.windows_file, json.dumps(windows, ensure_ascii=False, indent=1))

    def _write(self, file: Path, text: str) -> None:
        with self._lock:
            self._waiting[file] = text
            if self._writer is None:
                self._writer = threading.Thread(target=self._run, name="wall-memory")
                self._writer.start()

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._writer = None
                    return
                file = next(iter(self._waiting))
                text = self._waiting.pop(file)
            try:
                part = file.with_suffix(".part")
                part.write_text(text, encoding="utf-8")
                os.replace(part, file)
            except OSError as cause:
                _log.error("the walls are not kept: %s: %s", file, cause)

    def close(self) -> None:
        """Wait until what was given to keep is written."""
        with self._lock:
            writer = self._writer
        if writer is not None:
            writer.join()
