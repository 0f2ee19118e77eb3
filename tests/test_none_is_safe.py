"""PySide6 must not lose references to None: 6.12.0 on Python 3.11 does, and aborts after some five thousand calls."""

from __future__ import annotations

import sys

import PySide6
from PySide6.QtCore import QObject


def test_a_thousand_qt_calls_keep_the_count_of_none() -> None:
    thing = QObject()
    thing.setObjectName("x")
    before = sys.getrefcount(None)

    for _ in range(1000):
        thing.setObjectName("x")
        thing.parent()

    assert before - sys.getrefcount(None) < 100


def test_the_version_in_use_is_one_we_promise() -> None:
    version = tuple(int(part) for part in PySide6.__version__.split("."))

    assert version >= (6, 8, 0)
    assert version[:3] not in {(6, 11, 0), (6, 11, 1), (6, 12, 0)}
