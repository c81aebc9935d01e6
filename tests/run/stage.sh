# shellcheck shell=sh
# stage.sh: what the stages of `make check` share, with the counts of counts.sh; to be sourced from the top of the tree.
#
#   run_unit NAME COMMAND…  runs a cmocka program and counts its cases; one that dies is one more failure
#   unit_names          the names of the unit tests, except those for Windows
. tests/run/counts.sh

# Keep the folder's name as it was given: under another name make sees another folder, and then misses that a header changed.
BUILD=${BUILD:-build}
export BUILD

# A make above this script passes its job server down, which the makes that the stages start cannot reach.
unset MAKEFLAGS MFLAGS MAKELEVEL

# run_unit NAME COMMAND...: NAME is what messages call it.
run_unit() {
    label=$1
    shift
    output=$BUILD/$label.tap
    mkdir -p "$(dirname "$output")"
    status=0
    # cmocka prints TAP only at its end, so a program that died has printed nothing.
    CMOCKA_MESSAGE_OUTPUT=TAP "$@" >"$output" 2>&1 || status=$?
    good=$(grep -c '^ok ' "$output" || true)
    # cmocka also prints "not ok" for skipped tests, with the name before or after the word.
    bad=$(grep '^not ok ' "$output" | grep -vc '# SKIP' || true)
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
        bad=1
    fi
    passed=$((passed + good))
    failed=$((failed + bad))
    # shellcheck disable=SC2013 # the names of tests are words
    for case in $(sed -n -e 's/^not ok [0-9]* # SKIP *//p' -e 's/^not ok [0-9]* - \(.*\) # SKIP.*/\1/p' "$output"); do
        skip "$label: $case" "neither this user nor this kernel can try it"
    done
    if [ "$bad" -gt 0 ]; then
        echo "FAILED $label (status $status)"
        sed 's/^/    /' "$output" | tail -n 60
    else
        echo "ok $label: $good"
    fi
}

unit_names() {
    for source in tests/unit/*/test_*.c; do
        case $source in
        *_win32.c) ;;
        *) basename "$source" .c ;;
        esac
    done
}
