"""The sealed zip: a file any zip program opens, with exactly one possible form, so that no bit of it can change unseen.

In: members, in order. Out: a zip of stored (uncompressed) members. Reading rebuilds every header from what the member holds
and compares it with the bytes on disk: there is nothing in the file that is neither a member's content nor computed from one.
Nothing is ever unpacked, so a zip bomb has no fuse; a name that leaves the folder, or comes twice, is no name.
Source: PKWARE APPNOTE 6.3.10, sections 4.3.7 (local header), 4.3.12 (central directory), 4.3.14-16 (ends), 4.5.3 (zip64).
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from console.errors import BadInput, Unavailable
from console.model.ids import checked_id

_LIMIT = 0xFFFFFFFF
_UTF8 = 0x0800  # general purpose bit 11: the name is UTF-8
_DATE = (1 << 5) | 1  # 1980-01-01, the zip epoch: the true times are in the entries
_CHUNK = 1 << 20
_MOST_MEMBERS = 20_000
_FOLDERS = ("stills", "clips")


@dataclass(frozen=True, slots=True)
class Member:
    """One member: where its local header and its content begin, and what the content is."""

    name: str
    header_at: int
    start: int
    size_bytes: int
    crc: int
    sha256: str


def is_member_name(name: str) -> bool:
    """`NAME`, `stills/NAME` or `clips/NAME`, where NAME is an id of the contract that does not begin with a dot."""
    folder, slash, last = name.rpartition("/")
    if slash and folder not in _FOLDERS:
        return False
    try:
        return checked_id(last) == last and not last.startswith(".")
    except BadInput:
        return False


class BundleWriter:
    """Writes members one after the other into `file` (binary, seekable, empty); `finish()` makes it a zip. Raises OSError."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.members: list[Member] = []

    def add(self, name: str, chunks: Iterable[bytes], size_bytes: int = 0) -> Member:
        """Write one member. `size_bytes`: at least what a content of 4 GiB or more will be, else any smaller number."""
        if not is_member_name(name) or any(member.name == name for member in self.members):
            raise BadInput(f"{name!r} cannot be a member of a bundle")
        at = self._file.tell()
        self._file.write(_local(name, 0, size_bytes))
        start, crc, whole, size = self._file.tell(), 0, hashlib.sha256(), 0
        for chunk in chunks:
            self._file.write(chunk)
            crc, size = zlib.crc32(chunk, crc), size + len(chunk)
            whole.update(chunk)
        if (size >= _LIMIT) != (size_bytes >= _LIMIT):
            raise Unavailable(f"{name} changed its size while it was read")
        self._file.seek(at)
        self._file.write(_local(name, crc, size))
        self._file.seek(0, os.SEEK_END)
        member = Member(name, at, start, size, crc, whole.hexdigest())
        self.members.append(member)
        return member

    def finish(self) -> None:
        """Write the central directory."""
        self._file.write(_directory(self.members, self._file.tell()))


