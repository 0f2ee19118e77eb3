"""Supervisor: the console's media thread. It owns the decoder children, spreads the wanted feeds over them and hears of them.

Enters: the wanted jobs (`want`, any thread, newest wins). Leaves: `reports()` and, ten times a second, the `on_tick` callback
in the media thread. A child that dies takes only its own feeds, and they come back in a new child with their back-off; feeds
that were in a child that died twice get a child each, so that the one that kills it stands alone.
"""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Final

from console.clock import Clock, SystemClock
from console.media import child, source
from console.media.child import ChildLoad, ChildOptions, Facts, Job, Report
from console.model.wall import back_off_s

_TICK_S = 0.1
_GONE: Final = {"word": "gone"}
_SILENT_CHILD_NS = 15_000_000_000  # a child beats every second; one that does not for this long is stuck in native code
_ALONE_AFTER = 2
_FORGIVEN_NS = 600_000_000_000


@dataclass(slots=True)
class _Child:
    process: BaseProcess
    pipe: Connection
    heard_ns: int
    alone: bool = False
    is_first: bool = False
    jobs: dict[str, Job] = field(default_factory=dict)
    load: ChildLoad = field(default_factory=ChildLoad)


@dataclass(frozen=True, slots=True)
class JobNews:
    """The newest that is known of a job: its error (None once open), the next try (monotonic), how often it was opened, and what
    its stream is. `detail` is a word of `wall.detail.*`."""

    error: str | None = None
    next_try_ns: int = 0
    failures: int = 0
    opened: int = 0
    crashes: int = 0
    crashed_ns: int = 0
    detail: str = ""
    facts: Facts = field(default_factory=lambda: Facts(""))


OnAnswer = Callable[[bool, Mapping[str, object]], None]
"""How an errand ended: whether it did what was asked, and what it says. Called in the media thread."""


@dataclass(frozen=True, slots=True)
class _Errand:
    job: str
    command: str
    arguments: tuple[object, ...]
    on_answer: OnAnswer | None = None


def crashes_with_this(known: JobNews, now_ns: int) -> int:
    """How often a job's child has died, this time included; ten minutes without that are forgiven.

    Else every feed of a long shift would end in a child of its own (measured: 60 MB each).
    """
    is_forgiven = now_ns - known.crashed_ns > _FORGIVEN_NS
    return 1 if is_forgiven else known.crashes + 1


