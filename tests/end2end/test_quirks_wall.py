"""`liandong wall` with cameras that ask for a password, lie, lose packets, stall and vanish, in one run beside a control tile."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end2end.cameras import wait_for
from tests.end2end.certificates import Authority, Shown
from tests.end2end.quirk_server import QuirkServer, Script
from tests.end2end.test_wall import Wall, control_of, names
from tests.media.clips import make_clip


class Mangler:
    """A TCP relay to one camera: `stall` keeps both connections and passes nothing, as a pulled cable does."""

    def __init__(self, port: int) -> None:
        self._goal = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._may_pass = threading.Event()
        self._may_pass.set()
        self._links: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        self.connections = 0

    def stall(self) -> None:
        self._may_pass.clear()

    def go_on(self) -> None:
        self._may_pass.set()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._links.append(near)
            try:
                far = socket.create_connection(("127.0.0.1", self._goal))
            except OSError:
                continue
            self._links.append(far)
            for source, goal in ((near, far), (far, near)):
                thread = threading.Thread(target=self._pass, args=(source, goal), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _pass(self, source: socket.socket, goal: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                self._may_pass.wait()
                goal.sendall(data)
            goal.shutdown(socket.SHUT_WR)
        except OSError:
            return

    def close(self) -> None:
        self._may_pass.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for link in self._links:
            try:
                link.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        for thread in self._threads:
            thread.join(10)
        for link in self._links:
            link.close()


@pytest.fixture(scope="module")
def raw_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clips") / "bar.264", seconds=2)


@pytest.fixture
def cameras(raw_clip: Path) -> Iterator[QuirkServer]:
    sha = 'Digest realm="c", nonce="{nonce}", qop="auth", algorithm=SHA-256'
    server = QuirkServer(raw_clip, {
        "control": Script(), "sha": Script(challenges=(sha, 'Basic realm="c"'), password="p@:/#%&w密"),
        "wrong": Script(challenges=(sha,)), "full": Script(status={"DESCRIBE": "503 Service Unavailable"}),
        "odd": Script(habits=frozenset(("odd_headers", "early_data", "bad_rtp_info", "no_base"))),
        "stray": Script(habits=frozenset(("stray_channels",))), "empty": Script(habits=frozenset(("never_media",))),
        "cable": Script(), "loss1": Script(habits=frozenset(("udp_only",)), loss=0.01),
        "loss20": Script(habits=frozenset(("udp_only",)), loss=0.2), "changed": Script(challenges=(sha,), password="old"),
    })  # fmt: skip
    yield server
    server.close()


@pytest.fixture
def mangler(cameras: QuirkServer) -> Iterator[Mangler]:
    made = Mangler(cameras.port)
    yield made
    made.close()


@pytest.fixture
def shown(tmp_path: Path) -> Shown:
    return Authority(tmp_path).camera("camera", is_self_signed=True)


@pytest.fixture
def secure(raw_clip: Path, shown: Shown) -> Iterator[QuirkServer]:
    made = QuirkServer(raw_clip, {"cam": Script()}, shown.context)
    yield made
    made.close()


def test_every_login_and_every_bad_line_has_its_state_and_disturbs_nobody(
    cameras: QuirkServer, mangler: Mangler, shown: Shown, secure: QuirkServer, tmp_path: Path, on_screen: dict[str, str]
) -> None:
    """faults.md V5 V8 V13 V14 V17 V18 V19 V21 V23 V24 V25 V27 V28 V64"""
    urls = {
        "control": cameras.url("control"), "sha": cameras.url("sha", "viewer:p@:/#%&w密@"),
        "wrong": cameras.url("wrong", "viewer:geheim@"), "full": cameras.url("full"), "odd": cameras.url("odd"),
        "stray": cameras.url("stray", "viewer:any@"), "empty": cameras.url("empty", "viewer:any@"),
        "cable": f"rtsp://127.0.0.1:{mangler.port}/cable", "loss1": cameras.url("loss1"), "loss20": cameras.url("loss20"),
        "changed": cameras.url("changed", "viewer:old@"), "pinned": secure.url("cam", options=f"#tls_pin={shown.fingerprint}"),
        "self-signed": secure.url("cam"), "unverified": secure.url("cam", options="#tls=unverified"),
    }  # fmt: skip
    wall = Wall(list(urls.values()), 22, tmp_path, on_screen)
    playing = ("control", "sha", "odd", "stray", "cable", "loss1", "loss20", "changed")
    wait_for(lambda: all("PLAY" in cameras.methods(name) for name in playing), 60)
    time.sleep(2.0)

    mangler.stall()
    cameras.scripts["changed"].password = "new"
    before = cameras.logins["changed"]
    cameras.cut_camera("changed")
    time.sleep(4.0)
    mangler.go_on()
    tiles = wall.result()
    logins = cameras.logins["changed"] - before

    by_name = dict(zip(urls, tiles, strict=True))
    found = {name: (tile["state"], tile["error"], tile["detail"]) for name, tile in by_name.items()}
    control_of(tiles)
    lossy, empty = (found.pop("loss1"), found.pop("loss20")), found.pop("empty")
    assert all(error is None for _, error, _ in lossy)
    assert empty[:2] == ("none", "timeout")
    assert found == {
        "control": ("live", None, ""), "sha": ("live", None, ""), "wrong": ("none", "auth", ""),
        "full": ("none", "unreachable", "camera_full"), "odd": ("live", None, ""), "stray": ("live", None, ""),
        "cable": ("live", None, ""), "changed": ("held", "auth", ""),
        "pinned": ("live", None, ""), "self-signed": ("none", "unreachable", "certificate_self_signed"),
        "unverified": ("live", None, "unverified"),
    }  # fmt: skip
    assert cameras.logins["wrong"] == 1, "at most one try a minute"
    assert logins == 1, "a changed password is tried once more, not again and again"
    assert "held" in names(by_name["cable"]), "a pulled cable is seen"
    assert by_name["loss1"]["shown_fps"] > 1, "one packet in a hundred lost: clean pictures from key frame to loss"
    assert not any(word in json.dumps(wall.all, ensure_ascii=False) for word in ("geheim", "p@:", "密"))
    wait_for(lambda: all(cameras.methods(name)[-1] == "TEARDOWN" for name in ("sha", "stray")))
