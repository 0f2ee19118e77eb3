"""The manual in a dock: the page for what has the focus, and the table of all keys. Reads resources/manual. GUI thread only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QTextBrowser, QVBoxLayout, QWidget

from console.paths import resources
from console.ui import keys
from console.words import chosen, tr

FOLDERS = {"zh_CN": "zh", "en": "en"}


def page_text(name: str) -> str:
    """The Markdown of a manual page in the chosen language; a page that is not there yet says so and the keys follow anyway."""
    file: Path = resources("manual", FOLDERS[chosen()], f"{name}.md")
    if not file.is_file():
        file = resources("manual", FOLDERS[chosen()], "index.md")
    text = file.read_text(encoding="utf-8") if file.is_file() else f"# {tr('help.no_page')}\n"
    return f"{text}\n\n{keys_text()}"


def keys_text() -> str:
    """All keys as a Markdown table."""
    lines = [
        f"## {tr('help.keys')}",
        "",
        f"| {tr('help.key')} | {tr('help.act')} |",
        "|---|---|",
        f"| F9 | {tr('keys.one_key')} |",
    ]
    lines += [f"| {' · '.join(act.keys)} | {tr(f'keys.{act.name}')} |" for act in (*keys.ACTS, *keys.ON_TILE)]
    return "\n".join(lines)


class Help(QWidget):
    """A text browser with one page."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._name = "index"
        self._text = QTextBrowser(self)
        self._text.setOpenExternalLinks(False)
        self._text.setSearchPaths([str(resources("manual", folder)) for folder in FOLDERS.values()])
        self.setFocusProxy(self._text)
        self.setMinimumWidth(320)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.addWidget(self._text)

    def retranslate(self) -> None:
        if self.isVisible():
            self.show_page(self._name)

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self.show_page(self._name)

    def show_page(self, name: str) -> None:
        """Show a page by name: queue, map, wall, incident, cameras, units, settings, login, search, index."""
        self._name = name
        self._text.setMarkdown(page_text(name))
