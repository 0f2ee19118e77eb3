"""A small town as OSM text: two streets crossing, one one-way lane, two buildings, water with an island, a park, names."""

from __future__ import annotations

LON, LAT = 104.0, 30.0
_EAST, _NORTH = 1 / 96486.0, 1 / 110852.0  # degrees per metre at 30° north


class Town:
    """Collects nodes and ways given in metres east and north of the middle."""

    def __init__(self) -> None:
        self._nodes: dict[tuple[float, float], int] = {}
        self._body: list[str] = []
        self._points: list[str] = []

    def node(self, x: float, y: float) -> int:
        return self._nodes.setdefault((x, y), len(self._nodes) + 1)

    def way(self, points: list[tuple[float, float]], **tags: str) -> None:
        refs = "".join(f'<nd ref="{self.node(*point)}"/>' for point in points)
        self._body.append(f'<way id="{len(self._body) + 1}" version="1">{refs}{_tags(tags)}</way>')

    def box(self, x: float, y: float, width: float, depth: float, **tags: str) -> None:
        self.way([(x, y), (x + width, y), (x + width, y + depth), (x, y + depth), (x, y)], **tags)

    def point(self, x: float, y: float, **tags: str) -> None:
        at = f'lon="{LON + x * _EAST:.7f}" lat="{LAT + y * _NORTH:.7f}"'
        self._points.append(f'<node id="{100_000 + len(self._points)}" version="1" {at}>{_tags(tags)}</node>')

    def text(self) -> str:
        nodes = "".join(
            f'<node id="{number}" version="1" lon="{LON + x * _EAST:.7f}" lat="{LAT + y * _NORTH:.7f}"/>'
            for (x, y), number in self._nodes.items()
        )
        return (
            f'<?xml version="1.0" encoding="UTF-8"?><osm version="0.6">{nodes}{"".join(self._points)}{"".join(self._body)}</osm>'
        )


def _tags(tags: dict[str, str]) -> str:
    return "".join(f'<tag k="{key.replace("__", ":")}" v="{value}"/>' for key, value in tags.items())


def town() -> str:
    """The town of most tests: crossing at 0, 0; a building 20-40 m north-east of it."""
    made = Town()
    made.way([(-300, 0), (0, 0), (300, 0)], highway="primary", name="天府路", name__en="Tianfu Road")
    made.way([(0, -300), (0, 0), (0, 300)], highway="residential", name="东门街")
    made.way([(0, 300), (300, 300), (300, 0)], highway="residential", oneway="yes", name="单行巷")
    made.way([(0, 0), (30, 30)], highway="footway")
    made.box(20, 20, 20, 20, building="yes", height="12", name="市民中心")
    made.box(-60, 20, 20, 20, building="yes", building__levels="3")
    made.box(-300, -300, 100, 100, natural="water", name="镜湖")
    made.box(100, -200, 80, 80, leisure="park", name="棠梨公园", name__en="Tangli Park")
    made.way([(-400, -250), (400, -250)], waterway="river", name="汀水")
    made.way([(-400, 280), (400, 280)], railway="rail")
    made.point(10, 10, place="suburb", name="云汀")
    made.point(50, -50, amenity="school", name="书棠中学")
    return made.text()
