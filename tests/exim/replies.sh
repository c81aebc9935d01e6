# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # check-exim.sh and what it sources give them
# replies.sh: what clients of an Exim with the module hear; sourced by check-exim.sh.

own_name_is_refused_for_good() {
    use own-name &&
        say 198.51.100.1 "EHLO mail.example.com" "MAIL FROM:<a@example.net>" RSET "HELO honest.example.net" "MAIL FROM:<b@example.net>" &&
        heard_times 4 "554 $not_acceptable" && heard "250 Reset OK"
}

trap_answers_whether_or_not_it_exists() {
    use trap &&
        say 198.51.100.2 "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<unknown-person@example.com>" &&
        heard "550 no such person here" &&
        say 198.51.100.3 "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<trap@example.com>" NOOP &&
        heard "554 $go_away" && heard closed &&
        say 198.51.100.4 "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<unknown-trap@example.com>" NOOP &&
        heard "554 $go_away" && heard closed
}

trapped_client_is_blocked() {
    use trap &&
        say 198.51.100.3 "EHLO a.example.net" && heard closed && heard_like '^5'
}

# The command shows and changes the list while Exim runs.
listed_client_is_seen_and_let_in_again() {
    use trap &&
        say 198.51.100.5 "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<trap@example.com>" NOOP && heard closed &&
        say 198.51.100.5 QUIT && heard "554 5.7.1 Connection refused because of short-term restriction" &&
        say 198.51.100.6 "EHLO b.example.net" QUIT && heard_like '^221' &&
        "$gatepost" blocks list --state-dir "$state" --address 198.51.100.5 >"$work/said" && heard_like '^198.51.100.5 .*gatepost.conf:4' &&
        "$gatepost" blocks remove --state-dir "$state" 198.51.100.5 >"$work/said" &&
        say 198.51.100.5 "EHLO a.example.net" QUIT && heard_like '^221'
}

# set_clock SECONDS: the time in `test-clock`.
set_clock() {
    printf '%s\n' "$1" >"$exim_folder/run/clock.new"
    chmod 644 "$exim_folder/run/clock.new"
    mv "$exim_folder/run/clock.new" "$exim_folder/run/clock"
}

listed_client_comes_back_and_stays_longer_then() {
    use steps && write_rules "block-time = 2s 6s" "test-clock = /run/clock" && set_clock 1180000000 &&
        say 198.51.100.7 "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<trap@example.com>" NOOP && heard closed &&
        set_clock 1180000001 && say 198.51.100.7 QUIT && heard_like '^554 5.7.1' && set_clock 1180000003 &&
        say 198.51.100.7 "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<trap@example.com>" NOOP && heard "554 $go_away" &&
        set_clock 1180000006 && say 198.51.100.7 QUIT && heard_like '^554 5.7.1' && set_clock 1180000010 &&
        say 198.51.100.7 "EHLO a.example.net" QUIT && heard_like '^221'
}

# relay ADDRESS: one attempt without a Message-ID, always with the same envelope.
relay() {
    say "$1" "EHLO a.example.net" "MAIL FROM:<5140ghxc@aci.net>" "RCPT TO:<user@example.com>" DATA "@$work/none" . QUIT
}

open_relays_are_listed_together() {
    use relays && write_rules "relay-pattern = envelope 3 clients 1h" &&
        relay 203.0.113.71 && relay 203.0.113.72 && relay 192.0.2.1 && relay 203.0.113.73 &&
        for each in 71 72 73; do
            say "203.0.113.$each" QUIT && heard "550 5.7.1 Apparent open relay" || return 1
        done &&
        relay 203.0.113.74 && say 203.0.113.74 QUIT && heard "550 5.7.1 Apparent open relay" &&
        say 192.0.2.1 "EHLO a.example.net" QUIT && heard_like '^221' &&
        "$gatepost" blocks list --state-dir "$state" --cause "Apparent open relay" >"$work/said" &&
        [ "$(grep -c '^203.0.113.7[1-4] ' "$work/said")" -eq 4 ]
}

# message_without_id CODE: judges local_scan by the same case.
message_without_id() {
    use message-id && send 198.51.100.5 "$work/none" && heard "$1 $unidentified" &&
        send 198.51.100.5 "$work/good" && heard_accepted
}

message_with_bad_id() {
    use message-id && send 198.51.100.5 "$work/bad" && heard "$1 $malformed"
}

exempt_client_needs_no_id() {
    use message-id && send 192.0.2.1 "$work/none" && heard_accepted
}

exempt_domain_needs_no_id() {
    printf 'connect 203.0.113.8 a.listserv.example.net\nconnect 203.0.113.9 b.elsewhere.example.net\n' >"$work/names.smtp"
    exim_names "$work/names.smtp"
    use message-id && send 203.0.113.8 "$work/none" && heard_accepted &&
        send 203.0.113.9 "$work/none" && heard "$1 $unidentified"
}

long_header_is_read_to_its_end() {
    use message-id && send 198.51.100.5 "$work/long-good" && heard_accepted &&
        send 198.51.100.5 "$work/long-none" && heard "$1 $unidentified"
}

# RFC 3030: there is no DATA command, and Exim has no ACL for BDAT.
message_in_chunks_is_judged() {
    use chunks && say 198.51.100.5 "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<user@example.com>" \
        "$(printf 'BDAT 18 LAST\r\nSubject: x\r\n\r\nhi')" QUIT && heard "$1 $unidentified"
}

own_received_is_not_the_clients() {
    use received && write_rules 'headers, has(Received), fail, "554 somebody relayed this"' &&
        send 198.51.100.5 "$work/good" && heard_accepted &&
        { echo "Received: from elsewhere by here; Thu, 1 Jan 2004 00:00:00 +0000" && cat "$work/good"; } >"$work/relayed" &&
        send 198.51.100.5 "$work/relayed" && heard "$1 somebody relayed this"
}

authenticated_client_is_not_judged() {
    use auth &&
        say 198.51.100.5 "EHLO a.example.net" "AUTH PLAIN AHRlc3QAdGVzdA==" "MAIL FROM:<a@example.net>" \
            "RCPT TO:<user@example.com>" DATA "@$work/none" . QUIT && heard_accepted
}

# The postmaster's mail is exempt if he is the only recipient; a recipient that Exim itself rejected does not count.
recipient_refused_by_exim_does_not_count() {
    use recipients && write_table exempt.cdb "to:postmaster@ headers" &&
        say 198.51.100.5 "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<postmaster@example.com>" \
            "RCPT TO:<unknown-person@example.com>" DATA "@$work/none" . \
            "MAIL FROM:<a@example.net>" "RCPT TO:<postmaster@example.com>" "RCPT TO:<user@example.com>" DATA "@$work/none" . QUIT &&
        heard_accepted && heard "$1 $unidentified"
}

temporary_reply_defers() {
    use temporary && write_rules 'mail, "*later@*", fail, "451 4.7.1 Come back later"' 'rcpt, "*drop@*", drop' &&
        say 198.51.100.6 "EHLO a.example.net" "MAIL FROM:<later@example.net>" "MAIL FROM:<a@example.net>" \
            "RCPT TO:<drop@example.com>" NOOP &&
        heard "451 4.7.1 Come back later" && heard "250 OK" && heard "554 5.7.1 Transaction refused" && heard closed
}

ipv6_client_is_judged() {
    use ipv6 && tests/mta/smtp.py 2001:db8::25 ::1 25 "EHLO mail.example.com" >"$work/said" && heard "554 $not_acceptable"
}
