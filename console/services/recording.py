"""Recording: which cameras this computer records, for how long it is kept, and what becomes of it when the disk is full.

Owned by the desk process: one thread here, one recorder child, which alone loads codecs. Start and stop of a camera's recording
are facts; a household camera is refused by the desk, by this thread and by the child. Files younger than the days set are
never deleted to make room: recording stops with a red light instead, and goes on when there is room again.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import shutil
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Protocol

from console.clock import Clock
from console.errors import LiandongError, Refused, Unavailable
from console.media.recording_child import RecordJob, RecordNews, Segment, run_recorder
from console.model import commands as cmd
from console.model.camera import Camera
from console.store import recordings
from console.store.recordings import Hold, Recorded
from console.words import in_language

_log = logging.getLogger(__name__)
_TICK_S = 0.5
_JUDGE_NS = 20_000_000_000
_AGAIN_NS = 3_000_000_000
_JOBS_NS = 10_000_000_000
_CHILD_NICE = 5


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings of recording. `cameras` are ids; 0 `most_bytes` is no cap but the disk."""

    cameras: tuple[str, ...]
    keep_days: float = 30.0
    most_bytes: int = 0
    reserve_bytes: int = 2 << 30
    segment_s: float = 300.0
    open_timeout_s: float = 5.0
    transport: str = "tcp"
    language: str = "zh_CN"

    @classmethod
    def of(cls, settings: Any) -> Rules:
        """The rules that `settings` ask for."""
        names = (name.strip() for name in str(settings.get("recording.cameras")).split(","))
        return cls(
            tuple(dict.fromkeys(name for name in names if name)), float(settings.get("recording.keep_days")),
            int(settings.get("recording.max_gb") * 1e9), int(settings.get("recording.free_gb") * 1e9),
            float(settings.get("recording.segment_s")), float(settings.get("video.open_timeout_s")),
            str(settings.get("video.transport")), str(settings.get("console.language")),
        )  # fmt: skip


class DeskLike(Protocol):
    """What is asked of `services.desk.Desk`."""

    def ask(self, command: object, by: str, roles: tuple[str, ...]) -> Any: ...

    def look(self, reader: Callable[[Any], Any]) -> Any: ...


