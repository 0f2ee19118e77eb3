"""Outlet: one target of a stream: its slot, its own scaler, masks and fisheye view. The publisher owns it and guards it."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

from console.media import slots
from console.media.scaler import Scaler
from console.media.slots import Slot
from console.model.wall import fitted

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from console.media.child import Target
    from console.media.dewarp import Dewarper


class Outlet:
    """Attaches `target`'s slot. Raises FileNotFoundError when the console has closed it again meanwhile."""

    def __init__(self, target: Target) -> None:
        self.slot = Slot.attach(target.slot)
        self._width_px, self._height_px = min(target.width_px, self.slot.width_px), min(target.height_px, self.slot.height_px)
        self._addresses = [ctypes.addressof(ctypes.c_char.from_buffer(buffer)) for buffer in self.slot.buffers]
        self._scaler = Scaler()
        self._dewarper = _dewarper(target)
        self._shape: tuple[object, ...] = ()
        self._fitted = (2, 2)
        self._shown_ns = 0
        self.set_target(target)

    def set_target(self, target: Target) -> None:
        """Take over what may change while the slot stays: the rate."""
        self._target = target
        self._least_gap_ns = int(0.6e9 / max(0.01, target.max_fps))

    def is_due(self, now_ns: int) -> bool:
        """False for a picture that comes sooner than the tile's rate wants it."""
        return now_ns - self._shown_ns >= self._least_gap_ns

    def show(self, frame: VideoFrame, pts_ns: int, arrival_ns: int, now_ns: int, pixel_aspect: float) -> None:
        """Scale `frame` straight into the slot, hide what is masked, and make it the newest picture."""
        target, slot, turned = self._target, self.slot, frame.rotation % 360
        shape = (frame.width, frame.height, pixel_aspect, turned)
        if shape != self._shape:
            self._shape, self._fitted = shape, self._fit(frame, pixel_aspect, turned)
        width, height = self._fitted
        index, pixels = slot.begin(width, height)
        stride = slots.stride_bytes(width)
        if self._dewarper is not None:
            self._dewarper.render(frame, pixels, width, height, stride)
        else:
            self._scaler.scale(frame, width, height, stride, pixels, self._addresses[index])
            if target.masks:
                from console.media import masks

                masks.burn(pixels, width, height, stride, target.masks)
        slot.publish(index, pts_ns, arrival_ns, turned)
        self._shown_ns = now_ns

    def _fit(self, frame: VideoFrame, pixel_aspect: float, turned: int) -> tuple[int, int]:
        if self._dewarper is not None:
            return self._width_px, self._height_px  # a fisheye's view has the tile's own shape
        if turned in (90, 270):
            height, width = fitted(frame.height, frame.width, self._width_px, self._height_px, 1 / pixel_aspect)
            # A turned picture is stored unturned; its sides must also fit the buffer's.
            return min(width, self.slot.width_px), min(height, self.slot.height_px)
        return fitted(frame.width, frame.height, self._width_px, self._height_px, pixel_aspect)

    def close(self) -> None:
        """Let go of the slot, the scaler and the fisheye's tables."""
        self.slot.close()
        self._scaler.close()
        if self._dewarper is not None:
            self._dewarper.close()


def _dewarper(target: Target) -> Dewarper | None:
    if target.dewarp is None:
        return None
    from console.media.dewarp import Dewarper

    return Dewarper(target.dewarp, target.masks)
