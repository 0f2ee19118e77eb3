"""Continuous recording by a real desk: files that survive kills, facts of start and stop, and what is never recorded."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import av
import psutil

from console.store import recordings
from tests.end2end.house import LAT, LON, Desk, liandong, peek, until
from tests.media.clips import make_clip

_HEAD = "id,name,network,url_main,url_sub,lon,lat,datum,heading_deg,fov_deg,range_m,height_m,ptz,owner,area,pole,consent,unit"


def _folder(tmp_path: Path, *settings: str) -> Path:
    """A data folder with a street camera and a household one, both on the same file, and both named in the settings."""
    clip = make_clip(tmp_path / "street.mp4", seconds=4, fps=10)
    rows = [f"S-1,Street,tianwang,{clip},,{LON},{LAT},wgs84,180,90,400,6,,,,,,"]
    rows.append(f"H-1,Shop,huiyan,{clip},,{LON},{LAT},wgs84,180,90,400,6,,,,,incident,")
    (tmp_path / "cameras.csv").write_text("\n".join([_HEAD, *rows]) + "\n", "utf-8")
    data = tmp_path / "data"
    code, document, error = liandong("import", "cameras", tmp_path / "cameras.csv", data=data)
    assert code == 0, (document, error)
    lines = ["[recording]", 'cameras = "S-1, H-1"', "segment_s = 2.0", "free_gb = 0.05", *settings]
    (data / "settings.toml").write_text("\n".join(lines) + "\n", "utf-8")
    return data


def _facts(data: Path) -> list[tuple[str, str]]:
    kinds = ("RecordingStarted", "RecordingStopped")
    return [(e["kind"], e["body"]["camera"]) for e in peek(data) if e["kind"] in kinds]


def _recorder(desk: Desk) -> psutil.Process | None:
    assert desk.process is not None
    for child in psutil.Process(desk.process.pid).children(recursive=True):
        try:
            if "spawn_main" in " ".join(child.cmdline()):
                return child
        except psutil.Error:
            continue
    return None


def _pictures(file: Path) -> int:
    with av.open(str(file)) as container:
        return sum(1 for packet in container.demux(container.streams.video[0]) if packet.size)


def _finished(data: Path) -> list[Any]:
    return [one for one in recordings.read(data) if one.sha256]


def test_recording_survives_kills_and_says_what_is_missing(data_folder: Path, tmp_path: Path) -> None:
    """faults.md V53, D60: what was written before a kill can be played, and the gap is known."""
    data = _folder(tmp_path)
    desk = Desk(data).start()
    try:
        until("two files are finished", lambda: len(_finished(data)) >= 2)
        assert _facts(data) == [("RecordingStarted", "S-1")]  # the household camera stands in the settings in vain
        child = until("the recorder child is there", lambda: _recorder(desk))

        until("a file is being written", lambda: any(file.stat().st_size > 1000 for file in recordings.strays(data)))
        child.kill()
        until("recording has begun again", lambda: any(one.cause == "killed" for one in recordings.read(data)))
        count = len(_finished(data))
        until("a file of the new child is finished", lambda: len(_finished(data)) > count)

        assert desk.process is not None
        orphan = until("the new child is there", lambda: _recorder(desk))
        os.kill(desk.process.pid, signal.SIGKILL)
        desk.process.wait(20)
        until("its child has ended with it", lambda: not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE)
    finally:
        desk.kill()
    files = sorted((data / "recordings").glob("*/*.mkv"))
    assert all(_pictures(file) > 0 for file in files if file.stat().st_size > 1000)
    assert {file.parent.name[:3] for file in files} == {"S-1"}

    desk = Desk(data).start()
    try:
        until(
            "recording is a fact again", lambda: _facts(data)[-2:] == [("RecordingStopped", "S-1"), ("RecordingStarted", "S-1")]
        )
    finally:
        assert desk.stop() == 0
    assert _facts(data)[-1] == ("RecordingStopped", "S-1")
    assert not recordings.strays(data)
    for one in _finished(data):
        assert _pictures(recordings.path_of(data, one)) == one.pictures
    code, document, error = liandong("check", data=data)
    assert (code, document["ok"]) == (0, True), error


def test_a_full_disk_stops_recording_with_a_fact_and_deletes_nothing(data_folder: Path, tmp_path: Path) -> None:
    """faults.md V63, D60: the space set aside is not there, so recording never begins, and what is young stays."""
    data = _folder(tmp_path, "max_gb = 0.000001")
    young = recordings.folder_of(data, "S-1") / "20260101T000000.000Z.mkv"
    desk = Desk(data).start()
    try:
        until("recording has stopped", lambda: ("RecordingStopped", "S-1") in _facts(data))
        kept = sorted((data / "recordings").glob("*/*.mkv"))
        assert kept and young not in kept
        stopped = [e["body"]["why"] for e in peek(data) if e["kind"] == "RecordingStopped"]
        assert stopped == ["disk_full"]
    finally:
        desk.stop()
    assert sorted((data / "recordings").glob("*/*.mkv")) == kept
