#!/bin/sh
# command.sh [--inside]: gatepost.exe in Wine, beside the command of this machine. What tests/stages/check-sessions.sh asks of the
# one it asks of the other; what one writes, tables, state, text, the other reads, or writes byte for byte; and what is
# special about Windows: its paths, line ends, files that are in use, the library files that are needed. At last the .exe plays a
# dialogue into a real Exim.
#
# --inside: the caller was started by tests/mta/netns.sh already; it may have a Wine (tests/mta/wine.sh) to share. Prints one
# line per case and, last, "command: N passed, N failed". WINE_BITS says for which Windows (wine.sh). Needs $BUILD/gatepost,
# $BUILD/gatepost-exim.so and $BUILD/mercury/gatepost.exe, for 64 bits $BUILD/mercury64/gatepost.exe.
set -eu

cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
export BUILD
. tests/run/cases.sh
. tests/mta/wine.sh
if [ "${1-}" != --inside ]; then
    tests/mta/wine_root.sh "$(wine_root_name)" >/dev/null
    tests/mta/root.sh exim >/dev/null
    exec tests/mta/netns.sh "$PWD/tests/mercury/command.sh" --inside
fi
. tests/mta/exim.sh
. tests/mta/dialogue.sh

program=$BUILD/mercury${WINE_BITS#32}/gatepost.exe
native=$BUILD/gatepost
work=$BUILD/mta/mercury$WINE_BITS-command
windows=$work/exe/gatepost # the .exe as a command of this machine

# gives STATUS COMMAND...: the command ends with it; its outputs are in $work/out and $work/err.
gives() {
    want=$1
    shift
    got=0
    "$@" >"$work/out" 2>"$work/err" </dev/null || got=$?
    [ "$got" -eq "$want" ] || missed "status $got, not $want: $* ($(tail -n 2 "$work/err" | tr '\n' '|'))"
}

# says TEXT: in what the last command wrote.
says() {
    grep -qF -- "$1" "$work/out" "$work/err" || missed "never says '$1' but '$(head -n 3 "$work/out" "$work/err" | tr '\n' '|')'"
}

# alike STATUS ARGUMENT...: both commands, with these arguments, write the same and end with that status.
alike() {
    want=$1
    shift
    gives "$want" "$native" "$@" || return 1
    mv "$work/out" "$work/native.out"
    mv "$work/err" "$work/native.err"
    gives "$want" "$windows" "$@" || return 1
    cmp -s "$work/out" "$work/native.out" || missed "other output for $*: $(diff "$work/native.out" "$work/out" | head -n 4 | tr '\n' '|')" || return 1
    cmp -s "$work/err" "$work/native.err" || missed "other errors for $*: $(diff "$work/native.err" "$work/err" | head -n 4 | tr '\n' '|')"
}

# ---- what the whole command does ----

# The cases of check-sessions.sh, counted as they are there.
sessions() {
    status=0
    tests/stages/check-sessions.sh "$windows" "$work/sessions" >"$work/sessions.log" 2>&1 || status=$?
    counts_read check-sessions "$work/sessions.log" "$status"
    counts_add
    if [ "$part_failed" -eq 0 ]; then
        echo "ok - check-sessions.sh with the .exe: $part_passed cases"
    else
        sed '$d' "$work/sessions.log" | sed 's/^/not ok - /'
    fi
}

check_says_the_same() {
    for conf in actions blocklist harris ids relays wolfskill zombies; do
        gives 0 "$windows" check "$work/sessions/$conf.conf" || return 1
        [ "$(tr -cd '\r' <"$work/err" | wc -c)" -eq 0 ] || missed "$conf: lines end in CRLF" || return 1
    done
    printf 'helo, fqnd, refuse\nmodee = log\n' >"$work/broken.conf"
    alike 1 check "$work/broken.conf"
}

# verdict of every session, and the rules asked on the way.
replay_says_the_same() {
    for dialogue in "$work"/sessions/*.smtp; do
        alike 0 replay --verdicts "$dialogue" && alike 0 replay --trace "$dialogue" && gives 0 "$windows" replay --summary "$dialogue" || return 1
    done
}

transcript_says_the_same() {
    alike 0 transcript "$work/sessions/tmp/mail" && alike 0 transcript --by mx.example.org "$work/sessions/tmp/mail"
}

analyze_says_the_same() {
    for log in tests/logs/*.log; do
        for format in table json block-table; do
            status=0
            "$native" analyze --year 2003 --format "$format" "$log" >/dev/null 2>&1 || status=$?
            alike "$status" analyze --year 2003 --format "$format" "$log" || return 1
        done
    done
    gzip -c tests/logs/postfix.log >"$work/postfix.log.gz"
    alike 0 analyze --year 2003 "$work/postfix.log.gz" tests/logs/exim-main.log tests/logs/exim-reject.log
}

# Not in the same words: the message of a missing file has its path as the system writes it.
help_is_there() {
    for verb in check replay transcript table blocks analyze stats; do
        gives 0 "$windows" "$verb" --help && says "usage: gatepost $verb" || return 1
    done
    gives 2 "$windows" nothing && gives 3 "$windows" check "$work/none.conf"
}

# ---- tables ----

tables_are_byte_for_byte_the_same() {
    for text in "$work"/sessions/*.txt; do
        gives 0 "$native" table make "$text" "$work/native.cdb" && gives 0 "$windows" table make "$text" "$work/windows.cdb" || return 1
        cmp -s "$work/native.cdb" "$work/windows.cdb" || missed "$text gives other bytes" || return 1
        alike 0 table dump "$work/windows.cdb" && alike 0 table get --verify "$work/native.cdb" || return 1
    done
}

# A table of a size that no single read brings, made by each and read by the other.
large_tables_go_both_ways() {
    awk 'BEGIN { for (i = 0; i < 200000; i++) printf "10.%d.%d.%d  550 5.7.1 Seen %d\n", i / 65536, i / 256 % 256, i % 256, i }' >"$work/large.txt"
    gives 0 "$windows" table make --kind block "$work/large.txt" "$work/large-windows.cdb" || return 1
    gives 0 "$native" table make --kind block "$work/large.txt" "$work/large-native.cdb" || return 1
    gives 0 "$native" table get --verify "$work/large-windows.cdb" 10.3.13.63 && says "550 5.7.1 Seen 199999" || return 1
    gives 0 "$windows" table get --verify "$work/large-native.cdb" 10.3.13.63 && says "550 5.7.1 Seen 199999"
}

damaged_table_is_refused() {
    head -c 3000 "$work/large-native.cdb" >"$work/cut.cdb"
    alike 3 table get "$work/cut.cdb" 10.3.13.63
}

# ---- state ----

# seed COMMAND DIR: a blocklist of three, made by that command.
seed() {
    rm -rf "$2"
    mkdir -p "$2"
    gives 0 "$1" blocks add --state-dir "$2" 203.0.113.9 7d --cause "by that one" &&
        gives 0 "$1" blocks add --state-dir "$2" 198.51.100.7 30d --cause "by that one" &&
        gives 0 "$1" blocks add --state-dir "$2" 2001:db8:1:2::3 1d
}

# reads COMMAND DIR: it finds the three, takes one off, adds one, and counts.
reads() {
    gives 0 "$1" blocks list --state-dir "$2" --json || return 1
    [ "$(grep -c '"address"' "$work/out")" -eq 3 ] || missed "not three but: $(tr '\n' '|' <"$work/out")" || return 1
    says '"address": "203.0.113.9"' && says '"cause": "by that one"' && says '"address": "2001:db8:1:2::/64"' || return 1
    gives 0 "$1" blocks remove --state-dir "$2" 198.51.100.7 && gives 1 "$1" blocks remove --state-dir "$2" 198.51.100.7 &&
        gives 0 "$1" blocks add --state-dir "$2" 192.88.98.4 1h && gives 0 "$1" stats --state-dir "$2"
}

# writes_and_reads WRITER READER: and the writer then sees what the reader did.
writes_and_reads() {
    seed "$1" "$work/state" && reads "$2" "$work/state" && gives 0 "$1" blocks list --state-dir "$work/state" --sort address || return 1
    says 192.88.98.4 || return 1
    ! grep -q 198.51.100.7 "$work/out" || missed "who was taken off is still there"
}

# A dialogue whose client comes back: blocked by the one, refused by the other, counted by both.
blocked_by_one_refused_by_the_other() {
    rm -rf "$work/state"
    mkdir -p "$work/state"
    cat >"$work/sessions/first.smtp" <<'END'
config zombies.conf
connect 203.0.113.40 unknown
C: EHLO dsl-40.example.net
C: MAIL FROM:<zombie@example.net>
C: RCPT TO:<sugar@example.com>
S: 554 Spam is not welcome here - go away.
END
    cat >"$work/sessions/again.smtp" <<'END'
config zombies.conf
connect 203.0.113.40 unknown
S: 554 5.7.1 Connection refused because of short-term restriction
END
    gives 0 "$1" replay --state-dir "$work/state" "$work/sessions/first.smtp" &&
        gives 0 "$2" replay --state-dir "$work/state" "$work/sessions/again.smtp" || return 1
    alike 0 stats --json --state-dir "$work/state" --at 2030-01-01T00:00:00Z
}

resized_by_one_used_by_the_other() {
    seed "$1" "$work/state" && gives 0 "$2" blocks resize --state-dir "$work/state" 5000 && reads "$1" "$work/state" || return 1
    left=$(find "$work/state" -name '*.old*' -o -name '*.new*' | head -n 1)
    [ -z "$left" ] || missed "left behind: $left"
}

state_keeps_its_size_whole() {
    seed "$windows" "$work/state" || return 1
    size=$(stat -c %s "$work/state/blocklist")
    used=$(($(stat -c %b "$work/state/blocklist") * $(stat -c %B "$work/state/blocklist")))
    [ "$used" -ge "$size" ] || missed "of $size bytes only $used are allocated"
}

# A list of which another process makes use meanwhile, mapped, is succeeded by a larger one; what that process writes then, it
# writes into the new one. Only a write that waits at that moment is given up, and that is logged.
resized_while_in_use() {
    rm -rf "$work/state"
    mkdir -p "$work/state"
    awk 'BEGIN {
        print "config zombies.conf"
        for (i = 0; i < 60000; i++) {
            if (i % 600 == 0)
                printf "connect 203.0.%d.%d unknown\nC: EHLO a.example.net\nC: MAIL FROM:<zombie@example.net>\nC: RCPT TO:<sugar@example.com>\nS: 554\n", i / 600, 1
            else
                printf "connect 203.0.%d.%d unknown\n", i / 600, 1
        }
    }' >"$work/sessions/long.smtp"
    "$windows" replay --state-dir "$work/state" "$work/sessions/long.smtp" >"$work/long.out" 2>&1 &
    player=$!
    until [ -s "$work/state/blocklist" ] || ! kill -0 "$player" 2>/dev/null; do sleep 0.05; done
    resized=0
    entries=5000
    while kill -0 "$player" 2>/dev/null && [ "$resized" -lt 5 ]; do
        ! "$windows" blocks resize --state-dir "$work/state" "$entries" >"$work/resize.out" 2>&1 || resized=$((resized + 1))
        entries=$((75000 - entries))
        sleep 0.1
    done
    wait "$player" || true
    lost=$(grep -c 'could not be put on the blocklist' "$work/long.out" || true)
    [ "$lost" -le 10 ] || missed "$lost writes were given up" || return 1
    tail -n 1 "$work/long.out" | grep -q ' passed, 0 failed$' || missed "$(tail -n 3 "$work/long.out" | tr '\n' '|')" || return 1
    [ "$resized" -gt 0 ] || missed "it was never resized: $(tail -n 2 "$work/resize.out" | tr '\n' '|')" || return 1
    gives 0 "$native" blocks list --state-dir "$work/state" --json || return 1
    [ "$(($(grep -c '"address"' "$work/out") + lost))" -eq 100 ] || missed "$(grep -c '"address"' "$work/out") of 100 are there, $lost were lost"
}

# Many at once; each is another process, and the lock lets one write at a time.
writers_take_turns() {
    rm -rf "$work/state"
    mkdir -p "$work/state"
    gives 0 "$windows" blocks add --state-dir "$work/state" 192.88.98.1 1d || return 1
    writers=""
    for writer in 1 2 3 4; do
        (for i in 1 2 3 4 5; do
            # Waiting ends after 20 ms, which a busy machine may need.
            tries=8
            until "$windows" blocks add --state-dir "$work/state" "203.0.113.$((writer * 10 + i))" 1d >/dev/null 2>"$work/writer$writer"; do
                tries=$((tries - 1))
                [ "$tries" -gt 0 ] || break
            done
        done) &
        writers="$writers $!"
    done
    # shellcheck disable=SC2086 # the list is words
    wait $writers
    gives 0 "$native" blocks list --state-dir "$work/state" --json || return 1
    [ "$(grep -c '"address"' "$work/out")" -eq 21 ] || missed "$(grep -c '"address"' "$work/out") of 21 are there"
}

# What `export` writes, `table make` reads back; by the one command and by the other.
export_goes_into_a_table() {
    seed "$windows" "$work/state" || return 1
    for format in mercury-acl access block-table; do
        alike 0 blocks export --state-dir "$work/state" --format "$format" || return 1
        cp "$work/out" "$work/$format.txt"
    done
    for command in "$windows" "$native"; do
        gives 0 "$command" table make --from mercury-acl --kind block "$work/mercury-acl.txt" "$work/acl.cdb" &&
            gives 0 "$windows" table get "$work/acl.cdb" 203.0.113.9 198.51.100.7 &&
            gives 0 "$native" table get "$work/acl.cdb" 203.0.113.9 198.51.100.7 &&
            gives 1 "$windows" table get "$work/acl.cdb" 203.0.113.10 || return 1
    done
}

# ---- Windows ----

# z_path PATH: as Windows writes it.
z_path() {
    echo "Z:$1" | sed 's|/|\\|g'
}

# A drive, backslashes, CRLF, an include and a table named with backslashes, in folders of their own.
windows_paths_and_line_ends() {
    mkdir -p "$work/place/rules" "$work/place/tables" "$work/place/state"
    printf 'to:trap@example.com\r\n' >"$work/place/traps.txt"
    gives 0 "$windows" table make "$(z_path "$work/place/traps.txt")" "$(z_path "$work/place/tables/traps.cdb")" || return 1
    printf 'trap-table = ..\\tables\\traps.cdb\r\nstate-dir = %s\r\ninclude "more.mer"\r\n' "$(z_path "$work/place/state")" >"$work/place/rules/gatepost.conf"
    printf 'rcpt, trap, close block, "554 Spam is not welcome here - go away."\r\n' >"$work/place/rules/more.mer"
    printf 'config rules\\gatepost.conf\r\nconnect 203.0.113.8 unknown\r\nC: EHLO a.example.net\r\nC: MAIL FROM:<a@example.net>\r\nC: RCPT TO:<trap@example.com>\r\nS: 554 Spam is not welcome here - go away.\r\n' >"$work/place/trap.smtp"
    gives 0 "$windows" check "$(z_path "$work/place/rules/gatepost.conf")" || return 1
    gives 0 "$windows" replay --verdicts "$(z_path "$work/place/trap.smtp")" || return 1
    says "$(printf '1\t-\t203.0.113.8\tclose\trcpt\t554\tmore.mer:1')" || return 1
    gives 0 "$windows" replay --verdicts --config "$(z_path "$work/place/rules/gatepost.conf")" "$work/place/trap.smtp"
}

# From standard input, as cmd.exe writes it.
standard_input() {
    "$windows" replay --verdicts --config "$work/place/rules/gatepost.conf" - <"$work/place/trap.smtp" >"$work/out" 2>"$work/err" ||
        missed "$(cat "$work/err")" || return 1
    says 203.0.113.8 || return 1
    [ "$(tr -cd '\r' <"$work/out" | wc -c)" -eq 0 ] || missed "lines end in CRLF"
}

# Nobody named it: the one in the current folder, else the one beside the program; and the state lies beside the rules.
rule_file_lies_beside_the_program() {
    mkdir -p "$work/mercury" "$work/elsewhere"
    cp "$program" "$work/mercury/gatepost.exe"
    printf 'helo, "*badhelo*", refuse block, "554 Go away"\n' >"$work/mercury/gatepost.conf"
    (cd "$work/elsewhere" && gives 0 wine_run "$work/mercury/gatepost.exe" check && says "Z:$work/mercury/gatepost.conf: 1 rule, ") ||
        missed "check: $(cat "$work/out" "$work/err")" || return 1
    (cd "$work/elsewhere" && gives 0 wine_run "$work/mercury/gatepost.exe" blocks add 203.0.113.77 1h) || missed "$(cat "$work/err")" || return 1
    gives 0 "$native" blocks list --state-dir "$work/mercury" && says 203.0.113.77 || return 1
    printf 'helo, oops, refuse\n' >"$work/elsewhere/gatepost.conf"
    (cd "$work/elsewhere" && gives 1 wine_run "$work/mercury/gatepost.exe" check) || missed "the one in the current folder was not taken"
}

# hold FILE alone|mapped, let_go: another program of Windows has the file.
hold() {
    [ -e "$work/hold.exe" ] || "$(wine_compiler)" -O2 -static -o "$work/hold.exe" tests/mercury/hold.c
    rm -f "$work/rope" "$work/held"
    mkfifo "$work/rope"
    wine_run "$work/hold.exe" "$1" "$2" <"$work/rope" >"$work/held" 2>&1 &
    holder=$!
    exec 7>"$work/rope"
    tries=0
    until grep -q '^held' "$work/held" 2>/dev/null; do
        tries=$((tries + 1))
        kill -0 "$holder" 2>/dev/null && [ "$tries" -lt 100 ] || missed "nobody holds it: $(cat "$work/held")" || return 1
        sleep 0.05
    done
}

let_go() {
    exec 7>&-
    wait "$holder" || true
}

two_tables() {
    printf '192.0.2.1 all\n' >"$work/one.txt"
    printf '192.0.2.2 all\n' >"$work/two.txt"
    rm -f "$work"/open.cdb*
    gives 0 "$windows" table make "$work/one.txt" "$work/open.cdb"
}

# A file that is mapped cannot be overwritten on Windows; it makes room, and who has it mapped keeps it.
replaced_while_mapped() {
    two_tables && cp "$work/open.cdb" "$work/was.cdb" && hold "$work/open.cdb" mapped || return 1
    gives 0 "$windows" table make "$work/two.txt" "$work/open.cdb" && gives 0 "$windows" table get "$work/open.cdb" 192.0.2.2
    result=$?
    let_go
    [ "$result" -eq 0 ] || return 1
    tail -c +6 "$work/held" | cmp -s - "$work/was.cdb" || missed "the view has changed"
}

# Who lets nobody in is not overrun: it is said, and the table stays as it was, with nothing beside it.
left_alone_while_locked() {
    two_tables && hold "$work/open.cdb" alone || return 1
    gives 3 "$windows" table make "$work/two.txt" "$work/open.cdb" && says "Another program is using it"
    result=$?
    let_go
    [ "$result" -eq 0 ] && gives 0 "$windows" table get "$work/open.cdb" 192.0.2.1 || return 1
    left=$(find "$work" -maxdepth 1 -name 'open.cdb?*')
    [ -z "$left" ] || missed "left behind: $left"
}

# ---- a real server ----

plays_into_exim() {
    echo '127.0.0.1 localhost mail.example.com' >"$wine_folder/root/etc/hosts"
    echo '::1 localhost mail.example.com' >>"$wine_folder/root/etc/hosts"
    exim_setup "$work/exim" heavy "$BUILD/gatepost-exim.so"
    exim_start || return 1
    result=0
    # The player is the .exe, and so is what makes the tables.
    {
        BUILD="$work/exe" dialogue_play tests/sessions/harris.smtp exim && BUILD="$work/exe" dialogue_play tests/sessions/zombies.smtp exim
    } >"$work/out" 2>&1 || result=1
    exim_stop
    [ "$result" -eq 0 ] || missed "$(tail -n 4 "$work/out" | tr '\n' '|')"
}

# ---- all of it ----

rm -rf "$work"
mkdir -p "$work/exe"
trap 'exim_stop; wine_stop' EXIT
wine_setup "$BUILD/mta/mercury$WINE_BITS-wine"
wine_wrap "$windows" "$program"

sessions
check "check says the same" check_says_the_same
check "replay says the same" replay_says_the_same
check "transcript says the same" transcript_says_the_same
check "analyze says the same" analyze_says_the_same
check "every subcommand helps" help_is_there
check "tables are the same byte for byte" tables_are_byte_for_byte_the_same
check "large tables go both ways" large_tables_go_both_ways
check "a table cut short is refused" damaged_table_is_refused
check "state of Windows, read by this machine" writes_and_reads "$windows" "$native"
check "state of this machine, read by Windows" writes_and_reads "$native" "$windows"
check "blocked there, refused here" blocked_by_one_refused_by_the_other "$windows" "$native"
check "blocked here, refused there" blocked_by_one_refused_by_the_other "$native" "$windows"
check "resized there, used here" resized_by_one_used_by_the_other "$native" "$windows"
check "resized here, used there" resized_by_one_used_by_the_other "$windows" "$native"
check "resized while in use" resized_while_in_use
check "state is allocated in full" state_keeps_its_size_whole
check "writers take turns" writers_take_turns
check "exported lines make a table" export_goes_into_a_table
check "Windows paths and line ends" windows_paths_and_line_ends
check "standard input" standard_input
check "the rule file beside the program" rule_file_lies_beside_the_program
check "a table is replaced while it is mapped" replaced_while_mapped
check "a table that another program locks" left_alone_while_locked
check "it plays into a real Exim" plays_into_exim

finish command
