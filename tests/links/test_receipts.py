"""Receipts of terminals: what is taken, and how each bad field is named."""

from __future__ import annotations

from typing import Any

import pytest

from console.errors import BadInput
from console.links.receipts import checked_receipt

GOOD: dict[str, Any] = {
    "order": "I000001-O01",
    "version": 1,
    "state": "wilco",
    "reason": None,
    "at_ms": 1_790_000_000_000,
    "receipt": "r",
}


def test_a_good_receipt_loses_only_what_is_not_its_own() -> None:
    assert checked_receipt({**GOOD, "type": "receipt", "unit": "somebody else"}) == GOOD


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_cantco_without_a_reason_is_still_an_answer(reason: object) -> None:
    """faults.md D15."""
    assert checked_receipt({**GOOD, "state": "cantco", "reason": reason})["reason"] is None


def test_a_javascript_number_counts_as_whole() -> None:
    assert checked_receipt({**GOOD, "version": 2.0})["version"] == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("order", None), ("order", "../x"), ("order", 7), ("version", 0), ("version", 1.5), ("version", True), ("version", 2**40),
        ("state", "asleep"), ("state", None), ("state", []), ("reason", 5), ("at_ms", "now"), ("at_ms", -1), ("at_ms", 10**18),
        ("at_ms", float("nan")), ("receipt", ""), ("receipt", "a/b"), ("receipt", None),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named(field: str, value: object) -> None:
    with pytest.raises(BadInput) as caught:
        checked_receipt({**GOOD, field: value})
    assert caught.value.where == field


@pytest.mark.parametrize("body", [None, [], "x", 5])
def test_what_is_no_object_is_refused(body: object) -> None:
    with pytest.raises(BadInput):
        checked_receipt(body)
