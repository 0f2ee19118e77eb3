"""An error of C code in an override reaches Python's hook; without the frame the process dies (so each run is a child's)."""

from __future__ import annotations

import subprocess
import sys

import pytest

CHILD = """
import sys
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication, QWidget
from console.ui import overrides

class Box(QWidget):
    def sizeHint(self):
        return QSize(int("no number"), 1)

    def paintEvent(self, event):
        int("no number")

app = QApplication([])
box = Box()
if sys.argv[1] == "safe":
    print("made safe", overrides.make_safe("__main__"), flush=True)
for _ in range(3):
    try:
        box.show()
        box.update()
        app.processEvents()
    except Exception as problem:
        print("caught", type(problem).__name__, flush=True)
print("alive", flush=True)
"""


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="Python 3.12 passes whole exceptions")
def test_an_error_in_an_override_does_not_end_the_program() -> None:
    done = subprocess.run([sys.executable, "-c", CHILD, "safe"], capture_output=True, text=True, timeout=30, check=False)

    assert done.returncode == 0, done.stderr
    assert "made safe 2" in done.stdout
    assert "caught ValueError" in done.stdout
    assert done.stdout.endswith("alive\n")
