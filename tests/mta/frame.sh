# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # what is set here and not used is for the caller, and the other way round
# frame.sh: the frame of scripts that try cases on a real server: tests/run/cases.sh, conversations and what was heard in them, the
# server's log, rules, tables and messages; sourced, not run.
#
# The caller sets $gatepost (the command), $work (a folder), $log (the server's log), $accepted (what a reply to an accepted
# message looks like), and before write_rules or write_table the folder $rules.

. tests/run/cases.sh
port=25

# ---- conversations ----

# say ADDRESS LINE...: a conversation from ADDRESS with port $port; the heard functions look at it.
say() {
    client=$1
    shift
    tests/mta/smtp.py "$client" 127.0.0.1 "$port" "$@" >"$work/said" 2>&1 || missed "$(cat "$work/said")"
}

heard() {
    grep -Fxq -- "$1" "$work/said" || missed "never heard '$1', but: $(tail -n 4 "$work/said" | tr '\n' '|')"
}

# heard_like PATTERN: a basic regular expression.
heard_like() {
    grep -q -- "$1" "$work/said" || missed "never heard anything like '$1', but: $(tail -n 4 "$work/said" | tr '\n' '|')"
}

heard_accepted() {
    heard_like "$accepted"
}

# heard_times N TEXT
heard_times() {
    times=$(grep -Fxc -- "$2" "$work/said" || true)
    [ "$times" -eq "$1" ] || missed "heard '$2' $times times, not $1: $(tr '\n' '|' <"$work/said")"
}

# send ADDRESS FILE: one ordinary message whose header and body are in FILE.
send() {
    say "$1" "EHLO client.example.net" "MAIL FROM:<someone@example.net>" "RCPT TO:<user@example.com>" DATA "@$2" . QUIT
}

# log_mark, logged TEXT, logged_times N TEXT: the server's log since the mark.
# Before its first line a server may have no log.
log_mark() {
    log_start=0
    [ ! -e "$log" ] || log_start=$(wc -l <"$log")
}

log_since() {
    tail -n "+$((log_start + 1))" "$log"
}

logged() {
    log_since | grep -Fq -- "$1" || missed "the log never says '$1', but: $(log_since | tail -n 3 | tr '\n' '|')"
}

logged_times() {
    times=$(log_since | grep -Fc -- "$2" || true)
    [ "$times" -eq "$1" ] || missed "the log says '$2' $times times, not $1: $(log_since | tail -n 5 | tr '\n' '|')"
}

# ---- rules, tables, messages ----

# write_rules [LINE...]: the seeds' rules and LINEs, put in place by rename.
write_rules() {
    {
        cat <<'END'
exempt-table = exempt.cdb
trap-table = traps.cdb
helo, own-name, refuse, "554 Format of command not acceptable here"
rcpt, trap, close block, "554 Spam is not welcome here - go away."
message-id, not msg-id, fail, "553 Message-ID must be an addr-spec; see RFC 2822"
headers, not has(Message-ID), fail, "553 Unidentified messages are not acceptable here"
END
        [ $# -eq 0 ] || printf '%s\n' "$@"
    } >"$rules/new.conf"
    mv "$rules/new.conf" "$rules/gatepost.conf"
}

# write_table FILE LINE...
write_table() {
    table=$1
    shift
    printf '%s\n' "$@" >"$work/table.txt"
    "$gatepost" table make "$work/table.txt" "$rules/$table" >"$work/table.out" 2>&1 || missed "$(cat "$work/table.out")"
    chmod 644 "$rules/$table"
}

write_messages() {
    printf 'Subject: good\nMessage-ID: <good@example.net>\n\nbody\n' >"$work/good"
    printf 'Subject: none\n\nbody\n' >"$work/none"
    printf 'Subject: bad\nMessage-ID: <no at sign>\n\nbody\n' >"$work/bad"
    {
        i=0
        while [ "$i" -lt 1100 ]; do
            printf 'X-Filler-%04d: %s\n' "$i" "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            i=$((i + 1))
        done
    } >"$work/filler"
    { cat "$work/filler" && printf 'Message-ID: <last@example.net>\n\nbody\n'; } >"$work/long-good"
    { cat "$work/filler" && printf 'Subject: last\n\nbody\n'; } >"$work/long-none"
}

unidentified="Unidentified messages are not acceptable here"
malformed="Message-ID must be an addr-spec; see RFC 2822"
not_acceptable="Format of command not acceptable here"
go_away="Spam is not welcome here - go away."
