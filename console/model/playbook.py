"""What the one key does: a grade's roles and clocks, and the pure choice of units for an incident."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from console.errors import BadInput

CLOCKS = ("sign", "depart", "arrive", "feedback", "close")
"""Sign, depart, arrive and feedback count per order from its issue; close counts per incident from its entry."""


@dataclass(frozen=True, slots=True)
class Role:
    """One line of a plan: `count` units of `kinds` within `within_m`, with a fix no older than `max_fix_age_s`.

    `unplaced`: when too few are known to be near, units on duty whose position is unknown or too old are ordered after them.
    """

    name: str
    title: Mapping[str, str]
    kinds: tuple[str, ...]
    count: int
    within_m: float
    max_fix_age_s: float
    unplaced: bool = True


@dataclass(frozen=True, slots=True)
class Playbook:
    """A plan: its texts by language, its roles in order of need, its clocks in seconds."""

    name: str
    grade: str
    title: Mapping[str, str]
    text: Mapping[str, str]
    expires_s: float
    clocks: Mapping[str, float]
    roles: tuple[Role, ...]

    @property
    def unit_count(self) -> int:
        return sum(role.count for role in self.roles)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit as the planner sees it just now; `None` is unknown."""

    unit: str
    name: str
    kind: str
    duty: str
    distance_m: float | None
    eta_s: float | None
    fix_age_s: float | None
    here: bool
    """Has an open order of this very incident."""
    busy: bool
    """Has an open order of another incident."""
    refused: bool
    """Answered CANTCO in this incident."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Units to order, and for every place left empty the rule that failed and what relaxing it would give."""

    orders: tuple[tuple[Role, Candidate], ...]
    shortfalls: tuple[dict[str, str], ...]


def read(name: str, table: Mapping[str, Any]) -> Playbook:
    """Build a playbook from its TOML table. Raises BadInput naming the field."""
    try:
        roles = tuple(
            Role(
                name=str(role["name"]),
                title=dict(role["title"]),
                kinds=tuple(role["kinds"]),
                count=int(role["count"]),
                within_m=float(role["within_m"]),
                max_fix_age_s=float(role.get("max_fix_age_s", 300)),
                unplaced=bool(role.get("unplaced", True)),
            )
            for role in table["roles"]
        )
        clocks = {clock: float(table["clocks"][clock]) for clock in CLOCKS if clock in table["clocks"]}
        return Playbook(
            name,
            str(table["grade"]),
            dict(table["title"]),
            dict(table["text"]),
            float(table.get("expires_s", 1800)),
            clocks,
            roles,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as cause:
        raise BadInput(f"not a playbook: {cause!r}", f"playbook {name}") from cause


def _order_of_need(candidate: Candidate) -> tuple[float, str]:
    reach = candidate.eta_s if candidate.eta_s is not None else (candidate.distance_m or 0.0) / 8.0
    return (reach, candidate.unit)


def _rule(pool: Sequence[Candidate], role: Role) -> dict[str, str]:
    """Which rule emptied the pool, and the first unit that relaxing it would give."""
    stages: tuple[tuple[str, Callable[[Candidate], bool]], ...] = (
        ("no_unit_of_kind", lambda c: c.kind in role.kinds),
        ("none_on_duty", lambda c: c.duty != "off"),
        ("none_willing", lambda c: not c.refused),
        ("none_free", lambda c: not c.busy and not c.here),
        ("too_far", lambda c: c.distance_m is None or c.distance_m <= role.within_m),
        ("position_unknown", lambda c: c.distance_m is not None and (c.fix_age_s or 0.0) <= role.max_fix_age_s),
    )
    left = list(pool)
    for rule, passes in stages:
        kept = [candidate for candidate in left if passes(candidate)]
        if not kept:
            relaxed = min(left, key=_order_of_need).unit if left and rule != "no_unit_of_kind" else ""
            return {"role": role.name, "rule": rule, "relaxed": relaxed}
        left = kept
    return {"role": role.name, "rule": "too_few", "relaxed": ""}


def plan(playbook: Playbook, candidates: Sequence[Candidate], has_position: bool) -> Plan:
    """Choose units: nearest by road where known, free, on duty, not yet asked; top up what earlier presses have filled.

    Without a position nothing can be near: every role comes back as a shortfall (`incident_position_unknown`).
    """
    if not has_position:
        return Plan((), tuple({"role": r.name, "rule": "incident_position_unknown", "relaxed": ""} for r in playbook.roles))
    taken: set[str] = set()
    orders: list[tuple[Role, Candidate]] = []
    shortfalls: list[dict[str, str]] = []
    for role in playbook.roles:
        serving = [c for c in candidates if c.here and c.kind in role.kinds and c.unit not in taken][: role.count]
        taken.update(c.unit for c in serving)
        wanted = role.count - len(serving)
        if wanted <= 0:
            continue
        free = [
            c
            for c in candidates
            if c.kind in role.kinds and c.unit not in taken and c.duty != "off" and not (c.busy or c.here or c.refused)
        ]
        placed = [
            c
            for c in free
            if c.distance_m is not None and c.distance_m <= role.within_m and (c.fix_age_s or 0.0) <= role.max_fix_age_s
        ]
        chosen = sorted(placed, key=_order_of_need)[:wanted]
        if role.unplaced and len(chosen) < wanted:
            lost = [c for c in free if c.distance_m is None or (c.fix_age_s or 0.0) > role.max_fix_age_s]
            chosen += sorted(lost, key=lambda c: c.unit)[: wanted - len(chosen)]
        taken.update(c.unit for c in chosen)
        orders += [(role, candidate) for candidate in chosen]
        if len(chosen) < wanted:
            pool = [c for c in candidates if c.unit not in taken]
            shortfalls += [_rule(pool, role)] * (wanted - len(chosen))
    return Plan(tuple(orders), tuple(shortfalls))
