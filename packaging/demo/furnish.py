"""What the centre has in the town: poles, cameras, places. Enters: `Town`. Leaves: rows in town metres. Pure.

A camera knows its true view (`view_deg`), used by the renderer, and what the roster says about it (`heading_text`),
which for some is a compass word, a range, or nothing: as in real lists.
"""

# ruff: noqa: E501  (tables: one row a line)
from __future__ import annotations

import math
from dataclasses import dataclass, replace

from shapely.geometry import LineString, Point
from shapely.geometry.base import BaseGeometry
from shapely.ops import nearest_points, unary_union
from town import Town, Xy, walk

SCENE: Xy = (-4.6, 4.4)
"""Where the first red incident stands: the south-east corner of Yunting Avenue and Wangting Road."""


@dataclass(frozen=True, slots=True)
class Pole:
    code: str
    x: float
    y: float
    street: str


@dataclass(frozen=True, slots=True)
class Eye:
    """A camera: where it hangs, what it truly sees, and what the roster says."""

    id: str
    name: str
    name_en: str
    network: str
    x: float
    y: float
    height_m: float
    view_deg: float
    fov_deg: float
    range_m: float
    heading_text: str
    aim_m: float = 30.0
    ptz: bool = False
    consent: str = ""
    pole: str = ""
    unit: str = ""
    owner: str = ""
    place_known: bool = True


@dataclass(frozen=True, slots=True)
class Spot:
    id: str
    name: str
    name_en: str
    kind: str
    x: float
    y: float
    contact: str = ""
    phone: str = ""
    count: str = ""
    equipment: str = ""
    members: str = ""


_COMPASS = ("北", "东北", "东", "东南", "南", "西南", "西", "西北")
_COMPASS_EN = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")


def bearing_deg(a: Xy, b: Xy) -> float:
    """Compass bearing from a to b: 0 = north, clockwise."""
    return math.degrees(math.atan2(b[0] - a[0], b[1] - a[1])) % 360


def poles(town: Town) -> list[Pole]:
    """About 200 lamp posts; D-0001 stands at the town's middle, the others are numbered outwards from it."""
    found: list[tuple[float, float, str]] = []
    for street in town.streets:
        step = 70.0 if street.highway == "living_street" else 58.0
        side = 1
        for x, y, along in walk(street.line, step, 17.0):
            off = side * (street.width_m / 2 + 0.7)
            side = -side
            spot = (round(x - math.sin(along) * off, 2), round(y + math.cos(along) * off, 2), street.name)
            if (
                town.carriageway.distance(Point(spot[:2])) > 0.3
                and not town.river.contains(Point(spot[:2]))
                and math.dist(spot[:2], (0, 0)) > 12
            ):
                found.append(spot)
    found.sort(key=lambda spot: math.hypot(spot[0], spot[1]))
    rows = [(0.0, 0.0, town.street("Q").name), *found[:203]]
    return [Pole(f"D-{n:04d}", x, y, street) for n, (x, y, street) in enumerate(rows, 1)]


def _side(view_deg: float) -> int:
    return round(view_deg / 45) % 8


def _cross_name(town: Town, keys: tuple[str, ...]) -> tuple[str, str]:
    order = sorted(keys, key=lambda k: -town.street(k).width_m)
    first, second = town.street(order[0]), town.street(order[1])
    return f"{first.name}{second.name}口", f"{first.name_en} / {second.name_en}"


