#!/bin/sh
# Install liandong from this folder, without a network: into /opt/liandong as root, else into ~/.local/opt/liandong.
# `./install.sh --prefix DIR` chooses another place; `./install.sh --remove` takes it away again (data folders stay).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ "$(id -u)" = 0 ]; then prefix=/opt/liandong; bin=/usr/local/bin; share=/usr/local/share
else prefix=$HOME/.local/opt/liandong; bin=$HOME/.local/bin; share=$HOME/.local/share; fi
remove=no
while [ $# -gt 0 ]; do
  case "$1" in
    --prefix) prefix=$2; bin=$2/bin-link; share=$2/share; shift 2 ;;
    --remove) remove=yes; shift ;;
    *) echo "usage: ./install.sh [--prefix DIR] [--remove]"; exit 2 ;;
  esac
done
if [ "$remove" = yes ]; then
  rm -rf "$prefix/env"
  rm -f "$bin/liandong" "$share/applications/liandong.desktop" "$share/icons/hicolor/scalable/apps/liandong.svg"
  echo "removed; data folders are untouched"
  exit 0
fi

python=
for candidate in python3.11 python3.12 python3.13 python3.14 python3; do
  if command -v "$candidate" >/dev/null 2>&1 &&
    ls "$here"/wheels/numpy-*"$("$candidate" -c 'import sys; print("cp%d%d-" % sys.version_info[:2])')"* >/dev/null 2>&1 &&
    "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then python=$candidate; break; fi
done
if [ -z "$python" ]; then
  echo "This archive is for the Python named in its own name, with its venv module (python3-venv). It was not found here."
  exit 1
fi
mkdir -p "$prefix" "$bin" "$share/applications" "$share/icons/hicolor/scalable/apps"
rm -rf "$prefix/env"
"$python" -m venv "$prefix/env"
"$prefix/env/bin/python" -m pip install -q --disable-pip-version-check --no-index --find-links "$here/wheels" liandong
ln -sf "$prefix/env/bin/liandong" "$bin/liandong"
sed "s|@liandong@|$bin/liandong|" "$here/liandong.desktop" > "$share/applications/liandong.desktop"
cp "$here/liandong.svg" "$share/icons/hicolor/scalable/apps/"
echo "installed in $prefix; the command is $bin/liandong"
echo "self-test:"
"$prefix/env/bin/liandong" selftest || echo "Something is missing, as told above. Qt's libraries on Debian and Ubuntu:
  apt-get install libegl1 libgl1 libglib2.0-0 libdbus-1-3 libfontconfig1 libgssapi-krb5-2 libxkbcommon0 libxkbcommon-x11-0 libx11-xcb1 libxcb-cursor0 libxcb-glx0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render0 libxcb-render-util0 libxcb-shape0 libxcb-shm0 libxcb-sync1 libxcb-xfixes0 libxcb-xkb1"
