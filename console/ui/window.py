"""The main window: header, queue, map, incident panel, wall, status line and the docks; where signals of the parts meet.

In: a bridge, what is around, the feeds' surface. Out: commands through flow and panel. GUI thread only.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from PySide6.QtCore import QByteArray, QEvent, QSettings, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QFrame,
    QLineEdit,
    QMainWindow,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from console.model.incident import GRADES
from console.paths import DataFolder
from console.settings import Settings
from console.ui import keys, theme
from console.ui.around import Around
from console.ui.bridge import Bridge, Change
from console.ui.cameras import Cameras
from console.ui.flow import Flow
from console.ui.header import Header, StatusLine
from console.ui.help import Help
from console.ui.incident import IncidentPanel
from console.ui.login import LoginPage
from console.ui.map import MapView
from console.ui.mapfeed import MapFeed
from console.ui.preferences import Preferences
from console.ui.queue import Queue
from console.ui.search import Found, SearchBox, search
from console.ui.sound import Sound
from console.ui.units import Units, duty_of
from console.ui.wall import WallSurface
from console.ui.wallbox import WallBox
from console.ui.wallfeed import WallFeed
from console.words import LANGUAGES, choose, chosen, tr

COMPACT_BELOW_PX = (1600, 850)
BEAT_MS = 250
"""A quarter of a second: what counts by the second is spread over four beats, so that no beat is long."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What app.py builds before the window."""

    bridge: Bridge
    around: Around
    flow: Flow
    sound: Sound
    surface: WallSurface
    wall_feed: WallFeed
    settings: Settings
    folder: DataFolder
    seat: str


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
        self.search = SearchBox(self)
        self.search.use(self._search)
        self.header, self.status = Header(self.search, self), StatusLine(self)
        self.queue, self.panel = Queue(self), IncidentPanel(self.bridge, self.around, self)
        self.map = MapView(self)
        self.map_feed = MapFeed(self.bridge, self.around, self.map, self)
        self.wall = WallBox(self.parts.surface, self)
        self.flow.use_map(self.map.view_state)
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
        self._edge = QFrame(content)
        self._edge.setFixedHeight(3)
        self._edge.hide()
        line = QFrame(content)
        line.setProperty("role", "separator")
        for part, stretch in ((self._edge, 0), (self.header, 0), (line, 0), (self.columns, 1), (self.status, 0)):
            page.addWidget(part, stretch)
        self.login = LoginPage(self.bridge, self.seat, self)
        self.pages = QStackedWidget(self)
        self.pages.addWidget(self.login)
        self.pages.addWidget(content)
        self.setCentralWidget(self.pages)
        self._build_docks()

    def _build_docks(self) -> None:
        self.cameras, self.units = Cameras(self.around, self), Units(self)
        self.help, self.preferences = Help(self), Preferences(self.parts.settings, self.parts.folder, self)
        self.docks: dict[str, QDockWidget] = {}
        right, left = Qt.DockWidgetArea.RightDockWidgetArea, Qt.DockWidgetArea.LeftDockWidgetArea
        for name, part, area in (
            ("cameras", self.cameras, left),
            ("units", self.units, left),
            ("help", self.help, right),
            ("settings", self.preferences, right),
        ):
            dock = QDockWidget(self)
            dock.setObjectName(name)
            dock.setWidget(part)
            dock.setAllowedAreas(left | right)
            self.addDockWidget(area, dock)
            dock.hide()
            self.docks[name] = dock

    def _connect(self) -> None:
        """One table of connections."""
        bridge, flow = self.bridge, self.flow
        for signal, slot in (
            (bridge.changed, self._changed),
            (bridge.arrived, self._arrived),
            (bridge.caught_up, self._caught_up),
            (bridge.lights, self.status.show_lights),
            (bridge.phase, self._phase),
            (self.queue.opened, self.open_incident),
            (self.queue.acknowledged, self._acknowledge),
            (self.map.incident_clicked, self._incident_on_map),
            (self.map.camera_clicked, self._camera_on_map),
            (self.map.unit_clicked, self._unit_on_map),
            (self.map.hit_clicked, self._hit_on_map),
            (self.search.found, self._found),
            (self.search.hits, self.map_feed.show_hits),
            (flow.incident_opened, self._incident_opened),
            (flow.tiles_changed, self._tiles_changed),
            (flow.notes_changed, self._notes_changed),
            (flow.map_asked, self._map_asked),
            (self.panel.camera_chosen, self._camera_large),
            (self.panel.camera_pointed, self.parts.wall_feed.point),
            (self.panel.unit_pointed, self.map_feed.point_unit),
            (self.parts.surface.tile_double_clicked, self._tile_large),
            (self.login.entered, self._entered),
            (self.header.mute_asked, self.sound.mute),
            (self.header.help_asked, self.show_help),
            (self.header.settings_asked, self._toggle_settings),
            (self.sound.changed, self._sound_changed),
            (self.cameras.wanted, self._camera_wanted),
            (self.units.pointed, self._unit_on_map),
            (self.preferences.language_chosen, self.switch_language),
            (self.preferences.theme_chosen, self._switch_theme),
        ):
            signal.connect(slot)

    def _handlers(self) -> dict[str, Any]:
        panel, wall = self.panel, self.wall
        grades = {f"grade_{grade}": partial(panel.acts.grade, grade) for grade in GRADES}
        layouts = {f"wall_layout_{n or 'fit'}": partial(self.parts.wall_feed.lay_out, n) for n in (0, 1, 4, 6, 9, 16)}
        return {
            "search": self.header.focus_search, "back": self.back, "newest": self.queue.open_waiting,
            "former_incident": self._step_up, "next_incident": self._step_down,
            "send_next": panel.acts.send_next, "relink": panel.acts.relink, "note": panel.acts.ask_note,
            "close_incident": panel.acts.ask_close, "recall": panel.acts.ask_recall, "on_behalf": panel.acts.ask_on_behalf,
            "to_map": self._to_map, "to_queue": self._to_queue, "to_wall": self._to_wall, "to_panel": self._to_panel,
            "mute": self.sound.mute, "close_tile": self._close_tile, "wall_window": wall.take_apart, "wall_full": wall.full_screen,
            "cameras": self._toggle_cameras, "units": self._toggle_units, "help": self.show_help, "settings": self._toggle_settings,
            "language": self.next_language, "log_out": self.log_out, **grades, **layouts,
        }  # fmt: skip

    # life ------------------------------------------------------------------------------------------------------------

    def _restore(self) -> None:
        """Windows, screens and layout as they were left; else sizes that suit the screen."""
        geometry, columns, middle, state = (self._memory.value(key) for key in ("geometry", "columns", "middle", "docks"))
        if isinstance(geometry, QByteArray):
            self.restoreGeometry(geometry)
        else:
            self.resize(1600, 900)
        if isinstance(state, QByteArray):
            self.restoreState(state)
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
        self.queue.setMinimumWidth(250 if small else 300)
        self.panel.setMinimumWidth(366 if small else 400)

    def fit_to(self, width: int, height: int) -> None:
        """Take this size with the sizes that suit it (`--size`)."""
        self.setGeometry(0, 0, width, height)
        self._lay_out()
        self._default_sizes()

    def closeEvent(self, event: Any) -> None:
        self.remember()
        self.closing.emit()
        event.accept()

    def retranslate(self) -> None:
        """Say everything again in the chosen language."""
        self.setWindowTitle(tr("window.title"))
        for part in (
            self.header,
            self.status,
            self.queue,
            self.panel,
            self.search,
            self.login,
            self.wall,
            self.cameras,
            self.units,
            self.help,
            self.preferences,
        ):
            part.retranslate()
        for name, dock in self.docks.items():
            dock.setWindowTitle(f"{tr(f'keys.{name}')}   {keys.keys_of(name)}")
        self.queue.setAccessibleName(tr("keys.to_queue"))
        self.map_feed.refresh()
        self._show_seat()
        self.parts.wall_feed.refresh()
        for part in (self.map, self.parts.surface):
            QApplication.sendEvent(part, QEvent(QEvent.Type.LanguageChange))

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
        self.flow.close()
        self.bridge.send("LogOut", {"operator": self.operator, "seat": self.seat})
        self.operator = ""
        self.pages.setCurrentIndex(0)

    def _show_seat(self) -> None:
        centre = self.parts.settings.get("centre.name") or (
            tr("window.demo_centre") if self.bridge.state.exercise else self.parts.settings.get("centre.code")
        )
        self.header.show_seat(centre, self.seat, self.operator, self.bridge.state.exercise)
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
            view = self._memory.value("map")
            if isinstance(view, list) and len(view) == 3:
                self.map.set_view_state((float(view[0]), float(view[1]), float(view[2])))
            if self._memory.value("wall_apart") in (True, "true") and self.wall.other_screen() is not None:
                self.wall.take_apart()
            self.queue.list.setFocus()
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
        if self.units.isVisible():
            self.units.show_units(self.around.units, self.bridge.state, self.bridge.fixes, now_ns)

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
        elif self._part == 2:
            self.map.set_now(now_ns)
            self.map_feed.beat()
        else:
            self.parts.wall_feed.beat()
            self._show_counts()
            if self.units.isVisible():
                self.units.show_units(self.around.units, self.bridge.state, self.bridge.fixes, now_ns)

    def _show_counts(self) -> None:
        alive, looked_at = self.parts.wall_feed.counts()
        duties = [duty_of(unit, self.bridge.state) for unit in self.around.units.values()]
        self.header.show_counts(alive, looked_at, sum(1 for duty in duties if duty != "off"), len(duties))

    @Slot()
    def _sound_changed(self) -> None:
        self.header.show_sound(self.sound.muted_s, self.sound.has_player)

    # choosing --------------------------------------------------------------------------------------------------------

    @Slot(object)
    def open_incident(self, incident: str) -> None:
        """Chosen in the queue: panel, wall, and the map goes there (Backspace brings the former view back)."""
        self.flow.open_incident(incident)
        self.map.fit_incident(incident)

    @Slot(object)
    def _incident_on_map(self, incident: str) -> None:
        self.flow.open_incident(incident)

    @Slot(object)
    def _incident_opened(self, incident: str) -> None:
        self.panel.open(incident)
        self.queue.select(incident)
        self.map_feed.select(incident)

    @Slot(object)
    def _tiles_changed(self, tiles: object) -> None:
        self.parts.wall_feed.show(self.flow.tiles)
        self.panel.show_wall(frozenset(tile.camera for tile in self.flow.tiles if tile.may_show), dict(self.flow.notes))

    @Slot(object)
    def _notes_changed(self, notes: object) -> None:
        self.panel.show_wall(frozenset(tile.camera for tile in self.flow.tiles if tile.may_show), dict(self.flow.notes))

    @Slot(object)
    def _map_asked(self, view: tuple[float, float, float]) -> None:
        self.map.set_view_state(view)

    @Slot()
    def back(self) -> None:
        """Esc and Backspace: the question first, then the enlarged tile, then a dock, then the exact former view."""
        focus = QApplication.focusWidget()
        if isinstance(focus, QLineEdit) and focus.text() and not focus.isReadOnly():
            focus.backspace()
            return
        if self.panel.ask.is_asking:
            self.panel.ask.leave()
        elif self.parts.wall_feed.large:
            self.parts.wall_feed.enlarge("")
        elif (dock := next((one for one in self.docks.values() if one.isVisible() and not one.isFloating()), None)) is not None:
            dock.hide()
        else:
            self.flow.back()

    @Slot(object)
    def _acknowledge(self, incident: str) -> None:
        self.bridge.send("AcknowledgeIncident", {"incident": incident})

    @Slot(object)
    def _camera_on_map(self, camera: str) -> None:
        self.ask_for_camera(camera)

    @Slot(object)
    def _camera_wanted(self, camera: str) -> None:
        self.ask_for_camera(camera)

    def ask_for_camera(self, camera: str) -> None:
        """Bring a camera to the wall; a household one under written consent needs a reason first."""
        found = self.around.cameras.get(camera)
        if found is None:
            return
        if found.is_household and found.consent not in ("", "incident") and not self.flow.incident:
            self.panel.ask.ask(
                tr("incident.ask.reason", camera=found.name or found.id),
                lambda text: self.flow.open_camera(camera, text),
                tr("incident.act.open"),
            )
            return
        self.flow.open_camera(camera)

    @Slot(object)
    def _camera_large(self, camera: str) -> None:
        tile = next((one.tile for one in self.flow.tiles if one.camera == camera), "")
        if tile:
            self.parts.wall_feed.enlarge(tile)
        else:
            self.ask_for_camera(camera)

    @Slot(object)
    def _tile_large(self, content: Any) -> None:
        self.parts.wall_feed.enlarge("" if self.parts.wall_feed.large == content.key else content.key)

    @Slot(object)
    def _unit_on_map(self, unit: str) -> None:
        self.map_feed.point_unit(unit)
        if (fix := self.bridge.fixes.get(unit)) is not None and self.sender() is self.units:
            self.map.center_on(fix.lon, fix.lat)

    @Slot(object)
    def _hit_on_map(self, hit: Any) -> None:
        self._go_to(hit.kind, hit.id, hit.lon, hit.lat)

    @Slot(object)
    def _found(self, found: Found) -> None:
        self._go_to(found.kind, found.id, found.lon, found.lat)

    def _go_to(self, kind: str, identity: str, lon: float | None, lat: float | None) -> None:
        """Where a search hit leads: an incident opens, a camera comes to the wall, everything with a place is shown there."""
        if kind == "incident":
            self.open_incident(identity)
            return
        if lon is not None and lat is not None:
            self.map.center_on(lon, lat)
        if kind == "camera":
            self.ask_for_camera(identity)
        elif kind == "unit":
            self.map_feed.point_unit(identity)
        elif kind == "place":
            self.map_feed.pin(identity)
        self.map.setFocus()

    def _search(self, text: str) -> list[Found]:
        return search(text, self.around, self.bridge.state, self.bridge.fixes)

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
    def show_help(self) -> None:
        """The manual's page for what has the focus."""
        focus = QApplication.focusWidget()
        self.help.show_page(self._page_of(focus))
        self.docks["help"].show()
        self.help.setFocus()

    def _page_of(self, focus: QWidget | None) -> str:
        for page, part in (
            ("queue", self.queue), ("map", self.map), ("wall", self.parts.surface), ("incident", self.panel), ("cameras", self.cameras),
            ("units", self.units), ("settings", self.preferences), ("login", self.login), ("search", self.search),
        ):  # fmt: skip
            if focus is not None and (part is focus or part.isAncestorOf(focus)):
                return page
        return "index"

    def _toggle(self, name: str) -> None:
        dock = self.docks[name]
        dock.setVisible(not dock.isVisible())
        if dock.isVisible():
            dock.widget().setFocus()
            self._refresh_lists()

    @Slot()
    def _toggle_cameras(self) -> None:
        self._toggle("cameras")

    @Slot()
    def _toggle_units(self) -> None:
        self._toggle("units")

    @Slot()
    def _toggle_settings(self) -> None:
        self._toggle("settings")

    @Slot()
    def _step_up(self) -> None:
        self.queue.step(-1)

    @Slot()
    def _step_down(self) -> None:
        self.queue.step(1)

    @Slot()
    def _to_map(self) -> None:
        self.map.setFocus()

    @Slot()
    def _to_queue(self) -> None:
        self.queue.list.setFocus()

    @Slot()
    def _to_wall(self) -> None:
        self.parts.surface.setFocus()

    @Slot()
    def _to_panel(self) -> None:
        self.panel.tabs.setFocus()

    @Slot()
    def _close_tile(self) -> None:
        content = self.parts.surface.focused()
        if content is not None:
            self.flow.close_tile(content.key)
