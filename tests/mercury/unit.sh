#!/bin/sh
# unit.sh [--inside]: the unit tests and the fuzz targets over their corpora as one program of 32-bit Windows, under Wine.
#
# --inside: the caller was started by tests/mta/netns.sh already; it may have a Wine (tests/mta/wine.sh) to share. Prints a line
# for each test and target and, last, "unit: N passed, N failed". Needs $BUILD/mercury/unit.exe (make mercury-unit).
set -eu

cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
export BUILD

if [ "${1-}" != --inside ]; then
    tests/mta/root.sh wine >/dev/null
    exec tests/mta/netns.sh "$PWD/tests/mercury/unit.sh" --inside
fi

. tests/mta/wine.sh
trap wine_stop EXIT
wine_setup "$BUILD/mta/wine-unit"

# Every call that concerns a file goes through Wine's one server.
export GATEPOST_SLOWNESS="${GATEPOST_SLOWNESS:-21}"

program=$BUILD/mercury/unit.exe
output=$BUILD/mercury/unit.out
passed=0
failed=0

# run ARGUMENT...: shows what the program says and adds its sum to ours.
run() {
    status=0
    wine_run "$program" "$@" >"$output" 2>&1 </dev/null || status=$?
    tr -d '\r' <"$output" >"$output.txt"
    counts=$(sed -n 's/^\([0-9][0-9]*\) passed, \([0-9][0-9]*\) failed$/\1 \2/p' "$output.txt" | tail -n 1)
    sed '/^[0-9][0-9]* passed, [0-9][0-9]* failed$/d' "$output.txt"
    if [ -z "$counts" ] || { [ "$status" -ne 0 ] && [ "${counts#* }" -eq 0 ]; }; then
        echo "FAILED unit.exe $* (status $status)"
        failed=$((failed + 1))
    fi
    [ -n "$counts" ] || return 0
    passed=$((passed + ${counts% *}))
    failed=$((failed + ${counts#* }))
}

run
run --fuzz tests/fuzz/corpus
echo "unit: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
