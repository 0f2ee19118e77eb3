"""A wall with every state of a tile, from invented health: to look at, and for tests of facts about it.

`python -m tests.ui.wallscene out.png [--tiles 16] [--lang en] [--size 1920x1080]` writes a picture (env LIANDONG_SURFACE=gpu too)
(and `out-quarter.png`, a quarter as wide: what can still be told apart there can be told apart across the room).
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from console.media import slots
from console.media.slots import Slot
from console.model.login import UNVERIFIED
from console.model.wall import FeedHealth, WantedFeed
from console.services.feeds import Still
from console.ui.tile import TileContent

_NOW_NS = 1_790_000_000_000_000_000
_MASK = ((0.1, 0.1), (0.3, 0.1), (0.3, 0.4))


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """One tile of the scene: its content's own fields, its health, and whether a picture is there."""

    name: tuple[str, str]
    state: str
    has_picture: bool = False
    network: str = "tianwang"
    content: dict[str, object] = dataclasses.field(default_factory=dict)
    health: dict[str, object] = dataclasses.field(default_factory=dict)
    url: str = "rtsp://camera"


CASES: tuple[Case, ...] = (
    Case(("锦溪西路青石桥路口 东", "Jinxi Road crossing, east"), "live", True, content={"number": 1}),
    Case(("望江巷口", "River Lane"), "none", network="xueliang", health={"error": "auth", "next_try_s": 57.2}),
    Case(("长宁大道 北", "Changning Avenue north"), "none", health={"error": "unreachable", "next_try_s": 2.1}),
    Case(("柳荫北街 南", "Willow Street south"), "held", True, health={"detail": ""}, content={"number": 4}),
    Case(("巡-07 车载", "Patrol car 07"), "late", True, network="vehicle", health={"age_ms": 1900.0}),
    Case(("社区 3 号院门", "Courtyard gate 3"), "connecting", network="xueliang", health={"detail": "key_frame", "ago_s": 3}),
    Case(("锦溪西路 14 号", "Jinxi Road 14"), "connecting", health={"detail": "opening", "ago_s": 2}),
    Case(("惠民花店", "Flower shop"), "none", network="huiyan", url="", content={"reason": "等户主授权 / awaiting consent"}),
    Case(("地铁口 B", "Metro exit B"), "none", health={"error": "timeout", "next_try_s": 1.4}),
    Case(("高点球机", "High dome"), "live", True, health={"mode": "key", "lowered": "cpu"}, content={"number": 7}),
    Case(("卡口 3 车道", "Checkpoint lane 3"), "held", True, network="checkpoint",
         health={"error": "unreachable", "next_try_s": 2.0}, content={"grade": "red"}),
    Case(("无线布控 02", "Wireless 02"), "none", network="wireless", health={"error": "bad_stream", "next_try_s": 12.0}),
    Case(("旧型号相机", "Old camera"), "none", network="other", health={"error": "codec", "next_try_s": 55.0}),
    Case(("改了地址的相机", "Camera at another address"), "none", health={"error": "not_found", "next_try_s": 14.0}),
    Case(("上一分钟", "A minute ago"), "replay", True, content={"number": 2}),
    Case(("商场 2 层扶梯", "Mall, escalator 2"), "live", True, network="other",
         health={"detail": UNVERIFIED, "mode": "nonref", "lowered": "network"}, content={"masks": (_MASK,), "is_recorded": True}),
)  # fmt: skip


