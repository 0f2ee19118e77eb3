"""Acts on the walls of a seat: layouts by key, pin, swap, copy, drop, call, several windows, kiosk, undo of each."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QApplication, QLabel, QVBoxLayout, QWidget

from console.model import arrangement
from console.model.layout import BUILT_IN, plain
from console.model.wall import FeedHealth, WantedFeed
from console.paths import DataFolder
from console.services.wallmemory import WallMemory
from console.ui import keys
from console.ui.flow import Flow
from console.ui.wall import WallSurface
from console.ui.wallbox import WallBox
from console.ui.walldrag import carried, mime_of
from console.ui.wallfeed import WallFeed
from console.ui.walls import Walls


class QuietFeeds:
    """Stands for `Feeds`: keeps what each wall asks for and shows nothing."""

    def __init__(self) -> None:
        self.asked: dict[str, list[WantedFeed]] = {}

    def want(self, wanted: Iterable[WantedFeed], owner: str = "wall") -> None:
        self.asked[owner] = list(wanted)

    def slot(self, tile: str) -> None:
        return None

    def health(self) -> dict[str, FeedHealth]:
        return {}

    def knows_still(self, camera: str) -> bool:
        return False

    def mono_ns(self) -> int:
        return time.monotonic_ns()


class Desk:
    """The walls of a seat in a plain window, and what a test asks of them."""

    def __init__(self, seat: Any, folder: DataFolder, qtbot: Any) -> None:
        self.seat, self.qtbot = seat, qtbot
        self.feeds: Any = QuietFeeds()
        surface = WallSurface(self.feeds)
        self.flow = Flow(seat.bridge, seat.around, "01")
        self.flow.setParent(seat.bridge)
        self.feed = WallFeed(
            seat.bridge, seat.around, surface, self.feeds, lambda camera, url: url, lambda feeds: None, seat.bridge
        )
        self.flow.tiles_changed.connect(self.feed.show)
        self.window = QWidget()
        qtbot.addWidget(self.window)
        self.header, self.box = QLabel("header", self.window), WallBox(surface, self.window)
        page = QVBoxLayout(self.window)
        page.setContentsMargins(0, 0, 0, 0)
        page.addWidget(self.header)
        page.addWidget(self.box, 1)
        self.walls = Walls(
            seat.bridge, seat.around, self.flow, self.feed, self.box, WallMemory(folder.root, "01"),
            lambda camera, window, place: self.flow.open_camera(camera, None, window, place),
            lambda window: WallSurface(self.feeds, f"wall{window}"), lambda: (self.header,), self.window,
        )  # fmt: skip
        self.acts = self.walls.acts
        self.window.resize(900, 600)
        self.window.show()
        self.walls.windows.restore(False)

    def press(self, key: str) -> None:
        act = next(act for act in keys.ACTS if key in act.keys)
        self.walls.handlers()[act.name]()

    def shown(self, window: int = 0) -> dict[int, str]:
        """Place → camera of a window."""
        return {tile.place: tile.camera for tile in arrangement.of_window(self.flow.tiles, window)}

    def put(self, *cameras: str, window: int = 0) -> None:
        for place, camera in enumerate(cameras):
            self.flow.open_camera(camera, None, window, place)

    def focus(self, place: int, window: int = 0) -> None:
        surface = self.feed.surface(window)
        surface.focus_on(surface.placed[place])

    def close(self) -> None:
        self.walls.close()
        self.feed.surface(0).close_feeds()
        self.window.close()


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = DataFolder(tmp_path)
    made.create()
    return made


@pytest.fixture
def desk(seat: Any, qtbot: Any, folder: DataFolder) -> Iterator[Desk]:
    made = Desk(seat, folder, qtbot)
    yield made
    made.close()


def test_every_layout_is_called_by_a_key(desk: Desk) -> None:
    table = {"1": 1, "2": 4, "3": 6, "4": 9, "5": 16, "6": 8, "7": 13, "8": 25, "9": 36, "Alt+0": 64}
    found = {}
    for key in table:
        desk.press(key)
        found[key] = len(desk.feed.surface(0).placed)
        assert desk.feed.layouts() == {0: BUILT_IN[table[key]]}

    assert found == table


def test_a_layout_of_the_seat_is_called_by_alt_and_its_number(desk: Desk) -> None:
    desk.walls.book.keep(plain("三乘二", 3, 2))

    desk.press("Alt+1")

    assert len(desk.feed.surface(0).placed) == 6


def test_an_incident_leaves_pinned_tiles_where_they_are(desk: Desk) -> None:
    """faults.md D55: operator-pinned tiles stay."""
    desk.press("4")
    desk.put("T-009", "T-010", "T-011")
    desk.focus(1)
    desk.press("Ctrl+P")

    desk.flow.open_incident("I000002")
    after_first = desk.shown()
    desk.flow.open_incident("I000001")

    assert after_first[1] == "T-010"
    assert after_first[0] == "T-001"
    assert sorted(after_first) == list(range(9))
    assert desk.shown() == {1: "T-010"}
    assert desk.feed.surface(0).placed[1].content.is_pinned


def test_swapped_tiles_are_the_same_looks_for_the_desk(desk: Desk) -> None:
    desk.press("2")
    desk.put("T-001", "T-002")
    told = len(desk.seat.link.sent)
    desk.focus(0)

    desk.acts.swap(1, 0)

    assert desk.shown() == {0: "T-002", 1: "T-001"}
    assert len(desk.seat.link.sent) == told
    assert desk.feed.surface(0).focused().camera == "T-001"  # type: ignore[union-attr]


def test_ctrl_and_an_arrow_moves_to_an_empty_place_and_with_shift_copies(desk: Desk, qtbot: Any) -> None:
    """faults.md V57: the same camera in several tiles."""
    desk.press("2")
    desk.put("T-001")
    desk.focus(0)
    surface = desk.feed.surface(0)

    qtbot.keyClick(surface, Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier)
    moved = desk.shown()
    qtbot.keyClick(surface, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)

    assert moved == {2: "T-001"}
    assert desk.shown() == {2: "T-001", 3: "T-001"}
    assert len({tile.tile for tile in desk.flow.tiles}) == 2


def drop_at(desk: Desk, place: int, mime: Any, window: int = 0, ctrl: bool = False) -> QDropEvent:
    surface = desk.feed.surface(window)
    held = Qt.KeyboardModifier.ControlModifier if ctrl else Qt.KeyboardModifier.NoModifier
    both = Qt.DropAction.MoveAction | Qt.DropAction.CopyAction
    at, left = QPointF(surface.placed[place].rect.center()), Qt.MouseButton.LeftButton
    event = QDropEvent(at, both, mime, left, held)
    QApplication.sendEvent(surface, QDragEnterEvent(at.toPoint(), both, mime, left, held))
    QApplication.sendEvent(surface, event)
    return event


def test_a_camera_from_the_tree_replaces_what_it_is_dropped_on_but_nothing_pinned(desk: Desk) -> None:
    desk.press("2")
    desk.put("T-001", "T-002")
    desk.focus(1)
    desk.press("Ctrl+P")

    taken = drop_at(desk, 0, mime_of(["T-005"])).isAccepted()
    refused = drop_at(desk, 1, mime_of(["T-006"])).isAccepted()

    assert (taken, refused) == (True, False)
    assert desk.shown() == {0: "T-005", 1: "T-002"}


def test_several_cameras_dropped_fill_the_empty_places_after_it_in_one_step(desk: Desk) -> None:
    desk.press("2")
    desk.put("T-001")

    drop_at(desk, 1, mime_of(["T-005", "T-006", "T-007", "T-008"]))
    dropped = desk.shown()
    desk.press("Ctrl+Z")

    assert dropped == {0: "T-001", 1: "T-005", 2: "T-006", 3: "T-007"}
    assert desk.shown() == {0: "T-001"}


def test_a_tile_dropped_on_another_changes_places_and_with_ctrl_is_copied(desk: Desk) -> None:
    desk.press("2")
    desk.put("T-001", "T-002")
    first = desk.flow.tiles[0].tile

    drop_at(desk, 1, mime_of(["T-001"], first))
    swapped = desk.shown()
    drop_at(desk, 2, mime_of(["T-001"], first), ctrl=True)

    assert swapped == {0: "T-002", 1: "T-001"}
    assert desk.shown() == {0: "T-002", 1: "T-001", 2: "T-001"}


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xff\xfe", b"x" * 200_000])
def test_a_drag_of_nonsense_carries_nothing_or_at_most_what_it_names(data: bytes) -> None:
    mime = mime_of([])
    mime.setData("application/x-liandong-camera", data)

    found = carried(mime)

    assert found is None or len(found.cameras) == 1


def test_a_tile_dropped_on_another_window_is_another_look(desk: Desk) -> None:
    desk.press("2")
    desk.put("T-001")
    desk.press("Ctrl+N")
    desk.press("2")

    drop_at(desk, 3, mime_of(["T-001"], desk.flow.tiles[0].tile), window=1)

    assert (desk.shown(), desk.shown(1)) == ({}, {3: "T-001"})
    assert [tile.tile for tile in desk.flow.tiles] == ["01/104"]
    assert desk.seat.link.of("CloseTile")[-1]["tile"] == "01/1"
    assert desk.seat.link.of("OpenTile")[-1]["tile"] == "01/104"


def test_a_closed_window_comes_back_with_its_tiles_by_undo(desk: Desk, qtbot: Any) -> None:
    desk.press("Ctrl+N")
    desk.press("3")
    desk.put("T-003", "T-004", window=1)

    desk.press("Ctrl+Shift+W")
    closed = (dict(desk.walls.windows.windows()), desk.shown(1))
    desk.press("Ctrl+Z")

    assert closed == ({}, {})
    assert list(desk.walls.windows.windows()) == [1]
    assert desk.shown(1) == {0: "T-003", 1: "T-004"}
    assert desk.feed.layouts()[1] == BUILT_IN[6]


def test_sixty_acts_are_undone_and_done_again_one_by_one(desk: Desk) -> None:
    desk.press("2")
    desk.put("T-001", "T-002")
    desk.focus(0)
    seen = [desk.shown()]
    for number in range(60):
        desk.acts.swap(*((1, 0) if number % 2 == 0 else (0, 1)) if number % 4 < 2 else ((-1, 0) if number % 2 == 0 else (0, -1)))
        seen.append(desk.shown())

    undone = [desk.shown()]
    for _ in range(60):
        desk.press("Ctrl+Z")
        undone.append(desk.shown())
    for _ in range(60):
        desk.press("Ctrl+Shift+Z")

    assert undone == seen[::-1]
    assert desk.shown() == seen[-1]


def test_every_act_on_the_wall_is_undone_by_one_step(desk: Desk) -> None:
    desk.press("2")
    desk.put("T-001", "T-002")
    desk.focus(0)
    before = desk.acts.standing()
    for act in (
        lambda: desk.press("5"), lambda: desk.press("Ctrl+W"), lambda: desk.press("Ctrl+P"),
        lambda: desk.acts.enlarge(desk.feed.surface(0).placed[1].content),
        lambda: desk.flow.open_incident("I000002"), lambda: desk.flow.open_camera("T-012"),
    ):  # fmt: skip
        act()
        changed = desk.acts.standing()
        desk.press("Ctrl+Z")

        assert changed != before
        assert desk.acts.standing() == before


def test_enlarging_comes_back_to_the_exact_former_state(desk: Desk) -> None:
    desk.press("3")
    desk.put("T-001", "T-002", "T-003")
    surface = desk.feed.surface(0)
    surface.set_view(surface.placed[2], QRect(0, 0, 1, 1).toRectF().adjusted(0.2, 0.2, -0.3, -0.3))
    before = [(one.content, QRect(one.rect), one.view) for one in surface.placed]

    desk.acts.enlarge(surface.placed[1].content)
    alone = [one.content.camera for one in surface.placed]
    is_large = surface.placed[0].content.is_large
    desk.acts.enlarge(surface.placed[0].content)

    assert (alone, is_large) == (["T-002"], True)
    assert [(one.content, QRect(one.rect), one.view) for one in surface.placed] == before


def test_a_camera_is_called_by_its_number_or_its_id(desk: Desk, qtbot: Any) -> None:
    desk.flow.open_incident("I000002")
    desk.press("5")
    for place, (text, camera) in enumerate((("2", "T-002"), ("T-011", "T-011"), ("011", "T-011"), ("h-001", "H-001")), 10):
        desk.focus(place)
        desk.press("#")
        desk.acts.call.line.setText(text)
        qtbot.keyClick(desk.acts.call.line, Qt.Key.Key_Return)

        assert desk.shown()[place] == camera
        assert not desk.acts.call.isVisible()


def test_a_number_nobody_has_says_so_and_esc_leaves(desk: Desk, qtbot: Any) -> None:
    desk.press("Ctrl+G")
    desk.acts.call.line.setText("99999")
    qtbot.keyClick(desk.acts.call.line, Qt.Key.Key_Return)
    asks = desk.acts.call.isVisible()

    qtbot.keyClick(desk.acts.call.line, Qt.Key.Key_Escape)

    assert asks
    assert not desk.acts.call.isVisible()
    assert desk.shown() == {}


def test_the_kiosk_shows_the_wall_alone_and_comes_back(desk: Desk) -> None:
    desk.press("Ctrl+F11")
    alone = (desk.header.isVisible(), desk.window.isFullScreen(), desk.box.surface.isVisible())
    desk.press("F11")
    still = desk.box.surface.window() is desk.window
    desk.press("Ctrl+F11")

    assert alone == (False, True, True)
    assert still
    assert desk.header.isVisible()
    assert not desk.window.isFullScreen()


def test_windows_layouts_and_own_cameras_come_back_at_the_next_start(seat: Any, qtbot: Any, folder: DataFolder) -> None:
    first = Desk(seat, folder, qtbot)
    first.press("2")
    first.put("T-001", "H-002")
    first.focus(0)
    first.press("Ctrl+P")
    first.press("Ctrl+N")
    first.walls.book.keep(plain("两格", 2, 1))
    first.press("Alt+1")
    first.put("T-007", "T-008", window=1)
    first.close()

    second = Desk(seat, folder, qtbot)
    found = (second.feed.layouts(), second.shown(), second.shown(1))
    pins = [tile.camera for tile in second.flow.tiles if tile.is_pinned]
    second.close()

    assert found == ({0: BUILT_IN[4], 1: plain("两格", 2, 1)}, {0: "T-001"}, {0: "T-007", 1: "T-008"})
    assert pins == ["T-001"]


def test_the_next_operator_finds_the_walls_but_undoes_nothing_of_the_former_one(desk: Desk) -> None:
    desk.press("2")
    desk.put("T-001", "T-002")

    desk.walls.pause()
    desk.flow.close()
    empty = desk.shown()
    desk.walls.windows.restore(False)
    back = desk.shown()
    desk.press("Ctrl+Z")

    assert (empty, back) == ({}, {0: "T-001", 1: "T-002"})
    assert desk.shown() == back


def test_the_key_that_must_be_held_is_heard_in_every_wall_window(desk: Desk, qtbot: Any) -> None:
    heard: list[int] = []

    class Ear(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if isinstance(event, QKeyEvent) and event.key() == keys.HOLD_KEY:
                heard.append(event.type().value)
            return False

    ear = Ear(desk.window)
    desk.window.installEventFilter(ear)
    desk.press("Ctrl+N")

    qtbot.keyPress(desk.feed.surface(1), keys.HOLD_KEY)
    qtbot.keyRelease(desk.feed.surface(1), keys.HOLD_KEY)

    assert {QEvent.Type.KeyPress.value, QEvent.Type.KeyRelease.value} <= set(heard)


def test_a_broken_memory_is_left_out_and_the_wall_stands(seat: Any, qtbot: Any, folder: DataFolder, expect_log: Any) -> None:
    expect_log("not brought back")
    expect_log("layouts are left out")
    (folder.root / "walls-01.json").write_text('{"windows": [{"window": "x"}', encoding="utf-8")
    (folder.root / "layouts-01.toml").write_bytes(b"\xff\xfe[[layout")

    made = Desk(seat, folder, qtbot)
    layouts, own = made.feed.layouts(), made.walls.book.own
    made.close()

    assert (layouts, own) == ({0: None}, ())


def test_tours_give_way_to_cameras_and_never_take_what_an_operator_has_put(desk: Desk) -> None:
    desk.press("2")
    desk.put("T-001")

    shown = desk.flow.put_tour(["T-005", "T-006", "T-007", "T-008", "H-001"])
    told = [body["camera"] for body in desk.seat.link.of("OpenTile")]
    desk.flow.open_camera("T-009")
    stepped = desk.flow.put_tour(["T-010", "T-011"])

    assert shown == ("T-005", "T-006", "T-007")
    assert told == ["T-001"]
    assert desk.shown()[0] == "T-001"
    assert "T-009" in desk.shown().values()
    assert set(stepped) == {"T-010", "T-011"}


def test_the_keys_of_a_wall_are_listed_with_all_others(desk: Desk) -> None:
    from console.ui.help import keys_text

    text = keys_text()

    assert all("|" in line and "keys." not in line for line in text.splitlines()[2:])
    assert "Ctrl+Shift+W" in text
    assert keys.ON_TILE[-1].keys[0] in text


@pytest.mark.qt_log_ignore("does not support", extend=True)
def test_a_tile_menu_offers_its_acts_and_hears_of_others(desk: Desk, qtbot: Any) -> None:
    desk.press("2")
    desk.put("T-001")
    heard: list[Any] = []
    desk.walls.menu_opening.connect(heard.append)

    desk.walls._show_menu((desk.feed.surface(0).placed[0].content, QPoint(10, 10), 0))

    menu = heard[0][0]
    assert len(menu.actions()) >= 6
    menu.close()


def test_esc_is_the_call_boxs_own(desk: Desk) -> None:
    desk.press("#")
    event = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier)

    QApplication.sendEvent(desk.acts.call.line, event)

    assert event.isAccepted()
