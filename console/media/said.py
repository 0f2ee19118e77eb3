"""What a camera really said while one try to open it ran: FFmpeg's own error is coarser, and the relay knows it exactly."""

from __future__ import annotations

from dataclasses import dataclass

from console.model.login import FAULT_DETAILS
from console.model.wall import FeedError


class CameraFailed(Exception):
    """The camera cannot be used: the contract's `word` and, where more is known, a key of `model.login.FAULT_DETAILS`."""

    def __init__(self, word: FeedError, detail: str = "") -> None:
        super().__init__(f"{word}: {detail}" if detail else word)
        self.word: FeedError = word
        self.detail = detail


@dataclass(slots=True)
class Said:
    """One per try. The relay's thread writes it, each field once; the feed's thread reads it when FFmpeg has given up.

    `detail` of a feed that plays is `unverified` or "". `has_media` is None where the media does not pass the relay (UDP).
    """

    word: FeedError | None = None
    detail: str = ""
    is_playing: bool = False
    has_media: bool | None = False
    alone: tuple[str, float] | None = None
    """Set where FFmpeg opened the camera without the relay: its address, and when (seconds, monotonic)."""

    def fail(self, word: FeedError, detail: str = "") -> None:
        """Keep the first failure: what follows is only its consequence."""
        if self.word is None:
            self.detail, self.word = detail, word


def failure_for(status: int) -> CameraFailed:
    """What a camera's refusal means. Source: RFC 2326 clause 11 (status codes)."""
    detail = {403: "forbidden", 453: "camera_full", 503: "camera_full", 461: "transport"}.get(status, "")
    if detail:
        return CameraFailed(FAULT_DETAILS[detail], detail)
    if status == 401:
        return CameraFailed("auth")
    if status in (404, 410):
        return CameraFailed("not_found")
    if status in (408, 504):
        return CameraFailed("timeout")
    if 300 <= status < 400:
        return CameraFailed("unreachable", "redirected")
    return CameraFailed("bad_stream", "camera_error" if status >= 500 else "refused")
