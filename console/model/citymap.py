"""What a city map tells apart: kinds of roads and of labels, in the order their numbers stand in the map file."""

from __future__ import annotations

ROAD_KINDS = ("motorway", "trunk", "primary", "secondary", "tertiary", "residential", "service", "footway")
LABEL_KINDS = (
    "city", "district", "suburb", "village", "school", "hospital", "police", "station", "fuel", "mall", "park", "square", "other",
)  # fmt: skip
