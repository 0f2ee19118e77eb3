"""Measure the journal: append latency and chain check, against a plain SQLite insert in the same run. Prints one JSON document.

Run: `python -m tests.bench.journal_bench [--entries 500000] [--appends 2000]`. Figures: milliseconds and rows per second.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

from console.clock import SystemClock
from console.model.events import IncidentNoted, IncidentReported, OrderIssued, OrderSent, ReceiptRecorded
from console.store.check import check
from console.store.journal import Journal


def _append_ms(folder: Path, appends: int) -> tuple[list[float], list[float]]:
    """Our append and a plain fsynced insert of the same body, in turns, so that both meet the same disk."""
    journal = Journal.open(folder / "journal.db", SystemClock())
    plain = sqlite3.connect(folder / "plain.db", isolation_level=None)
    plain.execute("PRAGMA journal_mode = WAL")
    plain.execute("PRAGMA synchronous = FULL")
    plain.execute("CREATE TABLE entries (seq INTEGER PRIMARY KEY, body TEXT)")
    event, body = IncidentNoted("I000001", "x" * 200), "x" * 230
    ours, control = [], []
    for _ in range(appends):
        start = time.perf_counter()
        journal.append([("wang@seat1", event)])
        between = time.perf_counter()
        plain.execute("INSERT INTO entries (body) VALUES (?)", (body,))
        ours.append((between - start) * 1e3)
        control.append((time.perf_counter() - between) * 1e3)
    journal.close()
    plain.close()
    return ours, control


def _fill(folder: Path, entries: int) -> None:
    """A journal of whole incidents: one report, eleven orders, each sent once and answered seven times."""
    journal = Journal.open(folder / "journal.db", SystemClock())
    written, number = 0, 0
    states = ("on_terminal", "shown", "wilco", "en_route", "on_scene", "done", "done")
    while written < entries:
        batch: list[tuple[str, object]] = []
        for _ in range(20):
            number += 1
            incident = f"I{number:06d}"
            batch.append(("110@door", IncidentReported(incident, "110", f"n{number}", 1, "t", "k", "red", 1.0, 2.0, "given")))
            for k in range(11):
                order, unit = f"{incident}-O{k:02d}", f"U-{k}"
                issued = OrderIssued(order, 1, incident, unit, "red", "order", "请立即前往现场" * 3, 104.8, 30.4, 1, 2)
                batch += [("wang@seat1", issued), ("desk@desk", OrderSent(order, 1, incident, unit, "websocket"))]
                batch += [
                    (f"{unit}@terminal", ReceiptRecorded(order, 1, incident, unit, state, None, f"{order}-{n}", 1))
                    for n, state in enumerate(states)
                ]
        journal.append(batch)
        written += len(batch)
    journal.close()


def measure(entries: int, appends: int) -> dict[str, float]:
    """Append and check on a journal of about `entries` entries, in a temporary folder."""
    with tempfile.TemporaryDirectory() as name:
        os.environ.setdefault("LIANDONG_KEYS", str(Path(name) / "keys"))
        small, large = Path(name) / "small", Path(name) / "large"
        small.mkdir()
        large.mkdir()
        ours, control = _append_ms(small, appends)
        _fill(large, entries)
        start = time.perf_counter()
        proof = check(large)
        elapsed_s = time.perf_counter() - start
        assert proof["ok"], proof
    ours_ms, control_ms = statistics.quantiles(ours, n=100), statistics.quantiles(control, n=100)
    return {
        "append_p50_ms": round(ours_ms[49], 3), "append_p99_ms": round(ours_ms[98], 3),
        "plain_insert_p50_ms": round(control_ms[49], 3), "plain_insert_p99_ms": round(control_ms[98], 3),
        "append_over_plain_p50": round(ours_ms[49] / control_ms[49], 2),
        "check_entries": proof["entries"], "check_s": round(elapsed_s, 2),
        "check_rows_per_s": round(proof["entries"] / elapsed_s),
    }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=500_000)
    parser.add_argument("--appends", type=int, default=2000)
    given = parser.parse_args()
    print(json.dumps(measure(given.entries, given.appends)))
