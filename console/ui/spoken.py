"""Distances, durations and times in the words people say: "430 m", "2 分 10 秒", "0:24"; no Qt, GUI thread only by habit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from console.words import chosen, tr

DASH = "–"


def distance(metres: float | None) -> str:
    """Metres as "430 m" or "1.2 km"; unknown is a dash."""
    if metres is None:
        return DASH
    return f"{metres:.0f} m" if metres < 1000 else f"{metres / 1000:.1f} km"


def duration(seconds: float | None) -> str:
    """Seconds as "24 秒", "2 分 10 秒", "1 小时 5 分"; whole minutes drop their zero seconds."""
    if seconds is None:
        return DASH
    whole = max(0, int(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    if hours >= 48:
        return tr("spoken.days", days=hours // 24)
    if hours:
        return tr("spoken.hours", hours=hours, minutes=minutes)
    if minutes:
        return tr("spoken.minutes", minutes=minutes, seconds=rest) if rest else tr("spoken.whole_minutes", minutes=minutes)
    return tr("spoken.seconds", seconds=rest)


def ago(seconds: float | None) -> str:
    """An age: "12 秒前"; unknown says so, never zero."""
    return tr("spoken.unknown_age") if seconds is None else tr("spoken.ago", duration=duration(seconds))


def count(seconds: float | None) -> str:
    """A counting clock: "0:24", "12:03", "1:02:03"."""
    if seconds is None:
        return "–:––"
    whole = max(0, int(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def time_of_day(at_ns: int) -> str:
    """UTC nanoseconds as this place's wall clock, "14:02:31"."""
    return datetime.fromtimestamp(at_ns / 1e9).astimezone().strftime("%H:%M:%S")


def date_and_time(at_ns: int) -> str:
    """UTC nanoseconds as this place's date and wall clock, for tooltips."""
    return datetime.fromtimestamp(at_ns / 1e9).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def circled(number: int) -> str:
    """The number of a camera as it stands in the list, on the map and on its tile: ①, ②, …"""
    return chr(0x245F + number) if 1 <= number <= 20 else f"({number})"


def named(thing: Any) -> str:
    """The name of a camera, unit or place in the chosen language: the roster's English name where it has one, else name or id."""
    if chosen() == "en" and (name := thing.notes.get("name_en")):
        return str(name)
    return str(thing.name or thing.id)
