"""A picture is kept whole under its one name, below the data folder and nowhere else."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from console.errors import BadInput, Unavailable
from console.store.clips import Saved, locate, save, sha256_of


def test_a_still_is_kept_and_found_again(tmp_path: Path) -> None:
    saved = save(tmp_path, "stills", "C-1 事件.jpg", b"picture")
    assert saved == Saved("stills/C-1 事件.jpg", hashlib.sha256(b"picture").hexdigest())
    assert locate(tmp_path, saved.file).read_bytes() == b"picture"
    assert sha256_of(locate(tmp_path, saved.file)) == saved.sha256
    assert [file.name for file in (tmp_path / "stills").iterdir()] == ["C-1 事件.jpg"]


def test_the_same_again_is_the_same_and_other_content_is_refused(tmp_path: Path) -> None:
    first = save(tmp_path, "stills", "a.jpg", b"picture")
    assert save(tmp_path, "stills", "a.jpg", b"picture") == first
    with pytest.raises(BadInput, match="other content"):
        save(tmp_path, "stills", "a.jpg", b"another")


@pytest.mark.parametrize(
    "file", ["../a", "stills/../a", "stills/", "stills", "/etc/passwd", "other/a", "stills/.a", "stills/a/b", ""]
)
def test_no_name_leaves_the_folder(tmp_path: Path, file: str) -> None:
    with pytest.raises(BadInput):
        locate(tmp_path, file)


def test_a_disk_that_will_not_serve_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "stills").write_text("a file where the folder should be")
    with pytest.raises(Unavailable, match="cannot keep"):
        save(tmp_path, "stills", "a.jpg", b"picture")
