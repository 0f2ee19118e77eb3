"""The strict reader of commands from outside."""

from __future__ import annotations

from typing import Any

import pytest

from console.errors import BadInput
from console.model import commands as cmd


@pytest.mark.parametrize(
    ("kind", "body", "where"),
    [
        ("Nothing", {}, "unknown command"),
        ("CloseIncident", [], "not an object"),
        ("CloseIncident", {}, "missing incident"),
        ("CloseIncident", {"incident": 7}, "CloseIncident.incident"),
        ("CloseIncident", {"incident": "I1", "more": 1}, "unknown field"),
        ("IssueOrder", {"incident": "I1", "unit": "P", "request": "R", "expires_s": float("nan")}, "expires_s"),
        ("IssueOrder", {"incident": "I1", "unit": "P", "request": "R", "expires_s": True}, "expires_s"),
        ("RecordReceipt", {"unit": "P", "order": "O", "version": 2**70}, "version"),
        ("Dispatch", {"incident": "I1", "playbook": "red", "request": "R", "orders": "x"}, "orders"),
    ],
)
def test_nonsense_is_named(kind: str, body: Any, where: str) -> None:
    with pytest.raises(BadInput, match=where):
        cmd.from_body(kind, body)


def test_a_command_comes_back_as_it_went() -> None:
    command = cmd.OpenTile("01/1", "T-1", "01", "I000001", "look", False, "", 3, 300.0)

    assert cmd.from_body("OpenTile", cmd.to_body(command)) == command
