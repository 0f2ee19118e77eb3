"""Hardware: which decoder of the graphics card decodes a stream, where that costs less, and how a feed falls back by itself.

Enters: the setting `video.hardware`, the verdicts of this machine (`hardware_trial` measures them in children, once a session),
a stream that has just been opened. Leaves: a decoder context that gives downloaded frames (NV12 or P010), or None: software.
Runs in decoder children, one `Chooser` each; its methods may be called from any feed's thread. The console only looks at names.
"""

from __future__ import annotations

import glob
import json
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from console.paths import session_file

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

CODECS: Final = ("h264", "hevc")
CANDIDATES: Final[dict[str, tuple[str, ...]]] = {
    "linux": ("cuda", "vaapi", "qsv"),
    "win32": ("d3d11va", "cuda", "qsv", "dxva2"),
    "darwin": ("videotoolbox",),
}
"""Tried in this order; of those that win, the one that wins from the smallest frame on is used."""
SMALL_PX: Final = 704 * 576
LARGE_PX: Final = 1920 * 1080
_LARGEST_PX: Final = 7680 * 4320
WINS_BELOW: Final = 0.8
"""Hardware is used from the frame size on where it costs less than this part of software's processor time."""
_GIVEN_UP_AFTER = 3
_SILENT_PACKETS = 25
_BAD_IN_A_ROW = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the trial found of one decoder and codec. `least_px`: it wins from frames of so many pixels on; 0: never.

    Costs are processor milliseconds a frame, download included, for the small and the large trial clip.
    """

    name: str
    codec: str
    works: bool = False
    least_px: int = 0
    software_ms: tuple[float, float] = (0.0, 0.0)
    hardware_ms: tuple[float, float] = (0.0, 0.0)
    why: str = ""


def least_px(software_ms: tuple[float, float], hardware_ms: tuple[float, float]) -> int:
    """The smallest frame, in pixels, from which hardware wins, taking each cost as a line through its two measured points.

    0 when it wins at no size up to 8K, or only at small ones (then something else was measured than decoding).
    """

    def line(cost_ms: tuple[float, float]) -> tuple[float, float]:
        slope = (cost_ms[1] - cost_ms[0]) / (LARGE_PX - SMALL_PX)
        return cost_ms[0] - slope * SMALL_PX, slope

    (soft_base, soft_slope), (hard_base, hard_slope) = line(software_ms), line(hardware_ms)
    gain = WINS_BELOW * soft_slope - hard_slope
    if gain <= 0:
        return 0
    found = max(1, round((hard_base - WINS_BELOW * soft_base) / gain))
    return found if found <= _LARGEST_PX else 0


def candidates(platform: str = sys.platform, exists: Callable[[str], bool] = lambda pattern: bool(glob.glob(pattern))) -> tuple[
    str, ...
]:  # fmt: skip
    """The decoders worth a trial here. On Linux a device must be there: without one no child is started for nothing."""
    names = CANDIDATES.get(platform, ())
    if platform != "linux":
        return names
    has_nvidia, has_render = exists("/dev/nvidia[0-9]*") or exists("/dev/dxg"), exists("/dev/dri/renderD*")
    return tuple(name for name in names if (has_nvidia if name == "cuda" else has_render))


def verdict_file() -> Path:
    """Where this session keeps the verdicts of this machine and these drivers."""
    try:
        return session_file("hardware", version("av"))
    except PackageNotFoundError:
        return session_file("hardware")


def read_verdicts(file: Path) -> tuple[Verdict, ...] | None:
    """The verdicts kept in `file`; None where there is none or it is not ours (then nothing is known)."""
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))["verdicts"]
        return tuple(_verdict(row) for row in rows)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _verdict(row: dict[str, Any]) -> Verdict:
    soft, hard = row["software_ms"], row["hardware_ms"]
    return Verdict(
        str(row["name"]), str(row["codec"]), bool(row["works"]), max(0, int(row["least_px"])),
        (float(soft[0]), float(soft[1])), (float(hard[0]), float(hard[1])), str(row["why"]),
    )  # fmt: skip


def write_verdicts(file: Path, verdicts: Iterable[Verdict]) -> None:
    """Keep the verdicts, whole or not at all. Raises OSError."""
    part = file.with_suffix(".part")
    part.write_text(json.dumps({"verdicts": [asdict(one) for one in verdicts]}), encoding="utf-8")
    part.replace(file)


def decoder_for(name: str, codec: str) -> str:
    """FFmpeg's decoder of a codec on this hardware: QSV has decoders of its own, the others sit in the codec's usual one."""
    return f"{codec}_qsv" if name == "qsv" else codec


def open_hardware(name: str, codec: str, extradata: bytes | None) -> VideoCodecContext:
    """A context that decodes on the hardware or fails: no silent software. Raises av's errors, OSError, ValueError."""
    from av.codec.context import CodecContext
    from av.codec.hwaccel import HWAccel
    from av.video.codeccontext import VideoCodecContext

    made = CodecContext.create(decoder_for(name, codec), "r", HWAccel(name, allow_software_fallback=False))
    if not isinstance(made, VideoCodecContext) or not made.is_hwaccel:
        raise ValueError(f"{name} has no decoder for {codec}")
    made.thread_count = 1
    if extradata:
        made.extradata = extradata
    return made


