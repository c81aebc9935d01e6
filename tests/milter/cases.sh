# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # server.sh and what it sources give them
# cases.sh: what no dialogue can say about gatepost-milter in a real server; sourced by server.sh.

accepted='^250 2\.0\.0 .*\(queued as\|accepted\)'
restricted="554 Connection refused because of short-term restriction"

# use NAME [LINE...]: the filter starts anew, with the seeds' rules and LINEs, and an empty state the first time.
use() {
    lay "$@" && begin "$1"
}

# lay NAME [LINE...]: those rules, and the tables that they name.
lay() {
    rules=$place_folder/rules/$1
    state=$place_folder/state/$1
    shift
    mkdir -p "$rules"
    write_rules "$@"
    write_table traps.cdb "to:trap@example.com" "to:unknown-trap@example.com" &&
        write_table exempt.cdb "192.0.2.1 headers" ".listserv.example.net headers" "to:postmaster@ headers"
}

# begin NAME [OPTION...]: the filter, by the rules that were laid.
begin() {
    filter_stop
    begin_name=$1
    shift
    filter_start "$begin_name" gatepost.conf "$@" 2>"$work/begin" || missed "$(cat "$work/begin")"
}

# plain: what was said, without what servers add: enhanced codes, and Sendmail the address.
plain() {
    sed -E 's/^([45][0-9]{2}) [45]\.[0-9]+\.[0-9]+ /\1 /; s/^(550) <[^>]*>\.\.\. /\1 /' "$work/said"
}

# heard_reply N TEXT: TEXT was a reply N times.
heard_reply() {
    times=$(plain | grep -Fxc -- "$2" || true)
    [ "$times" -eq "$1" ] || missed "heard '$2' $times times, not $1: $(tr '\n' '|' <"$work/said")"
}

# ---- phases ----

own_name_is_answered_at_mail() {
    use own-name &&
        say 198.51.100.1 "EHLO mail.example.com" "MAIL FROM:<a@example.net>" RSET "HELO honest.example.net" "MAIL FROM:<b@example.net>" &&
        heard_reply 2 "554 $not_acceptable" && logged "refuse phase=helo client=198.51.100.1"
}

trap_refuses_and_lists() {
    use trap &&
        say 198.51.100.3 "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<user@example.com>" "RCPT TO:<trap@example.com>" \
            "RCPT TO:<user@example.com>" RSET "MAIL FROM:<a@example.net>" QUIT &&
        heard_reply 3 "554 $go_away" &&
        say 198.51.100.3 "EHLO a.example.net" "MAIL FROM:<a@example.net>" QUIT && heard_reply 1 "$restricted"
}

# The server says what it says of any address that it does not know; who asked for it is listed all the same.
trap_unknown_to_the_server_lists() {
    use unknown-trap &&
        say 198.51.100.4 "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<unknown-trap@example.com>" QUIT &&
        heard_like '^550.*no such person here' &&
        say 198.51.100.4 "EHLO a.example.net" "MAIL FROM:<a@example.net>" QUIT && heard_reply 1 "$restricted"
}

listed_client_is_seen_and_let_in_again() {
    use listed &&
        say 198.51.100.5 "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<trap@example.com>" QUIT &&
        heard_reply 1 "554 $go_away" &&
        say 198.51.100.6 "EHLO b.example.net" "MAIL FROM:<a@example.net>" QUIT && heard_like '^250 2.1.0' &&
        "$gatepost" blocks list --state-dir "$state" --address 198.51.100.5 >"$work/said" && heard_like '^198.51.100.5 .*gatepost.conf:4' &&
        "$gatepost" blocks remove --state-dir "$state" 198.51.100.5 >"$work/said" &&
        say 198.51.100.5 "EHLO a.example.net" "MAIL FROM:<a@example.net>" QUIT && heard_like '^250 2.1.0'
}

# The list was written by the filter before.
list_outlives_the_filter() {
    use outlives &&
        say 198.51.100.7 "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<trap@example.com>" QUIT &&
        begin outlives && say 198.51.100.7 "EHLO a.example.net" "MAIL FROM:<a@example.net>" QUIT && heard_reply 1 "$restricted"
}

messages_are_judged() {
    use messages && send 198.51.100.5 "$work/none" && heard_reply 1 "553 $unidentified" &&
        send 198.51.100.5 "$work/bad" && heard_reply 1 "553 $malformed" &&
        send 198.51.100.5 "$work/good" && heard_accepted &&
        send 192.0.2.1 "$work/none" && heard_accepted
}

names_are_verified() {
    printf '203.0.113.8 a.listserv.example.net\n203.0.113.9 b.elsewhere.example.net\n' >"$place_folder/names"
    use names && send 203.0.113.8 "$work/none" && heard_accepted &&
        send 203.0.113.9 "$work/none" && heard_reply 1 "553 $unidentified" &&
        send 203.0.113.10 "$work/none" && heard_reply 1 "553 $unidentified"
}

