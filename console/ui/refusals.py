"""A refusal of the desk in the operator's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from console.words import tr


def refusal_text(refused: Mapping[str, Any]) -> str:
    """The sentence for the `refused` object of an answer; what is unknown shows its code."""
    fields = dict(refused.get("fields") or {})
    code = str(refused.get("code", ""))
    if code == "bad_input":
        return tr("incident.bad_input", what=fields.get("what", ""), where=fields.get("where", ""))
    if code in ("unavailable", "internal"):
        return tr(f"incident.{code}", what=fields.get("what", ""))
    return tr(f"refused.{code}", **fields)