class SceneFeeds:
    """Stands for `Feeds`: real slots with an invented picture, and the health of the cases."""

    def __init__(self, cases: dict[str, Case]) -> None:
        self._cases = cases
        self.slots: dict[str, Slot] = {}
        self.retried: list[str] = []

    def want(self, wanted: Iterable[WantedFeed], owner: str = "wall") -> None:
        for one in wanted:
            case = self._cases[one.tile]
            known = self.slots.get(one.tile)
            if case.has_picture and (known is None or (known.width_px, known.height_px) != (one.width_px, one.height_px)):
                if known is not None:
                    known.close()
                self.slots[one.tile] = _painted(one.width_px, one.height_px)

    def health(self) -> dict[str, FeedHealth]:
        return {key: _health(key, case) for key, case in self._cases.items()}

    def slot(self, tile: str) -> Slot | None:
        return self.slots.get(tile)

    def painted(self, tile: str) -> None:
        return

    def retry(self, tile: str) -> None:
        self.retried.append(tile)

    def knows_still(self, camera: str) -> bool:
        return True

    def still(self, camera: str) -> Still | None:
        return None

    def mono_ns(self) -> int:
        return time.monotonic_ns()

    def close(self) -> None:
        for slot in self.slots.values():
            slot.close()


def _health(key: str, case: Case) -> FeedHealth:
    more = dict(case.health)
    now_ns = time.time_ns()
    ago_s = float(str(more.pop("ago_s", 0)))
    at_ns = now_ns - (63_000_000_000 if case.state in ("held", "replay") else 0)
    return FeedHealth(key, f"cam{key}", case.state, now_ns - int(ago_s * 1e9), picture_at_ns=at_ns, **more)  # type: ignore[arg-type]


def _painted(width_px: int, height_px: int) -> Slot:
    """A slot with a street-like picture: sky, road, and bright and dark places under the signs."""
    slot = Slot.create(width_px, height_px)
    index, pixels = slot.begin(width_px, height_px)
    stride = slots.stride_bytes(width_px)
    for row in range(height_px):
        part = row / height_px
        shades = ((225, 205, 180), (120, 150, 110), (96, 96, 98), (235, 235, 235))
        blue, green, red = shades[0 if part < 0.34 else 1 if part < 0.5 else 3 if 0.74 < part < 0.77 else 2]
        pixels[row * stride : row * stride + width_px * 4] = bytes((blue, green, red, 255)) * width_px
    slot.publish(index, 0, time.monotonic_ns() - 200_000_000)
    return slot


def contents(tiles: int, lang: str) -> tuple[dict[str, Case], list[TileContent]]:
    """`tiles` cases over and over, and what a wall shows for them."""
    cases = {str(number): CASES[number % len(CASES)] for number in range(tiles)}
    made = []
    for key, case in cases.items():
        name = case.name[lang == "en"]
        more = dict(case.content)
        if "reason" in more:
            more["reason"] = str(more["reason"]).split(" / ")[lang == "en"]
        made.append(TileContent(key, f"cam{key}", name, case.network, url=case.url and case.url + key, **more))  # type: ignore[arg-type]
    return cases, made


def main() -> int:
    reader = argparse.ArgumentParser()
    reader.add_argument("out", type=Path)
    reader.add_argument("--tiles", type=int, default=16)
    reader.add_argument("--lang", default="zh_CN")
    reader.add_argument("--size", default="1920x1080")
    args = reader.parse_args()
    from PySide6.QtCore import Qt
    from PySide6.QtWidgets import QApplication

    from console import words
    from console.ui import theme
    from console.ui.wall import WallSurface
    from tests.ui.glazed import glaze

    words.choose(args.lang)
    application = QApplication(sys.argv[:1])
    theme.apply(application)
    cases, shown = contents(args.tiles, args.lang)
    feeds = SceneFeeds(cases)
    surface = glaze(WallSurface(feeds))  # type: ignore[arg-type]
    width, height = (int(part) for part in args.size.split("x"))
    surface.resize(width, height)
    surface.set_layout(args.tiles)
    surface.set_tiles(shown)
    surface.show()
    until_s = time.monotonic() + 1.5
    while time.monotonic() < until_s:
        application.processEvents()
        time.sleep(0.01)
    picture = surface.grab().toImage()
    picture.save(str(args.out))
    smooth = Qt.TransformationMode.SmoothTransformation
    picture.scaledToWidth(width // 4, smooth).save(str(args.out.with_name(args.out.stem + "-quarter.png")))
    surface.close_feeds()
    feeds.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
