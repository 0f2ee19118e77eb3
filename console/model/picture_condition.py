"""Picture condition: the ways in which a camera's picture looks bad, and when a look is believed. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Condition = Literal["", "black", "overexposed", "covered", "frozen", "colour_cast", "blurred", "moved"]
"""One word a camera, the gravest that was seen; "" is well."""
CONDITIONS: Final[tuple[Condition, ...]] = ("black", "overexposed", "covered", "frozen", "colour_cast", "blurred", "moved")
"""Gravest first: a covered lens is also blurred, a black picture also uniform."""

LOOKS_BELIEVED: Final = 2
"""A picture is called bad, or well again, when this many looks in a row said so."""


@dataclass(frozen=True, slots=True)
class Held:
    """What is said of one camera, and what the last looks hinted at. Times are UTC nanoseconds."""

    condition: Condition = ""
    since_ns: int = 0
    hinted: Condition = ""
    hints: int = 0
    hinted_ns: int = 0

    @property
    def is_in_doubt(self) -> bool:
        """True while looks disagree with what is said: the next look comes sooner."""
        return self.hints > 0


def gravest(seen: tuple[Condition, ...]) -> Condition:
    """The one word of several."""
    return next((one for one in CONDITIONS if one in seen), "")


def after_look(held: Held, seen: Condition, at_ns: int) -> Held:
    """What is said after one more look saw `seen` at `at_ns`. `since_ns` is when it was first seen, not when it was believed."""
    if seen == held.condition:
        return Held(held.condition, held.since_ns or at_ns)
    is_same_hint = held.hints > 0 and seen == held.hinted
    hints, hinted_ns = (held.hints + 1, held.hinted_ns) if is_same_hint else (1, at_ns)
    if hints >= LOOKS_BELIEVED:
        return Held(seen, hinted_ns)
    return Held(held.condition, held.since_ns, seen, hints, hinted_ns)
