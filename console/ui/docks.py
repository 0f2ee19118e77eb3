"""The docks beside the map: cameras, units, the manual, settings. Never over the map without being asked. GUI thread only."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtWidgets import QApplication, QDockWidget, QMainWindow, QWidget

from console.paths import DataFolder
from console.settings import Settings
from console.ui import keys
from console.ui.around import Around
from console.ui.cameras import Cameras
from console.ui.finding import Finding
from console.ui.help import Help
from console.ui.preferences import Preferences
from console.ui.units import Units
from console.words import tr

WIDTH_PX = 300


class Docks(QObject):
    """Owns the four docks; `pages` names the widgets whose manual page F1 opens."""

    def __init__(self, window: QMainWindow, around: Around, finding: Finding, settings: Settings, folder: DataFolder) -> None:
        super().__init__(window)
        self.cameras, self.units = Cameras(around, finding, window), Units(window)
        self.help, self.preferences = Help(window), Preferences(settings, folder, window)
        self.pages: dict[str, QWidget] = {"cameras": self.cameras, "units": self.units, "settings": self.preferences}
        self._docks: dict[str, QDockWidget] = {}
        right, left = Qt.DockWidgetArea.RightDockWidgetArea, Qt.DockWidgetArea.LeftDockWidgetArea
        table: tuple[tuple[str, QWidget, Qt.DockWidgetArea], ...] = (
            ("cameras", self.cameras, left),
            ("units", self.units, left),
            ("help", self.help, right),
            ("settings", self.preferences, right),
        )
        for name, part, area in table:
            self.add(name, part, area)

    def add(self, name: str, part: QWidget, area: Qt.DockWidgetArea) -> None:
        """One dock more, hidden; its title is the act of its name."""
        window = self.parent()
        assert isinstance(window, QMainWindow)
        dock = QDockWidget(window)
        dock.setObjectName(name)
        part.setMinimumWidth(WIDTH_PX)
        dock.setWidget(part)
        dock.setAllowedAreas(Qt.DockWidgetArea.LeftDockWidgetArea | Qt.DockWidgetArea.RightDockWidgetArea)
        window.addDockWidget(area, dock)
        dock.hide()
        self._docks[name] = dock

    def show(self, name: str) -> None:
        """Show a dock and leave the keyboard where it is."""
        self._docks[name].show()

    def retranslate(self) -> None:
        """Say everything again in the chosen language."""
        self.cameras.retranslate()
        self.units.retranslate()
        self.help.retranslate()
        self.preferences.retranslate()
        for name, dock in self._docks.items():
            dock.setWindowTitle(f"{tr(f'keys.{name}')}   {keys.keys_of(name)}")

    def widgets(self) -> tuple[QDockWidget, ...]:
        """The docks themselves."""
        return tuple(self._docks.values())

    def is_open(self, name: str) -> bool:
        return self._docks[name].isVisible()

    def close_one(self) -> bool:
        """Hide one dock that stands open; False when none does."""
        dock = next((one for one in self._docks.values() if one.isVisible() and not one.isFloating()), None)
        if dock is not None:
            dock.hide()
        return dock is not None

    def toggle(self, name: str) -> None:
        """Show or hide a dock."""
        dock = self._docks[name]
        dock.setVisible(not dock.isVisible())
        part = dock.widget()
        if dock.isVisible() and part is not None:
            part.setFocus()

    @Slot()
    def show_help(self) -> None:
        """The manual's page for what has the focus."""
        focus = QApplication.focusWidget()
        found = (name for name, part in self.pages.items() if focus is not None and (part is focus or part.isAncestorOf(focus)))
        self.help.show_page(next(found, "index"))
        self._docks["help"].show()
        self.help.setFocus()

    @Slot()
    def toggle_settings(self) -> None:
        self.toggle("settings")
