"""The self-test an installer runs and an operator opens each shift: does every part this machine needs really work?

In: the data folder (only read) and its settings. Out: one line per check, with what was found, in the chosen language.
Composition root. Qt and the trial journal run in a child process: a missing platform plug-in aborts the process that meets it,
and nothing of the test may touch the data folder or the signing keys.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from multiprocessing import shared_memory
from pathlib import Path
from typing import Any

from console import words
from console.clock import SystemClock
from console.errors import LiandongError, Unavailable
from console.logs import mask
from console.paths import DataFolder, resources
from console.settings import Settings
from console.words import tr

CHILD_TIMEOUT_S = 30.0
BROKER_TIMEOUT_S = 5.0
LEAST_FREE_GB = 1.0
"""Under this much free disk the store check fails: a day of clips would fill it."""
_DECODERS = ("h264", "hevc", "mjpeg", "mpeg4")


class CheckFailed(Exception):
    """A check found something wrong; its text is for the operator."""


def run(folder: DataFolder, chosen: Settings) -> dict[str, Any]:
    """Run every check and return the contract's `{"ok", "checks": [{"name", "ok", "detail"}]}`. Writes nothing to the folder."""
    checks: tuple[tuple[str, Callable[[], str]], ...] = (
        ("qt", lambda: _in_child("qt")),
        ("fonts", lambda: _in_child("fonts")),
        ("codecs", codecs),
        ("graphics", lambda: graphics(chosen)),
        ("opus", opus),
        ("memory", memory),
        ("store", lambda: store(folder)),
        ("map", lambda: city_map(folder)),
        ("door", lambda: door(folder, chosen)),
        ("broker", lambda: broker(folder, chosen)),
        ("texts", texts),
        ("resources", shipped),
    )
    found = [_one(name, check) for name, check in checks]
    return {"ok": all(row["ok"] for row in found), "checks": found}


def _one(name: str, check: Callable[[], str]) -> dict[str, Any]:
    try:
        return {"name": name, "ok": True, "detail": mask(check())}
    except (CheckFailed, LiandongError) as failure:
        return {"name": name, "ok": False, "detail": mask(str(failure))}
    except Exception as failure:  # noqa: BLE001 - whatever is broken on this machine is the answer, not a traceback
        return {"name": name, "ok": False, "detail": mask(tr("selftest.broke", what=f"{type(failure).__name__}: {failure}"))}


def _in_child(name: str, *arguments: str, environment: dict[str, str] | None = None) -> str:
    """Run `child(name)` in a process of its own and return what it found. Raises CheckFailed with its words or its last words."""
    code = f"from console import selftest; selftest.child({name!r}, {words.chosen()!r}, {arguments!r})"
    try:
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            timeout=CHILD_TIMEOUT_S,
            env={**os.environ, **(environment or {})},
            check=False,
        )
        answer = json.loads(done.stdout.strip().splitlines()[-1])
    except subprocess.TimeoutExpired as cause:
        raise CheckFailed(tr("selftest.qt_no_answer", what=f"{CHILD_TIMEOUT_S:g} s")) from cause
    except (ValueError, IndexError) as cause:
        last = " ".join(done.stderr.strip().splitlines()[-3:])[-300:]
        raise CheckFailed(tr("selftest.qt_no_answer", what=last or f"exit {done.returncode}")) from cause
    if not answer["ok"]:
        raise CheckFailed(answer["detail"])
    return str(answer["detail"])


def child(name: str, language: str, arguments: tuple[str, ...]) -> None:
    """The other half of `_in_child`: one check, one JSON line on standard output."""
    words.choose(language)
    check: dict[str, Callable[..., str]] = {"qt": _qt, "fonts": _fonts, "surface": _surface, "store": _store}
    print(json.dumps(_one(name, lambda: check[name](*arguments))), flush=True)


def _application() -> Any:
    from PySide6.QtGui import QGuiApplication

    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")) and sys.platform.startswith("linux"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    return QGuiApplication(["liandong-selftest"])


def none_is_safe() -> bool:
    """Whether PySide6 keeps its references to None: 6.12.0 on Python < 3.12 loses one a call and aborts after some 5,000."""
    from PySide6.QtCore import QObject

    thing = QObject()
    thing.setObjectName("x")
    before = sys.getrefcount(None)
    for _ in range(200):
        thing.setObjectName("x")
    return before - sys.getrefcount(None) < 100


