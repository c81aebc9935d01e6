#!/bin/sh
# check-san.sh: the same tests under instruments: unit tests and sessions with the address and undefined sanitizers, programs
# with threads with the thread sanitizer, and the plain unit tests under valgrind. Ends with "check-san: N passed, N failed".
set -eu

cd "$(dirname "$0")/../.."
. tests/run/stage.sh

plain=$BUILD
units=$(unit_names)

# in_build NAME CFLAGS: from here on uses another build.
in_build() {
    BUILD=$plain/$1
    CC=clang
    CFLAGS="-O1 -g -fno-omit-frame-pointer $2"
    export BUILD CC CFLAGS
}

# stage NAME: counts the cases of tests/stages/check-NAME.sh, and shows the end of its output if one failed.
stage() {
    log=$BUILD/$1.log
    status=0
    "tests/stages/check-$1.sh" >"$log" 2>&1 || status=$?
    counts_read "check-$1" "$log" "$status"
    counts_add
    grep '^skipped - ' "$log" || true
    if [ "$part_failed" -gt 0 ]; then
        echo "FAILED $1 (status $status)"
        tail -n 60 "$log" | sed 's/^/    /'
    else
        echo "ok $1: $part_passed"
    fi
}

# plugins [COMMAND...]: with COMMAND put before commands that run our code.
plugins() {
    make -s BUILD="$BUILD" "$BUILD/gatepost" plugin-tests
    export RUN="$*" RUN_SLOWLY=1
    stage plugins
    unset RUN RUN_SLOWLY
}

echo "address and undefined:"
in_build asan "-fsanitize=address,undefined -fno-sanitize-recover=all"
make -s BUILD="$BUILD" unit "$BUILD/gatepost"
GATEPOST_SLOWNESS=3 run_units unit "$units"
stage sessions
plugins

echo "thread:"
in_build tsan "-fsanitize=thread"
plugins setarch -R
threaded="test_threads test_engine test_session test_plugin_engine test_regex"
for name in $threaded; do
    make -s BUILD="$BUILD" "$BUILD/unit/$name"
done
# Without randomised addresses: the sanitizer of clang 14 finds no room on kernels that spread them far.
GATEPOST_SLOWNESS=2 run_units unit "$(echo "$threaded" | tr ' ' '\n')" setarch -R

echo "valgrind:"
BUILD=$plain
unset CC CFLAGS
make -s BUILD="$BUILD" unit
# The writers of test_slots_crash are killed before they can free anything, and valgrind would find nothing but that. The code that PCRE2
# compiles for test_regex reads sixteen bytes at once, and valgrind cannot see which of them count.
GATEPOST_SLOWNESS=50 run_units valgrind "$(echo "$units" | grep -vx -e test_slots_crash -e test_regex)" valgrind -q --error-exitcode=9 \
    --leak-check=full --errors-for-leak-kinds=definite,indirect,possible
finish check-san
