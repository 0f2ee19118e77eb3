"""Layouts: a grid whose cells are merged into tiles, with a name; the built-in ones, how they are edited, their TOML form.

Pure values and rules. Cells are counted from 0, left to right and top to bottom; the order of a layout's spans is the order in
which its tiles are filled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from console.errors import BadInput
from console.model.wall import LAYOUTS, Rectangle

MOST_CELLS: Final = 12
"""Columns or rows of a grid: smaller tiles than a twelfth of a screen show nothing."""
MOST_TILES: Final = 64
LONGEST_NAME: Final = 40


@dataclass(frozen=True, slots=True)
class Span:
    """A tile's cells: the upper left one, and how many across and down."""

    column: int
    row: int
    columns: int = 1
    rows: int = 1

    def covers(self, column: int, row: int) -> bool:
        return self.column <= column < self.column + self.columns and self.row <= row < self.row + self.rows

    def meets(self, other: Span) -> bool:
        """Whether both share a cell."""
        return (
            self.column < other.column + other.columns
            and other.column < self.column + self.columns
            and self.row < other.row + other.rows
            and other.row < self.row + self.rows
        )

    def joined(self, other: Span) -> Span:
        """The smallest span that holds both."""
        column, row = min(self.column, other.column), min(self.row, other.row)
        right = max(self.column + self.columns, other.column + other.columns)
        bottom = max(self.row + self.rows, other.row + other.rows)
        return Span(column, row, right - column, bottom - row)


@dataclass(frozen=True, slots=True)
class Layout:
    """How a wall is divided. `name` is the operator's own, or "@…" for one that came with the program (see i18n layout)."""

    name: str
    columns: int
    rows: int
    spans: tuple[Span, ...]

    def places(self) -> tuple[Rectangle, ...]:
        """The tiles' places on the unit square, in the order in which they are filled."""
        return tuple(
            Rectangle(one.column / self.columns, one.row / self.rows, one.columns / self.columns, one.rows / self.rows)
            for one in self.spans
        )

    def span_at(self, column: int, row: int) -> int | None:
        """The number of the span that covers a cell."""
        return next((number for number, one in enumerate(self.spans) if one.covers(column, row)), None)


def plain(name: str, columns: int, rows: int) -> Layout:
    """A grid without merged cells."""
    return Layout(name, columns, rows, tuple(Span(c, r) for r in range(rows) for c in range(columns)))


def _built_in(tiles: int) -> Layout:
    """The same division as `wall.LAYOUTS`, as spans."""
    places = LAYOUTS[tiles]
    cells = round(1 / min(place.width for place in places))
    spans = tuple(
        Span(*(round(value * cells) for value in (place.left, place.top, place.width, place.height))) for place in places
    )
    return Layout(f"@{tiles}", cells, cells, spans)


BUILT_IN: Final[Mapping[int, Layout]] = {tiles: _built_in(tiles) for tiles in LAYOUTS}


# editing -------------------------------------------------------------------------------------------------------------


def merged(layout: Layout, part: Span) -> Layout:
    """Make one tile of the cells of `part`, and of every tile it cuts. It takes the place of the first of them in the order."""
    grown = part
    while True:
        met = [one for one in layout.spans if one.meets(grown)]
        wider = grown
        for one in met:
            wider = wider.joined(one)
        if wider == grown:
            break
        grown = wider
    first = next((number for number, one in enumerate(layout.spans) if one.meets(grown)), len(layout.spans))
    kept = [one for one in layout.spans if not one.meets(grown)]
    kept.insert(sum(1 for one in layout.spans[:first] if not one.meets(grown)), grown)
    return replace(layout, spans=tuple(kept))


def divided(layout: Layout, column: int, row: int) -> Layout:
    """Make single cells again of the tile that covers a cell; an uncovered cell becomes a tile."""
    number = layout.span_at(column, row)
    if number is None:
        return replace(layout, spans=(*layout.spans, Span(column, row)))
    one = layout.spans[number]
    cells = [Span(one.column + c, one.row + r) for r in range(one.rows) for c in range(one.columns)]
    return replace(layout, spans=(*layout.spans[:number], *cells, *layout.spans[number + 1 :]))


def brought_first(layout: Layout, column: int, row: int) -> Layout:
    """The tile at a cell is filled first, the others after it in their order."""
    number = layout.span_at(column, row)
    if number is None:
        return layout
    return replace(layout, spans=(layout.spans[number], *layout.spans[:number], *layout.spans[number + 1 :]))


