#!/usr/bin/env bash
# Make sure the tests find a Compose that reads docker-compose.yml; without one those tests are skipped, with the reason.
# No container is started, so Debian's old docker-compose will do, which needs no Docker.
set -euo pipefail

have() {
    docker compose version >/dev/null 2>&1 || command -v docker-compose >/dev/null
}

have && exit 0
if [ "$(id -u)" = 0 ]; then
    run=()
elif sudo -n true 2>/dev/null; then
    run=(sudo -n)
else
    echo "Compose is not installed: the tests that need it will be skipped. To have them: apt-get install docker-compose" >&2
    exit 0
fi
echo "installing the package docker-compose (the tests read docker-compose.yml with it, and start nothing)"
"${run[@]}" apt-get update -qq || true
"${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends docker-compose >/dev/null || true
have || echo "Compose could not be installed: the tests that need it will be skipped" >&2
