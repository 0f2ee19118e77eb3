"""Kiosk: the main window fills its screen with the wall alone; the key that brings it brings everything back. GUI thread only."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from console.ui.wallbox import WallBox


class Kiosk(QObject):
    """`hidden()` gives the widgets that are no wall. A strip that marks an exercise stays: it is no chrome."""

    def __init__(self, window: QWidget, box: WallBox, hidden: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._window, self._box, self._hidden = window, box, hidden
        self._away: list[QWidget] = []
        self._was_full = False
        self.is_on = False

    @Slot()
    def toggle(self) -> None:
        """The wall alone, and back."""
        if self.is_on:
            self.leave()
        else:
            self.enter()

    def enter(self) -> None:
        """Show the wall alone, full-screen."""
        if self.is_on:
            return
        self.is_on = True
        self._box.bring_home()
        self._away = [part for part in self._hidden() if not part.isHidden()]
        for part in self._away:
            part.hide()
        self._was_full = self._window.isFullScreen()
        self._window.showFullScreen()
        self._box.surface.setFocus()

    def leave(self) -> None:
        """Bring everything else back."""
        if not self.is_on:
            return
        self.is_on = False
        for part in self._away:
            part.show()
        self._away = []
        if not self._was_full:
            self._window.showNormal()
