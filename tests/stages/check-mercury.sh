#!/bin/sh
# check-mercury.sh: the daemon for Mercury/32 and the command, as programs of 32-bit Windows, in Wine. A test host (tests/mercury)
# does to the daemon what Mercury does: it plays tests/sessions, gives it interfaces and events that are not as they should be,
# sends sessions from many threads at once, and holds it while the command and the files change what it works on.
#
# Prints one line per case and, last, "check-mercury: N passed, N failed". Needs $BUILD/gatepost and $BUILD/gatepost-exim.so,
# and in $BUILD/mercury gatepost.dll, gatepost.exe and host.exe.
set -eu

cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
export BUILD
if [ "${1-}" != --inside ]; then
    tests/mta/root.sh wine >/dev/null
    tests/mta/root.sh exim >/dev/null
    exec tests/mta/netns.sh "$PWD/tests/stages/check-mercury.sh" --inside
fi
. tests/run/cases.sh
. tests/mta/wine.sh

top=$PWD
gatepost=$BUILD/gatepost
dll=$BUILD/mercury/gatepost.dll
exe=$BUILD/mercury/gatepost.exe
host=$BUILD/mercury/host.exe
work=$BUILD/mta/check-mercury

# ---- the frame ----

# host_run: the test host obeys the lines on standard input; what it prints is in $work/out.
host_run() {
    { echo "load $dll" && cat; } >"$work/orders"
    wine_run "$host" <"$work/orders" >"$work/out" 2>&1 || missed "the host ended with status $?: $(tail -n 3 "$work/out")" || return 1
    ! grep -q '^FAILED' "$work/out" || missed "$(grep -m 3 '^FAILED' "$work/out" | tr '\n' '|')"
}

# heard TEXT, heard_not TEXT, heard_times N TEXT: what the host printed.
heard() {
    grep -qF -- "$1" "$work/out" || missed "never said '$1', but: $(tail -n 4 "$work/out" | tr '\n' '|')"
}

heard_not() {
    ! grep -qF -- "$1" "$work/out" || missed "said '$(grep -m 1 -F -- "$1" "$work/out")'"
}

heard_times() {
    times=$(grep -cF -- "$2" "$work/out" || true)
    [ "$times" -eq "$1" ] || missed "said '$2' $times times, not $1: $(tail -n 4 "$work/out" | tr '\n' '|')"
}

# heard_counts: every dialogue was played, and not a session of it failed.
heard_counts() {
    heard " passed, 0 failed" || return 1
    ! grep -q ' passed, [1-9][0-9]* failed' "$work/out" || missed "$(grep -v -e '^log' -e '^note' "$work/out" | grep -m 3 -e expected -e FAILED)"
}

