"""Write packaging/licences.txt: run in the project's environment after `make lock` (`.venv/bin/python packaging/licences.py`).

Enters: requirements.lock and the installed packages' own metadata. Leaves: the list of third-party packages with their licences.
`--run-time` prints the part of the lock that an installed program needs instead.
"""

from __future__ import annotations

import importlib.metadata
import re
import sys
from pathlib import Path

from packaging.requirements import Requirement

TOP = Path(__file__).parents[1]
TARGET = Path(__file__).with_name("licences.txt")

HEAD = """\
Third-party licences
====================
liandong itself is Apache-2.0 (LICENSE). It contains no code of others. What it needs is installed beside it, as
separate, unchanged packages; what it ships with itself is listed under "Data".

What this means for whoever distributes a package with everything inside (`make package` makes one)
---------------------------------------------------------------------------------------------------
* PyAV (av) is BSD-3-Clause, but its wheel carries FFmpeg (LGPL-3.0-or-later in the wheel's own words) together with the
  encoders libx264 and libx265, which are GPL-2.0-or-later. An archive that contains that wheel must be passed on under
  the terms of the GPL, version 3, as a whole: with its licence texts and with the complete corresponding source of FFmpeg, x264
  and x265 or a written offer for it. liandong's own files stay Apache-2.0, which GPLv3 accepts. liandong only decodes; it
  never encodes with x264 or x265. Who needs a package without GPL parts builds PyAV against an FFmpeg without
  them (`pip install --no-binary av av`, with FFmpeg's development files installed): nothing in liandong changes.
  H.264, H.265 and AAC may also be covered by patents where you are; no licence to them comes with this program.
* PySide6 and shiboken6 are used under LGPL-3.0. They are separate shared libraries which a user may replace by their own
  build; the archive leaves them as separate wheels for that reason. Pass on the LGPL's text and the place of the source.
* opencv-python-headless is Apache-2.0; its wheel carries an FFmpeg (LGPL-2.1-or-later) and OpenSSL. It comes without Qt.
* osmium, shapely, scipy and numpy wheels carry libosmium (BSL-1.0), GEOS (LGPL-2.1-or-later), OpenBLAS (BSD-3-Clause) and
  the GCC run-time libraries (GPL-3.0 with the run-time exception).
* certifi, pathspec and hypothesis are MPL-2.0: files changed in them would have to be passed on; we change none.
* Everything marked "development" is for tests, lint, types and building, and never part of a package.

Data
----
* resources/fonts: a cut of Noto Sans CJK SC, renamed as its licence asks: SIL Open Font License 1.1 (OFL.txt beside it).
* resources/demo: map, rosters, incidents and pictures of an invented district, made by this project: Apache-2.0.
* Maps that a user imports from OpenStreetMap are (c) OpenStreetMap contributors, Open Database License 1.0. The console shows
  that line on such a map; whoever passes a compiled city map on must keep it and offer the map's data under the ODbL.

Packages of requirements.lock
-----------------------------
"""

# Where the metadata says too little.
KNOWN = {"scipy": "BSD-3-Clause", "av": "BSD-3-Clause; wheel with GPL parts, see above"}


def locked() -> list[tuple[str, str]]:
    """Name and version of every package of the lock."""
    text = (TOP / "requirements.lock").read_text(encoding="utf-8")
    return re.findall(r"^([A-Za-z0-9_.-]+)==([^\s\\;]+)", text, re.MULTILINE)


def licence_of(name: str) -> str:
    """The licence a package states about itself."""
    data = importlib.metadata.metadata(name)
    stated = data.get("License-Expression") or (data.get("License") or "").strip().splitlines()[:1]
    text = stated if isinstance(stated, str) else "".join(stated)
    classifiers = [line.rsplit("::", 1)[1].strip() for line in data.get_all("Classifier") or [] if line.startswith("License ::")]
    return KNOWN.get(name) or text or ", ".join(classifiers) or "not stated"


def canonical(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def needed_at_run_time(name: str = "liandong") -> set[str]:
    """Canonical names of what an installed liandong pulls in, on this system, itself left out."""
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        for line in importlib.metadata.requires(waiting.pop()) or []:
            need = Requirement(line)
            if (need.marker is None or need.marker.evaluate({"extra": ""})) and canonical(need.name) not in seen:
                seen.add(canonical(need.name))
                waiting.append(need.name)
    return seen


def run_time_lock() -> str:
    """The blocks of requirements.lock, hashes included, without the development packages."""
    needed = needed_at_run_time()
    blocks = re.split(r"^(?=[A-Za-z0-9_.-]+==)", (TOP / "requirements.lock").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return "".join(block for block in blocks if canonical(block.split("==")[0]) in needed)


def main() -> int:
    if "--run-time" in sys.argv[1:]:
        sys.stdout.write(run_time_lock())
        return 0
    run_time = needed_at_run_time()
    rows = [
        f"{name:26}{version:14}{licence_of(name):58}{'' if canonical(name) in run_time else 'development'}".rstrip()
        for name, version in locked()
    ]
    TARGET.write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
