"""The window's finder: has the roster indexed off the GUI thread and says when its names can be searched. GUI thread only."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from console.services.finder import Finder, Registry
from console.ui.around import Around

LATER_MS = 1500
"""An index nobody has asked for yet waits until the window stands."""
LOOK_MS = 20


class Finding(QObject):
    """Signals: `ready(Registry)` a roster has been indexed."""

    ready = Signal(object)

    def __init__(self, around: Around, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._around, self._finder = around, Finder()
        self._asked = -1
        self._later = QTimer(self, singleShot=True, interval=LATER_MS)
        self._later.timeout.connect(self.need)
        self._looking = QTimer(self, interval=LOOK_MS)
        self._looking.timeout.connect(self._look)
        self.registry: Registry | None = None

    @Slot()
    def roster_changed(self) -> None:
        """There is another roster: index it when the window has had time to paint."""
        self._later.start()

    @Slot()
    def need(self) -> None:
        """Somebody wants to search: index now, unless it is done or being done."""
        self._later.stop()
        around = self._around
        if around.version != self._asked and around.cameras:
            self._asked = around.version
            self._finder.put(around.cameras, around.units, around.places, around.version)
            self._looking.start()

    @Slot()
    def _look(self) -> None:
        newest = self._finder.newest
        if newest is not None and newest is not self.registry:
            self.registry = newest
            self.ready.emit(newest)
        if not self._finder.is_building:
            self._looking.stop()

    def close(self) -> None:
        """Wait for an index being built."""
        self._later.stop()
        self._looking.stop()
        self._finder.close()
