"""Slots: newest-wins pictures in shared memory, one writer (a decoder child) and one reader (the console).

A segment holds a header of 64-bit integers and three BGRA buffers as large as the tile. The writer fills the buffer that is
neither shown nor was shown last, marks it with an odd number while it writes, and then names it the front one; it never
waits. The reader takes the front buffer, paints, and asks `is_whole` afterwards. Three buffers instead of two: a reader
has a whole picture's interval before the writer comes back to the buffer it paints from.
The console creates and unlinks segments; children only attach (spawned children share the parent's resource tracker).
"""

from __future__ import annotations

import contextlib
import itertools
import os
from dataclasses import dataclass
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

_BUFFERS = 3
_HEADER_BYTES = 4096
_ALIGN = 64  # rows start where the scaler's vector stores like it, and its over-run past a row's end stays inside the row
# Header fields, as indexes of 64-bit integers. One writer each: the decoder child, but for WIDTH_MAX and HEIGHT_MAX.
WIDTH_MAX, HEIGHT_MAX, FRONT, GENERATION = 0, 1, 2, 3
PACKETS, LAST_PACKET_NS, INTERVAL_NS, DECODED, DROPS, FENCE = 4, 5, 6, 7, 8, 9
LAG_NS, RING_MS = 10, 11
_BUFFER_FIELDS = 16
_SEQUENCE, _WIDTH, _HEIGHT, _PTS_NS, _ARRIVAL_NS, _ROTATION, _MADE, _STRIDE = range(8)


def stride_bytes(width_px: int) -> int:
    """Bytes from one row of a slot's picture to the next."""
    return (width_px * 4 + _ALIGN - 1) // _ALIGN * _ALIGN


_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Picture:
    """The newest picture of a slot. `pixels` is shared memory: BGRA rows `stride_bytes` apart, valid while `is_whole`.

    `arrival_ns` is when its packet arrived (suspend-proof monotonic clock); `rotation_deg` is how the viewer must turn it.
    """

    generation: int
    width_px: int
    height_px: int
    stride_bytes: int
    pts_ns: int
    arrival_ns: int
    rotation_deg: int
    pixels: memoryview
    index: int
    sequence: int


class Slot:
    """One segment. Create it in the console with `create`, attach in a child with `attach`; `close` at the end of either."""

    def __init__(self, memory: SharedMemory, owner: bool) -> None:
        self._memory, self._owner = memory, owner
        self.name = memory.name
        everything = _bytes_of(memory)
        self.header = everything[:_HEADER_BYTES].cast("q")
        self.width_px, self.height_px = int(self.header[WIDTH_MAX]), int(self.header[HEIGHT_MAX])
        self._buffer_bytes = stride_bytes(self.width_px) * self.height_px + _ALIGN
        starts = (_HEADER_BYTES + index * self._buffer_bytes for index in range(_BUFFERS))
        self.buffers = [everything[start : start + self._buffer_bytes] for start in starts]

    @classmethod
    def create(cls, width_px: int, height_px: int) -> Slot:
        """Make a segment for pictures of at most `width_px`×`height_px`, named after this process."""
        size = _HEADER_BYTES + _BUFFERS * (stride_bytes(width_px) * height_px + _ALIGN)
        while True:
            with contextlib.suppress(FileExistsError):
                memory = SharedMemory(f"liandong-{os.getpid()}-{next(_numbers)}", create=True, size=size)
                break
        header = _bytes_of(memory)[:_HEADER_BYTES].cast("q")
        header[WIDTH_MAX], header[HEIGHT_MAX] = width_px, height_px
        header.release()
        return cls(memory, owner=True)

    @classmethod
    def attach(cls, name: str) -> Slot:
        """Open a segment the console made. Raises FileNotFoundError when the tile was closed meanwhile."""
        return cls(SharedMemory(name), owner=False)

    # ---- writer -----------------------------------------------------------------------------------------------------
    def begin(self, width_px: int, height_px: int) -> tuple[int, memoryview]:
        """Mark the buffer to write as unfinished; returns its index and its bytes (rows `stride_bytes(width_px)` apart)."""
        index = (int(self.header[FRONT]) + 1) % _BUFFERS
        base = _BUFFER_FIELDS + index * 8
        self.header[base + _SEQUENCE] |= 1
        self.header[base + _WIDTH], self.header[base + _HEIGHT] = width_px, height_px
        self.header[base + _STRIDE] = stride_bytes(width_px)
        return index, self.buffers[index]

    def publish(self, index: int, pts_ns: int, arrival_ns: int, rotation_deg: int = 0) -> None:
        """Make the buffer from `begin` the newest picture."""
        header, base = self.header, _BUFFER_FIELDS + index * 8
        header[base + _PTS_NS], header[base + _ARRIVAL_NS], header[base + _ROTATION] = pts_ns, arrival_ns, rotation_deg
        header[base + _MADE] = header[GENERATION] + 1
        header[base + _SEQUENCE] += 1
        header[FRONT] = index
        header[GENERATION] += 1

    # ---- reader -----------------------------------------------------------------------------------------------------
    @property
    def generation(self) -> int:
        """Pictures published so far; 0 before the first. One read of shared memory: cheap enough to poll."""
        return int(self.header[GENERATION])

    def newest(self) -> Picture | None:
        """The newest whole picture, or None before the first (or while the writer laps us: ask again later)."""
        header = self.header
        if not header[GENERATION]:
            return None
        index = int(header[FRONT])
        base = _BUFFER_FIELDS + index * 8
        sequence = int(header[base + _SEQUENCE])
        if sequence & 1:
            return None
        width, height, stride = int(header[base + _WIDTH]), int(header[base + _HEIGHT]), int(header[base + _STRIDE])
        if not (0 < width <= self.width_px and 0 < height <= self.height_px and 0 < stride * height <= self._buffer_bytes):
            return None
        picture = Picture(
            int(header[base + _MADE]), width, height, stride, int(header[base + _PTS_NS]), int(header[base + _ARRIVAL_NS]),
            int(header[base + _ROTATION]), self.buffers[index][: stride * height], index, sequence,
        )  # fmt: skip
        return picture if self.is_whole(picture) else None

    def is_whole(self, picture: Picture) -> bool:
        """True when `picture`'s pixels have not been written to since `newest` returned it: ask after painting."""
        return bool(self.header[_BUFFER_FIELDS + picture.index * 8 + _SEQUENCE] == picture.sequence)

    def close(self) -> None:
        """Let go of the memory, and, as its creator, remove the segment. Views still held keep the pages mapped."""
        for view in (*self.buffers, self.header):
            with contextlib.suppress(BufferError):
                view.release()
        with contextlib.suppress(BufferError):
            self._memory.close()
        if self._owner:
            with contextlib.suppress(FileNotFoundError):
                self._memory.unlink()


def _bytes_of(memory: SharedMemory) -> memoryview:
    assert memory.buf is not None
    return memory.buf


def sweep_dead(folder: Path = Path("/dev/shm")) -> int:
    """Remove segments that a killed console of this user left behind; returns how many. Call at start (Linux)."""
    removed = 0
    for file in folder.glob("liandong-*-*") if folder.is_dir() else ():
        pid = file.name.split("-")[1]
        if pid.isdigit() and not _is_running(int(pid)):
            with contextlib.suppress(OSError):
                file.unlink()
                removed += 1
    return removed


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
