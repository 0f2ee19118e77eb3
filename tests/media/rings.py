"""Rings filled from clips for tests, without a camera: packets arrive when their stamps say, from `START_NS` on."""

from __future__ import annotations

from pathlib import Path

import av

from console.media.ring import Ring, Shelf

START_NS = 1_000_000_000_000


def fill(ring: Ring, path: Path, start_ns: int = START_NS, limit: int = 1_000_000) -> int:
    """Let a connection to `path` bring its packets; returns when the last one arrived."""
    arrival_ns = start_ns
    with av.open(str(path)) as container:
        for number, packet in enumerate(container.demux(container.streams.video[0])):
            if not packet.size or number >= limit:
                continue
            if packet.dts is not None and packet.time_base is not None:
                arrival_ns = start_ns + int(packet.dts * packet.time_base * 1_000_000_000)
            else:
                arrival_ns += 40_000_000
            ring.keep(packet, arrival_ns)
    return arrival_ns


def filled(path: Path, seconds: float = 60.0, cap_bytes: int = 64 << 20) -> tuple[Shelf, Ring]:
    """A shelf with one ring ("a") that holds the clip."""
    shelf = Shelf(cap_bytes)
    ring = shelf.ring("a", seconds, camera="C-1")
    fill(ring, path)
    return shelf, ring
