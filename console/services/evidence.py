"""Hand an incident on: one sealed file that proves itself, readable without this program; and the proof of such a file.

In: a data folder (read-only, also beside a running desk) and an incident's id. Out: a bundle (`services.bundle` lists what is
in it). Blocking, for a worker thread or the command line. The file appears whole or not at all (faults.md D63).
"""

from __future__ import annotations

import datetime
import errno
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from console import paths
from console.clock import Clock, SystemClock
from console.errors import BadInput, Unavailable
from console.model.events import Entry
from console.model.state import State, incident_hash
from console.services import bundle
from console.store import clips, heads
from console.store.bundle import BundleWriter
from console.store.journal import GENESIS, Journal
from console.store.seal import Seal, known_keys
from console.store.tracks import Tracks


def verify(file: Path, *, keys: Path | None = None) -> dict[str, Any]:
    """Prove a bundle: `ok`, `files`, `problems`, `notes`, `incident`. Raises BadInput only when there is no such file."""
    found = bundle.inspect(file, keys or paths.keys_folder())
    return {
        "ok": not found.problems, "files": found.files, "problems": found.problems, "notes": found.notes,
        "incident": found.manifest.get("incident") if isinstance(found.manifest, dict) else None,
    }  # fmt: skip


def export(folder: Path, incident: str, file: Path, *, clock: Clock | None = None) -> dict[str, Any]:
    """Write the sealed bundle of one incident; an older file of that name is replaced only by a whole new one.

    Returns `ok`, `files`, `problems` (stills that are gone), `incident`, `entries`, `bytes`, `state_hash`. Raises BadInput (no
    journal, no such incident, no place for the file) and Unavailable (disk full, no signing key); then `file` is as it was.
    """
    clock = clock or SystemClock()
    data = paths.DataFolder(folder)
    if file.is_dir() or not file.absolute().parent.is_dir():
        raise BadInput("is a folder, or its folder does not exist", str(file), "name a file like OUT.zip in an existing folder")
    journal = Journal.open(data.journal, clock, read_only=True)
    try:
        entries = list(journal.read_incident(incident))
        if not entries:
            raise BadInput(f"no incident {incident!r} in this journal", str(folder), "`liandong journal` lists what there is")
        return _write(file, lambda out: _fill(out, data, journal, incident, entries, clock))
    finally:
        journal.close()


