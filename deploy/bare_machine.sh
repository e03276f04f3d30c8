#!/usr/bin/env bash
# bare_machine.sh [--user] [--keep] COMMAND...: run a command of the README on a new, minimal Debian, for example make run.
#
# The machine is a folder: what debootstrap makes of this machine's own package source, with python3, make, git and
# ca-certificates and nothing else. This checkout's HEAD is cloned into it. --user runs the command as somebody who may
# install nothing; --keep leaves the machine there to look at. Ends with the command's exit code; with 77 where such a
# machine cannot be made. What it mounts and starts has namespaces of its own and ends with them, however it ends.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly here=$PWD bare=$PWD/build/bare packages=python3,make,git,ca-certificates
readonly project=/srv/retention
# Settings of this machine that are handed in: how it reaches package indexes, and its certificates.
readonly handed='^(PIP|UV|SSL_CERT|GIT_SSL)_|^(https?|no|all)_proxy$|^(HTTPS?|NO|ALL)_PROXY$|_CA_BUNDLE$'

cannot() {
    echo "bare machine: $1" >&2
    exit 77
}

user=0 keep=no running=

# -- inside the namespace: $1 is the machine's folder, $2 the user's id, the rest the command ----------------------

run_inside() {
    local root=$1 user=$2 name value
    shift 2
    mount -t proc proc "$root/proc"
    mount -t sysfs -o ro sysfs "$root/sys"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/run"
    local settings=(HOME=/root "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    [ "$user" = 0 ] || settings[0]=HOME=/home/somebody
    while IFS='=' read -r -d '' name value; do
        [[ $name =~ $handed ]] || continue
        settings+=("$name=$value")
        # What a setting points at has to be there too: a file of certificates, a folder of packages.
        if [[ $value == /* && -e $value && ! -e $root$value ]]; then
            hand_in "$root" "$value"
        fi
    done </proc/self/environ
    cd /
    exec chroot --userspec="$user:$user" "$root" /usr/bin/env -i "${settings[@]}" /bin/bash -c 'cd "$0" && exec "$@"' "$project" "$@"
}

hand_in() {
    if [ -d "$2" ]; then
        mkdir -p "$1$2"
        mount --rbind "$2" "$1$2"
    else
        mkdir -p "$(dirname "$1$2")"
        cp -L "$2" "$1$2"
    fi
}

# -- outside -------------------------------------------------------------------------------------------------------

check_tools() {
    [ "$(id -u)" = 0 ] || cannot "only root can make one; run it as root"
    command -v debootstrap >/dev/null || cannot "please install debootstrap: apt-get install debootstrap"
    unshare --mount --pid --fork true 2>/dev/null || cannot "this machine allows no namespaces of mounts and processes"
}

# The distribution's own archive: the first source that apt has of the release this machine is.
find_source() {
    release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    mirror=$(apt-get indextargets --no-release-info --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
        awk -v release="$release" '$1 == release && $2 == "main" { print $3; exit }')
    [ -n "$mirror" ] || cannot "apt has no source of the release ${release:-that is not named}"
    # debootstrap asks with wget, which knows apt's proxy only by its own name.
    local proxy
    proxy=$(apt-config dump --format '%v' Acquire::http::Proxy)
    [ -z "$proxy" ] || export http_proxy=${http_proxy:-$proxy}
}

# The machine as debootstrap makes it is kept: the next one is a copy.
make_base() {
    base=$bare/base-$release
    [ -e "$base" ] && return
    echo "bare machine: $release with ${packages//,/, } from $mirror"
    rm -rf --one-file-system "$base.partial"
    mkdir -p "$bare"
    debootstrap --variant=minbase --include="$packages" "$release" "$base.partial" "$mirror" >"$bare/debootstrap.log" 2>&1 ||
        cannot "debootstrap did not come through: $(grep '^[EW]:' "$bare/debootstrap.log" | tail -n 1), see $bare/debootstrap.log"
    rm -rf "$base.partial/var/cache/apt/archives/"*.deb
    mv "$base.partial" "$base"
}

# A copy of the base with this machine's name server, certificates and pip configuration, and the project.
make_machine() {
    cp -a --reflink=auto "$base" "$root"
    cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
    [ ! -e /etc/pip.conf ] || cp -L /etc/pip.conf "$root/etc/"
    if compgen -G '/usr/local/share/ca-certificates/*.crt' >/dev/null; then
        cp -L /usr/local/share/ca-certificates/*.crt "$root/usr/local/share/ca-certificates/"
        chroot "$root" update-ca-certificates >/dev/null 2>&1
    fi
    local proxies
    proxies=$(apt-config dump | grep -E '^Acquire::[a-z]+::Proxy' || true)
    [ -z "$proxies" ] || printf '%s\n' "$proxies" >"$root/etc/apt/apt.conf.d/90proxy"
    git clone --quiet --depth 1 "file://$here" "$root$project"
    [ -z "$(git status --porcelain --untracked-files=no)" ] || echo "bare machine: what is not committed is not on it"
    if [ "$user" != 0 ]; then
        chroot "$root" useradd --create-home --uid "$user" somebody
        chown -R "$user:$user" "$root$project"
    fi
}

end_machine() {
    [ -z "$running" ] || kill -KILL "$running" 2>/dev/null || true
    # Its processes end with the namespace, and with them its mounts; only then may the folder go.
    [ -z "$running" ] || wait "$running" 2>/dev/null || true
    if [ "$keep" = yes ]; then
        mv "$root" "$bare/kept-$$"
        echo "bare machine: kept as $bare/kept-$$"
    else
        rm -rf --one-file-system "$root"
    fi
}

# What a script that was killed left behind.
sweep() {
    local left
    for left in "$bare"/machine-*; do
        [ ! -e "$left" ] || kill -0 "${left##*-}" 2>/dev/null || rm -rf --one-file-system "$left"
    done
}

count_files() {
    find "$root$project/build/workbooks" -name "*.$1" 2>/dev/null | wc -l
}

main() {
    if [ "${1:-}" = --inside ]; then
        shift
        run_inside "$@"
    fi
    while [[ ${1:-} == --* ]]; do
        case $1 in
        --user) user=1000 ;;
        --keep) keep=yes ;;
        *) break ;;
        esac
        shift
    done
    if [[ $# = 0 || $1 == --* ]]; then
        sed -n '2,7s/^# \?//p' "$0" >&2
        exit 2
    fi
    check_tools
    find_source
    make_base
    sweep
    root=$bare/machine-$$
    trap end_machine EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    make_machine
    echo "bare machine: $*"
    local code=0
    SECONDS=0
    # However this script ends, even killed, the kernel ends the namespace's first process, and with it all others.
    setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child "$0" --inside "$root" "$user" "$@" &
    running=$!
    wait "$running" || code=$?
    running=
    times >"$bare/times" # in this shell: a pipe's would begin at nothing
    local busy
    busy=$(sed -n '2s/ /, /p' "$bare/times")
    echo "bare machine: exit $code after $SECONDS s (processors: $busy); build/workbooks has $(count_files xlsx) workbooks," \
        "$(count_files docx) Word files, $(count_files pdf) PDFs"
    exit "$code"
}

main "$@"
