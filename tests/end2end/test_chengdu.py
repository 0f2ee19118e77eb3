"""Real input: Chengdu's streets, four real street clips as RTSP, cameras at real junctions; an alarm followed to `done`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console.store.citymap import open_map
from tests.end2end.house import Terminal, incident_file, journal, liandong, running, until

CLIPS = ("car-detection.mp4", "bottle-detection.mp4", "one-by-one-person-detection.mp4", "solidWhiteRight.mp4")


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory, shared_data: Path, peer: Callable[[str], str]) -> Iterator[list[str]]:
    """The four clips as RTSP streams rtsp://127.0.0.1:P/m0 … m3."""
    peer("gst-rtsp-server")
    ffmpeg, folder, raw = peer("ffmpeg"), tmp_path_factory.mktemp("clips"), []
    for name in CLIPS:
        target = folder / f"{Path(name).stem}.264"
        source = ["-i", str(shared_data / "video" / name), "-an", "-t", "8", "-vf", "scale=704:576", "-r", "25"]
        coded = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-bf", "0", "-f", "h264", str(target)]
        subprocess.run([ffmpeg, "-v", "error", *source, *coded], check=True, timeout=120)
        raw.append(str(target))
    script = Path(__file__).with_name("rtsp_server.py")
    server = subprocess.Popen(
        ["/usr/bin/python3", str(script), "--mounts", "4", *raw], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    assert server.stdin is not None
    port = int(server.stdout.readline().split()[1])
    yield [f"rtsp://127.0.0.1:{port}/m{n}" for n in range(4)]
    server.stdin.close()
    server.wait(10)
    server.stdout.close()


def test_an_alarm_in_chengdu_is_seen_ordered_and_done(tmp_path: Path, shared_data: Path, streams: list[str], xvfb: str) -> None:
    data = tmp_path / "data"
    compiled = liandong("import", "map", shared_data / "map" / "chengdu_roads.osm", data=data)[1]
    assert compiled["junctions"] > 100
    city = open_map(data / "city.map")
    degree = city.graph.seconds.getnnz(axis=1)
    middle = int(degree.argmax())
    lon, lat = float(city.graph.lon[middle]), float(city.graph.lat[middle])
    rows = ["id,name,network,url_main,lon,lat,datum,heading_deg,fov_deg,range_m"]
    for n, (url, east, north, heading) in enumerate(
        zip(streams, (0, 0, 40, -40), (40, -40, 0, 0), (180, 0, 270, 90), strict=True)
    ):
        rows.append(f"CD-{n},路口{n},tianwang,{url},{lon + east / 95_000:.6f},{lat + north / 111_000:.6f},wgs84,{heading},90,150")
    (tmp_path / "cameras.csv").write_text("\n".join(rows) + "\n", "gb18030")
    (tmp_path / "units.csv").write_text("id,name,kind,terminal\nP-01,巡-01,patrol_car,yes\n", "utf-8")
    assert liandong("import", "cameras", tmp_path / "cameras.csv", data=data)[1]["added"] == 4
    assert liandong("import", "units", tmp_path / "units.csv", data=data)[1]["added"] == 1

    with running(data):
        key = liandong("enrol", "P-01", data=data)[1]["key"]
        terminal = Terminal(data, "P-01", key, ("on_terminal", "shown", "wilco", "en_route", "on_scene", "done")).start()
        try:
            until("welcome", lambda: terminal.welcomes)
            terminal.position(lon, lat + 0.004)
            until("position", lambda: liandong("near", "--lon", lon, "--lat", lat, data=data)[1]["units"])
            incident = liandong("report", incident_file(tmp_path, lon=lon, lat=lat), data=data)[1]["incident"]
            order = liandong("dispatch", incident, "--playbook", "red", data=data)[1]["orders"][0]["order"]
            until("done", lambda: '"done"' in str(journal(data, "--incident", incident)).replace("'", '"'))
        finally:
            terminal.stop()
        entries = journal(data, "--incident", incident)
        linked = next(entry["body"]["cameras"] for entry in entries if entry["kind"] == "CamerasLinked")
        near = next(entry["body"]["units"] for entry in entries if entry["kind"] == "UnitsInRings")

    assert {(one["camera"], one["verdict"]) for one in linked} == {(f"CD-{n}", "sees") for n in range(4)}
    assert near[0]["unit"] == "P-01"
    assert near[0]["eta_s"] is not None
    assert [e["body"]["state"] for e in entries if e["kind"] == "ReceiptRecorded" and e["body"]["order"] == order][-1] == "done"
    _all_live(tmp_path, streams, xvfb)
    assert liandong("check", data=data)[1]["ok"]


def _all_live(tmp_path: Path, streams: list[str], display: str) -> None:
    """The four pictures stand on the wall."""
    feeds = tmp_path / "feeds.txt"
    feeds.write_text("\n".join(streams) + "\n", "utf-8")
    options = ["--layout", "4", "--seconds", "3", "--size", "1280x720", "--json"]
    command = [sys.executable, "-m", "console", "wall", "--feeds", str(feeds), *options]
    screen = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, env=screen)
    tiles = json.loads(done.stdout)["tiles"]
    assert [tile["state"] for tile in tiles] == ["live"] * 4
