"""What the program is made of: few, known packages, nothing that recognises faces, and a lock that names no workplace."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
LOCK = (TOP / "requirements.lock").read_text(encoding="utf-8")
LOCKED = re.findall(r"^([A-Za-z0-9_.-]+)==", LOCK, re.MULTILINE)
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# Out of scope for good: face recognition, identity databases, profiling of persons (STYLE.md).
FORBIDDEN = re.compile(
    r"(?i)face[-_ ]?(recog|net|detect|id)|insightface|deepface|dlib|facenet|retinaface|arcface|mtcnn|re-?id\b|mediapipe|torch"
)
FORBIDDEN_CODE = re.compile(r"(?i)CascadeClassifier|FaceDetector|FaceRecognizer|haarcascade|face_recognition|facial")
MODELS = (".onnx", ".pb", ".caffemodel", ".pt", ".pth", ".tflite", ".weights", ".h5", ".xml.gz")


def test_the_lock_holds_exact_versions_with_hashes() -> None:
    assert len(LOCKED) > 30
    blocks = re.split(r"^(?=[A-Za-z0-9_.-]+==)", LOCK, flags=re.MULTILINE)[1:]
    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []


@pytest.mark.parametrize("lock", ["requirements.lock", "packaging/linux/oldest.lock"])
def test_a_lock_names_no_registry_and_no_folder(lock: str) -> None:
    text = (TOP / lock).read_text(encoding="utf-8")

    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host|/(tmp|home|work|opt)/", text)


def test_every_dependency_we_ask_for_is_locked() -> None:
    def canonical(name: str) -> str:
        return re.sub(r"[-_.]+", "-", name).lower()

    wanted = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]
    names = {canonical(re.split(r"[<>=!~ ;\[]", line)[0]) for line in wanted}

    assert names - {canonical(name) for name in LOCKED} == set()


def test_every_locked_package_is_in_the_list_of_licences() -> None:
    listed = (TOP / "packaging" / "licences.txt").read_text(encoding="utf-8")

    assert [name for name in LOCKED if not re.search(rf"^{re.escape(name)} ", listed, re.MULTILINE)] == []


def test_no_dependency_recognises_faces() -> None:
    assert [name for name in LOCKED if FORBIDDEN.search(name)] == []


def test_no_code_of_ours_and_no_resource_recognises_faces() -> None:
    code = [file for file in (TOP / "console").rglob("*.py") if FORBIDDEN_CODE.search(file.read_text(encoding="utf-8"))]
    models = [file for file in (TOP / "resources").rglob("*") if file.name.lower().endswith(MODELS)]

    assert len(list((TOP / "console").rglob("*.py"))) > 20
    assert code == []
    assert models == []


def test_the_excluded_pyside_versions_stay_excluded() -> None:
    line = next(line for line in PROJECT["dependencies"] if line.startswith("PySide6"))

    assert line.startswith("PySide6-Essentials>=6.8.0.2")
    assert all(f"!={version}" in line for version in ("6.11.0", "6.11.1", "6.12.0"))


def test_ci_runs_the_test_command_of_the_readme() -> None:
    readme = (TOP / "README.md").read_text(encoding="utf-8")

    assert re.findall(r"(?m)^(make [a-z]*) *# *test.*$", readme) == ["make test"]
