"""Camera passwords, split off from the URLs of the roster: sealed by the system's keyring, else a file only the owner reads.

`DIR/credentials.json` (0600) holds the full URLs by camera. Where a keyring answers without asking anybody, it holds the key
and the file is ciphertext; a keyring entry per camera would take minutes for a city's 28,000. LIANDONG_KEYRING=0 turns the
keyring off.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from console.errors import BadInput, Unavailable
from console.paths import DataFolder

HIDDEN = "***"
_AUTHORITY = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?P<rest>.*)", re.DOTALL)
_NAMED = re.compile(r"(?i)(?P<name>(?:^|[?&;_])(?:password|passwd|pwd|pass|token|access_token|secret)=)(?P<value>[^&#;]+)")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^\s:\[\]]+)(:\d{1,5})?")
_SERVICE = "liandong"


def split_password(url: str) -> tuple[str, bool]:
    """Return the URL without its password and whether it had one: `rtsp://user:secret@host` → `rtsp://user@host`.

    A password may hold unescaped `/`, `#` or `@` (cameras' own pages allow them): it then ends at the last `@`.
    """
    if "@" not in url and "=" not in url:
        return url, False
    shown = url
    if found := _AUTHORITY.match(url):
        rest = found["rest"]
        authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
        end = authority.rfind("@")
        if end < 0 and ":" in authority and not re.fullmatch(r"[^:]*:\d{1,5}|\[[0-9A-Fa-f:.]+\](:\d{1,5})?", authority):
            end = rest.rfind("@")
        host = authority[end + 1 :]
        later = rest.rfind("@")
        if end >= 0 and later > end and not (re.search(r"[.:\]]", host) and _HOST.fullmatch(host)):
            end = later  # what looked like the host is a piece of the password
        user, colon, _ = rest[: max(end, 0)].partition(":")
        if colon:
            shown = f"{found['scheme']}{user}{rest[end:]}"
    shown = _NAMED.sub(lambda match: match["name"] + HIDDEN, shown)
    return shown, shown != url


def _keyring_key(folder: Path, create: bool) -> bytes | None:
    """The sealing key of this folder from the system's keyring, None where none can be asked without a dialog."""
    if os.environ.get("LIANDONG_KEYRING") == "0":
        return None
    try:
        import keyring
        from cryptography.fernet import Fernet
        from keyring.errors import KeyringError
    except ImportError:
        return None
    try:
        backend = keyring.get_keyring()
        if backend.priority < 1 or _is_locked(backend):  # the fail and null backends, and file backends that ask a passphrase
            return None
        name = str(folder.resolve())
        found = backend.get_password(_SERVICE, name)
        if found is None and create:
            found = Fernet.generate_key().decode()
            backend.set_password(_SERVICE, name, found)
            if backend.get_password(_SERVICE, name) != found:
                return None
        return found.encode() if found else None
    except (KeyringError, RuntimeError, OSError, ValueError):
        return None


def _is_locked(backend: Any) -> bool:
    """Whether the Secret Service would open a dialog to unlock itself."""
    if "SecretService" not in type(backend).__name__ + type(backend).__module__:
        return False
    import secretstorage

    try:
        connection = secretstorage.dbus_init()
        try:
            return bool(secretstorage.get_default_collection(connection).is_locked())
        finally:
            connection.close()
    except secretstorage.exceptions.SecretStorageException:
        return True


def _stored(folder: Path) -> dict[str, dict[str, str]]:
    path = DataFolder(folder).credentials
    try:
        held = json.loads(path.read_bytes())
        if not held.get("sealed"):
            return dict(held["cameras"])
        key = _keyring_key(folder, create=False)
        if key is None:
            raise Unavailable("the system keyring that seals the camera passwords does not answer")
        from cryptography.fernet import Fernet, InvalidToken

        try:
            return dict(json.loads(Fernet(key).decrypt(held["body"].encode())))
        except InvalidToken as cause:
            raise BadInput("sealed with another key", str(path), "import the cameras again") from cause
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, AttributeError, TypeError) as cause:
        raise BadInput("the credential store is damaged", str(path), "import the cameras again") from cause


def keep(folder: Path, urls: Mapping[str, Mapping[str, str]]) -> None:
    """Keep full URLs: camera → {URL without password: full URL}. An imported camera's earlier ones are replaced."""
    if not urls:
        return
    try:
        held = _stored(folder)
    except BadInput:
        held = {}  # damaged or sealed elsewhere: what is imported now is all that can be known
    held |= {camera: dict(pairs) for camera, pairs in urls.items()}
    key = _keyring_key(folder, create=True)
    body: dict[str, object] = {"version": 1, "sealed": False, "cameras": held}
    if key is not None:
        from cryptography.fernet import Fernet

        body = {"version": 1, "sealed": True, "body": Fernet(key).encrypt(json.dumps(held).encode()).decode()}
    path = DataFolder(folder).credentials
    handle, part = tempfile.mkstemp(dir=folder, prefix=path.name)  # mkstemp makes it 0600
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(json.dumps(body, ensure_ascii=False))
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


def with_password(folder: Path, camera_id: str, url: str) -> str:
    """The full URL to open for a camera's `url_main` or `url_sub`; `url` itself where no password was split off.

    Raises Unavailable when the keyring does not answer.
    """
    return _stored(folder).get(camera_id, {}).get(url, url)


def with_passwords(folder: Path, urls: Mapping[str, str]) -> dict[str, str]:
    """`with_password` for many cameras (id → url) with one read of the store."""
    held = _stored(folder)
    return {camera: held.get(camera, {}).get(url, url) for camera, url in urls.items()}
