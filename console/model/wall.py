"""The wall: layouts, what each tile wants, how alive each tile is, and when a failed feed tries again. Pure values and rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from console.model.view import Dewarp, Masks

TileState = Literal["connecting", "live", "late", "held", "none", "replay"]
TILE_STATES: Final[tuple[TileState, ...]] = ("connecting", "live", "late", "held", "none", "replay")

FeedError = Literal["auth", "unreachable", "timeout", "codec", "not_found", "bad_stream"]
FEED_ERRORS: Final[tuple[FeedError, ...]] = ("auth", "unreachable", "timeout", "codec", "not_found", "bad_stream")

Mode = Literal["all", "nonref", "key"]
"""Which pictures of a stream are decoded: all, those that others need (without non-reference ones), or key frames alone."""

_SECOND_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A tile's place on the unit square: left, top, width, height in 0…1."""

    left: float
    top: float
    width: float
    height: float


def _grid(columns: int, rows: int) -> tuple[Rectangle, ...]:
    return tuple(Rectangle(c / columns, r / rows, 1 / columns, 1 / rows) for r in range(rows) for c in range(columns))


def _one_big(cells: int, big: int, column: int = 0, row: int = 0) -> tuple[Rectangle, ...]:
    """A `cells`×`cells` grid where one tile covers `big`×`big` cells; it comes first, as the most important."""
    side = 1 / cells
    rest = (
        Rectangle(c * side, r * side, side, side)
        for r in range(cells)
        for c in range(cells)
        if not (column <= c < column + big and row <= r < row + big)
    )
    return (Rectangle(column * side, row * side, big * side, big * side), *rest)


_PICTURE_RATIO = 1.45
"""Width to height between D1 (704×576) and 16:9: what `fitting` takes a picture for."""

LAYOUTS: Final[dict[int, tuple[Rectangle, ...]]] = {
    1: _grid(1, 1),
    4: _grid(2, 2),
    6: _one_big(3, 2),
    8: _one_big(4, 3),
    9: _grid(3, 3),
    13: _one_big(4, 2, 1, 1),
    16: _grid(4, 4),
    25: _grid(5, 5),
    36: _grid(6, 6),
    64: _grid(8, 8),
}


def layout_for(tiles: int) -> int:
    """The smallest layout that holds `tiles` tiles; more than the largest holds gives the largest."""
    return next((n for n in sorted(LAYOUTS) if n >= tiles), max(LAYOUTS))


