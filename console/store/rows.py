"""Turns the cells of roster tables into cameras, units and places: lenient with words, strict with ids and positions."""

from __future__ import annotations

import datetime
import math
import os
import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from console.errors import BadInput
from console.logs import mask
from console.model.camera import NETWORKS, Camera
from console.model.heading import parse_heading
from console.model.ids import checked_id
from console.model.place import PLACE_KINDS, Place
from console.model.unit import DUTIES, UNIT_KINDS, Unit
from console.store.credentials import HIDDEN, split_password

CAMERA_COLUMNS = (
    "id", "name", "network", "url_main", "url_sub", "lon", "lat", "datum", "heading_deg", "fov_deg", "range_m", "height_m", "ptz",
    "owner", "area", "pole", "consent", "unit",
)  # fmt: skip
UNIT_COLUMNS = ("id", "name", "kind", "centre", "phone", "terminal", "duty", "crew", "shift")
PLACE_COLUMNS = ("id", "name", "kind", "lon", "lat", "datum", "contact", "phone", "count", "equipment", "members")

ALIASES = {
    "编号": "id", "设备编码": "id", "国标编码": "id", "设备编号": "id", "camera_id": "id", "device_id": "id",
    "名称": "name", "设备名称": "name", "网络": "network",
    "主码流": "url_main", "子码流": "url_sub", "url": "url_main", "rtsp": "url_main",
    "经度": "lon", "longitude": "lon", "lng": "lon", "纬度": "lat", "latitude": "lat", "坐标系": "datum",
    "heading": "heading_deg", "direction": "heading_deg", "朝向": "heading_deg", "方向": "heading_deg", "方位角": "heading_deg",
    "fov": "fov_deg", "视场角": "fov_deg", "range": "range_m", "可视距离": "range_m", "height": "height_m", "高度": "height_m",
    "云台": "ptz", "权属": "owner", "辖区": "area", "杆号": "pole", "同意": "consent",
    "类型": "kind", "中心": "centre", "电话": "phone", "终端": "terminal", "状态": "duty", "人数": "crew", "班次": "shift",
    "联系人": "contact", "数量": "count", "装备": "equipment", "成员": "members",
}  # fmt: skip
_NETWORK_WORDS = {
    "天网": "tianwang", "雪亮": "xueliang", "雪亮工程": "xueliang", "慧眼": "huiyan", "household": "huiyan", "车载": "vehicle",
    "无线": "wireless", "单兵": "wireless", "卡口": "checkpoint", "其他": "other", "": "other",
}  # fmt: skip
_DUTY_WORDS = {
    "": "on_duty", "在岗": "on_duty", "值班": "on_duty", "备勤": "reserve", "巡逻": "patrolling", "已派": "assigned",
    "途中": "en_route", "到场": "on_scene", "离岗": "off", "下班": "off", "休息": "off",
}  # fmt: skip
_YES = frozenset(("1", "true", "yes", "y", "是", "有", "ptz", "球机", "云台"))
_NO = frozenset(("", "0", "false", "no", "n", "否", "无", "枪机", "固定"))
_COORDINATE = re.compile(r"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?$")
_SECRET_COLUMN = re.compile(r"(?i)passw|pwd|secret|密码|口令")
_ISO_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?$")


def coordinate(cells: Mapping[str, str], column: str) -> float | None:
    """A lon or lat cell; None when empty. Raises BadInput for what is no finite number."""
    came = text = cells.get(column, "")
    if not text:
        return None
    if not _COORDINATE.match(text):
        text = unicodedata.normalize("NFKC", text).rstrip("°ENen ").strip()
    if not _COORDINATE.match(text):
        raise BadInput(f"{column} is no number: {came[:30]!r}")
    value = float(text.replace(",", "."))
    if not math.isfinite(value):
        raise BadInput(f"{column} is not finite")
    return value


def position(cells: Mapping[str, str]) -> tuple[float, float] | None:
    """The row's own lon and lat, before any datum; None when it has none. Raises BadInput saying what is wrong with them."""
    lon, lat = coordinate(cells, "lon"), coordinate(cells, "lat")
    if lon is None and lat is None:
        return None
    if lon is None or lat is None:
        raise BadInput(f"{'lon' if lon is None else 'lat'} is missing while the other is given")
    if abs(lon) < 1e-6 and abs(lat) < 1e-6:
        raise BadInput("position is 0/0")
    if abs(lat) > 90 and abs(lon) <= 90 and abs(lat) <= 180:
        raise BadInput(f"lon and lat look swapped (lon {lon:g}, lat {lat:g})")
    if abs(lon) > 180 or abs(lat) > 90:
        raise BadInput(f"position is not on the globe (lon {lon:g}, lat {lat:g})")
    return lon, lat


def _plain(cells: Mapping[str, str], column: str) -> str:
    """A text cell without control characters, which would garble lists and topics, and without a URL's password."""
    text = cells.get(column, "")
    if "://" in text:
        text = mask(text)
    return text if text.isprintable() else "".join(" " if unicodedata.category(c) == "Cc" else c for c in text).strip()


def _notes(cells: Mapping[str, str], columns: tuple[str, ...]) -> dict[str, str]:
    """Unknown columns; what is or holds a password is not written down (it belongs into the URL)."""
    found = {}
    for name in cells:
        if name not in columns:
            shown, _ = split_password(_plain(cells, name))
            found[_plain({"": name}, "")] = HIDDEN if _SECRET_COLUMN.search(name) else shown
    return found


