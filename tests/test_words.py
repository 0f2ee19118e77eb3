"""Both languages are always complete, every text used in the code exists, and no Chinese text hides in the code."""

from __future__ import annotations

import ast
import functools
import re
import string
from pathlib import Path

import pytest

from console import words

CONSOLE = Path(__file__).parents[1] / "console"
FILES = sorted(CONSOLE.rglob("*.py"))
CJK = re.compile(r"[\u3000-\u303f\u3400-\u4dbf\u4e00-\u9fff\uff01-\uff5e]")
OWN_NAME = "联动"

# Characters that are data, not words an operator reads: what the outside sends us, and what is recognised in it.
CJK_IS_DATA = {"model/heading.py", "store/rows.py"}
LANGUAGE_NAMES = {"keys.language"}


def fields_of(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@functools.cache
def trees() -> list[tuple[Path, ast.Module]]:
    return [(file, ast.parse(file.read_text(encoding="utf-8"))) for file in FILES]


def literal_keys() -> dict[str, str]:
    """Every key written out in a call of tr(…) or in_language(language, …) → where it stands."""
    found: dict[str, str] = {}
    for file, tree in trees():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            place = {"tr": 0, "in_language": 1}.get(name)
            if place is None or len(node.args) <= place:
                continue
            key = node.args[place]
            branches = [key.body, key.orelse] if isinstance(key, ast.IfExp) else [key]
            for branch in branches:
                if isinstance(branch, ast.Constant) and isinstance(branch.value, str):
                    found[branch.value] = f"{file.relative_to(CONSOLE)}:{node.lineno}"
    return found


def test_there_are_texts_in_both_languages() -> None:
    assert all(words.texts(language) for language in words.LANGUAGES)


def test_both_languages_have_the_same_keys() -> None:
    chinese, english = (words.texts(language) for language in words.LANGUAGES)

    assert sorted(set(chinese) ^ set(english)) == []


def test_both_languages_fill_in_the_same_fields() -> None:
    chinese, english = (words.texts(language) for language in words.LANGUAGES)

    assert [key for key in chinese if key in english and fields_of(chinese[key]) != fields_of(english[key])] == []


def test_english_texts_hold_no_chinese() -> None:
    # A legend or a badge shows the character itself; everything else would be a forgotten translation.
    shown_as_is = [
        key
        for key, text in words.texts("en").items()
        if CJK.search(text.replace(OWN_NAME, "")) and len(text) > 4 and key not in LANGUAGE_NAMES
    ]

    assert shown_as_is == []


def test_every_text_used_in_the_code_exists() -> None:
    known = words.texts("en")

    assert {key: where for key, where in literal_keys().items() if key not in known} == {}


def test_no_chinese_text_stands_in_the_code() -> None:
    found = []
    for file, tree in trees():
        if str(file.relative_to(CONSOLE)) in CJK_IS_DATA:
            continue
        documentation = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        # A string standing alone documents the name above it.
        documentation |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        found += [
            f"{file.relative_to(CONSOLE)}:{node.lineno}: {node.value[:30]!r}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in documentation
            and CJK.search(node.value.replace(OWN_NAME, ""))
        ]
    assert found == []


def test_an_unknown_key_shows_itself() -> None:
    assert words.tr("no.such.text", count=3) == "no.such.text"


def test_an_unknown_language_is_our_bug() -> None:
    with pytest.raises(ValueError, match="zh_CN, en"):
        words.choose("de")


def test_choosing_a_language_changes_the_answers() -> None:
    before = words.chosen()
    key = next(iter(sorted(words.texts("en"))))
    try:
        words.choose("en")
        assert words.tr(key) == words.texts("en")[key]
        words.choose("zh_CN")
        assert words.tr(key) == words.texts("zh_CN")[key]
    finally:
        words.choose(before)
