"""The console: builds its parts in order, connects them in one table, takes them down in reverse. The only Qt outside ui/.

`run_console(args, start)` is what `liandong run` calls; `start` is the desk's `Start` with folder and settings.
"""

from __future__ import annotations

import contextlib
import gc
import getpass
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# What needs no Qt comes first: PySide's import hook reads the source of every module loaded after it (a tenth of the start).
import psutil

from console import words
from console.clock import SystemClock
from console.errors import LiandongError
from console.media.hardware_trial import Trials
from console.model.camera import Camera
from console.paths import DataFolder
from console.services.clips import Saver
from console.services.dispatch import load_playbooks
from console.services.feeds import Feeds
from console.services.link import DeskLink, desk_arguments
from console.services.load import Planner
from console.services.picturehealth import PictureHealth, Rhythm
from console.settings import Settings
from console.store import citymap, credentials, roster

# isort: split
from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QApplication

from console.ui import overrides, theme
from console.ui.around import Around
from console.ui.bridge import Bridge, Change, Ear
from console.ui.flow import Flow
from console.ui.gpuprobe import SurfaceProbe, wants_glass
from console.ui.pictures import Pictures, known_of
from console.ui.sound import Sound
from console.ui.stall import StallMeter
from console.ui.wall import WallSurface
from console.ui.wallfeed import WallFeed
from console.ui.window import MainWindow, Parts

_log = logging.getLogger(__name__)
HOLD_AFTER_MS = 2500
"""The autopilot lets the pictures stand this long before it holds the one key, as a person would."""
GIL_SWITCH_S = 0.001
"""Longest the GUI thread waits for the interpreter while a link or media thread computes (the default is 5 ms)."""


def install_excepthook() -> None:
    """An exception in a slot reaches nobody but this hook: log it once and go on; the journal is the desk's and safe."""
    overrides.make_safe()
    told: set[str] = set()

    def hook(kind: type[BaseException], value: BaseException, trace: Any) -> None:
        place = f"{kind.__name__}:{trace.tb_lineno if trace else 0}:{value}"
        if place not in told:
            told.add(place)
            _log.critical("a bug of ours: %r", value, exc_info=(kind, value, trace))

    sys.excepthook = hook


def process_age_s() -> float:
    """Seconds since this process began.

    On Linux from the kernel's own count: psutil adds a boot time in whole seconds, which was 0.74 s too much here.
    """
    try:
        started_ticks = int(Path("/proc/self/stat").read_text("ascii").rpartition(")")[2].split()[19])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - started_ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, AttributeError):
        return time.time() - float(psutil.Process().create_time())


def _say(text: str) -> None:
    """Print for whoever still reads: a picture run piped into `head` must end as well as any other."""
    try:
        print(text, flush=True)
    except OSError:
        _log.info("nobody reads what happened: %s", text.replace("\n", "; "))
        with contextlib.suppress(OSError):  # else the interpreter fails on the same pipe once more when it ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Loader(threading.Thread):
    """Reads roster and city map off the GUI thread; `done` is filled when it ends."""

    def __init__(self, folder: DataFolder) -> None:
        super().__init__(name="roster-loader", daemon=True)
        self._folder = folder
        self.done: tuple[Any, Any] | None = None
        self.urls: dict[str, str] = {}

    def run(self) -> None:
        found_map = None
        try:
            if self._folder.city_map.exists():
                found_map = citymap.open_map(self._folder.city_map)
            found = roster.load(self._folder.root)
            self.urls = self._with_passwords(found)
            self.done = (found, found_map)
        except LiandongError as cause:
            _log.error("roster or map cannot be read: %s", cause)
            self.done = (None, found_map)

    def _with_passwords(self, found: Any) -> dict[str, str]:
        """Shown URL → full URL, for the cameras whose password was split off."""
        full: dict[str, str] = {}
        for field in ("url_main", "url_sub"):
            shown = {camera.id: getattr(camera, field) for camera in found.cameras.values() if getattr(camera, field)}
            for camera, url in credentials.with_passwords(self._folder.root, shown).items():
                if url != shown[camera]:
                    full[f"{camera} {shown[camera]}"] = url
        return full


