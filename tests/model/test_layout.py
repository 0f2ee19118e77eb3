"""Layouts: spans on a grid are merged, divided and kept; what is no layout is refused; the text form comes back the same."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.errors import BadInput
from console.model import layout as lay
from console.model.layout import BUILT_IN, Layout, Span
from console.model.wall import LAYOUTS


@pytest.mark.parametrize("tiles", sorted(LAYOUTS))
def test_built_in_layouts_are_the_walls_own(tiles: int) -> None:
    found = BUILT_IN[tiles]

    assert len(lay.checked(found).spans) == tiles
    assert [round(p.left + p.width, 6) for p in found.places()] == [round(p.left + p.width, 6) for p in LAYOUTS[tiles]]


def test_merging_takes_every_tile_it_cuts() -> None:
    made = lay.merged(lay.plain("a", 4, 4), Span(1, 1, 2, 2))
    wider = lay.merged(made, Span(0, 0, 2, 2))

    assert made.spans[5] == Span(1, 1, 2, 2)
    assert len(made.spans) == 13
    assert wider.spans[0] == Span(0, 0, 3, 3)
    assert len(wider.spans) == 8


def test_dividing_gives_the_cells_back() -> None:
    made = lay.merged(lay.plain("a", 3, 3), Span(0, 0, 2, 2))

    assert set(lay.divided(made, 1, 1).spans) == set(lay.plain("a", 3, 3).spans)


def test_the_first_tile_is_the_first_to_be_filled() -> None:
    assert lay.brought_first(lay.plain("a", 2, 2), 1, 1).spans == (Span(1, 1), Span(0, 0), Span(1, 0), Span(0, 1))


spans = st.tuples(*(st.integers(0, 7) for _ in range(2)), *(st.integers(1, 4) for _ in range(2)))
acts = st.lists(st.tuples(st.sampled_from(["merge", "divide", "first", "resize"]), spans), max_size=12)


@given(acts)
def test_whatever_is_done_to_a_grid_no_two_tiles_share_a_cell_and_none_hangs_over(
    done: list[tuple[str, tuple[int, ...]]],
) -> None:
    made = lay.plain("a", 4, 4)
    for act, (column, row, columns, rows) in done:
        column, row = column % made.columns, row % made.rows
        if act == "merge":
            part = Span(column, row, min(columns, made.columns - column), min(rows, made.rows - row))
            made = lay.merged(made, part)
        elif act == "resize":
            made = lay.resized(made, columns + 3, rows + 3)
        else:
            made = (lay.divided if act == "divide" else lay.brought_first)(made, column, row)

    assert lay.checked(made) == made
    assert sum(one.columns * one.rows for one in made.spans) == made.columns * made.rows


def test_layouts_come_back_from_their_text() -> None:
    kept = [Layout('路口 "东"\\', 3, 2, (Span(0, 0, 2, 2), Span(2, 0), Span(2, 1))), *BUILT_IN.values()]

    assert lay.layouts_of(tomllib.loads(lay.toml(kept))) == (kept, [])


@pytest.mark.parametrize(
    "table",
    [
        {}, {"name": "a"}, "text", 7, None, [],
        {"name": "", "columns": 2, "rows": 2, "spans": [[0, 0, 1, 1]]},
        {"name": "x" * 41, "columns": 2, "rows": 2, "spans": [[0, 0, 1, 1]]},
        {"name": "a\nb", "columns": 2, "rows": 2, "spans": [[0, 0, 1, 1]]},
        {"name": 5, "columns": 2, "rows": 2, "spans": [[0, 0, 1, 1]]},
        {"name": "a", "columns": 0, "rows": 2, "spans": [[0, 0, 1, 1]]},
        {"name": "a", "columns": 13, "rows": 2, "spans": [[0, 0, 1, 1]]},
        {"name": "a", "columns": True, "rows": 2, "spans": [[0, 0, 1, 1]]},
        {"name": "a", "columns": 2, "rows": 2, "spans": []},
        {"name": "a", "columns": 2, "rows": 2, "spans": [[0, 0, 3, 1]]},
        {"name": "a", "columns": 2, "rows": 2, "spans": [[-1, 0, 1, 1]]},
        {"name": "a", "columns": 2, "rows": 2, "spans": [[0, 0, 0, 1]]},
        {"name": "a", "columns": 2, "rows": 2, "spans": [[0, 0, 2, 2], [1, 1, 1, 1]]},
        {"name": "a", "columns": 2, "rows": 2, "spans": [[0, 0, 1]]},
        {"name": "a", "columns": 2, "rows": 2, "spans": [[0, 0, 1, 1.0]]},
        {"name": "a", "columns": 12, "rows": 12, "spans": [[c, r, 1, 1] for c in range(12) for r in range(12)]},
    ],
)  # fmt: skip
def test_what_is_no_layout_is_refused(table: object) -> None:
    with pytest.raises(BadInput):
        lay.layout_of(table)


def test_one_bad_layout_does_not_cost_the_others() -> None:
    good = {"name": "a", "columns": 1, "rows": 1, "spans": [[0, 0, 1, 1]]}

    found, bad = lay.layouts_of({"layout": [good, {"name": "b"}, {**good, "name": "c"}]}, "f.toml")

    assert [one.name for one in found] == ["a", "c"]
    assert [problem.where for problem in bad] == ["f.toml layout 2"]


def test_the_last_of_a_name_counts() -> None:
    first, second = lay.plain("a", 1, 1), lay.plain("a", 2, 2)

    assert lay.with_layout((first, BUILT_IN[4]), second) == (second, BUILT_IN[4])
