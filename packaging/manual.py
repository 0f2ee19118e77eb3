"""Write the manual's generated pages from the program's own tables: settings.md and keyboard.md in both languages.

Run `.venv/bin/python packaging/manual.py` after a setting or a key has changed; a test fails until it was.
"""

from __future__ import annotations

import sys
from pathlib import Path

from console import words
from console.paths import resources
from console.settings import TABLE, Setting
from console.words import tr

FOLDERS = {"zh_CN": "zh", "en": "en"}


def settings_page() -> str:
    """The page of all settings in the chosen language."""
    lines = [f"# {tr('manual.settings')}", "", tr("manual.settings_text"), ""]
    lines += [
        f"| {tr('manual.setting')} | {tr('manual.default')} | {tr('manual.allowed')} | {tr('manual.meaning')} |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| `{setting.key}` | {_value(setting.default)} | {_allowed(setting)} | {tr('manual.meaning.' + setting.key)} |"
        for setting in TABLE
    ]
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    if value == "":
        return tr("manual.empty")
    return f"`{str(value).lower() if isinstance(value, bool) else format(value, 'g') if isinstance(value, float) else value}`"


def _allowed(setting: Setting) -> str:
    if setting.choices:
        return " · ".join(f"`{choice}`" for choice in setting.choices)
    if isinstance(setting.default, bool):
        return "`true` · `false`"
    if setting.low is not None and setting.high is not None:
        return f"{setting.low:g} – {setting.high:g}"
    return ""


def keyboard_page() -> str:
    """The page of all keys in the chosen language; F1 shows the same table under every page."""
    from console.ui import keys

    lines = [
        f"# {tr('manual.keyboard')}",
        "",
        tr("manual.keyboard_text"),
        "",
        f"| {tr('help.key')} | {tr('help.act')} |",
        "|---|---|",
    ]
    lines.append(f"| F9 | {tr('keys.one_key')} |")
    lines += [f"| {' · '.join(act.keys)} | {tr(f'keys.{act.name}')} |" for act in (*keys.ACTS, *keys.ON_TILE)]
    return "\n".join([*lines, "", tr("manual.map_keys")]) + "\n"


def pages() -> dict[Path, str]:
    """Every generated file and what it must hold."""
    before, found = words.chosen(), {}
    try:
        for language, folder in FOLDERS.items():
            words.choose(language)
            found[resources("manual", folder, "settings.md")] = settings_page()
            found[resources("manual", folder, "keyboard.md")] = keyboard_page()
    finally:
        words.choose(before)
    return found


if __name__ == "__main__":
    for file, text in pages().items():
        file.write_text(text, encoding="utf-8")
    sys.exit(0)
