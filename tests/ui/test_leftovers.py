"""What one test leaves behind is named once and fails no other test."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TESTS = """
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

kept = []

class Stubborn(QWidget):
    def closeEvent(self, event):
        raise ValueError("will not close")

def test_1_a_widget_cannot_be_closed(qtbot):
    box = Stubborn()
    kept.append(box)
    qtbot.addWidget(box)
    box.show()

def test_2_is_innocent(qtbot): pass

def test_3_a_timer_runs_on(qtbot):
    kept.append(QTimer())
    kept[-1].timeout.connect(lambda: {}["missing"])
    kept[-1].start(1)

def test_4_is_innocent(qtbot): qtbot.wait(30)
"""


def test_a_leftover_is_named_once(tmp_path: Path) -> None:
    file = tmp_path / "test_few.py"
    file.write_text(TESTS, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider", "-q", "-rN", str(file)]

    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout

    assert "4 passed, 2 errors" in told, told
    assert told.count("timer without a name of NoneType") == 1
    assert "ERROR at teardown of test_1_a_widget_cannot_be_closed" in told
    assert "ERROR at teardown of test_3_a_timer_runs_on" in told
