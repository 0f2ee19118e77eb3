"""liandong (联动): a desktop video-wall command console. Two pipes, one fold: see DESIGN.md."""

__version__ = "0.1.0"
