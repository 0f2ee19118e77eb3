"""Budget: which stream, which of its pictures and how many a second each tile gets, so that the machine is never overrun.

In: what the tiles want and how loaded the machine is. Out: one grant a tile. Pure but for the clock it is given; no thread.
The rules are those of Nx's client (Source: networkoptix/nx_open, `desktop/radass`), with the incident's priority before the
tile's size: tiles of a tour go to key frames first, then the least important tiles lose rate, stream and pictures, and a tile
of a red incident is never lowered. What a step saves is estimated (`costs`), so that a shortage is met in one step, not in sixty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from console.clock import Clock
from console.media.costs import Costs
from console.media.ladder import grant, is_safe, ladder, least_first, small_px
from console.model.grant import Grant, Load, Reason, Want

TICK_NS: Final = 500_000_000
NEW_NS: Final = 1_000_000_000
"""A new tile is left alone this long, and a tile must be small this long before it takes the sub stream."""
SWITCH_NS: Final = 5_000_000_000
"""At most one automatic change of stream in this time, in the whole system."""
RETRY_NS: Final = 600_000_000_000
HYSTERESIS: Final = 1.34
MANY_TILES: Final = 16
_SETTLE_NS: Final = 2_500_000_000  # what a step did is known after this: the decoders report once a second
_SHORT_NS: Final = 2_000_000_000  # a shortage that is no emergency must last: others use the machine too, for a moment
_KEYS_AFTER_NS: Final = 5_000_000_000  # the storm of many openings is over by then
_STRIKE_NS: Final = 30_000_000_000
_CPU_BACKLOG: Final = 8  # a third of a second; fewer packets waiting: they do not come, so it is the network
_EMERGENCY_BACKLOG: Final = 25  # a second behind
_DRAINING: Final = 0.9
_LATE_SHARE: Final = 0.05
_SLOW_SHARE: Final = 0.2
_FULL: Final = 0.8  # of the processor: above it the window's answer to a key begins to wait
_NETWORK_QUIET_NS: Final = 5_000_000_000
_LONGEST_LADDER: Final = 5


@dataclass(slots=True)
class _Tile:
    """What is kept of a tile: its step down the ladder, and the size rule's state."""

    want: Want
    since_ns: int
    step: int = 0
    is_small: bool = False
    other_size_ns: int = 0
    raised_ns: int = 0
    reason: Reason = ""


@dataclass(slots=True)
class _Rules:
    """What the whole system remembers between two ticks."""

    ticked_ns: int = 0
    changed_ns: int = 0
    switched_ns: int = 0
    lost_ns: int = 0
    short_ns: int = 0
    backlog: int = 0
    backlog_ns: int = 0
    drained_ns: int = 0
    no_raise_until_ns: int = 0
    strikes: dict[str, int] = field(default_factory=dict)


