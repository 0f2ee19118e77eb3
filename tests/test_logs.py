"""No password leaves the program: not printed, not logged."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from console import logs


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("rtsp://admin:s3cret@10.0.0.1/ch1", "rtsp://admin:***@10.0.0.1/ch1"),
        ("rtsp://admin:a@b:c/d@10.0.0.1/ch1", "rtsp://admin:***@10.0.0.1/ch1"),
        ("rtsp://:only@host/", "rtsp://:***@host/"),
        ("http://host/?user=a&password=b&x=1", "http://host/?user=a&password=***&x=1"),
        ("token=abc and Key=def", "token=*** and Key=***"),
        ("mqtts://desk:p%40ss@broker:8883", "mqtts://desk:***@broker:8883"),
        ("rtsp://host/plain", "rtsp://host/plain"),
        ("mail a@b.example", "mail a@b.example"),
    ],
)
def test_mask(text: str, masked: str) -> None:
    assert logs.mask(text) == masked


def test_a_log_file_holds_no_password(tmp_path: Path, expect_log: Callable[[str], None]) -> None:
    expect_log("cannot open")
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers = []
    try:
        logs.set_up("INFO", tmp_path / "desk.log")
        logging.getLogger("console.media").warning("cannot open %s", "rtsp://u:hunter2@host/x")
        for handler in root.handlers:
            handler.close()
    finally:
        root.handlers, root.level = handlers, level

    text = (tmp_path / "desk.log").read_text(encoding="utf-8")
    assert "cannot open rtsp://u:***@host/x" in text
    assert "hunter2" not in text
