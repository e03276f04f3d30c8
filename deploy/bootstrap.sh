#!/usr/bin/env bash
# bootstrap.sh PYTHON UV_VERSION FOLDER: put a pinned uv into FOLDER, from PyPI, with nothing but Python 3.11 at hand.
set -euo pipefail
python=$1 version=$2 folder=$3

fail() {
    echo "setup: $1" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

command -v "$python" >/dev/null || fail "$python is missing. On Debian 12 or Ubuntu: apt-get install python3.11 python3.11-venv"
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    echo "setup: $python has no ensurepip; installing the package python3.11-venv"
    as_root apt-get update -qq || true
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3.11-venv >/dev/null ||
        fail "could not install it. Please run: apt-get install python3.11-venv"
fi
echo "setup: uv $version from PyPI into $folder"
mkdir -p "$(dirname "$folder")"
"$python" -m venv --clear "$folder"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check "uv==$version"
