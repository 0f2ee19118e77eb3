"""The Ed25519 keys that seal journal heads and bundles: kept outside every data folder, made at first use.

In: the keys folder. Out: a key id with each signature, and a verdict on other people's. Any thread; values are never changed
after they are read. Files: `signing-key.pem` (0600, PKCS8) and one `<key id>.pub.pem` for each key this machine ever had:
a key that was changed (faults.md D64) still proves what it once signed.
Source: RFC 8032 (Ed25519); the key id is ours: the first 16 hex digits of SHA-256 over the 32 raw public bytes.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from console.errors import BadInput, Unavailable

PRIVATE = "signing-key.pem"


def key_id(public: Ed25519PublicKey) -> str:
    """Sixteen hex digits that name a public key."""
    raw = public.public_bytes(form.Encoding.Raw, form.PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:16]


class Seal:
    """This machine's signing key, made when the folder has none.

    Raises Unavailable when the folder cannot be written, BadInput when the key file in it is no Ed25519 key.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / PRIVATE
        try:
            if not path.exists():
                _make_key(folder)
            private = form.load_pem_private_key(path.read_bytes(), password=None)
        except OSError as cause:
            raise Unavailable(f"cannot use the signing key in {folder}: {cause.strerror}") from cause
        except (ValueError, TypeError, UnsupportedAlgorithm) as cause:
            raise BadInput("not a private key", str(path), "move it away, a new one is made") from cause
        if not isinstance(private, Ed25519PrivateKey):
            raise BadInput("not an Ed25519 key", str(path), "move it away, a new one is made")
        self._private = private
        self.key = key_id(private.public_key())
        self.public_pem = _pem(private.public_key())
        public = folder / f"{self.key}.pub.pem"
        try:
            if not public.exists():
                _write(public, self.public_pem, 0o644)
        except OSError as cause:
            raise Unavailable(f"cannot write {public}: {cause.strerror}") from cause

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature of `message`."""
        return self._private.sign(message)


def known_keys(folder: Path) -> dict[str, Ed25519PublicKey]:
    """Every public key this machine can verify with, by its own id. A missing folder or a broken file gives none."""
    found: dict[str, Ed25519PublicKey] = {}
    for path in sorted(folder.glob("*.pub.pem")) if folder.is_dir() else ():
        try:
            public = public_key(path.read_bytes())
        except (OSError, BadInput):
            continue
        found[key_id(public)] = public
    return found


def public_key(pem: bytes) -> Ed25519PublicKey:
    """Read a public key in PEM. Raises BadInput."""
    try:
        public = form.load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as cause:
        raise BadInput("not a public key in PEM") from cause
    if not isinstance(public, Ed25519PublicKey):
        raise BadInput("not an Ed25519 public key")
    return public


def is_signed(public: Ed25519PublicKey, message: bytes, signature: bytes) -> bool:
    """Whether the owner of `public` signed exactly `message`."""
    try:
        public.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _pem(public: Ed25519PublicKey) -> bytes:
    return public.public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)


def _make_key(folder: Path) -> None:
    """Put a new key in place whole or not at all; of two programs that start at once the first one's key stays."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    handle, name = tempfile.mkstemp(dir=folder, prefix=".new-key-")  # 0600 by mkstemp
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(name, folder / PRIVATE)
        except FileExistsError:
            return
        except OSError:  # a file system without hard links
            os.replace(name, folder / PRIVATE)
    finally:
        Path(name).unlink(missing_ok=True)


def _write(path: Path, content: bytes, mode: int) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.chmod(name, mode)
    os.replace(name, path)
