"""Answers a camera's log-in challenges: Basic and Digest, the strongest that was offered. Pure: no socket, no clock.

Enters: the `WWW-Authenticate` headers of a 401 and the operator's user and password. Leaves: the `Authorization` header of
every later request. One object per camera connection: it counts nonces and remembers whether an answer was ever accepted.
Text is UTF-8; a realm in another encoding goes through unchanged as surrogates.
Source: RFC 7616 (Digest), RFC 7617 (Basic, UTF-8), RFC 2326 clause 3 and 16 (both used by RTSP).
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

_STRENGTH = ("sha-512-256", "sha-256", "md5")  # strongest first; each also as -sess
_HASHES = {"sha-512-256": "sha512_256", "sha-256": "sha256", "md5": "md5"}
_NEXT_SCHEME = re.compile(r"\s*,?\s*([A-Za-z][A-Za-z0-9_-]*)(?=\s+[^=\s,]|\s*$|\s*,)")
_PARAMETER = re.compile(r'\s*,?\s*([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"?|([^\s,]*))')
_LONGEST_HEADER = 8192


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to log in that the camera offers. `scheme` is lower case; `fields` have lower-case names."""

    scheme: str
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def algorithm(self) -> str:
        """`md5`, `sha-256`, `sha-512-256`, without its `-sess`; cameras also write `SHA256`."""
        name = self.fields.get("algorithm", "md5").lower().removesuffix("-sess").replace("_", "-")
        return {"sha256": "sha-256", "sha512-256": "sha-512-256", "": "md5"}.get(name, name)

    @property
    def is_session(self) -> bool:
        return self.fields.get("algorithm", "").lower().endswith("-sess")


def challenges(headers: Iterable[str]) -> list[Challenge]:
    """Take `WWW-Authenticate` headers apart: several in one or one in each, in any order; what makes no sense is left out."""
    found: list[Challenge] = []
    for header in headers:
        text, at = header[:_LONGEST_HEADER], 0
        while at < len(text):
            scheme = _NEXT_SCHEME.match(text, at)
            if scheme is None:
                break
            at = scheme.end()
            fields: dict[str, str] = {}
            while (parameter := _PARAMETER.match(text, at)) is not None:
                name, quoted, plain = parameter.groups()
                fields.setdefault(name.lower(), re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain)
                at = parameter.end()
            found.append(Challenge(scheme[1].lower(), fields))
    return found


def strongest(offered: Iterable[Challenge]) -> Challenge | None:
    """The strongest challenge we can answer: Digest by its hash, then Basic; None when there is none."""

    def rank(one: Challenge) -> int:
        if one.scheme == "digest" and one.algorithm in _STRENGTH and one.fields.get("nonce"):
            return _STRENGTH.index(one.algorithm)
        return len(_STRENGTH) if one.scheme == "basic" else -1

    answerable = [one for one in offered if rank(one) >= 0]
    return min(answerable, key=rank, default=None)


def _new_client_nonce() -> str:
    return secrets.token_hex(8)


class Login:
    """What one connection knows of its log-in. `user` and `password` as typed, any characters; sent as UTF-8."""

    def __init__(self, user: str, password: str, client_nonce: Callable[[], str] = _new_client_nonce) -> None:
        self._user, self._password, self._client_nonce = user, password, client_nonce
        self._chosen: Challenge | None = None
        self._count = 0
        self.was_accepted = False

    def __repr__(self) -> str:
        return "Login(***)"

    def choose(self, headers: Iterable[str]) -> bool:
        """Take the strongest of these challenges for the next requests; False when none can be answered."""
        self._chosen, self._count = strongest(challenges(headers)), 0
        return self._chosen is not None

    def may_answer_again(self, headers: Iterable[str]) -> bool:
        """Whether a 401 to a request that carried our answer is only about the nonce, so that the password is not tried anew.

        `stale=true` says so; a camera that took this password before and now sends another nonce means the same.
        """
        again = strongest(challenges(headers))
        if again is None or self._chosen is None or again.scheme != "digest":
            return False
        is_other = again.fields.get("nonce") != self._chosen.fields.get("nonce")
        return is_other and (again.fields.get("stale", "").lower() == "true" or self.was_accepted)

    def take_next_nonce(self, header: str) -> None:
        """An `Authentication-Info` header may name the nonce of the next request (RFC 7616 clause 3.5)."""
        found = challenges(["info " + header])
        nonce = found[0].fields.get("nextnonce") if found else None
        if nonce and self._chosen is not None and self._chosen.scheme == "digest":
            self._chosen, self._count = Challenge("digest", {**self._chosen.fields, "nonce": nonce}), 0

    def answer(self, method: str, uri: str, body: bytes = b"") -> str | None:
        """The `Authorization` header of one request; None before a challenge has come."""
        if self._chosen is None:
            return None
        if self._chosen.scheme == "basic":
            return "Basic " + base64.b64encode(f"{self._user}:{self._password}".encode()).decode()
        return self._digest(self._chosen, method, uri, body)

    def _digest(self, told: Challenge, method: str, uri: str, body: bytes) -> str:
        def hashed(*parts: str) -> str:
            return hashlib.new(
                _HASHES[told.algorithm], ":".join(parts).encode("utf-8", "surrogateescape"), usedforsecurity=False
            ).hexdigest()

        realm, nonce = told.fields.get("realm", ""), told.fields["nonce"]
        offered = {one.strip().lower() for one in told.fields.get("qop", "").split(",") if one.strip()}
        qop = "auth" if "auth" in offered else "auth-int" if "auth-int" in offered else ""
        self._count += 1
        count, own = f"{self._count:08x}", self._client_nonce()
        secret = hashed(self._user, realm, self._password)
        if told.is_session:
            secret = hashed(secret, nonce, own)
        whole = [method, uri]
        if qop == "auth-int":
            whole.append(hashlib.new(_HASHES[told.algorithm], body, usedforsecurity=False).hexdigest())
        asked = hashed(*whole)
        response = hashed(secret, nonce, count, own, qop, asked) if qop else hashed(secret, nonce, asked)
        hides_user = told.fields.get("userhash", "").lower() == "true"
        user = hashed(self._user, realm) if hides_user else self._user
        fields = [f'username="{_quoted(user)}"', f'realm="{_quoted(realm)}"', f'nonce="{_quoted(nonce)}"', f'uri="{uri}"']
        fields += [f'response="{response}"']
        if told.fields.get("algorithm"):
            fields.append(f"algorithm={told.fields['algorithm']}")
        if "opaque" in told.fields:
            fields.append(f'opaque="{_quoted(told.fields["opaque"])}"')
        if qop or told.is_session:
            fields += [f"qop={qop}", f"nc={count}"] if qop else []
            fields.append(f'cnonce="{own}"')
        if hides_user:
            fields.append("userhash=true")
        return "Digest " + ", ".join(fields)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