class Supervisor:
    """Start it with `start`, end it with `close`. `workers` 0 means one child per core."""

    def __init__(self, workers: int = 0, options: ChildOptions | None = None, clock: Clock | None = None,
                 on_tick: Callable[[], None] | None = None) -> None:  # fmt: skip
        self._workers = workers or max(1, os.cpu_count() or 1)
        self._firsts = 1 if self._workers > 1 else 0
        self._options, self._clock, self._on_tick = options or ChildOptions(), clock or SystemClock(), on_tick
        self._context = multiprocessing.get_context("spawn")
        self._children: list[_Child] = []
        self._wanted: Mapping[str, Job] = {}
        self._errands: list[_Errand] = []
        self._asked: dict[int, _Errand] = {}  # errands a child has yet to answer; media thread only
        self._numbers = itertools.count(1)
        self._closing_stills: Mapping[str, str] = {}
        self._news: dict[str, JobNews] = {}
        self._refused: dict[str, tuple[int, int]] = {}  # account → (next try, failures) of wrong passwords, over closed tiles
        self._lock = threading.Lock()  # guards _wanted, _errands, _closing_stills
        self._wake_reader, self._wake_writer = self._context.Pipe(duplex=False)
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="media")

    # ---- any thread -------------------------------------------------------------------------------------------------
    def start(self) -> None:
        """Begin the media thread; it starts its children at once, so that the first click need not wait for them."""
        self._thread.start()

    def want(self, jobs: Mapping[str, Job], stills_of_closed: Mapping[str, str] | None = None) -> None:
        """Replace the wanted jobs (id → job). `stills_of_closed`: where to keep the last picture of a job that goes."""
        with self._lock:
            self._wanted = dict(jobs)
            self._closing_stills = {**self._closing_stills, **(stills_of_closed or {})}
        self._wake()

    def retry(self, job_id: str) -> None:
        """Let a waiting job try at once."""
        self._send_errand(_Errand(job_id, "retry", ()))

    def still(self, job_id: str, path: str) -> None:
        """Let the job's child write its newest picture to `path`."""
        self._send_errand(_Errand(job_id, "still", (path,)))

    def errand(self, job_id: str, command: str, *arguments: object, on_answer: OnAnswer) -> None:
        """Let the job's child do `command` (a method of `Decoder`) and say how it ended. Always answered, once, in the media
        thread: not ok with the word `gone` when the job or its child is no more."""
        self._send_errand(_Errand(job_id, command, arguments, on_answer))

    def loads(self) -> tuple[ChildLoad, ...]:
        """What each child had to do in its last second; never waits."""
        return tuple(one.load for one in list(self._children))

    def news(self, job_id: str) -> JobNews:
        """What is known of a job; never waits."""
        return self._news.get(job_id, JobNews())

    def child_pids(self) -> list[int]:
        """Process ids of the decoder children that run now."""
        return [process.pid for process in [c.process for c in list(self._children)] if process.pid is not None]

    def close(self) -> None:
        """End every child and the media thread; returns within about a second even where a child is stuck."""
        self._stopping = True
        self._wake()
        self._thread.join()
        self._wake_reader.close()
        self._wake_writer.close()

    def _send_errand(self, errand: _Errand) -> None:
        with self._lock:
            self._errands.append(errand)
        self._wake()

    def _wake(self) -> None:
        with contextlib.suppress(OSError):
            self._wake_writer.send_bytes(b"w")

    # ---- the media thread -------------------------------------------------------------------------------------------
    def _run(self) -> None:
        self._start_missing()
        while not self._stopping:
            self._hear()
            self._bury()
            self._distribute()
            if self._on_tick is not None:
                self._on_tick()
        self._distribute()  # what was closed last still leaves its still
        self._give_up_errands([errand.job for errand in self._asked.values()])
        for one in self._children:
            self._send(one, "stop")
        for one in self._children:
            self._end(one, 0.5)
        self._children.clear()

    def _start_missing(self) -> None:
        """Children for everything; where there are several, one more for the streams of red incidents alone.

        In one process a red incident's picture would wait for the interpreter's lock while a thread that stands back holds it:
        of 36 cameras on two cores it showed 21 of 25 pictures a second so, and 24 from a child of its own.
        """
        for is_first, wanted in ((False, self._workers), (True, self._firsts)):
            while sum(not one.alone and one.is_first is is_first for one in self._children) < wanted:
                self._start_child(is_first=is_first)

    def _start_child(self, alone: bool = False, is_first: bool = False) -> _Child:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=child.run_decoder, args=(theirs, self._options), name="liandong decoder", daemon=True
        )
        process.start()
        theirs.close()
        made = _Child(process, ours, self._clock.mono_ns(), alone, is_first)
        self._children.append(made)
        return made

    def _hear(self) -> None:
        pipes = {one.pipe: one for one in self._children}
        sentinels = [one.process.sentinel for one in self._children]
        for ready in wait([self._wake_reader, *pipes, *sentinels], _TICK_S):
            if ready is self._wake_reader:
                while self._wake_reader.poll():
                    self._wake_reader.recv_bytes()
            elif isinstance(ready, Connection):
                with contextlib.suppress(EOFError, OSError):
                    while ready.poll():
                        self._take(pipes[ready], ready.recv())

    def _take(self, sender: _Child, message: tuple[Any, ...]) -> None:
        sender.heard_ns = self._clock.mono_ns()
        kind, *said = message
        if kind == "beat":
            sender.load = said[0]
        elif kind == "answer":
            self._answer(*said)
        elif kind == "facts" and said[0].job in sender.jobs:
            facts: Facts = said[0]
            self._news[facts.job] = replace(self.news(facts.job), facts=facts)
        elif kind == "report" and said[0].job in sender.jobs:
            self._note(sender.jobs[said[0].job], said[0])

    def _note(self, job: Job, report: Report) -> None:
        known = self.news(job.id)
        if report.word is None:
            self._news[job.id] = replace(known, error=None, next_try_ns=0, opened=known.opened + 1, detail=report.detail)
            self._refused.pop(source.account(job.url), None)
            return
        self._news[job.id] = replace(
            known, error=report.word, next_try_ns=report.next_try_ns, failures=report.failures, detail=report.detail
        )
        if report.word == "auth":
            self._refused[source.account(job.url)] = (report.next_try_ns, report.failures)

    def _answer(self, number: int, ok: bool, fields: Mapping[str, object]) -> None:
        errand = self._asked.pop(number, None)
        if errand is not None and errand.on_answer is not None:
            errand.on_answer(ok, fields)

    def _give_up_errands(self, jobs: Collection[str]) -> None:
        """Answer for a child that no longer can."""
        for number in [number for number, errand in self._asked.items() if errand.job in jobs]:
            self._answer(number, False, _GONE)

    def _bury(self) -> None:
        """Bring back the feeds of children that died, and end those that are stuck in native code."""
        now_ns = self._clock.mono_ns()
        for one in list(self._children):
            if one.process.is_alive() and now_ns - one.heard_ns < _SILENT_CHILD_NS:
                continue
            self._end(one, 0.0)
            self._children.remove(one)
            self._give_up_errands(one.jobs)
            for job_id in one.jobs:
                known = self.news(job_id)
                crashes = crashes_with_this(known, now_ns)
                if one.alone and crashes > _ALONE_AFTER:  # it killed a child that had nothing else to do
                    wait_ns = int(back_off_s("bad_stream", crashes, 0.5) * 1e9)
                    known = replace(known, error="bad_stream", next_try_ns=now_ns + wait_ns)
                facts = replace(known.facts, detail="restarting")
                self._news[job_id] = replace(known, crashes=crashes, crashed_ns=now_ns, facts=facts)
        self._start_missing()

    def _end(self, one: _Child, patience_s: float) -> None:
        one.process.join(patience_s)
        if one.process.is_alive():
            one.process.kill()
            one.process.join()
        one.pipe.close()
        one.process.close()

    def _distribute(self) -> None:
        """Make the children's jobs the wanted ones: close first, then open by priority in the child with least to do."""
        with self._lock:
            wanted, errands, self._errands = dict(self._wanted), self._errands, []
            stills, self._closing_stills = self._closing_stills, {}
        for one in list(self._children):
            for job_id in [job_id for job_id in one.jobs if job_id not in wanted]:
                del one.jobs[job_id]
                self._send(one, "close", job_id, stills.get(job_id, ""))
                self._news.pop(job_id, None)
                self._give_up_errands((job_id,))
            for job_id, job in one.jobs.items():
                if wanted[job_id] != job:
                    one.jobs[job_id] = wanted[job_id]
                    self._send(one, "aim", wanted[job_id])
            if one.alone and not one.jobs:
                self._send(one, "stop")
                self._end(one, 0.5)
                self._children.remove(one)
        running = {job_id for one in self._children for job_id in one.jobs}
        for job in sorted((job for job_id, job in wanted.items() if job_id not in running), key=lambda job: job.priority):
            self._open(job)
        for errand in errands:
            self._pass_on(errand)

    def _pass_on(self, errand: _Errand) -> None:
        holder = next((one for one in self._children if errand.job in one.jobs), None)
        if errand.on_answer is None:
            if holder is not None:
                self._send(holder, errand.command, errand.job, *errand.arguments)
        elif holder is None:
            errand.on_answer(False, _GONE)
        else:
            number = next(self._numbers)
            self._asked[number] = errand
            self._send(holder, "errand", number, errand.command, errand.job, *errand.arguments)

    def _open(self, job: Job) -> None:
        known = self.news(job.id)
        if known.crashes >= _ALONE_AFTER:
            holder = self._start_child(alone=True)
        else:
            is_first = job.is_first and self._firsts > 0
            shared = [one for one in self._children if not one.alone and one.is_first is is_first]
            # Main and sub stream of a camera in one child: what one has kept of the last minute is there for the other.
            near = [one for one in shared if job.camera and any(other.camera == job.camera for other in one.jobs.values())]
            holder = min(near or shared, key=lambda one: len(one.jobs))
        holder.jobs[job.id] = job
        next_try_ns, failures = self._refused.get(source.account(job.url), (known.next_try_ns, known.failures))
        self._send(holder, "open", replace(job, not_before_ns=next_try_ns, failures=failures))

    def _send(self, one: _Child, command: str, *arguments: object) -> None:
        with contextlib.suppress(OSError, ValueError):  # a dying child: _bury brings its feeds back
            one.pipe.send((command, *arguments))
