"""What the window shows facts against: the roster, the playbooks, and the plan the one key would make just now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from console.model import geo
from console.model.camera import Camera
from console.model.incident import Incident
from console.model.order import Order
from console.model.place import Place
from console.model.playbook import Candidate, Plan, Playbook, plan
from console.model.state import State
from console.model.unit import Fix, Unit
from console.ui import spoken

SPEED_MPS = 8.0
"""Straight-line speed that orders units whose road time nobody has computed; the planner's own figure."""


@dataclass(slots=True)
class Around:
    """Replaced part by part when an import has landed. GUI thread only; widgets read, app.py writes."""

    cameras: Mapping[str, Camera] = field(default_factory=dict)
    units: Mapping[str, Unit] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict)
    playbooks: Mapping[str, Playbook] = field(default_factory=dict)
    version: int = 0

    def playbook_of(self, grade: str | None) -> Playbook | None:
        """The plan of a grade; ungraded incidents go by the blue one."""
        return self.playbooks.get(grade or "blue")

    def unit_name(self, order: Order | None) -> str:
        unit = self.units.get(order.unit) if order else None
        return spoken.named(unit) if unit else (order.unit if order else "")


def candidates(around: Around, state: State, fixes: Mapping[str, Fix], incident: Incident, now_ns: int) -> list[Candidate]:
    """Every unit as the planner sees it, from the positions just now; road times are those the desk found at linking."""
    etas: dict[str, Any] = {str(one["unit"]): one.get("eta_s") for one in incident.units}
    here: set[str] = set()
    busy: set[str] = set()
    for order in state.open_orders():
        (here if order.incident == incident.id else busy).add(order.unit)
    refused = {state.orders[key].unit for key in incident.orders if key in state.orders and state.orders[key].state == "cantco"}
    found: list[Candidate] = []
    for unit in around.units.values():
        fix = fixes.get(unit.id)
        distance_m = None
        if fix is not None and incident.lon is not None and incident.lat is not None:
            distance_m = float(geo.distance_m(fix.lon, fix.lat, incident.lon, incident.lat))
        found.append(
            Candidate(
                unit=unit.id,
                name=unit.name,
                kind=unit.kind,
                duty=state.duties.get(unit.id, unit.duty or "on_duty"),
                distance_m=distance_m,
                eta_s=etas.get(unit.id),
                fix_age_s=None if fix is None else fix.age_s(now_ns),
                here=unit.id in here,
                busy=unit.id in busy,
                refused=unit.id in refused,
            )
        )
    return found


def preview(around: Around, incident: Incident, found: list[Candidate]) -> Plan | None:
    """What the one key would do now: the desk decides again, with its own newest positions, when it is pressed."""
    playbook = around.playbook_of(incident.grade)
    return plan(playbook, found, incident.has_position) if playbook is not None else None


def next_unit(around: Around, incident: Incident, found: list[Candidate], order: Order | None) -> Candidate | None:
    """The nearest free unit for one more order; of the kinds that `order`'s role asks for when it is to be replaced."""
    playbook = around.playbook_of(incident.grade)
    kinds: tuple[str, ...] = ()
    if order is not None and playbook is not None:
        kinds = next((role.kinds for role in playbook.roles if role.name == order.role), ())
    free = [
        one for one in found if one.duty != "off" and not (one.here or one.busy or one.refused) and one.distance_m is not None
    ]
    fitting = [one for one in free if one.kind in kinds] or free
    return min(
        fitting,
        key=lambda one: (one.eta_s if one.eta_s is not None else (one.distance_m or 0.0) / SPEED_MPS, one.unit),
        default=None,
    )


def needs_replacing(orders: list[Order], late: frozenset[str]) -> Order | None:
    """The order that most needs another unit: refused, expired, failed on its way, or late."""
    replaced = {order.replaces for order in orders}
    troubled = [
        order
        for order in orders
        if order.id not in replaced and (order.state in ("cantco", "expired_unseen", "path_failed") or order.id in late)
    ]
    return min(troubled, key=lambda order: order.at["issued"], default=None)
