"""The guard that judges every test is itself tested: it must see each kind of leftover, and must not cry wolf."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from multiprocessing import shared_memory

import pytest

from tests import leaks
from tests.leaks import LeakGuard


@pytest.fixture
def guard(monkeypatch: pytest.MonkeyPatch) -> Iterator[LeakGuard]:
    monkeypatch.setattr(leaks, "PATIENCE_S", 0.05)
    outer = logging.getLogRecordFactory()
    logging.setLogRecordFactory(logging.LogRecord)  # what these tests log is not the real guard's business
    guard = LeakGuard(looks_for_timers=False)
    guard.start()
    yield guard
    logging.setLogRecordFactory(outer)


def test_a_clean_test_leaves_nothing(guard: LeakGuard) -> None:
    logging.getLogger("any").debug("quiet")

    assert guard.stop() == []


def test_a_warning_is_seen_even_when_it_does_not_propagate(guard: LeakGuard) -> None:
    logger = logging.getLogger("quiet.corner")
    logger.propagate = False
    logger.addHandler(logging.NullHandler())

    logger.warning("the %s is full", "disk")

    assert guard.stop() == ["logged WARNING quiet.corner: the disk is full"]


def test_an_expected_warning_is_allowed_and_a_missing_one_is_not(guard: LeakGuard) -> None:
    guard.expect_log("disk is full")
    guard.expect_log("broker is gone")

    logging.getLogger("console").warning("the disk is full")

    assert guard.stop() == ["never logged: broker is gone"]


def test_a_thread_left_running_is_named(guard: LeakGuard) -> None:
    end = threading.Event()
    thread = threading.Thread(target=end.wait, name="left-behind")
    thread.start()
    try:
        assert guard.stop() == ["thread left-behind"]
    finally:
        end.set()
        thread.join()


def test_a_child_left_running_is_named_and_ended(guard: LeakGuard) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        found = guard.stop()

        assert len(found) == 1
        assert found[0].startswith(f"child process {child.pid}:")
    finally:
        child.wait(5)
        assert child.stdin is not None
        child.stdin.close()


def test_a_shared_memory_block_left_behind_is_named_and_removed(guard: LeakGuard) -> None:
    block = shared_memory.SharedMemory(f"liandong-{leaks.os.getpid()}-test", create=True, size=64)
    block.close()

    assert guard.stop() == [f"shared memory {block.name}"]

    assert block.name not in leaks._blocks()
    from multiprocessing import resource_tracker

    resource_tracker.unregister(block._name, "shared_memory")  # type: ignore[attr-defined]


def test_a_running_timer_is_named(qapp: object, monkeypatch: pytest.MonkeyPatch) -> None:
    from PySide6.QtCore import QTimer

    monkeypatch.setattr(leaks, "PATIENCE_S", 0.05)
    guard = LeakGuard(looks_for_timers=True)
    guard.start()
    timer = QTimer(objectName="blink")
    timer.start(1000)
    try:
        assert guard.stop() == ["timer blink of NoneType"]
    finally:
        timer.stop()
