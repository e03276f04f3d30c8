#!/usr/bin/env bash
# Build the wheel twice from clean copies of what is committed, at different times, and compare the bytes:
# build_wheel.sh UV PYTHON; the wheel lies in build/wheel.
set -euo pipefail

uv=$1 python=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
for copy in one two; do
  mkdir "$work/$copy"
  git archive HEAD | tar x -C "$work/$copy"
  (umask 0$([ "$copy" = one ] && echo 22 || echo 77) && cd "$work/$copy" &&
    "$uv" build --quiet --wheel --python "$python" --out-dir "$work/$copy.out" .)
done
cmp "$work"/one.out/*.whl "$work"/two.out/*.whl
rm -rf build/wheel && mkdir -p build/wheel && cp "$work"/one.out/*.whl build/wheel/
(cd build/wheel && sha256sum ./*.whl)
