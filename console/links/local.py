"""The local socket, client half: how a console or the command line talks to the desk process of a data folder.

JSON lines of at most 16 MB over a Unix socket (0600, the desk checks the peer's user) or, where there is none, loopback TCP
with a token from a 0600 file at the same path. The reader thread hands every message to `on_message`; `send` and `ask` may
be called from any thread but that one. Reconnecting is the caller's job: attach again with the last seq you have.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
import socket
import struct
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from pathlib import Path
from typing import Any

from console.errors import BadInput, Refused, Unavailable
from console.model.events import Entry
from console.model.unit import Fix

LONGEST_LINE_BYTES = 16 * 1024 * 1024
CHUNK_ENTRIES = 500
SEND_TIMEOUT_S = 5
Message = dict[str, Any]


def wire_entry(entry: Entry) -> Message:
    """An entry as the local socket carries it: salt in base64, hash in hexadecimal."""
    salt = None if entry.salt is None else base64.b64encode(entry.salt).decode()
    return {
        "seq": entry.seq, "at_ns": entry.at_ns, "boot": entry.boot, "mono_ns": entry.mono_ns, "by": entry.by, "kind": entry.kind,
        "body": entry.body, "salt": salt, "hash": entry.hash.hex(),
    }  # fmt: skip


def entry_from_wire(message: Message) -> Entry:
    """The entry again. Raises BadInput when a field is missing or of the wrong shape."""
    try:
        salt = message["salt"]
        return Entry(
            int(message["seq"]), int(message["at_ns"]), message["boot"], int(message["mono_ns"]), message["by"], message["kind"],
            message["body"], None if salt is None else base64.b64decode(salt), bytes.fromhex(message["hash"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as cause:
        raise BadInput(f"not an entry: {cause}", "local socket") from cause


def wire_fix(fix: Fix) -> Message:
    """A fix as the local socket carries it."""
    return {
        "unit": fix.unit, "lon": fix.lon, "lat": fix.lat, "at_ns": fix.at_ns, "received_ns": fix.received_ns,
        "accuracy_m": fix.accuracy_m, "speed_mps": fix.speed_mps, "heading_deg": fix.heading_deg, "source": fix.source,
    }  # fmt: skip


def fix_from_wire(message: Message) -> Fix:
    """The fix again, in a console."""
    return Fix(**message)


def line_of(message: Message) -> bytes:
    """A message as one line."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8", "replace") + b"\n"


def refusal(cause: Exception) -> Message:
    """The `refused` object of an answer."""
    match cause:
        case Refused():
            return {"code": cause.code, "fields": cause.fields}
        case BadInput():
            return {"code": "bad_input", "fields": {"what": cause.what, "where": cause.where, "todo": cause.todo}}
        case Unavailable():
            return {"code": "unavailable", "fields": {"what": str(cause)}}
        case _:
            return {"code": "internal", "fields": {"what": type(cause).__name__}}


def raise_refused(answer: Message) -> Message:
    """The `result` of an answer. Raises the Refused, BadInput or Unavailable it carries."""
    if answer.get("ok"):
        result = answer.get("result")
        return result if isinstance(result, dict) else {}
    refused = answer.get("refused") or {}
    code, fields = str(refused.get("code", "internal")), dict(refused.get("fields") or {})
    if code == "bad_input":
        raise BadInput(str(fields.get("what", "")), str(fields.get("where", "")), str(fields.get("todo", "")))
    if code == "unavailable":
        raise Unavailable(str(fields.get("what", "")))
    raise Refused(code, **{str(key): value for key, value in fields.items()})


def _open(address: Path, timeout_s: float) -> tuple[socket.socket, str]:
    """A connected socket and the token to show (empty on a Unix socket)."""
    if hasattr(socket, "AF_UNIX") and address.is_socket():
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.settimeout(timeout_s)
        try:
            line.connect(str(address))
        except OSError:
            line.close()
            raise
        return line, ""
    where = json.loads(address.read_text(encoding="utf-8"))
    return socket.create_connection(("127.0.0.1", int(where["port"])), timeout_s), str(where["token"])