Opener = Callable[[str, str, "bytes | None"], "VideoCodecContext"]


class FallingBack:
    """Decodes on the hardware until that fails, then in software for good: the same calls as on a codec context.

    The call that fails raises InvalidDataError, so that the picture is held until the next clean one, as after any damage.
    `failed(why)` is called once. Belongs to one feed's thread.
    """

    def __init__(self, hard: VideoCodecContext, soft: VideoCodecContext, name: str, failed: Callable[[str], None]) -> None:
        self._hard: VideoCodecContext | None = hard
        self._soft, self._name, self._failed = soft, name, failed
        self._silent = self._bad = 0
        hard.skip_frame = soft.skip_frame

    @property
    def hardware(self) -> str:
        """The hardware's name while it decodes, "" once software does."""
        return self._name if self._hard is not None else ""

    @property
    def name(self) -> str:
        return self._soft.name

    @property
    def skip_frame(self) -> str:
        return str(self._soft.skip_frame)

    @skip_frame.setter
    def skip_frame(self, wanted: str) -> None:
        for context in (self._soft, self._hard):
            if context is not None:
                context.skip_frame = wanted  # type: ignore[assignment]

    def flush_buffers(self) -> None:
        for context in (self._soft, self._hard):
            if context is not None and context.is_open:
                context.flush_buffers()

    def decode(self, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
        """The frames a packet completes. Raises what software raises, and InvalidDataError when it falls back."""
        import av.error

        if self._hard is None:
            return self._soft.decode(packet)
        try:
            frames = self._hard.decode(packet)
        except av.error.EOFError:
            raise
        except av.error.InvalidDataError as cause:
            self._bad += 1
            if self._bad >= _BAD_IN_A_ROW:
                self._fall_back(str(cause))
            raise
        except (av.error.FFmpegError, OSError, ValueError, MemoryError) as cause:
            self._fall_back(str(cause))
            raise av.error.InvalidDataError(0, f"{self._name} failed: {cause}") from cause
        if frames:
            self._silent = self._bad = 0
        elif packet is not None and self._soft.skip_frame == "DEFAULT":
            self._silent += 1
            if self._silent >= _SILENT_PACKETS:
                self._fall_back("no picture comes out of it")
                raise av.error.InvalidDataError(0, f"{self._name} gives no picture")
        return frames

    def _fall_back(self, why: str) -> None:
        self._hard = None
        self._failed(why)


class Chooser:
    """Chooses for the feeds of one child. `setting` is `video.hardware`: "auto", "off" or a decoder's name."""

    def __init__(self, setting: str = "off", file: Path | None = None, opener: Opener = open_hardware) -> None:
        self._setting, self._file, self._opener = setting, file, opener
        self._lock = threading.Lock()  # guards _verdicts and failures
        self._verdicts: tuple[Verdict, ...] | None = None
        self.failures: dict[tuple[str, str], int] = {}
        """(decoder, codec) → how often it failed in this child; given up after three."""

    def context_for(self, stream: VideoStream, told: Callable[[str], None] = lambda why: None) -> FallingBack | None:
        """A context on the hardware for a stream just opened, or None: decode in software. Never raises for a bad driver.

        `told(why)` is called, in the feed's thread, when the hardware fails later and software has taken over.
        """
        import av.error

        if self._setting == "off":
            return None
        soft = stream.codec_context
        codec = soft.codec.canonical_name
        name = self.name_for(codec, (soft.width or 0) * (soft.height or 0))
        if not name:
            return None

        def failed(why: str) -> None:
            self._count(name, codec)
            told(why)

        try:
            hard = self._opener(name, codec, soft.extradata)
        except (av.error.FFmpegError, OSError, ValueError, NotImplementedError, RuntimeError) as cause:
            failed(str(cause))
            return None
        return FallingBack(hard, soft, name, failed)

    def name_for(self, codec: str, frame_px: int) -> str:
        """The decoder for frames of so many pixels, "" for software. Unknown sizes (0) are software's in "auto"."""
        fitting = [
            one
            for one in self._known()
            if one.works and one.codec == codec and self.failures.get((one.name, codec), 0) < _GIVEN_UP_AFTER
        ]
        if self._setting != "auto":
            return next((one.name for one in fitting if one.name == self._setting), "")
        winning = [one for one in fitting if one.least_px and frame_px >= one.least_px]
        return min(winning, key=lambda one: one.least_px).name if winning else ""

    def _known(self) -> tuple[Verdict, ...]:
        with self._lock:
            if self._verdicts is None:  # the trial may still run: look again with the next stream
                self._verdicts = read_verdicts(self._file or verdict_file())
            return self._verdicts or ()

    def _count(self, name: str, codec: str) -> None:
        with self._lock:
            self.failures[name, codec] = self.failures.get((name, codec), 0) + 1


def name_of(context: object) -> str:
    """The hardware that decodes in `context` now; "" for software."""
    return context.hardware if isinstance(context, FallingBack) else ""