class Recording:
    """`cameras` gives the roster as it is now, `url_of` a camera's full URL; `light(state, detail)` shows the light."""

    def __init__(
        self, root: Path, rules: Rules, desk: DeskLike, cameras: Callable[[], Mapping[str, Camera]],
        url_of: Callable[[Camera], str], light: Callable[[str, str], None], clock: Clock,
    ) -> None:  # fmt: skip
        self._root, self._rules, self._desk, self._clock = root, rules, desk, clock
        self._cameras, self._url_of, self._light = cameras, url_of, light
        self._context = multiprocessing.get_context("spawn")
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._not_before_ns = self._judge_ns = 0
        self._jobs_ns = 0
        self._now_jobs: tuple[RecordJob, ...] = ()
        self._masked: frozenset[str] = frozenset()
        self._is_full = False
        self._words: dict[str, tuple[str, str]] = {}  # camera → (word, detail) as the child told it last
        self._on: set[str] = set()
        self._sent: tuple[RecordJob, ...] = ()
        self._shown: tuple[str, str] = ("", "")
        self._stopping = threading.Event()
        self._wake_reader, self._wake_writer = self._context.Pipe(duplex=False)
        self._thread = threading.Thread(target=self._run, name="recording")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finish every file, say that recording has ended, end the child and the thread."""
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._wake_writer.send_bytes(b"w")
        self._thread.join()
        self._wake_reader.close()
        self._wake_writer.close()

    def child_pid(self) -> int | None:
        """The recorder child's process id, while there is one."""
        return None if self._process is None else self._process.pid

    # ---- the thread -------------------------------------------------------------------------------------------------
    def _run(self) -> None:
        self._close_old_facts()
        self._recover()
        while not self._stopping.is_set():
            try:
                self._judge()
                self._drive()
                self._hear(_TICK_S)
                self._show()
            except (OSError, LiandongError) as cause:
                _log.warning("recording: %s; trying again", cause)
                self._stopping.wait(_TICK_S)
        self._end_child()
        for camera in sorted(self._on):
            self._note(camera, False, "end")

    def _close_old_facts(self) -> None:
        """What a desk that was killed had said to be running has stopped with it."""
        with contextlib.suppress(LiandongError):
            for camera in self._desk.look(lambda state: sorted(state.recordings)).result():
                self._note(camera, False, "end")

    def _recover(self) -> None:
        """Files that a kill left without an index line: they stay, with the times that can be known."""
        for file in recordings.strays(self._root):
            with contextlib.suppress(OSError, ValueError, Unavailable):
                camera = next((name for name in self._cameras() if recordings.folder_of(self._root, name) == file.parent), "")
                if not camera:
                    continue
                begin_ns = recordings.begin_of(file)
                size, end_ns = file.stat().st_size, file.stat().st_mtime_ns
                if not size:
                    file.unlink()
                    continue
                recordings.append(self._root, Recorded(camera, file.name, begin_ns, max(begin_ns, end_ns), size, cause="killed"))

    def _judge(self) -> None:
        now_ns = self._clock.mono_ns()
        if now_ns < self._judge_ns:
            return
        self._judge_ns = now_ns + (_AGAIN_NS if self._is_full else _JUDGE_NS)
        folder = self._root / "recordings"
        folder.mkdir(mode=0o700, exist_ok=True)
        verdict = recordings.judge(
            recordings.read(self._root), self._holds(), self._clock.now_ns(), self._rules.keep_days, self._rules.most_bytes,
            shutil.disk_usage(folder).free, self._rules.reserve_bytes,
        )  # fmt: skip
        if verdict.delete:
            gone = recordings.delete(self._root, verdict.delete)
            _log.info("recording: %d files were older than %g days and are gone", gone, self._rules.keep_days)
        if self._is_full == verdict.may_record:
            self._is_full, self._jobs_ns = not verdict.may_record, 0

    def _holds(self) -> list[Hold]:
        def read(state: Any) -> list[Hold]:
            out = []
            for incident, hold in state.holds.items():
                closed_ns = state.incidents[incident].closed_ns if incident in state.incidents else None
                out.append(Hold(frozenset(hold["cameras"]), hold["from_ns"], closed_ns))
            for one in state.open_incidents():
                from_ns = min(one.reported_ns, one.entered_ns) - 600_000_000_000
                out.append(Hold(frozenset(str(c["camera"]) for c in one.cameras), from_ns))
            return out

        found: list[Hold] = self._desk.look(read).result()
        return found

    def _jobs(self) -> tuple[RecordJob, ...]:
        """The cameras to record now. A household camera is never among them, whatever the settings say; nor is one with privacy
        masks, for a recording is the stream as it comes."""
        if self._is_full:
            return ()
        known, masked = self._cameras(), self._masked
        wanted = (
            known[name] for name in self._rules.cameras
            if name in known and not known[name].is_household and name not in masked
        )  # fmt: skip
        return tuple(
            RecordJob(
                camera.id, self._url_of(camera), str(recordings.folder_of(self._root, camera.id)), self._rules.segment_s,
                camera.is_household,
            )
            for camera in wanted
            if camera.url_main
        )  # fmt: skip

    def _drive(self) -> None:
        now_ns = self._clock.mono_ns()
        masked = self._desk.look(lambda state: frozenset(camera for camera, masks in state.masks.items() if masks)).result()
        if masked != self._masked:
            self._masked, self._jobs_ns = masked, 0
        if now_ns >= self._jobs_ns:  # the roster may have changed; passwords are read from a file
            self._now_jobs, self._jobs_ns = self._jobs(), now_ns + _JOBS_NS
        jobs = self._now_jobs
        if jobs and self._process is None and now_ns >= self._not_before_ns:
            self._start_child()
        if self._pipe is not None and jobs != self._sent:
            self._pipe.send(("jobs", jobs))
            self._sent = jobs
        names = {job.camera for job in jobs}
        for camera in sorted(self._on - names):
            self._note(camera, False, "disk_full" if self._is_full else "masked" if camera in self._masked else "setting")

    def _start_child(self) -> None:
        ours, theirs = self._context.Pipe()
        self._process = self._context.Process(
            target=run_recorder, args=(theirs, self._rules.open_timeout_s, 10.0, self._rules.transport), name="liandong recorder",
            daemon=True,
        )  # fmt: skip
        self._process.start()
        if hasattr(os, "setpriority") and self._process.pid is not None:
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, self._process.pid, _CHILD_NICE)
        theirs.close()
        self._pipe, self._sent = ours, ()

    def _hear(self, seconds: float) -> None:
        waits: list[Any] = [self._wake_reader]
        if self._pipe is not None and self._process is not None:
            waits += [self._pipe, self._process.sentinel]
        for ready in wait(waits, seconds):
            if ready is self._pipe and self._pipe is not None:
                try:
                    while self._pipe.poll():
                        self._take(self._pipe.recv())
                except (EOFError, OSError):
                    self._lost_child()
                    return
            elif self._process is not None and ready == self._process.sentinel:
                self._lost_child()
                return

    def _lost_child(self) -> None:
        """The child has died: its files stay readable; it begins again in a moment."""
        self._end_child(patience_s=0.0)
        self._not_before_ns = self._clock.mono_ns() + 1_000_000_000
        self._recover()

    def _end_child(self, patience_s: float = 4.0) -> None:
        process, pipe, self._process, self._pipe, self._sent = self._process, self._pipe, None, None, ()
        if process is None or pipe is None:
            return
        with contextlib.suppress(OSError):
            pipe.send(("stop",))
        with contextlib.suppress(EOFError, OSError):
            while patience_s and pipe.poll(patience_s):
                self._take(pipe.recv())
        process.join(patience_s)
        if process.is_alive():
            process.kill()
            process.join()
        pipe.close()
        process.close()

    def _take(self, message: object) -> None:
        if isinstance(message, Segment):
            self._judge_ns = 0
            with contextlib.suppress(Unavailable):
                recordings.append(self._root, Recorded(
                    message.camera, Path(message.path).name, message.begin_ns, message.end_ns, message.size_bytes,
                    message.sha256, message.pictures, message.codec, message.cause,
                ))  # fmt: skip
        elif isinstance(message, RecordNews):
            self._words[message.camera] = (message.word, message.detail)
            if not message.word:
                self._note(message.camera, True, "")
            elif message.word in ("disk_full", "disk"):
                self._note(message.camera, False, message.word)
                self._judge_ns = 0

    def _note(self, camera: str, is_on: bool, why: str) -> None:
        """Make it a fact. A refusal (a household camera) ends that camera's recording."""
        try:
            self._desk.ask(cmd.NoteRecording(camera, is_on, why), "desk", ("desk",)).result()
        except Refused as refusal:
            _log.warning("recording of %s refused: %s", camera, refusal)
            return
        except Unavailable as trouble:
            _log.warning("recording of %s is no fact yet: %s", camera, trouble)
        (self._on.add if is_on else self._on.discard)(camera)

    def _show(self) -> None:
        state, detail = self._light_now()
        if (state, detail) != self._shown:
            self._shown = (state, detail)
            self._light(state, detail)

    def _light_now(self) -> tuple[str, str]:
        language, known = self._rules.language, self._cameras()
        if self._is_full:
            return "down", in_language(language, "recording.disk_full", days=f"{self._rules.keep_days:g}")
        hard, soft = self._troubles(language, known)
        if hard or (soft and not self._on):
            return "down", "; ".join((hard + soft)[:3])
        return "up", "; ".join((in_language(language, "recording.running", cameras=len(self._on)), *soft[:2]))

    def _troubles(self, language: str, known: Mapping[str, Camera]) -> tuple[list[str], list[str]]:
        """What hinders a recording that should run; and names in the settings that are never recorded."""
        hard: list[str] = []
        soft: list[str] = []
        for name in self._rules.cameras:
            camera = known.get(name)
            word, detail = self._words.get(name, ("", ""))
            if camera is None or not camera.url_main:
                soft.append(in_language(language, "recording.unknown", camera=name))
            elif camera.is_household:
                soft.append(in_language(language, "recording.household", camera=name))
            elif name in self._masked:
                soft.append(in_language(language, "recording.masked", camera=name))
            elif word in ("disk_full", "disk", "codec"):
                hard.append(in_language(language, "recording.disk", detail=detail or word))
            elif word:
                hard.append(in_language(language, "recording.silent", camera=name))
        return hard, soft
