"""Which window belongs on which screen: a screen that goes lets its window stand on another one, and has it back when it returns.

In: screens coming and going (`Screens`, Qt's own or a test's), windows moved by hand. GUI thread only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from PySide6.QtCore import QEvent, QObject, QRect, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication, QScreen
from PySide6.QtWidgets import QWidget

SETTLE_MS = 200
"""Unplugging comes in bursts: the windows are looked at when the screens have been quiet this long."""
MOVED_MS = 800
"""A window stands where the hand has left it only after this: before it, it may be the system that clears a screen away."""
_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class ScreenFacts:
    """One screen: `key` tells it from all others even on another socket (its serial number where it tells one)."""

    key: str
    geometry: QRect
    available: QRect


class Screens(Protocol):
    """The screens there are, the first one first. `changed` is a signal without values."""

    changed: Any

    def listed(self) -> tuple[ScreenFacts, ...]: ...

    def bind(self, window: QWidget, key: str) -> None:
        """Tell the window system on which screen the window is about to stand."""


def _key(screen: QScreen) -> str:
    serial = screen.serialNumber().strip()
    return f"{screen.manufacturer()}/{screen.model()}/{serial}" if serial else screen.name()


class SystemScreens(QObject):
    """Qt's screens. Signals: `changed()` one came, went, or has another size or place."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        app = QGuiApplication.instance()
        assert isinstance(app, QGuiApplication)
        app.screenAdded.connect(self._added)
        app.screenRemoved.connect(self._tell)
        app.primaryScreenChanged.connect(self._tell)
        for screen in QGuiApplication.screens():
            screen.geometryChanged.connect(self._tell)

    @Slot(object)
    def _added(self, screen: QScreen) -> None:
        screen.geometryChanged.connect(self._tell)
        self.changed.emit()

    @Slot()
    def _tell(self) -> None:
        self.changed.emit()

    def listed(self) -> tuple[ScreenFacts, ...]:
        """The primary screen first."""
        first = QGuiApplication.primaryScreen()
        screens = sorted(QGuiApplication.screens(), key=lambda one: one is not first)
        return tuple(ScreenFacts(_key(one), one.geometry(), one.availableGeometry()) for one in screens)

    def bind(self, window: QWidget, key: str) -> None:
        screen = next((one for one in QGuiApplication.screens() if _key(one) == key), None)
        if screen is not None:
            window.setScreen(screen)


@dataclass(frozen=True, slots=True)
class Home:
    """Where a window belongs: a screen, its place on it (in the desktop's coordinates), and whether it fills the screen."""

    screen: str
    place: QRect
    is_full: bool

    def to_json(self) -> dict[str, Any]:
        return {"screen": self.screen, "place": list(self.place.getRect()), "is_full": self.is_full}  # type: ignore[call-overload]


def home_of(found: object) -> Home | None:
    """A home as it was kept; None for anything else."""
    try:
        assert isinstance(found, dict)
        left, top, width, height = (int(one) for one in found["place"])
        return Home(str(found["screen"]), QRect(left, top, max(200, width), max(150, height)), bool(found["is_full"]))
    except (AssertionError, KeyError, TypeError, ValueError):
        return None


