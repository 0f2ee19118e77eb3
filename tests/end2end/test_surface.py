"""The wall's second surface and second decoder: the same tests on the graphics card's surface, and a card that lies.

No machine of ours has a card: the surface runs on a software device (llvmpipe) under Xvfb, the decoder's path up to its refusal.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from console.media import hardware
from console.media.hardware import Verdict
from console.media.hardware_trial import clip_for
from console.model.wall import WantedFeed
from console.services.feeds import Feeds
from tests.end2end.cameras import RtspServer, wait_for
from tests.media.clips import make_clip

TOP = Path(__file__).parents[2]


@pytest.mark.timeout(300)
def test_the_walls_tests_pass_on_the_graphics_cards_surface(on_screen: dict[str, str]) -> None:
    said = subprocess.run(
        [sys.executable, "-c", "from console.ui import gpuprobe; gpuprobe.child()"],
        env=on_screen, capture_output=True, text=True, timeout=60, check=False, cwd=TOP,
    ).stdout  # fmt: skip
    if not said or not json.loads(said.strip().splitlines()[-1])["device"]:
        pytest.skip("no OpenGL on this machine's X server (apt-get install libgl1-mesa-dri)")
    cases = [
        "tests/ui/test_wall.py",
        "tests/ui/test_watermark.py::test_zoom_does_not_take_it_away",
        "tests/end2end/glass_cases.py",
    ]

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *cases],
        env={**on_screen, "LIANDONG_SURFACE": "gpu", "LIANDONG_SUMMARY": os.devnull},
        capture_output=True, text=True, timeout=280, check=False, cwd=TOP,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.parametrize("setting", ["cuda", "auto"])
def test_a_card_that_refuses_leaves_the_picture_to_software(
    peer: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    """A verdict says that the card wins; when the stream opens it is not there (unplugged, driver updated, sessions used up)."""
    if Path("/dev/nvidia0").exists():
        pytest.skip("this machine has the card that must refuse")
    peer("gst-rtsp-server")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    verdict = Verdict("cuda", "h264", True, 1, (1.0, 5.0), (0.1, 0.2))
    hardware.write_verdicts(hardware.verdict_file(), [verdict])
    server = RtspServer([make_clip(tmp_path / "bar.264", seconds=4)], "--mounts", "1")
    feeds = Feeds(workers=1, hardware=setting)
    try:
        feeds.want([WantedFeed("0", "cam", server.url(0), width_px=352, height_px=288)])

        wait_for(lambda: (slot := feeds.slot("0")) is not None and slot.generation > 5, 30)

        wait_for(lambda: feeds.health()["0"].codec == "h264", 30)
        assert feeds.health()["0"].hardware == ""
    finally:
        feeds.close()
        server.close()


def test_the_trials_clips_are_what_they_are_named() -> None:
    for codec in hardware.CODECS:
        assert clip_for(codec, 704).is_file()
        assert clip_for(codec, 1920).is_file()
