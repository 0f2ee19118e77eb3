"""OpenCV, loaded when it is first asked for (0.1 s, 45 MB) and kept to the caller's own thread: no core is idle here."""

from __future__ import annotations

import functools
from typing import Any


@functools.cache
def opencv() -> Any:
    """The module `cv2`. Never call it in the desk, in the GUI thread, or where a window is just starting."""
    import cv2

    cv2.setNumThreads(1)
    return cv2
