"""Disk: journal, roster, city map, tracks, clips. May import `model`; never `media` or `links`."""
