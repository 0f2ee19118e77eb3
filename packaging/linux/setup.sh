#!/usr/bin/env bash
# Set up everything `make run`, `make check` or `make test` needs on Debian 12 / Ubuntu 22.04 or newer, once; a second call is quick.
# Enters: run | check | test. Leaves: .venv with the locked packages, the system libraries Qt needs and, for test, the real peers.
# As root or with passwordless sudo the system packages are installed; otherwise the exact line to run is printed.
# For `run` and `check` a missing library is then an error; for `test` a missing peer only skips its tests (on CI it fails them).
set -euo pipefail
goal=${1:-run}
cd "$(dirname "$0")/../.."

# What PySide6-Essentials links to beyond a bare system (ldd over its Core, Gui, Widgets, Network, xcb and offscreen parts).
qt_libraries="libegl1 libgl1 libglib2.0-0 libdbus-1-3 libfontconfig1 libgssapi-krb5-2 libxkbcommon0 libxkbcommon-x11-0
  libx11-xcb1 libxcb-cursor0 libxcb-glx0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render0
  libxcb-render-util0 libxcb-shape0 libxcb-shm0 libxcb-sync1 libxcb-xfixes0 libxcb-xkb1"
test_peers="xvfb mosquitto gir1.2-gst-rtsp-server-1.0 gir1.2-gstreamer-1.0 python3-gi gstreamer1.0-tools gstreamer1.0-x gstreamer1.0-plugins-base
  gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav ffmpeg mpv chromium fonts-noto-cjk"

say() { printf 'setup: %s\n' "$*" >&2; }

quietly() {  # run a command; its output is shown only when it fails
  local output
  output=$("$@" 2>&1) || { printf '%s\n' "$output" | tail -n 40 >&2; return 1; }
}

become=""
if [ "$(id -u)" != 0 ]; then
  become="none"
  if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then become="sudo -n"; fi
fi

is_installed() {  # true when dpkg knows the package, or (64-bit time transition) its t64 successor, as installed
  local states
  states=$(dpkg-query -W -f '${db:Status-Status}\n' "$1" "${1}t64" 2>/dev/null || true)
  grep -qx installed <<< "$states"
}

install_system() {  # install_system PACKAGE…: 0 when all are there afterwards
  local missing=() package
  command -v dpkg-query >/dev/null 2>&1 || { say "not a Debian family system: please see that these are there: $*"; return 0; }
  for package in "$@"; do is_installed "$package" || missing+=("$package"); done
  [ ${#missing[@]} = 0 ] && return 0
  if [ "$become" = none ]; then
    say "system packages are missing and this user may not install them. Please run:"
    printf '\n    sudo apt-get update && sudo apt-get install -y --no-install-recommends %s\n\n' "${missing[*]}" >&2
    return 1
  fi
  say "installing system packages: ${missing[*]}"
  local try
  for try in 1 2 3; do
    if quietly $become env DEBIAN_FRONTEND=noninteractive apt-get update -qq &&
      quietly $become env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"; then
      return 0
    fi
    say "attempt $try of 3 failed"
    sleep $((try * 5))
  done
  say "could not install: ${missing[*]}"
  return 1
}

find_python() {  # print a Python >= 3.11 that can make virtual environments
  local candidate
  for candidate in "${PYTHON:-}" python3.11 python3.12 python3.13 python3.14 python3; do
    if [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1 &&
      "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null &&
      { [ -n "${1:-}" ] || "$candidate" -c 'import ensurepip, venv' 2>/dev/null; }; then
      echo "$candidate"
      return 0
    fi
  done
  return 1
}

make_environment() {
  local python bare
  if [ ! -x .venv/bin/python ]; then
    if ! python=$(find_python); then
      if bare=$(find_python without-ensurepip); then
        install_system "$("$bare" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')" || exit 1
      elif grep -q '^VERSION_ID="\?12' /etc/os-release 2>/dev/null; then
        install_system python3 python3-venv || exit 1
      else  # Ubuntu 22.04 has 3.10 by default and 3.11 beside it
        install_system python3.11 python3.11-venv || install_system python3 python3-venv || exit 1
      fi
      python=$(find_python) || { say "no Python 3.11 or newer found; set PYTHON=/path/to/python3"; exit 1; }
    fi
    say "making .venv with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv
  fi
  local wanted
  wanted=$(cat requirements.lock pyproject.toml | sha256sum | cut -c1-32)
  [ "$(cat .venv/liandong.stamp 2>/dev/null || true)" = "$wanted" ] && return 0
  say "installing the locked packages (the first time takes a minute or more)"
  local try
  for try in 1 2 3; do
    if quietly .venv/bin/python -m pip install --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
      -r requirements.lock; then
      break
    fi
    [ $try = 3 ] && { say "the packages of requirements.lock could not be installed"; exit 1; }
    sleep $((try * 5))
  done
  quietly .venv/bin/python -m pip install --disable-pip-version-check --no-deps --no-build-isolation -e . || exit 1
  echo "$wanted" > .venv/liandong.stamp
}

has_display() { [ -n "${DISPLAY:-}" ] || [ -n "${WAYLAND_DISPLAY:-}" ]; }

# shellcheck disable=SC2086  # the lists are meant to be split
case "$goal" in
  run) install_system $qt_libraries $(has_display || echo xvfb) || exit 1 ;;
  check) install_system $qt_libraries || exit 1 ;;
  test)
    install_system $qt_libraries || exit 1
    if ! install_system $test_peers; then
      if [ "${CI:-}" = true ]; then say "on CI every peer must be there"; exit 1; fi
      say "going on without them: the tests that need a missing peer are skipped by name and counted"
    fi ;;
  *) say "unknown goal $goal: run, check or test"; exit 2 ;;
esac
make_environment
