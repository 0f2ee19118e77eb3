"""What a desk, and a console with its desk, are started with. Imports nothing heavy: it is read before the desk is started."""

from __future__ import annotations

from dataclasses import dataclass

from console.paths import DataFolder
from console.settings import Settings


@dataclass(frozen=True, slots=True)
class Start:
    """What a desk is started with. `limited`: journal only, no outbox, no clocks; `door`: whether the HTTP door opens."""

    folder: DataFolder
    settings: Settings
    demo: bool = False
    for_console: bool = False
    limited: bool = False
    door: bool = True
