"""The RTSP wire: cuts bytes into messages and interleaved data, and writes messages. Pure; sizes are bounded.

Cameras bend the rules (each case was seen in a real brand): line ends of one byte, blanks and line breaks before and between
messages and data, header names in any case, no reason phrase, data on channels nobody asked for, garbage between frames.
What cannot be a camera's RTSP at all raises BadAnswer.
Source: RFC 2326 clauses 4, 6, 7 and 10.12 (interleaved data: `$`, channel, length of two bytes, data).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

LONGEST_HEAD = 16_384
LONGEST_BODY = 262_144
MOST_GARBAGE = 65_536
_DOLLAR = 0x24
_BLANK = b"\r\n \t\0"
_START = re.compile(rb"(?:RTSP|HTTP)/\d|[A-Z_]{3,20} +\S+ +RTSP/\d")
_STATUS = re.compile(r"^\s*(?:RTSP|HTTP)/\d(?:\.\d)?\s+(\d{3})\b\s*(.*)$", re.IGNORECASE)
_REQUEST = re.compile(r"^([A-Za-z_]{3,20})\s+(\S+)\s+RTSP/\d(?:\.\d)?\s*$")
_HEAD_END = re.compile(rb"\r?\n\r?\n")


class BadAnswer(Exception):
    """The other side does not speak RTSP, or more of it than is allowed."""


@dataclass(frozen=True, slots=True)
class Message:
    """A reply (`status` > 0) or a request (`method`, `url`). Header names are lower case; a name may come several times."""

    status: int = 0
    reason: str = ""
    method: str = ""
    url: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)

    def all(self, name: str) -> list[str]:
        """Every value of a header, in order."""
        return [value for key, value in self.headers if key == name]

    def first(self, name: str, default: str = "") -> str:
        """The first value of a header, without blanks round it."""
        return next((value for key, value in self.headers if key == name), default)

    @property
    def number(self) -> int:
        """The CSeq, -1 where there is none that can be read."""
        found = re.match(r"\d{1,9}", self.first("cseq"))
        return int(found[0]) if found else -1


def written(first_line: str, headers: Iterable[tuple[str, str]], body: bytes = b"") -> bytes:
    """A message as bytes. A line break inside a value would be another header: it is taken out."""
    lines = [first_line, *(f"{name}: {value}" for name, value in headers)]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    clean = (line.replace("\r", "").replace("\n", "") for line in lines)
    return "\r\n".join([*clean, "", ""]).encode("utf-8", "surrogateescape") + body


def _read_head(head: bytes) -> Message:
    first, *lines = head.decode("utf-8", "surrogateescape").splitlines() or [""]
    headers: list[tuple[str, str]] = []
    for line in lines:
        if line[:1] in " \t" and headers:  # a folded line goes on with the one before
            headers[-1] = (headers[-1][0], f"{headers[-1][1]} {line.strip()}")
            continue
        name, colon, value = line.partition(":")
        if colon:
            headers.append((name.strip().lower(), value.strip()))
    if status := _STATUS.match(first):
        return Message(int(status[1]), status[2].strip(), headers=tuple(headers))
    if request := _REQUEST.match(first.strip()):
        return Message(method=request[1].upper(), url=request[2], headers=tuple(headers))
    raise BadAnswer("no RTSP message")


class Wire:
    """One direction of one connection. `wanted` are the interleaved channels to pass on; None passes every one."""

    def __init__(self) -> None:
        self.wanted: frozenset[int] | None = None
        self.unwanted = 0  # interleaved frames left out
        self.is_strict = True  # until the first whole message, garbage means another protocol
        self._rest = b""
        self._garbage = 0
        self._head: Message | None = None
        self._body_left = 0

    def feed(self, data: bytes) -> Iterable[bytes | Message]:
        """Cut what has come: whole interleaved frames joined together as they stood, and messages. Raises BadAnswer."""
        if self._rest:
            data, self._rest = self._rest + data, b""
        at, size = 0, len(data)
        while at < size:
            if self._head is not None:
                if size - at < self._body_left:
                    break
                whole = data[at : at + self._body_left]
                at += self._body_left
                message, self._head = self._head, None
                yield Message(message.status, message.reason, message.method, message.url, message.headers, whole)
                continue
            if data[at] == _DOLLAR:
                start, at = at, self._frames(data, at, size)
                if at == start:
                    if size - at < 4:
                        break
                    channel_end = at + 4 + (data[at + 2] << 8 | data[at + 3])
                    if channel_end > size:
                        break
                    self.unwanted += 1
                    at = channel_end
                    continue
                yield data[start:at] if at - start < size else data
                continue
            if data[at] in _BLANK:
                at += 1
                continue
            passed = self._message(data, at)
            if passed is None:
                break
            head, at = passed
            if head is not None:
                self.is_strict, self._garbage = False, 0
                self._body_left = _length(head)
                if self._body_left:
                    self._head = head
                else:
                    yield head
        if at < size:
            self._rest = data[at:] if at else data

    def _frames(self, data: bytes, at: int, size: int) -> int:
        """Where the run of whole wanted frames that begins at `at` ends."""
        wanted = self.wanted
        while at + 4 <= size and data[at] == _DOLLAR and (wanted is None or data[at + 1] in wanted):
            end = at + 4 + (data[at + 2] << 8 | data[at + 3])
            if end > size:
                break
            at = end
        return at

    def _message(self, data: bytes, at: int) -> tuple[Message | None, int] | None:
        """The head of a message at `at`, or past garbage (None, where to go on); None when more bytes are needed."""
        piece = data[at : at + LONGEST_HEAD]
        if _START.match(piece) or (len(piece) < 24 and _may_become_start(piece)):
            end = _HEAD_END.search(piece)
            if end is None:
                if len(piece) == LONGEST_HEAD:
                    raise BadAnswer("header too long")
                return None
            return _read_head(piece[: end.start()]), at + end.end()
        if self.is_strict:
            if len(piece) < 24 and b"\n" not in piece and piece[:1].isalpha():
                return None
            raise BadAnswer("not RTSP")
        later = re.compile(rb"\$|RTSP/1").search(data, at + 1)
        on = later.start() if later else len(data)
        self._garbage += on - at
        if self._garbage > MOST_GARBAGE:
            raise BadAnswer("garbage between the frames")
        return None if on == at else (None, on)


def _may_become_start(piece: bytes) -> bool:
    """Whether a piece cut off early may be the beginning of a message."""
    return b"RTSP/".startswith(piece[:5]) or bool(re.fullmatch(rb"[A-Z_]{1,20}(?: +\S*)*", piece)) or piece.startswith(b"RTSP/")


def _length(message: Message) -> int:
    found = re.match(r"\d{1,9}", message.first("content-length"))
    length = int(found[0]) if found else 0
    if length > LONGEST_BODY:
        raise BadAnswer("body too long")
    return length
