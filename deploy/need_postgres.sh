#!/usr/bin/env bash
# Make sure the tests find PostgreSQL's server programs; without them those tests are skipped, with the reason.
set -euo pipefail

have() {
    command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null
}

have && exit 0
if [ "$(id -u)" = 0 ]; then
    run=()
elif sudo -n true 2>/dev/null; then
    run=(sudo -n)
else
    echo "PostgreSQL is not installed: the tests that need it will be skipped. To have them: apt-get install postgresql" >&2
    exit 0
fi
echo "installing the package postgresql (the tests start throw-away servers with its programs)"
"${run[@]}" apt-get update -qq || true
"${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql >/dev/null || true
have || echo "PostgreSQL could not be installed: the tests that need it will be skipped" >&2
