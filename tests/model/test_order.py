"""The life of an order: what a receipt may change, whatever order receipts come in."""

from __future__ import annotations

import itertools

import pytest

from console.model.order import FINAL, RECEIPT_STATES, STATES, next_state


@pytest.mark.parametrize(
    ("now", "heard", "then"),
    [
        ("issued", "on_terminal", "on_terminal"),
        ("on_terminal", "at_broker", "on_terminal"),
        ("shown", "wilco", "wilco"),
        ("wilco", "cantco", "cantco"),
        ("cantco", "wilco", "wilco"),
        ("done", "wilco", "done"),
        ("done", "recalled", "recalled"),
        ("en_route", "wilco", "en_route"),
        ("shown", "expired_unseen", "shown"),
        ("on_terminal", "expired_unseen", "expired_unseen"),
        ("expired_unseen", "wilco", "wilco"),
        ("path_failed", "on_terminal", "on_terminal"),
        ("recalled", "wilco", "recalled"),
        ("superseded", "done", "superseded"),
    ],
)
def test_what_is_heard_moves_the_order_or_not(now: str, heard: str, then: str) -> None:
    assert next_state(now, heard) == then


def test_every_pair_of_states_has_an_answer() -> None:
    """faults.md D6, D7: total, whatever comes."""
    for now, heard in itertools.product(STATES, STATES):
        assert next_state(now, heard) in STATES


def test_receipts_in_any_order_end_in_done() -> None:
    """faults.md D6: done before wilco."""
    happy = [state for state in RECEIPT_STATES if state != "cantco"]
    for order in itertools.permutations(happy):
        state = "issued"
        for heard in order:
            state = next_state(state, heard)
        assert state == "done"


def test_only_our_own_word_leaves_a_recall() -> None:
    assert all(next_state("recalled", heard) == "recalled" for heard in STATES)
    assert {"recalled", "superseded"} <= FINAL
