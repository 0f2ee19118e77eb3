"""Reads a roster table as people really send them: CSV in UTF-8 or GB18030, comma, semicolon or tab, cut, mislabelled.

Enters a file, leave rows with their line numbers; a line that cannot be a row comes out with the reason, never stops the rest.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from console.errors import BadInput

LARGEST_BYTES = 400_000_000
_SAVE_AS = "open it in the spreadsheet program and save it as CSV UTF-8"
_MAGIC = (
    (b"PK\x03\x04", "an Excel workbook (XLSX) or a ZIP archive, not CSV", _SAVE_AS),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (XLS), not CSV", _SAVE_AS),
    (b"\x1f\x8b", "a gzip archive, not CSV", "unpack it first"),
    (b"%PDF", "a PDF document, not CSV", "ask the sender for the table as CSV"),
    (b"{", "JSON, not CSV", "ask the sender for the table as CSV"),
    (b"SQLite format 3", "a database, not CSV", "export the table as CSV"),
    (b"<", "HTML or XML, not CSV", "ask the sender for the table as CSV"),
)  # fmt: skip
_QUOTED_LINES = 20
"""A quoted cell that runs over more lines than this was never closed: only its first line is given up."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line: its cells by column name, or why it is none (`reason`)."""

    line: int
    cells: Mapping[str, str]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table that was opened: its column names as they came, and the hash of the bytes."""

    rows: Iterator[Row]
    columns: tuple[str, ...]
    sha256: str
    headerless: bool


def _read(file: Path) -> bytes:
    try:
        if file.is_dir():
            raise BadInput("is a folder", str(file), "name the CSV file")
        if file.stat().st_size > LARGEST_BYTES:
            raise BadInput(f"larger than {LARGEST_BYTES // 1_000_000} MB", str(file), "split the table")
        raw = file.read_bytes()
    except FileNotFoundError as cause:
        raise BadInput("no such file", str(file)) from cause
    except OSError as cause:
        raise BadInput(f"cannot be read: {cause.strerror}", str(file)) from cause
    start = raw[:512].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start:
        raise BadInput("the file is empty", str(file))
    for magic, what, todo in _MAGIC:
        if start.startswith(magic):
            raise BadInput(f"this is {what}", str(file), todo)
    return raw


def _decoded_lines(raw: bytes, file: Path) -> list[str]:
    """Decode whole, or line by line where the encoding lies: what fits neither keeps U+FFFD and is refused as a row."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", "replace").splitlines()
    if raw[:4096].count(0) > 8:
        raise BadInput("this is a binary file, not CSV", str(file))
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        return _split(raw.decode("utf-8"))
    except UnicodeDecodeError:
        pass
    lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    beyond_ascii = [line for line in lines if not line.isascii()][:5000]
    is_utf8 = 2 * sum(_fits(line, "utf-8") for line in beyond_ascii) >= len(beyond_ascii)
    if not is_utf8 and _fits(raw, "gb18030"):
        return _split(raw.decode("gb18030"))
    order = ("utf-8", "gb18030") if is_utf8 else ("gb18030", "utf-8")
    return [next((line.decode(code) for code in order if _fits(line, code)), line.decode("utf-8", "replace")) for line in lines]


def _fits(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _split(text: str) -> list[str]:
    """Lines as a spreadsheet ends them; str.splitlines would also break at U+2028, U+0085 and form feeds inside names."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _cells(record: str, delimiter: str) -> list[str] | None:
    """Cells of one record; None where it is not exactly one."""
    if '"' not in record:
        return record.split(delimiter)
    try:
        rows = list(csv.reader([part + "\n" for part in record.split("\n")], delimiter=delimiter))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def _records(lines: Sequence[str], first: int, delimiter: str) -> Iterator[tuple[int, list[str] | None]]:
    """Line number and cells of each record; None for a line whose quotes do not add up."""
    at = first
    while at < len(lines):
        line, number = lines[at], at + 1
        at += 1
        if not line.strip(f" {delimiter}"):
            continue
        if line.count('"') % 2:
            ends = range(at, min(at + _QUOTED_LINES, len(lines)))
            end = next((end for end in ends if sum(part.count('"') for part in lines[at : end + 1]) % 2), None)
            if end is None:
                yield number, None
                continue
            line, at = "\n".join((line, *lines[at : end + 1])), end + 1
        yield number, _cells(line, delimiter)


def _named(cells: Sequence[str], aliases: Mapping[str, str]) -> list[str]:
    """Column names in our words; unknown and doubled ones keep their own text as the note's name."""
    found: list[str] = []
    for index, cell in enumerate(cells):
        own = " ".join(cell.strip().split())
        name = aliases.get(own.lower().replace(" ", "_"), own) or f"column {index + 1}"
        found.append(name if name not in found else f"{name} {index + 1}")
    return found


def open_table(file: Path, columns: Sequence[str], aliases: Mapping[str, str]) -> Table:
    """Open a table whose contract has `columns`; `aliases` (lower case) → column name.

    A file without a header line is taken when its rows have exactly the contract's columns in the contract's order. Raises
    BadInput naming the file, what it is instead, and what to do.
    """
    raw = _read(file)
    lines = _decoded_lines(raw, file)
    known = {name: name for name in columns} | dict(aliases)
    first = next(index for index, line in enumerate(lines) if line.strip())
    best: list[str] = []
    delimiter = ","
    for candidate in ",;\t|":
        names = _named(_cells(lines[first], candidate) or [], known)
        if len(set(names) & set(columns)) > len(set(best) & set(columns)):
            best, delimiter = names, candidate
    headerless = "id" not in best
    if headerless:
        delimiter = max(",;\t|", key=lines[first].count)
        cells = _cells(lines[first], delimiter) or []
        if len(cells) != len(columns) or len(set(best) & set(columns)) > 1:
            seen = ", ".join(cell.strip()[:20] for cell in cells[:6])
            raise BadInput(
                f"no column named id in the first line ({seen} …)", f"{file}, line {first + 1}", f"begin with {','.join(columns)}"
            )
        best = list(columns)
    rows = _rows(lines, first if headerless else first + 1, delimiter, best)
    return Table(rows, tuple(best), hashlib.sha256(raw).hexdigest(), headerless)


def _rows(lines: Sequence[str], first: int, delimiter: str, names: Sequence[str]) -> Iterator[Row]:
    damaged = any("\ufffd" in line for line in lines)
    last = len(lines) - 1 if lines[-1] else -1  # a whole file ends with a line break, so its last element is empty
    for number, cells in _records(lines, first, delimiter):
        if cells is None:
            yield Row(number, {}, "a quoted cell is never closed")
        elif len(cells) < len(names) and number - 1 == last:
            yield Row(number, {}, f"{len(cells)} of {len(names)} columns in the last line: the file is cut off")
        elif len(cells) > len(names) and any(cell.strip() for cell in cells[len(names) :]):
            yield Row(number, {}, f"{len(cells)} cells for {len(names)} columns: a cell with the separator needs quotes")
        elif damaged and any("\ufffd" in cell for cell in cells):
            yield Row(number, {}, "unreadable characters: neither UTF-8 nor GB18030")
        else:
            yield Row(number, {name: text for name, cell in zip(names, cells, strict=False) if (text := cell.strip())})
