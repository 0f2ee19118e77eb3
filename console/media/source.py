"""Sources: checks a feed's URL, opens it with the options that were measured, and says in plain words why it cannot.

Runs in decoder children and in the probe's child; only the URL check runs in the console, so PyAV is imported when opening.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import quote, unquote

from console.errors import BadInput
from console.logs import mask
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


@dataclass(frozen=True, slots=True)
class Source:
    """A checked feed address. `url` is what FFmpeg gets (credentials escaped), `shown` what people may see."""

    kind: Literal["rtsp", "http", "file"]
    url: str
    shown: str


class SourceFailed(Exception):
    """A source could not be opened or ended; `word` is the contract's word for why."""

    def __init__(self, word: FeedError, detail: str) -> None:
        super().__init__(f"{word}: {detail}")
        self.word: FeedError = word


def parse(url: str) -> Source:
    """Check a feed's address: rtsp, rtsps, http, https, file, or a plain path.

    A password may hold any character (`@ : / # % &`, Chinese): the last `@` before a host ends it. Raises BadInput.
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
    if not at:
        return Source(kind, url, shown)
    user, colon, secret = user_info.partition(":")
    return Source(kind, f"{name}://{_escape(user)}{colon}{_escape(secret)}@{address}", shown)


def _escape(text: str) -> str:
    return quote(text, safe="%" if _ESCAPED.match(text) else "")


def open_source(source: Source, open_timeout_s: float, read_timeout_s: float, transport: str = "tcp") -> InputContainer:
    """Open `source` for its video alone. No call on the container blocks longer than the time-outs. Raises SourceFailed.

    RTSP asks for TCP first and takes UDP when the camera refuses TCP (461), on the same connection; `transport="udp"` turns
    the order round. Audio and metadata tracks are not set up: they have stalled video elsewhere.
    """
    import av

    options: dict[str, str] = {}
    if source.kind == "file":
        _check_file(source)
    else:
        options["timeout" if source.kind == "rtsp" else "rw_timeout"] = str(int(open_timeout_s * 1e6))
    if source.kind == "rtsp":
        options |= _QUICK_OPEN | {"allowed_media_types": "video"}
        options |= {"rtsp_flags": "prefer_tcp"} if transport == "tcp" else {}
    limits = None if source.kind == "file" else (open_timeout_s + 0.5, read_timeout_s)
    container, began_s = None, time.monotonic()
    try:
        container = av.open(source.url, mode="r", options=options, timeout=limits)
        if not container.streams.video:
            raise SourceFailed("bad_stream", "no video track")
        context = container.streams.video[0].codec_context
        if context is None or context.name is None:
            raise SourceFailed("codec", "no decoder for this video")
        return container
    except (av.error.FFmpegError, OSError, ValueError) as cause:
        word = word_for(cause, source.kind != "file", time.monotonic() - began_s, open_timeout_s * 0.95)
        raise SourceFailed(word, mask(str(cause))) from cause
    except SourceFailed:
        if container is not None:
            container.close()
        raise


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
