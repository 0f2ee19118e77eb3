"""Stills and clips of a data folder: how a picture gets its name and digest, and how an entry's file is found again.

In: bytes from a console. Out: files below `stills/` and `clips/`, named in entries by their path below the data folder
(`stills/NAME`) and their SHA-256. Any thread; a file is never written twice under one name.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from console.errors import BadInput, Unavailable
from console.model.ids import checked_id

SHELVES = ("stills", "clips")


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
        raise Unavailable(f"cannot keep {path}: {cause.strerror}") from cause
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