def _qt() -> str:
    import PySide6
    from PySide6.QtCore import qVersion

    if not none_is_safe():
        python = ".".join(str(part) for part in sys.version_info[:3])
        raise CheckFailed(tr("selftest.qt_loses_none", pyside=PySide6.__version__, python=python))
    application = _application()
    return tr("selftest.qt_ok", pyside=PySide6.__version__, qt=qVersion(), platform=application.platformName())


def _fonts() -> str:
    application = _application()
    from console.ui import theme

    problem = theme.font_problem()
    if problem:
        raise CheckFailed(problem)
    found = tr("selftest.font_ok", families=" · ".join(theme.families()))
    del application
    return found


def _surface() -> str:
    application = _application()
    from console.ui import gpuprobe

    found = gpuprobe.look()
    del application
    key = "selftest.surface_real" if found.is_real else "selftest.surface_raster"
    return tr(key, device=found.device or tr("selftest.surface_none"))


def graphics(chosen: Settings) -> str:
    """Which decoders of a graphics card win here, and what draws the wall. Never a failure: software does all of it, too."""
    from console.media import hardware
    from console.media.hardware_trial import TIME_LIMIT_S, Trials

    names, setting = hardware.candidates(), str(chosen.get("video.hardware"))
    said = []
    if names and setting != "off":
        trials = Trials(setting)
        trials.start()
        trials.wait(TIME_LIMIT_S * len(names) + 5)
        trials.close()
        for one in hardware.read_verdicts(hardware.verdict_file()) or ():
            megapixels = f"{one.least_px / 1e6:.1f}"
            found = "wins" if one.least_px else "slower" if one.works else "fails"
            said.append(tr(f"selftest.hardware_{found}", name=one.name, codec=one.codec, megapixels=megapixels, why=one.why))
    try:
        surface = _in_child("surface")
    except CheckFailed as failure:
        surface = tr("selftest.surface_raster", device=str(failure))
    return " · ".join([*(said or [tr("selftest.hardware_none")]), surface])


def codecs() -> str:
    """Decode the first picture of a clip with the decoder the wall uses, and see that every codec in use is there."""
    import av

    version = str(getattr(av, "ffmpeg_version_info", av.__version__))
    missing = [name for name in _DECODERS if name not in av.codecs_available]
    if missing:
        raise CheckFailed(tr("selftest.codecs_missing", ffmpeg=version, decoders=", ".join(missing)))
    clips = sorted(resources("demo", "clips").glob("*.mp4"))
    if not clips:
        raise CheckFailed(tr("selftest.clip_missing", folder=resources("demo", "clips")))
    began_s = time.monotonic()
    with av.open(str(clips[0])) as container:
        picture = next(container.decode(video=0)).reformat(format="bgra")
    return tr(
        "selftest.codecs_ok",
        ffmpeg=version,
        decoders=", ".join(_DECODERS),
        clip=clips[0].name,
        width=picture.width,
        height=picture.height,
        ms=round((time.monotonic() - began_s) * 1000),
    )


def opus() -> str:
    """Speech with units needs an Opus encoder and decoder."""
    import av

    names = [name for name in ("libopus", "opus") if name in av.codecs_available]
    for name in names:
        try:
            av.Codec(name, "w")
            av.Codec("opus", "r")
        except ValueError:
            continue
        return tr("selftest.opus_ok", codec=name)
    raise CheckFailed(tr("selftest.opus_missing"))


