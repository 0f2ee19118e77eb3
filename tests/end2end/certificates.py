"""Certificates for TLS cameras, made when a test asks: an authority, and what a camera may show."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Shown:
    """A camera's certificate: the server's TLS settings and the SHA-256 to pin."""

    context: ssl.SSLContext
    fingerprint: str


class Authority:
    """Signs for one test; `file` is its own certificate as PEM."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self._name = _named("test authority")
        own = self._builder(self._name, self._key, 30).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        own = own.add_extension(usage, critical=True)
        self.file = folder / "authority.pem"
        self.file.write_bytes(own.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def _builder(self, name: x509.Name, key: ec.EllipticCurvePrivateKey, days: int,
                 issuer: x509.Name | None = None) -> x509.CertificateBuilder:  # fmt: skip
        now = datetime.datetime.now(datetime.UTC)
        made = x509.CertificateBuilder().subject_name(name).issuer_name(issuer or self._name).public_key(key.public_key())
        made = made.serial_number(x509.random_serial_number())
        return made.not_valid_before(now - datetime.timedelta(days=60)).not_valid_after(now + datetime.timedelta(days=days))

    def camera(self, name: str, address: str = "127.0.0.1", days: int = 30, is_self_signed: bool = False) -> Shown:
        """A certificate for `address`, valid for `days` more days (negative: expired)."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._builder(_named(name), key, days, _named(name) if is_self_signed else None)
        made = made.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        signed = made.sign(key if is_self_signed else self._key, hashes.SHA256())
        file = self._folder / f"{name}.pem"
        file.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
            + signed.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return Shown(context, hashlib.sha256(signed.public_bytes(serialization.Encoding.DER)).hexdigest())


def _named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
