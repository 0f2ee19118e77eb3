"""Costs: about how much of a processor core a tile takes, from pixels decoded and painted a second; learns this machine's speed.

Pure arithmetic. The figures were measured on two cores of an AMD EPYC with 704×576 H.264; only their proportions matter, for the
factor between estimate and truth is learnt while the wall runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from console.model.wall import fitted

if TYPE_CHECKING:
    from console.model.grant import Grant

_DECODE_NS_PER_PX: Final = 2.6
_DECODE_NS_PER_PICTURE: Final = 350_000  # wake-ups, packets, Python
_SCALE_NS_PER_PX: Final = 2.5  # of the tile
_PAINT_NS_PER_PX: Final = 2.5
_KEY_SHARE: Final = 0.06  # a key frame every two seconds of 25, three times as dear as another picture
_NONREF_SHARE: Final = 0.9  # most cameras send no picture that nothing refers to
_UNKNOWN_PX: Final = (704, 576)
_LEAST, _MOST = 0.4, 4.0


class Costs:
    """`factor` is this machine's cost over the estimate; 1 until learnt."""

    def __init__(self) -> None:
        self.factor = 1.0

    def cores(self, source_px: tuple[int, int], grant: Grant, tile_px: tuple[int, int], fps: float, with_window: bool) -> float:
        """Cores for one tile: decoding `source_px` at `fps`, scaling to the tile and, `with_window`, painting it."""
        width, height = source_px if source_px[0] and source_px[1] else _UNKNOWN_PX
        share = {"all": 1.0, "nonref": _NONREF_SHARE, "key": _KEY_SHARE}[grant.mode]
        shown_fps = min(fps * share if grant.mode == "key" else fps, grant.max_fps)
        shown_width, shown_height = fitted(width, height, max(2, tile_px[0]), max(2, tile_px[1]))
        decode_ns = fps * share * width * height * _DECODE_NS_PER_PX + fps * _DECODE_NS_PER_PICTURE
        per_px_ns = _SCALE_NS_PER_PX + (_PAINT_NS_PER_PX if with_window else 0.0)
        return self.factor * (decode_ns + shown_fps * shown_width * shown_height * per_px_ns) / 1e9

    def learn(self, busy: float, estimated: float) -> None:
        """Compare what the decoders took (`busy` cores) with what was estimated for them, slowly."""
        if estimated > 0.05 and busy > 0.02:
            wanted = min(_MOST, max(_LEAST, self.factor * busy / estimated))
            self.factor += 0.2 * (wanted - self.factor)
