"""Grant: what a tile asks of the machine, how busy the machine is, and what the tile may cost. Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from console.model.wall import Mode

Reason = Literal["", "cpu", "network", "size"]
"""Why a tile gets less than everything: the processor or the network is short, or it is too small to show more."""


@dataclass(frozen=True, slots=True)
class Want:
    """One tile's wish. `grade`: of its incident ("" none); `priority` 0 is the most important; `is_large`: alone or zoomed.

    `main_px` and `sub_px`: the streams' (width, height), (0, 0) until known; `fps`: the stream's own rate.
    """

    tile: str
    width_px: int
    height_px: int
    has_sub: bool = False
    priority: int = 1
    grade: str = ""
    is_tour: bool = False
    is_large: bool = False
    max_fps: float = 25.0
    main_px: tuple[int, int] = (0, 0)
    sub_px: tuple[int, int] = (0, 0)
    fps: float = 25.0


@dataclass(frozen=True, slots=True)
class Grant:
    """What a tile may cost: which stream, which of its pictures, and how often it is scaled."""

    profile: Literal["main", "sub"] = "main"
    mode: Mode = "all"
    max_fps: float = 60.0
    reason: Reason = ""


@dataclass(frozen=True, slots=True)
class Load:
    """How busy the decoder children were since they were last asked (about half a second to a second).

    `busy`: each child's processor time over the wall's (1.0 is one core); `late`: pictures left out because they came too late;
    `backlog`: most packets that stood waiting in any feed; `lost`: packets that were damaged or missing. Of the machine: its
    `cores`, and how many of them were `idle`. `slow`: tiles whose stream gives less than three quarters of its rate;
    `unpainted`: tiles whose pictures come but are not all painted in time.
    """

    busy: tuple[float, ...] = ()
    late: int = 0
    backlog: int = 0
    lost: int = 0
    cores: float = 1.0
    idle: float = 1.0
    slow: frozenset[str] = frozenset()
    unpainted: frozenset[str] = frozenset()