def resized(layout: Layout, columns: int, rows: int) -> Layout:
    """Another grid: tiles that still fit stay, what hangs over is cut, new cells are single tiles."""
    columns, rows = min(max(1, columns), MOST_CELLS), min(max(1, rows), MOST_CELLS)
    kept = [
        Span(one.column, one.row, min(one.columns, columns - one.column), min(one.rows, rows - one.row))
        for one in layout.spans
        if one.column < columns and one.row < rows
    ]
    bare = [Span(c, r) for r in range(rows) for c in range(columns) if not any(one.covers(c, r) for one in kept)]
    return Layout(layout.name, columns, rows, (*kept, *bare))


# checking and keeping ------------------------------------------------------------------------------------------------


def checked(layout: Layout, where: str = "") -> Layout:
    """The layout itself. Raises BadInput for a grid that is none, a span outside it, two over one cell, no or too many tiles."""
    name = layout.name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise BadInput(f"a layout's name has 1 to {LONGEST_NAME} printable characters", where)
    if not (1 <= layout.columns <= MOST_CELLS and 1 <= layout.rows <= MOST_CELLS):
        raise BadInput(f"{name}: a grid has 1 to {MOST_CELLS} columns and rows", where)
    if not 1 <= len(layout.spans) <= MOST_TILES:
        raise BadInput(f"{name}: a layout has 1 to {MOST_TILES} tiles, not {len(layout.spans)}", where)
    taken: set[tuple[int, int]] = set()
    for one in layout.spans:
        inside = one.column >= 0 and one.row >= 0 and one.columns >= 1 and one.rows >= 1
        if not inside or one.column + one.columns > layout.columns or one.row + one.rows > layout.rows:
            raise BadInput(f"{name}: a tile at column {one.column}, row {one.row} does not lie in the grid", where)
        cells = {(one.column + c, one.row + r) for r in range(one.rows) for c in range(one.columns)}
        if cells & taken:
            raise BadInput(f"{name}: two tiles share the cell at column {one.column}, row {one.row}", where)
        taken |= cells
    return replace(layout, name=name)


def layout_of(table: object, where: str = "") -> Layout:
    """A layout from its TOML table. Raises BadInput."""
    try:
        if not isinstance(table, Mapping):
            raise TypeError
        spans = tuple(Span(*_four(one)) for one in table["spans"])
        columns, rows, name = table["columns"], table["rows"], table["name"]
    except (KeyError, TypeError, ValueError) as cause:
        raise BadInput("a layout needs name, columns, rows and spans of four whole numbers each", where) from cause
    if not isinstance(name, str) or type(columns) is not int or type(rows) is not int:
        raise BadInput("a layout needs a text as name, whole numbers as columns and rows", where)
    return checked(Layout(name, columns, rows, spans), where)


def _four(numbers: Any) -> tuple[int, int, int, int]:
    column, row, columns, rows = numbers
    if any(type(one) is not int for one in (column, row, columns, rows)):
        raise TypeError
    return column, row, columns, rows


def layouts_of(tables: Mapping[str, Any], where: str = "") -> tuple[list[Layout], list[BadInput]]:
    """The layouts of a file's tables and what was wrong with the others; of two with one name the later one counts."""
    found: dict[str, Layout] = {}
    bad: list[BadInput] = []
    listed = tables.get("layout", [])
    for number, table in enumerate(listed if isinstance(listed, list) else [listed], 1):
        try:
            one = layout_of(table, f"{where} layout {number}".strip())
        except BadInput as problem:
            bad.append(problem)
        else:
            found[one.name] = one
    return list(found.values()), bad


def toml(layouts: Iterable[Layout]) -> str:
    """The TOML text of layouts; `layouts_of` reads it back."""
    blocks = []
    for one in layouts:
        name = one.name.replace("\\", "\\\\").replace('"', '\\"')
        spans = ", ".join(f"[{s.column}, {s.row}, {s.columns}, {s.rows}]" for s in one.spans)
        blocks.append(f'[[layout]]\nname = "{name}"\ncolumns = {one.columns}\nrows = {one.rows}\nspans = [{spans}]\n')
    return "\n".join(blocks)


def with_layout(layouts: Sequence[Layout], layout: Layout) -> tuple[Layout, ...]:
    """`layouts` with one more, or with the one of the same name replaced in its place. Raises BadInput for a bad one."""
    good = checked(layout)
    if any(one.name == good.name for one in layouts):
        return tuple(good if one.name == good.name else one for one in layouts)
    return (*layouts, good)
