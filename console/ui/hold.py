"""The one big key: a button that acts only after one second of being held down, by the pointer, by Space or by its own key.

Its face says what it does, how far that reaches and which key holds it. GUI thread only.
"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QElapsedTimer, QEvent, QRectF, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QPushButton, QSizePolicy, QStyle, QStyleOptionButton, QStylePainter

from console.ui import marks, theme
from console.words import tr

HOLD_MS = 1000


class HoldButton(QPushButton):
    """Signals: `held()` once per full second of holding; releasing earlier, or the window losing focus, does nothing."""

    held = Signal()

    def __init__(self, key_name: str, parent: Any = None) -> None:
        super().__init__(parent)
        self._key_name, self._title, self._effect = key_name, "", ""
        self._since = QElapsedTimer()
        self._beat = QTimer(self)
        self._beat.setInterval(30)
        self._beat.timeout.connect(self._step)
        self._spent = False
        self.setProperty("role", "danger")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.pressed.connect(self.hold)
        self.released.connect(self.let_go)

    def say(self, title: str, effect: str) -> None:
        """What the key does and whom it reaches."""
        if (title, effect) != (self._title, self._effect):
            self._title, self._effect = title, effect
            self.setAccessibleName(f"{title}. {effect}. {self._key_name}")
            self.setToolTip(f"{title}\n{effect}")
            self.updateGeometry()
            self.update()

    def progress(self) -> float:
        """0 to 1 while it is held."""
        return min(1.0, self._since.elapsed() / HOLD_MS) if self._beat.isActive() else 0.0

    @Slot()
    def hold(self) -> None:
        """Begin to hold; also called for the keyboard key."""
        if self.isEnabled() and not self._beat.isActive() and not self._spent:
            self._since.start()
            self._beat.start()
            self.update()

    @Slot()
    def let_go(self) -> None:
        """Stop holding; before the second is full nothing happens."""
        self._spent = False
        if self._beat.isActive():
            self._beat.stop()
            self.update()

    @Slot()
    def _step(self) -> None:
        if self._since.elapsed() >= HOLD_MS:
            self._beat.stop()
            self._spent = True  # a finger that stays down gives no second order
            self.held.emit()
        self.update()

    def changeEvent(self, event: Any) -> None:
        left = event.type() == QEvent.Type.ActivationChange and not self.isActiveWindow()
        if left or event.type() == QEvent.Type.EnabledChange:
            self.let_go()
        super().changeEvent(event)

    def focusOutEvent(self, event: Any) -> None:
        self.let_go()
        super().focusOutEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(240, theme.px("space_2") * 2 + theme.px("heading") + theme.px("text") + 14)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: Any) -> None:
        painter = QStylePainter(self)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        option.text = ""
        painter.drawControl(QStyle.ControlElement.CE_PushButton, option)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._beat.isActive():
            marks.draw_hold(painter, QRectF(self.rect()), self.progress())
        ink = theme.color("danger_text" if self.isEnabled() else "muted")
        side, gap = theme.px("space_4"), theme.px("space_2")
        painter.setPen(ink)
        painter.setFont(theme.font("text"))
        key = tr("window.hold_one_second", key=self._key_name)
        metrics = painter.fontMetrics()
        key_width = metrics.horizontalAdvance(key) + 2 * gap
        chip = QRectF(self.width() - side - key_width, gap + 3, key_width, metrics.height() + 4)
        painter.drawRoundedRect(chip, 4, 4)
        painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, key)
        left = QRectF(side, gap, chip.left() - side - gap, metrics.height() + 6)
        lower = QRectF(side, self.height() - gap - metrics.height() - 1, self.width() - 2 * side, metrics.height())
        painter.drawText(
            lower,
            Qt.AlignmentFlag.AlignVCenter,
            metrics.elidedText(self._effect, Qt.TextElideMode.ElideRight, int(lower.width())),
        )
        painter.setFont(theme.font("heading", bold=True))
        title = painter.fontMetrics().elidedText(self._title, Qt.TextElideMode.ElideRight, int(left.width()))
        painter.drawText(left, Qt.AlignmentFlag.AlignVCenter, title)
        painter.end()
