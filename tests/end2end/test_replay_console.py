"""A bundle of a real desk's incident, played in the console's window: a picture, and nothing but a picture, comes of it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from PySide6.QtGui import QImage

from tests.end2end.house import Terminal, alive, incident_file, liandong, new_folder, peek, running, until


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A data folder whose desk has ended, and the sealed bundle of its one incident: reported, linked, ordered, answered."""
    place = tmp_path_factory.mktemp("lived")
    data = new_folder(place)
    with running(data):
        key = liandong("enrol", "P-01", data=data)[1]["key"]
        terminal = Terminal(data, "P-01", key).start()
        until("the terminal is welcome", lambda: terminal.welcomes)
        terminal.position(104.0661, 30.6601)
        code, _, error = liandong("report", incident_file(place), data=data)
        assert code == 0, error
        until("cameras are linked", lambda: any(one["kind"] == "CamerasLinked" for one in peek(data)))
        code, _, error = liandong("dispatch", "I000001", "--playbook", "red", data=data)
        assert code == 0, error
        until("the order is answered", lambda: any(one["body"].get("state") == "wilco" for one in peek(data)))
        terminal.stop()
    bundle = place / "case.zip"
    code, _, error = liandong("export", "I000001", bundle, data=data)
    assert code == 0, error
    return data, bundle


@pytest.fixture
def untouched(lived: tuple[Path, Path]) -> Iterator[None]:
    """Nothing of the data folder changes: no file, no byte, no time."""

    def seen() -> dict[str, tuple[int, str]]:
        return {
            str(file): (file.stat().st_mtime_ns, hashlib.sha256(file.read_bytes()).hexdigest())
            for file in sorted(lived[0].rglob("*"))
            if file.is_file()
        }

    before = seen()
    yield
    assert seen() == before


def play(bundle: Path, env: dict[str, str], *words: str | Path) -> tuple[int, dict[str, Any], str]:
    command = [sys.executable, "-m", "console", "replay", str(bundle), *map(str, words), "--json"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, json.loads(done.stdout or "null"), done.stderr


@pytest.mark.parametrize(("language", "size"), [("zh_CN", "1366x768"), ("en", "1920x1080")])
def test_a_bundle_is_played_to_its_end_and_pictured(
    lived: tuple[Path, Path], untouched: None, on_screen: dict[str, str], tmp_path: Path, language: str, size: str
) -> None:
    data, bundle = lived
    picture = tmp_path / "replay.png"

    code, told, error = play(
        bundle, on_screen, "--data", data, "--speed", "100", "--lang", language, "--size", size, "--shot", picture, "--after", "3"
    )

    assert (code, error) == (0, "")
    image = QImage(str(picture))
    assert f"{image.width()}x{image.height()}" == size
    colours = {image.pixelColor(x, y).name() for x in range(0, image.width(), 7) for y in range(0, image.height(), 7)}
    assert len(colours) > 50
    assert {image.pixelColor(2, 400).name(), image.pixelColor(image.width() - 3, 400).name()} == {"#c792ff"}
    headless = liandong("replay", bundle, "--headless")[1]
    assert {name: told[name] for name in headless} == headless
    assert (told["played_s"], told["shown_hash"]) == (told["duration_s"], told["state_hash"])
    assert not [one for one in psutil.process_iter(["cmdline"]) if {"serve", str(data)} <= set(one.info["cmdline"] or ())]


def test_it_plays_where_there_is_no_data_folder_and_makes_none(
    lived: tuple[Path, Path], on_screen: dict[str, str], tmp_path: Path
) -> None:
    """On another computer: ids stand for names."""
    shutil.copy(lived[1], tmp_path / "case.zip")
    env = {**on_screen, "XDG_DATA_HOME": str(tmp_path / "nowhere"), "LIANDONG_KEYS": str(tmp_path / "nokeys")}

    code, told, error = play(tmp_path / "case.zip", env, "--drill", "--shot", tmp_path / "a.png", "--after", "1")

    assert (code, error) == (0, "")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.png", "case.zip"]
    assert told["score"] is None


_WATCHED = """
import json, sys
reached = []
def watch(event, arguments):
    if event in ("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo") or event.startswith(
        ("subprocess.", "os.posix_spawn", "os.fork", "os.exec")
    ):
        reached.append((event, str(arguments)[:200]))
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        reached.append((event, str(arguments)[:200]))
sys.addaudithook(watch)
from console import cli
code = cli.run(sys.argv[1:])
print(json.dumps(reached), file=sys.stderr)
sys.exit(code)
"""


def test_the_whole_window_opens_no_socket_and_starts_no_process(
    lived: tuple[Path, Path], untouched: None, tmp_path: Path
) -> None:
    """faults.md D67, with the roster's real camera addresses at hand: the interpreter's own audit hook watches."""
    data, bundle = lived
    words = ["replay", bundle, "--data", data, "--speed", "50", "--shot", tmp_path / "a.png", "--after", "2"]

    done = subprocess.run(
        [sys.executable, "-c", _WATCHED, *map(str, words)], env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stderr.strip().splitlines()[-1]) == []


def test_a_broken_bundle_or_a_bad_word_is_refused_in_one_line(lived: tuple[Path, Path], tmp_path: Path) -> None:
    content = bytearray(lived[1].read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "bad.zip").write_bytes(content)
    env = {**os.environ, "DISPLAY": "", "QT_QPA_PLATFORM": "xcb"}
    tried = [
        play(tmp_path / "bad.zip", env),
        play(tmp_path / "none.zip", env),
        play(lived[1], env, "--speed", "0"),
        play(lived[1], env, "--shot", tmp_path / "no" / "a.png"),
        play(lived[1], env, "--data", tmp_path / "nodata"),
        play(lived[1], env),  # there is no screen
    ]
    assert [code for code, _, _ in tried] == [2, 2, 2, 2, 2, 1]
    assert all(len(error.strip().splitlines()) == 1 and not told["ok"] for _, told, error in tried)


def test_a_killed_replay_leaves_nothing_behind(
    lived: tuple[Path, Path], untouched: None, on_screen: dict[str, str], tmp_path: Path
) -> None:
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    command = [sys.executable, "-m", "console", "replay", str(lived[1]), "--data", str(lived[0])]
    with subprocess.Popen(command, env={**on_screen, "TMPDIR": str(scratch)}, stderr=subprocess.PIPE) as played:
        until("its window stands", lambda: list(scratch.glob("liandong-tones-*")))
        children = psutil.Process(played.pid).children(recursive=True)
        played.kill()
        played.wait(10)
    assert children == [] and not alive(played.pid)
