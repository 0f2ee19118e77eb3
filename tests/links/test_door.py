"""The HTTP door over real sockets: every status of the contract, bounds, enrolment, page and description."""

from __future__ import annotations

import json
import os
import re
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from console import words
from console.errors import Unavailable
from console.links.door import PAGES
from console.paths import resources
from tests.links.doors import INCIDENT, OpenDoor


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenDoor]:
    door = OpenDoor(tmp_path_factory.mktemp("door"))
    yield door
    door.stop()


@pytest.fixture
def door(lasting: OpenDoor) -> Iterator[OpenDoor]:
    """The module's door as new; one that a test stops is `own`."""
    lasting.reset()
    yield lasting
    lasting.reset()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[OpenDoor]:
    door = OpenDoor(tmp_path)
    yield door
    door.stop()


def test_a_new_incident_is_201_and_the_same_again_200(door: OpenDoor) -> None:
    assert door.post() == (201, {"incident": "I000001", "duplicate_of": None})
    assert door.post() == (200, {"incident": "I000001", "duplicate_of": "I000001"})
    assert len(door.desk.reports) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [({"title": "x"}, "source"), ({**INCIDENT, "at": "now"}, "at"), (b"{", "body"), ([], "body"),
     ({**INCIDENT, "source_id": "../x"}, "source_id"),
     ({**INCIDENT, "grade": "purple"}, "grade"), (b"\xff\xfe\x00\xd8", "body"), (b"", "body")],
)  # fmt: skip
def test_what_cannot_be_used_is_400_with_the_field_and_quarantined(door: OpenDoor, body: object, field: str) -> None:
    status, answer = door.post(body)
    assert (status, answer["field"]) == (400, field)
    assert len(door.desk.quarantined) == 1


@pytest.mark.parametrize("token", ["", "wrong", "密", "a" * 5000])
def test_an_anonymous_client_is_401_and_leaves_nothing(door: OpenDoor, token: str) -> None:
    status, answer, headers = door.request("/v1/incidents", INCIDENT, token.encode().decode("latin-1"))
    assert (status, answer, headers["www-authenticate"]) == (401, {"error": "unauthorized"}, "Bearer")
    assert not door.desk.reports


def test_a_partners_token_reports_its_own_source_only(door: OpenDoor) -> None:
    door.desk.tokens["t-grid"] = "grid"
    assert door.post({**INCIDENT, "source": "grid"}, "t-grid")[0] == 201
    status, answer = door.post(INCIDENT, "t-grid")
    assert (status, answer["field"]) == (400, "source")


@pytest.mark.parametrize("size_bytes", [1_000_001, 12_000_000])
def test_a_body_over_one_megabyte_is_413(door: OpenDoor, size_bytes: int) -> None:
    assert door.post(b" " * size_bytes)[0] == 413
    assert door.post()[0] == 201


def test_a_flood_of_alarms_is_taken_up_to_the_limit_and_then_told_when_to_come_again(door: OpenDoor) -> None:
    """faults.md D19: 200 in ten seconds are within it."""
    for number in range(200):
        assert door.post({**INCIDENT, "source_id": str(number)})[0] == 201
    while (found := door.request("/v1/incidents", b"{", door.token))[0] == 400:
        pass
    status, _, headers = found
    assert status == 429
    assert int(headers["retry-after"]) >= 1


def test_guessing_tokens_is_slowed_down_while_a_partner_still_gets_in(door: OpenDoor) -> None:
    statuses = [door.post(INCIDENT, f"guess-{number}")[0] for number in range(40)]
    assert statuses[:30] == [401] * 30
    assert 429 in statuses[30:]
    assert door.post()[0] == 201


def test_a_desk_that_cannot_store_says_503(own: OpenDoor) -> None:
    door = own

    def full(*_: Any) -> Any:
        from concurrent.futures import Future

        future: Future[Any] = Future()
        future.set_exception(Unavailable("disk full"))
        return future

    door.desk.report = full  # type: ignore[method-assign]
    assert door.post() == (503, {"error": "unavailable", "what": "disk full"})


@pytest.mark.parametrize("path", ["/v1/incidents", "/v1/enrol"])
def test_only_post_is_taken_there(door: OpenDoor, path: str) -> None:
    assert door.request(path)[0] == 405


def test_unknown_paths_are_404(door: OpenDoor) -> None:
    assert [door.request(path)[0] for path in ("/v2", "/texts/xx.json", "/../etc/passwd", "/terminal.js/..")] == [404] * 4


