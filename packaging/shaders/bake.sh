#!/usr/bin/env bash
# Bake the wall's shaders into resources/shaders. The baker comes with PySide6-Addons, which the program does not need: it is
# installed into a temporary environment. Files baked by 6.11 load in 6.8.0.2.
set -euo pipefail
cd "$(dirname "$0")"
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
python3 -m venv "$home/env"
"$home/env/bin/pip" install -q PySide6-Essentials==6.11.3 PySide6-Addons==6.11.3
baker=$(find "$home/env" -path '*PySide6/qsb' | head -1)
for source in tile.vert tile.frag tile_nv12.frag; do
  "$baker" --glsl "100 es,120,150" --hlsl 50 --msl 12 -o "../../resources/shaders/$source.qsb" "$source"
done
