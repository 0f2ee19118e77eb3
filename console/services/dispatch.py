"""The one key: reads the playbooks and turns a press into orders, with the units as they are just now."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from console import words
from console.errors import BadInput, Refused
from console.model import commands as cmd
from console.model import playbook as pb
from console.model.incident import Incident
from console.model.state import State
from console.model.unit import Fix
from console.paths import resources
from console.services.linkage import Near
from console.store.roster import Roster


def load_playbooks(own: Path | None = None) -> dict[str, pb.Playbook]:
    """Our playbooks, then those of the centre's folder `own` (same name: theirs wins). Raises BadInput naming the file."""
    found: dict[str, pb.Playbook] = {}
    for folder in (resources("playbooks"), own):
        if folder is None or not folder.is_dir():
            continue
        for file in sorted(folder.glob("*.toml")):
            try:
                found[file.stem] = pb.read(file.stem, tomllib.loads(file.read_text(encoding="utf-8")))
            except (tomllib.TOMLDecodeError, UnicodeDecodeError) as cause:
                raise BadInput(f"not a TOML file: {cause}", str(file)) from cause
    return found


def where(incident: Incident) -> str:
    """The place in words for an order's text: address, place, pole, or the numbers."""
    named = [part for part in (incident.address, incident.place, incident.pole) if part]
    if named:
        return " · ".join(named)
    return f"{incident.lon:.5f}, {incident.lat:.5f}" if incident.lon is not None and incident.lat is not None else "?"


def candidates(
    state: State, incident: Incident, roster: Roster, fixes: Mapping[str, Fix], near: Near | None
) -> list[pb.Candidate]:
    """Every unit as the planner sees it: duty, distance, age of fix, and what it is busy with."""
    found = {unit.unit: unit for unit in near.units} if near is not None else {}
    here: set[str] = set()
    busy: set[str] = set()
    for order in state.open_orders():
        (here if order.incident == incident.id else busy).add(order.unit)
    refused = {state.orders[key].unit for key in incident.orders if state.orders[key].state == "cantco"}
    return [
        pb.Candidate(
            unit=unit.id,
            name=unit.name,
            kind=unit.kind,
            duty=state.duties.get(unit.id, unit.duty or "on_duty"),
            distance_m=found[unit.id].distance_m if unit.id in found else None,
            eta_s=found[unit.id].eta_s if unit.id in found else None,
            fix_age_s=found[unit.id].fix_age_s if unit.id in found else None,
            here=unit.id in here,
            busy=unit.id in busy,
            refused=unit.id in refused,
        )
        for unit in roster.units.values()
    ]


def order_text(playbook: pb.Playbook, incident: Incident, role_title: str, language: str) -> str:
    """The words a unit reads, in the centre's language."""
    grade = words.in_language(language, f"grade.{incident.grade or 'unknown'}")
    template = playbook.text.get(language) or playbook.text["zh_CN"]
    return template.format(grade=grade, title=incident.title, where=where(incident), role=role_title)


def filled(
    press: cmd.Dispatch,
    state: State,
    playbooks: Mapping[str, pb.Playbook],
    units: list[pb.Candidate],
    language: str,
) -> cmd.Dispatch:
    """The press with its orders and shortfalls filled in. Raises Refused for an unknown playbook."""
    playbook = playbooks.get(press.playbook)
    incident = state.incidents.get(press.incident)
    if playbook is None:
        raise Refused("unknown_playbook", playbook=press.playbook)
    if incident is None or press.request in state.requests:
        return press
    plan = pb.plan(playbook, units, incident.has_position)
    orders = []
    for role, candidate in plan.orders:
        title = role.title.get(language) or role.title["zh_CN"]
        text = order_text(playbook, incident, title, language)
        orders.append({"unit": candidate.unit, "role": role.name, "text": text, "expires_s": playbook.expires_s})
    return replace(press, orders=orders, shortfalls=list(plan.shortfalls))
