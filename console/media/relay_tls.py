"""TLS to cameras (rtsps): the certificate is checked unless the operator said for this camera that it is not.

Three ways to trust, chosen per camera by the fragment of its address: the system's authorities (nothing said), an authority file
(`#tls_ca=FILE`), one certificate by its SHA-256 (`#tls_pin=…`). `#tls=unverified` checks nothing, and the tile says so for as
long as it plays.
Source: RFC 7826 clause 19.2 (rtsps), RFC 6125 (names); error numbers: OpenSSL `x509_vfy.h`.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

from console.errors import BadInput

_DETAILS = {
    9: "certificate_expired", 10: "certificate_expired", 18: "certificate_self_signed", 62: "certificate_wrong_name",
    64: "certificate_wrong_name",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trust:
    """How one camera's certificate is judged. `pin`: SHA-256 of the certificate, 64 hex digits; `ca`: a PEM file."""

    ca: str = ""
    pin: str = ""
    is_unverified: bool = False


def trust_from(options: Mapping[str, str]) -> Trust:
    """Read `tls_ca`, `tls_pin` and `tls` of an address. Raises BadInput naming what is wrong."""
    pin = re.sub(r"[:\s-]", "", options.get("tls_pin", "")).lower().removeprefix("sha256")
    if pin and not re.fullmatch(r"[0-9a-f]{64}", pin):
        raise BadInput("tls_pin is no SHA-256 fingerprint", options["tls_pin"][:100], "give its 64 hex digits")
    if options.get("tls", "verified") not in ("verified", "unverified"):
        raise BadInput("tls must be verified or unverified", options["tls"][:40])
    return Trust(options.get("tls_ca", ""), pin, options.get("tls") == "unverified")


@functools.lru_cache(maxsize=64)
def _context(trust: Trust, _changed_ns: int) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=trust.ca or None)  # 20 ms: kept for every camera that is judged alike
    if trust.ca:
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # the file may hold the camera's own certificate
    if trust.is_unverified or trust.pin:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # a pin is compared by `is_pinned`, before anything is sent
    return context


def context_for(trust: Trust) -> ssl.SSLContext:
    """The TLS settings for a camera. Raises BadInput when its authority file cannot be used."""
    try:
        return _context(trust, os.stat(trust.ca).st_mtime_ns if trust.ca else 0)
    except (OSError, ssl.SSLError) as cause:
        raise BadInput("the authority file cannot be read", trust.ca, "give a PEM file") from cause


def is_pinned(trust: Trust, certificate: bytes | None) -> bool:
    """Whether the certificate (DER) a camera showed is the one pinned; True where none is pinned."""
    if not trust.pin:
        return True
    return certificate is not None and hmac.compare_digest(hashlib.sha256(certificate).hexdigest(), trust.pin)


def detail_of(cause: ssl.SSLError) -> str:
    """The word for a failed handshake."""
    if isinstance(cause, ssl.SSLCertVerificationError):
        return _DETAILS.get(cause.verify_code, "certificate_unknown")
    return "no_tls"
