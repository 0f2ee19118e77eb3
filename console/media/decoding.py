"""Decoding: one connection's decoder: which packets it is given, how finely it works, and frames out of it.

Runs in whichever thread reads the feed. `mode` and `is_coarse` may change at any time and take effect where no reference is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, Literal

from console.model.wall import Mode

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from console.media.hardware import FallingBack

_Skip = Literal["DEFAULT", "NONREF", "NONKEY"]
_SKIPPED: Final[Mapping[Mode, _Skip]] = {"all": "DEFAULT", "nonref": "NONREF", "key": "NONKEY"}
_FILTERED: Final = ("h264", "hevc")
# Scaling to about half smooths the block edges the loop filter would. Measured at 330x270 from 704x576 without it, at the end
# of a two-second group of pictures: 42-57 dB from the filtered picture, and 0.2 ms of 1.6 ms saved.
_COARSE: Final = {"skip_loop_filter": "all"}


class Decoding:
    """`stream` of an open container, decoded by its own context or by `hard`. `is_coarse`: every tile of it is far smaller."""

    def __init__(self, stream: VideoStream, mode: Callable[[], Mode], is_coarse: Callable[[int], bool]) -> None:
        self._stream, self._mode, self._is_coarse = stream, mode, is_coarse
        own = stream.codec_context
        own.thread_count = 1
        self._coarse = own.name in _FILTERED and is_coarse(own.height or 0)
        if self._coarse:
            own.options = dict(_COARSE)
        self._context: VideoCodecContext | FallingBack = own
        self._is_software = True

    @property
    def is_lowered(self) -> bool:
        """True while less than every picture is asked for."""
        return self._mode() != "all"

    def use(self, hard: FallingBack) -> None:
        """Decode by this instead. Before the first packet."""
        self._context, self._is_software = hard, False

    def wants(self, packet: Packet[VideoStream], only_keys: bool = False) -> bool:
        """False for a packet that is left out. Decodes less at once, more (or more finely) only from a key frame on: what lies
        between would lack its references."""
        wanted = "NONKEY" if only_keys else _SKIPPED[self._mode()]
        context = self._context
        if packet.is_keyframe and self._is_software:
            context = self._refined()
        if wanted != context.skip_frame and (context.skip_frame != "NONKEY" or packet.is_keyframe):
            context.skip_frame = wanted
        return context.skip_frame != "NONKEY" or packet.is_keyframe

    def _refined(self) -> VideoCodecContext | FallingBack:
        """The context to go on with: another one when the tiles have become larger or smaller, for a filter cannot be changed."""
        context, own = self._context, self._stream.codec_context
        coarse = own.name in _FILTERED and self._is_coarse(own.height or 0)
        if coarse == self._coarse:
            return context
        from av.codec.context import CodecContext
        from av.video.codeccontext import VideoCodecContext

        made = CodecContext.create(own.name, "r")
        assert isinstance(made, VideoCodecContext)
        made.thread_count = 1
        if own.extradata:
            made.extradata = own.extradata
        made.options = dict(_COARSE) if coarse else {}
        made.skip_frame = context.skip_frame  # type: ignore[assignment]
        self._context, self._coarse = made, coarse
        return made

    def frames(self, packet: Packet[VideoStream]) -> list[VideoFrame]:
        """What a packet completes. Raises av's InvalidDataError for damage, EOFError at a file's end."""
        frames = self._context.decode(packet)
        if not frames and self._context.skip_frame == "NONKEY" and packet.is_keyframe:
            # A stream with B-frames gives a picture out only when the next ones come: a key frame alone is asked for now.
            frames = self._context.decode(None)
            self._context.flush_buffers()
        return frames

    def flush(self) -> None:
        """Forget what was decoded: the stream goes on elsewhere."""
        self._context.flush_buffers()