# lay_out PLACE [LINE...]: a folder of that name with everything in tests/sessions, tables made, LINEs added to the rules.
lay_out() {
    place=$work/$1
    shift
    rm -rf "$place"
    mkdir -p "$place/state"
    cp "$top"/tests/sessions/* "$place"
    for text in "$place"/*.txt; do
        "$gatepost" table make "$text" "${text%.txt}.cdb" >"$work/tables.log" || return 1
    done
    for conf in "$place"/*.conf; do
        {
            echo
            printf '%s\n' "state-dir = state" "test-clock = clock" "$@"
        } >>"$conf"
    done
}

# play_orders PLACE DIALOGUE: the lines that play it there.
play_orders() {
    echo "clock $work/$1/clock"
    echo "start $work/$1/$(awk '$1 == "config" { sub(/\r$/, ""); print $2; exit }' "$work/$1/$2")"
    echo "play $work/$1/$2"
    echo stop
}

# small PLACE [LINE...]: a folder with the rules of these tests and LINEs, for what no dialogue says.
small() {
    place=$work/$1
    shift
    rm -rf "$place"
    mkdir -p "$place/state"
    {
        cat "$top/tests/mercury/soak.conf"
        [ $# -eq 0 ] || printf '%s\n' "$@"
    } >"$place/gatepost.conf"
    echo to:sugar@example.com | "$gatepost" table make - "$place/traps.cdb" >"$work/tables.log"
}

# ---- what the files are ----

# imports FILE: the DLLs it needs, all of them Windows' own.
imports_only_windows() {
    i686-w64-mingw32-objdump -p "$1" >"$work/headers"
    grep -q 'file format pei-i386' "$work/headers" || missed "no program of 32-bit Windows" || return 1
    foreign=$(sed -n 's/^[[:space:]]*DLL Name: //p' "$work/headers" |
        grep -vixE '(kernel32|advapi32|user32|ws2_32|ntdll|msvcrt)\.dll' || true)
    [ -z "$foreign" ] || missed "needs $foreign"
}

exports_what_mercury_looks_up() {
    i686-w64-mingw32-objdump -p "$dll" | sed -n 's/^[[:space:]]*\[ *[0-9]*\] \([A-Za-z_][A-Za-z_0-9]*\)$/\1/p' | sort >"$work/exports"
    for name in startup closedown daemon configure; do
        printf '%s\n' "$name" "_$name" "$(echo "$name" | tr '[:lower:]' '[:upper:]')"
    done | sort >"$work/exports.wanted"
    cmp -s "$work/exports" "$work/exports.wanted" || missed "exports $(tr '\n' ' ' <"$work/exports")"
}

# The header that says what we know is checked against the vendor's where that is there; here against a stand-in.
builds_with_other_headers() {
    for source in mercury/*.c; do
        i686-w64-mingw32-gcc -std=c11 -I. -Itests/mercury/stand-in -D_WIN32_WINNT=0x0501 -DUSE_VENDOR_DAEMON_H -Wall -Wextra -Werror \
            -fsyntax-only "$source" 2>"$work/last" || missed "$(head -n 3 "$work/last")" || return 1
    done
}

# ---- dialogues ----

# As it is installed, with the lines S@mercury.
dialogue_holds() {
    lay_out default || return 1
    play_orders default "$1" | host_run && heard_counts
}

# The other choice everywhere: -1 is a reply, at whatever command. Then every reply is that of the engine, but for commands out of
# sequence, which Mercury answers itself, and for the one with a text behind the code.
dialogue_holds_to_the_letter() {
    lay_out letter "mercury-fail-at = helo mail rcpt data message" || return 1
    sed -i -e '/^S@mercury: closed$/d' -e '/^S@mercury: 250$/d' -e '/^S@mercury: 503$/d' -e 's/^S@exim: 503$/S@mercury: 503/' "$work/letter/$1"
    play_orders letter "$1" | host_run && heard_counts
}

# Returns that nobody has written down: by default none but -2 where something is to be kept out.
returns_what_is_known() {
    lay_out default || return 1
    for dialogue in "$work"/default/*.smtp; do
        play_orders default "${dialogue##*/}"
    done | host_run || return 1
    heard_not "what -1 means" && heard "what -2 means at DATA_BODY"
}

# with_manners RULE-LINE MANNERS...: Mercury is a little different; the dialogues hold all the same.
with_manners() {
    lay_out default "$1" || return 1
    shift
    {
        printf 'manners %s\n' "$@"
        for dialogue in actions zombies ids long-header; do
            play_orders default $dialogue.smtp
        done
    } | host_run && heard_counts
}

# Nobody who is blocked comes further than HELO, where it is documented that the connection can be closed.
blocked_is_refused_at_helo() {
    lay_out default || return 1
    cat >"$work/default/helo.smtp" <<'EOF'
connect 203.0.113.200 unknown
S: 220
C: EHLO mx.example.net
S: 550 5.7.1 Too much spam from your network
S: closed
EOF
    host_run <<EOF && heard_counts
manners connect2 off
start $work/default/zombies.conf
play $work/default/helo.smtp
stop
EOF
}

