#!/bin/sh
# running.sh [--inside]: the daemon under load, and while the command and people change what it works on (host.sh).
set -eu

cd "$(dirname "$0")/../.."
script=running
. tests/mercury/host.sh

# Eight threads, a thousand sessions each; memory after the first two thousand in all, when the table of sessions is full of those
# that gave up without a word, and after the last. What is open at the time of counting differs by some ten kilobytes; a leak of twenty bytes a session would show.
many_sessions_at_once() {
    small soak
    host_run <<EOF || return 1
start $work/soak/gatepost.conf
soak 8 1000
stop
EOF
    grep -E '^(after 2000|after 8000|soak)' "$work/out"
    heard "soak: 8000 sessions" && heard ", 0 wrong" && heard "closedown 0, 0 handlers" || return 1
    first=$(sed -n 's/^after 2000 sessions: \([0-9]*\) bytes.*/\1/p' "$work/out")
    last=$(sed -n 's/^after 8000 sessions: \([0-9]*\) bytes.*/\1/p' "$work/out")
    [ $((last - first)) -le 131072 ] || missed "memory grew from $first to $last bytes"
}

# Two events of one session at once wait for each other; one within another is let go.
events_of_one_session_at_once() {
    small soak
    host_run <<EOF && heard "collide: 0 wrong, 0 from within, -1 after it"
start $work/soak/gatepost.conf
collide 8
stop
EOF
}

# Mercury ends while sessions are at it; then it starts again.
closes_while_sessions_go_on() {
    small soak
    host_run <<EOF || return 1
start $work/soak/gatepost.conf
soak-and-stop 8
start $work/soak/gatepost.conf
soak 8 20
stop
unload
EOF
    heard_times 2 "closedown 0, 0 handlers" && heard_times 2 "startup 1, 12 handlers" && heard ", 0 wrong" && heard unloaded
}

command_sees_and_changes_the_list() {
    small shared
    cat >"$work/shared/trap.smtp" <<'EOF'
connect 203.0.113.40 unknown
S: 220
C: EHLO dsl.example.net
C: MAIL FROM:<zombie@example.net>
C: RCPT TO:<sugar@example.com>
S: 554
S: closed
EOF
    printf 'connect 203.0.113.40 unknown\nS: 554 5.7.1 Connection refused because of short-term restriction\nS: closed\n' >"$work/shared/refused.smtp"
    printf 'connect 203.0.113.40 unknown\nS: 220\nC: QUIT\nS: 221\n' >"$work/shared/served.smtp"
    host_begin "$work/shared/gatepost.conf"
    host_say "play $work/shared/trap.smtp"
    host_say "play $work/shared/refused.smtp"
    win blocks list --config "$work/shared/gatepost.conf" >"$work/list"
    win blocks export --format mercury-acl --config "$work/shared/gatepost.conf" >"$work/new.acl"
    win table make --from mercury-acl --kind block "$work/new.acl" "$work/shared/new.cdb" >"$work/made"
    win table get "$work/shared/new.cdb" 203.0.113.40 >"$work/got"
    "$gatepost" blocks list --state-dir "$work/shared/state" >"$work/list_here"
    win blocks remove --config "$work/shared/gatepost.conf" 203.0.113.40 >"$work/removed"
    host_say "play $work/shared/served.smtp"
    win blocks add --config "$work/shared/gatepost.conf" 203.0.113.40 >"$work/added"
    host_say "play $work/shared/refused.smtp"
    host_end && heard_counts || return 1
    grep -q '^203.0.113.40 ' "$work/list" || missed "the list was: $(cat "$work/list")" || return 1
    grep -q '^1 203.0.113.40 ; gatepost.conf:' "$work/new.acl" || missed "exported was: $(cat "$work/new.acl")" || return 1
    grep -q '^554 ' "$work/got" || missed "read back was: $(cat "$work/made" "$work/got")" || return 1
    grep -q '^203.0.113.40 ' "$work/list_here" || missed "this machine's command saw: $(cat "$work/list_here")"
}

# The list that this machine's command made is obeyed by the daemon, and the other way round.
state_is_shared_with_this_machine() {
    small both
    "$gatepost" blocks add --config "$work/both/gatepost.conf" 203.0.113.41 >"$work/added" 2>&1 || missed "$(cat "$work/added")" || return 1
    cat >"$work/both/a.smtp" <<'EOF'
connect 203.0.113.41 unknown
S: 554 5.7.1 Connection refused because of short-term restriction
connect 203.0.113.42 unknown
C: EHLO dsl.example.net
C: MAIL FROM:<zombie@example.net>
C: RCPT TO:<sugar@example.com>
S: 554
EOF
    host_run <<EOF && heard_counts || return 1
start $work/both/gatepost.conf
play $work/both/a.smtp
stop
EOF
    "$gatepost" blocks list --state-dir "$work/both/state" >"$work/list_here"
    win blocks list --state-dir "$work/both/state" >"$work/list_windows"
    for list in "$work/list_here" "$work/list_windows"; do
        grep -q '^203.0.113.41 ' "$list" && grep -q '^203.0.113.42 ' "$list" || missed "a list was: $(cat "$list")" || return 1
    done
    "$gatepost" stats --state-dir "$work/both/state" >"$work/stats_here" 2>&1 || missed "$(cat "$work/stats_here")"
}

