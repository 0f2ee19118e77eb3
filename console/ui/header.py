"""The header: which centre, live or exercise so that no one can mistake it, who sits here, search, counts, sound, time."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from console.ui import marks, spoken, theme
from console.ui.search import SearchBox
from console.words import tr


class Header(QFrame):
    """Signals: `mute_asked()`, `help_asked()`, `settings_asked()`."""

    mute_asked = Signal()
    help_asked = Signal()
    settings_asked = Signal()

    def __init__(self, search: SearchBox, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "panel")
        self.search = search
        self._centre, self._seat, self._operator, self._exercise = "", "", "", False
        self._is_replay = False
        self._counts: tuple[int, int, int, int] = (0, 0, 0, 0)
        self._muted_s, self._has_sound = 0.0, True
        self._name, self._place, self._who, self._count, self._clock = (QLabel(self) for _ in range(5))
        self._mark = QLabel(self)
        self._clock.setFont(theme.font("body", bold=True, tabular=True))
        self._sound, self._help, self._settings = QPushButton(self), QPushButton(self), QPushButton(self)
        self._sound.clicked.connect(self.mute_asked)
        self._help.clicked.connect(self.help_asked)
        self._settings.clicked.connect(self.settings_asked)
        for button in (self._sound, self._help, self._settings):
            button.setProperty("role", "flat")
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.px("space_3"), theme.px("space_1"), theme.px("space_2"), theme.px("space_1"))
        row.setSpacing(theme.px("space_3"))
        for label in (self._name, self._place, self._mark, self._who):
            row.addWidget(label)
        row.addStretch(1)
        row.addWidget(self._count)
        row.addWidget(search, 2)
        for part in (self._sound, self._settings, self._help, self._clock):
            row.addWidget(part)
        self.retranslate()

    def retranslate(self) -> None:
        """Say everything again in the chosen language."""
        self._name.setText(tr("window.title"))
        bold = QFont(theme.font("heading", bold=True))
        self._name.setFont(bold)
        self._help.setText(tr("window.help"))
        self._help.setToolTip("F1")
        self._settings.setText(tr("window.settings"))
        self._settings.setToolTip("Ctrl+,")
        self.show_seat(self._centre, self._seat, self._operator, self._exercise)
        self.show_counts(*self._counts)
        self.show_sound(self._muted_s, self._has_sound)

    def show_seat(self, centre: str, seat: str, operator: str, exercise: bool) -> None:
        """Whose desk, which seat, and whether all this is an exercise."""
        self._centre, self._seat, self._operator, self._exercise = centre, seat, operator, exercise
        self._place.setText(centre)
        self._place.setVisible(bool(centre))
        self._who.setText(tr("window.seat", seat=seat, operator=operator) if operator else tr("window.seat_only", seat=seat))
        token, name = ("replay", "replay") if self._is_replay else ("late", "window")
        ink, ground = theme.color("background").name(), theme.color(token).name()
        if exercise or self._is_replay:
            self._mark.setText(tr("replay.mark") if self._is_replay and not exercise else tr(f"{name}.exercise"))
            self._mark.setToolTip(tr(f"{name}.exercise_tip"))
            self._mark.setStyleSheet(
                f"background: {ground}; color: {ink}; font-weight: bold; padding: 2px 10px; border-radius: 3px;"
            )
        else:
            self._mark.setText(f"◉ {tr('window.live')}")
            self._mark.setToolTip(tr("window.live_tip"))
            self._mark.setStyleSheet(f"color: {theme.color('green').name()}; font-weight: bold;")

    def show_replay(self) -> None:
        """A recording is played from now on: another mark, date beside time, no live counts and no sound."""
        self._is_replay = True
        for part in (self._count, self._sound, self._settings):
            part.hide()
        self.show_seat(self._centre, self._seat, self._operator, self._exercise)

    def show_counts(self, cameras: int, of_cameras: int, units: int, of_units: int) -> None:
        """Cameras that give a picture of those somebody looked at lately, units on duty."""
        self._counts = (cameras, of_cameras, units, of_units)
        self._count.setText(tr("window.counts", cameras=cameras, of_cameras=of_cameras, units=units, of_units=of_units))
        self._count.setToolTip(tr("window.counts_tip"))

    def show_sound(self, muted_s: float, has_sound: bool) -> None:
        """The visible sign of silence."""
        self._muted_s, self._has_sound = muted_s, has_sound
        text = (
            tr("window.no_sound")
            if not has_sound
            else tr("window.muted", left=spoken.count(muted_s))
            if muted_s > 0
            else tr("window.sound")
        )
        self._sound.setText(text)
        self._sound.setToolTip(tr("window.no_sound_tip") if not has_sound else tr("window.mute_tip"))
        loud = not has_sound or muted_s > 0
        self._sound.setStyleSheet(f"color: {theme.color('late').name()};" if loud else "")

    def show_time(self, now_ns: int) -> None:
        self._clock.setText(spoken.date_and_time(now_ns) if self._is_replay else spoken.time_of_day(now_ns))
        self._clock.setToolTip(spoken.date_and_time(now_ns))

    @Slot()
    def focus_search(self) -> None:
        """`/` was pressed."""
        self.search.begin()


SAID_MS = 8000


class Light(QWidget):
    """One light of the status line: a ring that is full when all is well, a cross when it is not, "?" when nobody knows."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sign, self._text = QLabel(self), QLabel(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self._sign)
        row.addWidget(self._text)

    def show_light(self, name: str, state: str, detail: str = "") -> None:
        """`state`: up, down, off or unknown."""
        sign = {"up": "live", "down": "none", "off": "held"}.get(state, "unknown")
        self._sign.setPixmap(marks.pixmap("tile_state", 14, self.devicePixelRatioF(), sign, False))
        self._text.setText(f"{name} {tr(f'window.light.{state}')}")
        self._text.setStyleSheet(f"color: {theme.color('red' if state == 'down' else 'muted').name()};")
        self.setToolTip(detail or self._text.text())


