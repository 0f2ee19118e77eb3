"""A door in a process of its own, to be killed: `python -m tests.links.door_process FOLDER PORT`; stores receipts like a desk.

Receipts go to FOLDER/receipts.jsonl, fsynced before they are kept; a line of FOLDER/orders.jsonl is an order to U1.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from console.clock import SystemClock
from console.links.service import Links
from console.paths import DataFolder
from console.settings import Settings
from tests.links.fake_desk import FakeDesk


class FileDesk(FakeDesk):
    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.file = folder / "receipts.jsonl"
        self.enrolment = True
        self.codes = {"U1": "1234"}
        keys = folder / "keys.json"
        self.keys = json.loads(keys.read_text()) if keys.exists() else {}
        self.keys_file = keys
        for line in (folder / "orders.jsonl").read_text(encoding="utf-8").splitlines():
            body = json.loads(line)
            self.orders[body["order"]] = body
            self.owners[body["order"]] = "U1"
        if self.file.exists():
            for line in self.file.read_text(encoding="utf-8").splitlines():
                body = json.loads(line)
                self.receipts[body["receipt"]] = body

    def enrol(self, unit: str, code: str) -> Future[str]:
        answer = super().enrol(unit, code)
        self.keys_file.write_text(json.dumps(self.keys))
        return answer

    def receipt(self, unit: str, body: dict[str, Any], path: str) -> Future[None]:
        is_new = body["receipt"] not in self.receipts
        answer = super().receipt(unit, body, path)
        if is_new and answer.exception() is None:
            with self.file.open("a", encoding="utf-8") as out:
                out.write(json.dumps(body, ensure_ascii=False) + "\n")
                out.flush()
                os.fsync(out.fileno())
        return answer


def main() -> None:
    root = Path(sys.argv[1])
    folder = DataFolder(root)
    folder.create()
    links = Links(FileDesk(root), SystemClock(), folder, Settings({"door.port": int(sys.argv[2])}), local=False)
    links.start()
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    print(links.url, flush=True)
    ended.wait()
    links.stop()


if __name__ == "__main__":
    main()