long_header_is_read_to_its_end() {
    use long && send 198.51.100.5 "$work/long-good" && heard_accepted &&
        send 198.51.100.5 "$work/long-none" && heard_reply 1 "553 $unidentified"
}

eight_bits_and_folds_are_seen() {
    use bits 'subject, "*gr/xfc/xdfe*", fail, "554 no greetings"' 'subject, "*grüße*", fail, "554 no greetings"' \
        'header, "X-Folded:*one?two?three*", fail, "554 no folds"' &&
        printf 'Subject: viele Gr\303\274\303\237e und gr\303\274\303\237e\nMessage-ID: <a@example.net>\n\nbody\n' >"$work/bits" &&
        send 198.51.100.5 "$work/bits" && heard_reply 1 "554 no greetings" &&
        printf 'X-Folded: one\n two\n\tthree\nMessage-ID: <a@example.net>\n\nbody\n' >"$work/folds" &&
        send 198.51.100.5 "$work/folds" && heard_reply 1 "554 no folds"
}

no_recipient_is_the_servers_business() {
    use nobody &&
        say 198.51.100.5 "EHLO a.example.net" "MAIL FROM:<a@example.net>" DATA RSET "MAIL FROM:<a@example.net>" \
            "RCPT TO:<user@example.com>" DATA "@$work/none" . RSET "MAIL FROM:<a@example.net>" "RCPT TO:<user@example.com>" DATA \
            "@$work/good" . QUIT &&
        heard_like '^5[05][34] 5.[05].[01] .*\(RCPT\|recipient\)' && heard_reply 1 "553 $unidentified" && heard_accepted
}

recipient_refused_by_the_server_does_not_count() {
    use recipients &&
        say 198.51.100.5 "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<postmaster@example.com>" \
            "RCPT TO:<unknown-person@example.com>" DATA "@$work/none" . \
            "MAIL FROM:<a@example.net>" "RCPT TO:<postmaster@example.com>" "RCPT TO:<user@example.com>" DATA "@$work/none" . QUIT &&
        heard_accepted && heard_reply 1 "553 $unidentified"
}

pipelined_commands_are_answered_in_order() {
    use pipelined 'rcpt, "*nobody@*", fail, "554 not him"' &&
        say 198.51.100.5 "EHLO a.example.net" "$(printf '%s\n' "MAIL FROM:<a@example.net>" "RCPT TO:<nobody@example.com>" \
            "RCPT TO:<user@example.com>" DATA)" "@$work/none" . \
            "$(printf '%s\n' "MAIL FROM:<b@example.net>" "RCPT TO:<user@example.com>" DATA)" "@$work/good" . QUIT || return 1
    plain | cut -c1-3 | uniq | tr '\n' ' ' >"$work/codes"
    [ "$(cat "$work/codes")" = "220 250 554 250 354 553 250 354 250 221 " ] || missed "$(cat "$work/codes")"
}

authenticated_client_is_not_judged() {
    use auth &&
        say 198.51.100.5 "EHLO a.example.net" "AUTH PLAIN AHRlc3QAdGVzdA==" "MAIL FROM:<a@example.net>" \
            "RCPT TO:<user@example.com>" DATA "@$work/none" . QUIT && heard_accepted
}

# Who hands mail in may call itself what it likes, if it then logs in.
submission_waits_for_auth() {
    use submission && port=587 || return 1
    say 198.51.100.5 "EHLO mail.example.com" "AUTH PLAIN AHRlc3QAdGVzdA==" "MAIL FROM:<a@example.net>" \
        "RCPT TO:<user@example.com>" DATA "@$work/none" . QUIT && heard_accepted &&
        say 198.51.100.5 "EHLO mail.example.com" "MAIL FROM:<a@example.net>" QUIT && heard_reply 1 "554 $not_acceptable"
    status=$?
    port=25
    return "$status"
}

ipv6_client_is_judged() {
    use ipv6 &&
        tests/mta/smtp.py 2001:db8::25 ::1 25 "EHLO mail.example.com" "MAIL FROM:<a@example.net>" QUIT >"$work/said" &&
        heard_reply 1 "554 $not_acceptable" && logged "client=2001:db8::25"
}

temporary_reply_defers() {
    use temporary 'mail, "*later@*", fail, "451 4.7.1 Come back later"' &&
        say 198.51.100.6 "EHLO a.example.net" "MAIL FROM:<later@example.net>" "MAIL FROM:<a@example.net>" QUIT &&
        heard "451 4.7.1 Come back later" && heard_like '^250 2.1.0'
}

