"""The sheet of a patrol: who walked which route when, what was seen, what was not and why, and what was found; as CSV and HTML.

In: a patrol of the State and the names of cameras. Out: text. Pure but for `keep`, which writes a file (blocking).
"""

from __future__ import annotations

import contextlib
import csv
import html
import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from console.errors import Unavailable
from console.model.patrol import Patrol
from console.words import tr

COLUMNS: Final = ("view", "title", "verdict", "dwell", "unseen", "findings", "shown", "word", "by", "cameras")


@dataclass(frozen=True, slots=True)
class Sheet:
    """`head`: label and value; `rows`: one a view, by `COLUMNS`; `verdicts`: the bare word of each row ("missed" for none)."""

    title: str
    head: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, ...], ...]
    verdicts: tuple[str, ...]


def _clock(at_ns: int | None) -> str:
    return "" if at_ns is None else datetime.fromtimestamp(at_ns / 1e9).astimezone().strftime("%H:%M:%S")


def _moment(at_ns: int) -> str:
    return datetime.fromtimestamp(at_ns / 1e9).astimezone().strftime("%Y-%m-%d %H:%M:%S %z")


def why_text(why: str, state: str = "") -> str:
    """Why a camera gave no picture, or is not in the route, in the operator's words."""
    if why in ("auth", "unreachable", "timeout", "codec", "not_found", "bad_stream"):
        return tr(f"wall.error.{why}")
    if why in ("no_room", "unknown", "household", "no_stream", "empty", "too_many"):
        return tr(f"tour.skipped.{why}")
    return tr(f"patrol.unseen.{state}") if state in ("connecting", "held", "none") else tr("patrol.unseen.none")


def sheet(patrol: Patrol, name_of: Callable[[str], str]) -> Sheet:
    """The sheet in the chosen language; an open patrol's shows where it stands."""
    rows, verdicts = [], []
    for number, view in enumerate(patrol.views):
        word = patrol.seen.get(number)
        verdict = word["verdict"] if word is not None else "missed" if not patrol.is_open else "open"
        unseen = [
            f"{name_of(str(one.get('camera', '')))} ({why_text(str(one.get('why', '')), str(one.get('state', '')))})"
            for one in (word["unseen"] if word is not None else [])
        ]
        found = [
            f"{one['incident']} {name_of(one['camera'])} {one['text']}".strip()
            for one in patrol.findings
            if one["view"] == number
        ]
        verdicts.append(verdict)
        rows.append((
            str(number + 1), str(view["title"]), tr(f"patrol.verdict.{verdict}"), f"{word['dwell_s']:g}" if word else "",
            "; ".join(unseen), "; ".join(found), _clock(patrol.shown.get(number)), _clock(word["at_ns"] if word else None),
            str(word["by"]) if word else "", tr("patrol.comma").join(name_of(camera) for camera in view["cameras"]),
        ))  # fmt: skip
    return Sheet(
        tr("patrol.sheet_title", name=patrol.name, patrol=patrol.id), _head(patrol, name_of), tuple(rows), tuple(verdicts)
    )


def _head(patrol: Patrol, name_of: Callable[[str], str]) -> tuple[tuple[str, str], ...]:
    seen = len(patrol.seen)
    how = tr("patrol.running") if patrol.is_open else tr(f"patrol.why.{patrol.why}")
    lines = [
        (tr("patrol.head.operator"), f"{patrol.operator} @ {patrol.seat}"),
        (tr("patrol.head.started"), _moment(patrol.started_ns)),
        (tr("patrol.head.ended"), _moment(patrol.ended_ns) + f" ({patrol.ended_by})" if patrol.ended_ns is not None else "–"),
        (tr("patrol.head.result"), tr("patrol.result", how=how, seen=seen, of=len(patrol.views), findings=len(patrol.findings))),
        (tr("patrol.head.missed"), ", ".join(str(view + 1) for view in patrol.missed) or "–"),
        (tr("patrol.head.blind"), tr("patrol.blind", count=len(patrol.blind)) if patrol.blind else "–"),
    ]
    skipped = [
        f"{name_of(str(one.get('camera') or '')) or tr('patrol.view_number', number=int(one.get('view') or 0) + 1)}"
        f" ({why_text(str(one.get('why', '')))})"
        for one in patrol.skipped
    ]
    lines.append((tr("patrol.head.skipped"), "; ".join(skipped) or "–"))
    if patrol.exercise:
        lines.append((tr("patrol.head.exercise"), tr("patrol.exercise")))
    return tuple(lines)


def _plain_cell(text: str) -> str:
    """A cell no spreadsheet takes for a formula."""
    return (
        f"'{text}"
        if text[:1] in ("=", "+", "-", "@", "\t", "\r") and not text.lstrip("+-").replace(".", "", 1).isdigit()
        else text
    )


def csv_text(found: Sheet) -> str:
    """The sheet as CSV: head lines, an empty line, a header and one line a view."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_plain_cell(found.title)])
    writer.writerows([_plain_cell(label), _plain_cell(value)] for label, value in found.head)
    writer.writerow([])
    writer.writerow([tr(f"patrol.column.{column}") for column in COLUMNS])
    writer.writerows([_plain_cell(cell) for cell in row] for row in found.rows)
    return out.getvalue()


def html_text(found: Sheet) -> str:
    """The sheet as one page of HTML without scripts or outside parts."""
    head = "".join(
        f"<tr><th align='left'>{html.escape(label)}</th><td>{html.escape(value)}</td></tr>" for label, value in found.head
    )
    columns = "".join(f"<th align='left'>{html.escape(tr(f'patrol.column.{column}'))}</th>" for column in COLUMNS)
    rows = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in found.rows)
    style = "body{font-family:sans-serif;font-size:10pt}table{border-collapse:collapse}td,th{border:1px solid #888;padding:3px}"
    return (
        f"<!DOCTYPE html><html><head><meta charset='utf-8'><title>{html.escape(found.title)}</title><style>{style}</style></head>"
        f"<body><h2>{html.escape(found.title)}</h2><table cellpadding='3' border='1' cellspacing='0'>{head}</table><p></p>"
        f"<table cellpadding='3' border='1' cellspacing='0'><tr>{columns}</tr>{rows}</table></body></html>"
    )


def keep(folder: Path, name: str, content: bytes) -> Path:
    """Write `content` as `folder/name`, whole or not at all; an older file of that name is replaced. Raises Unavailable."""
    path = folder / name
    part = path.with_suffix(path.suffix + ".part")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part.write_bytes(content)
        os.replace(part, path)
    except OSError as cause:
        with contextlib.suppress(OSError):
            part.unlink()
        raise Unavailable(f"cannot write {path}: {cause.strerror}") from cause
    return path
