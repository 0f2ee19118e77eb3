"""Where files live: the data folder's names and the resources that travel inside the wheel."""

from __future__ import annotations

import getpass
import glob
import hashlib
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from console.errors import BadInput, Unavailable


def resources(*parts: str) -> Path:
    """The path of a resource: inside the installed package, or beside it in a checkout."""
    inside = Path(__file__).parent / "resources"
    root = inside if inside.is_dir() else Path(__file__).parent.parent / "resources"
    return root.joinpath(*parts)


def default_data(demo: bool) -> Path:
    """The platform's own data folder; the demo has one of its own beside it."""
    return Path(platformdirs.user_data_dir("liandong-demo" if demo else "liandong", appauthor=False))


def keys_folder() -> Path:
    """Folder of the keys that sign journal heads and bundles, outside every data folder. LIANDONG_KEYS overrides it."""
    override = os.environ.get("LIANDONG_KEYS")
    return Path(override) if override else Path(platformdirs.user_config_dir("liandong", appauthor=False)) / "keys"


def session_folder() -> Path:
    """A folder of this user's session (0700) for what may be forgotten with it: measurements of this machine."""
    run_time = os.environ.get("XDG_RUNTIME_DIR")
    if run_time and os.path.isdir(run_time):
        return Path(run_time)
    made = Path(tempfile.gettempdir()) / f"liandong-{getpass.getuser()}"
    made.mkdir(mode=0o700, exist_ok=True)
    return made


def session_file(kind: str, *versions: str) -> Path:
    """Where this session keeps what was measured of this machine: named after its graphics devices, their drivers, `versions`."""
    found = [sys.platform, *versions, *sorted(glob.glob("/dev/dri/*") + glob.glob("/dev/nvidia*"))]
    for file in ("/proc/driver/nvidia/version", "/sys/module/i915/srcversion", "/sys/module/amdgpu/srcversion"):
        try:
            found.append(Path(file).read_text(encoding="utf-8", errors="replace"))
        except OSError:
            continue
    mark = hashlib.sha256("\n".join(found).encode()).hexdigest()[:16]
    return session_folder() / f"liandong-{kind}-{mark}.json"


@dataclass(frozen=True, slots=True)
class DataFolder:
    """Every file name of a data folder in one place; `root` need not exist yet."""

    root: Path

    @property
    def journal(self) -> Path:
        return self.root / "journal.db"

    @property
    def head(self) -> Path:
        """Signed heads of the journal, one JSON line each: it may lag the journal, never lead it."""
        return self.root / "journal.head"

    @property
    def roster(self) -> Path:
        return self.root / "roster.db"

    @property
    def city_map(self) -> Path:
        return self.root / "city.map"

    @property
    def tracks(self) -> Path:
        return self.root / "tracks.db"

    @property
    def accounts(self) -> Path:
        """Password hashes and key hashes (0600): never in the journal, never in a bundle."""
        return self.root / "accounts.db"

    @property
    def credentials(self) -> Path:
        """Camera passwords split off from URLs, when the system has no keyring (0600)."""
        return self.root / "credentials.json"

    @property
    def settings(self) -> Path:
        return self.root / "settings.toml"

    @property
    def lock(self) -> Path:
        """Locked by the operating system for as long as a desk process owns the folder."""
        return self.root / "desk.lock"

    @property
    def door(self) -> Path:
        return self.root / "door.json"

    @property
    def demo_mark(self) -> Path:
        """Present in a folder that `--demo` made."""
        return self.root / "demo.json"

    @property
    def picture_past(self) -> Path:
        """What cameras' pictures usually look like, for the picture check; losing it costs a few looks."""
        return self.root / "pictures.db"

    @property
    def stills(self) -> Path:
        return self.root / "stills"

    @property
    def clips(self) -> Path:
        return self.root / "clips"

    @property
    def log(self) -> Path:
        return self.root / "desk.log"

    @property
    def window(self) -> Path:
        """The console's remembered windows, screens and layout (Qt settings file)."""
        return self.root / "window.ini"

    @property
    def local_socket(self) -> Path:
        """The desk's local socket. Its path must fit 107 bytes, so a deep folder gets one in a run-time folder."""
        near = self.root.resolve() / "desk.sock"
        if len(os.fsencode(near)) <= 100 or sys.platform == "win32":
            return near
        name = hashlib.sha256(os.fsencode(near)).hexdigest()[:16]
        run_time = os.environ.get("XDG_RUNTIME_DIR") or os.path.join(tempfile.gettempdir(), f"liandong-{os.getuid()}")
        return Path(run_time) / f"liandong-{name}.sock"

    def create(self) -> None:
        """Make the folder and its sub-folders (0700). Raises BadInput for a path that cannot be one, Unavailable."""
        try:
            for folder in (self.root, self.stills, self.clips):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except (FileExistsError, NotADirectoryError) as cause:
            raise BadInput("is a file or lies in one, not a data folder", str(self.root), "name a folder with --data") from cause
        except OSError as cause:
            raise Unavailable(f"cannot make the data folder {self.root}: {cause.strerror}") from cause
