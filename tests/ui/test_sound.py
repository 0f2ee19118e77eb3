"""Sound: one tone per grade, a minute of silence that ends, and a sign where nobody hears anything."""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from console.ui.sound import NOTES, RATE, Sound, tone
from tests.fakes import FakeClock


@pytest.fixture
def player() -> tuple[str, ...]:
    return (sys.executable, "-c", "")


@pytest.fixture
def sound(qtbot: Any, player: tuple[str, ...]) -> Iterator[Sound]:
    made = Sound(FakeClock(), player=player)
    yield made
    made.close()


@pytest.mark.parametrize("grade", NOTES)
def test_a_tone_is_short_and_never_clips(grade: str) -> None:
    samples = struct.unpack(f"<{len(tone(grade)) // 2}h", tone(grade))

    assert len(samples) < RATE
    assert max(abs(sample) for sample in samples) < 12000


def test_the_grades_sound_different() -> None:
    assert len({tone(grade) for grade in NOTES}) == len(NOTES)


def test_silence_lasts_a_minute_and_no_longer(sound: Sound) -> None:
    sound.mute()
    during = sound.muted_s
    sound._clock.advance(61)  # type: ignore[attr-defined]

    assert during == 60.0
    assert sound.muted_s == 0.0


def test_a_second_press_ends_the_silence(sound: Sound) -> None:
    sound.mute()
    sound.mute()

    assert sound.muted_s == 0.0


def test_a_player_that_fails_is_lost_and_said_so(qtbot: Any) -> None:
    made = Sound(FakeClock(), player=(sys.executable, "-c", "raise SystemExit(1)"))

    with qtbot.waitSignal(made.changed, timeout=30_000):
        made.play("red")

    assert not made.has_player
    made.close()


def test_a_missing_player_is_lost_and_said_so(qtbot: Any) -> None:
    made = Sound(FakeClock(), player=("/nonexistent/player",))

    with qtbot.waitSignal(made.changed, timeout=30_000):
        made.play("red")

    assert not made.has_player
    made.close()