class Console(QObject):
    """One run of the console: the owner of every part."""

    def __init__(
        self, app: QApplication, args: Any, folder: DataFolder, settings: Settings, desk: subprocess.Popen[bytes] | None
    ) -> None:
        super().__init__()
        self._app, self._args, self._folder, self._settings = app, args, folder, settings
        self.exit_code = 0
        self.usable_s = 0.0
        self._shot_set = False
        self._keep = contextlib.ExitStack()
        """What must be ended in reverse, even when a later part fails to build."""
        try:
            self._build(app, args, folder, settings, desk)
        except BaseException:
            self._keep.close()
            raise

    def _build(
        self, app: QApplication, args: Any, folder: DataFolder, settings: Settings, desk: subprocess.Popen[bytes] | None
    ) -> None:
        self._loader: _Loader | None = None
        self._urls: dict[str, str] = {}
        self._cpu: dict[int, tuple[float, float]] = {}
        seat = str(settings.get("console.seat"))
        self.clock = SystemClock()
        self.bridge = Bridge(self.clock, self)
        self.around = Around(playbooks=load_playbooks(folder.root / "playbooks"))
        self.sound = Sound(self.clock, bool(settings.get("console.sound")), parent=self)
        self._keep.callback(self.sound.close)
        self.feeds = Feeds(
            folder.stills,
            settings.get("wall.workers"),
            settings.get("video.open_timeout_s"),
            settings.get("video.transport"),
            self.clock,
            plan=Planner(self.clock).plan,
            hardware=settings.get("video.hardware"),
            ring_cap_bytes=int(settings.get("video.ring_cap_mb") * 1_000_000),
        )
        self._keep.callback(self.feeds.close)
        self.saver = Saver(folder.root, self.feeds, self.clock)
        self._keep.callback(self.saver.close)
        self.trials = Trials(settings.get("video.hardware"))
        self._keep.callback(self.trials.close)
        self.surface_probe = SurfaceProbe(settings.get("wall.surface"))
        self._keep.callback(self.surface_probe.close)
        self.surface = self._made_surface("wall")
        self.flow = Flow(self.bridge, self.around, seat, settings.get("near.limit"), self)
        self.link = DeskLink(
            folder, Ear(self.bridge), seat=seat, by=f"{getpass.getuser()}@{seat}", arguments=desk_arguments(args), desk=desk
        )
        self.bridge.use(self.link)
        self._keep.callback(self._leave_desk)
        self.wall_feed = WallFeed(self.bridge, self.around, self.surface, self.feeds, self._url_of, self.link.feed_health, self)
        self.picture_check = self._picture_check(folder, settings)
        pictures = Pictures(self.bridge, self.picture_check, self)
        self.wall_feed.use(pictures)
        self.stall = StallMeter(self)
        parts = Parts(
            self.bridge, self.around, self.flow, self.sound, self.surface, self.wall_feed, settings, folder, seat,
            self._make_surface, pictures=pictures, feeds=self.feeds, saver=self.saver,
        )  # fmt: skip
        self.window = MainWindow(parts)
        self._figures = QTimer(self, interval=2000)
        self._loading = QTimer(self, interval=20)
        for signal, slot in (
            (self.bridge.attached, self._attached),
            (self.bridge.changed, self._changed),
            (self.window.usable, self._usable),
            (self._figures.timeout, self._show_figures),
            (self._loading.timeout, self._take_roster),
            (app.aboutToQuit, self.close),
        ):
            signal.connect(slot)
        self._closed = False

    def _picture_check(self, folder: DataFolder, settings: Settings) -> PictureHealth | None:
        if not settings.get("picture.check"):
            return None

        def turns_by_itself(camera: str) -> bool:
            found = self.around.cameras.get(camera)
            return found is None or found.ptz or bool(found.unit)

        check = PictureHealth(
            self.feeds, folder.picture_past, self.clock, rhythm=Rhythm(settings.get("picture.every_s")),
            turns_by_itself=turns_by_itself, known=lambda camera: known_of(self.bridge.state.conditions, camera),
        )  # fmt: skip
        self._keep.callback(check.close)
        return check

    def _make_surface(self, window: int) -> WallSurface:
        """The surface of one wall window more."""
        return self._made_surface(f"wall{window}")

    def _made_surface(self, owner: str) -> WallSurface:
        made = WallSurface(self.feeds, owner)
        if wants_glass(self._settings.get("wall.surface")):
            made.glazing.put_in()
        return made

    def start(self) -> None:
        """Show the window and reach for the desk at the same time."""
        self.link.start()
        self._load()
        if self._args.size:
            self.window.fit_to(*self._args.size)
        elif not self.window.remembered("geometry"):
            screen = self._app.primaryScreen()
            if screen is not None:
                self.window.fit_to(screen.availableGeometry().width(), screen.availableGeometry().height())
        if self._args.demo:
            self.window.login.wait()
        self.window.show()
        self._figures.start()

    # roster and map --------------------------------------------------------------------------------------------------

    def _load(self) -> None:
        if self._loader is None:
            self._loader = _Loader(self._folder)
            self._loader.start()
            self._loading.start()

    @Slot()
    def _take_roster(self) -> None:
        loader = self._loader
        if loader is None or loader.done is None:
            return
        self._loading.stop()
        self._loader, self._urls = None, loader.urls
        found, city_map = loader.done
        if found is not None:
            self.around.cameras, self.around.units, self.around.places = found.cameras, found.units, found.places
            self.around.version = found.version
            self.window.finding.roster_changed()
        self.window.map.set_city_map(city_map, "")  # whose map it is stands in the status line
        self.window.map_feed.refresh()
        self.wall_feed.refresh()
        self.window.status.show_source(
            "" if city_map is None else words.tr("window.demo_source" if self._args.demo else "window.map_source")
        )
        wanted = int(self.bridge.greeting.get("roster_version") or 0)
        if found is None or found.version < wanted or (city_map is None and self._folder.city_map.exists()):
            self._load()

    def _url_of(self, camera: Camera, url: str) -> str:
        return self._urls.get(f"{camera.id} {url}", url)

    # hearing ---------------------------------------------------------------------------------------------------------

    @Slot(object)
    def _attached(self, greeting: dict[str, Any]) -> None:
        if greeting.get("lights"):
            self.window.status.show_lights(greeting["lights"])
        if int(greeting.get("roster_version") or 0) != self.around.version:
            self._load()
        if self._args.demo and not self.window.operator:
            self.window.login.enter_as("demo")
        elif self._args.shot is not None and not self.window.operator:
            self._set_shot()  # nobody logs in before a picture run: it shows the log-in

    @Slot(object)
    def _changed(self, change: Change) -> None:
        # What was imported before this console came is in the roster it has just read.
        is_news = self.bridge.is_caught_up or self.bridge.state.last_seq > int(self.bridge.greeting.get("seq") or 0)
        if is_news and change.kinds & {"RosterImported", "MapImported"}:
            self._load()

    @Slot()
    def _usable(self) -> None:
        self.usable_s = process_age_s()
        gc.freeze()  # what stands now stands to the end: a full collection need not walk it (60 ms) again and again
        gc.enable()
        _log.info("usable after %.2f s", self.usable_s)
        if self._args.kiosk:
            self.window.walls.kiosk.enter()
        self.stall.start()
        if self.picture_check is not None:
            self.picture_check.start()
        self.trials.start()
        self.surface_probe.start()
        self._set_shot()
        if self._args.demo and (self._args.shot is not None or self._settings.get("demo.autopilot")):
            self.autopilot = Autopilot(self.window, self)
            self.autopilot.start()

    def _set_shot(self) -> None:
        if self._args.shot is not None and not self._shot_set:
            self._shot_set = True
            QTimer.singleShot(int(self._args.after * 1000), self, self._shoot)

    @Slot()
    def _show_figures(self) -> None:
        """Cores the decoder children use, and the worst stall."""
        now_s, cores, known = time.monotonic(), 0.0, {}
        for pid in self.feeds.child_pids():
            try:
                spent = psutil.Process(pid).cpu_times()
            except psutil.Error:
                continue
            used_s = spent.user + spent.system
            before = self._cpu.get(pid)
            if before is not None and now_s > before[0]:
                cores += (used_s - before[1]) / (now_s - before[0])
            known[pid] = (now_s, used_s)
        self._cpu = known
        live = sum(1 for one in self.feeds.health().values() if one.state in ("live", "late"))
        self.window.status.show_figures(live, cores, self.stall.worst_ms)

    @Slot()
    def _shoot(self) -> None:
        """Save the picture of the main window and end."""
        self.exit_code = 1
        figures = (self.stall.percentile_ms(), self.stall.worst_ms)
        self.stall.stop()
        try:
            self.window.map.finish_rendering()
            file: Path = self._args.shot
            if self.window.grab().save(str(file), "PNG"):
                self.exit_code = 0
            else:
                _log.error("the picture could not be written to %s", file)
            _say(self.story(*figures))
        finally:
            self.window.close()
            self._app.quit()

    def story(self, p99_ms: float, worst_ms: float) -> str:
        """What happened, in plain words: for a run without a display."""
        state = self.bridge.state
        lines = [f"picture: {self._args.shot}"]
        if not self.usable_s:
            return lines[0]
        lines.append(f"usable after {self.usable_s:.1f} s, stall p99 {p99_ms:.0f} ms, worst stall {worst_ms:.0f} ms")
        incident = state.incidents.get(self.flow.incident)
        if incident is not None:
            shown = sum(1 for tile in self.flow.tiles if tile.may_show)
            lines += [
                f"incident {incident.id} ({incident.grade}): {incident.title}",
                f"cameras: {len(incident.cameras)} linked, {shown} on the wall",
            ]
            lines += [f"order {key} to {state.orders[key].unit}: {' → '.join(state.orders[key].at)}" for key in incident.orders]
        return "\n".join(lines)

    @Slot()
    def close(self) -> None:
        """Take everything down in reverse; a demo's or a picture run's desk ends with it."""
        if self._closed:
            return
        self._closed = True
        for timer in (self._figures, self._loading):
            timer.stop()
        self.stall.stop()
        self.flow.close()
        for surface in self.wall_feed.surfaces():
            surface.close_feeds()
        self._keep.close()

    def _leave_desk(self) -> None:
        self.link.close(end_desk=bool(self._args.demo or self._args.shot is not None))


