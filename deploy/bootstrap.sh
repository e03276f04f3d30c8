#!/usr/bin/env bash
# bootstrap.sh PYTHON FOLDER: put the uv that deploy/fetch_uv.py pins into FOLDER, with nothing but Python at hand.
# What is missing is installed where that is allowed (Debian and Ubuntu, as root or with sudo), else named.
set -euo pipefail
cd "$(dirname "$0")/.."
python=$1 folder=$2

fail() {
    echo "setup: $1" >&2
    exit 1
}

install_package() {
    local as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo -n)
    command -v apt-get >/dev/null && "${as_root[@]}" true 2>/dev/null || return 1
    echo "setup: installing $1"
    "${as_root[@]}" apt-get update -qq || true
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1" >/dev/null
}

command -v "$python" >/dev/null || install_package "$python" ||
    fail "$python is missing. On Debian 12 or Ubuntu 22.04: apt-get install $python; on Ubuntu 24.04: python3.12"
# Debian has the certificates in a package of their own; without them nothing can be fetched safely.
[ -e /etc/ssl/certs/ca-certificates.crt ] || [ -n "${SSL_CERT_FILE:-}${SSL_CERT_DIR:-}" ] || ! [ -e /etc/debian_version ] ||
    install_package ca-certificates || fail "there are no certificates. Please run: apt-get install ca-certificates"
"$python" deploy/fetch_uv.py "$folder"
