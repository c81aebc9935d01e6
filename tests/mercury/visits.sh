#!/bin/sh
# visits.sh [--inside]: single sessions of the daemon: connections, headers, what Mercury marks, names, ports, replies (host.sh).
set -eu

cd "$(dirname "$0")/../.."
script=visits
. tests/mercury/host.sh

# header_visit REPLY MANNERS: a message without Message-ID and one with it, where Mercury shows its header in that way.
header_visit() {
    lay_out default || return 1
    cat >"$work/default/header.smtp" <<EOF
connect 203.0.113.7 unknown
C: EHLO mx.example.net
C: MAIL FROM:<a@example.net>
C: RCPT TO:<somebody@example.com>
C: DATA
S: 354
C: Subject: no id
C:
C: body
C: .
S: $1
connect 203.0.113.8 unknown
C: EHLO mx.example.net
C: MAIL FROM:<a@example.net>
C: RCPT TO:<somebody@example.com>
C: DATA
S: 354
C: Subject: an id
C: Message-ID: <1@example.net>
C:
C: body
C: .
S: 250
EOF
    host_run <<EOF && heard_counts
manners $2
start $work/default/zombies.conf
play $work/default/header.smtp
stop
EOF
}

# A connection's event may bear the id of an open session, and any flags: neither counts.
connection_touches_no_session() {
    small crossing
    host_run <<EOF || return 1
start $work/crossing/gatepost.conf
cross
stop
EOF
    heard "cross: MAIL -1 554 Format of command not acceptable here" && heard "closedown 0, 0 handlers"
}

# connection_counts_once CLIENT HITS LOGGED RULE...: of a connection judged at its event and again at HELO there is one log line
# with LOGGED, and HITS on the blocklist.
connection_counts_once() {
    small once "state-dir = state" >/dev/null
    sed -i '$d' "$work/once/gatepost.conf"
    client=$1 hits=$2 logged=$3
    shift 3
    printf '%s\n' "$@" >>"$work/once/gatepost.conf"
    "$gatepost" blocks add --config "$work/once/gatepost.conf" 203.0.113.9 7d >"$work/added" 2>&1 || missed "$(cat "$work/added")" || return 1
    cat >"$work/once/a.smtp" <<EOF
connect $client unknown
S: 220
C: EHLO mx.example.net
S: 250
C: NOOP
C: QUIT
EOF
    host_run <<EOF && heard_counts || return 1
start $work/once/gatepost.conf
play $work/once/a.smtp
stop
EOF
    [ -z "$logged" ] || heard_times 1 "$logged" || return 1
    "$gatepost" blocks list --config "$work/once/gatepost.conf" --json >"$work/list" || missed "no list" || return 1
    tr -d ' \n' <"$work/list" | grep -qF "\"hits\":$hits" || missed "the list is: $(cat "$work/list")"
}

# Where Mercury tells of no connection, the session proper judges it aloud, also with mode = log.
connection_that_is_not_told_of() {
    small untold "mode = log" 'connect, "*203.0.113.7", close, "554 no"'
    printf 'connect 203.0.113.7 unknown\nS: 220\nC: EHLO mx.example.net\nS: 250\n' >"$work/untold/a.smtp"
    host_run <<EOF && heard_counts && heard_times 1 "would close"
manners connect2 off
start $work/untold/gatepost.conf
play $work/untold/a.smtp
stop
EOF
}

# exempt_message REPLY RULE: Mercury has marked one sender's message; the next message of the same session has no mark.
exempt_message() {
    lay_out default "$2" || return 1
    cat >"$work/default/mark.smtp" <<EOF
connect 203.0.113.7 unknown
C: EHLO mx.example.net
C: MAIL FROM:<friend@example.invalid>
S: 250
C: RCPT TO:<sugar@example.com>
S: $1
EOF
    [ "$1" != 250 ] || cat >>"$work/default/mark.smtp" <<EOF
C: DATA
S: 354
C: Subject: no id
C:
C: .
S: 250
C: MAIL FROM:<stranger@example.invalid>
S: 250
C: RCPT TO:<somebody@example.com>
S: 250
C: DATA
S: 354
C: Subject: no id
C:
C: .
S: 553
EOF
    host_run <<EOF && heard_counts
manners compliant friend@example.invalid
start $work/default/zombies.conf
play $work/default/mark.smtp
stop
EOF
}

# Who is blessed by a filter of Mercury's is not judged, unless the rules say so.
exempt_in_mercury() {
    lay_out default "$3" || return 1
    cat >"$work/default/flags.smtp" <<EOF
connect 203.0.113.7 unknown
C: EHLO mail.example.com
C: MAIL FROM:<zombie@example.net>
S: $2
EOF
    host_run <<EOF && heard_counts
manners flags $1
start $work/default/zombies.conf
play $work/default/flags.smtp
stop
EOF
}

