"""The self-test: says what works, names what does not, and leaves the data folder as it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from console import selftest, words
from console.paths import DataFolder
from console.selftest import CheckFailed
from console.settings import load


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    before = words.chosen()
    words.choose("en")
    yield
    words.choose(before)


def test_every_check_answers_and_nothing_is_written(data_folder: Path, tmp_path: Path) -> None:
    result = selftest.run(DataFolder(data_folder), load(None))

    names = [check["name"] for check in result["checks"]]
    assert names == [
        "qt", "fonts", "codecs", "graphics", "opus", "memory", "store", "map", "door", "broker", "texts", "resources",
    ]  # fmt: skip
    assert [check for check in result["checks"] if not check["ok"]] == []
    assert result["ok"] is True
    assert list(tmp_path.iterdir()) == []


def test_a_stopped_broker_is_named_without_its_password(data_folder: Path, free_port: int) -> None:
    settings = load(None, [f"broker.url=mqtt://desk:hunter2@127.0.0.1:{free_port}"])

    with pytest.raises(CheckFailed, match=f"127.0.0.1:{free_port} does not answer") as failure:
        selftest.broker(DataFolder(data_folder), settings)
    assert "hunter2" not in str(failure.value)


def test_a_taken_door_port_is_named(data_folder: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CheckFailed, match=f"cannot listen on 127.0.0.1:{port}"):
            selftest.door(DataFolder(data_folder), load(None, [f"door.port={port}"]))


def test_a_door_file_of_a_dead_desk_is_no_running_door(data_folder: Path) -> None:
    data_folder.mkdir()
    (data_folder / "door.json").write_text('{"url": "http://127.0.0.1:1", "token": "t", "pid": 1}')

    assert "can listen" in selftest.door(DataFolder(data_folder), load(None))


def test_a_check_that_breaks_is_an_answer_not_a_crash() -> None:
    def broken() -> str:
        raise RuntimeError("rtsp://u:hunter2@host/ is odd")

    row = selftest._one("map", broken)

    assert row["ok"] is False
    assert "RuntimeError" in row["detail"]
    assert "hunter2" not in row["detail"]


def test_a_folder_that_no_desk_could_write_in_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a file"
    file.touch()

    with pytest.raises(CheckFailed, match=r"no desk can write in .*a file"):
        selftest.store(DataFolder(file))
