"""Secrets are kept as hashes, told once and checked without saying who exists."""

from __future__ import annotations

import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from console.errors import BadInput, Unavailable
from console.store.accounts_db import LONGEST_PASSWORD, AccountsDb

_QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@pytest.fixture
def accounts(tmp_path: Path) -> Iterator[AccountsDb]:
    opened = AccountsDb.open(tmp_path / "accounts.db", _QUICK)
    yield opened
    opened.close()


def test_only_the_right_password_of_a_known_operator_is_right(accounts: AccountsDb) -> None:
    accounts.set_password("wang", "正确的密码 8")

    assert accounts.has_password("wang")
    assert accounts.check_password("wang", "正确的密码 8")
    assert not accounts.check_password("wang", "正确的密码 9")
    assert not accounts.check_password("nobody", "正确的密码 8")
    assert not accounts.has_password("nobody")


def test_a_new_password_replaces_the_old_one(accounts: AccountsDb) -> None:
    accounts.set_password("wang", "old password")
    accounts.set_password("wang", "new password")
    assert accounts.check_password("wang", "new password")
    assert not accounts.check_password("wang", "old password")


class _Counting(PasswordHasher):
    verified = 0

    def verify(self, kept: str | bytes, password: str | bytes) -> bool:
        self.verified += 1
        return super().verify(kept, password)


def test_an_unknown_operator_costs_the_same_work_as_a_known_one(tmp_path: Path) -> None:
    counting = _Counting(time_cost=1, memory_cost=64, parallelism=1)
    accounts = AccountsDb.open(tmp_path / "accounts.db", counting)
    accounts.check_password("nobody", "x")
    accounts.close()
    assert counting.verified == 1


def test_a_password_of_megabytes_is_wrong_and_cannot_be_set(accounts: AccountsDb) -> None:
    accounts.set_password("wang", "x" * LONGEST_PASSWORD)
    assert accounts.check_password("wang", "x" * LONGEST_PASSWORD)
    assert not accounts.check_password("wang", "x" * (LONGEST_PASSWORD + 1))
    with pytest.raises(BadInput, match="at most"):
        accounts.set_password("wang", "x" * (LONGEST_PASSWORD + 1))


def test_a_hash_with_weaker_parameters_is_renewed_at_log_in(tmp_path: Path) -> None:
    path = tmp_path / "accounts.db"
    weak = AccountsDb.open(path, _QUICK)
    weak.set_password("wang", "password")
    weak.close()
    strong = AccountsDb.open(path, PasswordHasher(time_cost=2, memory_cost=64, parallelism=1))
    assert strong.check_password("wang", "password")
    assert strong.check_password("wang", "password")
    strong.close()
    assert b"t=2,p=1" in path.read_bytes()


def test_a_device_key_reaches_only_its_own_unit(accounts: AccountsDb) -> None:
    key, other = accounts.new_terminal_key("U-1"), accounts.new_terminal_key("U-2")

    assert accounts.terminal_unit(key) == "U-1"
    assert accounts.check_terminal("U-1", key)
    assert not accounts.check_terminal("U-2", key)
    assert not accounts.check_terminal("U-1", other)
    assert not accounts.check_terminal("U-9", key)
    assert not accounts.check_terminal("U-1", "\ud800")
    assert accounts.terminals() == {"U-1", "U-2"}


def test_a_new_or_revoked_key_ends_the_old_one(accounts: AccountsDb) -> None:
    old = accounts.new_terminal_key("U-1")
    new = accounts.new_terminal_key("U-1")
    assert not accounts.check_terminal("U-1", old)
    assert accounts.revoke("U-1")
    assert not accounts.revoke("U-1")
    assert accounts.terminal_unit(new) is None


def test_a_partners_token_names_the_partner(accounts: AccountsDb) -> None:
    token = accounts.new_source_token("110")
    assert accounts.source_of(token) == "110"
    assert accounts.source_of("guess") is None
    assert accounts.revoke_source("110")
    assert accounts.source_of(token) is None


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX rights")
def test_the_file_is_for_its_owner_only_and_holds_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "accounts.db"
    accounts = AccountsDb.open(path, _QUICK)
    accounts.set_password("wang", "a very secret word")
    key = accounts.new_terminal_key("U-1")
    for file in tmp_path.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert b"very secret" not in file.read_bytes()
        assert key.encode() not in file.read_bytes()
    accounts.close()
    again = AccountsDb.open(path, _QUICK)
    assert again.check_password("wang", "a very secret word")
    again.close()


def test_a_foreign_or_unreachable_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "accounts.db").write_bytes(b"not a database, but long enough to look at")
    with pytest.raises(BadInput, match="not a database"):
        AccountsDb.open(tmp_path / "accounts.db")
    with pytest.raises(Unavailable):
        AccountsDb.open(tmp_path / "nowhere" / "accounts.db")
