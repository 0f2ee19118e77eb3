"""Who may come in: log-in, first password, roles, keys and tokens; what a console's leaving does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from console.errors import BadInput, Refused
from console.links.hooks import LocalPeer
from console.links.intake import parse_incident
from console.model import commands as cmd
from console.model.unit import Unit
from console.paths import DataFolder
from console.services.accounts import Accounts
from console.services.desk import Desk, Surroundings
from console.services.dispatch import load_playbooks
from console.services.positions import Positions
from console.services.reception import Reception
from console.services.registers import Registers
from console.store.accounts_db import AccountsDb
from console.store.journal import Journal
from console.store.roster import Roster
from console.store.tracks import Tracks
from tests.fakes import FakeClock

CONSOLE = LocalPeer(1, "root", "01", "zhao@01", "console")
CLI = LocalPeer(2, "root", "cli", "root", "cli")
PASSWORD = "correct horse"


class Front:
    """A reception over a real journal and accounts file."""

    def __init__(self, root: Path, demo: bool = False) -> None:
        folder, self.clock = DataFolder(root), FakeClock()
        folder.create()
        self.journal = Journal.open(folder.journal, self.clock)
        around = Surroundings(Roster({}, {}, {}, 0), None, load_playbooks(), dict, dict, 1000.0, 9, 300.0, 1800.0, "en")
        self.desk = Desk(self.journal, self.clock, around)
        self.desk.start()
        quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        self.accounts = Accounts(AccountsDb.open(folder.accounts, quick), self.desk, self.clock, demo=demo)
        self.positions = Positions(Tracks(root), self.clock, lambda fixes: None)
        self.positions.start()
        self.front = Reception(folder, self.desk, self.accounts, self.positions, Registers(folder, self.desk), self.clock)
        self.desk.ask(cmd.StartFolder(demo, "test"), "desk", ("desk",)).result(5)
        self.desk.ask(cmd.AddOperator("zhao", "Zhao", ["administrator", "commander"]), "desk", ("desk",)).result(5)

    def do(self, peer: LocalPeer, kind: str, **body: object) -> dict[str, object]:
        return self.front.command(peer, kind, dict(body)).result(10).result

    def close(self) -> None:
        self.accounts.close()
        self.desk.stop()
        self.positions.stop()
        self.journal.close()


@pytest.fixture
def house(data_folder: Path) -> Iterator[Front]:
    house = Front(data_folder)
    yield house
    house.close()


def test_the_first_console_sets_the_administrators_password_and_nobody_after_it(house: Front) -> None:
    needed = house.front.attach(CONSOLE).result(5).more["needs_password"]
    house.do(CONSOLE, "SetPassword", operator="zhao", password=PASSWORD)

    assert needed == "zhao"
    assert house.front.attach(CONSOLE).result(5).more["needs_password"] is None
    with pytest.raises(Refused, match="not_logged_in"):
        house.do(CONSOLE, "SetPassword", operator="zhao", password="another one")


def test_a_console_does_nothing_before_its_log_in(house: Front) -> None:
    with pytest.raises(Refused, match="not_logged_in"):
        house.do(CONSOLE, "OpenEnrolment", unit="P-01")


def test_a_wrong_password_is_refused_and_on_record(house: Front) -> None:
    house.do(CONSOLE, "SetPassword", operator="zhao", password=PASSWORD)

    for operator, password in (("zhao", "wrong"), ("nobody", PASSWORD)):
        with pytest.raises(Refused, match="wrong_password"):
            house.do(CONSOLE, "LogIn", operator=operator, password=password, seat="01")

    assert [entry.kind for entry in house.journal.read(0)].count("LogInRefused") == 2


def test_after_log_in_a_command_carries_person_and_seat(house: Front) -> None:
    house.do(CONSOLE, "SetPassword", operator="zhao", password=PASSWORD)
    house.do(CONSOLE, "LogIn", operator="zhao", password=PASSWORD, seat="03")
    house.desk.ask(cmd.ReportIncident("110", "A", 0, "fight"), "x", ("source",)).result(5)

    house.do(CONSOLE, "AcknowledgeIncident", incident="I000001")

    assert house.journal.read(0)[-1].by == "zhao@03"


def test_a_killed_console_is_logged_out_and_its_tiles_are_closed(house: Front) -> None:
    house.do(CONSOLE, "SetPassword", operator="zhao", password=PASSWORD)
    house.do(CONSOLE, "LogIn", operator="zhao", password=PASSWORD, seat="03")
    house.desk.state.tiles["03/1"] = {"camera": "T-1", "seat": "03", "incident": None, "household": False}

    house.front.detach(CONSOLE)
    house.desk.look(lambda state: None).result(5)

    assert [entry.kind for entry in house.journal.read(0)][-2:] == ["TileClosed", "OperatorLoggedOut"]


def test_a_short_password_is_refused(house: Front) -> None:
    with pytest.raises(Refused, match="weak_password"):
        house.do(CONSOLE, "SetPassword", operator="zhao", password="short")


def test_the_command_line_is_the_owner(house: Front) -> None:
    assert house.do(CLI, "AddSource", source="mall")["source"] == "mall"
    with pytest.raises(Refused, match="unknown_source"):
        house.do(CLI, "AddSource", source="nobody")


def test_a_partners_token_is_its_source(house: Front) -> None:
    token = str(house.do(CLI, "AddSource", source="mall")["token"])

    assert house.front.source_of(token) == "mall"
    assert house.front.source_of(token + "x") is None


@pytest.mark.parametrize("kind", ["RecordReceipt", "StartFolder", "LinkIncident", "ExpireOrder"])
def test_the_desks_own_commands_are_not_for_clients(house: Front, kind: str) -> None:
    with pytest.raises((Refused, BadInput)):
        house.do(CLI, kind)


def test_an_unknown_unit_gets_no_key(house: Front) -> None:
    with pytest.raises(Refused, match="unknown_unit"):
        house.do(CLI, "EnrolTerminal", unit="P-99")


def test_a_revoked_terminal_is_dropped_and_its_key_opens_nothing(house: Front) -> None:
    house.desk.around.roster = Roster({}, {"P-01": Unit("P-01")}, {}, 1)
    key = str(house.do(CLI, "EnrolTerminal", unit="P-01")["key"])
    dropped: list[str] = []
    house.front.on_revoked = dropped.append
    before = house.front.terminal_ok("P-01", key)

    house.do(CLI, "RevokeTerminal", unit="P-01")

    assert (before, house.front.terminal_ok("P-01", key), dropped) == (True, False, ["P-01"])
    with pytest.raises(Refused, match="not_enrolled"):
        house.do(CLI, "RevokeTerminal", unit="P-01")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("ImportRoster", {"roster": "units", "file": "units.csv"}),
        ("ImportMap", {"compiled": "x", "file": "y"}),
        ("AddSource", {"source": "mall"}),
        ("ReportIncident", {"source": "manual", "source_id": "1", "at": "2026-01-02T03:04:05+08:00", "title": "t"}),
    ],
)
def test_a_watcher_changes_no_roster_map_or_partner(house: Front, tmp_path: Path, kind: str, body: dict[str, str]) -> None:
    house.desk.ask(cmd.AddOperator("wang", "Wang", ["watcher"]), "desk", ("desk",)).result(5)
    house.accounts._db.set_password("wang", PASSWORD)
    house.do(CONSOLE, "LogIn", operator="wang", password=PASSWORD, seat="02")
    (tmp_path / "units.csv").write_text("id,name,kind\nP-01,x,patrol_car\n", "utf-8")

    with pytest.raises(Refused, match="no_right"):
        house.do(CONSOLE, kind, **{**body, **({"file": str(tmp_path / "units.csv")} if kind == "ImportRoster" else {})})

    assert not (tmp_path / "data" / "roster.db").exists()


def test_what_consoles_say_of_feeds_counts_for_two_minutes(house: Front) -> None:
    news = [
        {"camera": "A", "state": "live"},
        {"camera": "B", "state": "none", "error": "timeout"},
        {"camera": "C", "state": "held"},
    ]
    house.front.feed_health(CONSOLE, news)

    assert house.front.alive() == {"A": True, "B": False}
    house.clock.advance(121)
    assert house.front.alive() == {}


def test_a_report_over_the_door_is_one_incident(house: Front) -> None:
    body = {"source": "110", "source_id": "1", "at": "2026-01-02T03:04:05+08:00", "title": "打架"}

    first = house.front.report(parse_incident(body, "110"), "110@door").result(5)
    second = house.front.report(parse_incident(body, "110"), "110@door").result(5)

    assert (first.duplicate_of, second.duplicate_of) == (None, first.incident)


def test_the_demos_guest_needs_no_password(data_folder: Path) -> None:
    house = Front(data_folder, demo=True)
    house.desk.ask(cmd.AddOperator("demo", "demo", ["commander"]), "desk", ("desk",)).result(5)

    assert house.do(CONSOLE, "LogIn", operator="demo", password="", seat="01")["operator"] == "demo"
    house.close()