def fitting(tiles: int, width_px: int, height_px: int) -> tuple[Rectangle, ...]:
    """The grid that shows `tiles` pictures (5:4 to 16:9) largest on a surface of this size; its last row may be short."""

    def area(columns: int) -> float:
        rows = -(-tiles // columns)
        height = min(height_px / rows, width_px / columns / _PICTURE_RATIO)
        return height * height

    columns = max(range(1, tiles + 1), key=area, default=1)
    return _grid(columns, max(1, -(-tiles // columns)))


@dataclass(frozen=True, slots=True)
class WantedFeed:
    """What one tile asks of the feeds: a source, the tile's size in device pixels, and how much it may cost.

    `tile` names the tile for its owner; `priority` 0 is the most important; `keep_stills` is False for household cameras.
    `masks` are burnt into what is shown and kept; `ring_s` seconds of packets are kept for a look back (0 for a household
    camera without an open incident); `grade` is that of the incident the tile belongs to; `is_large`: the tile stands alone
    or is zoomed; `open_options` are the camera's own (name, value) pairs for opening its stream.
    """

    tile: str
    camera: str
    url: str
    url_sub: str = ""
    width_px: int = 480
    height_px: int = 270
    max_fps: float = 25.0
    priority: int = 1
    keyframes_only: bool = False
    keep_stills: bool = True
    masks: Masks = ()
    dewarp: Dewarp | None = None
    ring_s: float = 60.0
    grade: str = ""
    is_tour: bool = False
    is_large: bool = False
    open_options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """How one tile's feed is. Times are UTC nanoseconds; `age_ms` is the shown picture's, None before the first one.

    `profile` "main" or "sub"; `mode` "all", "nonref" or "key" pictures; `lowered` why it is less than asked ("" or a word of
    `wall.lowered.*`); `detail` more about the state (a word of `wall.detail.*`); `hardware` names the decoder, "" for software.
    """

    tile: str
    camera: str
    state: TileState
    since_ns: int
    age_ms: float | None = None
    error: FeedError | None = None
    next_try_s: float | None = None
    shown_fps: float = 0.0
    decoded_fps: float = 0.0
    interval_ms: float | None = None
    reconnects: int = 0
    picture_at_ns: int | None = None
    profile: str = "main"
    mode: str = "all"
    lowered: str = ""
    detail: str = ""
    width_px: int = 0
    height_px: int = 0
    codec: str = ""
    hardware: str = ""
    ring_s: float = 0.0
    gop_s: float = 0.0


SUB_STREAM_BELOW_PX: Final = 400
"""A tile lower than this takes the sub stream: decoding 360p instead of 1080p costs a seventh (measured)."""


def url_for(wanted: WantedFeed) -> str:
    """The stream a tile of this size should open: the sub stream, where there is one, for a small tile."""
    return wanted.url_sub if wanted.url_sub and wanted.height_px < SUB_STREAM_BELOW_PX else wanted.url


def late_after_ns(interval_ns: int) -> int:
    """Silence after which a picture is late, for a stream whose own interval between new pictures is `interval_ns`."""
    return max(_SECOND_NS, 3 * interval_ns)


def held_after_ns(interval_ns: int) -> int:
    """Silence after which a picture is held: shown grey, with its time."""
    return max(2_500_000_000, 6 * interval_ns)


def liveness(silence_ns: int, interval_ns: int) -> TileState:
    """`live`, `late` or `held`, from the time since the last new packet timestamp. A 1 fps stream is not late."""
    if silence_ns >= held_after_ns(interval_ns):
        return "held"
    return "late" if silence_ns >= late_after_ns(interval_ns) else "live"


def tile_state(has_picture: bool, silence_ns: int, interval_ns: int, error: FeedError | None) -> TileState:
    """The state to show. A tile that had a picture keeps it (held, with its time); without one an error means none."""
    if has_picture:
        return liveness(silence_ns, interval_ns)
    return "none" if error else "connecting"


HEALTHY_AFTER_NS: Final = 30 * _SECOND_NS
"""A feed that ran this long starts again from the shortest wait (faults.md V50: not before)."""

_FIRST_WAIT_S: Final[dict[FeedError, float]] = {
    "auth": 60.0, "unreachable": 0.5, "timeout": 0.5, "codec": 5.0, "not_found": 2.0, "bad_stream": 1.0,
}  # fmt: skip
_LONGEST_WAIT_S: Final[dict[FeedError, float]] = {
    "auth": 60.0, "unreachable": 2.5, "timeout": 2.5, "codec": 60.0, "not_found": 15.0, "bad_stream": 15.0,
}  # fmt: skip


def back_off_s(error: FeedError, failures: int, dice: float) -> float:
    """Seconds to wait before try number `failures` + 1; `dice` in 0…1 spreads cameras that failed together (V51).

    A wrong password is tried at most once a minute, or the camera locks the account (V18). An unreachable camera that is on
    the wall is tried at least every 2.5 s, so that its picture is back within 3 s of its return.
    """
    wait_s = min(_FIRST_WAIT_S[error] * 2.0 ** min(failures - 1, 16), _LONGEST_WAIT_S[error])
    return wait_s * (1.0 + 0.1 * dice) if error == "auth" else wait_s * (0.8 + 0.2 * dice)


def fitted(
    source_width: int, source_height: int, tile_width: int, tile_height: int, pixel_aspect: float = 1.0
) -> tuple[int, int]:
    """Width and height of a picture fitted, not cropped, into a tile; even, never larger than the tile, at least 2×2.

    `pixel_aspect` is a source pixel's width over its height (704×576 has 12/11 in a PAL camera). Even, because swscale works
    pixel by pixel in plain C for odd sizes: measured 704×576 → 329×269 BGRA 0.71 ms, → 330×270 0.25 ms.
    """
    shown_width = source_width * pixel_aspect
    scale = min(tile_width / shown_width, tile_height / source_height)
    return (
        max(2, min(tile_width // 2 * 2, round(shown_width * scale / 2) * 2)),
        max(2, min(tile_height // 2 * 2, round(source_height * scale / 2) * 2)),
    )
