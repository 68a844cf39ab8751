# Functions shared by scripts/run, test, bench and format. Sourced, never run.
# shellcheck shell=bash

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

die() {
    echo "$*" >&2
    exit 1
}

# Prints the comment at the top of the calling script, which is its manual.
usage() {
    awk 'NR > 1 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"
}

# packages PURPOSE: the names scripts/lib/packages lists for it.
packages() {
    awk -v purpose="$1" '$1 == purpose { print $2 }' "$top/scripts/lib/packages"
}

# install_missing [PURPOSE...]: installs what building and testing need, and what these purposes
# need besides. Asks dpkg once: milliseconds when all is there.
install_missing() {
    local purpose wanted missing as_root=()
    wanted=$(for purpose in build "$@"; do packages "$purpose"; done)
    if ! command -v dpkg-query >/dev/null; then
        echo "Not a Debian: hoping that these are there: ${wanted//$'\n'/ }" >&2
        return
    fi
    # shellcheck disable=SC2086 # one word to each package
    missing=$(comm -13 \
        <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null |
            sed -n 's/^installed //p' | LC_ALL=C sort -u) \
        <(LC_ALL=C sort -u <<<"$wanted"))
    [ -n "$missing" ] || return 0
    missing=${missing//$'\n'/ }
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null ||
            die "These packages are missing: $missing
Install them as root: apt-get install --no-install-recommends $missing"
        as_root=(sudo)
    fi
    echo "Installing $missing" >&2
    local log
    log=$(mktemp)
    # shellcheck disable=SC2086
    if ! { "${as_root[@]}" apt-get -qq update &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
            apt-get -qq install -y --no-install-recommends $missing; } >"$log" 2>&1 </dev/null; then
        cat "$log" >&2
        rm -f "$log"
        die "Could not install the packages; what apt-get said is above."
    fi
    rm -f "$log"
}

# npm_install FOLDER: what its package-lock.json lists, into its node_modules; nothing to do when
# that is there. False without npm.
npm_install() {
    local folder=$1 log
    if ! command -v npm >/dev/null; then
        echo "no npm here: ${folder#"$top"/} goes without its packages" >&2
        return 1
    fi
    ! cmp -s "$folder/package-lock.json" "$folder/node_modules/.installed" || return 0
    echo "Installing the npm packages of ${folder#"$top"/}" >&2
    log=$(mktemp)
    if ! npm ci --prefix "$folder" >"$log" 2>&1 </dev/null; then
        cat "$log" >&2
        rm -f "$log"
        die "Could not install the npm packages; what npm said is above."
    fi
    rm -f "$log"
    cp "$folder/package-lock.json" "$folder/node_modules/.installed"
}

# build_in DIRECTORY TARGET [SETUP OPTION...]: sets the directory up if need be, builds the target.
build_in() {
    local directory=$1 target=$2
    shift 2
    if [ ! -e "$directory/build.ninja" ]; then
        echo "Setting up $directory" >&2
        local log
        log=$(mktemp)
        # What is there stems from a set-up that failed or was stopped.
        rm -rf "${directory:?}"
        if ! meson setup "$directory" "$top" "$@" >"$log" 2>&1; then
            tail -n 20 "$log" >&2
            rm -f "$log"
            return 1
        fi
        rm -f "$log"
    fi
    # On a terminal one line that moves; in a log only what the compiler says.
    local quiet=()
    [ -t 2 ] || quiet=(--quiet)
    ninja "${quiet[@]}" -C "$directory" "$target" >&2
}
