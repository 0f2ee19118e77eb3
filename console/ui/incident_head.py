"""The head of the incident panel: grade in shape and words, title, source, when, where, and what the caller said."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from console.model.incident import Incident
from console.model.place import Place
from console.ui import marks, spoken, theme
from console.words import tr


def where_text(incident: Incident, places: Mapping[str, Place]) -> str:
    """Where it is in words: address, place, pole; unknown says so."""
    named = [part for part in (incident.address,) if part]
    if incident.place and (place := places.get(incident.place)):
        named.append(spoken.named(place))
    if incident.pole:
        named.append(tr("incident.pole", pole=incident.pole))
    if not incident.has_position:
        named.append(tr("incident.position_unknown"))
    return " · ".join(named) or tr("incident.on_map_only")


class IncidentHead(QWidget):
    """Three labels and a sign; says what to do when nothing is open."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mark, self.title, self.where = QLabel(self), QLabel(self), QLabel(self)
        self.title.setProperty("role", "heading")
        self.title.setWordWrap(True)
        self.where.setProperty("role", "muted")
        self.where.setWordWrap(True)
        top = QHBoxLayout()
        top.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(self.title, 1)
        page = QVBoxLayout(self)
        side = theme.px("space_3")
        page.setContentsMargins(side, theme.px("space_2"), side, theme.px("space_2"))
        page.setSpacing(theme.px("space_1"))
        page.addLayout(top)
        page.addWidget(self.where)

    def show_none(self) -> None:
        """No incident is open."""
        self._mark.clear()
        self.title.setText(tr("incident.none"))
        self.where.setText(tr("incident.none_hint"))

    def show_incident(self, incident: Incident, places: Mapping[str, Place]) -> None:
        """Say what it is and where."""
        grade = tr(f"grade.{incident.grade or 'unknown'}")
        self._mark.setPixmap(marks.pixmap("grade", theme.px("mark"), self.devicePixelRatioF(), incident.grade))
        self._mark.setToolTip(grade)
        self.title.setText(f"{grade} · {incident.title}")
        source, at = tr(f"source.{incident.source}"), spoken.time_of_day(incident.entered_ns)
        parts = [source, at, where_text(incident, places), incident.caller or "", incident.note or ""]
        if not incident.is_open:
            parts.insert(0, tr("queue.closed", result=tr(f"result.{incident.result}")))
        self.where.setText(" · ".join(part for part in parts if part))
        self.where.setToolTip(f"{incident.id} · {incident.source_id} · {incident.lon}, {incident.lat} (WGS-84)")
