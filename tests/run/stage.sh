# shellcheck shell=sh
# stage.sh: what the stages of `make check` share, with the counts of counts.sh; to be sourced from the top of the tree.
#
#   run_units GROUP NAMES [COMMAND…]  runs those unit tests, as many at a time as there are processors, each by COMMAND and its program, and
#                       counts their cases; one that dies is one more failure. Their outputs are $BUILD/GROUP/NAME.tap
#   unit_names          the names of the unit tests, except those for Windows
. tests/run/counts.sh

# Keep the folder's name as it was given: under another name make sees another folder, and then misses that a header changed.
BUILD=${BUILD:-build}
export BUILD

# A make above this script passes its job server down, which the makes that the stages start cannot reach.
unset MAKEFLAGS MFLAGS MAKELEVEL

run_units() {
    group=$1
    names=$2
    shift 2
    mkdir -p "$BUILD/$group"
    # cmocka prints TAP only at its end, so a program that died has printed nothing.
    # shellcheck disable=SC2016 # the inner shell expands it
    echo "$names" | xargs -P "$(nproc)" -I{} sh -c 'output=$1 && shift && status=0
        rm -f "$output.status"
        CMOCKA_MESSAGE_OUTPUT=TAP "$@" >"$output" 2>&1 || status=$?
        echo "$status" >"$output.status"' sh "$BUILD/$group/{}.tap" "$@" "$BUILD/unit/{}"
    for name in $names; do
        judge_unit "$group/$name" "$BUILD/$group/$name.tap" "$(cat "$BUILD/$group/$name.tap.status")"
    done
}

# judge_unit LABEL OUTPUT STATUS: LABEL is what messages call the test.
judge_unit() {
    label=$1
    output=$2
    status=$3
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