class BundleReader:
    """An open sealed zip. Raises BadInput, saying what and where, for anything but what `BundleWriter` writes. `close()` it."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("rb")
            self._size = os.fstat(self._file.fileno()).st_size
        except OSError as cause:
            raise BadInput(f"cannot be read: {cause.strerror}", str(path), "name a bundle made by `liandong export`") from cause
        self.members: dict[str, Member] = {}
        try:
            self._walk(str(path))
        except OSError as cause:
            self.close()
            raise Unavailable(f"cannot read {path}: {cause.strerror}") from cause
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._file.close()

    def chunks(self, name: str) -> Iterator[bytes]:
        """The content of a member. Raises BadInput when there is none of that name."""
        member = self.members.get(name)
        if member is None:
            raise BadInput(f"the bundle has no {name}")
        at, left = member.start, member.size_bytes
        while left:
            self._file.seek(at)
            chunk = self._file.read(min(_CHUNK, left))
            if not chunk:
                raise BadInput(f"the bundle was cut while it was read, in {name}")
            at, left = at + len(chunk), left - len(chunk)
            yield chunk

    def read(self, name: str, most_bytes: int) -> bytes:
        """A member's whole content. Raises BadInput when it is larger than `most_bytes` or missing."""
        if name in self.members and self.members[name].size_bytes > most_bytes:
            raise BadInput(f"{name} is larger than {most_bytes} bytes")
        return b"".join(self.chunks(name))

    def lines(self, name: str, longest_bytes: int = 1 << 24) -> Iterator[bytes]:
        """A member's lines without their line feeds. Raises BadInput for a longer line or a last line without its feed."""
        rest = b""
        for chunk in self.chunks(name):
            *whole, rest = (rest + chunk).split(b"\n")
            yield from whole
            if len(rest) > longest_bytes:
                raise BadInput(f"{name} has a line of more than {longest_bytes} bytes")
        if rest:
            raise BadInput(f"the last line of {name} is cut")

    def _walk(self, path: str) -> None:
        members: list[Member] = []
        at = 0
        while self._bytes(at, 4) == b"PK\3\4":
            member = self._member(at, f"{path}, behind {members[-1].name if members else 'its start'}")
            if member.name in self.members:
                raise BadInput(f"{member.name} comes twice", path)
            if len(members) >= _MOST_MEMBERS:
                raise BadInput(f"more than {_MOST_MEMBERS} members", path)
            self.members[member.name] = member
            members.append(member)
            at = member.start + member.size_bytes
        if not members:
            raise BadInput("not a sealed bundle (no zip of stored members)", path, "name a bundle made by `liandong export`")
        expected = _directory(members, at)
        if self._size - at != len(expected) or self._bytes(at, len(expected)) != expected:
            where = f"{path}, from byte {at} on, behind {members[-1].name}"
            raise BadInput("the zip directory does not fit the members: cut, changed, or packed by another program", where)

    def _member(self, at: int, where: str) -> Member:
        fixed = self._bytes(at, 30)
        if len(fixed) < 30:
            raise BadInput("the zip is cut", where)
        *_, crc, _, size, name_bytes, extra_bytes = struct.unpack("<4s5H3I2H", fixed)
        rest = self._bytes(at + 30, name_bytes + extra_bytes)
        try:
            name = rest[:name_bytes].decode()
        except UnicodeDecodeError as cause:
            raise BadInput("a member's name is not UTF-8", where) from cause
        if not is_member_name(name):
            raise BadInput(f"{name[:80]!r} is no name of a bundle's member", where)
        if size == _LIMIT and extra_bytes == 20:
            size = struct.unpack("<HHQQ", rest[name_bytes:])[2]
        start = at + 30 + name_bytes + extra_bytes
        if fixed + rest != _local(name, crc, size):
            raise BadInput(f"the zip header of {name} is not what the content says: changed, or packed by another program", where)
        if start + size > self._size:
            raise BadInput(f"the zip is cut inside {name}", where)
        found, whole, left = 0, hashlib.sha256(), size
        while left:
            chunk = self._file.read(min(_CHUNK, left))
            if not chunk:
                raise BadInput(f"the zip is cut inside {name}", where)
            found, left = zlib.crc32(chunk, found), left - len(chunk)
            whole.update(chunk)
        if found != crc:
            raise BadInput(f"the content of {name} was changed (its checksum is another)", where)
        return Member(name, at, start, size, crc, whole.hexdigest())

    def _bytes(self, at: int, count: int) -> bytes:
        self._file.seek(at)
        return self._file.read(count)


def _local(name: str, crc: int, size: int) -> bytes:
    raw, big = name.encode(), size >= _LIMIT
    extra = struct.pack("<HHQQ", 1, 16, size, size) if big else b""
    shown = _LIMIT if big else size
    version = 45 if big else 20
    return struct.pack("<4s5H3I2H", b"PK\3\4", version, _UTF8, 0, 0, _DATE, crc, shown, shown, len(raw), len(extra)) + raw + extra


def _directory(members: list[Member], at: int) -> bytes:
    """The central directory and the ends that belong to `members` when it begins at byte `at`."""
    parts = []
    for member in members:
        raw = member.name.encode()
        wide = [value for value in (member.size_bytes, member.size_bytes, member.header_at) if value >= _LIMIT]
        extra = struct.pack(f"<HH{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
        shown, offset, version = min(member.size_bytes, _LIMIT), min(member.header_at, _LIMIT), 45 if wide else 20
        made_by, rights = 0x0300 | version, 0o100644 << 16  # by Unix, an ordinary file
        fixed = (made_by, version, _UTF8, 0, 0, _DATE, member.crc, shown, shown, len(raw), len(extra), 0, 0, 0, rights, offset)
        parts.append(struct.pack("<4s6H3I5H2I", b"PK\1\2", *fixed) + raw + extra)
    whole = b"".join(parts)
    count = len(members)
    if at >= _LIMIT or len(whole) >= _LIMIT:
        end = at + len(whole)
        whole += struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 0x032D, 45, 0, 0, count, count, len(whole), at)
        whole += struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
        size, offset = _LIMIT, _LIMIT
    else:
        size, offset = len(whole), at
    return whole + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, size, offset, 0)
