"""Sources: checks a feed's URL, opens it with the options that were measured, and says in plain words why it cannot.

Runs in decoder children and in the probe's child; only the URL check runs in the console, so PyAV is imported when opening.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import quote, unquote, urlsplit

from console.errors import BadInput, Unavailable
from console.logs import mask
from console.media.said import Said
from console.model.wall import FeedError

if TYPE_CHECKING:
    from av.container import InputContainer

_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]+):")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ESCAPED = re.compile(r"^(?:[^%]|%[0-9A-Fa-f]{2})*$")
_SCHEMES: Final[dict[str, Literal["rtsp", "http", "file"]]] = {
    "rtsp": "rtsp", "rtsps": "rtsp", "http": "http", "https": "http", "file": "file",
}  # fmt: skip

# Measured: first picture 0.06-0.17 s with these, 0.9-2.0 s with FFmpeg's defaults, and a whole group of pictures later with
# the often repeated fflags=nobuffer, which throws away the key frame that probing has read.
_QUICK_OPEN: Final = {"analyzeduration": "0", "probesize": "32", "fpsprobesize": "0"}


OWN_OPTIONS: Final = ("tls", "tls_ca", "tls_pin", "transport", "redirect", "relay")
"""Options of one camera that are ours, not FFmpeg's; also at the end of an RTSP address: `rtsps://host/a#tls_pin=…&transport=udp`."""


_THEIR_OPTIONS: Final = (
    "probesize", "analyzeduration", "fpsprobesize", "reorder_queue_size", "buffer_size", "max_delay", "pkt_size", "user_agent",
    "min_port", "max_port", "fflags", "flags", "rtsp_flags",
)  # fmt: skip
"""FFmpeg's options that one camera may set; not those that open files or other protocols."""


@dataclass(frozen=True, slots=True)
class Source:
    """A checked feed address. `url` is what FFmpeg may get (credentials escaped), `shown` what people may see.

    `bare` is the address without user, password and options; `user` None means that none was given; `options` are ours.
    """

    kind: Literal["rtsp", "http", "file"]
    url: str = field(repr=False)
    shown: str
    bare: str = ""
    user: str | None = None
    password: str = field(default="", repr=False)
    options: tuple[tuple[str, str], ...] = ()


class SourceFailed(Exception):
    """A source could not be opened or ended; `word` is the contract's word for why, `detail` a key of `FAULT_DETAILS` or ""."""

    def __init__(self, word: FeedError, message: str, detail: str = "") -> None:
        super().__init__(f"{word}: {message}")
        self.word: FeedError = word
        self.detail = detail


def parse(url: str) -> Source:
    """Check a feed's address: rtsp, rtsps, http, https, file, or a plain path.

    A password may hold any character (`@ : / # % &`, Chinese): the last `@` before a host ends it. An RTSP address may end in
    our own options (`OWN_OPTIONS`) behind a `#`. Raises BadInput.
    """
    url = url.strip()
    shown = mask(url)
    if not url or _CONTROL.search(url):
        raise BadInput("not a feed address", shown[:200] or "(empty)", "give an rtsp:// URL or the path of a video file")
    scheme = _SCHEME.match(url)
    if scheme is None:
        return Source("file", url, shown)
    name = scheme[1].lower()
    kind = _SCHEMES.get(name)
    rest = url[scheme.end() :]
    if kind is None:
        raise BadInput(f"unknown scheme {name}:", shown[:200], "use rtsp://, rtsps://, http://, https:// or the path of a file")
    if kind == "file":
        path = unquote(rest.removeprefix("//localhost").removeprefix("//"))
        return Source("file", path, shown)
    if not rest.startswith("//"):
        raise BadInput(f"{name}: without //host", shown[:200], f"write {name}://host/path")
    user_info, at, address = rest[2:].rpartition("@")
    host = re.match(r"(\[[0-9A-Fa-f:.%]+\]|[^/?#:]*)(?::([^/?#]*))?", address)
    if host is None or not host[1] or (host[2] and not (host[2].isdigit() and 0 < int(host[2]) < 65536)):
        raise BadInput("no valid host or port", shown[:200], f"write {name}://host:port/path")
    address, options = _split_options(address, shown) if kind == "rtsp" else (address, ())
    bare = f"{name}://{address}"
    if not at:
        return Source(kind, url.split("#")[0] if options else url, shown, bare, options=options)
    user, colon, secret = user_info.partition(":")
    whole = f"{name}://{_escape(user)}{colon}{_escape(secret)}@{address}"
    return Source(kind, whole, shown, bare, _plain(user), _plain(secret), options)


