"""Every text an operator reads, in Simplified Chinese and English: `tr("grade.red")`.

Texts live in `resources/i18n/<language>/*.toml`, one file per owner; the key is the dotted table path inside the file,
so two files must not define the same key. A test holds both languages complete and every key used in code present.
"""

from __future__ import annotations

import tomllib
from functools import cache

from console.paths import resources

LANGUAGES = ("zh_CN", "en")
_chosen = "zh_CN"


def choose(language: str) -> None:
    """Make `language` (one of `LANGUAGES`) the one `tr` answers in, from now on, for the whole process."""
    global _chosen
    if language not in LANGUAGES:
        raise ValueError(f"unknown language {language!r}: one of {', '.join(LANGUAGES)}")
    _chosen = language


def chosen() -> str:
    """The language in use."""
    return _chosen


def _flatten(table: dict[str, object], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            flat.update(_flatten(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = str(value)
    return flat


@cache
def texts(language: str) -> dict[str, str]:
    """All texts of a language, key → text with `{field}` places."""
    found: dict[str, str] = {}
    for file in sorted(resources("i18n", language).glob("*.toml")):
        for key, text in _flatten(tomllib.loads(file.read_text(encoding="utf-8"))).items():
            if key in found:
                raise ValueError(f"{file.name}: text {key!r} is defined twice")
            found[key] = text
    return found


def tr(key: str, /, **fields: object) -> str:
    """The text of `key` in the chosen language with its fields filled in. An unknown key shows itself: ugly, never a crash."""
    text = texts(_chosen).get(key, key)
    try:
        return text.format(**fields) if fields else text
    except (KeyError, IndexError, ValueError):
        return text


def in_language(language: str, key: str, /, **fields: object) -> str:
    """The text of `key` in `language`, whatever is chosen (for texts sent to others)."""
    text = texts(language).get(key, key)
    return text.format(**fields) if fields else text
