"""Cameras for the end-to-end tests: our RTSP server as a child process, and a camera that refuses every password and counts."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from pathlib import Path

SERVER = Path(__file__).with_name("rtsp_server.py")


class RtspServer:
    """`rtsp_server.py` run by the system's python; `say` gives it an order and returns its answer."""

    def __init__(self, clips: list[Path], *options: str) -> None:
        self._process = subprocess.Popen(
            ["/usr/bin/python3", str(SERVER), *options, *map(str, clips)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid
        first = self._line().split()
        assert first[:1] == ["ready"], "the RTSP server did not start"
        self.port = int(first[1])

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def url(self, mount: int, user_info: str = "") -> str:
        return f"rtsp://{user_info}127.0.0.1:{self.port}/m{mount}"

    def say(self, order: str) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(order + "\n")
        self._process.stdin.flush()
        return self._line().strip()

    def close(self) -> None:
        """Kill it, as a power cut would; the port is free afterwards."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()


class SocketCamera:
    """A TCP listener of our own. `refuses`: answers 401 to all and counts the requests with a password; else it is silent."""

    def __init__(self, refuses: bool = False) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._refuses, self.tries, self._held = refuses, 0, []
        self.url = f"rtsp://u:wrong@127.0.0.1:{self._listener.getsockname()[1]}/a"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._held.append(client)
            if self._refuses:
                threading.Thread(target=self._answer, args=(client,)).start()

    def _answer(self, client: socket.socket) -> None:
        waiting = b""
        while data := self._received(client):
            waiting += data
            while b"\r\n\r\n" in waiting:
                head, waiting = waiting.split(b"\r\n\r\n", 1)
                self.tries += b"Authorization:" in head
                number = next((line for line in head.split(b"\r\n") if line.lower().startswith(b"cseq")), b"CSeq: 1")
                client.sendall(b'RTSP/1.0 401 Unauthorized\r\n%s\r\nWWW-Authenticate: Basic realm="x"\r\n\r\n' % number)

    def _received(self, client: socket.socket) -> bytes:
        try:
            return client.recv(4096)
        except OSError:
            return b""

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for client in self._held:
            client.close()
        self._thread.join()


def wait_for(is_so: object, limit_s: float = 30.0) -> None:
    """Wait until `is_so()` holds."""
    deadline = time.monotonic() + limit_s
    while not is_so():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
