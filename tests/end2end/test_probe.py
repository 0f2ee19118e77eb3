"""`liandong probe`: one JSON document, an exit code, and the contract's word for every kind of failure."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end2end.cameras import RtspServer, SocketCamera
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
    return {"ok": False, "codec": "", "width": 0, "height": 0, "fps": 0.0, "first_picture_ms": None}


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
