"""The line above the status line while a tour or patrol runs, or one is due: what stands, how long, and its keys. GUI thread.

Never in the way: it takes no keyboard but for the words of a finding, which are asked for right there.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from console.model.tour import said
from console.ui import keys, marks, theme
from console.ui.ask import AskLine
from console.ui.patrolcontrol import PatrolControl
from console.ui.tourcontrol import TourControl
from console.words import chosen, tr

REFRESH_MS = 250
NEWS_MS = 8000
DUE_EVERY = 20
"""Refreshes between two looks at the clock for a patrol that is due."""


class TourBar(QFrame):
    """Signals: `asked(str act)`: one of the acts `tour_pause tour_back tour_step tour_stop patrol_seen patrol_finding`."""

    asked = Signal(object)

    def __init__(
        self, control: TourControl, patrol: PatrolControl, now: Callable[[], datetime], name_of: Callable[[str], str],
        parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._control, self._patrol, self._now, self._name_of = control, patrol, now, name_of
        self._beats = 0
        self._due: tuple[str, int, int] | None = None
        self._finding, self._is_resting = "", False
        self.setProperty("role", "raised")
        self._sign, self._what, self._where, self._left, self._news = (QLabel(self) for _ in range(5))
        self._what.setProperty("role", "heading")
        self._where.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._news.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._news.setProperty("tone", "late")
        self._bar = QProgressBar(self)
        self._bar.setTextVisible(False)
        self._bar.setFixedSize(90, 6)
        self._bar.setRange(0, 1000)
        self.buttons: dict[str, QPushButton] = {}
        row = QHBoxLayout()
        row.setSpacing(theme.px("space_2"))
        for part in (self._sign, self._what):
            row.addWidget(part)
        row.addWidget(self._where, 3)
        row.addWidget(self._bar)
        row.addWidget(self._left)
        row.addWidget(self._news, 2)
        for act in (
            "due_start",
            "due_later",
            "patrol_seen",
            "patrol_finding",
            "tour_back",
            "tour_pause",
            "tour_step",
            "tour_stop",
        ):
            button = QPushButton(self)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setProperty("act", act)
            button.clicked.connect(self._pressed)
            self.buttons[act] = button
            row.addWidget(button)
        self.ask = AskLine(self)
        page = QVBoxLayout(self)
        page.setContentsMargins(theme.px("space_3"), theme.px("space_1"), theme.px("space_3"), theme.px("space_1"))
        page.setSpacing(theme.px("space_1"))
        page.addLayout(row)
        page.addWidget(self.ask)
        self._timer = QTimer(self, interval=REFRESH_MS)
        self._timer.timeout.connect(self._beat)
        self._timer.start()
        self._silence = QTimer(self, singleShot=True, interval=NEWS_MS)
        self._silence.timeout.connect(self._no_news)
        for signal, slot in (
            (control.changed, self.refresh), (patrol.changed, self.refresh), (control.told, self.tell), (patrol.told, self.tell),
            (patrol.asked, self._ask_finding),
        ):  # fmt: skip
            signal.connect(slot)
        self.hide()

    def rest(self) -> None:
        """Show nothing any more."""
        self._timer.stop()
        self._due = None
        self.hide()
        self._is_resting = True

    def retranslate(self) -> None:
        for act, button in self.buttons.items():
            key = keys.keys_of(act)
            button.setText(tr(f"tour.act.{act}") + (f"  {key}" if key else ""))
            button.setToolTip(tr(f"tour.tip.{act}"))
        self.refresh()

    @Slot()
    def _pressed(self) -> None:
        act = str(self.sender().property("act"))
        if act == "due_later" and self._due is not None:
            self._patrol.put_off(*self._due)
            self._due = None
            self.refresh()
        elif act == "due_start" and self._due is not None:
            tour, self._due = self._due[0], None
            self._patrol.start(tour)
            self.refresh()
        else:
            self.asked.emit(act)

    @Slot(object)
    def tell(self, text: str) -> None:
        """Say one sentence for a while."""
        self._news.setText(text)
        self._news.setToolTip(text)
        self._silence.start()
        self.refresh()

    @Slot()
    def _no_news(self) -> None:
        self._news.clear()
        self.refresh()

    @Slot()
    def _beat(self) -> None:
        self._beats += 1
        if self._beats % DUE_EVERY == 1:
            self._look_for_due()
        if self.isVisible():
            self.refresh()

    def _look_for_due(self) -> None:
        now = self._now()
        midnight_ns = int(now.replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1e9)
        due = [] if self._patrol.is_walking else self._patrol.due(now.weekday(), now.hour * 60 + now.minute, midnight_ns)
        self._due = (due[0][0].id, now.weekday(), due[0][1]) if due else None
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Say what stands now."""
        if self._is_resting:
            return
        run = self._control.run
        left_over = self._patrol.open_one() if run is None else None
        is_walking = run is not None and self._patrol.is_walking
        self.setVisible(run is not None or bool(self._due) or bool(self._news.text()) or left_over is not None)
        shown = {
            "due_start": self._due is not None and run is None, "due_later": self._due is not None and run is None,
            "patrol_seen": is_walking, "patrol_finding": is_walking, "tour_back": run is not None, "tour_pause": run is not None,
            "tour_step": run is not None, "tour_stop": run is not None,
        }  # fmt: skip
        for act, button in self.buttons.items():
            button.setVisible(shown[act])
        for part in (self._bar, self._left, self._sign):
            part.setVisible(run is not None)
        if run is None:
            self._show_waiting(left_over)
            return
        self._show_run(is_walking)

    def _show_waiting(self, left_over: Any) -> None:
        """Nothing runs: a patrol that is due, or one that was left open."""
        self._where.clear()
        if self._due is not None:
            tour = self._control.tours.tours.get(self._due[0])
            name = said(tour.name, chosen()) if tour is not None else ""
            self._what.setText(tr("patrol.is_due", name=name, clock=f"{self._due[2] // 60:02d}:{self._due[2] % 60:02d}"))
        elif left_over is not None:
            self._what.setText(tr("patrol.left_open", name=left_over.name, seen=len(left_over.seen), of=len(left_over.views)))
        else:
            self._what.clear()

    def _show_run(self, is_walking: bool) -> None:
        run = self._control.run
        assert run is not None
        step = run.step
        state = "held" if run.is_paused else "turning"
        self._sign.setPixmap(marks.pixmap("tile_state", 18, self.devicePixelRatioF(), state, False))
        self._what.setText(said(run.tour.name, chosen()))
        where = tr("tour.where", at=run.at + 1, of=len(run.route.steps), title=said(step.title, chosen()))
        if step.pages > 1:
            where += f" {step.page + 1}/{step.pages}"
        if is_walking and self._patrol.patrol is not None and run.at in self._patrol.patrol.seen:
            verdict = self._patrol.patrol.seen[run.at]["verdict"]
            where += " · " + tr(f"patrol.verdict.{verdict}")
        room = max(40, self._where.width())
        self._where.setText(self._where.fontMetrics().elidedText(where, Qt.TextElideMode.ElideRight, room))
        self._where.setToolTip(where)
        wait_s = self._patrol.wait_s if is_walking else run.left_s
        whole_s = step.dwell_s or 1.0
        self._bar.setValue(0 if run.is_paused and not is_walking else round(1000 * min(1.0, 1.0 - wait_s / whole_s)))
        if run.is_paused:
            self._left.setText(tr(f"tour.why.{run.why}"))
        elif is_walking:
            self._left.setText(tr("patrol.wait", seconds=f"{wait_s:.0f}") if wait_s > 0.5 else tr("patrol.may"))
        else:
            self._left.setText(tr("tour.left", seconds=f"{run.left_s:.0f}"))
        self.buttons["patrol_seen"].setEnabled(is_walking and wait_s <= 0)
        self.buttons["tour_pause"].setText(
            tr("tour.act.tour_go_on" if run.is_paused else "tour.act.tour_pause") + f"  {keys.keys_of('tour_pause')}"
        )
        self.buttons["tour_stop"].setText(
            tr("tour.act.patrol_end" if is_walking else "tour.act.tour_stop") + f"  {keys.keys_of('tour_stop')}"
        )

    @Slot(object)
    def _ask_finding(self, camera: str) -> None:
        self._finding = camera
        self.show()
        self.ask.ask(tr("patrol.ask_finding", camera=self._name_of(camera)), self._report, tr("patrol.report"), needed=False)

    def _report(self, text: str) -> None:
        self._patrol.report(self._finding, text)