# As it is installed nothing is held: the trap closes the connection.
hold_closes_unless_messages_can_fail() {
    small held
    sed -i 's/close block/hold block/' "$work/held/gatepost.conf"
    printf 'connect 203.0.113.7 unknown\nC: EHLO mx.example.net\nC: MAIL FROM:<a@example.net>\nC: RCPT TO:<sugar@example.com>\nS: 554 Spam is not welcome here - go away.\nS: closed\n' >"$work/held/a.smtp"
    host_run <<EOF && heard_counts
start $work/held/gatepost.conf
play $work/held/a.smtp
stop
EOF
}

# A recipient that Mercury itself did not take does not count: the others are all spared.
recipient_refused_by_mercury_does_not_count() {
    lay_out default || return 1
    cat >"$work/default/rcpt.smtp" <<'EOF'
connect 203.0.113.7 unknown
C: EHLO mx.example.net
C: MAIL FROM:<a@example.net>
C: RCPT TO:<postmaster@example.com>
S: 250
C: RCPT TO:<somebody@nowhere.example>
S: 553
C: DATA
S: 354
C: Subject: no id
C:
C: body
C: .
S: 250
EOF
    host_run <<EOF && heard_counts
start $work/default/zombies.conf
play $work/default/rcpt.smtp
stop
EOF
}

names_are_looked_up_unless_told() {
    lay_out default "$1" || return 1
    cat >"$work/default/name.smtp" <<EOF
connect 198.51.100.130 line7.dialup.example.net
S: $2
EOF
    host_run <<EOF && heard_counts
start $work/default/zombies.conf
play $work/default/name.smtp
stop
EOF
}

# A name that does not lead back to the address is none, whatever it says.
forged_name_is_none() {
    lay_out default || return 1
    cp "$work/names" "$work/names.before"
    printf '%s\n' "198.51.100.140 line9.dialup.example.net forged" "198.51.100.141 line7.dialup.example.net forged" >>"$work/names"
    cat >"$work/default/name.smtp" <<'EOF'
connect 198.51.100.140 unknown
S: 220
connect 198.51.100.141 unknown
S: 220
connect 198.51.100.130 unknown
S: 554 5.7.1 No mail from dial-up lines
EOF
    status=0
    host_run <<EOF || status=1
start $work/default/zombies.conf
play $work/default/name.smtp
stop
EOF
    mv "$work/names.before" "$work/names"
    [ $status -eq 0 ] && heard_counts
}

# On a submission port a verdict waits for MAIL, and lapses with AUTH.
submission_port_waits_for_auth() {
    lay_out default || return 1
    cat >"$work/default/port.smtp" <<'EOF'
connect 203.0.113.200 unknown 587
S: 220
C: EHLO mail.example.com
S: 250
auth
C: MAIL FROM:<david@example.com>
S: 250
C: QUIT
connect 203.0.113.200 unknown 587
S: 220
C: EHLO mx.example.net
S: 250
C: MAIL FROM:<david@example.net>
S: 550 5.7.1 Too much spam from your network
EOF
    host_run <<EOF && heard_counts
start $work/default/zombies.conf
play $work/default/port.smtp
stop
EOF
}

# Where Mercury is told to fail nothing, the connection is closed.
nothing_fails_without_closing() {
    small closing "mercury-fail-at ="
    cat >"$work/closing/a.smtp" <<'EOF'
connect 203.0.113.7 unknown
C: EHLO mail.example.com
S: 250
C: MAIL FROM:<a@example.net>
S: 554 Format of command not acceptable here
S: closed
EOF
    host_run <<EOF && heard_counts
start $work/closing/gatepost.conf
play $work/closing/a.smtp
stop
EOF
}

