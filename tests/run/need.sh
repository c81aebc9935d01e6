#!/bin/sh
# shellcheck disable=SC2317 # tests are handed to want by name
# need.sh SET...: makes sure that what a set of targets needs is on this machine; fetches it with apt, as root or with sudo.
#   build   compiler and libraries      demo   what runs an unpacked mail server and talks to it
#   corpus  what unpacks stored mail for the demo
#   test    cmocka, sanitizers, valgrind, cdb and the sets demo and corpus      lint   linters
#   bench   what the benches compare with        windows  the compiler and zlib for 32-bit Windows, and what unpacks sources
#   windows64  the same for 64-bit Windows      windows-zip  what makes the zip for Windows      pictures  a browser without a window
#
# Prints nothing if nothing is missing. Tools are recognised by what they provide, so hand-made ones count too. Status 1 if
# something is still missing at the end. Packages that apt did not find are not requested again until others are missing, or
# apt's lists have changed.
#
# DEPS=no: apt is never run; missing packages are named, and the status is 0.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
BUILD=${BUILD:-build}
log=$BUILD/deps.log
unfound=$BUILD/deps.unfound.$(echo "$*" | tr " " -)
scratch=$(mktemp)
trap 'rm -f "$scratch"' EXIT
trap 'exit 1' HUP INT TERM PIPE
missing=""

# want PACKAGE TEST...: PACKAGE is missing unless TEST succeeds.
want() {
    package=$1
    shift
    case " $missing " in *" $package "*) return ;; esac
    "$@" >/dev/null 2>&1 || missing="$missing $package"
}

has_header() {
    [ -e "/usr/include/$1" ] || [ -e "/usr/local/include/$1" ]
}