def _centre(town: Town) -> list[Eye]:
    """The cameras around the first red incident, by hand: ten look at it, others show the other verdicts."""
    # fmt: off
    rows = [
        # id, name, English, network, x, y, height, look at, fov, range, heading text, more
        ("T-001", "云汀大道望汀路口 西北角", "Yunting / Wangting NW corner", "tianwang", -20.5, 26.5, 7.5, (-3, 2), 66, 110, None, {}),
        ("T-002", "云汀大道望汀路口 东北角", "Yunting / Wangting NE corner", "tianwang", 2.0, 27.5, 7.0, (-7, 0), 70, 110, None, {}),
        ("T-003", "云汀大道望汀路口 西南角", "Yunting / Wangting SW corner", "tianwang", -21.0, -3.0, 6.5, (2, 8), 74, 90, None, {}),
        ("T-004", "云汀大道 42 号杆 向东", "Yunting Avenue pole 42 east", "tianwang", -62, 6.0, 6.8, (-3, 6), 40, 150, None, {}),
        ("T-005", "云汀大道 58 号杆 向西", "Yunting Avenue pole 58 west", "tianwang", 52, 20.0, 6.8, (-6, 4), 40, 150, None, {}),
        ("T-006", "望汀路北段 向南", "Wangting Road north, southward", "tianwang", -7.0, 66, 6.5, (-5, 2), 38, 130, "南", {}),
        ("T-007", "望汀路南段 向北", "Wangting Road south, northward", "tianwang", -12.5, -52, 6.5, (-5, 6), 40, 130, None, {}),
        ("T-008", "云汀大道望汀路口 球机", "Yunting / Wangting dome", "tianwang", -23.0, 3.0, 11.0, (-120, 8), 58, 200, None, {"ptz": True}),
        ("X-001", "望汀路 11 号商铺前", "Wangting Road 11, shop front", "xueliang", -0.6, -24, 5.0, (-4.8, 4), 60, 60, None, {}),
        ("X-002", "望汀广场南侧", "Wangting Square south side", "xueliang", -4.6, 44, 6.4, (-5.0, 2), 46, 80, None, {}),
        ("H-001", "惠民花店", "Huimin Flower Shop", "huiyan", -20.4, -9.0, 3.1, (-3, 6), 88, 45, None, {"consent": "incident", "owner": "店主"}),
        ("H-002", "汀畔茶铺", "Tingpan Tea House", "huiyan", 24, 2.6, 3.4, (-5, 7), 84, 60, None, {"consent": "2027-06-30", "owner": "店主"}),
        ("H-003", "望汀路 9 号二层", "Wangting Road 9, 2nd floor", "huiyan", 0.2, -40, 4.4, (-6, 0), 70, 70, None, {"consent": "", "owner": "住户"}),
        ("T-009", "云汀大道东段 向东", "Yunting Avenue east, eastward", "tianwang", 96, 12.0, 6.8, (160, 14), 56, 120, None, {}),
        ("T-010", "云汀大道西段 向东", "Yunting Avenue west, eastward", "tianwang", -128, 3.5, 8.0, (-6, 6), 22, 220, None, {}),
        ("X-003", "望汀新村东门", "Wangting New Village east gate", "xueliang", -26, 28.0, 4.0, (-60, 24), 78, 50, "", {}),
        ("X-004", "染坊巷口", "Ranfang Alley entrance", "xueliang", -18, -89, 4.2, (-60, -92), 76, 50, "东向西", {}),
        ("X-005", "豆市巷口", "Doushi Alley entrance", "xueliang", 4, -83.5, 4.2, (60, -81), 76, 50, "W-E", {}),
    ]
    # fmt: on
    found = []
    for ident, name, name_en, network, x, y, height, look, fov, range_m, text, more in rows:
        view = round(bearing_deg((x, y), look), 1)
        aim = min(60.0, math.dist((x, y), look) * 0.9)
        found.append(
            Eye(
                ident,
                name,
                name_en,
                network,
                x,
                y,
                height,
                view,
                fov,
                range_m,
                f"{view:g}" if text is None else text,
                aim,
                **more,
            )
        )
    return found


_TEXTS = {"T-013": "NW", "T-016": "45;225", "T-019": "90-180", "X-008": "", "X-010": "对着院门", "T-022": ""}


def _at_junctions(town: Town, first: int) -> list[Eye]:
    skip = {("A", "Q"), ("Q", "X"), ("Q", "Y"), ("L", "M"), ("K", "U"), ("E", "L"), ("M", "S"), ("S", "X"), ("T", "Y")}
    ranked = sorted((j for j in town.junctions if j[1] not in skip), key=lambda j: math.hypot(*j[0]))
    found = []
    for number, (spot, keys) in enumerate(ranked[:27]):
        order = sorted(keys, key=lambda k: -town.street(k).width_m)
        street = town.street(order[0] if number % 3 else order[-1])
        line = LineString(street.line)
        at = line.project(Point(spot))
        reach = (16, 20, 24)[number % 3]
        choices = [d for d in (at - reach, at + reach) if 0 < d < line.length]
        stand_at = choices[number % len(choices)]
        stand, ahead = line.interpolate(stand_at), Point(spot)
        view = bearing_deg((stand.x, stand.y), (ahead.x, ahead.y))
        right = math.radians(view + 90)
        off = street.width_m / 2 - 2.2 if street.width_m > 7 else street.width_m / 2 + 0.2
        x, y = stand.x + math.sin(right) * off, stand.y + math.cos(right) * off
        view = round(bearing_deg((x, y), (ahead.x, ahead.y)), 1)
        ident = f"T-{first + number:03d}"
        name, name_en = _cross_name(town, keys)
        ptz = number % 6 == 4
        found.append(
            Eye(
                ident,
                f"{name} 向{_COMPASS[_side(view)]}" + (" 球机" if ptz else ""),
                f"{name_en} {_COMPASS_EN[_side(view)]}",
                "tianwang",
                round(x, 2),
                round(y, 2),
                6.2 + (number % 4) * 0.5,
                view,
                62 + (number % 3) * 8,
                100.0 + (number % 3) * 20,
                f"{view:g}",
                reach + 2.0,
                ptz=ptz,
            )
        )
    return found


