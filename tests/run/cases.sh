# shellcheck shell=sh
# cases.sh: the cases of a script and their count (counts.sh); to be sourced from the top of the tree.
#
#   check NAME FUNCTION ARGUMENT...   one case; it passes if FUNCTION succeeds
#                                     With GATEPOST_CASES, a basic regular expression, only cases whose NAME it matches are tried
#   missed WHAT                       called by FUNCTION to report why it fails; always false
#   part LOG SCRIPT ARGUMENT...       another script of cases, which ends with a line of counts under its own name; LOG gets its
#                                     output
. tests/run/counts.sh

why=""

check() {
    name=$1
    shift
    why=""
    if [ -n "${GATEPOST_CASES-}" ] && ! printf '%s\n' "$name" | grep -q -- "$GATEPOST_CASES"; then
        return
    fi
    if "$@"; then
        passed=$((passed + 1))
        printf 'ok - %s\n' "$name"
    else
        failed=$((failed + 1))
        printf 'not ok - %s: %s\n' "$name" "$why"
    fi
}

missed() {
    why="$*"
    return 1
}

part() {
    part_log=$1
    shift
    {
        part_status=0
        "$@" 2>&1 </dev/null || part_status=$?
        echo "$part_status" >"$part_log.status"
    } | tee "$part_log"
    counts_read "$(basename "$1" .sh)" "$part_log" "$(cat "$part_log.status")"
    counts_add
}
