"""What a sealed bundle of one incident holds, and how it is proved: on any computer, without the journal it came from.

In: a bundle file (`store.bundle`). Out: its manifest and entries, and every problem found. Any thread; writes nothing.

Members: README.txt · entries.jsonl (the incident's entries, salt and body included) · chain.jsonl (from its first entry to a
signed head or its last entry: all that the journal's hash chain needs, without the bodies of other incidents) · orders.json
and tracks.jsonl (for reading) · stills/ and clips/ named by entries · key.pub.pem (and head.pub.pem, when the head was signed
with another key) · SHA256SUMS (for sha256sum) · manifest.json (SHA-256 and size of each of these) · manifest.sig (Ed25519
over the bytes of manifest.json).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import console
from console.errors import BadInput
from console.model.events import Entry
from console.model.state import State, apply, incident_hash
from console.store.bundle import BundleReader
from console.store.heads import Head
from console.store.journal import body_digest, chain_hash
from console.store.seal import is_signed, key_id, known_keys, public_key

FORMAT = 1
PROGRAM = f"liandong {console.__version__}"
MANIFEST, SIGNATURE, KEY, HEAD_KEY = "manifest.json", "manifest.sig", "key.pub.pem", "head.pub.pem"
ENTRIES, CHAIN, ORDERS, TRACKS = "entries.jsonl", "chain.jsonl", "orders.json", "tracks.jsonl"
README, SUMS = "README.txt", "SHA256SUMS"
_NEEDED = (README, ENTRIES, CHAIN, ORDERS, TRACKS, KEY, SUMS)
_MOST_BYTES = 64 << 20


@dataclass(slots=True)
class Bundle:
    """What was found. `problems` empty: proved. `notes` say what could not be proved here and accuse nobody."""

    manifest: dict[str, Any] = field(default_factory=dict)
    files: int = 0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)


def inspect(path: Path, keys: Path) -> Bundle:
    """Prove a bundle; `keys` is the folder of public keys that are known here. Raises BadInput only when there is no file."""
    if not path.is_file():
        raise BadInput("no such file", str(path), "name a bundle made by `liandong export`")
    found = Bundle()
    try:
        reader = BundleReader(path)
    except BadInput as cause:
        found.problems.append(str(cause))
        return found
    try:
        found.files = len(reader.members)
        _signature(reader, found, keys)
        _members(reader, found)
        _proof(reader, found)
        _fold(reader, found)
        _named(reader, found)
    except BadInput as cause:
        found.problems.append(str(cause))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as cause:
        found.problems.append(f"not written as a bundle is: {type(cause).__name__}: {cause}")
    finally:
        reader.close()
    return found


def folded(entries: list[Entry]) -> State:
    """The state that these entries alone give."""
    state = State()
    for entry in entries:
        apply(state, entry)
    return state


def orders_of(state: State, incident: str) -> list[dict[str, Any]]:
    """The incident's orders as orders.json holds them, in order of issue."""
    return [asdict(order) for order in state.orders.values() if order.incident == incident]


def entry_line(entry: Entry) -> bytes:
    """An entry as a line of entries.jsonl. `body` stays the very text that was hashed."""
    fields = asdict(entry) | {"salt": None if entry.salt is None else entry.salt.hex(), "hash": entry.hash.hex()}
    return json.dumps(fields, ensure_ascii=False).encode() + b"\n"


def named_files(entries: Iterable[Entry]) -> dict[str, str]:
    """The stills, clips and clips' notes that entries name, with their SHA-256."""
    found: dict[str, str] = {}
    for entry in entries:
        if entry.kind in ("StillSaved", "ClipSaved") and entry.body:
            told = json.loads(entry.body)
            found[told["file"]] = told["sha256"]
            if told.get("note"):
                found[told["note"]] = told["note_sha256"]
    return found


def _entries(reader: BundleReader) -> Iterator[Entry]:
    for line in reader.lines(ENTRIES):
        fields = json.loads(line)
        salt = fields["salt"]
        yield Entry(**fields | {"salt": None if salt is None else bytes.fromhex(salt), "hash": bytes.fromhex(fields["hash"])})


def _signature(reader: BundleReader, found: Bundle, keys: Path) -> None:
    raw = reader.read(MANIFEST, _MOST_BYTES)
    public = public_key(reader.read(KEY, 4096))
    if not is_signed(public, raw, reader.read(SIGNATURE, 4096)):
        found.problems.append(f"the signature in {SIGNATURE} is not that of {MANIFEST} by {KEY}: one of the three was changed")
    found.manifest = json.loads(raw)
    if found.manifest["format"] != FORMAT:
        raise BadInput(f"the bundle has format {found.manifest['format']}, this program knows {FORMAT}", MANIFEST)
    if found.manifest["key"] != key_id(public):
        found.problems.append(f"{KEY} is not the key {found.manifest['key']} that {MANIFEST} names")
    if key_id(public) not in known_keys(keys):
        found.notes.append(f"signed with key {key_id(public)}, which this computer does not know: compare it with the sender")