drop_answers_421_and_closes() {
    use drop 'helo, "*drop.example*", drop' 'mail, "*drop@*", drop' 'rcpt, "*drop@*", drop' 'header, "X-Drop:*", drop' || return 1
    printf 'X-Drop: yes\nMessage-ID: <a@example.net>\n\nbody\n' >"$work/dropped"
    for phase in helo mail rcpt header; do
        set -- "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<user@example.com>" DATA "@$work/dropped" .
        case $phase in
        helo) set -- "EHLO drop.example" ;;
        mail) set -- "$1" "MAIL FROM:<drop@example.net>" ;;
        rcpt) set -- "$1" "$2" "RCPT TO:<drop@example.com>" ;;
        esac
        say 198.51.100.6 "$@" NOOP && heard_like '^421 ' && heard closed || missed "$phase: $why" || return 1
    done
}

chunks_are_judged() {
    use chunks && say 198.51.100.5 "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<user@example.com>" \
        "$(printf 'BDAT 18 LAST\r\nSubject: x\r\n\r\nhi')" QUIT && heard_reply 1 "553 $unidentified"
}

chrooted_server_finds_the_filter() {
    use chrooted && port=2604 || return 1
    send 198.51.100.5 "$work/none" && heard_reply 1 "553 $unidentified" && send 198.51.100.5 "$work/good" && heard_accepted
    status=$?
    port=25
    return "$status"
}

# ---- the setting of 2003 ----

# attempt ADDRESS
attempt() {
    say "$1" "EHLO host.aci.net" "MAIL FROM:<5140ghxc@aci.net> SIZE=1762" "RCPT TO:<LENNON@ONLINEROCK.COM>" DATA "@$work/none" . QUIT
}

open_relays_of_2003() {
    rules=$place_folder/rules/2003
    state=$place_folder/state/2003
    mkdir -p "$rules"
    { cat tests/sessions/wolfskill.conf && echo "relay-pattern = envelope 3 clients 1h"; } >"$rules/gatepost.conf"
    write_table wolfskill-exempt.cdb ".catwhisker.org headers" "192.0.2.40 headers"
    begin 2003 || return 1
    for client in 61.77.232.38 165.246.189.33 61.77.232.38 211.209.23.36 12.237.128.54; do
        attempt "$client" && heard_reply 1 "553 $unidentified" || missed "$client: $why" || return 1
    done
    attempt 192.0.2.40 && heard_accepted || return 1
    for client in 61.77.232.38 165.246.189.33 211.209.23.36 12.237.128.54; do
        say "$client" "EHLO host.aci.net" "MAIL FROM:<5140ghxc@aci.net>" QUIT && heard_reply 1 "550 Apparent open relay" ||
            missed "$client: $why" || return 1
    done
    "$gatepost" blocks list --state-dir "$state" --cause "Apparent open relay" >"$work/said" &&
        heard_like '^12.237.128.54 ' || return 1
    [ "$(grep -c '^[0-9]' "$work/said")" -eq 4 ] || missed "$(cat "$work/said")"
}

# ---- reload, death, new life ----

# fifty COMMAND...: fifty sessions, open while COMMAND runs; half of them with a Message-ID.
fifty() {
    tests/milter/many.py 127.0.0.1 25 50 "$@" >"$work/said" 2>&1 || missed "$(cat "$work/said")"
}

good_rules_reload_under_fifty_sessions() {
    use reload && sed 's/553 Unidentified.*here/553 Who are you/' "$rules/gatepost.conf" >"$rules/next.conf" &&
        fifty sh -c "mv '$rules/next.conf' '$rules/gatepost.conf'; kill -HUP $filter_pid; sleep 0.5" &&
        heard "25 250" && heard "25 553 $unidentified" && send 198.51.100.5 "$work/none" && heard_reply 1 "553 Who are you"
}

broken_rules_change_nothing_but_the_log() {
    use broken && { cat "$rules/gatepost.conf" && echo 'helo, fqdm, refuse, "554 no"'; } >"$rules/next.conf" && log_mark &&
        fifty sh -c "mv '$rules/next.conf' '$rules/gatepost.conf'; kill -HUP $filter_pid; sleep 0.5" &&
        heard "25 250" && heard "25 553 $unidentified" && send 198.51.100.5 "$work/none" && heard_reply 1 "553 $unidentified" &&
        logged_times 1 "unknown check 'fqdm'"
}

sigterm_lets_sessions_end() {
    use sigterm && fifty sh -c "kill $filter_pid" && heard "25 250" && heard "25 553 $unidentified" || return 1
    wait "$filter_pid" || missed "ended with status $?" || return 1
    filter_pid=""
    use sigterm && send 198.51.100.5 "$work/none" && heard_reply 1 "553 $unidentified"
}

