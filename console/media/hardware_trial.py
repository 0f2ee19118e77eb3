"""Trial: does a graphics card's decoder work on this machine, and from which frame size on does it cost less than software?

The console starts it once a session; each decoder is tried in a child of its own, with a time limit: a driver that crashes or
hangs takes only its trial with it. Clips of `resources/hardware` are decoded in software and on the hardware, downloads included;
the pictures must be the same. Threads: one, short-lived, in the console (`Trials`), only where there is a device to try.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console.media import child, hardware
from console.media.hardware import CODECS, Opener, Verdict
from console.paths import resources

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

_log = logging.getLogger(__name__)

TIME_LIMIT_S = 20.0
_ROUNDS = 5
_PICTURES = 12
_SIDE_PX = 32
_SAME_WITHIN = 4.0
"""Mean difference of grey values (0–255) of the two pictures, scaled small: decoders are exact, their scaling is not."""


def clip_for(codec: str, width_px: int) -> Path:
    """The trial clip of a codec: 704 or 1920 pixels wide, twelve noisy pictures."""
    return resources("hardware", f"{codec}-{width_px}.mp4")


def judge(name: str, codec: str, opener: Opener = hardware.open_hardware, rounds: int = _ROUNDS) -> Verdict:
    """Try decoder `name` on `codec`; the cheapest of `rounds` counts. Whatever a driver does, the verdict says it."""
    import av.error

    software_ms, hardware_ms = [], []
    try:
        for width_px in (704, 1920):
            soft_ms, soft_picture = _decode(clip_for(codec, width_px), None, rounds)
            hard_ms, hard_picture = _decode(clip_for(codec, width_px), lambda extra: opener(name, codec, extra), rounds)
            apart = sum(abs(a - b) for a, b in zip(soft_picture, hard_picture, strict=True)) / len(soft_picture)
            if apart > _SAME_WITHIN:
                return Verdict(name, codec, why=f"another picture than software's (differs by {apart:.1f})")
            software_ms.append(soft_ms)
            hardware_ms.append(hard_ms)
    except (av.error.FFmpegError, OSError, ValueError, NotImplementedError, RuntimeError, MemoryError) as cause:
        return Verdict(name, codec, why=str(cause)[:200])
    soft, hard = (software_ms[0], software_ms[1]), (hardware_ms[0], hardware_ms[1])
    return Verdict(name, codec, True, hardware.least_px(soft, hard), soft, hard)


def _decode(clip: Path, opener: Callable[[bytes | None], Any] | None, rounds: int) -> tuple[float, bytes]:
    """Processor milliseconds a frame in the best round, and the last picture as small grey bytes."""
    import av

    last, best_s = None, float("inf")
    for _ in range(rounds):
        frames = 0
        with av.open(str(clip)) as container:
            stream = container.streams.video[0]
            context = stream.codec_context if opener is None else opener(stream.codec_context.extradata)
            context.thread_count = 1
            before_s = time.process_time()
            for packet in container.demux(stream):
                for frame in context.decode(packet if packet.size else None):
                    frames, last = frames + 1, frame
        if last is None or frames < _PICTURES:
            raise ValueError("no picture comes out of it")
        best_s = min(best_s, (time.process_time() - before_s) / frames)
    assert last is not None
    return best_s * 1000, _small(last)


def _small(frame: VideoFrame) -> bytes:
    plane = frame.reformat(_SIDE_PX, _SIDE_PX, "gray").planes[0]
    data = bytes(plane)
    return b"".join(data[row * plane.line_size : row * plane.line_size + _SIDE_PX] for row in range(_SIDE_PX))


def run_trial(pipe: Connection, name: str) -> None:
    """Try one decoder and send each codec's verdict: the body of a trial's child."""
    child.watch_parent()
    for codec in CODECS:
        pipe.send(judge(name, codec))
    pipe.close()


Body = Callable[[Connection, str], None]


class Trials:
    """Finds the verdicts of this session in a thread of its own, where they are not known yet and there is something to try."""

    def __init__(self, setting: str, file: Path | None = None, names: tuple[str, ...] | None = None, body: Body = run_trial,
                 limit_s: float = TIME_LIMIT_S) -> None:  # fmt: skip
        wanted = hardware.candidates() if names is None else names
        self._names = () if setting == "off" else wanted if setting == "auto" else tuple(n for n in wanted if n == setting)
        self._given_file, self._body, self._limit_s = file, body, limit_s
        self._process: Any = None
        self._is_closed = False
        self._lock = threading.Lock()  # guards _process and _is_closed
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, unless there is nothing to find. Returns at once."""
        if not self._names:
            return
        file = self._given_file or hardware.verdict_file()
        known = hardware.read_verdicts(file)
        if known is not None and {one.name for one in known} >= set(self._names):
            return
        self._thread = threading.Thread(target=self._run, args=(file, known or ()), name="hardware trial")
        self._thread.start()

    def close(self) -> None:
        """End a trial that still runs."""
        with self._lock:
            self._is_closed = True
            if self._process is not None:
                self._process.kill()
        if self._thread is not None:
            self._thread.join()

    def wait(self, timeout_s: float) -> bool:
        """Wait until the verdicts are there; False when they are not by then."""
        if self._thread is not None:
            self._thread.join(timeout_s)
            return not self._thread.is_alive()
        return True

    def _run(self, file: Path, known: tuple[Verdict, ...]) -> None:
        found = [one for one in known if one.name not in self._names]
        for name in self._names:
            found += self._try(name)
            if self._is_closed:
                return
        try:
            hardware.write_verdicts(file, found)
        except OSError as cause:
            _log.error("hardware verdicts are not kept: %s: %s", file, cause)

    def _try(self, name: str) -> list[Verdict]:
        """One decoder in a child; what it could not say (crash, time limit) it does not work for."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=self._body, args=(theirs, name), name=f"liandong trial {name}", daemon=True)
        with self._lock:
            if self._is_closed:
                return []
            process.start()
            self._process = process
        theirs.close()
        found: dict[str, Verdict] = {}
        until_s, why = time.monotonic() + self._limit_s, "no answer in time"
        with contextlib.suppress(EOFError, OSError):
            while len(found) < len(CODECS) and ours.poll(max(0.0, until_s - time.monotonic())):
                verdict = ours.recv()
                if isinstance(verdict, Verdict):
                    found[verdict.codec] = verdict
        if len(found) < len(CODECS) and time.monotonic() < until_s:
            why = "its trial ended early"
        with self._lock:
            self._process = None
        process.join(0.5)
        if process.is_alive():
            process.kill()
            process.join()
        process.close()
        ours.close()
        return [found.get(codec, Verdict(name, codec, why=why)) for codec in CODECS]
