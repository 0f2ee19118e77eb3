"""Walks a patrol: every view is shown, stands its time and gets the operator's word, "nothing" or "finding". GUI thread only.

In: a tour, the operator's keys, feed health. Out: commands; the desk decides what counts. A patrol that was open when the console
or the desk ended goes on at its first view without a word.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject, Signal, Slot
from PySide6.QtGui import QImage

from console.errors import LiandongError
from console.model.patrol import Patrol
from console.model.tour import Route, Step, Tour, due_minute, said
from console.services.patrol_sheet import keep
from console.services.tour_run import TourRun
from console.ui.bridge import Answer, Bridge, Change
from console.ui.refusals import refusal_text
from console.ui.tourcontrol import TourControl
from console.words import chosen, tr

JPEG_QUALITY = 88


class PatrolControl(QObject):
    """The patrol of this seat. `picture_of(camera)` gives a copy of what its tour tile shows now, or None.

    Signals: `changed()`; `told(str)` a sentence for the operator; `asked(str camera)` a finding begins: ask for its words.
    """

    changed = Signal()
    told = Signal(object)
    asked = Signal(object)

    def __init__(
        self, bridge: Bridge, control: TourControl, root: Path, picture_of: Callable[[str], QImage | None],
        focused_camera: Callable[[], str], parent: QObject | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._bridge, self._control, self._root = bridge, control, root
        self._picture_of, self._focused_camera = picture_of, focused_camera
        self._request = ""
        self._tour: tuple[Tour, Route] | None = None
        self._put_off: set[tuple[str, int, int]] = set()
        self.patrol: Patrol | None = None
        """The patrol being walked here."""
        bridge.changed.connect(self._heard)
        control.changed.connect(self._control_changed)

    # begin and end ---------------------------------------------------------------------------------------------------

    @property
    def is_walking(self) -> bool:
        return self.patrol is not None

    def open_one(self) -> Patrol | None:
        """The patrol of this seat that is open in the journal, walked here or left over."""
        patrols = self._bridge.state.patrols.values()
        return next((one for one in patrols if one.is_open and one.seat == self._control.seat), None)

    def start(self, tour_id: str) -> None:
        """Begin a patrol of a tour; one left open at this seat goes on instead."""
        left = self.open_one()
        if left is not None:
            self.go_on(left)
            return
        tour = self._control.tours.tours.get(tour_id)
        if tour is not None and not self._request:
            self._request = uuid.uuid4().hex[:16]
            self._control.routed(tour, lambda found: self._ask(tour, found))

    def _ask(self, tour: Tour, found: Route) -> None:
        if not found.steps:
            self._request = ""
            self.told.emit(tr("tour.empty", name=said(tour.name, chosen())))
            return
        views = [
            {"title": _title(step), "cameras": list(step.cameras), "least_s": min(tour.least_s, 600.0)} for step in found.steps
        ]
        skipped = [{"camera": one.camera, "why": one.why, "view": one.view} for one in found.skipped]
        body = {
            "tour": tour.id, "name": said(tour.name, chosen()), "seat": self._control.seat, "request": self._request,
            "views": views, "skipped": skipped,
        }  # fmt: skip
        self._bridge.send("StartPatrol", body, self._started)

    def _started(self, answer: Answer) -> None:
        if not answer.ok:
            self._request = ""
            self.told.emit(refusal_text(answer.refused or {}))
        else:
            self._look_for_started()

    def _look_for_started(self) -> None:
        """Its entry may come before or after the answer."""
        found = next((one for one in self._bridge.state.patrols.values() if one.request == self._request), None)
        if self._request and found is not None and found.is_open:
            self._request = ""
            self.go_on(found)

    def go_on(self, patrol: Patrol) -> None:
        """Walk on at the first view without a word."""
        self._control.stop("patrol")
        self.patrol = patrol
        steps = tuple(
            Step(number, 0, 1, {chosen(): str(view["title"])}, tuple(view["cameras"]), float(view["least_s"]))
            for number, view in enumerate(patrol.views)
        )
        tour = Tour(patrol.tour, {chosen(): patrol.name}, (), is_patrol=True)
        self._control.on_placed = self._placed
        self._control.begin(TourRun(tour, Route(steps), self._bridge.clock, by_hand=True), min(patrol.missed, default=0))

    @Slot()
    def end(self) -> None:
        """End the patrol; views without a word are listed as missed."""
        if self.patrol is not None:
            self._bridge.send("EndPatrol", {"patrol": self.patrol.id}, self._word_answered)

    def _leave(self) -> None:
        """The patrol is over or left open: the wall is given back."""
        self.patrol = None
        self._control.on_placed = lambda step, at: None
        self._control.stop("patrol")
        self.changed.emit()

    def _placed(self, step: Step, at: int) -> None:
        if self.patrol is not None:
            self._bridge.send("ShowPatrolView", {"patrol": self.patrol.id, "view": at}, self._word_answered)

    # the operator's word ---------------------------------------------------------------------------------------------

    @property
    def wait_s(self) -> float:
        """Seconds until the view has stood its shortest time."""
        run, patrol = self._control.run, self.patrol
        if run is None or patrol is None:
            return 0.0
        return max(0.0, float(patrol.views[run.at]["least_s"]) - run.stood_s)

    def seen(self) -> None:
        """The word "seen, nothing": counts after the view's shortest time; then comes the next view without a word."""
        run, patrol = self._control.run, self.patrol
        if run is None or patrol is None:
            return
        if not self._control.placed:
            self.told.emit(tr("patrol.not_shown"))
            return
        if run.at in patrol.seen:
            self._next()
            return
        if self.wait_s > 0:
            self.told.emit(tr("patrol.too_short", seconds=f"{self.wait_s:.0f}" if self.wait_s >= 1 else "1"))
            return
        body = {"patrol": patrol.id, "view": run.at, "dwell_s": round(run.stood_s, 2), "unseen": self._control.unseen()}
        self._bridge.send("SeePatrolView", body, self._seen_answered)

    def _seen_answered(self, answer: Answer) -> None:
        if not answer.ok:
            self.told.emit(refusal_text(answer.refused or {}))
        elif self.patrol is not None:
            self._next()

    def _next(self) -> None:
        """The next view without a word after this one; after the last word the patrol ends by itself."""
        run, patrol = self._control.run, self.patrol
        if run is None or patrol is None:
            return
        missed = [view for view in patrol.missed if view != run.at]
        if not missed:
            self.end()
            return
        self._control.step(next((view for view in missed if view > run.at), missed[0]) - run.at)

    def begin_finding(self) -> None:
        """A finding in this view: at the tile that has the keyboard, else at the first camera with a picture."""
        if self.patrol is not None and self._control.placed:
            self.asked.emit(self.finding_camera())

    def finding_camera(self) -> str:
        """The camera a finding would be reported for."""
        placed = self._control.placed
        focused = self._focused_camera()
        if focused in placed:
            return focused
        return next((camera for camera in placed if self._control.had_picture.get(camera)), placed[0] if placed else "")

    def report(self, camera: str, text: str) -> None:
        """The finding's words are there: its picture is kept, then it becomes an incident."""
        run, patrol = self._control.run, self.patrol
        if run is None or patrol is None or camera not in run.step.cameras:
            return
        request = uuid.uuid4().hex[:12]
        body = {
            "patrol": patrol.id, "view": run.at, "camera": camera, "text": text, "request": request,
            "dwell_s": round(run.stood_s, 2), "unseen": self._control.unseen(),
        }  # fmt: skip
        jpeg = _jpeg(self._picture_of(camera))
        if not jpeg:
            self._bridge.send("ReportFinding", body, self._found_answered)
            return
        name = f"{patrol.id}-{run.at + 1:03d}-{request}.jpg"

        def kept(digest: Any, why: LiandongError | None) -> None:
            picture = {} if why is not None else {"file": f"stills/{name}", "sha256": digest}
            if why is not None:
                self.told.emit(tr("patrol.no_still", why=str(why)))
            self._bridge.send("ReportFinding", body | picture, self._found_answered)

        self._control.later(lambda: _kept(self._root / "stills", name, jpeg), kept)

    def _found_answered(self, answer: Answer) -> None:
        if not answer.ok:
            self.told.emit(refusal_text(answer.refused or {}))
        else:
            self.told.emit(tr("patrol.found"))

    def _word_answered(self, answer: Answer) -> None:
        if not answer.ok:
            self.told.emit(refusal_text(answer.refused or {}))

    # hearing ---------------------------------------------------------------------------------------------------------

    @Slot(object)
    def _heard(self, change: Change) -> None:
        if not any(kind.startswith("Patrol") for kind in change.kinds):
            return
        self._look_for_started()
        if self.patrol is not None:
            self.patrol = self._bridge.state.patrols.get(self.patrol.id, self.patrol)
            if not self.patrol.is_open:
                self.told.emit(tr("patrol.over", name=self.patrol.name))
                self._leave()
        self.changed.emit()

    @Slot()
    def _control_changed(self) -> None:
        """Another tour has taken the wall, or the tour was stopped: the patrol stays open and can go on later."""
        run = self._control.run
        if self.patrol is not None and (run is None or not run.by_hand):
            self.patrol = None
            self._control.on_placed = lambda step, at: None
            self.changed.emit()

    # when one is due -------------------------------------------------------------------------------------------------

    def due(self, weekday: int, minute: int, midnight_ns: int) -> list[tuple[Tour, int]]:
        """Patrols that should have begun within the last hour and did not: tour and minute of the day."""
        begun = {(one.tour, (one.started_ns - midnight_ns) // 60_000_000_000) for one in self._bridge.state.patrols.values()}
        found: list[tuple[Tour, int]] = []
        for tour in self._control.tours.tours.values():
            at = due_minute(tour, weekday, minute)
            if at is None or (tour.id, weekday, at) in self._put_off:
                continue
            if not any(name == tour.id and at - 10 <= began for name, began in begun):
                found.append((tour, at))
        return found

    def put_off(self, tour: str, weekday: int, minute: int) -> None:
        """The operator has seen that it is due: it is not said again for this time."""
        self._put_off.add((tour, weekday, minute))


def _title(step: Step) -> str:
    title = said(step.title, chosen())
    return f"{title} {step.page + 1}/{step.pages}" if step.pages > 1 else title


def _jpeg(picture: QImage | None) -> bytes:
    if picture is None or picture.isNull():
        return b""
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    picture.save(buffer, "JPG", JPEG_QUALITY)  # type: ignore[call-overload]  # the stubs say bytes, the call takes text
    buffer.close()
    return bytes(content.data())


def _kept(folder: Path, name: str, content: bytes) -> str:
    """Write a still and give its SHA-256. Raises Unavailable."""
    keep(folder, name, content)
    return hashlib.sha256(content).hexdigest()
