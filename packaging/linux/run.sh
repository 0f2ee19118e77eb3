#!/usr/bin/env bash
# Start the demo: in a window where there is a display, else for half a minute under Xvfb with a report of what happened.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ -n "${DISPLAY:-}" ] || [ -n "${WAYLAND_DISPLAY:-}" ]; then
  exec .venv/bin/liandong run --demo
fi
exec .venv/bin/python packaging/linux/headless_demo.py