# ---- what is not as it should be ----

# refuses LINE TEXT: with that line before the start the daemon says TEXT, once, and no more; it judges nothing.
refuses() {
    odd
    host_run <<EOF || return 1
manners $1
start $work/odd/gatepost.conf
play $work/odd/spam.smtp
configure
stop
unload
EOF
    heard_counts && heard "$2" && heard_times 1 "not in force" && heard "closedown 0, 0 handlers"
}

# odd [LINE...]: a folder with LINEs in the rules, and spam that nobody minds.
odd() {
    small odd "$@"
    cat >"$work/odd/spam.smtp" <<'EOF'
connect 203.0.113.7 unknown
S: 220
C: EHLO mail.example.com
S: 250
C: MAIL FROM:<zombie@example.net>
S: 250
C: RCPT TO:<sugar@example.com>
S: 250
C: DATA
S: 354
C: Subject: hello
C:
C: body
C: .
S: 250
C: QUIT
S: 221
EOF
}

refuses_small_interface() {
    refuses "size $1" "interface is too small" && heard "startup 0, 0 handlers"
}

# Too small even for a line in the log: nothing is said, and nothing breaks.
endures_tiny_interface() {
    odd
    host_run <<EOF || return 1
manners size $1
start $work/odd/gatepost.conf
configure
stop
EOF
    heard "startup 0, 0 handlers" && heard_not "log "
}

# without_rules TEXT: the rule file is as the caller has made it; mail flows, and TEXT is said once.
without_rules() {
    host_run <<EOF || return 1
start $work/odd/gatepost.conf
play $work/odd/spam.smtp
play $work/odd/spam.smtp
stop
EOF
    heard "startup 1, 12 handlers" && heard_counts && heard_times 1 "$1" && heard_times 1 "every message passes"
}

missing_rules() {
    odd
    rm "$work/odd/gatepost.conf"
    without_rules "cannot"
}

broken_rules() {
    odd "rcpt, tarp, close"
    without_rules "unknown check 'tarp'"
}

# Opened without rules; when the file is there, they are in force without another start.
rules_come_later() {
    small late
    mv "$work/late/gatepost.conf" "$work/late/later.conf"
    printf 'connect 203.0.113.7 unknown\nC: EHLO mail.example.com\nC: MAIL FROM:<a@example.net>\nS: %s\nC: QUIT\n' 250 >"$work/late/a.smtp"
    sed 's/S: 250/S: 554/' "$work/late/a.smtp" >"$work/late/b.smtp"
    host_begin "$work/late/gatepost.conf"
    host_say "play $work/late/a.smtp"
    mv "$work/late/later.conf" "$work/late/gatepost.conf"
    sleep 1.2
    host_say "play $work/late/b.smtp"
    host_end && heard_counts
}

# Nothing can be remembered, but everything is judged.
unwritable_state() {
    small unwritable
    rm -rf "$work/unwritable/state"
    echo "no folder" >"$work/unwritable/state"
    cat >"$work/unwritable/spam.smtp" <<'EOF'
connect 203.0.113.7 unknown
S: 220
C: EHLO dsl.example.net
C: MAIL FROM:<zombie@example.net>
S: 250
C: RCPT TO:<sugar@example.com>
S: 554 Spam is not welcome here - go away.
S: closed
EOF
    host_run <<EOF || return 1
start $work/unwritable/gatepost.conf
play $work/unwritable/spam.smtp
play $work/unwritable/spam.smtp
stop
EOF
    heard_counts && heard_times 1 "$work/unwritable/state"
}

