"""Settings: one table, three sources (defaults, the folder's file, --set), and errors that name the key."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.errors import BadInput
from console.settings import TABLE, Settings, load


def test_without_a_file_every_setting_has_its_default(tmp_path: Path) -> None:
    settings = load(tmp_path / "absent.toml")

    assert {setting.key: settings.get(setting.key) for setting in TABLE} == {setting.key: setting.default for setting in TABLE}


def test_the_file_is_read_and_an_override_wins(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('[centre]\ncode = "A1"\n[near]\nradius_m = 800\n', encoding="utf-8")

    settings = load(file, ["near.radius_m=750.5", "console.sound=off"])

    assert settings.get("centre.code") == "A1"
    assert settings.get("near.radius_m") == 750.5
    assert settings.get("console.sound") is False


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("near.radius_m", "has no ="),
        ("near.radius_m=far", "near.radius_m must be float"),
        ("near.radius_m=nan", "between 50 and 20000"),
        ("near.radius_m=1", "between 50 and 20000"),
        ("near.radius=1", "did you mean near.radius_m"),
        ("console.language=fr", "one of zh_CN, en"),
        ("console.sound=loud", "console.sound must be bool"),
        ("wall.layout=2.5", "wall.layout must be int"),
    ],
)
def test_a_bad_override_says_what_and_where(override: str, words: str) -> None:
    with pytest.raises(BadInput, match=words) as failure:
        load(None, [override])
    assert str(failure.value).startswith("--set")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[centre\n", "not a TOML file"),
        (b"\xff\xfe[centre]", "not a TOML file"),
        (b"code = 1\n", "outside a section"),
        (b"[centre]\nkode = 1\n", "no setting 'centre.kode'"),
        (b"[console]\nsound = 3\n", "console.sound must be bool"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_bytes(content)

    with pytest.raises(BadInput, match=words) as failure:
        load(file)
    assert "settings.toml" in str(failure.value)


def test_values_can_be_handed_to_a_child_process() -> None:
    assert Settings({"near.limit": 4}).all()["near.limit"] == 4


@pytest.mark.parametrize("setting", TABLE, ids=lambda setting: setting.key)
def test_every_setting_explains_itself_and_its_default_is_allowed(setting: object) -> None:
    assert setting.help  # type: ignore[attr-defined]
    assert setting.key.count(".") == 1  # type: ignore[attr-defined]
    Settings({setting.key: setting.default})  # type: ignore[attr-defined]
