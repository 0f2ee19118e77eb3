"""Truth: every word and mark a tile says of its picture: live and how old, late, held since when, replayed, or why there is none.

Enters: a tile's content and its feed's health. Leaves: one immutable value that the tile's signs are painted from; a tile whose
truth has not changed is not painted again. Pure but for the words' language.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.model.login import FAULT_DETAILS, UNVERIFIED
from console.model.wall import FeedHealth
from console.words import tr

if TYPE_CHECKING:
    from console.ui.tile import TileContent

SHORT_BELOW_PX = 260
"""A tile narrower than this says its state by the pictogram and one figure; the words stand in its middle or its foot."""

WAITS = ("opening", "key_frame", "first_picture", "restarting")
"""What a connecting feed may wait for (words of `wall.detail.*`)."""

_OWN_SIGNS = ("camera_full", "login_unknown")
_SLOWED = ("slow", "hardware_failed")
_HELD_DETAILS = ("damaged", "slow", "resolution")
_SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Mark:
    """A small sign under the badge: its pictogram, its words, and shorter ones for a small tile."""

    sign: str
    text: str
    short: str


@dataclass(frozen=True, slots=True)
class Truth:
    """What a tile says. `badge` stands in the corner beside the pictogram of `state`; `headline` large, beneath the large
    pictogram `sign`, `lines` under it; `retry` is the button's text ("": none). `is_foot`: at the tile's foot, over a picture."""

    state: str = ""
    badge: str = ""
    sign: str = ""
    headline: str = ""
    lines: tuple[str, ...] = ()
    retry: str = ""
    marks: tuple[Mark, ...] = ()
    is_foot: bool = False


NOTHING = Truth()


def age_words(age_ms: float) -> str:
    """An age as people say it: tenths of a second under ten, then seconds, minutes, hours, days."""
    seconds = age_ms / 1000
    if seconds < 9.95:
        return tr("wall.age.tenths", seconds=f"{max(0.0, seconds):.1f}")
    for name, size_s, limit_s in (("seconds", 1, 60), ("minutes", 60, 3600), ("hours", 3600, 86400)):
        if seconds < limit_s:
            return tr(f"wall.age.{name}", count=int(seconds // size_s))
    return tr("wall.age.days", count=int(seconds // 86400))


def clock_words(at_ns: int) -> str:
    """A moment as the local time of day."""
    return time.strftime("%H:%M:%S", time.localtime(at_ns / 1e9))


def truth(
    content: TileContent, health: FeedHealth | None, age_ms: float | None, now_ns: int, width_px: int,
    has_picture: bool = False, still_at_ns: int = 0,
) -> Truth:  # fmt: skip
    """All that a tile `width_px` wide says now (`now_ns`, UTC). `age_ms` is the painted picture's; `has_picture`: one is shown.

    `still_at_ns` is the time of the last known picture shown in place of one; 0: none.
    """
    if not content.camera and not content.url:
        return Truth(sign="waiting" if content.reason else "", headline=content.reason)
    if not content.url:
        return Truth("unknown", "", "consent" if content.network == "huiyan" else "waiting", content.reason)
    state = health.state if health is not None else "connecting"
    is_short = width_px < SHORT_BELOW_PX
    marks = _marks(content, health)
    if health is None or state == "connecting":
        return _connecting(content, health, now_ns, is_short, still_at_ns, marks)
    if state in ("live", "late"):
        age = age_words(age_ms if age_ms is not None else health.age_ms or 0.0)
        return Truth(state, age if is_short else tr(f"wall.state.{state}", age=age), marks=marks)
    at = clock_words(health.picture_at_ns) if health.picture_at_ns else ""
    if state == "replay":
        text = at if is_short else tr("wall.badge.replay", at=at) if at else tr("wall.state.replay")
        return Truth(state, text, marks=marks)
    if state == "held" and has_picture:
        badge = at if is_short else tr("wall.state.held", at=at)
        since = tr("wall.held_for", age=age_words(max(0.0, (now_ns - (health.picture_at_ns or now_ns)) / 1e6)))
        why = tr("wall.detail." + health.detail) if health.detail in _HELD_DETAILS else ""
        why = _fault(health) if health.error else why or tr("wall.detail.silent")
        next_try, retry = _next_try(health)
        rest = (next_try,) if next_try else ()
        if is_short:  # the badge has the time; the room there is says why
            return Truth(state, badge, "held", why, rest, retry, marks, is_foot=True)
        lines = (" · ".join((since, why)), *rest)
        return Truth(state, badge, "held", tr("wall.state.held", at=at), lines, retry, marks, is_foot=True)
    return _no_picture(health, is_short, still_at_ns, now_ns, marks)


def _connecting(
    content: TileContent, health: FeedHealth | None, now_ns: int, is_short: bool, still_at_ns: int, marks: tuple[Mark, ...]
) -> Truth:
    elapsed_s = 0 if health is None or not health.since_ns else max(0, now_ns - health.since_ns) // _SECOND_NS
    if health is not None and elapsed_s > 24 * 3600:
        elapsed_s = 0  # a clock was set meanwhile
    lines = [_last_seen(still_at_ns, now_ns)] if still_at_ns else []
    if elapsed_s < 1:  # most feeds are open by then: no words that flash up and go
        return Truth("connecting", "" if is_short else tr("wall.state.connecting"), "", "", tuple(lines), marks=marks)
    detail = health.detail if health is not None and health.detail in WAITS else "opening"
    count = tr("wall.age.seconds", count=elapsed_s) if elapsed_s < 60 else age_words(elapsed_s * 1000)
    badge = count if is_short else tr("wall.badge.connecting", count=count)
    lines += [content.reason] if content.reason else []
    return Truth("connecting", badge, "connecting", tr("wall.waits", what=tr("wall.detail." + detail), count=count), tuple(lines),
                 marks=marks)  # fmt: skip


def _no_picture(health: FeedHealth, is_short: bool, still_at_ns: int, now_ns: int, marks: tuple[Mark, ...]) -> Truth:
    word = _fault_word(health)
    next_try, retry = _next_try(health)
    lines = (next_try, tr("wall.todo." + word) if word else "", _last_seen(still_at_ns, now_ns) if still_at_ns else "")
    none = tr("wall.state.none")
    kept = tuple(line for line in lines if line)
    return Truth("none", "" if is_short else none, _fault_sign(health), _fault(health) or none, kept, retry, marks)


def _fault_word(health: FeedHealth) -> str:
    return health.detail if health.error and health.detail in FAULT_DETAILS else health.error or ""


def _fault(health: FeedHealth) -> str:
    word = _fault_word(health)
    return tr(f"wall.{'detail' if word in FAULT_DETAILS else 'error'}.{word}") if word else ""


def _fault_sign(health: FeedHealth) -> str:
    """The pictogram of a fault: its own, that of its family, or that of the error it belongs to."""
    word = _fault_word(health)
    if word.startswith("certificate") or word == "no_tls":
        return "certificate"
    return word if word in _OWN_SIGNS else health.error or "none"


def _next_try(health: FeedHealth) -> tuple[str, str]:
    """When a failed feed is tried again, and the button's text; both empty for one that has not failed."""
    if health.error is None:
        return "", ""
    if not health.next_try_s or health.next_try_s <= 0:
        return tr("wall.trying"), ""
    return tr("wall.next_try", seconds=math.ceil(health.next_try_s)), tr("wall.retry_now")