class Autopilot(QObject):
    """Plays the operator of a picture run: opens the newest red incident, lets its pictures stand, holds the one key."""

    def __init__(self, window: MainWindow, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._window = window
        self._look = QTimer(self, interval=250)
        self._look.timeout.connect(self._step)

    def start(self) -> None:
        self._look.start()

    @Slot()
    def _step(self) -> None:
        state = self._window.bridge.state
        reds = [one for one in state.open_incidents() if one.grade == "red" and one.cameras]
        if not reds:
            return
        self._look.stop()
        self._window.choices.open_incident(max(reds, key=lambda one: one.entered_ns).id)
        QTimer.singleShot(HOLD_AFTER_MS, self, self._hold)

    @Slot()
    def _hold(self) -> None:
        self._window.panel.one_key.hold()


def run_console(args: Any, start: Any, desk: subprocess.Popen[bytes] | None = None) -> int:
    """Run the console until its window closes; the exit code. `desk`: one that `early_start` has started for it."""
    install_excepthook()
    gc.disable()  # until the window stands: nothing that is built here is garbage
    sys.setswitchinterval(GIL_SWITCH_S)
    folder, settings = start.folder, start.settings
    app = QApplication([sys.argv[0]])
    app.setApplicationName("liandong")
    theme.apply(app, settings.get("console.theme"))
    console = Console(app, args, folder, settings, desk)
    console.start()
    code: int = app.exec()
    console.close()
    return code or console.exit_code


__all__: Sequence[str] = ("Console", "run_console")
