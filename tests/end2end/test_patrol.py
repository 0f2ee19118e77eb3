"""A video patrol with a real desk: killed in the middle it goes on, its finding is an incident, and the journal proves it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from console.links.local import LocalClient
from console.paths import DataFolder
from tests.end2end.house import Desk, journal, liandong, peek, until

VIEWS = [
    {"title": "路口", "cameras": ["T-001", "T-002"], "least_s": 0.5},
    {"title": "校门", "cameras": ["X-007"], "least_s": 0.5},
    {"title": "桥头", "cameras": ["K-001"], "least_s": 0.5},
]


class Seat:
    """A console's half of the local socket, logged in as the demo's operator."""

    def __init__(self, data: Path) -> None:
        self._client = LocalClient(DataFolder(data).local_socket, lambda message: None)
        self._client.connect(20.0)
        self._client.attach("01", "console", "console", None)
        assert self.ask("LogIn", operator="demo", password="", seat="01")["ok"]

    def ask(self, kind: str, **body: Any) -> dict[str, Any]:
        return dict(self._client.command(kind, body).result(30))

    def see(self, view: int, dwell_s: float, **more: Any) -> dict[str, Any]:
        return self.ask("SeePatrolView", patrol="P000001", view=view, dwell_s=dwell_s, unseen=[], **more)

    def close(self) -> None:
        self._client.close()


def has(data: Path, kind: str, **fields: Any) -> bool:
    return any(one["kind"] == kind and all(one["body"].get(k) == v for k, v in fields.items()) for one in peek(data))


@pytest.mark.timeout(300)
def test_a_patrol_survives_a_killed_desk_and_its_finding_is_in_the_bundle(tmp_path: Path) -> None:
    data = tmp_path / "data"
    desk = Desk(data, "--demo", "--set", "demo.incidents=false").start()
    try:
        seat = Seat(data)
        tour = {"title": "v", "cameras": ["H-001"], "least_s": 1.0}
        refused = seat.ask("StartPatrol", tour="t", name="n", seat="01", request="r0", views=[tour], skipped=[])
        assert refused["refused"]["code"] == "household_in_tour"
        assert seat.ask("StartPatrol", tour="t", name="夜巡", seat="01", request="r1", views=VIEWS, skipped=[])["ok"]
        assert seat.ask("ShowPatrolView", patrol="P000001", view=0)["ok"]
        assert seat.see(0, 0.1)["refused"]["code"] == "dwell_too_short"
        assert seat.see(0, 3600.0)["refused"]["code"] == "dwell_unproved"
        assert seat.see(0, 0.6)["ok"]
        until("the word is in the journal", lambda: has(data, "PatrolViewSeen", view=0))
        desk.kill()
        seat.close()

        desk = Desk(data, "--demo", "--set", "demo.incidents=false").start()
        seat = Seat(data)
        again = seat.ask("StartPatrol", tour="t", name="n", seat="01", request="r2", views=VIEWS, skipped=[])
        assert again["refused"]["code"] == "patrol_open", "what was begun goes on"
        assert seat.ask("ShowPatrolView", patrol="P000001", view=1)["ok"]
        found = seat.ask(
            "ReportFinding", patrol="P000001", view=1, camera="X-007", text="井盖缺失", request="f1", dwell_s=0.6, unseen=[]
        )
        assert found["ok"]
        assert seat.ask("EndPatrol", patrol="P000001")["ok"]
        until("its cameras are linked", lambda: has(data, "CamerasLinked", incident="I000001"))
        seat.close()
    finally:
        desk.stop()

    told = {one["kind"]: one["body"] for one in journal(data)}
    assert told["PatrolEnded"] == {"patrol": "P000001", "why": "ended_early", "missed": [2]}
    assert told["IncidentReported"]["source"] == "patrol"
    assert told["IncidentReported"]["lon"] is not None
    assert liandong("check", data=data)[1]["ok"]
    bundle = tmp_path / "found.zip"
    assert liandong("export", "I000001", bundle, data=data)[1]["ok"]
    assert liandong("verify", bundle)[1]["ok"]
    with zipfile.ZipFile(bundle) as opened:
        entries = next(name for name in opened.namelist() if name.startswith("entries"))
        kinds = {json.loads(line)["kind"] for line in opened.read(entries).decode().splitlines() if line}
    assert "PatrolFinding" in kinds
