"""A real Mosquitto run from the shipped sample (`packaging/mosquitto`): passwords and access list, its port chosen here."""

from __future__ import annotations

import getpass
import shutil
import socket
import subprocess
import time
from pathlib import Path

SAMPLE = Path(__file__).parents[2] / "packaging" / "mosquitto"
PASSWORDS = {"desk": "desk#1@:pass", "U1": "one", "U2": "two"}


class Mosquitto:
    """`start`, `kill` (-9), `start` again on the same port and files."""

    def __init__(self, program: str, folder: Path, port: int, message_size_limit: int = 65536) -> None:
        self._program, self._folder, self.port = program, folder, port
        folder.mkdir(exist_ok=True)
        config = (SAMPLE / "mosquitto.conf").read_text(encoding="utf-8")
        config = config.replace("listener 1883 127.0.0.1", f"listener {port} 127.0.0.1")
        config = config.replace("message_size_limit 65536", f"message_size_limit {message_size_limit}")
        (folder / "mosquitto.conf").write_text(f"user {getpass.getuser()}\n{config}", encoding="utf-8")
        shutil.copy(SAMPLE / "access", folder / "access")
        (folder / "passwords").touch(0o600)
        maker = shutil.which("mosquitto_passwd") or "mosquitto_passwd"
        for user, password in PASSWORDS.items():
            subprocess.run([maker, "-b", str(folder / "passwords"), user, password], check=True, capture_output=True)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [self._program, "-c", "mosquitto.conf"], cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + 10
        while time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError(f"mosquitto did not start (exit {self._process.poll()})")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None
