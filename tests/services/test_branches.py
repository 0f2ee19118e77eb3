"""The camera tree's columns: three ways to group, counts that add up, and a search that leaves only what it found."""

from __future__ import annotations

import numpy as np
import pytest

from console.model.camera import Camera
from console.services.branches import EMPTY, ORDERS, Branches, Grouping, Order

CAMERAS = [
    Camera("T-2", network="tianwang", area="云汀街道", owner="东城派出所"),
    Camera("T-1", network="tianwang", area="云汀街道", owner="东城派出所"),
    Camera("X-1", network="xueliang", area="安居镇", owner=""),
    Camera("X-2", network="xueliang", area="", owner="安居村委会"),
    Camera("O-1", network="lamps", area="安居镇", owner="东城派出所"),
]


def spelled(branches: Branches, grouping: Grouping) -> dict[str, dict[str, list[str]]]:
    out: dict[str, dict[str, list[str]]] = {}
    for branch, name in enumerate(grouping.branch_names):
        for twig in range(int(grouping.twig_bounds[branch]), int(grouping.twig_bounds[branch + 1])):
            leaves = grouping.numbers[int(grouping.leaf_bounds[twig]) : int(grouping.leaf_bounds[twig + 1])]
            out.setdefault(name, {})[grouping.twig_names[twig]] = [branches.cameras[int(n)].id for n in leaves]
            assert grouping.branch_of(twig) == branch
    return out


def test_networks_stand_in_the_legends_order_and_cameras_by_id() -> None:
    branches = Branches(CAMERAS)

    assert spelled(branches, branches.grouped("network")) == {
        "tianwang": {"云汀街道": ["T-1", "T-2"]},
        "xueliang": {"安居镇": ["X-1"], "": ["X-2"]},
        "lamps": {"安居镇": ["O-1"]},
    }


def test_organisations_and_areas_are_sorted_by_sound_and_the_nameless_last() -> None:
    branches = Branches(CAMERAS)

    assert list(spelled(branches, branches.grouped("owner"))) == ["安居村委会", "东城派出所", ""]
    assert list(spelled(branches, branches.grouped("area"))) == ["安居镇", "云汀街道", ""]


@pytest.mark.parametrize("order", ORDERS)
def test_what_a_search_leaves_is_counted_per_branch(order: Order) -> None:
    branches = Branches(CAMERAS)
    kept = np.array([camera.network != "xueliang" for camera in branches.cameras])

    grouping = branches.grouped(order, kept)

    assert grouping.count == 3
    assert sum(grouping.branch_count(branch) for branch in range(len(grouping.branch_names))) == 3
    assert sum(grouping.twig_count(twig) for twig in range(len(grouping.twig_names))) == 3


def test_nothing_kept_is_an_empty_tree() -> None:
    assert Branches(CAMERAS).grouped("area", np.zeros(5, np.bool_)) is EMPTY
    assert Branches([]).grouped("network") is EMPTY
