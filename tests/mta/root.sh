#!/bin/sh
# root.sh: makes folders to chroot into, each with one real mail server unpacked from Debian packages. Nothing is installed on
# this machine: apt only resolves the packages against an empty list of installed ones and fetches them.
#
#   root.sh exim           prints the path of that root, and makes it first if it is missing
#   root.sh --prefetch     makes all roots that are missing, in the background; returns at once
#
# A root lives in ${GATEPOST_CACHE:-~/.cache/gatepost} under the hash of its recipe, and is complete as soon as it has its name.
# Nobody writes into a root afterwards: tests/mta/exim.sh lays the folders that change over it.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${GATEPOST_CACHE:-${HOME:-/root}/.cache/gatepost}
roots="exim"

# packages ROOT: what apt is asked for; it adds what those depend on.
packages() {
    case $1 in
    exim) echo "exim4-daemon-heavy exim4-base exim4-config exim4-dev dash coreutils sed grep mawk debianutils util-linux base-passwd libc-bin" ;;
    *) die "no recipe for '$1'; there are: $roots" ;;
    esac
}

# extras ROOT: packages that conflict with one of the above; only what finish_ROOT takes out of them is used.
extras() {
    case $1 in
    exim) echo "exim4-daemon-light" ;;
    esac
}

# finish_exim ROOT-FOLDER EXTRAS-FOLDER: the light daemon beside the heavy one, and the user that both were built for.
finish_exim() {
    mv "$2/usr/sbin/exim4" "$1/usr/sbin/exim4-light"
    cp "$1/usr/sbin/exim4" "$1/usr/sbin/exim4-heavy"
    cp "$1/usr/share/base-passwd/passwd.master" "$1/etc/passwd"
    cp "$1/usr/share/base-passwd/group.master" "$1/etc/group"
    echo 'Debian-exim:x:102:105::/var/spool/exim4:/usr/sbin/nologin' >>"$1/etc/passwd"
    echo 'Debian-exim:x:105:' >>"$1/etc/group"
    printf 'mail.example.com\n' >"$1/etc/mailname"
    mkdir -p "$1/var/spool/exim4" "$1/var/log/exim4" "$1/etc/gatepost" "$1/var/lib/gatepost" "$1/usr/local/lib/gatepost"
}

die() {
    echo "root.sh: $*" >&2
    exit 1
}

# apt_empty ARGUMENT...: apt-get on a machine with nothing installed, its downloads in $work.
apt_empty() {
    apt-get -q -o Dir::State::status="$work/status" -o Dir::Cache::archives="$work/archives" -o Dir::Cache::pkgcache= \
        -o Dir::Cache::srcpkgcache= -o APT::Install-Recommends=0 -o APT::Sandbox::User= -o Debug::NoLocking=1 "$@"
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

# path_of ROOT: where it lives. The recipe is this file, the release of Debian and the architecture.
path_of() {
    hash=$({ cat "$here/root.sh" /etc/debian_version && dpkg --print-architecture; } | sha256sum | cut -c1-16)
    echo "$cache/$1-$hash"
}

# fetch ROOT: its packages into $work/archives, those that conflict into $work/extras.
fetch() {
    mkdir -p "$work/archives/partial" "$work/extras"
    : >"$work/status"
    # shellcheck disable=SC2046 # the lists are words
    apt_empty -y --download-only install $(packages "$1") && (cd "$work/extras" && apt_empty download $(extras "$1"))
}

make_root() {
    work=$(mktemp -d "$cache/making.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    fetch "$1" >"$work/log" 2>&1 || {
        rm -rf "$work/archives" "$work/extras"
        $(command -v sudo || true) apt-get -q update >>"$work/log" 2>&1 && fetch "$1" >>"$work/log" 2>&1
    } || die "cannot fetch the packages of $1: $(tail -n 3 "$work/log")"
    skeleton "$work/root"
    for package in "$work"/archives/*.deb; do
        unpack "$package" "$work/root"
    done
    mkdir "$work/more"
    for package in "$work"/extras/*.deb; do
        unpack "$package" "$work/more"
    done
    "finish_$1" "$work/root" "$work/more"
    chmod 755 "$work/root"
    mv -T "$work/root" "$2"
}

# ensure ROOT: one process makes it, the others wait for that one.
ensure() {
    path=$(path_of "$1")
    mkdir -p "$cache"
    (
        flock 9
        [ -d "$path" ] || make_root "$1" "$path"
    ) 9>"$cache/$1.lock"
    echo "$path"
}

case ${1-} in
--prefetch)
    mkdir -p "$cache"
    for root in $roots; do
        [ -d "$(path_of "$root")" ] || setsid "$0" "$root" >"$cache/$root.log" 2>&1 </dev/null &
    done
    ;;
-* | '') die "usage: root.sh NAME | --prefetch" ;;
*)
    packages "$1" >/dev/null
    ensure "$1"
    ;;
esac
