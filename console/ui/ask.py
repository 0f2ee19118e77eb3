"""A question in place: one line that slides in where it belongs, never a dialog. GUI thread only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from console.ui import theme
from console.words import tr


class AskLine(QWidget):
    """Asks for one text; Enter gives it, Esc takes the question away."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "raised")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._then: Callable[[str], None] | None = None
        self._needed = True
        self._question = QLabel(self)
        self._question.setWordWrap(True)
        self._line = QLineEdit(self)
        self._line.setMaxLength(1000)
        self._line.returnPressed.connect(self._give)
        self._yes = QPushButton(self)
        self._yes.clicked.connect(self._give)
        self._no = QPushButton(self)
        self._no.setProperty("role", "flat")
        self._no.clicked.connect(self.leave)
        row = QHBoxLayout()
        row.addWidget(self._line, 1)
        row.addWidget(self._yes)
        row.addWidget(self._no)
        page = QVBoxLayout(self)
        side = theme.px("space_2")
        page.setContentsMargins(side, side, side, side)
        page.addWidget(self._question)
        page.addLayout(row)
        self.hide()

    def ask(self, question: str, then: Callable[[str], None], yes: str, needed: bool = True) -> None:
        """Show the question; `then` gets the text. `needed`: an empty answer is not taken."""
        self._then, self._needed = then, needed
        self._question.setText(question)
        self._yes.setText(yes)
        self._no.setText(tr("window.leave_it"))
        self._line.clear()
        self.show()
        self._line.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def is_asking(self) -> bool:
        return self.isVisible()

    @Slot()
    def leave(self) -> None:
        """Take the question away unanswered."""
        self._then = None
        self.hide()

    @Slot()
    def _give(self) -> None:
        text = self._line.text().strip()
        if self._needed and not text:
            self._line.setFocus()
            return
        then, self._then = self._then, None
        self.hide()
        if then is not None:
            then(text)

    def keyPressEvent(self, event: Any) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
            return
        super().keyPressEvent(event)
