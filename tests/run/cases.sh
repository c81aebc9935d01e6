# shellcheck shell=sh
# shellcheck disable=SC2034 # what is set here and not used is for the caller
# cases.sh: the cases of a script and their count; to be sourced.
#
#   check NAME FUNCTION ARGUMENT...   one case; it holds if FUNCTION succeeds
#   missed WHAT                       what FUNCTION says when it fails; always false
#   part LOG SCRIPT ARGUMENT...       another script of cases, which ends with "NAME: N passed, N failed"; LOG is left with what
#                                     it said. One that ends without that line is one failure more.
#   passed, failed                    the counts so far

passed=0
failed=0
why=""

check() {
    name=$1
    shift
    why=""
    if "$@"; then
        passed=$((passed + 1))
        echo "ok - $name"
    else
        failed=$((failed + 1))
        echo "not ok - $name: $why"
    fi
}

missed() {
    why="$*"
    return 1
}

part() {
    part_log=$1
    shift
    { "$@" 2>&1 </dev/null || echo "status $?"; } | tee "$part_log"
    counts=$(sed -n "s/^$(basename "$1" .sh): \([0-9]*\) passed, \([0-9]*\) failed\$/\1 \2/p" "$part_log" | tail -n 1)
    counts=${counts:-0 1}
    if [ "${counts#* }" -eq 0 ] && grep -q '^status ' "$part_log"; then
        counts="${counts% *} 1"
    fi
    passed=$((passed + ${counts% *}))
    failed=$((failed + ${counts#* }))
}
