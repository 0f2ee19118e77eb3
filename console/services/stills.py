"""Stills: the last known picture of each camera that may be kept, one JPEG file each. Any thread asks, the media thread reads."""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass
from pathlib import Path

_IN_MEMORY = 128


@dataclass(frozen=True, slots=True)
class Still:
    """The last known picture of a camera: JPEG bytes, and when it was seen (UTC)."""

    jpeg: bytes
    at_ns: int


class Stills:
    """`folder` None: none are kept and none are known."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._known: dict[str, Still | None] = {}
        self._asked: deque[str] = deque()

    @property
    def are_kept(self) -> bool:
        return self._folder is not None

    def ask(self, camera: str) -> None:
        """Have `camera`'s still read by the media thread, if it is not known yet."""
        if self._folder is not None and camera not in self._known:
            self._asked.append(camera)

    def forget(self, camera: str) -> None:
        """A newer one is being written: read it when it is next asked for."""
        self._known.pop(camera, None)

    def knows(self, camera: str) -> bool:
        """True once it is known whether `camera` has a still."""
        return camera in self._known

    def get(self, camera: str) -> Still | None:
        return self._known.get(camera)

    def path(self, camera: str) -> Path:
        """Where `camera`'s still lies; its name does not tell the camera's."""
        assert self._folder is not None
        return self._folder / (hashlib.sha256(camera.encode()).hexdigest()[:20] + ".jpg")

    def read_asked(self) -> None:
        """Read what was asked for. Media thread."""
        while self._asked:
            camera = self._asked.popleft()
            path = self.path(camera)
            try:
                self._known[camera] = Still(path.read_bytes(), path.stat().st_mtime_ns)
            except OSError:
                self._known[camera] = None
            while len(self._known) > _IN_MEMORY:
                self._known.pop(next(iter(self._known)))
