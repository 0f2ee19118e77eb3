"""Calling a camera by its number: `#`, digits or an id, Enter; it comes to the tile the keyboard is on. GUI thread only."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QWidget

from console.model.camera import Camera
from console.ui import spoken
from console.words import tr


def find_camera(text: str, numbered: Iterable[Mapping[str, Any]], cameras: Mapping[str, Camera]) -> Camera | None:
    """The camera meant by `text`: by its number in the verdict list, its id, or as the only one whose id ends so; else None."""
    wanted = unicodedata.normalize("NFKC", text).strip().lstrip("#").strip().lower()  # full-width digits and # too
    if not wanted:
        return None
    if wanted.isdecimal():
        for one in numbered:
            if int(str(one["number"])) == int(wanted):
                return cameras.get(str(one["camera"]))
    exact = next((camera for camera in cameras.values() if camera.id.lower() == wanted), None)
    if exact is not None:
        return exact
    ends = [camera for camera in cameras.values() if camera.id.lower().endswith(wanted)]
    return ends[0] if len(ends) == 1 else None


class CallBox(QFrame):
    """A line over the wall. Signals: `called(str)` the camera's id; it hides itself then and when it is left."""

    called = Signal(object)

    def __init__(self, find: Callable[[str], Camera | None]) -> None:
        super().__init__()
        self._find = find
        self._home: QWidget | None = None
        self.setProperty("role", "raised")
        self.setAutoFillBackground(True)
        self.line, self._name = QLineEdit(self), QLabel(self)
        self.line.setMaxLength(40)
        self.line.setFixedWidth(150)
        self._name.setMinimumWidth(180)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 6, 8, 6)
        for part in (QLabel("#", self), self.line, self._name):
            row.addWidget(part)
        self.line.textChanged.connect(self._typed)
        self.line.returnPressed.connect(self._enter)
        self.line.installEventFilter(self)
        self.hide()

    def begin(self, over: QWidget) -> None:
        """Ask for a number, over this wall; the keyboard goes back to it afterwards."""
        self._home = over
        self.setParent(over)
        self.line.setPlaceholderText(tr("hands.call.hint"))
        self.line.setAccessibleName(tr("keys.call_camera"))
        self.line.clear()
        self._typed("")
        self.adjustSize()
        self.move(max(0, (over.width() - self.width()) // 2), max(0, over.height() - self.height() - 24))
        self.show()
        self.raise_()
        self.line.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def leave(self) -> None:
        """Hide; the wall has the keyboard again."""
        home, self._home = self._home, None
        self.hide()
        self.setParent(None)
        if home is not None:
            home.setFocus(Qt.FocusReason.OtherFocusReason)

    def eventFilter(self, watched: Any, event: Any) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and event.key() in (Qt.Key.Key_Escape, Qt.Key.Key_Backspace):
            event.accept()
            return True
        if event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Escape:
            self.leave()
            return True
        if event.type() == QEvent.Type.FocusOut and self.isVisible() and event.reason() == Qt.FocusReason.MouseFocusReason:
            self._home = None
            self.leave()
        return False

    @Slot(str)
    def _typed(self, text: str) -> None:
        found = self._find(text) if text else None
        self._name.setText(spoken.named(found) if found is not None else tr("hands.call.none") if text else "")

    @Slot()
    def _enter(self) -> None:
        found = self._find(self.line.text())
        if found is not None:
            self.leave()
            self.called.emit(found.id)
