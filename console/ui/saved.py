"""What an incident has kept: its newest pictures and clips as a strip of small pictures; one click opens the file.

In: the incident's time line and the data folder. Out: a file opened by the system's own viewer. GUI thread; a picture is read at
its small size, one a turn of the event loop.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QMargins, QPointF, QSize, Qt, QTimer, QUrl, Slot
from PySide6.QtGui import QColor, QDesktopServices, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from console.services.clips import bytes_of, file_of
from console.ui import spoken, theme
from console.ui.around import Around
from console.ui.bridge import Bridge
from console.ui.picture import picture_at
from console.words import tr

SHOWN = 5
_SIZE = QSize(58, 40)


@dataclass(frozen=True, slots=True)
class _Item:
    file: str
    tip: str
    is_clip: bool


class SavedStrip(QWidget):
    """Hidden while the incident has kept nothing. `show_incident` as often as one likes; only what changed is read."""

    def __init__(self, bridge: Bridge, around: Around, root: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._around, self._root = bridge, around, root
        self._items: tuple[_Item, ...] = ()
        self._count = 0
        self._words = QLabel(self)
        self._words.setProperty("role", "muted")
        self._buttons = [QToolButton(self) for _ in range(SHOWN)]
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self._words)
        for button in self._buttons:
            button.setIconSize(_SIZE)
            button.setAutoRaise(True)
            button.setFixedSize(_SIZE.grownBy(QMargins(2, 2, 2, 2)))
            button.setStyleSheet("padding: 0; border: none;")
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
            button.clicked.connect(self._open)
            row.addWidget(button)
        row.addStretch(1)
        self._unread: list[int] = []
        self._is_low = False
        self._reading = QTimer(self, interval=0)
        self._reading.timeout.connect(self._read_one)
        self.hide()

    def set_low(self, is_low: bool) -> None:
        """Where the panel is low: the count alone, in one line; the time line names each file."""
        if is_low != self._is_low:
            self._is_low = is_low
            for number, button in enumerate(self._buttons):
                button.setVisible(number < len(self._items) and not is_low)

    def show_incident(self, incident: str) -> None:
        """Show what the incident has kept, newest first."""
        found: list[_Item] = []
        entries = [
            (entry, event) for entry, event in self._bridge.timeline(incident) if entry.kind in ("StillSaved", "ClipSaved")
        ]
        for entry, event in reversed(entries[-SHOWN:]):
            told: Any = event
            camera = self._around.cameras.get(told.camera)
            name = spoken.named(camera) if camera is not None else told.camera
            taken_ns = getattr(told, "taken_ns", 0) or getattr(told, "from_ns", 0) or entry.at_ns
            tip = f"{name} · {spoken.time_of_day(taken_ns)} · {entry.by}\n{told.file}"
            found.append(_Item(told.file, tip, entry.kind == "ClipSaved"))
        if (tuple(found), len(entries)) == (self._items, self._count):
            return
        self._items, self._count = tuple(found), len(entries)
        self._words.setText(tr("justnow.pictures", count=len(entries)))
        for number, button in enumerate(self._buttons):
            button.setVisible(number < len(found) and not self._is_low)
            if number < len(found):
                button.setToolTip(found[number].tip)
                button.setAccessibleName(found[number].tip)
                button.setIcon(QIcon())
        self.setVisible(bool(found))
        self._unread = list(range(len(found)))
        if found:
            self._reading.start()

    def retranslate(self) -> None:
        self._words.setText(tr("justnow.pictures", count=self._count))

    @Slot()
    def _read_one(self) -> None:
        if not self._unread:
            self._reading.stop()
            return
        number = self._unread.pop(0)
        if number < len(self._items):
            self._buttons[number].setIcon(QIcon(self._icon(self._items[number])))

    def _icon(self, item: _Item) -> QPixmap:
        ratio = self.devicePixelRatioF()
        made = QPixmap(_SIZE * ratio)
        made.setDevicePixelRatio(ratio)
        made.fill(theme.tile_color("tile"))
        painter = QPainter(made)
        if item.is_clip:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.tile_color("text")))
            middle, side = made.deviceIndependentSize(), 9.0
            x, y = middle.width() / 2, middle.height() / 2
            painter.drawPolygon([QPointF(x - side * 0.6, y - side), QPointF(x - side * 0.6, y + side), QPointF(x + side, y)])
        else:
            picture = picture_at(bytes_of(self._root, item.file), _SIZE * ratio)
            if not picture.isNull():
                picture.setDevicePixelRatio(ratio)
                size = picture.deviceIndependentSize()
                painter.drawImage(QPointF((_SIZE.width() - size.width()) / 2, (_SIZE.height() - size.height()) / 2), picture)
        painter.end()
        return made

    @Slot()
    def _open(self) -> None:
        button = self.sender()
        number = next((n for n, one in enumerate(self._buttons) if one is button), len(self._items))
        path = file_of(self._root, self._items[number].file) if number < len(self._items) else None
        if path is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
