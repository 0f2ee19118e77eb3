"""`liandong wall` on a real X server, with real RTSP and everything that goes wrong with it. A control tile shares every run."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from console.model.wall import FeedHealth, WantedFeed
from console.services.feeds import Feeds
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
        output, errors = self.process.communicate(timeout=120)
        assert self.process.returncode == 0, errors
        assert "Traceback" not in errors
        self.all: dict[str, Any] = json.loads(output)
        return list(self.all["tiles"])


def names(tile: dict[str, Any]) -> list[str]:
    """The states a tile of the wall's report went through."""
    return [seen["state"] for seen in tile["states"]]


def control_of(tiles: list[dict[str, Any]]) -> dict[str, Any]:
    """The first tile is the control: nothing happened to it."""
    control = tiles[0]
    assert names(control) == ["connecting", "live"], "the control tile was disturbed: this run says nothing"
    return control


class Watched:
    """Feeds of two decoders, as the wall has them, and every state each tile went through."""

    def __init__(self, urls: list[str]) -> None:
        self._heard: list[FeedHealth] = []
        self.feeds = Feeds(workers=2, open_timeout_s=3.0, on_health=self._heard.append)
        self.count = len(urls)
        self.feeds.want([WantedFeed(str(n), f"camera {n}", url, width_px=160, height_px=120) for n, url in enumerate(urls)])

    def health(self, tile: int) -> FeedHealth:
        return self.feeds.health().get(str(tile)) or FeedHealth(str(tile), "", "connecting", 0)

    def states(self, tile: int) -> list[FeedHealth]:
        """Each change of state, in order."""
        found: list[FeedHealth] = []
        for one in list(self._heard):
            if one.tile == str(tile) and (not found or found[-1].state != one.state):
                found.append(one)
        return found

    def pictures(self, tile: int) -> int:
        slot = self.feeds.slot(str(tile))
        return 0 if slot is None else slot.generation

    def wait_live(self, *tiles: int) -> None:
        wait_for(lambda: all(self.health(tile).state == "live" and self.health(tile).error is None for tile in tiles), 60)

    def goes_on(self, tile: int) -> None:
        """Wait until this tile has shown twenty pictures more: whatever happened to others."""
        before = self.pictures(tile)
        wait_for(lambda: self.pictures(tile) > before + 20, 60)


@pytest.fixture
def watch() -> Iterator[Callable[[list[str]], Watched]]:
    made: list[Watched] = []

    def start(urls: list[str]) -> Watched:
        made.append(Watched(urls))
        return made[-1]

    yield start
    for one in made:
        one.feeds.close()


def test_every_kind_of_failure_has_its_word_and_its_own_tile(
    server: RtspServer, raw_clip: Path, tmp_path: Path, free_port: int, watch: Callable[[list[str]], Watched]
) -> None:
    """faults.md V1 V3 V5 V8 V12 V18 V20 V64, non-video and truncated files"""
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

    wall = watch([url for url, _, _ in cases])
    for tile, (_, state, error) in enumerate(cases):
        wait_for(lambda tile=tile, wanted=(state, error): (wall.health(tile).state, wall.health(tile).error) == wanted, 60)
    wall.goes_on(0)

    assert refusing.tries == 1, "a wrong password is tried at most once a minute"
    assert "wrong" not in repr(wall.feeds.health())
    assert "p@ss" not in repr(wall.feeds.health())
    wall.feeds.want(())
    for camera in (digest, udp, silent, refusing, never):
        camera.close()


def test_a_frozen_camera_is_late_then_held_and_comes_back(server: RtspServer, watch: Callable[[list[str]], Watched]) -> None:
    """faults.md V48"""
    wall = watch([server.url(0), server.url(1)])
    wall.wait_live(0, 1)

    server.say("freeze 1")
    wait_for(lambda: wall.health(1).state == "held", 60)
    wall.goes_on(0)
    server.say("thaw 1")
    wall.wait_live(1)

    seen = [(one.state, one.since_ns) for one in wall.states(1)]
    assert [state for state, _ in seen][-3:] == ["late", "held", "live"]
    assert seen[-2][1] - seen[-3][1] > 1_200_000_000, "late after 1 s, held after 2.5 s"
    assert wall.health(1).error is None


