"""`liandong replay` with a window: the console's parts, fed by a bundle in memory. Opens no desk, no camera and no socket.

In: a proved Tape. Out: the exit code when the window is closed, and with `--shot` a picture of it. Writes nothing else.
"""

from __future__ import annotations

import contextlib
import logging
import math
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any, cast

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QApplication

from console.app import install_excepthook
from console.clock import SystemClock
from console.errors import LiandongError
from console.model.state import incident_hash
from console.paths import DataFolder
from console.services.dispatch import load_playbooks
from console.services.replay_clock import ReplayClock
from console.services.replay_link import ReplayFeeds, ReplayLink
from console.services.replay_tape import Tape, stand_ins
from console.settings import Settings
from console.store import citymap, roster
from console.ui import theme
from console.ui.around import Around
from console.ui.bridge import Bridge, Ear
from console.ui.flow import Flow
from console.ui.replaywall import ReplaySurface
from console.ui.replaywindow import ReplayWindow
from console.ui.sound import Sound
from console.ui.wallfeed import WallFeed
from console.ui.window import Parts
from console.words import tr

_log = logging.getLogger(__name__)


class _Names(threading.Thread):
    """Reads roster and city map of a data folder, read-only; no password of any camera."""

    def __init__(self, folder: DataFolder) -> None:
        super().__init__(name="replay-names", daemon=True)
        self._folder = folder
        self.done: tuple[Any, Any] | None = None

    def run(self) -> None:
        found = found_map = None
        try:
            if self._folder.city_map.exists():
                found_map = citymap.open_map(self._folder.city_map)
            found = roster.load(self._folder.root)
        except LiandongError as cause:
            _log.warning("names stay ids: %s", cause)
        self.done = (found, found_map)


class ReplayConsole(QObject):
    """One replay in a window: the owner of every part. `names`: the folder whose roster names cameras and units, or None."""

    def __init__(self, app: QApplication, args: Any, tape: Tape, names: DataFolder | None, settings: Settings) -> None:
        super().__init__()
        self._app, self._args, self._tape, self._names = app, args, tape, names
        self.exit_code = 0
        self._keep = contextlib.ExitStack()
        try:
            self._build(settings)
        except BaseException:
            self._keep.close()
            raise

    def _build(self, settings: Settings) -> None:
        # Whatever a part of the window would write, it writes here, and it goes with the window.
        scratch = DataFolder(Path(self._keep.enter_context(tempfile.TemporaryDirectory(prefix="liandong-replay-"))))
        seat = str(settings.get("console.seat"))
        self.clock = ReplayClock(self._tape, SystemClock(), self._args.speed)
        self.bridge = Bridge(self.clock, self)
        playbooks = self._names.root / "playbooks" if self._names is not None else None
        self.around = Around(*stand_ins(self._tape.recording.entries), playbooks=load_playbooks(playbooks))
        self.sound = Sound(SystemClock(), wanted=False, parent=self)
        self._keep.callback(self.sound.close)
        self.feeds = ReplayFeeds(self._tape, self.clock)
        self.surface = ReplaySurface(self.feeds)
        self.flow = Flow(self.bridge, self.around, seat, settings.get("near.limit"), self)
        self.link = ReplayLink(self._tape, Ear(self.bridge), self.clock)
        self.bridge.use(self.link)
        self._keep.callback(self.link.close)
        self.wall_feed = WallFeed(
            self.bridge, self.around, self.surface, cast(Any, self.feeds), _no_url, self.link.feed_health, self
        )
        parts = Parts(self.bridge, self.around, self.flow, self.sound, self.surface, self.wall_feed, settings, scratch, seat)
        self.window = ReplayWindow(parts, self.link, self._tape, self._args.drill)
        self._loader: _Names | None = None
        self._loading = QTimer(self, interval=20)
        self._loading.timeout.connect(self._take_names)
        self.window.usable.connect(self._usable)
        self._app.aboutToQuit.connect(self.close)
        self._closed = False

    def start(self) -> None:
        """Show the window; it plays once it stands."""
        screen = self._app.primaryScreen()
        if self._args.size:
            self.window.fit_to(*self._args.size)
        elif screen is not None:
            self.window.fit_to(screen.availableGeometry().width(), screen.availableGeometry().height())
        self.link.start()
        if self._names is not None:
            self._loader = _Names(self._names)
            self._loader.start()
            self._loading.start()
        self.window.show()

    @Slot()
    def _take_names(self) -> None:
        if self._loader is None or self._loader.done is None:
            return
        self._loading.stop()
        (found, city_map), self._loader = self._loader.done, None
        if found is not None:
            self.around.cameras = {**self.around.cameras, **found.cameras}
            self.around.units = {**self.around.units, **found.units}
            self.around.places, self.around.version = found.places, found.version
            self.window.finding.roster_changed()
        self.window.map.set_city_map(city_map, "")
        if city_map is not None and self._names is not None:
            self.window.status.show_source(tr("window.demo_source" if self._names.demo_mark.exists() else "window.map_source"))
        self.window.retranslate()

    @Slot()
    def _usable(self) -> None:
        bar = self.window.bar
        if bar is not None:
            bar.start()
        if self._args.shot is not None:
            QTimer.singleShot(int(self._args.after * 1000), self, self._shoot)

    @Slot()
    def _shoot(self) -> None:
        """Save the picture of the window and end."""
        self.exit_code = 1
        try:
            self.window.map.finish_rendering()
            if self.window.grab().save(str(self._args.shot), "PNG"):
                self.exit_code = 0
            else:
                _log.error("the picture could not be written to %s", self._args.shot)
        finally:
            self.window.close()
            self._app.quit()

    def story(self) -> dict[str, Any]:
        """The bundle's figures as `--headless` prints them, and what the window itself had folded when it was closed."""
        recording, state = self._tape.recording, self.bridge.state
        known = recording.incident in state.incidents
        return {
            "entries": len(recording.entries), "duration_s": round(recording.duration_s, 3),
            "state_hash": incident_hash(recording.state_at(math.inf), recording.incident), "score": None,
            "played_s": round(self.clock.position_s, 3),
            "shown_hash": incident_hash(state, recording.incident) if known else None,
        }  # fmt: skip

    @Slot()
    def close(self) -> None:
        """Take everything down in reverse."""
        if self._closed:
            return
        self._closed = True
        self._loading.stop()
        if self.window.bar is not None:
            self.window.bar.stop()
        self.surface.close_feeds()
        self._keep.close()


def _no_url(camera: object, url: str) -> str:
    """A replay knows no address of any camera."""
    return ""


def run_replay(args: Any, tape: Tape, names: DataFolder | None, settings: Settings) -> tuple[dict[str, Any], int]:
    """Play `tape` in a window until it is closed; what it was, and the exit code."""
    install_excepthook()
    app = QApplication([sys.argv[0]])
    app.setApplicationName("liandong")
    theme.apply(app, settings.get("console.theme"))
    console = ReplayConsole(app, args, tape, names, settings)
    console.start()
    code: int = app.exec()
    story = console.story()
    console.close()
    return story, code or console.exit_code


__all__ = ("ReplayConsole", "run_replay")
