"""The main window: header, queue, map, incident panel, wall, status line and docks; what counts with time.

In: a bridge, what is around, the feeds' surface. Out: commands, through flow, choices and panel. GUI thread only.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import QByteArray, QEvent, QSettings, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QApplication, QFrame, QMainWindow, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from console.model.incident import GRADES
from console.services.wallmemory import WallMemory
from console.ui import keys, theme, tourdesk
from console.ui.bridge import Change
from console.ui.choices import Choices
from console.ui.docks import Docks
from console.ui.finding import Finding
from console.ui.header import Header, StatusLine
from console.ui.incident import IncidentPanel
from console.ui.justnow import KEEPING_ACTS, JustNow, Who
from console.ui.login import LoginPage
from console.ui.map import MapView
from console.ui.mapfeed import MapFeed
from console.ui.parts import Parts
from console.ui.picturehands import PictureHands
from console.ui.queue import Queue
from console.ui.saved import SavedStrip
from console.ui.search import SearchBox
from console.ui.tourdesk import TourDesk
from console.ui.units import duty_of
from console.ui.wallbox import WallBox
from console.ui.walls import Walls
from console.ui.watermark import Watermark
from console.words import LANGUAGES, choose, chosen, tr

FIRST_PAINT_MS = 30
"""After this the content has been painted once: only then the window is called usable."""
COMPACT_BELOW_PX = (1600, 850)
BEAT_MS = 250
"""A quarter of a second: what counts by the second is spread over four beats, so that no beat is long."""


class MainWindow(QMainWindow):
    """Signals: `usable()` once, when the content stands with a folded State; `closing()` before it goes."""

    usable = Signal()
    closing = Signal()

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self.parts = parts
        self.bridge, self.around, self.flow, self.sound = parts.bridge, parts.around, parts.flow, parts.sound
        self.operator, self.seat = "", parts.seat
        self._was_usable = False
        self._lit = False
        self._part = -1
        self._memory = QSettings(str(parts.folder.window), QSettings.Format.IniFormat)
        self._build()
        self._connect()
        self._bound = keys.bind(self, self._handlers())
        self._beat = QTimer(self, interval=BEAT_MS)
        self._beat.timeout.connect(self._second)
        self._beat.start()
        self.retranslate()
        self._restore()

    # building --------------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.finding = Finding(self.around, self)
        self.search = SearchBox(self)
        self.header, self.status = Header(self.search, self), StatusLine(self)
        self.queue, self.panel = Queue(self), IncidentPanel(self.bridge, self.around, self)
        self.map = MapView(self)
        self.map_feed = MapFeed(self.bridge, self.around, self.map, self)
        self.wall = WallBox(self.parts.surface, self)
        self.choices = Choices(
            self.bridge, self.around, self.flow, self.queue, self.panel, self.map, self.map_feed, self.parts.wall_feed,
            self.search, self.finding, self,
        )  # fmt: skip
        self.walls = Walls(
            self.bridge, self.around, self.flow, self.parts.wall_feed, self.wall,
            WallMemory(self.parts.folder.root, self.seat), self.choices.ask_for_camera, self.parts.make_surface,
            self._chrome, self,
        )  # fmt: skip
        self.tours = TourDesk(
            self.bridge, self.around, self.flow, self.parts.wall_feed, self.parts.surface, self.parts.folder, self.seat, self
        )
        self.saved = SavedStrip(self.bridge, self.around, self.parts.folder.root, self.panel)
        self.panel.foot.insertWidget(0, self.saved)
        self.just_now = self._build_just_now()
        self.middle = QSplitter(Qt.Orientation.Vertical, self)
        self.middle.addWidget(self.map)
        self.middle.addWidget(self.wall)
        self.columns = QSplitter(Qt.Orientation.Horizontal, self)
        for part in (self.queue, self.middle, self.panel):
            self.columns.addWidget(part)
        for splitter in (self.middle, self.columns):
            splitter.setChildrenCollapsible(False)
            splitter.setHandleWidth(1)
        self.columns.setStretchFactor(1, 1)
        self.middle.setStretchFactor(0, 3)
        self.middle.setStretchFactor(1, 2)
        content = QWidget(self)
        page = QVBoxLayout(content)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(0)
        self._edge, self._line = QFrame(content), QFrame(content)
        self._edge.setFixedHeight(3)
        self._edge.hide()
        self._line.setProperty("role", "separator")
        rows: tuple[tuple[QWidget, int], ...] = (
            (self._edge, 0), (self.header, 0), (self._line, 0), (self.columns, 1), (self.tours.bar, 0), (self.status, 0),
        )  # fmt: skip
        for row, stretch in rows:
            page.addWidget(row, stretch)
        self.login = LoginPage(self.bridge, self.seat, self)
        self.pages = QStackedWidget(self)
        self.pages.addWidget(self.login)
        self.pages.addWidget(content)
        self.setCentralWidget(self.pages)
        self.docks = Docks(self, self.around, self.finding, self.parts.settings, self.parts.folder)
        self.pictures = PictureHands(self.bridge, self.parts.wall_feed, self.walls, self.docks, self.parts.pictures, self)
        self.tours.editor.chosen_cameras = self.docks.cameras.chosen
        self.docks.add("tours", self.tours.dock, Qt.DockWidgetArea.LeftDockWidgetArea)
        self.docks.pages |= {
            "tours": self.tours.dock,
            "queue": self.queue, "map": self.map, "wall": self.parts.surface, "incident": self.panel, "login": self.login,
            "search": self.search,
        }  # fmt: skip

    def _chrome(self) -> tuple[QWidget, ...]:
        """What a kiosk does without: all but the wall and the strip that marks an exercise."""
        return (self.header, self._line, self.queue, self.map, self.panel, self.status, *self.docks.widgets())

    def _build_just_now(self) -> JustNow | None:
        """Playing back and keeping pictures, where this window has streams."""
        parts = self.parts
        if parts.feeds is None or parts.saver is None:
            return None
        parts.wall_feed.ring_s = float(parts.settings.get("video.ring_s"))
        made = JustNow(
            self.bridge, self.around, self.flow, parts.wall_feed, parts.feeds, parts.saver, parts.settings,
            lambda: Who(self.operator, self.seat), self.status.say, self,
        )  # fmt: skip
        self.walls.menu_opening.connect(made.fill_menu)
        return made

    def _connect(self) -> None:
        """One table of connections."""
        bridge, docks = self.bridge, self.docks
        for signal, slot in (
            (bridge.changed, self._changed),
            (bridge.arrived, self._arrived),
            (bridge.caught_up, self._caught_up),
            (bridge.lights, self.status.show_lights),
            (bridge.phase, self._phase),
            (self.login.entered, self._entered),
            (self.header.mute_asked, self.sound.mute),
            (self.header.help_asked, docks.show_help),
            (self.header.settings_asked, docks.toggle_settings),
            (self.sound.changed, self._sound_changed),
            (docks.cameras.wanted, self._cameras_wanted),
            (docks.cameras.pointed, self.choices.show_camera),
            (docks.cameras.to_tour, self._to_tour),
            (docks.units.pointed, self.choices.show_unit),
            (docks.preferences.language_chosen, self.switch_language),
            (docks.preferences.theme_chosen, self._switch_theme),
        ):
            signal.connect(slot)

    def _handlers(self) -> dict[str, Any]:
        acts, docks, queue = self.panel.acts, self.docks, self.queue
        grades = {f"grade_{grade}": partial(acts.grade, grade) for grade in GRADES}
        return {
            "search": self.header.focus_search, "back": self.back, "newest": queue.open_waiting,
            "former_incident": partial(queue.step, -1), "next_incident": partial(queue.step, 1),
            "send_next": acts.send_next, "relink": acts.relink, "note": acts.ask_note, "close_incident": acts.ask_close,
            "recall": acts.ask_recall, "on_behalf": acts.ask_on_behalf, "mute": self.sound.mute,
            "to_map": self.map.setFocus, "to_queue": queue.list.setFocus, "to_wall": self.parts.surface.setFocus,
            "to_panel": self.panel.tabs.setFocus,
            "cameras": partial(docks.toggle, "cameras"), "units": partial(docks.toggle, "units"), "help": docks.show_help,
            "settings": docks.toggle_settings, "language": self.next_language, "log_out": self.log_out, **grades,
            "tours": partial(docks.toggle, "tours"), **{act: partial(self.tours.act, act) for act in tourdesk.ACTS},
            **self.walls.handlers(), **self.pictures.handlers(),
            **(self.just_now.handlers() if self.just_now is not None else dict.fromkeys(KEEPING_ACTS, _nothing)),
        }  # fmt: skip

    # life ------------------------------------------------------------------------------------------------------------

    def _restore(self) -> None:
        """Windows, screens and layout as they were left; else sizes that suit the screen."""
        geometry, columns, middle = (self._memory.value(key) for key in ("geometry", "columns", "middle"))
        if isinstance(geometry, QByteArray):
            self.restoreGeometry(geometry)
        else:
            self.resize(1600, 900)
        if not (isinstance(columns, QByteArray) and self.columns.restoreState(columns)):
            self._default_sizes()
        if isinstance(middle, QByteArray):
            self.middle.restoreState(middle)
        self._lay_out()

    def _default_sizes(self) -> None:
        wide = self.width()
        side, panel = (264, 370) if self._is_small() else (360, 424)
        self.columns.setSizes([side, max(300, wide - side - panel), panel])
        high = self.height() - 80
        self.middle.setSizes([int(high * 0.56), int(high * 0.44)])

    def _is_small(self) -> bool:
        return self.width() < COMPACT_BELOW_PX[0] or self.height() < COMPACT_BELOW_PX[1]

    def remember(self) -> None:
        """Write down where everything stands."""
        for key, value in (
            ("geometry", self.saveGeometry()),
            ("docks", self.saveState()),
            ("columns", self.columns.saveState()),
            ("middle", self.middle.saveState()),
            ("wall_apart", self.wall.is_apart),
            ("map", list(self.map.view_state())),
        ):
            self._memory.setValue(key, value)
        self._memory.sync()

    def remembered(self, key: str) -> Any:
        return self._memory.value(key)

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        self._lay_out()

    def _lay_out(self) -> None:
        """At 1366×768 the panel folds to tabs and the queue to one line an incident."""
        small = self._is_small()
        self.queue.set_compact(small)
        self.panel.set_compact(small)
        self.saved.set_low(small)
        self.queue.setMinimumWidth(250 if small else 300)
        self.panel.setMinimumWidth(366 if small else 400)

    def fit_to(self, width: int, height: int) -> None:
        """Take this size with the sizes that suit it (`--size`)."""
        self.setGeometry(0, 0, width, height)
        self._lay_out()
        self._default_sizes()

    def closeEvent(self, event: Any) -> None:
        self.remember()
        if self.just_now is not None:
            self.just_now.close()
        self.walls.close()
        self.tours.close()
        self.finding.close()
        self.closing.emit()
        event.accept()

    def retranslate(self) -> None:
        """Say everything again in the chosen language."""
        self.setWindowTitle(tr("window.title"))
        parts = (
            self.header, self.status, self.queue, self.panel, self.search, self.login, self.wall, self.walls, self.docks,
            self.pictures, self.tours,
        )  # fmt: skip
        for part in parts:
            part.retranslate()
        self.queue.setAccessibleName(tr("keys.to_queue"))
        self.map_feed.refresh()
        self._show_seat()
        self.parts.wall_feed.refresh()
        for painted in (self.map, self.parts.surface):
            QApplication.sendEvent(painted, QEvent(QEvent.Type.LanguageChange))

    @Slot(object)
    def switch_language(self, language: str) -> None:
        """Another language, at once."""
        choose(language)
        self.retranslate()

    @Slot()
    def next_language(self) -> None:
        self.switch_language(LANGUAGES[(LANGUAGES.index(chosen()) + 1) % len(LANGUAGES)])

    @Slot(object)
    def _switch_theme(self, name: str) -> None:
        app = QApplication.instance()
        if isinstance(app, QApplication):
            theme.apply(app, name)
        self.retranslate()

    # seat ------------------------------------------------------------------------------------------------------------

    @Slot(object)
    def _entered(self, who: tuple[str, str]) -> None:
        self.operator, self.seat = who
        self._show_seat()
        self._show_content()

    @Slot()
    def log_out(self) -> None:
        """Leave the seat: the page asks for the next operator; the tiles close."""
        if not self.operator:
            return
        self.walls.pause()
        self.tours.control.stop("log_out")
        self.flow.close()
        self.bridge.send("LogOut", {"operator": self.operator, "seat": self.seat})
        self.operator = ""
        self._show_seat()
        self.pages.setCurrentIndex(0)

    def _show_seat(self) -> None:
        centre = self.parts.settings.get("centre.name") or (
            tr("window.demo_centre") if self.bridge.state.exercise else self.parts.settings.get("centre.code")
        )
        self.header.show_seat(centre, self.seat, self.operator, self.bridge.state.exercise)
        is_marked = self.operator and not self.bridge.state.exercise and self.parts.settings.get("wall.watermark")
        self.parts.wall_feed.set_watermark(Watermark(self.operator, self.seat) if is_marked else None)
        self._edge.setVisible(self.bridge.state.exercise)
        self._edge.setStyleSheet(f"background: {theme.color('late').name()}; border: none;")

    @Slot()
    def _caught_up(self) -> None:
        self._show_seat()
        self._show_content()

    def _show_content(self) -> None:
        if not self.operator or not self.bridge.is_caught_up:
            return
        self.pages.setCurrentIndex(1)
        self._refresh_lists()
        if not self._was_usable:
            self._was_usable = True
            self.map_feed.refresh()
            view, docks = self._memory.value("map"), self._memory.value("docks")
            if isinstance(docks, QByteArray):
                self.restoreState(docks)
            if isinstance(view, list) and len(view) == 3:
                self.map.set_view_state((float(view[0]), float(view[1]), float(view[2])))
            self.queue.list.setFocus()
            self.panel.prepare()
            painted = QTimer(self, singleShot=True, interval=FIRST_PAINT_MS)  # a child: it ends with the window
            painted.timeout.connect(self._say_usable)
            painted.start()

    @Slot()
    def _say_usable(self) -> None:
        self.usable.emit()

    # hearing ---------------------------------------------------------------------------------------------------------

    @Slot(object)
    def _changed(self, change: Change) -> None:
        if self._was_usable:
            self._refresh_lists()
            self.map_feed.changed(change)
        if "FolderStarted" in change.kinds:
            self._show_seat()

    def _refresh_lists(self) -> None:
        now_ns = self.bridge.now_ns
        self.queue.show_state(self.bridge.state, now_ns)
        self.panel.touch()
        self._show_units()

    def _show_units(self) -> None:
        if self.docks.is_open("units"):
            self.docks.units.show_units(self.around.units, self.bridge.state, self.bridge.fixes, self.bridge.now_ns)

    @Slot(object)
    def _arrived(self, incidents: tuple[str, ...]) -> None:
        """New incidents are heard at once; the map pans to red only by setting."""
        grades = [self.bridge.state.incidents[key].grade for key in incidents]
        for grade in ("red", "orange", "blue", "green"):
            if grade in grades:
                self.sound.play(grade)
                break
        if self.parts.settings.get("console.map_follows") and "red" in grades:
            self.map.fit_incident(incidents[grades.index("red")])

    @Slot(object)
    def _phase(self, news: tuple[str, str]) -> None:
        self.status.show_phase(*news)

    @Slot()
    def _second(self) -> None:
        """What counts, once a second in four parts: clocks and queue, panel, map, wall."""
        now_ns = self.bridge.now_ns
        self._part = (self._part + 1) % 4
        if self._part == 0:
            self.header.show_time(now_ns)
            self._sound_changed()
        if not self._was_usable:
            return
        if self._part == 0:
            self._lit = not self._lit
            unseen = any(i.grade == "red" and i.acknowledged_ns is None for i in self.bridge.state.open_incidents())
            self.sound.insist(unseen)
            self.queue.blink(self._lit)
            self.queue.show_state(self.bridge.state, now_ns)
        elif self._part == 1:
            self.panel.refresh()
            self.saved.show_incident(self.panel.incident)
        elif self._part == 2:
            self.map.set_now(now_ns)
            self.map_feed.beat()
        else:
            self.parts.wall_feed.beat()
            if self.just_now is not None:
                self.just_now.beat()
            if self.operator and self.around.cameras:  # known by now: what stood on the walls comes back
                self.walls.windows.restore(self._memory.value("wall_apart") in (True, "true"))
            self.docks.cameras.show_states(self.parts.wall_feed.states())
            self.docks.cameras.show_conditions(self.bridge.state.conditions)
            self._show_counts()
            self._show_units()

    def _show_counts(self) -> None:
        alive, looked_at = self.parts.wall_feed.counts()
        duties = [duty_of(unit, self.bridge.state) for unit in self.around.units.values()]
        self.header.show_counts(alive, looked_at, sum(1 for duty in duties if duty != "off"), len(duties))

    @Slot()
    def _sound_changed(self) -> None:
        self.header.show_sound(self.sound.muted_s, self.sound.has_player)

    # keys ------------------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: Any) -> None:
        if event.key() == keys.HOLD_KEY:
            if not event.isAutoRepeat() and self.panel.incident:
                self.panel.one_key.hold()
            return
        super().keyPressEvent(event)

    def keyReleaseEvent(self, event: Any) -> None:
        if event.key() == keys.HOLD_KEY:
            if not event.isAutoRepeat():
                self.panel.one_key.let_go()
            return
        super().keyReleaseEvent(event)

    @Slot()
    def back(self) -> None:
        """Esc and Backspace: the question first, then the enlarged tile, then a dock, then the exact former view."""
        if not self.choices.step_back() and not self.docks.close_one():
            self.flow.back()

    @Slot(object)
    def _to_tour(self, cameras: tuple[str, ...]) -> None:
        self.docks.show("tours")
        self.tours.take_cameras(cameras)

    @Slot(object)
    def _cameras_wanted(self, cameras: tuple[str, ...]) -> None:
        """The first goes where the wall's keyboard is, unless an incident or a pin holds that tile; the rest where room is."""
        content = self.parts.surface.focused()
        place = self.parts.wall_feed.place_of(0, content.key) if content is not None else None
        held = next((tile for tile in self.flow.tiles if content is not None and tile.tile == content.key), None)
        if held is not None and (held.incident or held.is_pinned):
            place = None
        for number, camera in enumerate(cameras):
            self.choices.ask_for_camera(camera, *((0, place) if number == 0 and place is not None else ()))


def _nothing() -> None:
    """A key that has nothing to act on in a replay."""


__all__ = ["MainWindow", "Parts"]