# kill_filter: as a crash would.
kill_filter() {
    kill -9 "$filter_pid" 2>/dev/null || true
    wait "$filter_pid" 2>/dev/null || true
    filter_pid=""
}

# without_filter PORT OLD NEW: what its setting for a missing filter makes of two sessions that were open when the filter died (OLD),
# and of a new one (NEW).
without_filter() {
    use "killed-$1" || return 1
    tests/milter/many.py 127.0.0.1 "$1" 2 sh -c "kill -9 $filter_pid" >"$work/said" 2>&1 && heard_like "$2" || return 1
    kill_filter
    port=$1
    send 198.51.100.5 "$work/none"
    port=25
    heard_like "$3"
}

stale_socket_is_taken_over() {
    use stale && kill_filter
    [ -S "$place_folder/run/milter.sock" ] || missed "no socket was left behind" || return 1
    begin stale && send 198.51.100.5 "$work/none" && heard_reply 1 "553 $unidentified"
}

without_rules() {
    lay ruleless && rm "$rules/gatepost.conf" && log_mark && begin ruleless && send 198.51.100.5 "$work/none" && heard_accepted &&
        logged "gatepost.conf" && begin ruleless --on-error tempfail && send 198.51.100.5 "$work/none" && heard_like '^451'
}

# debian: the server anew, with the configuration that Debian's package brings and the lines of milter/conf.
debian_configuration_works_with_our_lines() {
    conf=milter/conf/sendmail.mc
    [ "$server" != postfix ] || conf=milter/conf/main.cf
    use debian && "${server}_stop" && "${server}_debian" "$conf" || return 1
    "${server}_start" 2>"$work/start" || missed "$(cat "$work/start")" || return 1
    say 198.51.100.5 "EHLO mail.example.com" "MAIL FROM:<a@example.net>" QUIT && heard_reply 1 "554 $not_acceptable" &&
        say 198.51.100.5 "EHLO a.example.net" "MAIL FROM:<>" "RCPT TO:<postmaster@example.com>" DATA "@$work/bad" . QUIT &&
        heard_reply 1 "553 $malformed" && kill_filter &&
        say 198.51.100.5 "EHLO mail.example.com" "MAIL FROM:<>" QUIT && heard_like '^250 2.1.0'
}

run_cases() {
    check "our own name at HELO is answered at MAIL, and at every later one" own_name_is_answered_at_mail
    check "a trap refuses the session and lists the client" trap_refuses_and_lists
    # Sendmail, as Debian builds it, shows a filter nobody whom it refuses itself.
    [ "$server" != postfix ] || check "a trap that the server does not know lists the client" trap_unknown_to_the_server_lists
    check "a listed client is seen by the command, and let in again at once" listed_client_is_seen_and_let_in_again
    check "the list outlives the filter" list_outlives_the_filter
    check "2003: relays of one envelope are listed together, an exempt client is not" open_relays_of_2003
    check "messages are judged after the dot" messages_are_judged
    check "an exempt domain needs a verified name" names_are_verified
    check "a header of 100 KB is read to its end" long_header_is_read_to_its_end
    check "eight bits and folded fields are seen" eight_bits_and_folds_are_seen
    check "a message without recipients is the server's business" no_recipient_is_the_servers_business
    check "a recipient that the server refused does not count" recipient_refused_by_the_server_does_not_count
    check "pipelined commands are answered in order" pipelined_commands_are_answered_in_order
    check "an authenticated client is not judged" authenticated_client_is_not_judged
    check "submission waits for AUTH" submission_waits_for_auth
    check "a client over IPv6 is judged" ipv6_client_is_judged
    check "a 4xx reply defers" temporary_reply_defers
    check "drop answers 421 and closes, in every phase" drop_answers_421_and_closes
    [ "$server" != postfix ] || check "a message in chunks is judged" chunks_are_judged
    [ "$server" != postfix ] || check "a server in a chroot finds the filter" chrooted_server_finds_the_filter
    check "SIGHUP with good rules under fifty sessions" good_rules_reload_under_fifty_sessions
    check "SIGHUP with broken rules under fifty sessions" broken_rules_change_nothing_but_the_log
    check "SIGTERM lets fifty sessions end" sigterm_lets_sessions_end
    check "killed: the server goes on where told so" without_filter 2601 '^2 250' "$accepted"
    check "killed: the server defers where told so" without_filter 2602 '^2 451 ' '^451 '
    check "killed: the server refuses where told so" without_filter 2603 '^2 55[04] ' '^55[04] '
    check "a socket left behind is taken over" stale_socket_is_taken_over
    check "without rules mail goes on, or is deferred" without_rules
    check "Debian's configuration works with our lines" debian_configuration_works_with_our_lines
}
