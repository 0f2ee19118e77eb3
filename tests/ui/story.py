"""A realistic story as journal entries: two incidents, cameras and units linked, a plan, receipts, a late order, a closed one.

Built with model events only; tests fold it into a bridge as the link would.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from console.model import events as ev
from console.model.camera import Camera
from console.model.place import Place
from console.model.unit import Fix, Unit

NOW_NS = 1_790_000_000_000_000_000
LON, LAT = 104.826, 30.4187
S = 1_000_000_000


def cameras() -> dict[str, Camera]:
    made = [
        Camera(
            id=f"T-{n:03d}",
            name=f"云汀大道 {n} 号",
            network="tianwang",
            url_main=f"clips/T-{n:03d}.mp4",
            lon=LON + n * 1e-4,
            lat=LAT,
            area="云汀街道",
        )
        for n in range(1, 13)
    ]
    made += [
        Camera(
            id="H-001", name="惠民花店", network="huiyan", url_main="clips/H-001.mp4", lon=LON, lat=LAT + 1e-4, consent="incident"
        ),
        Camera(
            id="H-002",
            name="汀畔茶铺",
            network="huiyan",
            url_main="clips/H-002.mp4",
            lon=LON,
            lat=LAT + 2e-4,
            consent="2099-01-01",
        ),
        Camera(id="H-003", name="无同意户", network="huiyan", url_main="clips/H-003.mp4", lon=LON, lat=LAT + 3e-4),
    ]
    return {camera.id: camera for camera in made}


def units() -> dict[str, Unit]:
    kinds = ("patrol_car", "patrol_car", "motorcycle", "kiosk", "grid_worker", "volunteer")
    return {
        f"U-{n:02d}": Unit(id=f"U-{n:02d}", name=f"巡-{n:02d}", kind=kind, notes={"name_en": f"Patrol {n:02d}"})
        for n, kind in enumerate(kinds, 1)
    }


def places() -> dict[str, Place]:
    return {
        "D-0001": Place("D-0001", "云汀大道 1 号杆", "pole", LON, LAT),
        "S-1": Place("S-1", "书棠中学", "school", LON + 0.002, LAT),
    }


def fixes(now_ns: int = NOW_NS) -> list[Fix]:
    return [Fix(f"U-{n:02d}", LON + n * 1e-3, LAT, now_ns - n * S, now_ns) for n in range(1, 6)]


class Journal:
    """Numbers entries as a journal would."""

    def __init__(self) -> None:
        self.seq = 0

    def entries(self, *timed: tuple[int, object], by: str = "demo@01") -> list[ev.Entry]:
        made = []
        for at_ns, event in timed:
            self.seq += 1
            made.append(ev.Entry(self.seq, at_ns, "boot", at_ns, by, ev.kind_of(event), ev.to_body(event), b"s", b"h"))
        return made


def reported(
    identity: str, title: str, grade: str | None, at_ns: int, lon: float | None = LON, **more: Any
) -> ev.IncidentReported:
    lat = None if lon is None else LAT
    return ev.IncidentReported(
        identity, "110", f"x-{identity}", at_ns, title, "other", grade, lon, lat, "given" if lon else "unknown", **more
    )


def linked(identity: str, ids: Iterable[str], verdicts: dict[str, str] | None = None) -> ev.CamerasLinked:
    known = verdicts or {}
    return ev.CamerasLinked(
        identity,
        [
            {
                "camera": camera,
                "number": n,
                "distance_m": 20.0 * n,
                "verdict": known.get(camera, "sees"),
                "reason": {"code": "sees_all_round"},
            }
            for n, camera in enumerate(ids, 1)
        ],
    )


def order(identity: str, incident: str, unit: str, at_ns: int, role: str = "first") -> ev.OrderIssued:
    at_ms = at_ns // 1_000_000
    return ev.OrderIssued(
        identity, 1, incident, unit, "red", "order", "请前往", LON, LAT, at_ms, at_ms + 1_800_000, "red", role, f"r-{identity}"
    )


def receipt(identity: str, incident: str, unit: str, state: str, reason: str | None = None) -> ev.ReceiptRecorded:
    return ev.ReceiptRecorded(identity, 1, incident, unit, state, reason, f"{identity}-{state}", 0)


def beginning(now_ns: int = NOW_NS) -> list[tuple[int, object]]:
    """A red incident of 70 s ago with nine cameras, one of them a household's, and no orders yet; an orange one before it."""
    return [
        (now_ns - 400 * S, ev.FolderStarted(False, "test")),
        (now_ns - 399 * S, ev.OperatorAdded("demo", "demo", ["commander"])),
        (now_ns - 300 * S, reported("I000001", "商场报警:聚众冲突", "orange", now_ns - 300 * S)),
        (
            now_ns - 70 * S,
            reported("I000002", "云汀大道与望汀路口持械斗殴", "red", now_ns - 70 * S, address="东南角", pole="D-0001"),
        ),
        (
            now_ns - 69 * S,
            linked("I000002", ["T-001", "T-002", "H-001", *(f"T-{n:03d}" for n in range(3, 9))], {"T-003": "ptz_can_turn"}),
        ),
        (
            now_ns - 69 * S,
            ev.UnitsInRings("I000002", [{"unit": "U-01", "distance_m": 96.0, "ring_m": 100, "eta_s": 30.0, "fix_age_s": 1.0}]),
        ),
    ]


def plan(now_ns: int = NOW_NS) -> list[tuple[int, object]]:
    """Four orders of 60 s ago: one under way, one unsigned and late, one refused, one on its way to the terminal."""
    at_ns, incident = now_ns - 60 * S, "I000002"
    names = [f"{incident}-O{n:02d}" for n in range(1, 5)]
    return [
        *((at_ns, order(name, incident, f"U-{n:02d}", at_ns)) for n, name in enumerate(names, 1)),
        (at_ns, ev.PlanIssued(incident, "req-1", "red", names, [{"role": "hold", "rule": "none_on_duty", "relaxed": "U-06"}])),
        (at_ns + S, receipt(names[0], incident, "U-01", "on_terminal")),
        (at_ns + 8 * S, receipt(names[0], incident, "U-01", "wilco")),
        (at_ns + 20 * S, receipt(names[0], incident, "U-01", "en_route")),
        (at_ns + S, receipt(names[1], incident, "U-02", "on_terminal")),
        (at_ns + 30 * S, ev.DeadlinePassed(incident, "sign", 30.0, names[1], "U-02")),
        (at_ns + 5 * S, receipt(names[2], incident, "U-03", "on_terminal")),
        (at_ns + 6 * S, receipt(names[2], incident, "U-03", "cantco", "在处另一警情")),
    ]