class LocalClient:
    """One connection to the desk; when it ends, for whatever reason, `on_closed(why)` is called once from the reader thread.

    `on_message` gets every message but the answers that an `ask` is waiting for.
    """

    def __init__(
        self,
        address: Path,
        on_message: Callable[[Message], None],
        on_closed: Callable[[str], None] | None = None,
    ) -> None:
        self._address, self._on_message, self._on_closed = address, on_message, on_closed
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        """Guards _socket and the order of lines on it."""
        self._socket: socket.socket | None = None
        self._token = ""
        self._waiting: dict[int, Future[Message]] = {}
        self._reader: threading.Thread | None = None
        self._closing = False

    @property
    def is_open(self) -> bool:
        return self._socket is not None

    def connect(self, timeout_s: float = 3.0) -> None:
        """Open the socket and start the reader. Raises Unavailable when no desk answers there."""
        try:
            self._socket, self._token = _open(self._address, timeout_s)
        except (OSError, ValueError, KeyError) as cause:
            raise Unavailable(f"no desk at {self._address}: {cause}") from cause
        self._socket.settimeout(None)
        _bound_sends(self._socket)
        self._reader = threading.Thread(target=self._read, args=(self._socket,), name="local-client", daemon=True)
        self._reader.start()

    def attach(self, seat: str, by: str, kind: str, since: int | None) -> None:
        """Say who this is. Entries after `since` follow (0: all; None: none at all); the answer is an `attached` message."""
        message: Message = {"type": "attach", "seat": seat, "by": by, "kind": kind, "since": since}
        if self._token:
            message["token"] = self._token
        self.send(message)

    def send(self, message: Message) -> None:
        """Send one message. Raises Unavailable when the desk is gone or takes nothing for five seconds."""
        line = line_of(message)
        if len(line) > LONGEST_LINE_BYTES:
            raise BadInput(f"message of {len(line)} bytes; at most {LONGEST_LINE_BYTES} are allowed", "local socket")
        with self._lock:
            connected = self._socket
            if connected is None:
                raise Unavailable(f"the desk at {self._address} is gone")
            try:
                connected.sendall(line)
            except OSError as cause:
                self._shut(connected)
                raise Unavailable(f"the desk at {self._address} does not listen: {cause}") from cause

    def command(self, kind: str, body: Message) -> Future[Message]:
        """Send a command; the Future gives its whole `answer` message, or Unavailable when the desk goes before it answers."""
        number = next(self._numbers)
        answer: Future[Message] = Future()
        self._waiting[number] = answer
        try:
            self.send({"type": "command", "id": number, "kind": kind, "body": body})
        except (BadInput, Unavailable):
            self._waiting.pop(number, None)
            raise
        return answer

    def ask(self, kind: str, body: Message, timeout_s: float = 30.0) -> Message:
        """Send a command and wait for its result. Raises what the desk raised, or Unavailable."""
        try:
            return raise_refused(self.command(kind, body).result(timeout_s))
        except FutureTimeoutError as cause:
            raise Unavailable(f"the desk did not answer {kind} within {timeout_s:g} s") from cause

    def close(self) -> None:
        """End the connection and wait for the reader."""
        self._closing = True
        with self._lock:
            if self._socket is not None:
                self._shut(self._socket)
        reader = self._reader
        if reader is not None and reader is not threading.current_thread():
            reader.join(5)

    def _shut(self, connected: socket.socket) -> None:
        with contextlib.suppress(OSError):
            connected.shutdown(socket.SHUT_RDWR)

    def _read(self, connected: socket.socket) -> None:
        why = "the desk closed the connection"
        try:
            with connected.makefile("rb") as lines:
                while line := lines.readline(LONGEST_LINE_BYTES + 1):
                    if not line.endswith(b"\n"):
                        break
                    self._take(json.loads(line))
        except (OSError, ValueError) as cause:
            why = f"the connection to the desk broke: {cause}"
        finally:
            with self._lock:
                self._socket = None
            connected.close()
            self._fail_waiting(why)
            if self._on_closed is not None:
                self._on_closed("closed" if self._closing else why)

    def _take(self, message: Message) -> None:
        if message.get("type") == "answer":
            answer = self._waiting.pop(int(message.get("id") or 0), None)
            if answer is not None:
                if answer.set_running_or_notify_cancel():
                    answer.set_result(message)
                return
        self._on_message(message)

    def _fail_waiting(self, why: str) -> None:
        for number in list(self._waiting):
            answer = self._waiting.pop(number, None)
            if answer is not None and answer.set_running_or_notify_cancel():
                answer.set_exception(Unavailable(why))


def _bound_sends(connected: socket.socket) -> None:
    """Let `sendall` give up when not a byte has gone for five seconds; blocking reads are not touched."""
    span = struct.pack("@ll", SEND_TIMEOUT_S, 0) if os.name == "posix" else struct.pack("@L", SEND_TIMEOUT_S * 1000)
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, span)
