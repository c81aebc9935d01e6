#!/bin/sh
# source.sh NAME: prints the folder with the unpacked source of a Debian package, and fetches it first if it is missing. The
# machine's own apt lists stay as they are. Sources are kept in ${GATEPOST_CACHE:-~/.cache/gatepost}; no script writes into
# them.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${GATEPOST_CACHE:-${HOME:-/root}/.cache/gatepost}
# shellcheck source=tests/mta/debian.sh
. "$here/debian.sh"

die() {
    echo "source.sh: $*" >&2
    exit 1
}

# fetch NAME: the files of the source package into this folder. A mirror may lack some sources of this machine's release; those of another
# one do as well.
fetch() {
    for release in "" bookworm trixie; do
        [ "$release" != "$own" ] || continue
        debian_release=$release
        debian_apt source --download-only source "$1" || { debian_update source && debian_apt source --download-only source "$1"; } && return 0
        rm -f ./*.dsc ./*.tar.*
    done
    return 1
}

make_source() {
    [ "${DEPS-}" != no ] || die "there is no source of $1 in $2, and with DEPS=no nothing is fetched"
    work=$(mktemp -d "$cache/making.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    cd "$work"
    fetch "$1" >log 2>&1 || {
        sed 's/^/    /' log | tail -n 5 >&2
        die "cannot fetch the source of $1 from the mirror in $debian_state/sources.list. Where this machine has no network," \
            "unpack it by hand into $2"
    }
    dpkg-source --no-check -x ./*.dsc unpacked >>log 2>&1 || die "cannot unpack the source of $1: $(tail -n 3 log)"
    mv -T unpacked "$2"
}

case ${1-} in
'' | -*) die "usage: source.sh NAME" ;;
esac
own=$(. /etc/os-release && echo "${VERSION_CODENAME-unknown}")
path=$cache/source-$1-$own
mkdir -p "$cache"
# One lock for all sources, because they share the lists, which the first one that needs them updates.
(
    flock 9
    [ -d "$path" ] || make_source "$1" "$path"
) 9>"$cache/source.lock"
echo "$path"