# The rule file beside the DLL, where DAEMON.INI says nothing.
rules_beside_the_dll() {
    small beside
    cp "$dll" "$work/beside/gatepost.dll"
    printf 'load %s\nstart\nconfigure\ndaemon\nstop\nunload\nload %s\nstart other.conf\nconfigure\nstop\n' \
        "$work/beside/gatepost.dll" "$work/beside/gatepost.dll" >"$work/orders"
    wine_run "$host" <"$work/orders" >"$work/out" 2>&1 || missed "status $?" || return 1
    heard "beside/gatepost.conf, 4 rules" || heard 'beside\gatepost.conf, 4 rules' || return 1
    heard "startup 1, 12 handlers" && heard "daemon 0" && heard "configure 0" && heard "unloaded" && heard "other.conf;" && heard_not FAILED
}

# ---- sessions ----

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

# Eight threads, a thousand sessions each; memory after the first thousand in all, and after the last. What is open at the time of
# counting differs by some ten kilobytes; a leak of twenty bytes a session would show.
many_sessions_at_once() {
    small soak
    host_run <<EOF || return 1
start $work/soak/gatepost.conf
soak 8 1000
stop
EOF
    grep -E '^(after 1000|after 8000|soak)' "$work/out"
    heard "soak: 8000 sessions" && heard ", 0 wrong" && heard "closedown 0, 0 handlers" || return 1
    first=$(sed -n 's/^after 1000 sessions: \([0-9]*\) bytes.*/\1/p' "$work/out")
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

# ---- while it runs ----

# host_begin CONF, host_say LINE, host_end: a host that obeys from one line to the next.
host_begin() {
    rm -f "$work/pipe"
    mkfifo "$work/pipe"
    wine_run "$host" <"$work/pipe" >"$work/out" 2>&1 &
    host_pid=$!
    exec 3>"$work/pipe"
    printf 'load %s\nstart %s\n' "$dll" "$1" >&3
}

# Waits until it is done.
host_say() {
    mark="done $(date +%s%N)"
    printf '%s\nsay %s\n' "$1" "$mark" >&3
    tries=0
    until grep -qF "$mark" "$work/out"; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || return 1
        sleep 0.05
    done
}

host_end() {
    echo stop >&3
    exec 3>&-
    wait "$host_pid" || missed "the host ended with status $?" || return 1
    ! grep -q '^FAILED' "$work/out" || missed "$(grep -m 3 '^FAILED' "$work/out" | tr '\n' '|')"
}

win() {
    wine_run "$exe" "$@" 2>&1 | tr -d '\r'
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
    "$gatepost" blocks list --state-dir "$work/shared/state" >"$work/list64"
    win blocks remove --config "$work/shared/gatepost.conf" 203.0.113.40 >"$work/removed"
    host_say "play $work/shared/served.smtp"
    win blocks add --config "$work/shared/gatepost.conf" 203.0.113.40 >"$work/added"
    host_say "play $work/shared/refused.smtp"
    host_end && heard_counts || return 1
    grep -q '^203.0.113.40 ' "$work/list" || missed "the list was: $(cat "$work/list")" || return 1
    grep -q '^1 203.0.113.40 ; gatepost.conf:' "$work/new.acl" || missed "exported was: $(cat "$work/new.acl")" || return 1
    grep -q '^554 ' "$work/got" || missed "read back was: $(cat "$work/made" "$work/got")" || return 1
    grep -q '^203.0.113.40 ' "$work/list64" || missed "the 64-bit command saw: $(cat "$work/list64")"
}

# The list that the 64-bit command made is obeyed by the daemon, and the other way round.
state_is_the_same_for_32_and_64_bits() {
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
    "$gatepost" blocks list --state-dir "$work/both/state" >"$work/list64"
    win blocks list --state-dir "$work/both/state" >"$work/list32"
    for list in "$work/list64" "$work/list32"; do
        grep -q '^203.0.113.41 ' "$list" && grep -q '^203.0.113.42 ' "$list" || missed "a list was: $(cat "$list")" || return 1
    done
    "$gatepost" stats --state-dir "$work/both/state" >"$work/stats64" 2>&1 || missed "$(cat "$work/stats64")"
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

# windows_copy FOLDER FROM TO
windows_copy() {
    (cd "$1" && wine_run cmd.exe /c copy /y "$2" "$3") >"$work/last" 2>&1 || missed "copy: $(cat "$work/last")"
}

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

# ---- all of it ----

use_name_server() {
    printf 'nameserver 127.0.0.1\noptions timeout:2 attempts:1\n' >"$wine_folder/root/etc/resolv.conf"
}

rm -rf "$work"
mkdir -p "$work"
names_pid=""
finish() {
    wine_stop
    [ -z "$names_pid" ] || kill "$names_pid" 2>/dev/null || true
}
trap finish EXIT
wine_setup "$work/wine"
use_name_server
awk '{ sub(/\r$/, "") } $1 == "connect" && NF >= 3 && $3 != "unknown" { print $2, $3 }' tests/sessions/*.smtp | sort -u >"$work/names"
tests/mta/names.py "$work/names" 2>"$work/names.log" &
names_pid=$!

check "the daemon needs nothing but Windows" imports_only_windows "$dll"
check "the command needs nothing but Windows" imports_only_windows "$exe"
check "the daemon exports the twelve names that Mercury looks up" exports_what_mercury_looks_up
check "the daemon builds against other headers, and checks them" builds_with_other_headers
for dialogue in tests/sessions/*.smtp; do
    check "${dialogue##*/}" dialogue_holds "${dialogue##*/}"
    check "${dialogue##*/} with -1 for a reply everywhere" dialogue_holds_to_the_letter "${dialogue##*/}"
done
check "by default nothing is returned that could lose mail" returns_what_is_known
check "Mercury shows no lines of the header" with_manners "" "header-events off"
check "Mercury's lines of the header lead nowhere" with_manners "" "header-undefined on"
check "Mercury shows no list of the header" with_manners "" "header-list off"
check "Mercury shows lines with their line ends" with_manners "mercury-header = lines" "header-ends on"
check "only the list of the header is asked for" with_manners "mercury-header = list" usual
check "Mercury has no id at the connection" with_manners "" "id-at-connect off"
check "the first event for the connection is taken" with_manners "mercury-connect = connect" usual
check "Mercury has the first event for the connection only" with_manners "mercury-connect = connect" "connect2 off"
check "the second event for the connection is waited for in vain" blocked_is_refused_at_helo
check "an interface of 406 bytes" refuses_small_interface 406
check "an interface of 713 bytes" refuses_small_interface 713
check "an interface of 300 bytes" endures_tiny_interface 300
check "an interface of 4 bytes" endures_tiny_interface 4
check "an interface without the functions" refuses "null on" "lacks the functions"
check "a Mercury before 4.51" refuses "version 0x0432" "older than 4.51"
check "events of another major version" refuses "event-version 0x20000" "events have version 2.0"
check "a rule file that is missing" missing_rules
check "a rule file that is broken" broken_rules
check "a rule file that comes later" rules_come_later
check "a state directory that cannot be written" unwritable_state
check "the rule file beside the DLL, or where DAEMON.INI says" rules_beside_the_dll
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
check "eight threads, a thousand sessions each" many_sessions_at_once
check "events of one session at once" events_of_one_session_at_once
check "Mercury ends while sessions go on" closes_while_sessions_go_on
check "the command sees and changes the list of a running daemon" command_sees_and_changes_the_list
check "32-bit and 64-bit programs share the state" state_is_the_same_for_32_and_64_bits
check "files in use are replaced" files_in_use_are_replaced
check "TRANSFLT.MER and MERCURYS.ACL are taken over" migration
# The command has tests of its own. It shares Wine with us, and has a name server of its own.
kill "$names_pid"
wait "$names_pid" 2>/dev/null || true
names_pid=""
part "$work/command.log" tests/mercury/command.sh --inside
part "$work/unit.log" tests/mercury/unit.sh --inside

echo "check-mercury: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
