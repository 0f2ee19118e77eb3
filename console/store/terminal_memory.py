"""What a terminal remembers over a kill: its orders with their last step, and receipts until the desk has kept them.

Used by the unit simulator, for any number of units in one file; one thread.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from typing import Any

Message = dict[str, Any]
_OVER = ("done", "cantco", "recalled")
_TABLES = (
    "CREATE TABLE IF NOT EXISTS orders (unit TEXT, id TEXT, version INTEGER, body TEXT, step TEXT, PRIMARY KEY (unit, id))",
    "CREATE TABLE IF NOT EXISTS receipts (n INTEGER PRIMARY KEY, unit TEXT, id TEXT UNIQUE, body TEXT, kept INTEGER)",
)


class Memory:
    """SQLite, so that a killed terminal goes on where it was. `file` may be ":memory:"."""

    def __init__(self, file: str = ":memory:") -> None:
        self._base = sqlite3.connect(file, isolation_level=None)
        self._base.execute("PRAGMA journal_mode=WAL")
        for table in _TABLES:
            self._base.execute(table)

    def take(self, unit: str, order: Message) -> bool:
        """Remember an order. True when this version is new to the unit: it is to be carried out; False: it is known already."""
        known = self._base.execute("SELECT version FROM orders WHERE unit = ? AND id = ?", (unit, order["order"])).fetchone()
        if known is not None and known[0] >= order["version"]:
            return False
        row = (unit, order["order"], order["version"], json.dumps(order, ensure_ascii=False))
        self._base.execute("INSERT OR REPLACE INTO orders VALUES (?, ?, ?, ?, '')", row)
        return True

    def unfinished(self, unit: str) -> list[tuple[Message, str]]:
        """Orders a killed terminal was still carrying out, with the last step it told ("": none yet)."""
        rows = self._base.execute("SELECT body, step FROM orders WHERE unit = ? ORDER BY rowid", (unit,))
        return [(json.loads(body), step) for body, step in rows if step not in _OVER]

    def tell(self, unit: str, order: Message, state: str, reason: str | None, at_ms: int) -> Message:
        """Store a receipt and the order's step; the same order, version and state always give the same receipt."""
        name = f"{unit}/{order['order']}/{order['version']}/{state}/{order.get('issued_at_ms')}"
        receipt = {
            "order": order["order"],
            "version": order["version"],
            "state": state,
            "reason": reason,
            "at_ms": at_ms,
            "receipt": uuid.uuid5(uuid.NAMESPACE_OID, f"liandong/{name}").hex,
        }
        row = (unit, receipt["receipt"], json.dumps(receipt, ensure_ascii=False))
        self._base.execute("BEGIN IMMEDIATE")
        self._base.execute("UPDATE orders SET step = ? WHERE unit = ? AND id = ?", (state, unit, order["order"]))
        self._base.execute("INSERT OR IGNORE INTO receipts (unit, id, body, kept) VALUES (?, ?, ?, 0)", row)
        self._base.execute("COMMIT")
        return receipt

    def finish(self, unit: str, order_id: str, step: str) -> None:
        """Note that an order needs nothing more although no receipt says so (it was recalled)."""
        self._base.execute("UPDATE orders SET step = ? WHERE unit = ? AND id = ?", (step, unit, order_id))

    def waiting(self, unit: str) -> list[Message]:
        """Receipts the desk has not kept yet, oldest first."""
        rows = self._base.execute("SELECT body FROM receipts WHERE unit = ? AND kept = 0 ORDER BY n", (unit,))
        return [json.loads(body) for (body,) in rows]

    def kept(self, receipt_id: str) -> None:
        """The desk has stored it."""
        self._base.execute("UPDATE receipts SET kept = 1 WHERE id = ?", (receipt_id,))

    def close(self) -> None:
        self._base.close()
