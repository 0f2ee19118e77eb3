"""What the links ask of the desk: one protocol, implemented by `services/desk`, faked by `tests/links/fake_desk.py`.

Every method may be called from any thread and returns at once. Where an answer needs the journal (an fsync) or the desk's
State it is a Future; such a Future ends with Refused, BadInput or Unavailable, or with our own bug. Nothing here waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Protocol

from console.links.intake import IncidentIn
from console.model.events import Entry
from console.model.unit import Fix


@dataclass(frozen=True, slots=True)
class LocalPeer:
    """One connection of the local socket. Hashable: the desk may key what it knows (log-in, roles) by it."""

    number: int
    """Counts up for each connection of this desk; never used again."""
    user: str
    """The system user at the other end, proven by the kernel (POSIX) or by the token file."""
    seat: str
    by: str
    """Who the peer says it is. A console earns a role by `LogIn`; the command line is `user`."""
    kind: str
    """`console` or `cli`."""


@dataclass(frozen=True, slots=True)
class Attached:
    """The desk's greeting: `seq` of the newest entry, whether the folder is exercise; `more` is sent along as it is."""

    seq: int
    exercise: bool
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command made: its entries (already stored) and a JSON object for whoever asked."""

    entries: tuple[Entry, ...] = ()
    result: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reported:
    """`duplicate_of` names the incident when this source and number were known already (then `incident` is the same)."""

    incident: str
    duplicate_of: str | None = None


class DeskHooks(Protocol):
    """What a link may ask the desk. Every method is thread-safe and returns at once."""

    # local socket
    def attach(self, peer: LocalPeer) -> Future[Attached]:
        """A console or command line has come. Refused closes it."""
        ...

    def detach(self, peer: LocalPeer) -> None:
        """It is gone, closed or killed; called once for every attach that was answered."""
        ...

    def command(self, peer: LocalPeer, kind: str, body: dict[str, Any]) -> Future[Answer]:
        """It wants something: a command of `model.commands` or one of the desk's own (`kind` and `body` as they came)."""
        ...

    def entries_since(self, seq: int, limit: int) -> Future[Sequence[Entry]]:
        """The entries after `seq`, oldest first, at most `limit`."""
        ...

    def feed_health(self, peer: LocalPeer, feeds: list[dict[str, Any]]) -> None:
        """A console's news of its feeds, as sent (newest wins)."""
        ...

    # door
    def source_of(self, token: str) -> str | None:
        """The source a Bearer token belongs to, or None. From memory, in constant time: called for every request."""
        ...

    def report(self, incident: IncidentIn, by: str) -> Future[Reported]:
        """An alarm. Poles and places are not resolved yet; done means stored."""
        ...

    def enrolment_open(self) -> bool: ...

    def anything_enrolled(self) -> bool:
        """A terminal or partner may come from outside: with an open enrolment the only reasons to listen beyond loopback."""
        ...

    def enrol(self, unit: str, code: str) -> Future[str]:
        """Spend a one-time code for this unit: the device key, stored as a hash, is the answer and never shown again."""
        ...

    # terminals, whichever way they come; `path` is `websocket` or `mqtt`
    def terminal_ok(self, unit: str, key: str) -> bool:
        """Whether this device key is the unit's. From memory, in constant time."""
        ...

    def open_orders(self, unit: str) -> Future[list[dict[str, Any]]]:
        """Wire bodies (contracts.md) of every order this unit should have on its screen, and of recalls it may not know."""
        ...

    def receipt(self, unit: str, body: dict[str, Any], path: str) -> Future[None]:
        """A checked receipt body (`receipts.checked_receipt`). Done: stored, or known already by its receipt id.

        Refused: of an order that is not this unit's, or unknown.
        """
        ...

    def position(self, fix: Fix, path: str) -> None:
        """A readable fix, believable or not: `model.unit.accept_fix` judges it against the one before."""
        ...

    def presence(self, unit: str, online: bool, path: str) -> None:
        """A terminal came or went on that path."""
        ...

    def at_broker(self, order: str, version: int) -> None:
        """A broker has acknowledged an order. It is not the terminal's word."""
        ...

    def path_failed(self, order: str, version: int, path: str, why: str) -> None:
        """The path says that this order reached nobody there (`no_subscriber`, `refused`): offer the next one."""
        ...

    # everybody
    def quarantine(self, door: str, problem: str, sample: str, count: int = 1) -> None:
        """Input nobody can use: where it came in, why, its first 200 characters (passwords masked); a flood comes as a count."""
        ...

    def light(self, link: str, state: str, detail: str) -> None:
        """A link's state changed: `door`, `mqtt` or `local`; `up`, `down` or `off`; `detail` for people, masked."""
        ...
