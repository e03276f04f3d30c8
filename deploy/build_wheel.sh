#!/usr/bin/env bash
# Build the wheel twice from clean copies of what is committed, at different times, and compare the bytes:
# build_wheel.sh UV PYTHON FOLDER, into which the wheel goes.
set -euo pipefail

uv=$1 python=$2 folder=$3
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
rm -rf "$folder" && mkdir -p "$folder" && cp "$work"/one.out/*.whl "$folder"
(cd "$folder" && sha256sum ./*.whl)
