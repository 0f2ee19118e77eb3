"""The time line of an incident: its journal entries in words, newest first."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter

from console.model.events import Entry
from console.ui import spoken, theme
from console.ui.around import Around
from console.ui.rows import ROW, RowDelegate
from console.words import texts, tr

_TONES = {"DeadlinePassed": "red", "OrderPathFailed": "red", "OrderExpired": "red"}
_QUIET = frozenset({"OrderSent", "TileClosed"})
"""Attempts to send say nothing new to a commander; they stay in the journal."""
_LOOKS = frozenset({"TileOpened"})
"""Of looks only those into a household are told here."""


@dataclass(frozen=True, slots=True)
class TimeRow:
    """One entry."""

    key: str
    at: str
    text: str
    by: str
    tone: str
    tip: str

    @property
    def spoken(self) -> str:
        return " · ".join((self.at, self.text, self.by))


def words_of(event: Any, kind: str, around: Around) -> str:
    """An event in words; what has no words of its own shows its kind."""
    fields = {f.name: getattr(event, f.name) for f in dataclasses.fields(event)} if event is not None else {}
    if (unit := around.units.get(str(fields.get("unit")))) is not None:
        fields["unit"] = spoken.named(unit)
    if (camera := around.cameras.get(str(fields.get("camera")))) is not None:
        fields["camera"] = spoken.named(camera)
    if "state" in fields:
        fields["state"] = tr(f"order_state.{fields['state']}")
    if "grade" in fields:
        fields["grade"] = tr(f"grade.{fields['grade'] or 'unknown'}")
    if "source" in fields:
        fields["source"] = tr(f"source.{fields['source']}")
    if "clock" in fields:
        fields["clock"], fields["limit"] = tr(f"clock.{fields['clock']}"), spoken.duration(fields.get("limit_s"))
    if "result" in fields:
        fields["result"] = tr(f"result.{fields['result']}")
    if "why" in fields and f"why.{fields['why']}" in texts("en"):
        fields["why"] = tr(f"why.{fields['why']}")
    for name in ("cameras", "units", "orders"):
        if isinstance(fields.get(name), list):
            fields[name] = len(fields[name])
    fields["tail"] = next(
        (
            f" · {fields[name]}"
            for name in ("reason", "note", "text", "words")
            if isinstance(fields.get(name), str) and fields[name]
        ),
        "",
    )
    return tr(f"event.{kind}", **fields)


def rows_of(entries: Sequence[tuple[Entry, object]], around: Around) -> list[TimeRow]:
    """The time line, newest first."""
    rows: list[TimeRow] = []
    for entry, event in reversed(entries):
        if entry.kind in _QUIET or (entry.kind in _LOOKS and not getattr(event, "household", True)):
            continue
        tone = _TONES.get(entry.kind, "text")
        if entry.kind == "ReceiptRecorded" and getattr(event, "state", "") == "cantco":
            tone = "red"
        tip = f"{entry.seq} · {spoken.date_and_time(entry.at_ns)} · {entry.by} · {entry.kind}"
        rows.append(
            TimeRow(str(entry.seq), spoken.time_of_day(entry.at_ns), words_of(event, entry.kind, around), entry.by, tone, tip)
        )
    return rows


class TimeDelegate(RowDelegate):
    """Time, what happened, who did it."""

    def height(self, row: Any) -> int:
        return int((theme.px("text") * 2) * 1.35) + theme.px("space_2")

    def paint(self, painter: QPainter, option: Any, index: Any) -> None:
        row: TimeRow = index.data(ROW)
        rect: QRect = option.rect.adjusted(theme.px("space_1"), 2, -theme.px("space_1"), -2)
        painter.save()
        painter.setFont(theme.font("text", tabular=True))
        metrics = painter.fontMetrics()
        wide = metrics.horizontalAdvance("00:00:00 ")
        painter.setPen(theme.color("muted"))
        painter.drawText(rect, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop), row.at)
        words = rect.adjusted(wide, 0, 0, 0)
        painter.drawText(
            words,
            int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom),
            metrics.elidedText(row.by, Qt.TextElideMode.ElideRight, words.width()),
        )
        painter.setPen(theme.color(row.tone))
        painter.drawText(
            words,
            int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop),
            metrics.elidedText(row.text, Qt.TextElideMode.ElideRight, words.width()),
        )
        painter.restore()
