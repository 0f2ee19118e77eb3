"""Saving what a tile shows: the decoder child writes the file, here its note is written and the fact prepared.

In: a tile and whom it is saved for. Out: by `done`, in a worker thread, either a `Kept` per file (the command that makes it a
fact) or a word why not. Owned by the console; one worker thread, ended by `close`. No URL or password ever comes near a note.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import console
from console.clock import Clock
from console.errors import BadInput, LiandongError
from console.media.supervisor import OnAnswer
from console.store import clips

_log = logging.getLogger(__name__)
FORMAT = 1


@dataclass(frozen=True, slots=True)
class About:
    """Whose picture is saved, by whom, for what. `exercise`: no real incident."""

    camera: str
    name: str = ""
    network: str = ""
    owner: str = ""
    incident: str | None = None
    by: str = ""
    seat: str = ""
    why: str = ""
    exercise: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that was written, and the command that makes it a fact (`command`, `body`)."""

    command: str
    body: dict[str, Any] = field(default_factory=dict)


Done = Callable[[tuple[Kept, ...], str], None]
"""`done(kept, word)`: what was written, or () and the word of `justnow.failed.*` that says why not."""


class Errands(Protocol):
    """What is asked of `services.feeds.Feeds`."""

    def errand(self, tile: str, command: str, *arguments: object, on_answer: OnAnswer) -> None: ...


class Saver:
    """`root` is the data folder. `close` waits for what is being written."""

    def __init__(self, root: Path, feeds: Errands, clock: Clock) -> None:
        self._root, self._feeds, self._clock = root, feeds, clock
        self._taken: set[str] = set()  # the worker's
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="keeping")
        self._pool.submit(clips.sweep_parts, root)

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def clip(self, tile: str, about: About, seconds: float, done: Done, until_ns: int = 0) -> None:
        """Save the last `seconds` of a tile's stream, or those before `until_ns` (UTC)."""
        to_ns = until_ns or self._clock.now_ns()
        self._begin(about, "clips", done, lambda stem, answered: self._feeds.errand(
            tile, "clip", str(stem), to_ns - int(seconds * 1e9), to_ns, on_answer=answered
        ), lambda fields: self._clips_of(about, fields))  # fmt: skip

    def still(self, tile: str, about: About, done: Done, suffix: str = ".jpg", slot: str = "") -> None:
        """Save the tile's newest picture at its full size, `.jpg` or `.png`; with `slot`, the one its replay shows."""
        self._begin(about, "stills", done, lambda stem, answered: self._feeds.errand(
            tile, "snapshot", f"{stem}{suffix}", slot, on_answer=answered
        ), lambda fields: (self._still_of(about, fields),))  # fmt: skip

    def _begin(
        self, about: About, shelf: str, done: Done, ask: Callable[[Path, OnAnswer], None],
        kept_of: Callable[[Mapping[str, Any]], tuple[Kept, ...]],
    ) -> None:  # fmt: skip
        def finish(ok: bool, fields: Mapping[str, Any]) -> None:
            if not ok:
                done((), str(fields.get("word", "gone")))
                return
            try:
                done(kept_of(fields), "")
            except LiandongError as cause:
                _log.warning("a picture of %s was not kept: %s", about.camera, cause)
                self._remove(fields)
                done((), "disk_full" if "full" in str(cause) else "disk")

        def answered(ok: bool, fields: Mapping[str, Any]) -> None:
            self._submit(lambda: finish(ok, fields))

        self._submit(lambda: ask(self._take_stem(shelf, about.camera), answered))

    def _take_stem(self, shelf: str, camera: str) -> Path:
        """A name no other picture has or is about to get: two may be asked for in one instant."""
        stem = clips.free_stem(self._root, shelf, camera, self._clock.now_ns(), self._taken)
        self._taken.add(stem.name)
        return stem

    def _submit(self, work: Callable[[], None]) -> None:
        try:
            self._pool.submit(work)
        except RuntimeError:
            _log.info("a picture came after the end")  # the console is closing; the file becomes no fact

    def _remove(self, fields: Mapping[str, Any]) -> None:
        paths = [piece["path"] for piece in fields.get("pieces", ())] + ([fields["path"]] if "path" in fields else [])
        clips.discard(self._root, *(f"{Path(path).parent.name}/{Path(path).name}" for path in paths))

    def discard(self, kept: Kept) -> None:
        """The desk refused: what was written goes again. Any thread."""
        names = [str(kept.body[name]) for name in ("file", "note") if kept.body.get(name)]
        self._submit(lambda: clips.discard(self._root, *names))

    def _still_of(self, about: About, fields: Mapping[str, Any]) -> Kept:
        body = {
            "camera": about.camera, "file": f"stills/{Path(fields['path']).name}", "sha256": fields["sha256"],
            "incident": about.incident, "taken_ns": fields["at_ns"], "is_masked": fields["is_masked"], "why": about.why,
        }  # fmt: skip
        return Kept("SaveStill", body)

    def _clips_of(self, about: About, fields: Mapping[str, Any]) -> tuple[Kept, ...]:
        pieces, ahead_ns, kept = fields["pieces"], fields["ahead_ns"], []
        for number, piece in enumerate(pieces, 1):
            note = note_of(about, piece, ahead_ns, number, len(pieces))
            saved = clips.save_note(Path(piece["path"]), note)
            body = {
                "camera": about.camera, "file": note["file"], "sha256": piece["sha256"], "incident": about.incident,
                "from_ns": note["begin_ns"], "to_ns": note["end_ns"], "gaps": len(piece["gaps"]),
                "is_masked": piece["is_masked"], "note": saved.file, "note_sha256": saved.sha256, "why": about.why,
            }  # fmt: skip
            kept.append(Kept("SaveClip", body))
        return tuple(kept)


