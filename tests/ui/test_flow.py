"""From a choice to pictures: tiles at once, household ones only after the desk's yes, and the exact way back."""

from __future__ import annotations

from typing import Any

import pytest

from console.model import events as ev
from console.ui.flow import Flow
from tests.ui import story


@pytest.fixture
def flow(seat: Any, qtbot: Any) -> Flow:
    made = Flow(seat.bridge, seat.around, "01", 9)
    made.setParent(seat.bridge)
    return made


def shown(flow: Flow) -> list[str]:
    return [tile.camera for tile in flow.tiles if tile.may_show]


def test_an_incident_fills_the_wall_in_the_order_of_the_verdict_list(flow: Flow) -> None:
    flow.open_incident("I000002")

    assert [(tile.tile, tile.camera, tile.number) for tile in flow.tiles[:3]] == [
        ("01/1", "T-001", 1),
        ("01/2", "T-002", 2),
        ("01/3", "H-001", 3),
    ]
    assert len(flow.tiles) == 9


def test_opening_an_incident_acknowledges_it_and_every_tile_is_a_command(flow: Flow, seat: Any) -> None:
    flow.open_incident("I000002")

    assert seat.link.of("AcknowledgeIncident") == [{"incident": "I000002"}]
    assert {(body["tile"], body["incident"]) for body in seat.link.of("OpenTile")} == {
        (f"01/{n}", "I000002") for n in range(1, 10)
    }


def test_a_household_camera_shows_nothing_before_the_desk_says_yes(flow: Flow, seat: Any, qtbot: Any) -> None:
    flow.open_incident("I000002")
    before = shown(flow)

    seat.link.answer("OpenTile", which=2)
    qtbot.waitUntil(lambda: "H-001" in shown(flow))

    assert "H-001" not in before
    assert len(before) == 8


def test_a_refused_household_camera_leaves_the_wall_and_says_why(flow: Flow, seat: Any, qtbot: Any) -> None:
    flow.open_incident("I000002")

    seat.link.answer(
        "OpenTile", which=2, ok=False, code="household_needs_consent", camera="H-001", incident="I000002", radius_m=300.0
    )
    qtbot.waitUntil(lambda: all(tile.camera != "H-001" for tile in flow.tiles))

    assert "300" in flow.notes["H-001"]


def test_household_tiles_close_with_their_incident(flow: Flow, seat: Any, qtbot: Any) -> None:
    flow.open_incident("I000002")
    seat.tell((story.NOW_NS, ev.TileOpened("01/3", "H-001", "01", "I000002", None, True)))
    seat.link.answer("OpenTile", which=2)
    qtbot.waitUntil(lambda: "H-001" in shown(flow))

    seat.tell(
        (story.NOW_NS, ev.TileClosed("01/3", "H-001", "01", "I000002", "incident_closed")),
        (story.NOW_NS, ev.IncidentClosed("I000002", "done")),
    )
    qtbot.waitUntil(lambda: "H-001" not in shown(flow))

    assert len(flow.tiles) == 8


def test_back_brings_the_exact_former_view(flow: Flow, qtbot: Any) -> None:
    flow.use_map(lambda: (104.0, 30.0, 2.0))
    flow.open_incident("I000001")
    flow.open_camera("T-010")
    former = flow.tiles
    flow.open_incident("I000002")

    with qtbot.waitSignal(flow.map_asked) as asked:
        flow.back()

    assert (flow.incident, flow.tiles) == ("I000001", former)
    assert asked.args == [(104.0, 30.0, 2.0)]


def test_tiles_of_another_incident_are_closed_by_command(flow: Flow, seat: Any) -> None:
    flow.open_incident("I000002")

    flow.open_incident("I000001")

    assert {body["tile"] for body in seat.link.of("CloseTile")} == {f"01/{n}" for n in range(1, 10)}


def test_a_household_camera_under_written_consent_opens_with_its_reason(flow: Flow, seat: Any) -> None:
    flow.open_camera("H-002", "住户报修,请求查看")

    body = seat.link.of("OpenTile")[0]
    assert (body["incident"], body["reason"]) == (None, "住户报修,请求查看")
    assert shown(flow) == []


def test_cameras_that_need_consent_nobody_gave_stay_off_the_wall(flow: Flow, seat: Any) -> None:
    seat.tell((story.NOW_NS, story.linked("I000002", ["T-001", "H-003", "T-002"], {"H-003": "needs_consent"})))

    flow.open_incident("I000002")

    assert [(tile.camera, tile.number) for tile in flow.tiles] == [("T-001", 1), ("T-002", 3)]


def test_after_the_desk_came_back_it_is_told_again_what_is_shown(flow: Flow, seat: Any, qtbot: Any) -> None:
    flow.open_incident("I000002")
    told = len(seat.link.of("OpenTile"))

    seat.bridge.hear_attached({"type": "attached", "seq": 0})
    qtbot.waitUntil(lambda: len(seat.link.of("OpenTile")) == 2 * told)

    assert len(shown(flow)) == 8
