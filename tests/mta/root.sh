#!/bin/sh
# root.sh: makes folders to chroot into, each with one real mail server unpacked from Debian packages. Nothing is installed on
# this machine: apt only resolves the packages against an empty list of installed ones and fetches them.
#
#   root.sh NAME                prints the path of that root, and makes it first if it is missing
#   root.sh --prefetch NAME...  makes those that are missing, in the background; returns at once
#
# GATEPOST_RELEASE, in the environment, names the release of Debian that the packages come from (bookworm, trixie); else it is this machine's.
#
# A recipe, roots/NAME.sh, is sourced here and gives
#   packages   what apt is asked for; it adds what those depend on
#   architecture  of the packages, where it is not this machine's (may be empty): i386
#   extras     packages that conflict with one of those (may be empty); only what `finish` takes out of them is used
#   finish ROOT-FOLDER EXTRAS-FOLDER    a function: what the packages' own scripts would have done
#
# A root lives in ${GATEPOST_CACHE:-~/.cache/gatepost} under the hash of its recipe. It is made beside and renamed, and `.complete` in it is
# the last thing that is written: one without that is made anew. Nobody writes into a root afterwards: what runs a server lays the folders
# that change over it.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${GATEPOST_CACHE:-${HOME:-/root}/.cache/gatepost}
packages="" extras="" architecture=""

# shellcheck source=tests/mta/debian.sh
. "$here/debian.sh"

die() {
    echo "root.sh: $*" >&2
    exit 1
}

case ${GATEPOST_RELEASE-} in
'' | bookworm | trixie) ;;
*) die "no release of Debian that is known here: $GATEPOST_RELEASE" ;;
esac
[ "${GATEPOST_RELEASE-}" = "$(. /etc/os-release && echo "${VERSION_CODENAME-}")" ] || debian_release=${GATEPOST_RELEASE-}

# own_lists: whether the machine's own lists of packages do not have what is wanted.
own_lists() {
    [ -n "$architecture$debian_release" ]
}

# apt_empty ARGUMENT...: apt-get on a machine with nothing installed, its downloads in $work.
apt_empty() {
    set -- -o Dir::State::status="$work/status" -o Dir::Cache::archives="$work/archives" -o APT::Install-Recommends=0 "$@"
    if own_lists; then
        debian_apt "${architecture:-$(dpkg --print-architecture)}" "$@"
    else
        apt-get -q -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User= -o Debug::NoLocking=1 "$@"
    fi
}

# update: brings the lists of packages up to date.
update() {
    if own_lists; then
        debian_update "${architecture:-$(dpkg --print-architecture)}"
    else
        $(command -v sudo || true) apt-get -q update
    fi
}

# unpack PACKAGE-FILE FOLDER; a symlink to a folder that is there stays one, which dpkg-deb -x does not promise.
unpack() {
    dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink --no-same-owner -C "$2"
}

# skeleton FOLDER: what base-files would bring: the merged /usr and the places to mount on.
skeleton() {
    mkdir -p "$1/usr/bin" "$1/usr/sbin" "$1/usr/lib" "$1/usr/lib64" "$1/etc" "$1/dev" "$1/proc" "$1/tmp" "$1/run" "$1/var"
    for folder in bin sbin lib lib64; do
        ln -s "usr/$folder" "$1/$folder"
    done
    : >"$1/etc/hosts"
    : >"$1/etc/resolv.conf"
    printf 'hosts: files dns\npasswd: files\ngroup: files\n' >"$1/etc/nsswitch.conf"
}

# path_of ROOT: where it lives. The hash is that of its recipe, of this file and debian.sh, of Debian's release and of the architecture.
path_of() {
    hash=$({
        cat "$here/root.sh" "$here/debian.sh" "$here/roots/$1.sh"
        if [ -n "$debian_release" ]; then echo "$debian_release"; else cat /etc/debian_version; fi
        dpkg --print-architecture
    } | sha256sum | cut -c1-16)
    echo "$cache/$1${debian_release:+-$debian_release}-$hash"
}

# is_complete FOLDER
is_complete() {
    [ -e "$1/.complete" ]
}

# recipe ROOT
recipe() {
    [ -e "$here/roots/$1.sh" ] || die "no recipe for '$1'; there are: $(cd "$here/roots" && echo *.sh | sed 's/\.sh//g')"
    # shellcheck source=/dev/null # which one, the caller says
    . "$here/roots/$1.sh"
}

# fetch: the recipe's packages into $work/archives, those that conflict into $work/extras.
fetch() {
    mkdir -p "$work/archives/partial" "$work/extras"
    : >"$work/status"
    # shellcheck disable=SC2086 # the lists are words
    apt_empty -y --download-only install $packages && { [ -z "$extras" ] || (cd "$work/extras" && apt_empty download $extras); }
}

# unpack_all FROM-FOLDER TO-FOLDER
unpack_all() {
    for package in "$1"/*.deb; do
        [ ! -e "$package" ] || unpack "$package" "$2"
    done
}

make_root() {
    [ "${DEPS-}" != no ] || die "there is no root $1 below $cache, and with DEPS=no nothing is fetched"
    work=$(mktemp -d "$cache/making.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    recipe "$1"
    echo "unpacking Debian's${debian_release:+ $debian_release} packages of $1 below $cache; nothing is installed" >&2
    fetch >"$work/log" 2>&1 || {
        rm -rf "$work/archives" "$work/extras"
        update >>"$work/log" 2>&1 && fetch >>"$work/log" 2>&1
    } || die "cannot fetch the packages of $1: $(tail -n 3 "$work/log")"
    skeleton "$work/root"
    unpack_all "$work/archives" "$work/root"
    mkdir "$work/more"
    unpack_all "$work/extras" "$work/more"
    finish "$work/root" "$work/more"
    chmod 755 "$work/root"
    : >"$work/root/.complete"
    rm -rf "$2"
    mv -T "$work/root" "$2"
}

# ensure ROOT: one process makes it, the others wait for that one. What one that was killed left behind a day ago is taken away.
ensure() {
    path=$(path_of "$1")
    mkdir -p "$cache"
    find "$cache" -maxdepth 1 -name 'making.*' -mmin +1440 -exec rm -rf {} +
    (
        flock 9
        is_complete "$path" || make_root "$1" "$path"
    ) 9>"$cache/$1${debian_release:+-$debian_release}.lock"
    echo "$path"
}

case ${1-} in
--prefetch)
    shift
    mkdir -p "$cache"
    for root in "$@"; do
        is_complete "$(path_of "$root")" || setsid "$0" "$root" >"$cache/$root.log" 2>&1 </dev/null &
    done
    ;;
-* | '') die "usage: root.sh NAME | --prefetch NAME..." ;;
*)
    recipe "$1"
    ensure "$1"
    ;;
esac
