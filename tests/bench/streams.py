"""What the wall's measurements show: street cameras' streams (`media/street`), made once into build/bench and kept.

The same file gives the same stream to every program.
"""

from __future__ import annotations

from pathlib import Path

from console.media.street import FPS as FPS
from console.media.street import HEIGHT as HEIGHT
from console.media.street import WIDTH as WIDTH
from console.media.street import street_clip as street_clip

_VERSION = 1
FOLDER = Path(__file__).parents[2] / "build" / "bench"


def street_clips(count: int, suffix: str = ".264", folder: Path = FOLDER) -> list[Path]:
    """`count` different streams; made once, so that the first measurement of a clean clone takes half a minute more."""
    folder.mkdir(parents=True, exist_ok=True)
    clips = []
    for number in range(count):
        clip = folder / f"street-{_VERSION}-{number:02d}{suffix}"
        if not clip.exists():
            street_clip(clip.with_name(f"part-{clip.name}"), number + 1).replace(clip)
        clips.append(clip)
    return clips
