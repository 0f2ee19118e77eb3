"""Mangler: stands between player and RTSP server and spoils what passes: time stamps, packets, bytes, or the pace. RTSP over TCP.

Each connection has two threads; the faults are set from the test at any time and hold for every connection.
"""

from __future__ import annotations

import random
import socket
import threading
import time
from collections import deque
from collections.abc import Callable

_CLOCK_HZ = 90_000


class Mangler:
    """Serves `rtsp://127.0.0.1:<port>` for the server at `port`. `close` when done."""

    def __init__(self, port: int) -> None:
        self._upstream = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._serve)]
        self.offset_s = 0.0
        """Added to every time stamp."""
        self.lost = 0.0
        """Part of the media packets that go missing."""
        self.delay_s = 0.0
        """How long media waits in here: a camera whose own queue is long."""
        self.blip_s = 0.0
        """Added to the time stamp of one picture; then it is 0 again."""
        self.reports = "kept"
        """The server's sender reports (RTCP): `kept`, `dropped`, or `wrong` (another century, other media time)."""
        self.connections = 0
        self.opened_at_s: list[float] = []
        self._chance = random.Random(7)
        self._threads[0].start()

    def url(self, mount: int) -> str:
        return f"rtsp://127.0.0.1:{self.port}/m{mount}"

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._upstream))
            except OSError:
                return
            self.connections += 1
            self.opened_at_s.append(time.monotonic())
            self._sockets += [client, server]
            for work in (lambda c=client, s=server: self._pass(c, s), lambda c=client, s=server: self._spoil(s, c)):
                thread = threading.Thread(target=work)
                self._threads.append(thread)
                thread.start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        """Player to server: as it is."""
        _until_closed(source, target, lambda data: [data])

    def _spoil(self, source: socket.socket, target: socket.socket) -> None:
        """Server to player: through `_mangled`, and held back by `delay_s`."""
        cutter, queue, ended = _Cutter(), deque[tuple[float, bytes]](), threading.Event()

        def send() -> None:
            while not (ended.is_set() and not queue):
                if queue and queue[0][0] + self.delay_s <= time.monotonic():
                    try:
                        target.sendall(queue.popleft()[1])
                    except OSError:
                        return
                else:
                    time.sleep(0.002)

        sender = threading.Thread(target=send)
        sender.start()
        self._threads.append(sender)

        def take(data: bytes) -> list[bytes]:
            for part in cutter.parts(data):
                made = self._mangled(part)
                if made:
                    queue.append((time.monotonic(), made))
            return []

        _until_closed(source, target, take)
        ended.set()

    def _mangled(self, part: bytes) -> bytes:
        if part[:1] == b"$" and part[1] == 1 and self.reports != "kept":
            return b"" if self.reports == "dropped" else part[:12] + bytes(12) + part[24:]
        if part[:1] != b"$" or part[1] != 0 or len(part) < 16:
            return part
        if self.lost and self._chance.random() < self.lost:
            return b""
        shift_s = self.offset_s
        if self.blip_s:
            shift_s += self.blip_s
            if part[5] & 0x80:
                self.blip_s = 0.0
        if not shift_s:
            return part
        stamp = (int.from_bytes(part[8:12], "big") + int(shift_s * _CLOCK_HZ)) % 2**32
        return part[:8] + stamp.to_bytes(4, "big") + part[12:]

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._sockets:
            _shut(one)
        for thread in self._threads:
            thread.join()
        for one in self._sockets:
            one.close()


class _Cutter:
    """Cuts what an RTSP server sends into interleaved frames and answers."""

    def __init__(self) -> None:
        self._waiting = b""

    def parts(self, data: bytes) -> list[bytes]:
        self._waiting += data
        found = []
        while (size := self._size()) and len(self._waiting) >= size:
            found.append(self._waiting[:size])
            self._waiting = self._waiting[size:]
        return found

    def _size(self) -> int:
        """Length of the part that begins here; 0 while that is not known."""
        waiting = self._waiting
        if waiting[:1] == b"$":
            return 4 + int.from_bytes(waiting[2:4], "big") if len(waiting) >= 4 else 0
        end = waiting.find(b"\r\n\r\n")
        if end < 0:
            return 0
        for line in waiting[:end].lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                return end + 4 + int(line.split(b":")[1])
        return end + 4


def _until_closed(source: socket.socket, target: socket.socket, made_of: Callable[[bytes], list[bytes]]) -> None:
    try:
        while data := source.recv(65536):
            for part in made_of(data):
                target.sendall(part)
    except OSError:
        pass
    _shut(source)
    _shut(target)


def _shut(one: socket.socket) -> None:
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
