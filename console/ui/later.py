"""Work with disk or long sums away from the GUI thread, its result handed back to it: one worker, in order. GUI thread only."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot

from console.errors import LiandongError


class Later(QObject):
    """Owns one worker thread, begun on first use; end it with `close`."""

    _done = Signal(object)  # from the worker: (then, Future)

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(1, name)
        self._is_closed = False
        self._done.connect(self._take, Qt.ConnectionType.QueuedConnection)

    def do(self, work: Callable[[], Any], then: Callable[[Any, LiandongError | None], None]) -> None:
        """Run `work` in the worker; `then(result, None)` or `then(None, why)` comes back here, never after `close`."""
        if self._is_closed:
            return
        self._pool.submit(work).add_done_callback(lambda done: self._done.emit((then, done)))

    @Slot(object)
    def _take(self, news: tuple[Callable[[Any, LiandongError | None], None], Future[Any]]) -> None:
        then, done = news
        if self._is_closed or done.cancelled():
            return
        try:
            result = done.result()
        except LiandongError as cause:
            then(None, cause)
            return
        then(result, None)

    def close(self) -> None:
        """Finish what runs, drop what waits."""
        self._is_closed = True
        self._pool.shutdown(wait=True, cancel_futures=True)