def _last_seen(still_at_ns: int, now_ns: int) -> str:
    return tr("wall.last_seen", age=age_words(max(0, now_ns - still_at_ns) / 1e6))


def _marks(content: TileContent, health: FeedHealth | None) -> tuple[Mark, ...]:
    """What else must be known of the picture: less than asked for and why, an unchecked certificate, masks, a recording."""
    found = []
    mode = health.mode if health is not None else "all"
    if mode == "all" and content.keyframes_only:
        mode = "key"
    lowered = health.lowered if health is not None else ""
    is_sub = health is not None and health.profile == "sub" and lowered in ("cpu", "network")
    what = mode if mode in ("key", "nonref") else "sub" if is_sub else ""
    if what:
        short = tr("wall.mode." + what)
        why = tr("wall.lowered." + lowered) if lowered in ("cpu", "network") else ""
        found.append(Mark("lowered", f"{short} · {why}" if why else short, short))
    if health is not None and not what and health.state in ("live", "late") and health.detail in _SLOWED:
        found.append(Mark("lowered", tr("wall.detail." + health.detail), tr("wall.detail." + health.detail)))
    if health is not None and health.detail == UNVERIFIED:
        found.append(Mark("unverified", tr("wall.detail.unverified"), tr("wall.detail.unverified")))
    if content.condition:
        found.append(Mark("condition", tr("condition." + content.condition), tr("condition.short." + content.condition)))
    if content.masks:
        found.append(Mark("masked", tr("wall.mark.masked"), ""))
    if content.is_recorded:
        found.append(Mark("recorded", tr("wall.mark.recorded"), ""))
    return tuple(found)
