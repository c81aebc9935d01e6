#!/bin/sh
# sanitizers.sh: what protocol.sh, process.sh and load.sh do, with gatepost-milter and gatepost.so built for the address and
# undefined sanitizers, then for the thread sanitizer. Ends with "sanitizers: N passed, N failed".
set -eu

cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
unset MAKEFLAGS MFLAGS MAKELEVEL
plain=$BUILD
. tests/run/counts.sh

# under NAME CFLAGS COMMAND...: builds, and runs the three parts by COMMAND.
under() {
    name=$1
    flags="-O1 -g -fno-omit-frame-pointer $2"
    shift 2
    BUILD=$plain/$name
    export BUILD
    make -s BUILD="$BUILD" CC=clang CFLAGS="$flags" "$BUILD/gatepost.so" "$BUILD/gatepost-milter"
    for part in protocol process load; do
        log=$BUILD/milter-$part.log
        status=0
        GATEPOST_SLOWNESS=10 GATEPOST_SESSIONS=5000 "$@" tests/milter/$part.sh >"$log" 2>&1 || status=$?
        counts_read "$part" "$log" "$status"
        counts_add
        grep '^skipped - ' "$log" || true
        if [ "$part_failed" -gt 0 ]; then
            echo "not ok - $part with $name:"
            grep -v '^ok' "$log" | tail -n 60 | sed 's/^/    /'
        else
            echo "ok - $part with $name: $part_passed"
        fi
    done
}

# libmilter is not instrumented, and need not be: the address sanitizer sees what it allocates and frees, the thread sanitizer
# its mutexes.
# The command that makes the tables is the plain one.
export GATEPOST_COMMAND="$plain/gatepost"
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1
under asan "-fsanitize=address,undefined -fno-sanitize-recover=all" env
# Without randomised addresses: the sanitizer of clang 14 finds no room on kernels that spread them far.
under tsan "-fsanitize=thread" setarch -R
finish sanitizers
