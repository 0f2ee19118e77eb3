"""Measure the camera tree: index, grouping and a keystroke over 28,000 and 100,000 cameras, and how long the window stands still.

Run: `python -m tests.bench.tree_bench [--cameras 28000 100000]`. Prints JSON. Offscreen unless QT_QPA_PLATFORM says otherwise.
A keystroke = one letter more in the search box until the dock has been painted with what is left; `stall` is the longest time the
GUI thread did not answer while the index was being built in its thread (a heartbeat of 1 ms). `cpu` are the thread's own
milliseconds: on a busy machine only those can be compared.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

ROADS = (
    "长汀路", "重庆路", "云汀大道", "望汀路", "乐山街", "朝阳门", "都江堰路", "单县路", "行知路", "银行路", "石榴巷",
    "澄桥路", "栖霞里",    "东渡路", "书棠路", "绿地广场", "车站支路", "大石坝", "会展中心", "音乐厅",
)  # fmt: skip
QUERIES = (
    "chongqinglu", "ytdd", "wangtinglu", "yueshanjie", "34020000001320000042", "东渡路", "bei jiao", "zhongxin", "corner 77",
    "sqw", "pcs12", "绿地广场", "xxxx", "lvdi", "D-00042", "tianwang",
)  # fmt: skip


def cameras(count: int) -> dict[str, object]:
    """An invented city's cameras: 20-digit ids, Chinese and English names, 60 organisations, 300 areas."""
    from console.model.camera import Camera

    dice, made = random.Random(7), {}
    networks = ("tianwang", "xueliang", "huiyan", "vehicle", "checkpoint", "other")
    for number in range(count):
        name = f"{dice.choice(ROADS)}{dice.choice(ROADS)}口 {dice.choice('东南西北')}角 {number % 1000} 号杆"
        camera = Camera(
            f"3402000000132{number:07d}", name, dice.choice(networks), area=f"{dice.choice(ROADS)[:2]}街道{number % 15}",
            owner=f"{dice.choice(ROADS)[:2]}派出所{number % 3}", pole=f"D-{number:05d}",
            notes={"name_en": f"Road {number % 997} corner"},
        )  # fmt: skip
        made[camera.id] = camera
    return made  # type: ignore[return-value]


def _percentile(found: list[float], part: float) -> float:
    return round(sorted(found)[min(len(found) - 1, int(len(found) * part))], 2)


def measure(count: int) -> dict[str, object]:
    """All figures for one city. Needs no QApplication yet."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from console.ui import theme
    from console.ui.around import Around
    from console.ui.cameras import Cameras
    from console.ui.finding import Finding

    sys.setswitchinterval(0.001)  # as app.py has it
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    theme.apply(app, "dark")
    around = Around(cameras=cameras(count), version=1)  # type: ignore[arg-type]
    finding = Finding(around)
    dock = Cameras(around, finding)
    dock.resize(320, 900)
    gaps: list[float] = []
    last = [time.perf_counter()]

    def beat() -> None:
        now = time.perf_counter()
        gaps.append((now - last[0]) * 1e3)
        last[0] = now

    heart = QTimer(interval=1)
    heart.timeout.connect(beat)
    heart.start()
    app.processEvents()
    gaps.clear()
    began = last[0] = time.perf_counter()
    dock.show()
    while dock.model.count != count:
        app.processEvents()
        time.sleep(0.0002)
    built_s = time.perf_counter() - began
    heart.stop()
    wall, used = [], []
    for query in QUERIES:
        for length in range(1, len(query) + 1):
            started, spent = time.perf_counter(), time.thread_time()
            dock.filter.setText(query[:length])
            app.processEvents()
            wall.append((time.perf_counter() - started) * 1e3)
            used.append((time.thread_time() - spent) * 1e3)
        dock.filter.setText("")
        app.processEvents()
    switched = []
    for number in (0, 1, 2, 0):
        started = time.perf_counter()
        dock.orders.button(number).click()
        app.processEvents()
        switched.append((time.perf_counter() - started) * 1e3)
    dock.close()
    finding.close()
    return {
        "cameras": count, "index_s": round(built_s, 2), "stall_while_indexing_max_ms": round(max(gaps), 1),
        "keystrokes": len(wall),
        "keystroke_p50_ms": _percentile(wall, 0.5), "keystroke_p99_ms": _percentile(wall, 0.99),
        "keystroke_max_ms": round(max(wall), 2), "keystroke_cpu_p99_ms": _percentile(used, 0.99),
        "switch_grouping_max_ms": round(max(switched), 2),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cameras", type=int, nargs="+", default=[28_000, 100_000])
    print(json.dumps([measure(count) for count in parser.parse_args().cameras], indent=1))


if __name__ == "__main__":
    main()
