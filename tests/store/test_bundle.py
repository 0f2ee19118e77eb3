"""The sealed zip has one form only: other zip programs read it, and no bit of it changes unseen (faults.md D75)."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest

from console.errors import BadInput
from console.store.bundle import BundleReader, BundleWriter, is_member_name


def _sealed(path: Path, **members: bytes) -> Path:
    with path.open("w+b") as file:
        writer = BundleWriter(file)
        for name, content in members.items():
            writer.add(name.replace("__", "/"), [content])
        writer.finish()
    return path


def _refused(path: Path, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        BundleReader(path).close()


def test_members_come_back_in_order(tmp_path: Path) -> None:
    path = _sealed(tmp_path / "a.zip", b=b"one\ntwo\n", stills__图=b"\x00\xff", empty=b"")
    reader = BundleReader(path)
    assert list(reader.members) == ["b", "stills/图", "empty"]
    assert reader.read("stills/图", 10) == b"\x00\xff"
    assert list(reader.lines("b")) == [b"one", b"two"]
    with pytest.raises(BadInput, match="larger than 1 bytes"):
        reader.read("b", 1)
    with pytest.raises(BadInput, match="no c"):
        reader.read("c", 1)
    reader.close()


def test_other_zip_programs_read_it(tmp_path: Path) -> None:
    path = _sealed(tmp_path / "a.zip", b=b"one", stills__图=b"two")
    with zipfile.ZipFile(path) as other:
        assert other.testzip() is None
        assert other.namelist() == ["b", "stills/图"]
        assert other.read("stills/图") == b"two"


def test_the_same_members_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = (_sealed(tmp_path / name, a=b"x", b=b"y") for name in ("1.zip", "2.zip"))
    assert first.read_bytes() == second.read_bytes()


def test_every_single_flipped_bit_and_every_cut_is_noticed(tmp_path: Path) -> None:
    path = _sealed(tmp_path / "a.zip", a=b"content", stills__b=b"", c=b"more")
    honest = path.read_bytes()
    for position in range(len(honest)):
        for bit in range(8):
            changed = bytearray(honest)
            changed[position] ^= 1 << bit
            path.write_bytes(changed)
            with pytest.raises(BadInput):
                BundleReader(path).close()
        path.write_bytes(honest[:position])
        with pytest.raises(BadInput):
            BundleReader(path).close()


@pytest.mark.parametrize("added", [b"\0", b"PK\x05\x06" + bytes(18), b"comment"])
def test_bytes_behind_or_before_it_are_noticed(tmp_path: Path, added: bytes) -> None:
    path = _sealed(tmp_path / "a.zip", a=b"content")
    honest = path.read_bytes()
    path.write_bytes(honest + added)
    _refused(path, "does not fit")
    path.write_bytes(added + honest)
    _refused(path, "not a sealed bundle")


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "/etc/passwd",
        "stills/../x",
        "a/b",
        "stills/",
        "",
        ".",
        "..",
        "stills/.hidden",
        "a\\b",
        "a\nb",
        "x" * 65,
        "stills/a/b",
        " a",
    ],
)
def test_a_name_that_leaves_the_folder_is_no_name(tmp_path: Path, name: str) -> None:
    assert not is_member_name(name)
    with pytest.raises(BadInput):
        BundleWriter(io.BytesIO()).add(name, [b""])
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as other:
        other.writestr(zipfile.ZipInfo(name or "x/y"), b"x")
    with pytest.raises(BadInput):
        BundleReader(tmp_path / "a.zip").close()


def test_a_name_that_comes_twice_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "a.zip").open("w+b") as file:
        writer = BundleWriter(file)
        writer.add("a", [b"1"])
        with pytest.raises(BadInput):
            writer.add("a", [b"2"])
        writer.add("b", [b"2"])
        writer.finish()
    path = tmp_path / "a.zip"
    path.write_bytes(path.read_bytes().replace(b"b2", b"a2"))
    _refused(path, "comes twice")


def test_a_zip_bomb_is_refused_unopened(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as other:
        other.writestr("manifest.json", bytes(50_000_000))
    _refused(tmp_path / "a.zip", "packed by another program")


def test_a_header_that_promises_more_than_there_is_is_a_cut(tmp_path: Path) -> None:
    path = _sealed(tmp_path / "a.zip", a=b"content")
    content = bytearray(path.read_bytes())
    content[18:26] = struct.pack("<II", 4_000_000_000, 4_000_000_000)
    path.write_bytes(content)
    _refused(path, "cut inside a")


@pytest.mark.parametrize("content", [b"", b"P", b"PK\x03\x04", b"%PDF-1.7 not a zip at all", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_bundle_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(BadInput):
        BundleReader(tmp_path / "a.zip").close()