def memory() -> str:
    """Write and read a shared-memory block of a sixteen-tile wall's size."""
    size = 16 * 2 * 480 * 270 * 4
    try:
        block = shared_memory.SharedMemory(f"liandong-{os.getpid()}-selftest", create=True, size=size)
    except OSError as cause:
        raise CheckFailed(tr("selftest.memory_failed", what=cause)) from cause
    try:
        assert block.buf is not None
        block.buf[size - 1] = 7
        if block.buf[size - 1] != 7:
            raise CheckFailed(tr("selftest.memory_failed", what="read back"))
    finally:
        block.close()
        block.unlink()
    return tr("selftest.memory_ok", megabytes=size // 1_000_000)


def _nearest_existing(path: Path) -> Path:
    path = path.absolute()
    return path if path.exists() else _nearest_existing(path.parent)


def store(folder: DataFolder) -> str:
    """Keep one entry in a journal of its own with all its fsyncs, look at the free disk and at the folder's own journal."""
    with tempfile.TemporaryDirectory(prefix="liandong-selftest-") as scratch:
        milliseconds = _in_child("store", scratch, environment={"LIANDONG_KEYS": str(Path(scratch, "keys"))})
    nearest = _nearest_existing(folder.root)
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        raise CheckFailed(tr("selftest.store_closed", folder=folder.root))
    free = shutil.disk_usage(nearest).free / 1e9
    if free < LEAST_FREE_GB:
        raise CheckFailed(tr("selftest.store_full", free=f"{free:.1f}", folder=folder.root))
    text = tr("selftest.store_ok", ms=milliseconds, free=f"{free:.1f}", folder=folder.root)
    if folder.journal.exists():
        from console.store.journal import Journal

        journal = Journal.open(folder.journal, SystemClock(), read_only=True)
        try:
            text = tr("selftest.store_entries", text=text, entries=journal.head()[0])
        finally:
            journal.close()
    return text


def _store(scratch: str) -> str:
    from console.model.events import OperatorLoggedOut
    from console.store.check import check
    from console.store.journal import Journal

    folder = DataFolder(Path(scratch))
    journal = Journal.open(folder.journal, SystemClock())
    began_s = time.monotonic()
    journal.append([("selftest@selftest", OperatorLoggedOut("selftest", "selftest", "selftest"))])
    elapsed_ms = (time.monotonic() - began_s) * 1000
    read_back = journal.read()
    journal.close()
    problems = check(folder.root)["problems"]
    if len(read_back) != 1 or problems:
        raise CheckFailed("; ".join(problems) or "the entry did not come back")
    return f"{elapsed_ms:.1f}"


def city_map(folder: DataFolder) -> str:
    """Open the folder's city map, or compile and open the demo's where there is none yet."""
    from console.store import citymap

    if folder.city_map.exists():
        found = citymap.open_map(folder.city_map)
        return tr("selftest.map_ok", file=folder.city_map.name, roads=len(found.roads), buildings=len(found.buildings))
    town = resources("demo", "town.osm")
    if not town.exists():
        raise CheckFailed(tr("selftest.map_missing", file=town))
    with tempfile.TemporaryDirectory(prefix="liandong-selftest-") as scratch:
        citymap.compile_map(town, Path(scratch, "city.map"))
        found = citymap.open_map(Path(scratch, "city.map"))
    return tr("selftest.map_ok", file=town.name, roads=len(found.roads), buildings=len(found.buildings))


def door(folder: DataFolder, settings: Settings) -> str:
    """Ask the running desk's door, or see that one could listen."""
    if folder.door.exists() and _desk_runs(folder):
        facts = json.loads(folder.door.read_text("utf-8"))
        try:
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(f"{facts['url']}/openapi.json", timeout=5) as answer:
                answer.read(64)
        except urllib.error.HTTPError:
            pass  # it refused, so it is there
        except OSError as cause:
            raise CheckFailed(tr("selftest.door_silent", file=folder.door, url=facts["url"], what=cause)) from cause
        return tr("selftest.door_answers", pid=facts.get("pid"), url=facts["url"])
    address, port = str(settings.get("door.address")), int(settings.get("door.port"))
    try:
        with socket.create_server((address, port), reuse_port=False) as listener:
            port = int(listener.getsockname()[1])
            with socket.create_connection((address if address != "0.0.0.0" else "127.0.0.1", port), 5):
                return tr("selftest.door_free", address=address, port=port)
    except OSError as cause:
        raise CheckFailed(tr("selftest.door_taken", address=address, port=port, what=cause)) from cause


def _desk_runs(folder: DataFolder) -> bool:
    """Whether a desk process owns the folder now: its local socket takes a connection."""
    from console.links.local import LocalClient

    if not folder.local_socket.exists():
        return False
    client = LocalClient(folder.local_socket, lambda message: None)
    try:
        client.connect(2.0)
    except Unavailable:
        return False
    client.close()
    return True


def broker(folder: DataFolder, settings: Settings) -> str:
    """Connect to the broker that is set and publish to it; where none is set but a desk runs, ask how the desk's own link is."""
    url = str(settings.get("broker.url"))
    if url:
        return _try_broker(url, str(settings.get("centre.code")))
    light = _lights(folder).get("mqtt") or {}
    if light.get("state") == "down":
        raise CheckFailed(tr("selftest.broker_desk", what=light.get("detail", "")))
    return str(light.get("detail") or tr("selftest.broker_off"))


def _lights(folder: DataFolder) -> dict[str, dict[str, Any]]:
    """The lights of the running desk's links; empty where none runs or it says nothing within two seconds."""
    import queue

    from console.links.local import LocalClient

    if not folder.local_socket.exists():
        return {}
    heard: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    client = LocalClient(folder.local_socket, heard.put)
    try:
        client.connect(2.0)
        client.attach("selftest", "selftest", "cli", None)
        until_s = time.monotonic() + 2.0
        while (left_s := until_s - time.monotonic()) > 0:
            message = heard.get(timeout=left_s)
            if message.get("type") == "desk":
                links = message.get("links") or {}
                return {name: light for name, light in links.items() if isinstance(light, dict)}
    except (Unavailable, queue.Empty):
        pass
    finally:
        client.close()
    return {}


def _try_broker(url: str, centre: str) -> str:
    """Log in, publish one order to a unit nobody has, wait for the acknowledgement, and for the echo."""
    import paho.mqtt.client as mqtt
    from paho.mqtt.enums import CallbackAPIVersion

    from console.links.broker_url import broker_place

    place = broker_place(url)
    number = f"selftest-{os.getpid()}"
    topic = f"liandong/{centre}/units/{number}/orders"
    told, acknowledged, echoed = threading.Event(), threading.Event(), threading.Event()
    refusal: list[str] = []

    def on_connect(_client: object, _data: object, _flags: object, reason: Any, _properties: object = None) -> None:
        if reason.is_failure:
            refusal.append(str(reason))
        told.set()

    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=number)
    client.on_connect = on_connect
    client.on_publish = lambda *_: acknowledged.set()
    client.on_message = lambda *_: echoed.set()
    if place.user:
        client.username_pw_set(place.user, place.password)
    if place.has_tls:
        client.tls_set(ca_certs=place.ca or None)
    began_s = time.monotonic()
    try:
        client.connect(place.host, place.port, keepalive=10)
        client.loop_start()
        if not told.wait(BROKER_TIMEOUT_S):
            refusal.append("no answer to the log-in")
        if refusal:
            raise CheckFailed(tr("selftest.broker_down", broker=place.shown, what=refusal[0]))
        elapsed_ms = round((time.monotonic() - began_s) * 1000)
        client.subscribe(topic, qos=1)
        client.publish(topic, b"{}", qos=1)
        if not acknowledged.wait(BROKER_TIMEOUT_S):
            raise CheckFailed(tr("selftest.broker_down", broker=place.shown, what="no acknowledgement"))
        echoed.wait(0.5)  # a desk may be allowed to write orders and not to read them: an absent echo is no fault
        key = "selftest.broker_ok_echo" if echoed.is_set() else "selftest.broker_ok"
        return tr(key, broker=place.shown, ms=elapsed_ms)
    except (OSError, ValueError) as cause:
        raise CheckFailed(tr("selftest.broker_down", broker=place.shown, what=cause)) from cause
    finally:
        client.disconnect()
        client.loop_stop()