# fmt: off
_GATES = (
    ("X", "棠梨公园西门", "Tangli Park west gate", 199.5, 70, (240, 84), 5.0),
    ("X", "云汀实验小学东门", "Primary School east gate", -28, -262, (-90, -306), 6.5),
    ("X", "棠梨农贸市场北侧", "Tangli Market north side", 24, -99.5, (90, -106), 6.0),
    ("X", "云汀社区医院正门", "Community Hospital main gate", -300, 24, (-318, 70), 6.0),
    ("X", "云汀客运站广场", "Bus Station forecourt", 520, 10, (450, -30), 6.5),
    ("X", "棠梨公园步道", "Tangli Park path", 322, 60, (282, 94), 5.0),
    ("X", "栖云府工地大门", "Qiyun Court site gate", 256, 300, (310, 330), 6.0),
    ("X", "望汀广场", "Wangting Square", 62, 82, (30, 56), 5.5),
    ("X", "青萝河南岸步道", "South bank walk", 60, 166, (160, 166), 5.0),
    ("X", "书棠中学操场", "Middle School yard", -170, 280, (-260, 330), 7.0),
    ("H", "杏雨巷 6 号住户", "Xingyu Lane 6, resident", 186.4, 44, (191, 80), 3.2),
    ("H", "槐影巷便利店", "Huaiying Lane corner shop", -211.0, -40, (-218, -76), 3.0),
    ("H", "棠梨街早点铺", "Tangli Street breakfast shop", 60, -167.5, (96, -172), 3.0),
    ("H", "石榴巷口水果店", "Shiliu Lane fruit shop", 378.0, -20, (383, 14), 3.0),
)
# fmt: on


def cameras(town: Town) -> list[Eye]:
    """All cameras, about sixty, each standing in the open."""
    solid = unary_union([b.shape for b in town.buildings])
    found = _centre(town)
    found += _at_junctions(town, 11)
    count = {"X": 5, "H": 3}
    consents = iter(("incident", "incident", "", "2027-03-31"))
    for letter, name, name_en, x, y, look, height in _GATES:
        count[letter] += 1
        ident = f"{letter}-{count[letter]:03d}"
        view = round(bearing_deg((x, y), look), 1)
        home = letter == "H"
        found.append(
            Eye(
                ident,
                name,
                name_en,
                "huiyan" if home else "xueliang",
                x,
                y,
                height,
                view,
                86 if home else 70,
                40 if home else 70,
                f"{view:g}",
                min(26.0, math.dist((x, y), look)),
                consent=next(consents) if home else "",
                owner="住户" if home else "",
            )
        )
    found.append(Eye("K-001", "青萝桥卡口", "Qingluo Bridge checkpoint", "checkpoint", -426, 168, 6.0, 0, 44, 60, "0", 20.0))
    found.append(
        Eye(
            "C-007",
            "巡-07 车载",
            "Patrol 07 on board",
            "vehicle",
            118,
            10.6,
            1.55,
            271,
            74,
            80,
            "0",  # counted from the bow
            60.0,
            unit="XC-07",
            place_known=False,
        )
    )
    posts = poles(town)
    done = []
    for eye in found:
        if eye.id in _TEXTS:
            eye = replace(eye, heading_text=_TEXTS[eye.id])
        if solid.distance(Point(eye.x, eye.y)) < 0.4:
            out = _push_out(eye, solid)
            eye = replace(eye, x=out[0], y=out[1])
        near = min(posts, key=lambda p: math.dist((p.x, p.y), (eye.x, eye.y)))
        if eye.network in ("tianwang", "xueliang") and math.dist((near.x, near.y), (eye.x, eye.y)) < 25:
            eye = replace(eye, pole=near.code)
        done.append(eye)
    return done