def _members(reader: BundleReader, found: Bundle) -> None:
    listed = {file["name"]: file for file in found.manifest["files"]}
    here = set(reader.members) - {MANIFEST, SIGNATURE}
    found.problems += [f"{name} is not listed in {MANIFEST}" for name in sorted(here - listed.keys())]
    sums = "".join(f"{member.sha256}  {name}\n" for name, member in reader.members.items() if name in here - {SUMS})
    if SUMS in here and reader.read(SUMS, _MOST_BYTES) != sums.encode():
        found.problems.append(f"{SUMS} does not list the files that are here")
    found.problems += [f"{name} is missing" for name in sorted((listed.keys() | set(_NEEDED)) - here)]
    for name in sorted(here & listed.keys()):
        member, file = reader.members[name], listed[name]
        if (member.sha256, member.size_bytes) != (file["sha256"], file["bytes"]):
            found.problems.append(f"{name} was changed: its SHA-256 or size is not the one in {MANIFEST}")


def _proof(reader: BundleReader, found: Bundle) -> None:
    """Recompute the chain; every entry of the incident must be a link of it, and its last link what the head was signed for."""
    chain, incident = found.manifest["chain"], found.manifest["incident"]
    waiting = _entries(reader)
    entry = next(waiting, None)
    previous, expected = bytes.fromhex(chain["previous_hash"]), chain["first_seq"]
    for line in reader.lines(CHAIN):
        link = json.loads(line)
        seq, digest = link["seq"], bytes.fromhex(link.pop("digest"))
        if seq != expected:
            raise BadInput(f"the chain has entry {seq} where {expected} belongs", CHAIN)
        previous, expected = chain_hash(previous, digest=digest, **link), seq + 1
        if entry is not None and entry.seq == seq:
            _entry(entry, link, digest, previous, incident, found)
            found.entries.append(entry)
            entry = next(waiting, None)
    if entry is not None:
        found.problems.append(f"entry {entry.seq} is not in the chain, or not in order")
    if (len(found.entries), expected - 1) != (found.manifest["entries"], chain["last_seq"]):
        found.problems.append("the chain or the entries are shorter than the manifest says")
    _head(reader, found, expected - 1, previous)


def _entry(entry: Entry, link: dict[str, Any], digest: bytes, whole: bytes, incident: str, found: Bundle) -> None:
    fields = {
        "seq": entry.seq,
        "at_ns": entry.at_ns,
        "boot": entry.boot,
        "mono_ns": entry.mono_ns,
        "by": entry.by,
        "kind": entry.kind,
    }
    own = digest if entry.body is None or entry.salt is None else body_digest(entry.salt, entry.body.encode())
    if fields != link or own != digest or entry.hash != whole:
        found.problems.append(f"entry {entry.seq} does not fit the chain: it was changed")
    if entry.body is None:
        found.notes.append(f"the body of entry {entry.seq} was purged by law; the chain proves without it")
    elif json.loads(entry.body).get("incident") != incident:
        found.problems.append(f"entry {entry.seq} is not of incident {incident}")


def _head(reader: BundleReader, found: Bundle, last_seq: int, last_hash: bytes) -> None:
    fields = found.manifest["head"]
    if fields is None:
        found.notes.append("taken from a living journal: no head was signed yet behind the last entry")
        return
    head = Head(**fields | {"hash": bytes.fromhex(fields["hash"]), "signature": bytes.fromhex(fields["signature"])})
    public = public_key(reader.read(HEAD_KEY if HEAD_KEY in reader.members else KEY, 4096))
    if (head.seq, head.hash) != (last_seq, last_hash):
        found.problems.append(f"the chain does not end in the journal's signed head at entry {head.seq}")
    if head.key != key_id(public) or not is_signed(public, head.message(), head.signature):
        found.problems.append(f"the journal's head at entry {head.seq} is not signed by the key in the bundle")


def _fold(reader: BundleReader, found: Bundle) -> None:
    if found.manifest["program"] != PROGRAM:
        found.notes.append(f"made by {found.manifest['program']}: its folded state is not compared with this program's")
        return
    state, incident = folded(found.entries), found.manifest["incident"]
    if incident not in state.incidents or incident_hash(state, incident) != found.manifest["state_hash"]:
        found.problems.append("the entries do not fold to the state the manifest names")
    if json.loads(reader.read(ORDERS, _MOST_BYTES)) != json.loads(json.dumps(orders_of(state, incident))):
        found.problems.append(f"{ORDERS} is not what the entries fold to")


def _named(reader: BundleReader, found: Bundle) -> None:
    """The pictures in the bundle must be those that were saved, not others of the same name."""
    for name, digest in named_files(found.entries).items():
        if name in reader.members and reader.members[name].sha256 != digest:
            found.problems.append(f"{name} is not the file that was saved: its SHA-256 is not the one in its entry")
