"""Runs a tour on the seat's wall: steps, pauses, opens the next pictures ahead, gives way to a red incident. GUI thread only.

In: tours, the flow's incidents, feed health. Out: tour tiles on the flow, commands that make tours facts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from console.errors import LiandongError
from console.model.tour import Route, Skipped, Step, Tour, route, said
from console.services.tour_run import TourRun
from console.services.tours import Tours
from console.ui import spoken
from console.ui.around import Around
from console.ui.bridge import Answer, Bridge, Change
from console.ui.flow import Flow
from console.ui.later import Later
from console.ui.refusals import refusal_text
from console.ui.wallfeed import WallFeed
from console.words import chosen, tr

LOOK_MS = 100


class TourControl(QObject):
    """Owns the one run of this seat.

    Signals: `changed()` what runs, where it stands or why it stands still has changed; `told(str)` a sentence for the operator.
    """

    changed = Signal()
    told = Signal(object)

    def __init__(
        self,
        bridge: Bridge,
        around: Around,
        flow: Flow,
        wall_feed: WallFeed,
        later: Later,
        seat: str,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._bridge, self._around, self._flow, self._wall_feed = bridge, around, flow, wall_feed
        self._later, self.seat = later, seat
        self.later = later.do
        self.tours = Tours({}, ())
        self.run: TourRun | None = None
        self.placed: tuple[str, ...] = ()
        """The cameras of the step that stand on the wall."""
        self.had_picture: dict[str, bool] = {}
        """Camera of the step → whether it gave a picture while the step stood."""
        self._is_ahead = False
        self._starting = ""
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self._look)
        self.on_placed: Callable[[Step, int], None] = lambda step, at: None
        """Called for every step that is put on the wall (a patrol tells the desk)."""
        flow.incident_opened.connect(self._incident_opened)
        bridge.changed.connect(self._changed)

    # what runs -------------------------------------------------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        return self.run is not None

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """What the running tour leaves out, and why."""
        return self.run.route.skipped if self.run is not None else ()

    def put_tours(self, tours: Tours) -> None:
        """Know these tours from now on; the one that runs goes on as it began."""
        self.tours = tours
        self.changed.emit()

    def routed(self, tour: Tour, then: Callable[[Route], None]) -> None:
        """Find the route of a tour for the room there is now, away from the GUI thread."""
        cameras, places = self._around.cameras, tuple(self._around.places.values())
        room = self._flow.tour_room()
        fitting = replace(tour, layout=max(1, min(tour.layout, room)))

        def have(found: Any, why: LiandongError | None) -> None:
            if found is not None:
                then(found)

        self._later.do(lambda: route(fitting, cameras, places), have)

    def start(self, tour_id: str) -> None:
        """Begin a tour; one that runs ends. The desk is asked first: a tour is a fact."""
        tour = self.tours.tours.get(tour_id)
        if tour is None:
            return
        if self._flow.tour_room() < 1:
            self.told.emit(tr("tour.no_room"))
            return
        self._starting = tour_id
        self.routed(tour, lambda found: self._ask(tour, found))

    def _ask(self, tour: Tour, found: Route) -> None:
        if self._starting != tour.id:
            return
        if not found.steps:
            self._starting = ""
            self.told.emit(tr("tour.empty", name=said(tour.name, chosen())))
            return
        body = {"tour": tour.id, "seat": self.seat, "name": said(tour.name, chosen()), "cameras": list(found.cameras)}
        self._bridge.send("StartTour", body, lambda answer: self._answered(tour, found, answer))

    def _answered(self, tour: Tour, found: Route, answer: Answer) -> None:
        if self._starting != tour.id:
            return
        self._starting = ""
        if not answer.ok:
            self.told.emit(refusal_text(answer.refused or {}))
            return
        self.stop("another")
        self.begin(TourRun(tour, found, self._bridge.clock))

    def begin(self, run: TourRun, at: int = 0) -> None:
        """Put a run's first step on the wall."""
        self.run = run
        self._timer.start()
        self._place(at)

    @Slot()
    def stop(self, why: str = "operator") -> None:
        """Take the tour off the wall."""
        self._starting = ""
        run, self.run = self.run, None
        if run is None:
            return
        self._timer.stop()
        self._let_go()
        self._flow.put_tour(())
        self.placed, self.had_picture = (), {}
        if not run.by_hand:
            body = {"tour": run.tour.id, "seat": self.seat, "steps": run.shown, "why": why or "operator"}
            self._bridge.send("EndTour", body)
        self.changed.emit()

    def pause_or_go_on(self) -> None:
        """One key: stand still, or go on from where it stood."""
        run = self.run
        if run is None:
            return
        if not run.is_paused:
            run.pause("operator")
            self._let_go()
        else:
            self._resume(run)
        self.changed.emit()

    def _resume(self, run: TourRun) -> None:
        had = bool(self.placed)
        if self._flow.tour_room() < 1:
            self.told.emit(tr("tour.no_room"))
            return
        run.go_on()
        if not had:
            self._place(run.at)

    def step(self, by: int) -> None:
        """One step on or back, at once; a tour that stands still keeps standing."""
        run = self.run
        if run is None or (not self.placed and run.is_paused and run.why != "operator"):
            return
        self._place(run.at + by)

    # on the wall -----------------------------------------------------------------------------------------------------

    def _place(self, at: int) -> None:
        run = self.run
        if run is None:
            return
        run.place(at)
        step = run.step
        self.placed = self._put(step)
        self._let_go()
        self.had_picture = dict.fromkeys(step.cameras, False)
        if not self.placed:
            run.pause("no_room")
        else:
            self.on_placed(step, run.at)
        self.changed.emit()

    def _put(self, step: Step) -> tuple[str, ...]:
        """Put a step on the wall; the step's cameras that stand there now, an incident's or the operator's own tiles included."""
        self._flow.put_tour(step.cameras)
        there = {tile.camera for tile in self._flow.tiles if tile.may_show}
        return tuple(camera for camera in step.cameras if camera in there)

    def _let_go(self) -> None:
        """What was opened ahead belongs to the wall now, or to nobody."""
        if self._is_ahead:
            self._is_ahead = False
            self._wall_feed.open_ahead(())

    @Slot()
    def _look(self) -> None:
        run = self.run
        if run is None:
            return
        self._note_pictures()
        if run.is_over():
            self._place(run.at + 1)
        elif run.wants_next and not self._is_ahead and self.placed:
            self._is_ahead = True
            self._wall_feed.open_ahead(
                [tile for tile in self._flow.tour_ahead(run.next_step.cameras) if tile.camera not in self.placed]
            )

    def _note_pictures(self) -> None:
        """Remember which of the step's cameras have given a picture while it stood."""
        tiles = {tile.tile for tile in self._flow.tiles}
        for name, one in self._wall_feed.health().items():
            if name in tiles and one.state in ("live", "late") and one.camera in self.had_picture:
                self.had_picture[one.camera] = True

    def unseen(self) -> list[dict[str, Any]]:
        """The step's cameras without a picture so far: camera, state, why."""
        self._note_pictures()
        states = {one.camera: one for one in self._wall_feed.health().values()}
        found: list[dict[str, Any]] = []
        for camera, had in self.had_picture.items():
            if had:
                continue
            known = states.get(camera)
            why = "no_room" if camera not in self.placed else (known.error or "") if known is not None else ""
            found.append({"camera": camera, "state": known.state if known is not None else "none", "why": why})
        return found

    # what happens around ---------------------------------------------------------------------------------------------

    @Slot(object)
    def _incident_opened(self, incident: str) -> None:
        """An incident has taken the wall: a red one stops the tour, any other leaves it the places it does not need."""
        run = self.run
        if run is None or not self.placed:
            return
        found = self._bridge.state.incidents.get(incident)
        if found is not None and found.is_open and found.grade == "red":
            self._give_way(run)
        elif any(tile.incident for tile in self._flow.tiles):
            self._again(run)

    def _give_way(self, run: TourRun) -> None:
        run.pause("incident")
        run.why = "incident"
        self._let_go()
        self._flow.put_tour(())
        self.placed = ()
        self.told.emit(tr("tour.gave_way"))
        self.changed.emit()

    def _again(self, run: TourRun) -> None:
        """The same step in the places that are left."""
        self.placed = self._put(run.step)
        if not self.placed:
            run.pause("no_room")
        self.changed.emit()

    @Slot(object)
    def _changed(self, change: Change) -> None:
        """The open incident has turned red, or its cameras came: the tour gives way."""
        run = self.run
        if run is None or not self.placed or self._flow.incident not in change.incidents:
            return
        found = self._bridge.state.incidents.get(self._flow.incident)
        if found is not None and found.is_open and found.grade == "red" and change.kinds & {"IncidentGraded", "CamerasLinked"}:
            self._give_way(run)

    def names(self, step: Step) -> Mapping[str, str]:
        """Camera → its name, for whoever lists a step."""
        cameras = self._around.cameras
        return {camera: spoken.named(cameras[camera]) if camera in cameras else camera for camera in step.cameras}
