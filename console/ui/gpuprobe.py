"""GPU probe: whether this machine has a real graphics card for the wall, found in a child, kept for the session.

Enters: the setting `wall.surface`. Leaves: whether the wall is drawn by the card (`wants_glass`) and what was found. A driver
that crashes takes only the probe's child with it. In "auto" the first start of a session paints on the raster surface and looks;
walls made later, and later starts, use what was found. Threads: one, short-lived, that waits for the child (`SurfaceProbe`).
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import PySide6

from console.paths import session_file

_log = logging.getLogger(__name__)

TIME_LIMIT_S = 20.0
SOFTWARE = ("llvmpipe", "lavapipe", "softpipe", "swrast", "swiftshader", "software", "basic render", "warp")
"""Parts of the names of devices that are programs: on them the raster painter shows 25 pictures a second where they show 13."""


@dataclass(frozen=True, slots=True)
class Found:
    """What drives the screen: the device's name and the interface; an empty device: none, and `why`."""

    device: str = ""
    backend: str = ""
    why: str = ""

    @property
    def is_real(self) -> bool:
        """Whether this is a card and not a program that plays one."""
        return bool(self.device) and not any(word in self.device.lower() for word in SOFTWARE)


def found_file() -> Path:
    """Where this session keeps what was found for this screen, these drivers and this PySide6."""
    screen = [os.environ.get(name, "") for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")]
    return session_file("surface", PySide6.__version__, *screen)


def read_found(file: Path) -> Found | None:
    """What was kept in `file`; None where nothing is, or nothing of ours."""
    try:
        row = json.loads(file.read_text(encoding="utf-8"))
        return Found(str(row["device"]), str(row["backend"]), str(row["why"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep_found(file: Path, found: Found) -> None:
    """Keep what was found, whole or not at all; a full disk is logged, it changes nothing now."""
    part = file.with_suffix(".part")
    try:
        part.write_text(json.dumps(asdict(found)), encoding="utf-8")
        part.replace(file)
    except OSError as cause:
        _log.error("what the graphics probe found is not kept: %s: %s", file, cause)


def wants_glass(setting: str, file: Path | None = None) -> bool:
    """Whether the graphics card is to draw the wall now: "gpu" always, "raster" never, "auto" where a real one is known."""
    if setting != "auto":
        return setting == "gpu"
    found = read_found(file or found_file())
    return found is not None and found.is_real


def look() -> Found:
    """Open the device Qt would draw with and name it. Needs an application; a probe's child calls it."""
    from PySide6.QtGui import QRhi

    rhi, keep = None, None
    with contextlib.suppress(ImportError, AttributeError):
        if sys.platform == "win32":
            from PySide6.QtGui import QRhiD3D11InitParams

            rhi = QRhi.create(QRhi.Implementation.D3D11, QRhiD3D11InitParams())
        elif sys.platform == "darwin":
            from PySide6.QtGui import QRhiMetalInitParams

            rhi = QRhi.create(QRhi.Implementation.Metal, QRhiMetalInitParams())
        else:
            from PySide6.QtGui import QRhiGles2InitParams

            parameters = QRhiGles2InitParams()
            keep = parameters.fallbackSurface = QRhiGles2InitParams.newFallbackSurface()
            rhi = QRhi.create(QRhi.Implementation.OpenGLES2, parameters)
    if rhi is None:
        return Found(why="no graphics device")
    info = rhi.driverInfo()  # held: its name dies with it
    found = Found(bytes(info.deviceName.data()).decode(errors="replace"), str(rhi.backendName()))
    del info, rhi, keep
    return found


def child() -> None:
    """The body of a probe's child: one line of JSON. It leaves without tearing Qt down: drivers crash at that, too."""
    from PySide6.QtGui import QGuiApplication

    application = QGuiApplication(["liandong-probe"])
    found = look()
    print(json.dumps(asdict(found)), flush=True)
    assert application is not None
    os._exit(0)


COMMAND = (sys.executable, "-c", "from console.ui import gpuprobe; gpuprobe.child()")


class SurfaceProbe:
    """Looks once a session, in "auto" only. `start` returns at once; `close` ends a look that still runs."""

    def __init__(
        self, setting: str, file: Path | None = None, command: Sequence[str] = COMMAND, limit_s: float = TIME_LIMIT_S
    ) -> None:
        self._setting, self._given_file, self._command, self._limit_s = setting, file, command, limit_s
        self._lock = threading.Lock()  # guards _process and _is_closed
        self._process: subprocess.Popen[str] | None = None
        self._is_closed = False
        self._thread: threading.Thread | None = None

    def _is_likely(self) -> bool:
        """On Linux a card has a device file; elsewhere only the driver knows. Tests with a command of their own always look."""
        nodes = ("/dev/dri", "/dev/nvidia0", "/dev/dxg")
        return self._command is not COMMAND or sys.platform != "linux" or any(os.path.exists(node) for node in nodes)

    @property
    def file(self) -> Path:
        return self._given_file or found_file()

    def start(self) -> None:
        """Begin, unless it is known, not asked for, or there is plainly no card."""
        if self._setting == "auto" and self._is_likely() and read_found(self.file) is None:
            self._thread = threading.Thread(target=self._run, args=(self.file,), name="surface probe")
            self._thread.start()

    def wait(self, timeout_s: float) -> bool:
        """Wait for the look to end; False when it has not by then."""
        if self._thread is not None:
            self._thread.join(timeout_s)
            return not self._thread.is_alive()
        return True

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            if self._process is not None:
                self._process.kill()
        if self._thread is not None:
            self._thread.join()

    def _run(self, file: Path) -> None:
        with self._lock:
            if self._is_closed:
                return
            try:
                self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            except OSError as cause:
                _log.error("the graphics probe does not start: %s", cause)
                return
        process = self._process
        try:
            said = process.communicate(timeout=self._limit_s)[0]
            row = json.loads(said.strip().splitlines()[-1])
            found = Found(str(row["device"]), str(row["backend"]), str(row["why"]))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            found = Found(why="no answer in time")
        except (ValueError, IndexError, KeyError, TypeError):
            found = Found(why=f"its probe ended with {process.returncode}")
        with self._lock:
            self._process = None
            if self._is_closed:
                return
        keep_found(file, found)