@lru_cache(maxsize=4096)
def _positive(text: str, most: float) -> float | None:
    clean = unicodedata.normalize("NFKC", text).lower().removesuffix("米").removesuffix("m").rstrip("°度 ")
    if _COORDINATE.match(clean) and 0 < (value := float(clean.replace(",", "."))) <= most:
        return value
    return None


def _figure(cells: Mapping[str, str], column: str, most: float, notes: dict[str, str]) -> float | None:
    """A positive figure; what is none is unknown and kept as a note."""
    text = cells.get(column, "")
    if not text:
        return None
    value = _positive(text, most)
    if value is None:
        notes[f"unread {column}"] = _plain(cells, column)
    return value


def _url(cells: Mapping[str, str], column: str, folder: Path, secrets: dict[str, str]) -> str:
    """A feed's address without its password (`secrets`: bare → full); without a scheme it is a file beside the table."""
    text = cells.get(column, "")
    if not text:
        return ""
    if not text.isprintable():
        raise BadInput(f"{column} holds control characters")
    if "://" not in text:
        return os.path.normpath(folder / text)
    bare, had_password = split_password(text)
    if had_password:
        secrets[bare] = text
    return bare


def _consent(text: str, notes: dict[str, str]) -> str:
    """Normalised consent; what is neither empty, `incident` nor a date is no consent."""
    if not text or text.lower() == "incident":
        return text.lower()
    if found := _ISO_DATE.match(unicodedata.normalize("NFKC", text)):
        try:
            return datetime.date(*(int(part) for part in found.groups())).isoformat()
        except ValueError:
            pass
    notes["unread consent"] = text
    return ""


def camera(cells: Mapping[str, str], at: tuple[float, float] | None, folder: Path) -> tuple[Camera, dict[str, str]]:
    """A camera from its cells, and its URLs with a password, bare → full; `at` is its position in WGS-84.

    Raises BadInput for an id or URL that cannot be.
    """
    secrets: dict[str, str] = {}
    notes = _notes(cells, CAMERA_COLUMNS)
    name = cells.get("network", "").lower()
    network = name if name in NETWORKS else _NETWORK_WORDS.get(name, "")
    if not network:
        network, notes["unread network"] = "other", _plain(cells, "network")
    heading = parse_heading(cells.get("heading_deg", ""))
    if heading.unread:
        notes["unread heading_deg"] = _plain(cells, "heading_deg")
    fov = _figure(cells, "fov_deg", 360, notes)
    if heading.span_deg is not None:
        fov = max(heading.span_deg, fov or 0.0) or fov
    ptz = cells.get("ptz", "").lower()
    if ptz not in _YES and ptz not in _NO:
        notes["unread ptz"] = _plain(cells, "ptz")
    made = Camera(
        id=checked_id(cells.get("id", "")),
        name=_plain(cells, "name"),
        network=network,
        url_main=_url(cells, "url_main", folder, secrets),
        url_sub=_url(cells, "url_sub", folder, secrets),
        lon=None if at is None else at[0],
        lat=None if at is None else at[1],
        heading_deg=heading.headings_deg[0] if heading.headings_deg else None,
        headings_deg=heading.headings_deg,
        heading_text=_plain(cells, "heading_deg"),
        fov_deg=fov,
        range_m=_figure(cells, "range_m", 50_000, notes),
        height_m=_figure(cells, "height_m", 1_000, notes),
        ptz=ptz in _YES,
        owner=_plain(cells, "owner"),
        area=_plain(cells, "area"),
        pole=_plain(cells, "pole"),
        consent=_consent(cells.get("consent", ""), notes),
        unit=checked_id(cells["unit"]) if cells.get("unit") else "",
        notes=notes,
    )
    return made, secrets


def unit(cells: Mapping[str, str]) -> Unit:
    """A unit from its cells. Raises BadInput for an id that cannot be and for a duty that is none: guessing would send it."""
    notes = _notes(cells, UNIT_COLUMNS)
    kind = cells.get("kind", "").lower()
    if kind not in UNIT_KINDS:
        notes.update({"unread kind": _plain(cells, "kind")} if kind else {})
        kind = "other"
    duty = cells.get("duty", "").lower()
    if duty not in DUTIES:
        if duty not in _DUTY_WORDS:
            raise BadInput(f"unknown duty {duty[:30]!r}", todo=f"one of {', '.join(DUTIES)}")
        duty = _DUTY_WORDS[duty]
    texts = {column: _plain(cells, column) for column in ("name", "centre", "phone", "terminal", "crew", "shift")}
    return Unit(id=checked_id(cells.get("id", "")), kind=kind, duty=duty, notes=notes, **texts)


def place(cells: Mapping[str, str], at: tuple[float, float] | None) -> Place:
    """A place from its cells; `at` is its position in WGS-84. Raises BadInput for an id that cannot be."""
    notes = _notes(cells, PLACE_COLUMNS)
    kind = _plain(cells, "kind").lower() or "other"
    if kind not in PLACE_KINDS:
        notes["kind"] = kind
    count = _figure(cells, "count", 1e9, notes)
    texts = {column: _plain(cells, column) for column in ("name", "contact", "phone", "equipment", "members")}
    return Place(
        id=checked_id(cells.get("id", "")),
        kind=kind,
        lon=None if at is None else at[0],
        lat=None if at is None else at[1],
        count=None if count is None else int(count),
        notes=notes,
        **texts,
    )
