"""The three kinds of failure that are not our bug: say whose fault it is and what happens next."""

from __future__ import annotations


class LiandongError(Exception):
    """Base of every failure we foresee; anything else that rises is a bug of ours."""


class Refused(LiandongError):
    """Our rules say no. `code` names a text in the words table (`refused.<code>`), `fields` fill it."""

    def __init__(self, code: str, **fields: object) -> None:
        super().__init__(code + (f" {fields}" if fields else ""))
        self.code = code
        self.fields: dict[str, object] = fields


class BadInput(LiandongError):
    """The outside sent nonsense: quarantine it, count it, go on.

    `what` is wrong, `where` it stood (file and line, field, topic), `todo` is what the sender can do.
    """

    def __init__(self, what: str, where: str = "", todo: str = "") -> None:
        super().__init__(": ".join(part for part in (where, what) if part) + (f" ({todo})" if todo else ""))
        self.what, self.where, self.todo = what, where, todo


class Unavailable(LiandongError):
    """The world is not there just now (broker, disk, camera): try again later, with back-off."""
