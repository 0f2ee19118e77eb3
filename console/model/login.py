"""Why a camera could not be opened, finer than the contract's six words: `FeedHealth.detail` beside `FeedHealth.error`.

Pure values: media writes them, the tile says them (`wall.detail.*`, and `wall.todo.*` for what to do about it).
"""

from __future__ import annotations

from typing import Final

from console.model.wall import FeedError

UNVERIFIED: Final = "unverified"
"""The detail of a feed that plays, but whose certificate the operator told us not to check."""

FAULT_DETAILS: Final[dict[str, FeedError]] = {
    "camera_full": "unreachable",
    "no_media": "timeout",
    "password_needed": "auth",
    "forbidden": "auth",
    "login_unknown": "auth",
    "unknown_name": "unreachable",
    "certificate_unknown": "unreachable",
    "certificate_self_signed": "unreachable",
    "certificate_expired": "unreachable",
    "certificate_wrong_name": "unreachable",
    "certificate_not_pinned": "unreachable",
    "no_tls": "unreachable",
    "redirected": "unreachable",
    "transport": "bad_stream",
    "no_video": "bad_stream",
    "camera_error": "bad_stream",
    "refused": "bad_stream",
    "bad_answer": "bad_stream",
    "option": "bad_stream",
}
"""Each detail of a failure and the contract's word it belongs to; the tile says the detail in place of the word."""
