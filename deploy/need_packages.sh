#!/usr/bin/env bash
# Make sure the tests find what they need beside Python; what cannot be had is named, and its tests are skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

# Whether something is there, and the package of Debian and Ubuntu that has it.
has_postgresql() { command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; }
has_java() { command -v java >/dev/null; }
has_redis() { command -v redis-server >/dev/null; }
has_spreadsheet() { command -v soffice >/dev/null; }
# No container is started: Debian's old docker-compose will do, which needs no Docker.
has_compose() { docker compose version >/dev/null 2>&1 || command -v docker-compose >/dev/null; }
has_chromium() { command -v chromium >/dev/null || command -v chromium-browser >/dev/null; }
has_debootstrap() { command -v debootstrap >/dev/null; }
declare -A package=(
    [postgresql]=postgresql
    [java]=default-jre-headless
    [redis]=redis-server
    [spreadsheet]=libreoffice-calc
    [compose]=docker-compose
    [chromium]=chromium
    [debootstrap]=debootstrap
)

lacking() {
    for name in "${!package[@]}"; do
        "has_$name" || echo "${package[$name]}"
    done
}

missing=$(lacking | sort | xargs)
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ]; then
    as_root=()
elif sudo -n true 2>/dev/null; then
    as_root=(sudo -n)
else
    echo "not installed, and the tests that need them will be skipped: apt-get install $missing" >&2
    exit 0
fi
echo "installing for the tests: $missing"
log=build/packages.log
mkdir -p build
{ "${as_root[@]}" apt-get update -qq || true; } >"$log" 2>&1
for each in $missing; do
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$each" >>"$log" 2>&1 || true
done
missing=$(lacking | sort | xargs)
[ -z "$missing" ] && exit 0
echo "could not be installed, and the tests that need them will be skipped: $missing" >&2
echo "why: $(grep '^E:' "$log" | sort -u | head -n 2 | xargs -d '\n'), see $log" >&2
