"""The sheet of a patrol: what was seen, what was not and why; safe in a spreadsheet and a browser."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from console import words
from console.errors import Unavailable
from console.model.patrol import Patrol
from console.services.patrol_sheet import COLUMNS, csv_text, html_text, keep, sheet

S = 1_000_000_000


def walked() -> Patrol:
    views = [
        {"title": title, "cameras": [f"T-{n}"], "least_s": 3.0} for n, title in enumerate(("校门", "=HYPERLINK(1)", "<b>广场"))
    ]
    patrol = Patrol(
        "P000001",
        "t",
        "夜巡",
        "01",
        "zhao",
        "r",
        1_790_000_000 * S,
        True,
        views,
        [{"camera": "H-1", "why": "household", "view": 0}],
    )
    patrol.shown = {0: 1_790_000_001 * S, 1: 1_790_000_010 * S}
    word = {"at_ns": 1_790_000_009 * S, "by": "zhao@01", "dwell_s": 8.0}
    patrol.seen[0] = {**word, "verdict": "nothing", "unseen": []}
    patrol.seen[1] = {**word, "verdict": "no_picture", "unseen": [{"camera": "T-1", "state": "none", "why": "auth"}]}
    patrol.findings.append(
        {"at_ns": 0, "by": "zhao@01", "view": 0, "camera": "T-0", "incident": "I000007", "text": "井盖", "file": "", "sha256": ""}
    )
    patrol.ended_ns, patrol.why = 1_790_000_100 * S, "ended_early"
    return patrol


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_every_view_has_its_word_or_stands_as_missed(language: str) -> None:
    words.choose(language)
    try:
        found = sheet(walked(), lambda camera: f"cam {camera}")
    finally:
        words.choose("zh_CN")

    assert found.verdicts == ("nothing", "no_picture", "missed")
    assert all(len(row) == len(COLUMNS) for row in found.rows)
    assert "I000007" in found.rows[0][COLUMNS.index("findings")]
    assert "cam T-1" in found.rows[1][COLUMNS.index("unseen")]
    assert any("H-1" in value for _, value in found.head)


def test_the_csv_reads_back_and_holds_no_formula() -> None:
    rows = list(csv.reader(io.StringIO(csv_text(sheet(walked(), str)))))

    assert [row[0] for row in rows[-3:]] == ["1", "2", "3"]
    assert rows[-2][1] == "'=HYPERLINK(1)"


def test_the_page_holds_no_markup_from_outside() -> None:
    page = html_text(sheet(walked(), str))

    assert "<b>广场" not in page
    assert "&lt;b&gt;广场" in page
    assert "http" not in page.replace("http-equiv", "")


def test_an_open_patrol_has_a_sheet_too() -> None:
    patrol = walked()
    patrol.ended_ns, patrol.why = None, ""

    assert sheet(patrol, str).verdicts == ("nothing", "no_picture", "open")


def test_a_sheet_is_written_whole_or_the_disk_is_blamed(tmp_path: Path) -> None:
    assert keep(tmp_path / "sheets", "a.csv", b"x").read_bytes() == b"x"
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Unavailable):
        keep(tmp_path / "file", "a.csv", b"x")
