"""Masks and picture health from end to end: facts in a real journal, hidden pixels in real decoders, a check of real video."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from console.clock import SystemClock
from console.errors import Refused
from console.links.local import LocalClient
from console.media.masks import GREY, LIGHT
from console.model.view import Dewarp, Masks
from console.model.wall import WantedFeed
from console.paths import DataFolder
from console.services.feeds import Feeds
from console.services.picturehealth import PictureHealth, Rhythm
from tests.end2end.house import LAT, LON, liandong, peek, running, until, write_district
from tests.media.clips import make_clip

SQUARE = [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5], [0.1, 0.5]]
_INCIDENT = {
    "source": "manual",
    "source_id": "X1",
    "at": "2026-01-02T03:04:05+08:00",
    "title": "fight",
    "lon": LON,
    "lat": LAT,
    "datum": "wgs84",
}
LEFT: Masks = (((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)),)


def _bodies(data: Path, kind: str) -> list[dict[str, Any]]:
    return [entry["body"] for entry in peek(data) if entry["kind"] == kind]


def test_masks_and_conditions_become_facts_once_and_stand_beside_the_verdict(data_folder: Path, tmp_path: Path) -> None:
    """faults.md V48: packets that come are no proof of a picture; what the check says is on record and beside the verdict."""
    write_district(tmp_path)
    data = tmp_path / "data"
    assert liandong("import", "cameras", tmp_path / "cameras.csv", data=data)[0] == 0
    with running(data):
        client = LocalClient(DataFolder(data).local_socket, lambda message: None)
        client.connect()
        try:
            client.attach("cli", "tester", "cli", None)
            camera = "T-001"
            client.ask("SetPrivacyMasks", {"camera": camera, "polygons": [SQUARE], "reason": "yard"})
            with pytest.raises(Refused, match="unknown_camera"):
                client.ask("SetPrivacyMasks", {"camera": "nowhere", "polygons": [SQUARE]})
            with pytest.raises(Refused, match="masks_uncover"):
                client.ask("SetPrivacyMasks", {"camera": camera, "polygons": []})
            with pytest.raises(Refused, match="masks_need_reason"):
                client.ask("LiftPrivacyMasks", {"camera": camera, "polygons": [], "reason": " "})
            client.ask("LiftPrivacyMasks", {"camera": camera, "polygons": [], "reason": "court order 12"})
            with pytest.raises(Refused):
                client.ask("NoteCameraCondition", {"camera": camera, "condition": "covered", "since_ns": 1})

            news = [{"camera": camera, "state": "live", "condition": "covered", "condition_since_ns": 5}]
            odd = [{"camera": camera, "condition": 7, "condition_since_ns": 5}, {"camera": "nowhere", "condition": "covered",
                   "condition_since_ns": 5}, {"camera": camera, "condition": "haunted", "condition_since_ns": 5},
                   {"camera": camera, "condition": "moved", "condition_since_ns": 2**70}]  # fmt: skip
            for _ in range(3):
                client.send({"type": "feed_health", "feeds": [*odd, *news]})
            until("the condition is a fact", lambda: _bodies(data, "CameraConditionNoted"))
            reported = client.ask("ReportIncident", _INCIDENT)
            linked = until("the cameras are linked", lambda: _bodies(data, "CamerasLinked"))
        finally:
            client.close()

    assert _bodies(data, "PrivacyMasksSet") == [{"camera": camera, "polygons": [SQUARE], "reason": "yard", "preset": ""}]
    assert [body["reason"] for body in _bodies(data, "PrivacyMasksLifted")] == ["court order 12"]
    assert _bodies(data, "CameraConditionNoted") == [{"camera": camera, "condition": "covered", "since_ns": 5}]
    assert reported["incident"] == linked[0]["incident"]
    reasons = {one["camera"]: one["reason"].get("condition") for one in linked[0]["cameras"]}
    assert reasons[camera] == "covered"
    assert set(reasons.values()) == {"covered", None}


@pytest.fixture
def feeds(tmp_path: Path) -> Iterator[Feeds]:
    (tmp_path / "stills").mkdir()
    made = Feeds(tmp_path / "stills", workers=1)
    yield made
    made.close()


def _picture(feeds: Feeds, tile: str) -> np.ndarray | None:
    """A copy of a tile's newest picture: (h, w, 4) uint8."""
    slot = feeds.slot(tile)
    found = slot.newest() if slot is not None else None
    if found is None:
        return None
    rows = np.frombuffer(found.pixels, np.uint8).reshape(found.height_px, found.stride_bytes).copy()
    found.pixels.release()
    return rows[:, : found.width_px * 4].reshape(found.height_px, found.width_px, 4)


