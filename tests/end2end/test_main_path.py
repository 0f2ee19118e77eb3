"""serve + report + near + dispatch + journal + check, as contracts.md says, over the door's WebSocket and over Mosquitto."""

from __future__ import annotations

import json
import shutil
import urllib.request
from pathlib import Path

import pytest

from tests.end2end.house import LAT, LON, Terminal, incident_file, journal, liandong, new_folder, running, until


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_folder(tmp_path_factory.mktemp("district"))


@pytest.fixture
def data(tmp_path: Path, imported: Path) -> Path:
    """A data folder of its own with the district imported."""
    shutil.copytree(imported, tmp_path / "data")
    return tmp_path / "data"


def kinds(data: Path, incident: str) -> list[str]:
    return [entry["kind"] for entry in journal(data, "--incident", incident)]


def test_an_alarm_becomes_an_order_that_a_terminal_answers(tmp_path: Path, data: Path) -> None:
    with running(data) as desk:
        key = liandong("enrol", "P-01", data=data)[1]["key"]
        terminal = Terminal(data, "P-01", key).start()
        try:
            until("welcome", lambda: terminal.welcomes)
            terminal.position(LON, LAT + 0.001)
            until("position kept", lambda: liandong("near", "--lon", LON, "--lat", LAT, data=data)[1]["units"])

            code, reported, _ = liandong("report", incident_file(tmp_path), data=data)
            again = liandong("report", incident_file(tmp_path), data=data)[1]
            incident = reported["incident"]
            ordered = liandong("dispatch", incident, "--playbook", "red", "--request", "R1", data=data)[1]
            repeated = liandong("dispatch", incident, "--playbook", "red", "--request", "R1", data=data)[1]
            order = next(one["order"] for one in ordered["orders"] if one["unit"] == "P-01")
            until("wilco recorded", lambda: "wilco" in json.dumps(journal(data, "--incident", incident)))
        finally:
            terminal.stop()

        assert (code, reported["duplicate_of"], again["duplicate_of"]) == (0, None, incident)
        assert [one["order"] for one in repeated["orders"]] == [one["order"] for one in ordered["orders"]]
        assert terminal.executed == [(order, 1)]
        assert not terminal.unsent
        assert {"IncidentReported", "CamerasLinked", "UnitsInRings", "OrderIssued", "OrderSent", "ReceiptRecorded"} <= set(
            kinds(data, incident)
        )
        assert desk.process is not None and desk.process.poll() is None
    code, proof, _ = liandong("check", data=data)
    assert (code, proof["ok"], proof["problems"]) == (0, True, [])


def test_near_answers_as_the_contract_says(tmp_path: Path, data: Path) -> None:

    code, found, _ = liandong("near", "--lon", LON, "--lat", LAT, "--limit", "9", data=data)

    assert code == 0 and len(found["cameras"]) == 9
    assert found["cameras"][0]["verdict"] == "sees" and found["cameras"][0]["reason"]
    assert [one["distance_m"] for one in found["cameras"]] == sorted(one["distance_m"] for one in found["cameras"])
    household = liandong("near", "--lon", LON, "--lat", LAT, "--limit", "50", data=data)[1]["cameras"]
    assert {one["id"]: one["verdict"] for one in household}["H-001"] == "needs_consent"


def test_commands_work_without_a_running_desk(tmp_path: Path, data: Path) -> None:
    """contracts.md: report and dispatch start a desk limited to the journal; its orders stay issued."""

    incident = liandong("report", incident_file(tmp_path), data=data)[1]["incident"]
    ordered = liandong("dispatch", incident, "--playbook", "red", data=data)[1]

    assert ordered["orders"] and {one["state"] for one in ordered["orders"]} == {"issued"}
    assert "OrderSent" not in kinds(data, incident)
    assert liandong("check", data=data)[1]["ok"]


def test_the_demo_and_the_real_never_mix(tmp_path: Path, data: Path) -> None:

    code, _, error = liandong("serve", "--demo", data=data)

    assert code == 2 and "real facts" in error


def test_a_second_desk_on_the_folder_is_refused(tmp_path: Path, data: Path) -> None:
    with running(data):
        code, _, error = liandong("serve", data=data)

    assert code == 1 and "another desk" in error


def test_an_incident_without_a_position_is_kept_and_dispatch_names_the_rule(tmp_path: Path, data: Path) -> None:
    """faults.md D36."""

    lost = liandong("report", incident_file(tmp_path, "L1", lon=None, lat=None), data=data)[1]["incident"]
    poled = liandong("report", incident_file(tmp_path, "L2", lon=None, lat=None, pole="D-0317"), data=data)[1]["incident"]
    refused = liandong("dispatch", lost, "--playbook", "red", data=data)[1]

    bodies = {entry["body"]["incident"]: entry["body"] for entry in journal(data) if entry["kind"] == "IncidentReported"}
    assert bodies[lost]["position_from"] == "unknown"
    assert (bodies[poled]["position_from"], bodies[poled]["lon"]) == ("pole", pytest.approx(LON))
    assert {one["rule"] for one in refused["shortfalls"]} == {"incident_position_unknown"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"title":"only a title"}', "source"),
        (b"\xff\xfe\x00garbage", ""),
        (b"", ""),
        (b"[]", ""),
        (b'{"source":"110","source_id":"../x","at":"2026-01-02T03:04:05+08:00","title":"t"}', "source_id"),
        (b'{"source":"110","source_id":"a/+/#","at":"2026-01-02T03:04:05+08:00","title":"t"}', "source_id"),
        (b'{"source":"110","source_id":"1","at":"yesterday","title":"t"}', "at"),
        (b'{"source":"110","source_id":"1","at":"2026-01-02T03:04:05","title":"t"}', "at"),
        (b"[" * 100_000, ""),
        (b'{"title":"' + b"x" * 1_200_000 + b'"}', ""),
    ],
)
def test_a_report_nobody_can_read_is_named_and_nothing_stops(tmp_path: Path, body: bytes, field: str) -> None:
    file = tmp_path / "bad.json"
    file.write_bytes(body)

    code, _, error = liandong("report", file, data=tmp_path / "data")

    assert code == 2 and field in error and len(error.splitlines()) == 1


def test_the_door_refuses_strangers_and_speaks_openapi(tmp_path: Path, data: Path) -> None:
    with running(data) as desk:
        url = desk.door["url"]
        spec = json.loads(urllib.request.urlopen(f"{url}/openapi.json", timeout=30).read())
        request = urllib.request.Request(f"{url}/v1/incidents", b"{}", {"Authorization": "Bearer wrong"})
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=30)

        assert "/v1/incidents" in spec["paths"]
        assert refused.value.code == 401
        refused.value.close()
        assert (data / "door.json").stat().st_mode & 0o777 == 0o600