def test_the_door_file_is_private_true_and_gone_after_the_end(own: OpenDoor) -> None:
    door = own
    file = door.folder.door
    said = json.loads(file.read_text(encoding="utf-8"))
    assert said == {"url": door.links.url, "token": door.token, "pid": os.getpid()}
    assert said["url"].startswith("http://127.0.0.1:")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    door.links.stop()
    assert not file.exists()


def test_a_taken_port_is_unavailable_and_leaves_nothing_running(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Unavailable, match=str(port)):
            OpenDoor(tmp_path, door__port=port)
    assert not (tmp_path / "data" / "door.json").exists()


def test_enrolment_needs_to_be_open_and_a_code_is_spent_once(door: OpenDoor) -> None:
    def enrol() -> tuple[int, Any]:
        return door.request("/v1/enrol", {"unit": "U7", "code": "1234"})[:2]

    door.desk.codes["U7"] = "1234"
    assert enrol() == (403, {"error": "enrolment_closed"})
    door.desk.enrolment = True
    assert enrol() == (201, {"unit": "U7", "key": "key-of-U7"})
    assert enrol()[0] == 403
    assert door.desk.terminal_ok("U7", "key-of-U7")


def test_guessing_codes_stops_after_five(door: OpenDoor) -> None:
    door.desk.enrolment = True
    statuses = [door.request("/v1/enrol", {"unit": "U7", "code": str(number)})[0] for number in range(8)]
    assert statuses == [403] * 5 + [429] * 3


@pytest.mark.parametrize(
    "body", [b"", [], {"unit": "U1"}, {"unit": 5, "code": "1"}, {"unit": "", "code": "1"}, {"unit": "x" * 99, "code": "1"}]
)
def test_a_bad_enrolment_is_400(door: OpenDoor, body: object) -> None:
    door.desk.enrolment = True
    assert door.request("/v1/enrol", body)[0] == 400


@pytest.mark.parametrize("path", sorted(PAGES))
def test_the_page_is_served_with_tight_headers(door: OpenDoor, path: str) -> None:
    status, raw, headers = door.request(path)
    assert status == 200
    assert raw
    assert headers["content-type"].startswith(PAGES[path][1])
    assert "default-src 'self'" in headers["content-security-policy"]


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_every_text_the_page_uses_is_served_in_both_languages(door: OpenDoor, language: str) -> None:
    code = "".join(resources("terminal", name).read_text(encoding="utf-8") for name in ("terminal.js", "index.html"))
    used = set(re.findall(r"[\"'](terminal\.[a-z_.]+)[\"']", code)) - {"terminal.js", "terminal.css", "terminal.svg"}
    used |= {f"terminal.act.{act}" for act in ("wilco", "cantco", "en_route", "on_scene", "done")}
    used |= {f"terminal.reason.{reason}" for reason in ("busy", "vehicle", "blocked", "manpower", "other")}
    used |= {f"grade.{grade}" for grade in ("red", "orange", "blue", "green", "unknown")}
    used |= {f"order_state.{state}" for state in ("wilco", "cantco", "en_route", "on_scene", "done", "recalled")}
    texts = door.request(f"/texts/{language}.json")[1]
    assert len(used) > 30
    assert not used - set(texts)


def test_the_description_is_true(door: OpenDoor) -> None:
    described = door.request("/openapi.json")[1]
    paths = described["paths"]
    assert {route.path for route in door.links._door.app.routes} >= set(paths)
    schema = described["components"]["schemas"]["Incident"]
    for field in schema["required"]:
        assert door.post({key: value for key, value in INCIDENT.items() if key != field})[1]["field"] == field
    assert door.post(dict.fromkeys(schema["properties"]) | INCIDENT)[0] == 201
    from console.links.intake import IncidentIn

    known = set(IncidentIn.__dataclass_fields__) - {"reported_ns"} | {"at", "datum"}
    assert set(schema["properties"]) == known
    statuses = set(paths["/v1/incidents"]["post"]["responses"])
    assert {"200", "201", "400", "401", "413", "429"} <= statuses


def test_a_garbage_request_does_not_stop_the_door(door: OpenDoor) -> None:
    host, port = door.links.url.removeprefix("http://").split(":")
    for garbage in (
        b"\x16\x03\x01\x02\x00",
        b"GET\r\n\r\n",
        b"POST /v1/incidents HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"\x00" * 100_000,
    ):
        with socket.create_connection((host, int(port)), 5) as line:
            try:
                line.sendall(garbage)
                while line.recv(65536):
                    pass
            except OSError:
                pass
    assert door.post()[0] == 201
