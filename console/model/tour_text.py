"""A tour as TOML text: read strictly, with the line of every mistake, and written so that a person can go on by hand. Pure."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from typing import Any, Final

from console.errors import BadInput
from console.model.camera import HOUSEHOLD, NETWORKS
from console.model.ids import checked_id
from console.model.tour import DAY_MIN, MOST_CAMERAS, Hours, Tour, View, Words
from console.model.wall import LAYOUTS

LONGEST_BYTES: Final = 256 * 1024
MOST_VIEWS: Final = 200
DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_LANGUAGES: Final = ("zh_CN", "en")
_TOUR_KEYS: Final = ("name", "layout", "dwell_s", "hours", "patrol", "least_s", "due", "views")
_VIEW_KEYS: Final = ("title", "cameras", "network", "area", "owner", "kind", "within_m", "dwell_s")
_CLOCK = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)")


def read(tour: str, text: str) -> Tour:
    """Read the tour with id `tour`. Raises BadInput: what is wrong, `where` = "line N", what to do."""
    checked_id(tour)
    if len(text.encode("utf-8", "surrogatepass")) > LONGEST_BYTES:
        raise BadInput(f"longer than {LONGEST_BYTES // 1024} KB", "line 1", "make two tours of it")
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as cause:
        raise BadInput(f"not TOML: {_plain(cause)}", f"line {_line_of_error(cause, text)}") from cause
    return _Reader(tour, text, table).tour()


def _plain(cause: Exception) -> str:
    return re.sub(r" \(at .*\)$", "", str(cause))


def _line_of_error(cause: Exception, text: str) -> int:
    found = re.search(r"at line (\d+)", str(cause))
    return int(found.group(1)) if found else max(1, len(text.splitlines()))


class _Reader:
    """One text being read; `_bad` finds the line of a key so that the mistake can be found."""

    def __init__(self, tour: str, text: str, table: Mapping[str, Any]) -> None:
        self._tour, self._lines, self._table = tour, text.splitlines(), table

    def tour(self) -> Tour:
        self._only(self._table, _TOUR_KEYS, None)
        views = self._table.get("views")
        if not isinstance(views, list) or not views or not all(isinstance(view, dict) for view in views):
            raise self._bad("a tour needs at least one [[views]] table", "views", None)
        if len(views) > MOST_VIEWS:
            raise self._bad(f"more than {MOST_VIEWS} views", "views", None, "make two tours of it")
        patrol = self._table.get("patrol", False)
        if not isinstance(patrol, bool):
            raise self._bad("patrol must be true or false", "patrol", None)
        layout = self._table.get("layout", 4)
        if not isinstance(layout, int) or isinstance(layout, bool) or layout not in LAYOUTS:
            raise self._bad(f"layout must be one of {', '.join(map(str, LAYOUTS))}", "layout", None)
        return Tour(
            self._tour,
            self._words(self._table, "name", None),
            tuple(self._view(view, number) for number, view in enumerate(views)),
            layout,
            self._number(self._table, "dwell_s", 12.0, 2.0, 3600.0, None),
            tuple(self._spans(self._table, "hours", hours_of)),
            patrol,
            self._number(self._table, "least_s", 5.0, 0.0, 600.0, None),
            tuple(self._spans(self._table, "due", due_of)),
        )

    def _view(self, table: Mapping[str, Any], number: int) -> View:
        self._only(table, _VIEW_KEYS, number)
        cameras, networks, areas, owners, kinds = (
            self._texts(table, key, number) for key in ("cameras", "network", "area", "owner", "kind")
        )
        if not (cameras or networks or areas or owners or kinds):
            raise self._bad("a view names cameras, or filters by network, area, owner or kind", "", number)
        if len(cameras) > MOST_CAMERAS:
            raise self._bad(f"more than {MOST_CAMERAS} cameras", "cameras", number)
        for network in networks:
            if network == HOUSEHOLD:
                raise self._bad("household cameras are in no tour", "network", number)
            if network not in NETWORKS:
                raise self._bad(f"no network {network[:40]!r}", "network", number, f"one of {', '.join(NETWORKS)}")
        return View(
            self._words(table, "title", number),
            cameras,
            networks,
            areas,
            owners,
            kinds,
            self._number(table, "within_m", 60.0, 5.0, 1000.0, number),
            self._number(table, "dwell_s", 0.0, 2.0, 3600.0, number) if "dwell_s" in table else 0.0,
        )

    def _only(self, table: Mapping[str, Any], known: tuple[str, ...], view: int | None) -> None:
        for key in table:
            if key not in known:
                raise self._bad(f"no key {key[:40]!r} here", key, view, f"known: {', '.join(known)}")

    def _words(self, table: Mapping[str, Any], key: str, view: int | None) -> Words:
        value = table.get(key)
        words = dict.fromkeys(_LANGUAGES, value) if isinstance(value, str) else value
        if not isinstance(words, dict) or not all(
            language in _LANGUAGES and isinstance(text, str) and 0 < len(text.strip()) <= 80 for language, text in words.items()
        ):
            raise self._bad(f'{key} must be text of 1-80 characters, or {{ zh_CN = "…", en = "…" }}', key, view)
        if not words:
            raise self._bad(f"{key} has no text", key, view)
        return {language: " ".join(text.split()) for language, text in words.items()}

    def _texts(self, table: Mapping[str, Any], key: str, view: int) -> tuple[str, ...]:
        value = table.get(key, [])
        texts = [value] if isinstance(value, str) else value
        if not isinstance(texts, list) or not all(isinstance(text, str) and 0 < len(text) <= 200 for text in texts):
            raise self._bad(f"{key} must be text or a list of texts", key, view)
        return tuple(texts)

    def _number(self, table: Mapping[str, Any], key: str, default: float, low: float, high: float, view: int | None) -> float:
        value = table.get(key, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise self._bad(f"{key} must be a number from {low:g} to {high:g}", key, view)
        return float(value)

    def _spans(self, table: Mapping[str, Any], key: str, reader: Callable[[str], Hours]) -> list[Hours]:
        value = table.get(key, [])
        if not isinstance(value, list) or len(value) > 50:
            raise self._bad(f"{key} must be a list of texts", key, None)
        try:
            return [reader(text if isinstance(text, str) else str(text)) for text in value]
        except BadInput as cause:
            raise self._bad(cause.what, key, None, cause.todo) from cause

    def _bad(self, what: str, key: str, view: int | None, todo: str = "") -> BadInput:
        return BadInput(what, f"line {self._line(key, view)}", todo)

    def _line(self, key: str, view: int | None) -> int:
        """The line a key of the tour (view None) or of its view number `view` stands on, else where that begins."""
        at, best = -1, 1
        spelled = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]") if key else None
        for number, line in enumerate(self._lines, 1):
            if re.match(r"\s*\[\[\s*[\"']?views[\"']?\s*\]\]", line):
                at += 1
                if at == view or (key == "views" and at == 0 and view is None):
                    best = number
            elif spelled is not None and at == (-1 if view is None else view) and spelled.match(line):
                return number
        return best


def _minute(text: str) -> int:
    found = _CLOCK.fullmatch(text.strip())
    minute = int(found.group(1)) * 60 + int(found.group(2)) if found else -1
    if not 0 <= minute <= DAY_MIN:
        raise BadInput(f"{text[:20]!r} is no time of day", todo='write it like "07:30"')
    return minute


def _days(text: str) -> frozenset[int]:
    """Days like "Mon-Fri" or "Sat,Sun"; every day for ""."""
    if not text:
        return frozenset(range(7))
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = (piece.strip().capitalize() for piece in part.partition("-"))
        if first not in DAYS or (dash and last not in DAYS):
            raise BadInput(f"{text[:20]!r} names no days", todo='write them like "Mon-Fri" or "Sat,Sun"')
        begin = DAYS.index(first)
        length = (DAYS.index(last) - begin) % 7 if dash else 0
        found |= {(begin + step) % 7 for step in range(length + 1)}
    return frozenset(found)


def hours_of(text: str) -> Hours:
    """Read "07:00-11:00" or "Mon-Fri 22:00-06:00". Raises BadInput."""
    days, _, span = text.strip().rpartition(" ")
    begin, dash, end = span.partition("-")
    if not dash:
        raise BadInput(f"{text[:30]!r} is no span of hours", todo='write it like "Mon-Fri 07:00-11:00"')
    first, last = _minute(begin), _minute(end)
    if first in (last, DAY_MIN):
        raise BadInput(f"{text[:30]!r} is no span of hours", todo="leave hours out for the whole day")
    return Hours(_days(days.strip()), first, last)


def due_of(text: str) -> Hours:
    """Read "08:00" or "Mon-Fri 08:00". Raises BadInput."""
    days, _, clock = text.strip().rpartition(" ")
    minute = _minute(clock)
    if minute == DAY_MIN:
        raise BadInput("24:00 is the next day's 00:00", todo='write "00:00"')
    return Hours(_days(days.strip()), minute, minute)


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def span_text(span: Hours) -> str:
    """A span as `hours_of` or `due_of` reads it."""
    clock = _clock(span.from_min) if span.from_min == span.to_min else f"{_clock(span.from_min)}-{_clock(span.to_min)}"
    return clock if len(span.days) == 7 else f"{','.join(DAYS[day] for day in sorted(span.days))} {clock}"


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _said(words: Words) -> str:
    texts = set(words.values())
    if len(texts) == 1 and len(words) == len(_LANGUAGES):
        return _quoted(texts.pop())
    return "{ " + ", ".join(f"{language} = {_quoted(text)}" for language, text in words.items()) + " }"


def _listed(texts: tuple[str, ...]) -> str:
    return "[" + ", ".join(_quoted(text) for text in texts) + "]"


def write(tour: Tour) -> str:
    """The tour as TOML that `read` turns into an equal one."""
    lines = [f"name = {_said(tour.name)}", f"layout = {tour.layout}", f"dwell_s = {tour.dwell_s:g}"]
    if tour.hours:
        lines.append(f"hours = {_listed(tuple(span_text(span) for span in tour.hours))}")
    if tour.is_patrol:
        lines.append("patrol = true")
    lines.append(f"least_s = {tour.least_s:g}")
    if tour.due:
        lines.append(f"due = {_listed(tuple(span_text(span) for span in tour.due))}")
    for view in tour.views:
        lines += ["", "[[views]]", f"title = {_said(view.title)}"]
        if view.cameras:
            lines.append(f"cameras = {_listed(view.cameras)}")
        for key, texts in (("network", view.networks), ("area", view.areas), ("owner", view.owners), ("kind", view.kinds)):
            if texts:
                lines.append(f"{key} = {_listed(texts)}")
        if view.kinds:
            lines.append(f"within_m = {view.within_m:g}")
        if view.dwell_s:
            lines.append(f"dwell_s = {view.dwell_s:g}")
    return "\n".join(lines) + "\n"
