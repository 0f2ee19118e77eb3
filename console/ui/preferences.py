"""The operator's own choices: language, theme, seat, whether the map follows. At once where possible; kept in settings.toml.

Writing happens in a short-lived thread: the GUI thread never waits for a disk.
"""

from __future__ import annotations

import logging
import os
import threading
import tomllib
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from console.paths import DataFolder
from console.settings import Settings
from console.words import LANGUAGES, chosen, tr

_log = logging.getLogger(__name__)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def written(file: Path, changes: dict[str, Any]) -> str:
    """The text of a settings file with `changes` (section.key → value) put in; what stood there stays. Raises TOMLDecodeError."""
    tables: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    for key, value in changes.items():
        section, _, name = key.partition(".")
        tables.setdefault(section, {})[name] = value
    lines: list[str] = []
    for section, table in tables.items():
        lines += [f"[{section}]", *(f"{name} = {_toml(value)}" for name, value in table.items()), ""]
    return "\n".join(lines)


def save(file: Path, changes: dict[str, Any]) -> None:
    """Write `changes` into the settings file, whole or not at all."""
    try:
        text = written(file, changes)
        part = file.with_suffix(".part")
        part.write_text(text, encoding="utf-8")
        os.replace(part, file)
    except (OSError, ValueError) as cause:
        _log.error("settings are not kept: %s: %s", file, cause)


class Preferences(QWidget):
    """The dock. Signals: `language_chosen(str)`, `theme_chosen(str)`: both take effect at once."""

    language_chosen = Signal(object)
    theme_chosen = Signal(object)

    def __init__(self, settings: Settings, folder: DataFolder, parent: Any = None) -> None:
        super().__init__(parent)
        self._file = folder.settings
        self._filling = True
        self._language, self._theme = QComboBox(self), QComboBox(self)
        self._seat = QLineEdit(str(settings.get("console.seat")), self)
        self._seat.setMaxLength(16)
        self._follows, self._centre = QCheckBox(self), QLineEdit(str(settings.get("centre.name")), self)
        self._follows.setChecked(bool(settings.get("console.map_follows")))
        self._labels = [QLabel(self) for _ in range(4)]
        self._note = QLabel(self)
        self._note.setProperty("role", "muted")
        self._note.setWordWrap(True)
        for language in LANGUAGES:
            self._language.addItem(tr(f"settings.language_{language}"), language)
        for name in ("dark", "light"):
            self._theme.addItem("", name)
        self._theme.setCurrentIndex(self._theme.findData(settings.get("console.theme")))
        form = QFormLayout()
        for label, part in zip(self._labels, (self._language, self._theme, self._seat, self._centre), strict=True):
            form.addRow(label, part)
            label.setBuddy(part)
        form.addRow(self._follows)
        page = QVBoxLayout(self)
        page.addLayout(form)
        page.addWidget(self._note)
        page.addStretch(1)
        self.setMinimumWidth(300)
        self.setFocusProxy(self._language)
        self._settings = settings
        self.retranslate()
        self._language.currentIndexChanged.connect(self._choose_language)
        self._theme.currentIndexChanged.connect(self._choose_theme)
        self._seat.editingFinished.connect(self._keep_seat)
        self._centre.editingFinished.connect(self._keep_centre)
        self._follows.toggled.connect(self._keep_follows)

    def retranslate(self) -> None:
        self._filling = True
        for label, key in zip(self._labels, ("language", "theme", "seat", "centre"), strict=True):
            label.setText(tr(f"settings.{key}"))
        self._follows.setText(tr("settings.map_follows"))
        for number, name in enumerate(("dark", "light")):
            self._theme.setItemText(number, tr(f"settings.theme_{name}"))
        self._language.setCurrentIndex(self._language.findData(chosen()))
        self._note.setText(tr("settings.note"))
        self._filling = False

    def _keep(self, key: str, value: object) -> None:
        threading.Thread(target=save, args=(self._file, {key: value}), name="settings-writer").start()

    @Slot(int)
    def _choose_language(self, number: int) -> None:
        if not self._filling:
            language = str(self._language.itemData(number))
            self._keep("console.language", language)
            self.language_chosen.emit(language)

    @Slot(int)
    def _choose_theme(self, number: int) -> None:
        if not self._filling:
            name = str(self._theme.itemData(number))
            self._keep("console.theme", name)
            self.theme_chosen.emit(name)

    @Slot()
    def _keep_seat(self) -> None:
        seat = self._seat.text().strip()
        if seat and seat != self._settings.get("console.seat"):
            self._keep("console.seat", seat)

    @Slot()
    def _keep_centre(self) -> None:
        if self._centre.text().strip() != self._settings.get("centre.name"):
            self._keep("centre.name", self._centre.text().strip())

    @Slot(bool)
    def _keep_follows(self, on: bool) -> None:
        self._keep("console.map_follows", on)
