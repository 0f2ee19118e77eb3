"""The one key's plan in words: whom it reaches before it is pressed, and what it could not fill afterwards."""

from __future__ import annotations

from collections.abc import Sequence

from console.model.incident import Incident
from console.model.playbook import Candidate
from console.ui import spoken
from console.ui.around import Around, preview
from console.words import chosen, tr


def effect_words(around: Around, incident: Incident, found: Sequence[Candidate]) -> str:
    """Whom the one key would reach just now."""
    plan = preview(around, incident, list(found))
    if plan is None:
        return ""
    if not incident.has_position:
        return tr("shortfall.incident_position_unknown")
    names = [spoken.named(around.units[one.unit]) for _, one in plan.orders if one.unit in around.units]
    short = tr("incident.effect_short", count=len(plan.shortfalls)) if plan.shortfalls else ""
    if not names:
        return tr("incident.effect_full") if not plan.shortfalls else tr("incident.effect_nobody", count=len(plan.shortfalls))
    return tr("incident.effect", count=len(names), units=tr("incident.listing").join(names)) + short


def shortfall_lines(around: Around, incident: Incident) -> list[str]:
    """For every place the plan left empty: the rule that failed and whom relaxing it would give."""
    playbook = around.playbook_of(incident.grade)
    titles = {role.name: role.title.get(chosen()) or role.name for role in playbook.roles} if playbook else {}
    lines = []
    for one in incident.shortfalls:
        role = titles.get(one["role"], one["role"])
        relaxed = around.units.get(one.get("relaxed", ""))
        tail = tr("incident.relaxed", unit=spoken.named(relaxed)) if relaxed else ""
        lines.append(tr("incident.short", role=role, rule=tr(f"shortfall.{one['rule']}")) + tail)
    return lines