class StatusLine(QFrame):
    """The bottom line: store, door or broker, decoding, worst stall, whose map it is; and the news of the link to the desk."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "panel")
        self._lights: dict[str, Any] = {}
        self._phase = "starting"
        self._detail = ""
        self._figures: tuple[int, float | None, float] = (0, None, 0.0)
        self.desk, self.store, self.door, self.recording = (Light(self) for _ in range(4))
        self.recording.hide()
        self._said = QTimer(self, singleShot=True, interval=SAID_MS)
        self._said.timeout.connect(self._end_said)
        self._decoding, self._stall, self._source, self._news = (QLabel(self) for _ in range(4))
        for label in (self._decoding, self._stall, self._source):
            label.setProperty("role", "muted")
        self._news.setProperty("tone", "late")
        self._news.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # long news never widen the window
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.px("space_3"), 2, theme.px("space_3"), 2)
        row.setSpacing(theme.px("space_4"))
        for part in (self.desk, self.store, self.door, self.recording, self._decoding, self._stall):
            row.addWidget(part)
        row.addWidget(self._news, 1)
        row.addWidget(self._source)

    def retranslate(self) -> None:
        self.show_phase(self._phase, self._detail)
        self.show_lights(self._lights)
        self.show_figures(*self._figures)

    def show_phase(self, phase: str, detail: str) -> None:
        """How the link to the desk stands."""
        self._phase, self._detail = phase, detail
        state = {"attached": "up", "away": "down", "failed": "down"}.get(phase, "unknown")
        self.desk.show_light(tr("window.desk"), state, detail)
        self._news.setText("" if phase == "attached" else tr(f"window.phase.{phase}", detail=detail))
        if phase != "attached":
            self.show_lights({})

    def show_lights(self, lights: dict[str, Any]) -> None:
        """The desk's own lights; what it has not told is unknown."""
        self._lights = lights

        def of(name: str) -> tuple[str, str]:
            found = lights.get(name) or {}
            return str(found.get("state", "unknown")), str(found.get("detail", ""))

        self.store.show_light(tr("window.store"), *of("store"))
        broker = "mqtt" in lights and of("mqtt")[0] != "off"
        self.door.show_light(tr("window.broker" if broker else "window.door"), *of("mqtt" if broker else "door"))
        self.recording.setVisible("recording" in lights)
        self.recording.show_light(tr("recording.light"), *of("recording"))

    def say(self, text: str) -> None:
        """News of an act of this seat, for a few seconds; nothing has to be pressed away."""
        if self._phase == "attached":
            self._news.setText(self._news.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, self._news.width()))
            self._news.setToolTip(text)
            self._said.start()

    @Slot()
    def _end_said(self) -> None:
        self._news.setToolTip("")
        self.show_phase(self._phase, self._detail)

    def show_figures(self, feeds: int, cores: float | None, worst_ms: float) -> None:
        """What pictures cost, and the longest time the window did not answer."""
        self._figures = (feeds, cores, worst_ms)
        self._decoding.setText(tr("window.decoding", feeds=feeds, cores="–" if cores is None else f"{cores:.1f}"))
        self._stall.setText(tr("window.stall", worst=f"{worst_ms:.0f}"))
        self._stall.setToolTip(tr("window.stall_tip"))

    def show_replay(self) -> None:
        """Nothing behind this window is alive: no light of a desk, no decoder."""
        for part in (self.desk, self.store, self.door, self._decoding, self._stall):
            part.hide()

    def show_source(self, text: str) -> None:
        """Whose map data is shown."""
        self._source.setText(text)
