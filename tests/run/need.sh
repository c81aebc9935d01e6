#!/bin/sh
# need.sh SET...: makes sure that what a set of targets needs is on this machine; fetches it with apt, as root or with sudo.
#   build   compiler and libraries      test   cmocka, sanitizers, valgrind, cdb      lint   linters
#   bench   what we are timed beside        windows  the compiler and zlib for 32-bit Windows, and what unpacks sources
#   windows64  the same for 64-bit Windows
# Prints nothing when all is there. Tools are looked for by what they provide, so that hand-made ones count too.
set -eu

missing=""

# want PACKAGE TEST...: PACKAGE is missing unless TEST succeeds.
want() {
    package=$1
    shift
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
    runtime=$(clang -print-runtime-dir 2>/dev/null) && [ -e "$runtime/libclang_rt.fuzzer-x86_64.a" ]
}

for set in "$@"; do
    case $set in
    build)
        want gcc command -v "${CC:-cc}"
        want libc6-dev has_header stdio.h
        want libcdb-dev has_library libcdb_pic.a
        want zlib1g-dev has_header zlib.h
        want libmilter-dev has_header libmilter/mfapi.h
        want libpcre2-dev has_library libpcre2-8.a
        want libc-ares-dev has_library libcares.a
        ;;
    test)
        want libcmocka-dev has_header cmocka.h
        want clang command -v clang
        want libclang-rt-14-dev has_fuzzer
        want valgrind command -v valgrind
        want tinycdb command -v cdb
        want xz-utils command -v xz
        want pkgconf command -v pkg-config
        want mandoc command -v mandoc
        want python3 python3 -c 'import ctypes'
        want iproute2 command -v ip
        want util-linux command -v unshare
        ;;
    bench)
        want liblmdb-dev has_header lmdb.h
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
        ;;
    *)
        echo "need.sh: unknown set '$set'" >&2
        exit 2
        ;;
    esac
done

[ -z "$missing" ] && exit 0

run=""
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || {
        echo "gatepost needs these Debian packages:$missing - install them as root: apt-get install$missing" >&2
        exit 1
    }
    run="sudo"
fi
echo "fetching Debian packages:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # the list is words
{ $run apt-get update -qq && $run apt-get install -y -qq --no-install-recommends $missing; } >&2
