"""Every command of contracts.md as an acceptance checker would run it: exit codes, JSON keys, one line on stderr, no traceback.

Commands that need a process of their own get one; tables of bad usage share one process, which runs them in turn.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from console.links.local import LocalClient
from console.paths import DataFolder, resources
from tests.end2end.house import LAT, LON, incident_file, journal, liandong, new_folder, running

Answer = tuple[int, Any, str]
CAMERA_HEAD = (
    "id,name,network,url_main,url_sub,lon,lat,datum,heading_deg,fov_deg,range_m,height_m,ptz,owner,area,pole,consent,unit"
)
_IN_TURN = """
import contextlib, io, json, sys
from console.cli import run
for argv in json.load(sys.stdin):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(argv)
    print(json.dumps([code, out.getvalue(), err.getvalue()]))
"""


def in_turn(commands: Sequence[Sequence[str | Path]], data: Path) -> list[Answer]:
    """Run several commands with --json in one process. Each gives (exit code, its document, stderr)."""
    argvs = [[*map(str, words), "--json", "--data", str(data)] for words in commands]
    done = subprocess.run(
        [sys.executable, "-c", _IN_TURN], input=json.dumps(argvs), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    for _, out, err in answers:
        assert "Traceback" not in err and "fault of liandong itself" not in err, err
        assert len(out.splitlines()) <= 1, out
    return [(code, json.loads(out) if out else None, err) for code, out, err in answers]


def camera(name: str, lon: str = str(LON), lat: str = str(LAT), url: str = "") -> str:
    return f"{name},北街一号,tianwang,{url},,{lon},{lat},wgs84,90,60,100,5,,,,,,"


def write(file: Path, *lines: str, encoding: str = "utf-8") -> Path:
    file.write_bytes("".join(line + "\n" for line in lines).encode(encoding))
    return file


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the district, incident I000001 with its plan, and I000002, which is closed. Read it; copy it to change it."""
    folder = tmp_path_factory.mktemp("town")
    data = new_folder(folder)
    with running(data):
        for name in ("X1", "X2"):
            assert liandong("report", incident_file(folder, name), data=data)[0] == 0
        assert liandong("dispatch", "I000001", "--playbook", "red", "--request", "R1", data=data)[0] == 0
        client = LocalClient(DataFolder(data).local_socket, lambda message: None)
        client.connect()
        client.attach("cli", "test", "cli", None)
        client.ask("CloseIncident", {"incident": "I000002", "result": "done"})
        client.close()
    return data


@pytest.fixture
def data(tmp_path: Path, town: Path) -> Path:
    """A copy of the town to change."""
    return Path(shutil.copytree(town, tmp_path / "town"))


