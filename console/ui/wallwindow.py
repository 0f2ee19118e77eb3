"""A wall window: tiles only; its few buttons come with the pointer and go again. GUI thread only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from console.ui import keys
from console.words import tr

CHROME_MS = 2500
"""The buttons stay this long after the pointer has come to rest."""
BUTTONS = ("layout_menu", "layout_editor", "undo", "wall_full", "wall_close")
"""Acts of the window that have a button; their keys stand on them."""


class Chrome(QFrame):
    """A wall's name and buttons. Signals: `asked(str)` the act of a button."""

    asked = Signal(object)

    def __init__(self, parent: QWidget, acts: Sequence[str]) -> None:
        super().__init__(parent)
        self.setProperty("role", "raised")
        self.setAutoFillBackground(True)
        self.name = QLabel(self)
        self._buttons: dict[str, QToolButton] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.addWidget(self.name)
        for act in acts:
            button = QToolButton(self)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setObjectName(act)
            button.clicked.connect(self._clicked)
            row.addWidget(button)
            self._buttons[act] = button
        self._rest = QTimer(self, singleShot=True, interval=CHROME_MS)
        self._rest.timeout.connect(self._hide_unless_needed)
        self.hide()

    def retranslate(self, name: str) -> None:
        self.name.setText(name)
        for act, button in self._buttons.items():
            button.setText(tr(f"hands.button.{act}"))
            button.setToolTip(f"{tr(f'keys.{act}')}   {keys.keys_of(act)}")
        self._fit()

    def appear(self) -> None:
        """The pointer has moved: stand at the top for a while."""
        if not self.isVisible():
            self._fit()
            self.show()
            self.raise_()
        self._rest.start()

    def vanish(self) -> None:
        self._rest.stop()
        self.hide()

    def _fit(self) -> None:
        around = self.parentWidget()
        self.adjustSize()
        if around is not None:
            self.move(max(0, (around.width() - self.width()) // 2), 0)

    @Slot()
    def _hide_unless_needed(self) -> None:
        if self.underMouse():
            self._rest.start()
        else:
            self.hide()

    @Slot()
    def _clicked(self) -> None:
        sender = self.sender()
        if sender is not None:
            self.asked.emit(sender.objectName())


class WallWindow(QWidget):
    """A top-level window that holds tiles only.

    Signals: `asked_home()` it was closed: its tiles go home, or off; `asked(str)` the act of one of its buttons.
    """

    asked_home = Signal()
    asked = Signal(object)

    def __init__(self, number: int = 0) -> None:
        super().__init__(None, Qt.WindowType.Window)
        self.number = number
        self.page = QVBoxLayout(self)
        self.page.setContentsMargins(0, 0, 0, 0)
        self.chrome = Chrome(self, BUTTONS)
        self.chrome.asked.connect(self.asked)
        self._surface: QWidget | None = None
        self.keys_to: QWidget | None = None
        """Who hears the key that must be held, which is no shortcut: the main window."""
        self.retranslate()

    def hold(self, surface: QWidget) -> None:
        """Show this surface."""
        self._surface = surface
        self.page.addWidget(surface)
        surface.installEventFilter(self)
        surface.show()

    def let_go(self) -> None:
        """The surface goes elsewhere."""
        if self._surface is not None:
            self._surface.removeEventFilter(self)
            self._surface = None

    def retranslate(self) -> None:
        title = tr("hands.wall_title", number=self.number + 1) if self.number else tr("window.wall_title")
        self.setWindowTitle(title)
        self.chrome.retranslate(tr("hands.wall_name", number=self.number + 1))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.MouseMove:
            self.chrome.appear()
        elif event.type() == QEvent.Type.Leave:
            self.chrome.vanish()
        return False

    def keyPressEvent(self, event: Any) -> None:
        if event.key() == keys.HOLD_KEY and self.keys_to is not None:
            QApplication.sendEvent(self.keys_to, event)
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: Any) -> None:
        if event.key() == keys.HOLD_KEY and self.keys_to is not None:
            QApplication.sendEvent(self.keys_to, event)
        else:
            super().keyReleaseEvent(event)

    def closeEvent(self, event: Any) -> None:
        self.chrome.vanish()
        self.asked_home.emit()
        event.accept()
