"""The bar of a replay: play and pause, step, speed, and a slider with marks where something happened; all of it has keys.

In: a `ReplayLink`. Out: what the operator wants goes to the link, which tells the window. GUI thread only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeySequence, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSlider, QVBoxLayout, QWidget

from console.services.replay_clock import SPEEDS
from console.services.replay_link import ReplayLink
from console.services.replay_tape import Mark, Tape
from console.ui import spoken, theme
from console.words import tr

TICK_MS = 50
"""What is due is told twenty times a second: at eight times the speed still less than half a recorded second late."""
JUMP_S = 10.0
MOST_STEPS = 1_000_000
"""A slider counts in whole numbers: a recording of any length fits, to a millionth of it."""
TOKENS = {"report": "text", "order": "accent", "receipt": "green", "late": "late", "closed": "replay"}
_SHAPES = {"report": "triangle", "order": "square", "receipt": "dot", "late": "bar", "closed": "diamond"}
_MARKS_PX = 12


@dataclass(frozen=True, slots=True)
class ReplayAct:
    """`name` is the text key `replay.<name>_tip`'s stem and the name of the bar's method."""

    name: str
    keys: tuple[str, ...]


ACTS: tuple[ReplayAct, ...] = (
    ReplayAct("toggle", ("Space",)),
    ReplayAct("step_on", (".",)),
    ReplayAct("step_back", (",",)),
    ReplayAct("faster", ("]",)),
    ReplayAct("slower", ("[",)),
    ReplayAct("jump_on", ("Ctrl+Right",)),
    ReplayAct("jump_back", ("Ctrl+Left",)),
    ReplayAct("to_begin", ("Ctrl+Home",)),
    ReplayAct("to_end", ("Ctrl+End",)),
)


class MarkedSlider(QSlider):
    """Signals: `sought(float)` seconds to go to. Marks stand above the groove, each kind with a shape of its own."""

    sought = Signal(object)

    def __init__(self, duration_s: float, marks: Sequence[Mark], parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._duration_s, self._marks = duration_s, tuple(marks)
        self.setRange(0, MOST_STEPS)
        self.setSingleStep(self._steps(1.0))
        self.setPageStep(self._steps(JUMP_S))
        self.setMinimumHeight(theme.px("row"))
        self.valueChanged.connect(self._changed)

    def show_position(self, position_s: float) -> None:
        """Stand where the replay is, unless the operator holds the handle."""
        if not self.isSliderDown():
            self.blockSignals(True)
            self.setValue(self._steps(position_s))
            self.blockSignals(False)

    def _steps(self, seconds: float) -> int:
        return round(seconds / self._duration_s * MOST_STEPS) if self._duration_s > 0 else 0

    @Slot(int)
    def _changed(self, value: int) -> None:
        self.sought.emit(value / MOST_STEPS * self._duration_s)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(True)
            self._go(event.position().x())
            event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.isSliderDown():
            self._go(event.position().x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.setSliderDown(False)

    def _go(self, x: float) -> None:
        left, wide = self._groove()
        self.setValue(round(min(1.0, max(0.0, (x - left) / wide)) * MOST_STEPS))

    def _groove(self) -> tuple[float, float]:
        return _MARKS_PX, max(1.0, self.width() - 2 * _MARKS_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        left, wide = self._groove()
        middle = self.height() * 0.68
        here = left + wide * self.value() / MOST_STEPS
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("line"))
        painter.drawRoundedRect(QRectF(left, middle - 2, wide, 4), 2, 2)
        painter.setBrush(theme.color("replay"))
        painter.drawRoundedRect(QRectF(left, middle - 2, here - left, 4), 2, 2)
        for mark in self._marks:
            part = mark.offset_s / self._duration_s if self._duration_s > 0 else 0.0
            _draw_mark(painter, mark.kind, left + wide * part, middle - _MARKS_PX)
        painter.setPen(QPen(theme.color("accent" if self.hasFocus() else "background"), 2))
        painter.setBrush(theme.color("replay"))
        painter.drawEllipse(QPointF(here, middle), 7, 7)
        painter.end()


def _draw_mark(painter: QPainter, kind: str, x: float, y: float) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color(TOKENS[kind]))
    match _SHAPES[kind]:
        case "triangle":
            painter.drawPolygon(QPolygonF([QPointF(x, y - 4), QPointF(x - 5, y + 4), QPointF(x + 5, y + 4)]))
        case "square":
            painter.drawRect(QRectF(x - 3, y - 3, 6, 6))
        case "dot":
            painter.drawEllipse(QPointF(x, y), 3, 3)
        case "diamond":
            painter.drawPolygon(QPolygonF([QPointF(x, y - 5), QPointF(x + 5, y), QPointF(x, y + 5), QPointF(x - 5, y)]))
        case _:
            painter.drawRect(QRectF(x - 1, y - 5, 2, 10))


class ReplayBar(QFrame):
    """Owns the beat of the replay. `start()` begins it, `stop()` ends it."""

    def __init__(self, link: ReplayLink, tape: Tape, is_drill: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._link, self._clock, self._is_drill = link, link.clock, is_drill
        self._tape = tape
        self.setProperty("role", "panel")
        self.speeds = tuple(sorted({*SPEEDS, link.clock.speed}))
        self.back, self.play, self.on = (QPushButton(self) for _ in range(3))
        self._speed_buttons = [QPushButton(self) for _ in self.speeds]
        self.slider = MarkedSlider(link.clock.duration_s, tape.marks, self)
        self._time, self._words, self._legend = (QLabel(self) for _ in range(3))
        self._time.setFont(theme.font("body", bold=True, tabular=True))
        for label in (self._words, self._legend):
            label.setProperty("role", "muted")
        self._lay_out()
        self.back.clicked.connect(self.step_back)
        self.play.clicked.connect(self.toggle)
        self.on.clicked.connect(self.step_on)
        for button, speed in zip(self._speed_buttons, self.speeds, strict=True):
            button.setCheckable(True)
            button.clicked.connect(partial(self._set_speed, speed))
        self.slider.sought.connect(self._seek)
        self._beat = QTimer(self, interval=TICK_MS)
        self._beat.timeout.connect(self._tick)
        self.retranslate()

    def _lay_out(self) -> None:
        acts, notes = QHBoxLayout(), QHBoxLayout()
        acts.setSpacing(theme.px("space_2"))
        for part in (self.back, self.play, self.on, *self._speed_buttons):
            part.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            acts.addWidget(part)
        acts.addWidget(self.slider, 1)
        acts.addWidget(self._time)
        notes.addWidget(self._words, 1)
        notes.addWidget(self._legend)
        page = QVBoxLayout(self)
        page.setContentsMargins(theme.px("space_3"), theme.px("space_1"), theme.px("space_3"), theme.px("space_1"))
        page.setSpacing(2)
        page.addLayout(acts)
        page.addLayout(notes)

    def bind(self, window: QWidget) -> list[QShortcut]:
        """Give every act its key in all windows of the console; the shortcuts belong to `window`."""
        bound: list[QShortcut] = []
        for act in ACTS:
            handler: Callable[[], None] = getattr(self, act.name)
            for key in act.keys:
                shortcut = QShortcut(QKeySequence(key), window)
                shortcut.setContext(Qt.ShortcutContext.ApplicationShortcut)
                shortcut.activated.connect(handler)
                bound.append(shortcut)
        return bound

    def start(self) -> None:
        """Begin to play."""
        self._clock.play()
        self._beat.start()
        self._show()

    def stop(self) -> None:
        self._beat.stop()
        self._clock.pause()

    def retranslate(self) -> None:
        """Say everything again in the chosen language."""
        for button, text in ((self.back, "before"), (self.on, "next")):
            button.setText(tr(f"replay.{text}"))
            button.setToolTip(tr(f"replay.{text}_tip"))
        self.play.setToolTip(tr("replay.play_tip"))
        for button, speed in zip(self._speed_buttons, self.speeds, strict=True):
            button.setText(tr("replay.speed", speed=f"{speed:g}"))
            button.setToolTip(tr("replay.speed_tip"))
        self.slider.setAccessibleName(tr("replay.slider"))
        self.slider.setToolTip(tr("replay.slider_tip"))
        self._legend.setText("   ".join(tr(f"replay.legend.{kind}") for kind in TOKENS))
        words = [tr("replay.read_only"), *([tr("replay.drill")] if self._is_drill else [])]
        self._words.setText(" · ".join(words))
        self._words.setToolTip("\n".join(self._tape.notes))
        self._show()

    # acts ------------------------------------------------------------------------------------------------------------

    @Slot()
    def toggle(self) -> None:
        """Play, or stand still; at the end, from the beginning."""
        if self._clock.is_playing:
            self._clock.pause()
        else:
            self._clock.play()
        self._tick()

    @Slot()
    def step_on(self) -> None:
        self._link.step(1)
        self._show()

    @Slot()
    def step_back(self) -> None:
        self._link.step(-1)
        self._show()

    @Slot()
    def faster(self) -> None:
        self._set_speed(next((speed for speed in self.speeds if speed > self._clock.speed), self.speeds[-1]))

    @Slot()
    def slower(self) -> None:
        self._set_speed(next((speed for speed in reversed(self.speeds) if speed < self._clock.speed), self.speeds[0]))

    @Slot()
    def jump_on(self) -> None:
        self._seek(self._clock.position_s + JUMP_S)

    @Slot()
    def jump_back(self) -> None:
        self._seek(self._clock.position_s - JUMP_S)

    @Slot()
    def to_begin(self) -> None:
        self._seek(0.0)

    @Slot()
    def to_end(self) -> None:
        self._seek(self._clock.duration_s)

    def _set_speed(self, speed: float, *_: Any) -> None:
        self._clock.set_speed(speed)
        self._show()

    @Slot(object)
    def _seek(self, offset_s: float) -> None:
        self._link.seek(offset_s)
        self._show()

    # the beat --------------------------------------------------------------------------------------------------------

    @Slot()
    def _tick(self) -> None:
        self._link.tick()
        self._show()

    def _show(self) -> None:
        clock = self._clock
        self.slider.show_position(clock.position_s)
        elapsed, total = spoken.count(clock.position_s), spoken.count(clock.duration_s)
        text = tr("replay.position", elapsed=elapsed, total=total)
        if clock.is_at_end:
            text += f" · {tr('replay.at_end')}"
        if text != self._time.text():
            self._time.setText(text)
        self.play.setText(tr("replay.pause" if clock.is_playing else "replay.play"))
        for button, speed in zip(self._speed_buttons, self.speeds, strict=True):
            button.setChecked(speed == clock.speed)
