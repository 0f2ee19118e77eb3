"""The camera tree: grouped three ways, searched as one types, dragged and entered; its model keeps Qt's rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester

from console.model.camera import Camera
from console.ui.around import Around
from console.ui.cameras import Cameras
from console.ui.cameratree import CAMERAS_MIME, STATE
from console.ui.finding import Finding

CAMERAS = {
    camera.id: camera
    for camera in (
        Camera("T-1", "长汀路重庆街口", "tianwang", area="云汀街道", owner="东城派出所"),
        Camera("T-2", "乐山银行门口", "tianwang", area="云汀街道", owner="西城派出所"),
        Camera("X-1", "安居村口", "xueliang", area="安居镇", owner="安居村委会"),
        Camera("H-1", "花店", "huiyan", area="安居镇", consent="incident"),
    )
}


@pytest.fixture
def dock(qtbot: Any, qapp: Any, language: None) -> Iterator[Cameras]:
    around = Around(cameras=CAMERAS, version=1)
    finding = Finding(around)
    made = Cameras(around, finding)
    qtbot.addWidget(made)
    made.resize(320, 600)
    made.show()
    qtbot.waitUntil(lambda: made.model.count == 4, timeout=30_000)
    yield made
    finding.close()


def spelled(model: Any, parent: QModelIndex | None = None) -> list[Any]:
    """The tree as nested lists of texts."""
    parent = parent or QModelIndex()
    out = []
    for row in range(model.rowCount(parent)):
        index = model.index(row, 0, parent)
        below = spelled(model, index)
        out.append([model.data(index), *below] if below else model.data(index))
    return out


def test_the_model_keeps_the_rules_in_every_grouping(dock: Cameras, qtbot: Any) -> None:
    QAbstractItemModelTester(dock.model, QAbstractItemModelTester.FailureReportingMode.Warning, dock)
    for number in (0, 1, 2):
        dock.orders.button(number).click()
        dock.tree.expandAll()
        dock.filter.setText("汀")
        dock.filter.setText("")
    assert dock.model.count == 4


def test_cameras_are_grouped_by_owner_network_and_area_with_counts(dock: Cameras) -> None:
    dock.orders.button(0).click()
    assert [branch[0] for branch in spelled(dock.model)] == ["安居村委会  1", "东城派出所  1", "西城派出所  1", "未写单位  1"]
    dock.orders.button(2).click()
    assert spelled(dock.model)[0][0] == "安居镇  2"
    dock.orders.button(1).click()
    assert spelled(dock.model)[0] == ["天网  2", ["云汀街道  2", "长汀路重庆街口", "乐山银行门口"]]


@pytest.mark.parametrize(
    ("typed", "left"), [("ctl", 1), ("zhongqing", 1), ("yueshan", 1), ("安居", 2), ("T-", 2), ("dcpcs", 1), ("qqq", 0), ("", 4)]
)
def test_a_search_leaves_what_it_means(dock: Cameras, typed: str, left: int) -> None:
    dock.filter.setText(typed)

    assert dock.model.count == left


def test_enter_in_the_search_box_brings_the_first_camera_found(dock: Cameras, qtbot: Any) -> None:
    dock.filter.setText("yhmk")
    with qtbot.waitSignal(dock.wanted, timeout=20_000) as caught:
        qtbot.keyClick(dock.filter, Qt.Key.Key_Return)

    assert caught.args == [("T-2",)]


def test_several_cameras_and_whole_branches_are_dragged_as_ids(dock: Cameras) -> None:
    dock.tree.expandAll()
    branch = dock.model.index(0, 0)
    camera = dock.model.index(0, 0, dock.model.index(0, 0, dock.model.index(1, 0)))

    carried = bytes(dock.model.mimeData([branch, camera, camera]).data(CAMERAS_MIME).data()).decode()

    assert carried.split("\n") == ["T-1", "T-2", "X-1"]
    assert dock.model.flags(branch) & Qt.ItemFlag.ItemIsDragEnabled


def test_the_newest_state_is_told_for_the_row_that_changed_only(dock: Cameras, qtbot: Any) -> None:
    told: list[tuple[str, str]] = []
    dock.model.dataChanged.connect(
        lambda first, last, roles: told.append((dock.model.data(first), dock.model.data(first, STATE)))
    )

    dock.show_states({"T-1": "live", "Z-9": "none"})
    dock.show_states({"T-1": "live"})
    dock.show_states({"T-1": "held"})

    assert told == [("长汀路重庆街口", "live"), ("长汀路重庆街口", "held")]
    assert dock.model.data(dock.model.index_of("T-2"), STATE) == "unknown"


def test_a_roster_without_cameras_says_so(qtbot: Any, qapp: Any, language: None) -> None:
    around = Around()
    finding = Finding(around)
    made = Cameras(around, finding)
    qtbot.addWidget(made)
    made.show()

    assert made.model.count == 0
    assert made._count.text()
    finding.close()