def test_cut_connections_and_a_killed_server_come_back_by_themselves(
    server: RtspServer, raw_clip: Path, watch: Callable[[list[str]], Watched]
) -> None:
    """faults.md V49: a cut looks like the end of a file; then the server is gone until its tiles are held"""
    control = RtspServer([raw_clip])
    wall = watch([control.url(0), server.url(0), server.url(1)])
    wall.wait_live(0, 1, 2)

    server.say("cut")
    wait_for(lambda: wall.health(1).reconnects >= 1 and wall.health(2).reconnects >= 1, 60)
    server.close()
    wait_for(lambda: wall.health(1).state == wall.health(2).state == "held", 60)
    wall.goes_on(0)
    again = RtspServer([raw_clip], "--mounts", "4", "--port", str(server.port))
    wall.wait_live(1, 2)

    for tile in (1, 2):
        assert [one.state for one in wall.states(tile)][-2:] == ["held", "live"]
        assert wall.health(tile).reconnects >= 2
    assert wall.health(0).reconnects == 0
    wall.feeds.want(())
    control.close()
    again.close()


def test_a_killed_decoder_takes_only_its_own_tiles_and_they_come_back(
    server: RtspServer, watch: Callable[[list[str]], Watched]
) -> None:
    """faults.md V54"""
    wall = watch([server.url(n) for n in range(4)])
    wall.wait_live(0, 1, 2, 3)
    before = wall.feeds.child_pids()
    assert len(before) == 3, "one a core of two, and one that waits for a red incident"

    os.kill(before[0], 9)

    wait_for(lambda: len(wall.feeds.child_pids()) == 3 and before[0] not in wall.feeds.child_pids(), 60)
    assert before[1] in wall.feeds.child_pids()
    for tile in range(4):
        wall.goes_on(tile)
    wall.wait_live(0, 1, 2, 3)
    wait_for(lambda: sum(wall.health(tile).reconnects for tile in range(4)) == 2, 60)  # two of the four were in it


def test_the_plain_wall_reports_its_tiles_and_no_password(
    server: RtspServer, tmp_path: Path, on_screen: dict[str, str], free_port: int
) -> None:
    """faults.md V64"""
    wall = Wall([server.url(0), f"rtsp://u:s3cret@127.0.0.1:{free_port}/a"], 3, tmp_path, on_screen)

    live, dead = wall.result()

    assert live["states"][0]["state"] == "connecting"
    assert "live" in [seen["state"] for seen in live["states"]]
    assert live["shown_fps"] > 0
    assert (dead["state"], dead["error"], dead["first_picture_ms"]) == ("none", "unreachable", None)
    assert "s3cret" not in json.dumps(wall.all)


def test_no_decoder_outlives_a_killed_wall(server: RtspServer, tmp_path: Path, on_screen: dict[str, str]) -> None:
    wall = Wall([server.url(n) for n in range(2)], 60, tmp_path, on_screen)
    wait_for(lambda: int(server.say("clients").split()[2]) >= 2, 60)
    children = wall.decoders()
    assert children

    wall.process.kill()
    wall.process.communicate()

    def is_gone(child: psutil.Process) -> bool:
        try:
            return child.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    wait_for(lambda: all(is_gone(child) for child in children))
    wait_for(lambda: not list(Path("/dev/shm").glob(f"liandong-{wall.process.pid}-*")))


def test_a_line_that_is_no_feed_is_named_with_its_number(tmp_path: Path, on_screen: dict[str, str]) -> None:
    wall = Wall(["a.mp4", "foo://x"], 1, tmp_path, on_screen)

    _, errors = wall.process.communicate(timeout=60)

    assert wall.process.returncode == 2
    assert "line 2" in errors
    assert len(errors.strip().splitlines()) == 1
