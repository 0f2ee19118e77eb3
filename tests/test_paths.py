"""Paths: the data folder's names, its rights, and a socket path that fits into a Unix socket's 107 bytes."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from console import paths
from console.paths import DataFolder


def test_resources_are_found() -> None:
    assert paths.resources("i18n").is_dir()


def test_the_demo_has_a_folder_of_its_own() -> None:
    assert paths.default_data(demo=True) != paths.default_data(demo=False)


def test_keys_live_outside_the_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIANDONG_KEYS")

    assert not paths.keys_folder().is_relative_to(paths.default_data(demo=False))


def test_a_created_folder_is_private(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "deep" / "data")

    folder.create()
    folder.create()

    assert stat.S_IMODE(folder.root.stat().st_mode) == 0o700
    assert folder.stills.is_dir()
    assert folder.clips.is_dir()


@pytest.mark.parametrize("depth", [1, 30])
def test_the_local_socket_fits(tmp_path: Path, depth: int) -> None:
    folder = DataFolder(tmp_path.joinpath(*["deep"] * depth))

    assert len(os.fsencode(folder.local_socket)) < 108


def test_two_deep_folders_have_two_sockets(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["deep"] * 30)

    assert DataFolder(deep / "a").local_socket != DataFolder(deep / "b").local_socket
