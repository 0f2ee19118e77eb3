"""The one rule for identifiers that reach topics, paths and tables: who breaks it is quarantined."""

from __future__ import annotations

import re
import unicodedata

from console.errors import BadInput

LONGEST = 64
_PLAIN = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_FORBIDDEN = frozenset("/+#\\")


def checked_id(text: str) -> str:
    """Return `text` without surrounding blanks when it may be an id.

    1–64 characters, none of `/ + # \\`, no control, format or line-separating character, not `.` or `..` (contracts.md,
    "ids"). Raises BadInput saying which rule is broken.
    """
    if _PLAIN.fullmatch(text) and text not in (".", ".."):
        return text
    found = text.strip()
    if not found:
        raise BadInput("id is empty")
    if len(found) > LONGEST:
        raise BadInput(f"id has {len(found)} characters, at most {LONGEST} are allowed")
    if found in (".", ".."):
        raise BadInput(f"id must not be {found!r}")
    for letter in text.strip(" \t"):
        if letter in _FORBIDDEN:
            raise BadInput(f"id must not contain {letter!r}")
        if unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
            raise BadInput(f"id must not contain the control character U+{ord(letter):04X}")
    return found
