"""The main window in a frame no one can mistake for live: the same lists, map and wall, fed by a replay.

In: the parts of a window whose bridge hears a `ReplayLink`. Nobody logs in, nothing sounds, nothing is remembered.
GUI thread only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QEvent, QObject, QRect, Qt, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QRegion
from PySide6.QtWidgets import QVBoxLayout, QWidget

from console.services.replay_link import ReplayLink
from console.services.replay_tape import Tape
from console.ui import theme
from console.ui.bridge import Change
from console.ui.replaybar import ReplayBar
from console.ui.window import MainWindow, Parts
from console.words import tr

FRAME_PX = 5
COUNT_MS = 50
"""What counts is spread over four beats: at eight times the speed each clock is still less than two recorded seconds late."""
SEEN_AS = "replay"
"""Who sits here: nobody that a journal knows."""


class ReplayFrame(QWidget):
    """A coloured edge over all that a window shows; the pointer goes through it."""

    def __init__(self, around: QWidget) -> None:
        super().__init__(around)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        around.installEventFilter(self)
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.ChildAdded):
            self._fit()
        return False

    def _fit(self) -> None:
        around = self.parentWidget()
        if around is None:
            return
        self.setGeometry(around.rect())
        inside = around.rect().adjusted(FRAME_PX, FRAME_PX, -FRAME_PX, -FRAME_PX)
        self.setMask(QRegion(around.rect()) - QRegion(inside))
        self.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(QRect(0, 0, self.width(), self.height()), theme.color("replay"))
        painter.end()


class ReplayWindow(MainWindow):
    """A window without log-in: the content stands once the first entries are folded, with the incident opened."""

    def __init__(self, parts: Parts, link: ReplayLink, tape: Tape, is_drill: bool = False) -> None:
        self._link, self._tape, self._is_drill = link, tape, is_drill
        self._has_opened = self._has_been_open = False
        self.bar: ReplayBar | None = None
        super().__init__(parts)
        self.bar = ReplayBar(link, tape, is_drill, self)
        page = self.pages.widget(1)
        content = page.layout() if page is not None else None
        if isinstance(content, QVBoxLayout):
            content.insertWidget(content.count() - 1, self.bar)
            content.setContentsMargins(FRAME_PX, FRAME_PX, FRAME_PX, FRAME_PX)
        for part in (self.header, self.queue, self.status, self.tours):
            part.show_replay()
        self._bound += self.bar.bind(self)
        self._frames = (ReplayFrame(self), ReplayFrame(parts.surface))
        self.operator = SEEN_AS
        self._counted: dict[int, tuple[int, int]] = {}
        self._beat.setInterval(COUNT_MS)
        self.bridge.rewound.connect(self._rewound)
        self.retranslate()

    def _handlers(self) -> dict[str, Callable[[], object]]:
        return {**super()._handlers(), "settings": self._nothing, "log_out": self.close, "mute": self._nothing}

    @Slot()
    def _nothing(self) -> None:
        """What belongs to a live seat only."""

    def remember(self) -> None:
        """A replay leaves the seat's layout as it is."""

    def _show_seat(self) -> None:
        is_exercise = self._is_drill or self._tape.recording.exercise
        self.header.show_seat(tr("replay.seat", file=self._tape.file.name), self.seat, "", is_exercise)
        self.setWindowTitle(tr("replay.title", incident=self._tape.recording.incident))
        self._edge.hide()

    def retranslate(self) -> None:
        """Say everything again in the chosen language."""
        super().retranslate()
        self._show_seat()
        if self.bar is not None:
            self.bar.retranslate()
            for frame in self._frames:
                frame.update()

    @Slot(object)
    def _changed(self, change: Change) -> None:
        super()._changed(change)
        incident = self._tape.recording.incident
        if self._was_usable and not self._has_opened and incident in self.bridge.state.incidents:
            # The map goes there once; on a way back it stays where the operator has put it.
            (self.flow.open_incident if self._has_been_open else self.choices.open_incident)(incident)
            self._has_opened = self._has_been_open = True

    @Slot(object)
    def _arrived(self, incidents: tuple[str, ...]) -> None:
        """Nothing sounds and the map stays: what arrives here arrived long ago."""

    @Slot()
    def _second(self) -> None:
        """What counts, by the recorded time; nothing blinks, and where no time has passed nothing is done."""
        now_ns = self.bridge.now_ns
        self._part = (self._part + 1) % 4
        seen = (now_ns // 1_000_000_000, self.bridge.state.last_seq)
        if not self._was_usable or self._counted.get(self._part) == seen:
            return
        self._counted[self._part] = seen
        if self._part == 0:
            self.header.show_time(now_ns)
            self.queue.show_state(self.bridge.state, now_ns)
        elif self._part == 1:
            self.panel.refresh()
        elif self._part == 2:
            self.map.set_now(now_ns)
            self.map_feed.beat()
        else:
            self.parts.wall_feed.refresh()
            self._show_units()

    @Slot()
    def _rewound(self) -> None:
        """Everything comes again: what stood on map and wall goes first, the incident opens anew."""
        self._has_opened = False
        self._counted.clear()
        self.map_feed.refresh()

    def closeEvent(self, event: Any) -> None:
        if self.bar is not None:
            self.bar.stop()
        super().closeEvent(event)
