#!/usr/bin/env bash
# Make what is passed on, in dist/: wheel, source archive, and an archive that installs without a network on this kind of machine
# (same processor and Python version). Enters: the checkout with .venv. What the archive's licences ask for: packaging/licences.txt.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=.venv/bin/python
version=$($python -c 'from console import __version__; print(__version__)')
tag=$($python -c 'import platform, sys; print("%s-py%d.%d" % (platform.machine(), *sys.version_info[:2]))')
name=liandong-$version-linux-$tag

rm -rf build/package && mkdir -p build/package/source dist
# From a clean copy of what is committed or at least known to git, so that no stray file of the checkout is passed on.
git ls-files -z | xargs -0 cp --parents -t build/package/source
$python -m build --no-isolation --outdir dist build/package/source > build/package/build.log 2>&1 || { tail -30 build/package/build.log; exit 1; }

folder=build/package/$name
mkdir -p "$folder/wheels"
cp "dist/liandong-$version-py3-none-any.whl" "$folder/wheels/"
$python packaging/licences.py --run-time > "$folder/requirements.txt"
$python -m pip download -q --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
  -d "$folder/wheels" -r "$folder/requirements.txt" 2> build/package/download.log || { tail -30 build/package/download.log; exit 1; }
cp LICENSE NOTICE packaging/licences.txt packaging/CHANGELOG.md packaging/linux/install.sh packaging/linux/liandong.desktop "$folder/"
cp packaging/linux/liandong.svg "$folder/"
tar -C build/package -czf "dist/$name.tar.gz" "$name"
echo "dist/$name.tar.gz: unpack it and run ./install.sh (no network needed)"
ls -l dist | awk 'NR>1 {printf "  %9.1f MB  %s\n", $5 / 1e6, $9}'
