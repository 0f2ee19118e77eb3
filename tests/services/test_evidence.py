"""A bundle proves one incident by itself; one flipped bit anywhere is found (faults.md D59, D63, D64, D75)."""

from __future__ import annotations

import hashlib
import json
import random
import resource
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from console.errors import BadInput, Unavailable
from console.model import commands as cmd
from console.model.state import incident_hash
from console.model.unit import Fix
from console.services import bundle
from console.services.evidence import export, verify
from console.store import clips
from console.store.bundle import BundleReader, BundleWriter
from console.store.seal import PRIVATE, Seal
from console.store.tracks import Tracks
from tests.story import Story

INCIDENT = "I000001"


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`data`: an incident of every kind of entry among others, with stills and tracks; `keys`; `out.zip`: its bundle."""
    folder = tmp_path_factory.mktemp("day")
    data = folder / "data"
    data.mkdir()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LIANDONG_KEYS", str(folder / "keys"))
        story = Story(data)
        story.begin(exercise=True)
        story.report(0)
        orders = story.dispatch(INCIDENT)
        tracks = Tracks(data)
        now = story.clock.now_ns()
        tracks.append([Fix("U-1", 104.8, 30.4, now + 10**9 * s, now + 10**9 * s, 5.0) for s in range(5)])
        tracks.append([Fix("U-9", 104.9, 30.5, now, now, 5.0)])
        tracks.close()
        saved = clips.save(data, "stills", "a.jpg", b"\xff\xd8 picture " * 99)
        story.tell(cmd.SaveStill("C-1", saved.file, saved.sha256, INCIDENT))
        clip, note = clips.save(data, "clips", "c.mp4", b"movie" * 99), clips.save(data, "clips", "c.json", b"{}")
        story.tell(cmd.SaveClip("C-1", clip.file, clip.sha256, INCIDENT, 1, 2, note=note.file, note_sha256=note.sha256))
        list(story.muddle(seed=11, steps=120))
        story.receipt(orders[0], "on_terminal")
        story.tell(cmd.CloseIncident(INCIDENT))
        story.close()
        export(data, INCIDENT, folder / "out.zip", clock=story.clock)
    return folder


@pytest.fixture(autouse=True)
def keys(tmp_path: Path, day: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(day / "keys", tmp_path / "keys")
    monkeypatch.setenv("LIANDONG_KEYS", str(tmp_path / "keys"))
    return tmp_path / "keys"


@pytest.fixture
def data(tmp_path: Path, day: Path) -> Path:
    shutil.copytree(day / "data", tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def sealed(tmp_path: Path, day: Path) -> Path:
    shutil.copy(day / "out.zip", tmp_path / "sealed.zip")
    return tmp_path / "sealed.zip"


def _manifest(path: Path) -> dict:
    with zipfile.ZipFile(path) as opened:
        return json.loads(opened.read("manifest.json"))


def test_a_bundle_holds_the_incident_and_proves_it(data: Path, tmp_path: Path) -> None:
    result = export(data, INCIDENT, tmp_path / "out.zip")

    assert verify(tmp_path / "out.zip") == {
        "ok": True, "files": result["files"], "problems": [], "notes": [], "incident": INCIDENT,
    }  # fmt: skip
    with zipfile.ZipFile(tmp_path / "out.zip") as opened:
        names = opened.namelist()
        lines = [json.loads(line) for line in opened.read("entries.jsonl").splitlines()]
        tracks = [json.loads(line) for line in opened.read("tracks.jsonl").splitlines()]
        readme = opened.read("README.txt").decode()
    assert {"README.txt", "SHA256SUMS", "chain.jsonl", "orders.json", "stills/a.jpg", "manifest.sig"} <= set(names)
    assert {"clips/c.mp4", "clips/c.json"} <= set(names)
    assert {"IncidentReported", "OrderIssued", "ReceiptRecorded", "StillSaved", "IncidentClosed"} <= {e["kind"] for e in lines}
    assert {fix["unit"] for fix in tracks} == {"U-1"}
    assert "封存证据包" in readme
    manifest = _manifest(tmp_path / "out.zip")
    assert manifest["exercise"] is True
    assert manifest["head"]["seq"] == manifest["chain"]["last_seq"]
    story = Story(data)
    assert manifest["state_hash"] == result["state_hash"] == incident_hash(story.state, INCIDENT)
    story.close()


@pytest.mark.parametrize("name", ["c.mp4", "c.json"])
def test_a_clip_that_was_changed_on_the_disk_is_told_by_verify(data: Path, tmp_path: Path, name: str) -> None:
    (data / "clips" / name).write_bytes(b"another")
    export(data, INCIDENT, tmp_path / "changed.zip")

    proof = verify(tmp_path / "changed.zip")
    assert not proof["ok"] and f"clips/{name} is not the file that was saved" in proof["problems"][0]


def test_other_incidents_bodies_stay_out_of_it(data: Path, sealed: Path) -> None:
    content = sealed.read_bytes()
    story = Story(data)
    titles = [incident.title for key, incident in story.state.incidents.items() if key != INCIDENT]
    story.close()
    assert len(titles) > 3
    assert not any(f'"{title}"'.encode() in content for title in titles)


def test_the_recipe_in_the_readme_works_with_openssl_and_sha256sum(sealed: Path, tmp_path: Path) -> None:
    """faults.md D63: opened on a PC without our program."""
    if not shutil.which("openssl") or not shutil.which("sha256sum"):
        pytest.skip("no openssl or sha256sum here")
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(sealed) as opened:
        opened.extractall(folder)
    signature = "openssl pkeyutl -verify -pubin -inkey key.pub.pem -rawin -in manifest.json -sigfile manifest.sig"
    assert signature in (folder / "README.txt").read_text(encoding="utf-8")
    assert subprocess.run(signature.split(), cwd=folder, capture_output=True, check=False).returncode == 0
    assert subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=folder, capture_output=True, check=False).returncode == 0
    number = "openssl pkey -pubin -in key.pub.pem -outform DER | tail -c 32 | sha256sum"
    told = subprocess.run(number, shell=True, cwd=folder, capture_output=True, check=True).stdout
    assert told.decode()[:16] == _manifest(sealed)["key"]
    entry = json.loads((folder / "entries.jsonl").read_text(encoding="utf-8").splitlines()[0])
    link = json.loads((folder / "chain.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert hashlib.sha256(bytes.fromhex(entry["salt"]) + entry["body"].encode()).hexdigest() == link["digest"]


@pytest.mark.slow
def test_one_flipped_bit_anywhere_is_found(sealed: Path) -> None:
    honest = sealed.read_bytes()
    chance = random.Random(1)
    with zipfile.ZipFile(sealed) as opened:
        starts = [info.header_offset + k for info in opened.infolist() for k in (0, 6, 14, 26, 31)]
    for position in [*starts, *(chance.randrange(len(honest)) for _ in range(60)), *range(len(honest) - 22, len(honest))]:
        changed = bytearray(honest)
        changed[position] ^= 1 << chance.randrange(8)
        sealed.write_bytes(changed)
        proof = verify(sealed)
        assert not proof["ok"], position
        assert proof["problems"]


@pytest.mark.parametrize("left", [0, 3, 100, 0.3, 0.9, 0.999])
def test_a_cut_bundle_is_a_problem_not_a_traceback(sealed: Path, left: float) -> None:
    content = sealed.read_bytes()
    sealed.write_bytes(content[: int(left if left > 1 else left * len(content))])
    assert not verify(sealed)["ok"]


def test_no_file_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        verify(tmp_path / "nothing.zip")


def _resealed(sealed: Path, change: Callable[[dict[str, bytes]], None], seal: Seal | None = None) -> Path:
    """Unpack, change, list and sign anew with the right form: what one who has the program, but not the key, could make."""
    reader = BundleReader(sealed)
    members = {name: reader.read(name, 1 << 30) for name in reader.members}
    reader.close()
    change(members)
    manifest = json.loads(members["manifest.json"])
    if seal is not None:
        members["key.pub.pem"], manifest["key"] = seal.public_pem, seal.key
    inner = {name: content for name, content in members.items() if name not in ("manifest.json", "manifest.sig", "SHA256SUMS")}
    if "SHA256SUMS" in members:
        members["SHA256SUMS"] = "".join(f"{hashlib.sha256(c).hexdigest()}  {n}\n" for n, c in inner.items()).encode()
        inner["SHA256SUMS"] = members["SHA256SUMS"]
    if seal is not None:
        manifest["files"] = [{"name": n, "sha256": hashlib.sha256(c).hexdigest(), "bytes": len(c)} for n, c in inner.items()]
        members["manifest.json"] = json.dumps(manifest, ensure_ascii=False).encode()
        members["manifest.sig"] = seal.sign(members["manifest.json"])
    with sealed.open("w+b") as file:
        writer = BundleWriter(file)
        for name, content in members.items():
            writer.add(name, [content])
        writer.finish()
    return sealed


def _edit(name: str, old: bytes, new: bytes) -> Callable[[dict[str, bytes]], None]:
    def change(members: dict[str, bytes]) -> None:
        assert old in members[name]
        members[name] = members[name].replace(old, new, 1)

    return change


def _drop_entry(members: dict[str, bytes]) -> None:
    lines = members["entries.jsonl"].splitlines(keepends=True)
    members["entries.jsonl"] = b"".join(lines[:-1])


def _drop_link(members: dict[str, bytes]) -> None:
    lines = members["chain.jsonl"].splitlines(keepends=True)
    del lines[len(lines) // 2]
    members["chain.jsonl"] = b"".join(lines)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_edit("entries.jsonl", b"wang@seat1", b"li@seat1"), "entries.jsonl was changed"),
        (lambda members: members.pop("stills/a.jpg"), "stills/a.jpg is missing"),
        (lambda members: members.update({"extra.txt": b"x"}), "extra.txt is not listed"),
        (lambda members: members.pop("manifest.sig"), "no manifest.sig"),
        (lambda members: members.pop("manifest.json") and members.update({"manifest.json": b"[]"}), "signature"),
        (_edit("manifest.json", b'"exercise": true', b'"exercise": false'), "signature"),
    ],
)
def test_a_change_without_the_key_is_found(sealed: Path, change: Callable[[dict[str, bytes]], None], words: str) -> None:
    proof = verify(_resealed_as_is(sealed, change))
    assert any(words in problem for problem in proof["problems"]), proof


def _resealed_as_is(sealed: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    reader = BundleReader(sealed)
    members = {name: reader.read(name, 1 << 30) for name in reader.members}
    reader.close()
    change(members)
    with sealed.open("w+b") as file:
        writer = BundleWriter(file)
        for name, content in members.items():
            writer.add(name, [content])
        writer.finish()
    return sealed


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_edit("entries.jsonl", b"wang@seat1", b"li@seat1"), "does not fit the chain"),
        (_edit("entries.jsonl", "事件".encode(), "事情".encode()), "does not fit the chain"),
        (_edit("chain.jsonl", b"wang@seat1", b"li@seat1"), "does not fit the chain"),
        (_drop_entry, "shorter than the manifest"),
        (_drop_link, "where"),
        (_edit("orders.json", b'"U-1"', b'"U-7"'), "orders.json is not what the entries fold to"),
        (_edit("manifest.json", b'"state_hash": "', b'"state_hash": "0'), "do not fold"),
        (_edit("manifest.json", b'"format": 1', b'"format": 2'), "format 2"),
        (_edit("manifest.json", b'"entries"', b'"entr"'), "not written as a bundle is"),
        (_edit("entries.jsonl", b'"seq": ', b'"seq": 9'), "not in the chain"),
        (_edit("entries.jsonl", b"{", b"["), "not written as a bundle is"),
        (_edit("chain.jsonl", b"\n", b""), "not written as a bundle is"),
    ],
)
def test_a_change_sealed_anew_with_another_key_is_found(
    sealed: Path, tmp_path: Path, change: Callable[[dict[str, bytes]], None], words: str
) -> None:
    """faults.md D59: the chain built anew with another key."""
    proof = verify(_resealed(sealed, change, Seal(tmp_path / "other")))
    assert not proof["ok"]
    assert any(words in problem for problem in proof["problems"]), proof


def test_an_unknown_key_is_a_note_on_another_computer(sealed: Path, tmp_path: Path) -> None:
    proof = verify(sealed, keys=tmp_path / "none")
    assert proof["ok"]
    assert "does not know" in proof["notes"][0]


def test_a_key_changed_after_the_incident_still_proves_its_head(data: Path, keys: Path, tmp_path: Path) -> None:
    """faults.md D64."""
    (keys / PRIVATE).unlink()
    export(data, INCIDENT, tmp_path / "out.zip")
    assert verify(tmp_path / "out.zip")["ok"]
    with zipfile.ZipFile(tmp_path / "out.zip") as opened:
        assert "head.pub.pem" in opened.namelist()


def test_an_incident_can_be_exported_while_it_lives(data: Path, tmp_path: Path) -> None:
    """faults.md D63."""
    story = Story(data)
    incident = story.report(12345)
    story.dispatch(incident)

    result = export(data, incident, tmp_path / "out.zip")

    assert result["state_hash"] == incident_hash(story.state, incident)
    proof = verify(tmp_path / "out.zip")
    assert proof["ok"]
    assert "living journal" in proof["notes"][0]
    story.close()


def test_a_purged_body_is_told_and_the_chain_still_proves(data: Path, tmp_path: Path) -> None:
    """faults.md D62."""
    story = Story(data)
    story.tell(cmd.NoteIncident("I000001", "name of a citizen"))
    seq = story.journal.head()[0]
    story.journal.purge(seq)
    story.close()

    export(data, INCIDENT, tmp_path / "out.zip")

    assert b"name of a citizen" not in (tmp_path / "out.zip").read_bytes()
    proof = verify(tmp_path / "out.zip")
    assert proof["ok"]
    assert f"entry {seq} was purged" in proof["notes"][0]


def test_a_still_that_is_gone_is_named_and_does_not_stop_the_export(data: Path, tmp_path: Path) -> None:
    (data / "stills" / "a.jpg").unlink()
    result = export(data, INCIDENT, tmp_path / "out.zip")
    assert result["problems"] == ["stills/a.jpg is missing on disk"]
    assert _manifest(tmp_path / "out.zip")["missing"] == ["stills/a.jpg"]
    assert verify(tmp_path / "out.zip")["ok"]


def test_what_cannot_be_exported_is_said_in_plain_words(data: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no incident 'I999999'"):
        export(data, "I999999", tmp_path / "out.zip")
    with pytest.raises(BadInput, match="folder"):
        export(data, INCIDENT, tmp_path)
    with pytest.raises(BadInput, match="folder"):
        export(data, INCIDENT, tmp_path / "nowhere" / "out.zip")
    with pytest.raises(BadInput, match="no journal"):
        export(tmp_path / "nowhere", INCIDENT, tmp_path / "out.zip")
    assert not (tmp_path / "out.zip").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX file size limit")
def test_a_full_disk_leaves_the_older_file_and_no_half(data: Path, tmp_path: Path) -> None:
    """faults.md V63, D63."""
    target = tmp_path / "out"
    target.mkdir()
    (target / "out.zip").write_bytes(b"older")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
    try:
        with pytest.raises(Unavailable, match="the disk is full"):
            export(data, INCIDENT, target / "out.zip")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [(file.name, file.read_bytes()) for file in target.iterdir()] == [("out.zip", b"older")]


def test_the_same_journal_gives_the_same_bytes(data: Path, tmp_path: Path) -> None:
    story = Story(data)
    for name in ("1.zip", "2.zip"):
        export(data, INCIDENT, tmp_path / name, clock=story.clock)
    story.close()
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()
    assert _manifest(tmp_path / "1.zip")["program"] == bundle.PROGRAM
