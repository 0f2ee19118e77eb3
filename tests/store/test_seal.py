"""The signing key is made once, for its owner only, and old public keys stay."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from console.errors import BadInput, Unavailable
from console.store.seal import PRIVATE, Seal, is_signed, key_id, known_keys, public_key


def test_a_key_is_made_at_first_use_and_kept(tmp_path: Path) -> None:
    first, second = Seal(tmp_path / "keys"), Seal(tmp_path / "keys")
    assert first.key == second.key
    public = known_keys(tmp_path / "keys")[first.key]
    assert is_signed(public, b"words", second.sign(b"words"))
    assert not is_signed(public, b"other words", first.sign(b"words"))
    assert key_id(public_key(first.public_pem)) == first.key


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX rights")
def test_the_private_key_is_for_its_owner_only(tmp_path: Path) -> None:
    Seal(tmp_path / "keys")
    assert stat.S_IMODE((tmp_path / "keys" / PRIVATE).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert [file.name for file in (tmp_path / "keys").iterdir() if file.name.startswith(".")] == []


def test_a_broken_or_foreign_key_file_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / PRIVATE).write_bytes(b"not a key")
    with pytest.raises(BadInput, match="not a private key"):
        Seal(tmp_path)
    (tmp_path / "x.pub.pem").write_bytes(b"not a key")
    assert known_keys(tmp_path) == {}


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="signing key"):
        Seal(tmp_path / "file" / "keys")
    assert known_keys(tmp_path / "file" / "keys") == {}
