"""The broker's URL, from the command line, a setting or a file: checked, split, and shown without its password."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from console.errors import BadInput
from console.logs import mask


@dataclass(frozen=True, slots=True)
class BrokerPlace:
    """`shown` is what people may read; `ca` a PEM file with the broker's own authority (`?ca=FILE`)."""

    host: str
    port: int
    has_tls: bool
    user: str
    password: str
    ca: str
    shown: str

    def __repr__(self) -> str:
        return f"BrokerPlace({self.shown})"


def broker_place(url: str) -> BrokerPlace:
    """Split `mqtt://user:password@host:1883` or `mqtts://…`. Raises BadInput without the password in it."""
    where = "broker.url"
    try:
        parts = urlsplit(url.strip())
        port = parts.port
        host = parts.hostname
    except ValueError as cause:
        raise BadInput(f"{mask(url)!r} cannot be read", where, "like mqtt://user:password@host:1883") from cause
    if parts.scheme not in ("mqtt", "mqtts"):
        raise BadInput(f"{mask(url)!r} begins with neither mqtt:// nor mqtts://", where)
    if not host or parts.path not in ("", "/"):
        raise BadInput(f"{mask(url)!r} must name a host and nothing behind it", where)
    has_tls = parts.scheme == "mqtts"
    port = port or (8883 if has_tls else 1883)
    options = parse_qs(parts.query)
    ca = options.get("ca", [""])[0]
    if set(options) - {"ca"} or (ca and not Path(ca).is_file()):
        raise BadInput(f"{mask(url)!r}: only ?ca=FILE is known, and the file must be there", where)
    user = unquote(parts.username or "")
    shown = f"{parts.scheme}://{f'{user}@' if user else ''}{host}:{port}"
    return BrokerPlace(host, port, has_tls, user, unquote(parts.password or ""), ca, shown)


def url_in_file(file: Path) -> str:
    """The URL on the first line of `file` (`--broker-file`), which keeps the password off the command line. Raises BadInput."""
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as cause:
        raise BadInput(f"cannot be read: {cause}", str(file)) from cause
    first = lines[0].strip() if lines else ""
    if not first:
        raise BadInput("the first line must be the broker's URL", str(file))
    broker_place(first)
    return first
