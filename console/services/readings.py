"""How Chinese characters sound: every reading of a character, without tones, from the pypinyin package's table.

In: a character. Out: its readings, most usual first, empty for what has none. Any thread; the table is loaded on first use.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any


@cache
def _library() -> Any:
    # The library's own switch (its docs, "environment variables"): its table of phrases is not for single characters, and
    # costs 47 MB and 0.2 s (measured).
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    import pypinyin

    return pypinyin


@cache
def readings(character: str) -> tuple[str, ...]:
    """Every reading of one character in lower-case letters: 重 → zhong, chong, tong; ü may be typed v or u (绿 → lv, lu)."""
    if ord(character) < 0x2E80:
        return ()
    library = _library()
    found = library.pinyin(character, style=library.Style.NORMAL, heteronym=True, errors="ignore")
    plain = [one for one in (found[0] if found else []) if one.isascii() and one.isalpha()]
    return tuple(dict.fromkeys(form for one in plain for form in (one, one.replace("v", "u"))))


def sort_key(text: str) -> tuple[str, ...]:
    """What puts names in the order a Chinese reader looks for them: by sound, letters and digits first."""
    return tuple(first[0] if (first := readings(letter)) else letter for letter in text.lower())
