"""Which surface the wall's tests run on: raster, or (LIANDONG_SURFACE=gpu) the graphics card's, which needs a screen.

`tests/end2end/test_surface.py` runs the same files again on the card's surface under Xvfb.
"""

from __future__ import annotations

import os

from console.ui.wall import WallSurface

SURFACE = os.environ.get("LIANDONG_SURFACE", "raster")


def glaze(surface: WallSurface) -> WallSurface:
    """Put the pane in where the run asks for it; before the surface is shown."""
    if SURFACE == "gpu":
        surface.glazing.put_in()
    return surface
