"""The budget on a real wall: a small tile takes the sub stream, a red incident's tile never does; the report says so."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.media.clips import make_clip


def test_a_small_tile_takes_its_sub_stream_and_a_red_incidents_tile_keeps_the_main_one(
    tmp_path: Path, on_screen: dict[str, str]
) -> None:
    names = ("red", "red-sub", "plain", "plain-sub", "single")
    clips = {name: make_clip(tmp_path / f"{name}.mp4", 1.0, seed=n + 1) for n, name in enumerate(names)}
    feeds = tmp_path / "feeds.txt"
    feeds.write_text(
        f"{clips['red']}\t{clips['red-sub']}\n{clips['plain']}\t{clips['plain-sub']}\n{clips['single']}\n", encoding="utf-8"
    )
    command = [sys.executable, "-m", "console", "wall", "--feeds", str(feeds), "--layout", "4", "--size", "480x270",
               "--seconds", "2", "--incident", "1", "--json"]  # fmt: skip

    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=True, env=on_screen)

    tiles = json.loads(done.stdout)["tiles"]
    assert [tile["profile"] for tile in tiles] == ["main", "sub", "main"]
    assert tiles[0]["mode"] == "all"
    assert tiles[0]["lowered"] == ""


def test_a_sub_stream_that_is_no_address_is_named_with_its_line(tmp_path: Path, on_screen: dict[str, str]) -> None:
    feeds = tmp_path / "feeds.txt"
    feeds.write_text("a.mp4\nb.mp4\tfoo://x\n", encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-m", "console", "wall", "--feeds", str(feeds), "--seconds", "1"],
        capture_output=True, text=True, timeout=60, check=False, env=on_screen,
    )  # fmt: skip

    assert done.returncode == 2
    assert "line 2" in done.stderr
