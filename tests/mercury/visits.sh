#!/bin/sh
# visits.sh [--inside]: single sessions of the daemon: what Mercury marks, names, ports, replies (host.sh).
set -eu

cd "$(dirname "$0")/../.."
script=visits
. tests/mercury/host.sh

# Who is exempt in Mercury is not judged, unless the rules say so.
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
check "who is exempt in MERCURYS.ACL is not judged" exempt_in_mercury 0x20 250 ""
check "who is blessed by a filter is not judged" exempt_in_mercury 0x200 250 ""
check "who is exempt in Mercury is judged if the rules say so" exempt_in_mercury 0x220 554 "mercury-exempt = no"
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
