#!/usr/bin/env bash
# Put the oldest PySide6 we promise (the last that installs on Kylin-class arm64) into FOLDER, once; PYTHONPATH=FOLDER then uses it.
set -euo pipefail
folder=${1:?folder}
cd "$(dirname "$0")/../.."
[ -f "$folder/stamp" ] && exit 0
rm -rf "$folder"
for try in 1 2 3; do
  .venv/bin/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
    --target "$folder" -r packaging/linux/oldest.lock && break
  [ $try = 3 ] && exit 1
  sleep $((try * 5))
done
touch "$folder/stamp"
