"""The manual: both languages have the same pages, no link leads nowhere, and the generated pages are those of today's tables."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from console import words
from console.paths import resources
from console.settings import TABLE

TOP = Path(__file__).parents[1]
PAGES = sorted(resources("manual").rglob("*.md"))


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("manual_maker", TOP / "packaging" / "manual.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_both_languages_have_the_same_pages() -> None:
    chinese, english = ({page.name for page in resources("manual", folder).glob("*.md")} for folder in ("zh", "en"))

    assert len(english) > 10
    assert chinese == english


@pytest.mark.parametrize("page", [*PAGES, TOP / "README.md"], ids=lambda page: f"{page.parent.name}-{page.stem}")
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))

    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


def test_generated_pages_are_up_to_date(maker: ModuleType) -> None:
    stale = [str(file) for file, text in maker.pages().items() if not file.is_file() or file.read_text(encoding="utf-8") != text]

    assert stale == [], "run .venv/bin/python packaging/manual.py"


def test_every_setting_is_explained_in_both_languages() -> None:
    missing = [
        f"{language} {setting.key}"
        for language in words.LANGUAGES
        for setting in TABLE
        if f"manual.meaning.{setting.key}" not in words.texts(language)
    ]

    assert missing == []