def texts() -> str:
    """Every text stands in every language."""
    tables = [set(words.texts(language)) for language in words.LANGUAGES]
    lacking = sorted(set().union(*tables) - tables[0].intersection(*tables))
    if lacking:
        raise CheckFailed(tr("selftest.texts_missing", count=len(lacking), keys=", ".join(lacking[:5])))
    return tr("selftest.texts_ok", count=len(tables[0]), languages=", ".join(words.LANGUAGES))


def shipped() -> str:
    """Everything that travels with the program is there."""
    needed = [f"playbooks/{grade}.toml" for grade in ("red", "orange", "blue", "green")]
    needed += [
        "terminal/index.html",
        "demo/town.osm",
        "demo/cameras.csv",
        "demo/units.csv",
        "demo/places.csv",
        "demo/incidents.json",
    ]
    missing = [name for name in needed if not resources(*name.split("/")).is_file()]
    pages = {language: {page.name for page in resources("manual", language).glob("*.md")} for language in ("zh", "en")}
    missing += [f"manual page {page}" for page in sorted(pages["zh"] ^ pages["en"]) if page != "README.zh-CN.md"]
    if not pages["en"]:
        missing.append("manual")
    if missing:
        raise CheckFailed(tr("selftest.resources_missing", folder=resources(), what=", ".join(missing)))
    return tr(
        "selftest.resources_ok",
        playbooks=len(list(resources("playbooks").glob("*.toml"))),
        pages=len(pages["en"]),
        clips=len(list(resources("demo", "clips").glob("*.mp4"))),
    )
