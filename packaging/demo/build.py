"""Write resources/demo: `python packaging/demo/build.py [--clips] [--only ID …] [--out DIR] [--workers N]`.

Without `--clips` only the map, rosters and incidents are written (seconds); with it the pictures too (minutes).
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path
from xml.sax.saxutils import quoteattr

sys.path.insert(0, str(Path(__file__).parent))

import furnish
import people
import town as towns
from shapely.geometry import LineString, Polygon

CAMERA_COLUMNS = [
    "id",
    "name",
    "network",
    "url_main",
    "url_sub",
    "lon",
    "lat",
    "datum",
    "heading_deg",
    "fov_deg",
    "range_m",
    "height_m",
    "ptz",
    "owner",
    "area",
    "pole",
    "consent",
    "unit",
    "name_en",
]
UNIT_COLUMNS = ["id", "name", "kind", "centre", "phone", "terminal", "duty", "crew", "shift", "name_en", "start_lon", "start_lat"]
PLACE_COLUMNS = ["id", "name", "kind", "lon", "lat", "datum", "contact", "phone", "count", "equipment", "members", "name_en"]


class Osm:
    """Collects nodes and ways; the same spot is the same node."""

    def __init__(self) -> None:
        self.nodes: dict[tuple[float, float], int] = {}
        self.ways: list[tuple[list[int], dict[str, str]]] = []

    def node(self, x: float, y: float) -> int:
        return self.nodes.setdefault((round(x, 2), round(y, 2)), len(self.nodes) + 1)

    def way(self, points: list[tuple[float, float]], **tags: str) -> None:
        self.ways.append(([self.node(*p) for p in points], {k: v for k, v in tags.items() if v}))

    def write(self, file: Path) -> None:
        lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<osm version="0.6" generator="liandong demo town">']
        spots = [towns.lonlat(x, y) for x, y in self.nodes]
        west, south, east, north = (
            min(s[0] for s in spots),
            min(s[1] for s in spots),
            max(s[0] for s in spots),
            max(s[1] for s in spots),
        )
        lines.append(f'<bounds minlat="{south}" minlon="{west}" maxlat="{north}" maxlon="{east}"/>')
        lines += [f'<node id="{n}" version="1" lat="{lat}" lon="{lon}"/>' for n, (lon, lat) in enumerate(spots, 1)]
        for n, (refs, tags) in enumerate(self.ways, 1):
            lines.append(f'<way id="{n}" version="1">')
            lines += [f'<nd ref="{ref}"/>' for ref in refs]
            lines += [f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in tags.items()]
            lines.append("</way>")
        file.write_text("\n".join([*lines, "</osm>", ""]), encoding="utf-8")


def _ring(shape: Polygon) -> list[tuple[float, float]]:
    return [(x, y) for x, y in shape.exterior.coords]


def write_map(town: towns.Town, file: Path) -> None:
    osm = Osm()
    for street in town.streets:
        tags = {
            "highway": street.highway,
            "name": street.name,
            "name:en": street.name_en,
            "width": f"{street.width_m:g}",
            "oneway": "yes" if street.oneway else "",
        }
        run: list[tuple[float, float]] = [street.line[0]]
        for a, b in zip(street.line, street.line[1:], strict=False):
            wet = LineString([a, b]).crosses(town.river)
            if wet:  # the bridge is a way of its own, from junction to junction of the two banks
                if len(run) > 1:
                    osm.way(run, **tags)
                name = ("青萝桥", "Qingluo Bridge") if a[0] < 0 else ("东渡桥", "Dongdu Bridge")
                osm.way([a, b], **{**tags, "bridge": "yes", "layer": "1", "bridge:name": name[0], "bridge:name:en": name[1]})
                run = [b]
            else:
                run.append(b)
        if len(run) > 1:
            osm.way(run, **tags)
    osm.way(_ring(town.river), natural="water", water="river", name=towns.RIVER_NAME, **{"name:en": towns.RIVER_NAME_EN})
    kinds = {
        "park": {"leisure": "park"},
        "school": {"amenity": "school"},
        "market": {"amenity": "marketplace"},
        "hospital": {"amenity": "hospital"},
        "mall": {"landuse": "retail"},
        "station": {"amenity": "bus_station"},
        "site": {"landuse": "construction"},
        "petrol": {"amenity": "fuel"},
        "square": {"place": "square"},
    }
    for area in town.areas:
        osm.way(_ring(area.shape), **kinds[area.kind], name=area.name, **{"name:en": area.name_en})
    uses = {
        "home": "apartments",
        "office": "office",
        "shop": "retail",
        "school": "school",
        "mall": "retail",
        "shed": "retail",
        "site": "construction",
    }
    for house in town.buildings:
        osm.way(
            _ring(house.shape),
            building=uses[house.style],
            height=f"{house.height_m:g}",
            **{"building:levels": str(max(1, round(house.height_m / 3.1)))},
            name=house.name,
            **{"name:en": house.name_en},
        )
    osm.write(file)


def _write_csv(file: Path, columns: list[str], rows: list[dict[str, str]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, columns, lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows(rows)


def write_rosters(town: towns.Town, folder: Path) -> None:
    rows = []
    for eye in furnish.cameras(town):
        lon, lat = towns.lonlat(eye.x, eye.y)
        rows.append(
            {
                "id": eye.id,
                "name": eye.name,
                "network": eye.network,
                "url_main": f"clips/{eye.id}.mp4",
                "url_sub": "",
                "lon": f"{lon:.7f}" if eye.place_known else "",
                "lat": f"{lat:.7f}" if eye.place_known else "",
                "datum": "wgs84",
                "heading_deg": eye.heading_text,
                "fov_deg": f"{eye.fov_deg:g}",
                "range_m": f"{eye.range_m:g}",
                "height_m": f"{eye.height_m:g}",
                "ptz": "yes" if eye.ptz else "",
                "owner": eye.owner,
                "area": towns.NAME,
                "pole": eye.pole,
                "consent": eye.consent,
                "unit": eye.unit,
                "name_en": eye.name_en,
            }
        )
    _write_csv(folder / "cameras.csv", CAMERA_COLUMNS, rows)
    rows = []
    for n, unit in enumerate(people.units(), 1):
        lon, lat = towns.lonlat(unit.x, unit.y)
        rows.append(
            {
                "id": unit.id,
                "name": unit.name,
                "kind": unit.kind,
                "centre": "LOCAL",
                "phone": f"60{n:02d}",
                "terminal": "yes",
                "duty": unit.duty,
                "crew": unit.crew,
                "shift": "day",
                "name_en": unit.name_en,
                "start_lon": f"{lon:.7f}",
                "start_lat": f"{lat:.7f}",
            }
        )
    _write_csv(folder / "units.csv", UNIT_COLUMNS, rows)
    rows = []
    for spot in furnish.places(town):
        lon, lat = towns.lonlat(spot.x, spot.y)
        rows.append(
            {
                "id": spot.id,
                "name": spot.name,
                "kind": spot.kind,
                "lon": f"{lon:.7f}",
                "lat": f"{lat:.7f}",
                "datum": "wgs84",
                "contact": spot.contact,
                "phone": spot.phone,
                "count": spot.count,
                "equipment": spot.equipment,
                "members": spot.members,
                "name_en": spot.name_en,
            }
        )
    for pole in furnish.poles(town):
        lon, lat = towns.lonlat(pole.x, pole.y)
        street = next(s for s in town.streets if s.name == pole.street)
        rows.append(
            {
                "id": pole.code,
                "name": f"{pole.street} 灯杆 {pole.code}",
                "kind": "pole",
                "lon": f"{lon:.7f}",
                "lat": f"{lat:.7f}",
                "datum": "wgs84",
                "name_en": f"{street.name_en} lamp post {pole.code}",
            }
        )
    _write_csv(folder / "places.csv", PLACE_COLUMNS, rows)
    folder.joinpath("incidents.json").write_text(
        json.dumps(people.incidents(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parents[2] / "resources" / "demo")
    parser.add_argument("--clips", action="store_true")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--still", action="store_true", help="write one PNG a camera instead of a clip")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=towns.SEED)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    town = towns.build(options.seed)
    if options.clips or options.still:
        import render

        render.render_all(town, options.out / "clips", options.only, options.workers, options.still)
        return 0
    write_map(town, options.out / "town.osm")
    write_rosters(town, options.out)
    print(
        f"{options.out}: {len(furnish.cameras(town))} cameras, {len(people.units())} units, {len(furnish.poles(town))} poles, "
        f"{len(people.incidents())} incidents, {len(town.buildings)} buildings; centre {towns.CENTRE_LON} {towns.CENTRE_LAT}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
