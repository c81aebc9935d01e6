# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # check-exim.sh and what it sources give them
# scan.sh: local_scan; sourced by check-exim.sh.

# An Exim that has both calls the engine once.
both_ways_in_judge_once() {
    use both && write_rules 'headers, not has(X-Nothing), log, "seen here"' || return 1
    { echo "local_scan_path = /usr/local/lib/gatepost/gatepost-exim.so" && cat "$exim_folder/etc/exim4.conf"; } \
        >"$exim_folder/run/both.conf"
    bh_config=/run/both.conf
    bh_session 198.51.100.5 "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<user@example.com>" DATA \
        "Message-ID: <good@example.net>" "" . QUIT
    bh_config=""
    heard_like '^250 OK id=' && times=$(grep -c 'seen here' "$work/said" || true) &&
        { [ "$times" -eq 1 ] || missed "judged $times times"; }
}

scan_refuses_the_session() {
    use scan &&
        say 198.51.100.14 "EHLO mail.example.com" "MAIL FROM:<a@example.net>" "RCPT TO:<user@example.com>" DATA "@$work/good" . \
            "EHLO honest.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<user@example.com>" DATA "@$work/good" . QUIT &&
        heard_times 2 "550 $not_acceptable"
}

scan_rejects_for_one_recipient() {
    use scan &&
        say 198.51.100.15 "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<user@example.com>" "RCPT TO:<trap@example.com>" \
            DATA "@$work/good" . QUIT && heard "550 $go_away"
}

scan_keeps_enhanced_code_and_class() {
    use scan-codes && write_rules 'mail, "*later@*", fail, "451 4.7.1 Come back later"' 'mail, "*never@*", fail, "554 5.7.1 Never"' &&
        say 198.51.100.16 "EHLO a.example.net" "MAIL FROM:<later@example.net>" "RCPT TO:<user@example.com>" DATA "@$work/good" . \
            "MAIL FROM:<never@example.net>" "RCPT TO:<user@example.com>" DATA "@$work/good" . \
            "MAIL FROM:<now@example.net>" "RCPT TO:<user@example.com>" DATA "@$work/good" . QUIT &&
        heard "451 4.7.1 Come back later" && heard "550 5.7.1 Never" && heard_accepted
}
