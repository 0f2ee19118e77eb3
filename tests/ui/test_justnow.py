"""Just now on the wall: keys, bar and menu of a real surface over a real stream; what is kept becomes a command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QMenu

from console.clock import SystemClock
from console.services.clips import Saver
from console.services.feeds import Feeds
from console.settings import Settings
from console.ui.flow import Flow
from console.ui.justnow import JustNow, Who
from console.ui.saved import SavedStrip
from console.ui.wall import WallSurface
from console.ui.wallfeed import WallFeed
from tests.media.clips import make_clip

LONG_MS = 30_000


class Seat:
    """One wall with one street camera on it, and what happens to it."""

    def __init__(self, parts: Any, qtbot: Any, folder: Path, feeds: Feeds, clip: Path) -> None:
        self.qtbot, self.link, self.bridge, self.around, self.tell = qtbot, parts.link, parts.bridge, parts.around, parts.tell
        self.said: list[str] = []
        self.root = folder / "data"
        self.feeds = feeds
        self.saver = Saver(self.root, self.feeds, SystemClock())
        self.surface = WallSurface(self.feeds)
        self.flow = Flow(self.bridge, self.around, "01")
        self.flow.setParent(self.bridge)
        self.wall = WallFeed(
            self.bridge, self.around, self.surface, self.feeds, lambda camera, url: str(clip), lambda feeds: None, self.bridge
        )
        self.flow.tiles_changed.connect(lambda tiles: self.wall.show(self.flow.tiles))
        self.made = JustNow(
            self.bridge, self.around, self.flow, self.wall, self.feeds, self.saver, Settings({"video.clip_s": 5.0}),
            lambda: Who("wang", "01"), self.said.append, self.bridge,
        )  # fmt: skip
        qtbot.addWidget(self.surface)
        self.surface.resize(480, 300)
        self.surface.show()

    def open(self, camera: str) -> str:
        """Put a camera on the wall and wait until a second of it is kept; its tile."""
        self.flow.open_camera(camera)
        self.link.answer("OpenTile")
        key = self.flow.tiles[-1].tile
        self.until(lambda: self.health_s(key) > 1)
        return key

    def health_s(self, key: str) -> float:
        health = self.feeds.health().get(key)
        return health.ring_s if health is not None else 0.0

    def until(self, look: Callable[[], Any]) -> None:
        self.qtbot.waitUntil(lambda: bool(look()), timeout=LONG_MS)

    def behind_s(self, key: str) -> float:
        reading = self.made.reading(key)
        return -1.0 if reading is None else reading.behind_s

    def key(self, key: Qt.Key) -> bool:
        """Press a key on the tile with the keyboard, as the surface passes it to its tools."""
        placed = self.surface.here
        assert placed is not None
        return self.surface.tools.key(placed, QKeyEvent(QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier))

    def close(self) -> None:
        self.made.close()
        self.surface.close_feeds()
        self.saver.close()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("street") / "street.mp4", seconds=4)


@pytest.fixture(scope="module")
def feeds() -> Iterator[Feeds]:
    """One decoder child for the whole module; each test opens its stream anew."""
    made = Feeds(None, 1)
    yield made
    made.close()


@pytest.fixture
def here(seat: Any, qtbot: Any, tmp_path: Path, feeds: Feeds, clip: Path) -> Iterator[Seat]:
    made = Seat(seat, qtbot, tmp_path, feeds, clip)
    yield made
    made.close()


def test_r_plays_back_and_the_keys_of_the_bar_pause_step_jump_and_end_it(here: Seat) -> None:
    tile = here.open("T-001")

    here.made.toggle()
    here.until(lambda: here.behind_s(tile) > 0.8)
    assert here.feeds.slot(tile) is not None and here.surface.tools.claims(
        here.surface.here, QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier)  # type: ignore[arg-type]
    )  # fmt: skip
    assert here.key(Qt.Key.Key_Space)
    here.until(lambda: here.made.reading(tile).is_paused)  # type: ignore[union-attr]
    generation = here.feeds.slot(tile).generation  # type: ignore[union-attr]
    assert here.key(Qt.Key.Key_Comma)
    here.until(lambda: here.feeds.slot(tile).generation > generation)  # type: ignore[union-attr]
    assert here.key(Qt.Key.Key_Up)
    assert here.made.reading(tile).speed == 2.0  # type: ignore[union-attr]
    assert here.key(Qt.Key.Key_Escape)

    assert here.made.reading(tile) is None
    here.until(lambda: here.feeds.health()[tile].state == "live")
    assert not here.key(Qt.Key.Key_Escape)  # the window's again


def test_a_click_on_the_strip_goes_to_that_moment_and_the_bar_is_painted(here: Seat) -> None:
    tile = here.open("T-001")
    here.made.toggle()
    here.until(lambda: here.behind_s(tile) > 0)
    here.key(Qt.Key.Key_Space)
    here.until(lambda: here.health_s(tile) > 3)
    placed = here.surface.here
    assert placed is not None
    image = here.surface.grab().toImage()
    assert image.pixelColor(placed.rect.left() + 1, placed.rect.center().y()).blue() > 150  # the frame no live tile has

    at = QPointF(placed.rect.right() - 40, placed.rect.bottom() - _bar_px(here) + 8)
    event = QMouseEvent(
        QEvent.Type.MouseButtonPress, at, at, Qt.MouseButton.LeftButton, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    assert here.surface.tools.press(placed, event)
    here.until(lambda: 0 <= here.behind_s(tile) < 2.5)


def _bar_px(here: Seat) -> int:
    from console.ui.justnowbar import _bar

    assert here.surface.here is not None
    return _bar(here.surface.here.rect).height() + 3


def test_v_and_i_keep_a_clip_and_a_picture_and_the_desk_hears_of_both(here: Seat) -> None:
    here.open("T-001")

    here.made.save_clip()
    here.until(lambda: here.link.of("SaveClip"))
    here.link.answer("SaveClip")
    here.made.save_still()
    here.until(lambda: here.link.of("SaveStill"))
    here.link.answer("SaveStill", ok=False, code="no_right", command="SaveStill", by="wang")

    clip, still = here.link.of("SaveClip")[0], here.link.of("SaveStill")[0]
    assert (clip["camera"], still["camera"]) == ("T-001", "T-001") and (here.root / clip["file"]).is_file()
    here.until(lambda: not (here.root / still["file"]).exists())  # refused: it is no fact, and no file either
    here.until(lambda: len(here.said) >= 4)
    assert clip["file"] in "".join(here.said)


def test_a_desk_that_is_away_hears_of_it_when_it_is_back(here: Seat) -> None:
    here.open("T-001")
    here.made.save_still()
    here.until(lambda: here.link.of("SaveStill"))
    here.link.answer("SaveStill", ok=False, code="unavailable", what="x")
    here.until(lambda: len(here.said) == 2)

    here.bridge.hear_attached({"type": "attached", "seq": 0, "exercise": False, "operators": 1, "needs_password": None})
    here.until(lambda: len(here.link.of("SaveStill")) == 2)
    assert here.link.of("SaveStill")[0] == here.link.of("SaveStill")[1]
    assert (here.root / here.link.of("SaveStill")[0]["file"]).is_file()


def test_a_red_incident_keeps_the_first_picture_of_each_camera_once_and_of_no_household(here: Seat) -> None:
    incident = next(one.id for one in here.bridge.state.open_incidents() if one.grade == "red")
    here.open("T-001")
    tile = here.flow.tiles[-1]
    here.flow.tiles = (
        replace(tile, incident=incident),
        replace(tile, tile="01/9", camera="H-001", household=True, incident=incident),
    )
    here.wall.show(here.flow.tiles)
    here.until(lambda: (health := here.feeds.health().get(tile.tile)) is not None and health.state == "live")

    for _ in range(3):
        here.made.beat()
    here.until(lambda: here.link.of("SaveStill"))
    here.qtbot.wait(50)

    assert [(body["camera"], body["incident"], body["why"]) for body in here.link.of("SaveStill")] == [
        ("T-001", incident, "first_picture")
    ]


def test_a_household_tile_beyond_its_incident_is_not_played_back(here: Seat) -> None:
    here.flow.open_camera("H-002", "asked")
    here.link.answer("OpenTile")
    here.until(lambda: here.surface.focused() is not None and here.surface.focused().url)  # type: ignore[union-attr]

    here.made.toggle()

    assert here.said and here.made.reading(here.flow.tiles[-1].tile) is None
    assert here.surface.focused().ring_s == 0.0  # type: ignore[union-attr]


def test_the_tile_s_menu_offers_the_three_acts(here: Seat) -> None:
    here.open("T-001")
    menu = QMenu(here.surface)
    here.made.fill_menu((menu, here.surface.focused(), here.surface))  # type: ignore[arg-type]

    assert [action.text().partition("\t")[2] for action in menu.actions() if not action.isSeparator()] == ["R", "V", "I"]


def test_the_panel_s_strip_shows_what_the_incident_has_kept(here: Seat) -> None:
    from console.model import events as ev
    from tests.ui.story import NOW_NS

    incident = here.bridge.state.open_incidents()[0].id
    strip = SavedStrip(here.bridge, here.around, here.root, here.surface)
    strip.show_incident(incident)
    assert strip.isHidden()

    here.tell((NOW_NS, ev.StillSaved("T-001", "stills/gone.jpg", "ab" * 32, incident)))
    here.tell((NOW_NS, ev.ClipSaved("T-001", "clips/a.mp4", "ab" * 32, incident)))
    strip.show_incident(incident)
    here.qtbot.wait(20)

    assert not strip.isHidden() and [b.toolTip().splitlines()[-1] for b in strip._buttons[:2]] == [
        "clips/a.mp4",
        "stills/gone.jpg",
    ]
    strip.set_low(True)
    assert all(button.isHidden() for button in strip._buttons)
