#!/bin/sh
# check-san.sh: the same tests under instruments: unit tests and sessions with the address and undefined sanitizers,
# what runs in threads with the thread sanitizer, and the plain unit tests under valgrind. Ends with
# "check-san: N passed, N failed".
set -eu

cd "$(dirname "$0")/.."
. tests/stage.sh

plain=$BUILD
units=$(unit_names)

# in_build NAME CFLAGS: from here on a build of its own.
in_build() {
    BUILD=$plain/$1
    CC=clang
    CFLAGS="-O1 -g -fno-omit-frame-pointer $2"
    export BUILD CC CFLAGS
}

# plugins LABEL [COMMAND...]: what check-plugins.sh says, COMMAND put before what runs our code.
plugins() {
    label=$1
    shift
    make -s -j2 BUILD="$BUILD" "$BUILD/gatepost" plugin-tests
    status=0
    RUN="$*" RUN_SLOWLY=1 tests/check-plugins.sh >"$BUILD/plugins.log" 2>&1 || status=$?
    counts=$(sed -n 's/^check-plugins: \([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$BUILD/plugins.log" | tail -n 1)
    good=${counts% *}
    bad=${counts#* }
    [ "$status" -eq 0 ] || [ "${bad:-0}" -gt 0 ] || bad=1
    passed=$((passed + ${good:-0}))
    failed=$((failed + ${bad:-1}))
    if [ "${bad:-1}" -gt 0 ]; then
        echo "FAILED $label"
        tail -n 60 "$BUILD/plugins.log" | sed 's/^/    /'
    else
        echo "ok $label: $good"
    fi
}

echo "address and undefined:"
in_build asan "-fsanitize=address,undefined -fno-sanitize-recover=all"
make -s -j2 BUILD="$BUILD" unit "$BUILD/gatepost"
for name in $units; do
    GATEPOST_SLOWNESS=3 run_unit "unit/$name" "$BUILD/unit/$name"
done
if [ -x tests/check-sessions.sh ]; then
    status=0
    tests/check-sessions.sh >"$BUILD/sessions.log" 2>&1 || status=$?
    counts=$(sed -n 's/^check-sessions: \([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$BUILD/sessions.log" | tail -n 1)
    good=${counts% *}
    bad=${counts#* }
    if [ "$status" -ne 0 ] && [ "${bad:-0}" -eq 0 ]; then
        bad=1
    fi
    passed=$((passed + ${good:-0}))
    failed=$((failed + ${bad:-1}))
    if [ "${bad:-1}" -gt 0 ]; then
        echo "FAILED check-sessions.sh with sanitizers"
        tail -n 60 "$BUILD/sessions.log" | sed 's/^/    /'
    else
        echo "ok sessions: $good"
    fi
fi

plugins plugins

echo "thread:"
in_build tsan "-fsanitize=thread"
plugins plugins setarch -R
for name in test_threads test_engine test_session test_plugin_engine test_regex; do
    make -s -j2 BUILD="$BUILD" "$BUILD/unit/$name"
    # Without randomised addresses: the sanitizer of clang 14 finds no room on kernels that spread them far.
    GATEPOST_SLOWNESS=2 run_unit "unit/$name" setarch -R "$BUILD/unit/$name"
done

echo "valgrind:"
BUILD=$plain
unset CC CFLAGS
make -s -j2 BUILD="$BUILD" unit
for name in $units; do
    # Its writers are killed before they could free anything, and that is all that would be found.
    [ "$name" = test_slots_crash ] && continue
    # The code that PCRE2 compiles looks at sixteen bytes at once, and valgrind cannot see which of them count.
    [ "$name" = test_regex ] && continue
    GATEPOST_SLOWNESS=50 run_unit "valgrind/$name" valgrind -q --error-exitcode=9 --leak-check=full \
        --errors-for-leak-kinds=definite,indirect,possible "$BUILD/unit/$name"
done
finish check-san
