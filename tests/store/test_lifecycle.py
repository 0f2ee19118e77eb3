"""The lean fold sees what a whole day of honest facts looks like, and bodies that are none."""

from __future__ import annotations

import pytest

from console.store.lifecycle import LifeCycles, judge


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("IncidentNoted", b"{", "not JSON"),
        ("IncidentNoted", b"\xff{}", "not JSON"),
        ("IncidentNoted", b"[]", "not that of a IncidentNoted"),
        ("IncidentNoted", b'{"incident":"I1"}', "not that of a IncidentNoted"),
        ("IncidentNoted", b'{"incident":["I1"],"text":"x"}', "wrong type"),
        ("IncidentNoted", b'{"incident":"I1","text":"x"} ', "not that of a IncidentNoted"),
    ],
)
def test_a_body_that_is_none_is_named(kind: str, body: bytes, words: str) -> None:
    assert words in (LifeCycles().problem(1, kind, body) or "")


def test_a_kind_of_a_newer_program_is_no_problem() -> None:
    found = judge([(1, b"DroneLaunched", b'{"incident":"I1","drone":"D"}', b"I1")], filed=True)
    assert found.problems == []
    assert found.unknown_kinds == {"DroneLaunched"}


def test_behind_a_purged_report_its_incident_is_not_judged() -> None:
    rows = [(1, b"IncidentReported", None, b"I1"), (2, b"IncidentNoted", b'{"incident":"I1","text":"x"}', b"I1")]
    found = judge(rows, filed=True)
    assert (found.problems, found.purged) == ([], 1)
