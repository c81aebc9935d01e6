#!/bin/sh
# check-mercury.sh: the daemon for Mercury/32 and the command, as programs of Windows, in Wine. A test host (tests/mercury)
# calls the daemon as Mercury does; each script of cases there says what it tests.
#
# Mercury loads 32-bit code. If this machine's kernel runs 32-bit programs (tests/mta/runs32.sh), everything runs in 32-bit
# Wine, and the dialogues and unit tests run once more as 64-bit programs. If it does not, the same sources, built for 64
# bits, run everything in 64-bit Wine, and what is special about the 32-bit files is read from them (interface.sh).
#
# Prints one line per case and, last, "check-mercury: N passed, N failed", with ", N skipped" for the scripts that could not
# run. Needs $BUILD/gatepost, $BUILD/gatepost-exim.so, and gatepost.dll, gatepost.exe, host.exe and unit.exe in $BUILD/mercury
# and $BUILD/mercury64.
set -eu

cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
export BUILD
if [ "${1-}" != --inside ]; then
    missing32=$(tests/mta/runs32.sh) || true
    [ -n "$missing32" ] || tests/mta/wine_root.sh wine >/dev/null
    tests/mta/wine_root.sh wine64 >/dev/null
    tests/mta/root.sh exim >/dev/null
    exec tests/mta/netns.sh "$PWD/tests/stages/check-mercury.sh" --inside "$missing32"
fi
missing32=$2
. tests/run/cases.sh

everything="dialogues oddities visits running package command unit"

# in_wine BITS SCRIPT...: runs these scripts in one Wine.
in_wine() {
    rm -f "$BUILD/mta/mercury-counts"
    (
        WINE_BITS=$1
        . tests/mta/wine.sh
        shift
        trap wine_stop EXIT
        wine_setup "$BUILD/mta/mercury$WINE_BITS-wine" || exit 1
        for script in "$@"; do
            began=$(date +%s)
            part "$BUILD/mta/mercury$WINE_BITS-$script.log" "tests/mercury/$script.sh" --inside
            echo "$script, $WINE_BITS bits: $(($(date +%s) - began)) seconds"
        done
        echo "$passed $failed $skipped" >"$BUILD/mta/mercury-counts"
    ) || true
    if [ -e "$BUILD/mta/mercury-counts" ]; then
        read -r passed failed skipped <"$BUILD/mta/mercury-counts"
    else
        failed=$((failed + 1))
        echo "not ok - Wine for $1 bits cannot be used"
    fi
}

mkdir -p "$BUILD/mta"
part "$BUILD/mta/mercury-interface.log" tests/mercury/interface.sh
if [ -z "$missing32" ]; then
    # shellcheck disable=SC2086 # the list is words
    in_wine 32 $everything
    in_wine 64 dialogues unit
else
    # shellcheck disable=SC2086 # the list is words
    in_wine 64 $everything
    for script in $everything; do
        skip "$script in 32-bit Wine" "$missing32"
    done
fi

finish check-mercury
