"""Signed heads beside the journal: JSON lines that say "at seq N the chain's hash was H", so nobody can re-chain unseen.

In: heads that are already durable in the journal. Out: `DIR/journal.head`. Written by the journal's one writer (desk thread),
read by anybody. The file may lag the journal, never lead it; its last line may be torn by a kill and is then nothing.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from console.errors import Unavailable
from console.store.seal import Seal


@dataclass(frozen=True, slots=True)
class Head:
    """One signed head. `key` is the signing key's id (`seal.key_id`), `signature` covers `message()`."""

    seq: int
    hash: bytes
    at_ns: int
    key: str
    signature: bytes

    def message(self) -> bytes:
        """The exact bytes that are signed. Source: ours; ASCII lines, so a page of text and openssl can prove it."""
        return f"liandong journal head 1\nseq {self.seq}\nhash {self.hash.hex()}\nat_ns {self.at_ns}\nkey {self.key}\n".encode()

    def line(self) -> bytes:
        """The head as its JSON line."""
        fields = {
            "seq": self.seq, "hash": self.hash.hex(), "at_ns": self.at_ns, "key": self.key, "signature": self.signature.hex(),
        }  # fmt: skip
        return json.dumps(fields).encode() + b"\n"


def signed(seq: int, digest: bytes, at_ns: int, seal: Seal) -> Head:
    """Sign the journal's state at `seq`, whose chain hash is `digest`."""
    bare = Head(seq, digest, at_ns, seal.key, b"")
    return Head(seq, digest, at_ns, seal.key, seal.sign(bare.message()))


def read_head(line: bytes) -> Head | None:
    """The head in a line, or None when it is damaged. Only the very form that `Head.line` writes is a head."""
    try:
        fields = json.loads(line)
        head = Head(
            fields["seq"], bytes.fromhex(fields["hash"]), fields["at_ns"], fields["key"], bytes.fromhex(fields["signature"])
        )
        numbers = type(head.seq) is int and type(head.at_ns) is int
        return head if numbers and head.line() == line + b"\n" else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def read_heads(path: Path) -> tuple[list[Head], list[int]]:
    """Every whole head, oldest first, and the numbers of damaged lines. A torn last line is left out. Raises Unavailable."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return [], []
    except OSError as cause:
        raise Unavailable(f"cannot read {path}: {cause.strerror}") from cause
    found, damaged = [], []
    for number, line in enumerate(content.split(b"\n")[:-1], 1):
        head = read_head(line)
        if head is None:
            damaged.append(number)
        else:
            found.append(head)
    return found, damaged


def append_head(path: Path, head: Head, *, durable: bool) -> None:
    """Add a line; a torn last line is cut off first. `durable`: fsync it. Raises Unavailable and leaves no half line."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as cause:
        raise Unavailable(f"cannot write {path}: {cause.strerror}") from cause
    try:
        end = _whole_lines_end(handle)
        os.lseek(handle, end, os.SEEK_SET)
        os.ftruncate(handle, end)
        line = head.line()
        try:
            written = os.write(handle, line)
            if written != len(line):
                raise OSError(28, "No space left on device")
            if durable:
                os.fsync(handle)
        except OSError:
            os.ftruncate(handle, end)
            raise
    except OSError as cause:
        raise Unavailable(f"cannot write {path}: {cause.strerror}") from cause
    finally:
        os.close(handle)


def _whole_lines_end(handle: int) -> int:
    """The offset behind the last line feed, looking back from the end (a head line is under 400 bytes)."""
    end = os.lseek(handle, 0, os.SEEK_END)
    start = max(0, end - 4096)
    os.lseek(handle, start, os.SEEK_SET)
    tail = os.read(handle, end - start)
    cut = tail.rfind(b"\n")
    return start + cut + 1 if cut >= 0 else start