# A name server that does not answer holds nobody up for long, and nothing breaks when we are unloaded while it is waited for.
silent_name_server_is_not_waited_for() {
    lay_out default || return 1
    python3 -c 'import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("192.0.2.53", 53))
print("ready", flush=True)
time.sleep(60)' >"$work/silent" &
    silent_pid=$!
    until [ -s "$work/silent" ] || ! kill -0 "$silent_pid" 2>/dev/null; do sleep 0.05; done
    printf 'nameserver 192.0.2.53\noptions timeout:6 attempts:1\n' >"$wine_folder/root/etc/resolv.conf"
    cat >"$work/default/name.smtp" <<'EOF'
connect 198.51.100.131 line8.dialup.example.net
S: 220
C: EHLO mx.example.net
S: 250
EOF
    host_begin "$work/default/zombies.conf"
    host_say "say ready"
    began=$(date +%s%N)
    host_say "play $work/default/name.smtp"
    took=$((($(date +%s%N) - began) / 1000000))
    printf 'stop\nunload\n' >&3
    sleep 6
    echo "say alive" >&3
    exec 3>&-
    status=0
    wait "$host_pid" || status=$?
    use_name_server
    kill "$silent_pid"
    wait "$silent_pid" 2>/dev/null || true
    [ $status -eq 0 ] || missed "the host ended with status $status" || return 1
    heard_counts && heard alive || return 1
    if [ "$took" -lt 2000 ] || [ "$took" -gt 5500 ]; then
        missed "it took $took ms, not two seconds"
    fi
}

replies_end_as_told() {
    small ends "$1"
    cat >"$work/ends/spam.smtp" <<'EOF'
connect 203.0.113.7 unknown
C: EHLO mail.example.com
C: MAIL FROM:<zombie@example.net>
S: 554 Format of command not acceptable here
EOF
    host_run <<EOF || return 1
start $work/ends/gatepost.conf
play $work/ends/spam.smtp
stop
EOF
    heard_counts && heard "undocumented, $2 line ends"
}

# Who waits in pieces: long lines reach the log whole.
long_log_lines_come_in_pieces() {
    small long
    long_name=$(printf '%0100d' 0)
    cat >"$work/long/spam.smtp" <<EOF
connect 203.0.113.7 unknown
C: EHLO $long_name.$long_name.example.net
C: MAIL FROM:<$long_name@$long_name.example.net>
C: RCPT TO:<sugar@example.com>
S: 554
EOF
    host_run <<EOF || return 1
start $work/long/gatepost.conf
play $work/long/spam.smtp
stop
EOF
    heard_counts && heard "log 15 gatepost: ..." || return 1
    longest=$(sed -n 's/^log [0-9]* gatepost: /gatepost: /p' "$work/out" | awk '{ if (length > n) n = length } END { print n }')
    [ "$longest" -le 250 ] || missed "a line of $longest letters"
}

names_start
check "lines of the header are what counts" header_visit 553 usual
check "no lines of the header: nothing is said to be missing" header_visit 250 "header-events off"
check "lines of the header that lead nowhere" header_visit 250 "header-undefined on"
check "another daemon's header makes no message good or bad" header_visit 553 "added X-GrayWall: passed"
check "another daemon's Message-ID hides no missing one" header_visit 553 "added Message-ID: <added@example.com>"
check "a connection touches no session" connection_touches_no_session
check "a connection is logged once" connection_counts_once 203.0.113.7 0 'text="seen"' 'connect, "*", log, "seen"'
check "a connection is logged once with mode = log" connection_counts_once 203.0.113.7 0 "would close" "mode = log" 'connect, "*", close, "554 no"'
check "a connection hits the blocklist once" connection_counts_once 203.0.113.9 1 "" "block-at = mail"
check "a connection that Mercury does not tell of is judged at HELO" connection_that_is_not_told_of
check "who is blessed by a filter is not judged" exempt_in_mercury 0x200 250 ""
check "who is blessed by a filter is not judged, in the word of an earlier version" exempt_in_mercury 0x200 250 "mercury-exempt = yes"
check "who is blessed by a filter is judged if the rules say so" exempt_in_mercury 0x200 554 "mercury-exempt = no"
check "exempt from compliance processing is not exempt from rules" exempt_in_mercury 0x20 554 ""
check "a mark for compliance exempts no message" exempt_message 554 ""
check "a mark for compliance exempts its message if the rules say so" exempt_message 250 "mercury-exempt = compliance"
check "nothing is held as it is installed" hold_closes_unless_messages_can_fail
check "a recipient that Mercury refused does not count" recipient_refused_by_mercury_does_not_count
check "names are looked up" names_are_looked_up_unless_told "" "554 5.7.1 No mail from dial-up lines"
check "names are not looked up with mercury-resolve = no" names_are_looked_up_unless_told "mercury-resolve = no" 220
check "a forged name is none" forged_name_is_none
check "a submission port waits for AUTH" submission_port_waits_for_auth
check "nothing fails without closing" nothing_fails_without_closing
check "a name server that is silent is not waited for" silent_name_server_is_not_waited_for
check "replies without line ends" replies_end_as_told "" 0
check "replies with line ends" replies_end_as_told "mercury-crlf = yes" 1
check "long log lines come in pieces" long_log_lines_come_in_pieces
host_finish
