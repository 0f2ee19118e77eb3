"""Measure the map: 2,000 moving units over 28,000 cameras, against pyqtgraph's ScatterPlotItem in the same run. Prints JSON.

Run: `python -m tests.bench.map_bench [--units 2000] [--cameras 28000] [--frames 60] [--map FILE]`. Offscreen unless
QT_QPA_PLATFORM says otherwise. A frame = new positions of all units + a whole repaint of 1280×800. Figures in milliseconds;
`slice_…` are the portions in which a base map (`--map`, a compiled city map) is painted between frames.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

LON, LAT = 104.06, 30.66
SIZE = (1280, 800)


def _timed(step: Callable[[int], None], frames: int) -> list[tuple[float, float]]:
    """Wall and CPU milliseconds of every frame: on a busy machine only the second can be compared."""
    for frame in range(5):
        step(frame)
    found = []
    for frame in range(frames):
        began, used = time.perf_counter(), time.process_time()
        step(frame)
        found.append(((time.perf_counter() - began) * 1e3, (time.process_time() - used) * 1e3))
    return found


def _figures(name: str, found: list[tuple[float, float]]) -> dict[str, float]:
    wall = sorted(spent for spent, _ in found)
    return {
        f"{name}_p50_ms": round(statistics.median(wall), 2),
        f"{name}_p99_ms": round(wall[min(len(wall) - 1, int(len(wall) * 0.99))], 2),
        f"{name}_cpu_p50_ms": round(statistics.median(used for _, used in found), 2),
    }


def measure(units: int = 2000, cameras: int = 28_000, frames: int = 60, map_file: Path | None = None) -> dict[str, object]:
    """All figures of one run. Needs no QApplication yet."""
    from PySide6.QtWidgets import QApplication

    from console.ui import theme

    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    theme.apply(app, "dark")
    rng = np.random.default_rng(11)
    still = rng.uniform(-0.1, 0.1, (cameras, 2)) + np.array([LON, LAT])
    moving = rng.uniform(-0.08, 0.08, (units, 2)) + np.array([LON, LAT])
    walk = rng.uniform(-0.0002, 0.0002, (frames + 5, units, 2))
    figures: dict[str, object] = {"units": units, "cameras": cameras, "frames": frames, "size": "x".join(map(str, SIZE))}
    figures |= _ours(app, still, moving, walk, frames, map_file)
    figures |= _pyqtgraph(app, still, moving, walk, frames)
    ours, theirs = float(str(figures["frame_cpu_p50_ms"])), float(str(figures["pyqtgraph_frame_cpu_p50_ms"]))
    figures["ratio_cpu_to_pyqtgraph"] = round(ours / theirs, 3)
    return figures


def _ours(app, still: np.ndarray, moving: np.ndarray, walk: np.ndarray, frames: int, map_file: Path | None) -> dict[str, object]:
    from console.model.camera import NETWORKS
    from console.model.unit import DUTIES, UNIT_KINDS
    from console.ui.map import CameraMark, MapView, UnitMark

    view = MapView()
    view.resize(*SIZE)
    if map_file is not None:
        from console.store.citymap import open_map

        view.set_city_map(open_map(map_file))
    began = time.perf_counter()
    posts = enumerate(still.tolist())
    view.set_cameras([CameraMark(f"c{n}", "", NETWORKS[n % 6], lon, lat, 10.0, 60.0, 80.0, True) for n, (lon, lat) in posts])
    set_cameras_ms = (time.perf_counter() - began) * 1e3
    kinds = [(UNIT_KINDS[n % len(UNIT_KINDS)], DUTIES[n % len(DUTIES)]) for n in range(len(moving))]
    places = enumerate(moving.tolist())
    view.set_units([UnitMark(f"u{n}", f"U-{n:04d}", kinds[n][0], lon, lat, kinds[n][1], 1) for n, (lon, lat) in places])
    view.set_now(2)
    view.center_on(LON, LAT, 0.045)
    view.show()
    began = time.perf_counter()
    app.processEvents()  # shown and painted for the first time
    first_ms = (time.perf_counter() - began) * 1e3
    view.finish_rendering()
    names = [f"u{n}" for n in range(len(moving))]
    at = moving.copy()

    def step(frame: int) -> None:
        np.add(at, walk[frame], out=at)
        view.move_units(zip(names, at[:, 0].tolist(), at[:, 1].tolist(), [frame + 3] * len(names), strict=True))
        view.repaint()

    def pan(frame: int) -> None:
        view._show(view._view.panned(3.0 if frame % 40 < 20 else -3.0, 1.0))
        view.repaint()

    moved, panned = _timed(step, frames), _timed(pan, frames)
    slices = [spent * 1e3 for spent in view._ground.slices_s]
    view.close()
    app.processEvents()
    figures: dict[str, object] = {"set_cameras_ms": round(set_cameras_ms, 1), "first_frame_ms": round(first_ms, 1)}
    figures |= _figures("frame", moved) | _figures("pan", panned)
    if slices:
        figures |= {"slice_worst_ms": round(max(slices), 1), "slices": len(slices)}
    return figures


def _pyqtgraph(app, still: np.ndarray, moving: np.ndarray, walk: np.ndarray, frames: int) -> dict[str, float]:
    import pyqtgraph as pg

    plot = pg.PlotWidget()
    plot.resize(*SIZE)
    plot.addItem(pg.ScatterPlotItem(pos=still, size=20, symbol="s", brush="#232B34", pen="#7D8996"))
    dots = pg.ScatterPlotItem(pos=moving, size=16, brush="#E8ECF0", pen=None)
    plot.addItem(dots)
    plot.setRange(xRange=(LON - 0.1, LON + 0.1), yRange=(LAT - 0.08, LAT + 0.08))
    plot.show()
    app.processEvents()
    at = moving.copy()

    def step(frame: int) -> None:
        np.add(at, walk[frame], out=at)
        dots.setData(pos=at)
        plot.viewport().repaint()

    found = _timed(step, frames)
    plot.close()
    app.processEvents()
    return _figures("pyqtgraph_frame", found)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--units", type=int, default=2000)
    options.add_argument("--cameras", type=int, default=28_000)
    options.add_argument("--frames", type=int, default=60)
    options.add_argument("--map", type=Path)
    chosen = options.parse_args()
    print(json.dumps(measure(chosen.units, chosen.cameras, chosen.frames, chosen.map)))


if __name__ == "__main__":
    main()