def _split_options(address: str, shown: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    bare, _, text = address.partition("#")
    if "=" not in text:
        return address, ()
    pairs = [(name, unquote(value)) for name, _, value in (part.partition("=") for part in text.split("&"))]
    unknown = next((name for name, _ in pairs if name not in OWN_OPTIONS), None)
    if unknown is not None:
        raise BadInput(f"unknown option {unknown[:40]!r} behind the #", shown[:200], f"one of {', '.join(OWN_OPTIONS)}")
    return bare, tuple(pairs)


def _plain(text: str) -> str:
    """What was typed: a part of a URL with its escapes taken out, where all of them are escapes."""
    return unquote(text, errors="surrogateescape") if _ESCAPED.match(text) else text


def account(url: str) -> str:
    """Camera, user and password of an address as one opaque word: main and sub stream of a camera share it, and with it the one
    log-in try a minute (V18). An address that is none stands for itself."""
    try:
        checked = parse(url)
    except BadInput:
        return url
    if checked.user is None:
        return url
    parts = urlsplit(checked.bare)
    text = "\0".join((parts.hostname or "", str(parts.port), checked.user, checked.password))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _escape(text: str) -> str:
    return quote(text, safe="%" if _ESCAPED.match(text) else "")


def open_source(
    source: Source, open_timeout_s: float, read_timeout_s: float, transport: str = "tcp",
    options: Iterable[tuple[str, str]] = (), said: Said | None = None,
) -> InputContainer:  # fmt: skip
    """Open `source` for its video alone. No call on the container blocks longer than the time-outs. Raises SourceFailed.

    RTSP with a password or TLS goes through the relay of this process, which says in `said` (one per try) what the camera
    really said; plain RTSP goes there too once FFmpeg alone has failed with a camera that does answer (DESIGN, decision 24).
    It asks for TCP first and takes UDP when the camera refuses TCP (461), on the same connection; `transport="udp"` turns
    the order round. Audio and metadata tracks are not set up: they have stalled video elsewhere. `options` are this camera's:
    ours (`OWN_OPTIONS`) or FFmpeg's.
    """
    said = Said() if said is None else said
    own = dict(source.options) | dict(options)
    if "rtsp_transport" in own:  # FFmpeg's name for ours
        own["transport"] = own.pop("rtsp_transport")
    theirs = {name: value for name, value in own.items() if name in _THEIR_OPTIONS}
    if foreign := sorted(own.keys() - theirs.keys() - set(OWN_OPTIONS)):
        raise SourceFailed("bad_stream", f"a camera may not set the option {foreign[0][:40]!r}", "option")
    if source.kind == "file":
        _check_file(source)
        return _opened(source, source.url, theirs, None, said)
    micros = str(int(open_timeout_s * 1e6))
    waits = (open_timeout_s + 0.5, read_timeout_s)
    if source.kind == "http":
        return _opened(source, source.url, {"rw_timeout": micros} | theirs, waits, said)
    rtsp = _QUICK_OPEN | {"allowed_media_types": "video", "timeout": micros}
    rtsp |= ({"rtsp_flags": "prefer_tcp"} if own.get("transport", transport) == "tcp" else {}) | theirs
    began_s = time.monotonic()
    if not _needs_relay(source, own):
        try:
            container = _opened(source, source.bare, rtsp, waits, said)
            said.alone = source.bare, time.monotonic()
            return container
        except SourceFailed as alone:
            left_s = open_timeout_s - (time.monotonic() - began_s)
            if not _has_answered(alone) or own.get("relay") == "off" or left_s < 0.5 * open_timeout_s:
                if _has_answered(alone):
                    _note_trouble(source.bare)
                raise
        _note_trouble(source.bare)
        waits = (left_s + 0.5, read_timeout_s)
        return _opened(source, _relayed(source, said, left_s, own), rtsp, waits, said)
    return _opened(source, _relayed(source, said, open_timeout_s, own), rtsp, waits, said)


def _opened(source: Source, url: str, options: dict[str, str], waits: tuple[float, float] | None, said: Said) -> InputContainer:
    import av

    container, began_s = None, time.monotonic()
    try:
        container = av.open(url, mode="r", options=options, timeout=waits)
        if not container.streams.video:
            raise SourceFailed("bad_stream", "no video track", "no_video")
        context = container.streams.video[0].codec_context
        if context is None or context.name is None:
            raise SourceFailed("codec", "no decoder for this video")
        return container
    except (av.error.FFmpegError, OSError, ValueError) as cause:
        limit_s = float("inf") if waits is None else (waits[0] - 0.5) * 0.95
        raise failed(cause, source, said, "while opening", time.monotonic() - began_s, limit_s) from cause
    except SourceFailed:
        if container is not None:
            container.close()
        raise


_troubled: dict[str, None] = {}  # plain addresses that go through the relay in this process, oldest first; single dict operations
_MOST_TROUBLED = 4096
_SOON_S = 15.0  # a plain stream that ends this soon after it opened may be one that FFmpeg alone cannot read


def _needs_relay(source: Source, own: Mapping[str, str]) -> bool:
    is_plain = source.user is None and not source.bare.startswith("rtsps")
    return not is_plain or own.get("relay") == "on" or (source.bare in _troubled and own.get("relay") != "off")


def _has_answered(failure: SourceFailed) -> bool:
    return getattr(failure.__cause__, "errno", None) not in _UNREACHABLE


def _note_trouble(address: str) -> None:
    """Let the next tries of a plain camera that answers, but not as FFmpeg understands it, go through the relay."""
    while len(_troubled) >= _MOST_TROUBLED:
        _troubled.pop(next(iter(_troubled)), None)
    _troubled[address] = None


def _has_ended(said: Said) -> None:
    if said.alone is not None and time.monotonic() - said.alone[1] < _SOON_S:
        _note_trouble(said.alone[0])


def _relayed(source: Source, said: Said, open_timeout_s: float, own: Mapping[str, str]) -> str:
    """The address FFmpeg opens in place of the camera's."""
    from console.media import relay

    try:
        return relay.shared().address_for(source, said, open_timeout_s, own)
    except BadInput as cause:
        raise SourceFailed("bad_stream", str(cause), "refused") from cause
    except Unavailable as cause:
        raise SourceFailed("unreachable", str(cause)) from cause


def bid_farewell(patience_s: float) -> None:
    """Before the process ends: the cameras behind this process's relay get their TEARDOWN, if there is a relay."""
    if "console.media.relay" in sys.modules:
        from console.media import relay

        relay.end_shared(patience_s)


def failed(
    cause: BaseException, source: Source, said: Said, message: str, elapsed_s: float = 0.0, limit_s: float = float("inf")
) -> SourceFailed:
    """Why opening or reading failed: the camera's own words where the relay heard any, else FFmpeg's error."""
    text = f"{message}: {mask(str(cause))}"
    _has_ended(said)
    if said.word is not None:
        return SourceFailed(said.word, text, said.detail)
    word = word_for(cause, source.kind != "file", elapsed_s, limit_s)
    is_opening = limit_s < float("inf")
    if said.is_playing and (said.has_media is False or (is_opening and word == "timeout" and not said.has_media)):
        return SourceFailed("timeout", text, "no_media")
    return SourceFailed(word, text, said.detail if said.detail == "transport" else "")


def ended(said: Said) -> SourceFailed:
    """Why a live stream has ended."""
    _has_ended(said)
    return SourceFailed(said.word or "unreachable", "the stream ended", said.detail if said.word is not None else "")


def _check_file(source: Source) -> None:
    """A pipe or device would block the reader for ever: only regular files are read."""
    try:
        mode = os.stat(source.url).st_mode
    except FileNotFoundError as cause:
        raise SourceFailed("not_found", source.shown) from cause
    except (OSError, ValueError) as cause:
        raise SourceFailed("unreachable", source.shown) from cause
    if not stat.S_ISREG(mode):
        raise SourceFailed("bad_stream", f"{source.shown} is not a regular file")


_UNREACHABLE = {errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EIO, errno.ECONNRESET,
                errno.EPIPE, errno.EHOSTDOWN, errno.EADDRNOTAVAIL, errno.ECONNABORTED}  # fmt: skip


def word_for(cause: BaseException, is_network: bool, elapsed_s: float = 0.0, limit_s: float = float("inf")) -> FeedError:
    """The contract's word for an FFmpeg or system error. FFmpeg reports a silent RTSP server as invalid data: `elapsed_s`
    at or past `limit_s` makes that a time-out."""
    import av.error as codes

    number = getattr(cause, "errno", None)
    if isinstance(cause, (codes.HTTPUnauthorizedError, codes.HTTPForbiddenError)):
        return "auth"
    if isinstance(cause, codes.HTTPNotFoundError) or number in (errno.ENOENT, errno.ENOTDIR):
        return "not_found"
    if isinstance(cause, (TimeoutError, codes.ExitError)) or (is_network and elapsed_s >= limit_s):
        return "timeout"
    if isinstance(cause, (codes.DecoderNotFoundError, codes.PatchWelcomeError)):
        return "codec"
    if isinstance(cause, codes.HTTPError) or number in _UNREACHABLE or number in (errno.EACCES, errno.EPERM):
        return "unreachable"
    if is_network and isinstance(cause, EOFError):
        return "unreachable"
    return "bad_stream"
