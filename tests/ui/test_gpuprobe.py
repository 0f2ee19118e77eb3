"""Who paints the wall: a real graphics card where one is known, never a program that plays one; and back where it fails."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from console.ui import gpuprobe
from console.ui.gpuprobe import Found, SurfaceProbe
from console.ui.tile import TileContent
from console.ui.wall import WallSurface
from tests.ui.test_wall import SlotFeeds


@pytest.fixture
def feeds() -> Iterator[SlotFeeds]:
    made = SlotFeeds()
    yield made
    made.close()


@pytest.mark.parametrize(("device", "is_real"), [
    ("", False),
    ("Mesa/X.org llvmpipe (LLVM 15.0.6, 256 bits) 4.5 (Compatibility Profile) Mesa 22.3.6", False),
    ("Google SwiftShader", False),
    ("Microsoft Basic Render Driver", False),
    ("Mesa Intel(R) UHD Graphics 630 (CFL GT2)", True),
    ("NVIDIA Corporation NVIDIA GeForce GTX 1650/PCIe/SSE2 4.6.0", True),
    ("AMD Radeon RX 550 (radeonsi, polaris12, LLVM 15.0.6)", True),
])  # fmt: skip
def test_a_program_that_plays_a_card_is_none(device: str, is_real: bool) -> None:
    assert Found(device, "OpenGL").is_real is is_real


@pytest.mark.parametrize(("setting", "known", "wanted"), [
    ("auto", None, False), ("auto", Found("llvmpipe", "OpenGL"), False), ("auto", Found("Mesa Intel UHD", "OpenGL"), True),
    ("auto", Found(why="no answer in time"), False), ("raster", Found("Mesa Intel UHD", "OpenGL"), False), ("gpu", None, True),
])  # fmt: skip
def test_the_setting_decides_and_auto_asks_what_is_known(tmp_path: Path, setting: str, known: Found | None, wanted: bool) -> None:
    file = tmp_path / "found.json"
    if known is not None:
        gpuprobe.keep_found(file, known)

    assert gpuprobe.wants_glass(setting, file) is wanted


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"device": "x"}', "\x00"])
def test_a_spoilt_file_is_nothing_known(tmp_path: Path, text: str) -> None:
    file = tmp_path / "found.json"
    file.write_text(text, encoding="utf-8")

    assert gpuprobe.read_found(file) is None


@pytest.mark.parametrize(("code", "device", "why"), [
    ("print('noise'); print('{\"device\": \"Card\", \"backend\": \"Vulkan\", \"why\": \"\"}')", "Card", ""),
    ("import os; os.abort()", "", "its probe ended with -6"),
    ("print('nonsense')", "", "its probe ended with 0"),
    ("import time; time.sleep(600)", "", "no answer in time"),
])  # fmt: skip
def test_a_probe_survives_its_driver(tmp_path: Path, code: str, device: str, why: str) -> None:
    file = tmp_path / "found.json"
    limit_s = 0.5 if "sleep" in code else 60.0
    probe = SurfaceProbe("auto", file, (sys.executable, "-S", "-c", code), limit_s)
    probe.start()

    assert probe.wait(60)
    probe.close()

    found = gpuprobe.read_found(file)
    assert found is not None
    assert (found.device, found.why) == (device, why)


@pytest.mark.parametrize("setting", ["raster", "gpu"])
def test_nothing_is_looked_for_where_it_is_not_asked(tmp_path: Path, setting: str) -> None:
    probe = SurfaceProbe(setting, tmp_path / "found.json")
    probe.start()
    probe.close()

    assert not (tmp_path / "found.json").exists()


def test_closing_ends_a_look_that_hangs(tmp_path: Path) -> None:
    probe = SurfaceProbe("auto", tmp_path / "found.json", (sys.executable, "-S", "-c", "import time; time.sleep(600)"), 600)
    probe.start()

    probe.close()

    assert probe.wait(0)
    assert not (tmp_path / "found.json").exists()


@pytest.mark.qt_log_ignore("QRhi", "QRhiWidget", extend=True)
def test_without_a_device_the_raster_painter_paints_again(qtbot: QtBot, feeds: SlotFeeds, expect_log: object) -> None:
    """The test's platform has no graphics device: as on a machine whose driver fails when the window comes."""
    expect_log("without the graphics card")  # type: ignore[operator]
    wall = WallSurface(feeds)  # type: ignore[arg-type]
    qtbot.addWidget(wall)
    wall.glazing.put_in()
    wall.resize(320, 240)
    wall.set_layout(1)
    wall.set_tiles([TileContent("0", "cam", url="u")])
    wall.show()
    qtbot.waitExposed(wall)
    feeds.fill("0", (200, 10, 10))

    if wall.glazing.glass is not None:
        qtbot.waitUntil(lambda: wall.glazing.glass is None or wall.glazing.glass.frames > 0, timeout=20_000)
        wall.glazing.take_out("no device in this test") if wall.glazing.glass is not None else None
    qtbot.waitUntil(lambda: feeds.shown.count("0") >= 1, timeout=20_000)

    image = QImage(wall.size(), QImage.Format.Format_RGB32)
    wall.render(image)
    assert image.pixelColor(160, 180).red() == 200
    assert wall.glazing.why
    wall.close_feeds()