def place_on(facts: ScreenFacts, number: int = 0) -> QRect:
    """Where a window that is a guest on a screen stands: most of it, each a little further down."""
    room = facts.available
    width, height = round(room.width() * _SHARE), round(room.height() * _SHARE)
    step = 32 * (number % 6)
    left = min(room.left() + (room.width() - width) // 2 + step, room.right() - width + 1)
    top = min(room.top() + (room.height() - height) // 2 + step, room.bottom() - height + 1)
    return QRect(left, top, width, height)


class ScreenKeeper(QObject):
    """Keeps windows on their screens. A window is kept from `keep` to `leave`."""

    def __init__(self, screens: Screens, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._screens = screens
        self._homes: dict[QWidget, Home] = {}
        self._away: set[QWidget] = set()
        """Windows whose screen is gone."""
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(self._place_all)
        self._moved = QTimer(self, singleShot=True, interval=MOVED_MS)
        self._moved.timeout.connect(self._note_homes)
        screens.changed.connect(self._changed)

    def keep(self, window: QWidget, home: Home | None = None) -> None:
        """Show a window at its home, where its screen is there; else where it stands or, as a guest, on the first screen."""
        window.installEventFilter(self)
        if home is None:
            window.show()
            self._homes[window] = self._seen(window)
            return
        self._homes[window] = home
        if home.screen in self._keys():
            self._go_home(window)
        else:
            self._away.add(window)
            self._be_guest(window)

    def leave(self, window: QWidget) -> None:
        """The window closes or is nobody's any more."""
        window.removeEventFilter(self)
        self._homes.pop(window, None)
        self._away.discard(window)

    def home(self, window: QWidget) -> Home | None:
        """Where a kept window belongs now; one that is away keeps the home it lost."""
        if window in self._homes and window not in self._away and not self._settle.isActive():
            self._homes[window] = self._seen(window)
        return self._homes.get(window)

    def is_away(self, window: QWidget) -> bool:
        """Whether a window is a guest because its own screen is not there."""
        return window in self._away

    def free_screen(self, taken: QWidget) -> ScreenFacts | None:
        """A screen on which neither `taken` nor a kept window stands."""
        used = {self._screen_at(window.geometry().center()) for window in (taken, *self._homes)}
        return next((facts for facts in self._screens.listed() if facts.key not in used), None)

    def close(self) -> None:
        self._settle.stop()
        self._moved.stop()
        for window in list(self._homes):
            self.leave(window)

    def _keys(self) -> set[str]:
        return {facts.key for facts in self._screens.listed()}

    def _screen_at(self, point: Any) -> str:
        listed = self._screens.listed()
        found = next((facts for facts in listed if facts.geometry.contains(point)), listed[0] if listed else None)
        return found.key if found is not None else ""

    def _seen(self, window: QWidget) -> Home:
        place = window.normalGeometry() if window.isFullScreen() else window.geometry()
        return Home(self._screen_at(window.geometry().center()), place, window.isFullScreen())

    @Slot()
    def _changed(self) -> None:
        """Homes are frozen at once: what moves now is moved by the system, not by a hand."""
        self._moved.stop()
        self._settle.start()

    @Slot()
    def _place_all(self) -> None:
        keys = self._keys()
        for window, home in list(self._homes.items()):
            if home.screen not in keys:
                self._away.add(window)
                self._be_guest(window)
            elif window in self._away or self._screen_at(window.geometry().center()) != home.screen:
                self._away.discard(window)
                self._go_home(window)

    def _go_home(self, window: QWidget) -> None:
        home = self._homes[window]
        facts = next(one for one in self._screens.listed() if one.key == home.screen)
        # A screen may have come back smaller: the window stands inside it all the same.
        place = home.place if facts.geometry.contains(home.place.center()) else place_on(facts)
        self._screens.bind(window, home.screen)
        if window.isFullScreen() and not home.is_full:
            window.showNormal()
        window.setGeometry(facts.geometry if home.is_full else place)
        window.showFullScreen() if home.is_full else window.show()

    def _be_guest(self, window: QWidget) -> None:
        listed = self._screens.listed()
        if not listed:
            return  # all screens are gone (a locked or sleeping session): nothing is shown anywhere
        facts = listed[0]
        self._screens.bind(window, facts.key)
        window.showNormal()
        window.setGeometry(place_on(facts, sorted(map(id, self._away)).index(id(window))))

    @Slot()
    def _note_homes(self) -> None:
        keys = self._keys()
        for window, home in list(self._homes.items()):
            if window not in self._away and home.screen in keys and window.isVisible():
                self._homes[window] = self._seen(window)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        moved = (QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.WindowStateChange)
        if event.type() in moved and not self._settle.isActive():
            self._moved.start()
        return False


__all__ = ["Home", "ScreenFacts", "ScreenKeeper", "Screens", "SystemScreens", "home_of", "place_on"]