class Budget:
    """Call `plan` when the wishes change and twice a second; it acts at most every half second."""

    def __init__(self, clock: Clock, cores: float = 1.0) -> None:
        self._clock, self._costs = clock, Costs()
        self._tiles: dict[str, _Tile] = {}
        self._rules = _Rules(lost_ns=-_NETWORK_QUIET_NS)
        self._cores = cores

    def plan(self, wants: Sequence[Want], load: Load) -> Mapping[str, Grant]:
        """The grant of each wanted tile."""
        now_ns = self._clock.mono_ns()
        self._take(wants, load, now_ns)
        if now_ns - self._rules.ticked_ns >= TICK_NS:
            self._rules.ticked_ns = now_ns
            self._tick(load, now_ns)
        return {name: grant(one.want, one.step, one.is_small, one.reason) for name, one in self._tiles.items()}

    # ---- what is wanted ---------------------------------------------------------------------------------------------
    def _take(self, wants: Sequence[Want], load: Load, now_ns: int) -> None:
        former, self._tiles = self._tiles, {}
        is_low = len(wants) > MANY_TILES or any(one.step for one in former.values())
        fresh = []
        for want in wants:
            one = former.get(want.tile)
            if one is None:
                one = _Tile(want, now_ns, is_small=self._small(want))
                if is_low and want.has_sub and not one.is_small and not is_safe(want):
                    one.step, one.reason = 1, "cpu"
                fresh.append(one)
            one.want, one.is_small = want, one.is_small and want.has_sub
            one.step = min(one.step, len(ladder(want, one.is_small)) - 1)
            if is_safe(want):
                one.step, one.reason, one.is_small = 0, "", False
            self._tiles[want.tile] = one
        if len(self._tiles) < len(former):
            self._rules.strikes.clear()  # fewer tiles: another machine
            self._rules.no_raise_until_ns = 0
        if fresh:
            self._start(load, now_ns)

    def _start(self, load: Load, now_ns: int) -> None:
        """New tiles: lower what must be lowered by estimate, before it is opened, not after it has stormed."""
        room = max(0.25 * load.cores, (load.idle + sum(load.busy)) - (1 - _FULL) * load.cores)
        excess = sum(self._cost(one) for one in self._tiles.values()) - room
        if excess > 0:
            self._lower(excess, "cpu", now_ns, may_switch_all=True)
        self._rules.changed_ns = now_ns

    def _small(self, want: Want) -> bool:
        return want.has_sub and not is_safe(want) and want.height_px <= small_px(want)

    def _mind_size(self, now_ns: int) -> None:
        """Sub stream for a tile that has been small for a second; main again when it is a third higher than that."""
        for one in self._tiles.values():
            want = one.want
            is_other = want.height_px > HYSTERESIS * small_px(want) if one.is_small else self._small(want)
            one.other_size_ns = (one.other_size_ns or now_ns) if is_other else 0
            may_switch = now_ns - self._rules.switched_ns >= SWITCH_NS
            if is_other and now_ns - one.other_size_ns >= NEW_NS and may_switch:
                one.is_small, one.other_size_ns, self._rules.switched_ns = not one.is_small, 0, now_ns
                one.step = min(one.step, len(ladder(want, one.is_small)) - 1)

    # ---- twice a second ---------------------------------------------------------------------------------------------
    def _tick(self, load: Load, now_ns: int) -> None:
        self._mind_size(now_ns)
        old = [one for one in self._tiles.values() if now_ns - one.since_ns >= NEW_NS]
        if load.lost:
            self._rules.lost_ns = now_ns
        if not old:
            return
        if now_ns - self._rules.changed_ns >= _SETTLE_NS and load.idle > 0.1 * load.cores:  # starved, they take what they get
            self._costs.learn(sum(load.busy), sum(self._cost(one, with_window=False) for one in self._tiles.values()))
        is_short = self._is_short(load)
        self._rules.short_ns = (self._rules.short_ns or now_ns) if is_short else 0
        rest_ns = now_ns - self._rules.changed_ns
        is_draining = self._is_draining(load.backlog, now_ns)
        if is_short and not is_draining and rest_ns >= _SETTLE_NS:
            is_emergency = load.backlog >= _EMERGENCY_BACKLOG or len(load.slow | load.unpainted) * 2 > len(old)
            if is_emergency or now_ns - self._rules.short_ns >= _SHORT_NS:
                self._strike(now_ns)
                excess = (0.25 if is_emergency else 0.1) * max(sum(load.busy), 0.02)
                # Half the rate is hardly seen, key frames are: every tile loses the one before any loses the other.
                has_changed = self._lower(excess, "cpu", now_ns, is_emergency, only_rate=True)
                if not has_changed and self._is_behind(load) and now_ns - self._rules.short_ns >= _KEYS_AFTER_NS:
                    self._lower(excess, "cpu", now_ns, is_emergency)
        elif load.slow and not is_short:
            self._lower_network([one for one in old if one.want.tile in load.slow], now_ns)
        elif not is_short and rest_ns >= SWITCH_NS and now_ns >= self._rules.no_raise_until_ns:
            self._raise(load, now_ns)

    def _is_draining(self, backlog: int, now_ns: int) -> bool:
        """True while the last step still helps: the queues were shorter than ever since then not long ago."""
        rules = self._rules
        if rules.backlog_ns != rules.changed_ns:
            rules.backlog_ns, rules.backlog, rules.drained_ns = rules.changed_ns, backlog, 0
        elif backlog < _DRAINING * rules.backlog:
            rules.backlog, rules.drained_ns = backlog, now_ns
        return rules.drained_ns > 0 and now_ns - rules.drained_ns < _SETTLE_NS

    def _is_short(self, load: Load) -> bool:
        """The processor is what lacks: pictures wait, come too late or are not painted; else it is what they come by."""
        return self._is_behind(load) or bool(load.unpainted)

    def _is_behind(self, load: Load) -> bool:
        """The decoders do not keep up; a window that does not paint all is helped by half the rate, not by fewer decodes."""
        pictures = sum(one.want.fps for one in self._tiles.values())
        is_waiting = load.backlog >= _CPU_BACKLOG or load.late > _LATE_SHARE * pictures
        return is_waiting or (len(load.slow) > _SLOW_SHARE * len(self._tiles) and load.idle < 0.1 * load.cores)

    def _lower(self, excess: float, reason: Reason, now_ns: int, may_switch_all: bool, only_rate: bool = False) -> bool:
        """Go down the ladder, least important first, until `excess` cores are saved or nothing is left; True when any went.

        `only_rate`: no further than half the rate, but for a tour's tile.
        """
        saved, has_changed = 0.0, False
        for level in range(1, _LONGEST_LADDER):
            for one in sorted((one for one in self._tiles.values() if not is_safe(one.want)), key=_order):
                steps = ladder(one.want, one.is_small)
                step = len(steps) - 1 if one.want.is_tour else level  # a tour's tile: key frames at once
                if saved >= excess:
                    return has_changed
                if one.step >= step or step >= len(steps):
                    continue
                if only_rate and steps[step].mode != "all" and not one.want.is_tour:
                    continue
                if steps[step].profile != steps[one.step].profile and not self._may_switch(now_ns, may_switch_all):
                    continue
                before = self._cost(one)
                one.step, one.reason = step, reason
                saved += before - self._cost(one)
                self._rules.changed_ns, has_changed = now_ns, True
        return has_changed

    def _lower_network(self, slow: Iterable[_Tile], now_ns: int) -> None:
        """Packets that do not come are helped by a smaller stream only, and only on the tile that lacks them."""
        for one in sorted(slow, key=_order):
            steps = ladder(one.want, one.is_small)
            down = next((n for n, step in enumerate(steps) if n > one.step and step.profile != steps[one.step].profile), None)
            if down is not None and not is_safe(one.want) and self._may_switch(now_ns, False):
                self._rules.strikes[one.want.tile] = self._rules.strikes.get(one.want.tile, 0) + 1
                one.step, one.reason, self._rules.changed_ns = down, "network", now_ns
                return

    def _may_switch(self, now_ns: int, is_emergency: bool) -> bool:
        if not is_emergency and now_ns - self._rules.switched_ns < SWITCH_NS:
            return False
        self._rules.switched_ns = now_ns
        return True

    def _strike(self, now_ns: int) -> None:
        """Short again soon after a tile was raised: the second time nothing is raised for ten minutes."""
        for one in self._tiles.values():
            if one.raised_ns and now_ns - one.raised_ns < _STRIKE_NS:
                one.raised_ns = 0
                strikes = self._rules.strikes
                strikes[one.want.tile] = strikes.get(one.want.tile, 0) + 1
                if strikes[one.want.tile] >= 2:
                    strikes.clear()
                    self._rules.no_raise_until_ns = now_ns + RETRY_NS
                    return

    def _raise(self, load: Load, now_ns: int) -> None:
        """Give back, most important first, as far as half of the room that is left goes; one change of stream at a time."""
        if now_ns - self._rules.lost_ns < _NETWORK_QUIET_NS:
            return
        room = (load.idle - (1 - _FULL) * load.cores) / HYSTERESIS
        lowered = sorted((one for one in self._tiles.values() if one.step), key=_order, reverse=True)
        if not lowered or room <= 0:
            return
        deepest = max(one.step for one in lowered)
        has_switched = False
        for one in sorted(lowered, key=lambda one: deepest - one.step):  # those that lost most, most important first
            before, step = self._cost(one), one.step
            steps = ladder(one.want, one.is_small)
            is_switch = steps[step - 1].profile != steps[step].profile
            if is_switch and (has_switched or now_ns - self._rules.switched_ns < SWITCH_NS):
                continue
            one.step -= 1
            price = self._cost(one) - before
            if price > room:
                one.step = step
                return
            has_switched |= is_switch
            room = (room - price) / 1.1
            one.raised_ns = self._rules.changed_ns = now_ns
            one.reason = one.reason if one.step else ""
            if is_switch:
                self._rules.switched_ns = now_ns

    def _cost(self, one: _Tile, with_window: bool = True) -> float:
        want, step = one.want, ladder(one.want, one.is_small)[one.step]
        source = want.sub_px if step.profile == "sub" else want.main_px
        return self._costs.cores(source, step, (want.width_px, want.height_px), want.fps, with_window)


def _order(one: _Tile) -> tuple[object, ...]:
    return least_first(one.want)
