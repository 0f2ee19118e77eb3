"""Log set-up and the mask that keeps secrets out of everything printed, logged, stored or sent on."""

from __future__ import annotations

import logging
import re
import sys
from pathlib import Path

_USER_INFO = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{0,31}://)(?P<user>[^\s:/?#]*):(?P<secret>[^\s]*)@")
_NAMED_SECRET = re.compile(r"(?i)\b(password|passwd|pwd|token|secret|key|access_token)=([^&\s\"']+)")


def mask(text: str) -> str:
    """Return `text` with the password of every URL in it, and every `password=…` like parameter, replaced by `***`."""
    text = _USER_INFO.sub(lambda found: f"{found['scheme']}{found['user']}:***@", text)
    return _NAMED_SECRET.sub(r"\1=***", text)


class _Masked(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return mask(super().format(record))


def set_up(level: str = "WARNING", file: Path | None = None) -> None:
    """Send logs to stderr, or to `file` for a detached desk. Call once, from a composition root."""
    handler: logging.Handler = logging.StreamHandler(sys.stderr) if file is None else logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(_Masked("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
