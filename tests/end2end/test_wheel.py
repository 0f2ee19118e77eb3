"""The wheel alone is enough: installed in an empty environment it runs the demo from another directory, and tests itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest

TOP = Path(__file__).parents[2]


def run(command: list[str], cwd: Path, env: dict[str, str], timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=timeout_s, check=False)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the sources so that the checkout gets no build folder."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("console", "resources"):
        shutil.copytree(TOP / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(TOP / name, source / name)
    done = run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(source)],
        source,
        dict(os.environ),
        120,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return next(out.glob("liandong-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `liandong` command of an empty environment with the wheel; this one lends it the dependencies, by a path file."""
    home = tmp_path_factory.mktemp("empty") / "env"
    venv.create(home, with_pip=False, symlinks=True)
    site = next((home / "lib").glob("python3*")) / "site-packages"
    lent = tmp_path_factory.mktemp("lent")
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        # Everything but this project's own editable installation.
        if "liandong" not in entry.name and not entry.name.endswith(".pth"):
            (lent / entry.name).symlink_to(entry)
    (site / "lent.pth").write_text(f"{lent}\n", encoding="utf-8")
    installer = [sys.executable, "-m", "pip", "--python", str(home / "bin" / "python")]
    done = run([*installer, "install", "-q", "--no-deps", "--no-index", str(wheel)], home, dict(os.environ), 120)
    assert done.returncode == 0, done.stderr[-2000:]
    return home / "bin" / "liandong"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    folder = tmp_path / "another directory"
    folder.mkdir()
    return folder


def test_the_wheel_holds_every_resource(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = {name.removeprefix("console/resources/") for name in archive.namelist() if name.startswith("console/resources/")}
    ours = {path.relative_to(TOP / "resources").as_posix() for path in (TOP / "resources").rglob("*") if path.is_file()}
    ours = {name for name in ours if "__pycache__" not in name}

    assert len(ours) > 20
    assert sorted(ours - inside) == []


def test_the_demo_runs_from_another_directory(installed: Path, elsewhere: Path, on_screen: dict[str, str]) -> None:
    from PySide6.QtGui import QImage

    picture = elsewhere / "out.png"
    command = [str(installed), "run", "--demo", "--data", str(elsewhere / "data"), "--size", "1366x768"]
    done = run([*command, "--shot", str(picture), "--after", "8"], elsewhere, on_screen, 90)

    assert done.returncode == 0, done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    image = QImage(str(picture)).convertToFormat(QImage.Format.Format_RGB32)
    assert (image.width(), image.height()) == (1366, 768)
    pixels = np.frombuffer(image.constBits(), np.uint32).reshape(768, -1)
    assert len(np.unique(pixels)) > 500, "the picture is blank or nearly so"
    journal = run([str(installed), "journal", "--data", str(elsewhere / "data")], elsewhere, on_screen)
    kinds = {json.loads(line)["kind"] for line in journal.stdout.splitlines()}
    assert {"FolderStarted", "RosterImported", "IncidentReported"} <= kinds


def test_the_self_test_names_a_removed_font(installed: Path, elsewhere: Path) -> None:
    import_path = run(
        [str(installed.parent / "python"), "-c", "import console; print(console.__file__)"], elsewhere, dict(os.environ)
    )
    assert str(installed.parents[1]) in import_path.stdout, "the checkout must not be what is tested"
    font = next((Path(import_path.stdout.strip()).parent / "resources" / "fonts").glob("*.[ot]tf"))

    whole = run([str(installed), "selftest", "--json", "--data", str(elsewhere / "none")], elsewhere, dict(os.environ))
    font.rename(elsewhere / font.name)
    lacking = run([str(installed), "selftest", "--json", "--data", str(elsewhere / "none")], elsewhere, dict(os.environ))
    (elsewhere / font.name).rename(font)

    assert whole.returncode == 0, whole.stdout
    assert lacking.returncode == 1
    failed = [check for check in json.loads(lacking.stdout)["checks"] if not check["ok"]]
    assert [check["name"] for check in failed] == ["fonts"]
    assert font.name in failed[0]["detail"]
