"""Ways along drawn streets: bends, one-way streets, and spots no street leads to."""

from __future__ import annotations

from itertools import pairwise

import pytest

from console.model import geo
from console.store import citymap
from console.store.streets import Streets

# A square with a one-way side and a lane that reaches no other street. Nodes: lat, lon in thousandths of a degree.
_NODES = {1: (0, 0), 2: (0, 2), 3: (2, 2), 4: (2, 0), 8: (9, 9), 9: (9, 11)}
_WAYS = {
    "south": ((1, 2), False),
    "east": ((2, 3), False),
    "north": ((3, 4), False),
    "west": ((4, 1), True),
    "lane": ((8, 9), False),
}


def _spot(node: int) -> tuple[float, float]:
    lat, lon = _NODES[node]
    return 104.0 + lon / 1000, 30.0 + lat / 1000


@pytest.fixture(scope="module")
def streets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("streets")
    lines = ['<osm version="0.6">']
    lines += [f'<node id="{n}" version="1" lon="{_spot(n)[0]}" lat="{_spot(n)[1]}"/>' for n in _NODES]
    for number, (name, (refs, oneway)) in enumerate(_WAYS.items(), 1):
        lines.append(f'<way id="{number}" version="1">' + "".join(f'<nd ref="{ref}"/>' for ref in refs))
        lines.append(f'<tag k="highway" v="residential"/><tag k="name" v="{name}"/>')
        lines.append('<tag k="oneway" v="yes"/></way>' if oneway else "</way>")
    (folder / "square.osm").write_text("\n".join([*lines, "</osm>"]), encoding="utf-8")
    citymap.compile_map(folder / "square.osm", folder / "city.map")
    return Streets(citymap.open_map(folder / "city.map"))


def _length_m(way):
    return sum(geo.distance_m(*a, *b) for a, b in pairwise(way))


def test_a_one_way_street_is_driven_in_its_own_direction_only(streets):
    with_it = _length_m(streets.route(_spot(4), _spot(1)))
    against_it = _length_m(streets.route(_spot(1), _spot(4)))

    assert with_it == pytest.approx(geo.distance_m(*_spot(4), *_spot(1)), rel=0.02)
    assert against_it > 2.5 * with_it


def test_a_route_begins_and_ends_where_it_was_asked(streets):
    here, there = geo.offset(*_spot(1), 40, 9), geo.offset(*_spot(3), -30, 7)

    way = streets.route(here, there)

    assert way[0] == here
    assert way[-1] == there
    assert len(way) >= 4


def test_where_no_street_leads_it_goes_straight_on(streets):
    assert streets.route(_spot(1), _spot(9)) == [_spot(1), _spot(9)]


def test_somewhere_is_a_corner_near_by_or_the_spot_itself(streets):
    nowhere = (100.0, 20.0)

    assert geo.distance_m(*streets.somewhere(0.5, _spot(1), 300), *_spot(1)) <= 300
    assert streets.somewhere(0.5, nowhere, 300) == nowhere
