"""The local socket, desk half: consoles and command lines attach here (asyncio, in the links thread).

Each peer has one writer task, so a console that no longer reads delays only itself: entries are fetched again from where it
stopped, positions wait as one newest fix per unit, and nothing else is kept for it. Garbage closes the line and is quarantined.
"""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import hmac
import itertools
import json
import logging
import os
import secrets
import socket
import struct
import sys
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from console.errors import BadInput, LiandongError, Unavailable
from console.links.hooks import Attached, DeskHooks, LocalPeer
from console.links.limits import Quarantine
from console.links.local import CHUNK_ENTRIES, LONGEST_LINE_BYTES, Message, line_of, refusal, wire_entry
from console.model.events import Entry

POSITIONS_S = 0.1
ATTACH_S = 5.0
MOST_COMMANDS = 64
"""Commands of one peer that may wait for their answer; more are not read until some are answered."""
MOST_PEERS = 64
REMEMBERED_ENTRIES = 2000
CHUNK_BYTES = 4 * 1024 * 1024
log = logging.getLogger(__name__)


class _Peer:
    """What the server keeps of one connection. Touched by the links thread only."""

    def __init__(self, peer: LocalPeer, writer: asyncio.StreamWriter, since: int | None) -> None:
        self.peer, self.writer = peer, writer
        self.sent_seq = since
        """Newest entry written to it; None: it wants none."""
        self.wake = asyncio.Event()
        self.answers: deque[tuple[int, Message]] = deque()
        """Answers with the seq that must be written before them."""
        self.fixes: dict[str, Message] = {}
        self.desk: Message | None = None
        self.dropped_fixes = 0
        self.slots = asyncio.Semaphore(MOST_COMMANDS)
        self.wake.set()


