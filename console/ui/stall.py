"""Stall meter: how long the GUI thread keeps a due timer waiting. The heartbeat of the 100 ms rule."""

from __future__ import annotations

import time
from collections import deque

from PySide6.QtCore import QObject, Qt, QTimer, Slot

_BEAT_MS = 20
_KEPT = 30_000  # ten minutes of beats


class StallMeter(QObject):
    """Beats every 20 ms and keeps by how much each beat came too late. Lives in the GUI thread; emits nothing."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._stalls_ms: deque[float] = deque(maxlen=_KEPT)
        self._worst_ms = 0.0
        self._last_s = 0.0
        self._timer = QTimer(self, timerType=Qt.TimerType.PreciseTimer, interval=_BEAT_MS)
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        """Begin, or begin anew: what was measured before is forgotten."""
        self._stalls_ms.clear()
        self._worst_ms = 0.0
        self._last_s = time.monotonic()
        self._timer.start()

    def stop(self) -> None:
        """Stop beating; the figures stay."""
        self._timer.stop()

    @Slot()
    def _beat(self) -> None:
        now_s = time.monotonic()
        stall_ms = max(0.0, (now_s - self._last_s) * 1000 - _BEAT_MS)
        self._last_s = now_s
        self._stalls_ms.append(stall_ms)
        self._worst_ms = max(self._worst_ms, stall_ms)

    @property
    def worst_ms(self) -> float:
        """The longest stall since `start`."""
        return self._worst_ms

    def percentile_ms(self, part: float = 0.99) -> float:
        """The stall that `part` of the kept beats did not exceed; 0 before the first beat."""
        ordered = sorted(self._stalls_ms)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0
