"""The window of a replay: its bar and keys, the recorded time on every clock, a frame no one can mistake for live."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from PySide6.QtCore import QBuffer, QPoint, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest

from console import words
from console.model import commands as cmd
from console.model.state import incident_hash
from console.paths import DataFolder
from console.services.dispatch import load_playbooks
from console.services.evidence import export
from console.services.replay_clock import ReplayClock
from console.services.replay_link import ReplayFeeds, ReplayLink
from console.services.replay_tape import open_tape, stand_ins
from console.settings import Settings
from console.store import clips
from console.ui import spoken, theme
from console.ui.around import Around
from console.ui.bridge import Bridge, Ear
from console.ui.flow import Flow
from console.ui.replaybar import ACTS
from console.ui.replaywall import ReplaySurface
from console.ui.replaywindow import ReplayWindow
from console.ui.sound import Sound
from console.ui.wallfeed import WallFeed
from console.ui.window import Parts
from tests.fakes import FakeClock
from tests.story import Story

INCIDENT = "I000001"


def picture() -> bytes:
    image = QImage(64, 36, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    out = QBuffer()
    out.open(QBuffer.OpenModeFlag.WriteOnly)
    image.save(out, "JPG")  # type: ignore[call-overload]
    return bytes(out.data().data())


@pytest.fixture
def replay(qtbot: Any, qapp: Any, language: None, tmp_path: Path) -> Iterator[SimpleNamespace]:
    """An incident of 100 s in a window: cameras at 1 s, an order at 11 s, a still at 21 s, a receipt at 61 s, closed at 101 s."""
    story = Story(tmp_path)
    story.begin()
    story.report(0)
    story.clock.advance(1)
    linked = [
        {"camera": camera, "number": n, "distance_m": 20.0, "verdict": "sees", "reason": {"code": "sees_all_round"}}
        for n, camera in enumerate(("C-1", "C-2"), 1)
    ]
    story.tell(cmd.LinkIncident(INCIDENT, linked, []), "desk@test")
    story.clock.advance(10)
    order = story.dispatch(INCIDENT, ("U-1",))[0]
    story.clock.advance(10)
    saved = clips.save(tmp_path, "stills", "a.jpg", picture())
    story.tell(cmd.SaveStill("C-1", saved.file, saved.sha256, INCIDENT))
    story.clock.advance(40)
    story.receipt(order, "on_terminal")
    story.clock.advance(40)
    story.tell(cmd.CloseIncident(INCIDENT))
    story.close()
    export(tmp_path, INCIDENT, tmp_path / "case.zip")
    theme.apply(qapp, "dark")
    tape, real = open_tape(tmp_path / "case.zip"), FakeClock()
    clock = ReplayClock(tape, real)
    bridge = Bridge(clock)
    around = Around(*stand_ins(tape.recording.entries), playbooks=load_playbooks())
    feeds = ReplayFeeds(tape, clock)
    surface = ReplaySurface(feeds)
    flow = Flow(bridge, around, "01")
    flow.setParent(bridge)
    sound = Sound(real, wanted=False)
    link = ReplayLink(tape, Ear(bridge), clock)
    bridge.use(link)
    wall_feed = WallFeed(bridge, around, surface, cast(Any, feeds), lambda camera, url: "", link.feed_health, bridge)
    folder = DataFolder(tmp_path / "scratch")
    window = ReplayWindow(Parts(bridge, around, flow, sound, surface, wall_feed, Settings({}), folder, "01"), link, tape)
    qtbot.addWidget(window)
    window.fit_to(1366, 768)
    window.show()
    with qtbot.waitSignal(window.usable):
        link.start()
    qtbot.waitUntil(lambda: window.pages.currentIndex() == 1 and flow.incident == INCIDENT)
    yield SimpleNamespace(window=window, bar=window.bar, link=link, clock=clock, real=real, bridge=bridge, flow=flow, tape=tape,
                          surface=surface, folder=folder)  # fmt: skip
    window.close()
    surface.close_feeds()
    sound.close()
    bridge.deleteLater()


def press(replay: SimpleNamespace, key: str) -> None:
    """Activate the shortcut of a key (offscreen windows never become active)."""
    found = [one for one in replay.window._bound if one.key().toString() == key]
    assert len(found) == 1, f"{len(found)} acts on {key}"
    found[0].activated.emit()


def folded(replay: SimpleNamespace, qtbot: Any) -> None:
    """Wait until the window has folded what is due."""
    wanted = incident_hash(replay.tape.recording.state_at(replay.clock.position_s), INCIDENT)
    qtbot.waitUntil(lambda: INCIDENT in replay.bridge.state.incidents and incident_hash(replay.bridge.state, INCIDENT) == wanted)


def test_nobody_logs_in_and_the_incident_stands_opened(replay: SimpleNamespace) -> None:
    assert replay.window.panel.incident == INCIDENT
    assert not replay.window.header._sound.isVisible() and not replay.window.sound.has_player


def test_space_plays_and_pauses_and_time_goes_by_the_recording(replay: SimpleNamespace, qtbot: Any) -> None:
    press(replay, "Space")
    replay.real.advance(12)
    replay.bar._tick()
    folded(replay, qtbot)
    assert (replay.clock.is_playing, list(replay.bridge.state.orders)) == (True, [f"{INCIDENT}-O01"])
    assert replay.bridge.now_ns == replay.tape.recording.entries[0].at_ns + 12_000_000_000
    press(replay, "Space")
    replay.real.advance(1000)
    replay.window._part = 3
    replay.window._second()
    assert replay.bar._time.text().startswith("0:12 / 1:41")
    assert replay.window.header._clock.text() == spoken.date_and_time(replay.bridge.now_ns)


def test_every_act_of_the_bar_has_a_key_of_its_own(replay: SimpleNamespace) -> None:
    taken = [one.key().toString() for one in replay.window._bound]
    assert len(taken) == len(set(taken))
    for act in ACTS:
        assert all(key in taken for key in act.keys) and callable(getattr(replay.bar, act.name))


def test_keys_step_jump_and_change_the_speed(replay: SimpleNamespace, qtbot: Any) -> None:
    stops = []
    for key in (".", ".", ",", "Ctrl+Right", "Ctrl+Left", "Ctrl+End", "Ctrl+Home"):
        press(replay, key)
        stops.append(round(replay.clock.position_s))
    folded(replay, qtbot)
    assert stops == [1, 11, 1, 11, 1, 101, 0]
    press(replay, "]")
    press(replay, "]")
    assert replay.clock.speed == 8.0
    press(replay, "[")
    assert [button.isChecked() for button in replay.bar._speed_buttons] == [False, True, False]


def test_the_slider_seeks_by_pointer_and_by_keys(replay: SimpleNamespace, qtbot: Any) -> None:
    slider = replay.bar.slider
    QTest.mouseClick(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width() - 14, slider.height() // 2))
    folded(replay, qtbot)
    assert replay.clock.position_s > 95
    slider.setFocus()
    QTest.keyClick(slider, Qt.Key.Key_Home)
    folded(replay, qtbot)
    assert (replay.clock.position_s, replay.bridge.state.orders) == (0.0, {})
    QTest.keyClick(slider, Qt.Key.Key_Right)
    assert replay.clock.position_s == pytest.approx(1.0, abs=0.001)


def test_a_way_back_empties_map_wall_and_lists_of_what_came_later(replay: SimpleNamespace, qtbot: Any) -> None:
    press(replay, "Ctrl+End")
    folded(replay, qtbot)
    press(replay, "Ctrl+Home")
    folded(replay, qtbot)
    qtbot.waitUntil(lambda: not replay.flow.tiles)
    press(replay, ".")
    folded(replay, qtbot)
    qtbot.waitUntil(lambda: [tile.camera for tile in replay.flow.tiles] == ["C-1", "C-2"])
    assert [kind for kind, _ in [(entry.kind, 0) for entry, _ in replay.bridge.timeline(INCIDENT)]].count("CamerasLinked") == 1


def test_tiles_show_the_still_of_that_time_or_say_why_there_is_none(replay: SimpleNamespace, qtbot: Any) -> None:
    def shown() -> list[tuple[str, bool, bool]]:
        replay.surface._look()
        return [(one.content.camera, one.still is not None, bool(one.truth.headline)) for one in replay.surface._tiles]

    press(replay, "Ctrl+Home")
    replay.link.seek(5)
    qtbot.waitUntil(lambda: shown() == [("C-1", False, True), ("C-2", False, True)])
    headlines = {one.truth.headline for one in replay.surface._tiles}
    assert headlines == {words.tr("replay.no_picture_yet"), words.tr("replay.no_picture")}
    replay.link.seek(21)
    qtbot.waitUntil(lambda: shown() == [("C-1", True, False), ("C-2", False, True)])
    assert {one.state for one in replay.surface._feeds.health().values()} == {"replay"}
    replay.link.seek(5)
    qtbot.waitUntil(lambda: shown() == [("C-1", False, True), ("C-2", False, True)])


def test_acts_are_refused_in_plain_words_in_both_languages(replay: SimpleNamespace, qtbot: Any) -> None:
    for language in ("zh_CN", "en"):
        replay.window.switch_language(language)
        replay.bridge.send("CloseIncident", {"incident": INCIDENT}, replay.window.panel.acts._answered)
        said = words.in_language(language, "refused.replay_read_only")
        qtbot.waitUntil(lambda said=said: replay.window.panel._notice.text() == said)
    assert not replay.bridge.state.incidents[INCIDENT].closed_ns


@pytest.mark.parametrize("name", ["dark", "light"])
def test_a_frame_of_its_own_colour_stands_all_round(replay: SimpleNamespace, qapp: Any, name: str) -> None:
    replay.window._switch_theme(name)
    picture = replay.window.grab().toImage()
    high, wide = picture.height(), picture.width()
    edges = [(2, high // 2), (wide - 3, high // 2), (wide // 2, 2), (wide // 2, high - 3)]
    assert {picture.pixelColor(x, y).name() for x, y in edges} == {theme.color("replay").name()}
    grades = {theme.color(token).name() for token in ("red", "orange", "blue", "green", "late")}
    assert theme.color("replay").name() not in grades
    assert words.tr("replay.mark") in replay.window.header._mark.text()


def test_the_frame_goes_along_with_another_size_and_another_window(replay: SimpleNamespace, qtbot: Any) -> None:
    replay.window.resize(1500, 900)
    replay.window.wall.take_apart()
    qtbot.wait(20)
    picture = replay.window.wall.window_or_none.grab().toImage()
    assert picture.pixelColor(2, picture.height() // 2).name() == theme.color("replay").name()
    picture = replay.window.grab().toImage()
    assert picture.pixelColor(1497, 450).name() == theme.color("replay").name()
    replay.window.wall.bring_home()


def test_a_drill_says_that_it_is_an_exercise_without_a_score(replay: SimpleNamespace) -> None:
    replay.window._is_drill = True
    replay.window._show_seat()
    assert replay.window.header._mark.text() == words.tr("replay.exercise")


def test_nothing_is_remembered_of_a_replay(replay: SimpleNamespace) -> None:
    replay.window.close()
    assert not replay.folder.root.exists()
