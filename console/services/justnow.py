"""Just now: tiles that play back what their stream kept, each from a slot of its own, while the live picture goes on beneath.

In: acts of the operator. Out: the tile shows the replay's slot (`Feeds.show_replay`) once it has a picture, and live again when
the replay has ended. GUI thread; `ended` is called in the media thread. Owned by the console, ended by `close`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from console.media.child import Target
from console.media.slots import Slot
from console.media.supervisor import OnAnswer
from console.model.view import Dewarp, Masks

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0)
_LET_GO_NS = 1_000_000_000  # no painter holds a picture of a slot any more by then


class FeedsLike(Protocol):
    """What is asked of `services.feeds.Feeds`."""

    def errand(self, tile: str, command: str, *arguments: object, on_answer: OnAnswer) -> None: ...

    def show_replay(self, tile: str, slot: Slot | None) -> None: ...

    def mono_ns(self) -> int: ...


@dataclass(slots=True)
class Playing:
    """One tile's replay. `is_shown`: its first picture is there; `shape` is what it was begun with."""

    slot: Slot
    shape: tuple[int, int, Masks, Dewarp | None]
    speed: float = 1.0
    is_paused: bool = False
    is_shown: bool = False


class Replays:
    """`ended(tile, slot name, word)` says that a replay has come to its end: live, closed, gone, no_ring, no_picture, failed."""

    def __init__(self, feeds: FeedsLike, ended: Callable[[str, str, str], None]) -> None:
        self._feeds, self._ended = feeds, ended
        self._playing: dict[str, Playing] = {}
        self._retired: list[tuple[int, Slot]] = []

    def find(self, tile: str) -> Playing | None:
        """The tile's replay, if there is one."""
        return self._playing.get(tile)

    def tiles(self) -> tuple[str, ...]:
        """Tiles that are played back."""
        return tuple(self._playing)

    def start(self, tile: str, width_px: int, height_px: int, masks: Masks, dewarp: Dewarp | None, seconds: float) -> None:
        """Play back from `seconds` before now."""
        self.end(tile)
        slot = Slot.create(max(16, width_px), max(16, height_px))
        self._playing[tile] = Playing(slot, (width_px, height_px, masks, dewarp))
        target = Target(slot.name, slot.width_px, slot.height_px, 60.0, masks, dewarp)

        def answered(ok: bool, fields: Mapping[str, Any]) -> None:
            self._ended(tile, slot.name, str(fields.get("end") or fields.get("word", "gone")))

        self._feeds.errand(tile, "replay", target, seconds, on_answer=answered)

    def look(self) -> tuple[str, ...]:
        """Show the replays whose first picture has come, let go of old slots; returns the tiles that are shown from now on."""
        fresh = []
        for tile, playing in self._playing.items():
            if not playing.is_shown and playing.slot.generation:
                playing.is_shown = True
                self._feeds.show_replay(tile, playing.slot)
                fresh.append(tile)
        now_ns = self._feeds.mono_ns()
        for entry in [entry for entry in self._retired if now_ns - entry[0] > _LET_GO_NS]:
            self._retired.remove(entry)
            entry[1].close()
        return tuple(fresh)

    @property
    def is_idle(self) -> bool:
        """Nothing is played and nothing waits to be let go of."""
        return not self._playing and not self._retired

    def pause(self, tile: str, is_paused: bool) -> None:
        """Stand still, or play on."""
        self._act(tile, "pause", float(is_paused))

    def step(self, tile: str, pictures: int) -> None:
        """Show the next (1) or the former (-1) picture, and stand."""
        self._act(tile, "step", float(pictures))

    def jump(self, tile: str, seconds: float) -> None:
        """Go back or forward by `seconds`."""
        self._act(tile, "jump", seconds)

    def go_to(self, tile: str, mono_ns: int) -> None:
        """Go to a moment of the monotonic clock."""
        self._act(tile, "to", float(mono_ns))

    def faster(self, tile: str, steps: int) -> None:
        """The next speed up (1) or down (-1)."""
        playing = self._playing.get(tile)
        if playing is not None:
            number = min(len(SPEEDS) - 1, max(0, SPEEDS.index(playing.speed) + steps))
            self._act(tile, "speed", SPEEDS[number])

    def _act(self, tile: str, what: str, amount: float) -> None:
        playing = self._playing.get(tile)
        if playing is None:
            return
        if what == "pause":
            playing.is_paused = bool(amount)
        elif what == "step":
            playing.is_paused = True
        elif what == "speed":
            playing.speed = amount
        self._feeds.errand(tile, "replay_act", playing.slot.name, what, amount, on_answer=_nothing)

    def end(self, tile: str) -> None:
        """Live again, at once."""
        playing = self._playing.pop(tile, None)
        if playing is None:
            return
        self._feeds.show_replay(tile, None)
        self._feeds.errand(tile, "replay_end", playing.slot.name, on_answer=_nothing)
        self._retired.append((self._feeds.mono_ns(), playing.slot))

    def close(self) -> None:
        """End every replay and let go of all memory. Before `Feeds.close`."""
        for tile in self.tiles():
            self.end(tile)
        for _, slot in self._retired:
            slot.close()
        self._retired.clear()


def _nothing(ok: bool, fields: Mapping[str, Any]) -> None:
    """An act whose answer says nothing: what it did is seen."""
