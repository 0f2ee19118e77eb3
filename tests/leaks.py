"""The leak guard: what a test logged without saying so, and which threads, timers, children and shared memory it left behind."""

from __future__ import annotations

import gc
import logging
import os
import re
import threading
import time
from pathlib import Path
from typing import Any

import psutil

PATIENCE_S = 3.0
"""How long leftovers may take to go: a pool's threads and killed children need some milliseconds on a busy machine."""

_SHARED_MEMORY = Path("/dev/shm")


class LeakGuard:
    """One per test: `start` before it, `stop` after its own fixtures are gone; `stop` returns what is wrong, in words."""

    def __init__(self, looks_for_timers: bool) -> None:
        self._looks_for_timers = looks_for_timers
        self._logged: list[str] = []
        self._expected: list[tuple[re.Pattern[str], list[str]]] = []

    def start(self) -> None:
        self._factory = logging.getLogRecordFactory()
        logging.setLogRecordFactory(self._record)
        self._threads = set(threading.enumerate())
        self._children = _children()
        self._blocks = _blocks()
        if self._looks_for_timers:
            gc.freeze()  # what is there now is left out of gc.get_objects: a walk over all of it takes half a second

    def expect_log(self, pattern: str) -> None:
        self._expected.append((re.compile(pattern), []))

    def stop(self) -> list[str]:
        logging.setLogRecordFactory(self._factory)
        found = self._unexpected_logs()
        left = self._leftovers()
        deadline = time.monotonic() + PATIENCE_S
        while left and time.monotonic() < deadline:
            time.sleep(0.02)
            left = self._leftovers()
        if self._looks_for_timers:
            for timer in _active_timers():
                timer.stop()  # a timer that goes on would fire into the following tests
            gc.unfreeze()
        self._clear_away()
        return found + left

    def _record(self, *args: object, **kwargs: object) -> logging.LogRecord:
        # A factory, not a handler: it also sees loggers that do not propagate and survives logging.basicConfig(force=True).
        record: logging.LogRecord = self._factory(*args, **kwargs)  # type: ignore[arg-type]
        if record.levelno >= logging.WARNING:
            self._logged.append(f"{record.levelname} {record.name}: {record.getMessage()}")
        return record

    def _unexpected_logs(self) -> list[str]:
        found = []
        for line in self._logged:
            for pattern, seen in self._expected:
                if pattern.search(line):
                    seen.append(line)
                    break
            else:
                found.append(f"logged {line}")
        return found + [f"never logged: {pattern.pattern}" for pattern, seen in self._expected if not seen]

    def _leftovers(self) -> list[str]:
        # A dummy thread stands for a Qt thread that once called Python; it stays in the table after its thread has gone.
        threads = [t for t in threading.enumerate() if t not in self._threads and not isinstance(t, threading._DummyThread)]
        found = [f"thread {thread.name}" for thread in threads if thread.is_alive()]
        found += [f"child process {_describe(pid)}" for pid in _children() - self._children if not _may_stay(pid)]
        found += [f"shared memory {name}" for name in _blocks() - self._blocks if _is_ours(name)]
        if self._looks_for_timers:
            found += [f"timer {_name(timer)}" for timer in _active_timers()]
        return found

    def _clear_away(self) -> None:
        """End what was left, so that the next test is judged for itself."""
        for pid in _children() - self._children:
            if not _may_stay(pid):
                try:
                    psutil.Process(pid).kill()
                except psutil.Error:
                    continue
        for name in _blocks() - self._blocks:
            if _is_ours(name):
                (_SHARED_MEMORY / name).unlink(missing_ok=True)


def _children() -> set[int]:
    """Pids of our direct children; zombies count as gone (an orphan may wait seconds for whoever reaps it)."""
    tasks = Path("/proc/self/task")
    if not tasks.is_dir():
        return {child.pid for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE}
    found = set()
    for task in tasks.iterdir():  # 0.1 ms; psutil's walk over every process of the machine takes ten
        try:
            found |= {int(pid) for pid in (task / "children").read_text().split()}
        except OSError:
            continue  # the thread has ended meanwhile
    return {pid for pid in found if _is_alive(pid)}


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _describe(pid: int) -> str:
    try:
        return f"{pid}: {' '.join(psutil.Process(pid).cmdline())[:200]}"
    except psutil.Error:
        return str(pid)


def _may_stay(pid: int) -> bool:
    # multiprocessing's resource tracker serves the whole test session by design.
    return "resource_tracker" in _describe(pid)


def _blocks() -> set[str]:
    return {path.name for path in _SHARED_MEMORY.glob("liandong-*")} if _SHARED_MEMORY.is_dir() else set()


def _is_ours(name: str) -> bool:
    """Blocks are named liandong-<pid>-<n>. A dead program's may be those of another run on this machine; on CI they are ours."""
    pid = name.split("-")[1] if name.count("-") >= 2 else ""
    if pid.isdigit() and int(pid) != os.getpid():
        return os.environ.get("CI", "") == "true" and not psutil.pid_exists(int(pid))
    return True


def _active_timers() -> list[Any]:
    """Running timers made since the guard started."""
    from PySide6.QtCore import QCoreApplication, QEvent, QTimer
    from shiboken6 import isValid

    if QCoreApplication.instance() is None:
        return []
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    return [thing for thing in gc.get_objects() if isinstance(thing, QTimer) and isValid(thing) and thing.isActive()]


def _name(timer: Any) -> str:
    return f"{timer.objectName() or 'without a name'} of {type(timer.parent()).__name__}"
