"""Where the wall surface lives: a dock under the map on one screen, or a window of its own on another, full-screen by F11."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QGuiApplication, QScreen
from PySide6.QtWidgets import QVBoxLayout, QWidget

from console.ui import theme
from console.ui.wall import WallSurface
from console.ui.wallscreens import Home, ScreenKeeper
from console.ui.wallwindow import WallWindow


class WallBox(QWidget):
    """The dock. Owns the surface and lends it to the wall window. Signals: `asked(str)` the act of a button of that window."""

    asked = Signal(object)

    def __init__(self, surface: WallSurface, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.surface = surface
        self._window: WallWindow | None = None
        self.keeper: ScreenKeeper | None = None
        """Who keeps the window on its screen, once the walls stand."""
        self._page = QVBoxLayout(self)
        self._page.setContentsMargins(0, 0, 0, 0)
        self._page.addWidget(surface)
        self.setMinimumHeight(theme.px("row") * 5)

    @property
    def is_apart(self) -> bool:
        """Whether the wall has a window of its own."""
        return self._window is not None

    @property
    def window_or_none(self) -> WallWindow | None:
        return self._window

    def other_screen(self) -> QScreen | None:
        """A screen that the main window does not stand on."""
        mine = self.window().screen()
        return next((screen for screen in QGuiApplication.screens() if screen is not mine), None)

    @Slot()
    def take_apart(self, home: Home | None = None) -> None:
        """Give the wall its own window: where it stood before, else full-screen on another screen where there is one."""
        if self._window is not None:
            self.bring_home()
            return
        screen = self.other_screen()
        window = self._window = WallWindow()
        window.asked_home.connect(self.bring_home)
        window.asked.connect(self.asked)
        window.keys_to = self.window()
        window.hold(self.surface)
        self.hide()
        if home is None and screen is not None:
            window.setGeometry(screen.geometry())
            window.showFullScreen()
        elif home is None:
            window.resize(1280, 720)
            window.show()
        if self.keeper is not None:
            self.keeper.keep(window, home)

    @Slot()
    def bring_home(self) -> None:
        """Put the tiles back under the map."""
        window, self._window = self._window, None
        if window is None:
            return
        if self.keeper is not None:
            self.keeper.leave(window)
        window.let_go()
        self._page.addWidget(self.surface)
        self.show()
        self.surface.show()
        window.asked_home.disconnect(self.bring_home)
        window.close()
        window.deleteLater()

    @Slot()
    def full_screen(self) -> None:
        """Full-screen and back; a docked wall gets its window first."""
        if self._window is None:
            self.take_apart()
            window = self._window
            if window is not None:
                window.showFullScreen()
        elif self._window.isFullScreen():
            self._window.showNormal()
        else:
            self._window.showFullScreen()

    def retranslate(self) -> None:
        if self._window is not None:
            self._window.retranslate()
