#!/bin/sh
# unit.sh [--inside]: the unit tests and the fuzz targets over their corpora as one program of Windows, under Wine.
#
# --inside: the caller was started by tests/mta/netns.sh already; it may have a Wine (tests/mta/wine.sh) to share. Prints a line
# for each test and target and, last, "unit: N passed, N failed". WINE_BITS says for which Windows
# (wine.sh). Needs $BUILD/mercury/unit.exe (make mercury-unit), for 64 bits $BUILD/mercury64/unit.exe.
set -eu

cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
export BUILD

. tests/run/counts.sh
. tests/mta/wine.sh
if [ "${1-}" != --inside ]; then
    tests/mta/wine_root.sh "$(wine_root_name)" >/dev/null
    exec tests/mta/netns.sh "$PWD/tests/mercury/unit.sh" --inside
fi
trap wine_stop EXIT
wine_setup "$BUILD/mta/mercury$WINE_BITS-wine"

# Every call that concerns a file goes through Wine's one server.
export GATEPOST_SLOWNESS="${GATEPOST_SLOWNESS:-21}"

program=$BUILD/mercury${WINE_BITS#32}/unit.exe
output=$BUILD/mercury${WINE_BITS#32}/unit.out

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
finish unit
