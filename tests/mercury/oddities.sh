#!/bin/sh
# oddities.sh [--inside]: the daemon with interfaces, rule files and folders that are not as they should be (host.sh).
set -eu

cd "$(dirname "$0")/../.."
script=oddities
. tests/mercury/host.sh

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
    heard_counts && heard_times 1 "$work/unwritable/state" && heard "gatepost: rules in force: "
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

# At every start the log says what runs, with which rules, how many, from where; or why with none.
every_start_is_told() {
    small told
    host_run <<EOF || return 1
start $work/told/gatepost.conf
stop
start $work/told/gatepost.conf
stop
EOF
    heard_times 2 "told/gatepost.conf, 4 rules" && heard_times 2 "is running and listens to MercuryS" || return 1
    echo nonsense >"$work/told/gatepost.conf"
    rm -rf "$work/told/state"
    host_run <<EOF || return 1
start $work/told/gatepost.conf
stop
start $work/told/gatepost.conf
stop
EOF
    heard_times 2 "told/gatepost.conf:1:1: " && heard_times 2 "no rules are in force; every message passes"
}

# DAEMON.INI names it twice: as it is, and as a copy. The first goes on.
only_one_runs() {
    small twice
    cp "$dll" "$work/twice/copy.dll"
    printf 'connect 203.0.113.7 unknown\nC: EHLO mail.example.com\nC: MAIL FROM:<a@example.net>\nS: 554\n' >"$work/twice/a.smtp"
    host_run <<EOF || return 1
start $work/twice/gatepost.conf
start $work/twice/other.conf
load $work/twice/copy.dll
start $work/twice/gatepost.conf
play $work/twice/a.smtp
stop
load $dll
stop
load $work/twice/copy.dll
start $work/twice/gatepost.conf
stop
EOF
    heard_counts && heard_times 2 "startup 1, 12 handlers" && heard_times 2 "startup 0, 12 handlers" || return 1
    heard_times 1 "the entry 'gatepost' of DAEMON.INI is ignored: gatepost runs already, with the rule file" || return 1
    heard_times 1 "another copy of gatepost.dll runs in this Mercury" && heard_times 1 "gatepost: refuse"
}

# Mercury as a service has no window: an empty gatepost.log beside the DLL gets all lines.
log_file_beside_the_dll() {
    small logged
    cp "$dll" "$work/logged/gatepost.dll"
    printf 'load %s\nstart\nstop\n' "$work/logged/gatepost.dll" >"$work/orders"
    wine_run "$host" <"$work/orders" >"$work/out" 2>&1 || missed "status $?" || return 1
    [ ! -e "$work/logged/gatepost.log" ] || missed "it was made unasked" || return 1
    : >"$work/logged/gatepost.log"
    wine_run "$host" <"$work/orders" >"$work/out" 2>&1 || missed "status $?" || return 1
    for line in "version .* is running" "rules in force: .*, 4 rules"; do
        grep -q "^20[0-9-]* [0-9:]* gatepost: $line" "$work/logged/gatepost.log" || missed "$(cat "$work/logged/gatepost.log")" || return 1
    done
}

# Files as Windows users write them: umlauts in the names of folders and files, in UTF-8 and in ANSI, a path behind \\?\ with "..", a
# final Ctrl-Z; and UTF-16, which is named.
files_as_windows_users_write_them() {
    [ -n "${LOCPATH-}" ] || return 0 # Wine's names of files are ASCII here
    small plain
    place="$work/Grüße aus Köln"
    rm -rf "$place"
    mkdir -p "$place/state" "$place/sub"
    cp "$work/plain/traps.cdb" "$place"
    verbatim="\\\\?\\Z:$(echo "$place" | sed 's|/|\\|g')"
    {
        printf 'trap-table = traps.cdb\r\nstate-dir = state\r\ninclude "Straße.mer"\r\n'
        printf 'include "F\374nf.mer"\r\ninclude "%s"\r\n\032' "$verbatim\\sub\\..\\third.mer"
    } >"$place/gatepost.conf"
    printf 'mail, "*first*", fail, "554 first"\r\n' >"$place/Straße.mer"
    printf 'mail, "*second*", fail, "554 second"\r\n\032\032' >"$place/Fünf.mer"
    printf 'include "sub/../fourth.mer"\r\nmail, "*third*", fail, "554 third"\r\n' >"$place/third.mer"
    printf 'mail, "*fourth*", fail, "554 fourth"\r\n' >"$place/fourth.mer"
    {
        printf 'connect 203.0.113.7 unknown\nC: EHLO mx.example.net\n'
        for number in first second third fourth; do
            printf 'C: MAIL FROM:<%s@example.net>\nS: 554 %s\n' $number $number
        done
    } >"$work/plain/a.smtp"
    host_run <<EOF && heard_counts && heard "4 rules" || return 1
start $place/gatepost.conf
play $work/plain/a.smtp
stop
EOF
    printf '\377\376h\000e\000l\000o\000' >"$place/gatepost.conf"
    rm -rf "$place/state"
    host_run <<EOF && heard "gatepost.conf:1:1: this file is UTF-16; save it as ANSI or UTF-8"
start $place/gatepost.conf
stop
EOF
}

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
check "every start is told" every_start_is_told
check "only one of several runs" only_one_runs
check "the log file beside the DLL" log_file_beside_the_dll
check "files as Windows users write them" files_as_windows_users_write_them
check "the rule file beside the DLL, or where DAEMON.INI says" rules_beside_the_dll
host_finish
