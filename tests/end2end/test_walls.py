"""Several walls with a real desk and a real screen: what a seat kept comes back, each tile is a fact, a kiosk shows the wall."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from console.model.layout import plain, toml
from tests.end2end.house import peek

KEPT = {
    "windows": [
        {"window": 0, "layout": "@4", "home": None, "tiles": [{"camera": "T-020", "place": 3, "is_pinned": True}]},
        {
            "window": 1,
            "layout": "两格",
            "home": {"screen": "a screen that is gone", "place": [5000, 0, 640, 480], "is_full": True},
            "tiles": [
                {"camera": "T-021", "place": 0},
                {"camera": "T-022", "place": 1},
                {"camera": "H-001", "place": 2},
                {"camera": "no such", "place": 1},
                {"camera": "T-023", "place": 99},
                "nonsense",
            ],
        },
        {"window": 77},
        None,
    ]
}


def test_kept_walls_come_back_in_a_kiosk_and_every_tile_is_a_fact(tmp_path: Path, xvfb: str) -> None:
    """faults.md V59: a window whose screen is not there stands on another; D55: a pinned tile stays when an incident comes."""
    data, picture = tmp_path / "data", tmp_path / "out.png"
    data.mkdir()
    (data / "walls-01.json").write_text(json.dumps(KEPT), encoding="utf-8")
    (data / "layouts-01.toml").write_text(toml([plain("两格", 2, 1)]), encoding="utf-8")
    words = ["run", "--demo", "--kiosk", "--data", str(data), "--size", "1366x768", "--shot", str(picture), "--after", "12"]

    done = subprocess.run(
        [sys.executable, "-m", "console", *words],
        env={**os.environ, "DISPLAY": xvfb, "QT_QPA_PLATFORM": "xcb"}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    entries = peek(data)
    opened = {entry["body"]["tile"]: entry["body"] for entry in entries if entry["kind"] == "TileOpened"}
    own = {tile: body["camera"] for tile, body in opened.items() if body["incident"] is None}
    closed = {entry["body"]["tile"] for entry in entries if entry["kind"] == "TileClosed"}
    assert own == {"01/4": "T-020", "01/101": "T-021", "01/102": "T-022"}
    assert closed == set(opened)
    assert "01/4" not in {body["tile"] for body in opened.values() if body["incident"]}
    kept = json.loads((data / "walls-01.json").read_text("utf-8"))["windows"]
    assert [(one["window"], one["layout"]) for one in kept] == [(0, "@4"), (1, "两格")]
    assert kept[1]["home"]["screen"] == "a screen that is gone"
