"""Tables as people really send them."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.errors import BadInput
from console.store.table import Row, open_table

COLUMNS = ("id", "name", "lon", "lat")
GOOD = "id,name,lon,lat\nA,天府路口,104.1,30.6\nB,东门,104.2,30.7\n"


def read(folder: Path, raw: bytes | str, name: str = "t.csv") -> list[Row]:
    file = folder / name
    file.write_bytes(raw.encode() if isinstance(raw, str) else raw)
    return list(open_table(file, COLUMNS, {"编号": "id", "名称": "name"}).rows)


@pytest.mark.parametrize(
    "raw",
    [
        GOOD.encode(),
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.encode("gb18030"),
        GOOD.encode("utf-16"),
        GOOD.replace("\n", "\r\n").encode(),
        GOOD.replace("\n", "\r").encode(),
        GOOD.replace(",", ";").encode("gb18030"),
        GOOD.replace(",", "\t").encode(),
        GOOD.rstrip("\n").encode(),
        ("\n\n" + GOOD + ",,,\n\n").encode(),
        GOOD.replace("id,name", "编号,名称").encode("gb18030"),
        GOOD.replace("id,name", " ID , Name").encode(),
        GOOD.removeprefix("id,name,lon,lat\n").encode(),
        GOOD.replace("天府路口", '"天府路口"').encode(),
    ],
)
def test_every_shape_gives_the_same_rows(raw: bytes, tmp_path: Path) -> None:
    rows = read(tmp_path, raw)
    assert [row.cells for row in rows] == [
        {"id": "A", "name": "天府路口", "lon": "104.1", "lat": "30.6"},
        {"id": "B", "name": "东门", "lon": "104.2", "lat": "30.7"},
    ]
    assert not any(row.reason for row in rows)


def _workbook() -> bytes:
    book, file = openpyxl.Workbook(), io.BytesIO()
    book.save(file)
    book.close()
    return file.getvalue()


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (_workbook(), "XLSX"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "XLS"),
        (b"", "empty"),
        (b" \n\n ", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"<!DOCTYPE html><html>", "HTML"),
        (b'{"id": 1}', "JSON"),
        (b"%PDF-1.7", "PDF"),
        (b"\x1f\x8b\x08", "gzip"),
        (bytes(range(256)) * 40, "binary"),
        (b"foo,bar\n1,2\n", "no column named id"),
        (b"name,lon\nA,1\n", "no column named id"),
        (b"just some text\nand more", "no column named id"),
    ],
)
def test_what_is_no_table_is_refused_as_a_whole(raw: bytes, what: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=what) as caught:
        read(tmp_path, raw)
    assert "t.csv" in str(caught.value)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        open_table(tmp_path / "none.csv", COLUMNS, {})
    with pytest.raises(BadInput, match="is a folder"):
        open_table(tmp_path, COLUMNS, {})


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("id,name,lon,lat\nA,x,1,2\nB,y,1", 3, "cut off"),
        ('id,name,lon,lat\nA,"x,1,2\nB,y,1,2\n', 2, "never closed"),
        ("id,name,lon,lat\nA,x,1,2,3\nB,y,1,2\n", 2, "5 cells for 4 columns"),
    ],
)
def test_a_broken_line_is_given_up_and_the_others_are_read(text: str, line: int, reason: str, tmp_path: Path) -> None:
    rows = read(tmp_path, text)
    assert [row.line for row in rows if row.reason and reason in row.reason] == [line]
    assert len([row for row in rows if not row.reason]) == 1


def test_a_quoted_cell_may_run_over_lines(tmp_path: Path) -> None:
    rows = read(tmp_path, 'id,name,lon,lat\nA,"two\nlines, ""quoted""",1,2\nB,y,1,2\n')
    assert [(row.line, row.cells["name"]) for row in rows] == [(2, 'two\nlines, "quoted"'), (4, "y")]


def test_lines_in_another_encoding_than_the_rest_are_still_read(tmp_path: Path) -> None:
    raw = "id,name\nA,天府路口\nB,天府广场\n".encode() + "C,东门大桥\n".encode("gb18030") + b"D,\xff\xff\n"
    rows = read(tmp_path, raw)
    assert [row.cells.get("name") for row in rows[:3]] == ["天府路口", "天府广场", "东门大桥"]
    assert "unreadable" in rows[3].reason


def test_short_rows_unknown_and_doubled_columns_are_kept(tmp_path: Path) -> None:
    rows = read(tmp_path, "id,name,remark,name\nA,x,note,y\nB,z\nC\n")
    assert [row.cells for row in rows] == [
        {"id": "A", "name": "x", "remark": "note", "name 4": "y"},
        {"id": "B", "name": "z"},
        {"id": "C"},
    ]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400))
def test_any_bytes_give_rows_or_one_refusal(tmp_path: Path, raw: bytes) -> None:
    try:
        rows = read(tmp_path, b"id,name,lon,lat\n" + raw)
    except BadInput:
        return
    assert all(row.reason or row.cells for row in rows)
