"""Who may come in: operators with passwords, terminals with keys, partners with tokens. Secrets never reach the journal."""

from __future__ import annotations

import secrets
import threading
from concurrent.futures import ThreadPoolExecutor

from console.clock import Clock
from console.errors import Refused
from console.links.hooks import Answer, LocalPeer
from console.model import commands as cmd
from console.services.desk import Desk
from console.store.accounts_db import AccountsDb

SHORTEST_PASSWORD = 8


class Accounts:
    """Checks log-ins off the desk thread (Argon2 takes a tenth of a second) and remembers who each console is.

    `lock` guards `_peers` and `_codes`.
    """

    def __init__(self, db: AccountsDb, desk: Desk, clock: Clock, *, demo: bool) -> None:
        self._db, self._desk, self._clock, self._demo = db, desk, clock, demo
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="accounts")
        self._lock = threading.Lock()
        self._peers: dict[LocalPeer, tuple[str, str, tuple[str, ...]]] = {}
        self._codes: dict[str, tuple[str, int]] = {}

    def close(self) -> None:
        self._pool.shutdown(wait=True)
        self._db.close()

    def needs_password(self) -> str | None:
        """The first administrator without a password: the first console to come sets it."""
        for operator, facts in self._desk.state.operators.copy().items():
            if "administrator" in facts["roles"] and not self._demo and not self._db.has_password(operator):
                return operator
        return None

    def who(self, peer: LocalPeer) -> tuple[str, tuple[str, ...]]:
        """(`by`, roles) of a local peer; the command line is the owner. Raises Refused before a console has logged in."""
        if peer.kind == "cli":
            return peer.user, ("owner",)
        with self._lock:
            known = self._peers.get(peer)
        if known is None:
            raise Refused("not_logged_in")
        operator, seat, roles = known
        return f"{operator}@{seat}", roles

    def submit_log_in(self, peer: LocalPeer, operator: str, password: str, seat: str) -> Answer:
        """Check a password and log in. Blocking: call it in a pool. Raises Refused."""
        demo_guest = self._demo and operator == "demo"
        ok = demo_guest or self._db.check_password(operator, password)
        answer = self._desk.ask(cmd.LogIn(operator, seat, ok), f"{operator[:64]}@{seat}", ("desk",)).result()
        if not any(entry.kind == "OperatorLoggedIn" for entry in answer.entries):
            raise Refused("wrong_password")
        roles = tuple(self._desk.state.operators[operator]["roles"])
        with self._lock:
            self._peers[peer] = (operator, seat, roles)
        return Answer(answer.entries, {"operator": operator, "seat": seat, "roles": list(roles)})

    def set_password(self, peer: LocalPeer, operator: str, password: str) -> Answer:
        """Set a password: anybody's by an administrator, one's own, or the first administrator's by the first console."""
        if len(password) < SHORTEST_PASSWORD:
            raise Refused("weak_password")
        first = operator == self.needs_password()
        by, roles = (peer.by, ("administrator",)) if first else self.who(peer)
        if operator not in self._desk.state.operators:
            raise Refused("bad_operator", operator=operator[:64])
        if by.partition("@")[0] != operator and not {"administrator", "owner"} & set(roles):
            raise Refused("no_right", command="SetPassword")
        self._db.set_password(operator, password)
        return self._desk.ask(cmd.SetPassword(operator), by, ("administrator",)).result()

    def left(self, peer: LocalPeer) -> None:
        """A console is gone: its operator is logged out and its tiles are closed."""
        with self._lock:
            known = self._peers.pop(peer, None)
        if known is None:
            return
        operator, seat, _ = known
        for tile in [key for key, tile in self._desk.state.tiles.copy().items() if tile["seat"] == seat]:
            self._desk.ask(cmd.CloseTile(tile, seat, "console_gone"), f"{operator}@{seat}", ("desk",))
        self._desk.ask(cmd.LogOut(operator, seat, "console_gone"), f"{operator}@{seat}", ("desk",))

    def enrol(self, unit: str, by: str, roles: tuple[str, ...]) -> str:
        """A new device key for a unit: stored as a hash, returned once. Raises Refused."""
        self._desk.ask(cmd.EnrolTerminal(unit), by, roles).result()
        return self._db.new_terminal_key(unit)

    def revoke(self, unit: str, by: str, roles: tuple[str, ...]) -> Answer:
        """Take a unit's device key away. Raises Refused."""
        answer = self._desk.ask(cmd.RevokeTerminal(unit), by, roles).result()
        self._db.revoke(unit)
        return Answer(answer.entries, {"unit": unit, "revoked": True})

    def open_enrolment(self, unit: str, by: str, roles: tuple[str, ...]) -> str:
        """A one-time code that lets one terminal enrol as `unit` within ten minutes."""
        self._desk.ask(cmd.OpenEnrolment(), by, roles).result()
        code = f"{secrets.randbelow(10**8):08d}"
        with self._lock:
            self._codes[code] = (unit, self._clock.mono_ns() + 600_000_000_000)
        return code

    def enrolment_open(self) -> bool:
        with self._lock:
            return any(until > self._clock.mono_ns() for _, until in self._codes.values())

    def spend(self, unit: str, code: str) -> str:
        """Exchange a one-time code for the unit's device key. Raises Refused."""
        with self._lock:
            meant, until = self._codes.get(code, ("", 0))
            if meant != unit or until <= self._clock.mono_ns():
                raise Refused("wrong_code")
            del self._codes[code]
        return self.enrol(unit, f"{unit}@terminal", ("desk",))

    def terminal_ok(self, unit: str, key: str) -> bool:
        return self._db.check_terminal(unit, key)

    def add_source(self, source: str, by: str, roles: tuple[str, ...]) -> str:
        """A new token for a partner that reports incidents. Raises Refused."""
        self._desk.ask(cmd.AddSource(source), by, roles).result()
        return self._db.new_source_token(source)

    def source_of(self, token: str) -> str | None:
        return self._db.source_of(token)

    @property
    def pool(self) -> ThreadPoolExecutor:
        """Where blocking work for a peer runs."""
        return self._pool
