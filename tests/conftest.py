"""What every test shares: the leak guard, the real peers, the shared data, and folders of its own.

Each test fails on an unexpected log, Qt message, Python warning, thread, timer, child process or shared-memory block left behind.
A test that provokes a warning on purpose says so: `expect_log("pattern")`. Where a peer is missing the test is skipped by name;
on CI (CI=true) nothing is skipped: a missing peer is a failure.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# Before any Qt import (pytest-qt makes one): no screen needed, and nothing of a test reaches the user's own folders or keyring.
_HOME = Path(tempfile.mkdtemp(prefix="ld-"))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
for _name, _folder in (
    ("XDG_RUNTIME_DIR", "run"),
    ("XDG_DATA_HOME", "data"),
    ("XDG_CONFIG_HOME", "config"),
    ("XDG_CACHE_HOME", "cache"),
    ("LIANDONG_KEYS", "keys"),
):
    (_HOME / _folder).mkdir(mode=0o700)
    os.environ[_name] = str(_HOME / _folder)
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"

from tests.leaks import LeakGuard  # noqa: E402  (after the environment is set)

ON_CI = os.environ.get("CI", "") == "true"
_skipped: list[str] = []

PEERS: dict[str, tuple[Callable[[], bool], str]] = {
    "xvfb": (lambda: shutil.which("Xvfb") is not None, "xvfb"),
    "mosquitto": (lambda: shutil.which("mosquitto", path=_path()) is not None, "mosquitto"),
    "ffmpeg": (lambda: shutil.which("ffmpeg") is not None, "ffmpeg"),
    "gstreamer": (lambda: shutil.which("gst-launch-1.0") is not None, "gstreamer1.0-tools"),
    "gst-rtsp-server": (
        lambda: _system_python("import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"),
        "gir1.2-gst-rtsp-server-1.0 python3-gi",
    ),
    "chromium": (lambda: shutil.which("chromium") is not None, "chromium"),
    "fonts-noto-cjk": (lambda: any(Path("/usr/share/fonts").rglob("NotoSansCJK*")), "fonts-noto-cjk"),
}


def _path() -> str:
    return os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"


def _system_python(code: str) -> bool:
    try:
        return subprocess.run(["/usr/bin/python3", "-c", code], capture_output=True, timeout=30, check=False).returncode == 0
    except OSError:
        return False


@pytest.fixture(scope="session")
def peer() -> Callable[[str], str]:
    """`peer("mosquitto")` returns the peer's program (or name) when it is there; else skips by name, and fails on CI."""
    known: dict[str, bool] = {}

    def need(name: str) -> str:
        present, package = PEERS[name]
        if name not in known:
            known[name] = present()
        if not known[name]:
            reason = f"peer missing: {name} (apt-get install {package})"
            if ON_CI:
                pytest.fail(reason, pytrace=False)
            pytest.skip(reason)
        return shutil.which(name if name != "xvfb" else "Xvfb", path=_path()) or name

    return need


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real test data (street clips, camera lists, maps): env LIANDONG_SHARED, or `shared` beside the checkout."""
    told = os.environ.get("LIANDONG_SHARED")
    folder = Path(told) if told else Path(__file__).parents[2] / "shared"
    for data in (folder / "data", folder):
        if (data / "video").is_dir() and (data / "map").is_dir():
            return data
    reason = f"no shared test data in {folder} (set LIANDONG_SHARED to the folder that holds data/video and data/map)"
    if ON_CI and told != "none":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def xvfb(peer: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real X server of 1920×1080 on a free display for the whole session; the value is its DISPLAY, such as `:7`."""
    program = peer("xvfb")
    read, write = os.pipe()
    log = tmp_path_factory.mktemp("xvfb") / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [program, "-displayfd", str(write), "-screen", "0", "1920x1080x24", "-nolisten", "tcp", "-noreset"],
            pass_fds=(write,),
            stdout=output,
            stderr=output,
        )
    os.close(write)
    with os.fdopen(read) as pipe:
        number = pipe.readline().strip()  # the server writes its number when it is ready, or closes the pipe when it fails
    if not number:
        server.wait()
        pytest.fail(f"Xvfb did not start: {log.read_text()[-400:]}", pytrace=False)
    yield f":{number}"
    server.terminate()
    server.wait(10)


@pytest.fixture
def on_screen(xvfb: str) -> dict[str, str]:
    """The environment for a child process that shows real windows on the session's X server."""
    return {**os.environ, "DISPLAY": xvfb, "QT_QPA_PLATFORM": "xcb"}


@pytest.fixture
def free_port() -> int:
    """A TCP port of the loopback that nobody listens on."""
    return take_free_port()


def take_free_port() -> int:
    """The same as a function, for tests that need several."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder that does not exist yet, with a key folder of its own."""
    monkeypatch.setenv("LIANDONG_KEYS", str(tmp_path / "keys"))
    return tmp_path / "data"


@pytest.fixture
def expect_log(_leak_guard: LeakGuard) -> Callable[[str], None]:
    """`expect_log("regular expression")`: the test may log this at WARNING or above, and must do so at least once."""
    return _leak_guard.expect_log


@pytest.fixture(autouse=True)
def _leak_guard(request: pytest.FixtureRequest) -> Iterator[LeakGuard]:
    guard = LeakGuard(looks_for_timers=_uses_qt(request))
    guard.start()
    yield guard
    found = guard.stop()
    if found:
        pytest.fail("left behind or unexpected:\n  " + "\n  ".join(found), pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """A widget that fails while pytest-qt closes it keeps the fixtures from ending, and the following tests would fail for it."""
    try:
        return (yield)
    except BaseException:
        if capture := getattr(item, "qt_exception_capture_manager", None):
            capture.finish()
        if item in item.session._setupstate.stack:
            item.session._setupstate.teardown_exact(nextitem)
        raise


def _uses_qt(request: pytest.FixtureRequest) -> bool:
    return "qtbot" in request.fixturenames or "qapp" in request.fixturenames


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and isinstance(report.longrepr, tuple) and not hasattr(report, "wasxfail"):
        _skipped.append(f"{report.nodeid}: {report.longrepr[2].removeprefix('Skipped: ')}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _skipped:
        terminalreporter.section(f"{len(_skipped)} tests skipped")
        for line in _skipped:
            terminalreporter.line(line)
    if summary := os.environ.get("LIANDONG_SUMMARY"):
        Path(summary).parent.mkdir(parents=True, exist_ok=True)
        with Path(summary).open("a", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in _skipped)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if ON_CI and _skipped and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED  # on CI none is skipped


def pytest_unconfigure() -> None:
    shutil.rmtree(_HOME, ignore_errors=True)