has_library() {
    for folder in /usr/lib /usr/local/lib /usr/lib/*-linux-gnu; do
        [ -e "$folder/$1" ] && return 0
    done
    return 1
}

has_fuzzer() {
    echo 'int LLVMFuzzerTestOneInput(const char *, unsigned long); int LLVMFuzzerTestOneInput(const char *p, unsigned long n) { return p && n > 9; }' |
        clang -fsanitize=fuzzer,address -x c - -o "$scratch"
}

need() {
    case $1 in
    build)
        # shellcheck disable=SC2086 # a compiler may come with words
        want gcc ${CC:-cc} --version
        want libc6-dev has_header stdio.h
        want libcdb-dev "$here/libcdb.sh"
        want zlib1g-dev has_header zlib.h
        want libmilter-dev has_header libmilter/mfapi.h
        want libpcre2-dev has_library libpcre2-8.a
        want libc-ares-dev has_library libcares.a
        ;;
    demo)
        want python3-minimal python3 -c 'import os, re, select, socket, struct, sys, threading, time'
        want iproute2 command -v ip
        want util-linux command -v unshare
        want mawk command -v awk
        ;;
    corpus)
        want xz-utils command -v xz
        ;;
    test)
        need demo
        need corpus
        want libcmocka-dev has_header cmocka.h
        want clang command -v clang
        want libclang-rt-dev has_fuzzer
        # Sanitizers name functions by it, in reports and in what they are told to pass over.
        want llvm command -v llvm-symbolizer
        want valgrind command -v valgrind
        want tinycdb command -v cdb
        want pkgconf command -v pkg-config
        want mandoc command -v mandoc
        want python3 python3 -c 'import ctypes, ipaddress, subprocess, tempfile'
        ;;
    bench)
        want liblmdb-dev has_header lmdb.h
        ;;
    pictures)
        want chromium command -v chromium
        ;;
    windows-zip)
        want zip command -v zip
        want unzip command -v unzip
        want lowdown command -v lowdown
        want mandoc command -v mandoc
        ;;
    windows | windows64)
        machine=i686
        [ "$set" = windows ] || machine=x86_64
        want "gcc-mingw-w64-$(echo $machine | tr _ -)" command -v "$machine-w64-mingw32-gcc"
        want libz-mingw-w64-dev test -e "/usr/$machine-w64-mingw32/lib/libz.a"
        want dpkg-dev command -v dpkg-source
        want debian-archive-keyring test -e /usr/share/keyrings/debian-archive-keyring.gpg
        ;;
    lint)
        want clang-format command -v clang-format
        want clang-tidy command -v clang-tidy
        want cppcheck command -v cppcheck
        want mandoc command -v mandoc
        want shellcheck command -v shellcheck
        want python3-minimal python3 -c 'import argparse, os, re, subprocess'
        ;;
    *)
        echo "need.sh: unknown set '$1'" >&2
        exit 2
        ;;
    esac
}

# give_up WHY: says what to do if apt cannot help.
give_up() {
    echo "gatepost needs these Debian packages:$missing - $1. 'make DEPS=no' goes on without them." >&2
    exit 1
}

# What apt's answer depends on: the request, and its lists.
question() {
    echo "$missing"
    find /etc/apt/sources.list /etc/apt/sources.list.d /var/lib/apt/lists -type f ! -path '*/partial/*' ! -name lock -printf '%p %s %T@\n' 2>/dev/null |
        sort
}

# get WORD...: apt-get as root, without output.
get() {
    DEBIAN_FRONTEND=noninteractive $root apt-get -q -y -o DPkg::Use-Pty=0 -o DPkg::Lock::Timeout=600 "$@" >>"$log" 2>&1 </dev/null
}

# unknown: those missing packages that apt's lists do not have.
unknown() {
    for package in $missing; do
        [ -n "$(apt-cache show --no-all-versions "$package" 2>/dev/null)" ] || printf ' %s' "$package"
    done
}

# fetch PACKAGE...: prints how many packages these are, with those that they need, and how much must be downloaded, and
# installs them. Old lists may name files that no longer exist.
fetch() {
    apt-get --print-uris -qq -y --no-install-recommends install "$@" 2>/dev/null |
        awk '/^.http/ { n++; bytes += $(NF - 1) } END { if (n) printf "fetching %d Debian packages, %.0f MB, for: ", n, bytes / 1e6 }' >&2
    echo "$*" >&2
    get --no-install-recommends install "$@" || { get update && get --no-install-recommends install "$@"; } ||
        give_up "apt could not fetch them: $(grep -m 1 '^E:' "$log"); see $log"
}

look() {
    missing=""
    for set in "$@"; do
        need "$set"
    done
}

look "$@"
[ -n "$missing" ] || exit 0
case ${DEPS-} in
no)
    echo "missing, and with DEPS=no not fetched:$missing" >&2
    exit 0
    ;;
esac
command -v apt-get >/dev/null || give_up "there is no apt-get here; install what they contain by hand"
[ -z "${FAKEROOTKEY-}" ] || give_up "fakeroot installs nothing"
root=""
if [ "$(id -u)" -ne 0 ]; then
    root=$(command -v sudo) || give_up "install them as root: apt-get install$missing"
fi
mkdir -p "$BUILD"
if [ -e "$unfound" ] && [ "$(question)" = "$(cat "$unfound")" ]; then
    give_up "apt was asked for them before, and its lists are as they were then ('apt-get update' fetches new ones); see $log"
fi
rm -f "$unfound"
: >"$log"
[ -z "$(unknown)" ] || get update || true
rest=$(unknown)
found=""
for package in $missing; do
    case " $rest " in *" $package "*) ;; *) found="$found $package" ;; esac
done
# shellcheck disable=SC2086 # the list is words
[ -z "$found" ] || fetch $found
look "$@"
[ -n "$missing" ] || exit 0
question >"$unfound"
[ -z "$rest" ] || give_up "apt does not know$rest; see $log"
give_up "apt has installed them, and yet what is wanted of them is not there; see $log"
