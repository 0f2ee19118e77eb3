"""`python -m console` and the `liandong` command. Imports nothing heavy: spawned decoders load this module too."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line and return its exit code."""
    from console.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
