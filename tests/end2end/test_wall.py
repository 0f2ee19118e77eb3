"""`liandong wall` on a real X server, with real RTSP and everything that goes wrong with it. A control tile shares every run."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.end2end.cameras import RtspServer, SocketCamera, wait_for
from tests.media.clips import make_clip


@pytest.fixture(scope="module")
def raw_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clips") / "bar.264", seconds=4)


@pytest.fixture
def server(peer: Callable[[str], str], raw_clip: Path) -> Iterator[RtspServer]:
    peer("gst-rtsp-server")
    made = RtspServer([raw_clip], "--mounts", "4")
    yield made
    made.close()


class Wall:
    """`liandong wall` as a child process."""

    def __init__(self, urls: list[str], seconds: float, folder: Path, screen: dict[str, str]) -> None:
        feeds = folder / "feeds.txt"
        feeds.write_text("\n".join(urls) + "\n", encoding="utf-8")
        # All of a red incident: a short processor may lower nothing, so that rates can be compared with the control's.
        command = [sys.executable, "-m", "console", "wall", "--feeds", str(feeds), "--layout", "9", "--size", "960x540",
                   "--seconds", str(seconds), "--json", "--incident", "64"]  # fmt: skip
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=screen)

    def decoders(self) -> list[psutil.Process]:
        """The decoder children that run now."""
        with contextlib.suppress(psutil.Error):
            own = psutil.Process(self.process.pid)
            return [child for child in own.children() if "spawn_main" in " ".join(child.cmdline())]
        return []

    def result(self) -> list[dict[str, Any]]:
        """Wait for the end; the tiles of the one JSON document."""
        output, errors = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, errors
        assert "Traceback" not in errors
        self.all: dict[str, Any] = json.loads(output)
        return list(self.all["tiles"])


def names(tile: dict[str, Any]) -> list[str]:
    return [seen["state"] for seen in tile["states"]]


def control_of(tiles: list[dict[str, Any]]) -> dict[str, Any]:
    """The first tile is the control: nothing happened to it."""
    control = tiles[0]
    assert names(control) == ["connecting", "live"], "the control tile was disturbed: this run says nothing"
    return control


def playing(server: RtspServer, viewers: int) -> None:
    wait_for(lambda: int(server.say("clients").split()[2]) >= viewers)
    time.sleep(1.0)


def test_every_kind_of_failure_has_its_word_and_its_own_tile(
    server: RtspServer, raw_clip: Path, tmp_path: Path, on_screen: dict[str, str], free_port: int
) -> None:
    """faults.md V1 V3 V5 V8 V12 V18 V20, non-video and truncated files"""
    text, cut = tmp_path / "text.mp4", tmp_path / "cut.264"
    text.write_text("no video " * 1000)
    cut.write_bytes(raw_clip.read_bytes()[: raw_clip.stat().st_size // 2])
    digest = RtspServer([raw_clip], "--auth", "digest", "--user", "u", "--password", "p@ss/w:rd")
    udp = RtspServer([raw_clip], "--udp-only")
    silent, refusing = SocketCamera(), SocketCamera(refuses=True)
    never = RtspServer([raw_clip])  # a server of its own: this one waits for the first packet and answers nobody meanwhile
    never.say("freeze 0")
    cases = [
        (server.url(0), "live", None), (f"rtsp://127.0.0.1:{free_port}/a", "none", "unreachable"),
        (silent.url, "none", "timeout"), (never.url(0), "none", "timeout"), (server.url(9), "none", "not_found"),
        (digest.url(0, "u:p@ss/w:rd@"), "live", None), (refusing.url, "none", "auth"), (udp.url(0), "live", None),
        (str(text), "none", "bad_stream"), (str(cut), "live", None),
    ]  # fmt: skip

    wall = Wall([url for url, _, _ in cases], 13, tmp_path, on_screen)
    tiles = wall.result()
    tries = refusing.tries
    for camera in (digest, udp, silent, refusing, never):
        camera.close()

    assert [(tile["state"], tile["error"]) for tile in tiles] == [(state, error) for _, state, error in cases]
    control_of(tiles)
    assert tries == 1, "a wrong password is tried at most once a minute"
    assert "wrong" not in json.dumps(wall.all)
    assert "p@ss" not in json.dumps(wall.all)


def test_a_frozen_camera_is_late_then_held_and_comes_back(server: RtspServer, tmp_path: Path, on_screen: dict[str, str]) -> None:
    """faults.md V48"""
    wall = Wall([server.url(0), server.url(1)], 11, tmp_path, on_screen)
    playing(server, 2)

    server.say("freeze 1")
    time.sleep(4)
    server.say("thaw 1")
    tiles = wall.result()

    control = control_of(tiles)
    assert names(tiles[1]) == ["connecting", "live", "late", "held", "live"]
    at_ms = {seen["state"]: seen["at_ms"] for seen in tiles[1]["states"][2:4]}
    assert 1200 < at_ms["held"] - at_ms["late"] < 1900, "late after 1 s, held after 2.5 s"
    assert tiles[1]["reconnects"] == 0
    assert control["shown_fps"] > tiles[1]["shown_fps"]


def test_cut_connections_and_a_killed_server_come_back_by_themselves(
    server: RtspServer, raw_clip: Path, tmp_path: Path, on_screen: dict[str, str]
) -> None:
    """faults.md V49: a cut looks like the end of a file; then the server is gone for four seconds"""
    control = RtspServer([raw_clip])
    wall = Wall([control.url(0), server.url(0), server.url(1)], 14, tmp_path, on_screen)
    playing(server, 2)

    server.say("cut")
    time.sleep(2.5)
    server.close()
    time.sleep(4)
    again = RtspServer([raw_clip], "--mounts", "4", "--port", str(server.port))
    tiles = wall.result()
    control.close()
    again.close()

    control_of(tiles)
    for tile in tiles[1:]:
        assert names(tile)[-3:] == ["late", "held", "live"]
        assert tile["reconnects"] >= 2


def test_a_killed_decoder_takes_only_its_own_tiles_and_they_come_back(
    server: RtspServer, tmp_path: Path, on_screen: dict[str, str]
) -> None:
    """faults.md V54"""
    wall = Wall([server.url(n) for n in range(4)], 9, tmp_path, on_screen)
    playing(server, 4)
    before = {child.pid for child in wall.decoders()}
    assert len(before) >= min(2, os.cpu_count() or 1)

    os.kill(min(before), 9)

    wait_for(lambda: len({child.pid for child in wall.decoders()} - before) == 1, 3.0)
    tiles = wall.result()
    assert [tile["state"] for tile in tiles] == ["live"] * 4
    undisturbed = max(tile["decoded_fps"] for tile in tiles)
    assert all(tile["shown_fps"] > 0.5 * undisturbed for tile in tiles)


def test_no_decoder_outlives_a_killed_wall(server: RtspServer, tmp_path: Path, on_screen: dict[str, str]) -> None:
    wall = Wall([server.url(n) for n in range(2)], 60, tmp_path, on_screen)
    playing(server, 2)
    children = wall.decoders()
    assert children

    wall.process.kill()
    wall.process.communicate()

    def is_gone(child: psutil.Process) -> bool:
        try:
            return child.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    wait_for(lambda: all(is_gone(child) for child in children), 2.0)
    wait_for(lambda: not list(Path("/dev/shm").glob(f"liandong-{wall.process.pid}-*")), 5.0)


def test_a_line_that_is_no_feed_is_named_with_its_number(tmp_path: Path, on_screen: dict[str, str]) -> None:
    wall = Wall(["a.mp4", "foo://x"], 1, tmp_path, on_screen)

    _, errors = wall.process.communicate(timeout=20)

    assert wall.process.returncode == 2
    assert "line 2" in errors
    assert len(errors.strip().splitlines()) == 1
