"""Just now: what a decoder child does with its rings when the console asks: replay, clip, snapshot.

In: errands of the console (`Decoder` passes them on). Out: one answer for each, by `answer(errand, ok, fields)`, from whichever
thread has done the work. A job without a ring (a household camera beyond its incident) has nothing to answer with.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol

from console.clock import Clock
from console.media import remux
from console.media.replay import Replay
from console.media.ring import Ring, Shelf
from console.media.tape import Tape

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from console.media.child import Target
    from console.model.view import Masks


class Streams(Protocol):
    """What this module asks of a decoder's feeds."""

    def picture_of(self, job_id: str) -> tuple[VideoFrame, int] | None:
        """The job's newest decoded frame and its arrival (monotonic ns)."""

    def masks_of(self, job_id: str) -> Masks | None:
        """What must not be seen of the job's camera; None when nothing of it may be kept (no ring, no stills)."""


class JustNow:
    """One per decoder child. Commands come from the child's main thread and return at once."""

    def __init__(self, shelf: Shelf, streams: Streams, clock: Clock, answer: Callable[[int, bool, dict[str, Any]], None]) -> None:
        self._shelf, self._streams, self._clock, self._answer = shelf, streams, clock, answer
        self._replays: dict[str, tuple[str, int, Replay]] = {}  # slot → (job, errand, replay)

    # ---- replay -----------------------------------------------------------------------------------------------------
    def replay(self, errand: int, job_id: str, target: Target, from_s: float) -> None:
        """Play the job's ring into `target`'s slot, from `from_s` seconds before now. Answered when the replay has ended:
        ok with `end` "live" (it caught up) or "closed", else with `word`."""
        from console.media.outlet import Outlet

        ring = self._ring(errand, job_id)
        if ring is None:
            return
        self._end(target.slot)
        now_ns = self._clock.mono_ns()
        try:
            tape = Tape(lambda: self._shelf.cut(job_id, 0, self._clock.mono_ns()))
            outlet = Outlet(target)
        except LookupError:
            self._answer(errand, False, {"word": "no_picture"})
            return
        except (FileNotFoundError, ValueError):
            self._answer(errand, False, {"word": "gone"})
            return
        made = Replay(
            tape, outlet, self._clock, lambda fields: self._answer(errand, fields["end"] == "live", fields),
            now_ns - int(from_s * 1e9),
        )  # fmt: skip
        self._replays[target.slot] = (job_id, errand, made)
        made.start()

    def replay_act(self, errand: int, job_id: str, slot: str, what: str, amount: float) -> None:
        """An act of the operator (`Replay.act`) on the replay that fills `slot`."""
        found = self._replays.get(slot)
        if found is not None:
            found[2].act(what, amount)
        self._answer(errand, found is not None, {})

    def replay_end(self, errand: int, job_id: str, slot: str) -> None:
        """Back to live: the replay lets go of its slot."""
        self._end(slot)
        self._answer(errand, True, {})

    def _end(self, slot: str) -> None:
        found = self._replays.pop(slot, None)
        if found is not None:
            found[2].close()
            self._answer(found[1], True, {"end": "closed"})

    def closed(self, job_id: str) -> None:
        """The job has gone, its replays with it; its ring stays as long as it reaches back, for the camera's other stream."""
        for slot in [slot for slot, (job, _errand, _replay) in self._replays.items() if job == job_id]:
            self._end(slot)
        self._shelf.retire(job_id, self._clock.mono_ns())

    # ---- saving -----------------------------------------------------------------------------------------------------
    def clip(self, errand: int, job_id: str, path: str, from_ns: int, to_ns: int) -> None:
        """Save what the ring holds of a span (UTC ns) as files that begin with `path`. Answers `pieces` and `now_ns` (UTC) with
        `mono_ns` of the same moment, else `word`."""
        ring = self._ring(errand, job_id)
        if ring is not None:
            self._in_thread(errand, lambda: self._clip(job_id, path, from_ns, to_ns))

    def _clip(self, job_id: str, path: str, from_ns: int, to_ns: int) -> dict[str, Any]:
        ahead_ns = self._clock.now_ns() - self._clock.mono_ns()
        masks = self._streams.masks_of(job_id)
        if masks is None:
            raise remux.SaveFailed("household", "nothing of this camera may be kept")
        begin_ns, end_ns = from_ns - ahead_ns, to_ns - ahead_ns
        pieces = remux.write_clip(path, self._shelf.cut(job_id, begin_ns, self._clock.mono_ns()), begin_ns, end_ns, masks)
        return {"pieces": [asdict(piece) for piece in pieces], "ahead_ns": ahead_ns}

    def snapshot(self, errand: int, job_id: str, path: str, slot: str = "") -> None:
        """Save the newest picture at its full size; with `slot`, the one its replay shows. Answers `path`, `sha256`, `at_ns`
        (UTC), `width_px`, `height_px`, `is_masked`."""
        played = self._replays.get(slot)
        newest = self._streams.picture_of(job_id) if played is None else played[2].picture
        self._in_thread(errand, lambda: self._snapshot(job_id, path, newest))

    def _snapshot(self, job_id: str, path: str, newest: tuple[VideoFrame, int] | None) -> dict[str, Any]:
        masks = self._streams.masks_of(job_id)
        if masks is None:
            raise remux.SaveFailed("household", "nothing of this camera may be kept")
        if newest is None:
            raise remux.SaveFailed("no_picture", "no picture yet")
        frame, arrival_ns = newest
        digest = remux.write_picture(path, frame, masks)
        at_ns = self._clock.now_ns() - (self._clock.mono_ns() - arrival_ns)
        return {
            "path": path, "sha256": digest, "at_ns": at_ns, "width_px": frame.width, "height_px": frame.height,
            "is_masked": bool(masks),
        }  # fmt: skip

    def _ring(self, errand: int, job_id: str) -> Ring | None:
        found = self._shelf.find(job_id)
        if found is None or found.seconds <= 0:
            self._answer(errand, False, {"word": "no_ring"})
            return None
        return found

    def _in_thread(self, errand: int, work: Callable[[], dict[str, Any]]) -> None:
        def run() -> None:
            try:
                self._answer(errand, True, work())
            except remux.SaveFailed as failed:
                self._answer(errand, False, {"word": failed.word, "detail": str(failed)})

        threading.Thread(target=run, name="saving", daemon=True).start()