# The ways in which people replace files: overwritten by copy, renamed over, made by the command.
files_in_use_are_replaced() {
    small files
    conf=$work/files/gatepost.conf
    echo "192.0.2.1 rcpt" | "$gatepost" table make - "$work/files/exempt.cdb" >"$work/made"
    cat >"$work/files/hit.smtp" <<'EOF'
connect 203.0.113.50 unknown
C: EHLO dsl.example.net
C: MAIL FROM:<zombie@example.net>
C: RCPT TO:<sugar@example.com>
S: 554
EOF
    sed 's/S: 554/S: 250/' "$work/files/hit.smtp" >"$work/files/spared.smtp"
    sed -i 's/close block/close/' "$conf"
    host_begin "$conf"
    host_say "play $work/files/hit.smtp"
    # the command, while the daemon has the table
    echo "203.0.113.50 rcpt" >"$work/files/exempt.txt"
    win table make "$work/files/exempt.txt" "$work/files/exempt.cdb" >"$work/made"
    sleep 1.2
    host_say "play $work/files/spared.smtp"
    # Windows' own copy over it
    echo "203.0.113.51 rcpt" | "$gatepost" table make - "$work/files/other.cdb" >"$work/made"
    windows_copy "$work/files" other.cdb exempt.cdb || return 1
    sleep 1.2
    host_say "play $work/files/hit.smtp"
    # rules: edited in place
    sed 's/^rcpt,.*/rcpt, "*nobody*", fail/' "$conf" >"$work/files/new.conf"
    windows_copy "$work/files" new.conf gatepost.conf || return 1
    sleep 1.2
    host_say "play $work/files/spared.smtp"
    # broken, then mended: the last good ones stay
    echo 'rcpt, tarp, fail' >"$conf"
    sleep 1.2
    host_say "play $work/files/spared.smtp"
    host_end && heard_counts && heard_times 1 "unknown check 'tarp'" && heard "the last good rules stay in force"
}

# An existing TRANSFLT.MER in one line, MERCURYS.ACL as tables with its flags.

# An existing TRANSFLT.MER in one line, MERCURYS.ACL as tables with its flags.
migration() {
    rm -rf "$work/mercury"
    mkdir -p "$work/mercury/gatepost/state"
    sed 's/$/\r/' >"$work/mercury/TRANSFLT.MER" <<'EOF'
# Exempt the following HELO's
H, "[heHE][heHE]LO laptop01??*", X, "Laptop"
H, "*mail.example.com*", RS, "554 Format of command not acceptable here"
H, "*.*" RSN, "554 Format of HELO/EHLO greeting unacceptable."
R, "*sugar@example.com*" BS, "554 Spam is not welcome here - go away."
EOF
    sed 's/$/\r/' >"$work/mercury/MERCURYS.ACL" <<'EOF'
2 127.0.0.1
1 61.77.232.0 61.77.232.255; Korea
0 61.77.232.38
4 192.0.2.0 192.0.2.255; our own
16 198.51.100.7; the NAT of a customer
EOF
    sed -e '/^mode /d' -e '/^own-networks/d' -e '/^helo/d' -e '/^rcpt/d' "$top/mercury/conf/gatepost.conf" >"$work/mercury/gatepost/gatepost.conf"
    cd "$work/mercury/gatepost"
    for kind in exempt block; do
        wine_run "$exe" table make --from mercury-acl --kind $kind '..\MERCURYS.ACL' $kind.cdb >"$work/made-$kind" 2>&1 || missed "$(cat "$work/made-$kind")" || {
            cd "$top"
            return 1
        }
    done
    cd "$top"
    echo to:honey@example.com | "$gatepost" table make - "$work/mercury/gatepost/traps.cdb" >"$work/made"
    for row in "exempt 192.0.2.9 all" "exempt 198.51.100.7 blocklist" "block 61.77.232.9 554" "block 61.77.232.38 -" "exempt 61.77.232.9 -"; do
        # shellcheck disable=SC2086 # three words
        set -- $row
        got=$(win table get "$work/mercury/gatepost/$1.cdb" "$2" || true)
        case "$3 $got" in
        "- "*554* | "- "*all*) missed "$2 is in $1: $got" || return 1 ;;
        "- "*) ;;
        *) case $got in "$3"*) ;; *) missed "$2 in $1 is '$got', not $3" || return 1 ;; esac ;;
        esac
    done
    cat >"$work/mercury/a.smtp" <<'EOF'
connect 61.77.232.9 unknown
S: 554 5.7.1 Access denied
connect 61.77.232.38 unknown
S: 220
C: EHLO mail.example.com
C: MAIL FROM:<a@example.net>
S: 554 Format of command not acceptable here
connect 192.0.2.9 unknown
C: EHLO mail.example.com
C: MAIL FROM:<a@example.net>
S: 250
connect 198.51.100.7 unknown
C: EHLO mx.example.net
C: MAIL FROM:<a@example.net>
C: RCPT TO:<sugar@example.com>
S: 554 Spam is not welcome here - go away.
connect 198.51.100.7 unknown
S: 220
connect 203.0.113.60 unknown
C: EHLO laptop01ab
C: MAIL FROM:<a@example.net>
S: 250
EOF
    host_run <<EOF && heard_counts && heard "rules in force"
start $work/mercury/gatepost/gatepost.conf
play $work/mercury/a.smtp
stop
EOF
}

check "eight threads, a thousand sessions each" many_sessions_at_once
check "events of one session at once" events_of_one_session_at_once
check "Mercury ends while sessions go on" closes_while_sessions_go_on
check "the command sees and changes the list of a running daemon" command_sees_and_changes_the_list
check "programs of Windows and of this machine share the state" state_is_shared_with_this_machine
check "files in use are replaced" files_in_use_are_replaced
check "TRANSFLT.MER and MERCURYS.ACL are taken over" migration
host_finish