def note_of(about: About, piece: dict[str, Any], ahead_ns: int, number: int = 1, of: int = 1) -> dict[str, Any]:
    """What stands in the JSON file beside a clip. `ahead_ns`: UTC minus the monotonic clock when it was written."""
    begin_ns, end_ns = piece["begin_ns"] + ahead_ns, piece["end_ns"] + ahead_ns
    camera_ns = piece["camera_utc_ns"]
    return {
        "format": FORMAT, "program": f"liandong {console.__version__}", "exercise": about.exercise,
        **{name: value for name, value in asdict(about).items() if name != "exercise"},
        "file": f"clips/{Path(piece['path']).name}", "sha256": piece["sha256"], "bytes": piece["size_bytes"],
        "piece": number, "pieces": of, "begin": _utc(begin_ns), "end": _utc(end_ns), "begin_ns": begin_ns, "end_ns": end_ns,
        "codec": piece["codec"], "width_px": piece["width_px"], "height_px": piece["height_px"],
        "pictures": piece["pictures"], "damaged_packets": piece["damaged"], "transcoded": piece["is_masked"],
        "privacy_masks": "burnt in, transcoded" if piece["is_masked"] else "none",
        "clock": {
            "times": "arrival at this computer, its own UTC clock",
            "camera_offset_ms": None if camera_ns is None else round((camera_ns - ahead_ns) / 1e6, 1),
            "camera_offset": "unknown" if camera_ns is None else "camera's clock minus this one, from its RTCP sender reports; "
            "network delay included",
        },
        "gaps": [
            {
                "from": _utc(gap["from_ns"] + ahead_ns), "to": _utc(gap["to_ns"] + ahead_ns),
                "seconds": round((gap["to_ns"] - gap["from_ns"]) / 1e9, 3), "cause": gap["cause"],
            }
            for gap in piece["gaps"]
        ],
    }  # fmt: skip


def _utc(at_ns: int) -> str:
    return datetime.datetime.fromtimestamp(at_ns / 1e9, datetime.UTC).isoformat(timespec="milliseconds")


def file_of(root: Path, file: str) -> Path | None:
    """Where a kept picture or clip lies; None for a name that is none."""
    try:
        return clips.locate(root, file)
    except BadInput:
        return None


def bytes_of(root: Path, file: str) -> bytes:
    """A kept picture's content; empty where it cannot be read."""
    path = file_of(root, file)
    try:
        return b"" if path is None else path.read_bytes()
    except OSError:
        return b""