def _is_hidden(picture: np.ndarray | None) -> bool:
    """Whether the left half is filled and the right half is not."""
    if picture is None:
        return False
    left, right = (picture[:, : picture.shape[1] // 2 - 2, 0], picture[:, picture.shape[1] // 2 + 4 :, 0])
    return bool(np.isin(left, (GREY, LIGHT)).all()) and not bool(np.isin(right, (GREY, LIGHT)).all())


def test_what_is_hidden_is_hidden_in_every_tile_in_the_fisheye_s_view_and_in_the_still(feeds: Feeds, tmp_path: Path) -> None:
    clip = str(make_clip(tmp_path / "bar.mp4", width=640, height=480))

    def want(masks: Masks) -> None:
        view = Dewarp(mount="wall", pitch_deg=0, fov_deg=60)
        feeds.want([
            WantedFeed("small", "cam", clip, width_px=160, height_px=120, masks=masks),
            WantedFeed("large", "cam", clip, width_px=480, height_px=360, masks=masks),
            WantedFeed("view", "cam", clip, width_px=200, height_px=150, masks=masks, dewarp=view),
        ])  # fmt: skip

    want(())
    tiles = ("small", "large", "view")
    until("every tile has a picture", lambda: all(_picture(feeds, tile) is not None for tile in tiles))
    assert not any(_is_hidden(_picture(feeds, tile)) for tile in tiles)

    want(LEFT)
    # From here on no tile may show what was hidden, not even while the new pictures are on their way.
    seen = [_picture(feeds, tile) for tile in ("small", "large")]
    assert all(picture is None or _is_hidden(picture) for picture in seen)
    until("small and large are hidden", lambda: all(_is_hidden(_picture(feeds, tile)) for tile in ("small", "large")))
    until("the view is hidden", lambda: _is_view_hidden(_picture(feeds, "view")))
    assert feeds.streams() == 1

    feeds.want(())
    stills = tmp_path / "stills"
    still = until("the still is written", lambda: next(iter(stills.glob("*.jpg")), None))
    from av import open as open_media

    with open_media(io.BytesIO(still.read_bytes()), format="mjpeg") as container:
        shown = next(container.decode(video=0)).to_ndarray(format="gray")
    left = shown[:, : shown.shape[1] // 2 - 8].astype(int)
    assert np.abs(left - GREY).max() < 50  # JPEG softens the lattice
    assert shown[:, shown.shape[1] // 2 + 8 :].std() > 20


def _is_view_hidden(picture: np.ndarray | None) -> bool:
    """A view out of a picture whose left half is hidden: grey on the left, the scene on the right."""
    if picture is None:
        return False
    left, right = picture[20:-20, 10:60, 0].astype(int), picture[20:-20, 140:190, 0]
    return bool(np.abs(left - GREY).max() < 40) and float(right.std()) > 10


def test_a_black_camera_is_found_among_good_ones(feeds: Feeds, tmp_path: Path) -> None:
    """faults.md V49: the stream runs, the picture is worth nothing; and no other camera is blamed."""
    import av

    good = str(make_clip(tmp_path / "good.mp4", seconds=3, width=640, height=480))
    with av.open(str(tmp_path / "black.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
        dice = np.random.default_rng(2)
        for _ in range(50):
            noise = dice.integers(0, 6, (480, 640, 3), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(noise, format="rgb24")))
        container.mux(stream.encode(None))
    feeds.want([
        WantedFeed("1", "good", good, width_px=480, height_px=360),
        WantedFeed("2", "black", str(tmp_path / "black.mp4"), width_px=480, height_px=360),
    ])  # fmt: skip
    told: list[tuple[str, str]] = []
    check = PictureHealth(
        feeds, tmp_path / "pictures.db", SystemClock(), rhythm=Rhythm(2.0, 0.3, 0.1, (0.0, 0.2), 0.3),
        on_change=lambda camera, held: told.append((camera, held.condition)),
    )  # fmt: skip
    check.start()
    try:
        until("the black one is found", lambda: ("black", "black") in told)
        until("the good one was looked at", lambda: check.conditions().get("good"))
        pid = check.child_pid()
    finally:
        check.close()

    assert told == [("black", "black")]
    assert check.conditions()["good"].condition == ""
    assert pid is not None
    assert abs(check.conditions()["black"].since_ns - time.time_ns()) < 60e9