def _push_out(eye: Eye, solid: BaseGeometry) -> Xy:
    edge = nearest_points(solid.boundary, Point(eye.x, eye.y))[0]
    angle = math.radians(eye.view_deg)
    x, y = edge.x, edge.y
    for _ in range(40):
        x, y = x + math.sin(angle) * 0.3, y + math.cos(angle) * 0.3
        if solid.distance(Point(x, y)) > 0.5:
            break
    return round(x, 2), round(y, 2)


def places(town: Town) -> list[Spot]:
    """Places other than poles, with contacts whose numbers cannot be anyone's (four digits)."""
    found: list[Spot] = []
    # fmt: off
    people = {"mall": "物业前台", "park": "公园管理处", "school": "门卫", "market": "市场办", "hospital": "护士站", "station": "站务室", "site": "工地值班",
              "petrol": "油站值班", "square": "广场岗"}
    # fmt: on
    gear = {
        "mall": "防暴盾 6;钢叉 4;对讲机 8",
        "school": "钢叉 4;一键报警 2",
        "hospital": "盾牌 2;一键报警 3",
        "station": "安检门 2",
        "site": "灭火器 20",
    }
    for n, area in enumerate(town.areas, 1):
        middle = area.shape.centroid
        kind = {"park": "square", "market": "other"}.get(area.kind, area.kind)
        members = "云汀里购物中心;棠梨农贸市场;汀畔茶铺" if area.kind == "mall" else ""
        found.append(
            Spot(
                f"PL-{n:02d}",
                area.name,
                area.name_en,
                kind,
                middle.x,
                middle.y,
                people[area.kind],
                f"61{n:02d}",
                str({"school": 820, "mall": 1400, "hospital": 260, "site": 90, "station": 300}.get(area.kind, "")),
                gear.get(area.kind, ""),
                members,
            )
        )
    # fmt: off
    rows = (
        ("KD-01", "望汀警务亭", "Wangting Kiosk", "kiosk", 4, 33, "对讲机 4;盾牌 2;急救箱 1"), ("KD-02", "澄桥警务亭", "Chengqiao Kiosk", "kiosk", -440, 12, "对讲机 4"),
        ("KD-03", "客运站警务亭", "Bus Station Kiosk", "kiosk", 556, 14, "对讲机 3;盾牌 2"),
        ("GF-01", "云汀派出所", "Yunting Police Station", "alarm_post", 240, -190, "盾牌 12;钢叉 8"),
        ("BJ-01", "望汀路一键报警柱 1 号", "Alarm post 1, Wangting Road", "alarm_post", 0.4, 60, ""), ("BJ-02", "棠梨街报警柱 2 号", "Alarm post 2, Tangli Street", "alarm_post", -90, -170, ""),
        ("BJ-03", "河南沿路报警柱 3 号", "Alarm post 3, South Bank Road", "alarm_post", 300, 158, ""), ("BJ-04", "书棠路报警柱 4 号", "Alarm post 4, Shutang Road", "alarm_post", 100, 450, ""),
        ("JW-01", "棠梨社区警务室", "Tangli Community Police Room", "alarm_post", -300, -205, "对讲机 2"), ("JW-02", "河沿社区警务室", "Heyan Community Police Room", "alarm_post", -60, 254, "对讲机 2"),
        ("WG-01", "第一网格(望汀)", "Grid 1 (Wangting)", "grid", -100, -40, ""), ("WG-02", "第二网格(杏雨)", "Grid 2 (Xingyu)", "grid", 260, -60, ""),
        ("WG-03", "第三网格(河沿)", "Grid 3 (Heyan)", "grid", 60, 330, ""), ("WG-04", "第四网格(栖霞)", "Grid 4 (Qixia)", "grid", -330, -240, ""),
        ("YY-02", "书棠路牙科诊所", "Shutang Dental Clinic", "hospital", 420, 462, ""), ("XX-03", "汀畔幼儿园", "Tingpan Kindergarten", "school", 300, -230, "钢叉 2"),
    )
    # fmt: on
    for n, (ident, name, name_en, kind, x, y, equipment) in enumerate(rows, 1):
        found.append(Spot(ident, name, name_en, kind, x, y, "值班员", f"62{n:02d}", "", equipment))
    return found
