"""Just now, for the operator: play back what a tile has just shown, keep a picture or a clip of it; each by one key, no dialog.

In: keys, the tile's menu and the bar. Out: replays, files and the commands that make them facts. What a red incident shows first,
and what was seen when an order went out, is kept by itself. Household cameras: only for their open incident. GUI thread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QAction

from console.model import arrangement
from console.services.clips import About, Kept, Saver
from console.services.feeds import Feeds
from console.services.justnow import Replays
from console.settings import Settings
from console.ui import keys, spoken
from console.ui.around import Around
from console.ui.bridge import Answer, Bridge, Change
from console.ui.flow import Flow
from console.ui.justnowbar import JustNowBar, Reading
from console.ui.refusals import refusal_text
from console.ui.tile import TileContent
from console.ui.wall import WallSurface
from console.ui.wallfeed import WallFeed
from console.words import texts, tr

KEEPING_ACTS = ("replay", "save_clip", "save_still")
BACK_S = 10.0
"""The key goes back this far at first."""
LOOK_MS = 20
WORDS_EVERY = 12
"""Looks between two paintings of the bars' words."""
MOST_STILLS_A_BEAT = 2
_AGAIN_NS = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Who:
    """Who sits here."""

    by: str
    seat: str


class JustNow(QObject):
    """`say(text)` shows a line of news. Signals: `kept(str)` an incident ("" for none) has a new picture or clip."""

    kept = Signal(object)
    _done = Signal(object)
    _ended = Signal(object)

    def __init__(
        self, bridge: Bridge, around: Around, flow: Flow, wall: WallFeed, feeds: Feeds, saver: Saver, settings: Settings,
        who: Callable[[], Who], say: Callable[[str], None], parent: QObject | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._bridge, self._around, self._flow, self._wall, self._feeds = bridge, around, flow, wall, feeds
        self._saver, self._settings, self._who, self._say = saver, settings, who, say
        self._replays = Replays(feeds, lambda tile, slot, word: self._ended.emit((tile, slot, word)))
        self._begun_ns: dict[str, int] = {}
        self._behind_s: dict[str, float] = {}
        self._first: set[tuple[str, str]] = set()
        self._waiting: list[tuple[About, str, Kept]] = []
        self._looks = 0
        self.bar = JustNowBar(self)
        self._look = QTimer(self, interval=LOOK_MS)
        self._look.timeout.connect(self._looked)
        self._done.connect(self._saved)
        self._ended.connect(self._replay_ended)
        bridge.changed.connect(self._changed)
        bridge.attached.connect(self._attached)
        wall.surface_added.connect(self.serve)
        for surface in wall.surfaces():
            self.serve(surface)

    @Slot(object)
    def serve(self, surface: WallSurface) -> None:
        """Give a wall the bar."""
        surface.add_tool(self.bar)

    def handlers(self) -> dict[str, Callable[[], object]]:
        """The handlers of the keys' acts."""
        return {"replay": self.toggle, "save_clip": self.save_clip, "save_still": self.save_still}

    @Slot(object)
    def fill_menu(self, opening: tuple[Any, TileContent, WallSurface]) -> None:
        """A tile's menu opens: add what can be done with its last minute."""
        made, content, surface = opening
        if not content.url:
            return
        made.addSeparator()
        for name, act, key in (
            ("menu_replay", self._toggle, "replay"), ("menu_clip", self._save_clip, "save_clip"),
            ("menu_still", self._save_still, "save_still"),
        ):  # fmt: skip
            action = QAction(f"{tr(f'justnow.{name}')}\t{keys.keys_of(key)}", made)
            action.triggered.connect(partial(self._from_menu, act, content, surface))
            made.addAction(action)

    @staticmethod
    def _from_menu(act: Callable[[TileContent, WallSurface], None], content: TileContent, surface: WallSurface, *_: Any) -> None:
        act(content, surface)

    def close(self) -> None:
        """End every replay. Before the feeds close."""
        self._look.stop()
        self._replays.close()

    # which tile ------------------------------------------------------------------------------------------------------

    def _here(self) -> tuple[TileContent, WallSurface] | None:
        window = self._flow.active_window if self._flow.active_window in self._wall.layouts() else 0
        surface = self._wall.surface(window)
        content = surface.focused()
        if content is None or not content.url:
            self._say(tr("justnow.no_tile"))
            return None
        return content, surface

    def _surface_of(self, key: str) -> WallSurface | None:
        return next((surface for surface in self._wall.surfaces() if surface.named(key) is not None), None)

    def _name(self, camera: str) -> str:
        found = self._around.cameras.get(camera)
        return spoken.named(found) if found is not None else camera

    # replay ----------------------------------------------------------------------------------------------------------

    @Slot()
    def toggle(self) -> None:
        """Play the tile's last seconds, or show it live again."""
        here = self._here()
        if here is not None:
            self._toggle(*here)

    def _toggle(self, content: TileContent, surface: WallSurface) -> None:
        if self._replays.find(content.key) is not None:
            self.end(content.key)
        elif content.ring_s <= 0:
            self._say(tr("justnow.failed_replay", camera=self._name(content.camera), why=tr("justnow.failed.household")))
        else:
            self._start(content, surface, BACK_S)

    def _start(self, content: TileContent, surface: WallSurface, seconds: float) -> None:
        size = surface.size_of(content.key)
        if size is None:
            return
        self._begun_ns[content.key] = self._feeds.mono_ns()
        self._behind_s[content.key] = seconds
        self._replays.start(content.key, *size, content.masks, content.dewarp, seconds)
        self._look.start()

    @Slot()
    def _looked(self) -> None:
        """Show what has its first picture, keep the bars' words in step, end what nobody shows any more."""
        self._replays.look()
        self._looks += 1
        for key in self._replays.tiles():
            surface = self._surface_of(key)
            placed = surface.named(key) if surface is not None else None
            if surface is None or placed is None:
                self.end(key)
            elif self._is_other(placed.content, key):
                self._start(placed.content, surface, self._behind_s.get(key, BACK_S))
            elif self._looks % WORDS_EVERY == 0:
                surface.update_tile(key)
        if self._replays.is_idle:
            self._look.stop()

    def _is_other(self, content: TileContent, key: str) -> bool:
        """Whether masks or fisheye view are others than the replay was begun with: it begins anew, from where it is."""
        playing = self._replays.find(key)
        return playing is not None and playing.shape[2:] != (content.masks, content.dewarp)

    @Slot(object)
    def _replay_ended(self, news: tuple[str, str, str]) -> None:
        """A replay has caught up with live, or its stream was opened anew (another size): then it goes on from where it was."""
        tile, slot, word = news
        playing = self._replays.find(tile)
        if playing is None or playing.slot.name != slot:
            return
        behind_s = self._behind_s.get(tile, BACK_S)
        was_long = self._feeds.mono_ns() - self._begun_ns.get(tile, 0) > _AGAIN_NS
        self.end(tile)
        surface = self._surface_of(tile)
        placed = surface.named(tile) if surface is not None else None
        if word in ("closed", "gone") and was_long and surface is not None and placed is not None:
            self._start(placed.content, surface, behind_s)
        elif word not in ("live", "closed"):
            camera = placed.content.camera if placed is not None else ""
            self._say(tr("justnow.failed_replay", camera=self._name(camera), why=_why(word)))

    # the bar's acts --------------------------------------------------------------------------------------------------

    def reading(self, key: str) -> Reading | None:
        """How a tile's replay stands; None where it is live."""
        playing = self._replays.find(key)
        picture = playing.slot.newest() if playing is not None and playing.is_shown else None
        if playing is None or picture is None:
            return None
        behind_s = max(0.0, (self._feeds.mono_ns() - picture.arrival_ns) / 1e9)
        self._behind_s[key] = behind_s
        health = self._feeds.health().get(key)
        reach_s = max(behind_s, health.ring_s if health is not None else 0.0)
        return Reading(behind_s, reach_s, playing.speed, playing.is_paused)

    def end(self, key: str) -> None:
        """Live again."""
        self._replays.end(key)
        self._repaint(key)

    def pause(self, key: str) -> None:
        playing = self._replays.find(key)
        if playing is not None:
            self._replays.pause(key, not playing.is_paused)
            self._repaint(key)

    def step(self, key: str, pictures: int) -> None:
        self._replays.step(key, pictures)
        self._repaint(key)

    def jump(self, key: str, seconds: float) -> None:
        self._replays.jump(key, seconds)

    def faster(self, key: str, steps: int) -> None:
        self._replays.faster(key, steps)
        self._repaint(key)

    def go_behind(self, key: str, seconds: float) -> None:
        """Go to the moment so many seconds before now."""
        self._replays.go_to(key, self._feeds.mono_ns() - int(seconds * 1e9))

    def _repaint(self, key: str) -> None:
        surface = self._surface_of(key)
        if surface is not None:
            surface.update_tile(key)

    # keeping ---------------------------------------------------------------------------------------------------------

    @Slot()
    def save_clip(self) -> None:
        """Keep the tile's last seconds as a file: before now, or before the moment that is played back."""
        here = self._here()
        if here is not None:
            self._save_clip(*here)

    def _save_clip(self, content: TileContent, surface: WallSurface) -> None:
        seconds = float(self._settings.get("video.clip_s"))
        reading = self.reading(content.key)
        until_ns = 0 if reading is None else self._bridge.now_ns - int(reading.behind_s * 1e9)
        about = self._about(content, "operator")
        self._say(tr("justnow.saving_clip", camera=about.name))
        self._saver.clip(content.key, about, seconds, partial(self._told, about, "clip"), until_ns)

    @Slot()
    def save_still(self) -> None:
        """Keep the tile's picture at its full size."""
        here = self._here()
        if here is not None:
            self._save_still(*here)

    def _save_still(self, content: TileContent, surface: WallSurface) -> None:
        about = self._about(content, "operator")
        playing = self._replays.find(content.key)
        self._say(tr("justnow.saving_still", camera=about.name))
        slot = playing.slot.name if playing is not None else ""
        self._saver.still(content.key, about, partial(self._told, about, "still"), slot=slot)

    def _about(self, content: TileContent, why: str) -> About:
        """Whose picture, by whom, for which incident: the tile's own, else the open one; a household's only its own."""
        camera, who = self._around.cameras.get(content.camera), self._who()
        tile = arrangement.named(self._flow.tiles, content.key)
        incident = tile.incident if tile is not None else None
        if incident is None and not (camera is not None and camera.is_household):
            opened = self._bridge.state.incidents.get(self._flow.incident)
            incident = self._flow.incident if opened is not None and opened.is_open else None
        return About(
            content.camera, self._name(content.camera), content.network, camera.owner if camera is not None else "", incident,
            who.by, who.seat, why, self._bridge.state.exercise,
        )  # fmt: skip

    def _told(self, about: About, what: str, kept: tuple[Kept, ...], word: str) -> None:
        """In a worker thread."""
        self._done.emit((about, what, kept, word))

    @Slot(object)
    def _saved(self, news: tuple[About, str, tuple[Kept, ...], str]) -> None:
        about, what, kept, word = news
        if word:
            if about.why == "operator":
                self._say(tr(f"justnow.failed_{what}", camera=about.name, why=_why(word)))
            self._first.discard((about.incident or "", about.camera))
            return
        for one in kept:
            self._make_fact(about, what, one)

    def _make_fact(self, about: About, what: str, one: Kept) -> None:
        self._bridge.send(one.command, one.body, partial(self._decided, about, what, one))

    @Slot(object)
    def _attached(self, greeting: object) -> None:
        waiting, self._waiting = self._waiting, []
        for about, what, one in waiting:
            self._make_fact(about, what, one)

    def _decided(self, about: About, what: str, kept: Kept, answer: Answer) -> None:
        """The desk has made it a fact, or refused: then the file goes again."""
        if not answer.ok:
            refused = answer.refused or {}
            if refused.get("code") == "unavailable":
                self._waiting.append((about, what, kept))  # the desk is away: it is told when it is back
            else:
                self._saver.discard(kept)
            self._say(tr(f"justnow.failed_{what}", camera=about.name, why=refusal_text(refused)))
            return
        self.kept.emit(about.incident or "")
        if about.why != "operator":
            return
        body = kept.body
        masked, seconds = tr("justnow.masked") if body["is_masked"] else "", (body.get("to_ns", 0) - body.get("from_ns", 0)) / 1e9
        text = tr(f"justnow.saved_{what}", camera=about.name, masked=masked, file=body["file"], seconds=seconds)
        self._say(f"{text} · {tr('justnow.saved_gaps', gaps=body['gaps'])}" if body.get("gaps") else text)

    # by itself -------------------------------------------------------------------------------------------------------

    def beat(self) -> None:
        """Once a second: keep the first picture of each camera that a red incident shows."""
        if not self._settings.get("incident.stills"):
            return
        health, left = self._feeds.health(), MOST_STILLS_A_BEAT
        for tile in self._flow.tiles:
            incident = self._bridge.state.incidents.get(tile.incident or "")
            if not left or tile.household or incident is None or incident.grade != "red" or not incident.is_open:
                continue
            known = health.get(tile.tile)
            if (incident.id, tile.camera) not in self._first and known is not None and known.state == "live":
                self._first.add((incident.id, tile.camera))
                left -= self._keep_by_itself(tile.tile, incident.id, tile.camera, "first_picture")

    @Slot(object)
    def _changed(self, change: Change) -> None:
        """An order went out: what its incident's tiles show now belongs to it."""
        if "PlanIssued" not in change.kinds or not self._settings.get("incident.stills"):
            return
        if self._flow.incident in change.incidents and self._bridge.is_caught_up:
            for tile in self._flow.tiles:
                if tile.incident == self._flow.incident and not tile.household:
                    self._keep_by_itself(tile.tile, tile.incident, tile.camera, "order")

    def _keep_by_itself(self, key: str, incident: str, camera: str, why: str) -> bool:
        kept_already = why == "first_picture" and any(
            entry.kind == "StillSaved" and getattr(event, "camera", "") == camera
            for entry, event in self._bridge.timeline(incident)
        )
        surface = self._surface_of(key)
        placed = surface.named(key) if surface is not None else None
        if kept_already or placed is None or not placed.content.url:
            return False
        about = self._about(placed.content, why)
        self._saver.still(key, about, partial(self._told, about, "still"))
        return True


def _why(word: str) -> str:
    return tr(f"justnow.failed.{word}") if f"justnow.failed.{word}" in texts("en") else word
