"""Stills and clips of a data folder: how a picture gets its name and digest, and how an entry's file is found again.

In: bytes from a console, or files that a decoder child wrote. Out: files below `stills/` and `clips/`, named in entries by
their path below the data folder (`stills/NAME`) and their SHA-256. Any thread; a file is never written twice under one name.
Beside a clip stands its note, `NAME.json`: whose picture it is, from when to when, what is missing, who saved it and why.
"""

from __future__ import annotations

import contextlib
import datetime
import errno
import hashlib
import itertools
import json
import os
import re
import tempfile
import time
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from console.errors import BadInput, Unavailable
from console.model.ids import checked_id

SHELVES = ("stills", "clips")
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")
_STALE_PART_S = 600.0


@dataclass(frozen=True, slots=True)
class Saved:
    """What `SaveStill` says of a file: `file` is its path below the data folder."""

    file: str
    sha256: str


def save(root: Path, shelf: str, name: str, content: bytes) -> Saved:
    """Keep `content` as `root/shelf/name`, whole and fsynced or not at all.

    Raises BadInput (a name that is no id, or taken by other content), Unavailable (disk).
    """
    path = locate(root, f"{shelf}/{name}")
    digest = hashlib.sha256(content).hexdigest()
    if path.exists():
        if sha256_of(path) != digest:
            raise BadInput(f"a file named {name!r} with other content exists", shelf, "choose another name")
        return Saved(f"{shelf}/{name}", digest)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".part-")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        temporary = None
    except OSError as cause:
        full = cause.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        raise Unavailable(f"cannot keep {path}: {'the disk is full' if full else cause.strerror}") from cause
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
    return Saved(f"{shelf}/{name}", digest)


def locate(root: Path, file: str) -> Path:
    """The path of an entry's `file`. Raises BadInput for anything but `stills/NAME` or `clips/NAME`."""
    shelf, slash, name = file.partition("/")
    if shelf not in SHELVES or not slash:
        raise BadInput(f"{file[:80]!r} is not below stills/ or clips/", "file")
    if checked_id(name) != name or name.startswith("."):
        raise BadInput(f"{name[:80]!r} is no file name", "file")
    return root / shelf / name


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hex. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def free_stem(root: Path, shelf: str, camera: str, at_ns: int, taken: Set[str] = frozenset()) -> Path:
    """A path below `shelf` without suffix that no file begins with and is not in `taken` (names given out, not yet written):
    the moment to the millisecond, the camera, and a number where that is not enough."""
    moment = datetime.datetime.fromtimestamp(at_ns // 10**9, datetime.UTC).strftime("%Y%m%dT%H%M%S")
    plain = _UNSAFE.sub("_", camera)[:24].strip(".") or "camera"
    folder, first = root / shelf, f"{moment}.{at_ns // 10**6 % 1000:03d}Z-{plain}"
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    stem = first
    for number in itertools.count(2):
        if stem not in taken and not any(folder.glob(f"{stem}*")):
            break
        stem = f"{first}-n{number}"
    return folder / stem


def save_note(media: Path, fields: Mapping[str, object]) -> Saved:
    """Write the note beside a clip, `NAME.json` for `NAME.mp4`. Raises BadInput, Unavailable."""
    content = json.dumps(fields, ensure_ascii=False, indent=1).encode() + b"\n"
    return save(media.parent.parent, media.parent.name, f"{media.name.removesuffix(media.suffix)}.json", content)


def discard(root: Path, *files: str) -> None:
    """Remove files that became no facts: the desk refused them."""
    for file in files:
        with contextlib.suppress(OSError, BadInput):
            locate(root, file).unlink(missing_ok=True)


def sweep_parts(root: Path) -> int:
    """Remove what a killed writer left half-written more than ten minutes ago; returns how many files that were."""
    removed = 0
    for shelf in SHELVES:
        for pattern in ("*.part", ".part-*"):
            for part in (root / shelf).glob(pattern):
                with contextlib.suppress(OSError):
                    if time.time() - part.stat().st_mtime > _STALE_PART_S:
                        part.unlink()
                        removed += 1
    return removed
