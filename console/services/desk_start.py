"""How a console starts the desk of its data folder: the command line, and the start ahead of the window's libraries.

Imports next to nothing, so that the desk's own start begins a tenth of a second after the command, beside all that follows.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from console.errors import Unavailable
from console.paths import DataFolder


def desk_command(folder: DataFolder, arguments: Sequence[str]) -> list[str]:
    """The command line that starts a desk for a console; `arguments` as the operator gave them to `run`."""
    return [sys.executable, "-m", "console", "serve", "--data", str(folder.root), "--for-console", *arguments]


def desk_arguments(args: Any) -> list[str]:
    """What the desk must be started with, beside the folder: as the operator gave it."""
    line: list[str] = []
    if args.demo:
        line.append("--demo")
    if args.lang:
        line += ["--lang", args.lang]
    for override in args.set:
        line += ["--set", override]
    if args.broker_file is not None:
        line += ["--broker-file", str(args.broker_file)]
    elif args.broker:
        line += ["--broker", args.broker]
    if args.centre:
        line += ["--centre", args.centre]
    return line


def early_start(folder: DataFolder, arguments: Sequence[str]) -> subprocess.Popen[bytes] | None:
    """Start the desk before the window's libraries are loaded, so that both get up at the same time; None when one runs."""
    return None if _answers(folder) else start_detached(desk_command(folder, arguments), folder)


def _answers(folder: DataFolder) -> bool:
    """Whether a desk listens at the folder's local socket."""
    if sys.platform != "win32":
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as attempt:
            attempt.settimeout(0.5)
            try:
                attempt.connect(str(folder.local_socket))
            except OSError:
                return False
            return True
    from console.links.local import LocalClient

    client = LocalClient(folder.local_socket, lambda message: None)
    try:
        client.connect(0.5)
    except Unavailable:
        return False
    client.close()
    return True


def start_detached(line: Sequence[str], folder: DataFolder) -> subprocess.Popen[bytes]:
    """Start a desk in a session of its own, its output added to the folder's log."""
    folder.create()
    with folder.log.open("ab") as log:
        flags = 0
        if sys.platform == "win32":
            flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
        return subprocess.Popen(
            list(line), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, creationflags=flags
        )