class LocalServer:
    """Listens at `address`; `start`, `stop`, `entries`, `positions` and `desk` run in the links thread's loop."""

    def __init__(self, hooks: DeskHooks, quarantine: Quarantine, address: Path, use_tcp: bool | None = None) -> None:
        self._hooks, self._quarantine, self._address = hooks, quarantine, address
        self._use_tcp = use_tcp if use_tcp is not None else not hasattr(socket, "AF_UNIX") or sys.platform == "win32"
        self._token = secrets.token_urlsafe(24)
        self._numbers = itertools.count(1)
        self._peers: dict[LocalPeer, _Peer] = {}
        self._connections: set[asyncio.Task[None]] = set()
        self._recent: deque[tuple[int, bytes]] = deque(maxlen=REMEMBERED_ENTRIES)
        self._head = 0
        self._fixes: dict[str, Message] = {}
        """Newest of every unit: what a console that attaches gets at once."""
        self._desk: Message = {"type": "desk", "links": {}}
        self._server: asyncio.Server | None = None

    @property
    def peers(self) -> tuple[LocalPeer, ...]:
        return tuple(self._peers)

    async def start(self) -> None:
        """Open the socket. Raises Unavailable when the place cannot be used."""
        try:
            if self._use_tcp:
                self._server = await asyncio.start_server(self._arrived, "127.0.0.1", 0, limit=LONGEST_LINE_BYTES)
                port = self._server.sockets[0].getsockname()[1]
                write_private(self._address, json.dumps({"port": port, "token": self._token}))
            else:
                self._server = await asyncio.start_unix_server(
                    self._arrived, sock=_listening_socket(self._address), limit=LONGEST_LINE_BYTES
                )
        except OSError as cause:
            raise Unavailable(f"cannot open the local socket {self._address}: {cause}") from cause

    async def stop(self) -> None:
        """Close every connection and take the socket's name away."""
        if self._server is not None:
            self._server.close()
            with contextlib.suppress(OSError):
                self._address.unlink(missing_ok=True)
        for task in list(self._connections):
            task.cancel()
        if self._connections:
            await asyncio.wait(self._connections, timeout=2.0)

    def entries(self, entries: Sequence[Entry]) -> None:
        """New entries are stored: remember them ready to send and wake the writers."""
        for entry in entries:
            self._recent.append((entry.seq, _encoded(entry)))
            self._head = max(self._head, entry.seq)
        for peer in self._peers.values():
            peer.wake.set()

    def positions(self, fixes: Sequence[Message]) -> None:
        """New fixes (`unit` names whose); a slow peer gets only the newest of each."""
        for fix in fixes:
            self._fixes[fix["unit"]] = fix
        for peer in self._peers.values():
            if peer.sent_seq is None:
                continue
            for fix in fixes:
                peer.dropped_fixes += fix["unit"] in peer.fixes
                peer.fixes[fix["unit"]] = fix
            peer.wake.set()

    def desk(self, message: Message) -> None:
        """The desk's lights, newest wins."""
        self._desk = message
        for peer in self._peers.values():
            peer.desk = message
            peer.wake.set()

    async def _arrived(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        except LiandongError as cause:
            self._quarantine.put("local socket", str(cause))
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        user = self._user(writer)
        if user is None or len(self._connections) > MOST_PEERS:
            return
        async with asyncio.timeout(ATTACH_S):
            first = await self._read(reader)
        if first is None:
            return
        peer, since = self._greeted(first, user)
        try:
            attached: Attached = await asyncio.wrap_future(self._hooks.attach(peer))
        except LiandongError as cause:
            writer.write(line_of({"type": "refused", "refused": refusal(cause)}))
            await writer.drain()
            return
        known = _Peer(peer, writer, since)
        if since is not None:
            known.fixes.update(self._fixes)
        greeting = {"type": "attached", **attached.more, "seq": attached.seq, "exercise": attached.exercise}
        writer.write(line_of(greeting) + line_of(self._desk))
        self._head = max(self._head, attached.seq)
        self._peers[peer] = known
        pump = asyncio.create_task(self._pump(known))
        pump.add_done_callback(_told)
        try:
            await self._listen(reader, known, pump)
        finally:
            del self._peers[peer]
            pump.cancel()
            self._hooks.detach(peer)

    async def _listen(self, reader: asyncio.StreamReader, peer: _Peer, pump: asyncio.Task[None]) -> None:
        """Read until the line ends, is garbage, or the writer has failed."""
        commands: set[asyncio.Task[None]] = set()
        try:
            while not pump.done():
                reading = asyncio.create_task(self._read(reader))
                await asyncio.wait({reading, pump}, return_when=asyncio.FIRST_COMPLETED)
                if not reading.done():
                    reading.cancel()
                    return
                message = reading.result()
                if message is None:
                    return
                match message.get("type"):
                    case "command":
                        await peer.slots.acquire()
                        task = asyncio.create_task(self._command(peer, message))
                        commands.add(task)
                        task.add_done_callback(commands.discard)
                    case "feed_health" if isinstance(message.get("feeds"), list):
                        self._hooks.feed_health(peer.peer, [feed for feed in message["feeds"] if isinstance(feed, dict)])
                    case other:
                        self._quarantine.put("local socket", f"unknown message {str(other)[:40]!r}", str(message)[:200])
        finally:
            for task in commands:
                task.cancel()

    async def _command(self, peer: _Peer, message: Message) -> None:
        number, kind, body = message.get("id"), message.get("kind"), message.get("body")
        answer: Message = {"type": "answer", "id": number, "ok": False, "refused": None, "result": {}}
        seq = 0
        try:
            if not isinstance(kind, str) or not isinstance(body, dict):
                raise BadInput("a command needs kind and body", "local socket")
            done = await asyncio.wrap_future(self._hooks.command(peer.peer, kind, body))
            seq = max((entry.seq for entry in done.entries), default=0)
            answer |= {"ok": True, "result": {"entries": [entry.seq for entry in done.entries], **done.result}}
        except asyncio.CancelledError:
            raise
        except Exception as cause:
            if not isinstance(cause, LiandongError):
                log.exception("command %s failed", kind)
                # our bug in one command is told and logged; the line and the other commands live on
            answer["refused"] = refusal(cause)
        finally:
            peer.slots.release()
        peer.answers.append((seq, answer))
        peer.wake.set()

    async def _pump(self, peer: _Peer) -> None:
        """The one writer of a peer: entries in order, then answers, lights and positions; waits where the peer does not read."""
        flushed = 0.0
        clock = asyncio.get_running_loop().time
        while True:
            if not peer.fixes:
                await peer.wake.wait()
            peer.wake.clear()
            await self._pump_entries(peer)
            while peer.answers:
                seq, answer = peer.answers[0]
                if peer.sent_seq is not None and peer.sent_seq < seq:
                    self._head = max(self._head, seq)
                    await self._pump_entries(peer)
                peer.answers.popleft()
                await self._write(peer, answer)
            if peer.desk is not None:
                desk, peer.desk = peer.desk, None
                await self._write(peer, desk)
            if peer.fixes:
                rest_s = flushed + POSITIONS_S - clock()
                if rest_s > 0:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(peer.wake.wait(), rest_s)
                    continue
                fixes, peer.fixes = list(peer.fixes.values()), {}
                flushed = clock()
                await self._write(peer, {"type": "positions", "fixes": fixes})

    async def _pump_entries(self, peer: _Peer) -> None:
        while peer.sent_seq is not None and peer.sent_seq < self._head:
            skip = peer.sent_seq + 1 - self._recent[0][0] if self._recent else -1
            if skip >= 0:
                chunk = list(itertools.islice(self._recent, skip, skip + CHUNK_ENTRIES))
            else:
                stored = await asyncio.wrap_future(self._hooks.entries_since(peer.sent_seq, CHUNK_ENTRIES))
                chunk = [(entry.seq, _encoded(entry)) for entry in stored]
            if not chunk:
                return
            sizes = itertools.accumulate(len(entry) for _, entry in chunk)
            chunk = chunk[: max(1, sum(size <= CHUNK_BYTES for size in sizes))]
            peer.writer.write(b'{"type":"entries","entries":[' + b",".join(entry for _, entry in chunk) + b"]}\n")
            await peer.writer.drain()
            peer.sent_seq = chunk[-1][0]

    async def _write(self, peer: _Peer, message: Message) -> None:
        peer.writer.write(line_of(message))
        await peer.writer.drain()

    async def _read(self, reader: asyncio.StreamReader) -> Message | None:
        """The next message, or None at the end of the line or after garbage (quarantined)."""
        try:
            line = await reader.readline()
        except ValueError:
            self._quarantine.put("local socket", f"a line of more than {LONGEST_LINE_BYTES} bytes")
            return None
        except OSError:
            return None
        if not line.endswith(b"\n"):
            return None
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict):
            self._quarantine.put("local socket", "not a JSON object", line)
            return None
        return message

    def _greeted(self, first: Message, user: str) -> tuple[LocalPeer, int | None]:
        since = first.get("since")
        if first.get("type") != "attach" or not (since is None or (isinstance(since, int) and since >= 0)):
            raise BadInput("the first message must be attach")
        if self._use_tcp and not hmac.compare_digest(str(first.get("token") or "").encode(), self._token.encode()):
            raise BadInput("wrong token")
        words = {field: str(first.get(field) or "")[:64] for field in ("seat", "by", "kind")}
        kind = words["kind"] if words["kind"] in ("console", "cli") else "cli"
        return LocalPeer(next(self._numbers), user, words["seat"], words["by"] or user, kind), since

    def _user(self, writer: asyncio.StreamWriter) -> str | None:
        """The system user at the other end, or None when it is neither ours nor root."""
        if self._use_tcp or not hasattr(socket, "SO_PEERCRED"):
            return getpass.getuser()
        import pwd  # POSIX only

        connected: socket.socket = writer.get_extra_info("socket")
        _, uid, _ = struct.unpack("3i", connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
        if uid not in (os.getuid(), 0):
            self._quarantine.put("local socket", f"refused the system user {uid}")
            return None
        try:
            return pwd.getpwuid(uid).pw_name
        except KeyError:
            return str(uid)


def _told(pump: asyncio.Task[None]) -> None:
    """A writer that ended because its peer left is no news; anything else is our bug and is logged once."""
    if not pump.cancelled() and not isinstance(cause := pump.exception(), OSError):
        log.error("the local socket's writer failed", exc_info=cause)


def _encoded(entry: Entry) -> bytes:
    return line_of(wire_entry(entry))[:-1]


def _listening_socket(address: Path) -> socket.socket:
    """A Unix socket at `address` (0600) in a folder that is ours. A leftover name goes: the desk holds the folder's lock."""
    address.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if address.parent.stat().st_uid not in (os.getuid(), 0):
        raise PermissionError(f"{address.parent} belongs to somebody else")
    address.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.bind(str(address))
        address.chmod(0o600)
    except OSError:
        listening.close()
        raise
    return listening


def write_private(file: Path, text: str) -> None:
    """Write a 0600 file in one step: a reader sees the old text or the new, never half."""
    fresh = file.with_name(f"{file.name}.{os.getpid()}.new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
    os.replace(fresh, file)
