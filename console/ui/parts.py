"""What a window is made of before it stands: built in order by app.py or replayapp.py, owned by them, passed in whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from console.paths import DataFolder
from console.services.clips import Saver
from console.services.feeds import Feeds
from console.settings import Settings
from console.ui.around import Around
from console.ui.bridge import Bridge
from console.ui.flow import Flow
from console.ui.pictures import Pictures
from console.ui.sound import Sound
from console.ui.wall import WallSurface
from console.ui.wallfeed import WallFeed


@dataclass(frozen=True, slots=True)
class Parts:
    """What app.py builds before the window."""

    bridge: Bridge
    around: Around
    flow: Flow
    sound: Sound
    surface: WallSurface
    wall_feed: WallFeed
    settings: Settings
    folder: DataFolder
    seat: str
    make_surface: Callable[[int], WallSurface] | None = None
    """Builds the surface of one wall window more; None: there can be none."""
    pictures: Pictures | None = None
    """Masks, fisheye views and picture health; None in a replay."""
    feeds: Feeds | None = None
    saver: Saver | None = None
    """What plays back and keeps pictures; None: nothing can be kept (a replay)."""
