"""The log-in page that stands before the window's content: operator, password, seat; a new folder first sets its password."""

from __future__ import annotations

import getpass
from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFormLayout, QFrame, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from console.ui import theme
from console.ui.bridge import Answer, Bridge
from console.ui.refusals import refusal_text
from console.words import tr

SHORTEST = 8


class LoginPage(QWidget):
    """Signals: `entered((operator, seat))` the desk has accepted who sits here."""

    entered = Signal(object)

    def __init__(self, bridge: Bridge, seat: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._first: str | None = None
        self._waits = False
        box = QFrame(self)
        box.setProperty("role", "panel")
        box.setFixedWidth(460)
        self._title, self._words, self._problem = QLabel(box), QLabel(box), QLabel(box)
        self._title.setProperty("role", "title")
        for label in (self._words, self._problem):
            label.setWordWrap(True)
        self._words.setProperty("role", "muted")
        self._problem.setProperty("tone", "red")
        self.operator, self.password, self.again, self.seat = (QLineEdit(box) for _ in range(4))
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.again.setEchoMode(QLineEdit.EchoMode.Password)
        self.operator.setText(getpass.getuser())
        self.seat.setText(seat)
        self.seat.setMaxLength(16)
        self._labels = [QLabel(box) for _ in range(4)]
        self._enter = QPushButton(box)
        self._enter.setDefault(True)
        self._enter.clicked.connect(self.enter)
        self._form = QWidget(box)
        form = QFormLayout(self._form)
        form.setContentsMargins(0, 0, 0, 0)
        for label, line in zip(self._labels, (self.operator, self.password, self.again, self.seat), strict=True):
            form.addRow(label, line)
            label.setBuddy(line)
            line.returnPressed.connect(self.enter)
        inner = QVBoxLayout(box)
        side = theme.px("space_4")
        inner.setContentsMargins(side, side, side, side)
        inner.setSpacing(theme.px("space_3"))
        for part in (self._title, self._words):
            inner.addWidget(part)
        inner.addWidget(self._form)
        inner.addWidget(self._problem)
        inner.addWidget(self._enter)
        page = QVBoxLayout(self)
        page.addWidget(box, 0, Qt.AlignmentFlag.AlignCenter)
        bridge.attached.connect(self._attached)
        bridge.phase.connect(self._phase)
        self.retranslate()

    def retranslate(self) -> None:
        """Say everything again in the chosen language."""
        first = self._first is not None
        for part in (self._form, self._enter):
            part.setVisible(not self._waits)
        self._title.setText(tr("login.first_title" if first else "login.title"))
        self._words.setText(
            tr("login.first_words", operator=self._first or "", shortest=SHORTEST) if first else tr("login.words")
        )
        for label, key in zip(self._labels, ("operator", "password", "again", "seat"), strict=True):
            label.setText(tr(f"login.{key}"))
        if self._waits:
            self._title.setText(tr("window.title"))
            self._words.setText(tr("login.opening"))
        self._enter.setText(tr("login.first_enter" if first else "login.enter"))
        self.again.setVisible(first)
        self._labels[2].setVisible(first)
        self.operator.setReadOnly(first)
        self.operator.setEnabled(not first)

    def wait(self) -> None:
        """Only say that the console is opening: nobody has to log in here (demo)."""
        self._waits = True
        self.retranslate()

    def say(self, text: str) -> None:
        """Show a problem where it belongs."""
        self._problem.setText(text)
        self._enter.setEnabled(True)

    @Slot(object)
    def _attached(self, greeting: dict[str, Any]) -> None:
        first = greeting.get("needs_password")
        self._first = str(first) if first else None
        if self._first:
            self.operator.setText(self._first)
        self.say("")
        self.retranslate()
        if self.isVisible():
            (self.password if self.operator.text() else self.operator).setFocus()

    @Slot(object)
    def _phase(self, news: tuple[str, str]) -> None:
        phase, detail = news
        self.say("" if phase == "attached" else tr(f"window.phase.{phase}", detail=detail))

    @Slot()
    def enter(self) -> None:
        """Set the first password, or log in."""
        operator, password = self.operator.text().strip(), self.password.text()
        if not operator or not self.seat.text().strip():
            self.say(tr("login.missing"))
            return
        if self._first is not None:
            if len(password) < SHORTEST:
                self.say(tr("login.short", shortest=SHORTEST))
                return
            if password != self.again.text():
                self.say(tr("login.differ"))
                return
            self._enter.setEnabled(False)
            self._bridge.send("SetPassword", {"operator": operator, "password": password}, self._set)
            return
        self._enter.setEnabled(False)
        self._log_in(operator, password)

    def enter_as(self, operator: str) -> None:
        """Log in without a password: the demo's own operator."""
        self._log_in(operator, "")

    def _log_in(self, operator: str, password: str) -> None:
        seat = self.seat.text().strip()
        self._bridge.send(
            "LogIn",
            {"operator": operator, "password": password, "seat": seat},
            lambda answer: self._answered(operator, seat, answer),
        )

    def _set(self, answer: Answer) -> None:
        if not answer.ok:
            self.say(refusal_text(answer.refused or {}))
            return
        self._first = None
        self._log_in(self.operator.text().strip(), self.password.text())

    def _answered(self, operator: str, seat: str, answer: Answer) -> None:
        self.password.clear()
        self.again.clear()
        if answer.ok:
            self.say("")
            self.retranslate()
            self.entered.emit((operator, seat))
        else:
            self.say(refusal_text(answer.refused or {}))
            self.password.setFocus()
