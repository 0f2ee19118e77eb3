"""The camera tree as columns: all cameras grouped by organisation, network or area in two levels, whole or what a search leaves.

In: cameras. Out: `Branches` (built once, any thread) and from it a `Grouping`: counts and places of branches, twigs and leaves as
arrays, so that 100,000 cameras need no object each. Cameras are meant by their number in the order of their ids.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from console.model.camera import NETWORKS, Camera
from console.services.readings import sort_key

Order = Literal["owner", "network", "area"]
ORDERS: Final[tuple[Order, ...]] = ("owner", "network", "area")
"""What the first level may be; the second is the area, under an area the network."""
_SECOND: Final[dict[Order, Order]] = {"owner": "area", "network": "area", "area": "network"}
Numbers = NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class Grouping:
    """One way to see the tree. Branch b has the twigs `twig_bounds[b]:twig_bounds[b + 1]`, twig t the leaves
    `numbers[leaf_bounds[t]:leaf_bounds[t + 1]]` (camera numbers, ascending).

    `branch_names` and `twig_names` are the roster's own words ("" for none), for networks their codes.
    """

    order: Order
    branch_names: tuple[str, ...]
    twig_names: tuple[str, ...]
    twig_bounds: Numbers
    leaf_bounds: Numbers
    numbers: Numbers

    @property
    def count(self) -> int:
        return len(self.numbers)

    def branch_count(self, branch: int) -> int:
        """Cameras under a branch."""
        return int(self.leaf_bounds[self.twig_bounds[branch + 1]] - self.leaf_bounds[self.twig_bounds[branch]])

    def twig_count(self, twig: int) -> int:
        """Cameras under a twig."""
        return int(self.leaf_bounds[twig + 1] - self.leaf_bounds[twig])

    def branch_of(self, twig: int) -> int:
        """The branch a twig grows on."""
        return int(np.searchsorted(self.twig_bounds, twig, side="right")) - 1


EMPTY: Final = Grouping("network", (), (), np.zeros(1, np.int64), np.zeros(1, np.int64), np.zeros(0, np.int64))


class Branches:
    """The cameras and their three keys as columns."""

    def __init__(self, cameras: Iterable[Camera]) -> None:
        self.cameras: tuple[Camera, ...] = tuple(sorted(cameras, key=lambda camera: camera.id))
        self.number_of = {camera.id: number for number, camera in enumerate(self.cameras)}
        self._names: dict[Order, list[str]] = {}
        self._keys: dict[Order, NDArray[np.int64]] = {}
        for order in ORDERS:
            texts = [str(getattr(camera, order)) for camera in self.cameras]
            names = sorted(set(texts), key=_network_place if order == "network" else _name_place)
            place = {name: at for at, name in enumerate(names)}
            self._names[order] = names
            self._keys[order] = np.fromiter((place[text] for text in texts), np.int64, len(texts))

    def grouped(self, order: Order, kept: NDArray[np.bool_] | None = None) -> Grouping:
        """The tree by `order`; with `kept`, one flag a camera, of those only. Branches without a camera are left out."""
        second = _SECOND[order]
        seconds = max(1, len(self._names[second]))
        numbers = np.arange(len(self.cameras)) if kept is None else np.flatnonzero(kept)
        if not len(numbers):
            return EMPTY
        keys = self._keys[order][numbers] * seconds + self._keys[second][numbers]
        sorted_by = np.argsort(keys, kind="stable")
        keys, numbers = keys[sorted_by], numbers[sorted_by]
        twig_starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
        twig_keys = keys[twig_starts]
        branch_keys = twig_keys // seconds
        branch_starts = np.flatnonzero(np.concatenate(([True], branch_keys[1:] != branch_keys[:-1])))
        return Grouping(
            order,
            tuple(self._names[order][key] for key in branch_keys[branch_starts]),
            tuple(self._names[second][key] for key in twig_keys % seconds),
            np.append(branch_starts, len(twig_keys)),
            np.append(twig_starts, len(keys)),
            numbers,
        )


def _network_place(network: str) -> tuple[int, str]:
    return (NETWORKS.index(network) if network in NETWORKS else len(NETWORKS), network)


def _name_place(name: str) -> tuple[bool, tuple[str, ...], str]:
    """By sound; what has no name comes last."""
    return (not name, sort_key(name), name)