@pytest.fixture(scope="module")
def bundle(town: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("bundle") / "一 案.zip"
    code, document, error = liandong("export", "I000001", out, data=town)
    assert (code, document["ok"], document["problems"]) == (0, True, []), error
    return out


# import


def test_tables_are_taken_in_every_shape_they_come_in(tmp_path: Path) -> None:
    files = [
        write(tmp_path / "gb.csv", CAMERA_HEAD, camera("G1"), encoding="gb18030"),
        write(tmp_path / "bom.csv", CAMERA_HEAD, camera("B1"), encoding="utf-8-sig"),
        write(tmp_path / "semicolon.csv", CAMERA_HEAD.replace(",", ";"), camera("S1").replace(",", ";")),
        write(tmp_path / "headerless.csv", camera("N1")),
        write(tmp_path / "again.csv", CAMERA_HEAD, camera("G1").replace("北街", "南街")),
    ]

    answers = in_turn([("import", "cameras", file) for file in files], tmp_path / "data")

    taken = [(code, document["added"], document["updated"], document["quarantined"]) for code, document, _ in answers]
    assert taken == [(0, 1, 0, [])] * 4 + [(0, 0, 1, [])]


def test_bad_rows_are_quarantined_by_line_and_reason_and_the_good_ones_taken(tmp_path: Path) -> None:
    bad = {
        "OK1": "stands in line 2 already", "SW": "swapped", "ZZ": "0/0", "NN": "no number", "../x": "must not contain '/'",
        "a/+/#": "must not contain '/'", "c\x07": "control character U+0007", "..": "must not be '..'", "x" * 65: "at most 64",
        "": "empty",
    }  # fmt: skip
    positions = {"SW": (str(LAT), str(LON)), "ZZ": ("0", "0"), "NN": ("NaN", "nan")}
    lines = [CAMERA_HEAD, camera("OK1"), *(camera(name, *positions.get(name, ())) for name in bad)]
    lines.append(camera("OK2", url="rtsp://user:s3cret@10.0.0.1/1"))
    data = tmp_path / "data"

    code, document, _ = liandong("import", "cameras", write(tmp_path / "bad.csv", *lines), data=data)

    assert (code, document["added"]) == (0, 2)
    assert [row["line"] for row in document["quarantined"]] == list(range(3, 13))
    for row, reason in zip(document["quarantined"], bad.values(), strict=True):
        assert reason in row["reason"]
    entry = journal(data)[-1]
    assert (entry["kind"], entry["body"]["added"], entry["body"]["quarantined"]) == ("RosterImported", 2, 10)
    assert [file.name for file in data.iterdir() if file.is_file() and b"s3cret" in file.read_bytes()] == ["credentials.json"]
    assert (data / "credentials.json").stat().st_mode & 0o777 == 0o600


def test_what_holds_no_good_row_changes_nothing_and_says_why(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "xlsx.csv", "w") as book:
        book.writestr("xl/workbook.xml", "<x/>")
    cases = {
        "xlsx.csv": "Excel",
        write(tmp_path / "none.csv", CAMERA_HEAD, camera("../x")).name: "line 2",
        write(tmp_path / "head.csv", CAMERA_HEAD).name: "no row",
        write(tmp_path / "empty.csv").name: "is empty",
        "missing.csv": "no such file",
        ".": "is a folder",
    }

    answers = in_turn([("import", "cameras", tmp_path / name) for name in cases], tmp_path / "data")

    for (code, document, error), words in zip(answers, cases.values(), strict=True):
        assert code == 2 and document and words in error and len(error.splitlines()) == 1, error
    assert answers[1][1]["quarantined"] == [{"line": 2, "reason": "id must not contain '/'"}]


def test_units_and_places_are_imported_by_the_same_rules(tmp_path: Path) -> None:
    units = write(
        tmp_path / "units.csv",
        "id,name,kind,centre,phone,terminal,duty,crew,shift",
        "U1,巡一,patrol_car,LOCAL,,yes,on_duty,2,day",
        "U/2,巡二,patrol_car,LOCAL,,yes,on_duty,2,day",
        "U3,巡三,patrol_car,LOCAL,,yes,dancing,2,day",
    )
    places = write(
        tmp_path / "places.csv", "id,name,kind,lon,lat,datum", "D-1,杆,pole,104.06,30.66,wgs84", "D-2,杆,pole,0,0,wgs84"
    )

    (code, of_units, _), (_, of_places, _) = in_turn(
        [("import", "units", units), ("import", "places", places)], tmp_path / "data"
    )

    assert (code, of_units["added"], [row["line"] for row in of_units["quarantined"]]) == (0, 1, [3, 4])
    assert (of_places["added"], [row["line"] for row in of_places["quarantined"]]) == (1, [3])


def test_a_map_is_compiled_bounds_the_roster_and_survives_a_damaged_one(tmp_path: Path) -> None:
    damaged = tmp_path / "cut.osm"
    damaged.write_bytes(resources("demo", "town.osm").read_bytes()[:200_000])
    outside = write(tmp_path / "outside.csv", CAMERA_HEAD, camera("IN", "104.8263", "30.4187"), camera("OUT", "104.06", "30.66"))
    data = tmp_path / "data"

    compiled, broken, cameras = in_turn(
        [("import", "map", resources("demo", "town.osm")), ("import", "map", damaged), ("import", "cameras", outside)], data
    )

    assert compiled[0] == 0 and set(compiled[1]) >= {"roads_km", "buildings", "junctions", "names", "elapsed_s"}
    assert compiled[1]["roads_km"] > 10 and compiled[1]["buildings"] > 1000
    assert broken[0] == 2 and "cut.osm" in broken[2]
    assert cameras[1]["added"] == 1 and "outside the city map" in cameras[1]["quarantined"][0]["reason"]
    assert not list(data.glob("city.map.*"))


WRONG: dict[str, tuple[int, tuple[str, ...], str]] = {
    "no command of ours": (2, ("bogus",), "invalid choice"),
    "a roster we have not": (2, ("import", "weather", "x.csv"), "invalid choice"),
    "a datum we have not": (2, ("import", "cameras", "x.csv", "--datum", "mars"), "invalid choice"),
    "near without a point": (2, ("near",), "--lon, --lat"),
    "near nowhere": (2, ("near", "--lon", "nan", "--lat", "30"), "--lon"),
    "near of nothing": (2, ("near", "--lon", "104", "--lat", "30", "--limit", "0"), "--limit"),
    "an incident nobody reported": (2, ("dispatch", "I000099", "--playbook", "red"), "no incident I000099"),
    "a hostile incident": (2, ("dispatch", "../x", "--playbook", "red"), "../x"),
    "a playbook nobody wrote": (2, ("dispatch", "I000001", "--playbook", "purple"), "purple"),
    "a closed incident": (2, ("dispatch", "I000002", "--playbook", "red"), "closed"),
    "the journal of no incident": (2, ("journal", "--incident", "I000099"), "no incident I000099"),
    "the journal since nothing": (2, ("journal", "--since", "-1"), "--since"),
    "a report that is not there": (2, ("report", "missing.json"), "missing.json"),
    "a report that is a folder": (2, ("report", "/"), "folder|directory"),
    "an export of no incident": (2, ("export", "I000099", "out.zip"), "I000099"),
    "an export to nowhere": (2, ("export", "I000001", "/no/such/folder/out.zip"), "/no/such/folder"),
    "a bundle that is not there": (2, ("verify", "missing.zip"), "missing.zip"),
    "a replay of nothing": (2, ("replay", "missing.zip", "--headless"), "missing.zip"),
    "feeds that are not there": (2, ("wall", "--feeds", "missing.txt"), "missing.txt"),
    "a unit nobody knows": (2, ("enrol", "NOBODY"), "NOBODY"),
    "a bench we have not": (2, ("bench", "weather"), "invalid choice"),
    "a setting misspelt": (2, ("serve", "--set", "door.prot=1"), "did you mean door.port?"),
    "a setting that is no number": (2, ("serve", "--set", "door.port=abc"), "door.port must be int"),
    "a setting out of range": (2, ("serve", "--set", "door.port=70000"), "between 0 and 65535"),
    "a setting without a value": (2, ("serve", "--set", "door.port"), "no ="),
    "a centre with a slash": (2, ("serve", "--centre", "a/b"), "--centre"),
    "a broker that is none": (2, ("serve", "--broker", "http://user:s3cret@host"), "user:***@"),
    "a broker file that is not there": (2, ("serve", "--broker-file", "missing"), "missing"),
    "the demo on real facts": (2, ("serve", "--demo"), "real facts"),
    "a window of no size": (2, ("run", "--size", "big"), "--size"),
    "a picture to nowhere": (2, ("run", "--shot", "/no/such/folder/x.png"), "/no/such/folder"),
    "a feed of an unknown scheme": (2, ("probe", "gopher://user:s3cret@host/x"), "gopher"),
    "a feed without a port": (2, ("probe", "rtsp://user:s3cret@host:99999/x"), "user:***@"),
}


@pytest.fixture(scope="module")
def wrong(town: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Answer]:
    """The answers to WRONG on a copy of the town."""
    data = Path(shutil.copytree(town, tmp_path_factory.mktemp("wrong") / "data"))
    answers = in_turn([words for _, words, _ in WRONG.values()], data)
    return dict(zip(WRONG, answers, strict=True))


@pytest.mark.parametrize("case", WRONG)
def test_bad_usage_is_one_line_one_document_and_no_secret(wrong: dict[str, Answer], case: str) -> None:
    expected, _, words = WRONG[case]
    code, document, error = wrong[case]

    assert code == expected and isinstance(document, dict), error
    assert any(word in error for word in words.split("|")) and len(error.splitlines()) == 1, error
    assert "s3cret" not in error + json.dumps(document)


def test_near_answers_with_the_contracts_keys(town: Path) -> None:
    code, document, _ = liandong("near", "--lon", str(LON), "--lat", str(LAT), "--limit", "3", data=town)

    assert code == 0 and set(document) >= {"cameras", "units", "elapsed_ms"} and len(document["cameras"]) == 3
    assert all(set(one) >= {"id", "distance_m", "verdict", "reason"} for one in document["cameras"])


def test_the_journal_is_json_lines_from_a_number_or_of_an_incident(town: Path) -> None:
    whole = journal(town)
    since = journal(town, "--since", "7")
    of_one = journal(town, "--incident", "I000001")

    assert [entry["seq"] for entry in whole] == list(range(1, len(whole) + 1))
    assert set(whole[0]) == {"seq", "at_ns", "by", "kind", "body", "hash"}
    assert since == whole[7:]
    assert {"IncidentReported", "CamerasLinked", "OrderIssued"} <= {entry["kind"] for entry in of_one}
    assert {entry["body"]["incident"] for entry in of_one} == {"I000001"}
    assert "IncidentClosed" in {entry["kind"] for entry in journal(town, "--incident", "I000002")}


def test_reading_commands_write_nothing(town: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()

    near, check, told = in_turn([("near", "--lon", "1", "--lat", "2"), ("check",), ("journal",)], empty)

    assert (near[0], check[0], told[0]) == (0, 2, 2)
    assert list(empty.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("rtsp://user:s3cret@127.0.0.1:1/x", "unreachable"),
        ("missing.mp4", "not_found"),
        (str(Path(__file__)), "bad_stream"),
    ],
)
def test_probe_names_the_fault_of_a_feed_given_on_stdin(url: str, error: str) -> None:
    code, document, text = liandong("probe", "-", stdin=url + "\n")

    assert code == 1 and (document["ok"], document["error"]) == (False, error)
    assert set(document) >= {"ok", "codec", "width", "height", "fps", "first_picture_ms", "error"}
    assert "s3cret" not in json.dumps(document) + text


def test_probe_describes_a_whole_file_and_refuses_a_cut_one(tmp_path: Path) -> None:
    clip = sorted(resources("demo", "clips").glob("*.mp4"))[0]
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(clip.read_bytes()[-20_000:])

    whole, broken = in_turn([("probe", clip), ("probe", cut)], tmp_path)

    assert whole[0] == 0 and whole[1]["ok"] and whole[1]["codec"] == "h264" and whole[1]["width"] > 0
    assert broken[0] == 1 and broken[1]["error"] in ("bad_stream", "codec")


# proofs

_SWAP = (
    "UPDATE entries SET seq = CASE seq WHEN 6 THEN -7 ELSE -6 END WHERE seq IN (6, 7);UPDATE entries SET seq = -seq WHERE seq < 0"
)
DAMAGE = {
    "a changed row": ("UPDATE entries SET body = replace(body, '持械', '口角') WHERE seq = {first}", "{first}"),
    "a removed row": ("DELETE FROM entries WHERE seq = 6", "6"),
    "swapped rows": (_SWAP, "6"),
    "a cut tail": ("DELETE FROM entries WHERE seq > {last} - 2", "{last}-1"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_check_says_at_which_entry_a_journal_was_damaged(data: Path, kind: str) -> None:
    entries = journal(data)
    first = next(entry["seq"] for entry in entries if entry["kind"] == "IncidentReported")
    statements, where = DAMAGE[kind]
    database = sqlite3.connect(data / "journal.db")
    database.executescript(statements.format(first=first, last=len(entries)))
    database.close()
    expected = {"{first}": first, "6": 6, "{last}-1": len(entries) - 1}[where]

    code, document, _ = liandong("check", data=data)

    assert (code, document["ok"], document["first_bad_seq"]) == (1, False, expected), document
    assert document["problems"] and set(document) >= {"ok", "entries", "first_bad_seq", "problems"}


def test_check_never_accuses_a_journal_whose_desk_was_killed(data: Path, tmp_path: Path) -> None:
    with running(data) as desk:
        liandong("report", incident_file(tmp_path, "K1"), data=data)
        desk.kill()

        code, document, _ = liandong("check", data=data)

    assert (code, document["ok"], document["first_bad_seq"], document["problems"]) == (0, True, None, [])


def test_a_bundle_verifies_and_replays_to_the_state_it_was_sealed_with(bundle: Path) -> None:
    """faults.md D67."""
    manifest = json.loads(zipfile.ZipFile(bundle).read("manifest.json"))

    verified, replayed = in_turn([("verify", bundle), ("replay", bundle, "--headless", "--speed", "8")], bundle.parent)

    assert verified[0] == 0 and (verified[1]["ok"], verified[1]["problems"]) == (True, []) and verified[1]["files"] >= 5
    assert replayed[0] == 0 and replayed[1]["state_hash"] == manifest["state_hash"] and replayed[1]["score"] is None
    assert (replayed[1]["entries"], replayed[1]["duration_s"] >= 0) == (manifest["entries"], True)


def test_a_bundle_with_one_flipped_bit_or_a_missing_end_is_not_ok_and_not_played(bundle: Path, tmp_path: Path) -> None:
    whole = bundle.read_bytes()
    broken = {
        f"bit{at}.zip": whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in (300, len(whole) // 2, len(whole) - 9)
    }
    broken |= {"cut.zip": whole[: len(whole) // 2], "empty.zip": b"", "text.zip": b"not a zip"}
    for name, content in broken.items():
        (tmp_path / name).write_bytes(content)

    verified = in_turn([("verify", tmp_path / name) for name in broken], tmp_path)
    played = in_turn([("replay", tmp_path / name, "--headless") for name in broken], tmp_path)

    assert [(code, document["ok"], bool(document["problems"])) for code, document, _ in verified] == [(1, False, True)] * len(
        broken
    )
    assert all(code in (1, 2) and len(error.splitlines()) == 1 for code, _, error in played)


# self-test


def test_selftest_passes_here_and_names_a_removed_font_and_a_stopped_broker(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    (checkout / "resources").mkdir(parents=True)
    (checkout / "console").symlink_to(Path(__file__).parents[2] / "console")
    for part in resources().iterdir():
        if part.name != "fonts":
            (checkout / "resources" / part.name).symlink_to(part)
    (checkout / "resources" / "fonts").mkdir()
    arguments = ["-m", "console", "selftest", "--json", "--data", str(tmp_path / "data")]
    environment = {**os.environ, "PYTHONPATH": str(checkout)}

    healthy = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=60, check=False)
    ill = subprocess.run(
        [sys.executable, *arguments, "--broker", "mqtt://desk:s3cret@127.0.0.1:1"],
        capture_output=True, text=True, timeout=60, check=False, cwd=checkout, env=environment,
    )  # fmt: skip

    good, bad = json.loads(healthy.stdout), json.loads(ill.stdout)
    assert (healthy.returncode, good["ok"]) == (0, True), good
    failed = {check["name"]: check["detail"] for check in bad["checks"] if not check["ok"]}
    assert ill.returncode == 1 and not bad["ok"] and set(failed) >= {"fonts", "broker"}
    assert "LiandongSans-Regular.otf" in failed["fonts"] and "127.0.0.1:1" in failed["broker"]
    assert "s3cret" not in ill.stdout + ill.stderr
    assert not (tmp_path / "data").exists()
