"""Retime: when each kept picture belongs, on one clock that only goes forward, whatever the camera's time stamps did.

In: groups of a ring or of a recording. Out: their packets with a time on the monotonic clock, and the gaps between them.
A run is a stretch in which the stamps can be believed; each run is laid so that its quickest packet arrives when it is due.
A new connection, new codec parameters or a jump of the stamps begins a new run (faults.md V34, V35, V42). Pure functions.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from console.media.ring import Coding, Group, Kept

_BACK_NS: Final = 200_000_000  # decoding stamps that fall back by more begin a new run; less is bumped forward
_BACK_SHOWN_NS: Final = 1_000_000_000  # the same where only pictures' own stamps are known, which step back by B-frames
_AHEAD_NS: Final = 5_000_000_000  # stamps that run ahead of the arrivals by more than this have jumped
_STEP_NS: Final = 1_000_000
_LEAST_GAP_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Timed:
    """A packet and the moment its picture belongs to (monotonic ns). `group` is its group's serial."""

    time_ns: int
    kept: Kept
    group: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Pictures are missing between two moments: `cause` is reconnect, codec, cap, jump, silence or start."""

    from_ns: int
    to_ns: int
    cause: str


@dataclass(slots=True)
class _Run:
    coding: Coding
    cause: str
    packets: list[tuple[int, Kept, int]]  # (stamp, packet, group)


def lay_out(groups: Sequence[Group]) -> list[Timed]:
    """Every packet of `groups` in decoding order with its time. Times of pictures may step back only as B-frames do."""
    return [one for _, timed in _laid(groups) for one in timed]


def _laid(groups: Sequence[Group]) -> list[tuple[_Run, list[Timed]]]:
    out: list[tuple[_Run, list[Timed]]] = []
    end_ns: int | None = None
    for run in _runs(groups):
        offset_ns = min(kept.arrival_ns - stamp for stamp, kept, _ in run.packets)
        first_ns = min(stamp for stamp, _, _ in run.packets) + offset_ns
        if end_ns is not None and first_ns <= end_ns:
            offset_ns += end_ns + _STEP_NS - first_ns
        timed = [Timed(stamp + offset_ns, kept, group) for stamp, kept, group in run.packets]
        out.append((run, timed))
        end_ns = max(one.time_ns for one in timed)
    return out


def codings(groups: Sequence[Group]) -> list[list[Group]]:
    """`groups` in stretches that one file can hold: of equal codec parameters."""
    out: list[list[Group]] = []
    for group in groups:
        if out and _is_same(out[-1][-1].coding, group.coding):
            out[-1].append(group)
        else:
            out.append([group])
    return out


def gaps(groups: Sequence[Group]) -> list[Gap]:
    """Where pictures are missing inside `groups`, oldest first."""
    causes = {group.serial: group.cause for group in groups}
    order = sorted(
        (one.time_ns, one.group, run.cause if number == 0 else "")
        for run, timed in _laid(groups)
        for number, one in enumerate(timed)
    )
    steps = [after[0] - before[0] for before, after in itertools.pairwise(order) if after[0] > before[0]]
    usual_ns = int(statistics.median(steps)) if steps else 0
    found = []
    for (before_ns, old, _), (after_ns, new, begun) in itertools.pairwise(order):
        cause = begun or (causes[new] if new != old else "")
        missing_ns = after_ns - before_ns
        if missing_ns > max(_LEAST_GAP_NS, 3 * usual_ns) or (cause and missing_ns > 2 * usual_ns):
            found.append(Gap(before_ns, after_ns, cause or "silence"))
    return found


def stamp_of(group: Group) -> int:
    """The first packet's own stamp in decoding order, its arrival where it has none."""
    first = group.packets[0]
    stamp = first.dts_ns if first.dts_ns is not None else first.pts_ns
    return first.arrival_ns if stamp is None else stamp


def goes_on(former: Group, group: Group) -> bool:
    """Whether `group` follows `former` without a break that its stamps would show."""
    return len(_runs([former, group])) == 1


def usual_step_ns(timed: Sequence[Timed]) -> int:
    """The stream's own interval between pictures; 40 ms where there are too few to tell."""
    times = sorted({one.time_ns for one in timed})
    steps = [b - a for a, b in itertools.pairwise(times)]
    return int(statistics.median(steps)) if steps else 40_000_000


def _is_same(one: Coding, other: Coding) -> bool:
    """Whether two codings can stand in one file: `sets` may differ in what is no sequence parameter set."""
    return one is other or one == other


def _runs(groups: Sequence[Group]) -> list[_Run]:
    runs: list[_Run] = []
    decode_ns: int | None = None
    before: Kept | None = None
    for group in groups:
        if not runs or group.cause not in ("", "start", "cap") or not _is_same(runs[-1].coding, group.coding):
            runs.append(_Run(group.coding, group.cause, []))
            decode_ns = None
        for kept in group.packets:
            stamp = kept.dts_ns if kept.dts_ns is not None else kept.pts_ns
            step_ns = stamp - decode_ns if stamp is not None and decode_ns is not None else 0
            if before is not None and _has_jumped(step_ns, before, kept):
                runs.append(_Run(group.coding, "jump", []))
                decode_ns = None
            runs[-1].packets.append((_shown(kept, stamp, decode_ns, before, runs[-1]), kept, group.serial))
            if stamp is None:
                stamp = runs[-1].packets[-1][0]
            decode_ns, before = stamp if decode_ns is None else max(decode_ns, stamp), kept
    return [run for run in runs if run.packets]


def _has_jumped(step_ns: int, before: Kept, kept: Kept) -> bool:
    back_ns = _BACK_SHOWN_NS if kept.dts_ns is None else _BACK_NS
    return step_ns < -back_ns or step_ns > kept.arrival_ns - before.arrival_ns + _AHEAD_NS


def _shown(kept: Kept, stamp: int | None, decode_ns: int | None, before: Kept | None, run: _Run) -> int:
    """The picture's own stamp; where it has none, its decoding stamp, and without any the time that passed since the last."""
    if kept.pts_ns is not None:
        return kept.pts_ns
    if stamp is not None:
        return stamp
    if decode_ns is None or before is None:
        return kept.arrival_ns
    return decode_ns + max(_STEP_NS, kept.arrival_ns - before.arrival_ns)
