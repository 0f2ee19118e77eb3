"""`make run` on a machine without a display: the demo under Xvfb for half a minute, one red incident goes its whole way.

Leaves: a picture of the main window and the demo's data folder under out/, and a report on standard output.
Exit 0 when the incident was shown, ordered for and answered; 1 when something of that did not happen.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

TOP = Path(__file__).parents[2]
LIANDONG = [sys.executable, "-m", "console"]
SECONDS = 30
Entry = dict[str, Any]


@contextmanager
def x_server() -> Iterator[str]:
    """A real X server on a free display; yields its DISPLAY."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1920x1080x24", "-nolisten", "tcp", "-noreset"]
    server = subprocess.Popen(command, pass_fds=(write,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(write)
    try:
        with os.fdopen(read) as pipe:
            number = pipe.readline().strip()
        if not number:
            sys.exit("Xvfb did not start")
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(10)


def read_journal(data: Path) -> list[Entry]:
    """The entries of the demo's journal, as `liandong journal` prints them."""
    done = subprocess.run([*LIANDONG, "journal", "--data", str(data)], cwd=TOP, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def told(entries: list[Entry]) -> tuple[list[str], bool]:
    """The story of the first red incident that was ordered for, in lines, and whether it went its whole way."""
    ordered = {entry["body"]["incident"] for entry in entries if entry["kind"] == "OrderIssued"}
    red = [e for e in entries if e["kind"] == "IncidentReported" and e["body"]["grade"] == "red"]
    chosen = next((e for e in red if e["body"]["incident"] in ordered), red[0] if red else None)
    if chosen is None:
        return ["no red incident arrived"], False
    incident, began_ns = chosen["body"]["incident"], chosen["at_ns"]
    mine = [entry for entry in entries if entry["body"] and entry["body"].get("incident") == incident]
    lines = [
        f"incident   {incident} {chosen['body']['title']} ({chosen['body']['grade']}), {chosen['body'].get('address') or ''}"
    ]
    offered = next((e["body"]["cameras"] for e in mine if e["kind"] == "CamerasLinked"), [])
    counts: dict[str, int] = {}
    for camera in offered:
        counts[camera["verdict"]] = counts.get(camera["verdict"], 0) + 1
    lines.append("cameras    " + (", ".join(f"{count} {verdict}" for verdict, count in counts.items()) or "none offered"))
    shown = [e for e in mine if e["kind"] == "TileOpened"]
    after_s = f", first after {(shown[0]['at_ns'] - began_ns) / 1e9:.1f} s" if shown else ""
    lines.append(f"shown      {', '.join(dict.fromkeys(e['body']['camera'] for e in shown)) or 'none'}{after_s}")
    answered = False
    for order in (e["body"] for e in mine if e["kind"] == "OrderIssued"):
        steps = []
        for e in mine:
            if e["body"].get("order") == order["order"] and e["kind"] in ("OrderIssued", "ReceiptRecorded", "OrderExpired"):
                word = {"OrderIssued": "issued", "OrderExpired": "expired_unseen"}.get(e["kind"]) or e["body"]["state"]
                reason = f" ({e['body']['reason']})" if e["body"].get("reason") else ""
                steps.append(f"{word}{reason} +{(e['at_ns'] - began_ns) / 1e9:.1f} s")
                answered = answered or word in ("wilco", "cantco")
        lines.append(f"order      {order['order']} to {order['unit']}: {' → '.join(steps)}")
    return lines, bool(shown) and answered


def main() -> int:
    folder = TOP / "out" / datetime.now(UTC).strftime("demo-%Y%m%d-%H%M%S")
    picture, data = folder / "main.png", folder / "data"
    folder.mkdir(parents=True)
    print(f"No display here: the demo runs under Xvfb for {SECONDS} seconds …", flush=True)
    began_s = time.monotonic()
    with x_server() as display:
        command = [*LIANDONG, "run", "--demo", "--data", str(data), "--size", "1920x1080", "--set", "demo.autopilot=true"]
        command += ["--shot", str(picture), "--after", str(SECONDS)]
        environment = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
        done = subprocess.run(
            command, cwd=TOP, env=environment, timeout=SECONDS + 120, stdout=subprocess.PIPE, text=True, check=False
        )
    if done.returncode != 0 or not picture.exists():
        print(f"the demo ended with {done.returncode} and {'a' if picture.exists() else 'no'} picture")
        return 1
    entries = read_journal(data)
    lines, whole = told(entries)
    print(f"\nWhat happened in {time.monotonic() - began_s:.0f} s ({len(entries)} facts in the journal):")
    print("\n".join(f"  {line}" for line in lines))
    print("".join(f"  window     {line}\n" for line in done.stdout.splitlines() if line.startswith("usable")), end="")
    print(f"\nPicture:   {picture}")
    print(f"All facts: .venv/bin/liandong journal --data {data.relative_to(TOP)}")
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main())
