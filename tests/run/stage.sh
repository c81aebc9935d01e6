# shellcheck shell=sh
# stage.sh: what the stages of `make check` share, with the counts of counts.sh; to be sourced from the top of the tree.
#
#   run_unit NAME COMMAND…  runs a cmocka program and counts its cases; one that dies is one failure more
#   unit_names          the names of the unit tests, those for Windows left out
. tests/run/counts.sh

# As it was given: make takes a folder by another name for another folder, and then misses that a header changed.
BUILD=${BUILD:-build}
export BUILD

# A make above us hands its job server down, which the makes that the stages start cannot reach.
unset MAKEFLAGS MFLAGS MAKELEVEL

# run_unit NAME COMMAND...: NAME is what messages call it.
run_unit() {
    label=$1
    shift
    output=$BUILD/$label.tap
    mkdir -p "$(dirname "$output")"
    status=0
    # cmocka prints TAP only when all is done: a program that died has said nothing.
    CMOCKA_MESSAGE_OUTPUT=TAP "$@" >"$output" 2>&1 || status=$?
    good=$(grep -c '^ok ' "$output" || true)
    # cmocka calls those "not ok" too that were skipped, and may put the name before or after the word.
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
