# shellcheck shell=sh
# counts.sh: how a script of cases counts them, and its last line, "NAME: N passed, N failed" or "NAME: N passed, N failed, N
# skipped"; to be sourced.
#
#   passed, failed, skipped   the counts so far
#   skip NAME REASON          a case that cannot be tried here. The line it prints, "skipped - NAME # REASON", must reach the stage's
#                             output: check.sh repeats the reasons at its end
#   counts_read NAME LOG STATUS   the last counts of the script NAME in LOG: sets part_passed, part_failed and part_skipped. A script that
#                             printed none ($part_counts is empty then), or ended badly though nothing failed, is one more failure
#   counts_add                adds those to the counts
#   counts_line               prints "N passed, N failed", with ", N skipped" if there are any
#   finish NAME               prints the last line of the script NAME, and sets its exit status

passed=0
failed=0
skipped=0

skip() {
    skipped=$((skipped + 1))
    echo "skipped - $1 # $2"
}

counts_read() {
    part_counts=$(sed -n -e "s/^$1: \([0-9]\{1,\}\) passed, \([0-9]\{1,\}\) failed\$/\1 \2 0/p" \
        -e "s/^$1: \([0-9]\{1,\}\) passed, \([0-9]\{1,\}\) failed, \([0-9]\{1,\}\) skipped\$/\1 \2 \3/p" "$2" | tail -n 1)
    part_passed=${part_counts%% *} part_skipped=${part_counts##* } part_failed=${part_counts#* }
    part_failed=${part_failed% *}
    [ -n "$part_counts" ] || part_passed=0 part_skipped=0 part_failed=1
    if [ "$3" -ne 0 ] && [ "$part_failed" -eq 0 ]; then
        part_failed=1
    fi
}

counts_add() {
    passed=$((passed + part_passed))
    failed=$((failed + part_failed))
    skipped=$((skipped + part_skipped))
}

counts_line() {
    if [ "$skipped" -gt 0 ]; then
        echo "$passed passed, $failed failed, $skipped skipped"
    else
        echo "$passed passed, $failed failed"
    fi
}

finish() {
    echo "$1: $(counts_line)"
    [ "$failed" -eq 0 ]
}
