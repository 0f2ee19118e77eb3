"""Tours and patrols as one part of the window: builds control, bar, dock and editor, connects them, reads the tours. GUI thread.

In: the window's parts. Out: `dock` and `bar` for the window to place, and the acts of keys.py that are about tours.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from console.errors import LiandongError
from console.model.camera import HOUSEHOLD
from console.model.patrol import Patrol
from console.paths import DataFolder
from console.services import tours
from console.ui import spoken
from console.ui.around import Around
from console.ui.bridge import Answer, Bridge, Change
from console.ui.flow import Flow
from console.ui.later import Later
from console.ui.patrolcontrol import PatrolControl
from console.ui.patrolsheet import PatrolSheet
from console.ui.refusals import refusal_text
from console.ui.tourbar import TourBar
from console.ui.tourcontrol import TourControl
from console.ui.toureditor import TourEditor
from console.ui.tours import ToursDock
from console.ui.wall import WallSurface
from console.ui.wallfeed import WallFeed
from console.words import tr

SHEETS = "sheets"
ACTS = ("tour_pause", "tour_back", "tour_step", "tour_stop", "patrol_seen", "patrol_finding")
"""The acts of keys.py that `act` does."""


class TourDesk(QObject):
    """Owns all of it; end it with `close`."""

    def __init__(
        self, bridge: Bridge, around: Around, flow: Flow, wall_feed: WallFeed, surface: WallSurface, folder: DataFolder,
        seat: str, window: QWidget,
    ) -> None:  # fmt: skip
        super().__init__(window)
        self._bridge, self._around, self._flow, self._folder = bridge, around, flow, folder
        self._wall_feed, self._surface = wall_feed, surface
        self._is_replay = False
        self.later = Later("tours", self)
        self.control = TourControl(bridge, around, flow, wall_feed, self.later, seat, self)
        self.patrol = PatrolControl(bridge, self.control, folder.root, self._picture_of, self._focused_camera, self)
        self.bar = TourBar(self.control, self.patrol, self.now, self.name_of, window)
        self.editor = TourEditor(self._is_household, self.name_of, window)
        self.sheet = PatrolSheet(folder.root / SHEETS, self.name_of, self.later, window)
        self.dock = ToursDock(self.control, self.editor, self.sheet, self._patrols, self.now, self.name_of, window)
        for signal, slot in (
            (self.bar.asked, self.act), (self.dock.started, self._start), (self.dock.walked, self.patrol.start),
            (self.dock.stopped, self.control.stop), (self.dock.saved, self._save), (self.dock.removed, self._remove),
            (self.dock.reread, self.read), (self.patrol.changed, self.dock.refresh), (bridge.changed, self._changed),
            (bridge.caught_up, self.read),
        ):  # fmt: skip
            signal.connect(slot)

    def retranslate(self) -> None:
        self.bar.retranslate()
        self.dock.retranslate()

    def show_replay(self) -> None:
        """Nothing is due and nothing goes round in a replay."""
        self._is_replay = True
        self.bar.rest()

    # what the parts ask ----------------------------------------------------------------------------------------------

    def now(self) -> datetime:
        """This place's wall clock."""
        return datetime.fromtimestamp(self._bridge.now_ns / 1e9).astimezone()

    def name_of(self, camera: str) -> str:
        """A camera's name in the chosen language, its id where it has none."""
        found = self._around.cameras.get(camera)
        return spoken.named(found) if found is not None else camera

    def _is_household(self, camera: str) -> bool:
        found = self._around.cameras.get(camera)
        return found is not None and found.network == HOUSEHOLD

    def _patrols(self) -> list[Patrol]:
        return sorted(self._bridge.state.patrols.values(), key=lambda one: one.started_ns, reverse=True)

    def _picture_of(self, camera: str) -> QImage | None:
        tile = next((one.tile for one in self._flow.tiles if one.camera == camera), "")
        return self._wall_feed.picture_of(tile) if tile else None

    def _focused_camera(self) -> str:
        content = self._surface.focused()
        return content.camera if content is not None else ""

    # acts ------------------------------------------------------------------------------------------------------------

    @Slot(object)
    def act(self, name: str) -> None:
        """Do one of `ACTS`."""
        if self._is_replay:
            return
        match name:
            case "tour_pause":
                self.control.pause_or_go_on() if self.control.is_running else self._take_up()
            case "tour_back":
                self.control.step(-1)
            case "tour_step":
                self.control.step(1)
            case "tour_stop":
                self.patrol.end() if self.patrol.is_walking else self.control.stop()
            case "patrol_seen":
                self.patrol.seen()
            case "patrol_finding":
                self.patrol.begin_finding()

    def _take_up(self) -> None:
        """The same key takes a patrol up that was left open."""
        left = self.patrol.open_one()
        if left is not None:
            self.patrol.go_on(left)

    @Slot(object)
    def _start(self, tour: str) -> None:
        if self.patrol.is_walking:
            self.bar.tell(tr("patrol.end_first"))
            return
        self.control.start(tour)

    @Slot(object)
    def take_cameras(self, cameras: tuple[str, ...]) -> None:
        """Cameras chosen in the tree for the tour being edited; a new tour is begun when none is."""
        if not self.dock.is_editing:
            self.dock.edit(None)
        self.editor.take(cameras, self.editor.views.currentRow())

    @Slot(object)
    def _save(self, made: tuple[str, str]) -> None:
        self._bridge.send("SaveTour", {"tour": made[0], "text": made[1]}, self._saved)

    @Slot(object)
    def _remove(self, tour: str) -> None:
        self._bridge.send("RemoveTour", {"tour": tour}, self._saved)

    def _saved(self, answer: Answer) -> None:
        if not answer.ok:
            self.editor.trouble.setText(refusal_text(answer.refused or {}))
            return
        self.dock.show_list()
        self.read()

    # the tours there are ---------------------------------------------------------------------------------------------

    @Slot()
    def read(self) -> None:
        """Read all tours anew, away from the GUI thread."""
        root, is_demo = self._folder.root, self._bridge.state.exercise and self._folder.demo_mark.exists()
        self.later.do(lambda: tours.load(tours.sources(root, is_demo)), self._have)

    def _have(self, found: Any, why: LiandongError | None) -> None:
        if found is not None:
            self.control.put_tours(found)
            self.dock.refresh()

    @Slot(object)
    def _changed(self, change: Change) -> None:
        if change.kinds & {"TourSaved", "TourRemoved"}:
            self.read()

    def close(self) -> None:
        """Take the tour off the wall; a patrol stays open in the journal."""
        self.control.stop("log_out")
        self.later.close()
