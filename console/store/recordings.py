"""Recordings of a data folder: which files there are, from when to when, and which may go.

In: the files below `recordings/`, and each camera's index (one JSON line for each finished file). Out: the segments, and what
the law of keeping asks: nothing younger than the days set is ever deleted, nor what is held for an incident. The recording
thread of the desk is the one writer; anybody may read.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from console.errors import Unavailable

INDEX = "index.jsonl"
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")
_DAY_NS = 86_400_000_000_000


@dataclass(frozen=True, slots=True)
class Recorded:
    """One file. `cause`: why it began (start, reconnect, codec, jump, rotate; killed: its end was read back from the file)."""

    camera: str
    file: str
    begin_ns: int
    end_ns: int
    size_bytes: int
    sha256: str = ""
    pictures: int = 0
    codec: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """What is kept beyond its time: these cameras' files that reach into the span (`until_ns` None: to this day)."""

    cameras: frozenset[str]
    from_ns: int
    until_ns: int | None = None

    def holds(self, one: Recorded) -> bool:
        """Whether `one` must stay."""
        until_ns = self.until_ns
        return one.camera in self.cameras and one.end_ns >= self.from_ns and (until_ns is None or one.begin_ns <= until_ns)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to delete now, oldest first, and whether there is room to go on recording."""

    delete: tuple[Recorded, ...] = ()
    may_record: bool = True


def folder_of(root: Path, camera: str) -> Path:
    """The folder of a camera's recordings: its id made safe, and a digest so that two ids never share one."""
    plain = _UNSAFE.sub("_", camera)[:40].strip(".") or "camera"
    return root / "recordings" / f"{plain}-{hashlib.sha256(camera.encode()).hexdigest()[:8]}"


def append(root: Path, one: Recorded) -> None:
    """Add a finished file to its camera's index, fsynced. Raises Unavailable."""
    folder = folder_of(root, one.camera)
    try:
        with (folder / INDEX).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(one), ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as cause:
        raise Unavailable(f"cannot write the index of {one.camera}: {cause.strerror}") from cause


def read(root: Path) -> list[Recorded]:
    """Every indexed file that is still there, oldest first. A torn or foreign line of an index is passed over."""
    found: dict[tuple[str, str], Recorded] = {}
    for index in sorted((root / "recordings").glob(f"*/{INDEX}")):
        with contextlib.suppress(OSError):
            for line in index.read_bytes().splitlines():
                with contextlib.suppress(ValueError, TypeError):
                    one = Recorded(**json.loads(line))
                    if (index.parent / Path(one.file).name).is_file():
                        found[(one.camera, one.file)] = one
    return sorted(found.values(), key=lambda one: one.begin_ns)


def strays(root: Path) -> list[Path]:
    """Files that no index names: a kill came before they were finished."""
    known = {(folder_of(root, one.camera) / Path(one.file).name).resolve() for one in read(root)}
    return [file for file in sorted((root / "recordings").glob("*/*.mkv")) if file.resolve() not in known]


def begin_of(file: Path) -> int:
    """When a recorded file began (UTC ns), as its name says. Raises ValueError for another name."""
    moment = datetime.datetime.strptime(file.stem, "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=datetime.UTC)
    return int(moment.timestamp() * 1000) * 1_000_000


def path_of(root: Path, one: Recorded) -> Path:
    """Where a recorded file lies."""
    return folder_of(root, one.camera) / Path(one.file).name


def judge(
    recorded: Sequence[Recorded], holds: Iterable[Hold], now_ns: int, keep_days: float, most_bytes: int, free_bytes: int,
    reserve_bytes: int,
) -> Verdict:  # fmt: skip
    """What may and must go. `most_bytes` 0: no cap but the disk; `reserve_bytes` of the disk are left to the journal.

    What is older than `keep_days` and not held goes. What is younger never does: where there is no room, recording stops.
    """
    held = tuple(holds)
    floor_ns = now_ns - int(keep_days * _DAY_NS)
    delete = tuple(one for one in recorded if one.end_ns < floor_ns and not any(hold.holds(one) for hold in held))
    freed = sum(one.size_bytes for one in delete)
    left = sum(one.size_bytes for one in recorded) - freed
    is_full = free_bytes + freed < reserve_bytes or (most_bytes > 0 and left >= most_bytes)
    return Verdict(delete, not is_full)


def delete(root: Path, gone: Iterable[Recorded]) -> int:
    """Remove files and write their cameras' indexes anew; returns how many went."""
    by_camera: dict[str, set[str]] = {}
    count = 0
    for one in gone:
        with contextlib.suppress(OSError):
            path_of(root, one).unlink(missing_ok=True)
            by_camera.setdefault(one.camera, set()).add(one.file)
            count += 1
    for camera, files in by_camera.items():
        index = folder_of(root, camera) / INDEX
        with contextlib.suppress(OSError):
            kept = [line for line in index.read_text("utf-8").splitlines() if _file_in(line) not in files]
            part = index.with_suffix(".part")
            part.write_text("".join(f"{line}\n" for line in kept), "utf-8")
            os.replace(part, index)
    return count


def _file_in(line: str) -> str:
    with contextlib.suppress(ValueError, TypeError, AttributeError):
        told: Mapping[str, Any] = json.loads(line)
        return str(told.get("file", ""))
    return ""
