"""Churn: a stream opened and closed again and again; what the decoder child holds before and after. Also for the long bench."""

from __future__ import annotations

import time

import psutil

from console.media.child import Job, Target
from console.media.slots import Slot
from console.media.supervisor import Supervisor

_AT_ONCE = 8
_WARM_UP = 96  # the first rounds fill caches: PyAV's, the allocator's


def churn(supervisor: Supervisor, url: str, times: int, limit_s: float = 60.0) -> dict[str, float]:
    """Open `url` and close it with its first picture, `times` times, eight at once, in a supervisor of one child.

    Returns descriptors, threads and resident megabytes of the child before (after a warm-up) and after. Raises TimeoutError when
    one round's pictures do not come within `limit_s`.
    """
    done = 0
    before: dict[str, float] = {}
    while done < times + _WARM_UP:
        slots = [Slot.create(64, 48) for _ in range(_AT_ONCE)]
        jobs = [Job(f"churn{done + n}", url, (Target(slot.name, 64, 48),)) for n, slot in enumerate(slots)]
        supervisor.want({job.id: job for job in jobs})
        _wait_for_pictures(slots, limit_s)
        supervisor.want({})
        for slot in slots:
            slot.close()
        done += _AT_ONCE
        if not before and done >= _WARM_UP:
            before = _held(supervisor, limit_s)
    after = _held(supervisor, limit_s)
    return {f"{name}_before": value for name, value in before.items()} | {f"{name}_after": value for name, value in after.items()}


def _wait_for_pictures(slots: list[Slot], limit_s: float) -> None:
    deadline_s = time.monotonic() + limit_s
    while not all(slot.generation for slot in slots):
        if time.monotonic() > deadline_s:
            raise TimeoutError("no picture")
        time.sleep(0.002)


def _held(supervisor: Supervisor, limit_s: float) -> dict[str, float]:
    """What the child holds once its threads have come to rest."""
    (pid,) = supervisor.child_pids()
    child, deadline_s = psutil.Process(pid), time.monotonic() + limit_s
    least = threads = child.num_threads()
    rested_s = time.monotonic()
    while time.monotonic() - rested_s < 0.6 and time.monotonic() < deadline_s:
        time.sleep(0.05)
        threads = child.num_threads()
        if threads < least:
            least, rested_s = threads, time.monotonic()
    return {"threads": threads, "descriptors": child.num_fds(), "rss_mb": child.memory_info().rss / 1e6}
