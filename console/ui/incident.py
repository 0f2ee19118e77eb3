"""The panel of the open incident: what it is, its clocks, who sees it, who was sent, the one key and the next-best acts.

In: the bridge's State and positions. Out: commands, and what the pointer asks the map and the wall to show. GUI thread only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QScrollArea,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from console.model.incident import GRADES, Incident
from console.model.order import Order
from console.model.playbook import Candidate
from console.ui import around as near
from console.ui import marks, orders, spoken, theme, timeline, verdicts
from console.ui.around import Around
from console.ui.ask import AskLine
from console.ui.bridge import Bridge
from console.ui.clocks import ClockStrip, late_orders, readings
from console.ui.hold import HoldButton
from console.ui.incident_acts import IncidentActs
from console.ui.incident_head import IncidentHead
from console.ui.plan_words import effect_words, shortfall_lines
from console.ui.rows import RowList, RowModel
from console.ui.units import UnitDelegate, UnitRow, ring_rows
from console.words import chosen, tr

MERGE_MS = 60
AFTER_WALL_MS = 20
"""The wall's labelled tiles are painted first."""


class IncidentPanel(QWidget):
    """Signals: `camera_pointed(str)`, `unit_pointed(str)` for map and wall; `camera_chosen(str)` to bring one camera up large."""

    camera_pointed = Signal(object)
    camera_chosen = Signal(object)
    unit_pointed = Signal(object)

    def __init__(self, bridge: Bridge, around: Around, parent: Any = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._bridge, self._around = bridge, around
        self.incident = ""
        self._compact: bool | None = None
        self._pages: list[QScrollArea] = []
        self._wall: frozenset[str] = frozenset()
        self._notes: Mapping[str, str] = {}
        self._found: list[Candidate] = []
        self._soon = QTimer(self, singleShot=True, interval=MERGE_MS)
        self._soon.timeout.connect(self.refresh)
        self._opened = QTimer(self, singleShot=True, interval=AFTER_WALL_MS)
        self._opened.timeout.connect(self.refresh)
        self._build()
        self.retranslate()

    # building --------------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        side = theme.px("space_3")
        self.head = IncidentHead(self)
        self._notice = QLabel(self)
        self._notice.setWordWrap(True)
        self._notice.setProperty("tone", "red")
        self._notice.hide()
        self.clocks = ClockStrip(lambda order: self._around.unit_name(self._bridge.state.orders.get(order)), self)
        self.ask = AskLine(self)
        self.acts = IncidentActs(self._bridge, self._around, self.ask, self)
        self.acts.said.connect(self._say)
        self.acts.settled.connect(self.refresh)
        self._build_lists()
        self.tabs = QTabWidget(self)
        self.tabs.setDocumentMode(True)
        self.one_key = HoldButton("F9", self)
        self.one_key.held.connect(self._key_held)
        foot = QVBoxLayout()
        foot.setContentsMargins(side, theme.px("space_2"), side, theme.px("space_2"))
        foot.setSpacing(6)
        self.foot = foot
        foot.addWidget(self.ask)
        foot.addWidget(self._notice)
        foot.addWidget(self.one_key)
        foot.addLayout(self._build_acts())
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(0)
        page.addWidget(self.head)
        page.addWidget(self.clocks)
        page.addWidget(self.tabs, 1)
        page.addLayout(foot)

    def _build_lists(self) -> None:
        self.camera_model, self.order_model, self.unit_model, self.time_model = (RowModel(self) for _ in range(4))
        self.cameras = RowList(self.camera_model, verdicts.VerdictDelegate(), grows=True, parent=self)
        self.cameras.carry_cameras()
        self.orders = RowList(self.order_model, orders.OrderDelegate(), grows=True, parent=self)
        self.units = RowList(self.unit_model, UnitDelegate(), parent=self)
        self.times = RowList(self.time_model, timeline.TimeDelegate(), parent=self)
        self.cameras.pointed.connect(self._camera_pointed)
        self.cameras.chosen.connect(self._camera_chosen)
        self.units.pointed.connect(self._unit_pointed)
        self.orders.pointed.connect(self._order_pointed)
        self._camera_words, self._order_words, self._short_words = QLabel(self), QLabel(self), QLabel(self)
        for label in (self._camera_words, self._order_words, self._short_words):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        self._short_words.setProperty("tone", "late")
        self._camera_page, self._order_page = QWidget(self), QWidget(self)
        for page, parts in (
            (self._camera_page, (self._camera_words, self.cameras)),
            (self._order_page, (self._order_words, self._short_words, self.orders)),
        ):
            column = QVBoxLayout(page)
            column.setContentsMargins(theme.px("space_3"), theme.px("space_2"), theme.px("space_2"), 0)
            column.setSpacing(2)
            for part in parts:
                column.addWidget(part)
        column.addLayout(self._build_order_acts())

    def _build_order_acts(self) -> QHBoxLayout:
        self.recall, self.on_behalf = QPushButton(self), QPushButton(self)
        self.recall.clicked.connect(self.acts.ask_recall)
        self.on_behalf.clicked.connect(self.acts.ask_on_behalf)
        row = QHBoxLayout()
        for button in (self.recall, self.on_behalf):
            button.setProperty("role", "flat")
            row.addWidget(button)
        row.addStretch(1)
        return row

    def _build_acts(self) -> QGridLayout:
        """The next-best acts, each with its key on it."""
        self.next_act, self.note_act, self.close_act, self.link_act = (QPushButton(self) for _ in range(4))
        self.grade_act = QToolButton(self)
        self.grade_act.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.grade_act.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self._grades = QMenu(self.grade_act)
        self.grade_act.setMenu(self._grades)
        self.next_act.clicked.connect(self.acts.send_next)
        self.note_act.clicked.connect(self.acts.ask_note)
        self.close_act.clicked.connect(self.acts.ask_close)
        self.link_act.clicked.connect(self.acts.relink)
        grid = QGridLayout()
        grid.setSpacing(6)
        grid.addWidget(self.next_act, 0, 0, 1, 4)
        for column, button in enumerate((self.note_act, self.grade_act, self.link_act, self.close_act)):
            button.setSizePolicy(button.sizePolicy().Policy.Expanding, button.sizePolicy().Policy.Fixed)
            button.setStyleSheet("padding-left: 4px; padding-right: 4px;")
            grid.addWidget(button, 1, column)
        return grid

    def _lay_tabs(self) -> None:
        """Wide: cameras and orders on one page. Compact: each on its own tab."""
        scrolled = self._pages
        current = self.tabs.currentIndex()
        for page in (self._camera_page, self._order_page):
            page.setParent(self)
        self.units.setParent(self)
        self.times.setParent(self)
        self.tabs.clear()
        for old in scrolled:
            old.deleteLater()
        self._pages = []
        if self._compact:
            self._order_tab, self._unit_tab = 1, 2
            self._add_page("incident.tab.cameras", self._camera_page)
            self._add_page("incident.tab.orders", self._order_page)
        else:
            self._order_tab, self._unit_tab = 0, 1
            self._add_page("incident.tab.handle", self._camera_page, self._order_page)
        self.tabs.addTab(self.units, tr("incident.tab.units"))
        self.tabs.addTab(self.times, tr("incident.tab.times"))
        self.tabs.setCurrentIndex(max(0, min(current, self.tabs.count() - 1)))

    def _add_page(self, title: str, *parts: QWidget) -> None:
        area = QScrollArea(self)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFrameShape(QFrame.Shape.NoFrame)
        inner = QWidget(area)
        inner.setProperty("role", "panel")
        inner.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, theme.px("space_2"))
        column.setSpacing(theme.px("space_2"))
        for part in parts:
            column.addWidget(part)
            part.show()
        column.addStretch(1)
        area.setWidget(inner)
        self._pages.append(area)
        self.tabs.addTab(area, tr(title))

    def prepare(self) -> None:
        """Dress what is hidden until the first incident is opened (10 ms of that click otherwise)."""
        for part in self.findChildren(QWidget):
            part.ensurePolished()

    # showing ---------------------------------------------------------------------------------------------------------

    def retranslate(self) -> None:
        """Say everything again in the chosen language."""
        compact, self._compact = bool(self._compact), None
        self.set_compact(compact)
        for button, text, tip in (
            (self.note_act, "incident.act.note", "F7"),
            (self.grade_act, "incident.act.grade", "Ctrl+1 … Ctrl+4"),
            (self.link_act, "incident.act.relink", "F5"),
            (self.close_act, "incident.act.close", "F8"),
            (self.recall, "incident.act.recall", "Delete"),
            (self.on_behalf, "incident.act.on_behalf", "Ctrl+S"),
        ):
            button.setText(tr(text))
            button.setToolTip(f"{tr(text + '_tip')}  ({tip})")
        self._grades.clear()
        for number, grade in enumerate(GRADES, 1):
            act = QAction(marks.icon("grade", grade), f"{tr(f'grade.{grade}')}\tCtrl+{number}", self._grades)
            act.setData(grade)
            act.triggered.connect(self._grade_chosen)
            self._grades.addAction(act)
        self.cameras.setAccessibleName(tr("incident.tab.cameras"))
        self.orders.setAccessibleName(tr("incident.tab.orders"))
        self.refresh()

    def set_compact(self, compact: bool) -> None:
        """Fold to tabs on a small screen."""
        if compact != self._compact:
            self._compact = compact
            self._lay_tabs()

    def open(self, incident: str, soon: bool = False) -> None:
        """Show another incident (or none, ""). `soon`: the keys act on it now, its words follow in a turn of their own."""
        if incident != self.incident:
            self.incident = self.acts.incident = incident
            self.ask.leave()
            self._say("")
            for model in (self.camera_model, self.order_model, self.unit_model, self.time_model):
                model.put([])
        if soon:
            self._opened.start()
        else:
            self.refresh()

    def show_wall(self, cameras: frozenset[str], notes: Mapping[str, str]) -> None:
        """Which cameras stand on the wall, and what became of those that do not."""
        if (cameras, notes) != (self._wall, self._notes):
            self._wall, self._notes = cameras, notes
            self.touch()

    def touch(self) -> None:
        """Show the State again soon: bursts are merged."""
        if not self._soon.isActive():
            self._soon.start()

    @Slot()
    def refresh(self) -> None:
        """Show the State as it is now; called at most ten times a second and once for each second that passes."""
        self._soon.stop()
        incident = self._bridge.state.incidents.get(self.incident)
        for part in (
            self.clocks,
            self.tabs,
            self.one_key,
            self.next_act,
            self.note_act,
            self.close_act,
            self.link_act,
            self.grade_act,
        ):
            part.setVisible(incident is not None)
        if incident is None:
            self.head.show_none()
            return
        now_ns = self._bridge.now_ns
        mine = [self._bridge.state.orders[key] for key in incident.orders if key in self._bridge.state.orders]
        self.head.show_incident(incident, self._around.places)
        playbook = self._around.playbook_of(incident.grade)
        self.clocks.show_readings(readings(incident, mine, playbook.clocks if playbook else {}, now_ns))
        self._camera_words.setText(
            verdicts.sentence(incident.cameras) if incident.has_position else tr("incident.no_cameras_no_position")
        )
        self.camera_model.put(
            [
                verdicts.row_of(
                    one,
                    self._around.cameras.get(str(one["camera"])),
                    self._notes.get(str(one["camera"]), ""),
                    str(one["camera"]) in self._wall,
                    short=bool(mine) and not self._compact,
                )
                for one in incident.cameras
            ]
        )
        late = late_orders(incident, mine)
        self._order_words.setText(orders.sentence(mine, now_ns))
        self._order_words.setVisible(bool(mine))
        self.order_model.put(
            [orders.row_of(one, self._around.units.get(one.unit), now_ns, one.id in late) for one in reversed(mine)]
        )
        self._show_shortfalls(incident)
        self._show_order_acts()
        self._found = near.candidates(self._around, self._bridge.state, self._bridge.fixes, incident, now_ns)
        self._show_acts(incident, mine, late)
        if self.tabs.currentWidget() is self.units:
            self.unit_model.put(
                ring_rows(incident, self._found, self._bridge.state, self._around.units, self._bridge.fixes, now_ns)
            )
        elif self.tabs.currentWidget() is self.times:
            self.time_model.put(timeline.rows_of(self._bridge.timeline(incident.id), self._around))

    def _show_shortfalls(self, incident: Incident) -> None:
        """A refusal as a result: the rule that failed, and whom relaxing it would give."""
        lines = shortfall_lines(self._around, incident)
        self._short_words.setText("\n".join(lines))
        self._short_words.setVisible(bool(lines))

    def _show_order_acts(self) -> None:
        row = self.acts.order = self.orders.current()
        self.recall.setEnabled(row is not None and row.is_open)
        self.on_behalf.setEnabled(row is not None and row.is_open and row.state in orders.UNANSWERED)
        for button in (self.recall, self.on_behalf):
            button.setVisible(bool(self.order_model.rows()))

    def _show_acts(self, incident: Incident, mine: list[Order], late: frozenset[str]) -> None:
        playbook = self._around.playbook_of(incident.grade)
        waiting = playbook is not None and self.acts.is_waiting(incident.id, playbook.name)
        self.one_key.setEnabled(incident.is_open and playbook is not None)
        if playbook is not None:
            name = playbook.title.get(chosen()) or playbook.name
            title = tr("incident.more", playbook=name) if mine else tr("incident.one_key", playbook=name)
            self.one_key.say(title, tr("incident.sending") if waiting else effect_words(self._around, incident, self._found))
        troubled = near.needs_replacing(mine, late)
        self.acts.next = upcoming = near.next_unit(self._around, incident, self._found, troubled)
        for button in (self.close_act, self.grade_act, self.link_act):
            button.setEnabled(incident.is_open)
        self.next_act.setEnabled(incident.is_open and upcoming is not None)
        if upcoming is None:
            self.next_act.setText(tr("incident.act.no_next"))
            return
        unit = self._around.units[upcoming.unit]
        eta = f" · {spoken.duration(upcoming.eta_s)}" if upcoming.eta_s is not None else ""
        reach = spoken.distance(upcoming.distance_m) + eta
        if troubled is not None:
            text = tr("incident.act.replace", old=self._around.unit_name(troubled), unit=spoken.named(unit), reach=reach)
        else:
            text = tr("incident.act.next", unit=spoken.named(unit), reach=reach)
        self.next_act.setText(f"{text}   F10")
        self.next_act.setToolTip(text)

    @Slot(object)
    def _say(self, text: str) -> None:
        """What went wrong, where it belongs."""
        self._notice.setText(text)
        self._notice.setVisible(bool(text))

    @Slot()
    def _key_held(self) -> None:
        self.tabs.setCurrentIndex(self._order_tab)
        self.acts.dispatch()

    @Slot()
    def _grade_chosen(self) -> None:
        act = self.sender()
        if isinstance(act, QAction):
            self.acts.grade(str(act.data()))

    @Slot(object)
    def _camera_pointed(self, row: verdicts.VerdictRow) -> None:
        self.camera_pointed.emit(row.key)

    @Slot(object)
    def _camera_chosen(self, row: verdicts.VerdictRow) -> None:
        self.camera_chosen.emit(row.key)

    @Slot(object)
    def _unit_pointed(self, row: UnitRow) -> None:
        if row.kind:
            self.unit_pointed.emit(row.key)

    @Slot(object)
    def _order_pointed(self, row: orders.OrderRow) -> None:
        self._show_order_acts()
        self.unit_pointed.emit(row.unit_id)