def _write(file: Path, fill: Callable[[BinaryIO], dict[str, Any]]) -> dict[str, Any]:
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=file.absolute().parent, prefix=f".{file.name}.", suffix=".part")
        with os.fdopen(handle, "w+b") as out:
            result = fill(out)
            out.flush()
            os.fsync(out.fileno())
        result["bytes"] = os.path.getsize(temporary)
        os.replace(temporary, file)
        temporary = None
        return result
    except OSError as cause:
        why = "the disk is full" if cause.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) else cause.strerror
        raise Unavailable(f"cannot write {file}: {why}; nothing was left behind") from cause
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def _fill(
    out: BinaryIO, data: paths.DataFolder, journal: Journal, incident: str, entries: list[Entry], clock: Clock
) -> dict[str, Any]:
    seal = Seal(paths.keys_folder())
    state = bundle.folded(entries)
    if incident not in state.incidents:
        raise BadInput(f"the report of incident {incident} cannot be read (purged?)", str(data.root), "run `liandong check`")
    first, last = entries[0].seq, entries[-1].seq
    head = _covering_head(data, journal, last)
    end = head.seq if head is not None else last
    writer = BundleWriter(out)
    title = state.incidents[incident].title
    writer.add(bundle.README, [_readme(incident, title, seal.key).encode()])
    writer.add(bundle.ENTRIES, map(bundle.entry_line, entries))
    writer.add(bundle.CHAIN, _chain_lines(journal, first, end))
    writer.add(bundle.ORDERS, [_pretty(bundle.orders_of(state, incident))])
    writer.add(bundle.TRACKS, _track_lines(data, state, incident, entries))
    missing = _add_files(writer, data.root, state, entries)
    writer.add(bundle.KEY, [seal.public_pem])
    if head is not None and head.key != seal.key:
        writer.add(bundle.HEAD_KEY, [(paths.keys_folder() / f"{head.key}.pub.pem").read_bytes()])
    writer.add(bundle.SUMS, [f"{member.sha256}  {member.name}\n".encode() for member in writer.members])
    previous = next(iter(journal.read(first - 2, 1))).hash if first > 1 else GENESIS
    at_ns = clock.now_ns()
    manifest = _pretty({
        "format": bundle.FORMAT, "program": bundle.PROGRAM, "incident": incident, "title": title,
        "exercise": state.incidents[incident].exercise, "made_at_ns": at_ns,
        "made_at": datetime.datetime.fromtimestamp(at_ns // 10**9, datetime.UTC).isoformat(), "entries": len(entries),
        "first_seq": first, "last_seq": last, "state_hash": incident_hash(state, incident),
        "chain": {"first_seq": first, "last_seq": end, "previous_hash": previous.hex()},
        "head": None if head is None else json.loads(head.line()), "missing": missing, "key": seal.key,
        "files": [{"name": m.name, "sha256": m.sha256, "bytes": m.size_bytes} for m in writer.members],
    })  # fmt: skip
    writer.add(bundle.MANIFEST, [manifest])
    writer.add(bundle.SIGNATURE, [seal.sign(manifest)])
    writer.finish()
    return {
        "ok": not missing, "files": len(writer.members), "problems": [f"{name} is missing on disk" for name in missing],
        "incident": incident, "entries": len(entries), "state_hash": incident_hash(state, incident),
    }  # fmt: skip


def _covering_head(data: paths.DataFolder, journal: Journal, last: int) -> heads.Head | None:
    """The first signed head at or behind entry `last` whose key is known here and which the journal still agrees with."""
    known = known_keys(paths.keys_folder())
    for head in heads.read_heads(data.head)[0]:
        if head.seq >= last and head.key in known:
            here = journal.read(head.seq - 1, 1)
            return head if here and here[0].seq == head.seq and here[0].hash == head.hash else None
    return None


def _chain_lines(journal: Journal, first: int, end: int) -> Iterator[bytes]:
    for link in journal.links(first, end):
        fields = link._asdict() | {"digest": link.digest.hex()}
        del fields["hash"]
        yield json.dumps(fields, ensure_ascii=False).encode() + b"\n"


def _track_lines(data: paths.DataFolder, state: State, incident: str, entries: list[Entry]) -> Iterator[bytes]:
    """Where the ordered units were, from the first entry to the closing (or to the last entry)."""
    if not data.tracks.exists():
        return
    until_ns = state.incidents[incident].closed_ns or entries[-1].at_ns
    tracks = Tracks(data.root, read_only=True)
    try:
        for unit in sorted({order.unit for order in state.orders.values()}):
            for fix in tracks.between(unit, entries[0].at_ns, until_ns):
                yield json.dumps(asdict(fix), ensure_ascii=False).encode() + b"\n"
    finally:
        tracks.close()


def _add_files(writer: BundleWriter, root: Path, state: State, entries: Iterable[Entry]) -> list[str]:
    """Add the stills and clips that entries name; returns those that are gone."""
    missing = []
    for name in sorted(bundle.named_files(entries)):
        try:
            path = clips.locate(root, name)
            with path.open("rb") as content:
                size = os.fstat(content.fileno()).st_size
                writer.add(name, iter(lambda: content.read(1 << 20), b""), size)
        except (FileNotFoundError, IsADirectoryError, BadInput):
            missing.append(name)
    return missing


def _pretty(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"


def _readme(incident: str, title: str, key: str) -> str:
    return paths.resources("evidence", "README.txt").read_text(encoding="utf-8").format(incident=incident, title=title, key=key)
