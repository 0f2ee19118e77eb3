"""`liandong probe`: one JSON document, an exit code, and the contract's word for every kind of failure."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.end2end.cameras import RtspServer, SocketCamera
from tests.end2end.certificates import Authority
from tests.end2end.quirk_server import QuirkServer, Script
from tests.media.clips import make_clip


@pytest.fixture(scope="module")
def raw_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clips") / "bar.264", seconds=2, width=704, height=576)


@pytest.fixture(scope="module")
def server(peer: Callable[[str], str], raw_clip: Path) -> Iterator[RtspServer]:
    peer("gst-rtsp-server")
    made = RtspServer([raw_clip])
    yield made
    made.close()


def probe(url: str, typed: str | None = None) -> tuple[int, dict[str, Any], str]:
    found = subprocess.run(
        [sys.executable, "-m", "console", "probe", url, "--json"],
        input=typed,
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )
    return found.returncode, json.loads(found.stdout or "{}"), found.stderr


def test_a_healthy_camera_is_described(server: RtspServer) -> None:
    code, found, _ = probe(server.url(0))

    assert (code, found["ok"], found["error"]) == (0, True, None)
    assert (found["codec"], found["width"], found["height"], found["fps"]) == ("h264", 704, 576, 25.0)
    assert 0 < found["first_picture_ms"] < 5000


def test_an_unknown_mount_is_not_found(server: RtspServer) -> None:
    """faults.md V8"""
    code, found, _ = probe(server.url(7))

    assert (code, found["ok"], found["error"]) == (1, False, "not_found")


def test_a_closed_port_is_unreachable(free_port: int) -> None:
    """faults.md V1"""
    assert probe(f"rtsp://127.0.0.1:{free_port}/a")[:2] == (1, {**probe_nothing(), "error": "unreachable"})


def probe_nothing() -> dict[str, Any]:
    return {"ok": False, "codec": "", "width": 0, "height": 0, "fps": 0.0, "first_picture_ms": None, "detail": ""}


def test_a_silent_server_is_a_time_out() -> None:
    """faults.md V3"""
    camera = SocketCamera()
    code, found, _ = probe(camera.url)
    camera.close()

    assert (code, found["error"]) == (1, "timeout")


def test_a_refused_password_is_told_and_never_printed() -> None:
    """faults.md V18, V64"""
    camera = SocketCamera(refuses=True)
    code, found, errors = probe("-", camera.url + "\n")
    camera.close()

    assert (code, found["error"]) == (1, "auth")
    assert camera.tries == 1
    assert "wrong" not in json.dumps(found) + errors


def test_what_a_camera_really_says_is_told_and_no_process_shows_a_password(raw_clip: Path, tmp_path: Path) -> None:
    """faults.md V8 V13 V23 V64: SHA-256 alone, camera full, no video, an unchecked certificate; argv of every process"""
    shown = Authority(tmp_path).camera("camera", is_self_signed=True)
    sha = Script(challenges=('Digest realm="c", nonce="{nonce}", qop="auth", algorithm=SHA-256',), password="gehe/im#@密")
    server = QuirkServer(raw_clip, {
        "sha": sha, "full": Script(status={"SETUP": "453 Not Enough Bandwidth"}),
        "radio": Script(sdp="v=0\nm=audio 0 RTP/AVP 0\na=control:a\n"),
    })  # fmt: skip
    secure = QuirkServer(raw_clip, {"sha": sha}, shown.context)
    user = "viewer:gehe/im#@密@"
    urls = {
        "right": server.url("sha", user), "full": server.url("full", user), "radio": server.url("radio", user),
        "wrong": server.url("sha", "viewer:geheim2@"), "unverified": secure.url("sha", user, "#tls=unverified"),
        "self-signed": secure.url("sha", user),
    }  # fmt: skip
    lines: set[str] = set()
    with ThreadPoolExecutor(len(urls)) as pool:
        runs = {name: pool.submit(probe, "-", url + "\n") for name, url in urls.items()}
        while not all(run.done() for run in runs.values()):
            for process in psutil.Process().children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    lines.add(" ".join(process.cmdline()))
            time.sleep(0.05)
    server.close()
    secure.close()
    found = {name: run.result() for name, run in runs.items()}

    assert {name: (code, told["ok"], told["error"], told["detail"]) for name, (code, told, _) in found.items()} == {
        "right": (0, True, None, ""), "full": (1, False, "unreachable", "camera_full"),
        "radio": (1, False, "bad_stream", "no_video"), "wrong": (1, False, "auth", ""),
        "unverified": (0, True, None, "unverified"), "self-signed": (1, False, "unreachable", "certificate_self_signed"),
    }  # fmt: skip
    assert any("spawn_main" in line for line in lines)
    assert "gehe" not in "".join(lines) + json.dumps(list(found.values()), ensure_ascii=False)
    assert "TEARDOWN" in server.methods("sha") and "TEARDOWN" in secure.methods("sha")


@pytest.mark.parametrize(("name", "error"), [("none.mp4", "not_found"), ("text.mp4", "bad_stream"), (".", "bad_stream")])
def test_a_bad_file_is_told(tmp_path: Path, name: str, error: str) -> None:
    (tmp_path / "text.mp4").write_text("no video " * 1000)

    code, found, _ = probe(str(tmp_path / name))

    assert (code, found["error"]) == (1, error)


def test_an_unknown_scheme_is_bad_usage_in_one_line() -> None:
    code, _, errors = probe("foo://u:geheim@x")

    assert code == 2
    assert "foo" in errors
    assert "geheim" not in errors
    assert len(errors.strip().splitlines()) == 1
