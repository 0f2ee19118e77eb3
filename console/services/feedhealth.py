"""Feed health: how one tile is, from what its slot's header and its job's news say. Media thread."""

from __future__ import annotations

from typing import cast

from console.media import slots
from console.media.slots import Slot
from console.media.supervisor import JobNews
from console.model.wall import FeedError, FeedHealth, tile_state
from console.services.streams import Tile

_RATE_WINDOW_NS = 2_000_000_000


def health_of(tile: Tile, news: JobNews, before: FeedHealth | None, now_ns: int, mono_ns: int, replay: Slot | None) -> FeedHealth:
    """The tile's health now; `before` is its last one, `replay` the slot it shows instead of its live picture."""
    wanted, view = tile.wanted, tile.shown
    if view is None:
        return FeedHealth(wanted.tile, wanted.camera, "none", tile.since_ns, error="bad_stream")
    error, header, facts = cast("FeedError | None", news.error), view.outlet.slot.header, news.facts
    picture = (replay or view.outlet.slot).newest()
    interval_ns = int(header[slots.INTERVAL_NS]) or 1_000_000_000
    has_picture = bool(header[slots.GENERATION])
    state = tile_state(has_picture, mono_ns - int(header[slots.LAST_PACKET_NS]), interval_ns, error)
    if replay is not None:
        state = "replay"
    shown_fps, decoded_fps = _rates(tile, int(header[slots.DECODED]), mono_ns)
    same = before is not None and before.state == state and before.camera == wanted.camera
    age_ns = None if picture is None else mono_ns - picture.arrival_ns
    grant, job = tile.grant, view.stream.job
    is_lowered = grant is not None and (grant.profile == view.profile == "sub" or job.mode != "all")
    return FeedHealth(
        wanted.tile, wanted.camera, state, before.since_ns if same and before is not None else now_ns,
        None if age_ns is None else age_ns / 1e6, error,
        max(0.0, (news.next_try_ns - mono_ns) / 1e9) if error else None, shown_fps, decoded_fps,
        interval_ns / 1e6, max(0, news.opened - 1), None if age_ns is None else now_ns - age_ns,
        profile=view.profile, mode=job.mode, lowered=grant.reason if grant is not None and is_lowered else "",
        detail=news.detail or ("" if error else facts.detail), width_px=facts.width_px, height_px=facts.height_px,
        codec=facts.codec, hardware=facts.hardware, ring_s=int(header[slots.RING_MS]) / 1000, gop_s=facts.gop_s,
    )  # fmt: skip


def _rates(tile: Tile, decoded: int, mono_ns: int) -> tuple[float, float]:
    """Pictures painted and decoded a second, over the last two."""
    marks = tile.marks
    marks.append((mono_ns, tile.painted, decoded))
    while len(marks) > 2 and mono_ns - marks[0][0] > _RATE_WINDOW_NS:
        marks.popleft()
    span_s = (mono_ns - marks[0][0]) / 1e9
    if span_s <= 0:
        return 0.0, 0.0
    return (tile.painted - marks[0][1]) / span_s, max(0, decoded - marks[0][2]) / span_s
