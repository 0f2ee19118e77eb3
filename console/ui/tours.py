"""The dock of tours and patrols: what goes round when, what is left out, what was walked; start, edit, sheets. GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PySide6.QtCore import QRect, Qt, Signal, Slot
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QStackedWidget, QStyle, QTabWidget, QVBoxLayout, QWidget

from console.model.patrol import Patrol
from console.model.tour import Route, Tour, said
from console.model.tour_text import span_text
from console.services.patrol_sheet import why_text
from console.ui import marks, theme
from console.ui.patrolsheet import PatrolSheet
from console.ui.rows import ROW, RowDelegate, RowList, RowModel
from console.ui.tourcontrol import TourControl
from console.ui.toureditor import TourEditor
from console.words import chosen, tr

MOST_PATROLS = 200
LISTED = 12
"""Left-out cameras named one by one; the rest is counted."""


@dataclass(frozen=True, slots=True)
class TwoLines:
    """One row: a name, a second line, a pictogram of `tile_state`."""

    key: str
    name: str
    second: str
    sign: str
    tone: str = "muted"

    @property
    def spoken(self) -> str:
        return f"{self.name}. {self.second}"


class _Delegate(RowDelegate):
    def height(self, row: Any) -> int:
        return theme.px("row") + 20

    def paint(self, painter: QPainter, option: Any, index: Any) -> None:
        row: TwoLines = index.data(ROW)
        rect: QRect = option.rect
        painter.save()
        if option.state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            painter.fillRect(rect, theme.color("line" if option.state & QStyle.StateFlag.State_Selected else "raised"))
        if row.sign:
            pixmap = marks.pixmap("tile_state", 16, painter.device().devicePixelRatioF(), row.sign, False)
            painter.drawPixmap(rect.left() + 6, rect.top() + 8, pixmap)
        box = rect.adjusted(30, 4, -6, -4)
        painter.setFont(theme.font("body"))
        painter.setPen(theme.color("text"))
        name = painter.fontMetrics().elidedText(row.name, Qt.TextElideMode.ElideRight, box.width())
        painter.drawText(box, int(Qt.AlignmentFlag.AlignTop), name)
        painter.setFont(theme.font("text", tabular=True))
        painter.setPen(theme.color(row.tone))
        second = painter.fontMetrics().elidedText(row.second, Qt.TextElideMode.ElideRight, box.width())
        painter.drawText(box, int(Qt.AlignmentFlag.AlignBottom), second)
        painter.restore()


class ToursDock(QWidget):
    """The dock.

    Signals: `started(tour id)`, `walked(tour id)` a patrol, `stopped()`, `saved((id, text))`, `removed(id)`, `reread()`.
    """

    started = Signal(object)
    walked = Signal(object)
    stopped = Signal()
    saved = Signal(object)
    removed = Signal(object)
    reread = Signal()

    def __init__(
        self, control: TourControl, editor: TourEditor, sheet: PatrolSheet, patrols: Callable[[], list[Patrol]],
        now: Callable[[], datetime], name_of: Callable[[str], str], parent: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._control, self.editor, self.sheet = control, editor, sheet
        self._patrols, self._now, self._name_of = patrols, now, name_of
        self._shown: tuple[str, Route] | None = None
        self.model, self.walked_model = RowModel(self), RowModel(self)
        self.list = RowList(self.model, _Delegate(), parent=self)
        self.walked_list = RowList(self.walked_model, _Delegate(), parent=self)
        self._about, self._problems = QLabel(self), QLabel(self)
        for label in (self._about, self._problems):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._about.setProperty("role", "muted")
        self._problems.setProperty("tone", "late")
        self.buttons = {name: QPushButton(self) for name in ("start", "walk", "edit", "new", "reread")}
        first, second = QHBoxLayout(), QHBoxLayout()
        for name, button in self.buttons.items():
            button.setProperty("act", name)
            button.clicked.connect(self._pressed)
            (first if name in ("start", "walk") else second).addWidget(button)
        tours = QWidget(self)
        page = QVBoxLayout(tours)
        page.setContentsMargins(0, 8, 0, 0)
        page.addWidget(self.list, 1)
        page.addWidget(self._about)
        page.addWidget(self._problems)
        page.addLayout(first)
        page.addLayout(second)
        self.tabs = QTabWidget(self)
        self.tabs.addTab(tours, "")
        self.tabs.addTab(self.walked_list, "")
        self.pages = QStackedWidget(self)
        for part in (self.tabs, editor, sheet):
            self.pages.addWidget(part)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(8, 8, 8, 8)
        whole.addWidget(self.pages)
        self.setFocusProxy(self.list)
        for signal, slot in (
            (self.list.chosen, self._start_row), (self.list.selectionModel().currentChanged, self._pointed),
            (self.walked_list.chosen, self._open_sheet), (editor.saved, self.saved), (editor.removed, self.removed),
            (editor.left, self.show_list), (sheet.left, self.show_list), (control.changed, self.refresh),
        ):  # fmt: skip
            signal.connect(slot)
        self.retranslate()

    def retranslate(self) -> None:
        for name, button in self.buttons.items():
            button.setText(tr(f"tour.button.{name}"))
        self.tabs.setTabText(0, tr("tour.tab.tours"))
        self.tabs.setTabText(1, tr("tour.tab.patrols"))
        self.editor.retranslate()
        self.sheet.retranslate()
        self.refresh()

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self.refresh()

    @Slot()
    def show_list(self) -> None:
        """Back from the editor or a sheet."""
        self.pages.setCurrentWidget(self.tabs)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show the tours and patrols as they are now."""
        if not self.isVisible():
            return
        run, now = self._control.run, self._now()
        minute = now.hour * 60 + now.minute
        rows = [self._row(tour, run is not None and run.tour.id == tour.id, now.weekday(), minute) for tour in self._all()]
        self.model.put(rows)
        if rows and not self.list.currentIndex().isValid():
            on = next((n for n, tour in enumerate(self._all()) if tour.hours and tour.is_on(now.weekday(), minute)), 0)
            self.list.setCurrentIndex(self.model.index(on))
        self.walked_model.put([self._walked_row(patrol) for patrol in self._patrols()[:MOST_PATROLS]])
        problems = self._control.tours.problems
        lines = [tr("tour.problem", file=one.file, where=one.where, what=one.what, todo=one.todo).strip() for one in problems[:5]]
        if len(problems) > 5:
            lines.append(tr("tour.more_problems", count=len(problems) - 5))
        self._problems.setText("\n".join(lines))
        self._problems.setVisible(bool(lines))
        self.buttons["start"].setText(tr("tour.button.stop" if run is not None and not run.by_hand else "tour.button.start"))
        self._show_about()
        if self.pages.currentWidget() is self.sheet:
            self.sheet.refresh()

    def _all(self) -> list[Tour]:
        return list(self._control.tours.tours.values())

    def _row(self, tour: Tour, is_running: bool, weekday: int, minute: int) -> TwoLines:
        is_on = bool(tour.hours) and tour.is_on(weekday, minute)
        parts = [", ".join(span_text(span) for span in tour.hours) or tr("tour.any_time")]
        if is_running:
            parts.insert(0, tr("tour.running"))
        elif is_on:
            parts.insert(0, tr("tour.now"))
        if tour.is_patrol:
            due = ", ".join(span_text(span) for span in tour.due)
            parts.append(tr("tour.patrol_due", due=due) if due else tr("tour.patrol"))
        sign = "turning" if is_running else "live" if is_on else ""
        return TwoLines(tour.id, said(tour.name, chosen()), " · ".join(parts), sign, "accent" if is_running else "muted")

    def _walked_row(self, patrol: Patrol) -> TwoLines:
        at = datetime.fromtimestamp(patrol.started_ns / 1e9).astimezone().strftime("%m-%d %H:%M")
        result = tr("patrol.running") if patrol.is_open else tr(f"patrol.why.{patrol.why}")
        second = tr("patrol.row", at=at, operator=patrol.operator, seen=len(patrol.seen), of=len(patrol.views), result=result)
        if patrol.findings:
            second += " · " + tr("patrol.findings", count=len(patrol.findings))
        tone = "late" if patrol.is_open else "muted" if patrol.why == "done" else "orange"
        return TwoLines(patrol.id, f"{patrol.id} {patrol.name}", second, "connecting" if patrol.is_open else "", tone)

    # the chosen tour -------------------------------------------------------------------------------------------------

    def chosen_tour(self) -> str:
        """Id of the tour the list stands on, "" for none."""
        row = self.list.current()
        return row.key if row is not None else ""

    @Slot()
    def _pointed(self) -> None:
        tour = self._control.tours.tours.get(self.chosen_tour())
        if tour is None or not self.isVisible():
            return
        self._shown = None
        self._control.routed(tour, lambda found: self._have_route(tour.id, found))

    def _have_route(self, tour: str, found: Route) -> None:
        if tour == self.chosen_tour():
            self._shown = (tour, found)
            self._show_about()

    def _show_about(self) -> None:
        """What the chosen tour would show, and what it leaves out with why."""
        tour = self._control.tours.tours.get(self.chosen_tour())
        self.buttons["walk"].setEnabled(tour is not None and tour.is_patrol)
        if tour is None or self._shown is None or self._shown[0] != tour.id:
            self._about.clear()
            return
        found = self._shown[1]
        lines = [
            tr("tour.about", views=len(tour.views), steps=len(found.steps), cameras=len(found.cameras), dwell=f"{tour.dwell_s:g}")
        ]
        if found.skipped:
            lines.append(tr("tour.skipped_count", count=len(found.skipped)))
            for one in found.skipped[:LISTED]:
                what = self._name_of(one.camera) if one.camera else said(tour.views[one.view].title, chosen())
                lines.append(f"  {what}: {why_text(one.why)}")
        self._about.setText("\n".join(lines))

    @Slot(object)
    def _start_row(self, row: TwoLines) -> None:
        self.started.emit(row.key)

    @Slot(object)
    def _open_sheet(self, row: TwoLines) -> None:
        self.open_sheet(row.key)

    def open_sheet(self, patrol: str) -> None:
        """Show the sheet of a patrol."""
        found = next((one for one in self._patrols() if one.id == patrol), None)
        if found is not None:
            self.sheet.open(found)
            self.pages.setCurrentWidget(self.sheet)

    @Slot()
    def _pressed(self) -> None:
        act, tour = str(self.sender().property("act")), self.chosen_tour()
        run = self._control.run
        if act == "start" and run is not None and not run.by_hand:
            self.stopped.emit()
        elif act == "start" and tour:
            self.started.emit(tour)
        elif act == "walk" and tour:
            self.walked.emit(tour)
        elif act == "edit" and tour:
            self.edit(self._control.tours.tours[tour])
        elif act == "new":
            self.edit(None)
        elif act == "reread":
            self.reread.emit()

    def edit(self, tour: Tour | None) -> None:
        """Open the editor on a tour, or on a new one."""
        taken = self._control.tours.tours
        free = next(name for name in (f"tour-{n}" for n in range(1, 1000)) if name not in taken)
        self.editor.edit(tour, free)
        self.pages.setCurrentWidget(self.editor)

    @property
    def is_editing(self) -> bool:
        return self.pages.currentWidget() is self.editor
