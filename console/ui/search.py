"""One box for everything that has a name: places, poles, cameras, units, incidents. `/` begins, Enter goes there, Esc leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRect, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QFrame, QLineEdit, QStyle, QVBoxLayout, QWidget

from console.model.state import State
from console.services.finder import Registry
from console.services.names import MISS
from console.ui import marks, spoken, theme
from console.ui.rows import ROW, RowDelegate, RowList, RowModel
from console.words import tr

MOST = 12


@dataclass(frozen=True, slots=True)
class Found:
    """One hit. `kind`: incident, unit, camera or place; position WGS-84 or None."""

    kind: str
    id: str
    name: str
    what: str
    lon: float | None
    lat: float | None
    sign: tuple[str, ...]

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.id}"

    @property
    def spoken(self) -> str:
        return f"{self.name} · {self.what} · {self.id}"


def _rank(wanted: str, identity: str, name: str) -> int | None:
    """How well it fits, best 0: the id itself, its end (a painted pole code), a name's beginning, anything inside.

    None: not at all.
    """
    identity, name = identity.lower(), name.lower()
    if wanted in (identity, name):
        return 0
    if identity.startswith(wanted) or identity.endswith(wanted):
        return 1
    if name.startswith(wanted):
        return 2
    return 3 if wanted in name or wanted in identity else None


def search(wanted: str, registry: Registry | None, state: State, fixes: Any) -> list[Found]:
    """The best hits, incidents first among equals; units, places and cameras by name, id and pinyin once they are indexed."""
    wanted = wanted.strip().lower()
    if not wanted:
        return []
    hits: list[tuple[int, int, Found]] = []
    for incident in state.incidents.values():
        rank = _rank(wanted, incident.id, f"{incident.title} {incident.address or ''}")
        if rank is not None:
            what = tr("search.incident") if incident.is_open else tr("search.closed_incident")
            hits.append(
                (
                    rank,
                    0,
                    Found(
                        "incident", incident.id, incident.title, what, incident.lon, incident.lat, ("grade", incident.grade or "")
                    ),
                )
            )
    if registry is not None:
        hits += _named(wanted, registry, fixes)
    return [found for _, _, found in sorted(hits, key=lambda hit: (hit[0], hit[1], hit[2].name))[:MOST]]


def _named(wanted: str, registry: Registry, fixes: Any) -> list[tuple[int, int, Found]]:
    """The best units, places and cameras with how well they fit and in which order kinds stand among equals."""
    hits: list[tuple[int, int, Found]] = []
    for unit, rank in _best(registry.unit_list, registry.units.find(wanted)):
        fix = fixes.get(unit.id)
        lon, lat = (fix.lon, fix.lat) if fix else (None, None)
        what = tr(f"unit_kind.{unit.kind}")
        hits.append((rank, 1, Found("unit", unit.id, spoken.named(unit), what, lon, lat, ("unit", unit.kind))))
    for place, rank in _best(registry.place_list, registry.places.find(wanted)):
        what = tr(f"place_kind.{place.kind}")
        hits.append((rank, 2, Found("place", place.id, spoken.named(place), what, place.lon, place.lat, ())))
    for camera, rank in _best(registry.branches.cameras, registry.cameras.find(wanted)):
        sign = ("network", camera.network)
        hits.append(
            (rank, 3, Found("camera", camera.id, spoken.named(camera), tr("search.camera"), camera.lon, camera.lat, sign))
        )
    return hits


def _best(things: Sequence[Any], ranks: Any) -> list[tuple[Any, int]]:
    """The `MOST` things that fit best, each with how well."""
    found = np.flatnonzero(ranks != MISS)
    if len(found) > MOST:
        found = found[np.argsort(ranks[found], kind="stable")[:MOST]]
    return [(things[int(number)], int(ranks[number])) for number in found]


class _Delegate(RowDelegate):
    def height(self, row: Any) -> int:
        return theme.px("row") + 2

    def paint(self, painter: QPainter, option: Any, index: Any) -> None:
        row: Found = index.data(ROW)
        rect: QRect = option.rect
        painter.save()
        if option.state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            painter.fillRect(rect, theme.color("line"))
        if row.sign:
            painter.drawPixmap(
                rect.left() + 6,
                rect.top() + 5,
                marks.pixmap(row.sign[0], 20, painter.device().devicePixelRatioF(), row.sign[1] or None),
            )
        box = rect.adjusted(34, 0, -8, 0)
        painter.setFont(theme.font("text"))
        metrics = painter.fontMetrics()
        right = f"{row.what} · {row.id}"
        painter.setPen(theme.color("muted"))
        painter.drawText(box, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), right)
        painter.setPen(theme.color("text"))
        room = box.width() - metrics.horizontalAdvance(right) - 10
        painter.drawText(box, int(Qt.AlignmentFlag.AlignVCenter), metrics.elidedText(row.name, Qt.TextElideMode.ElideRight, room))
        painter.restore()


class SearchBox(QLineEdit):
    """Signals: `began()` somebody will search; `found(Found)` a hit was chosen; `hits(tuple of Found)` what the list shows now;
    `left()` nothing was chosen."""

    began = Signal()
    found = Signal(object)
    hits = Signal(object)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ask: Any = lambda text: []
        self._back: QWidget | None = None
        self.setClearButtonEnabled(True)
        self.setMinimumWidth(180)
        self.setMaximumWidth(420)
        self.model = RowModel(self)
        self._popup = QFrame(self.window())
        self._popup.setProperty("role", "raised")
        self.list = RowList(self.model, _Delegate(), parent=self._popup)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.chosen.connect(self._chosen)
        inner = QVBoxLayout(self._popup)
        inner.setContentsMargins(1, 1, 1, 1)
        inner.addWidget(self.list)
        self._popup.hide()
        self._wait = QTimer(self, singleShot=True, interval=60)
        self._wait.timeout.connect(self._look)
        self.textEdited.connect(self._wait.start)
        self.retranslate()

    def retranslate(self) -> None:
        self.setPlaceholderText(tr("search.hint"))
        self.setAccessibleName(tr("search.hint_tip"))
        self.setToolTip(tr("search.hint_tip"))

    def use(self, ask: Any) -> None:
        """Ask `ask(text)` for hits."""
        self._ask = ask

    def begin(self) -> None:
        """Take the keyboard, remembering who had it."""
        window = self.window()
        self._back = window.focusWidget()
        self.began.emit()
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.selectAll()

    @Slot()
    def look_again(self) -> None:
        """What can be found has changed: ask again if somebody is searching."""
        if self._popup.isVisible() or (self.hasFocus() and self.text().strip()):
            self._look()

    @Slot()
    def _look(self) -> None:
        rows = self._ask(self.text())
        self.model.put(rows)
        self.hits.emit(tuple(rows))
        if not rows and not self.text().strip():
            self._popup.hide()
            return
        if not rows:
            self.model.put([Found("none", "", tr("search.nothing"), "", None, None, ())])
        self.list.setCurrentIndex(self.model.index(0))
        window = self.window()
        self._popup.setParent(window)
        wide = max(self.width(), 460)
        corner = self.mapTo(window, QPoint(self.width() - wide, self.height() + 2))
        high = len(self.model.rows()) * (theme.px("row") + 2) + 6
        self._popup.setGeometry(QRect(corner.x(), corner.y(), wide, high))
        self._popup.show()
        self._popup.raise_()

    def keyPressEvent(self, event: Any) -> None:
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(event.key())
        if step is not None and self.model.rows():
            number = min(max(self.list.currentIndex().row() + step, 0), len(self.model.rows()) - 1)
            self.list.setCurrentIndex(self.model.index(number))
            return
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self._wait.isActive():
                self._wait.stop()
                self._look()
            if (row := self.list.current()) is not None:
                self._chosen(row)
            return
        if event.key() == Qt.Key.Key_Escape:
            self._end()
            self.left.emit()
            return
        super().keyPressEvent(event)

    def focusOutEvent(self, event: Any) -> None:
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.ActiveWindowFocusReason and not self._popup.underMouse():
            self._popup.hide()

    def event(self, event: Any) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and event.key() in (Qt.Key.Key_Escape, Qt.Key.Key_Backspace):
            event.accept()
            return True
        return super().event(event)

    def _end(self) -> None:
        self._popup.hide()
        self.clear()
        self.hits.emit(())
        if self._back is not None:
            self._back.setFocus(Qt.FocusReason.OtherFocusReason)
            self._back = None
        else:
            self.clearFocus()

    @Slot(object)
    def _chosen(self, row: Found) -> None:
        if row.kind == "none":
            return
        self._end()
        self.found.emit(row)
